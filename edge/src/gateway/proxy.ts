// From a client to workerd's socket and back: bodies stream both ways, and an abort on either side ends the other.

import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { endToEnd } from "./headers.js";

/** workerd closes an idle connection after five seconds; ours end well before that, so that no request runs into the close. */
export const IDLE_MS = 2_000;

const agent = new http.Agent({
  keepAlive: true,
  maxSockets: Number.POSITIVE_INFINITY,
  maxFreeSockets: 256,
  timeout: IDLE_MS,
  scheduling: "lifo",
});

export interface Upstream {
  port: () => number;
  /** Finds workerd's ports again after it was started again. */
  refresh: () => Promise<void>;
}

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
  return new Promise((resolve) => attempt(forwarded, resolve, 0));
}

function attempt(forwarded: Forwarded, resolve: (status: number) => void, tries: number): void {
  const { request, response, upstream } = forwarded;
  const hasBody = request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined;
  const onward = http.request({
    host: "127.0.0.1",
    port: upstream.port(),
    agent,
    method: request.method ?? "GET",
    path: forwarded.path,
    headers:
      hasBody && request.headers["content-length"] === undefined
        ? [...forwarded.headers, "Transfer-Encoding", "chunked"]
        : forwarded.headers,
    setDefaultHeaders: false,
  } as http.RequestOptions);
  onward.setNoDelay(true);
  let answered = false;

  onward.on("response", (answer) => {
    answered = true;
    const status = answer.statusCode ?? 502;
    const raw = endToEnd(answer.rawHeaders, answer.headers.connection, () => false);
    response.writeHead(status, answer.statusMessage, forwarded.answer(raw) as unknown as http.OutgoingHttpHeaders);
    // A body of unknown length may take its time: the headers go ahead.
    if (answer.headers["content-length"] === undefined) response.flushHeaders();
    answer.pipe(response);
    answer.on("error", () => response.destroy());
    answer.on("aborted", () => response.destroy());
    response.on("close", () => {
      if (!answer.complete) abort(onward);
      resolve(response.writableFinished ? status : 499);
    });
  });

  onward.on("error", (error: NodeJS.ErrnoException) => {
    if (answered || response.destroyed) {
      response.destroy();
      if (!answered) resolve(499);
      return;
    }
    // Nothing reached a Worker: workerd was starting again, or it had closed the idle connection.
    const untouched = error.code === "ECONNREFUSED" || (onward.reusedSocket && error.code === "ECONNRESET" && !hasBody);
    if (untouched && tries < 3) {
      upstream.refresh().then(
        () => attempt(forwarded, resolve, tries + 1),
        () => failed(error),
      );
      return;
    }
    failed(error);
  });

  const failed = (error: NodeJS.ErrnoException): void => {
    request.unpipe(onward);
    response.writeHead(502, { "Content-Type": "application/problem+json", Connection: "close" });
    const detail = `The Worker's connection ended before an answer: ${error.code ?? error.message}. See the log.`;
    response.end(
      `${JSON.stringify({ type: "about:blank", status: 502, title: "No answer from the Worker", detail })}\n`,
    );
    resolve(502);
  };

  response.on("close", () => {
    if (!response.writableFinished) abort(onward);
    if (!answered) resolve(499);
  });
  if (hasBody) request.pipe(onward);
  else onward.end();
}

/** Ends a request to workerd as a reset: a plain close goes unnoticed there until it writes, and `request.signal` would stay silent. */
function abort(onward: http.ClientRequest): void {
  if (onward.socket) onward.socket.resetAndDestroy();
  else onward.destroy();
}

/** An upgraded connection (WebSocket): after the answer's head, bytes go both ways until either side ends. */
export function forwardUpgrade(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  to: { port: number; path: string; headers: string[]; answer: (raw: string[]) => string[] },
): Promise<number> {
  return new Promise((resolve) => {
    const onward = http.request({
      host: "127.0.0.1",
      port: to.port,
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
    socket.on("error", () => onward.destroy());
    onward.end();
  });
}
