/** For how long is a response fresh by the origin's own headers? RFC 9111 sections 3 and 4.2, RFC 5861. */

import { parseDate } from "../../dates";
import { type Directives, deltaSecondsOf, isUnqualified, parseCacheControl } from "../directives";
import { type DecideFreshness, dateOf, explicitLifetime, isAuthorised } from "./storage";

/** Statuses that may be stored without explicit freshness (RFC 9110 section 15.1). */
const HEURISTICALLY_CACHEABLE: ReadonlySet<number> = new Set([
  200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501,
]);
/** The part of the time since the last change for which a response is taken to be fresh, and the longest such time (s). */
const HEURISTIC_PART = 0.1;
const HEURISTIC_MOST_S = 86_400;

export interface Lifetime {
  readonly seconds: number;
  /** The response states it; else it was guessed. */
  readonly explicit: boolean;
}

/** The freshness lifetime by the response itself, for a shared cache: as it says, or else guessed (section 4.2.2). */
export function freshnessLifetime(
  directives: Directives,
  targeted: boolean,
  status: number,
  headers: Pick<Headers, "get">,
  responseTime: number,
): Lifetime {
  const stated = explicitLifetime(directives, targeted, headers, responseTime);
  if (stated !== undefined) return { seconds: stated, explicit: true };
  const date = dateOf(headers, responseTime);
  const modified = parseDate(headers.get("last-modified"), responseTime);
  const mayGuess = HEURISTICALLY_CACHEABLE.has(status) || directives.has("public");
  if (modified === undefined || modified > date || !mayGuess) return { seconds: 0, explicit: false };
  const guessed = Math.floor(((date - modified) / 1000) * HEURISTIC_PART);
  return { seconds: Math.min(guessed, HEURISTIC_MOST_S), explicit: false };
}

/** Directives with which a response to a request with credentials may be shared (section 3.5). */
const SHARED_IN_SPITE_OF_CREDENTIALS = ["public", "s-maxage", "must-revalidate"];

export const decideOriginFreshness: DecideFreshness = (exchange, policy, { directives, targeted, initialAge }) => {
  const { method, status, headers, responseTime, requestHeaders } = exchange;
  if (policy.mode === "bypass") return "bypass";
  const lifetime = freshnessLifetime(directives, targeted, status, headers, responseTime);
  const shared = SHARED_IN_SPITE_OF_CREDENTIALS.some((name) => directives.has(name));
  if (!shared && isAuthorised(requestHeaders, policy)) return "authorization";
  if (method === "POST" && !lifetime.explicit) return "method";
  const cacheable = directives.has("public") || directives.has("private") || HEURISTICALLY_CACHEABLE.has(status);
  if (!lifetime.explicit && !cacheable) return "status";

  const ttl = Math.min(lifetime.seconds, policy.edge_ttl_s ?? lifetime.seconds);
  const noCache = isUnqualified(directives, "no-cache") || (!lifetime.explicit && hasPragmaNoCache(headers));
  const hasValidator = headers.get("etag") !== null || headers.get("last-modified") !== null;
  // Without freshness it is of use only if it can be validated.
  if ((noCache || ttl <= 0) && !hasValidator) return "no-freshness";

  const neverStale = directives.has("must-revalidate") || directives.has("proxy-revalidate");
  // A stale window of the policy is a ceiling here; 0 sets none.
  const window = (name: string, ceiling: number) =>
    neverStale ? 0 : Math.min(deltaSecondsOf(directives, name) ?? 0, ceiling || Infinity);
  return {
    remaining: ttl - initialAge,
    staleWhileRevalidate: window("stale-while-revalidate", policy.stale_while_revalidate_s),
    staleIfError: window("stale-if-error", policy.stale_if_error_s),
    // s-maxage stands for proxy-revalidate too, but leaves the windows that the same response grants (RFC 5861).
    mustRevalidate: neverStale || directives.has("s-maxage"),
    noCache,
  };
};

/** Pragma: no-cache in a response means nothing by the RFC; here it keeps a heuristic from granting reuse. */
function hasPragmaNoCache(headers: Pick<Headers, "get">): boolean {
  return /(^|,)\s*no-cache\s*(,|$)/i.test(headers.get("pragma") ?? "");
}

/** In `origin` mode the policy's TTL is a ceiling on what is left to the browser. */
export function limitMaxAge(headers: Headers, most: number): void {
  const field = headers.get("cache-control");
  if (field === null || (deltaSecondsOf(parseCacheControl(field), "max-age") ?? 0) <= most) return;
  headers.set("cache-control", field.replace(/(^|[\s,])max-age\s*=\s*"?\d+"?/i, `$1max-age=${most}`));
}
