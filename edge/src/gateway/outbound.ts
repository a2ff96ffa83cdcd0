// Everything that a Worker fetches passes here, to be counted by origin.
//
// workerd reaches us as a forward proxy (`outboundService: { external: { http: { style: PROXY } } }`): each request comes with its
// absolute URL. miniflare's other way, a Node function as outbound service, turns an origin that is down into an answer with status 500 and buffers;
// here the Worker's connection ends as the origin's did: no connection, garbage and a body that stops half-way look to `fetch` as without us
// (and not always as on the network: gap `origin-errors`). `cf` options of a fetch do not come here and do nothing: gap `cf-fetch-options`.

import { randomBytes } from "node:crypto";
import http, { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import https from "node:https";
import { connect, type Socket } from "node:net";
import type { WorkerOptions } from "miniflare";
import { Busy } from "./busy.js";
import type { Counters, OriginCounters } from "./counters.js";
import { type Destination, destinationOf } from "./destination.js";
import { own } from "./doors.js";
import { FRONT_CACHE_HOST, type FrontCaches } from "./front-cache.js";
import { endToEnd } from "./headers.js";

/** Marks requests as coming from our workerd: nothing else may use the proxy. */
const PASS_HEADER = "x-local-outbound";

const HTTP_PROXY_STYLE = 1;

const NO_HTTP = "no HTTP\r\n\r\n";

export interface OutboundOptions {
  /** The socket that workerd reaches us by: see doors.ts. */
  door: string;
  counters: Counters;
  /** Told of each request of a workerd. */
  active: (workerd: string) => void;
  /** The gateway's own port for a host that is a custom domain of the deployment, where a fetch stays inside (gap `inner-fetch`). */
  ownPort: (hostname: string) => number | undefined;
  /** Asked where a Worker calls its `ctx.cache`. */
  fronts: FrontCaches;
}

export class Outbound {
  readonly #server: Server;
  readonly #pass = randomBytes(16).toString("hex");
  /** Requests under way for each workerd, so that one is not ended in the middle of its background work. */
  readonly #busy = new Map<string, Busy>();
  readonly #agents = {
    http: new http.Agent({ keepAlive: true, maxFreeSockets: 64 }),
    https: new https.Agent({ keepAlive: true, maxFreeSockets: 64 }),
  };

  constructor(private readonly options: OutboundOptions) {
    // No limit on how slowly a head comes: nobody but our own workerd reaches this.
    this.#server = http.createServer({
      maxHeaderSize: 256 * 1024,
      requireHostHeader: false,
      keepAliveTimeout: 60_000,
      requestTimeout: 0,
    });
    this.#server.on("request", (request, response) => this.#request(request, response));
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket as Socket, head));
    this.#server.on("connect", (request, socket, head) => this.#connect(request, socket as Socket, head));
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      own(this.#server).listen(this.options.door, resolve);
    });
  }

  /** What miniflare is told, for one workerd. */
  service(workerd: string): NonNullable<WorkerOptions["outboundService"]> {
    return {
      external: {
        address: `unix:${this.options.door}`,
        http: {
          style: HTTP_PROXY_STYLE,
          injectRequestHeaders: [{ name: PASS_HEADER, value: `${this.#pass}.${workerd}` }],
        },
      },
    } as NonNullable<WorkerOptions["outboundService"]>;
  }

  /** What a workerd has under way. */
  busy(workerd: string): Busy {
    let busy = this.#busy.get(workerd);
    if (busy === undefined) {
      busy = new Busy();
      this.#busy.set(workerd, busy);
    }
    return busy;
  }

  /** Forgets a workerd that has ended. */
  forget(workerd: string): void {
    this.#busy.delete(workerd);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  /** Which workerd a request comes from; undefined: none of ours. */
  #from(request: IncomingMessage): string | undefined {
    const [pass, workerd] = String(request.headers[PASS_HEADER] ?? "").split(".");
    return pass === this.#pass ? workerd : undefined;
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    const to = destinationOf(request.url);
    const workerd = this.#from(request);
    if (to === undefined || workerd === undefined) {
      response.writeHead(403, { Connection: "close" }).end("This port is for the local cloud's own Workers.\n");
      return;
    }
    this.options.active(workerd);
    if (to.authority === FRONT_CACHE_HOST) {
      void this.#frontCache(request, response);
      return;
    }
    const counters = this.options.counters.started(`${to.scheme}://${to.authority}`);
    const busy = this.busy(workerd);
    busy.begin();
    let done = false;
    const finish = (failed: boolean): void => {
      if (done) return;
      done = true;
      busy.end();
      counters.inFlight -= 1;
      if (failed) counters.errors += 1;
    };
    this.#send(request, response, to, counters, finish, false);
    // The Worker went away: nobody waits for the origin, and it is no fault of the origin's.
    response.on("close", () => finish(false));
  }

  async #frontCache(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { pathname } = new URL(request.url as string);
    const answer = await this.options.fronts.called(pathname, Buffer.concat(chunks).toString("utf8"));
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
  }

  #send(
    request: IncomingMessage,
    response: ServerResponse,
    to: Destination,
    counters: OriginCounters,
    finish: (failed: boolean) => void,
    again: boolean,
  ): void {
    const onward = this.#open(request, to);
    const hasBody =
      request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined;
    let answer: IncomingMessage | undefined;

    onward.on("response", (incoming) => {
      answer = incoming;
      const status = String(incoming.statusCode);
      counters.byStatus[status] = (counters.byStatus[status] ?? 0) + 1;
      const raw = endToEnd(incoming.rawHeaders, incoming.headers.connection, () => false);
      // The Worker sees the origin's headers and none of this hop's.
      response.sendDate = false;
      response.removeHeader("Connection");
      try {
        const status = incoming.statusCode ?? 502;
        response.writeHead(status, incoming.statusMessage, raw as unknown as http.OutgoingHttpHeaders);
      } catch {
        finish(true); // A status that HTTP does not have.
        request.socket.end(NO_HTTP);
        onward.destroy();
        return;
      }
      response.flushHeaders();
      incoming.on("data", (chunk: Buffer) => {
        counters.bytes += chunk.length;
      });
      incoming.pipe(response);
      incoming.on("end", () => finish(false));
      // Cut off in the body: so is the Worker's.
      incoming.on("error", () => {
        finish(true);
        response.destroy();
      });
    });

    // An upgrade that nobody asked for.
    onward.on("upgrade", (_incoming, socket) => {
      finish(true);
      socket.destroy();
      request.socket.end(NO_HTTP);
    });

    onward.on("error", (error: NodeJS.ErrnoException & { rawPacket?: Buffer }) => {
      if (answer !== undefined) {
        // Its own error event does the rest. What is no chunk at the origin is none for the Worker.
        if (error.code === "HPE_INVALID_CHUNK_SIZE") request.socket.write("not a chunk\r\n");
        return;
      }
      if (onward.reusedSocket && error.code === "ECONNRESET" && !hasBody && !again) {
        this.#send(request, response, to, counters, finish, true);
        return;
      }
      finish(true);
      // What the origin said instead of HTTP goes on as it came, and the Worker's runtime judges it. It judges a name without an address
      // as it judges garbage: an internal error. Everything else is a lost connection.
      if (error.code?.startsWith("HPE_")) request.socket.end(error.rawPacket ?? NO_HTTP);
      else if (error.syscall === "getaddrinfo") request.socket.end(NO_HTTP);
      else request.socket.destroy();
    });

    response.on("close", () => {
      if (answer === undefined ? !response.writableFinished : !answer.complete) onward.destroy();
    });
    if (hasBody) request.pipe(onward);
    else onward.end();
  }

  #open(request: IncomingMessage, to: Destination, extra: string[] = []): http.ClientRequest {
    const own = this.#own(to);
    const raw = endToEnd(
      request.rawHeaders,
      request.headers.connection,
      (name) => name === PASS_HEADER || name === "host",
    );
    const chunked = request.headers["transfer-encoding"] !== undefined ? ["Transfer-Encoding", "chunked"] : [];
    const secure = to.scheme === "https" && own === undefined;
    const options = {
      host: own === undefined ? to.hostname : "127.0.0.1",
      port: own ?? to.port,
      method: request.method ?? "GET",
      path: to.path,
      headers: ["Host", to.authority, ...raw, ...chunked, ...extra],
      setDefaultHeaders: false,
      maxHeaderSize: 256 * 1024,
      agent: extra.length > 0 ? false : secure ? this.#agents.https : this.#agents.http,
    } as unknown as https.RequestOptions;
    return secure ? https.request(options) : http.request(options);
  }

  #own(to: Destination): number | undefined {
    return to.port === 80 || to.port === 443 ? this.options.ownPort(to.hostname) : undefined;
  }

  /** A WebSocket that a Worker opens. */
  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const to = destinationOf(request.url);
    if (to === undefined || this.#from(request) === undefined) {
      socket.destroy();
      return;
    }
    const counters = this.options.counters.started(`${to.scheme}://${to.authority}`);
    const onward = this.#open(request, to, [
      "Connection",
      "Upgrade",
      "Upgrade",
      request.headers.upgrade ?? "websocket",
    ]);
    let failed = true;
    const relay = (answer: IncomingMessage, extra: string[]): void => {
      failed = false;
      const raw = [...endToEnd(answer.rawHeaders, answer.headers.connection, () => false), ...extra];
      let text = `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n`;
      for (let index = 0; index < raw.length; index += 2) text += `${raw[index]}: ${raw[index + 1]}\r\n`;
      socket.write(`${text}\r\n`);
    };
    onward.on("upgrade", (answer, upstream, rest) => {
      relay(answer, ["Connection", "Upgrade", "Upgrade", answer.headers.upgrade ?? "websocket"]);
      socket.write(rest);
      upstream.write(head);
      upstream.on("data", (chunk: Buffer) => {
        counters.bytes += chunk.length;
      });
      join(socket, upstream as Socket);
    });
    onward.on("response", (answer) => {
      relay(answer, ["Connection", "close"]);
      answer.pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
    socket.on("close", () => {
      counters.inFlight -= 1;
      if (failed) counters.errors += 1;
      onward.destroy();
    });
    onward.end();
  }

  /**
   * `connect()` from `cloudflare:sockets`: a plain tunnel. workerd adds no header of ours to CONNECT, so this cannot tell who asks; nobody else
   * reaches this socket.
   */
  #connect(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const found = request.url?.match(/^(\[[^\]]+\]|[^:]+):(\d+)$/);
    if (!found) {
      socket.destroy();
      return;
    }
    const counters = this.options.counters.started(`tcp://${request.url}`);
    const upstream = connect(Number(found[2]), (found[1] as string).replace(/^\[|\]$/g, ""));
    let failed = true;
    upstream.on("connect", () => {
      failed = false;
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      join(socket, upstream);
    });
    upstream.on("data", (chunk: Buffer) => {
      counters.bytes += chunk.length;
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
    socket.on("close", () => {
      counters.inFlight -= 1;
      if (failed) counters.errors += 1;
      upstream.destroy();
    });
  }
}

function join(one: Socket, other: Socket): void {
  one.setNoDelay(true);
  other.setNoDelay(true);
  one.pipe(other).pipe(one);
  one.on("close", () => other.destroy()).on("error", () => other.destroy());
  other.on("close", () => one.destroy()).on("error", () => one.destroy());
}
