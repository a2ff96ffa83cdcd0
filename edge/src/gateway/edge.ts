// The public port: what a client's request goes through before a Worker sees it.

import { randomBytes } from "node:crypto";
import http, { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { viewerFor } from "../platforms/cloudfront/gateway/mount.js";
import type { Counters } from "./counters.js";
import { type FrontCaches, frontable, unfronted } from "./front-cache.js";
import { type Client, clientOf } from "./geo.js";
import { headerValue } from "./header-rules.js";
import { rayId, workerHeaders } from "./headers.js";
import type { Logs } from "./logs.js";
import { type Problem, ProblemError, problem, problemBody, sendProblem } from "./problem.js";
import { forward, forwardUpgrade, lost, type Upstream } from "./proxy.js";
import type { Front, Reload, Serving } from "./reload.js";
import { hostnameOf, type Target } from "./router.js";
import { serviceName } from "./service-name.js";
import { pickVersion, VERSION_KEY, VERSION_OVERRIDES } from "./versions.js";
import type { Flight } from "./watchdog.js";

/**
 * All of a request's headers together, and its URL, at most:
 * https://developers.cloudflare.com/workers/platform/limits/#request-and-response-limits (read November 2026).
 */
export const HEADERS_LIMIT = 128 * 1024;
export const URL_LIMIT = 16 * 1024;

export interface EdgeOptions {
  reload: Reload;
  counters: Counters;
  logs: Logs;
  random: () => number;
  fronts: FrontCaches;
  headTimeoutMs: number;
}

/** How long (ms) the head of a request may take to arrive: a client that sends it drop by drop keeps a connection from others. */
export const HEAD_TIMEOUT_MS = 30_000;

/** The options of a server that closes slow heads. Node.js has no limit of its own where `requestTimeout` is 0, as for slow bodies it is here. */
export function headTimeout(ms: number): http.ServerOptions {
  return { headersTimeout: ms, connectionsCheckingInterval: Math.min(1_000, ms) };
}

/** What the log says of a request. */
interface Told {
  hostname: string;
  path: string;
  worker: string;
  version?: string;
}

interface Entered {
  serving: Serving;
  host: string;
  path: string;
  client: Client;
}

interface Routed {
  serving: Serving;
  target: Target;
  client: Client;
  ray: string;
  path: string;
  version: string;
  service: string;
  headers: string[];
  answer: (raw: string[]) => string[];
}

export function createEdge(options: EdgeOptions): Server {
  // Gap `tls`: plain HTTP/1.1.
  const server = http.createServer({
    // Room for the URL beside the headers; what is over its own limit is told apart below.
    maxHeaderSize: HEADERS_LIMIT + URL_LIMIT + 1024,
    requireHostHeader: false,
    keepAliveTimeout: 75_000,
    requestTimeout: 0,
    ...headTimeout(options.headTimeoutMs),
    noDelay: true,
  });
  server.maxHeadersCount = 0;
  server.on("request", (request, response) => void serve(options, request, response));
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    response.writeContinue();
    void serve(options, request, response);
  });
  server.on("upgrade", (request, socket, head) => void upgrade(options, request, socket as Socket, head));
  server.on("connect", (_request, socket) => refuse(socket as Socket, badRequest("CONNECT is not served here.")));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => clientError(error, socket as Socket));
  return server;
}

function badRequest(detail: string): Problem {
  return { status: 400, title: "Bad request", detail };
}

/** How long (ms) what a refused client still sends is read and dropped: closing at once would reset the answer away. */
const LINGER_MS = 1000;

const refused = new WeakSet<Socket>();

function refuse(socket: Socket, value: Problem): void {
  // The parser tells of the same request again with each further piece of it.
  if (refused.has(socket)) return;
  refused.add(socket);
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = problemBody(value);
  socket.end(
    `HTTP/1.1 ${value.status} ${http.STATUS_CODES[value.status]}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  socket.removeAllListeners("data");
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
}

/** What Node's strict parser refuses: line breaks in values, conflicting lengths, headers over the limit. */
function clientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET") {
    socket.destroy();
  } else if (error.code === "HPE_HEADER_OVERFLOW") {
    refuse(socket, badRequest(`The request's headers are over ${HEADERS_LIMIT} bytes.`));
  } else if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") {
    refuse(socket, { status: 408, title: "Request timeout", detail: "The request's headers did not arrive in time." });
  } else {
    refuse(socket, badRequest(`The request is not valid HTTP: ${error.message}`));
  }
}

function single(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i;

/** The request's host and its path with query; raises a 400 or 414 problem. */
function targetOf(request: IncomingMessage): { host: string; path: string } {
  const url = request.url ?? "/";
  if (url.length > URL_LIMIT)
    throw problem(414, "URI too long", `The URL is ${url.length} bytes long; the limit is ${URL_LIMIT}.`);
  let size = 0;
  let hosts = 0;
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] as string;
    size += name.length + (request.rawHeaders[index + 1] as string).length + 4;
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  if (size > HEADERS_LIMIT)
    throw problem(400, "Bad request", `The request's headers are ${size} bytes; the limit is ${HEADERS_LIMIT}.`);
  if (hosts > 1) throw problem(400, "Bad request", "The request has several Host headers.");
  const absolute = url.match(/^https?:\/\/([^/?#]+)([^#]*)$/i);
  const host = absolute?.[1] ?? request.headers.host ?? "";
  const path = absolute ? (absolute[2]?.startsWith("/") ? absolute[2] : `/${absolute[2] ?? ""}`) : url;
  for (const [name, value] of [
    ["Host", host],
    ["X-Local-Host", request.headers["x-local-host"]],
  ] as const) {
    if (value === undefined || HOST.test(String(value))) continue;
    throw problem(400, "Bad request", `${name} is ${JSON.stringify(value)}, which is not a host name.`);
  }
  if (!/^\/[\x21-\x7e]*$/.test(path)) throw problem(400, "Bad request", "The request target is not a path.");
  return { host, path };
}

/** What every request goes through first. The caller ends the instance's lease. */
async function enter(options: EdgeOptions, request: IncomingMessage): Promise<Entered> {
  const { host, path } = targetOf(request);
  const client = clientOf(
    single(request, "x-local-country"),
    single(request, "x-local-ip"),
    request.socket.remoteAddress,
  );
  return { serving: await options.reload.enter(), host, path, client };
}

/** The name by which a distribution answers this request; undefined where none does. */
function frontHost({ serving, host }: Entered, request: IncomingMessage): string | undefined {
  if (serving.front === undefined) return undefined;
  const hostname = serving.router.hostname(host, single(request, "x-local-host"));
  return serving.front.cloudfront.serves(hostname) ? hostname : undefined;
}

/** Lets a distribution answer; ends the instance's lease, which it does not need. */
async function distribute(
  { serving, host, client }: Entered,
  hostname: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { cloudfront, busy } = serving.front as Front;
  busy.begin();
  serving.instance.busy.end();
  try {
    const viewer = viewerFor(client, request);
    await cloudfront.handleNode(request, response, viewer, hostname, (raw) => ownRedirects(raw, hostname, host));
  } finally {
    busy.end();
  }
}

/** Everything up to the Worker. Ends the instance's lease where there is none. */
function route(options: EdgeOptions, request: IncomingMessage, entered: Entered): Routed {
  const { serving, host, path, client } = entered;
  try {
    const target = serving.router.resolve(host, single(request, "x-local-host"), path);
    const shares = serving.shares.get(target.worker) ?? [];
    if (shares.length === 0) {
      throw problem(
        503,
        "Nothing is deployed",
        `The Worker ${target.worker} has no deployment, so none of its versions gets traffic.`,
      );
    }
    const { hostname } = target;
    const method = request.method ?? "GET";
    const came = serving.headerRules.apply(request.rawHeaders, { method, hostname, target: path, client });
    const asks = { override: headerValue(came, VERSION_OVERRIDES), key: headerValue(came, VERSION_KEY) };
    const version = pickVersion(target.worker, shares, asks, options.random);
    const ray = rayId(client.place.colo);
    return {
      serving,
      target,
      client,
      ray,
      path,
      version,
      service: serviceName(target.worker, version),
      headers: workerHeaders(request, came, hostname, client, ray),
      answer: (raw) => answerHeaders(raw, target.hostname, host, ray),
    };
  } catch (error) {
    serving.instance.busy.end();
    throw error;
  }
}

/** Redirects to the answering host lead back to where the client came from (gap `local-host`). */
function ownRedirects(raw: string[], hostname: string, host: string): string[] {
  if (hostnameOf(host) !== hostname || host.includes(":")) {
    for (let index = 0; index < raw.length; index += 2) {
      if ((raw[index] as string).toLowerCase() !== "location") continue;
      const own = (raw[index + 1] as string).match(/^https?:\/\/([^/?#]+)(.*)$/i);
      if (own && hostnameOf(own[1] as string) === hostname) raw[index + 1] = `http://${host}${own[2]}`;
    }
  }
  return raw;
}

/** The answer's headers: redirects that stay here, and a ray id. */
function answerHeaders(raw: string[], hostname: string, host: string, ray: string): string[] {
  ownRedirects(raw, hostname, host).push("CF-Ray", ray);
  return raw;
}

function upstreamOf({ serving: { instance }, service }: Routed, flight: Flight): Upstream {
  return {
    socket: instance.socket(service),
    available: () => instance.available(),
    progress: () => instance.progress(flight),
    life: () => instance.life,
    innocent: (life) => flight.over === undefined && instance.endedForLimit(life),
    guilty: () => flight.over !== undefined,
    lost: (life, error) => {
      if (flight.over !== undefined) return overLimit(flight);
      return instance.life !== life || instance.runtime.state === "restarting" ? instance.unavailable() : lost(error);
    },
  };
}

/** As the platform answers: https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/error-1102/ */
function overLimit({ what, over }: Flight): ProblemError {
  return problem(503, "Worker exceeded resource limits", `Error 1102: ${what} ${over?.text}. See the log.`, {
    error_code: 1102,
  });
}

/** Under which version the cache in front keeps an answer; undefined where the version has no such cache. */
function frontOf({ serving, target, version }: Routed): string | undefined {
  const worker = serving.deployment.workers.find(({ name }) => name === target.worker);
  const found = worker?.versions.find(({ id }) => id === version);
  if (!found?.cache_enabled) return undefined;
  return found.cross_version_cache ? "*" : version;
}

async function serve(options: EdgeOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const begin = performance.now();
  const { counters } = options;
  counters.requests += 1;
  counters.inFlight += 1;
  let routed: Routed | undefined;
  let told: Told | undefined;
  let status: number;
  try {
    const entered = await enter(options, request);
    const front = frontHost(entered, request);
    if (front !== undefined) {
      told = { hostname: front, path: entered.path, worker: "cloudfront" };
      await distribute(entered, front, request, response);
      status = response.statusCode;
    } else {
      routed = route(options, request, entered);
      told = tellOf(routed);
      status = await toWorker(options, request, response, routed);
    }
  } catch (error) {
    status = answerError(options, error, response);
  } finally {
    routed?.serving.instance.busy.end();
    counters.inFlight -= 1;
  }
  record(options, request, status, begin, told);
}

function tellOf({ target, path, version }: Routed): Told {
  return { hostname: target.hostname, path, worker: target.worker, version };
}

async function toWorker(
  options: EdgeOptions,
  request: IncomingMessage,
  response: ServerResponse,
  routed: Routed,
): Promise<number> {
  const { path, headers, answer } = routed;
  const { instance } = routed.serving;
  const flight = flightOf(request, routed);
  const forwarded = { request, response, upstream: upstreamOf(routed, flight), path, headers, answer };
  instance.takeOff(flight);
  try {
    const front = frontOf(routed);
    if (front === undefined) return await forward(forwarded);
    if (frontable(request)) {
      const { busy } = instance;
      const hold = (): (() => void) => {
        busy.begin();
        return () => busy.end();
      };
      return await options.fronts.serve(routed.target.worker, front, { ...forwarded, hold });
    }
    return await forward({ ...forwarded, answer: (raw) => answer(unfronted(raw)) });
  } finally {
    instance.land(flight);
  }
}

/** A request as the watchdog knows it. */
function flightOf({ method }: IncomingMessage, { serving, target, path, version }: Routed): Flight {
  const worker = serving.deployment.workers.find(({ name }) => name === target.worker);
  const limitMs = worker?.versions.find(({ id }) => id === version)?.cpu_ms ?? null;
  const what = `${method} http://${target.hostname}${path.split("?", 1)[0]}`;
  return { what, worker: target.worker, version, limitMs, cpuMs: 0, alone: true, begun: performance.now() };
}

function problemOf(options: EdgeOptions, error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const id = randomBytes(4).toString("hex");
  options.logs.error(`Fault ${id}: ${error instanceof Error ? error.stack : String(error)}`);
  return { status: 500, title: "The gateway failed", detail: `See fault ${id} in the log.` };
}

function answerError(options: EdgeOptions, error: unknown, response: ServerResponse): number {
  const value = problemOf(options, error);
  sendProblem(response, value, value.status === 503 ? { "Retry-After": "1" } : {});
  return value.status;
}

async function upgrade(options: EdgeOptions, request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
  const begin = performance.now();
  const { counters } = options;
  counters.requests += 1;
  socket.on("error", () => socket.destroy());
  let routed: Routed | undefined;
  let status: number;
  try {
    const entered = await enter(options, request);
    if (frontHost(entered, request) !== undefined) {
      entered.serving.instance.busy.end();
      throw problem(501, "Not served here", "WebSockets through a distribution are not served (gap aws-protocols).");
    }
    routed = route(options, request, entered);
    const { instance } = routed.serving;
    await instance.available();
    status = await forwardUpgrade(request, socket, head, {
      socket: instance.socket(routed.service),
      path: routed.path,
      headers: routed.headers,
      answer: routed.answer,
    });
  } catch (error) {
    const value = problemOf(options, error);
    refuse(socket, value);
    status = value.status;
  } finally {
    // An open WebSocket does not hold a reload back: a deployment ends it, as the platform's does (gap `websocket-reload`).
    routed?.serving.instance.busy.end();
  }
  record(options, request, status, begin, routed && tellOf(routed));
}

function record(
  options: EdgeOptions,
  request: IncomingMessage,
  status: number,
  begin: number,
  told: Told | undefined,
): void {
  const { counters, logs } = options;
  counters.byStatus[status] = (counters.byStatus[status] ?? 0) + 1;
  const ms = Math.round((performance.now() - begin) * 100) / 100;
  const method = request.method ?? "GET";
  const host = told?.hostname ?? request.headers.host ?? "";
  const url = `http://${host}${told?.path ?? request.url ?? ""}`;
  logs.add({
    level: status >= 500 ? "error" : "info",
    source: "request",
    message: `${method} ${url} ${status}`,
    method,
    url,
    status,
    ms,
    ...(told && { worker: told.worker, ...(told.version !== undefined && { version: told.version }) }),
  });
}
