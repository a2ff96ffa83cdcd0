import { describe, expect, it } from "vitest";
import type { CacheSpec } from "../../src/core/cache";
import { Harness } from "./fixtures/harness";

const spec: CacheSpec = {
  name: "products",
  mode: "override",
  edge_ttl_s: 60,
  browser_ttl_s: 30,
  tiers: { memory: {}, edge: {}, kv: null },
};
const make = (overrides: Partial<CacheSpec> = {}, options = {}) => new Harness({ ...spec, ...overrides }, options);
const reply = (body: BodyInit | null, headers: Record<string, string> = {}, status = 200) =>
  new Response(body, { status, headers });

describe("the policy's TTLs", () => {
  it("decide, whatever freshness the origin gives", async () => {
    for (const control of ["", "max-age=1", "no-cache", "max-age=9999", "max-age=0, must-revalidate"]) {
      const h = make();
      h.origin = (_request, count) => reply(`body ${count}`, control ? { "cache-control": control } : {});
      await h.get("/");
      h.advance(59);
      expect([control, (await h.get("/")).hit]).toEqual([control, true]);
      h.advance(1);
      expect([control, (await h.get("/")).text]).toEqual([control, "body 2"]);
    }
  });

  it.each(["no-cache", "no-store", "max-age=0", "min-fresh=9999", "only-if-cached"])(
    "decide, whatever a client asks for: %s is no way past the cache to the origin",
    async (control) => {
      const h = make();
      h.origin = (_request, count) => reply(`body ${count}`);
      const asked = { "cache-control": control, pragma: "no-cache" };
      expect((await h.get("/", asked)).text).toBe("body 1");
      expect(await h.get("/", asked)).toMatchObject({ hit: true, text: "body 1" });
      expect(h.requests).toHaveLength(1);
    },
  );

  it("let a HEAD fill the cache as a GET does", async () => {
    const h = make();
    h.origin = (request, count) => reply(`${request.method} ${count}`, { "content-length": "5" });
    const cold = await h.get("/", {}, { method: "HEAD" });
    expect([cold.status, cold.text, cold.headers.get("content-length"), cold.hit]).toEqual([200, "", "5", false]);
    expect(await h.get("/")).toMatchObject({ hit: true, text: "GET 1" });
    h.origin = () => reply("for one", { "set-cookie": "a=1" });
    const passed = await h.get("/other", {}, { method: "HEAD" });
    expect([passed.xCache, passed.text]).toEqual(["BYPASS", ""]);
  });

  it("let a range fill the cache: the whole is asked for, once for a crowd, and cut", async () => {
    const h = make();
    const digits = (request: Request) =>
      request.headers.has("range")
        ? reply("from the origin", { "content-range": "bytes 0-1/4" }, 206)
        : reply("0123", { "content-length": "4", etag: '"1"' });
    h.origin = digits;
    const cold = await h.get("/", { range: "bytes=1-2" });
    expect([cold.status, cold.text, cold.headers.get("content-range")]).toEqual([206, "12", "bytes 1-2/4"]);
    expect([cold.xCache, cold.headers.get("content-length")]).toEqual(["MISS", "2"]);
    expect(await h.get("/", { range: "bytes=2-" })).toMatchObject({ hit: true, status: 206, text: "23" });
    expect(await h.get("/")).toMatchObject({ hit: true, status: 200, text: "0123" });
    expect((await h.get("/new", { range: "bytes=9-" })).status).toBe(416);
    expect((await h.get("/other", { range: "bytes=0-1", "if-range": '"2"' })).status).toBe(200);
    expect(h.requests.map(({ headers }) => headers.get("range"))).toEqual([null, null, null]);

    const crowd = await Promise.all([0, 1, 2, 3].map((at) => h.get("/crowd", { range: `bytes=${at}-${at}` })));
    expect(crowd.map(({ text }) => text)).toEqual(["0", "1", "2", "3"]);
    expect(h.requests).toHaveLength(4);
  });

  it("do not let a range that does not wait for the whole part a crowd that wants it", async () => {
    const h = make();
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    h.origin = async (request) => {
      await gate;
      return request.headers.has("range")
        ? reply("12", { "content-length": "2", "content-range": "bytes 1-2/4" }, 206)
        : reply(new Response("0123").body, {});
    };
    const first = h.get("/", { range: "bytes=1-2" });
    while (h.requests.length === 0) await new Promise(setImmediate);
    const others = [1, 2, 3, 4].map(() => h.get("/"));
    await new Promise(setImmediate);
    release();
    expect((await first).text).toBe("12");
    for (const one of others) expect((await one).text).toBe("0123");
    expect(h.requests.map(({ headers }) => headers.get("range")).sort()).toEqual(["bytes=1-2", null, null]);
  });

  it("do not fetch what no tier can keep for a range of it", async () => {
    const h = make({ tiers: { memory: { max_object_bytes: 3 }, edge: null, kv: null } });
    h.origin = (request) =>
      request.headers.has("range")
        ? reply("12", { "content-length": "2", "content-range": "bytes 1-2/4" }, 206)
        : reply("0123", { "content-length": "4" });
    expect(await h.get("/", { range: "bytes=1-2" })).toMatchObject({ status: 206, text: "12" });
    expect(h.requests.map(({ headers }) => headers.get("range"))).toEqual([null, "bytes=1-2"]);
  });

  it("ask for the range itself where the whole is not to be stored, or too long to wait for", async () => {
    for (const headers of [
      { "set-cookie": "a=1", "content-length": "4" },
      { "cache-control": "private", "content-length": "4" },
      { "content-length": String(64 * 1024 * 1024 + 1) },
      {} as Record<string, string>,
    ]) {
      const h = make();
      h.origin = (request) =>
        request.headers.has("range")
          ? reply("12", { ...headers, "content-length": "2", "content-range": "bytes 1-2/4" }, 206)
          : // Made of a stream, so that it has no length but the one that is said.
            reply(new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(4)) }), headers);
      const first = await h.get("/", { range: "bytes=1-2" });
      expect([first.status, first.text, first.headers.get("content-range")]).toEqual([206, "12", "bytes 1-2/4"]);
      const asked = () => h.requests.map((request) => request.headers.get("range"));
      expect(asked()).toEqual([null, "bytes=1-2"]);
      // It is known for a while then.
      expect((await h.get("/", { range: "bytes=1-2" })).text).toBe("12");
      expect((await h.get("/", { range: "bytes=1-1" })).status).toBe(206);
      expect(new Set(asked().slice(1))).not.toContain(null);
    }
    const h = make();
    h.origin = () => reply("no", {}, 404);
    expect((await h.get("/", { range: "bytes=0-1" })).status).toBe(404);
    expect(h.requests).toHaveLength(1);
  });

  it.each([
    ["private", {}],
    ["no-store", {}],
    ["PRIVATE", {}],
    ["public", { "set-cookie": "sid=1" }],
    ["max-age=60", { vary: "*" }],
  ])("never store what is for one client: %j %j", async (control, extra) => {
    const h = make();
    h.origin = () => reply("secret", { "cache-control": control, ...(extra as Record<string, string>) });
    const first = await h.get("/");
    expect(first.xCache).toBe("BYPASS");
    // Its own Cache-Control goes to the browser: the policy's `public` would be wrong.
    expect(first.headers.get("cache-control")).toBe(control);
    expect((await h.get("/")).hit).toBe(false);
    expect(h.cache.stats().entries).toBe(0);
    expect(h.edge.entries.size).toBe(0);
  });

  it("keep a request with Authorization out, both ways", async () => {
    const h = make();
    h.origin = (request) =>
      reply(request.headers.get("authorization") ?? "anonymous", { "cache-control": "public, s-maxage=99" });
    const answer = await h.get("/", { authorization: "Bearer 1" });
    expect(answer.xCache).toBe("BYPASS");
    expect((await h.get("/")).text).toBe("anonymous");
    expect((await h.get("/", { authorization: "Bearer 2" })).text).toBe("Bearer 2");
  });

  it("give errors no more than error_ttl_s", async () => {
    for (const [status, error_ttl_s, control, seconds] of [
      [404, 0, "max-age=999", 0],
      [404, 10, "", 10],
      [410, 10, "max-age=999", 10],
      [500, 10, "", 0],
      [500, 10, "max-age=999", 10],
      [503, 0, "max-age=999", 0],
      [400, 0, "max-age=999", 0],
      [302, 0, "", 0],
      [302, 0, "max-age=20", 20],
      [301, 0, "", 60],
    ] as const) {
      const h = make({ error_ttl_s });
      h.origin = () => reply("x", control ? { "cache-control": control } : {}, status);
      await h.get("/");
      h.advance(seconds - 1);
      const within = (await h.get("/")).hit;
      h.advance(1);
      const past = (await h.get("/")).hit;
      expect([status, error_ttl_s, control, within, past]).toEqual([status, error_ttl_s, control, seconds > 0, false]);
    }
  });

  it("never pin an error that the request's size may have caused", async () => {
    const h = make({ error_ttl_s: 60 });
    h.origin = (request) => (request.headers.has("x-big") ? reply("too big", {}, 404) : reply("fine"));
    expect((await h.get("/", { "x-big": "x".repeat(9000) })).status).toBe(404);
    expect((await h.get("/")).text).toBe("fine");
  });

  it("draw jitter for each entry, both ends included", async () => {
    for (const [draw, seconds] of [
      [0, 40],
      [0.5, 50],
      [0.999999, 60],
    ] as const) {
      const h = make({ edge_jitter_s: [40, 60] });
      h.draw = draw;
      h.origin = () => reply("x");
      await h.get("/");
      h.advance(seconds - 1);
      expect([draw, (await h.get("/")).hit]).toEqual([draw, true]);
      h.advance(1);
      expect([draw, (await h.get("/")).hit]).toEqual([draw, false]);
    }
  });

  it("give stale windows of their own", async () => {
    const h = make({ stale_while_revalidate_s: 10, stale_if_error_s: 100 });
    h.origin = (_request, count) => (count < 3 ? reply(`body ${count}`) : reply("down", {}, 500));
    await h.get("/");
    h.advance(65);
    expect((await h.get("/")).text).toBe("body 1");
    expect((await h.get("/")).text).toBe("body 2");
    h.advance(75);
    const stale = await h.get("/");
    expect(stale.text).toBe("body 2");
    expect(stale.cacheStatus).toContain("detail=stale-if-error");
    h.advance(100);
    expect((await h.get("/")).status).toBe(500);
  });

  it("without a window, a failure is a failure", async () => {
    const h = make();
    h.origin = (_request, count) => (count === 1 ? reply("x") : Promise.reject(new Error("lost")));
    await h.get("/");
    h.advance(61);
    await expect(h.get("/")).rejects.toThrow("lost");
  });
});

describe("what browsers are told", () => {
  it("is composed from the policy, and nothing of the edge's TTLs", async () => {
    const h = make({ stale_while_revalidate_s: 20, stale_if_error_s: 300, immutable: true });
    h.origin = () =>
      reply("x", {
        "cache-control": "s-maxage=777",
        expires: h.date(777),
        "cdn-cache-control": "max-age=888",
        "surrogate-control": "max-age=999",
        "cache-tag": "a,b",
      });
    for (const answer of [await h.get("/"), await h.get("/")]) {
      expect(answer.headers.get("cache-control")).toBe(
        "public, max-age=30, stale-while-revalidate=20, stale-if-error=300, immutable",
      );
      for (const name of ["expires", "cdn-cache-control", "surrogate-control", "cache-tag"]) {
        expect(answer.headers.has(name)).toBe(false);
      }
    }
  });

  it("is the origin's own where the policy says nothing", async () => {
    const h = make({ browser_ttl_s: null });
    h.origin = () => reply("x", { "cache-control": "max-age=5" });
    await h.get("/");
    expect((await h.get("/")).headers.get("cache-control")).toBe("max-age=5");
  });

  it("leaves browsers all of browser_ttl, however long an answer lay here: their time counts from Age", async () => {
    const kv = { binding: "KV", ttl_s: 120 };
    const h = make({ tiers: { memory: {}, edge: {}, kv }, stale_while_revalidate_s: 20 });
    h.origin = () => reply("x", { etag: '"1"' });
    expect((await h.get("/")).headers.get("cache-control")).toBe("public, max-age=30, stale-while-revalidate=20");
    const ages: (string | null)[] = [];
    const told = async (headers: Record<string, string> = {}) => {
      const answer = await h.get("/", headers);
      const age = answer.headers.get("age");
      ages.push(age);
      expect(answer.headers.get("cache-control")).toBe(
        `public, max-age=${30 + Number(age)}, stale-while-revalidate=20`,
      );
      return answer;
    };
    expect((await told()).cacheStatus).toContain("detail=memory");
    h.advance(40);
    expect((await told({ "if-none-match": '"1"' })).status).toBe(304);
    h.isolate();
    expect((await told()).cacheStatus).toContain("detail=edge");
    h.advance(30);
    h.dataCentre();
    expect((await told()).xCache).toBe("HIT-KV");
    expect(ages).toEqual(["0", "40", "40", "70"]);
  });

  it("is as the policy says where browsers may keep an answer for as long as the edge, or longer", async () => {
    const h = make({ browser_ttl_s: 31536000, immutable: true });
    h.origin = () => reply("x");
    await h.get("/");
    h.advance(50);
    const { headers } = await h.get("/");
    expect([headers.get("age"), headers.get("cache-control")]).toEqual(["50", "public, max-age=31536000, immutable"]);
  });

  it("counts the age that an answer comes with from the origin", async () => {
    const h = make();
    h.origin = () => reply("x", { age: "100" });
    const { headers } = await h.get("/");
    expect([headers.get("age"), headers.get("cache-control")]).toEqual(["100", "public, max-age=130"]);
  });

  it("gives an error the error's TTL, and a failure the origin's word", async () => {
    const h = make({ error_ttl_s: 10 });
    h.origin = () => reply("x", {}, 404);
    expect((await h.get("/")).headers.get("cache-control")).toBe("public, max-age=10");
    h.origin = () => reply("x", { "cache-control": "no-store" }, 503);
    expect((await h.get("/other")).headers.get("cache-control")).toBe("no-store");
  });

  it("never tells a browser that an error stays as it is", async () => {
    const h = make({ browser_ttl_s: 31536000, immutable: true, stale_while_revalidate_s: 60, stale_if_error_s: 60 });
    h.origin = () => reply("x", {}, 404);
    expect((await h.get("/")).headers.get("cache-control")).toBe("public, max-age=0");
    h.origin = () => reply("x");
    expect((await h.get("/there")).headers.get("cache-control")).toBe(
      "public, max-age=31536000, stale-while-revalidate=60, stale-if-error=60, immutable",
    );
  });

  it("tells the platform's cache in front even where no tier of its own holds anything, each fill with its own jitter", async () => {
    const h = make({ engine: "platform", tiers: { edge: {} }, edge_jitter_s: [100, 200] });
    h.origin = () => reply("x");
    const first = (await h.get("/")).headers.get("cloudflare-cdn-cache-control");
    expect(first).toMatch(/^public, max-age=1\d\d, stale-if-error=0$/);
    expect((await h.get("/")).hit).toBe(false);
  });

  it("is capped by the policy in origin mode", async () => {
    const h = make({ mode: "origin" });
    h.origin = () => reply("x", { "cache-control": "public, max-age=70" });
    expect((await h.get("/")).headers.get("cache-control")).toBe("public, max-age=30");
    h.advance(30);
    expect((await h.get("/")).headers.get("cache-control")).toBe("public, max-age=60");
    h.advance(29);
    const late = await h.get("/");
    // Never more than the origin's own.
    expect([late.hit, late.headers.get("cache-control")]).toEqual([true, "public, max-age=70"]);
    h.advance(1);
    expect((await h.get("/")).hit).toBe(false);
  });

  it("names the policy's Vary", async () => {
    const h = make({ vary: ["Accept-Language"] });
    h.origin = (request) => reply(request.headers.get("accept-language"), { vary: "accept-encoding" });
    expect((await h.get("/", { "accept-language": "de" })).headers.get("vary")).toBe(
      "accept-encoding, accept-language",
    );
    expect((await h.get("/", { "accept-language": "fr" })).text).toBe("fr");
  });

  it("tells the platform's cache in front by a field of its own", async () => {
    const h = make({ engine: "platform", tags: ["shop"], stale_while_revalidate_s: 5 });
    h.origin = () => reply("x", { "cache-tag": "p1" });
    for (const [age, left] of [
      [null, 30],
      ["10", 40],
    ]) {
      const { headers } = await h.get("/");
      // A cache counts freshness from the Age that an answer comes with.
      expect(headers.get("age")).toBe(age);
      expect(headers.get("cloudflare-cdn-cache-control")).toBe(
        "public, max-age=60, stale-while-revalidate=5, stale-if-error=0",
      );
      expect(headers.get("cache-tag")).toMatch(/^shop,p1,url-\w+:1$/);
      expect(headers.get("cache-control")).toBe(`public, max-age=${left}, stale-while-revalidate=5`);
      h.advance(10);
    }
    expect(h.edge.puts).toBe(0);
  });

  it("makes void in the platform's cache in front what an unsafe request makes out of date", async () => {
    const h = make({ engine: "platform", key: { host: false } });
    h.origin = () => reply("x");
    const tags = async (path: string) => (await h.get(path)).headers.get("cache-tag");
    const [own, other] = [await tags("/a?x=1&y=2"), await tags("/a")];
    expect(own).not.toBe(other);
    const purged: unknown[] = [];
    let refuse = false;
    const frontCache = {
      async purge(what: { tags?: string[] }, soft: boolean) {
        purged.push([what, soft]);
        if (refuse) throw new Error("too many");
      },
    };
    const send = (method: string, status: number) =>
      h.cache.handle(
        new Request("https://www.shop.example/a?y=2&x=1", { method }),
        h.policy,
        { ...h.context, frontCache },
        async () => reply("done", { location: "/a" }, status),
      );
    await send("PUT", 500);
    await send("OPTIONS", 200);
    expect(purged).toEqual([]);
    await send("PUT", 201);
    expect(purged).toEqual([[{ tags: [own, other] }, false]]);
    refuse = true;
    expect((await send("DELETE", 200)).status).toBe(200);
    expect(h.warnings.join()).toContain("too many");
  });
});

describe("the key", () => {
  const same = async (
    policy: Partial<CacheSpec>,
    first: string,
    second: string,
    headers: [object, object] = [{}, {}],
  ) => {
    const h = make(policy);
    h.origin = (_request, count) => reply(`body ${count}`);
    await h.get(first, headers[0] as Record<string, string>);
    return (await h.get(second, headers[1] as Record<string, string>)).hit;
  };

  it.each([
    ["/a?x=1&y=2", "/a?y=2&x=1", true],
    ["/a?x=1&x=2", "/a?x=2&x=1", false],
    ["/a?x=1", "/a?x=1&x=1", false],
    ["/a?x=1;y=2", "/a?x=1&y=2", false],
    ["/%61%2d", "/a-", true],
    ["/a%2fb", "/a/b", false],
    ["/a%2Fb", "/a%2fb", true],
    ["/a%00", "/a", false],
    ["/x/../a", "/a", true],
    ["/x/%2e%2E/a", "/a", true],
    ["/a;b", "/a", false],
    ["/a?x=%41", "/a?x=A", true],
    ["/a?", "/a", true],
    ["/A", "/a", false],
    ["https://SHOP.example:443/a", "/a", true],
    ["https://other.example/a", "/a", false],
    ["http://shop.example/a", "/a", false],
  ])("%s and %s are one: %s", async (first, second, hit) => {
    expect(await same({}, first, second)).toBe(hit);
  });

  it("takes of the query what the policy says, and sends the origin nothing else", async () => {
    expect(await same({ key: { query: "none" } }, "/a?x=1", "/a?x=2")).toBe(true);
    expect(await same({ key: { query: "include", query_names: ["x"] } }, "/a?x=1&u=1", "/a?u=2&x=1")).toBe(true);
    expect(await same({ key: { query: "include", query_names: ["x"] } }, "/a?x=1", "/a?%78=2")).toBe(false);
    expect(await same({ key: { query: "exclude", query_names: ["utm"] } }, "/a?x=1&utm=1", "/a?x=1")).toBe(true);
    const h = make({ key: { query: "exclude", query_names: ["utm"] } });
    h.origin = () => reply("x");
    await h.get("/a?utm=%3Cscript%3E&x=1&%75tm=2");
    expect(h.requests[0]?.url).toBe("https://shop.example/a?x=1");
  });

  it("takes headers, cookies, country, region and host as the policy says", async () => {
    const header = { key: { headers: ["X-Plan"] } };
    expect(await same(header, "/", "/", [{ "x-plan": "a" }, { "x-plan": "b" }])).toBe(false);
    expect(await same(header, "/", "/", [{ "x-plan": "a" }, { "x-plan": "a", "x-other": "1" }])).toBe(true);
    expect(await same(header, "/", "/", [{ "x-plan": "" }, {}])).toBe(false);
    const cookie = { key: { cookies: ["ab"] } };
    expect(await same(cookie, "/", "/", [{ cookie: "ab=1; z=2" }, { cookie: "z=3; ab=1" }])).toBe(true);
    expect(await same(cookie, "/", "/", [{ cookie: "ab=1" }, { cookie: "ab=2" }])).toBe(false);
    expect(await same({ key: { host: false } }, "/", "https://other.example/")).toBe(true);
    const h = make({ key: { country: true, region: true } });
    h.origin = (_request, count) => reply(`body ${count}`);
    [h.country, h.region] = ["DE", "eu"];
    await h.get("/");
    h.country = "FR";
    expect((await h.get("/")).hit).toBe(false);
    h.country = "DE";
    expect((await h.get("/")).hit).toBe(true);
    h.region = "us";
    expect((await h.get("/")).hit).toBe(false);
  });

  it("cannot be made to collide by what a client writes", async () => {
    const keyed = { key: { headers: ["a", "b"] } };
    expect(await same(keyed, "/", "/", [{ a: "1|b:=2" }, { a: "1", b: "2" }])).toBe(false);
    expect(await same({ vary: ["a", "b"] }, "/", "/", [{ a: "1|b=2" }, { a: "1", b: "2" }])).toBe(false);
  });

  it("invalidates all entries of a URL, whatever else is in their keys", async () => {
    const h = make({ key: { headers: ["x-plan"] } });
    h.origin = (_request, count) => reply(`body ${count}`);
    for (const plan of ["a", "b"]) await h.get("/", { "x-plan": plan });
    h.advance(1);
    await h.get("/", {}, { method: "POST" });
    h.advance(1);
    for (const plan of ["a", "b"]) expect((await h.get("/", { "x-plan": plan })).hit).toBe(false);
  });
});

describe("what is not in the key", () => {
  it("does not reach the origin: forwarding headers, cookies", async () => {
    const h = make({ key: { cookies: ["ab"] }, vary: ["x-forwarded-proto"] });
    h.origin = () => reply("x");
    await h.get("/", {
      "x-forwarded-host": "evil.example",
      "x-original-url": "/admin",
      "x-http-method-override": "DELETE",
      forwarded: "host=evil.example",
      cookie: "sid=1; ab=2",
      "x-forwarded-proto": "https",
      "x-request-id": "7",
    });
    const seen = h.requests[0]?.headers as Headers;
    for (const name of ["x-forwarded-host", "x-original-url", "x-http-method-override", "forwarded"]) {
      expect(seen.has(name)).toBe(false);
    }
    expect(seen.get("cookie")).toBe("ab=2");
    expect(seen.get("x-forwarded-proto")).toBe("https");
    expect(seen.get("x-request-id")).toBe("7");
  });

  it("is sent on where the policy puts it into the key", async () => {
    const h = make({ key: { headers: ["x-forwarded-host"] } });
    h.origin = () => reply("x");
    await h.get("/", { "x-forwarded-host": "a.example" });
    expect(h.requests[0]?.headers.get("x-forwarded-host")).toBe("a.example");
  });

  it("is not cached per client either: an unbounded Vary is not stored, with a warning", async () => {
    const h = make();
    h.origin = () => reply("x", { vary: "accept-encoding, User-Agent" });
    await h.get("/");
    expect((await h.get("/")).hit).toBe(false);
    expect(h.warnings[0]).toContain("user-agent");
  });
});

describe("bypass", () => {
  it("stores and reuses nothing, and still invalidates", async () => {
    const h = make({ mode: "bypass" });
    h.origin = () => reply("x", { "cache-control": "max-age=60" });
    await h.get("/");
    const answer = await h.get("/");
    expect(answer.xCache).toBe("BYPASS");
    expect(answer.cacheStatus).toBe("edgewright; fwd=bypass");
    expect(h.cache.stats().entries).toBe(0);
  });
});
