/** Unsafe methods: what they make out of date is invalidated, stored or under way (RFC 9111 section 4.4). */

import { isSafe } from "../methods";
import { attempt } from "./attempt";
import type { Core, Writes } from "./core";
import { frontTag } from "./front-tag";
import { invalidatedBy } from "./invalidated";
import { keyedByUrl } from "./policy";
import { remove } from "./remove";
import type { CacheContext } from "./types";

export const writes: Writes = async (core, request, response, ctx) => {
  const urls = isSafe(request.method) ? [] : invalidatedBy(request.url, response.status, response.headers);
  // The shield first: what is asked for from now on must not come from there as it was.
  await core.shield?.invalidate(urls, core.policies, ctx);
  await invalidate(core, urls, ctx);
  // The cache in front last: it would be filled again from the tiers.
  const tags = new Set<string>();
  for (const policy of core.policies) {
    if (policy.platform) for (const url of urls) tags.add(frontTag(policy.named(url).url));
  }
  if (tags.size > 0 && ctx.frontCache) {
    const purged = ctx.frontCache.purge({ tags: [...tags] }, false);
    await attempt(ctx, "The cache in front could not be told of a write", purged, undefined);
  }
};

/** Invalidates what is stored for these URLs, and what is under way for them. */
async function invalidate(core: Core, urls: readonly string[], ctx: CacheContext): Promise<void> {
  const work: Promise<unknown>[] = [];
  const marked = new Set<string>();
  for (const policy of core.policies) {
    for (const url of urls) {
      const { url: normal, key } = policy.named(url);
      for (const flight of core.open) if (flight.url === normal) flight.invalidated = true;
      for (const [name, flight] of core.flights) if (flight.invalidated) core.flights.delete(name);
      // Where more than the URL is in the key, nothing but a marker finds the entries of all clients.
      if (!keyedByUrl(policy)) marked.add(normal);
      work.push(remove(core, key, policy, ctx));
    }
  }
  if (marked.size > 0) work.push(Promise.resolve(core.purges?.invalidate([...marked], ctx)));
  await Promise.all(work);
}
