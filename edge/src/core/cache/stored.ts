/** What is stored: a response with what is needed to decide on its reuse, without its bytes. */

import { connectionOptions, HOP_BY_HOP } from "../hop-by-hop";

export type TierName = "memory" | "edge" | "kv";

/** Bytes `start` to `end` (inclusive) of a representation of `total` bytes. */
export interface PartRange {
  readonly start: number;
  readonly end: number;
  readonly total: number;
}

/** A stored response without its body. Written as JSON into the tiers that keep bytes. Times are in ms, spans in seconds. */
export interface StoredResponse {
  readonly kind: "response";
  /** Where it is stored; checked on reading, because a tier's own key may be a hash. */
  readonly key: string;
  readonly url: string;
  readonly status: number;
  /** The origin's header fields, without those that are never stored. */
  readonly headers: readonly (readonly [string, string])[];
  readonly requestTime: number;
  /** When the origin was asked for it, where that was before `requestTime`: by a shield. */
  readonly originRequestTime?: number | undefined;
  readonly responseTime: number;
  /** corrected_initial_age of RFC 9111 section 4.2.3. */
  readonly initialAge: number;
  /** When its freshness ends, whichever tier it is in. */
  readonly freshUntil: number;
  /** When the copy in this tier stops being fresh: a tier may have a shorter time of its own. */
  readonly copyFreshUntil: number;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  /** Never served stale, not even on a disconnect. */
  readonly mustRevalidate: boolean;
  /** Never served without a successful validation. */
  readonly noCache: boolean;
  /** The selecting header fields that `Vary` names, and their values in the request that brought it (RFC 9111 section 4.1). */
  readonly selectingNames: readonly string[];
  readonly selectingValues: string;
  readonly tags: readonly string[];
  /** Set where the body is a part of the representation. */
  readonly range?: PartRange | undefined;
  /** Where in the same tier its body is, where that is not here. */
  readonly bodyKey?: string | undefined;
  /** Bytes of the body, where they were known when this was written. */
  readonly length?: number | undefined;
}

/** Stored in the place of a resource whose responses vary: under which request header fields its variants are found. */
export interface SelectingHeaders {
  readonly kind: "selecting-headers";
  readonly key: string;
  readonly url: string;
  /** Variants requested before this (ms) belong to a generation that was invalidated. */
  readonly validFrom: number;
  /** Those of the newest response; it speaks for the resource. */
  readonly names: readonly string[];
  /** They follow from another request's response, and may not be stored (or any more). */
  readonly provisional?: true;
}

export type StoredValue = StoredResponse | SelectingHeaders;

/** Header fields that are read one by one, by names in lower case. Every Headers is such. */
export interface HeaderFields extends Iterable<[string, string]> {
  get(name: string): string | null;
  has(name: string): boolean;
  keys(): Iterable<string>;
}

/** Statuses whose responses have no body; a Response cannot be made with one. */
export function bodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/**
 * Header fields that no cache stores (RFC 9111 section 3.1): those of one connection or of a proxy alone; and those that this one
 * does not: a cookie is for one client, and Age and X-Cache are written with each answer.
 */
const NEVER_STORED: readonly string[] = [...HOP_BY_HOP, "proxy-authentication-info", "set-cookie", "age", "x-cache"];

/** More bytes of headers than this, and a response is not stored: no tier is a place for them. */
const MAX_HEADER_BYTES = 16 * 1024;

/**
 * The header fields to store, or undefined where they are too large. `excluded`: others that are not, in lower case; one that ends
 * with `-` is a prefix.
 */
export function headersToStore(headers: HeaderFields, excluded: readonly string[]): [string, string][] | undefined {
  const names = new Set([...NEVER_STORED, ...connectionOptions(headers.get("connection")), ...excluded]);
  const prefixes = excluded.filter((name) => name.endsWith("-"));
  const kept: [string, string][] = [];
  let bytes = 0;
  for (const [name, value] of headers) {
    if (names.has(name) || prefixes.some((prefix) => name.startsWith(prefix))) continue;
    kept.push([name, value]);
    bytes += name.length + value.length;
  }
  return bytes > MAX_HEADER_BYTES ? undefined : kept;
}

export function header(stored: Pick<StoredResponse, "headers">, name: string): string | null {
  return stored.headers.find((field) => field[0] === name)?.[1] ?? null;
}

/** The stored header fields, to be looked at one by one. */
export const fieldsOf = (stored: Pick<StoredResponse, "headers">) => ({ get: (name: string) => header(stored, name) });

/** current_age, in whole seconds (RFC 9111 section 4.2.3). */
export function currentAge({ initialAge, responseTime }: StoredResponse, now: number): number {
  const residentTime = (now - responseTime) / 1000;
  return Math.max(0, Math.floor(initialAge + residentTime));
}

// --- as text -------------------------------------------------------------------------------------------------------

/** JSON that fits into a header field: other characters than ASCII are escaped. */
export function toAscii(value: StoredValue): string {
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

export function parseStored(text: string): StoredValue | undefined {
  try {
    const value = JSON.parse(text) as StoredValue;
    return value.kind === "response" || value.kind === "selecting-headers" ? value : undefined;
  } catch {
    return undefined;
  }
}
