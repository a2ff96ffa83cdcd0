// One exchange with an origin over HTTP: connection attempts, timeouts, keep-alive.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/high_availability_origin_failover.html

import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { CLOUDFRONT_REQUEST_BYTES } from "../../../core/limits.gen.js";
import { EdgeError } from "./error-page.js";
import { HOP_BY_HOP, headerBytes, headersOfRaw, pairsOf, removeNamedByConnection } from "./headers.js";
import type { Body, Deps, EdgeResponse, Headers } from "./types.js";

export interface OriginCall {
  /** `http://127.0.0.1:9101`: what is connected to. */
  base: URL;
  method: string;
  /** Path and query string. */
  target: string;
  headers: Headers;
  body: Body;
  attempts: number;
  connectionTimeoutMs: number;
  readTimeoutMs: number;
  keepAliveMs: number;
}

const REFUSED = "CloudFront wasn't able to connect to the origin.";
export const UNRESOLVED = "CloudFront wasn't able to resolve the origin domain name.";
const TOO_LARGE = "CloudFront received a response from the origin that it cannot process.";
const TIMED_OUT =
  "CloudFront attempted to establish a connection with the origin, but either the attempt failed or the origin closed the connection.";

/** A failure to get an answer. Origin groups fail over on it. */
export class OriginError extends EdgeError {
  constructor(
    status: 502 | 504,
    message: string,
    detail: string,
    /** Whether no connection came about, so that nothing was sent. */
    readonly unconnected: boolean,
  ) {
    super(status, message, "Error", detail);
  }
}

export class OriginClient {
  #agents = new Map<string, HttpAgent>();

  constructor(private readonly deps: Deps) {}

  async fetch(call: OriginCall): Promise<EdgeResponse> {
    const repeatable = call.method === "GET" || call.method === "HEAD";
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(call);
      } catch (error) {
        if (!(error instanceof OriginError) || attempt >= call.attempts) throw error;
        // An answer that does not come is asked for again only where that is safe.
        if (!error.unconnected && !repeatable) throw error;
      }
    }
  }

  #agent(call: OriginCall): HttpAgent {
    const secure = call.base.protocol === "https:";
    const key = `${secure} ${call.keepAliveMs}`;
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      const options = { keepAlive: true, keepAliveMsecs: call.keepAliveMs, maxSockets: Number.POSITIVE_INFINITY };
      agent = secure ? new HttpsAgent(options) : new HttpAgent(options);
      this.#agents.set(key, agent);
    }
    return agent;
  }

  #once(call: OriginCall): Promise<EdgeResponse> {
    const origin = call.base.origin;
    this.deps.originStarted?.(origin);
    let finished = false;
    const finish = (status: number | undefined, bytes: number, error: boolean): void => {
      if (finished) return;
      finished = true;
      this.deps.originEnded?.({ origin, ...(status !== undefined && { status }), bytes, ...(error && { error }) });
    };
    return new Promise((resolve, reject) => {
      const secure = call.base.protocol === "https:";
      const request = (secure ? httpsRequest : httpRequest)({
        agent: this.#agent(call),
        hostname: call.base.hostname.replace(/^\[|\]$/g, ""),
        port: call.base.port || (secure ? 443 : 80),
        method: call.method,
        path: call.target,
        headers: rawHeaders(call),
        // Above CloudFront's own limit, so that what is over that limit is told as such.
        maxHeaderSize: 4 * CLOUDFRONT_REQUEST_BYTES,
        ...(secure && { servername: call.base.hostname }),
      });
      let connected = false;
      const fail = (error: OriginError): void => {
        finish(undefined, 0, true);
        reject(error);
        request.destroy();
      };
      const connecting = setTimeout(() => {
        fail(new OriginError(504, TIMED_OUT, `no connection to ${origin} within ${call.connectionTimeoutMs} ms`, true));
      }, call.connectionTimeoutMs);
      const send = (): void => {
        connected = true;
        clearTimeout(connecting);
        const late = (): void => {
          fail(new OriginError(504, TIMED_OUT, `no answer from ${origin} within ${call.readTimeoutMs} ms`, false));
        };
        const wait = (): void => void request.setTimeout(call.readTimeoutMs, late);
        const { body } = call;
        if (!(body instanceof Readable)) {
          wait();
          return void request.end(body);
        }
        // The time is the origin's from the end of the request (the page above: "after forwarding a request"), and while
        // it does not take what is there; not while the client is waited for.
        const gone = new Error("the client broke off");
        if (body.destroyed && !body.readableEnded) return void request.destroy(gone);
        body.on("pause", wait);
        body.on("resume", () => request.setTimeout(0));
        body.once("end", wait);
        body.once("close", () => {
          if (!body.readableEnded) request.destroy(gone);
        });
        body.pipe(request);
      };
      request.on("socket", (socket: Socket) => {
        // A body is read only once there is somebody to send it to, so that another attempt still has all of it.
        if (socket.connecting) socket.once(secure ? "secureConnect" : "connect", send);
        else send();
      });
      request.on("error", (error: NodeJS.ErrnoException) => {
        clearTimeout(connecting);
        const resolves = error.code !== "ENOTFOUND" && error.code !== "EAI_AGAIN";
        // A kept connection may have been closed by the origin just as it was taken.
        const unconnected = !connected || request.reusedSocket;
        fail(
          new OriginError(
            502,
            resolves ? REFUSED : UNRESOLVED,
            `${origin}: ${error.code ?? error.message}`,
            unconnected,
          ),
        );
      });
      request.on("response", (message: IncomingMessage) => {
        let bytes = 0;
        message.on("data", (chunk: Buffer) => {
          bytes += chunk.byteLength;
        });
        message.pause();
        const headers = headersOfRaw(message);
        if (headerBytes(headers) > CLOUDFRONT_REQUEST_BYTES) {
          const detail = `${origin} answered with ${headerBytes(headers)} bytes of headers; CloudFront takes ${CLOUDFRONT_REQUEST_BYTES}`;
          return fail(new OriginError(502, TOO_LARGE, detail, false));
        }
        message.on("close", () => finish(message.statusCode, bytes, !message.complete));
        resolve(responseOf(message, headers));
      });
    });
  }

  stop(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }
}

function rawHeaders(call: OriginCall): string[] {
  const raw: string[] = [];
  let length: string | undefined;
  for (const [key, value] of pairsOf(call.headers)) {
    const name = key.toLowerCase();
    if (name === "content-length") length = value;
    else if (!HOP_BY_HOP.has(name)) raw.push(key, value);
  }
  if (call.body instanceof Readable) {
    if (length === undefined) raw.push("Transfer-Encoding", "chunked");
    else raw.push("Content-Length", length);
  } else if (call.body !== undefined) raw.push("Content-Length", String(call.body.byteLength));
  raw.push("Connection", "Keep-Alive");
  return raw;
}

function responseOf(message: IncomingMessage, headers: Headers): EdgeResponse {
  removeNamedByConnection(headers);
  for (const name of HOP_BY_HOP) delete headers[name];
  return {
    status: message.statusCode ?? 502,
    statusDescription: message.statusMessage ?? "",
    headers,
    body: message,
  };
}
