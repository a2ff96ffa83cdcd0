/** Cache-Control (RFC 9111 section 5.2) as a map of directives. */

import { TOKEN } from "../fields";
import { splitList } from "./lists";

/**
 * Directives by lower-case name. A string is the argument as written (unquoted); true means no argument. A directive
 * that came twice keeps its first value: RFC 9111 section 4.2.1 allows that or "stale". But `private` and `no-cache` forbid
 * all that any of them forbids.
 */
export type Directives = ReadonlyMap<string, string | true>;

/**
 * Reads a Cache-Control value. It never fails: what cannot be read is left out, and a comma or `=` inside a quoted
 * string separates nothing. White space around `=` is not allowed by the grammar; the directive is kept, with an
 * argument that no reader takes as a number, so that `no-store =x` still forbids and `max-age = 9` grants nothing. Nor
 * does a quote that is never closed hide what forbids: what comes after it counts where it forbids, and grants nothing.
 */
export function parseCacheControl(text: string | null): Directives {
  const found = new Map<string, string | true>();
  for (const part of splitList(text ?? "")) {
    const [before, value] = part.split(/=(.*)/s, 2) as [string, string | undefined];
    const name = before.trim().toLowerCase();
    const first = found.get(name);
    const spaced = before + value !== before.trim() + value?.trim();
    const given = value === undefined || (spaced ? " " : unquoted(value));
    if (name && first === undefined) found.set(name, given);
    else if (name === "private" || name === "no-cache")
      found.set(name, fieldNames(first).length && fieldNames(given).length ? `${first},${given}` : true);
    const unclosed = part.replace(/"(?:\\.|[^"\\])*"/gs, "").includes('"');
    if (unclosed) for (const [forbidding] of part.toLowerCase().matchAll(FORBIDDING)) found.set(forbidding, true);
  }
  return found;
}

const FORBIDDING = /(?<=,\s*)(?:no-store|no-cache|private|must-revalidate|proxy-revalidate)(?=\s*(?:[=,]|$))/g;

const unquoted = (value: string): string => /^"(.*)"$/s.exec(value)?.[1]?.replace(/\\(.)/g, "$1") ?? value;

/**
 * The argument as delta-seconds: undefined where the directive is absent, 0 where its value is not a number (invalid
 * freshness information counts as stale, RFC 9111 section 4.2.1).
 */
export function seconds(directives: Directives, name: string): number | undefined {
  return directives.has(name) ? deltaSeconds(directives.get(name)) : undefined;
}

/** Delta-seconds; 0 for what is no number. Too large a value becomes the greatest one (RFC 9111 section 1.2.2). */
export const deltaSeconds = (value: string | true | undefined): number =>
  /^\d+$/.test(String(value)) ? Math.min(Number(value), 2147483648) : 0;

/** The field names that are the argument of a qualified `no-cache="a, b"` or `private="a"`, lower case; none where it is unqualified. */
export const fieldNames = (value: string | true | undefined): readonly string[] =>
  typeof value === "string" ? splitList(value.toLowerCase()).filter((part) => TOKEN.test(part)) : [];

/** True where the directive stands unqualified: it then covers the whole response. */
export const whole = (directives: Directives, name: string): boolean =>
  directives.has(name) && fieldNames(directives.get(name)).length === 0;
