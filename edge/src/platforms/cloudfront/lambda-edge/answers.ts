/** Between CloudFront's events and the web's Request and Response. */

import { problemResponse } from "../../../core/problem";
import { type EventRequest, type EventResponse, fromHeaders, toHeaders } from "./events";

/** The event's request as the web's, or the answer where it cannot be one. */
export function webRequest(request: EventRequest, domain: string): Request | Response {
  const { method, uri, querystring, body } = request;
  if (body?.inputTruncated === true) {
    const detail = "The request's body is larger than what a function at the edge is given.";
    return problemResponse({ status: 413, code: "body-too-large", detail }, uri);
  }
  const authority = request.headers.host?.[0]?.value ?? domain;
  const bodyless = method === "GET" || method === "HEAD" || body === undefined || body.data === "";
  try {
    return new Request(`https://${authority}${uri}${querystring === "" ? "" : `?${querystring}`}`, {
      method,
      headers: toHeaders(request.headers),
      redirect: "manual",
      ...(bodyless ? {} : { body: body.encoding === "base64" ? Buffer.from(body.data, "base64") : body.data }),
    });
  } catch {
    const detail = "The request's target, Host or method is malformed.";
    return problemResponse({ status: 400, code: "malformed-request", detail }, uri);
  }
}

const TEXT = /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml|javascript))/i;

/**
 * An answer made here, as CloudFront takes it.
 *
 * @param limit bytes that it may have with its headers, by the event that it is made in
 */
export async function generated(response: Response, method: string, limit: number): Promise<EventResponse> {
  const bytes = method === "HEAD" ? new Uint8Array() : new Uint8Array(await response.arrayBuffer());
  const headers = fromHeaders(response.headers);
  for (const name of ["content-length", "transfer-encoding", "via"]) delete headers[name];
  const size = Object.entries(headers).reduce(
    (sum, [name, fields]) => sum + fields.reduce((all, { value }) => all + name.length + value.length + 4, 0),
    0,
  );
  const text = textOf(bytes, response.headers);
  const body = text ?? Buffer.from(bytes).toString("base64");
  if (body.length + size > limit) {
    const detail = `The answer has ${bytes.byteLength} bytes, more than a function at the edge can give. Let an origin answer.`;
    console.error(JSON.stringify({ level: "error", event: "response.too-large", message: detail }));
    return generated(problemResponse({ status: 500, code: "response-too-large", detail }, "/"), method, limit);
  }
  return {
    status: String(response.status),
    ...(response.statusText === "" ? {} : { statusDescription: response.statusText }),
    headers,
    ...(bytes.byteLength === 0
      ? {}
      : { body, bodyEncoding: text === undefined ? ("base64" as const) : ("text" as const) }),
  };
}

function textOf(bytes: Uint8Array, headers: Headers): string | undefined {
  if (!TEXT.test(headers.get("content-type") ?? "") || headers.has("content-encoding")) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
