/** Vary: which request headers chose a stored response, and their values in a normal form (RFC 9111 section 4.1). */

import { namesIn, TOKEN } from "../fields";
import { encode } from "./key";
import { splitList } from "./lists";
import type { Policy } from "./policy";

/** Headers with about one value a client: under `override`, a response that varies on one is not worth storing. */
const UNBOUNDED = new Set([
  "cookie",
  "user-agent",
  "referer",
  "authorization",
  "x-forwarded-for",
  "cf-connecting-ip",
  "cf-ray",
  "x-request-id",
  "traceparent",
]);

/** The selecting headers of a response, lower case, sorted, each once; null for `*`, and for what can name no header. */
export function varyNames(vary: string | null, policy: Policy): readonly string[] | null {
  const names = [...new Set([...policy.vary, ...namesIn(vary)])].sort();
  return names.every((name) => name !== "*" && TOKEN.test(name)) ? names : null;
}

/** The selecting header that makes a response not worth storing, or that there are more than 8; else undefined. */
export function unbounded(names: readonly string[], policy: Policy): string | undefined {
  if (names.length > 8) return `${names.length} headers`;
  if (policy.mode !== "override") return undefined;
  return names.find((name) => UNBOUNDED.has(name) && !policy.headers.includes(name) && !policy.vary.includes(name));
}

/** The values of the selecting headers, as a part of a key. */
export function varyValues(names: readonly string[], headers: Pick<Headers, "get">): string {
  const parts = names.map((name) => {
    const value = headers.get(name);
    return name + encode(value && normaliseValue(name, value));
  });
  return parts.join("|");
}

/**
 * A header's value in a form where two values are the same text only if they mean the same: lists without optional white
 * space, and where a header's own specification says that case and order mean nothing, without those as well.
 */
function normaliseValue(name: string, value: string): string {
  const parts = splitList(value);
  if (!["accept-encoding", "accept-language", "accept-charset"].includes(name)) return parts.join(",");
  // Order means nothing here, weights do (RFC 9110 section 12.5); `;q=1` is the default.
  const items = parts.map((part) => {
    const compact = part.toLowerCase().replace(/\s*([;=])\s*/g, "$1");
    return compact.replace(/;q=1(\.0{0,3})?$/, "");
  });
  return [...new Set(items)].sort().join(",");
}
