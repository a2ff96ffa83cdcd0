/**
 * The cache key: what of a request an entry is found by. Two requests have one key only where an origin may answer both
 * with the same bytes; and what is not in the key is not sent to the origin either (see `forwardHeaders`), so that it
 * cannot shape what others are then served.
 */

import type { Policy } from "./policy";
import type { CacheContext } from "./types";

const ESCAPE = /%([0-9a-f]{2})/gi;
/** URLs whose names are remembered, and how long (characters) one may be: a few megabytes together, at most. */
const MAX_NAMES = 4096;
const MAX_NAME = 512;

/** Decodes escapes of unreserved characters and writes others in upper case (RFC 3986 section 6.2.2). */
export function normaliseEscapes(text: string): string {
  if (!text.includes("%")) return text;
  return text.replace(ESCAPE, (whole, hex: string) => {
    const char = String.fromCharCode(Number.parseInt(hex, 16));
    return /[\w.~-]/.test(char) ? char : whole.toUpperCase();
  });
}

/**
 * The path in its one normal form. `/a`, `/%61` and `/x/%2e%2e/a` are one path; `/a%2Fb`, `/a%00` and `/a;b` are
 * themselves and nothing else. URL has already resolved the dot segments, also those with encoded dots.
 */
export function normalisePath(path: string): string {
  const decoded = normaliseEscapes(path);
  if (!/\/\.{1,2}(\/|$)/.test(decoded)) return decoded;
  return new URL(decoded, "http://localhost").pathname;
}

/**
 * The query that belongs to the key, with its `?`. Only `&` separates parameters: `a=1;b=2` is one parameter. Duplicates
 * stay, in their order. Under `override` parameters are sorted by name; the `origin` mode keeps their order, because
 * two orders are two URIs and only the origin may say that they name one thing.
 */
export function keyQuery(search: string, policy: Policy): string {
  if (search === "" || search === "?" || policy.query === "none") return "";
  const text = normaliseEscapes(search.slice(1));
  if (policy.mode !== "override" && policy.query === "all") return `?${text}`;
  const pairs: [string, string][] = [];
  for (const part of text.split("&")) {
    if (part === "") continue;
    const name = part.split("=", 1)[0] as string;
    if (policy.query !== "all" && policy.query_names.includes(plain(name)) !== (policy.query === "include")) continue;
    pairs.push([name, part]);
  }
  // Array sort is stable: parameters of one name keep their order.
  if (policy.mode === "override") pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return pairs.length > 0 ? `?${pairs.map(([, part]) => part).join("&")}` : "";
}

function plain(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name;
  }
}

/** What a URL is under a policy. */
export interface Named {
  /** Its normal form: what an entry's URL is, and what the origin is asked for. */
  readonly url: string;
  /** The key of it, where nothing else of a request belongs to the key. */
  readonly key: string;
}

export function named(sent: string, policy: Policy): Named {
  let found = policy.names.get(sent);
  if (found !== undefined) return found;
  const { protocol, host, pathname, search } = new URL(sent);
  const rest = normalisePath(pathname) + keyQuery(search, policy);
  const url = `${protocol}//${host}${rest}`;
  found = { url, key: `${policy.name}|${policy.mode}|${policy.host ? url : `${protocol}//*${rest}`}` };
  if (sent.length > MAX_NAME) return found;
  // Started afresh when full: an attacker's many URLs cost this table, never the entries.
  if (policy.names.size >= MAX_NAMES) policy.names.clear();
  policy.names.set(sent, found);
  return found;
}

export const normaliseUrl = (url: string, policy: Policy): string => named(url, policy).url;

/** The key of a request: that of its URL, and what else the policy says. */
export function primaryKey(key: string, headers: Pick<Headers, "get">, policy: Policy, ctx: CacheContext): string {
  if (policy.keyedByUrl) return key;
  const parts: string[] = [key];
  for (const name of policy.headers) parts.push(`${name}:${encode(headers.get(name))}`);
  if (policy.cookies.length > 0) {
    const jar = parseCookies(headers.get("cookie"));
    for (const name of policy.cookies) parts.push(`cookie ${name}:${encode(jar.get(name)?.join(";") ?? null)}`);
  }
  if (policy.country) parts.push(`country:${ctx.country ?? ""}`);
  if (policy.region) parts.push(`region:${ctx.region ?? ""}`);
  return parts.join("|");
}

/** A value that cannot be mistaken for the key's own punctuation; absent and empty differ. */
export function encode(value: string | null): string {
  return value === null ? "" : `=${value.replace(/[%|:\n]/g, (char) => encodeURIComponent(char))}`;
}

/** All values of each cookie. */
export function parseCookies(header: string | null): Map<string, string[]> {
  const jar = new Map<string, string[]>();
  for (const part of header?.split(";") ?? []) {
    const equals = part.indexOf("=");
    if (equals < 0) continue;
    const name = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    const values = jar.get(name);
    if (values) values.push(value);
    else jar.set(name, [value]);
  }
  return jar;
}
