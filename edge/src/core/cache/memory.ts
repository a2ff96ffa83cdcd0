/**
 * Isolate memory, bounded by bytes, evicted by S3-FIFO: a small queue takes what is new, and only what is asked for
 * again while it waits there moves to the main queue. Things seen once leave without pushing out what is popular, which
 * is where LRU loses; a ghost list lets what comes back soon enter the main queue at once.
 *
 * A Map goes through its keys in the order in which they were set, so each queue is one.
 */

import { copyOf, type TierCopy } from "./copies";
import { placeInMemory, weightOf } from "./decide/placement";
import type { MemoryTier } from "./stores";

interface Node<V> {
  readonly value: V;
  readonly size: number;
  /** How often it was asked for since it was queued, up to `MAX_USES`. */
  uses: number;
}

class Queue<V> extends Map<string, Node<V>> {
  bytes = 0;

  /** What is there already keeps its place. */
  override set(key: string, node: Node<V>): this {
    this.bytes += node.size - (this.get(key)?.size ?? 0);
    return super.set(key, node);
  }

  override delete(key: string): boolean {
    this.bytes -= this.get(key)?.size ?? 0;
    return super.delete(key);
  }

  /** Takes out what has been in it for the longest time. */
  shift(): [string, Node<V>] | undefined {
    for (const oldest of this) {
      this.delete(oldest[0]);
      return oldest;
    }
    return undefined;
  }
}

/** Part of the room that the queue of newcomers may take. */
const SMALL_PART = 0.1;
const MAX_USES = 3;
/** A newcomer that was asked for so often moves to the main queue. */
const USES_TO_STAY = 2;
const MAX_GHOSTS = 65_536;

export interface Memory<V> {
  get(key: string): V | undefined;
  /** `room`: bytes that all may take together; what was allowed once stays so. */
  set(key: string, value: V, size: number, room: number): void;
  delete(key: string): void;
  all(): [string, { readonly value: V }][];
  stats(): { readonly entries: number; readonly bytes: number };
}

export function createMemory<V>(): Memory<V> {
  const small = new Queue<V>();
  const main = new Queue<V>();
  /** Keys that left the small queue unused, with the bytes they had. */
  const ghosts = new Queue<undefined>();
  let maxBytes = 0;

  const evictNewcomer = () => {
    const oldest = small.shift();
    if (!oldest) return;
    const [key, node] = oldest;
    if (node.uses >= USES_TO_STAY) {
      main.set(key, { ...node, uses: 0 });
      return;
    }
    ghosts.set(key, { value: undefined, size: node.size, uses: 0 });
    while (ghosts.bytes > maxBytes || ghosts.size > MAX_GHOSTS) ghosts.shift();
  };

  /** What was asked for goes to the queue's end instead, once for each time. */
  const evictFromMain = () => {
    const oldest = main.shift();
    if (!oldest) return;
    const [key, node] = oldest;
    if (node.uses > 0) main.set(key, { ...node, uses: node.uses - 1 });
  };

  return {
    get(key) {
      const node = main.get(key) ?? small.get(key);
      if (node && node.uses < MAX_USES) node.uses++;
      return node?.value;
    },

    set(key, value, size, room) {
      maxBytes = Math.max(maxBytes, room);
      const known = [main, small].find((queue) => queue.has(key));
      if (!known && size > maxBytes) return;
      const target = known ?? (ghosts.delete(key) ? main : small);
      target.set(key, { value, size, uses: target.get(key)?.uses ?? 0 });
      while (small.bytes + main.bytes > maxBytes) {
        if (small.bytes > maxBytes * SMALL_PART || main.size === 0) evictNewcomer();
        else evictFromMain();
      }
    },

    delete(key) {
      main.delete(key);
      small.delete(key);
    },

    all: () => [...main, ...small],

    stats: () => ({ entries: small.size + main.size, bytes: small.bytes + main.bytes }),
  };
}

export function memoryTier(): MemoryTier {
  const memory = createMemory<TierCopy>();
  return {
    get: memory.get,
    delete: memory.delete,
    stats: memory.stats,

    put(value, body, policy, ctx, lifetime = Infinity) {
      if (!policy.memory) return;
      const bytes = body?.byteLength ?? 0;
      const placement = placeInMemory(value, bytes, policy, ctx, lifetime);
      if (!placement.keep) return memory.delete(value.key);
      // What another isolate wrote may have invalidated selecting headers, with all variants that are found by them.
      const isShared = policy.edge !== null || policy.kv !== null;
      const validUntil = isShared ? ctx.now() + placement.retention * 1000 : Infinity;
      const size = bytes + weightOf(value);
      memory.set(value.key, copyOf(placement.copy, body, validUntil), size, policy.memory.max_bytes);
    },

    copies: () => memory.all().map(([, { value }]) => value),
  };
}
