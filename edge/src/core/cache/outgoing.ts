/** The headers that a client is given with a stored or storable response. */

import { namesIn } from "../fields";
import type { Core, OriginMode } from "./core";
import { errorTtl, isListed, type Policy } from "./policy";

/**
 * Rewrites the headers of a response that was stored, or could have been. `age`: the `Age` (s) that it is sent with.
 *
 * Under `override` browsers get Cache-Control from the policy alone, so that nothing of the edge's TTLs shows; where it
 * says nothing for them, the origin's is left as it is. An error has its own short TTL: what is an error now is neither
 * immutable nor shown stale.
 *
 * A browser counts from the `Age` that an answer comes with (RFC 9111 section 4.2.3), and that is the time in this cache
 * too. So where the browser's time is the shorter one, the age is added to it: what is left to the browser is then
 * `browser_ttl`, however long the answer lay here.
 */
export function toClient(
  {
    inside,
    targetedFields,
    origin,
  }: Pick<Core, "inside" | "targetedFields"> & { origin?: Pick<OriginMode, "limitMaxAge"> | undefined },
  headers: Headers,
  status: number,
  policy: Policy,
  age: number,
): void {
  // What an edge is told by a shield it judges by itself.
  if (inside) return;
  const override = policy.mode === "override";
  // These speak to caches like this one and end here. `cdn-cache-control` goes on in `origin` mode: others follow.
  for (const name of ["cache-tag", "surrogate-key", "surrogate-control", ...targetedFields])
    if (override || name !== "cdn-cache-control") headers.delete(name);
  const present = namesIn(headers.get("vary"));
  for (const name of policy.vary) if (!present.includes(name)) headers.append("vary", name);
  const { browser_ttl_s: browserTtl } = policy;
  if (browserTtl === null) return;
  const error = errorTtl(policy, status);
  if (!override) origin?.limitMaxAge(headers, browserTtl + age);
  else if (error !== undefined || isListed(policy, status)) {
    const edgeTtl = error ?? policy.longest ?? 0;
    const maxAge = browserTtl < edgeTtl ? browserTtl + age : (error ?? browserTtl);
    const parts = ["public", `max-age=${maxAge}`];
    if (error === undefined) {
      if (policy.stale_while_revalidate_s > 0) parts.push(`stale-while-revalidate=${policy.stale_while_revalidate_s}`);
      if (policy.stale_if_error_s > 0) parts.push(`stale-if-error=${policy.stale_if_error_s}`);
      if (policy.immutable) parts.push("immutable");
    }
    headers.set("cache-control", parts.join(", "));
    headers.delete("expires");
    headers.delete("pragma");
  }
}
