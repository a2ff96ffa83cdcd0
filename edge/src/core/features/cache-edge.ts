import { edgeTier } from "../cache/edge-tier";
import type { Feature } from "../feature";

export const cacheEdge: Feature = { name: "cache-edge", cacheParts: { edge: edgeTier } };
