/** What a tier offers to the cache, and how word of purges comes by it. */

import type { Found, Held, Index, Meta } from "./entry";
import type { Policy } from "./policy";
import type { Body } from "./streams";
import type { CacheContext } from "./types";

export interface Marker {
  readonly type: "everything" | "url" | "prefix" | "tag";
  readonly value: string;
  /** Responses asked for at or before this (ms) are void. */
  readonly time: number;
  readonly soft: boolean;
}

/** Isolate memory: at hand, nothing to wait for. */
export interface MemoryTier {
  get(key: string): Held | undefined;
  /** `ceiling`: freshness (s) that was drawn for the data centre's copies of this entry. */
  put(value: Meta | Index, body: ArrayBuffer | null, policy: Policy, ctx: CacheContext, ceiling?: number): void;
  delete(key: string): void;
  /** All that it has now. */
  held(): readonly Held[];
  stats(): { readonly entries: number; readonly bytes: number };
}

/** A tier that answers later. Its methods may throw: whoever calls them goes on without. */
export interface FarTier {
  readonly name: "edge" | "kv";
  has(policy: Policy): boolean;
  read(key: string, policy: Policy, ctx: CacheContext): Promise<Found | undefined>;
  /** False where it does not keep this one. Undefined where there is nothing to wait for. */
  write(
    value: Meta | Index,
    body: Body,
    policy: Policy,
    ctx: CacheContext,
    ceiling?: number,
  ): Promise<unknown> | undefined;
  remove(key: string, policy: Policy, ctx: CacheContext): Promise<unknown> | undefined;
  /** Purge markers that leave the data centre by this tier. */
  readonly markers?: Markers;
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

/** A read of a store that is under way. */
export interface Reading {
  /** Somebody else waits for it. */
  crowd: boolean;
  /** `alone` where its body is a stream, which only one can have. */
  found: Promise<Found | "alone" | undefined>;
}

/** What an isolate knows of purges. */
export interface Purges {
  due(now: number): boolean;
  /** Reads the markers of the shared tiers where it is time to. A store that fails leaves what is known. */
  refresh(ctx: CacheContext): Promise<void>;
  /** What the markers make of what is held: void, stale, or nothing. */
  of(held: Held): "hard" | "soft" | undefined;
  /** What the markers make of an entry. */
  judge(meta: Pick<Meta, "key" | "url" | "tags" | "since" | "requestTime">): "hard" | "soft" | undefined;
  /** Writes markers where others find them. Returns what each place took. */
  publish(markers: readonly Marker[], ctx: CacheContext): Promise<Record<"edge" | Markers["place"], number>>;
  /** Makes void what is stored under any key of these URLs, which are in normal form. */
  forget(urls: readonly string[], ctx: CacheContext): Promise<unknown>;
  /** Milliseconds until a purge is seen everywhere that shares the tiers, at most. */
  visibleWithinMs(ctx: CacheContext): number;
  /** All that are known here. */
  readonly markers: readonly Marker[];
}
