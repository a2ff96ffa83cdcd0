/**
 * What the function tells the platform's own cache in front of it (`engine: platform`; Workers Cache on Cloudflare).
 *
 * That cache answers before the function runs, and it is bolder than HTTP: it stores a 200 without Cache-Control for two
 * hours, keeps entries for ever where the function fails, and tells entries apart by path and query alone. So every answer
 * of a function with such a cache says in the cache's own field what may be done with it, and all but those of
 * endpoints whose policy asks for it say `no-store`.
 * https://developers.cloudflare.com/workers/cache/configuration/ and cache-keys/ (read November 2026).
 */

import { namesIn } from "./fields";
import type { CacheSpec, EdgeSettings, EndpointSpec } from "./settings.gen";

/** Most specific of the fields that the cache obeys; it never reaches a client. */
const FIELD = "cloudflare-cdn-cache-control";
/** True of one request, not of those that the stored answer is given to later. */
const OF_ONE_REQUEST = ["x-cache", "x-origin-latency", "x-origin-failover", "server-timing"];
/** Whether the platform's cache stands in front of a function with these settings. */
export function frontOf(settings: EdgeSettings): boolean {
  return settings.endpoints.some((endpoint) => endpoint.cache?.engine === "platform");
}

/**
 * Whether an endpoint's answers may be given out without running the function. Not where a caller must be known or counted
 * first, and not where more than path and query tells entries apart.
 */
export function mayFront(endpoint: EndpointSpec, policy: CacheSpec): boolean {
  const { key } = policy;
  const byUrl = key.headers.length === 0 && key.cookies.length === 0 && !key.country && !key.region && !key.host;
  return policy.engine === "platform" && endpoint.auth == null && endpoint.rate_limit == null && byUrl;
}

/**
 * Says to the cache in front what it may do with a response. `fronted`: its endpoint's policy lets it be stored there, and the
 * function's own cache vouches for how long it is fresh.
 */
export function tellFront(response: Response, fronted: boolean): Response {
  if (response.status === 101) return response;
  const copy = new Response(response.body, response);
  const { headers } = copy;
  if (fronted && headers.has(FIELD)) {
    for (const name of OF_ONE_REQUEST) headers.delete(name);
    // The function keeps codings apart by itself; the cache in front does what Vary says and no more.
    const vary = namesIn(headers.get("vary"));
    if (headers.has("content-encoding") && !vary.includes("accept-encoding")) headers.append("vary", "Accept-Encoding");
  } else {
    headers.set(FIELD, "no-store");
    headers.delete("cache-tag");
  }
  return copy;
}
