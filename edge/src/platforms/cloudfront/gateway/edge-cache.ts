// CloudFront's cache over the portable cache core.
//
// The core stores by RFC 9111; CloudFront has its own rules. So the core is shown a request whose URL is CloudFront's
// cache key, and a response whose freshness is CloudFront's verdict, in a targeted field that overrides Cache-Control.
// The response as it really is (status, headers, cookies) travels with the entry in one field of its own.

import { createHash } from "node:crypto";
import { STATUS_CODES } from "node:http";
import { Readable } from "node:stream";
import type { ReadableStream as WebStream } from "node:stream/web";
import { cacheOf, coreOf, OF_ONE_ANSWER } from "../../../core/cache/cache.js";
import { complete } from "../../../core/cache/complete.js";
import type { Core } from "../../../core/cache/core.js";
import type { Outcome } from "../../../core/cache/decide/outcome.js";
import type { Flight } from "../../../core/cache/flight.js";
import { all } from "../../../core/cache/index.js";
import { purge } from "../../../core/cache/purge.js";
import type { CacheContext, CacheSpec } from "../../../core/cache/types.js";
import { toWebStream } from "./body.js";
import { get, headersOf, pairsOf, setHeader } from "./headers.js";
import type { Lifetime } from "./ttl.js";
import type { Deps, EdgeRequest, EdgeResponse, Headers as HeaderMap } from "./types.js";

const FRESHNESS = "cloudfront-cache-control";
const WHOLE = "x-edgewright-response";
/** What a 304 said, so that it does not replace what the full response said. */
const UPDATE = "x-edgewright-update";

/** Objects above this are passed on and not kept. CloudFront itself keeps 50 GB (gap `aws-object-size`). */
const MAX_OBJECT_BYTES = 64 * 1024 * 1024;

/** A status that no cache takes for a passing failure of the origin: nothing stale may stand in for it. */
const NOT_ORIGINS_FAULT = 520;

/** An `If-Range` that holds for nothing: a weak tag. */
const NEVER = 'W/""';

/** What the stages behind the cache bring. */
export interface Fetched {
  response: EdgeResponse;
  lifetime: Lifetime;
  /** The status by which the cache decides; the response's own may be another (custom error pages). */
  originStatus: number;
  /** Who made it, for `X-Cache` on later hits. */
  mark: Mark;
  /** By which it can be invalidated. */
  tags?: readonly string[];
  /** True for a failure that is neither the origin's nor to be stored. */
  final?: boolean;
}

export interface Mark {
  /** The origin, or CloudFront for it, answered with 400 or more: no viewer-response function runs. */
  error?: boolean;
  /** A Lambda function made the response in an origin-request event. */
  generated?: boolean;
}

/** Headers that the cache wants the origin to be asked with. */
export interface Conditions {
  method: string;
  headers: [string, string][];
}

export interface Answer {
  response: EdgeResponse;
  result: "Hit" | "RefreshHit" | "Miss";
  /** Seconds; undefined for what just came from the origin. */
  age: number | undefined;
  mark: Mark;
}

interface Stored {
  s: number;
  d: string;
  h: [string, string][];
  m: Mark;
}

const PASSED_ON = ["if-none-match", "if-modified-since", "if-range", "range", "if-match", "if-unmodified-since"];

/** Requests that nobody may join, but for those behind the scenes: of these one is enough. */
class Alone extends Map<string, Flight> {
  override set(key: string, flight: Flight): this {
    return flight.inBackground ? super.set(key, flight) : this;
  }
}

/**
 * Requests of one key share one origin request where they are collapsed.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#request-custom-traffic-spikes
 */
export class EdgeCache {
  #core: Core;
  #shared: ReturnType<typeof cacheOf>;
  #alone: ReturnType<typeof cacheOf>;
  readonly #spec: ReturnType<typeof complete>;
  readonly #ctx: CacheContext;
  /** Keys whose origin failed while something stale could serve -> until when (ms) it is left alone. */
  readonly #holds = new Map<string, { until: number; fetched: () => Fetched }>();
  readonly #work = new Set<Promise<unknown>>();

  constructor(name: string, maxBytes: number, deps: Deps) {
    const spec: CacheSpec = {
      name,
      mode: "origin",
      tiers: { memory: { max_bytes: maxBytes, max_object_bytes: Math.min(MAX_OBJECT_BYTES, maxBytes) } },
    };
    this.#spec = complete(spec);
    this.#ctx = {
      now: deps.now ?? Date.now,
      random: deps.random ?? Math.random,
      rawBodies: true,
      waitUntil: (work) => {
        const done = work.catch((error) => deps.log?.({ level: "warn", message: String(error), subject: name }));
        this.#work.add(done);
        void done.finally(() => this.#work.delete(done));
      },
      warn: (message) => deps.log?.({ level: "warn", message, subject: name }),
    };
    [this.#core, this.#shared, this.#alone] = this.#create();
  }

  #create(): [Core, ReturnType<typeof cacheOf>, ReturnType<typeof cacheOf>] {
    const options = { targetedFields: [FRESHNESS], hitForMissMs: 1000, unstoredHeaders: [...OF_ONE_ANSWER] };
    const core = coreOf(all, [this.#spec], options);
    // The same store, in which each request that misses asks for itself.
    return [core, cacheOf(core), cacheOf({ ...core, flights: new Alone() })];
  }

  /** Forgets everything. What is under way still answers its requests, and is not kept. */
  clear(): void {
    [this.#core, this.#shared, this.#alone] = this.#create();
    this.#holds.clear();
  }

  /** Forgets what has one of these tags, and keeps nothing with one that is under way. */
  async forget(tags: readonly string[]): Promise<void> {
    await purge(this.#core, { tags }, this.#ctx);
  }

  stats(): { entries: number; bytes: number } {
    return this.#core.memory?.stats() ?? { entries: 0, bytes: 0 };
  }

  /** Waits for work behind responses: revalidation, bodies still coming in. */
  async settled(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  /** @param collapsed whether it may wait for what another request of its key brings */
  async handle(
    key: string,
    request: EdgeRequest,
    collapsed: boolean,
    fetch: (conditions: Conditions) => Promise<Fetched>,
  ): Promise<Answer> {
    const id = createHash("sha256").update(key).digest("base64url");
    const headers: [string, string][] = [];
    for (const name of PASSED_ON) {
      const value = get(request.headers, name);
      if (value !== undefined) headers.push([name, value]);
    }
    const method = request.method === "HEAD" ? "HEAD" : "GET";
    let outcome: Outcome | undefined;
    const context: CacheContext = {
      ...this.#ctx,
      settled: (settled) => {
        outcome = settled;
      },
    };
    const asked = new Request(`https://cloudfront.invalid/${id}`, { method, headers });
    const answer = await (collapsed ? this.#shared : this.#alone).handle(asked, this.#spec, context, async (wanted) => {
      // The core would complete a stored beginning by a range of its own. CloudFront asks for what viewers ask for, and
      // its functions and origins see nothing else (gap `aws-ranges`).
      if (wanted.headers.get("range") !== (get(request.headers, "range") ?? null)) {
        for (const name of ["range", "if-range"]) wanted.headers.delete(name);
      }
      const fetched = await this.#guarded(id, wanted, fetch);
      // An origin that does not know ranges: this viewer gets the whole as well, and no range cut from it.
      if (fetched.originStatus === 200 && wanted.headers.has("range")) asked.headers.set("if-range", NEVER);
      return toResponse(fetched, wanted.method);
    });
    return fromResponse(answer, resultOf(outcome));
  }

  /** Leaves a failing origin alone for its error TTL while something stale serves. */
  async #guarded(id: string, wanted: Request, fetch: (conditions: Conditions) => Promise<Fetched>): Promise<Fetched> {
    const now = this.#ctx.now();
    const hold = this.#holds.get(id);
    if (hold !== undefined && hold.until > now) return hold.fetched();
    const fetched = await fetch({ method: wanted.method, headers: [...wanted.headers] });
    const { lifetime, originStatus, response } = fetched;
    if (originStatus >= 500 && lifetime.ttl !== undefined && !(response.body instanceof Readable)) {
      this.#holds.set(id, { until: now + lifetime.ttl * 1000, fetched: () => fetched });
      if (this.#holds.size > 10_000) this.#holds.delete(this.#holds.keys().next().value as string);
    } else if (hold !== undefined) this.#holds.delete(id);
    return fetched;
  }
}

function ascii(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const NULL_BODY = new Set([204, 205, 304]);

function toResponse(fetched: Fetched, method: string): Response {
  const { response, lifetime, originStatus } = fetched;
  const status = fetched.final ? NOT_ORIGINS_FAULT : originStatus;
  const stored: Stored = {
    s: response.status,
    d: response.statusDescription,
    h: pairsOf(response.headers),
    m: fetched.mark,
  };
  const headers = new Headers();
  for (const name of ["etag", "last-modified", "content-length", "content-range", "content-type", "content-encoding"]) {
    const value = get(response.headers, name);
    if (value !== undefined) headers.set(name, value);
  }
  if (status === 304) headers.set(UPDATE, ascii(stored.h));
  else headers.set(WHOLE, ascii(stored));
  if (fetched.tags !== undefined && fetched.tags.length > 0) headers.set("cache-tag", fetched.tags.join(","));
  // A 304 that says nothing of freshness starts the stored response's own anew.
  const silent = status === 304 && !("cache-control" in response.headers || "expires" in response.headers);
  if (!silent) headers.set(FRESHNESS, freshness(lifetime));
  const bodyless = NULL_BODY.has(status) || method === "HEAD";
  if (bodyless && response.body instanceof Readable) response.body.resume();
  const body = bodyless ? null : response.body instanceof Readable ? toWebStream(response.body) : response.body;
  return new Response((body ?? null) as BodyInit | null, { status, headers });
}

function freshness({ ttl, staleWhileRevalidate, staleIfError }: Lifetime): string {
  if (ttl === undefined) return "no-store";
  const parts = [`max-age=${Math.floor(ttl)}`];
  if (staleWhileRevalidate > 0) parts.push(`stale-while-revalidate=${staleWhileRevalidate}`);
  parts.push(`stale-if-error=${staleIfError}`);
  return parts.join(", ");
}

/** Fields of the message that the cache itself decides. */
const OF_MESSAGE = ["content-length", "content-range"];

/** What CloudFront calls an outcome of the core; undefined where the core was not asked. */
export function resultOf(outcome: Outcome | undefined): Answer["result"] {
  if (outcome !== undefined && outcome.kind !== "forwarded") return "Hit";
  return outcome?.originStatus === 304 ? "RefreshHit" : "Miss";
}

async function fromResponse(answer: Response, result: Answer["result"]): Promise<Answer> {
  const whole = answer.headers.get(WHOLE);
  const stored: Stored = whole === null ? { s: answer.status, d: "", h: [], m: {} } : (JSON.parse(whole) as Stored);
  const headers = headersOf(stored.h);
  const update = answer.headers.get(UPDATE);
  if (update !== null) merge(headers, headersOf(JSON.parse(update) as [string, string][]));
  // Parts that were joined to the whole bear what the last part said.
  const joined = stored.s === 206 && answer.status === 200;
  const changed = joined || answer.status === 304 || answer.status === 206 || answer.status === 416;
  if (changed) {
    const total = joined ? /\/(\d+)$/.exec(get(headers, "content-range")?.trim() ?? "")?.[1] : undefined;
    for (const name of OF_MESSAGE) delete headers[name];
    if (total !== undefined) setHeader(headers, "Content-Length", total);
    if (answer.status === 304) for (const name of ["content-type", "content-encoding"]) delete headers[name];
  }
  for (const name of OF_MESSAGE) {
    const value = answer.headers.get(name);
    if (value !== null) headers[name] = [{ key: name === "content-range" ? "Content-Range" : "Content-Length", value }];
  }
  const age = answer.headers.get("age");
  return {
    response: {
      status: changed && stored.s < 400 ? answer.status : stored.s,
      statusDescription: changed && stored.s < 400 ? (STATUS_CODES[answer.status] ?? "") : stored.d,
      headers,
      body: await bodyOf(answer, result),
    },
    result,
    age: result === "Miss" ? undefined : Number(age ?? 0),
    mark: stored.m,
  };
}

function merge(headers: HeaderMap, update: HeaderMap): void {
  for (const [name, fields] of Object.entries(update)) {
    if (!["content-length", "content-encoding", "content-range", "transfer-encoding"].includes(name))
      headers[name] = fields;
  }
}

/** A hit's body is in memory: its bytes are taken whole, which is cheaper than a stream. */
async function bodyOf(answer: Response, result: Answer["result"]): Promise<EdgeResponse["body"]> {
  if (answer.body === null) return undefined;
  if (result === "Hit") return new Uint8Array(await answer.arrayBuffer());
  return Readable.fromWeb(answer.body as WebStream<Uint8Array>);
}
