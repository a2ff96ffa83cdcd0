import { createCacheOf } from "./cache";
import { edgeTier } from "./edge-tier";
import type { Extensions } from "./extensions";
import { kvTier } from "./kv-tier";
import { memoryTier } from "./memory";
import { originMode } from "./origin-mode";
import { toPlatform } from "./platform";
import type { CreateCache } from "./types";
import { writes } from "./writes";

export { normalisePath, normaliseUrl } from "./key";
export type * from "./types";

/** Every part of the cache. */
export const all: Required<Extensions> = {
  memory: memoryTier,
  edge: edgeTier,
  kv: kvTier,
  origin: originMode,
  writes,
  platform: toPlatform,
};

/** The cache with all of its parts. */
export const createCache: CreateCache = (options) => createCacheOf(all, options);
