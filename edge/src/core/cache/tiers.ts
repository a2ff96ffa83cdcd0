/** The tiers that carry bytes: isolate memory, the data centre's cache, KV. A fault in one never fails a response. */

import { within } from "./body";
import { type Index, type Meta, pack, parseValue, retention, toAscii, unpack } from "./entry";
import { Memory } from "./memory";
import { draw, type Policy } from "./policy";
import { attempt, INTERNAL } from "./purge";
import { type Body, isStream } from "./streams";
import type { CacheContext } from "./types";

/** What isolate memory holds: also what serving it needs, prepared once. */
export interface Held {
  readonly value: Meta | Index;
  readonly body: ArrayBuffer | null;
  /** State of the purge markers that it was last held against, and what they make of it. */
  checked: number;
  purged: "hard" | "soft" | undefined;
  /** The answer without its body, with the Age and Cache-Status of `second`. */
  ready: Response | undefined;
  second: number;
}

const META = "x-edgewright-meta";
/** The Cache API refuses header blocks that are too large; such an entry is left to the other tiers. */
const MAX_META = 24 * 1024;
/** KV's own limit on writes to one key: 1 a second. */
const KV_WRITE_MS = 1000;
const KV_KEY_BYTES = 500;
const KV_PREFIX = "cache:";
const MAX_WRITES = 4096;
const MAX_READ = 1024;
/** How long (ms) a request waits for another one's read of a store before it reads for itself. */
const SHARE_MS = 1000;

/** A short name for a key that is too long for a store. It need not resist attack: a reader checks the whole key. */
function shorten(key: string): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return `#${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}:${key.length}`;
}

const edgeUrl = (key: string) =>
  `${INTERNAL}e/${encodeURIComponent(key.length > 1500 ? `${key.slice(0, 200)}${shorten(key)}` : key)}`;

function kvKey(key: string): string {
  const bytes = new TextEncoder().encode(key).length;
  return KV_PREFIX + (bytes > KV_KEY_BYTES ? `${encodeURIComponent(key).slice(0, 200)}${shorten(key)}` : key);
}

export interface Found {
  readonly value: Meta | Index;
  readonly body: Body;
  /** What was prepared for this very entry when it was last read here. */
  readonly held?: Held | undefined;
}

export class Tiers {
  readonly memory = new Memory<Held>(0);
  /** KV key -> when this isolate last wrote it (ms). */
  readonly #writes = new Map<string, number>();

  /** Tier and key -> a read that is under way; `alone` where its body is a stream, which only one request can have. */
  readonly #reads = new Map<string, Promise<Found | "alone" | undefined>>();
  /** Key -> the meta that the edge cache last had for it. */
  readonly #read = new Map<string, { readonly text: string; readonly held: Held }>();

  // --- reading ---

  /** Reads an entry, once for a crowd that comes while nobody knows yet what the store has. */
  async read(tier: "edge" | "kv", key: string, policy: Policy, ctx: CacheContext): Promise<Found | undefined> {
    const name = tier + key;
    // What the edge cache had before comes as a stream, which each must read alone.
    const alone = tier === "edge" && this.#read.has(key);
    const other = alone ? undefined : this.#reads.get(name);
    if (other) {
      const found = await within(other, SHARE_MS);
      if (found === "timeout") this.#settled(name, other);
      else if (found !== "alone") return found;
    }
    const work = attempt(
      ctx,
      `The tier ${tier} could not be read`,
      tier === "edge" ? this.#fromEdge(key, ctx) : this.#fromKv(key, policy, ctx),
      undefined,
    );
    if (other || alone) return work;
    // Without `waitUntil`, which each read would pay for: where this client goes away, the others read for themselves.
    const shared: Promise<Found | "alone" | undefined> = work.then((found) => {
      this.#settled(name, shared);
      return isStream(found?.body) ? "alone" : found;
    });
    this.#reads.set(name, shared);
    return work;
  }

  #settled(name: string, read: Promise<unknown>): void {
    if (this.#reads.get(name) === read) this.#reads.delete(name);
  }

  /** Whoever reads from now on asks the stores again. */
  #changed(key: string): void {
    this.#read.delete(key);
    for (const tier of ["edge", "kv"]) this.#reads.delete(tier + key);
  }

  async #fromEdge(key: string, ctx: CacheContext): Promise<Found | undefined> {
    const response = await ctx.edgeCache?.match(edgeUrl(key));
    const text = response?.headers.get(META) ?? null;
    // An entry is read much oftener than it changes: its meta is parsed, and its headers are made, once.
    let known = this.#read.get(key);
    if (known?.text !== text) {
      const value = parseValue(text);
      known = value && { text: text as string, held: hold(value, null) };
      if (this.#read.size >= MAX_READ) this.#read.clear();
      if (known) this.#read.set(key, known);
    }
    if (response && known?.held.value.key === key) return { ...known, value: known.held.value, body: response.body };
    await response?.body?.cancel();
    return undefined;
  }

  async #fromKv(key: string, policy: Policy, ctx: CacheContext): Promise<Found | undefined> {
    const bytes = await ctx.kv?.(policy.kv?.binding as string)?.get(kvKey(key));
    const found = bytes ? unpack(bytes) : undefined;
    return found?.value.key === key ? found : undefined;
  }

  // --- writing ---

  /** `ceiling`: freshness (s) that was drawn for the data centre's copies of this entry. */
  toMemory(
    value: Meta | Index,
    body: ArrayBuffer | null,
    policy: Policy,
    now: number,
    ceiling = Number.POSITIVE_INFINITY,
  ): Held | undefined {
    const tier = policy.memory;
    if (!tier) return undefined;
    const bytes = body?.byteLength ?? 0;
    if (bytes > tier.maxObjectBytes) {
      this.memory.delete(value.key);
      return undefined;
    }
    if (tier.maxBytes > this.memory.maxBytes) this.memory.maxBytes = tier.maxBytes;
    const copy = value.kind === "entry" ? limited(value, Math.min(tier.ceiling, ceiling), now) : value;
    const held = hold(copy, body);
    this.memory.set(value.key, held, bytes + weight(value));
    return held;
  }

  async toEdge(
    value: Meta | Index,
    body: Body,
    policy: Policy,
    ctx: CacheContext,
    ceiling = Number.POSITIVE_INFINITY,
  ): Promise<boolean> {
    if (!policy.edge || !ctx.edgeCache) return false;
    const now = ctx.now();
    const copy = value.kind === "entry" ? limited(value, Math.min(policy.edge.ceiling, ceiling), now) : value;
    const meta = toAscii(copy);
    if (meta.length > MAX_META) return false;
    const keep = copy.kind === "entry" ? retention(copy, now) : 30 * 86400;
    // The store's own freshness is only how long it keeps the entry: what is fresh is decided by the meta.
    const response = new Response(body as BodyInit | null, {
      headers: { [META]: meta, "cache-control": `public, max-age=${keep}`, "content-type": "application/octet-stream" },
    });
    const put = ctx.edgeCache.put(edgeUrl(value.key), response).then(() => true);
    return this.#written(value.key, attempt(ctx, "The edge cache could not be written", put, false));
  }

  async toKv(value: Meta | Index, body: ArrayBuffer | null, policy: Policy, ctx: CacheContext): Promise<boolean> {
    const tier = policy.kv;
    const store = tier && ctx.kv?.(tier.binding);
    if (!store) return false;
    const now = ctx.now();
    const name = kvKey(value.key);
    const written = this.#writes.get(name);
    if (written !== undefined && now - written < KV_WRITE_MS) return false;
    const lifetime = tier.jitter ? draw(tier.jitter, ctx) : tier.ttl;
    const copy = value.kind === "entry" ? limited(value, lifetime, now) : value;
    if (copy.kind === "entry" && copy.freshUntil <= now && !copy.noCache) return false;
    const bytes = pack(copy, body);
    if (bytes.byteLength > tier.maxObjectBytes) return false;
    if (this.#writes.size >= MAX_WRITES) this.#writes.clear();
    this.#writes.set(name, now);
    const put = store.put(name, bytes, { expirationTtl: Math.max(60, tier.ttl, lifetime) }).then(() => true);
    return this.#written(value.key, attempt(ctx, "KV could not be written", put, false));
  }

  async #written(key: string, work: Promise<boolean>): Promise<boolean> {
    this.#changed(key);
    const done = await work;
    this.#changed(key);
    return done;
  }

  /** Removes a slot everywhere that this isolate can reach. */
  async remove(key: string, policies: readonly Policy[], ctx: CacheContext): Promise<void> {
    this.memory.delete(key);
    this.#changed(key);
    const work: Promise<unknown>[] = [];
    if (ctx.edgeCache) work.push(ctx.edgeCache.delete(edgeUrl(key)));
    const name = kvKey(key);
    this.#writes.delete(name);
    for (const binding of new Set(policies.flatMap((policy) => policy.kv?.binding ?? []))) {
      const store = ctx.kv?.(binding);
      if (store) work.push(store.delete(name));
    }
    await Promise.all(work.map((one) => attempt(ctx, "An entry could not be removed", one, undefined)));
    this.#changed(key);
  }
}

function hold(value: Meta | Index, body: ArrayBuffer | null): Held {
  return { value, body, checked: -1, purged: undefined, ready: undefined, second: -1 };
}

/** The copy of an entry for a tier: no longer fresh than the tier's ceiling from now. */
function limited(meta: Meta, ceiling: number, now: number): Meta {
  const freshUntil = Math.min(meta.until, now + ceiling * 1000);
  return freshUntil === meta.freshUntil ? meta : { ...meta, freshUntil };
}

/** Draws how long (s) copies of an entry are fresh in a data centre: once for its memory and edge tiers together. */
export function edgeLifetime(meta: Meta, policy: Policy, ctx: CacheContext): number {
  if (policy.mode !== "override" || !policy.statuses.has(meta.status === 206 ? 200 : meta.status)) {
    return Number.POSITIVE_INFINITY;
  }
  if (meta.status === 404 || meta.status === 410) return policy.errorTtl;
  if (policy.edgeJitter) return draw(policy.edgeJitter, ctx);
  return policy.edgeTtl ?? Number.POSITIVE_INFINITY;
}

/** Bytes that an entry takes beside its body, roughly. */
function weight(value: Meta | Index): number {
  let bytes = 300 + value.key.length * 2 + value.url.length * 2;
  if (value.kind === "entry") for (const [name, text] of value.headers) bytes += 2 * (name.length + text.length) + 64;
  return bytes;
}
