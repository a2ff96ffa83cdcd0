/** What happens between two steps of the cache: nothing that was made void comes back, and no body breaks off for it. */

import { describe, expect, it } from "vitest";
import { Harness } from "./fixtures/harness";

const tiers = { memory: {}, edge: {}, kv: null };
const language = (name: string) => ({ "accept-language": name });
const varying = { "cache-control": "max-age=600", vary: "accept-language" };

/** A gate that holds up whoever waits for it, and can be opened. */
function gate() {
  return Promise.withResolvers<void>();
}

/** Holds up reads of the edge cache's URLs that `which` names, until `open` is called; counts them. */
function holdUp(h: Harness, which: (url: string) => boolean = () => true) {
  const held = gate();
  const match = h.edge.match.bind(h.edge);
  const reads = { count: 0, open: held.resolve };
  h.edge.match = async (url) => {
    if (!which(url)) return match(url);
    reads.count++;
    await held.promise;
    return match(url);
  };
  return reads;
}

/** A body of so many bytes, which comes a megabyte at a time. */
function long(bytes: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (at >= bytes) return controller.close();
        controller.enqueue(new Uint8Array(Math.min(1 << 20, bytes - at)));
        at += 1 << 20;
      },
    },
    { highWaterMark: 0 },
  );
}

describe("a write", () => {
  const site = (memory: object = {}) => {
    let version = 1;
    const h = new Harness({ name: "p", mode: "origin", tiers: { ...tiers, memory } });
    h.origin = ({ method, headers }) => {
      if (method !== "PUT") return new Response(`v${version} ${headers.get("accept-language")}`, { headers: varying });
      version++;
      return new Response(null, { status: 204 });
    };
    return h;
  };

  it("makes every variant void, also while one is being looked for", async () => {
    const h = site();
    await h.get("/v", language("fr"));
    h.now += 10;
    const held = holdUp(h, (url) => url.includes("language%3Den"));
    const other = h.get("/v", language("en"));
    await new Promise(setImmediate);
    h.now += 10;
    await h.get("/v", {}, { method: "PUT", body: "x" });
    h.now += 10;
    held.open();
    expect((await other).text).toBe("v2 en");
    expect((await h.get("/v", language("fr"))).text).toBe("v2 fr");
  });

  it("makes every variant void for another isolate when its memory has let go of what it had", async () => {
    const h = site({ ttl_ceiling_s: 5 });
    await h.get("/v", language("fr"));
    const { cache: one } = h;
    h.isolate();
    h.now += 10;
    expect((await h.get("/v", language("fr"))).text).toBe("v1 fr");
    const { cache: other } = h;
    h.cache = one;
    await h.get("/v", {}, { method: "PUT", body: "x" });
    h.cache = other;
    h.advance(6);
    expect((await h.get("/v", language("fr"))).text).toBe("v2 fr");
  });
});

describe("a crowd on variants", () => {
  it("stores where they are found also when the first one's body breaks off", async () => {
    const h = new Harness({ name: "p", mode: "origin", tiers: { ...tiers, kv: { binding: "KV", ttl_s: 1000 } } });
    const held = gate();
    h.origin = async ({ headers }, count) => {
      if (count > 1) return new Response(`body ${headers.get("accept-language")}`, { headers: varying });
      const body = new ReadableStream({
        async pull(controller) {
          await held.promise;
          controller.error(new Error("cut"));
        },
      });
      return new Response(body, { headers: varying });
    };
    const first = h.send("/v", { headers: language("de") }).then((response) => response.text());
    const second = h.get("/v", language("en"));
    await new Promise(setImmediate);
    held.resolve();
    await expect(first).rejects.toThrow("cut");
    expect((await second).text).toBe("body en");
    h.dataCentre();
    const asked = h.requests.length;
    expect((await h.get("/v", language("en"))).xCache).toBe("HIT-KV");
    expect(h.requests.length).toBe(asked);
  });

  it("that is purged meanwhile finds what comes after", async () => {
    const h = new Harness({ name: "p", mode: "origin", tiers }, { purging: true });
    const held = gate();
    h.origin = () => new Response("warm");
    await h.get("/warm");
    h.requests = [];
    h.origin = async ({ headers }, count) => {
      if (count === 1) await held.promise;
      return new Response(`body ${headers.get("accept-language")}`, { headers: varying });
    };
    const crowd = Promise.all(["de", "en"].map((name) => h.get("/v", language(name))));
    await new Promise(setImmediate);
    h.now += 5;
    await h.cache.purge({ urls: ["https://shop.example/v"] }, h.context);
    h.now += 5;
    held.resolve();
    expect((await crowd).map(({ text }) => text)).toEqual(["body de", "body en"]);
    expect((await h.get("/v", language("en"))).hit).toBe(true);
  });
});

describe("a body that outgrows what is held", () => {
  const stale = { name: "p", mode: "override", edge_ttl_s: 1, stale_if_error_s: 100_000 } as const;
  it.each([
    ["memory alone", { memory: {}, edge: null, kv: null }],
    ["the edge cache", { memory: {}, edge: {}, kv: null }],
  ])("reaches the client whole where something stale could have served, with %s", async (_tiers, own) => {
    const h = new Harness({ ...stale, tiers: own });
    h.origin = () => new Response("old");
    await h.get("/a");
    h.advance(5);
    h.origin = () => new Response(long(6 << 20));
    const answer = await h.get("/a");
    expect([answer.status, answer.text.length]).toEqual([200, 6 << 20]);
  });

  it("is let go of where it breaks off, and something stale serves", async () => {
    const memory = { max_bytes: 64 << 20, max_object_bytes: 8 << 20 };
    const h = new Harness({ ...stale, tiers: { memory, edge: null, kv: null } });
    h.origin = () => new Response("old");
    await h.get("/a");
    h.advance(5);
    h.origin = () => new Response(long(3 << 20), { headers: { "content-length": String(4 << 20) } });
    // More often than all bodies of an isolate together may hold bytes for.
    for (let time = 0; time < 12; time++) expect((await h.get("/a")).text).toBe("old");
    h.origin = () => new Response(long(6 << 20));
    await h.get("/b");
    expect([(await h.get("/b")).hit, h.requests.length]).toEqual([true, 14]);
  });
});

describe("hits on a long body", () => {
  it("do not wait for each other", async () => {
    const h = new Harness({ name: "p", mode: "origin", tiers: { memory: null, edge: {}, kv: null } });
    h.origin = () => new Response(long(2 << 20), { headers: { "cache-control": "max-age=60" } });
    await h.get("/a");
    await h.get("/a");
    const held = holdUp(h);
    const crowd = Promise.all(Array.from({ length: 5 }, () => h.get("/a")));
    await new Promise(setImmediate);
    expect(held.count).toBe(5);
    held.open();
    expect((await crowd).map(({ text }) => text.length)).toEqual(Array(5).fill(2 << 20));
  });
});

describe("a new isolate", () => {
  it("serves nobody before it knows of purges", async () => {
    const h = new Harness(
      {
        name: "p",
        mode: "override",
        edge_ttl_s: 600,
        tiers: { memory: null, edge: {}, kv: null },
      },
      { purging: true },
    );
    h.origin = (_request, count) => new Response(`v${count}`);
    await h.get("/a");
    h.now += 10;
    await h.cache.purge({ everything: true }, h.context);
    h.advance(10);
    h.isolate();
    const held = holdUp(h, (url) => url.endsWith("purges"));
    const crowd = Promise.all([h.get("/a"), h.get("/a"), h.get("/a")]);
    await new Promise(setImmediate);
    held.open();
    expect((await crowd).map(({ text }) => text)).toEqual(["v2", "v2", "v2"]);
  });

  it("looks itself where the first request is gone", async () => {
    const h = new Harness(
      {
        name: "p",
        mode: "override",
        edge_ttl_s: 600,
        tiers: { memory: null, edge: {}, kv: null },
      },
      { purging: true },
    );
    h.origin = (_request, count) => new Response(`v${count}`);
    const match = h.edge.match.bind(h.edge);
    let looks = 0;
    h.edge.match = (url) => (url.endsWith("purges") && looks++ === 0 ? new Promise(() => {}) : match(url));
    void h.send("/a");
    expect((await h.get("/a")).text).toBe("v1");
    expect(looks).toBe(2);
  });
});

describe("a key", () => {
  it("of the whole query has every parameter, whatever names stand beside it", async () => {
    const key = { query: "all", query_names: ["a"], headers: ["x-k"] } as const;
    const h = new Harness({ name: "p", mode: "override", edge_ttl_s: 60, tiers: { memory: {} }, key });
    h.origin = ({ url }) => new Response(url);
    for (const search of ["?a=1&b=1", "?a=2&b=1"])
      expect((await h.get(`/x${search}`)).text).toBe(`https://shop.example/x${search}`);
  });
});
