/** Cloudflare Workers as a Host, and the Worker that a stack's main module exports. */

import { fromBytes } from "../../core/cache/streams";
import type { PurgeRequest } from "../../core/cache/types";
import { createEdge, type EdgeOptions } from "../../core/edge";
import type { PurgeReport } from "../../core/feature";
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
import type { EdgeSettings } from "../../core/settings.gen";

/** The parts of the platform's types that are used here. */
interface KvNamespaceBinding {
  get(key: string, type: "arrayBuffer"): Promise<ArrayBuffer | null>;
  get(key: string, type: "text"): Promise<string | null>;
  put(key: string, value: ArrayBuffer | string, options?: { expirationTtl?: number }): Promise<void>;
  delete(key: string): Promise<void>;
  list(options: { prefix: string; cursor?: string | undefined }): Promise<{
    keys: readonly { name: string }[];
    list_complete: boolean;
    cursor?: string;
  }>;
}
/** `ctx.cache` of Workers Cache: https://developers.cloudflare.com/workers/cache/purge/ */
type FrontCall = (what: FrontPurge) => Promise<{ success: boolean; errors?: readonly { message: string }[] }>;
interface RateLimitBinding {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}
interface ExecutionContext {
  waitUntil(work: Promise<unknown>): void;
  cache?: { purge: FrontCall; invalidate?: FrontCall };
}
type Env = Readonly<Record<string, unknown>>;

export interface Worker {
  fetch(request: Request, env: Env, context: ExecutionContext): Response | Promise<Response>;
  /** For other Workers of the account, by a service binding; no client reaches it. */
  purge(request: PurgeRequest, env: Env, context: ExecutionContext): Promise<PurgeReport | undefined>;
}

/** Pages of 1000 keys that one look at a KV prefix reads at most: markers past that are found when the first ones expire. */
const LIST_PAGES = 2;

/**
 * The Worker for these settings: `export default createWorker(settings, { features, handlers })`.
 *
 * @throws BadAssembly at start-up, where an endpoint needs a feature or a handler that is not there.
 */
export function createWorker(settings: EdgeSettings, options: EdgeOptions = {}): Worker {
  const edge = createEdge(settings, options);
  return {
    fetch(request, env, context) {
      const response = edge(request, new CloudflareHost(request, env, context), { env, context });
      return response instanceof Promise ? response.then(framed) : response;
    },
    purge: (request, env, context) => edge.purge(request, new CloudflareHost(NO_REQUEST, env, context)),
  };
}

declare const FixedLengthStream: new (length: number) => ReadableWritablePair<Uint8Array, Uint8Array>;

/**
 * Frames a body that is still coming from an origin by its announced length. workerd sends a stream made in JavaScript in
 * chunks and, when the stream fails, ends it as if it were whole: a body that broke off would look complete to a client.
 */
function framed(response: Response): Response {
  if (fromBytes.has(response) || response.headers.get("x-cache") !== "MISS") return response;
  const length = response.headers.get("content-length");
  if (response.body === null || length === null || !/^\d+$/.test(length)) return response;
  const { readable, writable } = new FixedLengthStream(Number(length));
  // A failure reaches the client as a connection that closes early; there is nobody else to tell.
  response.body.pipeTo(writable).catch(() => {});
  return new Response(readable, response);
}

function hasMethod<T>(value: unknown, ...names: string[]): value is T {
  return value != null && names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

/** A purge by a service binding is of no client. */
const NO_REQUEST = { headers: new Headers() } as Request;

class CloudflareHost implements Host {
  readonly platform = "cloudflare";
  readonly #env: Env;
  readonly #context: ExecutionContext;
  // `clientIp` and `geo` read the request as the platform gave it, before the entrance removes its headers.
  readonly #request: Request;

  constructor(request: Request, env: Env, context: ExecutionContext) {
    this.#request = request;
    this.#env = env;
    this.#context = context;
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

  waitUntil(work: Promise<unknown>): void {
    this.#context.waitUntil(
      work.catch((error: unknown) => {
        const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.log({ level: "error", event: "background.failed", message });
      }),
    );
  }

  get edgeCache(): EdgeCacheStore | undefined {
    return (globalThis.caches as unknown as { default?: EdgeCacheStore } | undefined)?.default;
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
        const names: string[] = [];
        let cursor: string | undefined;
        for (let page = 0; page < LIST_PAGES; page++) {
          const found = await binding.list({ prefix, cursor });
          for (const { name } of found.keys) names.push(name);
          if (found.list_complete) break;
          cursor = found.cursor;
        }
        return names;
      },
    };
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
