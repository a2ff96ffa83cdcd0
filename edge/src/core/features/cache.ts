/** The cache in front of every endpoint. */

import { createCache } from "../cache";
import type { Feature } from "../feature";

export const cache: Feature = {
  name: "cache",
  cache(settings) {
    return createCache({
      name: "edgewright",
      policies: settings.endpoints.map((endpoint) => endpoint.cache).filter((policy) => policy != null),
      // True of the request that reached an origin, not of an entry made from its answer.
      unstoredHeaders: ["x-origin-latency", "x-origin-failover", "server-timing"],
    });
  },
};
