/**
 * Conditional requests (RFC 9110 section 13), for each place that answers one from a representation that it has: the
 * cache from a stored response, static files from what the origin sent.
 */

import { parseDate } from "./dates";
import { entityTagsIn, stronglyEqual, weaklyEqual } from "./entity-tags";

/** Header fields by their names in lower case: of a request, or of the representation that would be sent. */
export type Fields = Pick<Headers, "get">;

/** What the preconditions of a request make of the answer. */
export type Precondition = "proceed" | "not-modified" | "failed";

/**
 * What a GET or HEAD is answered by whoever speaks for the resource, in the order of section 13.2.2. `If-Range` is a
 * precondition too, but of the range alone: see `rangeApplies`.
 */
export function evaluatePreconditions(request: Fields, representation: Fields, now: number): Precondition {
  const ifMatch = request.get("if-match");
  if (ifMatch !== null) {
    if (!matchesAny(ifMatch, representation.get("etag"), stronglyEqual)) return "failed";
  } else if (modifiedSince(request.get("if-unmodified-since"), representation, now)) return "failed";
  return isNotModified(request, representation, now) ? "not-modified" : "proceed";
}

/**
 * Whether a client's conditions say that it has this representation already. A cache looks at no others: `If-Match` and
 * `If-Unmodified-Since` are for the origin alone (RFC 9111 section 4.3.2).
 *
 * `lastModified`: when it was last modified (ms), where it has no `Last-Modified`.
 */
export function isNotModified(
  request: Fields,
  representation: Fields,
  now: number,
  lastModified?: () => number | undefined,
): boolean {
  const ifNoneMatch = request.get("if-none-match");
  // With If-None-Match, If-Modified-Since is ignored (section 13.1.3).
  if (ifNoneMatch !== null) return matchesAny(ifNoneMatch, representation.get("etag"), weaklyEqual);
  const since = parseDate(request.get("if-modified-since"), now);
  // A date in the future says nothing of the copy that a client has: it is ignored, as an invalid one is.
  if (since === undefined || since > now) return false;
  const modified = parseDate(representation.get("last-modified"), now) ?? lastModified?.();
  return modified !== undefined && modified <= since;
}

/** `*` is any representation, and there is one (sections 13.1.1 and 13.1.2). */
function matchesAny(list: string, etag: string | null, equal: (one: string, other: string) => boolean): boolean {
  if (list.trim() === "*") return true;
  return etag !== null && entityTagsIn(list).some((tag) => equal(tag, etag));
}

/** Whether `If-Unmodified-Since` is false. It is ignored where it is no date, and where nothing is known (section 13.1.4). */
function modifiedSince(field: string | null, representation: Fields, now: number): boolean {
  const since = parseDate(field, now);
  const modified = parseDate(representation.get("last-modified"), now);
  return since !== undefined && modified !== undefined && modified > since;
}

/** By how much (ms) a `Date` must be later than a `Last-Modified` for that to be a strong validator: see below. */
const STRONG_DATE_MS = 60_000;

/**
 * Whether a Range may be answered with a part: there is no `If-Range`, or the representation is the one that it names. Else
 * the whole is the answer (section 13.1.5). Only what is strong will do: a weak tag never, and a date only if it is the
 * very same one, and so long before the response's own Date that a second change within that second is ruled out (section
 * 8.8.2.2).
 */
export function rangeApplies(request: Fields, representation: Fields, now: number): boolean {
  const ifRange = request.get("if-range")?.trim();
  if (ifRange === undefined) return true;
  const etag = representation.get("etag");
  if (etag !== null && stronglyEqual(ifRange, etag)) return true;
  const modified = parseDate(ifRange, now);
  const date = parseDate(representation.get("date"), now);
  if (modified === undefined || date === undefined) return false;
  return representation.get("last-modified") === ifRange && date - modified >= STRONG_DATE_MS;
}

/** Metadata of content that a 304 does not bring, so that it changes nothing of what the client has (section 15.4.5). */
const OF_CONTENT = ["content-encoding", "content-language", "content-length", "content-range", "content-type"];

/** The header fields of a 304 in the place of an answer with these. */
export function notModifiedHeaders(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of OF_CONTENT) kept.delete(name);
  return kept;
}
