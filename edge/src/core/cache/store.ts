/** May a response be stored, and for how long is it fresh? RFC 9111 sections 3 and 4.2. Nothing here touches a store. */

import { parseDate } from "./dates";
import { type Directives, fieldNames, parseCacheControl, seconds, whole } from "./directives";
import type { Policy } from "./policy";
import { parseTargeted } from "./targeted";
import { unbounded, varyNames } from "./vary";

/** Statuses that may be stored without explicit freshness (RFC 9110 section 15.1). */
const HEURISTIC = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]);
/** Statuses whose caching requirements this cache knows: what `must-understand` asks for. */
const UNDERSTOOD = new Set([
  200, 203, 204, 206, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 410, 414, 500, 501, 502, 503, 504,
]);
const HEURISTIC_PART = 0.1;
const HEURISTIC_MOST = 86400;

/** Everything about an exchange that decides on storing it. */
export interface Exchange {
  readonly method: string;
  /** The request had `Authorization`. */
  readonly authorised: boolean;
  /** The request said `no-store`. */
  readonly noStore: boolean;
  /** The request had headers so large that an error may be their fault alone. */
  readonly oversized: boolean;
  readonly status: number;
  readonly headers: Headers;
  /** When the request was sent and when its response's headers came, ms. */
  readonly requestTime: number;
  readonly responseTime: number;
}

/** What is kept of a response beside its bytes, as far as it follows from the response and the policy. */
export interface Terms {
  /** corrected_initial_age of RFC 9111 section 4.2.3, seconds. */
  readonly initialAge: number;
  /** When freshness ends, ms. */
  readonly until: number;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  /** Never served stale, not even on a disconnect. */
  readonly mustRevalidate: boolean;
  /** Never served without a successful validation. */
  readonly noCache: boolean;
  readonly vary: readonly string[];
}

export type Verdict =
  /** `omit`: header fields that are not stored, as a qualified `no-cache` or `private` names them. */
  | { readonly store: true; readonly terms: Terms; readonly omit: readonly string[] }
  | { readonly store: false; readonly reason: string; readonly warning?: string | undefined };

const no = (reason: string, warning?: string): Verdict => ({ store: false, reason, warning });

/** The directives that bind this cache: of the first targeted field that is valid, or else of Cache-Control. */
export function directivesFor(headers: Headers, targeted: readonly string[]): { cc: Directives; targeted: boolean } {
  for (const name of targeted) {
    const cc = parseTargeted(headers.get(name));
    if (cc) return { cc, targeted: true };
  }
  return { cc: parseCacheControl(headers.get("cache-control")), targeted: false };
}

/** corrected_initial_age in seconds: by `Age`, and by how old `Date` says the response is. */
export function initialAge(headers: Headers, requestTime: number, responseTime: number): number {
  const date = parseDate(headers.get("date"), responseTime);
  const apparent = date === undefined ? 0 : Math.max(0, Math.floor((responseTime - date) / 1000));
  const delay = Math.max(0, responseTime - requestTime) / 1000;
  return Math.max(apparent, parseAge(headers.get("age")) + delay);
}

/** `Age` of a received response: the first member of what may have become a list, or 0 where that is not a number. */
export function parseAge(text: string | null): number {
  const match = text === null ? null : /^\s*(\d+)\s*(?:[;,]|$)/.exec(text);
  return match ? Math.min(Number(match[1]), 2147483648) : 0;
}

export interface Freshness {
  readonly seconds: number;
  readonly explicit: boolean;
}

/** The freshness lifetime by the response itself, for a shared cache (RFC 9111 section 4.2.1). */
export function lifetime(
  cc: Directives,
  targeted: boolean,
  status: number,
  headers: Headers,
  responseTime: number,
): Freshness {
  const age = seconds(cc, "s-maxage") ?? seconds(cc, "max-age");
  if (age !== undefined) return { seconds: age, explicit: true };
  const date = parseDate(headers.get("date"), responseTime) ?? responseTime;
  // Where a targeted field is valid, Expires has no say (RFC 9213 section 2.2).
  const expires = targeted ? null : headers.get("expires");
  if (expires !== null) {
    const at = parseDate(expires, responseTime);
    return { seconds: at === undefined ? 0 : Math.max(0, Math.floor((at - date) / 1000)), explicit: true };
  }
  const modified = parseDate(headers.get("last-modified"), responseTime);
  if (modified === undefined || modified > date || !(HEURISTIC.has(status) || cc.has("public"))) {
    return { seconds: 0, explicit: false };
  }
  const part = Math.floor(((date - modified) / 1000) * HEURISTIC_PART);
  return { seconds: Math.min(part, HEURISTIC_MOST), explicit: false };
}

export function judge(exchange: Exchange, policy: Policy, targetedFields: readonly string[]): Verdict {
  const { method, status, headers, responseTime } = exchange;
  if (policy.mode === "bypass") return no("bypass");
  if (method !== "GET" && method !== "POST") return no("method");
  if (status < 200 || status === 304 || status === 416) return no("status");
  if (exchange.noStore) return no("request-no-store");
  // Stricter than RFC 9111 section 7.3: a cookie is for one client, and so most likely is what came with it.
  if (headers.has("set-cookie") || headers.has("set-cookie2")) return no("set-cookie");
  if (exchange.oversized && status >= 400) return no("oversized-request");

  const { cc, targeted } = directivesFor(headers, targetedFields);
  if (!UNDERSTOOD.has(status) && cc.has("must-understand")) return no("must-understand");
  if (cc.has("no-store") && !cc.has("must-understand")) return no("no-store");
  if (whole(cc, "private")) return no("private");
  const names = varyNames(headers.get("vary"), policy);
  if (names === null) return no("vary", "Vary: * is never stored");
  const wide = unbounded(names, policy);
  if (wide !== undefined) return no("vary", `Vary on ${wide} would make about one entry a client: not stored`);

  const initial = initialAge(headers, exchange.requestTime, responseTime);
  const own = lifetime(cc, targeted, status, headers, responseTime);
  const omit = [...(fieldNames(cc, "private") ?? []), ...(fieldNames(cc, "no-cache") ?? [])];

  const store = (ttl: number, age: number, terms: Omit<Terms, "initialAge" | "until" | "vary">): Verdict => {
    const until = responseTime + (ttl - age) * 1000;
    return { store: true, omit, terms: { initialAge: initial, until, vary: names, ...terms } };
  };

  if (policy.mode === "override") {
    if (exchange.authorised) return no("authorization");
    if (method !== "GET") return no("method");
    const ttl = overrideTtl(status, own, policy);
    if (ttl === undefined) return no("status");
    if (ttl.seconds <= 0) return no("ttl");
    // A TTL of the policy begins when the response comes; the origin's own began when the response was made.
    return store(ttl.seconds, ttl.explicit ? initial : 0, {
      staleWhileRevalidate: policy.staleWhileRevalidate,
      staleIfError: policy.staleIfError,
      mustRevalidate: false,
      noCache: false,
    });
  }

  // RFC 9111 section 3.5.
  if (exchange.authorised && !["public", "s-maxage", "must-revalidate"].some((name) => cc.has(name))) {
    return no("authorization");
  }
  if (method === "POST" && !own.explicit) return no("method");
  if (!own.explicit && !cc.has("public") && !cc.has("private") && !HEURISTIC.has(status)) return no("status");
  const ttl = Math.min(own.seconds, policy.edgeTtl ?? own.seconds);
  const noCache = whole(cc, "no-cache") || (!own.explicit && pragma(headers));
  // Without freshness it is of use only if it can be validated.
  if ((noCache || ttl <= 0) && !headers.has("etag") && !headers.has("last-modified")) return no("no-freshness");
  const must = cc.has("must-revalidate") || cc.has("proxy-revalidate");
  // A stale window of the policy is a ceiling here; 0 sets none.
  const stale = (name: string, ceiling: number) =>
    must ? 0 : Math.min(seconds(cc, name) ?? 0, ceiling || Number.POSITIVE_INFINITY);
  return store(ttl, initial, {
    staleWhileRevalidate: stale("stale-while-revalidate", policy.staleWhileRevalidate),
    staleIfError: stale("stale-if-error", policy.staleIfError),
    // s-maxage stands for proxy-revalidate too, but leaves the windows that the same response grants (RFC 5861).
    mustRevalidate: must || cc.has("s-maxage"),
    noCache,
  });
}

/** Pragma: no-cache in a response means nothing by the RFC; here it keeps a heuristic from granting reuse. */
function pragma(headers: Headers): boolean {
  return /(^|,)\s*no-cache\s*(,|$)/i.test(headers.get("pragma") ?? "");
}

function overrideTtl(status: number, own: Freshness, policy: Policy): Freshness | undefined {
  if (status === 404 || status === 410) return { seconds: policy.errorTtl, explicit: false };
  const listed = status < 500 && (policy.statuses.has(status) || (status === 206 && policy.statuses.has(200)));
  if (listed) {
    // The longest of the tiers counts for the entry; each tier's copy is then limited to the tier's own.
    const edge = policy.edgeJitter?.[1] ?? policy.edgeTtl;
    const kv = policy.kv ? (policy.kv.jitter?.[1] ?? policy.kv.ttl) : null;
    if (edge !== null || kv !== null) return { seconds: Math.max(edge ?? 0, kv ?? 0), explicit: false };
  }
  if (!own.explicit) return undefined;
  // An error's own freshness counts up to error_ttl_s: an error page is not pinned.
  return status >= 400 ? { seconds: Math.min(own.seconds, policy.errorTtl), explicit: true } : own;
}
