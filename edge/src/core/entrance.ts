/** The one entrance: what a client sent becomes a request that every later step can trust. */

import type { RequestHead } from "./cache/types";
import { CLAIMS, CLAIMS_ENDINGS, CLAIMS_PREFIXES, PROXY, PROXY_PREFIXES } from "./claims.gen";
import { connectionOptions, HOP_BY_HOP } from "./hop-by-hop";
import { BadTarget, normalizePath, normalizeQuery, queryOf, splitTarget } from "./path";
import { Problem } from "./problem";
import type { CacheSpec } from "./settings.gen";

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

const isBodyless = (method: string): boolean => method === "GET" || method === "HEAD";

/** Names whose verdict a Gate remembers: those that the cache reads, and those that responses vary on. */
const MAX_KNOWN = 256;

/** The User-Agent of every request whose answer is for all clients. */
const AGENT = "edgewright";

/** A request's target in its one normal form. */
export interface TargetUrl {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly path: string;
  /** With its `?`; empty if there is none. */
  readonly query: string;
  /** All of them. */
  readonly url: string;
}

/**
 * Normalises a request's target and checks its framing.
 *
 * @throws Problem 400 for a malformed target or for two statements of the body's length.
 */
export function enter(incoming: Request): TargetUrl {
  checkFraming(incoming.headers);
  return targetOf(incoming.url);
}

/** @throws Problem 400 for two statements of the body's length. */
export function checkFraming(headers: Headers): void {
  if (headers.has("content-length") && headers.has("transfer-encoding")) {
    throw new Problem({
      status: 400,
      code: "conflicting-lengths",
      detail: "The request has both Content-Length and Transfer-Encoding. Send one of them.",
    });
  }
}

/** @throws Problem 400 for a malformed target. */
export function targetOf(sent: string): TargetUrl {
  const { origin, path: sentPath, query: sentQuery } = splitTarget(sent);
  try {
    const path = normalizePath(sentPath);
    const query = normalizeQuery(sentQuery);
    const url = `${origin}${path}${query}`;
    return { origin, path, query, url: url === sent ? sent : url };
  } catch (error) {
    if (!(error instanceof BadTarget)) throw error;
    throw new Problem({ status: 400, code: "malformed-path", detail: error.message });
  }
}

/**
 * A request's target as it was sent, but for what every URL parser does, so that the cache and the origin see one: `.` and
 * `..` segments are resolved, also escaped ones, `\` is `/`, and what may not stand in a URL is escaped.
 *
 * @throws Problem 400 for what is no URL.
 */
export function targetAsSent(sent: string): TargetUrl {
  const parsed = URL.parse(sent);
  if (parsed === null) throw new Problem({ status: 400, code: "malformed-path", detail: "The target is not a URL." });
  parsed.hash = "";
  const { origin, pathname } = parsed;
  const query = queryOf(parsed);
  return { origin, path: pathname, query, url: `${origin}${pathname}${query}` };
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

const begins = (name: string, prefixes: readonly string[]): boolean =>
  prefixes.some((prefix) => name.startsWith(prefix));

/** By such a header a client says what only a proxy in front of an origin could say. `name` is in lower case. */
export const isProxys = (name: string): boolean => PROXY.has(name) || begins(name, PROXY_PREFIXES);

/** By such a header a client says who, where or what it is, or by which scheme, host, path or method it asks. */
export const isClaim = (name: string): boolean =>
  CLAIMS.has(name) ||
  begins(name, CLAIMS_PREFIXES) ||
  (name.startsWith("x-") && CLAIMS_ENDINGS.some((ending) => name.endsWith(ending)));

/**
 * Whether every server reads this name as it is written. Some read `_` as `-`, and some every other character too:
 * X_Forwarded_Host and X.Forwarded.Host would come back in that way. `name` is in lower case.
 */
export const isPlain = (name: string): boolean => /^[a-z0-9-]+$/.test(name);

/**
 * What an origin or a handler may be told of a request beside its headers: where the answer may be stored, only what is in
 * the key, so that everything else is the same for everyone.
 */
export interface Telling {
  /** The client's address. */
  readonly ip: boolean;
  /** The client's country. */
  readonly country: boolean;
  /** The host that was asked. */
  readonly host: boolean;
  /** The scheme that was asked by. */
  readonly scheme: boolean;
}

/** Stands for the host that was asked where the target may not be told which, and the function has no hostname of its own. */
export const NO_HOST = "edgewright.invalid";

const EVERYTHING: Telling = { ip: true, country: true, host: true, scheme: true };

/** Which headers of a client go on, under one policy. Made once an endpoint. */
export class Gate {
  readonly #reserved: readonly string[];
  readonly #ofStored: Telling;
  /** Verdicts on the names that the cache looks at: of a GET or HEAD, of a POST, and of other methods. */
  readonly #known = [new Map<string, boolean>(), new Map<string, boolean>(), new Map<string, boolean>()] as const;

  constructor(
    reserved: readonly string[],
    readonly policy: CacheSpec | null,
  ) {
    this.#reserved = reserved;
    const { country = true, host = true } = policy?.key ?? {};
    // Workers Cache, in front, keys by path and query alone.
    this.#ofStored = { ip: false, country, host, scheme: policy?.engine !== "platform" };
  }

  /** An answer to this method may be stored: what shapes it has to be in the key. */
  stores(method: string): boolean {
    const { policy } = this;
    if (policy === null || policy.mode === "bypass") return false;
    return isBodyless(method) || (method === "POST" && policy.mode === "origin");
  }

  /** What the target may be told of a request with this method. */
  telling(method: string): Telling {
    return this.stores(method) ? this.#ofStored : EVERYTHING;
  }

  /** Answers are forced into a shared cache: only what is in the key may shape them. */
  forces(bodyless: boolean): boolean {
    return bodyless && this.policy?.mode === "override";
  }

  /** `lets`, remembered: for the names that the cache asks for with each request. */
  knows(name: string, method: string): boolean {
    const known = this.#known[isBodyless(method) ? 0 : method === "POST" ? 1 : 2];
    let verdict = known.get(name);
    if (verdict === undefined) {
      verdict = this.lets(name, method);
      if (known.size < MAX_KNOWN) known.set(name, verdict);
    }
    return verdict;
  }

  /** Whether a header may go on. `name` is in lower case. */
  lets(name: string, method: string): boolean {
    // `Expect` is answered before anything else.
    if (HOP_BY_HOP.has(name) || name === "expect" || isProxys(name) || begins(name, this.#reserved)) return false;
    if (!isPlain(name)) return false;
    const bodyless = isBodyless(method);
    if (bodyless && OF_A_BODY.has(name)) return false;
    if (this.stores(method) && isClaim(name)) return this.keys(name);
    return !this.forces(bodyless) || CACHEABLE_INPUT.has(name) || this.keys(name);
  }

  /** The policy has this header in the key, or lets answers vary on it. */
  keys(name: string): boolean {
    return this.policy !== null && (this.policy.key.headers.includes(name) || this.policy.vary.includes(name));
  }
}

/**
 * The request as the cache, the origin and a handler see it.
 *
 * Removed: hop-by-hop headers, headers by which a client speaks for a proxy, reserved ones, and the body of a GET or HEAD,
 * which no cache key could have; where the answer may be stored, also those by which a client says who or where it is or what
 * it asks for, unless the key has them. Where a policy forces answers into a shared cache (`override`), a GET or HEAD also loses
 * every header, cookie and query parameter that is not in the key: what cannot be seen in the key must not be able
 * to change the answer.
 *
 * A request that the cache answers from memory is only looked at, header by header; the Request is made when it has to go
 * on. Both ways show the same.
 */
export class Admitted implements RequestHead {
  readonly method: string;
  readonly url: string;
  readonly headers: RequestHead["headers"] = this;
  readonly #bodyless: boolean;
  readonly #sent: Headers;
  readonly #dropped: readonly string[];
  #request: Request | undefined;

  constructor(
    readonly incoming: Request,
    { url, origin, path, query }: TargetUrl,
    readonly gate: Gate,
  ) {
    const { method } = incoming;
    this.method = method;
    this.#bodyless = isBodyless(method);
    this.#sent = incoming.headers;
    this.#dropped = connectionOptions(this.#sent.get("connection"));
    const kept = gate.forces(this.#bodyless) ? keepParameters(query, (gate.policy as CacheSpec).key) : query;
    this.url = kept === query ? url : `${origin}${path}${kept}`;
  }

  #lets(name: string): boolean {
    return this.gate.knows(name, this.method) && !this.#dropped.includes(name);
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  get(name: string): string | null {
    const value = this.#lets(name) ? this.#sent.get(name) : null;
    if (value !== null) return value;
    if (this.gate.forces(this.#bodyless)) {
      if (name === "cookie") return this.#cookies();
      return name === "user-agent" ? AGENT : null;
    }
    return name === "upgrade" ? this.#upgrade() : null;
  }

  /** The cookies of the key, where the policy does not let all of them through. */
  #cookies(): string | null {
    if (this.gate.keys("cookie")) return null;
    return keepCookies(this.#sent.get("cookie"), (this.gate.policy as CacheSpec).key.cookies) || null;
  }

  #upgrade(): string | null {
    // Of all hop-by-hop headers only this one asks for something that a handler can answer.
    return this.#sent.get("upgrade")?.toLowerCase() === "websocket" ? "websocket" : null;
  }

  /** The whole request, made when it is first asked for. */
  get request(): Request {
    this.#request ??= this.#make();
    return this.#request;
  }

  #make(): Request {
    const { incoming, gate, method, url } = this;
    const bodyless = this.#bodyless;
    const headers = new Headers();
    this.#sent.forEach((value, name) => {
      if (gate.lets(name, method) && !this.#dropped.includes(name)) headers.append(name, value);
    });
    if (gate.forces(bodyless)) {
      const cookies = this.#cookies();
      if (cookies !== null) headers.set("cookie", cookies);
      if (!headers.has("user-agent")) headers.set("user-agent", AGENT);
    } else {
      const upgrade = this.#upgrade();
      if (upgrade !== null) headers.set("upgrade", upgrade);
    }
    return new Request(url, {
      method,
      headers,
      redirect: "manual",
      ...(bodyless || incoming.body === null ? {} : { body: incoming.body, duplex: "half" }),
    } as RequestInit);
  }
}
