/** May a stored response answer this request, and if it must be validated, how? RFC 9111 sections 4.2 to 4.3, RFC 5861. */

import { type Entry, header, type Meta } from "./entry";
import type { Policy } from "./policy";
import type { CacheContext } from "./types";

/** `hit`: serve it. `revalidate-behind`: serve it, and validate in the background. `validate`: ask the origin first. */
export type Reuse = "hit" | "revalidate-behind" | "validate";

/** `soft`: the entry was purged softly, which makes it stale and lets it serve while it is validated. */
export function reuse(meta: Meta, now: number, soft: boolean): Reuse {
  if (meta.noCache) return "validate";
  if (soft) return meta.mustRevalidate ? "validate" : "revalidate-behind";
  const left = meta.freshUntil - now;
  if (left > 0) return "hit";
  return meta.staleWhileRevalidate > 0 && -left <= meta.staleWhileRevalidate * 1000 ? "revalidate-behind" : "validate";
}

/**
 * May it answer although the origin failed? `disconnected`: the origin did not answer at all, which in mode `origin` lets
 * any stale response serve that is not forbidden to (RFC 9111 section 4.2.4); else only stale-if-error does.
 */
export function usableOnError(
  { ctx, policy }: { readonly ctx: Pick<CacheContext, "now">; readonly policy: Pick<Policy, "mode"> },
  { meta, soft }: Entry,
  disconnected: boolean,
): boolean {
  if (meta.noCache) return false;
  const staleness = soft ? 0 : (ctx.now() - meta.freshUntil) / 1000;
  if (staleness <= meta.staleIfError && meta.staleIfError > 0) return true;
  return disconnected && policy.mode === "origin" && !meta.mustRevalidate;
}

/** Puts the stored validators on a request for the origin. False where there are none. */
export function addValidators(meta: Meta, headers: Headers): boolean {
  const etag = header(meta, "etag");
  const modified = header(meta, "last-modified");
  if (etag !== null) headers.set("if-none-match", etag);
  if (modified !== null) headers.set("if-modified-since", modified);
  return etag !== null || modified !== null;
}
