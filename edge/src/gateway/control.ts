// The control port, for the process that started the gateway: loopback only, with a token, and never for a browser.

import { createHash, timingSafeEqual } from "node:crypto";
import http, { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { CloudFrontFaults } from "../platforms/cloudfront/gateway/index.js";
import type { Counters } from "./counters.js";
import { DeployFailed } from "./diagnostics.js";
import { headTimeout } from "./edge.js";
import type { FrontCaches } from "./front-cache.js";
import { type KvAnswer, kvRequest } from "./kv.js";
import type { Logs } from "./logs.js";
import { ProblemError, problem, sendProblem } from "./problem.js";
import type { Deployment } from "./protocol.gen.js";
import { purge } from "./purge.js";
import type { Reload } from "./reload.js";
import { readDeployment } from "./validate.js";

/** A deployment with all its modules and declared values, and a KV value with its base64, fit well below this. */
const BODY_LIMIT = 512 * 1024 * 1024;

export interface ControlOptions {
  token: string;
  reload: Reload;
  counters: Counters;
  logs: Logs;
  edgeUrl: () => string;
  started: Date;
  fronts: FrontCaches;
  purgeToken: string;
  headTimeoutMs: number;
}

type Handler = (
  options: ControlOptions,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
) => Promise<void> | void;

const ROUTES: Record<string, Handler> = {
  "POST /v1/deploy": deploy,
  "GET /v1/status": status,
  "GET /v1/counters": (options, _request, response) => json(response, 200, options.counters.snapshot()),
  "POST /v1/counters/reset": (options, _request, response) => {
    options.counters.reset();
    json(response, 200, options.counters.snapshot());
  },
  "GET /v1/logs": logEntries,
  "POST /v1/invalidate": invalidate,
  "POST /v1/purge": async (options, request, response) => {
    json(response, 200, await purge(options, (await bodyOf(request)).toString("utf8")));
  },
};

interface Invalidation {
  paths: string[];
  distribution_id?: string;
}

function readInvalidation(text: string): Invalidation {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw problem(400, "Not an invalidation", `The body is not JSON: ${(error as Error).message}.`);
  }
  const { paths, distribution_id: id, ...strange } = (value ?? {}) as Record<string, unknown>;
  const faults = Object.keys(strange).map((name) => `${name} is unknown; an invalidation has paths, distribution_id.`);
  if (!Array.isArray(paths) || paths.length === 0 || paths.some((path) => typeof path !== "string"))
    faults.push('paths must be a list of texts such as "/images/*", with one or more.');
  if (id !== undefined && id !== null && typeof id !== "string") faults.push("distribution_id must be a text.");
  if (faults.length > 0) throw problem(400, "Not an invalidation", faults.join(" "));
  return { paths: paths as string[], ...(typeof id === "string" && { distribution_id: id }) };
}

/** As CreateInvalidation: paths and `#tags` of one distribution, or of all. It is done when it is answered (gap `aws-propagation`). */
async function invalidate(options: ControlOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const asked = readInvalidation((await bodyOf(request)).toString("utf8"));
  const front = options.reload.serving?.front;
  if (front === undefined) throw problem(404, "No distributions", "The stack has no CloudFront distribution.");
  try {
    await front.cloudfront.invalidate(asked.paths, asked.distribution_id);
  } catch (error) {
    if (error instanceof CloudFrontFaults) throw problem(400, "Invalidation refused", error.faults.join(" "));
    throw error;
  }
  options.logs.info(`Invalidated ${asked.paths.join(", ")}`);
  json(response, 200, { paths: asked.paths });
}

export function createControl(options: ControlOptions): Server {
  const expected = digest(options.token);
  const { headTimeoutMs } = options;
  return http.createServer({ requestTimeout: 0, ...headTimeout(headTimeoutMs) }, (request, response) => {
    // A page that rebinds its name to 127.0.0.1 sends its own name as Host.
    if (!/^(127\.0\.0\.1|localhost):\d+$/.test(request.headers.host ?? "")) {
      sendProblem(response, {
        status: 421,
        title: "Misdirected request",
        detail: "The control port answers to 127.0.0.1 only.",
      });
      return;
    }
    const given = request.headers.authorization?.match(/^Bearer (.+)$/)?.[1] ?? "";
    if (!timingSafeEqual(digest(given), expected)) {
      sendProblem(
        response,
        { status: 401, title: "Unauthorized", detail: "Send the token: Authorization: Bearer <token>." },
        { "WWW-Authenticate": "Bearer" },
      );
      return;
    }
    const url = new URL(request.url ?? "/", "http://control");
    const handler =
      ROUTES[`${request.method} ${url.pathname}`] ?? (url.pathname.startsWith("/v1/kv/") ? keyValue : unknown);
    (async () => handler(options, request, response, url))().catch((error: unknown) => {
      if (error instanceof ProblemError) {
        sendProblem(response, error.problem);
        return;
      }
      options.logs.error(
        `Control ${request.method} ${url.pathname}: ${error instanceof Error ? error.stack : String(error)}`,
      );
      sendProblem(response, { status: 500, title: "The gateway failed", detail: String(error) });
    });
  });
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

function json(response: ServerResponse, code: number, value: unknown): void {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  response.writeHead(code, { "Content-Type": "application/json", "Content-Length": body.length });
  response.end(body);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw problem(413, "Content too large", `The body is over ${BODY_LIMIT} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function deploy(options: ControlOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const deployment = readDeployment((await bodyOf(request)).toString("utf8"));
  if (typeof deployment === "string") throw problem(400, "Not a deployment", deployment);
  try {
    json(response, 200, await options.reload.deploy(deployment));
  } catch (error) {
    if (!(error instanceof DeployFailed)) throw error;
    json(response, 422, { errors: error.errors });
  }
}

/** Workers as people read them; what else runs says so itself. */
function workerRuns(workers: Deployment["workers"]): { what: string; name: string; state: string }[] {
  return workers.map(({ name, deployment }) => {
    const shares = deployment.map(({ version_id, percentage }) => `${version_id.slice(0, 8)} ${percentage} %`);
    return { what: "Worker", name, state: shares.join(", ") || "not deployed" };
  });
}

function status(options: ControlOptions, _request: IncomingMessage, response: ServerResponse): void {
  const { reload, started } = options;
  const { serving } = reload;
  json(response, 200, {
    generation: serving?.generation ?? 0,
    stack: serving?.deployment.stack ?? null,
    workers: (serving?.deployment.workers ?? []).map((worker) => ({
      name: worker.name,
      versions: worker.versions.map((version) => version.id),
      deployment: worker.deployment,
    })),
    cloudfront: serving?.front?.cloudfront.stats() ?? null,
    runs: [...workerRuns(serving?.deployment.workers ?? []), ...(serving?.front?.cloudfront.runs() ?? [])],
    urls: (serving?.router.hosts() ?? []).map((host) => ({ ...host, url: options.edgeUrl() })),
    uptime_s: Math.round((Date.now() - started.getTime()) / 100) / 10,
    since: started.toISOString(),
    runtime: serving?.instance.runtime ?? null,
    last_error: reload.lastErrors ?? null,
  });
}

function logEntries(options: ControlOptions, _request: IncomingMessage, response: ServerResponse, url: URL): void {
  const number = (name: string, otherwise: number): number => {
    const text = url.searchParams.get(name);
    if (text === null) return otherwise;
    if (!/^\d{1,15}$/.test(text))
      throw problem(400, "Bad query", `${name} is ${JSON.stringify(text)}: give a whole number, 0 or more.`);
    return Number(text);
  };
  json(response, 200, {
    entries: options.logs.after(number("after", 0), number("limit", 1000)),
    last: options.logs.lastSeq,
  });
}

/** `/v1/kv/{namespaceId}/values/{key}` and `/v1/kv/{namespaceId}/keys?prefix=&limit=&cursor=`. */
async function keyValue(
  options: ControlOptions,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const found = url.pathname.match(/^\/v1\/kv\/([^/]+)\/(?:(keys)|values\/(.+))$/);
  const method = request.method ?? "GET";
  if (!found || !(found[2] ? ["GET"] : ["GET", "PUT", "DELETE"]).includes(method))
    return unknown(options, request, response, url);
  const namespace = decodeURIComponent(found[1] as string);
  const body = method === "PUT" ? await bodyOf(request) : undefined;
  const { instance, deployment } = await options.reload.enter();
  let answer: KvAnswer;
  try {
    if (instance.namespaceIndex(namespace) === -1) {
      const known = deployment.kv_namespaces.map(({ id, title }) => `${id} (${title})`).join(", ") || "none";
      throw problem(404, "No such namespace", `There is no KV namespace ${namespace}. Known: ${known}.`);
    }
    const rest = found[2] ? `keys${url.search}` : `values/${found[3]}${url.search}`;
    answer = await kvRequest(instance, method, namespace, rest, body);
  } finally {
    instance.busy.end();
  }
  if (answer.status === 404)
    throw problem(404, "No such key", `The namespace ${namespace} has no key ${decodeURIComponent(found[3] ?? "")}.`);
  if (answer.status === 400)
    throw problem(400, "KV refused", (JSON.parse(answer.body.toString("utf8")) as { detail: string }).detail);
  if (answer.status >= 500) throw problem(502, "KV failed", answer.body.toString("utf8"));
  response.writeHead(answer.status, {
    "Content-Type": found[2] ? "application/json" : "application/octet-stream",
    "Content-Length": answer.body.length,
    ...(answer.metadata !== undefined && { "KV-Metadata": answer.metadata }),
  });
  response.end(answer.body);
}

function unknown(_options: ControlOptions, request: IncomingMessage, response: ServerResponse, url: URL): void {
  sendProblem(response, {
    status: 404,
    title: "No such operation",
    detail: `${request.method} ${url.pathname} is not part of the control API. Known: ${Object.keys(ROUTES).join(", ")}, /v1/kv/{namespace}/values/{key}, /v1/kv/{namespace}/keys.`,
  });
}
