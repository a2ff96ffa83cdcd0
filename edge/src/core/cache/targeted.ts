/**
 * Targeted cache control (RFC 9213): a Dictionary of RFC 9651. A parser of just what such a field can hold: it accepts
 * and refuses the same texts as a complete one (a property test holds it against the `structured-headers` package),
 * at a tenth of the size. Unlike Cache-Control it fails as a whole: a field that does not parse is ignored.
 */

import { type Directives, deltaSeconds, parseCacheControl } from "./directives";
import type { ResponseDirectives } from "./response-directives";

/** The directives of the first targeted field that is valid, or else of Cache-Control. */
export const directivesFor = (headers: Pick<Headers, "get">, fields: readonly string[]): ResponseDirectives => {
  for (const name of fields) {
    const directives = parseTargeted(headers.get(name));
    if (directives) return { directives, targeted: true };
  }
  return { directives: parseCacheControl(headers.get("cache-control")), targeted: false };
};

// The grammar of RFC 9651 section 3, by its own names. `(?![\d.])`: no digit or dot is left behind a number.
const INTEGER = String.raw`-?\d{1,15}(?![\d.])`;
const DECIMAL = String.raw`-?\d{1,12}\.\d{1,3}(?![\d.])`;
const STRING = String.raw`"(?:[ !#-[\]-~]|\\["\\])*"`;
const SF_TOKEN = String.raw`[A-Za-z*][!#$%&'*+.^_\`|~\w:/-]*`;
const BYTE_SEQUENCE = String.raw`:[\w+/=]*:`;
const BOOLEAN = String.raw`\?[01]`;
const DATE = `@${INTEGER}`;
const DISPLAY_STRING = `%"(?:[ !#$&-~]|%[0-9a-f]{2})*"`;
const BARE_ITEM = `(?:${[DECIMAL, INTEGER, STRING, SF_TOKEN, BYTE_SEQUENCE, BOOLEAN, DATE, DISPLAY_STRING].join("|")})`;
const KEY = "[a-z*][a-z0-9_.*-]*";
const PARAMETERS = `(?:; *${KEY}(?:=${BARE_ITEM})?)*`;
const ITEM = BARE_ITEM + PARAMETERS;
const INNER_LIST = String.raw`\( *(?:${ITEM}(?: +${ITEM})*)? *\)`;
/** A member, and the comma behind it where another one has to follow. */
const MEMBER = new RegExp(
  String.raw`(?<key>${KEY})(?:=(?<value>${BARE_ITEM}|${INNER_LIST}))?${PARAMETERS}[ \t]*(?<comma>,)?[ \t]*`,
  "y",
);

/** A member without a value is the Boolean true (RFC 9651 section 3.2). */
const TRUE = "?1";

/**
 * The directives of a targeted field, or undefined where it is absent, empty or not a valid Dictionary: the next field,
 * and at last Cache-Control, then decides (RFC 9213 section 2.2). A directive whose value is of the wrong type is
 * ignored.
 */
export function parseTargeted(field: string | null): Directives | undefined {
  const text = (field ?? "").replace(/^ +| +$/g, "");
  const directives = new Map<string, string | true>();
  let end = 0;
  let more = true;
  while (more) {
    MEMBER.lastIndex = end;
    const member = MEMBER.exec(text);
    if (!member?.groups) return undefined;
    end = MEMBER.lastIndex;
    const { key = "", value = TRUE, comma } = member.groups;
    more = comma !== undefined;
    // What is left must stand behind a comma, and behind a comma something must be left.
    if (more !== end < text.length) return undefined;
    // As a Dictionary has it, the last value of a key counts (RFC 9651 section 3.2), also where it is of no use.
    const argument = argumentOf(key, value);
    if (argument === undefined) directives.delete(key);
    else directives.set(key, argument);
  }
  return directives.size > 0 ? directives : undefined;
}

/** The value of a member as a directive's argument; undefined where it is of a type that the directive does not take. */
function argumentOf(key: string, value: string): string | true | undefined {
  if (value === TRUE) return true;
  if (/^\d+$/.test(value)) return String(deltaSeconds(value));
  const isQualified = value.startsWith('"') && (key === "private" || key === "no-cache");
  return isQualified ? value.slice(1, -1) : undefined;
}
