/** May a stored response answer this request, and if it must be validated, how? RFC 9111 sections 4.2 to 4.3, RFC 5861. */

import { type Directives, parseCacheControl, seconds } from "./directives";
import { age, header, type Meta } from "./entry";

/** What a request says about the stored responses it takes. */
export interface RequestDirectives {
  readonly noCache: boolean;
  readonly noStore: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAge: number | undefined;
  readonly minFresh: number | undefined;
  /** Seconds of staleness that the client takes; Infinity for a bare `max-stale`. */
  readonly maxStale: number | undefined;
}

const ANY: RequestDirectives = {
  noCache: false,
  noStore: false,
  onlyIfCached: false,
  maxAge: undefined,
  minFresh: undefined,
  maxStale: undefined,
};

export function requestDirectives(headers: Pick<Headers, "get">): RequestDirectives {
  const text = headers.get("cache-control");
  if (text === null) {
    // Pragma counts only where there is no Cache-Control (RFC 9111 section 5.4).
    const pragma = headers.get("pragma");
    return pragma !== null && parseCacheControl(pragma).has("no-cache") ? { ...ANY, noCache: true } : ANY;
  }
  const cc: Directives = parseCacheControl(text);
  return {
    noCache: cc.has("no-cache"),
    noStore: cc.has("no-store"),
    onlyIfCached: cc.has("only-if-cached"),
    maxAge: seconds(cc, "max-age"),
    minFresh: seconds(cc, "min-fresh"),
    maxStale: cc.get("max-stale") === true ? Number.POSITIVE_INFINITY : seconds(cc, "max-stale"),
  };
}

/** `hit`: serve it. `revalidate-behind`: serve it, and validate in the background. `validate`: ask the origin first. */
export type Reuse = "hit" | "revalidate-behind" | "validate";

/** `soft`: the entry was purged softly, which makes it stale and lets it serve while it is validated. */
export function reuse(meta: Meta, request: RequestDirectives, now: number, soft: boolean): Reuse {
  if (meta.noCache || request.noCache) return "validate";
  if (request.maxAge !== undefined && age(meta, now) > request.maxAge) return "validate";
  const left = soft ? Math.min(meta.freshUntil - now, 0) : meta.freshUntil - now;
  if (left > 0 && left >= (request.minFresh ?? 0) * 1000) return "hit";
  if (request.minFresh !== undefined) return "validate";
  const staleness = -left / 1000;
  if (soft) return meta.mustRevalidate ? "validate" : "revalidate-behind";
  if (staleness <= meta.staleWhileRevalidate && meta.staleWhileRevalidate > 0) return "revalidate-behind";
  if (request.maxStale !== undefined && !meta.mustRevalidate && staleness <= request.maxStale) return "hit";
  return "validate";
}

/**
 * May it answer although the origin failed? `disconnected`: the origin did not answer at all, which lets any stale
 * response serve that is not forbidden to (RFC 9111 section 4.2.4); after an error status only stale-if-error does.
 */
export function usableOnError(
  meta: Meta,
  now: number,
  disconnected: boolean,
  allowDisconnected: boolean,
  soft = false,
): boolean {
  if (meta.noCache) return false;
  const staleness = soft ? 0 : (now - meta.freshUntil) / 1000;
  if (staleness <= meta.staleIfError && meta.staleIfError > 0) return true;
  return disconnected && allowDisconnected && !meta.mustRevalidate;
}

/** Puts the stored validators on a request for the origin. False where there are none. */
export function addValidators(meta: Meta, headers: Headers): boolean {
  const etag = header(meta, "etag");
  const modified = header(meta, "last-modified");
  if (etag !== null) headers.set("if-none-match", etag);
  if (modified !== null) headers.set("if-modified-since", modified);
  return etag !== null || modified !== null;
}
