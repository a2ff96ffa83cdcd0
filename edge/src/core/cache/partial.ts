/** Parts of a representation: which are stored and can be completed, and how two become one (RFC 9111 section 3.4). */

import { rangeApplies } from "../conditional";
import { isStrong } from "../entity-tags";
import { parseRange } from "../ranges";
import { type Entry, fieldsOf, header, type Meta, type PartRange } from "./entry";
import type { OriginMode } from "./extensions";
import type { Query } from "./query";
import { without } from "./response";
import { concat } from "./streams";
import { updatedHeaders } from "./update";

/** `Content-Range` of a 206 with one part; undefined where it has none or its total is unknown. */
export function parseContentRange(text: string | null): PartRange | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/i.exec(text?.trim() ?? "");
  if (!match) return undefined;
  const [start, end, total] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return start <= end && end < total ? { start, end, total } : undefined;
}

/** A part answers only a range inside it. */
export function covers(meta: Meta, query: Query): boolean {
  const part = meta.range as PartRange;
  const wanted = parseRange(query.range, part.total);
  if (!wanted || wanted === "unsatisfiable") return false;
  if (!rangeApplies(query.asked, fieldsOf(meta), query.ctx.now())) return false;
  return wanted.start >= part.start && wanted.end <= part.end;
}

/** The part that a response brings, where its length is that of its range. */
export function partOf(headers: Headers, length: number | undefined): PartRange | undefined {
  const range = parseContentRange(headers.get("content-range"));
  return range && (length ?? range.end - range.start + 1) === range.end - range.start + 1 ? range : undefined;
}

/** Where the stored part begins with the first byte, and its version is known: asks for the rest. */
export const rest: OriginMode["rest"] = (entry, headers) => {
  const part = entry?.meta.range;
  const tag = part?.start === 0 ? header((entry as Entry).meta, "etag") : null;
  // A strong entity tag alone lets parts be combined (RFC 9110 section 15.3.7.3). A body that is a stream (the edge tier's) cannot go before the rest without being read here first.
  if (!part || !isStrong(tag) || !(entry?.body instanceof ArrayBuffer)) return undefined;
  const { meta } = entry;
  headers.set("range", `bytes=${part.end + 1}-`);
  headers.set("if-range", tag);
  return {
    mistaken: ({ status, headers: given }) => status === 416 || (status === 206 && !completes(meta, given)),
    whole(response, stored) {
      const headers = without(updatedHeaders(meta, response.headers), /^content-range$/);
      // What comes is held against it: a whole that lacks something is not stored.
      headers.set("content-length", String(part.total));
      return { headers, body: concat(stored, response.body as ReadableStream<Uint8Array>) };
    },
  };
};

/** True where a 206 begins right after the stored part, of the same version. */
function completes(meta: Meta, headers: Headers): boolean {
  const rest = parseContentRange(headers.get("content-range"));
  return (
    rest !== undefined &&
    rest.start === (meta.range?.end ?? 0) + 1 &&
    rest.end === rest.total - 1 &&
    rest.total === meta.range?.total &&
    headers.get("etag") === header(meta, "etag")
  );
}

/**
 * A new part together with a stored one, where they are of one version and touch. A part that is all is the whole.
 * Undefined where the bytes are not those of the range.
 */
export const combine: OriginMode["combine"] = (stored, meta, bytes) => {
  let range = meta.range as PartRange;
  if (bytes.byteLength !== range.end - range.start + 1) return undefined;
  let body = bytes;
  const old = stored?.meta.range;
  const tag = header(meta, "etag");
  if (
    old &&
    stored?.body instanceof ArrayBuffer &&
    isStrong(tag) &&
    tag === header(stored.meta, "etag") &&
    old.total === range.total &&
    old.start <= range.end + 1 &&
    range.start <= old.end + 1
  ) {
    const start = Math.min(old.start, range.start);
    const end = Math.max(old.end, range.end);
    const joined = new Uint8Array(end - start + 1);
    joined.set(new Uint8Array(stored.body), old.start - start);
    joined.set(new Uint8Array(bytes), range.start - start);
    range = { start, end, total: range.total };
    body = joined.buffer;
  }
  const whole = body.byteLength === range.total;
  return {
    meta: { ...meta, range: whole ? undefined : range, status: whole ? 200 : meta.status, length: body.byteLength },
    body,
  };
};
