// Response headers policies.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html

import { wildcardMatch } from "./behaviors.js";
import { get, has, setHeader } from "./headers.js";
import type { CorsConfig, ResponseHeadersPolicy } from "./model.js";
import type { EdgeRequest, Headers } from "./types.js";

/** Headers that a policy cannot remove, because CloudFront needs them. */
const KEPT = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
]);

const ALL_METHODS = ["GET", "DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

export interface Timing {
  result: string;
  colo: string;
  /** Milliseconds. */
  total: number;
  random: number;
}

/** Applies a policy to the headers of a response. Headers are removed before others are added. */
export function applyPolicy(
  policy: ResponseHeadersPolicy,
  request: EdgeRequest,
  headers: Headers,
  timing: Timing,
): void {
  for (const { header } of policy.remove_headers_config?.items ?? []) {
    if (!KEPT.has(header.toLowerCase())) delete headers[header.toLowerCase()];
  }
  if (policy.cors_config !== null) cors(policy.cors_config, request, headers);
  security(policy, headers);
  for (const { header, value, override } of policy.custom_headers_config?.items ?? [])
    put(headers, header, value, override);
  const serverTiming = policy.server_timing_headers_config;
  if (serverTiming?.enabled && timing.random * 100 < serverTiming.sampling_rate) {
    const hit = timing.result === "Hit" || timing.result === "RefreshHit";
    const parts = [
      hit ? "cdn-cache-hit" : "cdn-cache-miss",
      `cdn-pop;desc="${timing.colo}"`,
      `cdn-downstream-fbl;dur=${Math.round(timing.total)}`,
    ];
    const before = get(headers, "server-timing");
    setHeader(headers, "Server-Timing", [...(before === undefined ? [] : [before]), ...parts].join(","));
  }
}

function put(headers: Headers, name: string, value: string, override: boolean): void {
  if (override || !has(headers, name.toLowerCase())) setHeader(headers, name, value);
}

function cors(config: CorsConfig, request: EdgeRequest, headers: Headers): void {
  const origin = get(request.headers, "origin");
  if (origin === undefined) return;
  const fromOrigin = Object.keys(headers).some((name) => name.startsWith("access-control-"));
  if (fromOrigin && !config.origin_override) return;
  if (fromOrigin) for (const name of Object.keys(headers)) if (name.startsWith("access-control-")) delete headers[name];
  const origins = config.access_control_allow_origins.items;
  const any = origins.includes("*");
  if (!any && !origins.some((pattern) => originMatches(pattern, origin))) return;
  setHeader(headers, "Access-Control-Allow-Origin", any ? "*" : origin);
  if (!any) setHeader(headers, "Vary", joinVary(get(headers, "vary"), "Origin"));
  if (config.access_control_allow_credentials) setHeader(headers, "Access-Control-Allow-Credentials", "true");
  const preflight = request.method === "OPTIONS" && has(request.headers, "access-control-request-method");
  const exposed = config.access_control_expose_headers?.items ?? [];
  if (exposed.length > 0) setHeader(headers, "Access-Control-Expose-Headers", exposed.join(","));
  if (!preflight) return;
  const { items: methods } = config.access_control_allow_methods;
  const { items: allowed } = config.access_control_allow_headers;
  if (methods.length > 0)
    setHeader(headers, "Access-Control-Allow-Methods", (methods.includes("ALL") ? ALL_METHODS : methods).join(","));
  if (allowed.length > 0) setHeader(headers, "Access-Control-Allow-Headers", allowed.join(","));
  if (config.access_control_max_age_sec !== null)
    setHeader(headers, "Access-Control-Max-Age", String(config.access_control_max_age_sec));
}

function joinVary(vary: string | undefined, name: string): string {
  if (vary === undefined) return name;
  return vary
    .toLowerCase()
    .split(",")
    .some((part) => part.trim() === name.toLowerCase())
    ? vary
    : `${vary}, ${name}`;
}

function originMatches(pattern: string, origin: string): boolean {
  const bare = pattern.includes("://") ? origin : origin.replace(/^[a-z]+:\/\//i, "");
  return wildcardMatch(pattern, bare);
}

function security(policy: ResponseHeadersPolicy, headers: Headers): void {
  const config = policy.security_headers_config;
  if (config === null) return;
  const { content_security_policy: csp, content_type_options: type, frame_options: frame } = config;
  const { referrer_policy: referrer, strict_transport_security: hsts, xss_protection: xss } = config;
  if (hsts) {
    const parts = [`max-age=${hsts.access_control_max_age_sec}`];
    if (hsts.include_subdomains) parts.push("includeSubDomains");
    if (hsts.preload) parts.push("preload");
    put(headers, "Strict-Transport-Security", parts.join("; "), hsts.override);
  }
  if (type) put(headers, "X-Content-Type-Options", "nosniff", type.override);
  if (frame) put(headers, "X-Frame-Options", frame.frame_option, frame.override);
  if (xss) {
    const mode = xss.mode_block ? "; mode=block" : xss.report_uri ? `; report=${xss.report_uri}` : "";
    put(headers, "X-XSS-Protection", xss.protection ? `1${mode}` : "0", xss.override);
  }
  if (referrer) put(headers, "Referrer-Policy", referrer.referrer_policy, referrer.override);
  if (csp) put(headers, "Content-Security-Policy", csp.content_security_policy, csp.override);
}
