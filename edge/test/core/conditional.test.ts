/** Conditional requests (RFC 9110 section 13): one table, for the cache and for static files alike. */

import { describe, expect, it } from "vitest";
import { rangeApplies } from "../../src/core/conditional";
import { createEdge } from "../../src/core/edge";
import { entityTagsIn, isStrong, stronglyEqual, weaklyEqual } from "../../src/core/entity-tags";
import { cache } from "../../src/core/features/cache";
import { cacheMemory } from "../../src/core/features/cache-memory";
import { cacheOrigin } from "../../src/core/features/cache-origin";
import { geo } from "../../src/core/features/geo";
import { testHost } from "../support/host";
import { endpoint, origin, policy, router, settings } from "../support/settings";

const NOW = Date.UTC(2026, 0, 15, 12, 0, 0);
const date = (seconds: number) => new Date(NOW + seconds * 1000).toUTCString();
const offset = (seconds: number) => date(seconds).replace("GMT", "+0000");

/** `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`: what senders must no longer write, and all must read. */
function rfc850(seconds: number): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) \d\d(\d\d) (\S+)/.exec(date(seconds)) as unknown as string[];
  const weekday = new Intl.DateTimeFormat("en", { weekday: "long", timeZone: "UTC" }).format(NOW + seconds * 1000);
  return `${weekday}, ${day}-${month}-${year} ${time} GMT`;
}
function asctime(seconds: number): string {
  const [, weekday, day, month, year, time] = /^(\w+), (\d+) (\w+) (\d+) (\S+)/.exec(
    date(seconds),
  ) as unknown as string[];
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`;
}

type Fields = Record<string, string>;
const ETAG: Fields = { etag: '"a"' };
const MODIFIED: Fields = { "last-modified": date(-600) };

/** The request's conditions, the representation, and the status of the answer. */
const CASES: [string, Fields, Fields, number][] = [
  ["no condition", {}, ETAG, 200],
  ["the tag that it has", { "if-none-match": '"a"' }, ETAG, 304],
  ["a weak tag of the same text", { "if-none-match": 'W/"a"' }, ETAG, 304],
  ["another tag", { "if-none-match": '"b"' }, ETAG, 200],
  ["the tag in a list", { "if-none-match": '"b", W/"c,d" ,"a"' }, ETAG, 304],
  ["a list whose comma is in a tag", { "if-none-match": '"b,a"' }, ETAG, 200],
  ["any tag", { "if-none-match": " * " }, ETAG, 304],
  ["a tag without quotes", { "if-none-match": "a" }, ETAG, 200],
  ["a tag that is never closed", { "if-none-match": '"a' }, ETAG, 200],
  ["a tag in another case", { "if-none-match": 'w/"a"' }, { etag: 'W/"b"' }, 200],
  ["the date of the last change", { "if-modified-since": date(-600) }, MODIFIED, 304],
  ["a date after the last change", { "if-modified-since": date(-10) }, MODIFIED, 304],
  ["this very moment", { "if-modified-since": date(0) }, MODIFIED, 304],
  ["a date before the last change", { "if-modified-since": date(-601) }, MODIFIED, 200],
  ["a date in the future", { "if-modified-since": date(1) }, MODIFIED, 200],
  ["a date with an offset", { "if-modified-since": offset(-10) }, MODIFIED, 200],
  ["a date in ISO 8601", { "if-modified-since": new Date(NOW).toISOString() }, MODIFIED, 200],
  ["what is no date", { "if-modified-since": "0" }, MODIFIED, 200],
  ["two dates", { "if-modified-since": `${date(-10)}, ${date(-10)}` }, MODIFIED, 200],
  ["an obsolete date (RFC 850)", { "if-modified-since": rfc850(-10) }, MODIFIED, 304],
  ["an obsolete date (asctime)", { "if-modified-since": asctime(-10) }, MODIFIED, 304],
  [
    "a date, and another tag",
    { "if-modified-since": date(-10), "if-none-match": '"b"' },
    { ...ETAG, ...MODIFIED },
    200,
  ],
];

function site(fields: Fields, files: boolean, cached: boolean) {
  const memory = { max_bytes: 1 << 20, max_object_bytes: 1 << 16, ttl_ceiling_s: null, jitter_s: null };
  const tiers = { ...policy().tiers, edge: null, memory };
  const asked: Request[] = [];
  const edge = createEdge(
    settings({
      endpoints: [
        endpoint("/*", "r", {
          static: files,
          cache: cached ? policy({ mode: "origin", edge_ttl_s: null, tiers }) : null,
        }),
      ],
      routers: [router("r", [origin("us", "http://origin.test")])],
    }),
    { features: [cache, cacheMemory, cacheOrigin, geo] },
  );
  const host = testHost({
    fetch: async (request) => {
      asked.push(request);
      return new Response("content", { headers: { "cache-control": "max-age=60", date: date(-30), ...fields } });
    },
  });
  host.time = NOW;
  const send = async (headers: Fields, method = "GET") =>
    edge(new Request("http://h.test/f", { method, headers }), host, { env: {}, context: undefined });
  return { send, asked };
}

describe.each(["the cache", "static files", "static files in the cache"])("%s", (which) => {
  it.each(CASES)("%s", async (_name, conditions, fields, status) => {
    const { send } = site(fields, which.startsWith("static"), which.endsWith("cache"));
    await (await send({})).text();
    for (const method of ["GET", "HEAD"]) {
      const answer = await send(conditions, method);
      expect(answer.status).toBe(status);
      expect(await answer.text()).toBe(status === 200 && method === "GET" ? "content" : "");
      if (status === 304) expect(answer.headers.has("content-type")).toBe(false);
    }
  });
});

describe.each(["static files", "static files in the cache"])("a condition on %s", (which) => {
  it.each([
    [{ "if-match": '"a"' }, 200],
    [{ "if-match": '"b", "a"' }, 200],
    [{ "if-match": "*" }, 200],
    [{ "if-match": 'W/"a"' }, 412],
    [{ "if-match": "a" }, 412],
    [{ "if-match": '"b"' }, 412],
    [{ "if-unmodified-since": date(-600) }, 200],
    [{ "if-unmodified-since": date(-601) }, 412],
    [{ "if-unmodified-since": offset(-601) }, 200],
    [{ "if-unmodified-since": date(-601), "if-match": '"a"' }, 200],
    [{ "if-match": '"a"', "if-none-match": '"a"' }, 304],
  ] as [Fields, number][])("of %j makes %i, and its origin is not asked so", async (conditions, status) => {
    const { send, asked } = site({ ...ETAG, ...MODIFIED }, true, which.endsWith("cache"));
    expect((await send(conditions)).status).toBe(status);
    for (const name of ["if-match", "if-unmodified-since"]) expect(asked[0]?.headers.has(name)).toBe(false);
  });
});

describe("the cache", () => {
  it.each(["if-match", "if-unmodified-since"])("leaves %s to the origin", async (name) => {
    const { send, asked } = site(ETAG, false, true);
    await (await send({})).text();
    await send({ [name]: name === "if-match" ? '"b"' : date(-9000) });
    expect(asked.at(-1)?.headers.has(name)).toBe(true);
  });
});

describe("entity tags", () => {
  it.each([
    ['"a"', true],
    ['""', true],
    ['W/"a"', false],
    ["a", false],
    ['"a', false],
    ['"a"b"', false],
    [null, false],
  ])("%s is strong: %s", (tag, strong) => {
    expect(isStrong(tag)).toBe(strong);
  });

  it.each([
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', '"1"', true, true],
    ["1", "1", false, false],
  ])("%s and %s are compared as RFC 9110 section 8.8.3.2 does", (one, other, strong, weak) => {
    expect([stronglyEqual(one, other), weaklyEqual(one, other)]).toEqual([strong, weak]);
  });

  it("are read from a list, where what is none is left out", () => {
    expect(entityTagsIn('"a", W/"b,c", d , "e')).toEqual(['"a"', 'W/"b,c"']);
  });
});

describe("If-Range", () => {
  const old = { "last-modified": date(-600), date: date(-60) };
  it.each([
    [undefined, {}, true],
    ['"a"', { etag: '"a"' }, true],
    ['"a"', { etag: '"b"' }, false],
    ['W/"a"', { etag: 'W/"a"' }, false],
    ["a", { etag: "a" }, false],
    [date(-600), old, true],
    [date(-601), old, false],
    [date(-600), { ...old, date: date(-599) }, false],
    [offset(-600), { ...old, "last-modified": offset(-600) }, false],
  ] as [string | undefined, Fields, boolean][])("%s against %j: %s", (value, fields, applies) => {
    const request = new Headers(value === undefined ? {} : { "if-range": value });
    expect(rangeApplies(request, new Headers(fields), NOW)).toBe(applies);
  });
});
