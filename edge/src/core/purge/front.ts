/** A purge in the terms of the platform's cache in front: tags and beginnings of paths. */

import type { PurgeRequest } from "../cache/types";
import type { PurgeReport } from "../feature";
import type { FrontPurge, Host } from "../host";
import { splitTarget } from "../path";

/**
 * The path of a URL or path in normal form, which is the only one that is stored in front. That cache knows no hosts: what is
 * asked for one host is purged for all.
 */
const pathOf = (target: string): string => (target.startsWith("/") ? target : splitTarget(target).path);

/**
 * There is no purge of one URL: the beginning that is the whole path covers it, with every query and what else begins so.
 * Too much is removed rather than too little.
 */
export function frontPurge({ urls = [], prefixes = [], tags = [], everything }: PurgeRequest): FrontPurge {
  if (everything) return { purgeEverything: true };
  const paths = [...new Set([...urls, ...prefixes].map(pathOf))];
  return { ...(tags.length > 0 && { tags: [...tags] }), ...(paths.length > 0 && { pathPrefixes: paths }) };
}

export async function purgeFront(request: PurgeRequest, host: Host): Promise<PurgeReport["front"]> {
  if (host.frontCache === undefined) return "none";
  try {
    await host.frontCache.purge(frontPurge(request), request.soft ?? false);
    return "purged";
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    host.log({ level: "warn", event: "cache.purge-refused", message });
    return `refused: ${message}`;
  }
}
