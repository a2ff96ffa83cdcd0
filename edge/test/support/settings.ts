/** Settings documents for tests, complete as the Python side writes them. */

import type {
  CacheSpec,
  EdgeSettings,
  EndpointSpec,
  JwtAuth,
  OriginSpec,
  RouterSpec,
  SessionsSpec,
} from "../../src/core/settings.gen";

export function settings(part: Partial<EdgeSettings>): EdgeSettings {
  return {
    version: 1,
    name: "test-api",
    hostname: null,
    endpoints: [],
    routers: [],
    sessions: null,
    cache_host: null,
    reserved_header_prefixes: ["x-edgewright-", "x-origin-", "x-local-"],
    url_normalization: "strict",
    trace: false,
    ...part,
  };
}

export function endpoint(
  path: string,
  target: string | EndpointSpec["target"],
  part: Partial<EndpointSpec> = {},
): EndpointSpec {
  return {
    path,
    methods: ["GET", "HEAD"],
    target: typeof target === "string" ? { kind: "origin", router: target, strip_prefix: null } : target,
    cache: null,
    auth: null,
    rate_limit: null,
    cors: null,
    static: false,
    ...part,
  };
}

export function policy(part: Partial<CacheSpec> = {}): CacheSpec {
  return {
    name: "test",
    mode: "override",
    engine: "worker",
    edge_ttl_s: 3600,
    edge_jitter_s: null,
    browser_ttl_s: 60,
    stale_while_revalidate_s: 0,
    stale_if_error_s: 0,
    immutable: false,
    statuses: [200, 203, 204, 300, 301, 308, 404, 410],
    error_ttl_s: 0,
    tiers: { memory: null, edge: { ttl_ceiling_s: null, jitter_s: null }, kv: null, shield: null },
    key: { query: "all", query_names: [], headers: [], cookies: [], country: false, region: false, host: true },
    vary: [],
    tags: [],
    ...part,
  };
}

export function origin(region: string, url: string, part: Partial<OriginSpec> = {}): OriginSpec {
  return { region, url, countries: [], latitude: null, longitude: null, headers: {}, ...part };
}

export function router(name: string, origins: OriginSpec[], part: Partial<RouterSpec> = {}): RouterSpec {
  const regions = origins.map(({ region }) => region);
  return {
    name,
    origins,
    fallback: regions[0] ?? "",
    order: Object.fromEntries(
      regions.map((region) => [region, [region, ...regions.filter((other) => other !== region)]]),
    ),
    timeout_ms: 15_000,
    retry_statuses: [502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530],
    health: { path: null, interval_s: 30, unhealthy_after: 2 },
    ...part,
  };
}

export function sessionsSpec(part: Partial<SessionsSpec> = {}): SessionsSpec {
  return { binding: "SESSIONS", cookie: "session", ttl_s: 86400, dated: false, key_prefix: "session:", ...part };
}

export function jwtAuth(part: Partial<JwtAuth>): JwtAuth {
  return {
    kind: "jwt",
    issuer: "https://issuer.test",
    audience: ["products"],
    algorithms: ["RS256", "ES256"],
    jwks_url: null,
    secret_binding: null,
    clock_tolerance_s: 30,
    required_claims: {},
    jwks_max_stale_s: 600,
    ...part,
  };
}
