// So that what it shares with the cache is one module with the cache.
import "./cache";
import { memoryTier } from "../../core/cache/memory";
import type { Feature } from "../../core/feature";

export const cacheMemory: Feature = { name: "cache-memory", cacheParts: { memory: memoryTier } };
