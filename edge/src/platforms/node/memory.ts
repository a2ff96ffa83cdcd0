/** Stores in the process's memory, with the same rules as the platforms' own. */

import type { KvKey } from "../../core/cache/types";
import type { EdgeCacheStore, KvStore, RateLimiter } from "../../core/host";

export type Clock = () => number;

export class MemoryKv implements KvStore {
  readonly entries = new Map<string, { value: ArrayBuffer; expiresAt: number; metadata: unknown }>();
  readonly #now: Clock;

  constructor(now: Clock = Date.now) {
    this.#now = now;
  }

  async get(key: string): Promise<ArrayBuffer | null> {
    const entry = this.entries.get(key);
    if (entry === undefined) return null;
    if (entry.expiresAt > this.#now()) return entry.value.slice(0);
    this.entries.delete(key);
    return null;
  }

  async getText(key: string): Promise<string | null> {
    const value = await this.get(key);
    return value === null ? null : new TextDecoder().decode(value);
  }

  async put(
    key: string,
    value: ArrayBuffer | string,
    options: { expirationTtl?: number; metadata?: unknown } = {},
  ): Promise<void> {
    if (new TextEncoder().encode(key).byteLength > 512) throw new Error("a KV key is at most 512 bytes");
    const ttl = options.expirationTtl;
    if (ttl !== undefined && !(ttl >= 60)) throw new Error(`expirationTtl ${ttl} is under 60 seconds`);
    const metadata = JSON.stringify(options.metadata);
    if (metadata !== undefined && new TextEncoder().encode(metadata).byteLength > 1024)
      throw new Error("a KV key's metadata is at most 1024 bytes");
    const bytes = typeof value === "string" ? new TextEncoder().encode(value).buffer : value.slice(0);
    this.entries.set(key, {
      value: bytes,
      metadata: metadata === undefined ? undefined : JSON.parse(metadata),
      expiresAt: ttl === undefined ? Number.POSITIVE_INFINITY : this.#now() + ttl * 1000,
    });
  }

  async delete(key: string): Promise<void> {
    this.entries.delete(key);
  }

  async list(prefix: string): Promise<readonly KvKey[]> {
    const now = this.#now();
    return [...this.entries]
      .filter(([key, entry]) => key.startsWith(prefix) && entry.expiresAt > now)
      .map(([name, { metadata }]) => ({ name, metadata }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

export class MemoryEdgeCache implements EdgeCacheStore {
  readonly entries = new Map<
    string,
    { body: ArrayBuffer; status: number; headers: [string, string][]; expiresAt: number }
  >();
  readonly #now: Clock;

  constructor(now: Clock = Date.now) {
    this.#now = now;
  }

  async match(url: string): Promise<Response | undefined> {
    const entry = this.entries.get(url);
    if (entry === undefined) return undefined;
    if (entry.expiresAt <= this.#now()) {
      this.entries.delete(url);
      return undefined;
    }
    const bodyless = entry.status === 204 || entry.status === 304;
    return new Response(bodyless ? null : entry.body.slice(0), { status: entry.status, headers: entry.headers });
  }

  async put(url: string, response: Response): Promise<void> {
    if (response.status === 206) throw new TypeError("a partial response is not put into the cache");
    if (response.headers.has("set-cookie") || response.headers.get("vary") === "*")
      throw new TypeError("not cacheable");
    const age = /max-age=(\d+)/.exec(response.headers.get("cache-control") ?? "")?.[1];
    const body = await response.arrayBuffer();
    if (age === undefined) return;
    const expiresAt = this.#now() + Number(age) * 1000;
    this.entries.set(url, { body, status: response.status, headers: [...response.headers], expiresAt });
  }

  async delete(url: string): Promise<boolean> {
    return this.entries.delete(url);
  }
}

/** Counts in fixed windows, as the platforms' counters do. */
export class MemoryRateLimiter implements RateLimiter {
  readonly #limit: number;
  readonly #periodMs: number;
  readonly #now: Clock;
  readonly #counts = new Map<string, number>();
  #window = -1;

  constructor(limit: number, periodS: number, now: Clock = Date.now) {
    this.#limit = limit;
    this.#periodMs = periodS * 1000;
    this.#now = now;
  }

  async limit(key: string): Promise<{ success: boolean }> {
    const window = Math.floor(this.#now() / this.#periodMs);
    if (window !== this.#window) {
      this.#counts.clear();
      this.#window = window;
    }
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return { success: count <= this.#limit };
  }
}
