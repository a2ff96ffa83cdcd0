// What reached the edge and what reached each origin.

export interface OriginCounters {
  requests: number;
  /** Requests that got no whole answer: refused, reset, garbage, cut off. An HTTP error status is an answer. */
  errors: number;
  /** Bytes of the answers' bodies. */
  bytes: number;
  inFlight: number;
  maxConcurrency: number;
  byStatus: Record<string, number>;
}

export class Counters {
  requests = 0;
  inFlight = 0;
  /** Requests that waited for a reload, and those that waited in vain. */
  held = 0;
  refused = 0;
  byStatus: Record<string, number> = {};
  kv = { written: 0, unchanged: 0, deleted: 0 };
  #origins = new Map<string, OriginCounters>();
  since = new Date();

  origin(name: string): OriginCounters {
    let counters = this.#origins.get(name);
    if (counters === undefined) {
      counters = { requests: 0, errors: 0, bytes: 0, inFlight: 0, maxConcurrency: 0, byStatus: {} };
      this.#origins.set(name, counters);
    }
    return counters;
  }

  started(name: string): OriginCounters {
    const counters = this.origin(name);
    counters.requests += 1;
    counters.inFlight += 1;
    counters.maxConcurrency = Math.max(counters.maxConcurrency, counters.inFlight);
    return counters;
  }

  /** Sets everything to zero; what is in flight stays counted as such. */
  reset(): void {
    this.requests = 0;
    this.held = 0;
    this.refused = 0;
    this.byStatus = {};
    this.kv = { written: 0, unchanged: 0, deleted: 0 };
    this.since = new Date();
    for (const counters of this.#origins.values()) {
      Object.assign(counters, { requests: 0, errors: 0, bytes: 0, maxConcurrency: counters.inFlight, byStatus: {} });
    }
  }

  snapshot(): object {
    return {
      since: this.since.toISOString(),
      requests: this.requests,
      inFlight: this.inFlight,
      held: this.held,
      refused: this.refused,
      byStatus: this.byStatus,
      origins: Object.fromEntries(this.#origins),
      kv: this.kv,
    };
  }
}
