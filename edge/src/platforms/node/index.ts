/** Node.js as a Host: an HTTP server of its own, with stores in memory unless others are given. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { createEdge, type EdgeOptions } from "../../core/edge";
import type { EdgeCacheStore, Geo, Host, KvStore, LogEntry, RateLimiter } from "../../core/host";
import { problemResponse } from "../../core/problem";
import type { EdgeSettings } from "../../core/settings.gen";
import { MemoryEdgeCache } from "./memory";

export interface NodeOptions extends EdgeOptions {
  readonly kv?: Readonly<Record<string, KvStore>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly rateLimits?: Readonly<Record<string, RateLimiter>>;
  /** Default: a cache in this process's memory. Null: none. */
  readonly edgeCache?: EdgeCacheStore | null;
  /** Where a client is. Default: nowhere, so that every client gets the fallback region. */
  readonly geo?: (message: IncomingMessage) => Geo;
  /** A client's address. Default: the socket's. Behind a proxy of your own, read its header here. */
  readonly clientIp?: (message: IncomingMessage) => string | undefined;
  readonly log?: (entry: LogEntry) => void;
  readonly now?: () => number;
  readonly random?: () => number;
}

export interface Running {
  readonly url: string;
  readonly server: Server;
  close(): Promise<void>;
}

function logLine(entry: LogEntry): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`);
}

/** Serves an edge function on 127.0.0.1; port 0 takes a free one. */
export async function serve(settings: EdgeSettings, options: NodeOptions = {}, port = 0): Promise<Running> {
  const edge = createEdge(settings, options);
  const log = options.log ?? logLine;
  const background = new Set<Promise<unknown>>();
  const edgeCache = options.edgeCache === null ? undefined : (options.edgeCache ?? new MemoryEdgeCache(options.now));
  const server = createServer((message, reply) => {
    const host: Host = {
      platform: "node",
      now: options.now ?? Date.now,
      random: options.random ?? Math.random,
      fetch: fetchDecoded,
      rawBodies: false,
      waitUntil(work) {
        const settled = work
          .catch((error: unknown) => log({ level: "error", event: "background.failed", message: String(error) }))
          .finally(() => background.delete(settled));
        background.add(settled);
      },
      edgeCache,
      kv: (name) => options.kv?.[name],
      geo: () => options.geo?.(message) ?? {},
      clientIp: () => (options.clientIp === undefined ? message.socket.remoteAddress : options.clientIp(message)),
      secret: (name) => options.secrets?.[name],
      rateLimit: (name) => options.rateLimits?.[name],
      log,
    };
    answer(message, reply, async (request) => edge(request, host, { env: {}, context: undefined })).catch(
      (error: unknown) => {
        log({ level: "error", event: "server.failed", message: String(error) });
        reply.destroy();
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await Promise.all(background);
    },
  };
}

/** Node's fetch decodes a body and leaves the headers that say it is coded. */
async function fetchDecoded(request: Request): Promise<Response> {
  const response = await fetch(request);
  if (!response.headers.has("content-encoding")) return response;
  const decoded = new Response(response.body, response);
  decoded.headers.delete("content-encoding");
  decoded.headers.delete("content-length");
  return decoded;
}

async function answer(
  message: IncomingMessage,
  reply: ServerResponse,
  edge: (request: Request) => Promise<Response>,
): Promise<void> {
  const request = requestOf(message);
  const response =
    request === undefined
      ? problemResponse(
          { status: 400, code: "malformed-request", detail: "The request's target or Host is malformed." },
          "/",
        )
      : await edge(request);
  reply.statusCode = response.status;
  if (response.statusText !== "") reply.statusMessage = response.statusText;
  for (const [name, value] of response.headers) {
    if (name !== "set-cookie") reply.setHeader(name, value);
  }
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) reply.setHeader("set-cookie", cookies);
  if (response.body === null || message.method === "HEAD") {
    await response.body?.cancel();
    reply.end();
    return;
  }
  const body = Readable.fromWeb(response.body as NodeReadableStream);
  // A body that breaks off must not look complete: the connection is closed without the end of the message.
  body.on("error", () => reply.destroy());
  reply.on("close", () => body.destroy());
  body.pipe(reply);
}

function requestOf(message: IncomingMessage): Request | undefined {
  const { method = "GET", url = "/", headers } = message;
  const authority = headers.host ?? "localhost";
  const target = url.startsWith("/") ? `http://${authority}${url}` : url;
  if (!/^https?:\/\/[^/?#@\\]+/.test(target)) return undefined;
  const fields = new Headers();
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    fields.append(message.rawHeaders[i] as string, message.rawHeaders[i + 1] as string);
  }
  const bodyless = method === "GET" || method === "HEAD";
  const hasBody = headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
  try {
    return new Request(target, {
      method,
      headers: fields,
      redirect: "manual",
      ...(bodyless || !hasBody ? {} : { body: Readable.toWeb(message), duplex: "half" }),
    } as RequestInit);
  } catch {
    return undefined;
  }
}
