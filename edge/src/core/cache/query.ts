/** A request at the cache: what is read from it once, what the tiers hold for it, and what it shares with others. */

import type { SharedBody } from "./body";
import type { Entry, Index, Meta } from "./entry";
import type { Extensions, Shield } from "./extensions";
import type { Policy } from "./policy";
import type { RequestDirectives } from "./request-directives";
import { type Reuse, reuse } from "./reuse";
import type { FarTier, MemoryTier, Purges, Reading } from "./stores";
import type { CacheContext, CacheOptions, Origin, RequestHead } from "./types";
import { varyValues } from "./vary";

/** The cache of one isolate: its options, the parts that it has, and what it remembers. */
export interface Core extends Required<Omit<CacheOptions, "policies" | "purgeCheckMs">>, Omit<Extensions, Tier> {
  readonly memory: MemoryTier | undefined;
  /** The tiers that answer later, nearest first. */
  readonly far: readonly FarTier[];
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
  readonly passes: Map<string, number>;
  /** Undefined where nothing brings word of a purge. */
  readonly purges: Purges | undefined;
}

type Tier = "memory" | "edge" | "kv" | "shield" | "purge";

export type Forward = "uri-miss" | "vary-miss" | "stale" | "request" | "partial" | "method";

export class Query {
  readonly key: string;
  readonly url: string;
  readonly method: string;
  /** As the client sent them; for looking at one by one. */
  readonly asked: RequestHead["headers"];
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
    whole = () => head as Request,
  ) {
    const { method, headers, url } = head;
    const { url: normal, key } = policy.named(url);
    this.method = method;
    this.asked = headers;
    this.url = normal;
    this.key = policy.custom?.of(key, headers, policy, ctx) ?? key;
    this.directives = policy.mode === "origin" ? core.origin?.directives(headers) : undefined;
    this.range = method === "GET" ? headers.get("range") : null;
    this.#whole = whole;
  }

  /** The request itself: not for what a store may answer, because it may have to be made first. */
  get request(): Request {
    return this.#whole();
  }

  /** Whether a stored response may answer. */
  reuse(meta: Meta, soft: boolean, directives = this.directives): Reuse {
    const now = this.ctx.now();
    return directives && this.core.origin
      ? this.core.origin.reuse(meta, directives, now, soft)
      : reuse(meta, now, soft);
  }

  /** Where a response that varies on these headers is stored for this request. */
  variant(names: readonly string[]): string {
    return `${this.key}\n${varyValues(names, this.asked)}`;
  }
}

/** What the tiers hold for a query. */
export interface Lookup {
  readonly entry?: Entry | undefined;
  readonly decision: Reuse;
  readonly index?: Index | undefined;
  /** Where an entry for this query is, or would be, stored. */
  readonly slot: string;
}

/** What a leader found out, for those who wait. Undefined: it is not to be shared, and each goes to the origin. */
export type Head = { readonly meta: Meta; readonly body: SharedBody } | { readonly error: unknown } | undefined;

/** A request to the origin that others wait for. */
export class Flight {
  settle!: (head?: Head) => void;
  /** The origin has answered: what is left is to store it. */
  answered = false;
  readonly head = new Promise<Head>((resolve) => {
    this.settle = (head) => {
      this.answered = true;
      resolve(head);
    };
  });
  /** An invalidation came while it was under way: what it brings is not stored. */
  void = false;
  /** What it brought is in the tiers. */
  stored: Promise<void> | undefined;
  constructor(
    readonly url: string,
    /** Nothing was stored when it began. */
    readonly missed: boolean,
    /** Nobody waits for it: what is stale is served meanwhile. */
    readonly behind: boolean,
  ) {}
}
