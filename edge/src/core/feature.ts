/**
 * What a feature is, and what each request carries. Features are separate modules so that an edge function holds only
 * the code that its settings use.
 */

import type { Core, Extensions } from "./cache/core";
import type { CacheContext, PurgeRequest, PurgeResult, RequestHead } from "./cache/types";
import type { Telling } from "./entrance";
import type { Geo, Host } from "./host";
import type { CacheSpec, EdgeSettings, EndpointSpec, RateLimitSpec } from "./settings.gen";

/** One request on its way through the edge. */
export interface RequestState {
  readonly host: Host;
  /** The normalised path. */
  readonly path: string;
  readonly geo: Geo;
  readonly clientIp: string | undefined;
  readonly receivedAt: number;
  /** What the platform passes to a handler beside the request. */
  readonly platform: PlatformArguments;
  /** Path parameters, decoded. */
  readonly params: Record<string, string>;
  /** The caller's session, once authentication has found one. */
  session: Record<string, unknown> | undefined;
  /** The token's claims, once authentication has verified one. */
  claims: Record<string, unknown> | undefined;
  /** The endpoint's policy lets the platform's cache in front store its answers. */
  fronted: boolean;
  /** What the target may be told of the client and of the host and scheme that it asked by. */
  telling: Telling;
  /** Durations (ms) for Server-Timing. */
  readonly timings: Map<string, number>;
}

export interface PlatformArguments {
  readonly env: unknown;
  readonly context: object | undefined;
}

/** Answers a request. Throws a Problem, or an error that becomes one. */
export type Answer = (request: Request, state: RequestState) => Promise<Response>;

/** Lets a request pass, or throws a Problem. May add to the state. */
export type Guard = (request: Request, state: RequestState) => Promise<void>;

/** Puts a cache in front of an answer. */
export interface CacheLayer {
  /** `whole` is called where a store does not answer; a Response that is no promise came from memory, whole and labelled. */
  handle(
    request: RequestHead,
    policy: CacheSpec | null,
    context: CacheContext,
    answer: (r: Request) => Promise<Response>,
    whole: () => Request,
  ): Response | Promise<Response>;
  /**
   * Purges every tier that can be reached from here, the platform's cache in front included. Not there where a purge could
   * come by nothing.
   */
  purge?(request: PurgeRequest, host: Host): Promise<PurgeReport>;
  /** Answers the cache's own paths; undefined for every other request. */
  answer?(request: Request, path: string, host: Host): Promise<Response | undefined> | undefined;
}

export interface PurgeReport extends PurgeResult {
  /** What became of the cache in front: purged, not there, or why it refused. */
  readonly front: "purged" | "none" | `refused: ${string}`;
}

export interface Target {
  answer: Answer;
  /** The routing region of a client, for cache keys. */
  region?: (state: RequestState) => string;
}

type TargetKind = EndpointSpec["target"]["kind"];
type AuthKind = NonNullable<EndpointSpec["auth"]>["kind"];

/** The parts of the cache that not every function needs: what the cache itself takes, and the platform's cache in front. */
export interface CacheParts extends Extensions {
  /** Adds to `faults` the parts that the policies need and that are not there. */
  readonly check?: (
    settings: EdgeSettings,
    policies: readonly CacheSpec[],
    parts: CacheParts,
    faults: string[],
  ) => void;
  /** What a function does with purges that are asked of it. `core`: its own cache. */
  readonly purging?: (
    settings: EdgeSettings,
    core: Core,
    parts: CacheParts,
    contextOf: (host: Host) => CacheContext,
  ) => Pick<CacheLayer, "purge" | "answer">;
  /** Answers a purge from outside by a token; undefined where the function has none. */
  readonly answerToken?: (
    request: Request,
    path: string,
    host: Host,
    purge: NonNullable<CacheLayer["purge"]>,
  ) => Promise<Response | undefined>;
  readonly front?: {
    /** Tells the cache in front of a purge. */
    purge(request: PurgeRequest, host: Host): Promise<PurgeReport["front"]>;
    /** Answers a purge from outside, which is kept under one of these bindings. */
    answer(
      request: Request,
      path: string,
      host: Host,
      bindings: readonly string[],
      purge: NonNullable<CacheLayer["purge"]>,
    ): Promise<Response>;
  };
}

/** What stands around all of an endpoint's answers, stored ones and refusals too. */
export interface Around {
  /** Request headers that the answers then depend on, in lower case. */
  readonly varies: readonly string[];
  /** Answers a request in the endpoint's place, whatever methods the endpoint has. */
  answer(request: Request): Response | undefined;
  /** Sets the headers of an answer. */
  adorn(asked: Headers, headers: Headers): void;
}

export interface Feature {
  readonly name: string;
  /** Undefined for an endpoint that does not use it. */
  readonly around?: (endpoint: EndpointSpec) => Around | undefined;
  readonly targets?: Partial<Record<TargetKind, (settings: EdgeSettings, endpoint: EndpointSpec) => Target>>;
  readonly auth?: Partial<Record<AuthKind, (settings: EdgeSettings, endpoint: EndpointSpec) => Guard>>;
  readonly rateLimit?: (settings: EdgeSettings, endpoint: EndpointSpec, spec: RateLimitSpec) => Guard;
  /** `policies`: of each endpoint, as it applies. Adds to `faults` what they need and `parts` lack. */
  readonly cache?: (
    settings: EdgeSettings,
    policies: readonly (CacheSpec | null)[],
    parts: CacheParts,
    faults: string[],
  ) => CacheLayer;
  readonly cacheParts?: CacheParts;
}
