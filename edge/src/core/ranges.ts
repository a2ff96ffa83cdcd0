/** Byte ranges (RFC 9110 section 14). */

/** Bytes `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const ONE_RANGE = /^\s*bytes\s*=\s*(?<first>\d*)\s*-\s*(?<last>\d*)\s*$/i;

/**
 * The part of a representation of `total` bytes that a Range asks for, or `unsatisfiable` where none of it is there.
 * Undefined where there is no Range, or one that is not served: several ranges, or another unit. The whole representation is
 * a right answer to those (section 14.2).
 */
export function parseRange(field: string | null, total: number): ByteRange | "unsatisfiable" | undefined {
  const { first = "", last = "" } = ONE_RANGE.exec(field ?? "")?.groups ?? {};
  if (first === "" && last === "") return undefined;
  // Without a first byte, it is as many from the end (section 14.1.2).
  const start = first === "" ? Math.max(0, total - Number(last)) : Number(first);
  const end = first === "" || last === "" ? Infinity : Number(last);
  if (end < start) return undefined;
  return start >= total ? "unsatisfiable" : { start, end: Math.min(end, total - 1) };
}
