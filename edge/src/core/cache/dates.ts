/** HTTP dates (RFC 9110 section 5.6.7), in each of the three formats that a recipient must accept. */

const MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec";
const DAY = "(?:mon|tue|wed|thu|fri|sat|sun)";
const TIME = String.raw`(?<h>\d\d):(?<i>\d\d):(?<s>\d\d)`;
/** IMF-fixdate, that of RFC 850, and that of asctime. */
const FORMATS = [
  String.raw`${DAY}, (?<d>\d\d) (?<m>[a-z]{3}) (?<y>\d{4}) ${TIME} gmt`,
  String.raw`(?:mon|tues|wednes|thurs|fri|satur|sun)day, (?<d>\d\d)-(?<m>[a-z]{3})-(?<y>\d\d) ${TIME} gmt`,
  String.raw`${DAY} (?<m>[a-z]{3}) (?<d>[ \d]\d) ${TIME} (?<y>\d{4})`,
].map((format) => new RegExp(`^${format}$`, "i"));

/**
 * Milliseconds since the epoch, or undefined where the text is not an HTTP date. Only the case of letters is lax: a
 * date in another zone, with a two-digit year in the fixdate form or with other separators is invalid, and an `Expires`
 * that is invalid means "already expired" (RFC 9111 section 5.3).
 */
export function parseDate(text: string | null, now: number): number | undefined {
  for (const format of text === null ? [] : FORMATS) {
    const found = format.exec((text as string).trim())?.groups as Record<"d" | "m" | "y" | "h" | "i" | "s", string>;
    if (!found) continue;
    const [day, hour, minute, second] = [found.d, found.h, found.i, found.s].map(Number) as [
      number,
      number,
      number,
      number,
    ];
    const month = MONTHS.indexOf(found.m.toLowerCase());
    if (month < 0 || month % 3 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined;
    let year = Number(found.y);
    if (found.y.length === 2) {
      // What seems to be more than 50 years ahead is the most recent past year with the same digits.
      const current = new Date(now).getUTCFullYear();
      year += current - (current % 100);
      if (year > current + 50) year -= 100;
    }
    return Date.UTC(year, month / 3, day, hour, minute, second);
  }
  return undefined;
}
