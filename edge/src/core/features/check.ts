/**
 * What the cache of a function lacks. `features_of` in components/edgewright/assemble/worker.py puts a function's modules together
 * by the same rules. It is held to them on the local cloud, where every program runs first: there a function that lacks a
 * part does not start. What is deployed does not carry this.
 */

import { isPlain, keyedByUrl } from "../cache/policy";
import type { CacheParts } from "../feature";
import { isSafe } from "../methods";
import type { CacheSpec } from "../settings.gen";

/** The parts of the cache that a policy needs. */
const needs = ({ tiers, engine, mode, key }: CacheSpec): unknown[] => [
  // The shield is a cache with both of these.
  (tiers.memory || tiers.shield) && "memory",
  (tiers.shield || (tiers.edge && engine !== "platform")) && "edge",
  tiers.kv && "kv",
  tiers.shield && "shield",
  mode === "origin" && "origin",
  engine === "platform" && "platform",
  !isPlain(key) && "key",
  // Ways by which word of a purge comes.
  (tiers.kv || tiers.shield || engine === "platform") && "purge",
];

export const check: NonNullable<CacheParts["check"]> = ({ endpoints }, policies, parts, faults) => {
  const stored = policies.filter(({ mode }) => mode !== "bypass");
  const needed = stored.flatMap(needs);
  if (stored.length > 0 && !endpoints.every(({ methods }) => methods.every(isSafe))) {
    needed.push("writes");
    // What is found under more than its URL is made void by a marker.
    if (!stored.every(({ key }) => keyedByUrl(key))) needed.push("purge");
  }
  for (const part of new Set(needed)) {
    if (part && !parts[part as keyof CacheParts]) faults.push(`The cache needs its part \`cache-${part}\`.`);
  }
};
