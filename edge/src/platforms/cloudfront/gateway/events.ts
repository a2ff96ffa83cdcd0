// Lambda@Edge event objects.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html

import { ORIGIN_BODY_BYTES, VIEWER_BODY_BYTES } from "../../../core/limits.gen.js";
import { copyHeaders, isDisallowed } from "./headers.js";
import type { EdgeRequest, EdgeResponse, EventType, Headers } from "./types.js";

export interface EventConfig {
  distributionDomainName: string;
  distributionId: string;
  eventType: EventType;
  requestId: string;
}

export interface EventBody {
  inputTruncated: boolean;
  action: "read-only" | "replace";
  encoding: "base64" | "text";
  data: string;
}

export interface CustomOrigin {
  customHeaders: Headers;
  domainName: string;
  keepaliveTimeout: number;
  path: string;
  port: number;
  protocol: "http" | "https";
  readTimeout: number;
  sslProtocols: string[];
}

export interface S3Origin {
  authMethod: "origin-access-identity" | "none";
  customHeaders: Headers;
  domainName: string;
  path: string;
  region: string;
}

export type EventOrigin = { custom: CustomOrigin } | { s3: S3Origin };

export interface EventRequest {
  clientIp: string;
  headers: Headers;
  method: string;
  querystring: string;
  uri: string;
  body?: EventBody;
  origin?: EventOrigin;
}

export interface EventResponse {
  headers: Headers;
  status: string;
  statusDescription: string;
}

export interface LambdaEvent {
  Records: [{ cf: { config: EventConfig; request: EventRequest; response?: EventResponse } }];
}

/** Bytes of a request's body that a function sees. Source: lambda-at-edge-function-restrictions. */
export const BODY_LIMIT: Readonly<Record<string, number>> = {
  "viewer-request": VIEWER_BODY_BYTES,
  "origin-request": ORIGIN_BODY_BYTES,
};

/** The headers that a function sees. */
export function visibleHeaders(headers: Headers): Headers {
  const copy = copyHeaders(headers);
  for (const name of Object.keys(copy)) if (isDisallowed(name)) delete copy[name];
  return copy;
}

export function requestEvent(
  config: EventConfig,
  request: EdgeRequest,
  clientIp: string,
  more: { body?: EventBody | undefined; origin?: EventOrigin | undefined } = {},
): LambdaEvent {
  const event: EventRequest = {
    clientIp,
    headers: visibleHeaders(request.headers),
    method: request.method,
    querystring: request.querystring,
    uri: request.uri,
  };
  if (more.body !== undefined) event.body = more.body;
  if (more.origin !== undefined) event.origin = more.origin;
  return { Records: [{ cf: { config, request: event } }] };
}

export function responseEvent(
  config: EventConfig,
  request: EdgeRequest,
  clientIp: string,
  response: EdgeResponse,
  origin?: EventOrigin,
): LambdaEvent {
  const event = requestEvent(config, request, clientIp, { origin });
  event.Records[0].cf.response = {
    headers: visibleHeaders(response.headers),
    status: String(response.status),
    statusDescription: response.statusDescription,
  };
  return event;
}

/** The body as a function sees it: base64, cut at the event's limit. */
export function eventBody(bytes: Uint8Array, event: EventType): EventBody {
  const limit = BODY_LIMIT[event] ?? 0;
  return {
    inputTruncated: bytes.byteLength > limit,
    action: "read-only",
    encoding: "base64",
    data: Buffer.from(bytes.subarray(0, limit)).toString("base64"),
  };
}
