// So that what it shares with the cache is one module with the cache.
import "./cache";
import { customKey } from "../../core/cache/custom-key";
import type { Feature } from "../../core/feature";

export const cacheKey: Feature = { name: "cache-key", cacheParts: { key: customKey } };
