/**
 * Targeted cache control (RFC 9213): a Dictionary of RFC 9651. A parser of just what such a field can hold: it accepts
 * and refuses the same texts as a complete one (a property test holds it against the `structured-headers` package),
 * at a tenth of the size. Unlike Cache-Control it fails as a whole: a field that does not parse is ignored.
 */

import { type Directives, deltaSeconds, parseCacheControl } from "./directives";
import type { Binding } from "./store";

/** The directives of the first targeted field that is valid, or else of Cache-Control. */
export const directivesFor = (headers: Headers, fields: readonly string[]): NonNullable<ReturnType<Binding>> => {
  for (const name of fields) {
    const cc = parseTargeted(headers.get(name));
    if (cc) return { cc, targeted: true };
  }
  return { cc: parseCacheControl(headers.get("cache-control")), targeted: false };
};

const KEY = "[a-z*][a-z0-9_.*-]*";
/** A bare item: number, string, token, byte sequence, boolean, date, display string. */
const ITEM = String.raw`(?:-?(?:\d{1,12}\.\d{1,3}|\d{1,15})(?![\d.])|"(?:[ !#-[\]-~]|\\["\\])*"|[A-Za-z*][!#$%&'*+.^_\`|~\w:/-]*|:[\w+/=]*:|\?[01]|@-?\d{1,15}(?![\d.])|%"(?:[ !#$&-~]|%[0-9a-f]{2})*")`;
const PARAMETERS = `(?:; *${KEY}(?:=${ITEM})?)*`;
const INNER_LIST = String.raw`\( *(?:${ITEM}${PARAMETERS}(?: +${ITEM}${PARAMETERS})*)? *\)`;
/** Key, value, and what stands between this member and the next one. */
const MEMBER = new RegExp(String.raw`(${KEY})(?:=(${ITEM}|${INNER_LIST}))?${PARAMETERS}(?:[ \t]*(,)?[ \t]*)`, "y");

/**
 * The directives of a targeted field, or undefined where it is absent, empty or not a valid Dictionary: the next field,
 * and at last Cache-Control, then decides (RFC 9213 section 2.2). A directive whose value is of the wrong type is
 * ignored.
 */
export function parseTargeted(field: string | null): Directives | undefined {
  const text = (field ?? "").replace(/^ +| +$/g, "");
  const found = new Map<string, string | true>();
  let more = true;
  for (MEMBER.lastIndex = 0; more; ) {
    const member = MEMBER.exec(text);
    if (!member) return undefined;
    const [, key, value = "?1", comma] = member as unknown as [string, string, string | undefined, string | undefined];
    // As a Dictionary has it, the last value of a key counts (RFC 9651 section 3.2).
    found.delete(key);
    if (/^\d+$/.test(value)) found.set(key, String(deltaSeconds(value)));
    else if (value === "?1") found.set(key, true);
    else if (value[0] === '"' && /^(private|no-cache)$/.test(key)) found.set(key, value.slice(1, -1));
    more = MEMBER.lastIndex < text.length;
    if (more !== (comma !== undefined)) return undefined;
  }
  return found.size > 0 ? found : undefined;
}
