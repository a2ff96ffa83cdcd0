/** Parts of a representation: what they answer, what they lack, and what two are together (RFC 9111 sections 3.3 and 3.4). */

import { rangeApplies } from "../../conditional";
import { isStrong } from "../../entity-tags";
import { parseRange } from "../../ranges";
import { fieldsOf, header, type PartRange, type StoredResponse } from "../stored";
import { updatedHeaders } from "../update";

const CONTENT_RANGE = /^bytes (?<start>\d+)-(?<end>\d+)\/(?<total>\d+)$/i;

/** `Content-Range` of a 206 with one part; undefined where it has none or its total is unknown. */
export function parseContentRange(field: string | null): PartRange | undefined {
  const found = CONTENT_RANGE.exec(field?.trim() ?? "")?.groups;
  if (!found) return undefined;
  const [start, end, total] = [Number(found.start), Number(found.end), Number(found.total)];
  return start <= end && end < total ? { start, end, total } : undefined;
}

export const lengthOf = ({ start, end }: PartRange): number => end - start + 1;

/** A request for a range. */
export interface RangeRequest {
  readonly range: string | null;
  readonly headers: Pick<Headers, "get">;
}

/** A stored part answers only a range inside it. */
export function partAnswers(
  { range: part, ...stored }: StoredResponse,
  { range, headers }: RangeRequest,
  now: number,
): boolean {
  const wanted = part && parseRange(range, part.total);
  if (!part || !wanted || wanted === "unsatisfiable") return false;
  return rangeApplies(headers, fieldsOf(stored), now) && wanted.start >= part.start && wanted.end <= part.end;
}

/** The part that a response brings, where its length is that of its range. */
export function partOf(headers: Pick<Headers, "get">, length: number | undefined): PartRange | undefined {
  const range = parseContentRange(headers.get("content-range"));
  return range && (length === undefined || length === lengthOf(range)) ? range : undefined;
}

/** What a stored part lacks, as it is asked for. */
export interface RestRequest {
  readonly part: PartRange;
  readonly range: string;
  readonly ifRange: string;
}

/** Where a stored part begins with the first byte, and its version is known: how to ask for the rest. */
export function requestForRest(stored: StoredResponse): RestRequest | undefined {
  const part = stored.range;
  // A strong entity tag alone lets parts be combined (RFC 9110 section 15.3.7.3).
  const tag = header(stored, "etag");
  return part?.start === 0 && isStrong(tag) ? { part, range: `bytes=${part.end + 1}-`, ifRange: tag } : undefined;
}

/** The answer to a request for the rest speaks of another version than the stored part. */
export const isOfAnotherVersion = (
  stored: StoredResponse,
  part: PartRange,
  status: number,
  headers: Pick<Headers, "get">,
): boolean => status === 416 || (status === 206 && !isTheRest(stored, part, headers));

/** True where a 206 begins right after the stored part, ends with the last byte, and is of the same version. */
function isTheRest(stored: StoredResponse, part: PartRange, headers: Pick<Headers, "get">): boolean {
  const rest = parseContentRange(headers.get("content-range"));
  return (
    rest !== undefined &&
    rest.start === part.end + 1 &&
    rest.end === rest.total - 1 &&
    rest.total === part.total &&
    headers.get("etag") === header(stored, "etag")
  );
}

/** The header fields of the whole, out of a stored part and the 206 that brings the rest. */
export function headersOfWhole(stored: StoredResponse, part: PartRange, fresh: Iterable<[string, string]>): Headers {
  const updated = updatedHeaders(stored, fresh);
  updated.delete("content-range");
  // What comes is held against it: a whole that lacks something is not stored.
  updated.set("content-length", String(part.total));
  return updated;
}

/** Whether two parts are of one version, by a strong entity tag alone, and touch. */
export function areCombinable(one: StoredResponse, other: StoredResponse): boolean {
  const tag = header(other, "etag");
  const touch =
    one.range &&
    other.range &&
    one.range.total === other.range.total &&
    one.range.start <= other.range.end + 1 &&
    other.range.start <= one.range.end + 1;
  return touch === true && isStrong(tag) && tag === header(one, "etag");
}

export const unionOf = (one: PartRange, other: PartRange): PartRange => ({
  start: Math.min(one.start, other.start),
  end: Math.max(one.end, other.end),
  total: one.total,
});

/** What is stored with these bytes of a representation: a part that is all is the whole. */
export function withRange(stored: StoredResponse, range: PartRange): StoredResponse {
  const length = lengthOf(range);
  const isWhole = length === range.total;
  return { ...stored, length, ...(isWhole ? { range: undefined, status: 200 } : { range }) };
}
