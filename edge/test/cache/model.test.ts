import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Harness, START } from "./fixtures/harness";
import { type LaterRequest, mayReuse, type StoredResponse } from "./model";

const seconds = fc.constantFrom(0, 1, 10, 60, 100, 3600);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const response: fc.Arbitrary<StoredResponse> = fc
  .record({
    status: fc.constantFrom(200, 200, 200, 203, 204, 301, 302, 404, 410, 500, 503, 599),
    maxAge: optional(seconds),
    sMaxage: optional(seconds),
    swr: optional(seconds),
    sie: optional(seconds),
    flags: fc.subarray(
      ["public", "private", "no-store", "no-cache", "must-revalidate", "proxy-revalidate", "x-unknown"],
      {
        maxLength: 2,
      },
    ),
    expires: optional(fc.oneof(fc.constantFrom(-60, 0, 60, 3600), fc.constant("invalid" as const))),
    lastModified: optional(fc.constantFrom(10, 600, 36_000)),
    etag: fc.boolean(),
    age: fc.constantFrom(0, 0, 5, 60, 7200),
    dateLag: fc.constantFrom(0, 0, 5, 90),
    vary: fc.constantFrom("none" as const, "none" as const, "a" as const, "star" as const),
    authorised: fc.boolean(),
    setCookie: fc.constantFrom(false, false, false, true),
  })
  .map(({ maxAge, sMaxage, swr, sie, ...rest }) => {
    const cc: StoredResponse["cc"] = {};
    if (maxAge !== undefined) cc["max-age"] = maxAge;
    if (sMaxage !== undefined) cc["s-maxage"] = sMaxage;
    if (swr !== undefined) cc["stale-while-revalidate"] = swr;
    if (sie !== undefined) cc["stale-if-error"] = sie;
    return { ...rest, cc } as StoredResponse;
  });

const later: fc.Arbitrary<LaterRequest> = fc
  .record({
    elapsed: fc.constantFrom(0, 1, 9, 10, 11, 59, 60, 61, 100, 3599, 3601, 9000),
    noCache: fc.constantFrom(false, false, false, true),
    maxAge: optional(seconds),
    minFresh: optional(fc.constantFrom(0, 1, 30)),
    maxStale: optional(fc.oneof(seconds, fc.constant("any" as const))),
    sameA: fc.constantFrom(true, true, false),
  })
  .map(
    (value) => Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as unknown as LaterRequest,
  );

/** The header text of a modelled response, with the odd spellings that the RFC makes equal. */
function write(r: StoredResponse, odd: boolean): Headers {
  const headers = new Headers({ date: new Date(START - r.dateLag * 1000).toUTCString() });
  const directives = [
    ...r.flags,
    ...Object.entries(r.cc).map(([name, value]) => (odd ? `${name.toUpperCase()}="${value}"` : `${name}=${value}`)),
  ];
  if (directives.length > 0) headers.set("cache-control", directives.join(odd ? " ,, " : ", "));
  if (r.expires !== undefined) {
    const at = START - r.dateLag * 1000;
    headers.set("expires", r.expires === "invalid" ? "0" : new Date(at + r.expires * 1000).toUTCString());
  }
  if (r.lastModified !== undefined) {
    headers.set("last-modified", new Date(START - (r.dateLag + r.lastModified) * 1000).toUTCString());
  }
  if (r.etag) headers.set("etag", '"v1"');
  if (r.age > 0) headers.set("age", String(r.age));
  if (r.vary !== "none") headers.set("vary", r.vary === "star" ? "*" : odd ? " A ,a" : "a");
  if (r.setCookie) headers.set("set-cookie", "sid=1");
  return headers;
}

function ask(q: LaterRequest): Record<string, string> {
  const parts: string[] = [];
  if (q.noCache) parts.push("no-cache");
  if (q.maxAge !== undefined) parts.push(`max-age=${q.maxAge}`);
  if (q.minFresh !== undefined) parts.push(`min-fresh=${q.minFresh}`);
  if (q.maxStale !== undefined) parts.push(q.maxStale === "any" ? "max-stale" : `max-stale=${q.maxStale}`);
  return { a: q.sameA ? "1" : "2", ...(parts.length > 0 ? { "cache-control": parts.join(", ") } : {}) };
}

const tiers = {
  memory: { memory: {}, edge: null, kv: null },
  edge: { memory: null, edge: {}, kv: null },
  both: { memory: {}, edge: {}, kv: null },
};

describe("reuse against the model of RFC 9111", () => {
  it.each(Object.keys(tiers) as (keyof typeof tiers)[])(
    "never reuses what it must not, and reuses what it should (%s)",
    async (which) => {
      await fc.assert(
        fc.asyncProperty(response, later, fc.boolean(), async (stored, request, odd) => {
          const harness = new Harness({ name: "p", mode: "origin", tiers: tiers[which] });
          harness.origin = (_wanted, count) =>
            new Response([204].includes(stored.status) ? null : `body ${count}`, {
              status: count === 1 ? stored.status : 200,
              headers: count === 1 ? write(stored, odd) : { "cache-control": "no-store", count: String(count) },
            });
          const headers: Record<string, string> = { a: "1" };
          if (stored.authorised) headers.authorization = "Bearer x";
          await harness.get("/", headers);
          const before = harness.requests.length;
          harness.advance(request.elapsed);
          const answer = await harness.get("/", ask(request));
          const reused = answer.headers.get("count") === null;
          const permission = mayReuse(stored, request);
          if (permission === "forbidden") expect(reused).toBe(false);
          if (permission === "expected") {
            expect(reused).toBe(true);
            expect(harness.requests.length).toBe(before);
          }
          if (reused) {
            expect(answer.status).toBe(stored.status);
            const age = Number(answer.headers.get("age"));
            expect(age).toBe(Math.max(stored.age, stored.dateLag) + request.elapsed);
            expect(answer.hit).toBe(true);
          }
        }),
        { numRuns: 400 },
      );
    },
  );

  it("never shows one request's answer to another of a crowd where it may not be shared", async () => {
    await fc.assert(
      fc.asyncProperty(
        response,
        fc.array(fc.constantFrom("1", "2"), { minLength: 2, maxLength: 8 }),
        async (made, values) => {
          fc.pre(made.status < 500);
          const harness = new Harness({ name: "p", mode: "origin", tiers: tiers.both });
          harness.origin = async (wanted) => {
            await Promise.resolve();
            const headers = write({ ...made, authorised: false }, false);
            headers.set("seen-a", wanted.headers.get("a") ?? "");
            return new Response(made.status === 204 ? null : "x", { status: made.status, headers });
          };
          const answers = await Promise.all(values.map((value) => harness.get("/", { a: value })));
          const permission = mayReuse({ ...made, authorised: false }, { elapsed: 0, noCache: false, sameA: true });
          if (permission === "forbidden") expect(harness.requests.length).toBe(values.length);
          if (made.vary !== "none") expect(answers.map((answer) => answer.headers.get("seen-a"))).toEqual(values);
          if (permission === "expected" && made.vary === "none") expect(harness.requests.length).toBe(1);
          if (permission === "expected" && made.vary === "a") {
            expect(harness.requests.length).toBeLessThanOrEqual(new Set(values).size);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
