// So that what it shares with the cache is one module with the cache.
import "./cache";
import { toPlatform } from "../../core/cache/platform";
import type { Feature } from "../../core/feature";
import { purgeFront } from "../../core/purge/front";
import { answerPurge } from "../../core/purge/remote";

export const cachePlatform: Feature = {
  name: "cache-platform",
  cacheParts: { platform: toPlatform, front: { purge: purgeFront, answer: answerPurge } },
};
