// The cache in front of a version (Workers Cache), by its documented behaviour, and purges that reach every tier.

import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Outcome } from "../../src/core/cache/decide/outcome.js";
import { statusOf } from "../../src/gateway/front-cache.js";
import { workerModules } from "../contract/runtimes.js";
import { buildBundles } from "../support/bundle.js";
import { sendRaw } from "../support/http.js";
import { type Origin, startOrigin } from "../support/origin.js";
import { endpoint, origin, policy, router, settings } from "../support/settings.js";
import { type Answer, deployment, type Gateway, startGateway, until } from "./harness.js";
import type { Deployment, Version } from "./types.js";

/** Answers as `?answer=` says (JSON: status, headers), and counts how often it ran. */
const WORKER = `
let runs = 0;
const runsOf = {};
export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    if (url.pathname === "/runs") return Response.json({ runs }, { headers: { "cache-control": "no-store" } });
    if (url.pathname === "/purge") return Response.json(await ctx.cache[url.searchParams.get("how")](await request.json()));
    runs += 1;
    runsOf[url.pathname] = (runsOf[url.pathname] ?? 0) + 1;
    const { status = 200, headers = {}, wait = 0, fail } = JSON.parse(url.searchParams.get("answer") ?? "{}");
    if (wait) await scheduler.wait(wait);
    if (fail && runsOf[url.pathname] > fail) return new Response("broken", { status: 503 });
    const etag = headers.etag;
    // Found still good, it is good for longer.
    const renewed = { ...headers, "cache-control": "public, max-age=60" };
    if (etag && request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers: renewed });
    return new Response(status === 204 ? null : "run " + runs, { status, headers });
  },
};
`;

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

function fronted(source: string, version = "v1", more: Partial<Version> = {}): Partial<Deployment> {
  const document = deployment({ modules: { "main.js": source }, version });
  Object.assign(document.workers?.[0]?.versions[0] as Version, { cache_enabled: true, ...more });
  return document;
}

const path = (name: string, answer: object = {}): string =>
  `/${name}?answer=${encodeURIComponent(JSON.stringify(answer))}`;
const cached = (name: string, control: string, more: object = {}): string =>
  path(name, { headers: { "cache-control": control, ...more } });
const cf = (answer: Answer): unknown => answer.headers["cf-cache-status"];

describe("in front of any Worker", () => {
  let count = 0;
  let name = "";
  beforeAll(async () => {
    expect((await gateway.deploy(fronted(WORKER))).status).toBe(200);
  });
  beforeEach(() => {
    name = `page${count++}`;
  });

  test("a hit does not run the Worker, whatever the host, for GET and HEAD alike", async () => {
    const url = cached(name, "public, max-age=60");
    const head = await gateway.request(url, { method: "HEAD" });
    expect([cf(head), head.text]).toEqual(["MISS", ""]);
    const get = await gateway.get(url);
    expect([cf(get), get.text]).toEqual(["HIT", get.text]);
    expect(get.headers["cache-control"]).toBe("public, max-age=60");
    const before = (await gateway.get("/runs")).json.runs;
    for (let time = 0; time < 5; time += 1) expect(cf(await gateway.get(url))).toBe("HIT");
    expect((await gateway.get("/runs")).json.runs).toBe(before);
  });

  test.each([
    ["Content-Length: 70", "GET /smuggled HTTP/1.1\r\nHost: api.example.com\r\nX-Evil: 1\r\n\r\n"],
    ["Transfer-Encoding: chunked", "20\r\nGET /smuggled HTTP/1.1\r\nX: 12345\r\n0\r\n\r\n"],
  ])("a GET with a body (%s): it goes no further, and the next request is nobody else's", async (framing, body) => {
    const url = cached(name, "public, max-age=60");
    for (let time = 0; time < 3; time += 1) {
      const head = `GET ${url}&${time} HTTP/1.1\r\nHost: api.example.com\r\n${framing}\r\nConnection: close\r\n\r\n`;
      const { status, text } = await sendRaw(`http://127.0.0.1:${gateway.port}`, head + body);
      expect([status, /\r\n\r\n[\s\S]*run \d+/.test(text)]).toEqual([200, true]);
      const next = await gateway.get(`${cached(`next-${name}`, "no-store")}&${time}`);
      expect([next.status, next.text]).toEqual([200, expect.stringMatching(/^run \d+$/)]);
    }
  });

  test.each(["declared", "unknown"])(
    "an answer of %s length that breaks off is no whole one, and never a hit",
    async (length) => {
      const source = `
      let runs = 0;
      export default { fetch(request) {
        runs += 1;
        const chunk = new TextEncoder().encode("x".repeat(1000));
        let sent = 0;
        const body = new ReadableStream({ pull(controller) {
          if (sent++ < 3) controller.enqueue(chunk); else if (runs < 3) controller.error(new Error("broken off")); else controller.close();
        } });
        const headers = { "Cache-Control": "public, max-age=60" };
        if (request.url.includes("unknown")) return new Response(body, { headers });
        const fixed = new FixedLengthStream(runs < 3 ? 4000 : 3000);
        body.pipeTo(fixed.writable).catch(() => {});
        return new Response(fixed.readable, { headers });
      } };`;
      const other = await startGateway();
      await other.deploy(fronted(source, `breaks-${length}`));
      for (let time = 0; time < 2; time += 1) {
        const answer = await other.get(`/${length}`).catch(() => undefined);
        expect(answer && [answer.status, cf(answer), answer.text.length]).toBeUndefined();
      }
      const whole = await other.get(`/${length}`);
      expect(other.stderr()).toBe("");
      expect([whole.status, cf(whole), whole.text.length]).toEqual([200, "MISS", 3000]);
      await other.stop();
    },
  );

  test.each(["a client that leaves while it sends", "a client that leaves while it is answered"])(
    "%s: the others get whole answers",
    async (how) => {
      const url = cached(name, "public, max-age=60");
      await new Promise<void>((resolve) => {
        const socket = connect(gateway.port, "127.0.0.1", () => {
          const framing = how.endsWith("sends") ? "Content-Length: 100\r\n" : "";
          socket.write(`GET ${url} HTTP/1.1\r\nHost: api.example.com\r\n${framing}\r\n${framing && "part"}`);
          setTimeout(() => socket.destroy(), 20);
        });
        socket.on("error", () => {}).on("close", () => resolve());
      });
      const answer = await gateway.get(url);
      expect([answer.status, answer.text]).toEqual([200, expect.stringMatching(/^run \d+$/)]);
    },
  );

  test("a version without it has no Cf-Cache-Status", async () => {
    const plain = deployment({ modules: { "main.js": WORKER }, name: "plain", version: "p1" }, { stack: "plain" });
    const other = await startGateway();
    await other.deploy(plain);
    expect((await other.get(cached(name, "max-age=60"))).headers).not.toHaveProperty("cf-cache-status");
    await other.stop();
  });

  test.each([
    ["private", { "cache-control": "private" }],
    ["no-store", { "cache-control": "no-store" }],
    ["Set-Cookie", { "cache-control": "public, max-age=60", "set-cookie": "a=1" }],
    ["Vary: *", { "cache-control": "public, max-age=60", vary: "*" }],
    ["its own field before all", { "cache-control": "max-age=60", "cloudflare-cdn-cache-control": "no-store" }],
  ])("%s is not stored", async (_what, headers) => {
    for (let time = 0; time < 2; time += 1) expect(cf(await gateway.get(path(name, { headers })))).toBe("BYPASS");
  });

  test("a request with Authorization is stored only where the answer says so", async () => {
    const authorised = { Authorization: "Bearer x" };
    expect(cf(await gateway.get(cached(name, "max-age=60"), authorised))).toBe("BYPASS");
    const open = cached(name, "public, max-age=60");
    expect(cf(await gateway.get(open, authorised))).toBe("MISS");
    expect(cf(await gateway.get(open))).toBe("HIT");
  });

  test("what says nothing is stored by its status: the trap that the engine `platform` must close", async () => {
    for (const [status, expected] of [
      [200, "HIT"],
      [404, "HIT"],
      [403, "BYPASS"],
      [500, "BYPASS"],
    ] as const) {
      const url = path(`${name}-${status}`, { status });
      await gateway.get(url);
      expect([status, cf(await gateway.get(url))]).toEqual([status, expected]);
    }
  });

  test("the most specific field wins, and what is for the cache alone ends there", async () => {
    const headers = {
      "cache-control": "no-store",
      "cdn-cache-control": "max-age=60",
      "cloudflare-cdn-cache-control": "max-age=600",
      "cache-tag": "a",
    };
    await gateway.get(path(name, { headers }));
    const hit = await gateway.get(path(name, { headers }));
    expect(cf(hit)).toBe("HIT");
    expect(hit.headers).toMatchObject({ "cache-control": "no-store", "cdn-cache-control": "max-age=60" });
    expect(Object.keys(hit.headers)).not.toEqual(expect.arrayContaining(["cache-tag"]));
    expect(Object.keys(hit.headers).filter((key) => /edgewright|cloudflare-cdn/.test(key))).toEqual([]);
  });

  test("other methods go by it", async () => {
    const url = cached(name, "public, max-age=60");
    await gateway.get(url);
    expect(cf(await gateway.request(url, { method: "POST", body: "x" }))).toBe("BYPASS");
    expect(cf(await gateway.get(url))).toBe("HIT");
  });

  test("queries in another order, and headers that poison, are other entries", async () => {
    const url = `${cached(name, "public, max-age=60")}&b=1`;
    await gateway.get(url);
    const [, first, second] = url.split(/[?&]/);
    expect(cf(await gateway.get(`/${name}?${second}&${first}`))).toBe("MISS");
    expect(cf(await gateway.get(url, { "X-Original-URL": "/admin" }))).toBe("MISS");
    expect(cf(await gateway.get(url, { Cookie: "a=1", "User-Agent": "other" }))).toBe("HIT");
  });

  test("Vary keeps variants apart", async () => {
    const url = cached(name, "public, max-age=60", { vary: "accept-language" });
    expect(cf(await gateway.get(url, { "Accept-Language": "de" }))).toBe("MISS");
    expect(cf(await gateway.get(url, { "Accept-Language": "fr" }))).toBe("MISS");
    expect(cf(await gateway.get(url, { "Accept-Language": "de" }))).toBe("HIT");
  });

  test("a range is cut from the whole answer", async () => {
    const url = cached(name, "public, max-age=60");
    const part = await gateway.get(url, { Range: "bytes=0-2" });
    expect([part.status, part.text]).toEqual([206, "run"]);
    expect(cf(await gateway.get(url))).toBe("HIT");
  });

  describe("what is not stored", () => {
    const unstored = (more: object = {}): string =>
      path(name, {
        headers: {
          "cache-control": "no-store",
          etag: '"1"',
          vary: "accept-language",
          "content-location": "/here",
          "last-modified": "Mon, 01 Jun 2026 00:00:00 GMT",
          "x-cache": "own",
          "cache-status": "own; hit",
          ...more,
        },
      });

    test.each([
      { "If-None-Match": '"0", "1"' },
      { "If-None-Match": 'W/"1"' },
      { "If-Modified-Since": "Mon, 01 Jun 2026 00:00:00 GMT" },
    ])("is answered with 304 by %j, with all that a 304 must say", async (condition) => {
      // Now and when it is known that the answer is not stored.
      for (let time = 0; time < 3; time += 1) {
        const answer = await gateway.get(unstored(), condition);
        expect([answer.status, answer.text, cf(answer)]).toEqual([304, "", "BYPASS"]);
        const control = answer.headers["cache-control"];
        expect(["no-store", "public, max-age=60"]).toContain(control);
        expect(answer.headers).toMatchObject({ etag: '"1"', vary: "accept-language", "content-location": "/here" });
        expect(answer.headers).toMatchObject({ "x-cache": "own", "cache-status": "own; hit" });
        expect(answer.headers).toHaveProperty("date");
        expect(Object.keys(answer.headers).filter((key) => /^content-(length|type)|edgewright/.test(key))).toEqual([]);
      }
      const other = await gateway.get(unstored(), { "If-None-Match": '"2"' });
      expect([other.status, other.text.slice(0, 3)]).toEqual([200, "run"]);
    });

    test("is cut to the range that is asked for; the Worker is asked for the whole", async () => {
      for (let time = 0; time < 3; time += 1) {
        const part = await gateway.get(unstored(), { Range: "bytes=1-2" });
        expect([part.status, part.text, cf(part)]).toEqual([206, "un", "BYPASS"]);
        expect(part.headers["content-range"]).toMatch(/^bytes 1-2\/\d+$/);
        expect(part.headers).toMatchObject({ "content-length": "2", "cache-control": "no-store", etag: '"1"' });
      }
      const last = await gateway.get(unstored(), { Range: "bytes=1-2", "If-Range": '"1"' });
      expect([last.status, last.text]).toEqual([206, "un"]);
      const none = await gateway.get(unstored(), { Range: "bytes=900-" });
      expect([none.status, none.text]).toEqual([416, ""]);
      expect(none.headers["content-range"]).toMatch(/^bytes \*\/\d+$/);
      for (const more of [
        { Range: "bytes=0-0,2-2" },
        { Range: "lines=1-2" },
        { Range: "bytes=1-2", "If-Range": '"0"' },
      ])
        expect((await gateway.get(unstored(), more as unknown as Record<string, string>)).status).toBe(200);
      const head = await gateway.request(unstored(), { method: "HEAD", headers: { Range: "bytes=1-2" } });
      expect([head.status, head.text]).toEqual([200, ""]);
    });
  });

  test("a crowd runs the Worker once", async () => {
    const before = (await gateway.get("/runs")).json.runs;
    const url = path(name, { wait: 200, headers: { "cache-control": "public, max-age=60" } });
    const texts = new Set((await Promise.all(Array.from({ length: 16 }, () => gateway.get(url)))).map((a) => a.text));
    expect(texts.size).toBe(1);
    expect((await gateway.get("/runs")).json.runs).toBe(before + 1);
  });

  test("stale: served at once with stale-while-revalidate, refreshed behind", async () => {
    const url = cached(name, "public, max-age=1, stale-while-revalidate=60");
    const first = await gateway.get(url);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const seen = await gateway.get(url);
    expect([cf(seen), seen.text]).toEqual(["UPDATING", first.text]);
    await until(async () => (await gateway.get(url)).text !== first.text);
  });

  test("stale: s-maxage forbids it, so the Worker is asked, and a 304 keeps the body", async () => {
    const plain = cached(`${name}-a`, "public, s-maxage=1, stale-while-revalidate=60");
    const tagged = cached(`${name}-b`, "public, max-age=1", { etag: '"1"' });
    await Promise.all([gateway.get(plain), gateway.get(tagged)]);
    await new Promise((resolve) => setTimeout(resolve, 1300));
    expect(cf(await gateway.get(plain))).toBe("EXPIRED");
    expect(cf(await gateway.get(tagged))).toBe("REVALIDATED");
    // For a second: a machine that is held up for longer asks again.
    await expect.poll(async () => cf(await gateway.get(tagged))).toBe("HIT");
  });

  test("stale: a failing Worker is covered up, unless the answer says stale-if-error=0", async () => {
    const make = (part: string, control: string) =>
      path(`${name}-${part}`, { fail: 1, headers: { "cache-control": control } });
    const bold = make("bold", "public, max-age=1");
    const plain = make("plain", "public, max-age=1, stale-if-error=0");
    for (const url of [bold, plain]) expect((await gateway.get(url)).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 1300));
    const covered = await gateway.get(bold);
    expect([covered.status, cf(covered)]).toEqual([200, "STALE"]);
    expect((await gateway.get(plain)).status).toBe(503);
  });

  test("each version has its own, unless versions share one", async () => {
    const url = cached(name, "public, max-age=60");
    await gateway.get(url);
    await gateway.deploy(fronted(WORKER, "v2"));
    expect(cf(await gateway.get(url))).toBe("MISS");
    await gateway.deploy(fronted(WORKER, "v3", { cross_version_cache: true }));
    expect(cf(await gateway.get(url))).toBe("MISS");
    await gateway.deploy(fronted(WORKER, "v4", { cross_version_cache: true }));
    expect(cf(await gateway.get(url))).toBe("HIT");
    await gateway.deploy(fronted(WORKER));
    expect(cf(await gateway.get(url))).toBe("HIT");
  });

  test("ctx.cache: purge removes by tag whatever the case, invalidate leaves what is stale", async () => {
    const tagged = cached(`${name}-t`, "public, max-age=60", { "cache-tag": "Red,blue" });
    const kept = cached(`${name}-k`, "public, max-age=60", { "cache-tag": "green" });
    for (const url of [tagged, kept]) await gateway.get(url);
    const call = (how: string, what: object) =>
      gateway.request(`/purge?how=${how}`, { method: "POST", body: JSON.stringify(what) });
    expect((await call("purge", { tags: ["RED"] })).json).toEqual({ success: true, errors: [] });
    expect(cf(await gateway.get(tagged))).toBe("MISS");
    expect(cf(await gateway.get(kept))).toBe("HIT");
    const { text } = await gateway.get(kept);
    await call("invalidate", { pathPrefixes: [`/${name}-k`] });
    expect((await gateway.get(kept)).text).toBe(text);
    await until(async () => (await gateway.get(kept)).text !== text);
    expect((await call("purge", { hosts: ["x"] })).json).toMatchObject({ success: false });
    await call("purge", { purgeEverything: true });
    expect(cf(await gateway.get(tagged))).toBe("MISS");
  });
});

test.each<[Outcome | undefined, string]>([
  [undefined, "BYPASS"],
  [{ kind: "forwarded", forward: "uri-miss", storage: "stored" }, "MISS"],
  [{ kind: "forwarded", forward: "uri-miss", storage: "collapsed" }, "MISS"],
  [{ kind: "hit", tier: "memory", ttl: 9 }, "HIT"],
  [{ kind: "hit", tier: "memory", ttl: -1 }, "UPDATING"],
  [{ kind: "forwarded", forward: "stale", storage: "stored" }, "EXPIRED"],
  [{ kind: "forwarded", forward: "stale", originStatus: 304, storage: "stored" }, "REVALIDATED"],
  [{ kind: "stale-instead", tier: "memory", forward: "stale", reason: "stale-if-error", originStatus: 503 }, "STALE"],
  [{ kind: "stale-instead", tier: "memory", forward: "stale", reason: "collapsed" }, "STALE"],
  [{ kind: "forwarded", forward: "uri-miss", storage: "private" }, "BYPASS"],
])("the core's %j is %s", (outcome, expected) => {
  expect(statusOf(outcome)).toBe(expected);
});

describe("the two engines", () => {
  let bundles: Awaited<ReturnType<typeof buildBundles>>;
  let shop: Origin;
  beforeAll(async () => {
    bundles = await buildBundles();
    shop = await startOrigin("shop", (received, reply) => {
      if (received.url.startsWith("/gone")) reply.statusCode = 404;
      if (received.url.startsWith("/own")) {
        reply.setHeader("etag", '"own"');
        reply.setHeader("content-length", 1 << 20);
        reply.end(Buffer.alloc(1 << 20, "0123456789"));
        return;
      }
      reply.setHeader("cache-tag", "shop");
      reply.end(`answer ${shop.requests.length}`);
    });
  });
  afterAll(async () => {
    await shop.close();
    await bundles.remove();
  });

  const kv = { binding: "CACHE", ttl_s: 600, jitter_s: null, max_object_bytes: 1_000_000 };
  const memory = { max_bytes: 1_000_000, max_object_bytes: 100_000, ttl_ceiling_s: null, jitter_s: null };

  async function deploy(engine: "worker" | "platform", version: string): Promise<void> {
    const strategy = policy({
      engine,
      immutable: true,
      tags: ["all"],
      key: { query: "all", query_names: [], headers: [], cookies: [], country: false, region: false, host: false },
      tiers: { memory, edge: { ttl_ceiling_s: null, jitter_s: null }, kv, shield: null },
    });
    const limit = { binding: "LIMIT", limit: 1000, period_s: 60 as const };
    const document = settings({
      routers: [router("r", [origin("us", shop.url)])],
      endpoints: [
        endpoint("/open/*", "r", { cache: strategy }),
        endpoint("/gone", "r", { cache: strategy }),
        endpoint("/limited", "r", { cache: strategy, rate_limit: limit }),
        endpoint("/country", "r", { cache: { ...strategy, key: { ...strategy.key, country: true } } }),
        endpoint("/hosts", "r", { cache: { ...strategy, key: { ...strategy.key, host: true } } }),
        endpoint("/plain", "r"),
        endpoint("/own/*", "r", { cache: { ...strategy, engine: "worker" } }),
        endpoint("/own-plain", "r"),
      ],
    });
    const files = workerModules(bundles.directory, { settings: document });
    const modules = Object.fromEntries(files.map(({ path, contents }) => [path, contents]));
    const full = deployment(
      {
        modules,
        version,
        bindings: [
          { type: "option", option: "kvNamespaces", name: "CACHE", value: "cache-id" },
          {
            type: "option",
            option: "ratelimits",
            name: "LIMIT",
            value: { namespace_id: "1", simple: { limit: 1000, period: 60 } },
          },
        ],
      },
      { kv_namespaces: [{ id: "cache-id", title: "cache" }] },
    );
    Object.assign(full.workers?.[0]?.versions[0] as Version, { cache_enabled: engine === "platform" });
    const answer = await gateway.deploy(full);
    expect(answer.text).toContain("generation");
  }

  const purge = (what: object) => gateway.control("POST", "/v1/purge", what);

  describe("platform", () => {
    beforeAll(() => deploy("platform", "e1"));

    test("an open endpoint is answered in front, and says nothing there that is true of one request only", async () => {
      const first = await gateway.get("/open/a");
      // A browser's 60 s are from when it gets the answer, which may be a second old by then.
      const lifetime = 60 + Number(first.headers.age ?? 0);
      expect([cf(first), first.headers["cache-control"]]).toEqual(["MISS", `public, max-age=${lifetime}, immutable`]);
      const hit = await gateway.get("/open/a");
      expect([cf(hit), hit.text]).toEqual(["HIT", first.text]);
      for (const header of ["x-cache", "x-origin-latency", "cloudflare-cdn-cache-control", "cache-tag"])
        expect(hit.headers).not.toHaveProperty(header);
    });

    test.each([
      ["a counted caller", "/limited", "HIT-EDGE"],
      ["what is kept apart by country", "/country", "HIT-EDGE"],
      ["what is kept apart by host", "/hosts", "HIT-EDGE"],
      ["no policy", "/plain", "BYPASS"],
      ["no endpoint", "/nowhere", undefined],
      ["another spelling of a path", "/open/%61", "HIT-EDGE"],
    ])("%s: the Worker answers each time", async (_what, url, last) => {
      await gateway.get(url);
      const again = await gateway.get(url);
      expect(cf(again)).toBe("BYPASS");
      if (last !== undefined) expect(again.headers["x-cache"]).toBe(last);
    });

    test.each(["/own/a", "/own-plain"])("%s beside it answers ranges and conditions as it does alone", async (url) => {
      for (let time = 0; time < 3; time += 1) {
        const part = await gateway.get(url, { Range: "bytes=100-199" });
        expect([part.status, part.text.length, part.headers["content-range"]]).toEqual([
          206,
          100,
          `bytes 100-199/${1 << 20}`,
        ]);
        expect(part.text.slice(0, 10)).toBe("0123456789");
        const same = await gateway.get(url, { "If-None-Match": '"own"' });
        expect([same.status, same.headers.etag]).toEqual([304, '"own"']);
        expect(same.headers).toHaveProperty("x-cache");
        expect(same.headers).toHaveProperty("cache-status");
        // A browser's 60 s are from when it gets the answer, so a copy that lay at the edge says its age more.
        if (url === "/own/a") {
          const [whole, told] = /^public, max-age=(\d+), immutable$/.exec(same.headers["cache-control"] ?? "") ?? [];
          expect(whole).toBeDefined();
          expect(Number(told)).toBe(60 + Number(same.headers.age ?? 0));
        }
        expect((await gateway.get(url)).text.length).toBe(1 << 20);
      }
    });

    test("an error is not kept and not called immutable", async () => {
      for (let time = 0; time < 2; time += 1) {
        const answer = await gateway.get("/gone");
        expect([answer.status, cf(answer), answer.headers["cache-control"]]).toEqual([
          404,
          "BYPASS",
          "public, max-age=0",
        ]);
      }
    });

    test("behind it the Worker's own tiers answer a new version, and a crowd reaches the origin once", async () => {
      const { text } = await gateway.get("/open/kv");
      await until(async () => (await gateway.control("GET", "/v1/kv/cache-id/keys")).text.includes("/open/kv"));
      await deploy("platform", "e2");
      const seen = shop.requests.length;
      const again = await gateway.get("/open/kv");
      expect([cf(again), again.text]).toEqual(["MISS", text]);
      expect(again.headers["cache-status"]).toMatch(/^edgewright; hit; ttl=\d+; detail=kv$/);
      expect(shop.requests.length).toBe(seen);
      await Promise.all(Array.from({ length: 8 }, () => gateway.get("/open/crowd")));
      expect(shop.requests.length).toBe(seen + 1);
    });

    test("a purge from outside needs a ticket in the cache's own namespace", async () => {
      const post = (body: string) => gateway.request("/.well-known/edgewright/purge", { method: "POST", body });
      const ticket = "A".repeat(43);
      expect((await post("{}")).status).toBe(400);
      expect((await post(JSON.stringify({ ticket }))).status).toBe(404);
      await gateway.get("/open/ticket");
      expect(cf(await gateway.get("/open/ticket"))).toBe("HIT");
      await gateway.control("PUT", `/v1/kv/cache-id/values/purge-request:${ticket}`, '{"tags":["all"]}');
      const answer = await post(JSON.stringify({ ticket }));
      expect(answer.json).toMatchObject({ front: "purged", memory: expect.any(Number) });
      const { length } = shop.requests;
      expect(cf(await gateway.get("/open/ticket"))).toBe("MISS");
      expect(shop.requests.length).toBe(length + 1);
      await until(async () => (await post(JSON.stringify({ ticket }))).status === 404);
    });
  });

  describe.each(["worker", "platform"] as const)("a purge with the engine %s", (engine) => {
    beforeAll(() => deploy(engine, `purge-${engine}`));

    const twice = async (url: string): Promise<string> => {
      await gateway.get(url);
      const { text } = await gateway.get(url);
      // Until it is in KV too: a purge of the nearer tiers alone would bring it back from there.
      await until(async () => (await gateway.control("GET", "/v1/kv/cache-id/keys")).text.includes(url));
      return text;
    };

    test.each([
      ["by URL on this machine", (url: string) => ({ urls: [`http://127.0.0.1:8787${url}`] })],
      ["by URL", (url: string) => ({ urls: [`https://api.example.com${url}`] })],
      ["by path", (url: string) => ({ urls: [url] })],
      ["by prefix", (url: string) => ({ prefixes: [url.slice(0, url.lastIndexOf("/"))] })],
      ["by tag of the origin", () => ({ tags: ["shop"] })],
      ["by tag of the policy", () => ({ tags: ["all"] })],
      ["everything", () => ({ everything: true })],
    ])("%s is seen at once, in every tier", async (what, request) => {
      const url = `/open/${engine}/${what.replaceAll(" ", "-")}`;
      const before = await twice(url);
      const answer = await purge(request(url));
      expect(answer.status).toBe(200);
      expect(answer.json.workers).toHaveLength(1);
      expect((await gateway.get(url)).text).not.toBe(before);
    });

    test.each(["/a;b=1", "//dd", "/a|b", "/ww?a=1;b=2", "/./%61"])("what a client spells as %s", async (spelled) => {
      const url = `/open/${engine}/spelled${spelled}`;
      const form = `/open/${engine}/spelled`;
      for (const request of [
        { urls: [url] },
        { urls: [`http://127.0.0.1:8787${url}`] },
        { urls: [`https://API.example.com:8443${url}`] },
        { prefixes: [url.split("?")[0]] },
      ]) {
        await gateway.get(url);
        const { text } = await gateway.get(url);
        await until(async () => (await gateway.control("GET", "/v1/kv/cache-id/keys")).text.includes(form));
        expect((await purge(request)).status).toBe(200);
        expect((await gateway.get(url)).text).not.toBe(text);
      }
    });

    test("another path stays", async () => {
      const before = await twice(`/open/${engine}/stays`);
      await purge({ urls: [`/open/${engine}/other`], tags: ["other"] });
      expect((await gateway.get(`/open/${engine}/stays`)).text).toBe(before);
    });

    test("soft marks as stale: served once more while it is fetched anew", async () => {
      const url = `/open/${engine}/soft`;
      const before = await twice(url);
      await purge({ urls: [url], soft: true });
      expect((await gateway.get(url)).text).toBe(before);
      await until(async () => (await gateway.get(url)).text !== before);
    });
  });

  test("faults of a purge are named together", async () => {
    const answer = await purge({ urls: ["ftp://x/", ""], soft: 1, what: 1 });
    expect(answer.status).toBe(400);
    for (const part of ["what is unknown", "soft must be", "urls must be"]) expect(answer.json.detail).toContain(part);
    expect((await purge({})).json.detail).toContain("nothing to purge");
    expect((await purge({ urls: ["ftp://x/"] })).json.detail).toContain("http:// or https://");
  });

  test("what cannot be there is refused before anything is purged, each with why", async () => {
    const { text } = await gateway.get("/open/kept");
    const answer = await purge({
      urls: ["/open/kept", "/%zz", "//x", "http://other.example/x", "http://[bad", "http://h:999999/"],
      prefixes: ["/a%2Fb"],
      tags: ["all"],
    });
    expect(answer.status).toBe(400);
    expect(answer.json.faults).toEqual([
      { list: "urls", value: "//x", message: expect.stringContaining("begins with `//`") },
      { list: "urls", value: "http://[bad", message: expect.stringContaining("http:// or https:// URL") },
      { list: "urls", value: "http://h:999999/", message: expect.stringContaining("http:// or https:// URL") },
    ]);
    const sound = await purge({ urls: ["/open/kept", "/%zz", "http://other.example/x"], prefixes: ["/a%2Fb"] });
    expect([sound.status, sound.json.faults]).toEqual([
      400,
      [
        {
          list: "urls",
          value: "/%zz",
          message: expect.stringContaining("can never be served: The path has a `%`"),
          code: "EWF412",
        },
        { list: "urls", value: "http://other.example/x", message: expect.stringContaining("It has: api.example.com.") },
        { list: "prefixes", value: "/a%2Fb", message: expect.stringContaining("can never be served"), code: "EWF412" },
      ],
    ]);
    expect((await purge({ everything: true, dry_run: true })).json.workers).toEqual([]);
    expect((await gateway.get("/open/kept")).text).toBe(text);
  });

  test("a client cannot purge with the gateway's own header", async () => {
    const answer = await gateway.request("/plain", { method: "POST", headers: { "X-Local-Purge": "x" }, body: "{}" });
    expect(answer.status).toBe(405);
  });
});
