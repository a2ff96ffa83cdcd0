/** What is decided over heads alone is what `handle` does: stored or not, hit, stale, its age, and why. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { all, type CacheSpec, type PurgeRequest } from "../../src/core/cache";
import { OF_ONE_ANSWER } from "../../src/core/cache/cache";
import { complete } from "../../src/core/cache/complete";
import { customKey } from "../../src/core/cache/custom-key";
import { cacheStatusOf, xCacheOf } from "../../src/core/cache/decide/outcome";
import { MarkerSet } from "../../src/core/cache/decide/purged";
import { type LoggedResponse, Replay } from "../../src/core/cache/decide/replay";
import { originMode } from "../../src/core/cache/origin-mode";
import { parseRange } from "../../src/core/ranges";
import { Harness } from "./fixtures/harness";
import { shieldOf } from "./fixtures/inside";

/** What a function with the test's policy is given: see ./fixtures/harness.ts. */
const rulesFor = (mode: string) => ({
  ...((mode === "origin" || process.env.CACHE_ASSEMBLY !== "shipped") && { origin: originMode }),
  key: customKey,
  targetedFields: ["cloudflare-cdn-cache-control", "cdn-cache-control"],
  unstoredHeaders: OF_ONE_ANSWER,
});

const TIERS: NonNullable<CacheSpec["tiers"]>[] = [
  { memory: {}, edge: null, kv: null },
  { memory: null, edge: {}, kv: null },
  { memory: { ttl_ceiling_s: 5 }, edge: {}, kv: null },
  { memory: { ttl_ceiling_s: 5 }, edge: { ttl_ceiling_s: 20 }, kv: { binding: "KV", ttl_s: 90 } },
];

/** Tiers with a shield, for several data centres. */
const SHIELDED: NonNullable<CacheSpec["tiers"]>[] = [
  { memory: {}, edge: null, kv: null, shield: {} },
  { memory: { ttl_ceiling_s: 5 }, edge: {}, kv: null, shield: { ttl_s: 40 } },
  { memory: {}, edge: { ttl_ceiling_s: 20 }, kv: { binding: "KV", ttl_s: 90 }, shield: {} },
];

const spec = fc.record({
  mode: fc.constantFrom("origin" as const, "override" as const),
  tiers: fc.constantFrom(...TIERS),
  stale_while_revalidate_s: fc.constantFrom(0, 10),
  stale_if_error_s: fc.constantFrom(0, 30),
  error_ttl_s: fc.constantFrom(0, 10),
  key: fc.constantFrom({}, {}, { headers: ["a"] }),
});

/** What the origin says from now on. */
const change = fc.record({
  status: fc.constantFrom<number>(200, 200, 200, 200, 404, 500, 503, 302),
  control: fc.constantFrom<string>(
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
  tag: fc.constantFrom("", "red"),
  /** It answers ranges, and says how long bodies are. */
  ranges: fc.constantFrom(true, true, false),
  lengths: fc.boolean(),
  down: fc.constantFrom(false, false, false, false, true),
});

/** Mostly null. */
const seldom = <T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

const range = fc.record({
  bytes: fc.constantFrom("0-3", "4-9", "2-5", "0-5", "5-", "-3", "20-"),
  ifRange: fc.constantFrom("", "", '"1"'),
});

const purge = fc.record({
  what: fc.constantFrom<PurgeRequest>(
    { urls: ["https://shop.example/a"] },
    { prefixes: ["/b"] },
    { tags: ["red"] },
    { everything: true },
  ),
  soft: fc.boolean(),
});

const step = fc.record({
  seconds: fc.constantFrom<number>(0, 1, 3, 6, 12, 25, 70),
  change: seldom(2, change),
  method: fc.constantFrom("GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "PUT"),
  range: seldom(2, range),
  purge: seldom(9, purge),
  /** It comes to a data centre that has had no request yet. */
  elsewhere: fc.constant<boolean>(false),
  path: fc.constantFrom("/a", "/b?x=1"),
  a: fc.constantFrom("1", "2"),
  control: fc.constantFrom<string>(
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

const BODY = "0123456789";

/** What the cache asks the origin, beside method and URL. */
interface Conditions {
  readonly ifNoneMatch: string | null;
  readonly range: string | null;
  readonly ifRange: string | null;
}

/** The origin's answer: its head, and which bytes come. */
function answerOf(made: Change, method: string, { ifNoneMatch, range, ifRange }: Conditions) {
  if (method === "PUT") return { status: 204, headers: new Headers(), body: "" };
  const headers = new Headers();
  if (made.control) headers.set("cache-control", made.control);
  if (made.etag) headers.set("etag", made.etag);
  if (made.vary) headers.set("vary", made.vary);
  if (made.age) headers.set("age", made.age);
  if (made.cookie) headers.set("set-cookie", "sid=1");
  if (made.tag) headers.set("cache-tag", made.tag);
  if (made.status === 200 && made.etag !== "" && ifNoneMatch === made.etag) return { status: 304, headers, body: "" };
  const served = made.ranges && made.status === 200 && method === "GET" && (ifRange === null || ifRange === made.etag);
  const part = served ? parseRange(range, BODY.length) : undefined;
  if (part === "unsatisfiable") {
    headers.set("content-range", `bytes */${BODY.length}`);
    return { status: 416, headers, body: "" };
  }
  if (part) headers.set("content-range", `bytes ${part.start}-${part.end}/${BODY.length}`);
  const body = part ? BODY.slice(part.start, part.end + 1) : BODY;
  if (made.lengths) headers.set("content-length", String(body.length));
  return { status: part ? 206 : made.status, headers, body };
}

type Spec = typeof spec extends fc.Arbitrary<infer Value> ? Value : never;
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
/** How often each thing happened, so that the agreement is about something. */
type Seen = Map<string, number>;

/** Holds the decisions on each request of a sequence to what `handle` does. */
async function agree(given: Spec, first: Change, steps: readonly Step[], seen: Seen): Promise<void> {
  const policy: CacheSpec = { name: "p", edge_ttl_s: given.mode === "override" ? 15 : null, ...given };
  const harness = new Harness(policy, { hitForMissMs: 0, purgeCheckMs: 0, purging: true });
  harness.shield = shieldOf(
    policy,
    all,
    (wanted) => harness.ask(wanted),
    () => harness.context,
  );
  const shared = {
    kv: new Map(),
    purges: new MarkerSet(),
    shield: new Replay({ ...rulesFor(given.mode), origin: originMode }),
  };
  let replay = new Replay(rulesFor(given.mode), shared);
  const moment = { now: () => harness.now, random: () => harness.draw };
  let made = first;
  harness.origin = ({ method, headers }) => {
    if (made.down) throw new Error("down");
    const [ifNoneMatch, range, ifRange] = ["if-none-match", "range", "if-range"].map((name) => headers.get(name));
    const answer = answerOf(made, method, { ifNoneMatch, range, ifRange } as Conditions);
    return new Response(
      method === "HEAD" || answer.status === 304 || answer.status === 204 ? null : answer.body,
      answer,
    );
  };
  for (const one of steps) {
    harness.advance(one.seconds);
    made = one.change ?? made;
    if (one.elsewhere) {
      harness.advance(1);
      harness.dataCentre();
      replay = new Replay(rulesFor(given.mode), shared);
    }
    const headers = new Headers({ a: one.a });
    if (one.control) headers.set("cache-control", one.control);
    if (one.authorised) headers.set("authorization", "Bearer x");
    if (one.range) headers.set("range", `bytes=${one.range.bytes}`);
    if (one.range?.ifRange) headers.set("if-range", one.range.ifRange);
    if (one.purge) {
      const request = { ...one.purge.what, soft: one.purge.soft };
      await harness.cache.purge(request, harness.context);
      replay.purge(request, moment);
    }
    const before = harness.requests.length;
    harness.outcomes = [];
    const request = { method: one.method, url: `https://shop.example${one.path}`, headers };
    const decision = replay.decide(
      request,
      complete(policy),
      moment,
      ({ method, validated, range = null, ifRange = null }): LoggedResponse | undefined => {
        if (made.down) return undefined;
        const ifNoneMatch = validated?.headers.find(([name]) => name === "etag")?.[1] ?? null;
        const { body, ...head } = answerOf(made, method, { ifNoneMatch, range, ifRange });
        return { ...head, bytes: body.length };
      },
    );
    const { outcome, reuse } = decision;
    let answered: [string | null, string | null, string | null] | "failed";
    try {
      const answer = await harness.get(one.path, Object.fromEntries(headers), { method: one.method });
      // A shield's own member stands before it.
      const own = answer.cacheStatus?.split(", ").at(-1) ?? null;
      answered = [answer.xCache, own, outcome.kind === "forwarded" ? null : answer.headers.get("age")];
    } catch {
      answered = "failed";
      await harness.settle();
    }
    const what = outcome.kind === "forwarded" ? `${outcome.forward} ${outcome.storage}` : outcome.kind;
    const parts = one.range && outcome.kind === "hit" && outcome.tier === "memory" ? "a part" : "";
    const rest = outcome.kind === "forwarded" && outcome.originStatus === 206 ? "the rest of a part" : "";
    for (const name of [what, reuse.reason, parts, rest]) seen.set(name, (seen.get(name) ?? 0) + 1);
    const shield = outcome.kind === "forwarded" && outcome.fromShield ? "from the shield" : "";
    seen.set(shield, (seen.get(shield) ?? 0) + 1);
    const failed = !decision.answered;
    const age = outcome.kind === "forwarded" ? null : String(decision.age);
    expect(answered).toEqual(failed ? "failed" : [xCacheOf(outcome), `edgewright; ${cacheStatusOf(outcome)}`, age]);
    expect(harness.requests.length - before).toBe(decision.originRequests);
    // Said once of each answer, and never of what goes on behind one.
    expect(harness.outcomes.map(cacheStatusOf)).toEqual(failed ? [] : [cacheStatusOf(outcome)]);
  }
}

function expectSeen(seen: Seen, names: readonly string[]): void {
  expect(names.filter((name) => !seen.has(name))).toEqual([]);
}

it("agrees with handle on every request of random sequences", async () => {
  const seen: Seen = new Map();
  await fc.assert(
    fc.asyncProperty(spec, change, fc.array(step, { minLength: 3, maxLength: 14 }), (...sequence) =>
      agree(...sequence, seen),
    ),
    { numRuns: 600 },
  );
  expectSeen(seen, [
    ...["hit", "stale-instead", "uri-miss stored", "vary-miss stored", "stale stored", "uri-miss no-store"],
    ...["uri-miss private", "uri-miss set-cookie", "uri-miss vary", "method undefined", "request authorization"],
    ...["fresh", "stale-while-revalidate", "max-stale", "no-cache", "stale", "request-no-cache", "request-max-age"],
    ...["request-min-fresh", "marked-stale"],
  ]);
});

/** An origin that answers ranges of what does not change often. */
const steady = change.map(
  (made): Change => ({
    ...made,
    status: 200,
    vary: "",
    age: "",
    cookie: false,
    ranges: true,
    etag: made.etag || '"1"',
  }),
);
const lifetimes = fc.constantFrom("max-age=60", "max-age=60", "max-age=10, stale-while-revalidate=20", "max-age=5");

it("agrees with handle on parts, and on what becomes of them", async () => {
  const seen: Seen = new Map();
  const first = fc.tuple(steady, lifetimes).map(([made, control]): Change => ({ ...made, control, down: false }));
  const steps = fc.array(
    fc
      .tuple(step, seldom(1, range), seldom(3, steady))
      .map(([one, range, change]): Step => ({ ...one, range, change, path: "/a", control: "", authorised: false })),
    { minLength: 3, maxLength: 14 },
  );
  await fc.assert(
    fc.asyncProperty(spec, first, steps, (...sequence) => agree(...sequence, seen)),
    { numRuns: 600 },
  );
  expectSeen(seen, ["a part", "the rest of a part", "partial stored", "marked-stale", "uri-miss undefined"]);
});

/** For the whole, in vain, and then for the range, where each answer has a revalidation behind it. */
it("agrees with handle where an edge asks a shield that revalidates twice for one answer", async () => {
  const tiers = { memory: {}, edge: null, kv: null, shield: {} };
  const stale = { stale_while_revalidate_s: 0, stale_if_error_s: 0 } as const;
  const policy: Spec = { mode: "override", tiers, ...stale, error_ttl_s: 0, key: {} };
  const made: Change = {
    ...{ status: 200, control: "max-age=10", etag: '"1"', vary: "", age: "", cookie: false, tag: "red" },
    ...{ ranges: true, lengths: false, down: false },
  };
  const first: Step = {
    ...{ seconds: 0, change: null, method: "GET", range: null, purge: null, elsewhere: false, path: "/a", a: "1" },
    ...{ control: "", authorised: false },
  };
  for (const ifRange of ["", '"1"'] as const) {
    const second: Step = {
      ...first,
      change: { ...made, etag: '"2"' },
      range: { bytes: "0-3", ifRange },
      // What the shield stores in the same millisecond is marked stale as well.
      purge: { what: { tags: ["red"] }, soft: true },
      elsewhere: true,
    };
    const seen: Seen = new Map();
    await agree(policy, made, [first, second], seen);
    expectSeen(seen, ["from the shield"]);
  }
});

it("agrees with handle where data centres share a shield", async () => {
  const seen: Seen = new Map();
  const tiers = fc.constantFrom(...SHIELDED);
  const shielded = fc.tuple(spec, tiers).map(([given, tiers]): Spec => ({ ...given, tiers }));
  const steps = fc.array(
    fc.tuple(step, seldom(2, steady), fc.boolean(), fc.boolean()).map(
      ([one, change, elsewhere, plain]): Step => ({
        ...one,
        change: change ?? one.change,
        elsewhere,
        ...(plain && { control: "", authorised: false, range: null }),
      }),
    ),
    { minLength: 3, maxLength: 14 },
  );
  await fc.assert(
    fc.asyncProperty(shielded, change, steps, (...sequence) => agree(...sequence, seen)),
    { numRuns: 400 },
  );
  expectSeen(seen, ["from the shield", "hit", "stale-instead", "partial stored", "marked-stale", "stale stored"]);
});
