/**
 * Isolate memory, bounded by bytes, evicted by S3-FIFO: a small queue takes what is new, and only what is asked for
 * again while it waits there moves to the main queue. Things seen once leave without pushing out what is popular, which
 * is where LRU loses; a ghost list lets what comes back soon enter the main queue at once.
 */

interface Node<V> {
  readonly key: string;
  value: V;
  size: number;
  /** How often it was asked for since it was queued, up to 3. */
  uses: number;
  main: boolean;
  previous: Node<V> | undefined;
  next: Node<V> | undefined;
}

class Queue<V> {
  head: Node<V> | undefined;
  tail: Node<V> | undefined;
  bytes = 0;

  push(node: Node<V>): void {
    node.previous = undefined;
    node.next = this.head;
    if (this.head) this.head.previous = node;
    else this.tail = node;
    this.head = node;
    this.bytes += node.size;
  }

  remove(node: Node<V>): void {
    if (node.previous) node.previous.next = node.next;
    else this.head = node.next;
    if (node.next) node.next.previous = node.previous;
    else this.tail = node.previous;
    this.bytes -= node.size;
  }
}

/** Part of the room that the queue of newcomers may take. */
const SMALL_PART = 0.1;

export class Memory<V> {
  readonly #nodes = new Map<string, Node<V>>();
  readonly #small = new Queue<V>();
  readonly #main = new Queue<V>();
  /** Keys that left the small queue unused, oldest first, each with the bytes it had. */
  readonly #ghosts = new Map<string, number>();
  #ghostBytes = 0;

  constructor(public maxBytes: number) {}

  get entries(): number {
    return this.#nodes.size;
  }

  get bytes(): number {
    return this.#small.bytes + this.#main.bytes;
  }

  get(key: string): V | undefined {
    const node = this.#nodes.get(key);
    if (node === undefined) return undefined;
    if (node.uses < 3) node.uses++;
    return node.value;
  }

  /** The value without counting a use. */
  peek(key: string): V | undefined {
    return this.#nodes.get(key)?.value;
  }

  set(key: string, value: V, size: number): void {
    if (size > this.maxBytes) {
      this.delete(key);
      return;
    }
    const existing = this.#nodes.get(key);
    if (existing) {
      const queue = existing.main ? this.#main : this.#small;
      queue.bytes += size - existing.size;
      existing.value = value;
      existing.size = size;
      this.#evict();
      return;
    }
    const ghost = this.#ghosts.get(key);
    if (ghost !== undefined) {
      this.#ghosts.delete(key);
      this.#ghostBytes -= ghost;
    }
    const main = ghost !== undefined;
    const node: Node<V> = { key, value, size, uses: 0, main, previous: undefined, next: undefined };
    this.#nodes.set(key, node);
    (main ? this.#main : this.#small).push(node);
    this.#evict();
  }

  delete(key: string): boolean {
    const node = this.#nodes.get(key);
    if (!node) return false;
    (node.main ? this.#main : this.#small).remove(node);
    return this.#nodes.delete(key);
  }

  *[Symbol.iterator](): IterableIterator<[string, V]> {
    for (const [key, node] of this.#nodes) yield [key, node.value];
  }

  #evict(): void {
    while (this.bytes > this.maxBytes) {
      if (this.#small.tail && (this.#small.bytes > this.maxBytes * SMALL_PART || !this.#main.tail)) this.#evictSmall();
      else this.#evictMain();
    }
  }

  #evictSmall(): void {
    const node = this.#small.tail as Node<V>;
    this.#small.remove(node);
    if (node.uses > 1) {
      node.uses = 0;
      node.main = true;
      this.#main.push(node);
      return;
    }
    this.#nodes.delete(node.key);
    this.#ghosts.set(node.key, node.size);
    this.#ghostBytes += node.size;
    for (const [key, size] of this.#ghosts) {
      if (this.#ghostBytes <= this.maxBytes && this.#ghosts.size <= 65536) break;
      this.#ghosts.delete(key);
      this.#ghostBytes -= size;
    }
  }

  #evictMain(): void {
    for (;;) {
      const node = this.#main.tail as Node<V>;
      this.#main.remove(node);
      if (node.uses === 0) {
        this.#nodes.delete(node.key);
        return;
      }
      node.uses--;
      this.#main.push(node);
    }
  }
}
