/** The platform's own cache in front (`engine: platform`). */

import { frontTag } from "./front-tag";
import type { StoredResponse } from "./stored";

/**
 * Headers by which the platform's own cache in front is told what to do (`engine: platform`): a targeted field, so that
 * browsers see nothing of it, and the tags to purge by.
 */
export function toPlatform(headers: Headers, ttl: number, stored: StoredResponse, field = "cdn-cache-control"): void {
  const parts = ["public", `max-age=${Math.max(0, Math.floor(ttl))}`];
  if (stored.noCache) parts.push("no-cache");
  if (stored.mustRevalidate) parts.push("must-revalidate");
  if (stored.staleWhileRevalidate > 0) parts.push(`stale-while-revalidate=${stored.staleWhileRevalidate}`);
  // Always said: where nothing is, Workers Cache serves what is stale for as long as the function fails.
  parts.push(`stale-if-error=${stored.staleIfError}`);
  headers.set(field, parts.join(", "));
  // By its last tag a write to its URL makes it void: the cache in front does not do so by itself.
  headers.set("cache-tag", [...stored.tags, frontTag(stored.url)].join(","));
}
