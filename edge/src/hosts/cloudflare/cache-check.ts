// So that what it shares with the cache is one module with the cache.
import "./cache";
import type { Feature } from "../../core/feature";
import { check } from "../../core/features/check";

export const cacheCheck: Feature = { name: "cache-check", cacheParts: { check } };
