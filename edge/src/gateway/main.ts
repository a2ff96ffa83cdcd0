// The gateway process of the local cloud: the public edge port, a control port and workerd, in one Node process.
//
// The first line on standard input is a JSON object of options; the answer is one JSON line on standard output. When standard input closes, the
// process ends and takes workerd along. Exit codes: 0 input closed, 1 crashed, 2 bad options, 3 it could not start, 128 + n ended by signal n.

import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createControl } from "./control.js";
import { Counters } from "./counters.js";
import { closeOthers, Doors, own } from "./doors.js";
import { createEdge, HEAD_TIMEOUT_MS } from "./edge.js";
import { FrontCaches } from "./front-cache.js";
import { loadMiniflare, workerdOf } from "./instance.js";
import { Logs } from "./logs.js";
import { Outbound } from "./outbound.js";
import { Reload } from "./reload.js";
import { seededRandom } from "./versions.js";

interface Options {
  host: string;
  port: number;
  controlPort: number;
  /** KV and everything else that persists. */
  stateDir: string;
  /** Where miniflare and workerd are installed. */
  runtimeDir: string;
  logFile?: string;
  /** Makes the choice between versions repeatable. */
  seed?: number;
  /** How long (ms) the head of a request may take to arrive. */
  headTimeoutMs: number;
}

class StartFailed extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
  }
}

function say(value: object): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${JSON.stringify(value)}\n`, () => resolve()));
}

function readOptions(line: string): Options {
  let value: Partial<Options>;
  try {
    value = JSON.parse(line) as Partial<Options>;
  } catch (error) {
    throw new StartFailed("bad-options", `The first line is not JSON: ${(error as Error).message}`, 2);
  }
  const {
    host = "127.0.0.1",
    port = 8787,
    controlPort = 0,
    stateDir,
    runtimeDir = process.cwd(),
    logFile,
    seed,
    headTimeoutMs = HEAD_TIMEOUT_MS,
  } = value;
  const wrong = [
    ...Object.entries({ port, controlPort }).flatMap(([name, given]) =>
      Number.isInteger(given) && given >= 0 && given <= 65535
        ? []
        : [`${name} is ${JSON.stringify(given)}: a port from 0 to 65535`],
    ),
    ...(typeof stateDir === "string" && stateDir !== ""
      ? []
      : ["stateDir is missing: a directory that the gateway may write to"]),
  ];
  if (wrong.length > 0) throw new StartFailed("bad-options", wrong.join("; "), 2);
  return {
    host,
    port,
    controlPort,
    stateDir: stateDir as string,
    runtimeDir,
    headTimeoutMs,
    ...(logFile !== undefined && { logFile }),
    ...(seed !== undefined && { seed }),
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  own(server);
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      const message = taken
        ? `Port ${port} on ${host} is in use. Stop what uses it, or choose another with --port.`
        : error.message;
      reject(new StartFailed(taken ? "port-in-use" : "cannot-listen", message, 3));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

async function start(options: Options): Promise<() => Promise<void>> {
  const started = new Date();
  const cacheDir = join(options.stateDir, "cache");
  rmSync(cacheDir, { recursive: true, force: true });
  mkdirSync(options.stateDir, { recursive: true, mode: 0o700 });
  closeOthers();
  const doors = new Doors(options.stateDir);
  const logs = new Logs(options.logFile);
  const counters = new Counters();
  const token = randomBytes(32).toString("base64url");
  const purgeToken = randomBytes(32).toString("base64url");
  let port = options.port;
  const fronts = new FrontCaches(logs);
  const outbound = new Outbound({
    door: doors.outbound,
    counters,
    fronts,
    active: (name) => {
      const instance = reload.serving?.instance;
      if (instance?.options.name === name) instance.progress();
    },
    ownPort: (hostname) => (reload.serving?.router.domain(hostname) === undefined ? undefined : port),
  });
  await outbound.listen();
  // workerd inherits our standard output unless told otherwise, and that is the supervisor's channel: nothing else may print there.
  let miniflare: ReturnType<typeof loadMiniflare>;
  let workerd: string;
  try {
    miniflare = loadMiniflare(options.runtimeDir);
    workerd = workerdOf(options.runtimeDir);
  } catch (error) {
    throw new StartFailed(
      "runtime-missing",
      `miniflare cannot be loaded from ${options.runtimeDir}: ${(error as Error).message}`,
      3,
    );
  }
  const reload: Reload = new Reload({
    miniflare,
    workerd,
    doors,
    stateDir: options.stateDir,
    cacheDir,
    outbound,
    logs,
    counters,
    purgeToken,
  });
  const random = options.seed === undefined ? Math.random : seededRandom(options.seed);
  const edge = createEdge({ reload, counters, logs, random, fronts, headTimeoutMs: options.headTimeoutMs });
  const control = createControl({
    token,
    reload,
    counters,
    logs,
    started,
    fronts,
    purgeToken,
    headTimeoutMs: options.headTimeoutMs,
    edgeUrl: () => `http://${options.host}:${port}`,
  });
  port = await listen(edge, options.host, options.port);
  const controlPort = await listen(control, "127.0.0.1", options.controlPort);
  await say({ port, controlPort, token, pid: process.pid });
  return async () => {
    for (const server of [edge, control]) {
      server.close();
      server.closeAllConnections();
    }
    await reload.close();
    outbound.close();
    doors.remove();
    await logs.close();
  };
}

let stop: (() => Promise<void>) | undefined;
let stopping = false;

async function end(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  setTimeout(() => process.exit(code), 5_000).unref();
  await stop?.().catch(() => {});
  process.exit(code); // miniflare's exit hook kills whatever workerd is left.
}

// The usual exit codes of a signal, which miniflare's own exit hook gives too.
for (const [signal, number] of [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGTERM", 15],
] as const)
  process.on(signal, () => void end(128 + number));
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    console.error("The gateway crashed:", error);
    void end(1);
  });
}

const input = createInterface({ input: process.stdin });
input.on("close", () => void end(0));
input.once("line", (line) => {
  void (async () => {
    try {
      stop = await start(readOptions(line));
    } catch (error) {
      const known = error instanceof StartFailed ? error : new StartFailed("cannot-start", String(error), 3);
      await say({ error: { code: known.code, message: known.message } });
      await end(known.exitCode);
    }
  })();
});
