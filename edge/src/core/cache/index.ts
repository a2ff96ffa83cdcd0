import { cacheOf, coreOf, OF_ONE_ANSWER } from "./cache";
import { forwardHeaders } from "./clean";
import { complete } from "./complete";
import type { Extensions } from "./core";
import { customKey } from "./custom-key";
import { edgeTier } from "./edge-tier";
import { kvTier } from "./kv-tier";
import { memoryTier } from "./memory";
import { originMode } from "./origin-mode";
import { toPlatform } from "./platform";
import { KnownPurges, purge } from "./purge";
import { shield } from "./shield";
import type { CacheContext, CacheSpec, CreateCache, Origin, RequestHead } from "./types";
import { writes } from "./writes";

export { normaliseUrl } from "./key";
export type * from "./types";

/** Every part of the cache. */
export const all: Required<Omit<Extensions, "inside">> = {
  memory: memoryTier,
  edge: edgeTier,
  kv: kvTier,
  origin: originMode,
  key: customKey,
  purge: (...given) => new KnownPurges(...given),
  writes,
  shield,
  platform: toPlatform,
  clean: forwardHeaders,
};

/** The cache with all of its parts, for policies that leave out what is as usual. */
export const createCache: CreateCache = ({ policies = [], targetedFields, unstoredHeaders = [], ...options } = {}) => {
  const fields = targetedFields && { targetedFields: targetedFields.map((name) => name.toLowerCase()) };
  const unstored = { unstoredHeaders: [...OF_ONE_ANSWER, ...unstoredHeaders] };
  const core = coreOf(all, policies.map(complete), { ...options, ...fields, ...unstored });
  const cache = cacheOf(core);
  return {
    purge: (request, ctx) => purge(core, request, ctx),
    stats: () => core.memory?.stats() ?? { entries: 0, bytes: 0 },
    handle: (head: RequestHead, spec: CacheSpec | null, ctx: CacheContext, origin: Origin, whole?: () => Request) =>
      cache.handle(head, spec && complete(spec), ctx, origin, whole as () => Request),
  };
};
