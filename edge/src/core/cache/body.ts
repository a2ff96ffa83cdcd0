/**
 * One body for many readers: what the origin sends is read once, and handed to each waiting client and to the tiers.
 *
 * What was found on workerd (compatibility dates from 2024-10-14, where `handle_cross_request_promise_resolution` is on):
 * - A stream or a Response made for one request cannot be read in another. Bytes (ArrayBuffer) and promises can be shared.
 * - A request that awaits a promise made by the *leader* runs on when the leader resolves it. One that awaits a promise
 *   of its own, to be resolved by the leader, and has no I/O of its own pending, is cancelled: "your Worker's code had
 *   hung". So followers wait on the leader's promises, next to a timer of their own.
 * - With `waitUntil`, the leader goes on when its client goes away (for 30 s on Cloudflare). Without it, or past that
 *   time, it stops without a word: neither resolve nor reject. The followers' timer is what finds that out.
 */

/** How long (ms) a reader waits for the next bytes, and the pump for a reader that lags, before giving up on it. */
const STALL_MS = 20_000;
/** Bytes that all bodies of an isolate together may hold beyond what one is allowed to collapse with. */
const ISOLATE_BYTES = 32 * 1024 * 1024;

let heldByAll = 0;

/** Waits for a promise, but not longer than this. The timer is this request's own I/O: see above. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | "timeout"> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<"timeout">((resolve) => {
        timer = setTimeout(resolve, ms, "timeout");
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

interface Signal {
  readonly promise: Promise<void>;
  readonly fire: () => void;
}

function signal(): Signal {
  let fire = () => {};
  const promise = new Promise<void>((resolve) => {
    fire = resolve;
  });
  return { promise, fire };
}

interface Position {
  /** Index of the next chunk to read. */
  next: number;
  dropped: boolean;
}

export class SharedBody {
  /** Bytes received. */
  size = 0;
  state: "open" | "done" | "failed" = "open";
  error: unknown;
  /** The end of the pump. */
  finished: Promise<void> | undefined;
  /** True while every byte from the first is still held, so that a reader may start. */
  whole = true;
  /** Called once, before bytes are let go: the last moment at which a reader may start. */
  onOverflow: (() => void) | undefined;
  #chunks: Uint8Array[] = [];
  #first = 0;
  #held = 0;
  readonly #readers = new Set<Position>();
  #more = signal();
  #room: Signal | undefined;
  #joined: ArrayBuffer | undefined;

  /**
   * @param limit bytes that are held whole; a body beyond that is only streamed, through a window of `window` bytes
   * @param window bytes held for readers of a body over the limit
   */
  constructor(
    readonly limit: number,
    readonly window: number,
  ) {}

  static of(bytes: ArrayBuffer): SharedBody {
    const body = new SharedBody(bytes.byteLength, bytes.byteLength);
    if (bytes.byteLength > 0) body.#chunks.push(new Uint8Array(bytes));
    body.size = bytes.byteLength;
    body.state = "done";
    return body;
  }

  get failed(): boolean {
    return this.state === "failed";
  }

  /** Reads the source to its end. Runs in the leader's context; never throws. */
  async pump(source: ReadableStream<Uint8Array>, expected: number | undefined): Promise<void> {
    const reader = source.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        this.#push(value);
        if (this.whole && (this.size > this.limit || (this.size > this.window && heldByAll > ISOLATE_BYTES))) {
          this.onOverflow?.();
          this.whole = false;
        }
        if (!this.whole) {
          await this.#makeRoom();
          if (this.#readers.size === 0) throw new Error("Nobody reads this response any more.");
        }
      }
      if (expected !== undefined && expected !== this.size) {
        throw new Error(`The origin announced ${expected} bytes and sent ${this.size}.`);
      }
      this.state = "done";
    } catch (error) {
      this.state = "failed";
      this.error = error;
      reader.cancel(error).catch(() => {});
    }
    this.#more.fire();
  }

  #push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#chunks.push(chunk);
    this.size += chunk.byteLength;
    this.#hold(chunk.byteLength);
    const more = this.#more;
    this.#more = signal();
    more.fire();
  }

  #hold(bytes: number): void {
    this.#held += bytes;
    heldByAll += bytes;
  }

  /** Lets go of what every reader has, and waits until what is left fits the window. */
  async #makeRoom(): Promise<void> {
    for (;;) {
      let slowest = Number.POSITIVE_INFINITY;
      for (const position of this.#readers) slowest = Math.min(slowest, position.next);
      while (this.#chunks.length > 0 && this.#first < slowest) {
        this.#hold(-(this.#chunks.shift() as Uint8Array).byteLength);
        this.#first++;
      }
      if (this.#held <= this.window || this.#readers.size === 0) return;
      this.#room = signal();
      if ((await within(this.#room.promise, STALL_MS)) === "timeout") {
        for (const position of this.#readers) {
          if (position.next > slowest) continue;
          position.dropped = true;
          this.#readers.delete(position);
        }
      }
      this.#room = undefined;
    }
  }

  /** Releases what is held. Readers that are under way keep what they have not read yet. */
  release(): void {
    heldByAll -= this.#held;
    this.#held = 0;
  }

  /** The whole body, once it is done; undefined where its start was let go. */
  bytes(): ArrayBuffer | undefined {
    if (this.state !== "done" || !this.whole) return undefined;
    if (this.#joined) return this.#joined;
    const only = this.#chunks[0];
    if (this.#chunks.length === 1 && only && only.byteLength === only.buffer.byteLength) {
      return only.buffer as ArrayBuffer;
    }
    const joined = new Uint8Array(this.size);
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.byteLength;
    }
    this.#joined = joined.buffer;
    return joined.buffer;
  }

  /** A stream of the body from its first byte. Belongs to the request that made it. */
  stream(): ReadableStream<Uint8Array> {
    const position: Position = { next: 0, dropped: false };
    this.#readers.add(position);
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          for (;;) {
            if (position.dropped) throw new Error("This client read too slowly.");
            const chunk = this.#chunks[position.next - this.#first];
            if (chunk) {
              position.next++;
              this.#room?.fire();
              controller.enqueue(chunk);
              return;
            }
            if (this.state === "done") {
              this.#readers.delete(position);
              controller.close();
              return;
            }
            if (this.state === "failed") {
              this.#readers.delete(position);
              throw this.error;
            }
            if ((await within(this.#more.promise, STALL_MS)) === "timeout") {
              throw new Error(`The origin sent nothing for ${STALL_MS / 1000} s.`);
            }
          }
        },
        cancel: () => {
          this.#readers.delete(position);
          this.#room?.fire();
        },
      },
      { highWaterMark: 0 },
    );
  }
}
