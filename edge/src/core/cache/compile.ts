/** Policies with what follows from them, computed once for each policy object. */

import { remembering } from "../memo";
import { named } from "./key";
import { type CustomKey, isPlain, type Policy, type PolicySpec } from "./policy";

const known = new WeakMap<PolicySpec, Policy>();

export function compile(spec: PolicySpec, custom?: CustomKey): Policy {
  const before = known.get(spec);
  if (before) return before;
  const { statuses, tiers, key, engine, ...rest } = spec;
  const platform = engine === "platform";
  const times = [{ jitter_s: spec.edge_jitter_s, ttl_s: spec.edge_ttl_s }, tiers.kv, tiers.shield]
    .map((tier) => tier?.jitter_s?.[1] ?? tier?.ttl_s)
    .filter((time) => typeof time === "number");
  const policy: Policy = {
    ...rest,
    ...tiers,
    ...key,
    // With the platform's own cache in front, a second copy in the same data centre only takes room.
    edge: platform ? null : tiers.edge,
    front: platform ? tiers.edge : null,
    platform,
    asSent: spec.asSent ?? false,
    statuses: new Set(statuses),
    longest: times.length > 0 ? Math.max(...times) : null,
    custom: isPlain(key) ? undefined : custom,
    named: remembering(4096, (url) => named(url, policy)),
  };
  known.set(spec, policy);
  return policy;
}
