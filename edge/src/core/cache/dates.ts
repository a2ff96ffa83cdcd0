/** HTTP dates (RFC 9110 section 5.6.7), in each of the three formats that a recipient must accept. */

const MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec";
const IMF = /^(?:mon|tue|wed|thu|fri|sat|sun), (\d\d) ([a-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) gmt$/i;
const RFC850 = /^(?:mon|tues|wednes|thurs|fri|satur|sun)day, (\d\d)-([a-z]{3})-(\d\d) (\d\d):(\d\d):(\d\d) gmt$/i;
const ASCTIME = /^(?:mon|tue|wed|thu|fri|sat|sun) ([a-z]{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/i;

/**
 * Milliseconds since the epoch, or undefined where the text is not an HTTP date. Only the case of letters is lax: a
 * date in another zone, with a two-digit year in the fixdate form or with other separators is invalid, and an `Expires`
 * that is invalid means "already expired" (RFC 9111 section 5.3).
 */
export function parseDate(text: string | null, now: number): number | undefined {
  if (text === null) return undefined;
  const value = text.trim();
  let match = IMF.exec(value);
  if (match) return utc(match[3], match[2], match[1], match[4], match[5], match[6]);
  match = RFC850.exec(value);
  if (match) {
    // A two-digit year that seems to be more than 50 years ahead is the most recent past year with the same digits.
    const current = new Date(now).getUTCFullYear();
    let year = current - (current % 100) + Number(match[3]);
    if (year > current + 50) year -= 100;
    return utc(String(year), match[2], match[1], match[4], match[5], match[6]);
  }
  match = ASCTIME.exec(value);
  if (match) return utc(match[6], match[1], match[2], match[3], match[4], match[5]);
  return undefined;
}

type Part = string | undefined;

function utc(year: Part, name: Part, day: Part, hour: Part, minute: Part, second: Part): number | undefined {
  const month = MONTHS.indexOf((name as string).toLowerCase());
  const d = Number(day);
  const h = Number(hour);
  const m = Number(minute);
  const s = Number(second);
  if (month < 0 || month % 3 !== 0 || d < 1 || d > 31 || h > 23 || m > 59 || s > 60) return undefined;
  return Date.UTC(Number(year), month / 3, d, h, m, s);
}
