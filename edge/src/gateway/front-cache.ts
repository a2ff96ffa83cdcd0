// Workers Cache: the cache that Cloudflare puts in front of a version with `cache_options.enabled`. Here it is the portable cache core, shown
// requests and answers in the terms of that product; what differs is gap `workers-cache`.
// https://developers.cloudflare.com/workers/cache/ (configuration, cache-keys, purge, limitations; read November 2026)

import http, { type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { ReadableStream as WebStream } from "node:stream/web";
import { freshnessLifetime } from "../core/cache/decide/origin-freshness.js";
import type { Outcome } from "../core/cache/decide/outcome.js";
import type { Directives } from "../core/cache/directives.js";
import { createCache } from "../core/cache/index.js";
import { slice } from "../core/cache/streams.js";
import { directivesFor } from "../core/cache/targeted.js";
import type { Cache, CacheContext, CacheSpec, PurgeRequest } from "../core/cache/types.js";
import { rangeApplies } from "../core/conditional.js";
import { removeHopByHop } from "../core/hop-by-hop.js";
import type { FrontPurge } from "../core/host.js";
import { parseRange } from "../core/ranges.js";
import { answerConditional } from "../core/static.js";
import { ANSWER_HEADER } from "./entry.js";
import type { Logs } from "./logs.js";
import { agent, UNCONNECTED, type Upstream } from "./proxy.js";
import { restOf, spellings } from "./targets.js";

/** Where Workers' calls of `ctx.cache` arrive; see entry.ts and outbound.ts. */
export const FRONT_CACHE_HOST = "front-cache.edgewright.invalid";
export const frontCacheUrl = (worker: string): string => `http://${FRONT_CACHE_HOST}/${encodeURIComponent(worker)}`;

/** What one Worker's cache may hold here. The product's own limits are those of the zone cache. */
const MAX_BYTES = 128 * 1024 * 1024;
const MAX_OBJECT_BYTES = 32 * 1024 * 1024;
/** Versions of a Worker whose entries are kept, so that a rollback finds them. */
const VERSIONS = 4;

/** Freshness (s) of an answer that says nothing of caching, by status. Others are not stored. */
const UNSAID: Readonly<Record<number, number>> = {
  200: 7200,
  203: 7200,
  204: 7200,
  300: 1200,
  301: 1200,
  404: 180,
  405: 60,
  410: 180,
  414: 60,
  501: 60,
};
/** `stale-if-error` where nothing is said: for as long as the entry is there. */
const FOR_EVER_S = 10 * 365 * 86400;

const OWN_FIELD = "edgewright-front-control";
/** The Worker's own headers that the core would change on the way, as JSON. */
const KEPT_FIELD = "x-edgewright-front-kept";
/** The same of a 304, which leaves the stored answer's own words where there is one. */
const KEPT_OF_304 = "x-edgewright-front-kept-304";
const RAW_TARGET = "x-edgewright-front-target";
const KEPT = ["cache-control", "cdn-cache-control", "cache-status", "x-cache", "expires", "pragma"];
const KEPT_UNSTORED = ["x-origin-latency", "x-origin-failover", "server-timing"];
const SAYS = ["cloudflare-cdn-cache-control", "cdn-cache-control", "cache-control", "expires"];
/** Part of the key, against cache poisoning. */
const POISONS = [
  "cloudflare-workers-version-key",
  "forwarded",
  "x-forwarded-host",
  "x-forwarded-scheme",
  "x-host",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url",
];

const SPEC: CacheSpec = {
  name: "workers-cache",
  mode: "origin",
  tiers: { memory: { max_bytes: MAX_BYTES, max_object_bytes: MAX_OBJECT_BYTES } },
  key: { headers: [RAW_TARGET, ...POISONS] },
};

export interface Fronted {
  request: IncomingMessage;
  response: ServerResponse;
  upstream: Upstream;
  /** As the client wrote it, with its query: other spellings are other entries. */
  path: string;
  headers: string[];
  answer: (raw: string[]) => string[];
  /** Keeps workerd while something is under way behind the answer. */
  hold: () => () => void;
}

export interface FrontResult {
  memory: number;
}

export class FrontCaches {
  /** By Worker, then by version, or `*` where versions share one. The last used comes last. */
  readonly #workers = new Map<string, Map<string, Cache>>();
  readonly #work = new Set<Promise<unknown>>();

  constructor(private readonly logs: Logs) {}

  #of(worker: string, version: string): Cache {
    let versions = this.#workers.get(worker);
    if (versions === undefined) {
      versions = new Map();
      this.#workers.set(worker, versions);
    }
    const found = versions.get(version) ?? createCache({ targetedFields: [OWN_FIELD], name: "front" });
    versions.delete(version);
    versions.set(version, found);
    for (const oldest of [...versions.keys()].slice(0, -VERSIONS)) versions.delete(oldest);
    return found;
  }

  /** Answers a GET or HEAD; gives the status that the client got, or 499 where it left before one. */
  async serve(worker: string, version: string, fronted: Fronted): Promise<number> {
    const { request, response } = fronted;
    const context = this.#context(worker, fronted.hold);
    // HEAD fills the cache as GET does.
    const asked = new Request("https://front.invalid/", { headers: webHeaders(fronted.headers) });
    const url = new URL(asked.url);
    url.pathname = fronted.path.split("?", 1)[0] as string;
    const headers = new Headers(asked.headers);
    headers.set(RAW_TARGET, fronted.path);
    let outcome: Outcome | undefined;
    context.settled = (settled) => {
      outcome = settled;
    };
    const answer = await this.#of(worker, version).handle(new Request(url, { headers }), SPEC, context, (onward) =>
      fetchWorker(fronted, onward),
    );
    const status = statusOf(outcome);
    const given = status === "BYPASS" ? asAsked(request, asked.headers, answer) : answer;
    return write(request, response, given, status, fronted.answer);
  }

  #context(worker: string, hold: Fronted["hold"]): CacheContext {
    return {
      now: Date.now,
      random: Math.random,
      rawBodies: true,
      waitUntil: (work) => {
        const release = hold();
        const done = work
          .catch((error: unknown) => this.logs.warn(`${worker}: behind the cache in front: ${String(error)}`))
          .finally(() => {
            release();
            this.#work.delete(done);
          });
        this.#work.add(done);
      },
      warn: (message) => this.logs.warn(`${worker}: cache in front: ${message}`),
    };
  }

  /** Answers a call of `ctx.cache` as the product does; `path` names the Worker. Or hears of an answer that breaks off. */
  async called(path: string, body: string): Promise<{ success: boolean; errors: { code: number; message: string }[] }> {
    try {
      const { what, soft, broken } = JSON.parse(body) as { what: FrontPurge; soft: boolean; broken?: string };
      if (broken !== undefined) {
        streamed.get(broken)?.destroy(new Error("The Worker's answer broke off."));
        return { success: true, errors: [] };
      }
      const known = ["tags", "pathPrefixes", "purgeEverything"];
      const wrong = Object.keys(what).filter((name) => !known.includes(name));
      if (wrong.length > 0 || Object.keys(what).length === 0)
        throw new Error(`It takes ${known.join(", ")}, at least one; got ${wrong.join(", ") || "none"}.`);
      await this.purgeWorker(decodeURIComponent(path.slice(1)), what, soft);
      return { success: true, errors: [] };
    } catch (error) {
      return {
        success: false,
        errors: [{ code: 1001, message: error instanceof Error ? error.message : String(error) }],
      };
    }
  }

  /** Purges in the terms of `ctx.cache`, every version of a Worker: what it says is of the data, not of the code. */
  async purgeWorker(worker: string, what: FrontPurge, soft: boolean): Promise<void> {
    await this.#purge(this.#workers.get(worker), {
      // Tags match whatever the case.
      ...(what.tags && { tags: what.tags.map((tag) => tag.toLowerCase()) }),
      ...(what.pathPrefixes && { prefixes: what.pathPrefixes }),
      ...(what.purgeEverything && { everything: true }),
      soft,
    });
  }

  /** Purges as a person asks for it, in every Worker's cache; hosts do not matter, because no key has one. */
  async purge(request: PurgeRequest): Promise<FrontResult> {
    const targets = [...(request.urls ?? []), ...(request.prefixes ?? [])];
    const paths = targets.flatMap((target) => spellings(restOf(target))).map((rest) => rest.split("?", 1)[0] as string);
    const translated: PurgeRequest = {
      ...(request.tags?.length && { tags: request.tags.map((tag) => tag.toLowerCase()) }),
      ...(paths.length > 0 && { prefixes: paths }),
      ...(request.everything && { everything: true }),
      soft: request.soft ?? false,
    };
    let memory = 0;
    for (const versions of this.#workers.values()) memory += await this.#purge(versions, translated);
    return { memory };
  }

  async #purge(versions: Map<string, Cache> | undefined, request: PurgeRequest): Promise<number> {
    let count = 0;
    for (const cache of versions?.values() ?? []) {
      const context = this.#context("purge", () => () => {});
      count += (await cache.purge(request, context)).memory;
    }
    return count;
  }

  stats(): { entries: number; bytes: number } {
    let [entries, bytes] = [0, 0];
    for (const versions of this.#workers.values()) {
      for (const cache of versions.values()) {
        entries += cache.stats().entries;
        bytes += cache.stats().bytes;
      }
    }
    return { entries, bytes };
  }
}

/** Whether the cache is asked at all: https://developers.cloudflare.com/workers/cache/limitations/ */
export function frontable(request: IncomingMessage): boolean {
  return request.method === "GET" || request.method === "HEAD";
}

/** An answer that passed the cache by: what was said to the cache ends here all the same. */
export function unfronted(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] as string).toLowerCase();
    if (name !== "cloudflare-cdn-cache-control" && name !== "cache-tag" && name !== ANSWER_HEADER)
      kept.push(raw[index] as string, raw[index + 1] as string);
  }
  kept.push("Cf-Cache-Status", "BYPASS");
  return kept;
}

function webHeaders(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index < raw.length; index += 2) {
    headers.append(raw[index] as string, raw[index + 1] as string);
  }
  return headers;
}

/** Headers of a request that the core may change: conditions and ranges. The others go on exactly as they came. */
const CORES = new Set(["if-none-match", "if-modified-since", "if-range", "range"]);
/**
 * What says that a body follows. None does: a request that may be answered to many goes on without the one client's body, and with these left
 * in, workerd would take the next request on the same connection for it.
 */
const OF_BODIES = new Set(["content-length", "transfer-encoding", "expect", "trailer"]);

function fetchWorker(fronted: Fronted, onward: Request): Promise<Response> {
  const raw: string[] = [];
  for (let index = 0; index < fronted.headers.length; index += 2) {
    const name = fronted.headers[index] as string;
    const lower = name.toLowerCase();
    if (!CORES.has(lower) && !OF_BODIES.has(lower)) raw.push(name, fronted.headers[index + 1] as string);
  }
  // The Worker is expected to answer with the whole, of which ranges are cut here.
  for (const name of ["if-none-match", "if-modified-since"]) {
    const value = onward.headers.get(name);
    if (value !== null) raw.push(name, value);
  }
  const { upstream } = fronted;
  const attempt = async (tries: number): Promise<Response> => {
    await upstream.available();
    const life = upstream.life();
    try {
      return await ask(fronted, raw);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const again = UNCONNECTED.has(code ?? "") || code === "ECONNRESET" || upstream.innocent(life);
      if (tries >= 3 || !again || upstream.guilty()) throw upstream.lost(life, error as NodeJS.ErrnoException);
      return attempt(tries + 1);
    }
  };
  return attempt(0);
}

function ask(fronted: Fronted, headers: string[]): Promise<Response> {
  return new Promise((resolve, reject) => {
    const release = fronted.hold();
    const onward = http.request({
      socketPath: fronted.upstream.socket,
      agent,
      method: "GET",
      path: fronted.path,
      headers,
      setDefaultHeaders: false,
    } as http.RequestOptions);
    onward.on("error", reject);
    onward.on("close", release);
    onward.on("response", (incoming) => {
      fronted.upstream.progress();
      try {
        resolve(shown(incoming));
      } catch (error) {
        incoming.destroy();
        reject(error);
      }
    });
    onward.end();
  });
}

const NULL_BODY = new Set([204, 205, 304]);

/** Answers that are under way, by the name that the entry module gave them. */
const streamed = new Map<string, IncomingMessage>();

/** A Worker's answer as the core is to see it: what the product makes of it stands in one targeted field. */
function shown(incoming: IncomingMessage): Response {
  const status = incoming.statusCode as number;
  const headers = webHeaders(incoming.rawHeaders);
  const name = headers.get(ANSWER_HEADER);
  if (name !== null) {
    streamed.set(name, incoming);
    incoming.once("close", () => streamed.delete(name));
  }
  removeHopByHop(headers);
  headers.delete(ANSWER_HEADER);
  const kept: [string, string][] = [];
  for (const name of [...KEPT, ...KEPT_UNSTORED]) {
    const value = headers.get(name);
    if (value !== null) kept.push([name, value]);
  }
  headers.set(status === 304 ? KEPT_OF_304 : KEPT_FIELD, encodeURIComponent(JSON.stringify(kept)));
  const says = SAYS.some((name) => headers.has(name));
  if (status !== 304 || says) headers.set(OWN_FIELD, control(status, headers, says));
  for (const name of [...KEPT, ...KEPT_UNSTORED, "cloudflare-cdn-cache-control"]) headers.delete(name);
  const tags = headers.get("cache-tag");
  if (tags !== null) headers.set("cache-tag", tags.toLowerCase());
  const bodyless = NULL_BODY.has(status);
  if (bodyless) incoming.resume();
  return new Response(bodyless ? null : (Readable.toWeb(incoming) as unknown as BodyInit), {
    status,
    statusText: incoming.statusMessage ?? "",
    headers,
  });
}

/** What Workers Cache makes of an answer's words, as a targeted field (RFC 9213). */
function control(status: number, headers: Headers, says: boolean): string {
  if (status === 206 || (status >= 520 && status <= 526)) return "no-store";
  if (!says) {
    const fresh = UNSAID[status];
    return fresh === undefined ? "no-store" : `max-age=${fresh}, stale-if-error=${FOR_EVER_S}`;
  }
  const { directives, targeted } = directivesFor(headers, ["cloudflare-cdn-cache-control", "cdn-cache-control"]);
  const never = ["s-maxage", "must-revalidate", "proxy-revalidate"].some((name) => directives.has(name));
  const parts = [...words(directives)];
  const fresh = freshnessLifetime(directives, targeted, status, headers, Date.now());
  if (fresh.explicit) parts.push(`max-age=${fresh.seconds}`);
  if (never) parts.push("must-revalidate", "public");
  else if (!directives.has("stale-if-error")) parts.push(`stale-if-error=${FOR_EVER_S}`);
  return parts.join(", ") || "no-store";
}

const DROPPED = new Set(["max-age", "s-maxage", "must-revalidate", "proxy-revalidate"]);

function* words(directives: Directives): Generator<string> {
  for (const [name, value] of directives) {
    if (DROPPED.has(name) || !/^[a-z*][a-z0-9_.*-]*$/.test(name)) continue;
    if (value === true) yield name;
    else if (/^\d{1,15}$/.test(value)) yield `${name}=${value}`;
    else if (name === "private" || name === "no-cache") yield `${name}="${value.replace(/[^ !#-[\]-~]/g, "")}"`;
  }
}

/** Values of `Cf-Cache-Status`: https://developers.cloudflare.com/cache/concepts/cache-responses/ */
export type CfCacheStatus = "HIT" | "UPDATING" | "STALE" | "MISS" | "EXPIRED" | "REVALIDATED" | "BYPASS";

/** What the product calls an outcome of the core; undefined where the core was not asked. */
export function statusOf(outcome: Outcome | undefined): CfCacheStatus {
  if (outcome === undefined) return "BYPASS";
  if (outcome.kind === "stale-instead") return "STALE";
  if (outcome.kind === "hit") return outcome.ttl < 0 ? "UPDATING" : "HIT";
  if (outcome.storage !== "stored" && outcome.storage !== "collapsed") return "BYPASS";
  if (outcome.forward !== "stale") return "MISS";
  return outcome.originStatus === 304 ? "REVALIDATED" : "EXPIRED";
}

/**
 * What a client's conditions and range make of an answer that is not stored (RFC 9110, sections 13 and 14): the core has done so
 * with those that are. The Worker was asked for the whole, as the product asks it, so that nobody else could.
 */
function asAsked({ method }: IncomingMessage, asked: Headers, answer: Response): Response {
  const given = answerConditional(asked, answer, Date.now());
  const total = Number(given.headers.get("content-length") ?? Number.NaN);
  const text = asked.get("range");
  if (given.status !== 200 || method !== "GET" || text === null || !Number.isSafeInteger(total)) return given;
  const headers = new Headers(given.headers);
  const range = rangeApplies(asked, headers, Date.now()) ? parseRange(text, total) : undefined;
  if (range === undefined) return given;
  const length = range === "unsatisfiable" ? 0 : range.end - range.start + 1;
  headers.set("content-length", String(length));
  headers.set("content-range", `bytes ${range === "unsatisfiable" ? "*" : `${range.start}-${range.end}`}/${total}`);
  if (range !== "unsatisfiable") {
    const piece = slice(given.body, range.start, length);
    return new Response(piece as BodyInit | null, { status: 206, headers });
  }
  given.body?.cancel().catch(() => {});
  for (const name of ["content-encoding", "content-type", "etag", "last-modified"]) headers.delete(name);
  return new Response(null, { status: 416, headers });
}

/** Fields that are of the conversation with the core, or that the product removes. */
const REMOVED = new Set([...KEPT, ...KEPT_UNSTORED, KEPT_FIELD, KEPT_OF_304, OWN_FIELD, "cache-tag"]);

function write(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Response,
  status: CfCacheStatus,
  finish: (raw: string[]) => string[],
): Promise<number> {
  return new Promise((resolve) => {
    const raw: string[] = [];
    const kept = answer.headers.get(KEPT_FIELD) ?? (answer.status === 304 ? answer.headers.get(KEPT_OF_304) : null);
    for (const [name, value] of answer.headers) {
      if (!REMOVED.has(name)) raw.push(name, value);
    }
    const restored = kept === null ? [] : (JSON.parse(decodeURIComponent(kept)) as [string, string][]);
    for (const [name, value] of restored) raw.push(name, value);
    raw.push("Cf-Cache-Status", status);
    response.on("close", () => resolve(response.writableFinished ? response.statusCode : 499));
    response.writeHead(answer.status, answer.statusText, finish(raw) as unknown as http.OutgoingHttpHeaders);
    if (answer.body === null || request.method === "HEAD") {
      void answer.body?.cancel();
      response.end();
      return;
    }
    const body = Readable.fromWeb(answer.body as WebStream<Uint8Array>);
    // A body that breaks off must not look whole.
    body.on("error", () => response.destroy());
    response.on("close", () => body.destroy());
    body.pipe(response);
  });
}
