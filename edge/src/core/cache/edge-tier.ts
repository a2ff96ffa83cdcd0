/** The data centre's cache, as the Cache API has it. */

import { type Held, type Index, type Meta, parseValue, retention, toAscii } from "./entry";
import { ceilingOf } from "./policy";
import type { FarTier } from "./stores";
import { discard } from "./streams";
import { hold, INTERNAL, limited, shorten } from "./tiers";

const META = "x-edgewright-meta";
/** The Cache API refuses header blocks that are too large; such an entry is left to the other tiers. */
const MAX_META = 24 * 1024;
const MAX_KNOWN = 1024;

const urlOf = (key: string) =>
  `${INTERNAL}e/${encodeURIComponent(key.length > 1500 ? `${key.slice(0, 200)}${shorten(key)}` : key)}`;

export function edgeTier(): FarTier {
  /** Key -> the meta that the cache last had for it. An entry is read much oftener than it changes: it is parsed once. */
  const known = new Map<string, { readonly text: string; readonly held: Held }>();
  return {
    name: "edge",

    has: (policy) => policy.edge !== null,

    changed(key) {
      known.delete(key);
    },

    async read(key, _policy, { edgeCache }) {
      const response = await edgeCache?.match(urlOf(key));
      const text = response?.headers.get(META) ?? null;
      let found = known.get(key);
      if (found?.text !== text) {
        const value = parseValue(text);
        found = value && { text: text as string, held: hold(value, null) };
        if (known.size >= MAX_KNOWN) known.clear();
        if (found) known.set(key, found);
      }
      const value = found?.held.value;
      if (response && value?.key === key) {
        const at = value.kind === "entry" ? value.bodyAt : undefined;
        const body = at === undefined ? response : await edgeCache?.match(urlOf(at));
        if (body) return { held: (found as { held: Held }).held, value, body: body.body };
      }
      discard(response?.body);
      return undefined;
    },

    write(value: Meta | Index, body, policy, ctx, ceiling = Number.POSITIVE_INFINITY) {
      if (!ctx.edgeCache) return undefined;
      const now = ctx.now();
      const copy = limited(value, Math.min(ceilingOf(policy.edge, ctx), ceiling), now);
      const meta = toAscii(copy);
      if (meta.length > MAX_META) return undefined;
      // The store's own freshness is only how long it keeps the entry: what is fresh is decided by the meta.
      const keep = copy.kind === "entry" ? retention(copy, now) : 30 * 86400;
      const headers = {
        [META]: meta,
        "cache-control": `public, max-age=${keep}`,
        "content-type": "application/octet-stream",
      };
      return ctx.edgeCache.put(urlOf(value.key), new Response(body as BodyInit | null, { headers }));
    },

    remove: (key, _policy, { edgeCache }) => edgeCache?.delete(urlOf(key)),
  };
}
