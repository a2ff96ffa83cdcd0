/** Cache-Control (RFC 9111 section 5.2) as a map of directives. */

import { splitList } from "./lists";

/**
 * Directives by lower-case name. A string is the argument as written (unquoted); true means no argument. A directive
 * that came twice keeps its first value: RFC 9111 section 4.2.1 allows that or "stale". But `private` and `no-cache` forbid
 * all that any of them forbids.
 */
export type Directives = ReadonlyMap<string, string | true>;

const NONE: Directives = new Map();

/** The greatest delta-seconds, where larger values end up (RFC 9111 section 1.2.2). */
export const MAX_SECONDS = 2147483648;

/**
 * Reads a Cache-Control value. It never fails: what cannot be read is left out, and a comma or `=` inside a quoted
 * string separates nothing. White space around `=` is not allowed by the grammar; the directive is kept, with an
 * argument that no reader takes as a number, so that `no-store =x` still forbids and `max-age = 9` grants nothing. Nor
 * does a quote that is never closed hide what forbids: what comes after it counts where it forbids, and grants nothing.
 */
export function parseCacheControl(text: string | null): Directives {
  if (!text) return NONE;
  const found = new Map<string, string | true>();
  for (const part of splitList(text)) {
    const [, raw, value] = /^([^=]*)(?:=(.*))?$/s.exec(part) as unknown as [string, string, string | undefined];
    const name = raw.trim().toLowerCase();
    const first = found.get(name);
    const given = value === undefined ? true : argument(value, raw);
    if (name && first === undefined) found.set(name, given);
    else if (name === "private" || name === "no-cache")
      found.set(name, names(first) && names(given) ? `${first},${given}` : true);
    if (!part.replace(CLOSED, "").includes('"')) continue;
    for (const [forbidding] of part.toLowerCase().matchAll(FORBIDDING)) found.set(forbidding, true);
  }
  return found;
}

const CLOSED = /"(?:\\.|[^"\\])*"/gs;
const FORBIDDING = /(?<=,\s*)(?:no-store|no-cache|private|must-revalidate|proxy-revalidate)(?=\s*(?:[=,]|$))/g;

function argument(value: string, name: string): string {
  if (name !== name.trim() || value !== value.trim()) return " ";
  if (value.length > 1 && value[0] === '"' && value.endsWith('"')) return value.slice(1, -1).replace(/\\(.)/g, "$1");
  return value;
}

/**
 * The argument as delta-seconds: undefined where the directive is absent, 0 where its value is not a number (invalid
 * freshness information counts as stale, RFC 9111 section 4.2.1).
 */
export function seconds(directives: Directives, name: string): number | undefined {
  const value = directives.get(name);
  if (value === undefined) return undefined;
  if (value === true || !/^\d+$/.test(value)) return 0;
  return Math.min(Number(value), MAX_SECONDS);
}

/** The field names of a qualified `no-cache="a, b"` or `private="a"`, lower case; undefined where it is unqualified. */
export function fieldNames(directives: Directives, name: string): readonly string[] | undefined {
  return names(directives.get(name));
}

function names(value: string | true | undefined): readonly string[] | undefined {
  if (value === undefined || value === true) return undefined;
  const found = splitList(value.toLowerCase()).filter((part) => /^[!#$%&'*+.^_`|~\w-]+$/.test(part));
  return found.length > 0 ? found : undefined;
}

/** True where the directive stands unqualified: it then covers the whole response. */
export function whole(directives: Directives, name: string): boolean {
  return directives.has(name) && fieldNames(directives, name) === undefined;
}
