/**
 * Purges. A purge writes a marker "what was asked for before this time and matches is void", and every entry is held
 * against the markers when it is read, in whichever tier. So a purge by prefix or tag needs no list of what is stored,
 * and what was under way when it was made is void too.
 *
 * Visibility: in this isolate at once; in the other isolates of a data centre after `purgeCheckMs` at most (they re-read
 * the markers in the edge cache); in other data centres only through KV, when its own propagation (60 s, by the vendor)
 * and an isolate's next look (KV_CHECK_MS) have passed. Without KV it does not leave the data centre.
 */

import { type Meta, RETENTION_S } from "./entry";
import { normalisePath } from "./key";
import type { CacheContext, KvStore, PurgeRequest } from "./types";

export interface Marker {
  readonly type: "everything" | "url" | "prefix" | "tag";
  readonly value: string;
  /** Responses asked for at or before this (ms) are void. */
  readonly time: number;
  readonly soft: boolean;
}

/** How long (ms) an isolate may serve without having looked for markers in KV. */
export const KV_CHECK_MS = 30_000;
/** A busy isolate looks before that, behind its answers, so that none of them waits for KV. */
const KV_AHEAD_MS = 20_000;
/** KV's own time until a write is seen everywhere, by its documentation. */
export const KV_PROPAGATION_MS = 60_000;
export const INTERNAL = "https://cache.edgewright.invalid/";
const EDGE_URL = `${INTERNAL}purges`;
const KV_PREFIX = "purge:";
const MAX_MARKERS = 1000;

/** A URL without its scheme: a purge means both. */
export function schemeless(url: string): string {
  return url.slice(url.indexOf("//"));
}

/** Runs work that may fail without failing the response: tells of the fault, and goes on with `fallback`. */
export async function attempt<T>(ctx: CacheContext, fault: string, work: Promise<T>, fallback: T): Promise<T> {
  try {
    return await work;
  } catch (error) {
    ctx.warn?.(`${fault}: ${String(error)}`);
    return fallback;
  }
}

export class Purges {
  /** Grows with each change, so that what was held against one state need not be again. */
  version = 0;
  #markers: Marker[] = [];
  readonly #index = new Map<string, Marker>();
  #edgeAt = Number.NEGATIVE_INFINITY;
  #kvAt = Number.NEGATIVE_INFINITY;
  readonly #kvSeen = new Set<string>();

  constructor(readonly checkMs: number) {}

  due(now: number): boolean {
    return now - this.#edgeAt >= this.checkMs;
  }

  /** Reads the markers of the shared tiers where it is time to. A store that fails leaves what is known. */
  async refresh(ctx: CacheContext, stores: readonly KvStore[]): Promise<void> {
    const now = ctx.now();
    this.#edgeAt = now;
    const work: Promise<void>[] = [];
    if (ctx.edgeCache) work.push(this.#readEdge(ctx));
    const since = now - this.#kvAt;
    if (stores.length > 0 && since >= KV_AHEAD_MS) {
      this.#kvAt = now;
      for (const store of stores) {
        const look = this.#readKv(store);
        if (since >= KV_CHECK_MS) work.push(look);
        else ctx.waitUntil(attempt(ctx, "Purge markers could not be read", look, undefined));
      }
    }
    await Promise.all(work.map((one) => attempt(ctx, "Purge markers could not be read", one, undefined)));
  }

  async #readEdge(ctx: CacheContext): Promise<void> {
    const response = await ctx.edgeCache?.match(EDGE_URL);
    if (response) this.add((await response.json()) as Marker[]);
  }

  async #readKv(store: KvStore): Promise<void> {
    for (const name of (await store.list?.(KV_PREFIX)) ?? []) {
      if (this.#kvSeen.has(name)) continue;
      const bytes = await store.get(name);
      if (!bytes) continue;
      this.#kvSeen.add(name);
      this.add(JSON.parse(new TextDecoder().decode(bytes)) as Marker[]);
    }
  }

  add(markers: readonly Marker[]): void {
    for (const marker of markers) {
      const name = `${marker.soft ? "soft" : "hard"} ${marker.type} ${marker.value}`;
      const known = this.#index.get(name);
      if (known && known.time >= marker.time) continue;
      this.#index.set(name, marker);
      this.version++;
    }
    this.#compact();
  }

  /** What an earlier purge of everything covers is dropped; over the limit, the oldest become one of everything. */
  #compact(): void {
    let epoch = this.#index.get("hard everything ");
    if (this.#index.size > MAX_MARKERS) {
      const times = [...this.#index.values()].map((marker) => marker.time).sort((a, b) => a - b);
      const time = times[times.length - MAX_MARKERS / 2] as number;
      epoch = { type: "everything", value: "", time: Math.max(time, epoch?.time ?? 0), soft: false };
      this.#index.set("hard everything ", epoch);
    }
    if (epoch) {
      for (const [name, marker] of this.#index)
        if (marker !== epoch && marker.time <= epoch.time) this.#index.delete(name);
    }
    this.#markers = [...this.#index.values()];
  }

  /** Writes markers where others find them. Returns how many places took them. */
  async publish(
    markers: readonly Marker[],
    ctx: CacheContext,
    stores: readonly KvStore[],
  ): Promise<{ edge: number; kv: number }> {
    this.add(markers);
    const edge = async () => {
      if (!ctx.edgeCache) return 0;
      await this.#readEdge(ctx);
      await ctx.edgeCache.put(
        EDGE_URL,
        new Response(JSON.stringify(this.#markers), {
          headers: { "content-type": "application/json", "cache-control": `public, max-age=${RETENTION_S + 86400}` },
        }),
      );
      return markers.length;
    };
    const kv = async (store: KvStore) => {
      if (!store.list) return 0;
      const name = `${KV_PREFIX}${markers[0]?.time}:${Math.floor(ctx.random() * 1e15).toString(36)}`;
      this.#kvSeen.add(name);
      const bytes = new TextEncoder().encode(JSON.stringify(markers));
      await store.put(name, bytes.buffer as ArrayBuffer, { expirationTtl: RETENTION_S + 86400 });
      return markers.length;
    };
    const counted = (one: Promise<number>) => attempt(ctx, "A purge marker could not be written", one, 0);
    const [inEdge, ...inKv] = await Promise.all([counted(edge()), ...stores.map((store) => counted(kv(store)))]);
    return { edge: inEdge ?? 0, kv: inKv.reduce((sum, count) => sum + count, 0) };
  }

  /** What the markers make of an entry: void, stale, or nothing. */
  judge(meta: Meta): "hard" | "soft" | undefined {
    let found: "soft" | undefined;
    for (const marker of this.#markers) {
      if (meta.requestTime > marker.time || !covers(marker, meta)) continue;
      if (!marker.soft) return "hard";
      found = "soft";
    }
    return found;
  }
}

export function covers(marker: Marker, meta: Meta): boolean {
  switch (marker.type) {
    case "everything":
      return true;
    case "url":
      return schemeless(meta.url) === marker.value;
    case "tag":
      return meta.tags.includes(marker.value);
    case "prefix": {
      const url = schemeless(meta.url).split("?", 1)[0] as string;
      const target = marker.value.startsWith("//") ? url : url.slice(url.indexOf("/", 2));
      const prefix = marker.value.endsWith("/") ? marker.value : `${marker.value}/`;
      return target === marker.value || target.startsWith(prefix);
    }
  }
}

/** The markers of a purge. `forms` gives the forms of a URL that entries may have. */
export function markersOf(request: PurgeRequest, time: number, forms: (url: string) => readonly string[]): Marker[] {
  const soft = request.soft ?? false;
  const markers: Marker[] = [];
  if (request.everything) markers.push({ type: "everything", value: "", time, soft });
  for (const url of request.urls ?? []) {
    for (const value of new Set(forms(url).map(schemeless))) markers.push({ type: "url", value, time, soft });
  }
  for (const prefix of request.prefixes ?? []) {
    const value = prefix.startsWith("/") ? normalisePath(prefix) : prefixOf(new URL(prefix));
    markers.push({ type: "prefix", value, time, soft });
  }
  for (const value of request.tags ?? []) markers.push({ type: "tag", value, time, soft });
  return markers;
}

const prefixOf = (url: URL) => `//${url.host}${normalisePath(url.pathname)}`;
