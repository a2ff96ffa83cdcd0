// The table of https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html, row by row, and the
// rules for errors of https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html.

import { describe, expect, it } from "vitest";
import { headersOf } from "../../src/platforms/cloudfront/gateway/headers.js";
import { errorLifetime, lifetimeOf } from "../../src/platforms/cloudfront/gateway/ttl.js";
import { clock, edge, origin, simple } from "./support.js";

const NOW = Date.parse("2026-11-01T00:00:00Z");
const EXPIRES_IN = (seconds: number): string => new Date(NOW + seconds * 1000).toUTCString();

const ttl = (headers: Record<string, string>, min: number, def: number, max: number): number | undefined =>
  lifetimeOf(200, headersOf(Object.entries(headers)), { min, default: def, max }, NOW).ttl;

const cc = (value: string): Record<string, string> => ({ "Cache-Control": value });

describe("the table of TTLs", () => {
  // [origin's headers, minimum, default, maximum, expected]
  const rows: [string, Record<string, string>, number, number, number, number | undefined][] = [
    ["max-age under the maximum, minimum 0", cc("max-age=100"), 0, 50, 200, 100],
    ["max-age over the maximum, minimum 0", cc("max-age=300"), 0, 50, 200, 200],
    ["max-age between minimum and maximum", cc("max-age=100"), 10, 50, 200, 100],
    ["max-age under the minimum", cc("max-age=5"), 10, 50, 200, 10],
    ["max-age over the maximum, minimum over 0", cc("max-age=300"), 10, 50, 200, 200],
    ["no max-age, minimum 0: the default", {}, 0, 50, 200, 50],
    ["no max-age, default over minimum", {}, 10, 50, 200, 50],
    ["no max-age, minimum over default", {}, 60, 50, 200, 60],
    ["max-age and s-maxage: s-maxage", cc("max-age=1, s-maxage=100"), 0, 50, 200, 100],
    ["s-maxage over the maximum", cc("max-age=1, s-maxage=300"), 0, 50, 200, 200],
    ["s-maxage under the minimum", cc("max-age=100, s-maxage=5"), 10, 50, 200, 10],
    ["Expires before the maximum", { Expires: EXPIRES_IN(100) }, 0, 50, 200, 100],
    ["Expires after the maximum", { Expires: EXPIRES_IN(300) }, 0, 50, 200, 200],
    ["Expires before the minimum", { Expires: EXPIRES_IN(5) }, 10, 50, 200, 10],
    ["Expires and max-age: max-age", { ...cc("max-age=100"), Expires: EXPIRES_IN(5) }, 0, 50, 200, 100],
    ["Expires that is no date", { Expires: "0" }, 0, 50, 200, 0],
    ["no-store, minimum 0: obeyed", cc("no-store"), 0, 50, 200, undefined],
    ["private, minimum 0: obeyed", cc("private, max-age=100"), 0, 50, 200, undefined],
    ["no-cache, minimum 0: kept, validated each time", cc("no-cache"), 0, 50, 200, 0],
    ["no-store, minimum over 0: the minimum", cc("no-store"), 10, 50, 200, 10],
    ["no-cache, minimum over 0: the minimum", cc("no-cache, max-age=100"), 10, 50, 200, 10],
    ["private, minimum over 0: the minimum", cc("private"), 10, 50, 200, 10],
    ['no-cache="Set-Cookie" is about that header', cc('no-cache="Set-Cookie", max-age=100'), 0, 50, 200, 100],
    ["maximum 0: never", cc("max-age=100"), 0, 0, 0, undefined],
  ];
  it.each(rows)("%s", (_name, headers, min, def, max, expected) => {
    expect(ttl(headers, min, def, max)).toBe(expected);
  });

  it("limits stale-while-revalidate and stale-if-error by the maximum", () => {
    const headers = headersOf([["Cache-Control", "max-age=10, stale-while-revalidate=500, stale-if-error=500"]]);
    expect(lifetimeOf(200, headers, { min: 0, default: 50, max: 200 }, NOW)).toEqual({
      ttl: 10,
      staleWhileRevalidate: 200,
      staleIfError: 200,
    });
  });
});

describe("errors", () => {
  const error = (status: number, headers: Record<string, string> = {}, minimum = 10, max = 1000): number | undefined =>
    errorLifetime(status, headersOf(Object.entries(headers)), { min: 0, default: 86400, max }, minimum, NOW).ttl;

  it("are kept for the error caching minimum TTL", () => {
    for (const status of [404, 414, 500, 501, 502, 503, 504]) expect([status, error(status)]).toEqual([status, 10]);
    expect(error(404, {}, 300)).toBe(300);
    expect(error(404, cc("no-store"))).toBe(10);
  });

  it("are kept for the greater of the origin's max-age and the minimum, up to the maximum TTL", () => {
    expect(error(404, cc("max-age=60"))).toBe(60);
    expect(error(404, cc("max-age=5"))).toBe(10);
    expect(error(404, cc("max-age=5000"))).toBe(1000);
    expect(error(404, { Expires: EXPIRES_IN(70) })).toBe(70);
  });

  it("of some kinds are kept only with max-age", () => {
    for (const status of [400, 403, 405, 412, 415]) {
      expect([status, error(status)]).toEqual([status, undefined]);
      expect([status, error(status, cc("max-age=60"))]).toEqual([status, 60]);
    }
    for (const status of [401, 416, 429])
      expect([status, error(status, cc("max-age=60"))]).toEqual([status, undefined]);
  });

  it("with a minimum of 0 are asked for again", () => {
    expect(error(503, {}, 0)).toBeUndefined();
  });
});

describe("over HTTP", () => {
  it("keeps an error for ten seconds and then asks again", async () => {
    const time = clock(NOW);
    let status = 503;
    const from = await origin((_request, response) => response.writeHead(status).end("busy"));
    const site = await edge(simple(from.port), { now: time.now });
    const first = await site.get("/a");
    expect([first.status, first.body, first.headers["x-cache"]]).toEqual([503, "busy", "Error from cloudfront"]);
    status = 200;
    time.advance(9);
    const cached = await site.get("/a");
    expect([cached.status, cached.headers["x-cache"], from.seen.length]).toEqual([503, "Error from cloudfront", 1]);
    time.advance(2);
    expect((await site.get("/a")).status).toBe(200);
  });

  it("serves a stale object while the origin fails, and leaves the origin alone for the error TTL", async () => {
    const time = clock(NOW);
    let status = 200;
    const from = await origin((_request, response) =>
      response.writeHead(status, { "Cache-Control": "max-age=5" }).end(`v${status}`),
    );
    const site = await edge(simple(from.port), { now: time.now });
    await site.get("/a");
    status = 500;
    time.advance(6);
    for (let round = 0; round < 3; round++) expect((await site.get("/a")).body).toBe("v200");
    expect(from.seen).toHaveLength(2);
    time.advance(11);
    await site.get("/a");
    expect(from.seen).toHaveLength(3);
    status = 200;
    time.advance(11);
    expect((await site.get("/a")).status).toBe(200);
    expect(from.seen).toHaveLength(4);
  });

  it("serves stale although the origin is gone, unless stale-if-error=0", async () => {
    const time = clock(NOW);
    const from = await origin((request, response) => {
      const extra = request.url === "/strict" ? ", stale-if-error=0" : "";
      response.writeHead(200, { "Cache-Control": `max-age=5${extra}` }).end("kept");
    });
    const site = await edge(simple(from.port, { min: 1 }), { now: time.now });
    await site.get("/lax");
    await site.get("/strict");
    await from.close();
    time.advance(6);
    expect((await site.get("/lax")).body).toBe("kept");
    expect((await site.get("/strict")).status).toBe(502);
  });

  it("says Hit of what is stale to each who waited in vain", async () => {
    const time = clock(NOW);
    let down = false;
    const from = await origin((_request, response) => {
      if (down) response.destroy();
      else response.writeHead(200, { "Cache-Control": "max-age=5" }).end("kept");
    });
    const site = await edge(simple(from.port, { min: 1 }), { now: time.now });
    await site.get("/a");
    time.advance(6);
    down = true;
    const answers = await Promise.all(["1", "2", "3"].map(() => site.get("/a")));
    expect(answers.map(({ headers, body }) => [headers["x-cache"], headers.age, body])).toEqual(
      Array(3).fill(["Hit from cloudfront", "6", "kept"]),
    );
  });

  it("answers with what is stale and revalidates behind it, with stale-while-revalidate", async () => {
    const time = clock(NOW);
    let version = 1;
    const from = await origin((_request, response) =>
      response.writeHead(200, { "Cache-Control": "max-age=5, stale-while-revalidate=60" }).end(`v${version}`),
    );
    const site = await edge(simple(from.port), { now: time.now });
    await site.get("/a");
    version = 2;
    time.advance(6);
    const stale = await site.get("/a");
    expect([stale.body, stale.headers["x-cache"]]).toEqual(["v1", "Hit from cloudfront"]);
    await site.cloudfront.settled();
    expect((await site.get("/a")).body).toBe("v2");
    expect(from.seen).toHaveLength(2);
  });

  it("does not store what the origin forbids to store", async () => {
    const from = await origin((_request, response) =>
      response.writeHead(200, { "Cache-Control": "no-store" }).end("x"),
    );
    const site = await edge(simple(from.port));
    for (let round = 0; round < 3; round++)
      expect((await site.get("/a")).headers["x-cache"]).toBe("Miss from cloudfront");
    expect(from.seen).toHaveLength(3);
  });

  it("asks the origin each time with Vary: * and a minimum TTL of 0, and not with another minimum", async () => {
    const from = await origin((_request, response) =>
      response.writeHead(200, { Vary: "*", "Cache-Control": "max-age=60" }).end("x"),
    );
    const each = await edge(simple(from.port));
    for (let round = 0; round < 2; round++)
      expect((await each.get("/a")).headers["x-cache"]).toBe("Miss from cloudfront");
    const kept = await edge(simple(from.port, { min: 1 }));
    await kept.get("/a");
    expect((await kept.get("/a")).headers["x-cache"]).toBe("Hit from cloudfront");
  });

  it("never collapses or stores with a maximum TTL of 0", async () => {
    const from = await origin((_request, response) => {
      setTimeout(() => response.writeHead(200, { "Cache-Control": "max-age=60" }).end("x"), 30);
    });
    const site = await edge(simple(from.port, { default: 0, max: 0 }));
    await Promise.all(Array.from({ length: 8 }, () => site.get("/a")));
    expect(from.seen).toHaveLength(8);
  });

  it("uses the legacy settings of a behavior without a cache policy", async () => {
    const from = await origin((request, response) => response.end(request.url));
    const legacy = {
      cache_policy_id: null,
      forwarded_values: {
        query_string: true,
        query_string_cache_keys: ["q"],
        headers: [],
        cookies: { forward: "whitelist" as const, whitelisted_names: ["a"] },
      },
      default_ttl: 60,
    };
    const document = simple(from.port);
    Object.assign(document.distributions[0]?.default_cache_behavior as object, legacy);
    const site = await edge(document);
    await site.get("/a?q=1&r=1", { headers: { Cookie: "a=1; b=2", "X-Other": "yes", Accept: "text/html" } });
    expect((await site.get("/a?q=1&r=2", { headers: { Cookie: "a=1; b=3" } })).headers["x-cache"]).toBe(
      "Hit from cloudfront",
    );
    expect((await site.get("/a?q=2", { headers: { Cookie: "a=1" } })).headers["x-cache"]).toBe("Miss from cloudfront");
    expect(from.seen[0]?.url).toBe("/a?q=1&r=1");
    expect([from.seen[0]?.headers.cookie, from.seen[0]?.headers["x-other"], from.seen[0]?.headers.accept]).toEqual([
      "a=1",
      "yes",
      undefined,
    ]);
  });
});
