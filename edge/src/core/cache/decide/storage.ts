/** May a response be stored, and until when is it fresh? RFC 9111 sections 3 and 4.2. Nothing here touches a store. */

import { CREDENTIALS } from "../../claims.gen";
import { parseDate } from "../../dates";
import { type Directives, deltaSeconds, deltaSecondsOf, fieldNames, isUnqualified } from "../directives";
import { errorTtl, isListed, type Policy } from "../policy";
import { type ReadDirectives, readPlainDirectives } from "../response-directives";
import { type HeaderFields, headersToStore, type PartRange, type StoredResponse } from "../stored";
import { tagsOf } from "../tags";
import { perClient, selectingNamesOf, selectingValues, variantKey } from "../vary";
import type { NotStored } from "./outcome";

export type StorageDecision =
  | { readonly store: true; readonly response: StoredResponse }
  /** `unusual`: what most likely was not meant, for a person to read. */
  | { readonly store: false; readonly reason: NotStored; readonly unusual?: string };

/** What decides on storing a response, beside the policy. Times are in ms. */
export interface Exchange {
  /** GET or HEAD; in mode `origin` also POST. */
  readonly method: string;
  /** The request's key and normal URL. */
  readonly key: string;
  readonly url: string;
  readonly requestHeaders: HeaderFields;
  /** The request said `no-store`. */
  readonly noStore: boolean;
  readonly status: number;
  readonly headers: HeaderFields;
  /** When the request was sent, and when its response's headers came. */
  readonly requestTime: number;
  readonly responseTime: number;
  /** Bytes of the body as it would be stored, where they are known. */
  readonly length: number | undefined;
  /** A Content-Encoding is still there, and not undone by the runtime. */
  readonly rawBodies: boolean;
  /** The data centre has a cache of its own. */
  readonly hasEdgeCache: boolean;
}

/** What mode `origin` has beyond `override`: RFC 9111 with the origin's own headers in charge. */
export interface OriginRules {
  readonly readDirectives: ReadDirectives;
  readonly decideFreshness: DecideFreshness;
  /** The part of a representation that a 206 brings; undefined where it cannot be stored. */
  partOf(headers: Pick<Headers, "get">, length: number | undefined): PartRange | undefined;
}

/** For how long a response that nothing forbids to store is fresh, or why it is not stored after all. */
export type DecideFreshness = (
  exchange: Exchange,
  policy: Policy,
  response: { readonly directives: Directives; readonly targeted: boolean; readonly initialAge: number },
) => Freshness | NotStored;

export interface Freshness
  extends Pick<StoredResponse, "staleWhileRevalidate" | "staleIfError" | "mustRevalidate" | "noCache"> {
  /** Freshness (s) that is left when the response comes: less than nothing where it comes stale. */
  readonly remaining: number;
}

/** Until when a response is fresh, by which request fields it is selected, and which of its fields are not stored. */
export interface Terms extends Omit<Freshness, "remaining"> {
  readonly initialAge: number;
  readonly freshUntil: number;
  readonly selectingNames: readonly string[];
  readonly excludedFields: readonly string[];
}

type Refusal = Extract<StorageDecision, { store: false }>;

/** What the response, the request and the policy say: the rest is a matter of room. */
export function decideTerms(
  exchange: Exchange,
  policy: Policy,
  targetedFields: readonly string[],
  rules?: Pick<OriginRules, "readDirectives" | "decideFreshness">,
): { readonly store: true; readonly terms: Terms } | Refusal {
  const forbidden = forbiddenByExchange(exchange);
  if (forbidden) return refuse(forbidden);
  const { headers, status } = exchange;
  const response = (rules?.readDirectives ?? readPlainDirectives)(headers, targetedFields);
  if (!response) return refuse("targeted", "A targeted field has more than plain directives: not stored");
  const { directives } = response;
  const forbiddenByDirective = forbiddenByDirectives(directives, status);
  if (forbiddenByDirective) return refuse(forbiddenByDirective);
  const selectingNames = selectingNamesOf(headers.get("vary"), policy);
  if (!selectingNames) return refuse("vary", "Vary: *, or on what is no name, is never stored");
  const wide = perClient(selectingNames, policy);
  if (wide) return refuse("vary", `Vary on ${wide} would make about one entry a client: not stored`);

  const initialAge = correctedInitialAge(exchange);
  const freshness = freshnessOf(exchange, policy, { ...response, initialAge }, rules);
  if (typeof freshness === "string") return refuse(freshness);
  const { remaining, ...windows } = freshness;
  const freshUntil = exchange.responseTime + remaining * 1000;
  // A qualified `private` or `no-cache` forbids to store these fields (sections 5.2.2.4 and 5.2.2.7).
  const excludedFields = [...fieldNames(directives.get("private")), ...fieldNames(directives.get("no-cache"))];
  return { store: true, terms: { initialAge, freshUntil, selectingNames, excludedFields, ...windows } };
}

/** The decision: what would be stored, or why nothing is. */
export function decideStorage(
  exchange: Exchange,
  policy: Policy,
  targetedFields: readonly string[],
  unstoredHeaders: readonly string[],
  rules?: OriginRules,
): StorageDecision {
  const decision = decideTerms(exchange, policy, targetedFields, rules);
  if (!decision.store) return decision;
  const { excludedFields, selectingNames, ...terms } = decision.terms;
  const { headers, status, requestHeaders } = exchange;
  const range = status === 206 ? partOf(exchange, rules) : undefined;
  if (status === 206 && !range) return refuse("range");
  // Of a part, these say what the stored one's own range says.
  const ofThePart = range ? ["content-range", "content-length"] : [];
  const kept = headersToStore(headers, [...unstoredHeaders, ...excludedFields, ...ofThePart]);
  if (!kept) return refuse("headers");
  if (!hasTier(policy, exchange.hasEdgeCache)) return refuse("size");
  const names = withCoding(selectingNames, headers);
  const response: StoredResponse = {
    kind: "response",
    key: names.length > 0 ? variantKey(exchange.key, names, requestHeaders) : exchange.key,
    url: exchange.url,
    status,
    headers: kept,
    requestTime: exchange.requestTime,
    responseTime: exchange.responseTime,
    ...terms,
    copyFreshUntil: terms.freshUntil,
    selectingNames: names,
    selectingValues: selectingValues(names, requestHeaders),
    tags: tagsOf(headers, policy),
    range,
    length: exchange.length,
  };
  return { store: true, response };
}

const refuse = (reason: NotStored, unusual?: string): Refusal => ({
  store: false,
  reason,
  ...(unusual !== undefined && { unusual }),
});

/** Statuses that are never stored: interim ones, and those that only speak of another response. */
const isFinalOfItsOwn = (status: number): boolean => status >= 200 && status !== 304 && status !== 416;

function forbiddenByExchange({ status, headers, noStore, requestHeaders }: Exchange): NotStored | undefined {
  if (!isFinalOfItsOwn(status)) return "status";
  if (noStore) return "request-no-store";
  // Stricter than RFC 9111 section 7.3: a cookie is for one client, and so most likely is what came with it.
  if (headers.has("set-cookie")) return "set-cookie";
  return status >= 400 && isOversized(requestHeaders) ? "oversized-request" : undefined;
}

/** A request whose headers have more bytes than this may have caused the error that it got: that is not stored. */
const OVERSIZED = 8192;

export function isOversized(requestHeaders: Iterable<[string, string]>): boolean {
  let bytes = 0;
  for (const [name, value] of requestHeaders) bytes += name.length + value.length;
  return bytes > OVERSIZED;
}

/** Final statuses whose caching requirements this cache knows (RFC 9111 section 3). */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  200, 203, 204, 206, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 410, 414, 500, 501, 502, 503, 504,
]);

function forbiddenByDirectives(directives: Directives, status: number): NotStored | undefined {
  const mustUnderstand = directives.has("must-understand");
  if (mustUnderstand && !UNDERSTOOD.has(status)) return "must-understand";
  // Who understands the status ignores a no-store beside must-understand (section 5.2.2.3).
  if (directives.has("no-store") && !mustUnderstand) return "no-store";
  return isUnqualified(directives, "private") ? "private" : undefined;
}

function freshnessOf(
  exchange: Exchange,
  policy: Policy,
  response: { readonly directives: Directives; readonly targeted: boolean; readonly initialAge: number },
  rules?: Pick<OriginRules, "decideFreshness">,
): Freshness | NotStored {
  if (policy.mode === "override") {
    const { directives, targeted, initialAge } = response;
    const stated = explicitLifetime(directives, targeted, exchange.headers, exchange.responseTime);
    return overriddenFreshness(exchange, policy, stated, initialAge);
  }
  return rules?.decideFreshness(exchange, policy, response) ?? "status";
}

/** Under `override` the policy says for how long; what it does not list is stored as the origin says. */
function overriddenFreshness(
  exchange: Exchange,
  policy: Policy,
  stated: number | undefined,
  initialAge: number,
): Freshness | NotStored {
  const { status } = exchange;
  if (isAuthorised(exchange.requestHeaders, policy)) return "authorization";
  const lifetime = {
    staleWhileRevalidate: policy.stale_while_revalidate_s,
    staleIfError: policy.stale_if_error_s,
    mustRevalidate: false,
    noCache: false,
  };
  // The longest of the tiers counts for the entry; each tier's copy is then limited to the tier's own.
  const listed = status < 500 && isListed(policy, status) ? policy.longest : null;
  const ttl = errorTtl(policy, status) ?? listed;
  // A TTL of the policy begins when the response comes.
  if (ttl !== null) return ttl > 0 ? { remaining: ttl, ...lifetime } : "ttl";
  if (stated === undefined) return "status";
  // An error's own freshness counts up to error_ttl: an error page is not pinned.
  const own = status >= 400 ? Math.min(stated, policy.error_ttl_s) : stated;
  // The origin's own lifetime began when the response was made.
  return own > 0 ? { remaining: own - initialAge, ...lifetime } : "ttl";
}

/**
 * Whether a request says with whom it is: by `Authorization`, or by a field that means the same and that no key has. What it
 * brings is for the others only where the origin says so (RFC 9111 section 3.5).
 */
export function isAuthorised(
  headers: Pick<HeaderFields, "has" | "keys">,
  policy: Pick<Policy, "headers" | "vary">,
): boolean {
  if (headers.has("authorization")) return true;
  for (const name of headers.keys()) {
    if (CREDENTIALS.has(name) && !policy.headers.includes(name) && !policy.vary.includes(name)) return true;
  }
  return false;
}

function partOf({ headers, rawBodies, length }: Exchange, rules?: OriginRules): PartRange | undefined {
  // A part of coded content that the runtime decodes is a part of nothing.
  if (headers.has("content-encoding") && !rawBodies) return undefined;
  return rules?.partOf(headers, length);
}

const hasTier = ({ platform, memory, edge, kv, shield }: Policy, hasEdgeCache: boolean): boolean =>
  platform || memory !== null || (edge !== null && hasEdgeCache) || kv !== null || shield !== null;

/** Coded content without Vary on the coding would be given to clients that cannot read it. */
function withCoding(names: readonly string[], headers: HeaderFields): readonly string[] {
  if (!headers.has("content-encoding") || names.includes("accept-encoding")) return names;
  return [...names, "accept-encoding"].sort();
}

// --- ages and lifetimes ------------------------------------------------------------------------------------------------

const wholeSeconds = (ms: number): number => Math.max(0, Math.floor(ms / 1000));

/** When a response says that it was made (ms), or else when it came. */
export const dateOf = (headers: Pick<Headers, "get">, responseTime: number): number =>
  parseDate(headers.get("date"), responseTime) ?? responseTime;

/** `Age` of a received response: the first member of what may have become a list, or 0 where that is not a number. */
export const parseAge = (field: string | null): number => deltaSeconds(field?.split(/[;,]/, 1)[0]?.trim());

/** corrected_initial_age (s): by `Age`, and by how old `Date` says that the response is (RFC 9111 section 4.2.3). */
function correctedInitialAge({ headers, requestTime, responseTime }: Exchange): number {
  const apparentAge = wholeSeconds(responseTime - dateOf(headers, responseTime));
  const responseDelay = Math.max(0, responseTime - requestTime) / 1000;
  const correctedAge = parseAge(headers.get("age")) + responseDelay;
  return Math.max(apparentAge, correctedAge);
}

/**
 * The freshness lifetime (s) that a response states for a shared cache (RFC 9111 section 4.2.1); undefined where it states
 * none.
 */
export function explicitLifetime(
  directives: Directives,
  targeted: boolean,
  headers: Pick<Headers, "get">,
  responseTime: number,
): number | undefined {
  const stated = deltaSecondsOf(directives, "s-maxage") ?? deltaSecondsOf(directives, "max-age");
  if (stated !== undefined) return stated;
  // Where a targeted field is valid, Expires has no say (RFC 9213 section 2.2).
  const expires = targeted ? null : headers.get("expires");
  if (expires === null) return undefined;
  const date = dateOf(headers, responseTime);
  // An invalid date has passed (section 5.3).
  return wholeSeconds((parseDate(expires, responseTime) ?? date) - date);
}
