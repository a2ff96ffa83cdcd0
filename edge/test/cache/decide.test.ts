/** What is decided over heads alone is what `handle` does: stored or not, hit, stale, its age, and why. */

import fc from "fast-check";
import { expect, it } from "vitest";
import type { CacheSpec } from "../../src/core/cache";
import { OF_ONE_ANSWER } from "../../src/core/cache/cache";
import { complete } from "../../src/core/cache/complete";
import { cacheStatusOf, xCacheOf } from "../../src/core/cache/decide/outcome";
import { type LoggedResponse, Replay } from "../../src/core/cache/decide/replay";
import { originMode } from "../../src/core/cache/origin-mode";
import { Harness } from "./fixtures/harness";

const RULES = {
  origin: originMode,
  targetedFields: ["cloudflare-cdn-cache-control", "cdn-cache-control"],
  unstoredHeaders: OF_ONE_ANSWER,
};

const TIERS: NonNullable<CacheSpec["tiers"]>[] = [
  { memory: {}, edge: null, kv: null },
  { memory: null, edge: {}, kv: null },
  { memory: { ttl_ceiling_s: 5 }, edge: {}, kv: null },
  { memory: { ttl_ceiling_s: 5 }, edge: { ttl_ceiling_s: 20 }, kv: { binding: "KV", ttl_s: 90 } },
];

const spec = fc.record({
  mode: fc.constantFrom("origin" as const, "override" as const),
  tiers: fc.constantFrom(...TIERS),
  stale_while_revalidate_s: fc.constantFrom(0, 10),
  stale_if_error_s: fc.constantFrom(0, 30),
  error_ttl_s: fc.constantFrom(0, 10),
});

/** What the origin says from now on. */
const change = fc.record({
  status: fc.constantFrom(200, 200, 200, 200, 404, 500, 503, 302),
  control: fc.constantFrom(
    "max-age=10",
    "max-age=60, stale-while-revalidate=20",
    "s-maxage=5, stale-if-error=60",
    "max-age=0",
    "no-cache",
    "no-store",
    "private",
    "max-age=20, must-revalidate",
    'max-age=30, private="x-own"',
    "",
  ),
  etag: fc.constantFrom("", '"1"', '"2"', 'W/"3"'),
  vary: fc.constantFrom("", "", "a", "a, accept-language", "*"),
  age: fc.constantFrom("", "3"),
  cookie: fc.constantFrom(false, false, false, false, true),
  down: fc.constantFrom(false, false, false, false, true),
});

const step = fc.record({
  seconds: fc.constantFrom(0, 1, 3, 6, 12, 25, 70),
  change: fc.option(change, { freq: 2 }),
  method: fc.constantFrom("GET", "GET", "GET", "GET", "GET", "PUT"),
  path: fc.constantFrom("/a", "/b?x=1"),
  a: fc.constantFrom("1", "2"),
  control: fc.constantFrom(
    "",
    "",
    "",
    "",
    "no-cache",
    "max-age=2",
    "max-stale=30",
    "only-if-cached",
    "no-store",
    "min-fresh=5",
  ),
  authorised: fc.constantFrom(false, false, false, false, false, true),
});

type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

/** The head of the origin's answer, given the tag that it is asked about. */
function headOf(made: Change, ifNoneMatch: string | null): { status: number; headers: Headers } {
  const headers = new Headers();
  if (made.control) headers.set("cache-control", made.control);
  if (made.etag) headers.set("etag", made.etag);
  if (made.vary) headers.set("vary", made.vary);
  if (made.age) headers.set("age", made.age);
  if (made.cookie) headers.set("set-cookie", "sid=1");
  const unchanged = made.status === 200 && made.etag !== "" && ifNoneMatch === made.etag;
  return { status: unchanged ? 304 : made.status, headers };
}

it("agrees with handle on every request of random sequences", async () => {
  /** How often each thing happened, so that the agreement is about something. */
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(spec, change, fc.array(step, { minLength: 3, maxLength: 14 }), async (given, first, steps) => {
      const policy: CacheSpec = { name: "p", edge_ttl_s: given.mode === "override" ? 15 : null, ...given };
      const harness = new Harness(policy, { hitForMissMs: 0, purgeCheckMs: 0 });
      const replay = new Replay(RULES);
      let made = first;
      harness.origin = (wanted) => {
        if (made.down) throw new Error("down");
        const { status, headers } = headOf(made, wanted.headers.get("if-none-match"));
        return new Response(status === 304 || wanted.method === "PUT" ? null : "0123456789", {
          status: wanted.method === "PUT" ? 204 : status,
          headers: wanted.method === "PUT" ? {} : headers,
        });
      };
      for (const one of steps) {
        harness.advance(one.seconds);
        made = one.change ?? made;
        const headers = new Headers({ a: one.a });
        if (one.control) headers.set("cache-control", one.control);
        if (one.authorised) headers.set("authorization", "Bearer x");
        const before = harness.requests.length;
        harness.outcomes = [];
        const request = { method: one.method, url: `https://shop.example${one.path}`, headers };
        const decision = replay.decide(
          request,
          complete(policy),
          { now: () => harness.now, random: () => harness.draw },
          (validated): LoggedResponse | undefined => {
            if (made.down) return undefined;
            if (one.method === "PUT") return { status: 204, headers: new Headers(), bytes: 0 };
            const tag = validated?.headers.find(([name]) => name === "etag")?.[1] ?? null;
            return { ...headOf(made, tag), bytes: 10 };
          },
        );
        let answered: [string | null, string | null, string | null] | "failed";
        try {
          const answer = await harness.get(one.path, Object.fromEntries(headers), { method: one.method });
          answered = [answer.xCache, answer.cacheStatus, answer.hit ? answer.headers.get("age") : null];
        } catch {
          answered = "failed";
          await harness.settle();
        }
        const { outcome, reuse } = decision;
        const what = outcome.kind === "forwarded" ? `${outcome.forward} ${outcome.storage}` : outcome.kind;
        for (const name of [what, reuse.reason]) seen.set(name, (seen.get(name) ?? 0) + 1);
        const failed = made.down && outcome.kind === "forwarded" && decision.originRequests > 0;
        const age = outcome.kind === "forwarded" ? null : String(decision.age);
        expect(answered).toEqual(failed ? "failed" : [xCacheOf(outcome), `edgewright; ${cacheStatusOf(outcome)}`, age]);
        expect(harness.requests.length - before).toBe(decision.originRequests);
        // Said once of each answer, and never of what goes on behind one.
        expect(harness.outcomes.map(cacheStatusOf)).toEqual(failed ? [] : [cacheStatusOf(outcome)]);
      }
    }),
    { numRuns: 400 },
  );
  for (const name of [
    ...["hit", "stale-instead", "uri-miss stored", "vary-miss stored", "stale stored", "uri-miss no-store"],
    ...["uri-miss private", "uri-miss set-cookie", "uri-miss vary", "method undefined", "request authorization"],
    ...["fresh", "stale-while-revalidate", "max-stale", "no-cache", "stale", "request-no-cache", "request-max-age"],
    "request-min-fresh",
  ]) {
    expect([name, (seen.get(name) ?? 0) > 0]).toEqual([name, true]);
  }
});
