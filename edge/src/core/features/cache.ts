/** The cache in front of every endpoint. */

import { cacheOf, coreOf } from "../cache/cache";
import { isPlain, keyedByUrl } from "../cache/policy";
import type { CacheContext } from "../cache/types";
import { isSafe } from "../cache/update";
import type { CacheParts, Feature } from "../feature";
import type { Host } from "../host";
import type { CacheSpec, EndpointSpec } from "../settings.gen";

/**
 * The parts of the cache that a policy needs. `features_of` in components/edgewright/_modules.py puts a function's modules
 * together by the same rules; a function that lacks one does not start.
 */
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
  (tiers.kv || tiers.shield) && "purge",
];

/** The parts that are needed and not there. */
function missing(endpoints: readonly EndpointSpec[], policies: readonly CacheSpec[], parts: CacheParts): Set<unknown> {
  const stored = policies.filter(({ mode }) => mode !== "bypass");
  const needed = stored.flatMap(needs);
  if (stored.length > 0 && !endpoints.every(({ methods }) => methods.every(isSafe))) {
    needed.push("writes");
    // What is found under more than its URL is made void by a marker.
    if (!stored.every(({ key }) => keyedByUrl(key))) needed.push("purge");
  }
  return new Set(needed.filter((part) => part && !parts[part as keyof CacheParts]));
}

export const cache: Feature = {
  name: "cache",
  cache(settings, given, parts, faults) {
    const policies = given.filter((policy) => policy !== null);
    for (const part of missing(settings.endpoints, policies, parts))
      faults.push(`The cache needs its part \`cache-${part}\`.`);
    const core = coreOf(parts, policies);
    return { ...cacheOf(core), ...parts.purging?.(settings, core, parts, contextOf) };
  },
};

function contextOf(host: Host): CacheContext {
  return {
    now: () => host.now(),
    random: () => host.random(),
    waitUntil: (work) => host.waitUntil(work),
    edgeCache: host.edgeCache,
    kv: (binding) => host.kv(binding),
    shield: (binding, name, location) => host.shield?.(binding, name, location),
    warn: (message) => host.log({ level: "warn", event: "cache.warning", message }),
  };
}
