// How long CloudFront keeps a response.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html

import { get } from "./headers.js";
import type { Headers } from "./types.js";

export interface TtlRules {
  min: number;
  default: number;
  max: number;
}

/** All in seconds. `ttl` undefined: not stored. */
export interface Lifetime {
  ttl: number | undefined;
  staleWhileRevalidate: number;
  /** How long a stale copy may serve when the origin fails. */
  staleIfError: number;
}

/** A stale copy serves while the origin fails until it is evicted, unless the origin says otherwise. */
const UNTIL_EVICTED = 365 * 86400;

const ALWAYS_CACHED_ERRORS = new Set([404, 414, 500, 501, 502, 503, 504]);
const CACHED_ERRORS_WITH_MAX_AGE = new Set([400, 403, 405, 412, 415]);

/** What CloudFront waits before it asks again for what failed, unless a custom error response says otherwise. */
export const DEFAULT_ERROR_TTL = 10;

/**
 * Statuses below 400 that are stored. 206 is left to the cache, which combines ranges, and so is 304, which is not stored
 * but says for how long the response is that it confirms.
 */
function isStorable(status: number): boolean {
  return status >= 200 && status < 400;
}

export function directives(value: string | undefined): Map<string, string> {
  const found = new Map<string, string>();
  if (value === undefined) return found;
  for (const part of value.matchAll(/([^\s,=;]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;]*)))?/g)) {
    const name = (part[1] as string).toLowerCase();
    if (!found.has(name)) found.set(name, part[2] ?? part[3] ?? "");
  }
  return found;
}

function seconds(found: ReadonlyMap<string, string>, name: string): number | undefined {
  const value = found.get(name);
  return value !== undefined && /^\d+$/.test(value) ? Math.min(Number(value), 100 * UNTIL_EVICTED) : undefined;
}

/** What the origin itself says, in seconds: `s-maxage`, then `max-age`, then `Expires`. */
export function originTtl(headers: Headers, now: number): number | undefined {
  const found = directives(get(headers, "cache-control"));
  const explicit = seconds(found, "s-maxage") ?? seconds(found, "max-age");
  if (explicit !== undefined) return explicit;
  const expires = get(headers, "expires");
  if (expires === undefined) return undefined;
  const at = Date.parse(expires);
  // A date that cannot be read is in the past (RFC 9111, section 5.3).
  return Number.isNaN(at) ? 0 : Math.max(0, Math.floor((at - now) / 1000));
}

/** The lifetime of a response below 400. */
export function lifetimeOf(status: number, headers: Headers, rules: TtlRules, now: number): Lifetime {
  const found = directives(get(headers, "cache-control"));
  const forbidden = found.has("no-store") || found.has("private") || isNoCache(found);
  const stale = {
    staleWhileRevalidate: Math.min(seconds(found, "stale-while-revalidate") ?? 0, rules.max),
    staleIfError: Math.min(seconds(found, "stale-if-error") ?? UNTIL_EVICTED, Math.max(rules.max, 0)),
  };
  if (!isStorable(status) || rules.max === 0) return { ttl: undefined, staleWhileRevalidate: 0, staleIfError: 0 };
  if (forbidden) {
    // With a minimum TTL CloudFront stores what the origin forbids to store; without, it obeys.
    if (rules.min > 0) return { ttl: rules.min, ...stale, staleWhileRevalidate: 0 };
    // `no-cache` allows storing what is validated each time.
    const validated = !found.has("no-store") && !found.has("private");
    return { ttl: validated ? 0 : undefined, staleWhileRevalidate: 0, staleIfError: 0 };
  }
  const said = originTtl(headers, now);
  const ttl = said === undefined ? Math.max(rules.min, rules.default) : Math.max(rules.min, Math.min(said, rules.max));
  return { ttl, ...stale };
}

/** `no-cache="Set-Cookie"` is about that header only. */
function isNoCache(found: ReadonlyMap<string, string>): boolean {
  return found.has("no-cache") && found.get("no-cache") === "";
}

/**
 * The lifetime of an error.
 *
 * @param minimum the error caching minimum TTL of this status, in seconds
 */
export function errorLifetime(
  status: number,
  headers: Headers,
  rules: TtlRules,
  minimum: number,
  now: number,
): Lifetime {
  const none = { ttl: undefined, staleWhileRevalidate: 0, staleIfError: 0 };
  const said = originTtl(headers, now);
  const found = directives(get(headers, "cache-control"));
  const saysMaxAge = seconds(found, "s-maxage") !== undefined || seconds(found, "max-age") !== undefined;
  if (!ALWAYS_CACHED_ERRORS.has(status) && !(CACHED_ERRORS_WITH_MAX_AGE.has(status) && saysMaxAge)) return none;
  const ttl = Math.max(minimum, Math.min(said ?? 0, rules.max));
  return ttl > 0 ? { ttl, staleWhileRevalidate: 0, staleIfError: 0 } : none;
}
