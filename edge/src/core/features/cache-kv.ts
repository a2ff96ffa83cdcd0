import { kvTier } from "../cache/kv-tier";
import type { Feature } from "../feature";

export const cacheKv: Feature = { name: "cache-kv", cacheParts: { kv: kvTier } };
