/** KV: a tier that all data centres share, and the way by which purge markers reach them. */

import { attempt } from "./attempt";
import { MAX_RETENTION_S, placeInKv } from "./decide/placement";
import { pack, unpack } from "./packed";
import type { Policy } from "./policy";
import type { Marker, Markers, RemoteTier } from "./stores";
import { isStream } from "./streams";
import { shortHash } from "./tiers";
import type { CacheContext, KvKey, KvStore } from "./types";

/** KV's own limit on writes to one key: 1 a second. */
const WRITE_MS = 1000;
const KEY_BYTES = 500;
const MAX_WRITES = 4096;
/** How long (ms) an isolate may serve without having looked for markers in KV. */
export const KV_CHECK_MS = 30_000;
/** A busy isolate looks before that, behind its answers, so that none of them waits for KV. */
const AHEAD_MS = 20_000;
/** KV's own time until a write is seen everywhere, by its documentation. */
const PROPAGATION_MS = 60_000;
const MARKERS = "purge:";
const DAY_S = 86_400;
/** Keys are listed in their order, a part of many of them: so the newest come first, by what is left of their time to this. */
const LAST_MS = 1e13;
/** As many keys with markers, the newest, are read one by one. What the others invalidate goes with all that is as old. */
const MOST_KEYS = 1000;
/** KV keeps 1,024 bytes of metadata with a key; `{"markers":}` takes twelve. */
const METADATA_BYTES = 1000;

function nameOf(key: string): string {
  const bytes = new TextEncoder().encode(key).length;
  return `cache:${bytes > KEY_BYTES ? `${encodeURIComponent(key).slice(0, 200)}${shortHash(key)}` : key}`;
}

const storeOf = (policy: Policy, ctx: CacheContext) => (policy.kv ? ctx.kv?.(policy.kv.binding) : undefined);

function storesOf(policies: Iterable<Policy>, ctx: CacheContext): KvStore[] {
  const bindings = new Set([...policies].flatMap(({ kv }) => kv?.binding ?? []));
  return [...bindings].flatMap((binding) => ctx.kv?.(binding) ?? []);
}

export function kvTier(): RemoteTier {
  /** Name -> when this isolate last wrote it (ms). */
  const writes = new Map<string, number>();

  return {
    name: "kv",
    markers: kvMarkers(),

    isUsedBy: (policy) => policy.kv !== null,

    async read(key, policy, ctx) {
      const bytes = await storeOf(policy, ctx)?.get(nameOf(key));
      const found = bytes ? unpack(bytes) : undefined;
      return found?.value.key === key ? found : undefined;
    },

    write(value, body, policy, ctx) {
      const store = storeOf(policy, ctx);
      const now = ctx.now();
      const name = nameOf(value.key);
      if (!store || now - (writes.get(name) ?? -Infinity) < WRITE_MS) return undefined;
      // Nobody writes a stream here: its length would be known only at its end.
      if (isStream(body)) return undefined;
      let bytes = new ArrayBuffer(0);
      const placement = placeInKv(value, policy, ctx, (copy) => {
        bytes = pack(copy, body);
        return bytes.byteLength;
      });
      if (!placement.keep) return undefined;
      if (writes.size >= MAX_WRITES) writes.clear();
      writes.set(name, now);
      return store.put(name, bytes, { expirationTtl: placement.retention });
    },

    remove(key, policy, ctx) {
      const name = nameOf(key);
      writes.delete(name);
      return storeOf(policy, ctx)?.delete(name);
    },
  };
}

function kvMarkers(): Markers {
  /** Names that were read, or written here. */
  const seen = new Set<string>();
  /** When this isolate last looked (ms). */
  let looked = -Infinity;

  return {
    place: "kv",

    refresh(policies, ctx, add) {
      const stores = storesOf(policies, ctx);
      const since = ctx.now() - looked;
      if (stores.length === 0 || since < AHEAD_MS) return [];
      looked = ctx.now();
      const work = stores.map((store) => readMarkers(store, looked, seen, add));
      if (since >= KV_CHECK_MS) return work;
      for (const one of work) ctx.waitUntil(attempt(ctx, "Purge markers could not be read", one, undefined));
      return [];
    },

    publish: (markers, policies, ctx) =>
      storesOf(policies, ctx).map(async (store) => {
        if (!store.list) return 0;
        const name = markerName(markers, ctx);
        seen.add(name);
        await writeMarkers(store, name, markers);
        return markers.length;
      }),

    visibleWithinMs(policies, ctx) {
      const stores = storesOf(policies, ctx);
      return stores.length > 0 && stores.every((store) => store.list) ? PROPAGATION_MS + KV_CHECK_MS : undefined;
    },
  };
}

/** Markers that were written together have one name. */
function markerName(markers: readonly Marker[], ctx: CacheContext): string {
  const left = String(LAST_MS - (markers[0]?.time ?? 0)).padStart(13, "0");
  return `${MARKERS}${left}:${Math.floor(ctx.random() * 1e15).toString(36)}`;
}

const timeOf = (name: string): number => LAST_MS - Number.parseInt(name.slice(MARKERS.length), 10);

async function writeMarkers(store: KvStore, name: string, markers: readonly Marker[]): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(markers));
  await store.put(name, bytes.buffer as ArrayBuffer, {
    expirationTtl: MAX_RETENTION_S + DAY_S,
    // Given by the list itself, so that a new isolate reads them with one look, not with one for each.
    ...(bytes.length <= METADATA_BYTES && { metadata: { markers } }),
  });
}

/** Adds the markers of a store that have not been `seen`. */
async function readMarkers(
  store: KvStore,
  now: number,
  seen: Set<string>,
  add: (markers: readonly Marker[]) => void,
): Promise<void> {
  const listed = (await store.list?.(MARKERS)) ?? [];
  const older = listed[MOST_KEYS];
  if (older && !seen.has(older.name)) {
    seen.add(older.name);
    const time = timeOf(older.name);
    if (time <= now) add([{ type: "everything", value: "", time, soft: false }]);
  }
  for (const key of listed.slice(0, MOST_KEYS)) {
    if (seen.has(key.name)) continue;
    const markers = await markersOf(store, key);
    if (!markers) continue;
    seen.add(key.name);
    add(markers);
  }
}

/** The markers under a key: those that the list gave with it, or else its value; undefined where that is not there yet. */
async function markersOf(store: KvStore, { name, metadata }: KvKey): Promise<readonly Marker[] | undefined> {
  const listed = ((metadata ?? {}) as { markers?: readonly Marker[] }).markers;
  if (listed) return listed;
  const bytes = await store.get(name);
  return bytes ? (JSON.parse(new TextDecoder().decode(bytes)) as Marker[]) : undefined;
}
