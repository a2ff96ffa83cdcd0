// So that what it shares with the cache is one module with the cache.
import "./cache";
import { writes } from "../../core/cache/writes";
import type { Feature } from "../../core/feature";

export const cacheWrites: Feature = { name: "cache-writes", cacheParts: { writes } };
