/** The cache in front of every endpoint. */

import { createCacheOf } from "../cache/cache";
import { isPlain } from "../cache/policy";
import type { CacheContext } from "../cache/types";
import type { CacheLayer, CacheParts, Feature } from "../feature";
import { frontOf } from "../front";
import type { Host } from "../host";
import { isSafe } from "../methods";
import { asServed } from "../purge/targets";
import type { CacheSpec, EndpointSpec } from "../settings.gen";

/** Where a purge from outside is taken. */
const PURGE_PATH = "/.well-known/edgewright/purge";

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
];

/** The parts that are needed and not there. */
function missing(endpoints: readonly EndpointSpec[], policies: readonly CacheSpec[], parts: CacheParts): Set<unknown> {
  const stored = policies.filter(({ mode }) => mode !== "bypass");
  const needed = stored.flatMap(needs);
  if (stored.length > 0 && !endpoints.every(({ methods }) => methods.every(isSafe))) needed.push("writes");
  return new Set(needed.filter((part) => part && !parts[part as keyof CacheParts]));
}

export const cache: Feature = {
  name: "cache",
  cache(settings, given, parts, faults) {
    const policies = given.filter((policy) => policy !== null);
    for (const part of missing(settings.endpoints, policies, parts))
      faults.push(`The cache needs its part \`cache-${part}\`.`);
    const layer = createCacheOf(parts, policies);
    const { front } = parts;
    const purge: CacheLayer["purge"] = async (wanted, host) => {
      // Every way by which a purge comes ends here.
      const request = asServed(wanted, settings.url_normalization === "none");
      const result = await layer.purge(request, contextOf(host));
      return { ...result, front: (await front?.purge(request, host)) ?? "none" };
    };
    const bindings = [...new Set(policies.flatMap((policy) => policy.tiers.kv?.binding ?? []))];
    // Only the cache in front needs to be told from inside: the other tiers read what is written into KV.
    const ticketed = front && bindings.length > 0 && frontOf(settings) ? front : undefined;
    const { answerToken } = parts;
    return {
      handle: layer.handle,
      purge,
      ...((ticketed || answerToken) && {
        answer: (request, path, host) => {
          if (path !== PURGE_PATH) return undefined;
          // A ticket is in the body, a token in a header.
          const byToken = request.headers.has("authorization") || !ticketed;
          return byToken
            ? answerToken?.(request, path, host, purge)
            : ticketed.answer(request, path, host, bindings, purge);
        },
      }),
    };
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
