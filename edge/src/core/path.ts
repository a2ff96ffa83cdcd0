/**
 * One normal form of a request's path and query. Authentication, routing, the cache key and the origin all see this form,
 * so no two of them can read one request differently (RFC 3986, sections 6.2.2 and 6.2.3).
 */

/** Why a target was refused; the text goes into the 400 problem. */
export class BadTarget extends Error {
  override readonly name = "BadTarget";
}

/** Already in normal form: no escapes, no empty segments and no segment that begins with a dot. */
const NORMAL = /^(?:\/[A-Za-z0-9_~!$&'()*+,=:@-][A-Za-z0-9._~!$&'()*+,=:@-]*)*\/?$/;
const ESCAPE = /%[0-9A-Fa-f]{2}/g;
const MALFORMED_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
/** `/`, `\` and control characters, escaped once or more than once: servers disagree on when these are decoded. */
const AMBIGUOUS_ESCAPE = /%(?:25)*(?:2f|5c|[01][0-9a-f]|7f)/i;
/** A dot or semicolon escaped twice: a server that decodes twice sees a dot segment or a path parameter. */
const DOUBLE_ESCAPE = /%(?:25)+(?:2e|3b)/i;
const DOT_PARAMETER = /(?:^|\/)\.{1,2}%3B/;
/** Everything that may stand in a segment as it is (RFC 3986, `pchar`), without `;`, which some servers cut at. */
const NOT_PCHAR = /[^A-Za-z0-9._~!$&'()*+,=:@%/-]/gu;
const UNRESERVED = /^[A-Za-z0-9._~-]$/;

/** Decodes escapes of unreserved characters and writes others in upper case (RFC 3986 section 6.2.2). */
export function normalizeEscapes(text: string): string {
  return text.replace(ESCAPE, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return UNRESERVED.test(character) ? character : escaped.toUpperCase();
  });
}

function escapeCharacter(character: string): string {
  return character === ";" ? "%3B" : encodeURIComponent(character);
}

function resolveDots(path: string): string {
  const output: string[] = [];
  const segments = path.split("/").slice(1);
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === "..") output.pop();
    // An empty segment (`//`) is dropped: some servers merge slashes, and then auth must have seen the merged path.
    else if (segment !== "." && segment !== "") output.push(segment);
    if (last && (segment === "" || segment === "." || segment === "..")) output.push("");
  }
  return `/${output.join("/")}`;
}

/**
 * The normal form of a path that begins with `/`.
 *
 * Escapes of unreserved characters are decoded, others upper-cased; `;` and what may not stand in a path are escaped; dot
 * segments are resolved and repeated slashes merged. Idempotent.
 *
 * @throws BadTarget where the path has a malformed escape, an escape that is not UTF-8, a backslash, an escaped slash or
 * backslash or control character, or a dot segment with a parameter (`..;`).
 */
export function normalizePath(path: string): string {
  if (NORMAL.test(path)) return path;
  if (MALFORMED_ESCAPE.test(path)) throw new BadTarget("The path has a `%` that two hexadecimal digits do not follow.");
  if (path.includes("\\")) throw new BadTarget("The path has a backslash. Write `/` between segments.");
  if (AMBIGUOUS_ESCAPE.test(path)) {
    throw new BadTarget("The path has an escaped slash, backslash or control character, which no path here may have.");
  }
  if (DOUBLE_ESCAPE.test(path)) throw new BadTarget("The path has a dot or a semicolon that is escaped twice.");
  for (const character of path) {
    const code = character.charCodeAt(0);
    if (code < 0x20 || code === 0x7f) throw new BadTarget("The path has a control character.");
  }
  let escaped: string;
  try {
    decodeURIComponent(path);
    escaped = normalizeEscapes(path).replace(NOT_PCHAR, escapeCharacter);
  } catch {
    throw new BadTarget("The path has escapes or characters that are not Unicode in UTF-8.");
  }
  if (DOT_PARAMETER.test(escaped)) throw new BadTarget("The path has a dot segment with a parameter.");
  const resolved = resolveDots(escaped);
  // Decoding may have put digits behind a `%25`: `%25%32f` is `%252f` now.
  if (AMBIGUOUS_ESCAPE.test(resolved) || DOUBLE_ESCAPE.test(resolved)) {
    throw new BadTarget("The path has a character that is escaped twice.");
  }
  return resolved;
}

/** The query with `;` escaped, so that `&` alone separates parameters everywhere. Includes the `?`; empty if none. */
export function normalizeQuery(query: string): string {
  if (query === "" || query === "?") return "";
  return query.includes(";") ? query.replaceAll(";", "%3B") : query;
}

/** The query with its `?`, also an empty one, which `search` leaves out. Of a URL without a fragment. */
export const queryOf = ({ search, href }: URL): string => search || (href.endsWith("?") ? "?" : "");

/** Splits an absolute URL as it came in, before any URL parser has changed its path. */
export function splitTarget(url: string): { origin: string; path: string; query: string } {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const beforeQuery = url.search(/[?#]/);
  const pathEnd = beforeQuery === -1 ? url.length : beforeQuery;
  if (start === -1 || start > pathEnd) {
    const query = beforeQuery === -1 ? "" : url.slice(beforeQuery).replace(/#.*$/s, "");
    return { origin: url.slice(0, pathEnd), path: "/", query: query.startsWith("?") ? query : "" };
  }
  const rest = url.slice(pathEnd);
  const fragment = rest.indexOf("#");
  const query = fragment === -1 ? rest : rest.slice(0, fragment);
  return { origin: url.slice(0, start), path: url.slice(start, pathEnd), query };
}
