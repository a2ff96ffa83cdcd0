/** Answers: their headers, and what a client's conditions, range and method make of them. */

import { isNotModified, notModifiedHeaders, rangeApplies } from "../conditional";
import { parseDate } from "../dates";
import { parseRange } from "../ranges";
import { age, bodyless, type Entry, fieldsOf, header, type Meta } from "./entry";
import { toClient } from "./outgoing";
import { ceilingOf } from "./policy";
import type { Core, Query } from "./query";
import { type Body, discard, fromBytes, isStream, slice } from "./streams";
import { edgeLifetime } from "./tiers";

export type XCache = "BYPASS" | "MISS" | "HIT-EDGE" | "HIT-KV" | "HIT-SHIELD";

/** An answer from a stored entry. `note` replaces the plain `hit` of Cache-Status. */
export function serve(query: Query, entry: Entry, note?: string): Response {
  const { meta, tier, soft, body = null } = entry;
  // What KV gave is not kept.
  const held = note || tier === "kv" ? undefined : entry.held;
  const now = query.ctx.now();
  // The headers of what is read again and again change once a second, not with each hit.
  const second = Math.floor(now / 1000);
  if (held?.second === second) return respond(query, meta, body, (held.ready as Response).headers, held.ready);
  // What was marked stale is not to be taken for fresh by a cache in front.
  const told = soft ? { ...meta, freshUntil: Math.min(now, meta.freshUntil) } : meta;
  const status = note ?? `hit; ttl=${Math.floor((told.freshUntil - now) / 1000)}; detail=${tier}`;
  const headers = dress(query, meta.headers, told, tier === "kv" ? "HIT-KV" : "HIT-EDGE", status, true);
  if (held) {
    held.ready = make(meta.status, headers, null, query.ctx.rawBodies);
    held.second = second;
  }
  return respond(query, meta, body, headers);
}

/** Headers for the client: the response's own, the policy's, and what tells where it came from. */
export function dress(
  { core, policy, ctx }: Query,
  from: Iterable<readonly [string, string]>,
  meta: Meta,
  xCache: XCache,
  status: string,
  stored: boolean,
): Headers {
  const now = ctx.now();
  const old = age(meta, now);
  const headers = new Headers(from as [string, string][]);
  toClient(core, headers, meta.status, policy, old);
  headers.delete("age");
  if (policy.platform) {
    const most = Math.min(edgeLifetime(meta, policy, ctx), ceilingOf(policy.front, ctx));
    const left = Math.min((meta.freshUntil - now) / 1000, most);
    // Its freshness counts from the Age that comes with it.
    core.platform?.(headers, left > 0 ? left + old : 0, meta, core.targetedFields[0]);
  }
  if (stored || old > 0) headers.set("age", String(old));
  // A length stored with content that the runtime has decoded would be wrong.
  if (headers.has("content-encoding") && !ctx.rawBodies) headers.delete("content-length");
  core.inside?.(headers, meta, xCache.startsWith("HIT"));
  return label(core, headers, xCache, status);
}

export function label({ name }: Core, headers: Headers, xCache: XCache, status: string): Headers {
  headers.set("x-cache", xCache);
  // Caches on the way append themselves, the one nearest to the client last (RFC 9211 section 2).
  headers.append("cache-status", `${name}; ${status}`);
  return headers;
}

/** A response that the cache has no part in, with word of that. */
export function passed(core: Core, response: Response, status: string): Response {
  if (!standard(response)) return response;
  const headers = label(core, new Headers(response.headers), "BYPASS", status);
  return make(response.status, headers, response.body, true, response.statusText);
}

export function make(status: number, headers: Headers, body: Body, raw?: boolean, statusText = ""): Response {
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

/**
 * The answer to this client's conditions, range and method. Leaves `headers` as they are. The plain one is a copy of what is
 * `ready` with the body, where that is given: the cheapest way to make a Response.
 */
export function respond(
  { ctx, method, asked, range }: Query,
  meta: Meta,
  body: Body,
  headers: Headers,
  ready?: Response,
): Response {
  const raw = ctx.rawBodies;
  const { status } = meta;
  const now = ctx.now();
  const fields = fieldsOf(meta);
  // Without Last-Modified it is as if it had been modified when it was made, or received (RFC 9111 section 4.3.2).
  const received = () => parseDate(header(meta, "date"), now) ?? meta.responseTime;
  if (status === 200 && isNotModified(asked, fields, now, received)) {
    return make(304, notModifiedHeaders(headers), body);
  }
  const length = isStream(body) ? meta.length : body?.byteLength;
  if (method === "HEAD") {
    discard(body);
    const sized = new Headers(headers);
    if (length !== undefined && !headers.has("content-length")) sized.set("content-length", `${length}`);
    return make(status, sized, null, raw);
  }
  const total = meta.range?.total ?? length;
  const divisible = total !== undefined && (status === 200 || meta.range) && (raw || !headers.has("content-encoding"));
  const wanted = divisible && rangeApplies(asked, fields, now) ? parseRange(range, total) : undefined;
  if (wanted && wanted !== "unsatisfiable") {
    const bytes = wanted.end - wanted.start + 1;
    const partial = new Headers(headers);
    partial.set("content-length", `${bytes}`);
    partial.set("content-range", `bytes ${wanted.start}-${wanted.end}/${total}`);
    return make(206, partial, slice(body, wanted.start - (meta.range?.start ?? 0), bytes), raw);
  }
  if (wanted) {
    discard(body);
    const none = without(headers, /^(content-(length|encoding|type)|etag|last-modified)$/);
    none.set("content-range", `bytes */${total}`);
    return make(416, none, null, raw);
  }
  return ready && !bodyless(status) ? new Response(body as BodyInit | null, ready) : make(status, headers, body, raw);
}

/** False for a WebSocket's response, or a status that Response does not take: such a one cannot be made again. */
export function standard({ status }: Response): boolean {
  // Some runtimes give an interim response as if it were the final one (workerd does): nothing can be made of it.
  if (status < 200 && status !== 101) throw new Error(`The origin answered with the interim status ${status}.`);
  return status >= 200 && status <= 599;
}

/** A copy without the fields of these names. */
export function without(headers: Headers, names: RegExp): Headers {
  return new Headers([...headers].filter(([name]) => !names.test(name)));
}
