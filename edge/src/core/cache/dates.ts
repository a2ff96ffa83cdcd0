/** HTTP dates (RFC 9110 section 5.6.7), in each of the three formats that a recipient must accept. */

const MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec";
/** IMF-fixdate, that of RFC 850, and that of asctime. */
const FORMATS = [
  /^(?:mon|tue|wed|thu|fri|sat|sun), (?<d>0[1-9]|[12]\d|3[01]) (?<m>[a-z]{3}) (?<y>\d{4}) (?<h>[01]\d|2[0-3]):(?<i>[0-5]\d):(?<s>[0-5]\d|60) gmt$/i,
  /^(?:mon|tues|wednes|thurs|fri|satur|sun)day, (?<d>0[1-9]|[12]\d|3[01])-(?<m>[a-z]{3})-(?<y>\d\d) (?<h>[01]\d|2[0-3]):(?<i>[0-5]\d):(?<s>[0-5]\d|60) gmt$/i,
  /^(?:mon|tue|wed|thu|fri|sat|sun) (?<m>[a-z]{3}) (?<d>[ 0][1-9]|[12]\d|3[01]) (?<h>[01]\d|2[0-3]):(?<i>[0-5]\d):(?<s>[0-5]\d|60) (?<y>\d{4})$/i,
];

/**
 * Milliseconds since the epoch, or undefined where the text is not an HTTP date. Only the case of letters is lax: a
 * date in another zone, with a two-digit year in the fixdate form or with other separators is invalid, and an `Expires`
 * that is invalid means "already expired" (RFC 9111 section 5.3).
 */
export function parseDate(text: string | null, now: number): number | undefined {
  for (const format of text === null ? [] : FORMATS) {
    const found = format.exec((text as string).trim())?.groups as Record<"d" | "m" | "y" | "h" | "i" | "s", string>;
    if (!found) continue;
    let year = Number(found.y);
    if (found.y.length === 2) {
      // What seems to be more than 50 years ahead is the most recent past year with the same digits.
      const current = new Date(now).getUTCFullYear();
      year += current - (current % 100);
      if (year > current + 50) year -= 100;
    }
    const month = MONTHS.indexOf(found.m.toLowerCase()) / 3;
    // No month, or letters of two.
    if (month % 1) return undefined;
    return Date.UTC(year, month, Number(found.d), Number(found.h), Number(found.i), Number(found.s));
  }
  return undefined;
}
