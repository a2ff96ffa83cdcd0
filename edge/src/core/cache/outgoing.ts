/** The headers that a client is given with a stored or storable response. */

import { parseCacheControl, seconds } from "./directives";
import type { Meta } from "./entry";
import type { Policy } from "./policy";

/** Fields that speak to caches like this one and end here. `cdn-cache-control` goes on in `origin` mode: others follow. */
const OURS = ["cache-tag", "surrogate-key", "surrogate-control"];

/**
 * Cache-Control for browsers under `override`: from the policy alone, so that nothing of the edge's TTLs shows. `error`
 * is an error's own short TTL: what is an error now is neither immutable nor shown stale. Undefined: the origin's is left
 * as it is.
 */
export function browserCacheControl(policy: Policy, error: number | undefined): string | undefined {
  if (policy.browserTtl === null) return undefined;
  if (error !== undefined) return `public, max-age=${Math.min(policy.browserTtl, error)}`;
  const parts = ["public", `max-age=${policy.browserTtl}`];
  if (policy.staleWhileRevalidate > 0) parts.push(`stale-while-revalidate=${policy.staleWhileRevalidate}`);
  if (policy.staleIfError > 0) parts.push(`stale-if-error=${policy.staleIfError}`);
  if (policy.immutable) parts.push("immutable");
  return parts.join(", ");
}

/** Rewrites the headers of a response that was stored, or could have been. */
export function toClient(headers: Headers, status: number, policy: Policy, targeted: readonly string[]): void {
  for (const name of OURS) headers.delete(name);
  for (const name of targeted) if (policy.mode === "override" || name !== "cdn-cache-control") headers.delete(name);
  if (policy.vary.length > 0) {
    const present = (headers.get("vary") ?? "").toLowerCase().split(/\s*,\s*/);
    for (const name of policy.vary) if (!present.includes(name)) headers.append("vary", name);
  }
  if (policy.mode === "override") {
    const error = status === 404 || status === 410;
    const text = browserCacheControl(policy, error ? policy.errorTtl : undefined);
    if (text !== undefined && (error || policy.statuses.has(status === 206 ? 200 : status))) {
      headers.set("cache-control", text);
      headers.delete("expires");
      headers.delete("pragma");
    }
  } else if (policy.browserTtl !== null) {
    // In `origin` mode the policy's TTL is a ceiling.
    const text = headers.get("cache-control");
    const age = seconds(parseCacheControl(text), "max-age");
    if (text !== null && age !== undefined && age > policy.browserTtl) {
      headers.set("cache-control", text.replace(/(^|[\s,])max-age\s*=\s*"?\d+"?/i, `$1max-age=${policy.browserTtl}`));
    }
  }
}

/** `Cache-Tag` (commas) and `Surrogate-Key` (spaces) of the origin, and the policy's own. */
export function tagsOf(headers: Headers, policy: Policy): string[] {
  const tags = new Set(policy.tags);
  for (const tag of headers.get("cache-tag")?.split(",") ?? []) if (tag.trim()) tags.add(tag.trim());
  for (const tag of headers.get("surrogate-key")?.split(" ") ?? []) if (tag.trim()) tags.add(tag.trim());
  return [...tags];
}

/**
 * Headers by which the platform's own cache in front is told what to do (`engine: platform`): a targeted field, so that
 * browsers see nothing of it, and the tags to purge by.
 */
export function toPlatform(headers: Headers, ttl: number, meta: Meta, field = "cdn-cache-control"): void {
  const parts = ["public", `max-age=${Math.max(0, Math.floor(ttl))}`];
  if (meta.noCache) parts.push("no-cache");
  if (meta.mustRevalidate) parts.push("must-revalidate");
  if (meta.staleWhileRevalidate > 0) parts.push(`stale-while-revalidate=${meta.staleWhileRevalidate}`);
  // Always said: where nothing is, Workers Cache serves what is stale for as long as the function fails.
  parts.push(`stale-if-error=${meta.staleIfError}`);
  headers.set(field, parts.join(", "));
  if (meta.tags.length > 0) headers.set("cache-tag", meta.tags.join(","));
}
