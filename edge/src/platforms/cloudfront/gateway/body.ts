// Reading bodies whole where a stage needs all of them.

import { Readable } from "node:stream";
import type { Body } from "./types.js";

export async function readAll(body: Body, limit = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
  if (body === undefined) return new Uint8Array(0);
  if (!(body instanceof Readable)) return body;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > limit) throw new Error(`The body is larger than ${limit} bytes.`);
  }
  return Buffer.concat(chunks, size);
}

/** Lets go of a body that nobody will read. */
export function discard(body: Body): void {
  if (body instanceof Readable) body.destroy();
}

/**
 * A Node stream as a web stream. Unlike `Readable.toWeb` it also takes a stream that has already ended, as that of an
 * empty body has.
 */
export function toWebStream(body: Readable): ReadableStream<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel() {
        body.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}
