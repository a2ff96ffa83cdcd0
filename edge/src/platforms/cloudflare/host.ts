/** Cloudflare Workers as a Host. */

import type { Outcome } from "../../core/cache/decide/outcome";
import type { KvKey, ShieldObject } from "../../core/cache/types";
import type {
  EdgeCacheStore,
  FrontCache,
  FrontPurge,
  Geo,
  Host,
  KvStore,
  LogEntry,
  RateLimiter,
} from "../../core/host";

/** The parts of the platform's types that are used here. */
interface KvNamespaceBinding {
  get(key: string, type: "arrayBuffer"): Promise<ArrayBuffer | null>;
  get(key: string, type: "text"): Promise<string | null>;
  put(
    key: string,
    value: ArrayBuffer | string,
    options?: { expirationTtl?: number; metadata?: unknown },
  ): Promise<void>;
  delete(key: string): Promise<void>;
  list(options: { prefix: string; cursor?: string | undefined }): Promise<{
    keys: readonly KvKey[];
    list_complete: boolean;
    cursor?: string;
  }>;
}
/** `ctx.cache` of Workers Cache: https://developers.cloudflare.com/workers/cache/purge/ */
type FrontCall = (what: FrontPurge) => Promise<{ success: boolean; errors?: readonly { message: string }[] }>;
interface DurableObjectClass {
  idFromName(name: string): unknown;
  get(id: unknown, options?: { locationHint?: string | undefined }): ShieldObject;
}
interface RateLimitBinding {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}
export interface ExecutionContext {
  waitUntil(work: Promise<unknown>): void;
  cache?: { purge: FrontCall; invalidate?: FrontCall };
  /** The main module's own exports: https://developers.cloudflare.com/workers/runtime-apis/context/#exports */
  exports?: Readonly<Record<string, unknown>>;
}
/** Streams of workerd's own: https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/ */
declare const FixedLengthStream: new (length: number) => ReadableWritablePair<Uint8Array, Uint8Array>;
declare const IdentityTransformStream: new () => ReadableWritablePair<Uint8Array, Uint8Array>;
export type Env = Readonly<Record<string, unknown>>;

/** Pages of 1000 keys that one look at a KV prefix reads at most: the newest markers, and that there are older ones. */
const LIST_PAGES = 2;

function hasMethod<T>(value: unknown, ...names: string[]): value is T {
  return value != null && names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

/** The cache with its entries under the function's own hostname: https://developers.cloudflare.com/workers/runtime-apis/cache/ */
function onHost(cache: EdgeCacheStore, host: string): EdgeCacheStore {
  const named = (url: string) => url.replace(/^https:\/\/[^/]*/, `https://${host}/.well-known/edgewright/cache`);
  return {
    match: (url) => cache.match(named(url)),
    put: (url, response) => cache.put(named(url), response),
    delete: (url) => cache.delete(named(url)),
  };
}

export class CloudflareHost implements Host {
  readonly platform = "cloudflare";
  readonly #env: Env;
  readonly #context: ExecutionContext;
  // `clientIp` and `geo` read the request as the platform gave it, before the entrance removes its headers.
  readonly #request: Request;

  readonly #cacheHost: string | null | undefined;
  /** What became of the request at the cache; undefined where no endpoint answered. */
  outcome: Outcome | undefined;

  constructor(request: Request, env: Env, context: ExecutionContext, cacheHost?: string | null) {
    this.#request = request;
    this.#env = env;
    this.#context = context;
    this.#cacheHost = cacheHost;
  }

  settled(outcome: Outcome): void {
    this.outcome = outcome;
  }

  now(): number {
    return Date.now();
  }

  random(): number {
    return Math.random();
  }

  readonly rawBodies = true;

  fetch(request: Request, { raw = false } = {}): Promise<Response> {
    // Without this, workerd decodes a coded body when it is read and codes it again when it is sent.
    return raw ? fetch(request, { encodeResponseBody: "manual" } as RequestInit) : fetch(request);
  }

  pipe(length: number | undefined): ReadableWritablePair<Uint8Array, Uint8Array> {
    // With a stream made in JavaScript, workerd would forget the length and send the body in chunks.
    return length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length);
  }

  waitUntil(work: Promise<unknown>): void {
    this.#context.waitUntil(
      work.catch((error: unknown) => {
        const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.log({ level: "error", event: "background.failed", message });
      }),
    );
  }

  get edgeCache(): EdgeCacheStore | undefined {
    const cache = (globalThis.caches as unknown as { default?: EdgeCacheStore } | undefined)?.default;
    const host = this.#cacheHost;
    return cache && host ? onHost(cache, host) : cache;
  }

  get frontCache(): FrontCache | undefined {
    const cache = this.#context.cache;
    if (typeof cache?.purge !== "function") return undefined;
    return {
      async purge(what, soft) {
        const result = await (soft && cache.invalidate ? cache.invalidate(what) : cache.purge(what));
        if (result?.success) return;
        throw new Error(result?.errors?.map(({ message }) => message).join("; ") || "no reason was given");
      },
    };
  }

  kv(name: string): KvStore | undefined {
    const binding = this.#env[name];
    if (!hasMethod<KvNamespaceBinding>(binding, "get", "put", "delete")) return undefined;
    return {
      get: (key) => binding.get(key, "arrayBuffer"),
      getText: (key) => binding.get(key, "text"),
      put: (key, value, options) => binding.put(key, value, options),
      delete: (key) => binding.delete(key),
      async list(prefix) {
        const keys: KvKey[] = [];
        let cursor: string | undefined;
        for (let page = 0; page < LIST_PAGES; page++) {
          const found = await binding.list({ prefix, cursor });
          keys.push(...found.keys);
          if (found.list_complete) break;
          cursor = found.cursor;
        }
        return keys;
      },
    };
  }

  // Without a binding: the platform refuses one to a class that is only made with the same deployment.
  shield(className: string, name: string, location: string | undefined): ShieldObject | undefined {
    const namespace = this.#context.exports?.[className];
    if (!hasMethod<DurableObjectClass>(namespace, "idFromName", "get")) return undefined;
    return namespace.get(namespace.idFromName(name), { locationHint: location });
  }

  geo(): Geo {
    const cf = (this.#request as Request & { cf?: Record<string, unknown> }).cf ?? {};
    const text = (name: string) => (typeof cf[name] === "string" && cf[name] !== "" ? (cf[name] as string) : undefined);
    const degrees = (name: string) => {
      const value = text(name);
      return value === undefined || Number.isNaN(Number(value)) ? undefined : Number(value);
    };
    const country = text("country")?.toUpperCase();
    return {
      // XX is an unknown country and T1 the Tor network.
      country: country === "XX" || country === "T1" ? undefined : country,
      continent: text("continent"),
      region: text("regionCode"),
      city: text("city"),
      colo: text("colo"),
      latitude: degrees("latitude"),
      longitude: degrees("longitude"),
    };
  }

  clientIp(): string | undefined {
    // Cloudflare sets this header itself and a client cannot: a request that brings its own is answered 403 before us.
    return this.#request.headers.get("cf-connecting-ip") ?? undefined;
  }

  secret(name: string): string | undefined {
    const value = this.#env[name];
    return typeof value === "string" ? value : undefined;
  }

  rateLimit(name: string): RateLimiter | undefined {
    const binding = this.#env[name];
    if (!hasMethod<RateLimitBinding>(binding, "limit")) return undefined;
    return { limit: (key) => binding.limit({ key }) };
  }

  log(entry: LogEntry): void {
    const line = JSON.stringify(entry);
    if (entry.level === "error") console.error(line);
    else if (entry.level === "warn") console.warn(line);
    else console.log(line);
  }
}
