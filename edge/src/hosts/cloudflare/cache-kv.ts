// So that what it shares with the cache is one module with the cache.
import "./cache";
import { kvTier } from "../../core/cache/kv-tier";
import type { Feature } from "../../core/feature";

export const cacheKv: Feature = { name: "cache-kv", cacheParts: { kv: kvTier } };
