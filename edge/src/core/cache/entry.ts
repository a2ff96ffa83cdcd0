/** What is stored: a response with what is needed to judge it again, and its form as bytes. */

import { connectionOptions, HOP_BY_HOP } from "../hop-by-hop";
import type { Body } from "./streams";

export type TierName = "memory" | "edge" | "kv";

/** Bytes `start` to `end` (inclusive) of a representation of `total` bytes. */
export interface PartRange {
  readonly start: number;
  readonly end: number;
  readonly total: number;
}

/** A stored response without its body. Written as JSON into the tiers that keep bytes. */
export interface Meta {
  readonly kind: "entry";
  /** Where it is stored; checked on reading, because a tier's own key may be a hash. */
  readonly key: string;
  readonly url: string;
  readonly status: number;
  /** The origin's headers, without those that are never stored. */
  readonly headers: readonly (readonly [string, string])[];
  readonly requestTime: number;
  /** When the origin was asked for it, where that was before `requestTime`: by a shield. */
  readonly since?: number | undefined;
  readonly responseTime: number;
  readonly initialAge: number;
  /** When its freshness ends (ms), whichever tier it is in. */
  readonly until: number;
  /** When the copy in this tier stops being fresh (ms). */
  readonly freshUntil: number;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  readonly mustRevalidate: boolean;
  readonly noCache: boolean;
  readonly vary: readonly string[];
  readonly varyValues: string;
  readonly tags: readonly string[];
  /** Set where the body is a part of the representation. */
  readonly range?: PartRange | undefined;
  /** Where in the same tier its body is, where that is not here. */
  readonly bodyAt?: string | undefined;
  /** Bytes of the body, where they were known when this was written. */
  readonly length?: number | undefined;
}

/** Stored in the place of a resource whose responses vary: under which request headers its variants are found. */
export interface Index {
  readonly kind: "index";
  readonly key: string;
  readonly url: string;
  /** Variants requested before this (ms) belong to a generation that was invalidated. */
  readonly born: number;
  /** The selecting headers of the newest response; it speaks for the resource. */
  readonly names: readonly string[];
  /** It follows from another request's response, and may not be stored (or any more). */
  readonly guessed?: true;
}

/** What isolate memory holds, or the edge cache is known to: also what serving it needs, prepared once. */
export interface Held {
  readonly value: Meta | Index;
  readonly body: ArrayBuffer | null;
  /** State of the purge markers that it was last held against, and what they make of it. */
  checked: number;
  /** An index: until when (ms) it counts without a look at the farther tiers. */
  readonly until: number;
  purged?: "hard" | "soft" | undefined;
  /** The answer without its body, with the Age and Cache-Status of `second`. */
  ready?: Response;
  second: number;
}

export interface Found {
  readonly value: Meta | Index;
  readonly body: Body;
  /** What was prepared for this very entry when it was last read here. */
  readonly held?: Held | undefined;
}

export interface Entry {
  readonly meta: Meta;
  /**
   * The whole body, or a stream that can be read once (a large body in the edge cache). Undefined where that stream was
   * given away.
   */
  readonly body: Body | undefined;
  readonly tier: TierName;
  /** It was purged softly: stale, but it may serve while it is validated. */
  readonly soft: boolean;
  /** What is kept with it. */
  readonly held: Held;
}

/** Statuses whose responses have no body; a Response cannot be made with one. */
export function bodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/**
 * Header fields that no cache stores (RFC 9111 section 3.1): those of one connection or of a proxy alone; and those that this one
 * does not: a cookie is for one client, and Age and X-Cache are written with each answer.
 */
const UNSTORED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  "proxy-authentication-info",
  "set-cookie",
  "age",
  "x-cache",
]);

/** More bytes of headers than this, and a response is not stored: no tier is a place for them. */
const MAX_HEADER_BYTES = 16 * 1024;

/** The headers to store, or undefined where they are too large. */
export function storedHeaders(
  headers: Headers,
  omit: readonly string[],
  unstored: readonly string[],
): [string, string][] | undefined {
  const names = new Set([...UNSTORED, ...connectionOptions(headers.get("connection")), ...omit, ...unstored]);
  const prefixes = unstored.filter((name) => name.endsWith("-"));
  const kept = [...headers].filter(([name]) => !names.has(name) && !prefixes.some((prefix) => name.startsWith(prefix)));
  return kept.flat().join("").length > MAX_HEADER_BYTES ? undefined : kept;
}

export function header(meta: Pick<Meta, "headers">, name: string): string | null {
  return meta.headers.find((pair) => pair[0] === name)?.[1] ?? null;
}

/** Its header fields, to be looked at one by one. */
export const fieldsOf = (meta: Pick<Meta, "headers">) => ({ get: (name: string) => header(meta, name) });

/** Age in whole seconds (RFC 9111 section 4.2.3). */
export function age(meta: Meta, now: number): number {
  return Math.max(0, Math.floor(meta.initialAge + (now - meta.responseTime) / 1000));
}

/** The longest time (s) anything stays in a tier. A purge marker must outlive it. */
export const RETENTION_S = 30 * 86400;
/** How long (s) a stale entry stays for the sake of its validator, or of a disconnected origin. */
const VALIDATION_S = 86400;

/** Seconds that an entry is worth keeping from now: its freshness and the windows in which it serves stale. */
export function retention(meta: Meta, now: number): number {
  const validator = header(meta, "etag") !== null || header(meta, "last-modified") !== null;
  const after = Math.max(meta.staleWhileRevalidate, meta.staleIfError, validator ? VALIDATION_S : 60);
  return Math.min(RETENTION_S, Math.ceil(Math.max(0, meta.freshUntil - now) / 1000) + after);
}

// --- as bytes ------------------------------------------------------------------------------------------------------

/** JSON that fits into a header field: other characters than ASCII are escaped. */
export function toAscii(value: Meta | Index): string {
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

export function parseValue(text: string): Meta | Index | undefined {
  try {
    const value = JSON.parse(text) as Meta | Index;
    return value.kind === "entry" || value.kind === "index" ? value : undefined;
  } catch {
    return undefined;
  }
}
