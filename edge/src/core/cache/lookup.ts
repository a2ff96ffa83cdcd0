/** What the tiers hold for a query, nearest first (RFC 9111 section 4). */

import { copyOf, type Selected, type TierCopy } from "./copies";
import type { Lookup, Query } from "./core";
import { drawDataCentreLifetime } from "./decide/placement";
import { NOTHING_STORED } from "./decide/reuse";
import type { SelectingHeaders, StoredResponse, TierName } from "./stored";
import { type Body, discard, isStream, toBytes } from "./streams";
import { read, write } from "./tiers";

/** A part answers only a range inside it; what is complete answers everything. */
export function covers(stored: StoredResponse, query: Query): boolean {
  return !stored.range || query.core.origin?.covers(stored, query) === true;
}

/** What of a lookup may be served, as a whole or as the part that is asked for. */
export function servable(found: Lookup, query: Query): Selected | undefined {
  const { selected } = found;
  return selected && covers(selected.stored, query) ? selected : undefined;
}

/** What isolate memory holds. */
export function lookUpInMemory(query: Query, storageKey = query.key, selecting?: SelectingHeaders): Lookup {
  const copy = query.core.memory?.get(storageKey);
  const nothing: Lookup = { decision: NOTHING_STORED, selecting, storageKey };
  if (!copy) return nothing;
  const { value } = copy;
  if (value.kind === "response") return select(query, nothing, copy, value, copy.body, "memory");
  const outOfDate = copy.validUntil <= query.ctx.now() || isPurged(query, copy);
  // Selecting headers never lead to others.
  return selecting || outOfDate ? nothing : lookUpInMemory(query, query.variant(value.names), value);
}

/** What the farther tiers hold: the first that may be served, else the newest. */
export async function lookUpInTiers(query: Query, from: Lookup): Promise<Lookup> {
  let best = from;
  for (const { name } of query.core.remoteTiers) {
    const found = await read(query.core, name, from.storageKey, query.policy, query.ctx);
    if (!found) continue;
    const { value, body, copy = copyOf(value, null) } = found;
    if (value.kind === "selecting-headers") {
      if (from.selecting || isPurged(query, copy)) continue;
      discard(best.selected?.body);
      return lookUpVariant(query, value, name);
    }
    const candidate = select(query, from, copy, value, body, name);
    if (candidate.decision.use === "serve") {
      discard(best.selected?.body);
      return { ...candidate, selected: candidate.selected && (await promote(query, candidate.selected)) };
    }
    const [better, worse] = isNewer(candidate, best) ? [candidate, best] : [best, candidate];
    discard(worse === candidate ? body : worse.selected?.body);
    best = better;
  }
  return best;
}

const isNewer = ({ selected }: Lookup, { selected: other }: Lookup): boolean =>
  selected !== undefined && (!other || selected.stored.responseTime > other.stored.responseTime);

/** What is found by selecting headers that a farther tier had; the nearer ones have them from now on. */
async function lookUpVariant(query: Query, selecting: SelectingHeaders, from: TierName): Promise<Lookup> {
  const { core, policy, ctx } = query;
  core.memory?.put(selecting, null, policy, ctx);
  if (from === "kv") ctx.waitUntil(write(core, "edge", selecting, null, policy, ctx));
  const variant = lookUpInMemory(query, query.variant(selecting.names), selecting);
  return variant.decision.use === "serve" ? variant : lookUpInTiers(query, variant);
}

/**
 * Purged with all of its variants, so that nothing is stored, and what comes next makes others. A tag is no such purge: variants
 * may differ in them.
 */
const isPurged = ({ core }: Query, copy: TierCopy): boolean => core.purges?.verdictOn(copy) === "removed";

function select(
  query: Query,
  { storageKey, selecting }: Lookup,
  copy: TierCopy,
  stored: StoredResponse,
  body: Body,
  tier: TierName,
): Lookup {
  const purged = query.core.purges?.verdictOn(copy);
  const ofAnEarlierGeneration = selecting !== undefined && stored.requestTime < selecting.validFrom;
  if (purged === "removed" || ofAnEarlierGeneration) return { decision: NOTHING_STORED, selecting, storageKey };
  const markedStale = purged === "stale";
  const decision = query.decideReuse(stored, markedStale);
  return { selected: { stored, body, tier, markedStale, copy }, decision, selecting, storageKey };
}

/** Puts a fresh response of a farther tier into the nearer ones. */
async function promote({ core, policy, ctx }: Query, selected: Selected): Promise<Selected> {
  const { stored, tier } = selected;
  const longest = policy.memory?.max_object_bytes;
  const fitsMemory = longest !== undefined && (!isStream(selected.body) || (stored.length ?? Infinity) <= longest);
  // What the edge tier has goes to memory alone; what is too long for that stays a stream.
  if (!fitsMemory && (tier === "edge" || isStream(selected.body))) return selected;
  const body = await toBytes(selected.body ?? null);
  if (tier === "edge") {
    // The edge's copy carries its own limit; KV's is the start of a new one in this data centre.
    core.memory?.put({ ...stored, freshUntil: stored.copyFreshUntil }, body, policy, ctx);
  } else {
    const lifetime = drawDataCentreLifetime(stored, policy, ctx);
    core.memory?.put(stored, body, policy, ctx, lifetime);
    ctx.waitUntil(write(core, "edge", stored, body, policy, ctx, lifetime));
  }
  return { ...selected, body };
}
