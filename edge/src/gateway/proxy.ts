// From a client to workerd's socket and back: bodies stream both ways, and an abort on either side ends the other.

import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { endToEnd } from "./headers.js";
import { problem } from "./problem.js";

/** workerd closes an idle connection after five seconds; ours end well before that, so that no request runs into the close. */
export const IDLE_MS = 2_000;

/** Connections to workerd. */
export const agent = new http.Agent({
  keepAlive: true,
  maxSockets: Number.POSITIVE_INFINITY,
  maxFreeSockets: 256,
  timeout: IDLE_MS,
  scheduling: "lifo",
});

/** Cloudflare's limit for an answer's headers together. */
const ANSWER_HEADERS_LIMIT = 128 * 1024;

export interface Upstream {
  /** The Worker version's door. */
  socket: string;
  /** Waits for a workerd that starts again; raises a 503 problem where that takes too long. */
  available: () => Promise<void>;
  /** Called when the Worker answers. */
  progress: () => void;
  /** Says which workerd runs; the next one has another number. */
  life: () => number;
  /** Whether that workerd was ended for what another request did: on the platform, this one would have gone on. */
  innocent: (life: number) => boolean;
  /** Whether it was ended for what this request did. */
  guilty: () => boolean;
  /** What a client is told where there is no answer. */
  lost: (life: number, error: NodeJS.ErrnoException) => Error;
}

/** Errors of a connection that never came about: no Worker has seen anything of the request. */
export const UNCONNECTED = new Set(["ECONNREFUSED", "ENOENT", "EAGAIN"]);

export interface Forwarded {
  request: IncomingMessage;
  response: ServerResponse;
  upstream: Upstream;
  path: string;
  headers: string[];
  /** Changes the answer's raw headers. */
  answer: (raw: string[]) => string[];
}

/** The status that the client got, or 499 when it left before one. */
export function forward(forwarded: Forwarded): Promise<number> {
  return new Promise((resolve, reject) => {
    forwarded.upstream.available().then(() => attempt(forwarded, resolve, reject, 0), reject);
  });
}

function attempt(
  forwarded: Forwarded,
  resolve: (status: number) => void,
  reject: (error: unknown) => void,
  tries: number,
): void {
  const { request, response, upstream } = forwarded;
  if (response.closed || response.destroyed) {
    resolve(499); // It left while it was held.
    return;
  }
  // workerd ends an answer of unknown length that fails half-way as if it were whole: gap `chunked-truncation`.
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  const hasBody = length !== undefined || encoding !== undefined;
  const life = upstream.life();
  const onward = http.request({
    socketPath: upstream.socket,
    agent,
    method: request.method ?? "GET",
    path: forwarded.path,
    headers:
      hasBody && length === undefined ? [...forwarded.headers, "Transfer-Encoding", "chunked"] : forwarded.headers,
    setDefaultHeaders: false,
    maxHeaderSize: ANSWER_HEADERS_LIMIT,
  } as http.RequestOptions);
  let answer: IncomingMessage | undefined;

  onward.on("response", (incoming) => {
    answer = incoming;
    upstream.progress();
    const raw = endToEnd(incoming.rawHeaders, incoming.headers.connection, () => false);
    try {
      const status = incoming.statusCode ?? 502;
      // workerd has no reason phrase for what a cache or a script made: the platform names the usual one.
      response.writeHead(
        status,
        incoming.statusMessage || (http.STATUS_CODES[status] ?? ""),
        forwarded.answer(raw) as unknown as http.OutgoingHttpHeaders,
      );
    } catch (error) {
      onward.destroy();
      reject(error); // A status or header that HTTP does not have.
      return;
    }
    // A body of unknown length may take its time: the headers go ahead.
    if (incoming.headers["content-length"] === undefined) response.flushHeaders();
    incoming.on("error", () => response.destroy());
    incoming.pipe(response);
  });

  onward.on("error", (error: NodeJS.ErrnoException) => {
    if (answer?.complete) return; // The Worker answered and left the rest of the body.
    if (response.destroyed || response.headersSent) {
      response.destroy();
      return;
    }
    // Nothing reached a Worker: workerd was starting again, or it had closed the idle connection.
    const untouched =
      UNCONNECTED.has(error.code ?? "") || (onward.reusedSocket && error.code === "ECONNRESET" && !hasBody);
    const safe = !hasBody && (request.method === "GET" || request.method === "HEAD");
    if (tries < 3 && !upstream.guilty() && (untouched || (safe && upstream.innocent(life)))) {
      response.off("close", closed);
      upstream.available().then(() => attempt(forwarded, resolve, reject, tries + 1), reject);
    } else reject(upstream.lost(life, error));
  });

  const closed = (): void => {
    const whole = response.writableFinished;
    if (!whole || !answer?.complete || !onward.writableEnded) onward.destroy();
    // What the Worker left of the body is read, so that the connection can carry the next request.
    request.removeAllListeners("data");
    request.resume();
    resolve(whole ? response.statusCode : 499);
  };
  response.on("close", closed);
  if (!hasBody) {
    onward.end();
    return;
  }
  // Not before there is a connection: until then another attempt can still send the body.
  onward.on("socket", (socket) => {
    if (socket.connecting) socket.once("connect", () => upload(request, onward));
    else upload(request, onward);
  });
}

/** Less than the 64 KiB that workerd still takes of a body that a Worker leaves unread; when more comes it resets the connection. */
const FIRST_BYTES = 32 * 1024;
/** How long a larger body waits after these, once, for a Worker that answers without reading it. */
const EARLY_ANSWER_MS = 50;

/**
 * Sends the body. A Worker may answer without reading it (413, 401), and then workerd resets the connection, which can lose the answer on
 * its way to us. So a larger body pauses once, and what is left of it when the answer is complete is dropped.
 */
function upload(request: IncomingMessage, onward: http.ClientRequest): void {
  let sent = 0;
  let answer: IncomingMessage | undefined;
  onward.on("response", (incoming) => {
    answer = incoming;
  });
  const resume = (): void => void request.resume();
  const send = (chunk: Buffer): void => {
    if (answer?.complete || onward.destroyed || onward.write(chunk)) resume();
    else onward.once("drain", resume);
  };
  request.on("data", (chunk: Buffer) => {
    request.pause();
    const first = FIRST_BYTES - sent;
    sent += chunk.length;
    if (first <= 0 || chunk.length <= first) {
      send(chunk);
      return;
    }
    onward.write(chunk.subarray(0, first));
    setTimeout(() => send(chunk.subarray(first)), EARLY_ANSWER_MS);
  });
  request.on("end", () => onward.end());
  onward.on("close", resume);
}

/** What a client is told where the Worker's connection ended, and nothing more is known of it. */
export function lost(error: NodeJS.ErrnoException): Error {
  const detail = `The Worker's connection ended before an answer: ${error.code ?? error.message}. See the log.`;
  return problem(502, "No answer from the Worker", detail);
}

/** An upgraded connection (WebSocket): after the answer's head, bytes go both ways until either side ends. */
export function forwardUpgrade(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  to: { socket: string; path: string; headers: string[]; answer: (raw: string[]) => string[] },
): Promise<number> {
  return new Promise((resolve) => {
    const onward = http.request({
      socketPath: to.socket,
      agent: false,
      method: request.method ?? "GET",
      path: to.path,
      headers: [...to.headers, "Connection", "Upgrade", "Upgrade", request.headers.upgrade ?? "websocket"],
    });
    const write = (answer: IncomingMessage, raw: string[]): void => {
      socket.write(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n`);
      for (let index = 0; index < raw.length; index += 2) socket.write(`${raw[index]}: ${raw[index + 1]}\r\n`);
      socket.write("\r\n");
    };
    onward.on("upgrade", (answer, upstream, rest) => {
      if (socket.destroyed) {
        upstream.destroy();
        resolve(499);
        return;
      }
      write(answer, [
        ...to.answer(endToEnd(answer.rawHeaders, answer.headers.connection, () => false)),
        "Connection",
        "Upgrade",
        "Upgrade",
        answer.headers.upgrade ?? "websocket",
      ]);
      socket.write(rest);
      upstream.write(head);
      socket.setNoDelay(true);
      upstream.pipe(socket).pipe(upstream);
      const end = (): void => {
        socket.destroy();
        upstream.destroy();
      };
      for (const side of [socket, upstream]) side.on("error", end).on("close", end);
      resolve(101);
    });
    onward.on("response", (answer) => {
      // Not upgraded: an ordinary answer, after which the connection ends.
      write(answer, [
        ...to.answer(endToEnd(answer.rawHeaders, answer.headers.connection, (name) => name === "content-length")),
        "Connection",
        "close",
      ]);
      answer.pipe(socket);
      answer.on("error", () => socket.destroy());
      resolve(answer.statusCode ?? 502);
    });
    onward.on("error", () => {
      socket.end("HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      resolve(502);
    });
    socket.on("close", () => onward.destroy());
    onward.end();
  });
}
