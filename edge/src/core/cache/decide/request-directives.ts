/** What a request says of the stored responses that it takes (RFC 9111 section 5.2.1). */

import { deltaSecondsOf, parseCacheControl } from "../directives";
import { currentAge, type StoredResponse } from "../stored";
import { decideReuse, type ReuseDecision, SERVE_MAX_STALE } from "./reuse";

export interface RequestDirectives {
  readonly noCache?: boolean;
  readonly noStore?: boolean;
  readonly onlyIfCached?: boolean;
  readonly maxAge?: number | undefined;
  readonly minFresh?: number | undefined;
  /** Seconds of staleness that the client takes; Infinity for a bare `max-stale`. */
  readonly maxStale?: number | undefined;
}

export function requestDirectives(headers: Pick<Headers, "get">): RequestDirectives | undefined {
  const field = headers.get("cache-control");
  if (field === null) {
    // Pragma counts only where there is no Cache-Control (RFC 9111 section 5.4).
    const pragma = headers.get("pragma");
    return pragma !== null && parseCacheControl(pragma).has("no-cache") ? { noCache: true } : undefined;
  }
  const directives = parseCacheControl(field);
  return {
    noCache: directives.has("no-cache"),
    noStore: directives.has("no-store"),
    onlyIfCached: directives.has("only-if-cached"),
    maxAge: deltaSecondsOf(directives, "max-age"),
    minFresh: deltaSecondsOf(directives, "min-fresh"),
    maxStale: directives.get("max-stale") === true ? Infinity : deltaSecondsOf(directives, "max-stale"),
  };
}

/** `decideReuse`, for a request that takes less than what is fresh, or more. */
export function decideReuseFor(
  stored: StoredResponse,
  request: RequestDirectives,
  now: number,
  markedStale: boolean,
): ReuseDecision {
  const { maxAge, minFresh, maxStale } = request;
  if (request.noCache) return { use: "validate", reason: "request-no-cache" };
  if (maxAge !== undefined && currentAge(stored, now) > maxAge) return { use: "validate", reason: "request-max-age" };
  const decision = decideReuse(stored, now, markedStale);
  const freshness = (stored.copyFreshUntil - now) / 1000;
  if (minFresh !== undefined) {
    const freshEnough = decision.use === "serve" && freshness >= minFresh;
    return freshEnough ? decision : { use: "validate", reason: "request-min-fresh" };
  }
  const takesStale = maxStale !== undefined && -freshness <= maxStale;
  const mayServeStale = !markedStale && !stored.mustRevalidate && !stored.noCache;
  return decision.use === "validate" && takesStale && mayServeStale ? SERVE_MAX_STALE : decision;
}
