// AWS's managed policies, by id, as data. Read in November 2026 from
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html

import type { CloudFrontCachePolicy, OriginRequestPolicy, ResponseHeadersPolicy } from "./model.js";

const YEAR = 31536000;
const DAY = 86400;

type Cookies = CloudFrontCachePolicy["parameters_in_cache_key_and_forwarded_to_origin"]["cookies_config"];
type Queries = CloudFrontCachePolicy["parameters_in_cache_key_and_forwarded_to_origin"]["query_strings_config"];
type HeaderBehavior = OriginRequestPolicy["headers_config"]["header_behavior"];

const cookies = (behavior: Cookies["cookie_behavior"]): Cookies => ({ cookie_behavior: behavior, cookies: null });

function queries(behavior: Queries["query_string_behavior"], items?: string[]): Queries {
  return { query_string_behavior: behavior, query_strings: items ? { items } : null };
}

function headerRules(behavior: HeaderBehavior, items?: string[]): OriginRequestPolicy["headers_config"] {
  return { header_behavior: behavior, headers: items ? { items } : null };
}

function cachePolicy(
  id: string,
  name: string,
  [min, def, max]: [number, number, number],
  key: { headers?: string[]; cookies?: "all"; queries?: "all" | string[]; gzip?: boolean; brotli?: boolean } = {},
): CloudFrontCachePolicy {
  return {
    id,
    name: `Managed-${name}`,
    min_ttl: min,
    default_ttl: def,
    max_ttl: max,
    parameters_in_cache_key_and_forwarded_to_origin: {
      cookies_config: cookies(key.cookies ?? "none"),
      headers_config: headerRules(key.headers ? "whitelist" : "none", key.headers),
      query_strings_config: Array.isArray(key.queries)
        ? queries("whitelist", key.queries)
        : queries(key.queries ?? "none"),
      enable_accept_encoding_gzip: key.gzip ?? false,
      enable_accept_encoding_brotli: key.brotli ?? false,
    },
  };
}

const ORIGIN_HEADERS = ["host", "origin", "x-http-method-override", "x-http-method", "x-method-override"];

export const MANAGED_CACHE_POLICIES: readonly CloudFrontCachePolicy[] = [
  cachePolicy("2e54312d-136d-493c-8eb9-b001f22f67d2", "Amplify", [2, 2, 600], {
    headers: ["Authorization", "CloudFront-Viewer-Country", "Host"],
    cookies: "all",
    queries: "all",
    gzip: true,
    brotli: true,
  }),
  cachePolicy("4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "CachingDisabled", [0, 0, 0]),
  cachePolicy("658327ea-f89d-4fab-a63d-7e88639e58f6", "CachingOptimized", [1, DAY, YEAR], { gzip: true, brotli: true }),
  cachePolicy("b2884449-e4de-46a7-ac36-70bc7f1ddd6d", "CachingOptimizedForUncompressedObjects", [1, DAY, YEAR]),
  cachePolicy("08627262-05a9-4f76-9ded-b50ca2e3a84f", "Elemental-MediaPackage", [0, DAY, YEAR], {
    headers: ["Origin"],
    queries: ["aws.manifestfilter", "start", "end", "m"],
    gzip: true,
  }),
  cachePolicy("83da9c7e-98b4-4e11-a168-04f0df8e2c65", "UseOriginCacheControlHeaders", [0, 0, YEAR], {
    headers: ORIGIN_HEADERS,
    cookies: "all",
    gzip: true,
    brotli: true,
  }),
  cachePolicy("4cc15a8a-d715-48a4-82b8-cc0b614638fe", "UseOriginCacheControlHeaders-QueryStrings", [0, 0, YEAR], {
    headers: ORIGIN_HEADERS,
    cookies: "all",
    queries: "all",
    gzip: true,
    brotli: true,
  }),
];

function originRequestPolicy(
  id: string,
  name: string,
  headers: OriginRequestPolicy["headers_config"],
  all: { cookies?: boolean; queries?: boolean } = {},
): OriginRequestPolicy {
  return {
    id,
    name: `Managed-${name}`,
    headers_config: headers,
    cookies_config: cookies(all.cookies ? "all" : "none"),
    query_strings_config: queries(all.queries ? "all" : "none"),
  };
}

const EVERYTHING = { cookies: true, queries: true };

/** The CloudFront headers that were released through June 2022. */
const CLOUDFRONT_HEADERS_2022_06 = [
  "CloudFront-Forwarded-Proto",
  "CloudFront-Is-Android-Viewer",
  "CloudFront-Is-Desktop-Viewer",
  "CloudFront-Is-IOS-Viewer",
  "CloudFront-Is-Mobile-Viewer",
  "CloudFront-Is-SmartTV-Viewer",
  "CloudFront-Is-Tablet-Viewer",
  "CloudFront-Viewer-Address",
  "CloudFront-Viewer-ASN",
  "CloudFront-Viewer-City",
  "CloudFront-Viewer-Country",
  "CloudFront-Viewer-Country-Name",
  "CloudFront-Viewer-Country-Region",
  "CloudFront-Viewer-Country-Region-Name",
  "CloudFront-Viewer-Http-Version",
  "CloudFront-Viewer-Latitude",
  "CloudFront-Viewer-Longitude",
  "CloudFront-Viewer-Metro-Code",
  "CloudFront-Viewer-Postal-Code",
  "CloudFront-Viewer-Time-Zone",
  "CloudFront-Viewer-TLS",
];

const CORS = ["Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method"];

export const MANAGED_ORIGIN_REQUEST_POLICIES: readonly OriginRequestPolicy[] = [
  originRequestPolicy("216adef6-5c7f-47e4-b989-5492eafa07d3", "AllViewer", headerRules("allViewer"), EVERYTHING),
  originRequestPolicy(
    "33f36d7e-f396-46d9-90e0-52428a34d9dc",
    "AllViewerAndCloudFrontHeaders-2022-06",
    headerRules("allViewerAndWhitelistCloudFront", CLOUDFRONT_HEADERS_2022_06),
    EVERYTHING,
  ),
  originRequestPolicy(
    "b689b0a8-53d0-40ab-baf2-68738e2966ac",
    "AllViewerExceptHostHeader",
    headerRules("allExcept", ["host"]),
    EVERYTHING,
  ),
  originRequestPolicy(
    "59781a5b-3903-41f3-afcb-af62929ccde1",
    "CORS-CustomOrigin",
    headerRules("whitelist", ["Origin"]),
  ),
  originRequestPolicy("88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", "CORS-S3Origin", headerRules("whitelist", CORS)),
  originRequestPolicy(
    "775133bc-15f2-49f9-abea-afb2e0bf67d2",
    "Elemental-MediaTailor-PersonalizedManifests",
    headerRules("whitelist", [...CORS, "User-Agent", "X-Forwarded-For"]),
    { queries: true },
  ),
  originRequestPolicy(
    "acba4595-bd28-49b8-b9fe-13317c0390fa",
    "UserAgentRefererHeaders",
    headerRules("whitelist", ["User-Agent", "Referer"]),
  ),
  originRequestPolicy("bf0718e1-ba1e-49d1-88b1-f726733018ae", "HostHeaderOnly", headerRules("whitelist", ["Host"])),
];

const SIMPLE_CORS: ResponseHeadersPolicy["cors_config"] = {
  access_control_allow_credentials: false,
  access_control_allow_headers: { items: [] },
  access_control_allow_methods: { items: [] },
  access_control_allow_origins: { items: ["*"] },
  access_control_expose_headers: null,
  access_control_max_age_sec: null,
  origin_override: false,
};

const PREFLIGHT_CORS: ResponseHeadersPolicy["cors_config"] = {
  ...SIMPLE_CORS,
  access_control_allow_methods: { items: ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"] },
  access_control_expose_headers: { items: ["*"] },
};

const SECURITY_HEADERS: ResponseHeadersPolicy["security_headers_config"] = {
  content_security_policy: null,
  content_type_options: { override: true },
  frame_options: { frame_option: "SAMEORIGIN", override: false },
  referrer_policy: { referrer_policy: "strict-origin-when-cross-origin", override: false },
  strict_transport_security: {
    access_control_max_age_sec: YEAR,
    include_subdomains: false,
    override: false,
    preload: false,
  },
  xss_protection: { protection: true, mode_block: true, override: false, report_uri: null },
};

function responsePolicy(
  id: string,
  name: string,
  cors: ResponseHeadersPolicy["cors_config"],
  security: ResponseHeadersPolicy["security_headers_config"],
): ResponseHeadersPolicy {
  return {
    id,
    name: `Managed-${name}`,
    cors_config: cors,
    security_headers_config: security,
    custom_headers_config: null,
    remove_headers_config: null,
    server_timing_headers_config: null,
  };
}

export const MANAGED_RESPONSE_HEADERS_POLICIES: readonly ResponseHeadersPolicy[] = [
  responsePolicy("60669652-455b-4ae9-85a4-c4c02393f86c", "SimpleCORS", SIMPLE_CORS, null),
  responsePolicy("5cc3b908-e619-4b99-88e5-2cf7f45965bd", "CORS-With-Preflight", PREFLIGHT_CORS, null),
  responsePolicy("67f7725c-6f97-4210-82d7-5512b31e9d03", "SecurityHeadersPolicy", null, SECURITY_HEADERS),
  responsePolicy(
    "e61eb60c-9c35-4d20-a928-2b84e02af89c",
    "CORS-and-SecurityHeadersPolicy",
    SIMPLE_CORS,
    SECURITY_HEADERS,
  ),
  responsePolicy(
    "eaab4381-ed33-4a86-88ca-d9558dc6cd63",
    "CORS-with-preflight-and-SecurityHeadersPolicy",
    PREFLIGHT_CORS,
    SECURITY_HEADERS,
  ),
];
