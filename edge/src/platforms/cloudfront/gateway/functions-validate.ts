// What CloudFront accepts from a CloudFront Function, applied to the request or response that it was given.

import { STATUS_CODES } from "node:http";
import { CLOUDFRONT_URL_BYTES, VIEWER_RESPONSE_BYTES } from "../../../core/limits.gen.js";
import { EdgeError } from "./error-page.js";
import {
  cookieText,
  entries,
  type FunctionRequest,
  type FunctionResponse,
  functionRequest,
  queryText,
  type Value,
  type Values,
} from "./functions-event.js";
import { addHeader, badValueCharacter, canonical, isDisallowed, isToken, READ_ONLY } from "./headers.js";
import type { EdgeRequest, EdgeResponse, EventType, Headers } from "./types.js";

function invalid(what: string): EdgeError {
  return new EdgeError(
    502,
    `The CloudFront function returned an invalid value: ${what}.`,
    "FunctionValidationError",
    what,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function values(value: unknown, where: string): Values {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw invalid(`${where} is not an object`);
  for (const [name, item] of Object.entries(value)) {
    const fault = valueFault(item);
    if (fault !== undefined) throw invalid(`${where}['${name}'] ${fault}`);
  }
  return value as unknown as Values;
}

function valueFault(item: unknown): string | undefined {
  if (!isObject(item)) return "is not an object with a value";
  const list = item.multiValue === undefined ? [item] : item.multiValue;
  if (!Array.isArray(list)) return "has a multiValue that is not an array";
  for (const entry of list) {
    if (!isObject(entry) || typeof entry.value !== "string") return "has a value that is not a string";
    if (entry.attributes !== undefined && typeof entry.attributes !== "string")
      return "has attributes that are not a string";
  }
  return undefined;
}

function headersFrom(value: unknown, where: string, type: EventType, before: Headers, cookieHeader: string): Headers {
  const headers: Headers = {};
  for (const [name, item] of Object.entries(values(value, where))) {
    if (name !== name.toLowerCase() || !isToken(name))
      throw invalid(`${where}['${name}'] is not a header name in lower case`);
    if (name === cookieHeader) throw invalid(`${where}['${name}']: cookies belong into ${where.split(".")[0]}.cookies`);
    if (isDisallowed(name)) throw invalid(`${where}['${name}'] is a header that functions cannot add`);
    for (const entry of entries(item as Value)) {
      const bad = badValueCharacter(entry.value);
      if (bad !== undefined) throw invalid(`${where}['${name}'] has the character ${bad}`);
      addHeader(headers, canonical(name), entry.value);
    }
  }
  for (const name of READ_ONLY[type] ?? []) {
    const [was, is] = [before, headers].map((each) => JSON.stringify((each[name] ?? []).map((field) => field.value)));
    if (was !== is) throw invalid(`${where}['${name}'] is read-only in ${type} events`);
  }
  return headers;
}

/** The request that goes on, or the response that the function made. */
export function acceptViewerRequest(result: unknown, request: EdgeRequest): EdgeRequest | EdgeResponse {
  if (!isObject(result)) throw invalid("it is not a request or response object");
  if ("statusCode" in result) return madeResponse(result as unknown as FunctionResponse);
  const value = result as unknown as FunctionRequest;
  if (value.method !== request.method) throw invalid("request.method is read-only");
  if (typeof value.uri !== "string" || !value.uri.startsWith("/"))
    throw invalid("request.uri must begin with a forward slash (/)");
  const before = functionRequest(request);
  const queries = values(value.querystring, "request.querystring");
  const cookies = values(value.cookies, "request.cookies");
  const headers = headersFrom(value.headers, "request.headers", "viewer-request", request.headers, "cookie");
  // What the function left alone keeps its exact text.
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  const querystring = same(queries, before.querystring) ? request.querystring : queryText(queries);
  if (/[\s\p{Cc}#]/u.test(value.uri + querystring))
    throw invalid("request.uri or request.querystring has a space, a control character or #");
  if (value.uri.length + querystring.length >= CLOUDFRONT_URL_BYTES)
    throw invalid(`request.uri and request.querystring have ${CLOUDFRONT_URL_BYTES} characters or more`);
  for (const [name, fields] of Object.entries(request.headers)) {
    if (isDisallowed(name)) headers[name] = fields;
    else if (
      same(
        headers[name]?.map((field) => field.value),
        fields.map((field) => field.value),
      )
    )
      headers[name] = fields;
  }
  const cookie = same(cookies, before.cookies)
    ? request.headers.cookie?.map((field) => field.value).join("; ")
    : cookieText(cookies);
  delete headers.cookie;
  if (cookie !== undefined && cookie !== "") addHeader(headers, "Cookie", cookie);
  return { ...request, uri: value.uri, querystring, headers };
}

function statusOf(value: FunctionResponse): { status: number; statusDescription: string } {
  const status = value.statusCode;
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw invalid("response.statusCode is not an integer from 200 to 599");
  const description = value.statusDescription ?? STATUS_CODES[status] ?? "";
  if (typeof description !== "string" || badValueCharacter(description) !== undefined)
    throw invalid("response.statusDescription is not a string");
  return { status, statusDescription: description };
}

function bodyOf(value: FunctionResponse): Uint8Array | undefined {
  const { body } = value;
  if (body === undefined || body === null) return undefined;
  const { data, encoding = "text" } = typeof body === "string" ? { data: body } : body;
  if (typeof data !== "string") throw invalid("response.body.data is not a string");
  if (encoding !== "text" && encoding !== "base64") throw invalid("response.body.encoding is not text or base64");
  if (encoding === "base64" && !/^[A-Za-z0-9+/]*={0,2}$/.test(data))
    throw invalid("response.body.data is not valid base64");
  const bytes = Buffer.from(data, encoding === "text" ? "utf8" : "base64");
  if (bytes.byteLength > VIEWER_RESPONSE_BYTES)
    throw invalid(`response.body has ${bytes.byteLength} bytes, more than ${VIEWER_RESPONSE_BYTES}`);
  return bytes;
}

function responseHeaders(value: FunctionResponse, before: Headers): Headers {
  const headers = headersFrom(value.headers, "response.headers", "viewer-response", before, "set-cookie");
  for (const [name, item] of Object.entries(values(value.cookies, "response.cookies"))) {
    for (const entry of entries(item)) {
      addHeader(headers, "Set-Cookie", `${name}=${entry.value}${entry.attributes ? `; ${entry.attributes}` : ""}`);
    }
  }
  return headers;
}

function madeResponse(value: FunctionResponse): EdgeResponse {
  return { ...statusOf(value), headers: responseHeaders(value, {}), body: bodyOf(value) };
}

/** The response after a function for viewer responses. A body that it does not set stays. */
export function acceptViewerResponse(result: unknown, response: EdgeResponse): EdgeResponse {
  if (!isObject(result)) throw invalid("it is not a response object");
  const value = (isObject(result.response) ? result.response : result) as unknown as FunctionResponse;
  const body = bodyOf(value);
  const headers = responseHeaders(value, response.headers);
  for (const [name, fields] of Object.entries(response.headers)) if (isDisallowed(name)) headers[name] = fields;
  if (body !== undefined) {
    delete headers["content-length"];
    addHeader(headers, "Content-Length", String(body.byteLength));
  }
  return { ...statusOf(value), headers, body: body ?? response.body };
}
