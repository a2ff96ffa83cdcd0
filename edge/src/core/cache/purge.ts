/**
 * Purges. A purge writes a marker "what was asked for before this time and matches is out of date", and every stored response
 * is held against the markers when it is read, in whichever tier. So a purge by prefix or tag needs no list of what is stored,
 * and what was under way when it was made is out of date too.
 *
 * Visibility: in this isolate at once; in the other isolates of a data centre after `purgeCheckMs` at most (they re-read
 * the markers in the edge cache); in other data centres only through KV, when its own propagation (60 s, by the vendor)
 * and an isolate's next look (KV_CHECK_MS) have passed. Without KV it does not leave the data centre.
 */

import { attempt } from "./attempt";
import { within } from "./body";
import type { Purged, TierCopy } from "./copies";
import type { Core } from "./core";
import { MAX_RETENTION_S } from "./decide/placement";
import { formsOf, MarkerSet, markersOf, nameOf, targetOf } from "./decide/purged";
import type { Policy } from "./policy";
import type { Marker, Markers, Purges, PurgeTarget, RemoteTier } from "./stores";
import { INTERNAL } from "./tiers";
import type { CacheContext, PurgeRequest, PurgeResult } from "./types";

/** The name of the markers in the data centre's cache. */
export const EDGE_URL = `${INTERNAL}purges`;
const DAY_S = 86_400;
/** How long (ms) what was published here is looked for in the data centre's cache. */
const OWN_MS = 60_000;
/** How long (ms) a request waits for another one's first look. */
const FIRST_MS = 1000;

export class KnownPurges implements Purges {
  readonly #known = new MarkerSet();
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
      // What a later one covers is not missed.
      return this.#known.has(marker) && (there.get(nameOf(marker)) ?? -1) < marker.time;
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
    this.#known.add(markers);
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
    return this.#known.all();
  }

  verdictOn(copy: TierCopy): Purged {
    const { version } = this.#known;
    if (copy.purge?.version === version) return copy.purge.verdict;
    const verdict = this.verdictFor(targetOf(copy.value));
    copy.purge = { version, verdict };
    copy.prepared = undefined;
    return verdict;
  }

  verdictFor(target: PurgeTarget): Purged {
    return this.#known.verdictFor(target);
  }
}

/** Purges what is stored and what is under way. */
export async function purge(core: Core, request: PurgeRequest, ctx: CacheContext): Promise<PurgeResult> {
  const { policies, memory, purges } = core;
  if (!purges) throw new Error("This cache takes no purges: it was made without that part.");
  const markers = markersOf(request, ctx.now(), (url) => formsOf(url, policies));
  const taken = await purges.publish(markers, ctx);
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
