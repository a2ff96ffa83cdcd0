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

import { type Body, isStream } from "./streams";

/** How long (ms) a reader waits for the next bytes, and the pump for a reader that lags, before giving up on it. */
const STALL_MS = 20_000;
/** Bytes that all bodies of an isolate together may buffer beyond what one is allowed to collapse with. */
const ISOLATE_BYTES = 32 * 1024 * 1024;

/** What all bodies of this isolate buffer together. */
let bufferedByAll = 0;

/** Waits for a promise, but not longer than this. The timer is this request's own I/O: see above. */
export function within<T>(promise: Promise<T>, ms: number): Promise<T | "timeout"> {
  const { promise: late, resolve } = Promise.withResolvers<"timeout">();
  const timer = setTimeout(resolve, ms, "timeout");
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export interface SharedBody {
  /** Bytes received. */
  readonly size: number;
  readonly failure?: { readonly error: unknown } | undefined;
  /** True while every byte from the first is still buffered, so that a reader may start. */
  readonly whole: boolean;
  /** The end of the pump; undefined where the source is bytes. */
  readonly finished: Promise<void> | undefined;
  /** All bytes are here, or those that are cannot be buffered any longer. */
  readonly ready: Promise<void>;
  /** Releases what is buffered. Readers that are under way keep what they have not read yet. */
  release(): void;
  /** The whole body, once it is done; undefined where its start was let go. */
  bytes(): ArrayBuffer | undefined;
  /** A stream of the body from its first byte, for what `bytes` does not have. Belongs to the request that made it. */
  stream(): ReadableStream<Uint8Array>;
}

/**
 * Reads the source to its end, in the leader's context.
 *
 * @param expected bytes that were announced
 * @param limit bytes that are buffered whole; a body beyond that is only streamed, through a window of `window` bytes
 * @param window bytes buffered for readers of a body over the limit
 * @param onOverflow called once, before bytes are let go: the last moment at which a reader may start
 */
export function sharedBody(
  source: Body,
  expected: number | undefined,
  limit: number,
  window: number,
  onOverflow: () => void,
): SharedBody {
  return isStream(source)
    ? new StreamedBody(source, expected, limit, window, onOverflow)
    : bodyOfBytes(source ?? new ArrayBuffer(0));
}

function bodyOfBytes(bytes: ArrayBuffer): SharedBody {
  return {
    size: bytes.byteLength,
    whole: true,
    finished: undefined,
    ready: Promise.resolve(),
    release() {},
    bytes: () => bytes,
    stream: () => new Response(bytes).body as ReadableStream<Uint8Array>,
  };
}

interface Reader {
  /** The chunk to read next, counted from the first that came. */
  next: number;
}

class StreamedBody implements SharedBody {
  size = 0;
  whole = true;
  failure: SharedBody["failure"];
  readonly finished: Promise<void>;
  readonly ready: Promise<void>;
  /** Those that are still buffered, of which the first is number `#first` of all that came. */
  readonly #chunks: Uint8Array[] = [];
  readonly #readers = new Set<Reader>();
  readonly #ready = Promise.withResolvers<void>();
  /** Resolved with the next bytes, and at the end. */
  #more = Promise.withResolvers<void>();
  /** Resolved when a reader has read on, while the pump waits for that. */
  #room: PromiseWithResolvers<void> | undefined;
  #first = 0;
  #buffered = 0;
  #done = false;
  #joined: ArrayBuffer | undefined;

  constructor(
    source: ReadableStream<Uint8Array>,
    readonly expected: number | undefined,
    readonly limit: number,
    readonly window: number,
    readonly onOverflow: () => void,
  ) {
    this.ready = this.#ready.promise;
    this.finished = this.#pump(source.getReader());
  }

  release(): void {
    this.#count(-this.#buffered);
  }

  bytes(): ArrayBuffer | undefined {
    if (this.#done && this.whole) this.#joined ??= joined(this.#chunks, this.size);
    return this.#joined;
  }

  stream(): ReadableStream<Uint8Array> {
    const reader: Reader = { next: 0 };
    this.#readers.add(reader);
    return new ReadableStream<Uint8Array>(
      {
        pull: (controller) => this.#give(reader, controller),
        cancel: () => {
          this.#readers.delete(reader);
          this.#room?.resolve();
        },
      },
      { highWaterMark: 0 },
    );
  }

  // --- what comes in -----------------------------------------------------------------------------------------------------

  /** Never throws. */
  async #pump(source: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await source.read();
        if (done) break;
        if (value.length > 0) await this.#take(value);
      }
      if (this.expected !== undefined && this.expected !== this.size) {
        throw new Error(`The origin announced ${this.expected} bytes and sent ${this.size}.`);
      }
      this.#done = true;
    } catch (error) {
      this.failure = { error };
      source.cancel(error).catch(() => {});
    }
    this.#more.resolve();
    this.#ready.resolve();
  }

  async #take(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(chunk);
    this.size += chunk.length;
    this.#count(chunk.length);
    this.#more.resolve();
    this.#more = Promise.withResolvers();
    if (this.whole && this.#isTooLong()) await this.#overflow();
    if (!this.whole) await this.#makeRoom();
  }

  #count(bytes: number): void {
    this.#buffered += bytes;
    bufferedByAll += bytes;
  }

  #isTooLong(): boolean {
    return this.size > this.limit || (this.size > this.window && bufferedByAll > ISOLATE_BYTES);
  }

  /** From now on the body is only streamed. */
  async #overflow(): Promise<void> {
    this.onOverflow();
    this.whole = false;
    this.#ready.resolve();
    // The client that waited for this begins to read first.
    await this.ready;
  }

  /** Lets go of what every reader has, and waits until what is left fits the window. */
  async #makeRoom(): Promise<void> {
    for (;;) {
      if (this.#readers.size === 0) throw new Error("Nobody reads this response any more.");
      const slowest = Math.min(...Array.from(this.#readers, ({ next }) => next));
      const read = this.#chunks.splice(0, slowest - this.#first);
      for (const chunk of read) this.#count(-chunk.length);
      this.#first = slowest;
      if (this.#buffered <= this.window) return;
      this.#room = Promise.withResolvers();
      if ((await within(this.#room.promise, STALL_MS)) === "timeout") this.#leaveBehind(slowest);
    }
  }

  #leaveBehind(slowest: number): void {
    for (const reader of this.#readers) if (reader.next === slowest) this.#readers.delete(reader);
  }

  // --- what goes out -----------------------------------------------------------------------------------------------------

  async #give(reader: Reader, controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    for (;;) {
      if (!this.#readers.has(reader)) throw new Error("This client read too slowly.");
      const chunk = this.#chunks[reader.next - this.#first];
      if (chunk) {
        reader.next++;
        this.#room?.resolve();
        return controller.enqueue(chunk);
      }
      if (this.#done) return controller.close();
      if (this.failure) throw this.failure.error;
      if ((await within(this.#more.promise, STALL_MS)) === "timeout") {
        throw new Error(`The origin sent nothing for ${STALL_MS / 1000} s.`);
      }
    }
  }
}

/** One that is all of a buffer is given as it is. */
function joined(chunks: readonly Uint8Array[], size: number): ArrayBuffer {
  const [only] = chunks;
  if (only?.length === size && only.buffer.byteLength === size) return only.buffer as ArrayBuffer;
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all.buffer;
}
