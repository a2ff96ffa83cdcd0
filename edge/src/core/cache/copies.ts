/** Copies of what is stored, as tiers hold and give them. */

import type { Outcome } from "./decide/outcome";
import type { StoredResponse, StoredValue, TierName } from "./stored";
import type { Body } from "./streams";

/** What purges make of a copy: gone, or stale although it would be fresh. */
export type Purged = "removed" | "stale" | undefined;

/** What isolate memory holds, or the edge cache is known to. */
export interface TierCopy {
  readonly value: StoredValue;
  readonly body: ArrayBuffer | null;
  /** Selecting headers: until when (ms) they count without a look at the farther tiers. */
  readonly validUntil: number;
  /** What purges made of it, and the version of the known ones by which that was found. */
  purge?: { readonly version: number; readonly verdict: Purged } | undefined;
  /** The answer that is made of it in this second, prepared once for all hits. */
  prepared?: PreparedAnswer | undefined;
}

export interface PreparedAnswer {
  /** Whole seconds since the epoch: its Age and Cache-Status are right in this one. */
  readonly second: number;
  /** Without its body. */
  readonly response: Response;
  readonly outcome: Outcome;
}

export const copyOf = (value: StoredValue, body: ArrayBuffer | null, validUntil = Infinity): TierCopy => ({
  value,
  body,
  validUntil,
  purge: undefined,
  prepared: undefined,
});

/** What a tier gave. */
export interface Found {
  readonly value: StoredValue;
  readonly body: Body;
  /** What was prepared for this very value when it was last read here. */
  readonly copy?: TierCopy | undefined;
}

/** A stored response that a request selects (RFC 9111 section 4). */
export interface Selected {
  readonly stored: StoredResponse;
  /**
   * The whole body, or a stream that can be read once (a large body in the edge cache). Undefined where that stream was
   * given away.
   */
  readonly body: Body | undefined;
  readonly tier: TierName;
  /** A purge has marked it stale: it may serve while it is validated. */
  readonly markedStale: boolean;
  readonly copy: TierCopy;
}
