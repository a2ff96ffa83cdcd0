/** Parts of a representation: which are stored and can be completed, and how two become one (RFC 9111 sections 3.3 and 3.4). */

import { rangeApplies } from "../conditional";
import { isStrong } from "../entity-tags";
import { parseRange } from "../ranges";
import type { OriginMode, Query } from "./core";
import { fieldsOf, header, type PartRange, type StoredResponse } from "./stored";
import { concat } from "./streams";
import { updatedHeaders } from "./update";

const CONTENT_RANGE = /^bytes (?<start>\d+)-(?<end>\d+)\/(?<total>\d+)$/i;

/** `Content-Range` of a 206 with one part; undefined where it has none or its total is unknown. */
export function parseContentRange(field: string | null): PartRange | undefined {
  const found = CONTENT_RANGE.exec(field?.trim() ?? "")?.groups;
  if (!found) return undefined;
  const [start, end, total] = [Number(found.start), Number(found.end), Number(found.total)];
  return start <= end && end < total ? { start, end, total } : undefined;
}

const lengthOf = ({ start, end }: PartRange): number => end - start + 1;

/** A stored part answers only a range inside it. */
export function covers({ range: part, ...stored }: StoredResponse, query: Query): boolean {
  const wanted = part && parseRange(query.range, part.total);
  if (!part || !wanted || wanted === "unsatisfiable") return false;
  if (!rangeApplies(query.headers, fieldsOf(stored), query.ctx.now())) return false;
  return wanted.start >= part.start && wanted.end <= part.end;
}

/** The part that a response brings, where its length is that of its range. */
export function partOf(headers: Pick<Headers, "get">, length: number | undefined): PartRange | undefined {
  const range = parseContentRange(headers.get("content-range"));
  return range && (length === undefined || length === lengthOf(range)) ? range : undefined;
}

/** Where the stored part begins with the first byte, and its version is known: asks for the rest. */
export const completion: OriginMode["completion"] = (selected, headers) => {
  const stored = selected?.stored;
  const part = stored?.range;
  // What is a stream (the edge tier's) cannot go before the rest without being read here first.
  const first = selected?.body;
  if (!stored || part?.start !== 0 || !(first instanceof ArrayBuffer)) return undefined;
  // A strong entity tag alone lets parts be combined (RFC 9110 section 15.3.7.3).
  const tag = header(stored, "etag");
  if (!isStrong(tag)) return undefined;
  headers.set("range", `bytes=${part.end + 1}-`);
  headers.set("if-range", tag);
  return {
    isOfAnotherVersion: ({ status, headers: given }) =>
      status === 416 || (status === 206 && !isTheRest(stored, part, given)),
    whole(response, rest) {
      const updated = updatedHeaders(stored, response.headers);
      updated.delete("content-range");
      // What comes is held against it: a whole that lacks something is not stored.
      updated.set("content-length", String(part.total));
      return { headers: updated, body: concat(first, rest) };
    },
  };
};

/** True where a 206 begins right after the stored part, ends with the last byte, and is of the same version. */
function isTheRest(stored: StoredResponse, part: PartRange, headers: Headers): boolean {
  const rest = parseContentRange(headers.get("content-range"));
  return (
    rest !== undefined &&
    rest.start === part.end + 1 &&
    rest.end === rest.total - 1 &&
    rest.total === part.total &&
    headers.get("etag") === header(stored, "etag")
  );
}

/**
 * A new part together with a stored one, where they are of one version and touch. A part that is all is the whole.
 * Undefined where the bytes are not those of the range.
 */
export const combine: OriginMode["combine"] = (selected, stored, bytes) => {
  const range = stored.range;
  if (!range || bytes.byteLength !== lengthOf(range)) return undefined;
  const old = selected?.stored.range;
  const oldBytes = selected?.body;
  const combinable =
    old && isSameVersion(selected.stored, stored) && touch(old, range) && oldBytes instanceof ArrayBuffer;
  return combinable ? joined(stored, old, oldBytes, range, bytes) : asPartOrWhole(stored, range, bytes);
};

/** By a strong entity tag alone. */
function isSameVersion(one: StoredResponse, other: StoredResponse): boolean {
  const tag = header(other, "etag");
  return isStrong(tag) && tag === header(one, "etag");
}

const touch = (one: PartRange, other: PartRange): boolean =>
  one.total === other.total && one.start <= other.end + 1 && other.start <= one.end + 1;

function joined(stored: StoredResponse, old: PartRange, oldBytes: ArrayBuffer, range: PartRange, bytes: ArrayBuffer) {
  const both = { start: Math.min(old.start, range.start), end: Math.max(old.end, range.end), total: range.total };
  const body = new Uint8Array(lengthOf(both));
  body.set(new Uint8Array(oldBytes), old.start - both.start);
  body.set(new Uint8Array(bytes), range.start - both.start);
  return asPartOrWhole(stored, both, body.buffer);
}

function asPartOrWhole(stored: StoredResponse, range: PartRange, body: ArrayBuffer) {
  const length = body.byteLength;
  const isWhole = length === range.total;
  const own = isWhole ? { range: undefined, status: 200 } : { range, status: stored.status };
  return { stored: { ...stored, ...own, length }, body };
}
