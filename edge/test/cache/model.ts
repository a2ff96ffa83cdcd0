/**
 * A model of RFC 9111 for a shared cache, small and written apart from the code under test: it takes one exchange and a
 * later request, all as plain values (not as header text), and says what the RFC lets a cache do.
 */

export interface StoredResponse {
  status: number;
  /** Directives of Cache-Control; a number is their argument. */
  cc: Partial<Record<"max-age" | "s-maxage" | "stale-while-revalidate" | "stale-if-error", number>>;
  flags: readonly string[];
  /** Seconds from Date to Expires; "invalid" for a text that is no date. */
  expires?: number | "invalid";
  /** Seconds before Date at which it was last modified. */
  lastModified?: number;
  etag: boolean;
  age: number;
  /** Seconds by which Date was past when the response came. */
  dateLag: number;
  vary: "none" | "star" | "a";
  authorised: boolean;
  setCookie: boolean;
}

export interface LaterRequest {
  elapsed: number;
  noCache: boolean;
  maxAge?: number;
  minFresh?: number;
  maxStale?: number | "any";
  /** The header that the response may vary on has the same value as before. */
  sameA: boolean;
}

const DEFAULT_CACHEABLE = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501];

/** Section 4.2.1. */
export function freshnessLifetime(r: StoredResponse): { seconds: number; explicit: boolean } {
  if (r.cc["s-maxage"] !== undefined) return { seconds: r.cc["s-maxage"], explicit: true };
  if (r.cc["max-age"] !== undefined) return { seconds: r.cc["max-age"], explicit: true };
  if (r.expires !== undefined) {
    return { seconds: r.expires === "invalid" ? 0 : Math.max(0, r.expires), explicit: true };
  }
  if (r.lastModified !== undefined && (DEFAULT_CACHEABLE.includes(r.status) || r.flags.includes("public"))) {
    return { seconds: Math.floor(r.lastModified / 10), explicit: false };
  }
  return { seconds: 0, explicit: false };
}

/** Section 4.2.3, with no delay of the response. */
export function currentAge(r: StoredResponse, elapsed: number): number {
  return Math.max(r.age, r.dateLag) + elapsed;
}

/** Sections 3 and 3.5, and what this cache adds: nothing that came with a cookie. */
export function mayStore(r: StoredResponse): boolean {
  if (r.setCookie || r.vary === "star") return false;
  if (r.flags.includes("no-store") || r.flags.includes("private")) return false;
  if (
    r.authorised &&
    !(r.flags.includes("public") || r.flags.includes("must-revalidate") || r.cc["s-maxage"] !== undefined)
  ) {
    return false;
  }
  return freshnessLifetime(r).explicit || r.flags.includes("public") || DEFAULT_CACHEABLE.includes(r.status);
}

export type Permission = "forbidden" | "allowed" | "expected";

/**
 * May the stored response answer without a word to the origin? `expected`: it is fresh and nothing speaks against it, so
 * a good cache does. `allowed`: the RFCs let it, in one of the stale windows.
 */
export function mayReuse(r: StoredResponse, q: LaterRequest): Permission {
  if (!mayStore(r)) return "forbidden";
  if (r.vary === "a" && !q.sameA) return "forbidden";
  if (r.flags.includes("no-cache") || q.noCache) return "forbidden";
  const age = currentAge(r, q.elapsed);
  const left = freshnessLifetime(r).seconds - age;
  if (q.maxAge !== undefined && age > q.maxAge) return "forbidden";
  if (q.minFresh !== undefined && left < q.minFresh) return "forbidden";
  if (left > 0) return "expected";
  // Section 4.2.4.
  if (r.flags.includes("must-revalidate") || r.flags.includes("proxy-revalidate")) return "forbidden";
  const swr = r.cc["stale-while-revalidate"];
  if (swr !== undefined && -left <= swr) return "allowed";
  if (r.cc["s-maxage"] !== undefined) return "forbidden";
  if (q.maxStale !== undefined && (q.maxStale === "any" || -left <= q.maxStale)) return "allowed";
  return "forbidden";
}
