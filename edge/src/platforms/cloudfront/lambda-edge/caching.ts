/**
 * What CloudFront is told to store, by `Cache-Control` on each response: its cache policy bounds the time and names the key,
 * and the portable core's own rules decide. CloudFront alone would store an answer with Set-Cookie, or one to a request
 * with Authorization, and would reuse one whatever its Vary.
 */

import { compile } from "../../../core/cache/compile";
import { decideOriginFreshness, limitMaxAge } from "../../../core/cache/decide/origin-freshness";
import { drawCeiling } from "../../../core/cache/decide/placement";
import { decideTerms } from "../../../core/cache/decide/storage";
import { splitList } from "../../../core/cache/lists";
import { toClient } from "../../../core/cache/outgoing";
import { tagsOf } from "../../../core/cache/tags";
import { directivesFor } from "../../../core/cache/targeted";
import { isForbidden } from "../../../core/personal";
import type { CacheSpec } from "../../../core/settings.gen";

/** CloudFront does not know it; it is obeyed here and passed on as `s-maxage`. */
const TARGETED = ["cdn-cache-control"];
const TO_CLIENT = { targetedFields: TARGETED, inside: undefined, origin: { limitMaxAge } };
const S_MAXAGE = /(?:^|,)\s*s-maxage\s*=\s*"?\d+"?/gi;
/** The coding is in CloudFront's key already, normalised. */
const IN_EVERY_KEY = "accept-encoding";

export interface Asked {
  readonly method: string;
  readonly headers: Headers;
}

/**
 * Sets the headers by which CloudFront stores a response, or not.
 *
 * @param policy the endpoint's strategy, or null where nothing may be stored
 * @param random a number in [0, 1), for jitter
 * @param varies request headers that are in the key beside those of the strategy
 */
export function tellCloudFront(
  asked: Asked,
  status: number,
  headers: Headers,
  policy: CacheSpec | null,
  now: number,
  random: number,
  varies: readonly string[] = [],
): void {
  if (policy === null) {
    refuse(headers);
    return;
  }
  const compiled = compile(policy);
  const { method } = asked;
  const storable = method === "GET" || method === "HEAD" || (method === "POST" && compiled.mode === "origin");
  const exchange = {
    method,
    key: "",
    url: "",
    requestHeaders: asked.headers,
    noStore: false,
    status,
    headers,
    requestTime: now,
    responseTime: now,
    length: undefined,
    rawBodies: true,
    hasEdgeCache: true,
  };
  const rules = { readDirectives: directivesFor, decideFreshness: decideOriginFreshness };
  const decision = storable ? decideTerms(exchange, compiled, TARGETED, rules) : undefined;
  const tags = tagsOf(headers, compiled);
  if (!decision?.store) {
    toClient(TO_CLIENT, headers, status, compiled, 0);
    refuse(headers);
    return;
  }
  // CloudFront reuses an object for every request of its key, whatever the response's Vary names.
  const keyed = new Set([IN_EVERY_KEY, ...compiled.headers, ...compiled.vary, ...varies]);
  const { terms } = decision;
  if (terms.selectingNames.some((name) => !keyed.has(name))) {
    toClient(TO_CLIENT, headers, status, compiled, 0);
    refuse(headers);
    return;
  }
  let ttl = Math.floor((terms.freshUntil - now) / 1000);
  const jitter = compiled.edge_jitter_s;
  const listed = compiled.statuses.has(status) && status !== 404 && status !== 410;
  if (compiled.mode === "override" && jitter !== null && listed) {
    ttl = jitter[0] + Math.floor(random * (jitter[1] - jitter[0] + 1));
  } else if (compiled.mode === "override" && compiled.kv !== null && compiled.edge_ttl_s !== null && listed) {
    ttl = compiled.edge_ttl_s;
  }
  ttl = Math.min(ttl, drawCeiling(compiled.edge, { now: () => now, random: () => random }));
  toClient(TO_CLIENT, headers, status, compiled, 0);
  for (const name of ["age", "expires", "pragma"]) headers.delete(name);
  const control = (headers.get("cache-control") ?? "").replace(S_MAXAGE, "").replace(/^\s*,\s*/, "");
  const parts = [control || "public", `s-maxage=${Math.max(0, ttl)}`];
  const { staleWhileRevalidate, staleIfError } = terms;
  if (staleWhileRevalidate > 0 && !/stale-while-revalidate/i.test(control)) {
    parts.push(`stale-while-revalidate=${staleWhileRevalidate}`);
  }
  // Left out, CloudFront serves what is stale for as long as the origin fails.
  const told = staleIfError > 0 || compiled.mode === "override";
  if (told && !/stale-if-error/i.test(control)) parts.push(`stale-if-error=${Math.max(0, staleIfError)}`);
  headers.set("cache-control", parts.join(", "));
  if (tags.length > 0) headers.set("cache-tag", tags.join(","));
}

/** CloudFront obeys `private` and `no-store` because every cache policy's minimum is 0 seconds. */
function refuse(headers: Headers): void {
  const control = headers.get("cache-control") ?? "";
  if (isForbidden(control)) return;
  const own = splitList(control).filter((part) => !/^(?:public|s-maxage\s*=.*)$/i.test(part));
  headers.set("cache-control", ["private", ...own].join(", "));
}
