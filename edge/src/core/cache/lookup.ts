/** What the tiers hold for a query, nearest first. */

import type { Entry, Held, Index, Meta } from "./entry";
import type { Lookup, Query } from "./query";
import { type Body, discard, isStream, toBytes } from "./streams";
import { edgeLifetime, hold, read, write } from "./tiers";

/** A part answers only a range inside it; what is complete answers everything. */
export function covers(meta: Meta, query: Query): boolean {
  return !meta.range || query.core.origin?.covers(meta, query) === true;
}

/** What isolate memory holds. */
export function near(query: Query, slot = query.key, index?: Index): Lookup {
  const held = query.core.memory?.get(slot);
  const nothing: Lookup = { decision: "validate", index, slot };
  if (!held) return nothing;
  const { value } = held;
  if (value.kind === "entry") return judged(query, nothing, held, held.body, "memory");
  return index || held.until <= query.ctx.now() || voided(query, held)
    ? nothing
    : near(query, query.variant(value.names), value);
}

/** What the farther tiers hold: the first that may be served, else the newest. */
export async function far(query: Query, from: Lookup): Promise<Lookup> {
  const { core, policy, ctx } = query;
  let best = from;
  for (const { name } of core.far) {
    const found = await read(core, name, from.slot, policy, ctx);
    if (!found) continue;
    const { value, body, held = hold(value, null) } = found;
    if (value.kind === "index") {
      if (from.index || voided(query, held)) continue;
      core.memory?.put(value, null, policy, ctx);
      if (name === "kv") ctx.waitUntil(write(core, "edge", value, null, policy, ctx));
      discard(best.entry?.body);
      const variant = near(query, query.variant(value.names), value);
      return variant.decision === "hit" ? variant : far(query, variant);
    }
    const one = judged(query, from, held, body, name);
    const newer = one.entry && (!best.entry || value.responseTime > best.entry.meta.responseTime);
    if (one.decision !== "hit" && !newer) {
      discard(body);
      continue;
    }
    discard(best.entry?.body);
    best = one;
    if (one.decision === "hit") return { ...one, entry: await promote(query, one.entry as Entry) };
  }
  return best;
}

/**
 * Purged with all of its variants, so that nothing is stored, and what comes next makes another index. A tag is no such purge:
 * variants may differ in them.
 */
const voided = ({ core }: Query, held: Held): boolean => core.purges?.of(held) === "hard";

function judged(query: Query, { slot, index }: Lookup, held: Held, body: Body, tier: Entry["tier"]): Lookup {
  const meta = held.value as Meta;
  const purged = query.core.purges?.of(held);
  if (purged === "hard" || (index && meta.requestTime < index.born)) return { decision: "validate", index, slot };
  const soft = purged === "soft";
  return { entry: { meta, body, tier, soft, held }, decision: query.reuse(meta, soft), index, slot };
}

/** Puts a fresh entry of a farther tier into the nearer ones. */
async function promote({ core, policy, ctx }: Query, entry: Entry): Promise<Entry> {
  const { meta, tier } = entry;
  const most = policy.memory?.max_object_bytes ?? -1;
  if (tier === "edge" && most < 0) return entry;
  if (isStream(entry.body) && (meta.length ?? Infinity) > most) return entry;
  const body = await toBytes(entry.body ?? null);
  // The edge's copy carries its own limit; KV's is the start of a new one in this data centre.
  const ceiling = tier === "edge" ? undefined : edgeLifetime(meta, policy, ctx);
  core.memory?.put(tier === "edge" ? { ...meta, until: meta.freshUntil } : meta, body, policy, ctx, ceiling);
  if (tier === "kv") ctx.waitUntil(write(core, "edge", meta, body, policy, ctx, ceiling));
  return { ...entry, body };
}
