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

  /** Sends a request to the network. Redirects are followed only if the request says so. */
  fetch(request: Request): Promise<Response>;

  /** Lets work go on after the response was sent. A rejection is logged, never thrown into the request. */
  waitUntil(work: Promise<unknown>): void;

  /** The data centre's cache, where the platform has one. */
  readonly edgeCache: EdgeCacheStore | undefined;

  /** The key-value store bound under this name; undefined if there is none. */
  kv(name: string): KvStore | undefined;

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

/** The part of the web's Cache API that the core needs. */
export interface EdgeCacheStore {
  match(request: Request): Promise<Response | undefined>;
  put(request: Request, response: Response): Promise<void>;
  delete(request: Request): Promise<boolean>;
}

/** A key-value store with eventual consistency: a write may be seen elsewhere only after a minute or more. */
export interface KvStore {
  getText(key: string): Promise<string | null>;
  getBytes(key: string): Promise<KvEntry<ArrayBuffer> | null>;
  getStream(key: string): Promise<KvEntry<ReadableStream<Uint8Array>> | null>;
  put(key: string, value: string | ArrayBuffer | ArrayBufferView | ReadableStream, options?: KvPutOptions): Promise<void>;
  delete(key: string): Promise<void>;
}

export interface KvEntry<V> {
  value: V;
  /** JSON given at `put`; null if there was none. At most 1024 bytes as text. */
  metadata: unknown;
}

export interface KvPutOptions {
  /** Seconds until the entry goes. Workers KV accepts 60 and more. */
  ttlS?: number;
  metadata?: unknown;
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
