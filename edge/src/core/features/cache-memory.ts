import { memoryTier } from "../cache/memory";
import type { Feature } from "../feature";

export const cacheMemory: Feature = { name: "cache-memory", cacheParts: { memory: memoryTier } };
