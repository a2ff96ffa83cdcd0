/**
 * The seams of the cache: what a host gives it, what a policy tells it, and what it offers.
 *
 * The cache knows no platform. A host hands it a clock, randomness, background work and the stores it has; each store
 * is optional, and a store that fails never fails a response.
 */

import type * as settings from "../settings.gen";
import type { Outcome } from "./decide/outcome";

// --- what a policy says --------------------------------------------------------------------------------------------

/** A document in which every member may be left out: what is absent has its default. */
type Partially<T> = T extends readonly (infer Member)[]
  ? readonly Member[]
  : T extends object
    ? { readonly [Name in keyof T]?: Partially<T[Name]> }
    : T;

type Needs<T, Names extends keyof T> = Partially<Omit<T, Names>> & Readonly<Pick<T, Names>>;

/** The `CacheSpec` of the settings, as a person writes it. `complete` writes the defaults out. */
export interface CacheSpec extends Needs<Omit<settings.CacheSpec, "tiers">, "name"> {
  readonly tiers?: {
    readonly memory?: Partially<settings.MemoryTier> | null;
    readonly edge?: Partially<settings.EdgeTier> | null;
    readonly kv?: Needs<settings.KvTier, "binding" | "ttl_s"> | null;
    readonly shield?: Partially<settings.ShieldTier> | null;
  };
}

// --- what a host gives ---------------------------------------------------------------------------------------------

/**
 * A data centre's cache, as the Cache API has it. `url` is an absolute http(s) URL that names the entry; the cache
 * builds it, so it never collides with a URL that a client asks for. A response given to `put` always has a
 * `Cache-Control: public, max-age=N` of the time it may stay, and never `Set-Cookie` or `Vary`.
 */
export interface EdgeCacheStore {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
  delete(url: string): Promise<boolean>;
}

/** A key-value store with expiry, eventually consistent. Values are bytes; keys are at most 512 bytes of UTF-8. */
export interface KvStore {
  get(key: string): Promise<ArrayBuffer | null>;
  /** `expirationTtl` is in whole seconds and never under 60. */
  put(key: string, value: ArrayBuffer, options: { expirationTtl: number; metadata?: unknown }): Promise<void>;
  delete(key: string): Promise<void>;
  /** Every key with this prefix. Without it a purge by prefix, tag or everything does not leave the data centre. */
  list?(prefix: string): Promise<readonly KvKey[]>;
}

export interface KvKey {
  readonly name: string;
  /** What was put with it, where the store keeps such. */
  readonly metadata?: unknown;
}

/** One object of the shield. Rejects where it cannot be reached. */
export interface ShieldObject {
  fetch(request: Request, init?: RequestInit): Promise<Response>;
}

/** What the cache is given with each request. Methods may be called after the response was returned. */
export interface CacheContext {
  /** Milliseconds since the epoch. */
  now(): number;
  /** A number in [0, 1), as Math.random. Draws jitter. */
  random(): number;
  /** Keeps the request's context alive until the promise settles. */
  waitUntil(work: Promise<unknown>): void;
  /** The data centre's cache, where the host has one. */
  readonly edgeCache?: EdgeCacheStore | undefined;
  /** The platform's cache in front of the function, where there is one. */
  readonly frontCache?: { purge(what: { tags?: string[] }, soft: boolean): Promise<void> } | undefined;
  /** The KV store behind a binding, where there is one. */
  kv?(binding: string): KvStore | undefined;
  /** An object of the shield's class, made near `location` when it is first asked; undefined if there is none. */
  readonly shield?:
    | ((className: string, name: string, location: string | undefined) => ShieldObject | undefined)
    | undefined;
  /** What the shield is to know of the client, as JSON takes it. */
  readonly client?: object | undefined;
  /**
   * True where a response's `body` carries the bytes as they are on the wire, so that a `Content-Encoding` is the
   * caller's to undo (workerd: fetch with `encodeResponseBody: "manual"`). The cache then keeps the bytes and answers
   * with `encodeBody: "manual"`: no content transformation, and ranges of encoded content. False, the default, where the
   * runtime decodes on reading (workerd by itself encodes again on sending).
   */
  readonly rawBodies?: boolean | undefined;
  /** ISO 3166-1 alpha-2 code of the client, upper case; for `key.country`. */
  readonly country?: string | undefined;
  /** Routing region of the client; for `key.region`. */
  readonly region?: string | undefined;
  /** Hears of what became of a request of a client, and why: once, before its answer is given. */
  settled?(outcome: Outcome): void;
  /** Tells of a fault that did not fail the response (a store that failed, an unbounded Vary). */
  warn?(message: string): void;
}

/** What is read of a request to answer it from a store. Every Request is one. Names of headers are in lower case. */
export interface RequestHead {
  readonly method: string;
  readonly url: string;
  readonly headers: Pick<Headers, "get" | "has">;
}

/** Answers a request from the origin. Throws on a timeout or a broken connection; the cache may then serve stale. */
export type Origin = (request: Request) => Promise<Response>;

// --- what the cache offers -----------------------------------------------------------------------------------------

export interface CacheOptions {
  /** Every policy of the function, so that a purge and an unsafe request reach every tier in use. */
  readonly policies?: readonly CacheSpec[];
  /** Name in `Cache-Status`. An RFC 9651 token. */
  readonly name?: string;
  /** Targeted fields (RFC 9213) that address this cache, most specific first. */
  readonly targetedFields?: readonly string[];
  /** A body up to this many bytes is shared with requests that wait for it. A larger one is streamed to the first. */
  readonly collapseMaxBytes?: number;
  /** How long (ms) a response that could not be stored sends later requests straight to the origin. */
  readonly hitForMissMs?: number;
  /** How long (ms) an isolate may go on without looking at purge markers of the shared tiers. */
  readonly purgeCheckMs?: number;
  /** Headers never stored, lower case, beside those that no cache stores. A trailing `-` is a prefix. */
  readonly unstoredHeaders?: readonly string[];
}

export interface PurgeRequest {
  readonly urls?: readonly string[];
  /** `https://host/path` or `/path` (any host). Matches at the path's segments: `/a` covers `/a` and `/a/b`. */
  readonly prefixes?: readonly string[];
  readonly tags?: readonly string[];
  readonly everything?: boolean;
  /** Marks entries stale instead of removing them: they are revalidated, and serve while that goes on. */
  readonly soft?: boolean;
}

export interface PurgeResult {
  /** Entries of memory that were removed or made stale. */
  readonly memory: number;
  /** Markers written to the data centre's cache and to KV. */
  readonly edge: number;
  readonly kv: number;
  /** Objects of the shield that took it. */
  readonly shield: number;
  /** Milliseconds until every isolate and data centre that shares the stores sees it, at most. */
  readonly visibleWithinMs: number;
}

export interface Cache<Spec = CacheSpec> {
  /**
   * Answers a request: from a tier, or from `origin`. Call it for every method of an endpoint, so that unsafe ones
   * invalidate. `policy` null only forwards and invalidates. Throws what `origin` throws where nothing stale may serve.
   * Sets `Cache-Status`, `X-Cache` and, on a hit, `Age`. The returned response's headers may be changed.
   *
   * What isolate memory has is answered at once, without a promise. `whole` gives the Request where `request` is only its
   * head: it is not called for such a hit.
   */
  handle(request: Request, policy: Spec | null, ctx: CacheContext, origin: Origin): Response | Promise<Response>;
  handle(
    request: RequestHead,
    policy: Spec | null,
    ctx: CacheContext,
    origin: Origin,
    whole: () => Request,
  ): Response | Promise<Response>;
  purge(request: PurgeRequest, ctx: CacheContext): Promise<PurgeResult>;
  /** What this isolate's memory holds. */
  stats(): { readonly entries: number; readonly bytes: number };
}

export type CreateCache = (options?: CacheOptions) => Cache;
