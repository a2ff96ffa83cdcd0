/**
 * Purges. A purge writes a marker "what was asked for before this time and matches is out of date", and every stored response
 * is held against the markers when it is read, in whichever tier. So a purge by prefix or tag needs no list of what is stored,
 * and what was under way when it was made is out of date too.
 *
 * Visibility: in this isolate at once; in the other isolates of a data centre after `purgeCheckMs` at most (they re-read
 * the markers in the edge cache); in other data centres only through KV, when its own propagation (60 s, by the vendor)
 * and an isolate's next look (KV_CHECK_MS) have passed. Without KV it does not leave the data centre.
 */

import { normalizeEscapes } from "../path";
import { attempt } from "./attempt";
import { within } from "./body";
import type { Purged, TierCopy } from "./copies";
import type { Core } from "./core";
import { MAX_RETENTION_S } from "./decide/placement";
import { normaliseUrl } from "./key";
import type { Policy } from "./policy";
import type { StoredResponse } from "./stored";
import type { Marker, Markers, Purges, PurgeTarget, RemoteTier } from "./stores";
import { INTERNAL } from "./tiers";
import type { CacheContext, PurgeRequest, PurgeResult } from "./types";

/** The name of the markers in the data centre's cache. */
export const EDGE_URL = `${INTERNAL}purges`;
const MAX_MARKERS = 1000;
const DAY_S = 86_400;
/** How long (ms) what was published here is looked for in the data centre's cache. */
const OWN_MS = 60_000;
/** How long (ms) a request waits for another one's first look. */
const FIRST_MS = 1000;

/** Two purges of the same by the same means are one, the later. */
const nameOf = ({ soft, type, value }: Omit<Marker, "time">): string =>
  `${soft ? "mark-stale" : "remove"} ${type} ${value}`;
const EVERYTHING = { type: "everything", value: "", soft: false } as const;
const REMOVES_EVERYTHING = nameOf(EVERYTHING);

/** A URL without its scheme: a purge means both. */
function schemeless(url: string): string {
  return url.slice(url.indexOf("//"));
}

export class KnownPurges implements Purges {
  /** Grows with each change, so that what was held against one state need not be again. */
  #version = 0;
  readonly #markers = new Map<string, Marker>();
  /** What was published here not long ago: another isolate may have written over it in the data centre's cache. */
  #own: readonly Marker[] = [];
  #read = -Infinity;
  /** Whether the markers have been read once, and the first look while it is under way. */
  #knows = false;
  #first: Promise<void> | undefined;

  constructor(
    readonly checkMs: number,
    readonly remote: readonly Pick<RemoteTier, "markers">[],
    readonly policies: Iterable<Policy>,
  ) {}

  due(now: number): boolean {
    return !this.#knows || now - this.#read >= this.checkMs;
  }

  async refresh(ctx: CacheContext): Promise<void> {
    // An isolate that knows nothing yet serves nothing: who comes meanwhile waits for the first look, or looks itself.
    if (this.#first && (await within(this.#first, FIRST_MS)) !== "timeout") return;
    const work = this.#look(ctx);
    if (!this.#knows) this.#first ??= work;
    await work;
    this.#knows = true;
    this.#first = undefined;
  }

  async #look(ctx: CacheContext): Promise<void> {
    this.#read = ctx.now();
    const add = (markers: readonly Marker[]) => this.add(markers);
    const work = this.remote.flatMap(({ markers }) => markers?.refresh(this.policies, ctx, add) ?? []);
    work.push(this.#readEdge(ctx));
    await Promise.all(work.map((one) => attempt(ctx, "Purge markers could not be read", one, undefined)));
  }

  async #readEdge(ctx: CacheContext): Promise<void> {
    const response = await ctx.edgeCache?.match(EDGE_URL);
    const found = response ? ((await response.json()) as Marker[]) : [];
    this.add(found);
    this.#own = this.#own.filter(({ time }) => ctx.now() - time < OWN_MS);
    if (this.#own.length === 0) return;
    const there = new Map(found.map((marker) => [nameOf(marker), marker.time]));
    const lost = this.#own.some((marker) => {
      const name = nameOf(marker);
      // What a later one covers is not missed.
      return this.#markers.get(name) === marker && (there.get(name) ?? -1) < marker.time;
    });
    if (lost) await this.#writeEdge(ctx);
  }

  async #writeEdge({ edgeCache }: CacheContext): Promise<void> {
    const headers = {
      "content-type": "application/json",
      "cache-control": `public, max-age=${MAX_RETENTION_S + DAY_S}`,
    };
    await edgeCache?.put(EDGE_URL, new Response(JSON.stringify(this.markers), { headers }));
  }

  add(markers: readonly Marker[]): void {
    for (const marker of markers) this.#add(marker);
  }

  #add(marker: Marker): void {
    const known = this.#markers;
    const name = nameOf(marker);
    if (this.#lastTime(name) >= marker.time) return;
    known.set(name, marker);
    this.#version++;
    // The older half becomes one purge of everything.
    if (known.size > MAX_MARKERS) this.#add({ ...EVERYTHING, time: this.#medianTime() });
    if (name !== REMOVES_EVERYTHING) return;
    // What that covers is dropped.
    for (const [other, { time }] of known) if (other !== name && time <= marker.time) known.delete(other);
  }

  /** When what a marker names was purged last, by its own name or with everything. */
  #lastTime(name: string): number {
    const last = this.#markers.get(name)?.time ?? -Infinity;
    return Math.max(last, this.#markers.get(REMOVES_EVERYTHING)?.time ?? -Infinity);
  }

  #medianTime(): number {
    const times = Array.from(this.#markers.values(), ({ time }) => time).sort((a, b) => a - b);
    return times[Math.floor(times.length / 2)] ?? -Infinity;
  }

  async publish(markers: readonly Marker[], ctx: CacheContext): Promise<Record<"edge" | Markers["place"], number>> {
    this.add(markers);
    const edge = async () => {
      if (!ctx.edgeCache) return 0;
      await this.#readEdge(ctx);
      await this.#writeEdge(ctx);
      this.#own = [...this.#own, ...markers];
      return markers.length;
    };
    const counts = { edge: 0, kv: 0, shield: 0 };
    const count = async (place: keyof typeof counts, work: Promise<number>) => {
      const taken = await attempt(ctx, "A purge marker could not be written", work, 0);
      counts[place] += taken;
    };
    const work = [count("edge", edge())];
    for (const { markers: channel } of this.remote) {
      if (!channel) continue;
      for (const taken of channel.publish(markers, this.policies, ctx)) work.push(count(channel.place, taken));
    }
    await Promise.all(work);
    return counts;
  }

  invalidate(urls: readonly string[], ctx: CacheContext): Promise<unknown> {
    return this.publish(
      markersOf({ urls }, ctx.now(), (url) => [url]),
      ctx,
    );
  }

  visibleWithinMs(ctx: CacheContext): number {
    for (const { markers } of this.remote) {
      const ms = markers?.visibleWithinMs(this.policies, ctx);
      if (ms !== undefined) return ms;
    }
    return this.checkMs;
  }

  get markers(): readonly Marker[] {
    return [...this.#markers.values()];
  }

  verdictOn(copy: TierCopy): Purged {
    if (copy.purge?.version === this.#version) return copy.purge.verdict;
    const { value } = copy;
    // Selecting headers are of all variants, which may differ in their tags.
    const target = value.kind === "response" ? value : { ...value, requestTime: value.validFrom, tags: [] };
    const verdict = this.verdictFor(target);
    copy.purge = { version: this.#version, verdict };
    copy.prepared = undefined;
    return verdict;
  }

  verdictFor(target: PurgeTarget): Purged {
    let verdict: Purged;
    for (const marker of this.#markers.values()) {
      const isLater = (target.originRequestTime ?? target.requestTime) > marker.time;
      if (isLater || !covers(marker, target)) continue;
      if (!marker.soft) return "removed";
      verdict = "stale";
    }
    return verdict;
  }
}

export function covers(
  { type, value }: Marker,
  { key, url, tags }: Pick<StoredResponse, "key" | "url" | "tags">,
): boolean {
  if (type === "tag") return tags.includes(value);
  if (type === "everything") return true;
  // An entry that hostnames share has the URL of the one who was first, and is meant by any.
  const shared = key.includes("://*/");
  const own = shared ? hostless(schemeless(url)) : schemeless(url);
  // Entries may be of URLs as they were sent: a purge means every spelling.
  const wanted = normalizeEscapes(shared ? hostless(value) : value);
  const plain = normalizeEscapes(own);
  if (type === "url") return plain === wanted;
  const path = plain.split("?", 1)[0] as string;
  const target = shared || wanted.startsWith("//") ? path : hostless(path);
  return target === wanted || target.startsWith(wanted.endsWith("/") ? wanted : `${wanted}/`);
}

/** A URL without its host too; a path as it is. */
const hostless = (text: string): string => (text.startsWith("//") ? text.slice(text.indexOf("/", 2)) : text);

/** The markers of a purge. `forms` gives the forms of a URL that entries may have. */
export function markersOf(request: PurgeRequest, time: number, forms: (url: string) => readonly string[]): Marker[] {
  const { everything, urls = [], prefixes = [], tags = [], soft = false } = request;
  const of = (type: Marker["type"], values: Iterable<string>) =>
    Array.from(values, (value) => ({ type, value, time, soft }));
  return [
    ...of("everything", everything ? [""] : []),
    ...of("url", new Set(urls.flatMap(forms).map(schemeless))),
    ...of("prefix", prefixes.map(prefixOf)),
    ...of("tag", tags),
  ];
}

/** A path, or with its host. */
function prefixOf(prefix: string): string {
  const bare = prefix.startsWith("/");
  const { host, pathname } = new URL(bare ? `http://any${prefix}` : prefix);
  return (bare ? "" : `//${host}`) + normalizeEscapes(pathname);
}

/** Purges what is stored and what is under way. */
export async function purge(core: Core, request: PurgeRequest, ctx: CacheContext): Promise<PurgeResult> {
  const { policies, memory, purges } = core;
  if (!purges) throw new Error("This cache takes no purges: it was made without that part.");
  const forms = (url: string) => [new URL(url).href, ...[...policies].map((policy) => normaliseUrl(url, policy))];
  const taken = await purges.publish(markersOf(request, ctx.now(), forms), ctx);
  let count = 0;
  for (const copy of memory?.copies() ?? []) {
    const before = copy.purge?.verdict;
    const verdict = purges.verdictOn(copy);
    // What an earlier purge made stale is not counted again.
    if (copy.value.kind === "response" && verdict && verdict !== before) count++;
    if (verdict === "removed") memory?.delete(copy.value.key);
  }
  return { memory: count, ...taken, visibleWithinMs: purges.visibleWithinMs(ctx) };
}
