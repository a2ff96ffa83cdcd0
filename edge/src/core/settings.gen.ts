// Generated from edge/schema/settings.schema.json, which comes from the pydantic models. Run `make build`; do not edit.

/**
 * Everything that one edge function is told. Written into its bundle as the module `settings.js`.
 */
export interface EdgeSettings {
  version: 1;
  name: string;
  /**
   * The function's own hostname: what is said of the host where a key leaves it out (`host: false`).
   */
  hostname: string | null;
  endpoints: EndpointSpec[];
  routers: RouterSpec[];
  sessions: SessionsSpec | null;
  /**
   * The function's own hostname, under which its entries stand in the data centre's cache; None has none.
   */
  cache_host: string | null;
  /**
   * Request headers with these prefixes are removed at the entrance: they are ours to set.
   */
  reserved_header_prefixes: string[];
  /**
   * `strict`: one form of each path, ambiguous ones refused. `none`: as sent; one `/*` to an origin only.
   */
  url_normalization: "strict" | "none";
  /**
   * Adds Server-Timing to responses.
   */
  trace: boolean;
}
/**
 * One endpoint: what it matches, what must hold, who answers, and how the answer is cached.
 */
export interface EndpointSpec {
  /**
   * `/api/products/:id`, `/static/*` or `/*`. First match by specificity, then order.
   */
  path: string;
  /**
   * `*` allows every method.
   */
  methods: string[];
  target: OriginTarget | HandlerTarget | SessionTarget;
  cache: CacheSpec | null;
  auth: (SessionAuth | JwtAuth) | null;
  rate_limit: RateLimitSpec | null;
  cors: CorsSpec | null;
  /**
   * Versioned static files: strong ETag and 304 are guaranteed.
   */
  static: boolean;
}
/**
 * The request goes to an origin of this router.
 */
export interface OriginTarget {
  kind: "origin";
  router: string;
  /**
   * Removed from the path before the origin sees it.
   */
  strip_prefix: string | null;
}
/**
 * The request goes to the user's own module: a fetch-like default export.
 */
export interface HandlerTarget {
  kind: "handler";
  /**
   * Module name among the function's modules, for example `handler-checkout.js`.
   */
  module: string;
}
/**
 * The endpoint answers with the caller's own session as JSON. Needs `auth: session`.
 */
export interface SessionTarget {
  kind: "session";
}
/**
 * One caching strategy, as the code at the edge applies it.
 *
 * `mode="override"`: the policy's TTLs decide, for responses that are storable at all (a `private`, `no-store` or
 * `Set-Cookie` response never is). `mode="origin"`: the origin's own headers decide, and nothing is stored without
 * them; TTLs given here are ceilings. `mode="bypass"`: nothing is stored.
 */
export interface CacheSpec {
  /**
   * The CachePolicy's name, for Cache-Status and messages.
   */
  name: string;
  mode: "override" | "origin" | "bypass";
  engine: "worker" | "platform";
  /**
   * Freshness at the edge, before jitter.
   */
  edge_ttl_s: number | null;
  /**
   * Lowest and highest freshness (s) drawn for an edge entry instead of edge_ttl_s.
   */
  edge_jitter_s: [number, number] | null;
  /**
   * How long a client may keep it from when it gets it: max-age less Age. None keeps the origin's.
   */
  browser_ttl_s: number | null;
  /**
   * RFC 5861, at the edge and told to clients.
   */
  stale_while_revalidate_s: number;
  /**
   * RFC 5861.
   */
  stale_if_error_s: number;
  /**
   * RFC 8246, sent to clients.
   */
  immutable: boolean;
  /**
   * Statuses that `override` gives a TTL. Others follow the origin's explicit freshness. 5xx never here.
   */
  statuses: number[];
  /**
   * TTL of a 404 or 410 under `override` (negative caching).
   */
  error_ttl_s: number;
  tiers: CacheTiers;
  key: CacheKeySpec;
  /**
   * Request headers added to the response's Vary, lower case.
   */
  vary: string[];
  /**
   * Cache-Tag values added to each stored response.
   */
  tags: string[];
}
/**
 * Which tiers a policy uses, nearest first. None leaves the tier out.
 */
export interface CacheTiers {
  memory: MemoryTier | null;
  edge: EdgeTier | null;
  kv: KvTier | null;
  shield: ShieldTier | null;
}
/**
 * The isolate's own memory: the fastest tier, lost with the isolate, bounded by bytes.
 */
export interface MemoryTier {
  /**
   * Most bytes held by one isolate.
   */
  max_bytes: number;
  /**
   * A larger body is not held in memory.
   */
  max_object_bytes: number;
  /**
   * Freshness in this tier never exceeds this.
   */
  ttl_ceiling_s: number | null;
  /**
   * Lowest and highest ceiling (s) drawn for an entry instead of ttl_ceiling_s.
   */
  jitter_s: [number, number] | null;
}
/**
 * The data centre's cache (the Cache API, or the platform's front cache).
 */
export interface EdgeTier {
  /**
   * Freshness in this tier never exceeds this.
   */
  ttl_ceiling_s: number | null;
  /**
   * Lowest and highest ceiling (s) drawn for an entry instead of ttl_ceiling_s.
   */
  jitter_s: [number, number] | null;
}
/**
 * A key-value store behind the edge cache, shared by every data centre.
 */
export interface KvTier {
  /**
   * Name of the KV binding on the function.
   */
  binding: string;
  /**
   * How long an entry stays in KV. KV accepts nothing under 60 s.
   */
  ttl_s: number;
  /**
   * Lowest and highest freshness (s) drawn for an entry; None uses ttl_s as it is.
   */
  jitter_s: [number, number] | null;
  /**
   * A larger response is not put into KV (its own limit is 25 MiB).
   */
  max_object_bytes: number;
}
/**
 * One place for all data centres, before the origin: concurrent misses of the world make one origin request.
 */
export interface ShieldTier {
  /**
   * Class of Durable Objects among the function's own exports, by which it reaches the shield.
   */
  class_name: string;
  /**
   * Where it is made; None is near the first request.
   */
  location: ("wnam" | "enam" | "sam" | "weur" | "eeur" | "apac" | "oc" | "afr" | "me") | null;
  /**
   * Objects that the URLs are shared out to.
   */
  shards: number;
  /**
   * Freshness in the shield; None takes that of the edge.
   */
  ttl_s: number | null;
  /**
   * Lowest and highest freshness (s) drawn for an entry; None uses ttl_s as it is.
   */
  jitter_s: [number, number] | null;
  /**
   * Most bytes kept by one object.
   */
  max_bytes: number;
  /**
   * A larger body is not kept in the shield.
   */
  max_object_bytes: number;
}
/**
 * What the cache key is made of beside method, host and normalised path.
 */
export interface CacheKeySpec {
  /**
   * Which query parameters belong to the key. Parameters are sorted in the key.
   */
  query: "all" | "none" | "include" | "exclude";
  /**
   * The names for `include` and `exclude`.
   */
  query_names: string[];
  /**
   * Request headers in the key, lower case, sorted.
   */
  headers: string[];
  /**
   * Cookies in the key, sorted.
   */
  cookies: string[];
  /**
   * One entry a country.
   */
  country: boolean;
  /**
   * One entry a routing region of the endpoint's origin.
   */
  region: boolean;
  /**
   * One entry a Host. False shares entries between hostnames.
   */
  host: boolean;
}
/**
 * The endpoint needs a session that the store knows; else 401.
 */
export interface SessionAuth {
  kind: "session";
}
/**
 * The endpoint needs a signed token (RFC 7519). Algorithms come from here, never from the token's header.
 */
export interface JwtAuth {
  kind: "jwt";
  issuer: string;
  audience: string[];
  algorithms: (
    "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" | "ES256" | "ES384" | "ES512" | "EdDSA" | "HS256"
  )[];
  /**
   * Where the key set is fetched from. One of this and secret.
   */
  jwks_url: string | null;
  /**
   * Secret binding with the HS256 key.
   */
  secret_binding: string | null;
  clock_tolerance_s: number;
  /**
   * Claims with the value they must have.
   */
  required_claims: {
    [k: string]: string;
  };
  /**
   * How long old keys serve while the URL is down.
   */
  jwks_max_stale_s: number;
}
/**
 * A limit a client on one endpoint, by the platform's rate limit binding.
 */
export interface RateLimitSpec {
  binding: string;
  /**
   * Requests allowed in a period.
   */
  limit: number;
  period_s: 10 | 60;
}
/**
 * Which pages of other origins may read an endpoint's answers: the CORS protocol of the Fetch standard.
 */
export interface CorsSpec {
  /**
   * Origins as browsers write them, or `*` alone.
   */
  origins: string[];
  /**
   * Methods that a preflight is told of.
   */
  methods: string[];
  /**
   * Request headers that a preflight is told of, or `*` alone.
   */
  headers: string[];
  /**
   * Headers of answers that a page may read, or `*` alone.
   */
  expose: string[];
  /**
   * Whether a page may read answers to requests with cookies.
   */
  credentials: boolean;
  /**
   * How long a browser may remember a preflight's answer.
   */
  max_age_s: number | null;
  /**
   * `origin` where answers differ by it: several origins.
   */
  vary: string[];
}
/**
 * Regions and the order in which their origins are tried for a country.
 */
export interface RouterSpec {
  name: string;
  origins: OriginSpec[];
  /**
   * Region for a country that no origin names.
   */
  fallback: string;
  /**
   * For each region, all regions from nearest to farthest, itself first: the failover order.
   */
  order: {
    [k: string]: string[];
  };
  /**
   * Time for an origin's response headers before failover.
   */
  timeout_ms: number;
  retry_statuses: number[];
  health: HealthCheckSpec;
}
/**
 * One region's origin.
 */
export interface OriginSpec {
  /**
   * Region name, for example us, eu, apac.
   */
  region: string;
  /**
   * http(s) base URL; a path on it is a prefix.
   */
  url: string;
  /**
   * ISO 3166-1 alpha-2 codes served by it, sorted.
   */
  countries: string[];
  latitude: number | null;
  longitude: number | null;
  /**
   * Headers added to requests to this origin.
   */
  headers: {
    [k: string]: string;
  };
}
/**
 * How an origin's health is judged from the edge: passively from answers, and by this path where it is given.
 */
export interface HealthCheckSpec {
  /**
   * Path probed before an origin that failed is used again.
   */
  path: string | null;
  /**
   * An origin that failed is left out for this long.
   */
  interval_s: number;
  /**
   * Consecutive failures before an origin is left out.
   */
  unhealthy_after: number;
}
/**
 * Sessions kept in KV. The id comes from a cookie or an `Authorization: Bearer` header; it is opaque. A session says by
 * its `iat` when it was made (seconds since 1970, as in RFC 7519).
 */
export interface SessionsSpec {
  /**
   * Name of the KV binding on the function.
   */
  binding: string;
  cookie: string;
  /**
   * A session that is older, by its `iat`, is none.
   */
  ttl_s: number;
  /**
   * A session without `iat`, whose age cannot be told, is none either.
   */
  dated: boolean;
  key_prefix: string;
}
