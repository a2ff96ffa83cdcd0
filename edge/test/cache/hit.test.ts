/** What isolate memory answers: at once, from an answer that was made ready by the hit before. */

import { describe, expect, it } from "vitest";
import { Harness } from "./fixtures/harness";

async function filled(options = {}) {
  const h = new Harness({ name: "p", mode: "origin", tiers: { memory: {}, edge: null, kv: null } }, options);
  h.origin = () =>
    new Response("0123456789", { headers: { "cache-control": "max-age=60", etag: '"1"', "x-own": "a" } });
  await h.get("/a");
  await h.get("/a");
  return h;
}

describe("a hit from memory", () => {
  it("is no promise, and does not need the whole request", async () => {
    const h = await filled();
    const head = { method: "GET", url: "https://shop.example/a", headers: new Headers() };
    const never = () => {
      throw new Error("not needed");
    };
    const answer = h.cache.handle(head, h.policy, h.context, never, never);
    expect(answer).toBeInstanceOf(Response);
    expect(await (answer as Response).text()).toBe("0123456789");
  });

  it.each([
    [{ "if-none-match": '"1"' }, "GET", 304, ""],
    [{ range: "bytes=2-4" }, "GET", 206, "234"],
    [{ range: "bytes=20-" }, "GET", 416, ""],
    [{}, "HEAD", 200, ""],
    [{}, "GET", 200, "0123456789"],
  ] as const)("answers %j of a %s like the first one, again and again", async (headers, method, status, text) => {
    const h = await filled();
    for (let time = 0; time < 2; time++) {
      const answer = await h.get("/a", headers, { method });
      expect([answer.status, answer.text, answer.hit]).toEqual([status, text, true]);
    }
    expect(h.requests).toHaveLength(1);
  });

  it("tells its age and what is left of its life each second", async () => {
    const h = await filled();
    for (const seconds of [0, 1, 2]) {
      const answer = await h.get("/a");
      expect([answer.headers.get("age"), answer.cacheStatus]).toEqual([
        String(seconds),
        `edgewright; hit; ttl=${60 - seconds}; detail=memory`,
      ]);
      h.advance(1);
    }
  });

  it("has headers of its own: what one caller does to them, no other sees", async () => {
    const h = await filled();
    const one = await h.send("/a");
    one.headers.set("x-own", "changed");
    one.headers.append("set-cookie", "a=1");
    const other = await h.send("/a");
    expect([other.headers.get("x-own"), other.headers.get("set-cookie")]).toEqual(["a", null]);
  });

  it("is stale in the very second of a soft purge", async () => {
    const h = await filled({ purging: true });
    await h.cache.purge({ everything: true, soft: true }, h.context);
    expect((await h.get("/a")).cacheStatus).toBe("edgewright; hit; ttl=0; detail=memory");
  });
});
