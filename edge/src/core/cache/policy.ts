/** A policy with every default filled in, computed once for each policy object. */

import { KV_VALUE_BYTES } from "../limits.gen";
import type { Named } from "./key";
import type { CacheContext, CacheSpec } from "./types";

export interface Policy {
  readonly name: string;
  readonly mode: "override" | "origin" | "bypass";
  readonly platform: boolean;
  readonly edgeTtl: number | null;
  readonly edgeJitter: readonly [number, number] | null;
  readonly browserTtl: number | null;
  /** The longest time (s) that `override` gives a response in any tier; null where it gives none. */
  readonly longest: number | null;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  readonly immutable: boolean;
  readonly statuses: ReadonlySet<number>;
  readonly errorTtl: number;
  readonly memory: { readonly maxBytes: number; readonly maxObjectBytes: number; readonly ceiling: number } | null;
  readonly edge: { readonly ceiling: number } | null;
  readonly kv: {
    readonly binding: string;
    readonly ttl: number;
    readonly jitter: readonly [number, number] | null;
    readonly maxObjectBytes: number;
  } | null;
  readonly query: "all" | "none" | "include" | "exclude";
  readonly queryNames: ReadonlySet<string>;
  readonly headers: readonly string[];
  readonly cookies: readonly string[];
  readonly country: boolean;
  readonly region: boolean;
  readonly host: boolean;
  readonly vary: readonly string[];
  readonly tags: readonly string[];
  /** True where the key is of the URL alone, so that an entry can be found from its URL. */
  readonly keyedByUrl: boolean;
  /** URL as it came in -> what it is here, for the hit path. */
  readonly names: Map<string, Named>;
}

const STATUSES = [200, 203, 204, 300, 301, 308, 404, 410];
const known = new WeakMap<CacheSpec, Policy>();

export function compile(spec: CacheSpec): Policy {
  let policy = known.get(spec);
  if (policy === undefined) {
    policy = make(spec);
    known.set(spec, policy);
  }
  return policy;
}

function make(spec: CacheSpec): Policy {
  const { memory, edge = {}, kv } = spec.tiers ?? {};
  const key = spec.key ?? {};
  const lower = (names: readonly string[] | undefined) => (names ?? []).map((name) => name.toLowerCase()).sort();
  const headers = lower(key.headers);
  const cookies = [...(key.cookies ?? [])].sort();
  const platform = spec.engine === "platform";
  const edgeJitter = pair(spec.edge_jitter_s);
  const times = [edgeJitter?.[1] ?? spec.edge_ttl_s, kv && (pair(kv.jitter_s)?.[1] ?? kv.ttl_s)].filter(
    (time) => time != null,
  );
  return {
    name: spec.name,
    mode: spec.mode ?? "override",
    platform,
    edgeTtl: spec.edge_ttl_s ?? null,
    edgeJitter,
    browserTtl: spec.browser_ttl_s ?? null,
    longest: times.length > 0 ? Math.max(...times) : null,
    staleWhileRevalidate: spec.stale_while_revalidate_s ?? 0,
    staleIfError: spec.stale_if_error_s ?? 0,
    immutable: spec.immutable ?? false,
    statuses: new Set(spec.statuses ?? STATUSES),
    errorTtl: spec.error_ttl_s ?? 0,
    memory: memory
      ? {
          maxBytes: memory.max_bytes ?? 16 * 1024 * 1024,
          maxObjectBytes: memory.max_object_bytes ?? 1024 * 1024,
          ceiling: memory.ttl_ceiling_s ?? Number.POSITIVE_INFINITY,
        }
      : null,
    // With the platform's own cache in front, a second copy in the same data centre only takes room.
    edge: edge && !platform ? { ceiling: edge.ttl_ceiling_s ?? Number.POSITIVE_INFINITY } : null,
    kv: kv
      ? {
          binding: kv.binding,
          ttl: kv.ttl_s,
          jitter: pair(kv.jitter_s),
          maxObjectBytes: Math.min(kv.max_object_bytes ?? KV_VALUE_BYTES, KV_VALUE_BYTES),
        }
      : null,
    query: key.query ?? "all",
    queryNames: new Set(key.query_names ?? []),
    headers,
    cookies,
    country: key.country ?? false,
    region: key.region ?? false,
    host: key.host ?? true,
    vary: lower(spec.vary),
    tags: [...(spec.tags ?? [])],
    keyedByUrl: headers.length === 0 && cookies.length === 0 && !key.country && !key.region,
    names: new Map(),
  };
}

function pair(range: readonly unknown[] | null | undefined): readonly [number, number] | null {
  return range ? [Number(range[0]), Number(range[1])] : null;
}

/** A number of seconds from `range`, both ends included. */
export function draw(range: readonly [number, number], ctx: CacheContext): number {
  return range[0] + Math.floor(ctx.random() * (range[1] - range[0] + 1));
}
