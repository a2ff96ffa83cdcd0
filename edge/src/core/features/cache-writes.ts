import { writes } from "../cache/writes";
import type { Feature } from "../feature";

export const cacheWrites: Feature = { name: "cache-writes", cacheParts: { writes } };
