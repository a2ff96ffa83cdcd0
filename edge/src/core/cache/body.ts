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
/** Bytes that all bodies of an isolate together may hold beyond what one is allowed to collapse with. */
const ISOLATE_BYTES = 32 * 1024 * 1024;

let heldByAll = 0;

/** Waits for a promise, but not longer than this. The timer is this request's own I/O: see above. */
export function within<T>(promise: Promise<T>, ms: number): Promise<T | "timeout"> {
  const { promise: late, resolve } = Promise.withResolvers<"timeout">();
  const timer = setTimeout(resolve, ms, "timeout");
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export interface SharedBody {
  /** Bytes received. */
  size: number;
  failure?: { readonly error: unknown };
  /** True while every byte from the first is still held, so that a reader may start. */
  whole: boolean;
  /** The end of the pump; undefined where the source is bytes. */
  readonly finished: Promise<void> | undefined;
  /** All bytes are here, or those that are cannot be held any longer. */
  readonly ready: Promise<void>;
  /** Releases what is held. Readers that are under way keep what they have not read yet. */
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
 * @param limit bytes that are held whole; a body beyond that is only streamed, through a window of `window` bytes
 * @param window bytes held for readers of a body over the limit
 * @param onOverflow called once, before bytes are let go: the last moment at which a reader may start
 */
export function sharedBody(
  source: Body,
  expected: number | undefined,
  limit: number,
  window: number,
  onOverflow: () => void,
): SharedBody {
  const chunks: Uint8Array[] = [];
  /** With the index of the chunk to read next. */
  const readers = new Set<{ next: number }>();
  const ready = Promise.withResolvers<void>();
  let more = Promise.withResolvers<void>();
  let room: typeof more | undefined;
  let first = 0;
  let held = 0;
  let done = false;
  let joined: ArrayBuffer | undefined;

  const hold = (bytes: number) => {
    held += bytes;
    heldByAll += bytes;
  };

  /** Lets go of what every reader has, and waits until what is left fits the window. */
  const makeRoom = async () => {
    for (;;) {
      if (!readers.size) throw new Error("Nobody reads this response any more.");
      const slowest = Math.min(...Array.from(readers, ({ next }) => next));
      for (; first < slowest; first++) hold(-(chunks.shift() as Uint8Array).length);
      if (held <= window) return;
      room = Promise.withResolvers();
      if ((await within(room.promise, STALL_MS)) === "timeout") {
        for (const reader of readers) if (reader.next === slowest) readers.delete(reader);
      }
    }
  };

  /** Never throws. */
  const pump = async (reader: ReadableStreamDefaultReader<Uint8Array>) => {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        if (!value.length) continue;
        chunks.push(value);
        body.size += value.length;
        hold(value.length);
        more.resolve();
        more = Promise.withResolvers();
        if (body.whole && (body.size > limit || (body.size > window && heldByAll > ISOLATE_BYTES))) {
          onOverflow();
          body.whole = false;
          ready.resolve();
          // The client that waited for this begins to read first.
          await ready.promise;
        }
        if (!body.whole) await makeRoom();
      }
      if (expected !== undefined && expected !== body.size) {
        throw new Error(`The origin announced ${expected} bytes and sent ${body.size}.`);
      }
      done = true;
    } catch (error) {
      body.failure = { error };
      reader.cancel(error).catch(() => {});
    }
    more.resolve();
    ready.resolve();
  };

  const body: SharedBody = {
    size: 0,
    whole: true,
    finished: isStream(source) ? pump(source.getReader()) : undefined,
    ready: ready.promise,
    release: () => hold(-held),

    bytes() {
      if (joined || !done || !body.whole) return joined;
      // One that is all of a buffer is given as it is.
      let all = chunks[0];
      if (all?.length !== body.size || all.buffer.byteLength !== body.size) {
        all = new Uint8Array(body.size);
        let at = 0;
        for (const chunk of chunks) {
          all.set(chunk, at);
          at += chunk.length;
        }
      }
      joined = all.buffer as ArrayBuffer;
      return joined;
    },

    stream() {
      const reader = { next: 0 };
      readers.add(reader);
      return new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            for (;;) {
              if (!readers.has(reader)) throw new Error("This client read too slowly.");
              const chunk = chunks[reader.next - first];
              if (chunk) {
                reader.next++;
                room?.resolve();
                return controller.enqueue(chunk);
              }
              if (done) return controller.close();
              if (body.failure) throw body.failure.error;
              if ((await within(more.promise, STALL_MS)) === "timeout") {
                throw new Error(`The origin sent nothing for ${STALL_MS / 1000} s.`);
              }
            }
          },
          cancel() {
            readers.delete(reader);
            room?.resolve();
          },
        },
        { highWaterMark: 0 },
      );
    },
  };
  if (!isStream(source)) {
    joined = source ?? new ArrayBuffer(0);
    ready.resolve();
  }
  return body;
}
