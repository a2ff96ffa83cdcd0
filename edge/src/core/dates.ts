/** HTTP dates (RFC 9110 section 5.6.7), in each of the three formats that a recipient must accept. */

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

const DAY = "(?<day>0[1-9]|[12][0-9]|3[01])";
const DAY_PADDED_BY_A_SPACE = "(?<day> [1-9]|0[1-9]|[12][0-9]|3[01])";
const MONTH = "(?<month>[a-z]{3})";
const TIME = "(?<hour>[01][0-9]|2[0-3]):(?<minute>[0-5][0-9]):(?<second>[0-5][0-9]|60)";
const YEAR = "(?<year>[0-9]{4})";
const TWO_DIGIT_YEAR = "(?<year>[0-9]{2})";

/** `Sun, 06 Nov 1994 08:49:37 GMT`: the one that senders must generate. */
const IMF_FIXDATE = new RegExp(`^(?:mon|tue|wed|thu|fri|sat|sun), ${DAY} ${MONTH} ${YEAR} ${TIME} gmt$`, "i");
/** `Sunday, 06-Nov-94 08:49:37 GMT`: obsolete. */
const RFC_850_DATE = new RegExp(
  `^(?:mon|tues|wednes|thurs|fri|satur|sun)day, ${DAY}-${MONTH}-${TWO_DIGIT_YEAR} ${TIME} gmt$`,
  "i",
);
/** `Sun Nov  6 08:49:37 1994`: obsolete. */
const ASCTIME_DATE = new RegExp(
  `^(?:mon|tue|wed|thu|fri|sat|sun) ${MONTH} ${DAY_PADDED_BY_A_SPACE} ${TIME} ${YEAR}$`,
  "i",
);

/**
 * Milliseconds since the epoch, or undefined where the text is not an HTTP date. Only the case of letters is lax: a
 * date in another zone, with a two-digit year in the fixdate form or with other separators is invalid. What an invalid
 * date means is its field's business: an `Expires` that is invalid has passed (RFC 9111 section 5.3), an
 * `If-Modified-Since` that is invalid is ignored (RFC 9110 section 13.1.3).
 */
export function parseDate(text: string | null, now: number): number | undefined {
  if (text === null) return undefined;
  const date = text.trim();
  const found = IMF_FIXDATE.exec(date) ?? RFC_850_DATE.exec(date) ?? ASCTIME_DATE.exec(date);
  if (!found?.groups) return undefined;
  const { day, month = "", year = "", hour, minute, second } = found.groups;
  const monthIndex = MONTHS.indexOf(month.toLowerCase());
  if (monthIndex < 0) return undefined;
  const fullYear = year.length === 2 ? yearOfTwoDigits(Number(year), now) : Number(year);
  return Date.UTC(fullYear, monthIndex, Number(day), Number(hour), Number(minute), Number(second));
}

/** What would be more than 50 years ahead is the most recent past year with the same last two digits. */
function yearOfTwoDigits(digits: number, now: number): number {
  const currentYear = new Date(now).getUTCFullYear();
  const inThisCentury = currentYear - (currentYear % 100) + digits;
  return inThisCentury > currentYear + 50 ? inThisCentury - 100 : inThisCentury;
}
