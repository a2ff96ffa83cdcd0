/** Cache-Control (RFC 9111 section 5.2) as a map of directives. */

import { TOKEN } from "../fields";
import { splitList } from "./lists";

/**
 * Directives by lower-case name. A string is the argument as written (unquoted); true means no argument. A directive
 * that came twice keeps its first value: RFC 9111 section 4.2.1 allows that or "stale". But `private` and `no-cache` forbid
 * all that any of them forbids.
 */
export type Directives = ReadonlyMap<string, string | true>;

type Argument = string | true;

/** Stands for an argument that cannot be read: it is no number and names no field, but its directive is there. */
const UNREADABLE = " ";

/**
 * Reads a Cache-Control value. It never fails: what cannot be read is left out, and a comma or `=` inside a quoted
 * string separates nothing. White space around `=` is not allowed by the grammar; the directive is kept, with an
 * unreadable argument, so that `no-store =x` still forbids and `max-age = 9` grants nothing. Nor does a quote that is
 * never closed hide what forbids: what comes after it counts where it forbids, and grants nothing.
 */
export function parseCacheControl(field: string | null): Directives {
  const directives = new Map<string, Argument>();
  for (const member of splitList(field ?? "")) {
    const [name, argument] = parseDirective(member);
    if (name !== "") add(directives, name, argument);
    for (const forbidding of forbiddingBehindOpenQuote(member)) directives.set(forbidding, true);
  }
  return directives;
}

function parseDirective(member: string): [string, Argument] {
  const equals = member.indexOf("=");
  if (equals < 0) return [member.toLowerCase(), true];
  const name = member.slice(0, equals);
  const value = member.slice(equals + 1);
  const spaced = name !== name.trim() || value !== value.trim();
  return [name.trim().toLowerCase(), spaced ? UNREADABLE : unquoted(value)];
}

function add(directives: Map<string, Argument>, name: string, argument: Argument): void {
  const first = directives.get(name);
  if (first === undefined) directives.set(name, argument);
  else if (name === "private" || name === "no-cache") {
    const bothQualified = fieldNames(first).length > 0 && fieldNames(argument).length > 0;
    directives.set(name, bothQualified ? `${first},${argument}` : true);
  }
}

const CLOSED_STRINGS = /"(?:\\.|[^"\\])*"/gs;
const FORBIDDING = /(?<=,\s*)(?:no-store|no-cache|private|must-revalidate|proxy-revalidate)(?=\s*(?:[=,]|$))/g;

function forbiddingBehindOpenQuote(member: string): string[] {
  if (!member.includes('"') || !member.replace(CLOSED_STRINGS, "").includes('"')) return [];
  return Array.from(member.toLowerCase().matchAll(FORBIDDING), ([name]) => name);
}

const unquoted = (value: string): string => /^"(.*)"$/s.exec(value)?.[1]?.replace(/\\(.)/g, "$1") ?? value;

/**
 * The argument as delta-seconds: undefined where the directive is absent, 0 where its value is not a number (invalid
 * freshness information counts as stale, RFC 9111 section 4.2.1).
 */
export function deltaSecondsOf(directives: Directives, name: string): number | undefined {
  return directives.has(name) ? deltaSeconds(directives.get(name)) : undefined;
}

/** The greatest delta-seconds: a larger value counts as this one (RFC 9111 section 1.2.2). */
const MAX_DELTA_SECONDS = 2 ** 31;

/** Delta-seconds; 0 for what is no number. */
export const deltaSeconds = (value: string | true | undefined): number =>
  typeof value === "string" && /^\d+$/.test(value) ? Math.min(Number(value), MAX_DELTA_SECONDS) : 0;

/** The field names that are the argument of a qualified `no-cache="a, b"` or `private="a"`, lower case; none where it is unqualified. */
export const fieldNames = (argument: string | true | undefined): readonly string[] =>
  typeof argument === "string" ? splitList(argument.toLowerCase()).filter((part) => TOKEN.test(part)) : [];

/** True where the directive stands unqualified: it then covers the whole response. */
export const isUnqualified = (directives: Directives, name: string): boolean =>
  directives.has(name) && fieldNames(directives.get(name)).length === 0;
