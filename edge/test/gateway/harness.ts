// Starts the gateway as its users do: a bundled process, options on standard input, everything else over HTTP.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import type { Binding, Deployment, Worker } from "./types.js";

export const edgeDir = join(import.meta.dirname, "../..");

let bundled: Promise<string> | undefined;

/** The gateway's bundle, of the sources as they are. */
export function bundle(): Promise<string> {
  bundled ??= (async () => {
    const directory = mkdtempSync(join(tmpdir(), "edgewright-bundle-"));
    process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
    const outfile = join(directory, "gateway.mjs");
    await build({
      entryPoints: [join(edgeDir, "src/gateway/main.ts")],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node22",
      external: ["miniflare", "workerd", "esbuild"],
      logLevel: "warning",
    });
    return outfile;
  })();
  return bundled;
}

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came.
  json: any;
}

export interface RequestOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** One request without anything between: no redirects followed, any header allowed. */
export function request(port: number, path: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = http.request(
      { host: "127.0.0.1", port, path, method: options.method ?? "GET", headers: options.headers ?? {}, agent: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          let json: unknown;
          try {
            json = JSON.parse(text);
          } catch {
            json = undefined;
          }
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(options.body);
  });
}

export interface Gateway {
  port: number;
  controlPort: number;
  token: string;
  pid: number;
  stateDir: string;
  child: ChildProcess;
  stderr: () => string;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  request(path: string, options?: RequestOptions): Promise<Answer>;
  control(method: string, path: string, body?: unknown): Promise<Answer>;
  deploy(deployment: Partial<Deployment>): Promise<Answer>;
  /** Closes standard input and waits for the end; gives the exit code. */
  stop(): Promise<number | null>;
}

export interface StartOptions {
  stateDir?: string;
  port?: number;
  seed?: number;
  logFile?: string;
  headTimeoutMs?: number;
}

export interface Started {
  child: ChildProcess;
  line: Record<string, unknown>;
  stderr: () => string;
}

/** Starts the process and reads its one line. */
export async function spawnGateway(options: object): Promise<Started> {
  const child = spawn(process.execPath, [await bundle()], { cwd: edgeDir, stdio: ["pipe", "pipe", "pipe"] });
  let errors = "";
  child.stderr?.on("data", (chunk) => {
    errors += chunk;
  });
  child.stdin?.on("error", () => {});
  child.stdin?.write(`${JSON.stringify(options)}\n`);
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once("line", resolve);
    child.once("exit", (code) => setTimeout(() => reject(new Error(`The gateway ended with ${code}: ${errors}`)), 50));
  });
  return { child, line: JSON.parse(line) as Record<string, unknown>, stderr: () => errors };
}

export async function startGateway(options: StartOptions = {}): Promise<Gateway> {
  const own = options.stateDir === undefined;
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), "edgewright-state-"));
  const { child, line, stderr } = await spawnGateway({
    host: "127.0.0.1",
    port: options.port ?? 0,
    controlPort: 0,
    stateDir,
    runtimeDir: edgeDir,
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.headTimeoutMs !== undefined && { headTimeoutMs: options.headTimeoutMs }),
    ...(options.logFile !== undefined && { logFile: options.logFile }),
  });
  if (line.error) throw new Error(JSON.stringify(line.error));
  const { port, controlPort, token, pid } = line as { port: number; controlPort: number; token: string; pid: number };
  const gateway: Gateway = {
    port,
    controlPort,
    token,
    pid,
    stateDir,
    child,
    stderr,
    get: (path, headers = {}) => request(port, path, { headers }),
    request: (path, more = {}) => request(port, path, more),
    control: (method, path, body) =>
      request(controlPort, path, {
        method,
        headers: { Authorization: `Bearer ${token}` },
        ...(body !== undefined && {
          body: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
        }),
      }),
    deploy: (deployment) => gateway.control("POST", "/v1/deploy", deployment),
    stop: () =>
      new Promise((resolve) => {
        const done = (code: number | null): void => {
          if (own) rmSync(stateDir, { recursive: true, force: true });
          resolve(code);
        };
        if (child.exitCode !== null) {
          done(child.exitCode);
          return;
        }
        child.once("exit", done);
        child.stdin?.end();
      }),
  };
  return gateway;
}

export interface WorkerSource {
  name?: string;
  version?: string;
  bindings?: Binding[];
  modules?: Record<string, string | { type: string; content: string | Buffer }>;
  main?: string;
  date?: string;
  flags?: string[];
}

/** A Worker with one version of all the traffic; a string is its one module. */
export function worker(source: string | WorkerSource): Worker {
  const {
    name = "api",
    version = "v1",
    bindings = [],
    modules = {},
    main = "main.js",
    date = "2026-06-01",
    flags = [],
  } = typeof source === "string" ? { modules: { "main.js": source } } : source;
  return {
    name,
    versions: [
      {
        id: version,
        main_module: main,
        bindings,
        compatibility_date: date,
        compatibility_flags: flags,
        cpu_ms: null,
        cache_enabled: false,
        cross_version_cache: false,
        exports: {},
        modules: Object.entries(modules).map(([module, value]) => {
          const { type, content } =
            typeof value === "string" ? { type: "application/javascript+module", content: value } : value;
          return { name: module, content_type: type, content_base64: Buffer.from(content).toString("base64") };
        }),
      },
    ],
    deployment: [{ version_id: version, percentage: 100 }],
  };
}

/** A deployment of one Worker named `api` on api.example.com. */
export function deployment(source: string | WorkerSource, more: Partial<Deployment> = {}): Partial<Deployment> {
  const one = worker(source);
  return { stack: "test", workers: [one], domains: [{ hostname: "api.example.com", worker: one.name }], ...more };
}

export async function until<T>(
  what: () => Promise<T | undefined | false> | T | undefined | false,
  ms = 30_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await what();
    if (value) return value;
    if (Date.now() > end) throw new Error("It did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A server on a port of its own that treats each connection as told. */
export async function tcpServer(
  serve: (socket: Socket) => void,
): Promise<{ port: number; close: () => void; server: TcpServer }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close, server };
}

export async function httpServer(
  serve: http.RequestListener,
): Promise<{ port: number; close: () => void; server: http.Server }> {
  const server = http.createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close, server };
}
