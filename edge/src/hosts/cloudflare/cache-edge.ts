// So that what it shares with the cache is one module with the cache.
import "./cache";
import { edgeTier } from "../../core/cache/edge-tier";
import type { Feature } from "../../core/feature";

export const cacheEdge: Feature = { name: "cache-edge", cacheParts: { edge: edgeTier } };
