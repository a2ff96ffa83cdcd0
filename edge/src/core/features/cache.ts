/** The cache in front of every endpoint. */

import { createCacheOf } from "../cache/cache";
import type { CacheContext } from "../cache/types";
import { isSafe } from "../cache/update";
import type { CacheLayer, CacheParts, Feature } from "../feature";
import { frontOf } from "../front";
import type { Host } from "../host";
import type { CacheSpec, EndpointSpec } from "../settings.gen";

/** Where a purge from outside is taken. */
const PURGE_PATH = "/.well-known/edgewright/purge";

/**
 * Whether a policy needs a part of the cache. `features_of` in components/edgewright/_modules.py puts a function's modules
 * together by the same rules; a function that lacks one does not start.
 */
const NEEDS: Omit<
  Record<keyof CacheParts, (policy: CacheSpec) => unknown>,
  "writes" | "front" | "clean" | "inside" | "answerToken"
> = {
  // The shield is a cache with both of these.
  memory: ({ tiers }) => tiers.memory || tiers.shield,
  edge: ({ tiers, engine }) => tiers.shield || (tiers.edge && engine !== "platform"),
  kv: ({ tiers }) => tiers.kv,
  shield: ({ tiers }) => tiers.shield,
  origin: ({ mode }) => mode === "origin",
  platform: ({ engine }) => engine === "platform",
};

/** The parts that are needed and not there. */
function missing(
  endpoints: readonly EndpointSpec[],
  policies: readonly (CacheSpec | null)[],
  parts: CacheParts,
): (keyof CacheParts)[] {
  const stored = policies.filter((policy) => policy !== null && policy.mode !== "bypass") as CacheSpec[];
  const needed = (Object.keys(NEEDS) as (keyof typeof NEEDS)[]).filter((part) => stored.some(NEEDS[part]));
  const written = stored.length > 0 && !endpoints.every(({ methods }) => methods.every(isSafe));
  return [...needed, ...(written ? (["writes"] as const) : [])].filter((part) => !parts[part]);
}

export const cache: Feature = {
  name: "cache",
  cache(settings, given, parts, faults) {
    for (const part of missing(settings.endpoints, given, parts))
      faults.push(`The cache needs its part \`cache-${part}\`.`);
    const policies = given.filter((policy) => policy !== null);
    const layer = createCacheOf(parts, policies);
    const { front } = parts;
    const purge: CacheLayer["purge"] = async (request, host) => {
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
