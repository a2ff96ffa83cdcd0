// So that what it shares with the cache is one module with the cache.
import "./cache";
import { KnownPurges } from "../../core/cache/purge";
import type { Feature } from "../../core/feature";
import { purging } from "../../core/features/purge";

export const cachePurge: Feature = {
  name: "cache-purge",
  cacheParts: { purge: (...given) => new KnownPurges(...given), purging },
};
