/** Which tier keeps a copy of what is stored, and until when: by weights (bytes) and times, never by the bytes themselves. */

import { draw, errorTtl, isListed, type Policy } from "../policy";
import { header, type StoredResponse, type StoredValue } from "../stored";

/** When, and by what chance. Every CacheContext is such. */
export interface Moment {
  /** Milliseconds since the epoch. */
  now(): number;
  /** A number in [0, 1). Draws jitter. */
  random(): number;
}

export type Placement<Value extends StoredValue = StoredValue> =
  | {
      readonly keep: true;
      readonly copy: Value;
      /** For how long (s) the tier keeps it, fresh or not. */
      readonly retention: number;
    }
  | { readonly keep: false; readonly reason: "no-tier" | "size" | "headers" | "not-fresh" };

/** The longest time (s) anything stays in a tier. A purge marker must outlive it. */
export const MAX_RETENTION_S = 30 * 86_400;
/** How long (s) a stale response stays for the sake of its validator, or of a disconnected origin. */
const RETENTION_FOR_VALIDATION_S = 86_400;
const RETENTION_WITHOUT_VALIDATOR_S = 60;
/** KV keeps nothing for less (s). */
const KV_LEAST_RETENTION_S = 60;
/** The Cache API refuses header blocks that are too large; such an entry is left to the other tiers. */
const MAX_EDGE_HEADER_BYTES = 24 * 1024;

/** Draws how long (s) copies are fresh in a data centre: once for its memory and edge tiers together. */
export function drawDataCentreLifetime({ status }: StoredResponse, policy: Policy, moment: Moment): number {
  if (policy.mode !== "override" || !isListed(policy, status)) return Infinity;
  return errorTtl(policy, status) ?? draw(policy.edge_jitter_s, policy.edge_ttl_s, moment);
}

/** How long (s) one copy is fresh in a tier, at most. */
export const drawCeiling = (
  tier: { readonly jitter_s: readonly [number, number] | null; readonly ttl_ceiling_s: number | null } | null,
  moment: Moment,
): number => draw(tier?.jitter_s, tier?.ttl_ceiling_s, moment);

/** `lifetime`: what was drawn for the data centre's copies. */
export function placeInMemory<Value extends StoredValue>(
  value: Value,
  bytes: number,
  { memory }: Policy,
  moment: Moment,
  lifetime: number,
): Placement<Value> {
  if (!memory) return { keep: false, reason: "no-tier" };
  if (bytes > memory.max_object_bytes) return { keep: false, reason: "size" };
  const ceiling = Math.min(drawCeiling(memory, moment), lifetime);
  return { keep: true, copy: withCeiling(value, ceiling, moment.now()), retention: ceiling };
}

/** `writtenBytes` tells the bytes of the copy's own header as it would be written. */
export function placeInEdge<Value extends StoredValue>(
  value: Value,
  { edge }: Policy,
  moment: Moment,
  lifetime: number,
  writtenBytes: (copy: Value) => number,
): Placement<Value> {
  if (!edge) return { keep: false, reason: "no-tier" };
  const now = moment.now();
  const copy = withCeiling(value, Math.min(drawCeiling(edge, moment), lifetime), now);
  if (writtenBytes(copy) > MAX_EDGE_HEADER_BYTES) return { keep: false, reason: "headers" };
  // The store's own freshness is only how long it keeps the entry: what is fresh is decided by the copy.
  const retention = copy.kind === "response" ? retentionOf(copy, now) : MAX_RETENTION_S;
  return { keep: true, copy, retention };
}

export function placeInKv<Value extends StoredValue>(
  value: Value,
  { kv }: Policy,
  moment: Moment,
  writtenBytes: (copy: Value) => number,
): Placement<Value> {
  if (!kv) return { keep: false, reason: "no-tier" };
  const now = moment.now();
  const lifetime = draw(kv.jitter_s, kv.ttl_s, moment);
  const copy = withCeiling(value, lifetime, now);
  const ofNoUse = copy.kind === "response" && copy.copyFreshUntil <= now && !copy.noCache;
  if (ofNoUse) return { keep: false, reason: "not-fresh" };
  if (writtenBytes(copy) > kv.max_object_bytes) return { keep: false, reason: "size" };
  return { keep: true, copy, retention: Math.max(KV_LEAST_RETENTION_S, kv.ttl_s, lifetime) };
}

/** The copy for a tier: no longer fresh than this ceiling (s) from now. */
function withCeiling<Value extends StoredValue>(value: Value, ceiling: number, now: number): Value {
  if (value.kind !== "response") return value;
  const copyFreshUntil = Math.min(value.freshUntil, now + ceiling * 1000);
  return copyFreshUntil === value.copyFreshUntil ? value : { ...value, copyFreshUntil };
}

/** Seconds that a response is worth keeping from now: its freshness and the windows in which it serves stale. */
function retentionOf(stored: StoredResponse, now: number): number {
  const hasValidator = header(stored, "etag") !== null || header(stored, "last-modified") !== null;
  const afterFreshness = Math.max(
    stored.staleWhileRevalidate,
    stored.staleIfError,
    hasValidator ? RETENTION_FOR_VALIDATION_S : RETENTION_WITHOUT_VALIDATOR_S,
  );
  const freshness = Math.ceil(Math.max(0, stored.copyFreshUntil - now) / 1000);
  return Math.min(MAX_RETENTION_S, freshness + afterFreshness);
}

/** Bytes of the longest body that a tier of this data centre keeps; undefined where there is no tier. */
export function longestBody({ edge, memory, kv }: Policy, hasEdgeCache: boolean): number | undefined {
  if (edge && hasEdgeCache) return Infinity;
  const limits = [memory, kv].flatMap((tier) => tier?.max_object_bytes ?? []);
  return limits.length > 0 ? Math.max(...limits) : undefined;
}

/** Bytes that a value takes in memory beside its body, roughly. */
export function weightOf(value: StoredValue): number {
  let bytes = 300 + 2 * (value.key.length + value.url.length);
  if (value.kind === "response")
    for (const [name, text] of value.headers) bytes += 64 + 2 * (name.length + text.length);
  return bytes;
}
