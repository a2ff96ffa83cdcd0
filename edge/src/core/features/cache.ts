/** The cache in front of every endpoint. */

import { createCache } from "../cache";
import type { CacheContext } from "../cache/types";
import type { Feature } from "../feature";
import { frontOf } from "../front";
import type { Host } from "../host";
import { purgeFront } from "../purge/front";
import { answerPurge } from "../purge/remote";

export const cache: Feature = {
  name: "cache",
  cache(settings) {
    const policies = settings.endpoints.map((endpoint) => endpoint.cache).filter((policy) => policy != null);
    const layer = createCache({
      name: "edgewright",
      policies,
      // True of the request that reached an origin, not of an entry made from its answer.
      unstoredHeaders: ["x-origin-latency", "x-origin-failover", "server-timing"],
    });
    const purge: NonNullable<ReturnType<NonNullable<Feature["cache"]>>>["purge"] = async (request, host) => {
      const result = await layer.purge(request, contextOf(host));
      return { ...result, front: await purgeFront(request, host) };
    };
    const bindings = [...new Set(policies.flatMap((policy) => policy.tiers.kv?.binding ?? []))];
    // Only the cache in front needs to be told from inside: the other tiers read what is written into KV.
    const remote = bindings.length > 0 && frontOf(settings);
    return {
      handle: (request, policy, context, answer, whole) => layer.handle(request, policy, context, answer, whole),
      purge,
      ...(remote && { answer: (request, path, host) => answerPurge(request, path, host, bindings, purge) }),
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
    warn: (message) => host.log({ level: "warn", event: "cache.warning", message }),
  };
}
