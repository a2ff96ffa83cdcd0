/** Small things done with bodies. */

export type Body = ArrayBuffer | ReadableStream<Uint8Array> | null;

/**
 * Responses whose body was given as bytes: it cannot break off. A host that guards against that need not with these. A copy
 * of one is not in here.
 */
export const fromBytes = new WeakSet<Response>();

export function isStream(body: Body | undefined): body is ReadableStream<Uint8Array> {
  return body instanceof ReadableStream;
}

/** Lets go of a body that nobody will read. One that somebody reads is left alone: it refuses. */
export function discard(body: Body | undefined): void {
  if (isStream(body)) body.cancel().catch(() => {});
}

/** `length` bytes of a body from `from` on. */
export function slice(body: Body, from: number, length: number): Body {
  if (!isStream(body)) return body === null ? null : body.slice(from, from + length);
  let skip = from;
  let left = length;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const piece = chunk.subarray(skip, skip + left);
        skip = Math.max(0, skip - chunk.length);
        left -= piece.length;
        if (piece.length) controller.enqueue(piece);
        if (!left) controller.terminate();
      },
    }),
  );
}

/** Bytes, and then a stream. */
export function concat(first: ArrayBuffer, rest: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return rest.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(first));
      },
    }),
  );
}

export async function toBytes(body: Body): Promise<ArrayBuffer | null> {
  return isStream(body) ? new Response(body).arrayBuffer() : body;
}
