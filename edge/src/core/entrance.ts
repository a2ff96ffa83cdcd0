/** The one entrance: what a client sent becomes a request that every later step can trust. */

import { BadTarget, normalizePath, normalizeQuery, splitTarget } from "./path";
import { Problem } from "./problem";
import type { CacheSpec } from "./settings.gen";

/** Headers of one connection only (RFC 9110, section 7.6.1), and `Expect`, which is answered before us. */
const HOP_BY_HOP = [
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/**
 * Headers by which a client would speak for a proxy: they change what an origin answers, and no cache key has them. What
 * an origin needs of them is set afresh from what the platform says.
 */
const SPOOFABLE = [
  "client-ip",
  "fastly-client-ip",
  "forwarded",
  "front-end-https",
  "true-client-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-host",
  "x-http-host-override",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-original-host",
  "x-original-url",
  "x-real-ip",
  "x-rewrite-url",
];
const SPOOFABLE_PREFIXES = ["cf-", "mf-", "x-forwarded-", "x-middleware-", "x-vercel-"];

const REMOVED = new Set([...HOP_BY_HOP, ...SPOOFABLE]);

/** Headers that describe a body. */
const OF_A_BODY = new Set([
  "content-length",
  "content-type",
  "content-encoding",
  "content-language",
  "content-location",
]);

/**
 * What an answer that a policy forces into a shared cache may depend on, beside what the policy's key names: content
 * negotiation (RFC 9110, section 12), for which the origin must say `Vary`, conditions, ranges and credentials, for which
 * RFC 9111 has rules, and tracing.
 */
const CACHEABLE_INPUT = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "authorization",
  "cache-control",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "pragma",
  "range",
  "traceparent",
  "tracestate",
]);

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Removes the headers of one connection, also those that `Connection` names. */
export function removeHopByHop(headers: Headers): void {
  for (const name of connectionOptions(headers)) headers.delete(name);
  for (const name of HOP_BY_HOP) headers.delete(name);
}

function connectionOptions(headers: Headers): string[] {
  const value = headers.get("connection");
  if (value === null) return [];
  return value
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => TOKEN.test(name));
}

/** A request's target in its one normal form. */
export interface TargetUrl {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly path: string;
  /** With its `?`; empty if there is none. */
  readonly query: string;
}

/**
 * Normalises a request's target and checks its framing.
 *
 * @throws Problem 400 for a malformed target or for two statements of the body's length.
 */
export function enter(incoming: Request): TargetUrl {
  if (incoming.headers.has("content-length") && incoming.headers.has("transfer-encoding")) {
    throw new Problem({
      status: 400,
      code: "conflicting-lengths",
      detail: "The request has both Content-Length and Transfer-Encoding. Send one of them.",
    });
  }
  const { origin, path, query } = splitTarget(incoming.url);
  try {
    return { origin, path: normalizePath(path), query: normalizeQuery(query) };
  } catch (error) {
    if (!(error instanceof BadTarget)) throw error;
    throw new Problem({ status: 400, code: "malformed-path", detail: error.message });
  }
}

/** Only the cookies of these names, as a Cookie header's value; empty if there are none. */
function keepCookies(header: string | null, names: readonly string[]): string {
  if (header === null || names.length === 0) return "";
  return header
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => names.includes(pair.slice(0, Math.max(0, pair.indexOf("=")))))
    .join("; ");
}

function parameterName(pair: string): string {
  const equals = pair.indexOf("=");
  const name = (equals === -1 ? pair : pair.slice(0, equals)).replaceAll("+", " ");
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The query without the parameters that are not in the cache key. */
function keepParameters(query: string, key: CacheSpec["key"]): string {
  if (query === "" || key.query === "all") return query;
  if (key.query === "none") return "";
  const include = key.query === "include";
  const kept = query
    .slice(1)
    .split("&")
    .filter((pair) => key.query_names.includes(parameterName(pair)) === include);
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
}

/**
 * The request as the cache, the origin and a handler see it.
 *
 * Removed: hop-by-hop headers, headers by which a client speaks for a proxy, reserved ones, and the body of a GET or HEAD,
 * which no cache key could have. Where a policy forces answers into a shared cache (`override`), a GET or HEAD also loses
 * every header, cookie and query parameter that is not in the key: what cannot be seen in the key must not be able
 * to change the answer.
 */
export function admit(
  incoming: Request,
  target: TargetUrl,
  reserved: readonly string[],
  policy: CacheSpec | null,
): Request {
  const bodyless = incoming.method === "GET" || incoming.method === "HEAD";
  const forced = bodyless && policy?.mode === "override";
  const dropped = connectionOptions(incoming.headers);
  const headers = new Headers();
  incoming.headers.forEach((value, name) => {
    if (REMOVED.has(name) || dropped.includes(name)) return;
    if (SPOOFABLE_PREFIXES.some((prefix) => name.startsWith(prefix))) return;
    if (reserved.some((prefix) => name.startsWith(prefix))) return;
    // Some servers read `_` as `-`: X_Forwarded_Host would come back in that way.
    if (name.includes("_")) return;
    if (bodyless && OF_A_BODY.has(name)) return;
    if (forced && !CACHEABLE_INPUT.has(name) && !policy.key.headers.includes(name) && !policy.vary.includes(name))
      return;
    headers.append(name, value);
  });
  let query = target.query;
  if (forced) {
    if (!policy.key.headers.includes("cookie") && !policy.vary.includes("cookie")) {
      const cookies = keepCookies(incoming.headers.get("cookie"), policy.key.cookies);
      if (cookies !== "") headers.set("cookie", cookies);
    }
    if (!headers.has("user-agent")) headers.set("user-agent", "edgewright");
    query = keepParameters(query, policy.key);
  } else if (incoming.headers.get("upgrade")?.toLowerCase() === "websocket") {
    // Of all hop-by-hop headers only this one asks for something that a handler can answer.
    headers.set("upgrade", "websocket");
  }
  return new Request(`${target.origin}${target.path}${query}`, {
    method: incoming.method,
    headers,
    redirect: "manual",
    ...(bodyless || incoming.body === null ? {} : { body: incoming.body, duplex: "half" }),
  } as RequestInit);
}
