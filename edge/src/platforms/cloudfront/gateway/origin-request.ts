// The request that an origin is sent: what the policies forward, and what CloudFront adds.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html

import type { EventOrigin } from "./events.js";
import { get, HOP_BY_HOP, headersOf, setHeader } from "./headers.js";
import { normalizedEncoding, selectCookies, selectQuery } from "./keys.js";
import type { CloudFrontOrigin } from "./model.js";
import { isGenerated, type Rules } from "./policies.js";
import type { EdgeRequest, Headers, Viewer } from "./types.js";
import { addViewerHeaders } from "./viewer-headers.js";

/** What describes a request's body or asks for a part of the object: sent whatever the policies say (gap `aws-default-headers`). */
const ALWAYS = new Set(["content-type", "content-length", "content-encoding", "content-md5", "transfer-encoding"]);
const CONDITIONS = new Set([
  "range",
  "if-range",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
]);

const VALIDATIONS = new Set(["if-none-match", "if-modified-since"]);

export interface Identity {
  requestId: string;
  /** `1.1 <hash>.cloudfront.net (CloudFront)`. */
  via: string;
}

/** The request before origin-request functions. `conditions` replaces the viewer's own where the cache asks. */
export function originRequest(
  request: EdgeRequest,
  rules: Rules,
  viewer: Viewer,
  identity: Identity,
  conditions: readonly [string, string][] | undefined,
): EdgeRequest {
  const headers: Headers = {};
  for (const [name, fields] of Object.entries(request.headers)) {
    if (forwards(name, rules, conditions !== undefined)) headers[name] = fields;
  }
  for (const [name, value] of conditions ?? []) {
    // Where cookies go to the origin, CloudFront asks for no validation, but for the whole (gap `aws-collapse-cookies`).
    if (rules.cookies && VALIDATIONS.has(name)) continue;
    setHeader(headers, name, value);
  }
  const cookies = selectCookies(get(request.headers, "cookie"), rules.forward.cookie);
  if (cookies !== undefined) setHeader(headers, "Cookie", cookies);
  const accept = get(request.headers, "accept-encoding");
  if (rules.gzip || rules.brotli) {
    delete headers["accept-encoding"];
    if (accept !== undefined)
      setHeader(headers, "Accept-Encoding", normalizedEncoding(accept, rules.gzip, rules.brotli) ?? "identity");
  }
  if (headers["user-agent"] === undefined) setHeader(headers, "User-Agent", "Amazon CloudFront");
  const forwarded = get(request.headers, "x-forwarded-for");
  setHeader(headers, "X-Forwarded-For", forwarded === undefined ? viewer.ip : `${forwarded},${viewer.ip}`);
  setHeader(headers, "Via", identity.via);
  addGenerated(headers, request.headers, rules, viewer);
  return { ...request, headers, querystring: selectQuery(request.querystring, rules.forward.query) };
}

function forwards(name: string, rules: Rules, conditional: boolean): boolean {
  if (name === "cookie" || name === "x-forwarded-for" || name === "via" || HOP_BY_HOP.has(name) || name === "expect")
    return false;
  if (CONDITIONS.has(name)) return !conditional;
  // Generated headers are never the viewer's own.
  if (isGenerated(name)) return false;
  return ALWAYS.has(name) || rules.forward.header(name);
}

function addGenerated(headers: Headers, viewerHeaders: Headers, rules: Rules, viewer: Viewer): void {
  if (rules.generated.size === 0) return;
  // Device headers are told by the viewer's User-Agent, which may not be forwarded itself.
  const made: Headers = {};
  if (viewerHeaders["user-agent"] !== undefined) made["user-agent"] = viewerHeaders["user-agent"];
  addViewerHeaders(made, rules.generated, viewer);
  delete made["user-agent"];
  Object.assign(headers, made);
}

/** The origin as an origin-request event shows it. */
export function eventOrigin(origin: CloudFrontOrigin, region: string): EventOrigin {
  const customHeaders = headersOf(origin.custom_headers.map(({ name, value }): [string, string] => [name, value]));
  const shared = { customHeaders, domainName: origin.domain_name, path: origin.origin_path };
  const custom = origin.custom_origin_config;
  if (custom === null) {
    const identity = origin.s3_origin_config?.origin_access_identity ?? "";
    return { s3: { authMethod: identity === "" ? "none" : "origin-access-identity", ...shared, region } };
  }
  const protocol = custom.origin_protocol_policy === "http-only" ? "http" : "https";
  return {
    custom: {
      customHeaders,
      domainName: origin.domain_name,
      keepaliveTimeout: custom.origin_keepalive_timeout,
      path: origin.origin_path,
      port: protocol === "http" ? custom.http_port : custom.https_port,
      protocol,
      readTimeout: custom.origin_read_timeout,
      sslProtocols: custom.origin_ssl_protocols,
    },
  };
}
