/** Conditional and range requests answered from a stored response: RFC 9110 sections 13 and 14. */

import { parseDate } from "./dates";
import { header, type Meta } from "./entry";
import { splitList } from "./lists";

/** An entity tag without its weakness flag; one that lacks quotes is taken as if it had them. */
function opaque(tag: string): string {
  const text = tag.replace(/^W\//, "");
  return text.startsWith('"') ? text : `"${text}"`;
}

/** True where a client's conditions say that its copy is the stored one, so that a 304 is the answer. */
export function notModified(meta: Meta, headers: Pick<Headers, "get">, now: number): boolean {
  if (meta.status !== 200) return false;
  const noneMatch = headers.get("if-none-match");
  if (noneMatch !== null) {
    // If-Modified-Since is not looked at then (RFC 9110 section 13.1.3).
    const etag = header(meta, "etag");
    const tags = splitList(noneMatch).map(opaque);
    return noneMatch.trim() === "*" || (etag !== null && tags.includes(opaque(etag)));
  }
  const since = parseDate(headers.get("if-modified-since"), now);
  if (since === undefined) return false;
  const modified = parseDate(header(meta, "last-modified") ?? header(meta, "date"), now) ?? meta.responseTime;
  return modified <= since;
}

/** Bytes `start` to `end` (inclusive); null where the range cannot be satisfied; undefined where it is to be ignored. */
export type ByteRange = { readonly start: number; readonly end: number } | null | undefined;

export function parseRange(text: string | null, total: number): ByteRange {
  const [, from, to] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(text ?? "") ?? [];
  // Several ranges, or another unit: the whole representation is a right answer (RFC 9110 section 14.2).
  // Without a start, it is as many bytes from the end.
  const start = from ? Number(from) : Math.max(0, total - Number(to));
  const end = from && to ? Number(to) : Infinity;
  if ((!from && !to) || end < start) return undefined;
  return start >= total ? null : { start, end: Math.min(end, total - 1) };
}

/** True where there is no If-Range, or it holds: then the range counts, else the whole representation is the answer. */
export function ifRange(meta: Pick<Meta, "headers">, headers: Pick<Headers, "get">, now: number): boolean {
  const value = headers.get("if-range")?.trim();
  if (value === undefined) return true;
  if (value.startsWith('"')) return header(meta, "etag") === value;
  // A weak tag never holds. A date holds only if it is the same one, and strong: well before the response's own Date (RFC
  // 9110 section 8.8.2.2).
  const [date = NaN, then = NaN] = [header(meta, "date"), value].map((text) => parseDate(text, now));
  return header(meta, "last-modified") === value && date - then >= 60000;
}
