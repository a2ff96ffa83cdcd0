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
const needs = ({ tiers, engine, mode, key }: CacheSpec): (keyof CacheParts | undefined)[] => [
  // The shield is a cache with both of these.
  tiers.memory || tiers.shield ? "memory" : undefined,
  tiers.shield || (tiers.edge && engine !== "platform") ? "edge" : undefined,
  tiers.kv ? "kv" : undefined,
  tiers.shield ? "shield" : undefined,
  mode === "origin" ? "origin" : undefined,
  engine === "platform" ? "platform" : undefined,
  isPlain(key) ? undefined : "key",
  // Purge channels.
  tiers.kv || tiers.shield || engine === "platform" ? "purge" : undefined,
];

/** The parts that a function with these policies needs. `unsafe`: an endpoint takes a method that changes something. */
export function neededParts(policies: readonly CacheSpec[], unsafe: boolean): ReadonlySet<keyof CacheParts> {
  const stored = policies.filter(({ mode }) => mode !== "bypass");
  const needed = stored.flatMap(needs);
  if (stored.length > 0 && unsafe) {
    needed.push("writes");
    // What is found under more than its URL is invalidated by a marker.
    if (!stored.every(({ key }) => keyedByUrl(key))) needed.push("purge");
  }
  return new Set(needed.filter((part) => part !== undefined));
}

export const check: NonNullable<CacheParts["check"]> = ({ endpoints }, policies, parts, faults) => {
  const unsafe = !endpoints.every(({ methods }) => methods.every(isSafe));
  for (const part of neededParts(policies, unsafe)) {
    if (!parts[part]) faults.push(`The cache needs its part \`cache-${part}\`.`);
  }
};
