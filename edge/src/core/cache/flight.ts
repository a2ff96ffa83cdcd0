/** A request to the origin that is under way, and what comes of it. */

import type { SharedBody } from "./body";
import type { StoredResponse } from "./stored";

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
