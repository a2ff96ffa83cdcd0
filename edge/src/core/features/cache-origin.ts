import { originMode } from "../cache/origin-mode";
import type { Feature } from "../feature";

export const cacheOrigin: Feature = { name: "cache-origin", cacheParts: { origin: originMode } };
