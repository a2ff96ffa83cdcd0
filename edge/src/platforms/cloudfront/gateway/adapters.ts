// Between Node's and the web's requests and responses and the edge's own.

import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as WebStream } from "node:stream/web";
import { discard, toWebStream } from "./body.js";
import { headersOf, headersOfRaw, pairsOf, removeNamedByConnection, setHeader } from "./headers.js";
import type { EdgeRequest, EdgeResponse } from "./types.js";

function split(target: string): { uri: string; querystring: string } {
  const question = target.indexOf("?");
  return question === -1
    ? { uri: target, querystring: "" }
    : { uri: target.slice(0, question), querystring: target.slice(question + 1) };
}

export function nodeRequest(request: IncomingMessage, host: string): EdgeRequest {
  const headers = headersOfRaw(request);
  // Before anything looks at them: a header that is in a cache's key and then not sent on would store one answer under another's name.
  removeNamedByConnection(headers);
  // The local way to choose a host, and nothing that a distribution should see.
  for (const name of Object.keys(headers)) if (name.startsWith("x-local-")) delete headers[name];
  if (host !== request.headers.host) setHeader(headers, "Host", host);
  const bodyless =
    request.headers["content-length"] === undefined && request.headers["transfer-encoding"] === undefined;
  let target = request.url ?? "/";
  // A request in absolute form, as proxies send it.
  if (!target.startsWith("/"))
    target = URL.canParse(target) ? `${new URL(target).pathname}${new URL(target).search}` : "/";
  return { method: request.method ?? "GET", ...split(target), headers, body: bodyless ? undefined : request };
}

export function fromWebRequest(request: Request, host: string): EdgeRequest {
  const url = new URL(request.url);
  const headers = headersOf(request.headers);
  setHeader(headers, "Host", host);
  const body = request.body === null ? undefined : Readable.fromWeb(request.body as WebStream<Uint8Array>);
  if (body !== undefined && headers["content-length"] === undefined) setHeader(headers, "Transfer-Encoding", "chunked");
  return { method: request.method, uri: url.pathname, querystring: url.search.slice(1), headers, body };
}

const NULL_BODY = new Set([204, 205, 304]);

export function toWebResponse(response: EdgeResponse, method: string): Response {
  const { status, statusDescription, headers, body } = response;
  const empty = NULL_BODY.has(status) || method === "HEAD" || body === undefined;
  if (empty) discard(body);
  const content = empty ? null : body instanceof Readable ? toWebStream(body) : body;
  return new Response(content as BodyInit | null, {
    status,
    statusText: latin1(statusDescription),
    headers: pairsOf(headers),
  });
}

function latin1(text: string): string {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "?");
}

/** @param answer what is done to the raw headers last */
export async function sendNode(
  target: ServerResponse,
  response: EdgeResponse,
  method: string,
  answer: (raw: string[]) => string[] = (raw) => raw,
): Promise<void> {
  const { status, statusDescription, headers, body } = response;
  const raw: string[] = [];
  for (const [key, value] of pairsOf(headers)) raw.push(key, value);
  const empty = NULL_BODY.has(status) || method === "HEAD" || body === undefined;
  if (!empty && !(body instanceof Readable) && headers["content-length"] === undefined) {
    raw.push("Content-Length", String(body.byteLength));
  }
  target.writeHead(status, latin1(statusDescription), answer(raw));
  if (empty) {
    discard(body);
    target.end();
  } else if (body instanceof Readable) {
    // A body that breaks off, or a viewer that leaves, ends the connection: there is nothing left to say on it.
    await pipeline(body, target).catch(() => target.destroy());
  } else target.end(body);
}
