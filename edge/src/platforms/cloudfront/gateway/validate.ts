// What CloudFront accepts from a Lambda@Edge function, and what it answers where it does not.

import { STATUS_CODES } from "node:http";
import { CLOUDFRONT_URL_BYTES, ORIGIN_RESPONSE_BYTES, VIEWER_RESPONSE_BYTES } from "../../../core/limits.gen.js";
import { EdgeError } from "./error-page.js";
import { BODY_LIMIT, type EventBody, type EventOrigin, type LambdaEvent } from "./events.js";
import { badValueCharacter, canonical, headerBytes, isDisallowed, isToken, READ_ONLY } from "./headers.js";
import type { EdgeResponse, EventType, Headers } from "./types.js";
import { originFault } from "./validate-origin.js";

/** Bytes of a generated response, headers and body. Source: lambda-generating-http-responses-in-requests. */
export const GENERATED_LIMIT: Readonly<Record<EventType, number>> = {
  "viewer-request": VIEWER_RESPONSE_BYTES,
  "viewer-response": VIEWER_RESPONSE_BYTES,
  "origin-request": ORIGIN_RESPONSE_BYTES,
  "origin-response": ORIGIN_RESPONSE_BYTES,
};

export interface AcceptedRequest {
  kind: "request";
  uri: string;
  querystring: string;
  headers: Headers;
  /** The body that goes to the origin instead; undefined: the one that came. */
  body?: Uint8Array;
  origin?: EventOrigin;
}

/** `body` undefined: the response keeps the body that it has. */
export type AcceptedResponse = { kind: "response" } & Omit<EdgeResponse, "body"> & { body: Uint8Array | undefined };

export function invalid(message: string, detail?: string): EdgeError {
  return new EdgeError(502, message, "LambdaValidationError", detail);
}

const RESULT = "The Lambda function result failed validation: ";
const ENTRY = "The Lambda function returned an invalid entry in the headers object: ";

/** Checks what a function returned for an event. Throws an EdgeError with CloudFront's status and message. */
export function acceptResult(result: unknown, event: LambdaEvent, type: EventType): AcceptedRequest | AcceptedResponse {
  if (typeof result !== "object" || result === null || Array.isArray(result)) {
    throw invalid(
      "The Lambda function returned an invalid json: The json output must be an object type.",
      describe(result),
    );
  }
  const value = result as Record<string, unknown>;
  const { request, response } = event.Records[0].cf;
  if (type === "origin-response" || type === "viewer-response") {
    return acceptResponse(value, type, response?.headers ?? {}, response?.status);
  }
  const isResponse = "status" in value || "statusDescription" in value || !("uri" in value || "method" in value);
  if (isResponse) return acceptResponse(value, type, {}, undefined);
  return acceptRequest(value, type, request);
}

function describe(value: unknown): string {
  return `it returned ${value === undefined ? "nothing" : JSON.stringify(value).slice(0, 200)}`;
}

function acceptRequest(
  value: Record<string, unknown>,
  type: EventType,
  before: LambdaEvent["Records"][0]["cf"]["request"],
): AcceptedRequest {
  for (const field of ["method", "clientIp"] as const) {
    if (value[field] !== before[field]) {
      throw invalid(`${RESULT}The function tried to change the read-only field ${field}.`, describe(value[field]));
    }
  }
  const uri = value.uri;
  if (typeof uri !== "string" || !uri.startsWith("/")) {
    throw invalid(`${RESULT}The uri must be a string that begins with a forward slash (/).`, describe(uri));
  }
  const querystring = value.querystring ?? "";
  if (typeof querystring !== "string" || /[\s\p{Cc}#]/u.test(querystring)) {
    throw invalid(
      `${RESULT}The querystring must be a string without spaces, control characters or #.`,
      describe(querystring),
    );
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/[\u0000-\u0020\u007f]/.test(uri) || uri.length + querystring.length >= CLOUDFRONT_URL_BYTES) {
    throw invalid(
      `${RESULT}The uri must be free of spaces and control characters, and shorter than ${CLOUDFRONT_URL_BYTES} characters with its query string.`,
      describe(uri),
    );
  }
  const accepted: AcceptedRequest = {
    kind: "request",
    uri,
    querystring,
    headers: acceptHeaders(value.headers, type, before.headers),
  };
  if (
    type === "viewer-request" &&
    has(accepted.headers, "cloudfront-viewer-country") &&
    !has(before.headers, "cloudfront-viewer-country")
  ) {
    throw invalid(`${RESULT}The function tried to add a blacklisted header.`, "CloudFront-Viewer-Country");
  }
  const body = acceptRequestBody(value.body, type);
  if (body !== undefined) accepted.body = body;
  if (type === "origin-request" && value.origin !== undefined) {
    const fault = originFault(value.origin, before.origin, accepted.headers);
    if (fault !== undefined) throw invalid(`${RESULT}${fault}`, describe(value.origin));
    accepted.origin = value.origin as EventOrigin;
  }
  return accepted;
}

/** The body that replaces the viewer's; undefined where nothing is replaced. */
function acceptRequestBody(value: unknown, type: EventType): Uint8Array | undefined {
  if (value === undefined || value === null) return undefined;
  const body = value as Partial<EventBody>;
  if (
    typeof value !== "object" ||
    (body.action !== undefined && body.action !== "read-only" && body.action !== "replace")
  ) {
    throw invalid(`${RESULT}The body's action must be read-only or replace.`, describe(value));
  }
  if (body.action !== "replace") return undefined;
  const encoding = body.encoding ?? "base64";
  const data = body.data ?? "";
  if (typeof data !== "string" || (encoding !== "base64" && encoding !== "text")) {
    throw invalid(`${RESULT}The body is not a string, is not an object, or exceeds the maximum size.`, describe(value));
  }
  const bytes = encoding === "base64" ? base64(data) : Buffer.from(data, "utf8");
  if (bytes === undefined) throw invalid(`${RESULT}The body is not valid base64.`, describe(data));
  // What came is cut at the limit; what replaces it is refused.
  // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
  const most = BODY_LIMIT[type] ?? Number.POSITIVE_INFINITY;
  if (bytes.byteLength > most) {
    throw invalid(
      `${RESULT}The body is not a string, is not an object, or exceeds the maximum size.`,
      `${bytes.byteLength} bytes, of ${most} for ${type}`,
    );
  }
  return bytes;
}

function base64(text: string): Uint8Array | undefined {
  const bare = text.replace(/={1,2}$/, "");
  return /^[A-Za-z0-9+/]*$/.test(bare) && bare.length % 4 !== 1 ? Buffer.from(bare, "base64") : undefined;
}

function acceptResponse(
  value: Record<string, unknown>,
  type: EventType,
  before: Headers,
  statusBefore: string | undefined,
): AcceptedResponse {
  const status = Number(value.status);
  if (!/^\d{3}$/.test(String(value.status)) || status < 200 || status > 599) {
    throw invalid(`${RESULT}The status must be a number from 200 to 599.`, describe(value.status));
  }
  if (type === "viewer-response" && statusBefore !== undefined && String(status) !== statusBefore) {
    throw invalid(
      `${RESULT}A function for viewer responses cannot change the status.`,
      `from ${statusBefore} to ${status}`,
    );
  }
  const description = value.statusDescription ?? STATUS_CODES[status] ?? "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (typeof description !== "string" || /[\u0000-\u001f\u007f]/.test(description)) {
    throw invalid(`${RESULT}The statusDescription must be a string without control characters.`, describe(description));
  }
  const headers = acceptHeaders(value.headers, type, before);
  const body = acceptResponseBody(value, status, type);
  const size = (body?.byteLength ?? 0) + headerBytes(headers);
  const generated = type === "viewer-request" || type === "origin-request" || body !== undefined;
  if (generated && size > GENERATED_LIMIT[type]) {
    throw invalid(
      `${RESULT}The body is not a string, is not an object, or exceeds the maximum size.`,
      `${size} bytes with its headers, of ${GENERATED_LIMIT[type]} for ${type}`,
    );
  }
  return { kind: "response", status, statusDescription: description, headers, body };
}

function acceptResponseBody(value: Record<string, unknown>, status: number, type: EventType): Uint8Array | undefined {
  // A function for viewer responses does not see the body and cannot replace it.
  if (value.body === undefined || value.body === null || type === "viewer-response") return undefined;
  if (typeof value.body !== "string") {
    throw invalid(
      `${RESULT}The body is not a string, is not an object, or exceeds the maximum size.`,
      describe(value.body),
    );
  }
  if (status === 204 && type === "viewer-request" && value.body !== "") {
    throw invalid(`${RESULT}A response with status 204 cannot have a body.`);
  }
  const encoding = value.bodyEncoding ?? "text";
  if (encoding !== "text" && encoding !== "base64") {
    throw invalid(`${RESULT}The bodyEncoding must be text or base64.`, describe(encoding));
  }
  const bytes = encoding === "base64" ? base64(value.body) : Buffer.from(value.body, "utf8");
  if (bytes === undefined) throw invalid(`${RESULT}The body is not valid base64.`);
  return bytes;
}

function has(headers: Headers, name: string): boolean {
  return Object.hasOwn(headers, name);
}

/** Checks a headers object: its shape, and that nothing forbidden was added, deleted or changed. */
export function acceptHeaders(value: unknown, type: EventType, before: Headers): Headers {
  if (value === undefined || value === null) value = {};
  if (typeof value !== "object" || Array.isArray(value))
    throw invalid(`${ENTRY}The headers must be an object.`, describe(value));
  const accepted: Headers = {};
  for (const [name, fields] of Object.entries(value as Record<string, unknown>)) {
    if (!Array.isArray(fields)) {
      throw invalid(`${ENTRY}Each header entry in the headers object must be an array.`, `header ${name}`);
    }
    const lower = name.toLowerCase();
    if (lower !== name) throw invalid(`${ENTRY}The name of each header must be in lower case.`, `header ${name}`);
    if (!isToken(name)) throw invalid(`${ENTRY}The name of a header is not valid.`, `header ${JSON.stringify(name)}`);
    if (isDisallowed(name)) throw invalid(`${RESULT}The function tried to add a blacklisted header.`, `header ${name}`);
    accepted[name] = fields.map((field: unknown) => acceptField(name, field));
  }
  const readOnly = READ_ONLY[type] ?? new Set();
  for (const name of readOnly) {
    if (JSON.stringify(valuesOf(accepted, name)) !== JSON.stringify(valuesOf(before, name))) {
      throw invalid(
        `${RESULT}The function tried to add, delete, or change a read-only header.`,
        `header ${canonical(name)}`,
      );
    }
  }
  return accepted;
}

function valuesOf(headers: Headers, name: string): string[] {
  return Object.hasOwn(headers, name) ? (headers[name] ?? []).map((field) => field.value) : [];
}

function acceptField(name: string, field: unknown): { key: string; value: string } {
  const { key, value } = (typeof field === "object" && field !== null ? field : {}) as {
    key?: unknown;
    value?: unknown;
  };
  if (typeof value !== "string") throw invalid(`${ENTRY}The value of each header must be a string.`, `header ${name}`);
  if (key !== undefined && (typeof key !== "string" || key.toLowerCase() !== name)) {
    throw invalid(`${ENTRY}The key of each header must be its name in any case.`, `header ${name}`);
  }
  const bad = badValueCharacter(value);
  if (bad !== undefined) {
    throw invalid(
      "The Lambda function result validation failed, the function returned an invalid header.",
      `invalid character : '${bad}' in header value, headerName : ${canonical(name)}`,
    );
  }
  return { key: typeof key === "string" ? key : canonical(name), value };
}
