// So that what it shares with the cache is one module with the cache.
import "./cache";
import { originMode } from "../../core/cache/origin-mode";
import type { Feature } from "../../core/feature";

export const cacheOrigin: Feature = { name: "cache-origin", cacheParts: { origin: originMode } };
