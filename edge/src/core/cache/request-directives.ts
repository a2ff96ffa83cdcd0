/** What a request says of the stored responses that it takes (RFC 9111 section 5.2.1). */

import { type Directives, parseCacheControl, seconds } from "./directives";
import { age, type Meta } from "./entry";
import { type Reuse, reuse } from "./reuse";

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
  const text = headers.get("cache-control");
  if (text === null) {
    // Pragma counts only where there is no Cache-Control (RFC 9111 section 5.4).
    const pragma = headers.get("pragma");
    return pragma !== null && parseCacheControl(pragma).has("no-cache") ? { noCache: true } : undefined;
  }
  const cc: Directives = parseCacheControl(text);
  return {
    noCache: cc.has("no-cache"),
    noStore: cc.has("no-store"),
    onlyIfCached: cc.has("only-if-cached"),
    maxAge: seconds(cc, "max-age"),
    minFresh: seconds(cc, "min-fresh"),
    maxStale: cc.get("max-stale") === true ? Infinity : seconds(cc, "max-stale"),
  };
}

/** `reuse`, for a request that takes less, or more, than what is fresh. */
export function reuseFor(meta: Meta, request: RequestDirectives, now: number, soft: boolean): Reuse {
  const { maxAge, minFresh, maxStale } = request;
  if (request.noCache || (maxAge !== undefined && age(meta, now) > maxAge)) return "validate";
  const decision = reuse(meta, now, soft);
  const left = meta.freshUntil - now;
  if (minFresh !== undefined) return decision === "hit" && left >= minFresh * 1000 ? "hit" : "validate";
  if (decision !== "validate" || maxStale === undefined || soft || meta.mustRevalidate || meta.noCache) return decision;
  return -left <= maxStale * 1000 ? "hit" : decision;
}
