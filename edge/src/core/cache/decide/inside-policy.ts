/** What a policy is inside the shield. */

import type { CacheSpec, ShieldTier } from "../../settings.gen";
import type { PolicySpec } from "../policy";

/** One object's memory: several objects share an isolate, of 128 MB in all. */
const MEMORY = { max_bytes: 8 * 1024 * 1024, max_object_bytes: 1024 * 1024 };

/** A policy inside the shield: the shield's own times, no tier behind it but the origin, and the same key. */
export function insidePolicy(spec: PolicySpec): PolicySpec {
  const tier = spec.tiers.shield as ShieldTier;
  const limit = { ttl_ceiling_s: tier.ttl_s, jitter_s: tier.jitter_s };
  const own = tier.ttl_s != null || tier.jitter_s != null;
  return {
    ...spec,
    engine: "worker",
    ...(spec.mode === "override" && own && { edge_ttl_s: tier.ttl_s ?? spec.edge_ttl_s, edge_jitter_s: tier.jitter_s }),
    // The entry itself lasts as long as in any tier: what an edge keeps is judged by that.
    tiers: {
      ...spec.tiers,
      memory: { ...limit, ...within(MEMORY, tier) },
      edge: limit,
      shield: { ...tier, ttl_s: longest(spec) },
    },
  };
}

/** Memory's sizes, and not more than the shield may keep at all. */
const within = (own: typeof MEMORY, tier: ShieldTier): typeof MEMORY => ({
  max_bytes: Math.min(own.max_bytes, tier.max_bytes),
  max_object_bytes: Math.min(own.max_object_bytes, tier.max_object_bytes),
});

/** The longest time (s) for which any tier of a policy may keep a response fresh. */
function longest({ edge_ttl_s: edge, edge_jitter_s: jitter, tiers: { kv, shield } }: CacheSpec): number | null {
  const most = (ttl: number | null | undefined, range: readonly unknown[] | null | undefined) =>
    range ? Number(range[1]) : (ttl ?? 0);
  const times = [most(edge, jitter), most(kv?.ttl_s, kv?.jitter_s), most(shield?.ttl_s, shield?.jitter_s)];
  return Math.max(...times) || null;
}
