/** The defaults of a policy, for those who do not get one from the Python package, which writes them all out. */

import { KV_VALUE_BYTES } from "../limits.gen";
import type * as settings from "../settings.gen";
import type { CacheSpec } from "./types";

const known = new WeakMap<CacheSpec, settings.CacheSpec>();

export function complete(spec: CacheSpec): settings.CacheSpec {
  let whole = known.get(spec);
  if (whole === undefined) {
    whole = make(spec);
    known.set(spec, whole);
  }
  return whole;
}

function make(spec: CacheSpec): settings.CacheSpec {
  const { memory, edge = {}, kv, shield } = spec.tiers ?? {};
  const key = spec.key ?? {};
  const lower = (names: readonly string[] = []) => names.map((name) => name.toLowerCase()).sort();
  return {
    name: spec.name,
    mode: spec.mode ?? "override",
    engine: spec.engine ?? "worker",
    edge_ttl_s: spec.edge_ttl_s ?? null,
    edge_jitter_s: pair(spec.edge_jitter_s),
    browser_ttl_s: spec.browser_ttl_s ?? null,
    stale_while_revalidate_s: spec.stale_while_revalidate_s ?? 0,
    stale_if_error_s: spec.stale_if_error_s ?? 0,
    immutable: spec.immutable ?? false,
    statuses: [...(spec.statuses ?? [200, 203, 204, 300, 301, 308, 404, 410])],
    error_ttl_s: spec.error_ttl_s ?? 0,
    tiers: {
      memory: memory
        ? {
            max_bytes: memory.max_bytes ?? 16 * 1024 * 1024,
            max_object_bytes: memory.max_object_bytes ?? 1024 * 1024,
            ttl_ceiling_s: memory.ttl_ceiling_s ?? null,
            jitter_s: pair(memory.jitter_s),
          }
        : null,
      edge: edge && { ttl_ceiling_s: edge.ttl_ceiling_s ?? null, jitter_s: pair(edge.jitter_s) },
      kv: kv
        ? {
            binding: kv.binding,
            ttl_s: kv.ttl_s,
            jitter_s: pair(kv.jitter_s),
            max_object_bytes: Math.min(kv.max_object_bytes ?? KV_VALUE_BYTES, KV_VALUE_BYTES),
          }
        : null,
      shield: shield
        ? {
            class_name: shield.class_name ?? "EdgewrightShield",
            location: shield.location ?? null,
            shards: shield.shards ?? 4,
            ttl_s: shield.ttl_s ?? null,
            jitter_s: pair(shield.jitter_s),
            max_bytes: shield.max_bytes ?? 1024 ** 3,
            max_object_bytes: shield.max_object_bytes ?? 16 * 1024 ** 2,
          }
        : null,
    },
    key: {
      query: key.query ?? "all",
      query_names: [...(key.query_names ?? [])],
      headers: lower(key.headers),
      cookies: [...(key.cookies ?? [])].sort(),
      country: key.country ?? false,
      region: key.region ?? false,
      host: key.host ?? true,
    },
    vary: lower(spec.vary),
    tags: [...(spec.tags ?? [])],
  };
}

function pair(range: readonly unknown[] | null | undefined): [number, number] | null {
  return range ? [Number(range[0]), Number(range[1])] : null;
}
