/** The data centre's cache, as the Cache API has it. */

import { copyOf, type TierCopy } from "./copies";
import { placeInEdge } from "./decide/placement";
import { parseStored, type StoredValue, toAscii } from "./stored";
import type { RemoteTier } from "./stores";
import { discard } from "./streams";
import { INTERNAL, shortHash } from "./tiers";
import type { EdgeCacheStore } from "./types";

/** Of a response in the Cache API: what is stored, as JSON. The body alone is the stored response's. */
const STORED_FIELD = "x-edgewright-stored";
const MAX_KNOWN = 1024;
/** A key may be long, a URL of the Cache API not so. */
const MAX_KEY = 1500;

const urlOf = (key: string) =>
  `${INTERNAL}e/${encodeURIComponent(key.length > MAX_KEY ? key.slice(0, 200) + shortHash(key) : key)}`;

export function edgeTier(): RemoteTier {
  /** As it is written -> what it says. A response is read far more often than it changes: it is parsed once. */
  const known = new Map<string, TierCopy>();

  const parsed = (text: string, key: string): TierCopy | undefined => {
    const before = known.get(text);
    if (before) return before.value.key === key ? before : undefined;
    const value = parseStored(text);
    if (value?.key !== key) return undefined;
    const copy = copyOf(value, null);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(text, copy);
    return copy;
  };

  return {
    name: "edge",

    isUsedBy: (policy) => policy.edge !== null,

    async read(key, _policy, { edgeCache }) {
      const response = await edgeCache?.match(urlOf(key));
      if (!response) return undefined;
      const copy = parsed(response.headers.get(STORED_FIELD) ?? "", key);
      if (!copy) {
        discard(response.body);
        return undefined;
      }
      const bodied = await bodiedBy(copy.value, response, edgeCache);
      return bodied && { copy, value: copy.value, body: bodied.body };
    },

    write(value, body, policy, ctx, lifetime = Infinity) {
      if (!ctx.edgeCache) return undefined;
      let text = "";
      const placement = placeInEdge(value, policy, ctx, lifetime, (copy) => {
        text = toAscii(copy);
        return text.length;
      });
      if (!placement.keep) return undefined;
      const headers = {
        "content-type": "application/octet-stream",
        "cache-control": `public, max-age=${placement.retention}`,
        // By these a purge of the zone reaches what a Worker has put there.
        "cache-tag": value.kind === "response" ? value.tags.join(",") : "",
        [STORED_FIELD]: text,
      };
      return ctx.edgeCache.put(urlOf(value.key), new Response(body as BodyInit | null, { headers }));
    },

    remove: (key, _policy, { edgeCache }) => edgeCache?.delete(urlOf(key)),
  };
}

/** What has the body of a stored value: `response` itself, or the place that it names. */
async function bodiedBy(
  value: StoredValue,
  response: Response,
  edgeCache: EdgeCacheStore | undefined,
): Promise<Response | undefined> {
  const bodyKey = value.kind === "response" ? value.bodyKey : undefined;
  return bodyKey === undefined ? response : edgeCache?.match(urlOf(bodyKey));
}
