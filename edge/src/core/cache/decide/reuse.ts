/** May a stored response answer, now, or when the origin fails? RFC 9111 section 4.2, RFC 5861. */

import type { StoredResponse } from "../stored";

/** What may be done with a stored response, and why. */
export type ReuseDecision =
  | { readonly use: "serve"; readonly reason: "fresh" | "max-stale" }
  /** Serve it, and validate it in the background. */
  | { readonly use: "serve-and-revalidate"; readonly reason: "stale-while-revalidate" | "marked-stale" }
  /** Ask the origin first. */
  | { readonly use: "validate"; readonly reason: ValidationReason };

export type ValidationReason =
  | "nothing-stored"
  | "no-cache"
  | "stale"
  | "marked-stale"
  | "request-no-cache"
  | "request-max-age"
  | "request-min-fresh";

const decision = <const Use extends ReuseDecision>(made: Use): Use => Object.freeze(made);

/** Each is made once: decisions are on the path of every hit. */
export const SERVE_FRESH = decision({ use: "serve", reason: "fresh" });
export const SERVE_MAX_STALE = decision({ use: "serve", reason: "max-stale" });
const SERVE_STALE = decision({ use: "serve-and-revalidate", reason: "stale-while-revalidate" });
const SERVE_MARKED_STALE = decision({ use: "serve-and-revalidate", reason: "marked-stale" });
export const NOTHING_STORED = decision({ use: "validate", reason: "nothing-stored" });
const VALIDATE_NO_CACHE = decision({ use: "validate", reason: "no-cache" });
const VALIDATE_STALE = decision({ use: "validate", reason: "stale" });
const VALIDATE_MARKED_STALE = decision({ use: "validate", reason: "marked-stale" });

/** `markedStale`: a purge has made it stale, which lets it serve while it is validated. */
export function decideReuse(stored: StoredResponse, now: number, markedStale: boolean): ReuseDecision {
  if (stored.noCache) return VALIDATE_NO_CACHE;
  if (markedStale) return stored.mustRevalidate ? VALIDATE_MARKED_STALE : SERVE_MARKED_STALE;
  const freshness = (stored.copyFreshUntil - now) / 1000;
  if (freshness > 0) return SERVE_FRESH;
  const window = stored.staleWhileRevalidate;
  return window > 0 && -freshness <= window ? SERVE_STALE : VALIDATE_STALE;
}

/** What went wrong at the origin. */
export type OriginFailure =
  /** It did not answer at all. */
  | "disconnected"
  /** It answered a validation with a 5xx, which may count as no answer (RFC 9111 section 4.3.3). */
  | "validation-failed"
  /** It answered with a 5xx. */
  | "error";

/**
 * May a stale response answer in the place of a failure? `stale-if-error` says for how long (RFC 5861 section 4). Where the
 * origin could not be reached, any response may that is not forbidden to (RFC 9111 section 4.2.4): in mode `origin` alone,
 * because under `override` the policy says all that is allowed.
 */
export function decideStaleOnError(
  stored: StoredResponse,
  markedStale: boolean,
  failure: OriginFailure,
  mode: string,
  now: number,
): boolean {
  if (stored.noCache) return false;
  const staleness = markedStale ? 0 : (now - stored.copyFreshUntil) / 1000;
  if (stored.staleIfError > 0 && staleness <= stored.staleIfError) return true;
  // A response that says itself for how long errors may be hidden has had its say.
  const unreachable = failure === "disconnected" || (failure === "validation-failed" && stored.staleIfError === 0);
  return unreachable && mode === "origin" && !stored.mustRevalidate;
}
