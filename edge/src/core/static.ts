/** Versioned static files: a strong ETag on every answer, and conditional requests answered from it. */

import { evaluatePreconditions, type Fields, notModifiedHeaders } from "./conditional";
import { isStrong } from "./entity-tags";

/** A body up to this size (bytes) is read whole to make its ETag. A larger one keeps what the origin said. */
export const MAX_HASHED_BYTES = 25 * 1024 * 1024;

/**
 * Gives a 200 answer a strong ETag made from its content, unless it has one (RFC 9110, section 8.8.3). The content coding
 * is part of it, because two codings of one file are two representations.
 */
export async function withStrongEtag(response: Response, rawBodies: boolean): Promise<Response> {
  if (response.status !== 200 || isStrong(response.headers.get("etag"))) return response;
  if (response.body === null || Number(response.headers.get("content-length") ?? 0) > MAX_HASHED_BYTES) return response;
  const read = await readUpTo(response.body, MAX_HASHED_BYTES);
  const whole = new Response(read.rest ?? read.bytes, response);
  const coding = response.headers.get("content-encoding");
  // Where reading has decoded the body, its coded length is wrong, and the platform frames it anew.
  if (coding !== null && !rawBodies) whole.headers.delete("content-length");
  if (read.rest !== undefined) return whole;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", read.bytes));
  const hash = [...digest.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const suffix = coding === null ? "" : `-${coding.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`;
  whole.headers.set("etag", `"${hash}${suffix}"`);
  return whole;
}

/** Reads a body whole, or, when it is larger, gives it back as a stream that begins with what was read. */
async function readUpTo(
  body: ReadableStream<Uint8Array>,
  limit: number,
): Promise<
  { bytes: Uint8Array<ArrayBuffer>; rest?: undefined } | { bytes?: undefined; rest: ReadableStream<Uint8Array> }
> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    size += value.byteLength;
    if (size <= limit) continue;
    const rest = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const first = chunks.shift();
        if (first !== undefined) return controller.enqueue(first);
        const next = await reader.read();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: (reason) => reader.cancel(reason),
    });
    return { rest };
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return { bytes };
}

/**
 * Answers a GET or HEAD whose conditions the file does not meet (RFC 9110 section 13.2.2): whoever makes a file's ETag
 * speaks for the file. Anything but a 200 is given back as it is.
 */
export function answerConditional(request: Fields, response: Response, now: number): Response {
  if (response.status !== 200) return response;
  const precondition = evaluatePreconditions(request, response.headers, now);
  if (precondition === "proceed") return response;
  response.body?.cancel().catch(() => {});
  const headers = notModifiedHeaders(response.headers);
  return new Response(null, { status: precondition === "failed" ? 412 : 304, headers });
}
