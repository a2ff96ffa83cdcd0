import { KnownPurges } from "../cache/purge";
import type { Feature } from "../feature";
import { purging } from "./purge";

export const cachePurge: Feature = {
  name: "cache-purge",
  cacheParts: { purge: (...given) => new KnownPurges(...given), purging },
};
