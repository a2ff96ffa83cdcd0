// One deployment in a workerd of its own, which is started again for as long as it is wanted, whatever ends it.

import { mkdirSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type * as MiniflareModule from "miniflare";
import type { Miniflare, MiniflareOptions, WorkerOptions } from "miniflare";
import { Busy } from "./busy.js";
import { DeployFailed, fault, startupErrors, unexplained } from "./diagnostics.js";
import type { Doors } from "./doors.js";
import { ENTRY_MODULE, MARK, unmark } from "./entry.js";
import { ALIVE, CONTROL_WORKER } from "./kv.js";
import type { LogEntry, Logs } from "./logs.js";
import { type ProblemError, problem } from "./problem.js";
import { serviceName } from "./service-name.js";
import type { SourceMaps } from "./source-maps.js";
import { DATA_KIB, type Flight, type Over, Watchdog, watchStart } from "./watchdog.js";

/** miniflare is not bundled: it comes from the runtime directory, where a lock file pins it. */
export function loadMiniflare(runtimeDir: string): typeof MiniflareModule {
  return createRequire(join(runtimeDir, "package.json"))("miniflare") as typeof MiniflareModule;
}

/** The program that miniflare would start. */
export function workerdOf(runtimeDir: string): string {
  const miniflare = createRequire(join(runtimeDir, "package.json")).resolve("miniflare");
  return (createRequire(miniflare)("workerd") as { default: string }).default;
}

export interface InstanceOptions {
  /** Tells this workerd's outbound requests from another's. */
  name: string;
  miniflare: typeof MiniflareModule;
  workerd: string;
  doors: Doors;
  workers: WorkerOptions[];
  /** KV, R2, D1 and Durable Objects live here and outlive instances. */
  stateDir: string;
  /** The Cache API's store: outlives instances, as a data centre's cache outlives deployments, but not the gateway. Gap `cache-api`. */
  cacheDir: string;
  logs: Logs;
  /** The namespaces that the control Worker is bound to, in order. */
  namespaces: readonly string[];
  maps: SourceMaps;
  /** How long a start may take; by default START_MS. */
  startMs?: number;
}

const LEVELS = new Set(["debug", "log", "info", "warn", "error"]);

/** How long a request waits for a workerd that starts again. */
const AVAILABLE_MS = 10_000;
/** Between attempts to start: at first, and at most. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** How long a start may take on a machine that is busy: who waits longer waits for ever. */
const START_MS = 120_000;
/** How long miniflare may take to notice that its workerd is gone, and to clear away. */
const NOTICE_MS = 5_000;

/** miniflare may wait for ever for a workerd whose end it has missed: whoever starts the next one does not. */
async function disposed(miniflare: Miniflare): Promise<void> {
  const late = new AbortController();
  const waited = delay(NOTICE_MS, undefined, { signal: late.signal }).catch(() => {});
  await Promise.race([miniflare.dispose().catch(() => {}), waited]); // It rejects with what its start did.
  late.abort();
}

/** Ends a process, if it is there yet. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** What `status` says of the runtime. */
export interface RuntimeState {
  state: "running" | "restarting";
  /** How often it was started again. */
  restarts: number;
  /** What ended it last. */
  reason: string | null;
}

export class Instance {
  /** Requests that a client waits for (not WebSockets, which a deployment may close). */
  readonly busy = new Busy();
  readonly #directory: string;
  #miniflare: Miniflare | undefined;
  #watchdog: Watchdog | undefined;
  readonly #flights = new Set<Flight>();
  /** Counts workerds: what was asked of an earlier one is lost. */
  #life = 0;
  /** The last workerd whose output has ended: it is gone, whenever that was. */
  #gone = 0;
  #disposed = false;
  /** The workerds that were ended for going over a limit. */
  readonly #limited = new Set<number>();
  #startup: string[] = [];
  #started = false;
  /** Kept while there is a workerd to ask; else kept when there is one again. */
  #up: Promise<void> = Promise.resolve();
  #runtime: RuntimeState = { state: "running", restarts: 0, reason: null };
  /** Uncaught exceptions that a Worker's entry module told of, until workerd tells of them too. */
  #reported: string[] = [];

  private constructor(readonly options: InstanceOptions) {
    this.#directory = join(options.doors.directory, options.name);
    mkdirSync(this.#directory, { mode: 0o700 });
  }

  /** Starts workerd; raises DeployFailed, with nothing left running, when a Worker cannot start. */
  static async start(options: InstanceOptions): Promise<Instance> {
    const instance = new Instance(options);
    try {
      await instance.#boot();
    } catch (error) {
      await instance.dispose();
      throw error;
    }
    instance.#started = true;
    instance.#checkAlive();
    for (const message of instance.#startup) instance.runtimeMessage({ level: "warn", message });
    return instance;
  }

  async #boot(): Promise<void> {
    const { stateDir, cacheDir, workers, doors } = this.options;
    const life = ++this.#life;
    this.#startup = [];
    let ended = (): void => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const shared = {
      host: "127.0.0.1",
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      logRequests: false,
      log: new this.options.miniflare.NoOpLog(),
      defaultPersistRoot: stateDir,
      // Writes are visible at once, to all: gap `kv-consistency`.
      kvPersist: true,
      r2Persist: true,
      d1Persist: true,
      durableObjectsPersist: true,
      cachePersist: cacheDir,
      structuredWorkerdLogs: true,
      unsafeRuntimeEnv: {
        EDGEWRIGHT_DOORS: this.#directory,
        EDGEWRIGHT_WORKERD: this.options.workerd,
        EDGEWRIGHT_DATA_KIB: String(DATA_KIB),
      },
      handleRuntimeStdio: (out: Readable, err: Readable): void => {
        for (const stream of [out, err]) {
          createInterface({ input: stream }).on("line", (line) => {
            if (this.#life === life) this.runtimeLine(line);
          });
        }
        // Its output ends with it, which may be while it is still taken for starting.
        out.once("end", () => {
          this.#gone = life;
          ended();
          this.#ended(life, "ended unexpectedly");
        });
      },
    };
    const withDoors = workers.map((worker, index) => ({
      ...worker,
      unsafeDirectSockets: [{ host: `unix:${join(this.#directory, String(index))}`, port: 0 }],
    }));
    // An earlier workerd's: that of this one is not known until its launcher has written it down.
    rmSync(join(this.#directory, "pid"), { force: true });
    // Read by miniflare as it starts workerd; it has no option for it.
    process.env.MINIFLARE_WORKERD_PATH = doors.launcher;
    const miniflare = new this.options.miniflare.Miniflare({
      ...shared,
      workers: withDoors,
    } as unknown as MiniflareOptions);
    this.#miniflare = miniflare;
    const unnoticed = end
      .then(() => delay(NOTICE_MS, undefined, { ref: false }))
      .then(() => Promise.reject(new Error("it ended while it started")));
    unnoticed.catch(() => {}); // Nobody waits for it any more where miniflare was first.
    const start = watchStart(() => this.#pid());
    const late = new AbortController();
    const { startMs = START_MS } = this.options;
    const overdue = delay(startMs, undefined, { signal: late.signal }).then(() => {
      const pid = this.#pid();
      if (pid !== undefined) kill(pid); // Nobody else may get to it.
      const which = pid === undefined ? "miniflare has not started workerd" : "workerd was not ready";
      throw new Error(`${which} after ${startMs / 1000} s`);
    });
    overdue.catch(() => {}); // Aborted where it was ready in time.
    try {
      // It tells why a start failed, and may wait for ever: for one that is gone, or before there is one.
      await Promise.race([miniflare.ready, unnoticed, overdue]);
    } catch (error) {
      this.#miniflare = undefined;
      await disposed(miniflare);
      const over = start.over();
      if (over !== undefined) throw new DeployFailed([fault(over)]);
      const errors = startupErrors(this.#startup, ENTRY_MODULE, this.options.maps);
      throw new DeployFailed(errors.length > 0 ? errors : unexplained(this.#startup, error));
    } finally {
      start.stop();
      late.abort();
    }
    const pid = this.#pid();
    if (pid === undefined || life !== this.#life) return;
    this.#watchdog = new Watchdog({
      pid,
      flights: this.#flights,
      workers: workers.length,
      ask: () => this.#ask(),
      over: (over, flight) => this.#over(life, over, flight),
      warn: ({ message, ...origin }) => this.options.logs.add({ level: "warn", source: "runtime", message, ...origin }),
    });
  }

  /** workerd's process id, which its launcher writes down. */
  #pid(): number | undefined {
    try {
      return Number(readFileSync(join(this.#directory, "pid"), "utf8")) || undefined;
    } catch {
      return undefined;
    }
  }

  /** Any answer of workerd's. */
  #ask(): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = http.request({ socketPath: this.controlSocket, path: ALIVE, agent: false }, (answer) => {
        answer.resume();
        answer.on("end", resolve).on("error", reject);
      });
      request.on("error", reject).end();
    });
  }

  #over(life: number, over: Over, flight: Flight | undefined): void {
    const what = flight === undefined ? "Work behind no request" : flight.what;
    this.options.logs.add({
      level: "error",
      source: "runtime",
      message:
        `${what} ${over.text}. The Workers runtime was ended and starts again; the platform ends the request alone, with` +
        " error 1102.",
      ...(flight && { worker: flight.worker, version: flight.version }),
    });
    this.#limited.add(life);
    this.#ended(life, `was ended, because ${what} ${over.text}`);
  }

  /** A workerd is gone, or is to go: there will be another. */
  #ended(life: number, reason: string): void {
    if (life !== this.#life || this.#disposed || !this.#started || this.#runtime.state === "restarting") return;
    this.#runtime = { state: "restarting", restarts: this.#runtime.restarts + 1, reason };
    this.options.logs.error(`The Workers runtime ${reason}; it is started again`);
    this.#up = this.#again(performance.now());
  }

  async #again(began: number): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      this.#watchdog?.stop();
      if (this.#miniflare !== undefined) await disposed(this.#miniflare);
      if (this.#disposed) return;
      try {
        await this.#boot();
        break;
      } catch (error) {
        const why = error instanceof Error ? firstLine(error.message) : String(error);
        this.#runtime = { ...this.#runtime, reason: `does not start: ${why}` };
        this.options.logs.error(`The Workers runtime does not start: ${why}; it is tried again in ${pause} ms`);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
    this.#runtime = { ...this.#runtime, state: "running" };
    this.options.logs.info(`The Workers runtime serves again after ${Math.round(performance.now() - began)} ms`);
    this.#checkAlive();
  }

  /** Another one follows where this one ended while it was taken for starting. */
  #checkAlive(): void {
    if (this.#gone === this.#life) this.#ended(this.#life, "ended unexpectedly");
  }

  get runtime(): RuntimeState {
    return this.#runtime;
  }

  get life(): number {
    return this.#life;
  }

  endedForLimit(life: number): boolean {
    return this.#limited.has(life);
  }

  /** Waits for a workerd that starts again; raises a 503 problem where that takes too long. */
  async available(): Promise<void> {
    const end = performance.now() + AVAILABLE_MS;
    while (this.#runtime.state === "restarting") {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<"late">((resolve) => {
        timer = setTimeout(() => resolve("late"), Math.max(0, end - performance.now()));
      });
      const first = await Promise.race([this.#up, late]);
      clearTimeout(timer);
      if (first === "late" || this.#disposed) throw this.unavailable();
    }
  }

  /** What a request is told that workerd can no longer answer, or not yet. */
  unavailable(): ProblemError {
    const { reason } = this.#runtime;
    const detail = `The Workers runtime ${reason ?? "is gone"}; it is started again. Try again.`;
    return problem(503, "The Workers runtime starts again", detail);
  }

  /** A request goes to a Worker. The caller calls `land`. */
  takeOff(flight: Flight): void {
    if (this.#watchdog === undefined) this.#flights.add(flight);
    else this.#watchdog.begin(flight);
  }

  /** A Worker has said something, in answer to a request (or by itself). */
  progress(flight?: Flight): void {
    this.#watchdog?.progress(flight?.begun);
  }

  land(flight: Flight): void {
    this.#watchdog?.end(flight);
    this.#flights.delete(flight);
  }

  /** workerd's door to a Worker version. */
  socket(service: string): string {
    const index = this.options.workers.findIndex(({ name }) => name === service);
    if (index === -1) throw new Error(`No socket for ${service}`);
    // As miniflare writes an address: with a port.
    return join(this.#directory, `${index}:0`);
  }

  namespaceIndex(id: string): number {
    return this.options.namespaces.indexOf(id);
  }

  get controlSocket(): string {
    return this.socket(CONTROL_WORKER);
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#life++;
    this.#watchdog?.stop();
    await this.#miniflare?.dispose().catch((error: unknown) => {
      this.options.logs.warn(`workerd's end: ${String(error)}`);
    });
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** One line of workerd's output: JSON, or whatever a crash prints. */
  private runtimeLine(line: string): void {
    let parsed: { level?: unknown; message?: unknown };
    try {
      parsed = JSON.parse(line) as typeof parsed;
    } catch {
      parsed = { level: "error", message: line };
    }
    const message = String(parsed.message ?? line);
    const level = LEVELS.has(String(parsed.level)) ? (String(parsed.level) as LogEntry["level"]) : "error";
    // A Worker's own print is logged as it comes; workerd's words before it is ready may explain why it is not.
    if (!this.#started && !message.startsWith(MARK)) this.#startup.push(message);
    else this.runtimeMessage({ level, message });
  }

  private runtimeMessage(line: { level: LogEntry["level"]; message: string }): void {
    const { message, uncaught, ...origin } = unmark(line.message.replaceAll("file:///", ""));
    if (origin.worker !== undefined) {
      if (uncaught) this.#reported = [...this.#reported.slice(-99), firstLine(message.slice("Uncaught ".length))];
      const mapped = this.options.maps.text(serviceName(origin.worker, origin.version ?? ""), message);
      this.options.logs.add({ level: line.level, source: "worker", message: mapped, ...origin });
      return;
    }
    // What the client gets for it is workerd's: gap `error-pages`.
    const exception = message.match(/remote\.jsg\.(\w+: [\s\S]*?)(?:\nstack: [\s\S]*)?$/);
    if (exception) {
      const told = firstLine(exception[1] as string);
      const known = this.#reported.findIndex((text) => text === told || `Error: ${text}` === told);
      if (known !== -1) {
        this.#reported.splice(known, 1);
        return;
      }
    }
    const clean = exception ? `Uncaught ${exception[1]}` : message.replace(/\nstack: [\s\S]*$/, "");
    this.options.logs.add({ level: line.level, source: "runtime", message: clean });
  }
}

const firstLine = (text: string): string => text.split("\n", 1)[0] as string;
