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
  value: V;
  size: number;
  /** How often it was asked for since it was queued, up to 3. */
  uses: number;
}

class Queue<V> extends Map<string, Node<V>> {
  bytes = 0;

  put(key: string, node: Node<V>): void {
    this.set(key, node);
    this.bytes += node.size;
  }

  take(key: string): Node<V> | undefined {
    const node = this.get(key);
    if (node) {
      this.delete(key);
      this.bytes -= node.size;
    }
    return node;
  }

  get oldest(): string {
    return this.keys().next().value as string;
  }
}

/** Part of the room that the queue of newcomers may take. */
const SMALL_PART = 0.1;
const MAX_GHOSTS = 65536;

export class Memory<V> {
  readonly #small = new Queue<V>();
  readonly #main = new Queue<V>();
  /** Keys that left the small queue unused, with the bytes they had. */
  readonly #ghosts = new Queue<undefined>();

  constructor(public maxBytes: number) {}

  get entries(): number {
    return this.#small.size + this.#main.size;
  }

  get bytes(): number {
    return this.#small.bytes + this.#main.bytes;
  }

  get(key: string): V | undefined {
    const node = this.#main.get(key) ?? this.#small.get(key);
    if (!node) return undefined;
    if (node.uses < 3) node.uses++;
    return node.value;
  }

  set(key: string, value: V, size: number): void {
    for (const queue of [this.#main, this.#small]) {
      const node = queue.get(key);
      if (!node) continue;
      queue.bytes += size - node.size;
      node.value = value;
      node.size = size;
      this.#evict();
      return;
    }
    if (size > this.maxBytes) return;
    (this.#ghosts.take(key) ? this.#main : this.#small).put(key, { value, size, uses: 0 });
    this.#evict();
  }

  delete(key: string): void {
    this.#main.take(key);
    this.#small.take(key);
  }

  *[Symbol.iterator](): IterableIterator<[string, V]> {
    for (const queue of [this.#main, this.#small]) for (const [key, node] of queue) yield [key, node.value];
  }

  #evict(): void {
    const [small, main, ghosts] = [this.#small, this.#main, this.#ghosts];
    while (this.bytes > this.maxBytes) {
      const queue = small.size > 0 && (small.bytes > this.maxBytes * SMALL_PART || main.size === 0) ? small : main;
      const key = queue.oldest;
      const node = queue.take(key) as Node<V>;
      if (queue === main) {
        if (node.uses-- > 0) main.put(key, node);
      } else if (node.uses > 1) {
        main.put(key, { ...node, uses: 0 });
      } else {
        ghosts.put(key, { ...node, value: undefined });
        while (ghosts.bytes > this.maxBytes || ghosts.size > MAX_GHOSTS) ghosts.take(ghosts.oldest);
      }
    }
  }
}

/** Bytes that an entry takes beside its body, roughly. */
function weight(value: Meta | Index): number {
  let bytes = 300 + value.key.length * 2 + value.url.length * 2;
  if (value.kind === "entry") for (const [name, text] of value.headers) bytes += 2 * (name.length + text.length) + 64;
  return bytes;
}

export function memoryTier(): MemoryTier {
  const memory = new Memory<Held>(0);
  return {
    get: (key) => memory.get(key),

    put(value, body, { memory: tier }, ctx, ceiling = Number.POSITIVE_INFINITY) {
      if (!tier) return;
      const bytes = body?.byteLength ?? 0;
      if (bytes > tier.max_object_bytes) {
        memory.delete(value.key);
        return;
      }
      if (tier.max_bytes > memory.maxBytes) memory.maxBytes = tier.max_bytes;
      const most = Math.min(ceilingOf(tier, ctx), ceiling);
      memory.set(value.key, hold(limited(value, most, ctx.now()), body), bytes + weight(value));
    },

    delete(key) {
      memory.delete(key);
    },

    held: () => Array.from(memory, ([, held]) => held),

    get entries() {
      return memory.entries;
    },

    get bytes() {
      return memory.bytes;
    },
  };
}
