/**
 * The cache: takes a request through the tiers, and what they lack from the origin, once for a crowd.
 *
 * What may be stored and reused is decided in `store`, `reuse`, `vary`, `conditional` and `update`; what is here moves
 * bytes and waits.
 */

import { SharedBody, within } from "./body";
import { ifRange, notModified, parseContentRange, parseRange } from "./conditional";
import { age, bodyless, type Entry, header, type Index, type Meta, type PartRange, storedHeaders } from "./entry";
import { forwardHeaders, named, normaliseUrl, primaryKey } from "./key";
import { tagsOf, toClient, toPlatform } from "./outgoing";
import { combine, completable, completes } from "./parts";
import { compile, type Policy } from "./policy";
import { KV_CHECK_MS, KV_PROPAGATION_MS, markersOf, Purges, schemeless } from "./purge";
import { addValidators, type RequestDirectives, type Reuse, requestDirectives, reuse, usableOnError } from "./reuse";
import { judge, type Verdict } from "./store";
import { type Body, concat, discard, fromBytes, isStream, slice, toBytes } from "./streams";
import { edgeLifetime, type Held, Tiers } from "./tiers";
import type {
  Cache,
  CacheContext,
  CacheOptions,
  CacheSpec,
  KvStore,
  Origin,
  PurgeRequest,
  PurgeResult,
  RequestHead,
} from "./types";
import { invalidated, isSafe, sameByHead, selectedBy304, updatedHeaders } from "./update";
import { varyValues } from "./vary";

/** How long (ms) a request waits for another one's response headers before it asks the origin itself. */
const JOIN_MS = 15_000;
const MAX_PASSES = 4096;
/** A body announced with up to this many bytes is short. */
const SHORT = 64 * 1024;
/** A request whose headers have more bytes than this may have caused the error that it got: that is not stored. */
const OVERSIZED = 8192;
const ERRORS = [500, 502, 503, 504];
/** Reasons for which a response is nobody's to share. */
const UNSHARABLE = ["private", "no-store", "set-cookie", "authorization", "vary", "must-understand"];
const CONDITIONS = ["if-none-match", "if-modified-since"];
const RANGE = ["range", "if-range"];

type Forward = "uri-miss" | "vary-miss" | "stale" | "request" | "partial" | "method";

/** A request under a policy, with what is read from it once. */
class Query {
  readonly key: string;
  readonly url: string;
  readonly method: string;
  /** As the client sent them; for looking at one by one. */
  readonly asked: RequestHead["headers"];
  readonly directives: RequestDirectives;
  readonly range: string | null;
  readonly #whole: () => Request;

  constructor(
    head: RequestHead,
    readonly policy: Policy,
    readonly ctx: CacheContext,
    readonly origin: Origin,
    whole = () => head as Request,
  ) {
    const { method, headers, url } = head;
    const { url: normal, key } = named(url, policy);
    this.method = method;
    this.asked = headers;
    this.url = normal;
    this.key = primaryKey(key, headers, policy, ctx);
    this.directives = requestDirectives(headers);
    this.range = method === "GET" ? headers.get("range") : null;
    this.#whole = whole;
  }

  /** The request itself: not for what a store may answer, because it may have to be made first. */
  get request(): Request {
    return this.#whole();
  }
}

/** What the tiers hold for a query. */
interface Lookup {
  readonly entry?: Entry | undefined;
  readonly decision: Reuse;
  readonly index?: Index | undefined;
  /** Where an entry for this query is, or would be, stored. */
  readonly slot: string;
}

/** What a leader found out, for those who wait. */
type Head =
  | { readonly kind: "entry"; readonly meta: Meta; readonly body: SharedBody }
  /** Not to be shared: each goes to the origin. */
  | { readonly kind: "pass" }
  | { readonly kind: "failed"; readonly error: unknown };

/** A request to the origin that others wait for. */
class Flight {
  settle!: (head: Head) => void;
  readonly head = new Promise<Head>((resolve) => {
    this.settle = resolve;
  });
  /** An invalidation came while it was under way: what it brings is not stored. */
  void = false;
  constructor(
    readonly url: string,
    /** Nothing was stored when it began. */
    readonly missed: boolean,
    /** Nobody waits for it: what is stale is served meanwhile. */
    readonly behind: boolean,
  ) {}
}

interface LeadOptions {
  readonly forward: Forward;
  /** Under which others may find and join it. */
  readonly flightKey?: string;
  /** Sends the client's conditions as they are: for a response that will most likely not be stored. */
  readonly keepConditions?: boolean;
  readonly sendRange?: boolean;
  /** Nobody waits for the answer. */
  readonly behind?: boolean;
  /** The origin's 304 is known to speak of the stored response. */
  readonly confirmed?: boolean;
  readonly detail?: string;
}

export function createCache(options: CacheOptions = {}): Cache {
  return new EdgeCache(options);
}

class EdgeCache implements Cache {
  readonly #name: string;
  readonly #targeted: readonly string[];
  readonly #collapse: number;
  readonly #hitForMiss: number;
  readonly #unstored: readonly string[];
  readonly #tiers = new Tiers();
  readonly #flights = new Map<string, Flight>();
  /** Keys whose last response could not be shared -> until when (ms) requests go straight to the origin. */
  readonly #passes = new Map<string, number>();
  readonly #policies = new Set<Policy>();
  readonly #purges: Purges;

  constructor(options: CacheOptions) {
    const targeted = options.targetedFields ?? ["Cloudflare-CDN-Cache-Control", "CDN-Cache-Control"];
    this.#name = options.name ?? "edgewright";
    this.#targeted = targeted.map((name) => name.toLowerCase());
    this.#collapse = options.collapseMaxBytes ?? 4 * 1024 * 1024;
    this.#hitForMiss = options.hitForMissMs ?? 5000;
    this.#unstored = ["x-origin-latency", "x-origin-failover", "server-timing", ...(options.unstoredHeaders ?? [])];
    this.#purges = new Purges(options.purgeCheckMs ?? 5000);
    for (const spec of options.policies ?? []) this.#policies.add(compile(spec));
  }

  stats() {
    return { entries: this.#tiers.memory.entries, bytes: this.#tiers.memory.bytes };
  }

  /** Not `async`: what memory has is answered in one go. */
  handle(
    head: RequestHead,
    spec: CacheSpec | null,
    ctx: CacheContext,
    origin: Origin,
    whole = () => head as Request,
  ): Response | Promise<Response> {
    const policy = spec && compile(spec);
    const { method, headers } = head;
    if (policy) this.#policies.add(policy);
    if (method !== "GET" && method !== "HEAD") return this.#unsafe(whole(), policy, ctx, origin);
    if (
      !policy ||
      policy.mode === "bypass" ||
      headers.has("upgrade") ||
      headers.has("if-match") ||
      headers.has("if-unmodified-since")
    ) {
      return this.#bypass(origin(whole()), "fwd=bypass");
    }
    // What a policy overrides is shared by all, so a request that says who it is stays out of it (RFC 9111 section 3.5).
    if (policy.mode === "override" && headers.has("authorization")) {
      return this.#bypass(origin(whole()), "fwd=request; detail=authorization");
    }
    const query = new Query(head, policy, ctx, origin, whole);
    if (this.#purges.due(ctx.now())) {
      return this.#purges.refresh(ctx, this.#stores(ctx)).then(() => {
        return this.#answer(query, true, this.#near(query, query.key));
      });
    }
    const near = this.#near(query, query.key);
    if (near.decision === "hit" && this.#covers(near.entry?.meta as Meta, query)) {
      return this.#serve(query, near.entry as Entry);
    }
    return this.#answer(query, true, near);
  }

  async #bypass(answer: Promise<Response>, status: string): Promise<Response> {
    return this.#labelled(await answer, "BYPASS", status);
  }

  // --- from the tiers ----------------------------------------------------------------------------------------------

  /** `join`: may wait for another request's answer. */
  async #answer(query: Query, join: boolean, near?: Lookup): Promise<Response> {
    // Only with the first look: what came of another request's answer may be in the tiers now.
    const early = near && this.#early(query, near);
    if (early) return early;
    let found = near ?? this.#near(query, query.key);
    if (found.decision !== "hit") found = await this.#far(query, found);
    const { entry, decision } = found;
    if (entry && this.#covers(entry.meta, query)) {
      if (decision === "hit") return this.#serve(query, entry);
      if (decision === "revalidate-behind") {
        const flightKey = this.#flightKey(query, found.slot);
        if (!this.#flights.has(flightKey)) {
          // A stream can be read once, and the client reads it.
          const kept = { ...entry, body: isStream(entry.body) ? undefined : entry.body };
          const work = this.#lead(query, { ...found, entry: kept }, { forward: "stale", behind: true, flightKey });
          // A failure behind the scenes changes nothing for anyone: the next request tries again.
          query.ctx.waitUntil(work.catch((error) => query.ctx.warn?.(`Revalidation failed: ${String(error)}`)));
        }
        return this.#serve(query, entry);
      }
    }
    if (query.directives.onlyIfCached) {
      const headers = new Headers({ "cache-control": "no-store" });
      return new Response(null, { status: 504, headers: this.#label(headers, "MISS", "fwd=request") });
    }
    return query.method === "HEAD" ? this.#head(query, found) : this.#fromOrigin(query, found, join);
  }

  /**
   * A crowd's answer without a look at the farther tiers, where its first request has looked already: a stale entry that is
   * being revalidated, or what the origin was asked for because nothing was stored. Undefined where there is no such flight.
   */
  #early(query: Query, near: Lookup): Response | Promise<Response> | undefined {
    const { entry, decision } = near;
    const { directives, range, method } = query;
    const flightKey = this.#flightKey(query, near.slot);
    const flight = this.#flights.get(flightKey);
    if (!flight) return undefined;
    if (entry && decision === "revalidate-behind" && this.#covers(entry.meta, query)) return this.#serve(query, entry);
    if (!(flight.missed || entry) || flight.behind) return undefined;
    if (range !== null || method !== "GET" || directives.noStore || directives.onlyIfCached) return undefined;
    const forward = entry ? "stale" : near.index ? "vary-miss" : "uri-miss";
    return this.#wait(query, near, flight, flightKey, forward, () => this.#far(query, near)).then(
      (answer) => answer ?? this.#fromOrigin(query, near, false),
    );
  }

  /** What isolate memory holds: at hand, nothing to wait for. */
  #near(query: Query, slot: string, index?: Index): Lookup {
    const held = this.#tiers.memory.get(slot);
    if (!held) return { decision: "validate", index, slot };
    if (held.value.kind === "index") {
      if (index) return { decision: "validate", index, slot };
      return this.#near(query, this.#variant(query, held.value.names), held.value);
    }
    if (held.checked !== this.#purges.version) {
      held.checked = this.#purges.version;
      held.purged = this.#purges.judge(held.value);
      held.second = -1;
    }
    return this.#judged(query, slot, index, held.value, held.body, "memory", held.purged, held);
  }

  /** What the farther tiers hold, nearest first: the first that may be served, else the newest. */
  async #far(query: Query, near: Lookup): Promise<Lookup> {
    const { policy, ctx } = query;
    let best = near;
    for (const tier of ["edge", "kv"] as const) {
      const found = policy[tier] ? await this.#tiers.read(tier, near.slot, policy, ctx) : undefined;
      if (!found) continue;
      const { value } = found;
      if (value.kind === "index") {
        if (near.index) continue;
        this.#tiers.toMemory(value, null, policy, ctx.now());
        if (tier === "kv") ctx.waitUntil(this.#tiers.toEdge(value, null, policy, ctx));
        discard(best.entry?.body);
        const variant = this.#near(query, this.#variant(query, value.names), value);
        return variant.decision === "hit" ? variant : this.#far(query, variant);
      }
      const purged = this.#purges.judge(value);
      const one = this.#judged(query, near.slot, near.index, value, found.body, tier, purged, found.held);
      const newer = one.entry && (!best.entry || value.responseTime > best.entry.meta.responseTime);
      if (one.decision !== "hit" && !newer) {
        discard(found.body);
        continue;
      }
      discard(best.entry?.body);
      best = one;
      if (one.decision === "hit") return { ...one, entry: await this.#promote(query, one.entry as Entry) };
    }
    return best;
  }

  #judged(
    query: Query,
    slot: string,
    index: Index | undefined,
    meta: Meta,
    body: Body,
    tier: Entry["tier"],
    purged: "hard" | "soft" | undefined,
    held?: Held,
  ): Lookup {
    if (purged === "hard" || (index && meta.requestTime < index.born)) return { decision: "validate", index, slot };
    const soft = purged === "soft";
    const decision = reuse(meta, query.directives, query.ctx.now(), soft);
    return { entry: { meta, body, tier, soft, held }, decision, index, slot };
  }

  #variant(query: Query, names: readonly string[]): string {
    return `${query.key}\n${varyValues(names, query.asked)}`;
  }

  /** Puts a fresh entry of a farther tier into the nearer ones. */
  async #promote(query: Query, entry: Entry): Promise<Entry> {
    const { policy, ctx } = query;
    const { meta, tier } = entry;
    if (tier === "edge" && !policy.memory) return entry;
    if (isStream(entry.body) && (meta.length ?? Number.POSITIVE_INFINITY) > (policy.memory?.maxObjectBytes ?? -1)) {
      return entry;
    }
    const body = await toBytes(entry.body ?? null);
    // The edge's copy carries its own limit; KV's is the start of a new one in this data centre.
    const ceiling = tier === "edge" ? undefined : edgeLifetime(meta, policy, ctx);
    const until = tier === "edge" ? { ...meta, until: meta.freshUntil } : meta;
    this.#tiers.toMemory(until, body, policy, ctx.now(), ceiling);
    if (tier === "kv") ctx.waitUntil(this.#tiers.toEdge(meta, body, policy, ctx, ceiling));
    return { ...entry, body };
  }

  /** A part answers only a range inside it; what is complete answers everything. */
  #covers(meta: Meta, query: Query): boolean {
    const part = meta.range;
    if (!part) return true;
    const wanted = parseRange(query.range, part.total);
    if (!wanted || !ifRange(meta, query.asked, query.ctx.now())) return false;
    return wanted.start >= part.start && wanted.end <= part.end;
  }

  // --- answers -----------------------------------------------------------------------------------------------------

  /** An answer from a stored entry. `note` replaces the plain `hit` of Cache-Status. */
  #serve(query: Query, entry: Entry, note?: string): Response {
    const { meta, held, tier } = entry;
    const now = query.ctx.now();
    // The headers of what memory holds change once a second, not with each hit.
    const second = Math.floor(now / 1000);
    if (held?.second === second && !note) return this.#again(query, meta, entry.body as Body, held.ready as Response);
    const ttl = Math.floor(((entry.soft ? Math.min(now, meta.freshUntil) : meta.freshUntil) - now) / 1000);
    const status = note ?? `hit; ttl=${ttl}; detail=${tier}`;
    // What was marked stale is not to be taken for fresh by a cache in front.
    const told = entry.soft ? { ...meta, freshUntil: Math.min(now, meta.freshUntil) } : meta;
    const headers = this.#dress(query, meta.headers, told, tier === "kv" ? "HIT-KV" : "HIT-EDGE", status, true);
    if (held && !note) {
      held.ready = this.#make(meta.status, headers, null, query.ctx.rawBodies);
      held.second = second;
    }
    return this.#respond(query, meta, entry.body as Body, headers);
  }

  /** An answer whose headers are ready. The plain one is a copy with the body: the cheapest way to make a Response. */
  #again(query: Query, meta: Meta, body: Body, ready: Response): Response {
    const { method, range, asked } = query;
    const plain = method === "GET" && range === null && !asked.has("if-none-match") && !asked.has("if-modified-since");
    if (!plain || bodyless(meta.status)) return this.#respond(query, meta, body, ready.headers);
    return new Response(body as BodyInit | null, ready);
  }

  /** Headers for the client: the response's own, the policy's, and what tells where it came from. */
  #dress(
    query: Query,
    from: Iterable<readonly [string, string]>,
    meta: Meta,
    xCache: string,
    status: string,
    stored: boolean,
  ) {
    const { policy, ctx } = query;
    const now = ctx.now();
    const headers = new Headers(from as [string, string][]);
    toClient(headers, meta.status, policy, this.#targeted);
    headers.delete("age");
    const old = age(meta, now);
    if (policy.platform) {
      const left = Math.min((meta.freshUntil - now) / 1000, edgeLifetime(meta, policy, ctx));
      // Its freshness counts from the Age that comes with it.
      toPlatform(headers, left > 0 ? left + old : 0, meta, this.#targeted[0]);
    }
    if (stored || old > 0) headers.set("age", String(old));
    // A length stored with content that the runtime has decoded would be wrong.
    if (headers.has("content-encoding") && !ctx.rawBodies) headers.delete("content-length");
    return this.#label(headers, xCache, status);
  }

  #label(headers: Headers, xCache: string, status: string): Headers {
    headers.set("x-cache", xCache);
    // Caches on the way append themselves, the one nearest to the client last (RFC 9211 section 2).
    headers.append("cache-status", `${this.#name}; ${status}`);
    return headers;
  }

  #labelled(response: Response, xCache: string, status: string): Response {
    if (!standard(response)) return response;
    return this.#make(
      response.status,
      this.#label(new Headers(response.headers), xCache, status),
      response.body,
      true,
      response.statusText,
    );
  }

  #make(status: number, headers: Headers, body: Body, raw: boolean | undefined, statusText = ""): Response {
    const init: ResponseInit & { encodeBody?: "manual" } = { status, statusText, headers };
    if (raw && headers.has("content-encoding")) init.encodeBody = "manual";
    if (bodyless(status)) {
      discard(body);
      return new Response(null, init);
    }
    const response = new Response(body as BodyInit | null, init);
    if (body instanceof ArrayBuffer) fromBytes.add(response);
    return response;
  }

  /** The answer to this client's conditions, range and method. Leaves `headers` as they are. */
  #respond(query: Query, meta: Meta, body: Body, headers: Headers): Response {
    const { ctx, method, asked, range } = query;
    const now = ctx.now();
    const raw = ctx.rawBodies;
    if ((asked.has("if-none-match") || asked.has("if-modified-since")) && notModified(meta, asked, now)) {
      return this.#make(304, without(headers, /^content-(length|encoding|type)$/), body, raw);
    }
    const length = isStream(body) ? meta.length : body?.byteLength;
    if (method === "HEAD") {
      discard(body);
      if (length === undefined || headers.has("content-length")) return this.#make(meta.status, headers, null, raw);
      const sized = new Headers(headers);
      sized.set("content-length", String(length));
      return this.#make(meta.status, sized, null, raw);
    }
    const total = meta.range?.total ?? length;
    const decoded = headers.has("content-encoding") && !raw;
    if (range !== null && total !== undefined && (meta.status === 200 || meta.range) && !decoded) {
      const wanted = ifRange(meta, asked, now) ? parseRange(range, total) : undefined;
      if (wanted !== undefined) {
        const partial = without(
          headers,
          wanted ? /^content-length$/ : /^(content-(length|encoding|type)|etag|last-modified)$/,
        );
        partial.set("content-range", wanted ? `bytes ${wanted.start}-${wanted.end}/${total}` : `bytes */${total}`);
        if (wanted) {
          const piece = slice(body, wanted.start - (meta.range?.start ?? 0), wanted.end - wanted.start + 1);
          return this.#make(206, partial, piece, raw);
        }
        discard(body);
        return this.#make(416, partial, null, raw);
      }
    }
    return this.#make(meta.status, headers, body, raw);
  }

  // --- from the origin ---------------------------------------------------------------------------------------------

  #flightKey(query: Query, slot: string): string {
    // What a request with Authorization brings is most likely not for the others.
    return query.asked.has("authorization") ? `${slot}#authorised` : slot;
  }

  async #fromOrigin(query: Query, found: Lookup, join: boolean): Promise<Response> {
    const { ctx, request } = query;
    const { entry } = found;
    const part = entry?.meta.range;
    const sendRange = query.range !== null && (!entry || part !== undefined);
    const fresh = entry && entry.meta.freshUntil > ctx.now() && !entry.soft;
    const forward = part ? "partial" : fresh ? "request" : entry ? "stale" : found.index ? "vary-miss" : "uri-miss";
    let flightKey = this.#flightKey(query, found.slot);
    if (sendRange) flightKey += `#${query.range}#${request.headers.get("if-range")}`;
    if (query.directives.noStore || oversized(request.headers)) {
      return this.#lead(query, found, { forward, sendRange, keepConditions: !entry });
    }
    if ((this.#passes.get(flightKey) ?? 0) > ctx.now()) {
      return this.#lead(query, found, {
        forward,
        sendRange,
        keepConditions: !entry,
        detail: "hit-for-miss",
        flightKey,
      });
    }
    const flight = this.#flights.get(flightKey);
    if (!flight) return this.#lead(query, found, { forward, sendRange, flightKey });
    const answer = join && (await this.#wait(query, found, flight, flightKey, forward));
    // Not for us, or its leader is gone. Now each goes for itself, all at once.
    return answer || this.#lead(query, found, { forward, sendRange });
  }

  /** Waits for what another request brings. Undefined where it is not for this one, or its leader is gone. */
  async #wait(
    query: Query,
    found: Lookup,
    flight: Flight,
    flightKey: string,
    forward: Forward,
    far?: () => Promise<Lookup>,
  ): Promise<Response | undefined> {
    const head = await within(flight.head, JOIN_MS);
    if (head === "timeout") {
      if (this.#flights.get(flightKey) === flight) this.#flights.delete(flightKey);
      return undefined;
    }
    // Only what is stale can still answer then, and a farther tier may have it.
    const known = far && head.kind === "failed" ? await far() : found;
    const answer = this.#join(query, known, head, forward);
    if (answer || head.kind !== "entry") return answer;
    // It is of another variant: those who want the same one gather once more.
    return this.#answer(query, head.meta.vary.length > 0 && !found.index);
  }

  /** An answer from what another request brought, or undefined where it is not for this one. */
  #join(query: Query, found: Lookup, head: Head, forward: Forward): Response | undefined {
    const note = `fwd=${forward}; collapsed`;
    if (head.kind === "pass") return undefined;
    if (head.kind === "failed") {
      const stale = this.#staleOnError(query, found, true, note);
      if (stale) return stale;
      throw head.error;
    }
    const { meta, body } = head;
    if (
      varyValues(meta.vary, query.asked) !== meta.varyValues ||
      reuse(
        meta,
        query.directives.noCache ? { ...query.directives, noCache: false } : query.directives,
        query.ctx.now(),
        false,
      ) !== "hit" ||
      !this.#covers(meta, query) ||
      body.state === "failed" ||
      !body.whole
    ) {
      return undefined;
    }
    const headers = this.#dress(query, meta.headers, meta, "MISS", note, true);
    return this.#respond(query, meta, body.bytes() ?? body.stream(), headers);
  }

  /** Asks the origin. Tells those who wait, stores what may be, and answers its own client. */
  async #lead(query: Query, found: Lookup, options: LeadOptions): Promise<Response> {
    const { ctx } = query;
    const { flightKey } = options;
    const flight = new Flight(query.url, !found.entry, options.behind ?? false);
    const leading = flightKey !== undefined && !this.#flights.has(flightKey) && options.detail === undefined;
    if (leading) this.#flights.set(flightKey, flight);
    let finish: (storing?: Promise<void>) => void = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const remove = () => {
      if (leading && this.#flights.get(flightKey) === flight) this.#flights.delete(flightKey);
    };
    // The work goes on when the client goes away: others wait for it, and the tiers want it.
    ctx.waitUntil(finished.then(remove, remove));
    try {
      return await this.#exchange(query, found, flight, options, finish);
    } catch (error) {
      flight.settle({ kind: "failed", error });
      const note = `fwd=${options.forward}; detail=origin-failed`;
      const stale = options.behind ? undefined : this.#staleOnError(query, found, true, note);
      if (stale) return stale;
      throw error;
    } finally {
      finish();
    }
  }

  async #exchange(
    query: Query,
    found: Lookup,
    flight: Flight,
    options: LeadOptions,
    finish: (storing: Promise<void>) => void,
  ): Promise<Response> {
    const { ctx, policy, request } = query;
    const { entry } = found;
    const { forward, flightKey } = options;
    const ask = (headers: Headers) => query.origin(originRequest(query, headers));

    const headers = forwardHeaders(request, policy);
    if (!options.keepConditions) drop(headers, CONDITIONS);
    if (!options.sendRange) drop(headers, RANGE);
    const part = options.sendRange ? undefined : completable(entry);
    const validating = options.confirmed || (entry && !entry.meta.range && addValidators(entry.meta, headers));
    if (part) {
      headers.set("range", `bytes=${part.end + 1}-`);
      headers.set("if-range", header((entry as Entry).meta, "etag") as string);
    }
    let requestTime = ctx.now();
    let response = await ask(headers);
    let stored = entry?.body;
    const confirmed = response.status === 304 && validating;
    if (confirmed && stored === undefined) stored = (await this.#tiers.read("edge", found.slot, policy, ctx))?.body;
    const mistaken = confirmed
      ? stored === undefined || !selectedBy304((entry as Entry).meta, response.headers)
      : part &&
        (response.status === 416 || (response.status === 206 && !completes((entry as Entry).meta, response.headers)));
    if (mistaken) {
      // It speaks of another version than the stored one: ask again, without conditions.
      discard(response.body);
      drop(headers, [...CONDITIONS, ...RANGE]);
      requestTime = ctx.now();
      response = await ask(headers);
    }

    if (!standard(response)) {
      flight.settle({ kind: "pass" });
      return response;
    }
    if (ERRORS.includes(response.status)) {
      const note = `fwd=${forward}; fwd-status=${response.status}; detail=stale-if-error`;
      const stale = this.#staleOnError(query, found, false, note);
      if (stale) {
        discard(response.body);
        flight.settle({ kind: "failed", error: new Error(`The origin answered ${response.status}.`) });
        return stale;
      }
    }

    let { status } = response;
    let full = response.headers;
    let source: Body = response.body;
    if (confirmed && !mistaken) {
      full = updatedHeaders((entry as Entry).meta, full);
      // A cookie that came with the confirmation is for this client alone.
      for (const cookie of response.headers.getSetCookie()) full.append("set-cookie", cookie);
      ({ status } = (entry as Entry).meta);
      source = stored as Body;
    } else if (part && status === 206 && source && !mistaken) {
      full = without(updatedHeaders((entry as Entry).meta, full), /^content-(range|length)$/);
      status = 200;
      source = concat(stored as ArrayBuffer, source);
    } else discard(stored);

    const [saved, verdict] = this.#metaOf(query, status, without(full, confirmed ? /^set-cookie$/ : /^$/), requestTime);
    const sharable = saved !== undefined && !saved.noCache && saved.freshUntil > ctx.now();
    if (flightKey !== undefined) {
      if (sharable) this.#passes.delete(flightKey);
      else if (status < 500) {
        if (this.#passes.size >= MAX_PASSES) this.#passes.clear();
        this.#passes.set(flightKey, ctx.now() + this.#hitForMiss);
      }
    }
    const was = status === response.status ? "" : `; fwd-status=${response.status}`;
    if (!saved) {
      flight.settle({ kind: "pass" });
      const reason = verdict.store ? "headers" : verdict.reason;
      const out = new Headers(full);
      if (reason === "ttl") toClient(out, status, policy, this.#targeted);
      const xCache = forward === "method" || UNSHARABLE.includes(reason) ? "BYPASS" : "MISS";
      this.#label(out, xCache, `fwd=${forward}${was}; detail=${options.detail ?? reason}`);
      return this.#make(status, out, source, ctx.rawBodies, response.statusText);
    }

    const limit = Math.max(this.#collapse, policy.memory?.maxObjectBytes ?? 0, policy.kv?.maxObjectBytes ?? 0);
    const length = announced(full, ctx);
    const meta = length === undefined ? saved : { ...saved, length };
    const ceiling = edgeLifetime(meta, policy, ctx);
    const body = isStream(source) ? new SharedBody(limit, this.#collapse) : SharedBody.of(source ?? new ArrayBuffer(0));
    let streamed: Promise<boolean> | undefined;
    if (isStream(source)) {
      const overflow = new Promise<void>((resolve) => {
        body.onOverflow = () => {
          if (!flight.void && !meta.range) streamed = this.#tiers.toEdge(meta, body.stream(), policy, ctx, ceiling);
          resolve();
        };
      });
      const pumping = body.pump(source, length);
      body.finished = pumping;
      // While something stale could still serve, nothing is promised to a client before the body is here. A short one is
      // waited for as well: it comes with the headers, and a crowd is answered from bytes at a fraction of a stream's cost.
      const careful = entry && !options.behind && this.#usable(query, entry, true);
      if (careful || (length !== undefined && length <= SHORT)) await Promise.race([pumping, overflow]);
      if (careful && body.failed) throw body.error;
    }
    if (body.failed) flight.settle({ kind: "failed", error: body.error });
    else flight.settle(sharable ? { kind: "entry", meta, body } : { kind: "pass" });
    const store = async () => {
      await body.finished;
      await streamed;
      if (!body.failed && !flight.void) await this.#save(query, found, meta, body, ceiling);
      body.release();
    };
    // Taken before the store joins the bytes, so that this client reads from the first one.
    const own = options.behind ? null : (body.bytes() ?? body.stream());
    finish(store());
    if (options.behind) return new Response(null);
    const out = this.#dress(
      query,
      full,
      meta,
      forward === "method" ? "BYPASS" : "MISS",
      `fwd=${forward}${was}; stored`,
      false,
    );
    // The origin's own answer to a range goes to the one who asked for it as it is.
    return meta.range ? this.#make(206, out, own, ctx.rawBodies) : this.#respond(query, meta, own, out);
  }

  #usable(query: Query, entry: Entry, disconnected: boolean): boolean {
    const { ctx, policy } = query;
    return usableOnError(entry.meta, ctx.now(), disconnected, policy.mode === "origin", entry.soft);
  }

  #staleOnError(query: Query, { entry }: Lookup, disconnected: boolean, note: string): Response | undefined {
    if (!entry || entry.body === undefined || (isStream(entry.body) && entry.body.locked)) return undefined;
    if (!this.#covers(entry.meta, query) || !this.#usable(query, entry, disconnected)) return undefined;
    return this.#serve(query, entry, note);
  }

  // --- storing -----------------------------------------------------------------------------------------------------

  /** What would be stored. Undefined where it may not be, no tier is there to hold it, or its headers are too large. */
  #metaOf(query: Query, status: number, full: Headers, requestTime: number): [Meta | undefined, Verdict] {
    const { policy, ctx, request, key, url } = query;
    const responseTime = ctx.now();
    const exchange = {
      method: request.method === "POST" ? "POST" : "GET",
      authorised: request.headers.has("authorization"),
      noStore: query.directives.noStore,
      oversized: oversized(request.headers),
      status,
      headers: full,
      requestTime,
      responseTime,
    };
    const verdict = judge(exchange, policy, this.#targeted);
    if (!verdict.store) {
      if (verdict.warning) ctx.warn?.(`${url}: ${verdict.warning}`);
      return [undefined, verdict];
    }
    const encoded = full.has("content-encoding");
    let headers = storedHeaders(full, verdict.omit, this.#unstored);
    let range: PartRange | undefined;
    if (status === 206) {
      range = parseContentRange(full.get("content-range"));
      const length = announced(full, ctx);
      if (
        !range ||
        (encoded && !ctx.rawBodies) ||
        (length ?? range.end - range.start + 1) !== range.end - range.start + 1
      ) {
        headers = undefined;
      }
      headers = headers?.filter(([name]) => !/^content-(range|length)$/.test(name));
    }
    const somewhere = policy.platform || policy.memory || (policy.edge && ctx.edgeCache) || policy.kv;
    if (!headers || !somewhere) return [undefined, verdict];
    const { terms } = verdict;
    let { vary } = terms;
    // Encoded content without Vary on it would be given to clients that cannot read it.
    if (encoded && !vary.includes("accept-encoding")) vary = [...vary, "accept-encoding"].sort();
    const meta: Meta = {
      kind: "entry",
      key: vary.length > 0 ? this.#variant(query, vary) : key,
      url,
      status,
      headers,
      requestTime,
      responseTime,
      ...terms,
      freshUntil: terms.until,
      vary,
      varyValues: varyValues(vary, request.headers),
      tags: tagsOf(full, policy),
      range,
    };
    return [meta, verdict];
  }

  async #save(query: Query, found: Lookup, meta: Meta, body: SharedBody, ceiling: number): Promise<void> {
    const { policy, ctx, key, url } = query;
    if (this.#purges.judge(meta) === "hard") return;
    const work: Promise<unknown>[] = [];
    const put = (value: Meta | Index, bytes: ArrayBuffer | null, kv = true) => {
      this.#tiers.toMemory(value, bytes, policy, ctx.now(), ceiling);
      work.push(this.#tiers.toEdge(value, bytes, policy, ctx, ceiling));
      if (kv) work.push(this.#tiers.toKv(value, bytes, policy, ctx));
    };
    if (meta.vary.length > 0) {
      const known = found.index;
      const same = known?.names.join() === meta.vary.join();
      // Variants of another list of headers are not looked for any more; those of this one go on.
      const born = same && known ? known.born : meta.requestTime;
      put({ kind: "index", key, url, born, names: meta.vary }, null, !same);
    }
    const bytes = body.bytes();
    if (bytes && meta.range) {
      if (bytes.byteLength !== meta.range.end - meta.range.start + 1) return;
      const merged = combine(found.entry, meta, bytes);
      put(merged.meta, merged.body);
    } else if (bytes) put({ ...meta, length: bytes.byteLength }, bytes);
    await Promise.all(work);
  }

  // --- other methods -----------------------------------------------------------------------------------------------

  /** A HEAD that no stored response answers: what comes back also tells whether the stored GET is still right. */
  async #head(query: Query, found: Lookup): Promise<Response> {
    const { ctx, policy, request } = query;
    const { entry } = found;
    const fail = (disconnected: boolean, detail: string) =>
      this.#staleOnError(query, found, disconnected, `fwd=stale; detail=${detail}`);
    let response: Response;
    try {
      response = await query.origin(originRequest(query, forwardHeaders(request, policy)));
    } catch (error) {
      const stale = fail(true, "origin-failed");
      if (stale) return stale;
      throw error;
    }
    const stale = ERRORS.includes(response.status) ? fail(false, "stale-if-error") : undefined;
    if (stale) return stale;
    if (entry && response.status === 200 && !entry.meta.range) {
      if (sameByHead(entry.meta, response.headers)) {
        const confirmation = new Response(null, { status: 304, headers: response.headers });
        const get = new Query(new Request(request.url, request), policy, ctx, async () => confirmation);
        ctx.waitUntil(this.#lead(get, found, { forward: "stale", behind: true, confirmed: true }).catch(() => {}));
      } else {
        discard(entry.body);
        ctx.waitUntil(this.#tiers.remove(entry.meta.key, [policy], ctx));
      }
    } else discard(entry?.body);
    const headers = new Headers(response.headers);
    if (standard(response) && this.#metaOf(query, response.status, headers, ctx.now())[0]) {
      toClient(headers, response.status, policy, this.#targeted);
    }
    const forward = entry ? "stale" : found.index ? "vary-miss" : "uri-miss";
    return this.#make(response.status, this.#label(headers, "MISS", `fwd=${forward}`), null, true, response.statusText);
  }

  async #unsafe(request: Request, policy: Policy | null, ctx: CacheContext, origin: Origin): Promise<Response> {
    const response = await origin(request);
    if (!isSafe(request.method)) {
      const urls = invalidated(request.url, response.status, response.headers);
      if (urls.length > 0) await this.#invalidate(urls, ctx);
    }
    const place = response.headers.get("content-location");
    if (request.method === "POST" && policy?.mode === "origin" && response.status === 200 && place !== null) {
      // It may answer a later GET if it says that it is what a GET would get (RFC 9110 section 9.3.3).
      if (invalidated(request.url, 200, new Headers({ location: place })).length === 1) {
        const { method, headers, url } = request;
        const query = new Query(new Request(url, { method, headers }), policy, ctx, async () => response);
        return this.#lead(query, { decision: "validate", slot: query.key }, { forward: "method" });
      }
    }
    return this.#labelled(response, "BYPASS", "fwd=method");
  }

  /** Makes void what is stored for these URLs, and what is under way for them. */
  async #invalidate(urls: readonly string[], ctx: CacheContext): Promise<void> {
    const work: Promise<unknown>[] = [];
    const marked = new Set<string>();
    for (const policy of this.#policies) {
      for (const url of urls) {
        const normal = normaliseUrl(url, policy);
        for (const [key, flight] of this.#flights) {
          if (flight.url !== normal) continue;
          flight.void = true;
          this.#flights.delete(key);
        }
        // Where more than the URL is in the key, nothing but a marker finds the entries of all clients.
        if (!policy.keyedByUrl) marked.add(schemeless(normal));
        work.push(this.#tiers.remove(named(url, policy).key, [policy], ctx));
      }
    }
    if (marked.size > 0) {
      const time = ctx.now();
      const markers = [...marked].map((value) => ({ type: "url" as const, value, time, soft: false }));
      work.push(this.#purges.publish(markers, ctx, this.#stores(ctx)));
    }
    await Promise.all(work);
  }

  // --- purging -----------------------------------------------------------------------------------------------------

  #stores(ctx: CacheContext): KvStore[] {
    const bindings = new Set([...this.#policies].flatMap((policy) => policy.kv?.binding ?? []));
    return [...bindings].flatMap((binding) => ctx.kv?.(binding) ?? []);
  }

  async purge(request: PurgeRequest, ctx: CacheContext): Promise<PurgeResult> {
    const forms = (url: string) => [
      new URL(url).href,
      ...[...this.#policies].map((policy) => normaliseUrl(url, policy)),
    ];
    const markers = markersOf(request, ctx.now(), forms);
    const stores = this.#stores(ctx);
    const counts = await this.#purges.publish(markers, ctx, stores);
    let memory = 0;
    for (const [key, { value }] of [...this.#tiers.memory]) {
      const purged = value.kind === "entry" ? this.#purges.judge(value) : undefined;
      if (purged) memory++;
      if (purged === "hard") this.#tiers.memory.delete(key);
    }
    const shared = stores.length > 0 && stores.every((store) => store.list);
    const visibleWithinMs = shared ? KV_PROPAGATION_MS + KV_CHECK_MS : this.#purges.checkMs;
    return { memory, ...counts, visibleWithinMs };
  }
}

// --- small helpers ---------------------------------------------------------------------------------------------------

function originRequest(query: Query, headers: Headers): Request {
  const { request } = query;
  // Without the client's signal: others may wait for this, and the store does. Without a body: a GET's means nothing.
  const init: RequestInit & { cf?: unknown } = { method: request.method, headers, redirect: "manual" };
  const { cf } = request as { cf?: unknown };
  if (cf !== undefined) init.cf = cf;
  // The origin is asked for what the key says, so that nothing outside the key can shape the answer.
  return new Request(query.url, init);
}

/** False for a WebSocket's response, or a status that Response does not take: such a one cannot be made again. */
function standard({ status }: Response): boolean {
  // Some runtimes give an interim response as if it were the final one (workerd does): nothing can be made of it.
  if (status < 200 && status !== 101) throw new Error(`The origin answered with the interim status ${status}.`);
  return status >= 200 && status <= 599;
}

function oversized(headers: Headers): boolean {
  let bytes = 0;
  for (const [name, value] of headers) bytes += name.length + value.length;
  return bytes > OVERSIZED;
}

/** Length of the body as it will be read, where the headers say it. */
function announced(headers: Headers, ctx: CacheContext): number | undefined {
  const text = headers.get("content-length");
  return text !== null && /^\d+$/.test(text) && (ctx.rawBodies || !headers.has("content-encoding"))
    ? Number(text)
    : undefined;
}

function drop(headers: Headers, names: readonly string[]): void {
  for (const name of names) headers.delete(name);
}

/** A copy without the fields of these names. */
function without(headers: Headers, names: RegExp): Headers {
  const copy = new Headers(headers);
  for (const name of headers.keys()) if (names.test(name)) copy.delete(name);
  return copy;
}
