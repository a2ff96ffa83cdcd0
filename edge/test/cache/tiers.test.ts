import { describe, expect, it } from "vitest";
import type { CacheSpec, PurgeRequest } from "../../src/core/cache";
import { pack, unpack } from "../../src/core/cache/packed";
import { Harness } from "./fixtures/harness";

const spec: CacheSpec = {
  name: "p",
  mode: "override",
  edge_ttl_s: 60,
  tiers: { memory: {}, edge: {}, kv: { binding: "CACHE", ttl_s: 600 } },
};
const make = (overrides: Partial<CacheSpec> = {}, options = {}) => new Harness({ ...spec, ...overrides }, options);
const counted = (h: Harness, headers: Record<string, string> = {}) => {
  h.origin = (_request, count) => new Response(`body ${count}`, { headers });
};

describe("tiers", () => {
  it("answer nearest first, and what a far one has goes into the nearer", async () => {
    const h = make();
    counted(h);
    expect((await h.get("/")).xCache).toBe("MISS");
    expect((await h.get("/")).cacheStatus).toContain("detail=memory");
    h.isolate();
    expect((await h.get("/")).cacheStatus).toContain("detail=edge");
    expect((await h.get("/")).cacheStatus).toContain("detail=memory");
    h.dataCentre();
    const far = await h.get("/");
    expect([far.xCache, far.text]).toEqual(["HIT-KV", "body 1"]);
    expect(far.cacheStatus).toContain("detail=kv");
    expect((await h.get("/")).xCache).toBe("HIT-EDGE");
    h.isolate();
    expect((await h.get("/")).cacheStatus).toContain("detail=edge");
    expect(h.requests).toHaveLength(1);
  });

  it.each([
    ["isolate memory", { memory: {}, edge: null }],
    ["the edge tier alone", { memory: null, edge: {} }],
  ])("keep what is stale where its revalidation fails: %s", async (_where, tiers) => {
    const h = make({ mode: "origin", edge_ttl_s: null, tiers: { ...tiers, kv: null } });
    const control = "max-age=10, stale-while-revalidate=60, stale-if-error=600";
    const answer = (text: string, status: number) => () =>
      new Response(text, { status, headers: { "cache-control": control } });
    h.origin = answer("good", 200);
    await h.get("/");
    h.origin = answer("broken", 503);
    h.advance(20);
    expect((await h.get("/")).text).toBe("good");
    expect(h.requests).toHaveLength(2);
    expect((await h.get("/")).text).toBe("good");
  });

  it("are fresh for as long as each says: the edge for its TTL, KV for its own", async () => {
    const h = make();
    counted(h);
    await h.get("/");
    h.advance(61);
    expect((await h.get("/")).xCache).toBe("HIT-KV");
    expect((await h.get("/")).xCache).toBe("HIT-EDGE");
    h.advance(61);
    const later = await h.get("/");
    expect([later.xCache, later.headers.get("age")]).toEqual(["HIT-KV", "122"]);
    h.advance(600);
    expect((await h.get("/")).text).toBe("body 2");
  });

  it("let a long body pass where none of them can take it as it comes", { timeout: 15_000 }, async () => {
    // A tier that was handed the body and did not read it would hold the client up for as long as a slow reader may.
    const h = make({ tiers: { memory: { max_object_bytes: 1000 }, edge: null, kv: null } });
    const pieces = Array.from({ length: 100 }, () => new Uint8Array(65_536));
    h.origin = () => new Response(new Blob(pieces).stream());
    expect((await h.get("/")).text).toHaveLength(100 * 65_536);
    expect((await h.get("/")).xCache).toBe("MISS");
  });

  it("respect their ceilings", async () => {
    const h = make({ tiers: { memory: { ttl_ceiling_s: 5 }, edge: { ttl_ceiling_s: 20 }, kv: null } });
    counted(h);
    await h.get("/");
    h.advance(4);
    expect((await h.get("/")).cacheStatus).toContain("ttl=1; detail=memory");
    h.advance(1);
    expect((await h.get("/")).cacheStatus).toContain("detail=edge");
    h.advance(15);
    expect((await h.get("/")).hit).toBe(false);
  });

  it("limit memory by object and in all", async () => {
    const h = make({ tiers: { memory: { max_bytes: 3000, max_object_bytes: 100 }, edge: null, kv: null } });
    h.origin = (request) => new Response("x".repeat(new URL(request.url).pathname === "/big" ? 101 : 100));
    await h.get("/big");
    expect((await h.get("/big")).hit).toBe(false);
    for (let at = 0; at < 50; at++) await h.get(`/${at}`);
    expect(h.cache.stats().bytes).toBeLessThanOrEqual(3000);
    expect(h.cache.stats().entries).toBeGreaterThan(0);
  });

  it.each(["memory", "edge", "kv"] as const)("work alone: %s", async (tier) => {
    const tiers = { memory: null, edge: null, kv: null, [tier]: spec.tiers?.[tier] };
    const h = make({ tiers });
    counted(h);
    await h.get("/");
    expect(await h.get("/")).toMatchObject({ text: "body 1", xCache: tier === "kv" ? "HIT-KV" : "HIT-EDGE" });
  });

  it("keep bytes and header text as they are", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    for (const tier of ["edge", "kv"] as const) {
      const h = make({ tiers: { memory: null, edge: null, kv: null, [tier]: spec.tiers?.[tier] } });
      h.origin = () =>
        new Response(bytes, { headers: { "x-text": "gr\u00fc\u00df", "content-type": "a/b" }, status: 203 });
      await h.get("/");
      const hit = await h.send("/");
      expect(new Uint8Array(await hit.arrayBuffer())).toEqual(bytes);
      expect([hit.status, hit.headers.get("x-text"), hit.headers.get("content-type")]).toEqual([
        203,
        "gr\u00fc\u00df",
        "a/b",
      ]);
    }
  });

  it("never fail a response when they fail", async () => {
    const h = make({ tiers: { memory: null, edge: {}, kv: { binding: "CACHE", ttl_s: 60 } } });
    counted(h);
    h.edge.broken = true;
    h.kv.broken = true;
    expect((await h.get("/")).text).toBe("body 1");
    expect((await h.get("/")).text).toBe("body 2");
    expect(h.warnings.some((warning) => warning.includes("429"))).toBe(true);
    expect(h.warnings.some((warning) => warning.includes("edge cache"))).toBe(true);
  });

  it("stay out of KV what is larger than it takes", async () => {
    const h = make({
      tiers: { memory: null, edge: null, kv: { binding: "CACHE", ttl_s: 60, max_object_bytes: 2000 } },
    });
    h.origin = () => new Response("x".repeat(1990));
    await h.get("/");
    expect(h.kv.writes).toHaveLength(0);
  });

  it("write KV at most once a second to a key, with a TTL that it accepts, under a key that it accepts", async () => {
    const h = make({
      edge_ttl_s: 1,
      tiers: { memory: null, edge: null, kv: { binding: "CACHE", ttl_s: 60, jitter_s: [1, 1] } },
    });
    counted(h);
    const url = `/${"long/".repeat(200)}?${"q=1&".repeat(100)}`;
    await h.get(url);
    expect(await h.get(url)).toMatchObject({ xCache: "HIT-KV", text: "body 1" });
    const other = await h.get(url.replace("q=1&", "q=2&"));
    expect(other.text).toBe("body 2");
    for (let at = 0; at < 10; at++) {
      await h.get("/hot", { "cache-control": "no-cache" });
      h.now += 100;
    }
    expect(h.kv.writes.filter((write) => write.key.includes("/hot"))).toHaveLength(1);
    expect(Math.min(...h.kv.writes.map((write) => write.ttl))).toBeGreaterThanOrEqual(60);
  });

  it("draw KV's jitter for each entry", async () => {
    const h = make({ tiers: { memory: null, edge: null, kv: { binding: "CACHE", ttl_s: 600, jitter_s: [300, 600] } } });
    counted(h);
    h.draw = 0;
    await h.get("/a");
    h.draw = 0.999999;
    await h.get("/b");
    h.advance(300);
    expect((await h.get("/a")).hit).toBe(false);
    expect((await h.get("/b")).xCache).toBe("HIT-KV");
  });

  it("unpack only what they packed", () => {
    expect(unpack(new ArrayBuffer(0))).toBeUndefined();
    expect(unpack(new Uint8Array([255, 255, 255, 255, 1]).buffer)).toBeUndefined();
    expect(unpack(new Uint8Array([0, 0, 0, 2, 123, 125]).buffer)).toBeUndefined();
    const index = { kind: "selecting-headers", key: "k", url: "u", validFrom: 1, names: ["a"] } as const;
    expect(unpack(pack(index, null))?.value).toEqual(index);
  });

  it("do not take another key's entry where names collide", async () => {
    const h = make({ tiers: { memory: null, edge: null, kv: { binding: "CACHE", ttl_s: 60 } } });
    counted(h);
    await h.get("/a");
    await h.get("/b");
    const [a, b] = [...h.kv.entries.keys()] as [string, string];
    h.kv.entries.set(b, h.kv.entries.get(a) as never);
    expect((await h.get("/b")).hit).toBe(false);
  });
});

describe("a body that no tier keeps", () => {
  it("is not said to be stored", async () => {
    const h = make({ tiers: { memory: { max_object_bytes: 100 }, edge: null, kv: null } });
    h.origin = () => new Response("x".repeat(200), { headers: { "content-length": "200" } });
    for (let time = 0; time < 2; time++)
      expect((await h.get("/a")).cacheStatus).toBe("edgewright; fwd=uri-miss; detail=size");
  });
});

describe("the edge tier", () => {
  it("gives the platform the tags of what it keeps, and no client", async () => {
    const h = make({ tags: ["site"], tiers: { memory: null, edge: {}, kv: null } });
    h.origin = () => new Response("1", { headers: { "cache-tag": "a, b", "surrogate-key": "c" } });
    await h.get("/x");
    expect((await h.get("/x")).headers.get("cache-tag")).toBeNull();
    expect([...h.edge.entries.values()].map(({ response }) => response.headers.get("cache-tag"))).toEqual([
      "site,a,b,c",
    ]);
  });
});

describe("purges", () => {
  const filled = async (overrides: Partial<CacheSpec> = {}, options = {}) => {
    const h = make(overrides, options);
    h.origin = (request, count) =>
      new Response(`body ${count}`, { headers: { "cache-tag": new URL(request.url).pathname.slice(1), vary: "a" } });
    for (const path of ["/a", "/a/b", "/ab", "/c?x=1&y=2"]) await h.get(path);
    h.advance(1);
    return h;
  };
  const hits = async (h: Harness) => {
    const found: string[] = [];
    for (const path of ["/a", "/a/b", "/ab", "/c?x=1&y=2"]) if ((await h.get(path)).hit) found.push(path);
    return found;
  };

  it.each([
    [{ urls: ["https://shop.example/a"] }, ["/a/b", "/ab", "/c?x=1&y=2"]],
    [{ urls: ["http://SHOP.example/c?y=2&x=1"] }, ["/a", "/a/b", "/ab"]],
    [{ prefixes: ["/a"] }, ["/ab", "/c?x=1&y=2"]],
    [{ prefixes: ["https://shop.example/a/"] }, ["/a", "/ab", "/c?x=1&y=2"]],
    [{ prefixes: ["https://other.example/"] }, ["/a", "/a/b", "/ab", "/c?x=1&y=2"]],
    [{ tags: ["ab", "c"] }, ["/a", "/a/b"]],
    [{ everything: true }, []],
    [{}, ["/a", "/a/b", "/ab", "/c?x=1&y=2"]],
  ])("%j leaves %j, in each tier", async (request, left) => {
    const here = await filled();
    await here.cache.purge(request, here.context);
    here.advance(1);
    expect(await hits(here)).toEqual(left);

    const isolate = await filled();
    await isolate.cache.purge(request, isolate.context);
    isolate.advance(1);
    isolate.isolate();
    expect(await hits(isolate)).toEqual(left);

    const far = await filled();
    await far.cache.purge(request, far.context);
    far.advance(1);
    far.dataCentre();
    expect(await hits(far)).toEqual(left);
  });

  it.each([
    [{ urls: ["https://www.shop.example/a"] }, ["/a/b", "/ab", "/c?x=1&y=2"]],
    [{ urls: ["https://www.shop.example/c?y=2&x=1"] }, ["/a", "/a/b", "/ab"]],
    [{ prefixes: ["https://www.shop.example/a"] }, ["/ab", "/c?x=1&y=2"]],
    [{ prefixes: ["/a"] }, ["/ab", "/c?x=1&y=2"]],
    [{ prefixes: ["https://www.shop.example/"] }, []],
  ])("%j leaves %j of what hostnames share, whoever was first", async (request, left) => {
    const shared = await filled({ key: { host: false } });
    await shared.cache.purge(request, shared.context);
    shared.advance(1);
    shared.dataCentre();
    expect(await hits(shared)).toEqual(left);
  });

  it("reach a running isolate within the bound that they state", async () => {
    const h = await filled();
    const other = h.cache;
    await hits(h);
    h.isolate();
    const result = await h.cache.purge({ everything: true }, h.context);
    expect(result).toMatchObject({ edge: 1, kv: 1, shield: 0, visibleWithinMs: 90_000 });
    h.cache = other;
    h.advance(5);
    expect(await hits(h)).toEqual([]);
  });

  it("are not lost where two isolates of a data centre write them at once", async () => {
    const h = await filled({ tiers: { memory: null, edge: {}, kv: null } }, { purging: true });
    const one = h.cache;
    h.isolate();
    const two = h.cache;
    // Each reads what is there before the other writes.
    await Promise.all([one.purge({ tags: ["a"] }, h.context), two.purge({ tags: ["ab"] }, h.context)]);
    h.advance(5);
    for (const cache of [one, two]) {
      h.cache = cache;
      await h.get("/c?x=1&y=2");
    }
    h.isolate();
    expect(await hits(h)).toEqual(["/a/b", "/c?x=1&y=2"]);
  });

  it("do not store what was asked for before", async () => {
    const h = make();
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    h.origin = async (_request, count) => {
      await gate;
      return new Response(`body ${count}`);
    };
    const old = h.get("/");
    while (h.requests.length === 0) await Promise.resolve();
    h.advance(1);
    await h.cache.purge({ everything: true }, h.context);
    h.advance(1);
    release();
    await old;
    expect((await h.get("/")).text).toBe("body 2");
  });

  it("softly: stale once, renewed behind", async () => {
    const h = await filled();
    const count = async (request: PurgeRequest) => (await h.cache.purge({ ...request, soft: true }, h.context)).memory;
    const first = await count({ tags: ["a"] });
    expect(first).toBeGreaterThan(0);
    // What is stale already is not told again.
    expect([await count({ urls: ["https://shop.example/zzz"] }), await count({ tags: ["a"] })]).toEqual([0, 0]);
    h.advance(1);
    const stale = await h.get("/a");
    expect([stale.text, stale.hit]).toEqual(["body 1", true]);
    expect(stale.cacheStatus).toContain("ttl=0");
    expect((await h.get("/a")).text).toBe("body 5");
    expect((await h.get("/ab")).text).toBe("body 3");
  });

  it("keep working when there are very many", async () => {
    const h = make();
    counted(h);
    await h.get("/old");
    h.advance(1);
    for (let at = 0; at < 1200; at++) {
      await h.cache.purge({ tags: [`t${at}`] }, h.context);
      h.now += 1;
    }
    expect((await h.get("/old")).hit).toBe(false);
    h.advance(1);
    await h.get("/new");
    expect((await h.get("/new")).hit).toBe(true);
  });
});
