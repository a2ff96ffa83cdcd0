/** What a tier offers to the cache, and how word of purges comes by it. */

import type { Found, Purged, TierCopy } from "./copies";
import type { Policy } from "./policy";
import type { StoredResponse, StoredValue } from "./stored";
import type { Body } from "./streams";
import type { CacheContext } from "./types";

export interface Marker {
  readonly type: "everything" | "url" | "prefix" | "tag";
  readonly value: string;
  /** Responses asked for at or before this (ms) are out of date. */
  readonly time: number;
  /** They are marked stale; else they are as if removed. */
  readonly soft: boolean;
}

/** Isolate memory: at hand, nothing to wait for. */
export interface MemoryTier {
  get(key: string): TierCopy | undefined;
  /** `lifetime`: freshness (s) that was drawn for the data centre's copies of this value. */
  put(value: StoredValue, body: ArrayBuffer | null, policy: Policy, ctx: CacheContext, lifetime?: number): void;
  delete(key: string): void;
  /** All that it has now. */
  copies(): readonly TierCopy[];
  stats(): { readonly entries: number; readonly bytes: number };
}

/** A tier beyond isolate memory, which answers later. Its methods may throw: whoever calls them goes on without. */
export interface RemoteTier {
  readonly name: "edge" | "kv";
  isUsedBy(policy: Policy): boolean;
  read(key: string, policy: Policy, ctx: CacheContext): Promise<Found | undefined>;
  /** Undefined where it does not keep this one: then there is nothing to wait for. */
  write(
    value: StoredValue,
    body: Body,
    policy: Policy,
    ctx: CacheContext,
    lifetime?: number,
  ): Promise<unknown> | undefined;
  remove(key: string, policy: Policy, ctx: CacheContext): Promise<unknown> | undefined;
  /** Purge markers that leave the data centre by this tier. */
  readonly markers?: Markers;
}

/** A read of a store that is under way. */
export interface Reading {
  /** Somebody else waits for it. */
  crowd: boolean;
  /** `alone` where its body is a stream, which only one can have. */
  readonly found: Promise<Found | "alone" | undefined>;
}

/** Where purge markers are found from other data centres. */
export interface Markers {
  readonly place: "kv" | "shield";
  /** Work to wait for before answers go on, and work that can be done behind them. */
  refresh(policies: Iterable<Policy>, ctx: CacheContext, add: (markers: readonly Marker[]) => void): Promise<unknown>[];
  publish(markers: readonly Marker[], policies: Iterable<Policy>, ctx: CacheContext): Promise<number>[];
  /** Milliseconds until a purge is seen everywhere, at most; undefined where it does not get so far. */
  visibleWithinMs(policies: Iterable<Policy>, ctx: CacheContext): number | undefined;
}

/** What purges are held against. */
export type PurgeTarget = Pick<StoredResponse, "key" | "url" | "tags" | "requestTime" | "originRequestTime">;

/** What an isolate knows of purges. */
export interface Purges {
  due(now: number): boolean;
  /** Reads the markers of the shared tiers where it is time to. A store that fails leaves what is known. */
  refresh(ctx: CacheContext): Promise<void>;
  /** What the markers make of a copy; remembered with it. */
  verdictOn(copy: TierCopy): Purged;
  verdictFor(target: PurgeTarget): Purged;
  /** Writes markers where others find them. Returns what each place took. */
  publish(markers: readonly Marker[], ctx: CacheContext): Promise<Record<"edge" | Markers["place"], number>>;
  /** Invalidates what is stored under any key of these URLs, which are in normal form. */
  invalidate(urls: readonly string[], ctx: CacheContext): Promise<unknown>;
  /** Milliseconds until a purge is seen everywhere that shares the tiers, at most. */
  visibleWithinMs(ctx: CacheContext): number;
  /** All that are known here. */
  readonly markers: readonly Marker[];
}
