// CloudFront Functions event objects, and what comes back of them.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html

import { get, isDisallowed } from "./headers.js";
import type { EdgeRequest, EdgeResponse, Headers } from "./types.js";

export interface Value {
  value: string;
  attributes?: string;
  multiValue?: { value: string; attributes?: string }[];
}

export type Values = Record<string, Value>;

export interface FunctionRequest {
  method: string;
  uri: string;
  querystring: Values;
  headers: Values;
  cookies: Values;
}

export interface FunctionResponse {
  statusCode: number;
  statusDescription?: string;
  headers?: Values;
  cookies?: Values;
  body?: string | { encoding?: "text" | "base64"; data: string };
}

export interface FunctionEvent {
  version: "1.0";
  context: { distributionDomainName: string; distributionId: string; eventType: string; requestId: string };
  viewer: { ip: string };
  request: FunctionRequest;
  response?: FunctionResponse;
}

function collect(target: Values, name: string, item: { value: string; attributes?: string }): void {
  const known = Object.hasOwn(target, name) ? target[name] : undefined;
  if (known === undefined) {
    Object.defineProperty(target, name, { value: { ...item }, enumerable: true, writable: true, configurable: true });
    return;
  }
  known.multiValue ??= [
    { value: known.value, ...(known.attributes !== undefined && { attributes: known.attributes }) },
  ];
  known.multiValue.push(item);
}

function headerValues(headers: Headers, except: string): Values {
  const values: Values = {};
  for (const [name, fields] of Object.entries(headers)) {
    if (name === except || isDisallowed(name)) continue;
    for (const field of fields) collect(values, name, { value: field.value });
  }
  return values;
}

function cookieValues(cookie: string | undefined): Values {
  const values: Values = {};
  for (const part of (cookie ?? "").split(";")) {
    const text = part.trim();
    if (text === "") continue;
    const equals = text.indexOf("=");
    if (equals === -1) collect(values, text, { value: "" });
    else collect(values, text.slice(0, equals), { value: text.slice(equals + 1) });
  }
  return values;
}

function queryValues(querystring: string): Values {
  const values: Values = {};
  for (const part of querystring.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    if (equals === -1) collect(values, part, { value: "" });
    else collect(values, part.slice(0, equals), { value: part.slice(equals + 1) });
  }
  return values;
}

function setCookieValues(headers: Headers): Values {
  const values: Values = {};
  for (const field of headers["set-cookie"] ?? []) {
    const semicolon = field.value.indexOf(";");
    const pair = semicolon === -1 ? field.value : field.value.slice(0, semicolon);
    const attributes = semicolon === -1 ? "" : field.value.slice(semicolon + 1).trim();
    const equals = pair.indexOf("=");
    if (equals === -1) continue;
    const value = pair.slice(equals + 1).trim();
    collect(values, pair.slice(0, equals).trim(), attributes === "" ? { value } : { value, attributes });
  }
  return values;
}

export function functionRequest(request: EdgeRequest): FunctionRequest {
  return {
    method: request.method,
    uri: request.uri,
    querystring: queryValues(request.querystring),
    headers: headerValues(request.headers, "cookie"),
    cookies: cookieValues(get(request.headers, "cookie")),
  };
}

export function functionResponse(response: EdgeResponse): FunctionResponse {
  return {
    statusCode: response.status,
    statusDescription: response.statusDescription,
    headers: headerValues(response.headers, "set-cookie"),
    cookies: setCookieValues(response.headers),
  };
}

/** The entries of a value: `multiValue` where it is there, else the value alone. */
export function entries(value: Value): { value: string; attributes?: string }[] {
  return value.multiValue ?? [value];
}

export function queryText(values: Values): string {
  return Object.entries(values)
    .flatMap(([name, value]) => entries(value).map((entry) => (entry.value === "" ? name : `${name}=${entry.value}`)))
    .join("&");
}

export function cookieText(values: Values): string {
  return Object.entries(values)
    .flatMap(([name, value]) => entries(value).map((entry) => `${name}=${entry.value}`))
    .join("; ");
}
