/**
 * The cache: takes a request through the tiers, and what they lack from the origin, once for a crowd.
 *
 * What may be stored and reused is decided in ./decide, by plain functions over heads and times; bytes are moved in
 * `lookup`, `exchange` and `save`. What is here decides who asks the origin, and who waits.
 */

import type { CacheSpec } from "../settings.gen";
import { within } from "./body";
import { compile } from "./compile";
import type { Selected } from "./copies";
import type { Core, Extensions, Lookup, Query } from "./core";
import { decideRequest, forwardReason } from "./decide/request";
import { isOversized } from "./decide/storage";
import { lead, staleInstead } from "./exchange";
import type { Flight, FlightResult } from "./flight";
import { covers, lookUpInMemory, lookUpInTiers, servable } from "./lookup";
import type { Policy } from "./policy";
import { RequestQuery } from "./query";
import { answerFrom, answerHeaders, answerHit, passThrough } from "./response";
import type { SelectingHeaders } from "./stored";
import { isStream } from "./streams";
import type { Cache, CacheContext, CacheOptions, Origin, RequestHead } from "./types";
import { selectingValues } from "./vary";

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
  const { memory, edge, kv, shield: makeShield, purge, ...parts } = extensions;
  const policies = new Set(specs.map((spec) => compile(spec, parts.key)));
  const remoteTiers = [edge?.(), kv?.()].filter((tier) => tier !== undefined);
  const shield = makeShield?.();
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
    remoteTiers,
    reads: new Map(),
    long: new Set(),
    policies,
    flights: new Map(),
    open: new Set(),
    hitForMiss: new Map(),
    purges: purge?.(options.purgeCheckMs ?? 5000, shield ? [shield, ...remoteTiers] : remoteTiers, policies),
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
      if (policy) core.policies.add(policy);
      const passed = decideRequest(head, policy);
      if (passed?.forward === "method") return otherMethod(core, whole(), policy, ctx, origin);
      if (passed || !policy) {
        const outcome = passed ?? { kind: "forwarded", forward: "bypass" };
        return origin(whole()).then((response) => passThrough(core, response, outcome, ctx));
      }
      const source = core.shield && policy.shield ? core.shield.before(origin, policy, ctx) : origin;
      const query = new RequestQuery(core, head, policy, ctx, source, whole);
      if (core.purges?.due(ctx.now())) {
        return core.purges.refresh(ctx).then(() => answerFirst(query, lookUpInMemory(query)));
      }
      const found = lookUpInMemory(query);
      const selected = found.decision.use === "serve" ? servable(found, query) : undefined;
      return selected ? answerHit(query, selected) : answerFirst(query, found);
    },
  };
}

/** A query that has not waited for another one's answer: it may be given that of a crowd. */
async function answerFirst(query: Query, found: Lookup): Promise<Response> {
  return answerFromCrowd(query, found) ?? answer(query, found, { join: true });
}

/** `join`: it may wait for another request's answer. */
async function answer(query: Query, inMemory: Lookup, { join }: { join: boolean }): Promise<Response> {
  const { core } = query;
  // A part that does not answer must not hide the whole in a farther tier.
  const answersNow = inMemory.decision.use === "serve" && servable(inMemory, query);
  const found = answersNow ? inMemory : await lookUpInTiers(query, inMemory);
  const selected = servable(found, query);
  if (selected && found.decision.use === "serve") return answerHit(query, selected);
  if (selected && found.decision.use === "serve-and-revalidate") {
    revalidateInBackground(query, found, selected);
    return answerHit(query, selected);
  }
  if (core.origin && query.policy.mode === "origin") {
    if (query.directives?.onlyIfCached) return core.origin.gatewayTimeout(query);
    if (query.method === "HEAD") return core.origin.head(query, found);
  }
  return fromOrigin(query, found, { join });
}

function revalidateInBackground(query: Query, found: Lookup, selected: Selected): void {
  const { core, ctx } = query;
  const flightKey = flightKeyOf(query, found.storageKey);
  if (core.flights.has(flightKey)) return;
  // A stream can be read once, and the client reads it.
  const kept = { ...selected, body: isStream(selected.body) ? undefined : selected.body };
  const work = lead(query, { ...found, selected: kept }, { forward: "stale", inBackground: true, flightKey });
  // A failure behind the scenes changes nothing for anyone: the next request tries again.
  ctx.waitUntil(work.catch((error) => ctx.warn?.(`Revalidation failed: ${error}`)));
}

/** What a request of another method than GET and HEAD brings is not stored, but for a POST that says so. */
async function otherMethod(
  core: Core,
  request: Request,
  policy: Policy | null,
  ctx: CacheContext,
  origin: Origin,
): Promise<Response> {
  const response = await origin(request);
  await core.writes?.(core, request, response, ctx);
  const stored = policy && core.origin?.posted(core, request, response, policy, ctx);
  return stored ?? passThrough(core, response, { kind: "forwarded", forward: "method" }, ctx);
}

// --- crowds ------------------------------------------------------------------------------------------------------------

function flightKeyOf({ headers }: Query, storageKey: string): string {
  // What a request with Authorization brings is most likely not for the others.
  return headers.has("authorization") ? `${storageKey}#authorised` : storageKey;
}

/** Who asks for a validation is not given what was answered before. */
const isTooEarly = ({ directives }: Query, flight: Flight): boolean => directives?.noCache === true && flight.answered;

/**
 * A crowd's answer without a look at the farther tiers, where its first request has looked already: a stale response that is
 * being revalidated, or what the origin was asked for because nothing was stored. Undefined where there is no such flight.
 */
function answerFromCrowd(query: Query, found: Lookup): Response | Promise<Response> | undefined {
  const flightKey = flightKeyOf(query, found.storageKey);
  const flight = query.core.flights.get(flightKey);
  if (!flight || isTooEarly(query, flight)) return undefined;
  const selected = servable(found, query);
  if (selected && found.decision.use === "serve-and-revalidate") return answerHit(query, selected);
  if (flight.inBackground || !(flight.missed || found.selected) || !mayJoinUnseen(query)) return undefined;
  const forward = found.selected ? "stale" : forwardReason(found);
  const lookFarther = () => lookUpInTiers(query, found);
  return join(query, found, flight, flightKey, forward, lookFarther).then(
    (given) => given ?? fromOrigin(query, found, { join: false }),
  );
}

/** Whether what the origin is asked for by another request can be all that this one wants. */
function mayJoinUnseen({ range, directives, method, policy }: Query): boolean {
  if (range !== null || directives?.noStore || directives?.onlyIfCached) return false;
  return method !== "HEAD" || policy.mode !== "origin";
}

async function fromOrigin(query: Query, found: Lookup, { join: mayJoin }: { join: boolean }): Promise<Response> {
  const { core, ctx, request } = query;
  const { selected } = found;
  const ranged = query.range !== null && (!selected || selected.stored.range !== undefined);
  // Under `override` a range fills the cache as a HEAD does: the whole is asked for, and cut here.
  const fill = ranged && query.policy.mode === "override";
  const forward = forwardReason({ ...found, fresh: isFresh(selected, ctx.now()) });
  const flightKey = originFlightKey(query, found, ranged, fill);
  const alone = { forward, sendRange: ranged, keepConditions: !selected };
  if (query.directives?.noStore || isOversized(request.headers)) return lead(query, found, alone);
  if ((core.hitForMiss.get(flightKey) ?? 0) > ctx.now()) {
    return lead(query, found, { ...alone, hitForMiss: true, flightKey });
  }
  const flight = core.flights.get(flightKey);
  if (!flight || isTooEarly(query, flight)) {
    return lead(query, found, { forward, sendRange: ranged && !fill, fill, flightKey });
  }
  const given = mayJoin ? await join(query, found, flight, flightKey, forward) : undefined;
  // Not for us, or its leader is gone. Now each goes for itself, all at once.
  return given ?? lead(query, found, { forward, sendRange: ranged });
}

const isFresh = (selected: Selected | undefined, now: number): boolean =>
  selected !== undefined && selected.stored.copyFreshUntil > now && !selected.markedStale;

/** Who asks for one thing shares a request: a range of the same bytes, or the whole. */
function originFlightKey(query: Query, { storageKey }: Lookup, ranged: boolean, fill: boolean): string {
  const flightKey = flightKeyOf(query, storageKey);
  // That a range does not wait for the whole says nothing of those who want the whole.
  if (fill) return `${flightKey}#fill`;
  return ranged ? `${flightKey}#${query.range}#${query.headers.get("if-range")}` : flightKey;
}

type JoinForward = ReturnType<typeof forwardReason>;

/**
 * Waits for what another request brings. Undefined where it is not for this one, or its leader is gone. `lookFarther`: where the
 * farther tiers have not been asked yet.
 */
async function join(
  query: Query,
  found: Lookup,
  flight: Flight,
  flightKey: string,
  forward: JoinForward,
  lookFarther?: () => Promise<Lookup>,
): Promise<Response | undefined> {
  const { flights } = query.core;
  const result = await within(flight.result, JOIN_MS);
  if (result === "timeout") {
    if (flights.get(flightKey) === flight) flights.delete(flightKey);
    return undefined;
  }
  if (result.kind === "unshared") return undefined;
  if (result.kind === "failed") {
    // Only what is stale can still answer then, and a farther tier may have it.
    const known = lookFarther ? await lookFarther() : found;
    const stale = staleInstead(query, known, "disconnected", { forward, reason: "collapsed" });
    if (stale) return stale;
    throw result.error;
  }
  return answerJoined(query, result, forward) ?? answerAgain(query, found, result);
}

type SharedResponse = Extract<FlightResult, { kind: "response" }>;

/** An answer from what another request brought, or undefined where it is not for this one. */
function answerJoined(query: Query, { stored, body }: SharedResponse, forward: JoinForward): Response | undefined {
  const { headers, directives, ctx } = query;
  const isVariant = selectingValues(stored.selectingNames, headers) === stored.selectingValues;
  // It was validated after this request came: that is what `no-cache` asks for.
  const decision = query.decideReuse(stored, false, directives && { ...directives, noCache: false });
  if (!isVariant || decision.use === "validate" || !covers(stored, query)) return undefined;
  if (body.failure || !body.whole) return undefined;
  const outcome = { kind: "forwarded", forward, storage: "collapsed" } as const;
  ctx.settled?.(outcome);
  const answered = answerHeaders(query, stored.headers, stored, outcome, "stored");
  return answerFrom(query, stored, body.bytes() ?? body.stream(), answered);
}

/** What another request brought is not for this one: it looks again, at what has been stored since. */
function answerAgain(query: Query, found: Lookup, { stored }: SharedResponse): Promise<Response> {
  const { selectingNames: names, requestTime: validFrom } = stored;
  if (found.selecting || names.length === 0) return answer(query, lookUpInMemory(query), { join: false });
  // It may be of another variant: those who want the same one gather once more, in the place where it will be stored.
  const { key, url } = query;
  const selecting: SelectingHeaders = { kind: "selecting-headers", key, url, validFrom, names, provisional: true };
  return answerFirst(query, lookUpInMemory(query, query.variant(names), selecting));
}
