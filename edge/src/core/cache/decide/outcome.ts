/** What became of a request, and why, as data; and the one place where header fields are made of it. */

import type { TierName } from "../stored";

/** Why a request went to the origin (RFC 9211 section 2.2). */
export type Forward = "bypass" | "method" | "uri-miss" | "vary-miss" | "stale" | "request" | "partial";

/** Why a response is not stored. */
export type NotStored =
  | "authorization"
  | "bypass"
  | "headers"
  | "method"
  | "must-understand"
  | "no-freshness"
  | "no-store"
  | "oversized-request"
  | "private"
  | "range"
  | "request-no-store"
  | "set-cookie"
  | "size"
  | "status"
  | "targeted"
  | "ttl"
  | "vary";

export type Outcome = Hit | StaleInstead | Forwarded;

/** A stored response answered. */
export interface Hit {
  readonly kind: "hit";
  readonly tier: TierName;
  /** Freshness (s) that it had left; less than nothing where it was served stale, while it was revalidated. */
  readonly ttl: number;
}

/** A stale response answered, because the origin did not, or failed (RFC 9111 section 4.2.4, RFC 5861 section 4). */
export interface StaleInstead {
  readonly kind: "stale-instead";
  readonly tier: TierName;
  readonly forward: Forward;
  /** `collapsed`: it was another request that the origin failed. */
  readonly reason: "origin-failed" | "stale-if-error" | "collapsed";
  readonly originStatus?: number | undefined;
}

/** The origin answered, this request or one that it waited for. */
export interface Forwarded {
  readonly kind: "forwarded";
  readonly forward: Forward;
  /** The origin's status, where the answer has another one. */
  readonly originStatus?: number | undefined;
  /** What became of what it brought; undefined where storing was no question. */
  readonly storage?: "stored" | "collapsed" | NotStored | undefined;
  /** A response like it could not be shared a moment ago, so that nobody waited for this one. */
  readonly hitForMiss?: boolean;
  /** The shield had it. */
  readonly fromShield?: boolean | undefined;
}

/** The value of X-Cache: for people, and for what reads logs. */
export type XCache = "BYPASS" | "MISS" | "HIT-EDGE" | "HIT-KV" | "HIT-SHIELD";

/** Reasons for which a response is nobody's to share. */
const UNSHARABLE: ReadonlySet<string> = new Set<NotStored>([
  "private",
  "no-store",
  "set-cookie",
  "authorization",
  "vary",
  "must-understand",
]);

/** The cache had no part in the answer, because it was not asked or because nobody else may have it: it is given as it came. */
export const isBypass = (outcome: Outcome): boolean =>
  outcome.kind === "forwarded" &&
  (outcome.forward === "bypass" ||
    outcome.forward === "method" ||
    (outcome.storage !== undefined && UNSHARABLE.has(outcome.storage)));

export function xCacheOf(outcome: Outcome): XCache {
  if (outcome.kind !== "forwarded") return outcome.tier === "kv" ? "HIT-KV" : "HIT-EDGE";
  if (isBypass(outcome)) return "BYPASS";
  return outcome.fromShield ? "HIT-SHIELD" : "MISS";
}

/** This cache's member of Cache-Status (RFC 9211), without its name. */
export function cacheStatusOf(outcome: Outcome): string {
  if (outcome.kind === "hit") return `hit; ttl=${outcome.ttl}; detail=${outcome.tier}`;
  const parts = [`fwd=${outcome.forward}`];
  if (outcome.originStatus !== undefined) parts.push(`fwd-status=${outcome.originStatus}`);
  const detail =
    outcome.kind === "stale-instead" ? outcome.reason : outcome.hitForMiss ? "hit-for-miss" : outcome.storage;
  if (detail === "stored" || detail === "collapsed") parts.push(detail);
  else if (detail !== undefined) parts.push(`detail=${detail}`);
  return parts.join("; ");
}

/** Whether the cache vouches for how long the answer is fresh: it had it, or took it in. */
export const isVouched = (outcome: Outcome | undefined): boolean =>
  outcome?.kind === "hit" ||
  (outcome?.kind === "stale-instead" && outcome.reason === "collapsed") ||
  (outcome?.kind === "forwarded" && (outcome.storage === "stored" || outcome.storage === "collapsed"));
