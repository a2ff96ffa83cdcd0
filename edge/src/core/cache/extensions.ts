/**
 * The parts of the cache that not every function needs. Each is a module of its own, so that a function holds only what its
 * settings use: see `needs` in ../features/check.ts.
 */

import type { Entry, Meta, PartRange } from "./entry";
import type { CustomKey, Policy } from "./policy";
import type { Core, Lookup, Query } from "./query";
import type { RequestDirectives } from "./request-directives";
import type { Reuse } from "./reuse";
import type { Binding, Rules } from "./store";
import type { FarTier, Markers, MemoryTier, Purges } from "./stores";
import type { CacheContext, Origin } from "./types";

/** What mode `origin` has beyond `override`: RFC 9111 with the origin's own headers in charge. */
export interface OriginMode {
  /** What a request says of the stored responses that it takes; undefined where it says nothing. */
  directives(headers: Pick<Headers, "get">): RequestDirectives | undefined;
  reuse(meta: Meta, request: RequestDirectives, now: number, soft: boolean): Reuse;
  /** The answer to `only-if-cached`, where nothing stored is one. */
  notStored(core: Core): Response;
  binding: Binding;
  judge: Rules;
  /** Limits `max-age` to what a policy leaves to browsers (s). */
  shorten(headers: Headers, most: number): void;
  /** The part of a representation that a 206 brings; undefined where it cannot be stored. */
  partOf(headers: Headers, length: number | undefined): PartRange | undefined;
  /** A part answers only a range inside it. */
  covers(meta: Meta, query: Query): boolean;
  /** Asks for what a stored part lacks, by headers for the origin. */
  rest(entry: Entry | undefined, headers: Headers): Rest | undefined;
  /** A new part together with a stored one. */
  combine(stored: Entry | undefined, meta: Meta, bytes: ArrayBuffer): { meta: Meta; body: ArrayBuffer } | undefined;
  /** A HEAD that no stored response answers: what comes back also tells whether the stored GET is still right. */
  head(query: Query, found: Lookup): Promise<Response>;
  /** The answer to another method, stored where it may answer later GETs; undefined where it says nothing of the kind. */
  posted(
    core: Core,
    request: Request,
    response: Response,
    policy: Policy,
    ctx: CacheContext,
  ): Promise<Response> | undefined;
}

/** What a request for the rest of a representation brings. */
export interface Rest {
  /** It speaks of another version than the stored one. */
  mistaken(response: Response): boolean;
  /** The whole, out of the stored part and the answer. */
  whole(response: Response, stored: ArrayBuffer): { headers: Headers; body: ReadableStream<Uint8Array> };
}

/** What unsafe methods make out of date. Called with each answer to a request whose method is neither GET nor HEAD. */
export type Writes = (core: Core, request: Request, response: Response, ctx: CacheContext) => Promise<void>;

/** The shield: one place for all data centres, between them and the origin. */
export interface Shield {
  /** What would go to the origin goes by the shield; to `origin` itself where the shield does not answer. */
  before(origin: Origin, policy: Policy, ctx: CacheContext): Origin;
  /** What is known of an answer of the shield; undefined for what came from an origin. */
  told(response: Response): Told | undefined;
  /** Makes void what it has of these URLs. */
  forget(urls: readonly string[], policies: Iterable<Policy>, ctx: CacheContext): Promise<unknown>;
  readonly markers: Markers;
}

/** What an answer of the shield tells beside HTTP, so that a copy of it is never fresh for longer than allowed. */
export interface Told {
  /** The shield had it. */
  readonly hit: boolean;
  readonly times: Pick<Meta, "responseTime" | "initialAge" | "until" | "freshUntil"> & {
    /** When the shield asked the origin for it. */
    readonly since: number;
  };
}

export interface Extensions {
  readonly memory?: (() => MemoryTier) | undefined;
  readonly edge?: (() => FarTier) | undefined;
  readonly kv?: (() => FarTier) | undefined;
  readonly origin?: OriginMode | undefined;
  readonly key?: CustomKey | undefined;
  /** Word of purges: what comes by the tiers, and what is asked for here. */
  readonly purge?:
    | ((checkMs: number, far: readonly Pick<FarTier, "markers">[], policies: Iterable<Policy>) => Purges)
    | undefined;
  readonly writes?: Writes | undefined;
  /** Takes from a request what is not in the key, where no entrance has done so: see `forwardHeaders` in ./clean.ts. */
  readonly clean?: ((headers: Headers, policy: Policy) => Headers) | undefined;
  readonly shield?: (() => Shield) | undefined;
  /** This cache is a shield: its answers keep the origin's headers, and tell the edges this. */
  readonly inside?: ((headers: Headers, meta: Meta, hit: boolean) => void) | undefined;
  /** Tells the platform's cache in front what to do with a response; `ttl` in seconds. */
  readonly platform?: ((headers: Headers, ttl: number, meta: Meta, field?: string) => void) | undefined;
}
