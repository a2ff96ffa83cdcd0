/** Answers: their headers, and what a client's conditions, range and method make of them. */

import { isNotModified, notModifiedHeaders, rangeApplies } from "../conditional";
import { parseDate } from "../dates";
import { type ByteRange, parseRange } from "../ranges";
import type { PreparedAnswer, Selected } from "./copies";
import type { Core, Query } from "./core";
import { cacheStatusOf, type Outcome, type StaleInstead, xCacheOf } from "./decide/outcome";
import { drawCeiling, drawDataCentreLifetime } from "./decide/placement";
import { toClient } from "./outgoing";
import { bodyless, currentAge, fieldsOf, header, type StoredResponse } from "./stored";
import { type Body, discard, fromBytes, isStream, slice } from "./streams";
import type { CacheContext } from "./types";

/** A stored response answers: fresh, or stale while it is revalidated. */
export function answerHit(query: Query, selected: Selected): Response {
  const { stored, body = null } = selected;
  const prepared = preparedAnswer(query, selected);
  query.ctx.settled?.(prepared.outcome);
  return answerFrom(query, stored, body, prepared.response.headers, prepared.response);
}

/** The headers of what is read again and again change once a second, not with each hit. */
function preparedAnswer(query: Query, { stored, tier, markedStale, copy }: Selected): PreparedAnswer {
  const now = query.ctx.now();
  const second = Math.floor(now / 1000);
  if (copy.prepared?.second === second) return copy.prepared;
  // What was marked stale is not to be taken for fresh by a cache in front.
  const copyFreshUntil = markedStale ? Math.min(now, stored.copyFreshUntil) : stored.copyFreshUntil;
  const outcome: Outcome = { kind: "hit", tier, ttl: Math.floor((copyFreshUntil - now) / 1000) };
  const headers = answerHeaders(query, stored.headers, { ...stored, copyFreshUntil }, outcome, "stored");
  const prepared = { second, outcome, response: makeResponse(stored.status, headers, null, query.ctx.rawBodies) };
  // What KV gave is not kept.
  if (tier !== "kv") copy.prepared = prepared;
  return prepared;
}

/** A stale response answers in the place of a failure. */
export function answerStale(query: Query, selected: Selected, outcome: Omit<StaleInstead, "kind" | "tier">): Response {
  const { stored, tier, markedStale, body = null } = selected;
  const now = query.ctx.now();
  const copyFreshUntil = markedStale ? Math.min(now, stored.copyFreshUntil) : stored.copyFreshUntil;
  const settled: Outcome = { kind: "stale-instead", tier, ...outcome };
  const headers = answerHeaders(query, stored.headers, { ...stored, copyFreshUntil }, settled, "stored");
  query.ctx.settled?.(settled);
  return answerFrom(query, stored, body, headers);
}

/**
 * Headers for the client: the response's own, the policy's, and what tells where it came from. `source`: a response that just
 * came from the origin has no Age, unless it came with one.
 */
export function answerHeaders(
  { core, policy, ctx }: Query,
  from: Iterable<readonly [string, string]>,
  stored: StoredResponse,
  outcome: Outcome,
  source: "stored" | "origin",
): Headers {
  const now = ctx.now();
  const age = currentAge(stored, now);
  const headers = new Headers(from as [string, string][]);
  toClient(core, headers, stored.status, policy, age);
  headers.delete("age");
  if (policy.platform) {
    const most = Math.min(drawDataCentreLifetime(stored, policy, ctx), drawCeiling(policy.front, ctx));
    const left = Math.min((stored.copyFreshUntil - now) / 1000, most);
    // Its freshness counts from the Age that comes with it.
    core.platform?.(headers, left > 0 ? left + age : 0, stored, core.targetedFields[0]);
  }
  if (source === "stored" || age > 0) headers.set("age", String(age));
  // A length stored with content that the runtime has decoded would be wrong.
  if (headers.has("content-encoding") && !ctx.rawBodies) headers.delete("content-length");
  setOutcome(core, headers, outcome);
  core.inside?.(headers, stored, outcome.kind !== "forwarded");
  return headers;
}

/** Writes X-Cache and Cache-Status: nothing else does. */
function setOutcome({ name }: Pick<Core, "name">, headers: Headers, outcome: Outcome): void {
  headers.set("x-cache", xCacheOf(outcome));
  // Caches on the way append themselves, the one nearest to the client last (RFC 9211 section 2).
  headers.append("cache-status", `${name}; ${cacheStatusOf(outcome)}`);
}

/** The headers of an answer that is not stored, with what became of it. */
export function labelled(core: Core, headers: Headers, outcome: Outcome, ctx: CacheContext): Headers {
  setOutcome(core, headers, outcome);
  ctx.settled?.(outcome);
  return headers;
}

/** A response that the cache has no part in, with word of that. */
export function passThrough(core: Core, response: Response, outcome: Outcome, ctx: CacheContext): Response {
  if (!canBeRemade(response)) return response;
  const headers = labelled(core, new Headers(response.headers), outcome, ctx);
  return makeResponse(response.status, headers, response.body, true, response.statusText);
}

export function makeResponse(status: number, headers: Headers, body: Body, raw?: boolean, statusText = ""): Response {
  const init: ResponseInit & { encodeBody?: "manual" } = { status, statusText, headers };
  if (raw && headers.has("content-encoding")) init.encodeBody = "manual";
  if (bodyless(status)) {
    discard(body);
    return new Response(null, init);
  }
  const response = new Response(body as BodyInit | null, init);
  if (body instanceof ArrayBuffer) fromBytes.add(response);
  return response;
}

/**
 * The answer to this client's conditions, range and method. Leaves `headers` as they are. The plain one is a copy of what is
 * `prepared` with the body, where that is given: the cheapest way to make a Response.
 */
export function answerFrom(
  query: Query,
  stored: StoredResponse,
  body: Body,
  headers: Headers,
  prepared?: Response,
): Response {
  const { ctx, method } = query;
  const { status } = stored;
  if (status === 200 && hasClientsCopy(query, stored)) return makeResponse(304, notModifiedHeaders(headers), body);
  const length = isStream(body) ? stored.length : body?.byteLength;
  if (method === "HEAD") return headAnswer(status, headers, body, length, ctx.rawBodies);
  const total = stored.range?.total ?? length;
  const range = total === undefined ? undefined : wantedRange(query, stored, headers, total);
  if (range === "unsatisfiable") return unsatisfiable(headers, body, total, ctx.rawBodies);
  if (range) return partialAnswer(stored, headers, body, range, total, ctx.rawBodies);
  const plain = prepared && !bodyless(status);
  return plain ? new Response(body as BodyInit | null, prepared) : makeResponse(status, headers, body, ctx.rawBodies);
}

/** Whether the client has this response already. */
function hasClientsCopy({ headers, ctx }: Query, stored: StoredResponse): boolean {
  const now = ctx.now();
  // Without Last-Modified it is as if it had been modified when it was made, or received (RFC 9111 section 4.3.2).
  const madeOrReceived = () => parseDate(header(stored, "date"), now) ?? stored.responseTime;
  return isNotModified(headers, fieldsOf(stored), now, madeOrReceived);
}

function headAnswer(status: number, headers: Headers, body: Body, length: number | undefined, raw?: boolean): Response {
  discard(body);
  const sized = new Headers(headers);
  if (length !== undefined && !headers.has("content-length")) sized.set("content-length", String(length));
  return makeResponse(status, sized, null, raw);
}

/** The range that is asked for, where it can be cut: not from coded content that the runtime has decoded. */
function wantedRange(
  query: Query,
  stored: StoredResponse,
  headers: Headers,
  total: number,
): ReturnType<typeof parseRange> {
  const { ctx } = query;
  if (query.range === null || (stored.status !== 200 && !stored.range)) return undefined;
  if (headers.has("content-encoding") && !ctx.rawBodies) return undefined;
  return rangeApplies(query.headers, fieldsOf(stored), ctx.now()) ? parseRange(query.range, total) : undefined;
}

function partialAnswer(
  stored: StoredResponse,
  headers: Headers,
  body: Body,
  { start, end }: ByteRange,
  total: number | undefined,
  raw?: boolean,
): Response {
  const bytes = end - start + 1;
  const partial = new Headers(headers);
  partial.set("content-length", String(bytes));
  partial.set("content-range", `bytes ${start}-${end}/${total}`);
  return makeResponse(206, partial, slice(body, start - (stored.range?.start ?? 0), bytes), raw);
}

/** Of a 416, they would speak of the content that it does not bring. */
const NOT_OF_A_416 = ["content-length", "content-encoding", "content-type", "etag", "last-modified"];

function unsatisfiable(headers: Headers, body: Body, total: number | undefined, raw?: boolean): Response {
  discard(body);
  const without = withoutFields(headers, NOT_OF_A_416);
  without.set("content-range", `bytes */${total}`);
  return makeResponse(416, without, null, raw);
}

/** False for a WebSocket's response, or a status that Response does not take: such a one cannot be made again. */
export function canBeRemade({ status }: Response): boolean {
  // Some runtimes give an interim response as if it were the final one (workerd does): nothing can be made of it.
  if (status < 200 && status !== 101) throw new Error(`The origin answered with the interim status ${status}.`);
  return status >= 200 && status <= 599;
}

/** A copy without the fields of these names. */
export function withoutFields(headers: Headers, names: readonly string[]): Headers {
  const copy = new Headers(headers);
  for (const name of names) copy.delete(name);
  return copy;
}
