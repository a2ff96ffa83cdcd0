/**
 * Isolate memory, bounded by bytes, evicted by S3-FIFO: a small queue takes what is new, and only what is asked for
 * again while it waits there moves to the main queue. Things seen once leave without pushing out what is popular, which
 * is where LRU loses; a ghost list lets what comes back soon enter the main queue at once.
 *
 * A Map goes through its keys in the order in which they were set, so each queue is one.
 */

import type { Held, Index, Meta } from "./entry";
import { ceilingOf } from "./policy";
import type { MemoryTier } from "./stores";
import { hold, limited } from "./tiers";

interface Node<V> {
  readonly value: V;
  readonly size: number;
  /** How often it was asked for since it was queued, up to 3. */
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
}

/** Part of the room that the queue of newcomers may take. */
const SMALL_PART = 0.1;
const MAX_GHOSTS = 65536;

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

  return {
    get(key) {
      const node = main.get(key) ?? small.get(key);
      if (node && node.uses < 3) node.uses++;
      return node?.value;
    },

    set(key, value, size, room) {
      maxBytes = Math.max(maxBytes, room);
      const known = main.has(key) ? main : small.has(key) ? small : undefined;
      if (!known && size > maxBytes) return;
      const queue = known ?? (ghosts.delete(key) ? main : small);
      queue.set(key, { value, size, uses: queue.get(key)?.uses ?? 0 });
      while (small.bytes + main.bytes > maxBytes) {
        const queue = small.bytes > maxBytes * SMALL_PART || !main.size ? small : main;
        const [[key, node]] = queue as unknown as [[string, Node<V>]];
        queue.delete(key);
        if (queue === main) {
          if (node.uses--) main.set(key, node);
        } else if (node.uses > 1) {
          node.uses = 0;
          main.set(key, node);
        } else {
          ghosts.set(key, { ...node, value: undefined });
          while (ghosts.bytes > maxBytes || ghosts.size > MAX_GHOSTS) {
            const [[oldest]] = ghosts as unknown as [[string]];
            ghosts.delete(oldest);
          }
        }
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

/** Bytes that an entry takes beside its body, roughly. */
function weight(value: Meta | Index): number {
  let bytes = 300 + 2 * (value.key.length + value.url.length);
  if (value.kind === "entry") for (const [name, text] of value.headers) bytes += 64 + 2 * (name.length + text.length);
  return bytes;
}

export function memoryTier(): MemoryTier {
  const memory = createMemory<Held>();
  return {
    ...memory,

    put(value, body, { memory: tier, edge, kv }, ctx, ceiling = Infinity) {
      if (!tier) return;
      const { key } = value;
      const bytes = body?.byteLength ?? 0;
      if (bytes > tier.max_object_bytes) return memory.delete(key);
      const now = ctx.now();
      const most = Math.min(ceilingOf(tier, ctx), ceiling);
      // What another isolate wrote may have made an index void, with all variants that are found by it.
      const until = edge || kv ? now + most * 1000 : Infinity;
      memory.set(key, hold(limited(value, most, now), body, until), bytes + weight(value), tier.max_bytes);
    },

    held: () => memory.all().map(([, { value }]) => value),
  };
}
