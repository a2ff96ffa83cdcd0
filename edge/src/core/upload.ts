/** A client's body on its way to an origin: what the client does with it is never laid at the origin's door. */

import { Problem } from "./problem";

/** A client that sends nothing of its body for this long (ms) is answered 408. */
export const BODY_IDLE_MS = 30_000;
/** A body may take this long (ms), and as much longer as it has bytes for at `BODY_LEAST_RATE`. */
export const BODY_GRACE_MS = 60_000;
/** Bytes a second that a client has to send on average, so that one byte now and then holds no request open for ever. */
export const BODY_LEAST_RATE = 1024;

/** Counts the time that somebody takes, while it runs. */
export interface Patience {
  start(): void;
  stop(): void;
}

export class Upload {
  /** All of the body has been read: what fails from now on is not the client's doing. */
  ended = false;
  /** Something of the body was taken. */
  begun = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #now: () => number;
  #first: number | undefined;
  #bytes = 0;

  constructor(body: ReadableStream<Uint8Array>, now: () => number) {
    this.#reader = body.getReader();
    this.#now = now;
  }

  /**
   * Sends the body on. `patience`, which is the origin's, runs while the origin takes what is there, and from the end of
   * the body; it stands while the client is waited for.
   *
   * @throws Problem for what the client does: 408 where it is too slow, 400 where it breaks off.
   */
  async sendTo(writable: WritableStream<Uint8Array>, patience: Patience): Promise<void> {
    const writer = writable.getWriter();
    // Told by the calls below.
    writer.closed.catch(() => {});
    try {
      for (;;) {
        patience.stop();
        const chunk = await this.#next();
        patience.start();
        if (chunk === undefined) return await writer.close();
        await writer.write(chunk);
        this.begun = true;
      }
    } catch (error) {
      writer.abort(error).catch(() => {});
      this.#reader.cancel(error).catch(() => {});
      // An origin that takes no more says why by its answer, or by its silence.
      if (error instanceof Problem) throw error;
    }
  }

  /** The whole body, so that it can be sent more than once. @throws Problem as `sendTo` does. */
  async whole(): Promise<Uint8Array<ArrayBuffer>> {
    const chunks: Uint8Array[] = [];
    for (let chunk = await this.#next(); chunk !== undefined; chunk = await this.#next()) chunks.push(chunk);
    const bytes = new Uint8Array(this.#bytes);
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.byteLength;
    }
    return bytes;
  }

  /** What the client sends next; undefined at the end. */
  async #next(): Promise<Uint8Array | undefined> {
    const now = this.#now();
    this.#first ??= now;
    const allowed = this.#first + BODY_GRACE_MS + (this.#bytes / BODY_LEAST_RATE) * 1000 - now;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(tooSlow()), Math.min(BODY_IDLE_MS, Math.max(0, allowed)));
    });
    try {
      const { done, value } = await Promise.race([this.#reader.read(), tooLong]);
      if (done) {
        this.ended = true;
        return undefined;
      }
      this.#bytes += value.byteLength;
      return value;
    } catch (error) {
      throw error instanceof Problem ? error : brokenOff();
    } finally {
      clearTimeout(timer);
    }
  }
}

function tooSlow(): Problem {
  const seconds = BODY_IDLE_MS / 1000;
  return new Problem({
    status: 408,
    code: "body-timeout",
    detail: `The request's body came too slowly. Send it without pauses of ${seconds} s, at ${BODY_LEAST_RATE} bytes a second or more.`,
  });
}

function brokenOff(): Problem {
  return new Problem({
    status: 400,
    code: "body-broken-off",
    detail: "The request's body broke off, or is malformed.",
  });
}
