/** A crowd on one isolate: what is looked up and asked for once, for all of it. */

import { describe, expect, it } from "vitest";
import type { CacheSpec } from "../../src/core/cache";
import { Harness } from "./fixtures/harness";

const make = (tiers: CacheSpec["tiers"]) =>
  new Harness({ name: "p", mode: "origin", tiers: { edge: null, kv: null, ...tiers } });
const fresh = { "cache-control": "max-age=60", "content-length": "1" };
const crowd = (h: Harness, count = 5) => Promise.allSettled(Array.from({ length: count }, () => h.get("/a")));

/** Counts how often the edge cache is read. */
function counted(h: Harness): () => number {
  let reads = 0;
  const { match } = h.edge;
  h.edge.match = (url) => {
    if (!url.endsWith("purges")) reads++;
    return match.call(h.edge, url);
  };
  return () => reads;
}

describe("a crowd", () => {
  it("that nothing is stored for reads the edge cache once, and asks the origin once", async () => {
    const h = make({ memory: {}, edge: {} });
    h.origin = () => new Response("1", { headers: fresh });
    // The first request of an isolate looks for purges as well, and comes after the others.
    await h.get("/first");
    h.requests = [];
    const reads = counted(h);
    const answers = await crowd(h);
    expect(answers.map((one) => one.status === "fulfilled" && one.value.text)).toEqual(["1", "1", "1", "1", "1"]);
    expect([h.requests.length, reads()]).toEqual([1, 1]);
  });

  it("is answered by one request where what comes is stale at once, but may serve so", async () => {
    for (const [control, asked] of [
      ["max-age=0, stale-while-revalidate=60", 1],
      ["s-maxage=0, stale-while-revalidate=60", 1],
      ["max-age=0", 5],
      ["max-age=0, stale-while-revalidate=60, must-revalidate", 5],
      ["no-cache, stale-while-revalidate=60", 5],
    ] as const) {
      const h = make({ memory: {}, edge: {} });
      h.origin = () => new Response("1", { headers: { ...fresh, "cache-control": control, etag: '"1"' } });
      const answers = await crowd(h);
      expect(answers.map((one) => one.status === "fulfilled" && one.value.text)).toEqual(["1", "1", "1", "1", "1"]);
      expect([control, h.requests.length]).toEqual([control, asked]);
    }
  });

  it.each([0, 1])(
    "of hits reads the edge cache once, and each has the whole body (known here before: %i)",
    async (known) => {
      const h = make({ memory: null, edge: {} });
      const text = "x".repeat(100_000);
      h.origin = () => new Response(text, { headers: { "cache-control": "max-age=60", "content-length": "100000" } });
      await h.get("/a");
      if (known) await h.get("/a");
      const reads = counted(h);
      const answers = await crowd(h);
      expect(answers.map((one) => one.status === "fulfilled" && one.value.text === text)).toEqual(Array(5).fill(true));
      expect([h.requests.length, reads()]).toEqual([1, 1]);
      expect((await h.get("/a")).text).toBe(text);
      expect(reads()).toBe(2);
    },
  );

  it("of hits on a long body has a stream each", async () => {
    const h = make({ memory: null, edge: {} });
    const size = 2 * 1024 * 1024;
    h.origin = () => new Response(new Uint8Array(size), { headers: { "cache-control": "max-age=60" } });
    await h.get("/a");
    const reads = counted(h);
    const answers = await crowd(h);
    expect(answers.map((one) => one.status === "fulfilled" && one.value.text.length)).toEqual(Array(5).fill(size));
    expect([h.requests.length, reads()]).toEqual([1, 5]);
  });

  it("that comes while the origin is asked does not read the edge cache", async () => {
    const h = make({ memory: {}, edge: {} });
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    h.origin = async () => {
      await gate;
      return new Response("1", { headers: fresh });
    };
    const reads = counted(h);
    const first = h.get("/a");
    while (h.requests.length === 0) await new Promise(setImmediate);
    const others = crowd(h);
    await new Promise(setImmediate);
    release();
    expect((await first).text).toBe("1");
    for (const one of await others) expect(one).toMatchObject({ status: "fulfilled", value: { text: "1" } });
    expect([h.requests.length, reads()]).toEqual([1, 1]);
  });

  it("sees what was written and removed meanwhile: a read that began before is not for those who come after", async () => {
    const h = make({ memory: null, edge: {} });
    h.origin = (_request, count) => new Response(String(count), { headers: fresh });
    await h.get("/a");
    let release = () => {};
    const { match } = h.edge;
    h.edge.match = async (url) => {
      const found = await match.call(h.edge, url);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return found;
    };
    const early = h.get("/a");
    await new Promise(setImmediate);
    h.edge.match = match;
    await h.send("/a", { method: "DELETE" });
    const late = await h.send("/a");
    release();
    expect([late.headers.get("x-cache"), await late.text(), (await early).text]).toEqual(["MISS", "3", "1"]);
  });

  it("is told of a short body that breaks off, and does not go to the origin one by one", async () => {
    const h = make({ memory: {}, edge: {} });
    h.origin = () => {
      const body = new ReadableStream({
        pull(controller) {
          controller.error(new Error("broken off"));
        },
      });
      return new Response(body, { headers: { ...fresh, "content-length": "9" } });
    };
    const answers = await crowd(h);
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill("rejected"));
    expect(h.requests.length).toBe(1);
  });

  it("is served what a farther tier has stale when the origin fails", async () => {
    const h = make({ memory: null, edge: {} });
    h.origin = () => new Response("1", { headers: { "cache-control": "max-age=1, stale-if-error=60" } });
    await h.get("/a");
    h.advance(5);
    h.origin = () => {
      throw new Error("down");
    };
    for (const one of await crowd(h))
      expect(one).toMatchObject({ status: "fulfilled", value: { text: "1", hit: true } });
  });

  it("of whose answers none may be shared goes to the origin all at once, the second time", async () => {
    const h = make({ memory: {}, edge: {} });
    h.origin = (_request, count) => new Response(String(count), { headers: { "cache-control": "no-store" } });
    const answers = await crowd(h);
    const texts = answers.map((one) => (one.status === "fulfilled" ? one.value.text : "")).sort();
    expect(texts).toEqual(["1", "2", "3", "4", "5"]);
  });
});
