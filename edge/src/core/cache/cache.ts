/**
 * The cache: takes a request through the tiers, and what they lack from the origin, once for a crowd.
 *
 * What may be stored and reused is decided in `store`, `reuse`, `vary`, `conditional` and `update`; what is here moves
 * bytes and waits.
 */

import { SharedBody, within } from "./body";
import { ifRange, notModified, parseContentRange, parseRange, strongTag } from "./conditional";
import { age, bodyless, type Entry, header, type Index, makeMeta, type Meta, type PartRange, storedHeaders } from "./entry";
import { forwardHeaders, normaliseUrl, primaryKey, urlKey } from "./key";
import { tagsOf, toClient, toPlatform } from "./outgoing";
import { compile, type Policy } from "./policy";
import { KV_CHECK_MS, KV_PROPAGATION_MS, markersOf, Purges, schemeless } from "./purge";
import { addValidators, type RequestDirectives, type Reuse, requestDirectives, reuse, usableOnError } from "./reuse";
import { judge, type Verdict } from "./store";
import { edgeLifetime, type Held, Tiers } from "./tiers";
import type { Cache, CacheContext, CacheOptions, CacheSpec, KvStore, Origin, PurgeRequest, PurgeResult } from "./types";
import { invalidated, isSafe, sameByHead, selectedBy304, updatedHeaders } from "./update";
import { varyValues } from "./vary";

/** How long (ms) a request waits for another one's response headers before it asks the origin itself. */
const JOIN_MS = 15_000;
/** Lists of selecting headers that a resource's index holds. */
const MAX_LISTS = 4;
const MAX_PASSES = 4096;
/** A request whose headers have more bytes than this may have caused the error that it got: that is not stored. */
const OVERSIZED = 8192;
const ERRORS = new Set([500, 502, 503, 504]);
/** Reasons for which a response is nobody's to share. */
const PRIVATE_REASONS = new Set(["private", "no-store", "set-cookie", "authorization", "vary", "must-understand"]);
const DEFAULT_UNSTORED = ["x-origin-latency", "x-origin-failover", "server-timing"];

type Forward = "uri-miss" | "vary-miss" | "stale" | "request" | "partial" | "method" | "bypass";

/** A request under a policy, with what is read from it once. */
interface Query {
  readonly request: Request;
  readonly policy: Policy;
  readonly ctx: CacheContext;
  readonly origin: Origin;
  readonly key: string;
  readonly url: string;
  readonly directives: RequestDirectives;
  readonly range: string | null;
}

/** What the tiers hold for a query. */
interface Lookup {
  readonly entry: Entry | undefined;
  readonly held: Held | undefined;
  readonly decision: Reuse;
  /** The entry was purged softly. */
  readonly soft: boolean;
  readonly index: Index | undefined;
  /** Where an entry for this query is, or would be, stored. */
  readonly slot: string;
}

/** What a leader found out, for those who wait. */
type Head =
  | { readonly kind: "entry"; readonly meta: Meta; readonly body: SharedBody }
  /** Not to be shared: each goes to the origin. */
  | { readonly kind: "pass" }
  | { readonly kind: "failed"; readonly error: unknown };

class Flight {
  readonly head: Promise<Head>;
  settle: (head: Head) => void = () => {};
  /** An invalidation came while it was under way: what it brings is not stored. */
  void = false;
  constructor(
    readonly url: string,
    readonly started: number,
  ) {
    this.head = new Promise((resolve) => {
      this.settle = resolve;
    });
  }
}

/** What the leader itself answers with. */
interface Outcome {
  readonly response: Response;
}

interface LeadOptions {
  readonly forward: Forward;
  /** Sends the client's conditions as they are: for a response that will most likely not be stored. */
  readonly keepConditions?: boolean;
  readonly sendRange?: boolean;
  /** Nobody waits for the answer. */
  readonly behind?: boolean;
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
    this.#name = options.name ?? "edgewright";
    this.#targeted = (options.targetedFields ?? ["cloudflare-cdn-cache-control", "cdn-cache-control"]).map((name) =>
      name.toLowerCase(),
    );
    this.#collapse = options.collapseMaxBytes ?? 4 * 1024 * 1024;
    this.#hitForMiss = options.hitForMissMs ?? 5000;
    this.#unstored = [...DEFAULT_UNSTORED, ...(options.unstoredHeaders ?? [])];
    this.#purges = new Purges(options.purgeCheckMs ?? 5000);
    for (const spec of options.policies ?? []) this.#policies.add(compile(spec));
  }

  stats() {
    return { entries: this.#tiers.memory.entries, bytes: this.#tiers.memory.bytes };
  }

  async handle(request: Request, spec: CacheSpec | null, ctx: CacheContext, origin: Origin): Promise<Response> {
    const policy = spec && compile(spec);
    const { method, headers } = request;
    if (policy) this.#policies.add(policy);
    if (method !== "GET" && method !== "HEAD") return this.#unsafe(request, policy, ctx, origin);
    if (
      !policy ||
      policy.mode === "bypass" ||
      headers.has("upgrade") ||
      headers.has("if-match") ||
      headers.has("if-unmodified-since")
    ) {
      return this.#labelled(await origin(request), "BYPASS", "fwd=bypass");
    }
    // What a policy overrides is shared by all, so a request that says who it is stays out of it (RFC 9111 section 3.5).
    if (policy.mode === "override" && headers.has("authorization")) {
      return this.#labelled(await origin(request), "BYPASS", "fwd=request; detail=authorization");
    }
    if (this.#purges.due(ctx.now())) await this.#purges.refresh(ctx, this.#stores(ctx));
    const query: Query = {
      request,
      policy,
      ctx,
      origin,
      key: primaryKey(request, policy, ctx),
      url: normaliseUrl(request.url, policy),
      directives: requestDirectives(headers),
      range: method === "GET" ? headers.get("range") : null,
    };
    return this.#answer(query, 0);
  }

  // --- from the tiers ----------------------------------------------------------------------------------------------

  async #answer(query: Query, round: number): Promise<Response> {
    const found = this.#memoryHit(query) ?? (await this.#lookup(query));
    const { entry, decision } = found;
    if (entry && this.#covers(entry, query)) {
      if (decision === "hit") return this.#serve(query, entry, found.held, undefined);
      if (decision === "revalidate-behind") {
        const flightKey = this.#flightKey(query, found.slot);
        if (!this.#flights.has(flightKey)) this.#revalidateBehind(query, found, flightKey);
        return this.#serve(query, await this.#whole(entry, query), found.held, undefined);
      }
    }
    if (query.directives.onlyIfCached) return this.#gatewayTimeout();
    if (query.request.method === "HEAD") return this.#head(query, found);
    return this.#fromOrigin(query, found, round);
  }

  /** The way of most requests: everything at hand, nothing to wait for. */
  #memoryHit(query: Query): Lookup | undefined {
    let held = this.#tiers.fromMemory(query.key);
    if (!held) return undefined;
    let index: Index | undefined;
    let slot = query.key;
    if (held.value.kind === "index") {
      index = held.value;
      slot = this.#variantKey(query, index.lists[0] ?? []);
      held = this.#tiers.fromMemory(slot);
      if (!held || index.lists.length > 1) return undefined;
    }
    const meta = held.value as Meta;
    if (!this.#valid(held, index)) return undefined;
    const decision = reuse(meta, query.directives, query.ctx.now(), held.soft);
    if (decision !== "hit") return undefined;
    return { entry: { meta, body: held.body, tier: "memory" }, held, decision, soft: held.soft, index, slot };
  }

  /** False where a purge made a held entry void, or its generation has passed. */
  #valid(held: Held, index: Index | undefined): boolean {
    const meta = held.value as Meta;
    if (index && meta.requestTime < index.born) return false;
    if (held.checked !== this.#purges.version) {
      held.checked = this.#purges.version;
      const purged = this.#purges.judge(meta);
      if (purged === "hard") {
        this.#tiers.memory.delete(meta.key);
        return false;
      }
      held.soft = purged === "soft";
    }
    return true;
  }

  async #lookup(query: Query): Promise<Lookup> {
    const top = await this.#slot(query, query.key, undefined);
    if (!top.index) return top;
    const { index } = top;
    let best: Lookup | undefined;
    for (const names of index.lists) {
      const found = await this.#slot(query, this.#variantKey(query, names), index);
      if (!found.entry) {
        best ??= found;
        continue;
      }
      // Of several that match, the most recent one counts (RFC 9111 section 4.1).
      if (!best?.entry || found.entry.meta.responseTime > best.entry.meta.responseTime) best = found;
    }
    return best ?? { ...top, index };
  }

  #variantKey(query: Query, names: readonly string[]): string {
    return `${query.key}\n${varyValues(names, query.request.headers)}`;
  }

  /** The best that any tier has in a slot, nearest first: the first one that may be served, else the newest. */
  async #slot(query: Query, slot: string, index: Index | undefined): Promise<Lookup> {
    const { policy, ctx, directives } = query;
    let best: Lookup = { entry: undefined, held: undefined, decision: "validate", soft: false, index, slot };
    const consider = (entry: Entry, held: Held | undefined, soft: boolean): boolean => {
      const decision = reuse(entry.meta, directives, ctx.now(), soft);
      if (decision === "hit" || !best.entry || entry.meta.responseTime > best.entry.meta.responseTime) {
        discard(best.entry);
        best = { entry, held, decision, soft, index, slot };
      } else discard(entry);
      return decision === "hit";
    };

    const held = this.#tiers.fromMemory(slot);
    if (held) {
      if (held.value.kind === "index") {
        if (!index) return { ...best, index: held.value };
      } else if (
        this.#valid(held, index) &&
        consider({ meta: held.value, body: held.body, tier: "memory" }, held, held.soft)
      ) {
        return best;
      }
    }
    for (const tier of ["edge", "kv"] as const) {
      if (!policy[tier]) continue;
      const found =
        tier === "edge" ? await this.#tiers.fromEdge(slot, ctx) : await this.#tiers.fromKv(slot, policy, ctx);
      if (!found) continue;
      if (found.value.kind === "index") {
        if (index) continue;
        this.#tiers.toMemory(found.value, null, policy, ctx.now());
        if (tier === "kv") ctx.waitUntil(this.#tiers.toEdge(found.value, null, policy, ctx));
        return { ...best, index: found.value };
      }
      const meta = found.value;
      const purged = this.#purges.empty ? undefined : this.#purges.judge(meta);
      const entry: Entry = { meta, body: found.body, tier };
      if (purged === "hard" || (index && meta.requestTime < index.born)) {
        discard(entry);
        continue;
      }
      if (consider(entry, undefined, purged === "soft")) {
        best = { ...best, entry: await this.#promote(query, entry) };
        return best;
      }
    }
    return best;
  }

  /** Puts a fresh entry of a farther tier into the nearer ones. */
  async #promote(query: Query, entry: Entry): Promise<Entry> {
    const { policy, ctx } = query;
    const room = policy.memory?.maxObjectBytes ?? 0;
    let { body } = entry;
    if (body instanceof ReadableStream) {
      if (entry.meta.length === undefined || entry.meta.length > room) return entry;
      body = await new Response(body).arrayBuffer();
    }
    if (entry.tier === "edge") this.#tiers.toMemory(entry.meta, body, policy, ctx.now());
    else {
      const ceiling = edgeLifetime(entry.meta, policy, () => ctx.random());
      this.#tiers.toMemory(entry.meta, body, policy, ctx.now(), ceiling);
      ctx.waitUntil(this.#tiers.toEdge(entry.meta, body, policy, ctx, ceiling));
    }
    return { ...entry, body };
  }

  /** A part answers only a range inside it; what is complete answers everything. */
  #covers(entry: Entry, query: Query): boolean {
    const part = entry.meta.range;
    if (!part) return true;
    if (query.request.method !== "GET" || !ifRange(entry.meta, query.request.headers, query.ctx.now())) return false;
    const wanted = parseRange(query.range, part.total);
    return wanted !== undefined && wanted !== null && wanted.start >= part.start && wanted.end <= part.end;
  }

  // --- answers -----------------------------------------------------------------------------------------------------

  /** An answer from a stored entry. `note` replaces the plain `hit` of Cache-Status. */
  #serve(query: Query, entry: Entry, held: Held | undefined, note: string | undefined): Response {
    const { policy, ctx } = query;
    const now = ctx.now();
    const { meta } = entry;
    const xCache = entry.tier === "kv" ? "HIT-KV" : "HIT-EDGE";
    if (!held || note !== undefined) {
      const headers = this.#clientHeaders(meta, policy, now);
      const ttl = Math.floor((meta.freshUntil - now) / 1000);
      this.#label(headers, xCache, note ?? `hit; ttl=${ttl}; detail=${entry.tier}`);
      headers.set("age", String(age(meta, now)));
      return this.#respond(query, meta, entry.body, headers, true);
    }
    // The headers of a held entry change once a second, not with each hit.
    const second = Math.floor(now / 1000);
    if (held.second !== second || !held.headers) {
      const headers = this.#clientHeaders(meta, policy, now);
      const ttl = Math.floor((meta.freshUntil - now) / 1000);
      this.#label(headers, xCache, `hit; ttl=${ttl}; detail=memory`);
      headers.set("age", String(age(meta, now)));
      held.headers = headers;
      held.second = second;
    }
    return this.#respond(query, meta, entry.body, held.headers, false);
  }

  #clientHeaders(meta: Meta, policy: Policy, now: number): Headers {
    const headers = new Headers(meta.headers as [string, string][]);
    toClient(headers, meta.status, policy, this.#targeted);
    if (policy.platform) toPlatform(headers, (meta.freshUntil - now) / 1000, policy, meta.tags, this.#platformField());
    return headers;
  }

  #platformField(): string {
    return this.#targeted[0] ?? "cdn-cache-control";
  }

  /** `own`: the headers may be changed here; else they are copied first. */
  #respond(
    query: Query,
    meta: Meta,
    body: ArrayBuffer | ReadableStream<Uint8Array> | null,
    headers: Headers,
    own: boolean,
  ): Response {
    const asked = query.request.headers;
    const now = query.ctx.now();
    if ((asked.has("if-none-match") || asked.has("if-modified-since")) && notModified(meta, asked, now)) {
      discardBody(body);
      const kept = new Headers(headers);
      for (const name of ["content-length", "content-encoding", "content-type", "content-range"]) kept.delete(name);
      return new Response(null, { status: 304, headers: kept });
    }
    const encoded = headers.has("content-encoding");
    const init: ResponseInit & { encodeBody?: "manual" } = { status: meta.status, headers };
    if (encoded && query.ctx.rawBodies) init.encodeBody = "manual";
    if (query.request.method === "HEAD") {
      discardBody(body);
      if (body instanceof ArrayBuffer && !headers.has("content-length") && !encoded) {
        init.headers = withHeader(headers, "content-length", String(body.byteLength));
      }
      return new Response(null, init);
    }
    if (bodyless(meta.status)) {
      discardBody(body);
      return new Response(null, init);
    }
    const total = meta.range?.total ?? (body instanceof ArrayBuffer ? body.byteLength : meta.length);
    if (
      query.range !== null &&
      total !== undefined &&
      (meta.status === 200 || meta.range) &&
      !(encoded && !query.ctx.rawBodies) &&
      ifRange(meta, asked, now)
    ) {
      const wanted = parseRange(query.range, total);
      if (wanted !== undefined) {
        const partial = new Headers(headers);
        partial.delete("content-length");
        if (wanted === null) {
          discardBody(body);
          partial.set("content-range", `bytes */${total}`);
          for (const name of ["content-encoding", "content-type", "etag", "last-modified"]) partial.delete(name);
          return new Response(null, { status: 416, headers: partial });
        }
        partial.set("content-range", `bytes ${wanted.start}-${wanted.end}/${total}`);
        const from = wanted.start - (meta.range?.start ?? 0);
        const length = wanted.end - wanted.start + 1;
        const piece = body instanceof ReadableStream ? slice(body, from, length) : body?.slice(from, from + length);
        return new Response(piece ?? null, { ...init, status: 206, headers: partial });
      }
    }
    if (headers.has("content-length") && !(body instanceof ReadableStream && !encoded)) {
      // The runtime knows the length of bytes; a length stored with content that it has decoded would be wrong.
      if (!own) init.headers = new Headers(headers);
      (init.headers as Headers).delete("content-length");
    }
    return new Response(body as BodyInit | null, init);
  }

  #label(headers: Headers, xCache: string, status: string): void {
    headers.set("x-cache", xCache);
    // Caches on the way append themselves, the one nearest to the client last (RFC 9211 section 2).
    const before = headers.get("cache-status");
    const ours = `${this.#name}; ${status}`;
    headers.set("cache-status", before ? `${before}, ${ours}` : ours);
  }

  #labelled(response: Response, xCache: string, status: string): Response {
    // A WebSocket's response cannot be made again.
    if (response.status < 200 || response.status > 599) return response;
    const copy = new Response(response.body, response);
    this.#label(copy.headers, xCache, status);
    return copy;
  }

  #gatewayTimeout(): Response {
    const headers = new Headers({ "cache-control": "no-store" });
    this.#label(headers, "MISS", "fwd=request; detail=only-if-cached");
    return new Response(null, { status: 504, headers });
  }

  // --- from the origin ---------------------------------------------------------------------------------------------

  #flightKey(query: Query, slot: string): string {
    // What a request with Authorization brings is most likely not for the others.
    return query.request.headers.has("authorization") ? `${slot}#authorised` : slot;
  }

  async #fromOrigin(query: Query, found: Lookup, round: number): Promise<Response> {
    const { ctx, policy } = query;
    const part = found.entry?.meta.range;
    const sendRange = query.range !== null && (!found.entry || part !== undefined);
    const forward: Forward = found.entry
      ? part
        ? "partial"
        : query.directives.noCache || found.entry.meta.freshUntil > ctx.now()
          ? "request"
          : "stale"
      : found.index
        ? "vary-miss"
        : "uri-miss";
    let flightKey = this.#flightKey(query, found.slot);
    if (sendRange) flightKey += `#${query.range}#${query.request.headers.get("if-range") ?? ""}`;
    if (query.directives.noStore || oversized(query.request.headers)) {
      return (await this.#lead(query, found, new Flight(query.url, ctx.now()), { forward, sendRange, keepConditions: true }))
        .response;
    }
    const pass = this.#passes.get(flightKey);
    if (round > 1 || (pass !== undefined && pass > ctx.now())) {
      const keepConditions = !found.entry;
      const options = { forward, sendRange, keepConditions, detail: "hit-for-miss" };
      return (await this.#lead(query, found, new Flight(query.url, ctx.now()), options)).response;
    }
    const flying = this.#flights.get(flightKey);
    if (flying) {
      const head = await within(flying.head, JOIN_MS);
      const answer = await this.#join(query, found, head, forward);
      if (answer) return answer;
      // Not for us, or its leader is gone. Now each goes for itself, all at once.
      if (head === "timeout" && this.#flights.get(flightKey) === flying) this.#flights.delete(flightKey);
      const varied = head !== "timeout" && head.kind === "entry" && round === 0;
      return varied ? this.#answer(query, round + 1) : this.#alone(query, found, { forward, sendRange });
    }
    const flight = new Flight(query.url, ctx.now());
    this.#flights.set(flightKey, flight);
    const leading = this.#lead(query, found, flight, { forward, sendRange }, flightKey);
    void policy;
    return (await leading).response;
  }

  async #alone(query: Query, found: Lookup, options: LeadOptions): Promise<Response> {
    return (await this.#lead(query, found, new Flight(query.url, query.ctx.now()), options)).response;
  }

  /** An answer from what another request brought, or undefined where it is not for this one. */
  async #join(query: Query, found: Lookup, head: Head | "timeout", forward: Forward): Promise<Response | undefined> {
    const { ctx, policy } = query;
    if (head === "timeout" || head.kind === "pass") return undefined;
    if (head.kind === "failed") {
      const stale = await this.#staleOnError(query, found, true, `fwd=${forward}; collapsed`);
      if (stale) return stale;
      throw head.error;
    }
    const { meta, body } = head;
    if (varyValues(meta.vary, query.request.headers) !== meta.varyValues) return undefined;
    if (reuse(meta, { ...query.directives, noCache: false }, ctx.now()) !== "hit") return undefined;
    if (meta.range && !this.#covers({ meta, body: null, tier: "memory" }, query)) return undefined;
    if (body.state === "failed" || !body.whole) return undefined;
    const headers = this.#clientHeaders(meta, policy, ctx.now());
    this.#label(headers, "MISS", `fwd=${forward}; collapsed`);
    headers.set("age", String(age(meta, ctx.now())));
    return this.#respond(query, meta, body.bytes() ?? body.stream(), headers, true);
  }

  #revalidateBehind(query: Query, found: Lookup, flightKey: string): void {
    const flight = new Flight(query.url, query.ctx.now());
    this.#flights.set(flightKey, flight);
    const work = this.#lead(query, found, flight, { forward: "stale", behind: true }, flightKey);
    // A failure behind the scenes changes nothing for anyone: the next request tries again.
    query.ctx.waitUntil(work.then(undefined, (error) => query.ctx.warn?.(`Revalidation failed: ${String(error)}`)));
  }

  /** Asks the origin. Tells those who wait on the flight, stores what may be, and answers its own client. */
  async #lead(
    query: Query,
    found: Lookup,
    flight: Flight,
    options: LeadOptions,
    flightKey?: string,
  ): Promise<Outcome> {
    const { ctx } = query;
    let done = () => {};
    const finished = new Promise<void>((resolve) => {
      done = resolve;
    }).then(() => {
      if (flightKey !== undefined && this.#flights.get(flightKey) === flight) this.#flights.delete(flightKey);
    });
    // The leader's work goes on when its own client goes away: others wait for it, and the tiers want it.
    ctx.waitUntil(finished);
    let keep: Promise<unknown> | undefined;
    try {
      const result = await this.#exchange(query, found, flight, options, flightKey);
      keep = result.storing;
      return result;
    } catch (error) {
      flight.settle({ kind: "failed", error });
      const note = `fwd=${options.forward}; detail=origin-failed`;
      const stale = options.behind ? undefined : await this.#staleOnError(query, found, true, note);
      if (stale) return { response: stale };
      throw error;
    } finally {
      if (keep) keep.then(done, done);
      else done();
    }
  }

  async #exchange(
    query: Query,
    found: Lookup,
    flight: Flight,
    options: LeadOptions,
    flightKey: string | undefined,
  ): Promise<Outcome & { storing?: Promise<unknown> }> {
    const { ctx, policy, request } = query;
    const entry = found.entry;
    const headers = forwardHeaders(request, policy);
    if (!options.keepConditions) {
      headers.delete("if-none-match");
      headers.delete("if-modified-since");
    }
    if (!options.sendRange) {
      headers.delete("range");
      headers.delete("if-range");
    }
    const rest = !options.sendRange && entry ? completable(entry) : undefined;
    const validating = entry !== undefined && !entry.meta.range && addValidators(entry.meta, headers);
    if (rest) {
      headers.set("range", `bytes=${rest.end + 1}-`);
      headers.set("if-range", header(entry?.meta as Meta, "etag") as string);
    }

    let requestTime = ctx.now();
    let response = await query.origin(originRequest(query, headers));
    if (
      (response.status === 304 && validating && !selectedBy304((entry as Entry).meta, response.headers)) ||
      (rest && response.status === 206 && !completes(entry as Entry, response.headers)) ||
      (rest && response.status === 416)
    ) {
      // It speaks of another version than the stored one: ask again, without conditions.
      await response.body?.cancel();
      for (const name of ["if-none-match", "if-modified-since", "range", "if-range"]) headers.delete(name);
      requestTime = ctx.now();
      response = await query.origin(originRequest(query, headers));
    }
    const responseTime = ctx.now();

    if (ERRORS.has(response.status) && entry) {
      const note = `fwd=${options.forward}; fwd-status=${response.status}; detail=stale-if-error`;
      const stale = await this.#staleOnError(query, found, false, note);
      if (stale) {
        await response.body?.cancel();
        flight.settle({ kind: "failed", error: new Error(`The origin answered ${response.status}.`) });
        return { response: stale };
      }
    }

    let { status } = response;
    let full = response.headers;
    let source: ArrayBuffer | ReadableStream<Uint8Array> | null = response.body;
    let cookies: readonly string[] = [];
    if (status === 304 && validating) {
      const stored = entry as Entry;
      cookies = response.headers.getSetCookie();
      full = updatedHeaders(stored.meta, response.headers);
      ({ status } = stored.meta);
      source = stored.body;
    } else if (rest && status === 206) {
      const stored = entry as Entry;
      full = updatedHeaders(stored.meta, response.headers);
      full.delete("content-range");
      full.delete("content-length");
      status = 200;
      source = concat(stored.body as ArrayBuffer, response.body);
    } else discard(entry);

    const exchange = {
      method: "GET",
      authorised: request.headers.has("authorization"),
      noStore: query.directives.noStore,
      oversized: oversized(request.headers),
      status,
      headers: full,
      requestTime,
      responseTime,
    };
    const verdict = judge(exchange, policy, this.#targeted);
    if (verdict.warning) ctx.warn?.(`${query.url}: ${verdict.warning}`);
    const saved = verdict.store ? this.#metaOf(query, status, full, verdict, requestTime, responseTime) : undefined;
    if (!saved) {
      const { response: answer } = this.#pass(query, response, status, full, source, verdict, options, validating);
      if (flightKey !== undefined && status < 500) this.#remember(flightKey, ctx.now());
      flight.settle({ kind: "pass" });
      return { response: answer };
    }
    const shared = !saved.noCache && saved.freshUntil > responseTime;
    if (flightKey !== undefined) {
      if (shared) this.#passes.delete(flightKey);
      else this.#remember(flightKey, ctx.now());
    }

    const limit = Math.max(this.#collapse, policy.memory?.maxObjectBytes ?? 0, policy.kv?.maxObjectBytes ?? 0);
    let meta: Meta = saved;
    let body: SharedBody;
    let pumping: Promise<void> | undefined;
    let streamed: Promise<boolean> | undefined;
    let overflow: Promise<void> | undefined;
    const ceiling = edgeLifetime(meta, policy, () => ctx.random());
    if (source instanceof ReadableStream) {
      body = new SharedBody(limit, this.#collapse);
      const declared = announced(full, ctx);
      meta = declared === undefined ? meta : { ...meta, length: declared };
      overflow = new Promise((resolve) => {
        body.onOverflow = () => {
          if (!flight.void && !meta.range) streamed = this.#tiers.toEdge(meta, body.stream(), policy, ctx, ceiling);
          resolve();
        };
      });
      pumping = body.pump(source, status === 304 ? undefined : declared);
    } else body = SharedBody.of(source ?? new ArrayBuffer(0));

    // While something stale could still serve, nothing is promised to a client before the body is here.
    if (pumping && overflow && entry && usableOnError(entry.meta, ctx.now(), true, policy.mode === "origin", found.soft)) {
      await Promise.race([pumping, overflow]);
      if ((body.state as string) === "failed") throw body.error;
    }
    flight.settle(shared ? { kind: "entry", meta, body } : { kind: "pass" });

    const storing = (async () => {
      await pumping;
      await streamed;
      if (body.state === "done" && !flight.void) await this.#save(query, found, meta, body, ceiling);
      body.release();
    })();
    if (options.behind) return { response: new Response(null), storing };

    const out = new Headers(full);
    for (const cookie of cookies) out.append("set-cookie", cookie);
    out.delete("age");
    toClient(out, status, policy, this.#targeted);
    if (policy.platform) {
      toPlatform(out, (meta.freshUntil - ctx.now()) / 1000, policy, meta.tags, this.#platformField());
    }
    const was = status === response.status ? "" : `; fwd-status=${response.status}`;
    this.#label(out, "MISS", `fwd=${options.forward}${was}; stored`);
    const old = age(meta, ctx.now());
    if (old > 0 || response.headers.has("age")) out.set("age", String(old));
    const bytes = body.bytes();
    if (meta.range) return { response: this.#partial(query, meta, out, bytes ?? body.stream()), storing };
    return { response: this.#respond(query, meta, bytes ?? body.stream(), out, true), storing };
  }

  /** The origin's own 206, to the one who asked for it. */
  #partial(query: Query, meta: Meta, headers: Headers, body: ArrayBuffer | ReadableStream<Uint8Array>): Response {
    headers.delete("content-length");
    const init: ResponseInit & { encodeBody?: "manual" } = { status: meta.status, headers };
    if (headers.has("content-encoding") && query.ctx.rawBodies) init.encodeBody = "manual";
    return new Response(body as BodyInit, init);
  }

  /** A response that is not stored, as it came. */
  #pass(
    query: Query,
    response: Response,
    status: number,
    full: Headers,
    source: ArrayBuffer | ReadableStream<Uint8Array> | null,
    verdict: Verdict,
    options: LeadOptions,
    validating: boolean,
  ): Outcome {
    const { policy, ctx } = query;
    const reason = verdict.reason ?? "headers";
    const xCache = PRIVATE_REASONS.has(reason) ? "BYPASS" : "MISS";
    const was = validating && status !== response.status ? `; fwd-status=${response.status}` : "";
    const note = `fwd=${options.forward}${was}; detail=${options.detail ?? reason}`;
    const headers = new Headers(full);
    if (reason === "ttl") toClient(headers, status, policy, this.#targeted);
    this.#label(headers, xCache, note);
    if (validating && status !== response.status) {
      const meta = { status, headers: [...full], responseTime: ctx.now() } as unknown as Meta;
      return { response: this.#respond(query, meta, source, headers, true) };
    }
    const init: ResponseInit & { encodeBody?: "manual" } = { status, statusText: response.statusText, headers };
    if (headers.has("content-encoding") && ctx.rawBodies) init.encodeBody = "manual";
    return { response: new Response(bodyless(status) ? null : (source as BodyInit | null), init) };
  }

  #remember(flightKey: string, now: number): void {
    if (this.#passes.size >= MAX_PASSES) this.#passes.clear();
    this.#passes.set(flightKey, now + this.#hitForMiss);
  }

  async #staleOnError(
    query: Query,
    found: Lookup,
    disconnected: boolean,
    note: string,
  ): Promise<Response | undefined> {
    const { entry } = found;
    const { ctx, policy } = query;
    if (!entry || !this.#covers(entry, query)) return undefined;
    if (!usableOnError(entry.meta, ctx.now(), disconnected, policy.mode === "origin", found.soft)) return undefined;
    if (entry.body instanceof ReadableStream && entry.body.locked) return undefined;
    return this.#serve(query, entry, undefined, note);
  }

  /** The entry with a body that can be read more than once, for an answer and a revalidation from the same entry. */
  async #whole(entry: Entry, query: Query): Promise<Entry> {
    void query;
    return entry;
  }

  // --- storing -----------------------------------------------------------------------------------------------------

  /** What would be stored, or undefined where no tier is there to hold it or its headers are too large. */
  #metaOf(
    query: Query,
    status: number,
    full: Headers,
    verdict: Verdict,
    requestTime: number,
    responseTime: number,
  ): Meta | undefined {
    const { policy, ctx } = query;
    const kept = storedHeaders(full, verdict.omit, this.#unstored);
    if (!kept || !(policy.memory || (policy.edge && ctx.edgeCache) || policy.kv)) return undefined;
    let range: PartRange | undefined;
    let headers: readonly (readonly [string, string])[] = kept;
    if (status === 206) {
      range = parseContentRange(full.get("content-range"));
      if (!range || (full.has("content-encoding") && !ctx.rawBodies)) return undefined;
      const length = announced(full, ctx);
      if (length !== undefined && length !== range.end - range.start + 1) return undefined;
      headers = kept.filter(([name]) => name !== "content-range" && name !== "content-length");
    }
    // Encoded content without Vary on it would be given to clients that cannot read it.
    let { vary } = verdict;
    if (full.has("content-encoding") && !vary.includes("accept-encoding")) vary = [...vary, "accept-encoding"].sort();
    const values = varyValues(vary, query.request.headers);
    const key = vary.length > 0 ? this.#variantKey(query, vary) : query.key;
    const at = { key, url: query.url, requestTime, responseTime, varyValues: values };
    return makeMeta(at, { status, headers }, { ...verdict, vary }, tagsOf(full, policy), range);
  }

  async #save(query: Query, found: Lookup, meta: Meta, body: SharedBody, ceiling: number): Promise<void> {
    const { policy, ctx } = query;
    const bytes = body.bytes();
    let complete: Meta = { ...meta, length: body.size };
    let content: ArrayBuffer | null = bytes ?? null;
    if (bytes && meta.range) {
      if (bytes.byteLength !== meta.range.end - meta.range.start + 1) return;
      const merged = combine(found.entry, complete, bytes);
      complete = merged.meta;
      content = merged.body;
    }
    if (this.#purges.judge(complete) === "hard") return;
    const work: Promise<unknown>[] = [];
    if (complete.vary.length > 0) work.push(...this.#index(query, found.index, complete));
    if (bytes) {
      this.#tiers.toMemory(complete, content, policy, ctx.now(), ceiling);
      work.push(this.#tiers.toEdge(complete, content, policy, ctx, ceiling));
      work.push(this.#tiers.toKv(complete, content, policy, ctx));
    }
    await Promise.all(work);
  }

  /** Notes under which selecting headers a variant can be found. */
  #index(query: Query, known: Index | undefined, meta: Meta): Promise<unknown>[] {
    const { policy, ctx } = query;
    const name = meta.vary.join();
    const lists = [meta.vary, ...(known?.lists ?? []).filter((list) => list.join() !== name)].slice(0, MAX_LISTS);
    const index: Index = {
      kind: "index",
      key: query.key,
      url: query.url,
      born: Math.min(known?.born ?? meta.requestTime, meta.requestTime),
      lists,
    };
    this.#tiers.toMemory(index, null, policy, ctx.now());
    const changed = known === undefined || lists.join("|") !== known.lists.join("|");
    const work: Promise<unknown>[] = [this.#tiers.toEdge(index, null, policy, ctx)];
    if (changed) work.push(this.#tiers.toKv(index, null, policy, ctx));
    return work;
  }

  // --- other methods -----------------------------------------------------------------------------------------------

  /** A HEAD that no stored response answers: what comes back also tells whether the stored GET is still right. */
  async #head(query: Query, found: Lookup): Promise<Response> {
    const { ctx, policy, request } = query;
    const { entry } = found;
    const requestTime = ctx.now();
    let response: Response;
    try {
      response = await query.origin(originRequest(query, forwardHeaders(request, policy)));
    } catch (error) {
      const stale = await this.#staleOnError(query, found, true, "fwd=stale; detail=origin-failed");
      if (stale) return stale;
      throw error;
    }
    const forward = entry ? "stale" : found.index ? "vary-miss" : "uri-miss";
    if (ERRORS.has(response.status)) {
      const note = `fwd=stale; fwd-status=${response.status}; detail=stale-if-error`;
      const stale = await this.#staleOnError(query, found, false, note);
      if (stale) return stale;
    }
    if (entry && response.status === 200 && !entry.meta.range) {
      if (sameByHead(entry.meta, response.headers)) {
        ctx.waitUntil(this.#refresh(query, found, entry, response.headers, requestTime));
      } else {
        discard(entry);
        ctx.waitUntil(this.#tiers.remove(entry.meta.key, [policy], ctx));
      }
    } else discard(entry);
    return this.#labelled(response, "MISS", `fwd=${forward}`);
  }

  async #refresh(query: Query, found: Lookup, entry: Entry, fresh: Headers, requestTime: number): Promise<void> {
    const { ctx, policy } = query;
    const full = updatedHeaders(entry.meta, fresh);
    const exchange = {
      method: "GET",
      authorised: query.request.headers.has("authorization"),
      noStore: query.directives.noStore,
      oversized: false,
      status: entry.meta.status,
      headers: full,
      requestTime,
      responseTime: ctx.now(),
    };
    const verdict = judge(exchange, policy, this.#targeted);
    const meta = verdict.store
      ? this.#metaOf(query, entry.meta.status, full, verdict, requestTime, exchange.responseTime)
      : undefined;
    if (!meta || meta.key !== entry.meta.key) return discard(entry);
    const bytes = entry.body instanceof ReadableStream ? await new Response(entry.body).arrayBuffer() : entry.body;
    const ceiling = edgeLifetime(meta, policy, () => ctx.random());
    await this.#save(query, found, meta, SharedBody.of(bytes ?? new ArrayBuffer(0)), ceiling);
  }

  async #unsafe(request: Request, policy: Policy | null, ctx: CacheContext, origin: Origin): Promise<Response> {
    const requestTime = ctx.now();
    const response = await origin(request);
    if (!isSafe(request.method)) {
      const urls = invalidated(request.url, response.status, response.headers);
      if (urls.length > 0) await this.#invalidate(urls, request, ctx);
    }
    if (request.method === "POST" && policy && policy.mode === "origin" && this.#samePlace(request, response)) {
      const stored = this.#storePost(request, policy, ctx, origin, response, requestTime);
      if (stored) return stored;
    }
    return this.#labelled(response, "BYPASS", "fwd=method");
  }

  /** RFC 9110 section 9.3.3: a POST's response may answer a later GET if it says that it is what a GET would get. */
  #samePlace(request: Request, response: Response): boolean {
    const place = response.headers.get("content-location");
    if (place === null || response.status !== 200) return false;
    try {
      return new URL(place, request.url).href === new URL(request.url).href;
    } catch {
      return false;
    }
  }

  #storePost(
    request: Request,
    policy: Policy,
    ctx: CacheContext,
    origin: Origin,
    response: Response,
    requestTime: number,
  ): Response | undefined {
    const query: Query = {
      request: new Request(request.url, { headers: request.headers }),
      policy,
      ctx,
      origin,
      key: primaryKey(request, policy, ctx),
      url: normaliseUrl(request.url, policy),
      directives: requestDirectives(request.headers),
      range: null,
    };
    const responseTime = ctx.now();
    const exchange = {
      method: "POST",
      authorised: request.headers.has("authorization"),
      noStore: query.directives.noStore,
      oversized: false,
      status: response.status,
      headers: response.headers,
      requestTime,
      responseTime,
    };
    const verdict = judge(exchange, policy, this.#targeted);
    const meta = verdict.store
      ? this.#metaOf(query, response.status, response.headers, verdict, requestTime, responseTime)
      : undefined;
    if (!meta || !response.body) return undefined;
    const body = new SharedBody(this.#collapse, this.#collapse);
    const found: Lookup = {
      entry: undefined,
      held: undefined,
      decision: "validate",
      soft: false,
      index: undefined,
      slot: meta.key,
    };
    const out = new Headers(response.headers);
    toClient(out, response.status, policy, this.#targeted);
    this.#label(out, "BYPASS", "fwd=method; stored");
    const stream = body.stream();
    const ceiling = edgeLifetime(meta, policy, () => ctx.random());
    ctx.waitUntil(
      body.pump(response.body, announced(response.headers, ctx)).then(async () => {
        if (body.state === "done") await this.#save(query, found, meta, body, ceiling);
        body.release();
      }),
    );
    return this.#respond(query, meta, stream, out, true);
  }

  /** Makes void what is stored for these URLs, and what is under way for them. */
  async #invalidate(urls: readonly string[], request: Request, ctx: CacheContext): Promise<void> {
    const work: Promise<unknown>[] = [];
    const marked: string[] = [];
    for (const policy of this.#policies) {
      for (const url of urls) {
        const normal = normaliseUrl(url, policy);
        for (const [key, flight] of this.#flights) {
          if (flight.url !== normal) continue;
          flight.void = true;
          this.#flights.delete(key);
        }
        const keys = new Set([urlKey(url, policy)]);
        if (!policy.keyedByUrl) {
          // What else is in the key differs from client to client: nothing but a marker finds all of them.
          keys.add(primaryKey(new Request(url, { headers: request.headers }), policy, ctx));
          marked.push(schemeless(normal));
        }
        for (const key of keys) work.push(this.#tiers.remove(key, [policy], ctx));
      }
    }
    if (marked.length > 0) {
      const time = ctx.now();
      const markers = [...new Set(marked)].map((value) => ({ type: "url" as const, value, time, soft: false }));
      work.push(this.#purges.publish(markers, ctx, this.#stores(ctx)));
    }
    await Promise.all(work);
  }

  // --- purging -----------------------------------------------------------------------------------------------------

  #stores(ctx: CacheContext): KvStore[] {
    const bindings = new Set<string>();
    for (const policy of this.#policies) if (policy.kv) bindings.add(policy.kv.binding);
    return [...bindings].flatMap((binding) => ctx.kv?.(binding) ?? []);
  }

  async purge(request: PurgeRequest, ctx: CacheContext): Promise<PurgeResult> {
    const forms = (url: string) => [new URL(url).href, ...[...this.#policies].map((policy) => normaliseUrl(url, policy))];
    const time = ctx.now();
    const markers = markersOf(request, time, forms);
    const stores = this.#stores(ctx);
    const { edge, kv } = markers.length > 0 ? await this.#purges.publish(markers, ctx, stores) : { edge: 0, kv: 0 };
    let memory = 0;
    for (const [key, held] of [...this.#tiers.memory]) {
      if (held.value.kind !== "entry") continue;
      const purged = this.#purges.judge(held.value);
      if (purged === undefined) continue;
      memory++;
      if (purged === "hard") this.#tiers.memory.delete(key);
    }
    const shared = stores.length > 0 && stores.every((store) => store.list);
    const visibleWithinMs = shared ? KV_PROPAGATION_MS + KV_CHECK_MS : this.#purges.checkMs;
    return { memory, edge, kv, visibleWithinMs };
  }
}

// --- small helpers ---------------------------------------------------------------------------------------------------

function originRequest(query: Query, headers: Headers): Request {
  const { request, policy } = query;
  // Without the client's signal: others may wait for this, and the store does. Without a body: a GET's means nothing.
  const init: RequestInit & { cf?: unknown } = { method: request.method, headers, redirect: "manual" };
  const { cf } = request as { cf?: unknown };
  if (cf !== undefined) init.cf = cf;
  // Under `override` the origin is asked for what the key says, so that nothing outside the key can shape the answer.
  return new Request(policy.mode === "override" ? query.url : request.url, init);
}

function oversized(headers: Headers): boolean {
  let bytes = 0;
  for (const [name, value] of headers) bytes += name.length + value.length;
  return bytes > OVERSIZED;
}

/** Length of the body as it will be read, where the headers say it. */
function announced(headers: Headers, ctx: CacheContext): number | undefined {
  const text = headers.get("content-length");
  if (text === null || !/^\d+$/.test(text) || (headers.has("content-encoding") && !ctx.rawBodies)) return undefined;
  return Number(text);
}

function withHeader(headers: Headers, name: string, value: string): Headers {
  const copy = new Headers(headers);
  copy.set(name, value);
  return copy;
}

function discardBody(body: Entry["body"]): void {
  if (body instanceof ReadableStream && !body.locked) body.cancel().catch(() => {});
}

function discard(entry: Entry | undefined): void {
  if (entry) discardBody(entry.body);
}

/** The stored part from the first byte on, if the rest can be asked for and combined with it. */
function completable(entry: Entry): PartRange | undefined {
  const { range } = entry.meta;
  if (!range || range.start !== 0 || !(entry.body instanceof ArrayBuffer)) return undefined;
  return strongTag(header(entry.meta, "etag")) === undefined ? undefined : range;
}

/** True where a 206 begins right after the stored part, of the same version. */
function completes(entry: Entry, headers: Headers): boolean {
  const rest = parseContentRange(headers.get("content-range"));
  const stored = entry.meta.range;
  return (
    rest !== undefined &&
    stored !== undefined &&
    rest.start === stored.end + 1 &&
    rest.end === rest.total - 1 &&
    rest.total === stored.total &&
    headers.get("etag") === header(entry.meta, "etag")
  );
}

/** A new part with a stored one, where they are of one version and touch (RFC 9111 section 3.4). */
function combine(stored: Entry | undefined, meta: Meta, bytes: ArrayBuffer): { meta: Meta; body: ArrayBuffer } {
  const fresh = meta.range as PartRange;
  const old = stored?.meta.range;
  const tag = strongTag(header(meta, "etag"));
  if (
    !old ||
    !stored ||
    !(stored.body instanceof ArrayBuffer) ||
    tag === undefined ||
    tag !== header(stored.meta, "etag") ||
    old.total !== fresh.total ||
    old.start > fresh.end + 1 ||
    fresh.start > old.end + 1
  ) {
    return complete(meta, bytes);
  }
  const start = Math.min(old.start, fresh.start);
  const end = Math.max(old.end, fresh.end);
  const joined = new Uint8Array(end - start + 1);
  joined.set(new Uint8Array(stored.body), old.start - start);
  joined.set(new Uint8Array(bytes), fresh.start - start);
  return complete({ ...meta, range: { start, end, total: fresh.total }, length: joined.byteLength }, joined.buffer);
}

/** A part that has become the whole is the whole. */
function complete(meta: Meta, body: ArrayBuffer): { meta: Meta; body: ArrayBuffer } {
  const range = meta.range as PartRange;
  if (range.start !== 0 || range.end !== range.total - 1) return { meta, body };
  return { meta: { ...meta, status: 200, range: undefined, length: range.total }, body };
}

function concat(first: ArrayBuffer, rest: ReadableStream<Uint8Array> | null): ReadableStream<Uint8Array> {
  const reader = rest?.getReader();
  let begun = false;
  return new ReadableStream({
    async pull(controller) {
      if (!begun) {
        begun = true;
        controller.enqueue(new Uint8Array(first));
        return;
      }
      const next = await reader?.read();
      if (!next || next.done) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel(reason) {
      await reader?.cancel(reason);
    },
  });
}

/** `length` bytes of a stream from `from` on. */
function slice(source: ReadableStream<Uint8Array>, from: number, length: number): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let skip = from;
  let left = length;
  return new ReadableStream({
    async pull(controller) {
      while (left > 0) {
        const { done, value } = await reader.read();
        if (done) break;
        const chunk = value.subarray(Math.min(skip, value.length));
        skip -= value.length - chunk.length;
        if (chunk.length === 0) continue;
        const piece = chunk.subarray(0, left);
        left -= piece.length;
        controller.enqueue(piece);
        if (left > 0) return;
      }
      controller.close();
      await reader.cancel();
    },
    async cancel(reason) {
      await reader.cancel(reason);
    },
  });
}
