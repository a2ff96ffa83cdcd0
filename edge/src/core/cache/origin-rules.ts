/** May a response be stored by the origin's own headers, and for how long is it fresh? RFC 9111 sections 3 and 4.2, RFC 5861. */

import { parseDate } from "../dates";
import { type Directives, parseCacheControl, seconds, whole } from "./directives";
import { dateOf, explicitLifetime, type Rules } from "./store";

/** Statuses that may be stored without explicit freshness (RFC 9110 section 15.1). */
const HEURISTIC = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]);
const HEURISTIC_PART = 0.1;
const HEURISTIC_MOST = 86400;

export interface Freshness {
  readonly seconds: number;
  readonly explicit: boolean;
}

/** The freshness lifetime by the response itself, for a shared cache: as it says, or else guessed (section 4.2.2). */
export function lifetime(
  cc: Directives,
  targeted: boolean,
  status: number,
  headers: Headers,
  responseTime: number,
): Freshness {
  const stated = explicitLifetime(cc, targeted, headers, responseTime);
  if (stated !== undefined) return { seconds: stated, explicit: true };
  const date = dateOf(headers, responseTime);
  const modified = parseDate(headers.get("last-modified"), responseTime);
  if (modified === undefined || modified > date || !(HEURISTIC.has(status) || cc.has("public"))) {
    return { seconds: 0, explicit: false };
  }
  const part = Math.floor(((date - modified) / 1000) * HEURISTIC_PART);
  return { seconds: Math.min(part, HEURISTIC_MOST), explicit: false };
}

export const originRules: Rules = (exchange, policy, cc, targeted, initialAge) => {
  const { method, status, headers, responseTime } = exchange;
  if (policy.mode === "bypass") return "bypass";
  const own = lifetime(cc, targeted, status, headers, responseTime);
  // Section 3.5.
  if (exchange.authorised && !["public", "s-maxage", "must-revalidate"].some((name) => cc.has(name))) {
    return "authorization";
  }
  if (method === "POST" && !own.explicit) return "method";
  if (!own.explicit && !cc.has("public") && !cc.has("private") && !HEURISTIC.has(status)) return "status";
  const ttl = Math.min(own.seconds, policy.edge_ttl_s ?? own.seconds);
  const noCache = whole(cc, "no-cache") || (!own.explicit && pragma(headers));
  // Without freshness it is of use only if it can be validated.
  if ((noCache || ttl <= 0) && !headers.has("etag") && !headers.has("last-modified")) return "no-freshness";
  const must = cc.has("must-revalidate") || cc.has("proxy-revalidate");
  // A stale window of the policy is a ceiling here; 0 sets none.
  const stale = (name: string, ceiling: number) => (must ? 0 : Math.min(seconds(cc, name) ?? 0, ceiling || Infinity));
  return {
    left: ttl - initialAge,
    staleWhileRevalidate: stale("stale-while-revalidate", policy.stale_while_revalidate_s),
    staleIfError: stale("stale-if-error", policy.stale_if_error_s),
    // s-maxage stands for proxy-revalidate too, but leaves the windows that the same response grants (RFC 5861).
    mustRevalidate: must || cc.has("s-maxage"),
    noCache,
  };
};

/** Pragma: no-cache in a response means nothing by the RFC; here it keeps a heuristic from granting reuse. */
function pragma(headers: Headers): boolean {
  return /(^|,)\s*no-cache\s*(,|$)/i.test(headers.get("pragma") ?? "");
}

/** In `origin` mode the policy's TTL is a ceiling on what is left to the browser. */
export function shorten(headers: Headers, most: number): void {
  const text = headers.get("cache-control");
  if (text === null || (seconds(parseCacheControl(text), "max-age") ?? 0) <= most) return;
  headers.set("cache-control", text.replace(/(^|[\s,])max-age\s*=\s*"?\d+"?/i, `$1max-age=${most}`));
}
