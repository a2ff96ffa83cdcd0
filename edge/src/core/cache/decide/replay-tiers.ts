/** The tiers of one isolate and its data centre, as a replay has them: values and weights, without bytes. */

import { createMemory, type Memory } from "../memory";
import type { Policy } from "../policy";
import type { StoredResponse, StoredValue, TierName } from "../stored";
import { drawDataCentreLifetime, type Moment, placeInEdge, placeInKv, placeInMemory, weightOf } from "./placement";

export interface Copy {
  readonly value: StoredValue;
  /** Of the body. */
  readonly bytes: number;
  /** Until when (ms) the tier has it: selecting headers in memory, everything elsewhere. */
  readonly until: number;
}

/** KV's own limit on writes to one key. */
const KV_WRITE_MS = 1000;

export class ReplayTiers {
  readonly #memory: Memory<Copy> = createMemory();
  readonly #edge = new Map<string, Copy>();
  readonly #kvWrites = new Map<string, number>();

  /** `kv`: what other data centres share. */
  constructor(readonly kv: Map<string, Copy>) {}

  read(tier: TierName, key: string, policy: Policy, now: number): Copy | undefined {
    if (tier === "memory") return policy.memory ? this.#memory.get(key) : undefined;
    const [copies, used] = tier === "edge" ? [this.#edge, policy.edge] : [this.kv, policy.kv];
    const copy = used ? copies.get(key) : undefined;
    return copy && copy.until > now ? copy : undefined;
  }

  /** `lifetime`: drawn for the data centre's copies. */
  put(value: StoredValue, bytes: number, policy: Policy, moment: Moment, lifetime: number): void {
    this.putInMemory(value, bytes, policy, moment, lifetime);
    this.putInEdge(value, bytes, policy, moment, lifetime);
    const now = moment.now();
    if (now - (this.#kvWrites.get(value.key) ?? -Infinity) < KV_WRITE_MS) return;
    const placement = placeInKv(value, policy, moment, () => weightOf(value) + bytes);
    if (!placement.keep) return;
    this.#kvWrites.set(value.key, now);
    this.kv.set(value.key, { value: placement.copy, bytes, until: now + placement.retention * 1000 });
  }

  putInMemory(value: StoredValue, bytes: number, policy: Policy, moment: Moment, lifetime = Infinity): void {
    if (!policy.memory) return;
    const placement = placeInMemory(value, bytes, policy, moment, lifetime);
    if (!placement.keep) {
      this.#memory.delete(value.key);
      return;
    }
    const isShared = policy.edge !== null || policy.kv !== null;
    const until = isShared ? moment.now() + placement.retention * 1000 : Infinity;
    const copy = { value: placement.copy, bytes, until };
    this.#memory.set(value.key, copy, bytes + weightOf(value), policy.memory.max_bytes);
  }

  putInEdge(value: StoredValue, bytes: number, policy: Policy, moment: Moment, lifetime = Infinity): void {
    const placement = placeInEdge(value, policy, moment, lifetime, weightOf);
    if (!placement.keep) return;
    this.#edge.set(value.key, { value: placement.copy, bytes, until: moment.now() + placement.retention * 1000 });
  }

  /** Puts a fresh response of a farther tier into the nearer ones. */
  promote(stored: StoredResponse, bytes: number, from: "edge" | "kv", policy: Policy, moment: Moment): void {
    if (from === "edge") {
      // The edge's copy carries its own limit; KV's is the start of a new one in this data centre.
      this.putInMemory({ ...stored, freshUntil: stored.copyFreshUntil }, bytes, policy, moment);
      return;
    }
    const lifetime = drawDataCentreLifetime(stored, policy, moment);
    this.putInMemory(stored, bytes, policy, moment, lifetime);
    this.putInEdge(stored, bytes, policy, moment, lifetime);
  }

  remove(key: string): void {
    this.#memory.delete(key);
    this.#edge.delete(key);
    this.kv.delete(key);
    this.#kvWrites.delete(key);
  }

  /** Removes from memory what is purged: it would only take room. */
  removeFromMemory(isPurged: (value: StoredValue) => boolean): void {
    for (const [key, node] of this.#memory.all()) if (isPurged(node.value.value)) this.#memory.delete(key);
  }
}
