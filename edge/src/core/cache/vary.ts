/** Vary: which request header fields select a stored response, and their values in a normal form (RFC 9111 section 4.1). */

import { namesIn, TOKEN } from "../fields";
import { encode } from "./key";
import { splitList } from "./lists";
import type { Policy } from "./policy";

/** Fields with about one value a client: under `override`, a response that varies on one is not worth storing. */
const ONE_VALUE_A_CLIENT: ReadonlySet<string> = new Set([
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
const MAX_SELECTING = 8;

/** The names of a response's selecting fields, lower case, sorted, each once; undefined for `*`, and for what is no name. */
export function selectingNamesOf(vary: string | null, policy: Policy): readonly string[] | undefined {
  const names = [...new Set([...policy.vary, ...namesIn(vary)])].sort();
  return names.every((name) => name !== "*" && TOKEN.test(name)) ? names : undefined;
}

/** The selecting field that makes about one variant a client, or that there are too many; else undefined. */
export function perClient(names: readonly string[], policy: Policy): string | undefined {
  if (names.length > MAX_SELECTING) return `${names.length} headers`;
  if (policy.mode !== "override") return undefined;
  const wanted = (name: string) => policy.headers.includes(name) || policy.vary.includes(name);
  return names.find((name) => ONE_VALUE_A_CLIENT.has(name) && !wanted(name));
}

/** The values of the selecting fields, as a part of a key. */
export function selectingValues(names: readonly string[], headers: Pick<Headers, "get">): string {
  const parts = names.map((name) => {
    const value = headers.get(name);
    return name + encode(value && normalised(name, value));
  });
  return parts.join("|");
}

/** Where a response that varies on these fields is stored for a request. */
export const variantKey = (key: string, names: readonly string[], headers: Pick<Headers, "get">): string =>
  `${key}\n${selectingValues(names, headers)}`;

/** Fields of content negotiation, where case and order of the members mean nothing (RFC 9110 section 12.5). */
const NEGOTIATING = ["accept-encoding", "accept-language", "accept-charset"];

/** A field's value in a form where two values are the same text only if they mean the same. */
function normalised(name: string, value: string): string {
  const members = splitList(value);
  return NEGOTIATING.includes(name) ? [...new Set(members.map(negotiated))].sort().join(",") : members.join(",");
}

/** Weights count, and `;q=1` is the default. */
function negotiated(member: string): string {
  const compact = member.toLowerCase().replace(/\s*([;=])\s*/g, "$1");
  return compact.replace(/;q=1(\.0{0,3})?$/, "");
}
