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
  `${INTERNAL}e/${encodeURIComponent(key.length > 1500 ? key.slice(0, 200) + shorten(key) : key)}`;

export function edgeTier(): FarTier {
  /** Meta as it is written -> what it says. An entry is read much oftener than it changes: it is parsed once. */
  const known = new Map<string, Held>();
  return {
    name: "edge",

    has: (policy) => policy.edge !== null,

    async read(key, _policy, { edgeCache }) {
      const response = await edgeCache?.match(urlOf(key));
      if (!response) return undefined;
      const text = response.headers.get(META) ?? "";
      let held = known.get(text);
      const value = held?.value ?? parseValue(text);
      if (value?.key !== key) {
        discard(response.body);
        return undefined;
      }
      if (!held) {
        held = hold(value, null);
        if (known.size >= MAX_KNOWN) known.clear();
        known.set(text, held);
      }
      // An index has no such place.
      const { bodyAt } = value as Meta;
      const found = bodyAt === undefined ? response : await edgeCache?.match(urlOf(bodyAt));
      return found && { held, value, body: found.body };
    },

    write(value: Meta | Index, body, policy, ctx, ceiling = Infinity) {
      if (!ctx.edgeCache) return undefined;
      const now = ctx.now();
      const copy = limited(value, Math.min(ceilingOf(policy.edge, ctx), ceiling), now);
      const meta = toAscii(copy);
      if (meta.length > MAX_META) return undefined;
      // The store's own freshness is only how long it keeps the entry: what is fresh is decided by the meta.
      const keep = copy.kind === "entry" ? retention(copy, now) : 30 * 86400;
      const headers = {
        "content-type": "application/octet-stream",
        "cache-control": `public, max-age=${keep}`,
        // By these a purge of the zone reaches what a Worker has put there.
        "cache-tag": String((value as Meta).tags ?? ""),
        [META]: meta,
      };
      return ctx.edgeCache.put(urlOf(value.key), new Response(body as BodyInit | null, { headers }));
    },

    remove: (key, _policy, { edgeCache }) => edgeCache?.delete(urlOf(key)),
  };
}
