import { toPlatform } from "../cache/platform";
import type { Feature } from "../feature";
import { purgeFront } from "../purge/front";
import { answerPurge } from "../purge/remote";

export const cachePlatform: Feature = {
  name: "cache-platform",
  cacheParts: { platform: toPlatform, front: { purge: purgeFront, answer: answerPurge } },
};
