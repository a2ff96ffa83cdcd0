/** Unsafe methods: what they make out of date is made void, stored or under way (RFC 9111 section 4.4). */

import type { Writes } from "./extensions";
import { named } from "./key";
import { schemeless } from "./purge";
import { remove } from "./tiers";
import { invalidated, isSafe } from "./update";

export const writes: Writes = async (core, request, response, ctx) => {
  const urls = isSafe(request.method) ? [] : invalidated(request.url, response.status, response.headers);
  const work: Promise<unknown>[] = [];
  const marked = new Set<string>();
  for (const policy of core.policies) {
    for (const url of urls) {
      const { url: normal, key } = named(url, policy);
      for (const [name, flight] of core.flights) {
        if (flight.url !== normal) continue;
        flight.void = true;
        core.flights.delete(name);
      }
      // Where more than the URL is in the key, nothing but a marker finds the entries of all clients.
      if (!policy.keyedByUrl) marked.add(schemeless(normal));
      work.push(remove(core, key, policy, ctx));
    }
  }
  if (marked.size > 0) {
    const time = ctx.now();
    work.push(
      core.purges.publish(
        [...marked].map((value) => ({ type: "url", value, time, soft: false })),
        ctx,
      ),
    );
  }
  await Promise.all(work);
};
