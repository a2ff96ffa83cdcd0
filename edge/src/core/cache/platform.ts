/** The platform's own cache in front (`engine: platform`). */

import type { Meta } from "./entry";
import { frontTag } from "./front-tag";

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
  // By its last tag a write to its URL makes it void: the cache in front does not do so by itself.
  headers.set("cache-tag", [...meta.tags, frontTag(meta.url)].join(","));
}
