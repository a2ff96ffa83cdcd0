// Cache and origin request policies, or a behavior's legacy settings, as one set of rules.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-how-origin-request-policies-and-cache-policies-work-together.html

import type { CacheBehavior, CloudFrontCachePolicy, ForwardedValues, OriginRequestPolicy } from "./model.js";
import type { TtlRules } from "./ttl.js";

/** Whether a name is taken. */
export type NameTest = (name: string) => boolean;

export interface Selection {
  query: NameTest;
  cookie: NameTest;
}

export interface Rules {
  ttl: TtlRules;
  gzip: boolean;
  brotli: boolean;
  /** What tells objects apart. `headers` are lower case and sorted. */
  key: Selection & { headers: readonly string[] };
  /** What the origin is sent beside what it always gets. */
  forward: Selection & { header: NameTest };
  /** Headers that CloudFront makes up for the origin, lower case. */
  generated: ReadonlySet<string>;
  /** Whether cookies reach the origin at all: only then does `Set-Cookie` reach the viewer. */
  cookies: boolean;
  /** Legacy settings forward more by default. */
  legacy: boolean;
  /** No caching at all: each request goes to the origin, none are collapsed. */
  disabled: boolean;
}

const none: NameTest = () => false;
const all: NameTest = () => true;
const either = (a: NameTest, b: NameTest): NameTest => (a === none ? b : b === none ? a : (name) => a(name) || b(name));

/** Headers that CloudFront makes up, and therefore never takes from a viewer. */
export function isGenerated(name: string): boolean {
  return name.startsWith("cloudfront-");
}

function names(behavior: string, items: readonly string[] | undefined, fold: (name: string) => string): NameTest {
  const listed = new Set((items ?? []).map(fold));
  if (behavior === "all") return all;
  if (behavior === "whitelist") return (name) => listed.has(fold(name));
  if (behavior === "allExcept") return (name) => !listed.has(fold(name));
  return none;
}

const same = (name: string): string => name;
const lower = (name: string): string => name.toLowerCase();

/** Query string and cookie names keep their case, header names do not. */
function selection(policy: {
  cookies_config: CloudFrontCachePolicy["parameters_in_cache_key_and_forwarded_to_origin"]["cookies_config"];
  query_strings_config: CloudFrontCachePolicy["parameters_in_cache_key_and_forwarded_to_origin"]["query_strings_config"];
}): Selection {
  const { cookies_config: cookies, query_strings_config: queries } = policy;
  return {
    cookie: names(cookies.cookie_behavior, cookies.cookies?.items, same),
    query: names(queries.query_string_behavior, queries.query_strings?.items, same),
  };
}

export function rulesOf(
  behavior: CacheBehavior,
  cachePolicy: CloudFrontCachePolicy | undefined,
  originPolicy: OriginRequestPolicy | undefined,
): Rules {
  return cachePolicy === undefined
    ? legacyRules(behavior, behavior.forwarded_values)
    : policyRules(cachePolicy, originPolicy);
}

function policyRules(cachePolicy: CloudFrontCachePolicy, originPolicy: OriginRequestPolicy | undefined): Rules {
  const parameters = cachePolicy.parameters_in_cache_key_and_forwarded_to_origin;
  const key = selection(parameters);
  const keyed =
    parameters.headers_config.header_behavior === "whitelist" ? (parameters.headers_config.headers?.items ?? []) : [];
  const keyHeaders = [...new Set(keyed.map(lower))].sort();
  const compresses = parameters.enable_accept_encoding_gzip || parameters.enable_accept_encoding_brotli;
  const listed = new Set([...keyHeaders, ...(originPolicy?.headers_config.headers?.items ?? []).map(lower)]);
  const behavior = originPolicy?.headers_config.header_behavior ?? "none";
  const extra = originPolicy === undefined ? { cookie: none, query: none } : selection(originPolicy);
  const inKey = new Set(keyHeaders);
  const generated = [...(behavior === "allExcept" ? keyHeaders : listed)].filter(isGenerated);
  return {
    ttl: { min: cachePolicy.min_ttl, default: cachePolicy.default_ttl, max: cachePolicy.max_ttl },
    gzip: parameters.enable_accept_encoding_gzip,
    brotli: parameters.enable_accept_encoding_brotli,
    key: { ...key, headers: keyHeaders.filter((name) => !(compresses && name === "accept-encoding")) },
    forward: {
      cookie: either(key.cookie, extra.cookie),
      query: either(key.query, extra.query),
      header: either((name) => inKey.has(name), forwardedHeaders(behavior, listed)),
    },
    generated: new Set(generated),
    cookies:
      parameters.cookies_config.cookie_behavior !== "none" ||
      (originPolicy?.cookies_config.cookie_behavior ?? "none") !== "none",
    legacy: false,
    disabled: cachePolicy.max_ttl === 0,
  };
}

function forwardedHeaders(behavior: string, listed: ReadonlySet<string>): NameTest {
  if (behavior === "whitelist") return (name) => listed.has(name);
  if (behavior === "allViewer" || behavior === "allViewerAndWhitelistCloudFront") return all;
  if (behavior === "allExcept") return (name) => !listed.has(name);
  return none;
}

/** CloudFront's defaults where the legacy settings say nothing, in seconds. */
const LEGACY_TTL: TtlRules = { min: 0, default: 86400, max: 31536000 };

/** What legacy settings remove from requests unless told otherwise. Source: RequestAndResponseBehaviorCustomOrigin. */
const LEGACY_REMOVED = new Set([
  "accept",
  "accept-charset",
  "accept-language",
  "referer",
  "user-agent",
  "host",
  "expect",
]);

function legacyRules(behavior: CacheBehavior, forwarded: ForwardedValues | null): Rules {
  const headers = (forwarded?.headers ?? []).map(lower);
  const everything = headers.includes("*");
  const forwardedCookies = forwarded?.cookies.forward ?? "none";
  const cookie = names(forwardedCookies, forwarded?.cookies.whitelisted_names, same);
  const query = forwarded?.query_string ? all : none;
  const keyed = forwarded?.query_string_cache_keys ?? [];
  const listed = new Set(headers);
  return {
    ttl: {
      min: behavior.min_ttl ?? LEGACY_TTL.min,
      default: behavior.default_ttl ?? LEGACY_TTL.default,
      max: behavior.max_ttl ?? LEGACY_TTL.max,
    },
    // CloudFront offers only gzip without a cache policy.
    gzip: behavior.compress,
    brotli: false,
    key: {
      cookie,
      query: keyed.length > 0 && forwarded?.query_string ? names("whitelist", keyed, same) : query,
      headers: everything ? [] : [...listed].sort(),
    },
    forward: {
      cookie,
      query,
      header: everything
        ? all
        : (name) => listed.has(name) || (!LEGACY_REMOVED.has(name) && name !== "authorization" && !isGenerated(name)),
    },
    generated: new Set(headers.filter(isGenerated)),
    cookies: forwardedCookies !== "none",
    legacy: true,
    // "Forward all headers": CloudFront sends each request to the origin.
    disabled: everything || behavior.max_ttl === 0,
  };
}
