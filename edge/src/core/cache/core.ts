/**
 * The cache of one isolate: what it consists of, the parts that not every function needs, and what they work on. Types alone, so
 * that each part can be read without those that use it. A part is a module of its own, and a function holds only what its settings
 * use: components/edgewright/contract/cache_parts.py says which.
 */

import type { Selected } from "./copies";
import type { RequestDirectives } from "./decide/request-directives";
import type { ReuseDecision } from "./decide/reuse";
import type { OriginRules } from "./decide/storage";
import type { Flight } from "./flight";
import type { CustomKey, Policy } from "./policy";
import type { SelectingHeaders, StoredResponse } from "./stored";
import type { Markers, MemoryTier, Purges, Reading, RemoteTier } from "./stores";
import type { CacheContext, CacheOptions, Origin, RequestHead } from "./types";

/** The cache of one isolate: its options, the parts that it has, and what it remembers. */
export interface Core extends Required<Omit<CacheOptions, "policies" | "purgeCheckMs">>, Omit<Extensions, Tier> {
  readonly memory: MemoryTier | undefined;
  /** The tiers that answer later, nearest first. */
  readonly remoteTiers: readonly RemoteTier[];
  readonly shield: Shield | undefined;
  /** By name of the tier and key. */
  readonly reads: Map<string, Reading>;
  /** What was too long to be read for others too: nobody waits for another one's read of it. */
  readonly long: Set<string>;
  readonly policies: Set<Policy>;
  readonly flights: Map<string, Flight>;
  /** Every request to the origin that is under way, also those that nobody may join. */
  readonly open: Set<Flight>;
  /** Keys whose last response could not be shared -> until when (ms) requests go straight to the origin. */
  readonly hitForMiss: Map<string, number>;
  /** Undefined where no purge channel is configured. */
  readonly purges: Purges | undefined;
}

type Tier = "memory" | "edge" | "kv" | "shield" | "purge";

/** A request at the cache: what is read from it once. */
export interface Query {
  readonly core: Core;
  readonly policy: Policy;
  readonly ctx: CacheContext;
  readonly origin: Origin;
  readonly key: string;
  readonly url: string;
  readonly method: string;
  /** As the client sent them; to be looked at one by one. */
  readonly headers: RequestHead["headers"];
  /** What the client says of the stored responses it takes. Nothing under `override`: there the policy alone decides. */
  readonly directives: RequestDirectives | undefined;
  readonly range: string | null;
  /** The request itself: not for what a store may answer, because it may have to be made first. */
  readonly request: Request;
  /** May a stored response answer it? */
  decideReuse(stored: StoredResponse, markedStale: boolean, directives?: RequestDirectives): ReuseDecision;
  /** Where a response that varies on these fields is stored for it. */
  variant(names: readonly string[]): string;
}

/** What the tiers hold for a query. */
export interface Lookup {
  readonly selected?: Selected | undefined;
  readonly decision: ReuseDecision;
  readonly selecting?: SelectingHeaders | undefined;
  /** Where a response for this query is, or would be, stored. */
  readonly storageKey: string;
}

// --- the parts ---------------------------------------------------------------------------------------------------------

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
