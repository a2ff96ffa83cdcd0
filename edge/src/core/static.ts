/** Versioned static files: a strong ETag on every answer, and conditional requests answered from it. */

import { opaque } from "./fields";

/** A body up to this size (bytes) is read whole to make its ETag. A larger one keeps what the origin said. */
export const MAX_HASHED_BYTES = 25 * 1024 * 1024;

const STRONG = /^"[\x21\x23-\x7e\x80-\xff]*"$/;

export function isStrong(etag: string | null): boolean {
  return etag !== null && STRONG.test(etag);
}

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

/** Whether If-None-Match names this ETag, by weak comparison (RFC 9110, section 13.1.2). */
export function noneMatchHits(field: string, etag: string | null): boolean {
  if (field.trim() === "*") return true;
  if (etag === null) return false;
  const tags = field.match(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g) ?? [];
  return tags.some((tag) => opaque(tag) === opaque(etag));
}

/**
 * Answers a conditional GET or HEAD with 304 where the condition says so (RFC 9110, section 13.2.2). If-Modified-Since
 * counts only where If-None-Match is absent. Anything but a 200 is given back as it is.
 */
export function answerConditional(asked: Pick<Headers, "get">, response: Response): Response {
  if (response.status !== 200) return response;
  const noneMatch = asked.get("if-none-match");
  let unchanged: boolean;
  if (noneMatch !== null) unchanged = noneMatchHits(noneMatch, response.headers.get("etag"));
  else {
    const since = Date.parse(asked.get("if-modified-since") ?? "");
    const modified = Date.parse(response.headers.get("last-modified") ?? "");
    unchanged = modified <= since;
  }
  if (!unchanged) return response;
  const headers = new Headers(response.headers);
  for (const name of ["content-length", "content-type", "content-encoding", "content-language", "content-range"]) {
    headers.delete(name);
  }
  response.body?.cancel().catch(() => {});
  return new Response(null, { status: 304, headers });
}
