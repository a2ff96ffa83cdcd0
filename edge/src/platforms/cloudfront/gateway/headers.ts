// Header fields by lower-case name, and which of them functions and hops may touch.

import type { IncomingMessage } from "node:http";
import { connectionOptions } from "../../../core/hop-by-hop.js";
import type { Headers } from "./types.js";

export function headersOf(pairs: Iterable<readonly [string, string]>): Headers {
  const headers: Headers = {};
  for (const [key, value] of pairs) addHeader(headers, key, value);
  return headers;
}

/** Headers of a Node message, each field line an entry of its own. */
export function headersOfRaw(message: Pick<IncomingMessage, "rawHeaders">): Headers {
  const headers: Headers = {};
  const raw = message.rawHeaders;
  for (let index = 0; index < raw.length; index += 2)
    addHeader(headers, raw[index] as string, raw[index + 1] as string);
  return headers;
}

export function addHeader(headers: Headers, key: string, value: string): void {
  const name = key.toLowerCase();
  const fields = headers[name];
  // A client may call a header `__proto__`: define it, never assign it.
  if (fields === undefined || !Object.hasOwn(headers, name)) {
    Object.defineProperty(headers, name, {
      value: [{ key, value }],
      enumerable: true,
      writable: true,
      configurable: true,
    });
  } else fields.push({ key, value });
}

export function setHeader(headers: Headers, key: string, value: string): void {
  const name = key.toLowerCase();
  delete headers[name];
  addHeader(headers, key, value);
}

export function has(headers: Headers, name: string): boolean {
  return Object.hasOwn(headers, name);
}

/** The value of a header, field lines joined as in RFC 9110, section 5.3. */
export function get(headers: Headers, name: string): string | undefined {
  if (!Object.hasOwn(headers, name)) return undefined;
  const fields = headers[name] as { value: string }[];
  return fields.length === 1
    ? (fields[0] as { value: string }).value
    : fields.map((field) => field.value).join(name === "cookie" ? "; " : ", ");
}

export function copyHeaders(headers: Headers): Headers {
  const copy: Headers = {};
  for (const name of Object.keys(headers))
    copy[name] = (headers[name] as Headers[string]).map((field) => ({ ...field }));
  return copy;
}

export function pairsOf(headers: Headers): [string, string][] {
  const pairs: [string, string][] = [];
  for (const [name, fields] of Object.entries(headers)) {
    for (const field of fields) pairs.push([field.key ?? canonical(name), field.value]);
  }
  return pairs;
}

/** What headers take on the wire: names, values, and what stands between and after them. */
export function headerBytes(headers: Headers): number {
  let size = 0;
  for (const [name, fields] of Object.entries(headers))
    for (const field of fields) size += name.length + field.value.length + 4;
  return size;
}

/** `content-type` as `Content-Type`: the name that CloudFront inserts where a function gives none. */
export function canonical(name: string): string {
  return name.toLowerCase().replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}

export { HOP_BY_HOP } from "../../../core/hop-by-hop.js";

/**
 * Takes away the headers that `Connection` declares to be of one hop (RFC 9110, section 7.6.1). What says where the message ends, and for
 * whom it is, stays: without it a body would be the next request of the connection.
 */
export function removeNamedByConnection(headers: Headers): void {
  const names = connectionOptions(headers.connection?.map((field) => field.value).join(",") ?? null);
  for (const name of names) if (!MESSAGE.has(name)) delete headers[name];
}

const MESSAGE: ReadonlySet<string> = new Set(["connection", "host", "transfer-encoding", "upgrade"]);

const DISALLOWED = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "trailer",
  "upgrade",
  "x-accel-buffering",
  "x-accel-charset",
  "x-accel-limit-rate",
  "x-accel-redirect",
  "x-amzn-auth",
  "x-amzn-cf-billing",
  "x-amzn-cf-id",
  "x-amzn-cf-xff",
  "x-amzn-errortype",
  "x-amzn-fle-profile",
  "x-amzn-header-count",
  "x-amzn-header-order",
  "x-amzn-lambda-integration-tag",
  "x-amzn-requestid",
  "x-cache",
  "x-forwarded-proto",
  "x-real-ip",
]);

/** Headers that functions neither see nor may add. Source: edge-function-restrictions-all, "Disallowed headers". */
export function isDisallowed(name: string): boolean {
  return DISALLOWED.has(name) || name.startsWith("x-amz-cf-") || name.startsWith("x-edge-");
}

/** Headers that functions see and may not change, by event. Source: edge-function-restrictions-all, "Read-only headers". */
export const READ_ONLY: Readonly<Record<string, ReadonlySet<string>>> = {
  "viewer-request": new Set(["content-length", "host", "transfer-encoding", "via"]),
  "origin-request": new Set([
    "accept-encoding",
    "content-length",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "transfer-encoding",
    "via",
  ]),
  "origin-response": new Set(["transfer-encoding", "via"]),
  "viewer-response": new Set(["warning", "via"]),
};

/** Whether a header's name is a token and its value free of control characters (RFC 9110, section 5). */
export function isToken(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name);
}

export function badValueCharacter(value: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  const found = /[\u0000-\u0008\u000a-\u001f\u007f]/.exec(value);
  return found === null ? undefined : `%${found[0].charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
