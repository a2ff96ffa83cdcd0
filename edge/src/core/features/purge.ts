/** A function's purges: what the local cloud, another Worker or somebody outside asks of it. */

import { purge as purgeTiers } from "../cache/purge";
import type { CacheLayer, CacheParts } from "../feature";
import { frontOf } from "../front";
import { asServed } from "../purge/targets";

/** Where a purge from outside is taken. */
const PURGE_PATH = "/.well-known/edgewright/purge";

export const purging: NonNullable<CacheParts["purging"]> = (settings, core, { front, answerToken }, contextOf) => {
  const purge: NonNullable<CacheLayer["purge"]> = async (wanted, host) => {
    // Every way by which a purge comes ends here.
    const request = asServed(wanted, settings.url_normalization === "none");
    const result = await purgeTiers(core, request, contextOf(host));
    return { ...result, front: (await front?.purge(request, host)) ?? "none" };
  };
  const bindings = [...new Set([...core.policies].flatMap((policy) => policy.kv?.binding ?? []))];
  // Only the cache in front needs to be told from inside: the other tiers read what is written into KV.
  const ticketed = front && bindings.length > 0 && frontOf(settings) ? front : undefined;
  if (!ticketed && !answerToken) return { purge };
  return {
    purge,
    answer: (request, path, host) => {
      if (path !== PURGE_PATH) return undefined;
      // A ticket is in the body, a token in a header.
      const byToken = request.headers.has("authorization") || !ticketed;
      return byToken
        ? answerToken?.(request, path, host, purge)
        : ticketed.answer(request, path, host, bindings, purge);
    },
  };
};
