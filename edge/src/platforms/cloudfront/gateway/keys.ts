// What of a request tells objects apart, and what of it the origin is sent.

import { get, has } from "./headers.js";
import type { NameTest, Rules } from "./policies.js";
import type { EdgeRequest } from "./types.js";

/**
 * `Accept-Encoding` as CloudFront normalises it: `br,gzip`, `br`, `gzip`, or undefined where the viewer takes neither.
 * Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cache-key-understand-cache-policy.html
 */
export function normalizedEncoding(accept: string | undefined, gzip: boolean, brotli: boolean): string | undefined {
  if (accept === undefined || (!gzip && !brotli)) return undefined;
  const taken = new Set<string>();
  for (const part of accept.toLowerCase().split(",")) {
    const [name, ...parameters] = part.split(";").map((text) => text.trim());
    const refused = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    if (name && !refused) taken.add(name);
  }
  const kept = [...(brotli && taken.has("br") ? ["br"] : []), ...(gzip && taken.has("gzip") ? ["gzip"] : [])];
  return kept.length > 0 ? kept.join(",") : undefined;
}

/** The parameters whose names are taken, in the order sent, as text without `?`. */
export function selectQuery(querystring: string, taken: NameTest): string {
  if (querystring === "") return "";
  return querystring
    .split("&")
    .filter((part) => part !== "" && taken(parameterName(part)))
    .join("&");
}

function parameterName(part: string): string {
  const equals = part.indexOf("=");
  const name = equals === -1 ? part : part.slice(0, equals);
  if (!name.includes("%")) return name;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The cookies whose names are taken, as the text of a `Cookie` header; undefined where there are none. */
export function selectCookies(cookie: string | undefined, taken: NameTest): string | undefined {
  if (cookie === undefined) return undefined;
  const kept: string[] = [];
  for (const part of cookie.split(";")) {
    const text = part.trim();
    if (text !== "" && taken(text.split("=", 1)[0] as string)) kept.push(text);
  }
  return kept.length > 0 ? kept.join("; ") : undefined;
}

/**
 * The cache key: a string that is equal for requests that share an object. Parts are length-prefixed by JSON, so no
 * value can imitate another part.
 *
 * Query parameters keep their order, as CloudFront takes `a=1&b=2` and `b=2&a=1` for two objects.
 */
export function cacheKey(distribution: string, request: EdgeRequest, rules: Rules): string {
  const { headers } = request;
  const { key } = rules;
  const parts: (string | null)[] = [
    distribution,
    // Answers to OPTIONS are kept apart from those to GET and HEAD.
    request.method === "OPTIONS" ? "OPTIONS" : "GET",
    request.uri,
    selectQuery(request.querystring, key.query),
    normalizedEncoding(get(headers, "accept-encoding"), rules.gzip, rules.brotli) ?? null,
    selectCookies(get(headers, "cookie"), key.cookie) ?? null,
  ];
  for (const name of key.headers) parts.push(has(headers, name) ? (get(headers, name) ?? null) : null);
  return JSON.stringify(parts);
}
