/** Parts of a representation: which can be completed, and how two become one (RFC 9111 section 3.4). */

import { parseContentRange, strongTag } from "./conditional";
import { type Entry, header, type Meta, type PartRange } from "./entry";

/** The stored part from the first byte on, if the rest can be asked for and combined with it. */
export function completable(entry: Entry | undefined): PartRange | undefined {
  const range = entry?.meta.range;
  return range?.start === 0 && strongTag(header((entry as Entry).meta, "etag")) ? range : undefined;
}

/** True where a 206 begins right after the stored part, of the same version. */
export function completes(meta: Meta, headers: Headers): boolean {
  const rest = parseContentRange(headers.get("content-range"));
  return (
    rest !== undefined &&
    rest.start === (meta.range?.end ?? 0) + 1 &&
    rest.end === rest.total - 1 &&
    rest.total === meta.range?.total &&
    headers.get("etag") === header(meta, "etag")
  );
}

/** A new part together with a stored one, where they are of one version and touch. A part that is all is the whole. */
export function combine(stored: Entry | undefined, meta: Meta, bytes: ArrayBuffer): { meta: Meta; body: ArrayBuffer } {
  let range = meta.range as PartRange;
  let body = bytes;
  const old = stored?.meta.range;
  const tag = strongTag(header(meta, "etag"));
  if (
    old &&
    stored?.body instanceof ArrayBuffer &&
    tag !== undefined &&
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
}
