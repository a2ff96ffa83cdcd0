// One running workerd with one deployment in it.

import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type * as MiniflareModule from "miniflare";
import type { Miniflare, MiniflareOptions, WorkerOptions } from "miniflare";
import { Busy } from "./busy.js";
import { DeployFailed, startupErrors, unexplained } from "./diagnostics.js";
import { ENTRY_MODULE, unmark } from "./entry.js";
import { CONTROL_WORKER } from "./kv.js";
import type { LogEntry, Logs } from "./logs.js";
import { serviceName } from "./service-name.js";
import type { SourceMaps } from "./source-maps.js";

/** miniflare is not bundled: it comes from the runtime directory, where a lock file pins it. */
export function loadMiniflare(runtimeDir: string): typeof MiniflareModule {
  return createRequire(join(runtimeDir, "package.json"))("miniflare") as typeof MiniflareModule;
}

export interface InstanceOptions {
  /** Tells this workerd's outbound requests from another's. */
  name: string;
  miniflare: typeof MiniflareModule;
  workers: WorkerOptions[];
  /** KV, R2, D1 and Durable Objects live here and outlive instances. */
  stateDir: string;
  /** The Cache API's store: outlives instances, as a data centre's cache outlives deployments, but not the gateway. Gap `cache-api`. */
  cacheDir: string;
  logs: Logs;
  /** The namespaces that the control Worker is bound to, in order. */
  namespaces: readonly string[];
  maps: SourceMaps;
}

const LEVELS = new Set(["debug", "log", "info", "warn", "error"]);

export class Instance {
  /** Requests that a client waits for (not WebSockets, which a deployment may close). */
  readonly busy = new Busy();
  #ports = new Map<string, number>();
  #startup: string[] = [];
  #started = false;
  /** Uncaught exceptions that a Worker's entry module told of, until workerd tells of them too. */
  #reported: string[] = [];

  private constructor(
    readonly options: InstanceOptions,
    private readonly miniflare: Miniflare,
  ) {}

  /** Starts workerd; raises DeployFailed, with nothing left running, when a Worker cannot start. */
  static async start(options: InstanceOptions): Promise<Instance> {
    const { stateDir, cacheDir } = options;
    // The constructor starts workerd, so what it calls back must find the instance when there is one.
    let instance: Instance | undefined;
    const lines: [Readable, "out" | "err"][] = [];
    const shared = {
      host: "127.0.0.1",
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      logRequests: false,
      log: new options.miniflare.NoOpLog(),
      defaultPersistRoot: stateDir,
      // Writes are visible at once, to all: gap `kv-consistency`.
      kvPersist: true,
      r2Persist: true,
      d1Persist: true,
      durableObjectsPersist: true,
      cachePersist: cacheDir,
      structuredWorkerdLogs: true,
      handleRuntimeStdio: (out: Readable, err: Readable): void => {
        lines.push([out, "out"], [err, "err"]);
        for (const stream of [out, err]) {
          createInterface({ input: stream }).on("line", (line) => instance?.runtimeLine(line));
        }
      },
      unsafeHandleRuntimeRestart: async (): Promise<void> => {
        options.logs.error("workerd stopped unexpectedly and was started again");
        await instance?.findPorts();
      },
    };
    const miniflare = new options.miniflare.Miniflare({
      ...shared,
      workers: options.workers,
    } as unknown as MiniflareOptions);
    instance = new Instance(options, miniflare);
    try {
      await miniflare.ready;
      await instance.findPorts();
    } catch (error) {
      await miniflare.dispose().catch(() => {}); // It rejects with the same error again.
      const errors = startupErrors(instance.#startup, ENTRY_MODULE, options.maps);
      throw new DeployFailed(errors.length > 0 ? errors : unexplained(instance.#startup, error));
    }
    instance.#started = true;
    for (const message of instance.#startup) instance.runtimeMessage({ level: "warn", message });
    return instance;
  }

  /** workerd's port for a Worker version. */
  port(service: string): number {
    const port = this.#ports.get(service);
    if (port === undefined) throw new Error(`No socket for ${service}`);
    return port;
  }

  /** Asks for the ports again: they change when workerd was started again. */
  async findPorts(): Promise<void> {
    for (const worker of this.options.workers) {
      const url = await this.miniflare.unsafeGetDirectURL(worker.name);
      this.#ports.set(worker.name as string, Number(url.port));
    }
  }

  namespaceIndex(id: string): number {
    return this.options.namespaces.indexOf(id);
  }

  get controlPort(): number {
    return this.port(CONTROL_WORKER);
  }

  async dispose(): Promise<void> {
    await this.miniflare.dispose().catch((error: unknown) => this.options.logs.warn(`workerd's end: ${String(error)}`));
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
    if (!this.#started && !message.startsWith("\u001e")) this.#startup.push(message);
    else this.runtimeMessage({ level, message });
  }

  private runtimeMessage(line: { level: LogEntry["level"]; message: string }): void {
    const { message, ...origin } = unmark(line.message.replaceAll("file:///", ""));
    if (origin.worker !== undefined) {
      if (message.startsWith("Uncaught "))
        this.#reported = [...this.#reported.slice(-99), firstLine(message.slice("Uncaught ".length))];
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
