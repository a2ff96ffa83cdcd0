import { customKey } from "../cache/custom-key";
import type { Feature } from "../feature";

export const cacheKey: Feature = { name: "cache-key", cacheParts: { key: customKey } };
