import type { Outcome } from "./cache/decide/outcome";
import type { KvKey, ShieldObject } from "./cache/types";

/**
 * What a platform gives to the portable core. Everything that differs between platforms comes in through here and
 * nothing else does: the core uses web-standard Request, Response, Headers, URL, streams and Web Crypto beside it.
 *
 * A Host stands for one request on one platform (its `waitUntil` and bindings belong to that request), and making one is
 * cheap. Nothing of it may be kept in a module's variables: some runtimes refuse I/O of one request in another.
 */
export interface Host {
  /** The platform's short name, for logs: `cloudflare`, `node`, ... */
  readonly platform: string;

  /** Milliseconds since 1970. Some platforms stop the clock while no I/O happens. */
  now(): number;

  /** A number in [0, 1), for jitter. Not for secrets. */
  random(): number;

  /**
   * Sends a request to the network. Redirects are followed only if the request says so. With `raw`, a host that can gives
   * the body as it was on the wire, and `rawBodies` says so; else a body is decoded when it is read.
   */
  fetch(request: Request, options?: { raw?: boolean }): Promise<Response>;

  /**
   * Whether `fetch` with `raw` leaves a `Content-Encoding` to the reader. A copy `new Response(body, response)` keeps
   * that; one from a plain object of status and headers does not.
   */
  readonly rawBodies: boolean;

  /**
   * A pipe through which a request's body of this length, undefined where it is not known, is sent on. Where the host has
   * none of its own, a TransformStream is used.
   */
  pipe?(length: number | undefined): ReadableWritablePair<Uint8Array, Uint8Array>;

  /** Hears what became of the request at the cache, and why: once, before its answer is given. */
  settled?(outcome: Outcome): void;

  /** Lets work go on after the response was sent. A rejection is logged, never thrown into the request. */
  waitUntil(work: Promise<unknown>): void;

  /** The data centre's cache, where the platform has one. */
  readonly edgeCache: EdgeCacheStore | undefined;

  /** The platform's own cache in front of this function, where it can be told to forget; undefined if there is none. */
  readonly frontCache?: FrontCache | undefined;

  /** The key-value store bound under this name; undefined if there is none. */
  kv(name: string): KvStore | undefined;

  /** An object of the shield's class, made near `location` when it is first asked; undefined if there is none. */
  shield?(className: string, name: string, location: string | undefined): ShieldObject | undefined;

  /** Where the client is, as the platform says. Never taken from headers that a client can write. */
  geo(request: Request): Geo;

  /** The client's address, as the platform says; undefined where it says none. */
  clientIp(request: Request): string | undefined;

  /** A secret or variable bound under this name; undefined if there is none. */
  secret(name: string): string | undefined;

  /** The rate limiter bound under this name; undefined if there is none. */
  rateLimit(name: string): RateLimiter | undefined;

  /** Writes one structured line to the platform's log. Values must not be secrets. */
  log(entry: LogEntry): void;
}

/** The data centre's cache, entries named by absolute URL. The cache core documents what it puts there. */
export interface EdgeCacheStore {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
  delete(url: string): Promise<boolean>;
}

/** A key-value store with eventual consistency: a write may be seen elsewhere only after a minute or more. */
export interface KvStore {
  get(key: string): Promise<ArrayBuffer | null>;
  getText(key: string): Promise<string | null>;
  /** `expirationTtl` is in seconds; Workers KV accepts 60 and more. Without it the entry stays. */
  put(
    key: string,
    value: ArrayBuffer | string,
    options?: { expirationTtl?: number; metadata?: unknown },
  ): Promise<void>;
  delete(key: string): Promise<void>;
  /** Keys with this prefix, in the order of their names' bytes, up to a bound that the host documents. */
  list?(prefix: string): Promise<readonly KvKey[]>;
}

/** A cache in front of the function, which answers hits without running it. Its entries are told apart by path and query. */
export interface FrontCache {
  /** Removes what has one of the tags or begins with one of the paths. `soft` only marks it stale. Throws what is refused. */
  purge(what: FrontPurge, soft: boolean): Promise<void>;
}

export interface FrontPurge {
  tags?: string[];
  pathPrefixes?: string[];
  purgeEverything?: boolean;
}

/** Where a client is. Each part is undefined where the platform does not know it. */
export interface Geo {
  /** ISO 3166-1 alpha-2, upper case. `XX` and `T1` (Tor) are given as undefined. */
  country?: string | undefined;
  continent?: string | undefined;
  region?: string | undefined;
  city?: string | undefined;
  /** The data centre that answers. */
  colo?: string | undefined;
  latitude?: number | undefined;
  longitude?: number | undefined;
}

export interface RateLimiter {
  /** Counts one request under this key. `success` is false when it is over the limit. */
  limit(key: string): Promise<{ success: boolean }>;
}

export interface LogEntry {
  level: "debug" | "info" | "warn" | "error";
  /** What happened, as a stable name: `origin.failed`, `handler.threw`, ... */
  event: string;
  message?: string;
  [field: string]: unknown;
}
