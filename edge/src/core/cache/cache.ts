/**
 * The cache: takes a request through the tiers, and what they lack from the origin, once for a crowd.
 *
 * What may be stored and reused is decided in `store`, `reuse`, `vary`, `conditional` and `update`; bytes are moved in
 * `lookup`, `exchange` and `save`. What is here decides who asks the origin, and who waits.
 */

import type { CacheSpec } from "../settings.gen";
import { within } from "./body";
import { compile } from "./compile";
import type { Entry, Index } from "./entry";
import { lead, staleOnError } from "./exchange";
import type { Extensions } from "./extensions";
import { covers, far, near } from "./lookup";
import type { Policy } from "./policy";
import { type Core, type Flight, type Forward, type Head, type Lookup, Query } from "./query";
import { dress, passed, respond, serve } from "./response";
import { oversized } from "./save";
import { isStream } from "./streams";
import type { Cache, CacheContext, CacheOptions, Origin, RequestHead } from "./types";
import { varyValues } from "./vary";

/** How long (ms) a request waits for another one's response headers before it asks the origin itself. */
const JOIN_MS = 15_000;
/** Headers that are true of one answer alone. */
export const OF_ONE_ANSWER = ["x-origin-latency", "x-origin-failover", "server-timing"];

/**
 * What an isolate's cache consists of, with these of its parts. A policy that needs another one must not be given to it.
 * Policies are complete.
 */
export function coreOf(
  extensions: Extensions,
  specs: readonly CacheSpec[],
  options: Omit<CacheOptions, "policies"> = {},
): Core {
  const { memory, edge, kv, shield: made, purge, ...parts } = extensions;
  const policies = new Set(specs.map((spec) => compile(spec, parts.key)));
  const far = [edge?.(), kv?.()].filter((tier) => tier !== undefined);
  const shield = made?.();
  return {
    name: "edgewright",
    targetedFields: ["cloudflare-cdn-cache-control", "cdn-cache-control"],
    collapseMaxBytes: 4 * 1024 * 1024,
    hitForMissMs: 5000,
    unstoredHeaders: OF_ONE_ANSWER,
    ...parts,
    ...options,
    memory: memory?.(),
    shield,
    far,
    reads: new Map(),
    long: new Set(),
    policies,
    flights: new Map(),
    open: new Set(),
    passes: new Map(),
    purges: purge?.(options.purgeCheckMs ?? 5000, shield ? [shield, ...far] : far, policies),
  };
}

export function cacheOf(core: Core): Pick<Cache<CacheSpec>, "handle"> {
  return {
    /** Not `async`: what memory has is answered in one go. */
    handle(
      head: RequestHead,
      spec: CacheSpec | null,
      ctx: CacheContext,
      origin: Origin,
      whole: () => Request = () => head as Request,
    ) {
      const policy = spec && compile(spec, core.key);
      const { method, headers } = head;
      if (policy) core.policies.add(policy);
      if (method !== "GET" && method !== "HEAD") return other(core, whole(), policy, ctx, origin);
      const asIs =
        !policy ||
        policy.mode === "bypass" ||
        headers.has("upgrade") ||
        headers.has("if-match") ||
        headers.has("if-unmodified-since");
      // What a policy overrides is shared by all, so a request that says who it is stays out of it (RFC 9111 section 3.5).
      if (asIs || (policy.mode === "override" && headers.has("authorization"))) {
        const why = asIs ? "fwd=bypass" : "fwd=request; detail=authorization";
        return origin(whole()).then((response) => passed(core, response, why));
      }
      const { shield } = core;
      const source = shield && policy.shield ? shield.before(origin, policy, ctx) : origin;
      const query = new Query(core, head, policy, ctx, source, whole);
      if (core.purges?.due(ctx.now())) {
        return core.purges.refresh(ctx).then(() => answer(query, true, near(query)));
      }
      const found = near(query);
      if (found.decision === "hit" && covers((found.entry as Entry).meta, query)) {
        return serve(query, found.entry as Entry);
      }
      return answer(query, true, found);
    },
  };
}

/** `join`: may wait for another request's answer. */
async function answer(query: Query, join: boolean, before?: Lookup): Promise<Response> {
  const { core, ctx } = query;
  // Only with the first look: what came of another request's answer may be in the tiers now.
  const early = before && crowded(query, before);
  if (early) return early;
  let found = before ?? near(query);
  // A part that does not answer must not hide the whole in a farther tier.
  if (found.decision !== "hit" || !covers((found.entry as Entry).meta, query)) found = await far(query, found);
  const { entry, decision } = found;
  if (entry && covers(entry.meta, query)) {
    if (decision === "hit") return serve(query, entry);
    if (decision === "revalidate-behind") {
      const flightKey = flightKeyOf(query, found.slot);
      if (!core.flights.has(flightKey)) {
        // A stream can be read once, and the client reads it.
        const kept = { ...entry, body: isStream(entry.body) ? undefined : entry.body };
        const work = lead(query, { ...found, entry: kept }, { forward: "stale", behind: true, flightKey });
        // A failure behind the scenes changes nothing for anyone: the next request tries again.
        ctx.waitUntil(work.catch((error) => ctx.warn?.(`Revalidation failed: ${error}`)));
      }
      return serve(query, entry);
    }
  }
  if (core.origin && query.policy.mode === "origin") {
    if (query.directives?.onlyIfCached) return core.origin.notStored(core);
    if (query.method === "HEAD") return core.origin.head(query, found);
  }
  return fromOrigin(query, found, join);
}

/** What a request of another method than GET and HEAD brings is not stored, but for a POST that says so. */
async function other(
  core: Core,
  request: Request,
  policy: Policy | null,
  ctx: CacheContext,
  origin: Origin,
): Promise<Response> {
  const response = await origin(request);
  await core.writes?.(core, request, response, ctx);
  const kept = policy && core.origin?.posted(core, request, response, policy, ctx);
  return kept ?? passed(core, response, "fwd=method");
}

// --- crowds ------------------------------------------------------------------------------------------------------------

function flightKeyOf({ asked }: Query, slot: string): string {
  // What a request with Authorization brings is most likely not for the others.
  return asked.has("authorization") ? `${slot}#authorised` : slot;
}

/**
 * A crowd's answer without a look at the farther tiers, where its first request has looked already: a stale entry that is
 * being revalidated, or what the origin was asked for because nothing was stored. Undefined where there is no such flight.
 */
function crowded(query: Query, found: Lookup): Response | Promise<Response> | undefined {
  const { entry, decision } = found;
  const { core, directives, range, method, policy } = query;
  const flightKey = flightKeyOf(query, found.slot);
  const flight = core.flights.get(flightKey);
  if (!flight || (directives?.noCache && flight.answered)) return undefined;
  if (entry && decision === "revalidate-behind" && covers(entry.meta, query)) return serve(query, entry);
  if (!(flight.missed || entry) || flight.behind) return undefined;
  if (range !== null || directives?.noStore || directives?.onlyIfCached) return undefined;
  if (method === "HEAD" && policy.mode === "origin") return undefined;
  const forward = entry ? "stale" : found.index ? "vary-miss" : "uri-miss";
  return wait(query, found, flight, flightKey, forward, () => far(query, found)).then(
    (given) => given ?? fromOrigin(query, found, false),
  );
}

async function fromOrigin(query: Query, found: Lookup, join: boolean): Promise<Response> {
  const { core, ctx, request } = query;
  const { entry } = found;
  const part = entry?.meta.range;
  const ranged = query.range !== null && (!entry || part !== undefined);
  // Under `override` a range fills the cache as a HEAD does: the whole is asked for, and cut here.
  const fill = ranged && query.policy.mode === "override";
  const sendRange = ranged && !fill;
  const fresh = entry && entry.meta.freshUntil > ctx.now() && !entry.soft;
  const forward = part ? "partial" : fresh ? "request" : entry ? "stale" : found.index ? "vary-miss" : "uri-miss";
  let flightKey = flightKeyOf(query, found.slot);
  // That a range does not wait for the whole says nothing of those who want the whole.
  if (fill) flightKey += "#fill";
  if (sendRange) flightKey += `#${query.range}#${request.headers.get("if-range")}`;
  const alone = { forward, sendRange: ranged, keepConditions: !entry } as const;
  if (query.directives?.noStore || oversized(request.headers)) return lead(query, found, alone);
  if ((core.passes.get(flightKey) ?? 0) > ctx.now()) {
    return lead(query, found, { ...alone, detail: "hit-for-miss", flightKey });
  }
  const flight = core.flights.get(flightKey);
  // Who asks for a validation is not given what was answered before.
  if (!flight || (query.directives?.noCache && flight.answered)) {
    return lead(query, found, { forward, sendRange, fill, flightKey });
  }
  const given = join && (await wait(query, found, flight, flightKey, forward));
  // Not for us, or its leader is gone. Now each goes for itself, all at once.
  return given || lead(query, found, { forward, sendRange: ranged });
}

/** Waits for what another request brings. Undefined where it is not for this one, or its leader is gone. */
async function wait(
  query: Query,
  found: Lookup,
  flight: Flight,
  flightKey: string,
  forward: Forward,
  look?: () => Promise<Lookup>,
): Promise<Response | undefined> {
  const { flights } = query.core;
  const head = await within(flight.head, JOIN_MS);
  if (head === "timeout") {
    if (flights.get(flightKey) === flight) flights.delete(flightKey);
    return undefined;
  }
  // Only what is stale can still answer then, and a farther tier may have it.
  const known = look && head && "error" in head ? await look() : found;
  const given = joined(query, known, head, forward);
  if (given || !head || "error" in head) return given;
  const { vary: names, requestTime: born } = head.meta;
  if (found.index || names.length === 0) return answer(query, false);
  // It may be of another variant: those who want the same one gather once more, in the place where it will be stored.
  const index: Index = { kind: "index", key: query.key, url: query.url, born, names, guessed: true };
  return answer(query, true, near(query, query.variant(names), index));
}

/** An answer from what another request brought, or undefined where it is not for this one. */
function joined(query: Query, found: Lookup, head: Head, forward: Forward): Response | undefined {
  const { asked, directives } = query;
  const note = `fwd=${forward}; collapsed`;
  if (!head) return undefined;
  if ("error" in head) {
    const stale = staleOnError(query, found, note);
    if (stale) return stale;
    throw head.error;
  }
  const { meta, body } = head;
  if (
    varyValues(meta.vary, asked) !== meta.varyValues ||
    // It was validated after this request came: that is what `no-cache` asks for.
    query.reuse(meta, false, directives && { ...directives, noCache: false }) === "validate" ||
    !covers(meta, query) ||
    body.failure ||
    !body.whole
  ) {
    return undefined;
  }
  const headers = dress(query, meta.headers, meta, "MISS", note, true);
  return respond(query, meta, body.bytes() ?? body.stream(), headers);
}
