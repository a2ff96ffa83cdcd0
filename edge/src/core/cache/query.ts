/** A request at the cache: what is read from it once, what the tiers hold for it, and what it shares with others. */

import type { SharedBody } from "./body";
import type { Selected } from "./copies";
import type { RequestDirectives } from "./decide/request-directives";
import { decideReuse, type ReuseDecision } from "./decide/reuse";
import type { Extensions, Shield } from "./extensions";
import type { Policy } from "./policy";
import type { SelectingHeaders, StoredResponse } from "./stored";
import type { MemoryTier, Purges, RemoteTier } from "./stores";
import type { Reading } from "./tiers";
import type { CacheContext, CacheOptions, Origin, RequestHead } from "./types";
import { variantKey } from "./vary";

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

export class Query {
  readonly key: string;
  readonly url: string;
  readonly method: string;
  /** As the client sent them; to be looked at one by one. */
  readonly headers: RequestHead["headers"];
  /** What the client says of the stored responses it takes. Nothing under `override`: there the policy alone decides. */
  readonly directives: RequestDirectives | undefined;
  readonly range: string | null;
  readonly #whole: () => Request;

  constructor(
    readonly core: Core,
    head: RequestHead,
    readonly policy: Policy,
    readonly ctx: CacheContext,
    readonly origin: Origin,
    whole: () => Request,
  ) {
    const { method, headers, url } = head;
    const named = policy.named(url);
    this.method = method;
    this.headers = headers;
    this.url = named.url;
    this.key = policy.custom?.of(named.key, headers, policy, ctx) ?? named.key;
    this.directives = policy.mode === "origin" ? core.origin?.requestDirectives(headers) : undefined;
    this.range = method === "GET" ? headers.get("range") : null;
    this.#whole = whole;
  }

  /** The request itself: not for what a store may answer, because it may have to be made first. */
  get request(): Request {
    return this.#whole();
  }

  /** May a stored response answer it? */
  decideReuse(stored: StoredResponse, markedStale: boolean, directives = this.directives): ReuseDecision {
    const now = this.ctx.now();
    return directives && this.core.origin
      ? this.core.origin.decideReuse(stored, directives, now, markedStale)
      : decideReuse(stored, now, markedStale);
  }

  /** Where a response that varies on these fields is stored for it. */
  variant(names: readonly string[]): string {
    return variantKey(this.key, names, this.headers);
  }
}

/** What the tiers hold for a query. */
export interface Lookup {
  readonly selected?: Selected | undefined;
  readonly decision: ReuseDecision;
  readonly selecting?: SelectingHeaders | undefined;
  /** Where a response for this query is, or would be, stored. */
  readonly storageKey: string;
}

/** What came of a request to the origin, for those who wait for it. */
export type FlightResult =
  | { readonly kind: "response"; readonly stored: StoredResponse; readonly body: SharedBody }
  /** It is not to be shared, and each goes to the origin. */
  | { readonly kind: "unshared" }
  | { readonly kind: "failed"; readonly error: unknown };

/** A request to the origin that others wait for. */
export class Flight {
  /** The origin has answered: what is left is to store it. */
  answered = false;
  readonly result: Promise<FlightResult>;
  /** An invalidation came while it was under way: what it brings is not stored. */
  invalidated = false;
  /** What it brought is in the tiers. */
  stored: Promise<void> | undefined;
  readonly #resolve: (result: FlightResult) => void;

  constructor(
    readonly url: string,
    /** Nothing was stored when it began. */
    readonly missed: boolean,
    /** Nobody waits for it: what is stale is served meanwhile. */
    readonly inBackground: boolean,
  ) {
    const { promise, resolve } = Promise.withResolvers<FlightResult>();
    this.result = promise;
    this.#resolve = resolve;
  }

  settle(result: FlightResult): void {
    this.answered = true;
    this.#resolve(result);
  }
}
