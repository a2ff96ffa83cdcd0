/**
 * The cache key: what of a request an entry is found by. Two requests have one key only where an origin may answer both
 * with the same bytes; and what is not in the key is not sent to the origin either (see `forwardHeaders`), so that it
 * cannot shape what others are then served.
 */

import { targetAsSent } from "../entrance";
import { normalizeEscapes } from "../path";
import type { Named, Policy } from "./policy";

/**
 * The query that belongs to the key, with its `?`. Only `&` separates parameters: `a=1;b=2` is one parameter. Duplicates
 * stay, in their order. Under `override` parameters are sorted by name; the `origin` mode keeps their order, because
 * two orders are two URIs and only the origin may say that they name one thing.
 */
export function keyQuery(search: string, policy: Policy): string {
  let query = normalizeEscapes(search.slice(1));
  if (policy.mode === "override" || policy.query !== "all") {
    const parts = query.split("&").filter((part) => part && policy.custom?.keeps(nameOf(part), policy) !== false);
    // Array sort is stable: parameters of one name keep their order.
    if (policy.mode === "override") parts.sort((a, b) => Number(nameOf(a) > nameOf(b)) - Number(nameOf(a) < nameOf(b)));
    query = parts.join("&");
  }
  return query && `?${query}`;
}

const nameOf = (part: string) => part.split("=", 1)[0] as string;

/**
 * What a URL is under a policy, with its path in the one normal form. `/a`, `/%61` and `/x/%2e%2e/a` are one path; `/a%2Fb`,
 * `/a%00` and `/a;b` are themselves and nothing else. URL has already resolved the dot segments, also those with encoded
 * dots.
 */
export function named(sent: string, policy: Policy): Named {
  const { origin, path, query } = targetAsSent(sent);
  const rest = policy.asSent ? path + query : normalizeEscapes(path) + keyQuery(query, policy);
  const place = policy.host ? origin : origin.replace(/\/\/.*/, "//*");
  return { url: origin + rest, key: `${policy.name}|${policy.mode}|${place}${rest}` };
}

export const normaliseUrl = (url: string, policy: Policy): string => policy.named(url).url;

/** A value that cannot be mistaken for the key's own punctuation; absent and empty differ. */
export const encode = (value: string | null): string =>
  value === null ? "" : `=${value.replace(/[%|:\n]/g, encodeURIComponent)}`;
