/** The cache in front of every endpoint. */

import { cacheOf, coreOf } from "../cache/cache";
import type { CacheContext } from "../cache/types";
import type { Feature } from "../feature";
import type { Host } from "../host";

export const cache: Feature = {
  name: "cache",
  cache(settings, given, parts, faults) {
    const policies = given.filter((policy) => policy !== null);
    parts.check?.(settings, policies, parts, faults);
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
    shield: (className, name, location) => host.shield?.(className, name, location),
    warn: (message) => host.log({ level: "warn", event: "cache.warning", message }),
  };
}
