/**
 * The parts of the cache that not every function needs. Each is a module of its own, so that a function holds only what its
 * settings use: see `needs` in ../features/check.ts.
 */

import type { Selected } from "./copies";
import type { RequestDirectives } from "./decide/request-directives";
import type { ReuseDecision } from "./decide/reuse";
import type { OriginRules } from "./decide/storage";
import type { CustomKey, Policy } from "./policy";
import type { Core, Lookup, Query } from "./query";
import type { StoredResponse } from "./stored";
import type { Markers, MemoryTier, Purges, RemoteTier } from "./stores";
import type { CacheContext, Origin } from "./types";

/** What mode `origin` has beyond `override`: RFC 9111 with the origin's own headers in charge. */
export interface OriginMode extends OriginRules {
  /** What a request says of the stored responses that it takes; undefined where it says nothing. */
  requestDirectives(headers: Pick<Headers, "get">): RequestDirectives | undefined;
  decideReuse(stored: StoredResponse, request: RequestDirectives, now: number, markedStale: boolean): ReuseDecision;
  /** The answer to `only-if-cached`, where nothing stored is one. */
  gatewayTimeout(query: Query): Response;
  /** Limits `max-age` to what a policy leaves to browsers (s). */
  limitMaxAge(headers: Headers, most: number): void;
  /** A stored part answers only a range inside it. */
  covers(stored: StoredResponse, query: Query): boolean;
  /** Asks for what a stored part lacks, by headers for the origin. */
  completion(selected: Selected | undefined, headers: Headers): Completion | undefined;
  /** A new part together with a stored one. */
  combine(
    selected: Selected | undefined,
    part: StoredResponse,
    bytes: ArrayBuffer,
  ): { stored: StoredResponse; body: ArrayBuffer } | undefined;
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
export interface Completion {
  /** The answer is of another version than the stored part. */
  isOfAnotherVersion(response: Response): boolean;
  /** The whole, out of the stored part and the answer. */
  whole(response: Response, rest: ReadableStream<Uint8Array>): { headers: Headers; body: ReadableStream<Uint8Array> };
}

/** What unsafe methods make out of date. Called with each answer to a request whose method is neither GET nor HEAD. */
export type Writes = (core: Core, request: Request, response: Response, ctx: CacheContext) => Promise<void>;

/** The shield: one place for all data centres, between them and the origin. */
export interface Shield {
  /** What would go to the origin goes through the shield; to `origin` itself where the shield does not answer. */
  before(origin: Origin, policy: Policy, ctx: CacheContext): Origin;
  /** What the shield reported with an answer; undefined for what came from an origin. */
  reportOn(response: Response): ShieldReport | undefined;
  /** Invalidates what it has of these URLs. */
  invalidate(urls: readonly string[], policies: Iterable<Policy>, ctx: CacheContext): Promise<unknown>;
  readonly markers: Markers;
}

/** What the shield says of an answer beside HTTP, so that a copy of it is never fresh for longer than allowed. */
export interface ShieldReport {
  /** The shield had it. */
  readonly hit: boolean;
  readonly times: Pick<StoredResponse, "responseTime" | "initialAge" | "freshUntil" | "copyFreshUntil"> & {
    /** When the shield asked the origin for it. */
    readonly originRequestTime: number;
  };
}

export interface Extensions {
  readonly memory?: (() => MemoryTier) | undefined;
  readonly edge?: (() => RemoteTier) | undefined;
  readonly kv?: (() => RemoteTier) | undefined;
  readonly origin?: OriginMode | undefined;
  readonly key?: CustomKey | undefined;
  /** Word of purges: what comes by the tiers, and what is asked for here. */
  readonly purge?:
    | ((checkMs: number, remote: readonly Pick<RemoteTier, "markers">[], policies: Iterable<Policy>) => Purges)
    | undefined;
  readonly writes?: Writes | undefined;
  /** Takes from a request what is not in the key, where no entrance has done so: see `forwardHeaders` in ./clean.ts. */
  readonly clean?: ((headers: Headers, policy: Policy) => Headers) | undefined;
  readonly shield?: (() => Shield) | undefined;
  /** This cache is a shield: its answers keep the origin's headers, and report this to the edges. */
  readonly inside?: ((headers: Headers, stored: StoredResponse, hit: boolean) => void) | undefined;
  /** Tells the platform's cache in front what to do with a response; `ttl` in seconds. */
  readonly platform?: ((headers: Headers, ttl: number, stored: StoredResponse, field?: string) => void) | undefined;
}
