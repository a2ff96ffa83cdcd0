/** CloudFront's events for Lambda@Edge, as far as they are used here. https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html */

export type EventHeaders = Record<string, { key?: string; value: string }[]>;

export interface EventOrigin {
  domainName: string;
  path: string;
  customHeaders: EventHeaders;
  [field: string]: unknown;
}

export interface EventRequest {
  clientIp: string;
  method: string;
  uri: string;
  querystring: string;
  headers: EventHeaders;
  body?: { inputTruncated: boolean; action: string; encoding: string; data: string };
  origin?: { custom?: EventOrigin; s3?: EventOrigin };
}

export interface EventResponse {
  status: string;
  statusDescription?: string;
  headers: EventHeaders;
  body?: string;
  bodyEncoding?: "text" | "base64";
}

export interface CloudFrontEvent {
  Records: [
    {
      cf: {
        config: { distributionDomainName: string; eventType: string; requestId?: string };
        request: EventRequest;
        response?: EventResponse;
      };
    },
  ];
}

/** Headers that a function may neither see nor add. Source: edge-function-restrictions-all, "Disallowed headers". */
const DISALLOWED = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "trailer",
  "upgrade",
  "x-cache",
  "x-forwarded-proto",
  "x-real-ip",
]);
const DISALLOWED_PREFIXES = ["x-accel-", "x-amz-cf-", "x-amzn-", "x-edge-"];

/** Headers of a request that a function on origin-request may not change. */
const READ_ONLY = [
  "accept-encoding",
  "content-length",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "transfer-encoding",
  "via",
];

export function toHeaders(headers: EventHeaders): Headers {
  const result = new Headers();
  for (const [name, fields] of Object.entries(headers)) for (const { value } of fields) result.append(name, value);
  return result;
}

export function fromHeaders(headers: Headers): EventHeaders {
  const result: EventHeaders = {};
  for (const [name, value] of headers) {
    if (DISALLOWED.has(name) || DISALLOWED_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    if (name === "set-cookie") continue;
    result[name] = [{ key: name, value }];
  }
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) result["set-cookie"] = cookies.map((value) => ({ key: "set-cookie", value }));
  return result;
}

/** A request's headers as the edge has them, those that may not change as CloudFront had them. */
export function requestHeaders(headers: Headers, before: EventHeaders): EventHeaders {
  const result = fromHeaders(headers);
  for (const name of READ_ONLY) {
    const kept = before[name];
    if (kept === undefined) delete result[name];
    else result[name] = kept;
  }
  return result;
}
