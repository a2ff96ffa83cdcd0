// Holds what runs in workerd to the platform's limits of CPU time and memory, which workerd itself does not know (gap `cpu-limit`).
//
// All Workers of a deployment share one workerd, and its JavaScript runs on its first thread. So what is measured is that thread's CPU time and the
// process's memory, and what goes over ends the whole workerd, which then starts again.
// https://developers.cloudflare.com/workers/platform/limits/ (CPU time, memory; read November 2026)

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { WORKERS_CPU_MS, WORKERS_CPU_MS_GUARDRAIL, WORKERS_MEMORY_BYTES } from "../core/limits.gen.js";

/** Past a limit, before anything is ended: stores are played inside workerd too, and the first request compiles the code. */
const SLACK_MS = 1_000;
/** Modules may take so much CPU time to load: the platform's limit is 1 s of time, on machines that others do not use. */
const STARTUP_MS = 15_000;
/** Beside what a fresh workerd has and what each of its Workers may use: stores and their caches, garbage not yet collected. */
const MEMORY_SPARE = 384 * 1024 * 1024;
const MEMORY_MOST = 1536 * 1024 * 1024;
/** What the kernel refuses more of, in KiB: a fresh workerd has about 600 MB of it, most of it not in use. */
export const DATA_KIB = 1_850_000;
const LINUX = process.platform === "linux";
const BUSY_TICK_MS = LINUX ? 50 : 500;
const IDLE_TICK_MS = LINUX ? 250 : 2_000;
/** Between two warnings about one version. */
const WARN_EVERY_MS = 10_000;

export interface Usage {
  /** Of the first thread since the start, in milliseconds. */
  cpuMs: number;
  bytes: number;
}

/** What a process uses; undefined where it is gone. */
export function usage(pid: number): Usage | undefined {
  if (process.platform !== "linux") return usageByPs(pid);
  const [cpuMs, bytes] = [threadMs(pid), residentBytes(pid)];
  return cpuMs === undefined || bytes === undefined ? undefined : { cpuMs, bytes };
}

/** The CPU time of a process's first thread. */
function threadMs(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, "latin1").split(" ")[0]) / 1e6;
  } catch {
    return undefined;
  }
}

/** Where there is no /proc: of all threads together, and only as often as it can be afforded. */
function usageByPs(pid: number): Usage | undefined {
  try {
    const [time = "", kib = ""] = execFileSync("ps", ["-o", "cputime=,rss=", "-p", String(pid)], { encoding: "utf8" })
      .trim()
      .split(/\s+/);
    const seconds = time.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
    return { cpuMs: seconds * 1000, bytes: Number(kib) * 1024 };
  } catch {
    return undefined;
  }
}

/** The memory that a process has in use; undefined where it is gone or this system does not say. */
export function residentBytes(pid: number): number | undefined {
  try {
    // Pages; of 4 KiB on all systems that workerd and Node.js are built for but a few, where it counts too little.
    return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * 4096;
  } catch {
    return undefined;
  }
}

/** A request that a Worker is at. */
export interface Flight {
  /** `GET http://api.example.com/products`. */
  what: string;
  worker: string;
  version: string;
  /** `limits.cpu_ms` of the version. */
  limitMs: number | null;
  /** CPU time while nothing else was under way. */
  cpuMs: number;
  /** Nothing else was ever under way beside it. */
  alone: boolean;
  /** When it was sent, by `performance.now()`. */
  begun: number;
  /** Set where it is what went over a limit. */
  over?: Over;
}

export interface Over {
  limit: "cpu" | "memory";
  /** As a sentence's end: `used more than 50 ms of CPU time`. */
  text: string;
}

export interface Warned {
  worker: string;
  version: string;
  message: string;
}

export interface WatchdogOptions {
  pid: number;
  /** Requests under way, which may wait for this workerd since before it started. */
  flights: Set<Flight>;
  workers: number;
  /** Asks workerd for any answer; kept when it came. */
  ask: () => Promise<void>;
  /** Called once, when something is to be ended. `flight` is what most likely did it. */
  over: (over: Over, flight: Flight | undefined) => void;
  warn: (warned: Warned) => void;
}

export class Watchdog {
  readonly #flights: Set<Flight>;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #cpuMs = 0;
  readonly #most: number;
  /** While a question is open: when workerd was last seen to be free, or was asked, and its CPU time then. */
  #asked: { cpuMs: number; at: number } | undefined;
  /** When that was, by `performance.now()`. */
  #freeAt = performance.now();
  #last: Flight | undefined;
  readonly #warm = new Set<string>();
  readonly #warnedAt = new Map<string, number>();

  constructor(private readonly options: WatchdogOptions) {
    this.#flights = options.flights;
    for (const flight of this.#flights) flight.cpuMs = 0;
    const fresh = usage(options.pid);
    this.#cpuMs = fresh?.cpuMs ?? 0;
    const allowed = (fresh?.bytes ?? 0) + options.workers * WORKERS_MEMORY_BYTES + MEMORY_SPARE;
    this.#most = Math.min(allowed, MEMORY_MOST);
    this.#tick();
  }

  begin(flight: Flight): void {
    this.#credit(this.#now());
    this.#flights.add(flight);
    if (this.#flights.size > 1) for (const each of this.#flights) each.alone = false;
    // Not at once: the request is not sent yet.
    if (this.#flights.size === 1) this.#wait();
  }

  end(flight: Flight): void {
    this.#credit(this.#now());
    this.progress(flight.begun);
    this.#flights.delete(flight);
    this.#last = flight;
    this.#warn(flight);
  }

  /**
   * workerd has done something that only a free thread does.
   *
   * @param since a moment that it was free after: what was sent later may be what keeps it now.
   */
  progress(since = performance.now()): void {
    this.#freeAt = Math.max(this.#freeAt, since);
    if (this.#asked !== undefined) this.#asked = { cpuMs: this.#now() ?? this.#cpuMs, at: performance.now() };
  }

  /** The CPU time now, where it costs little to know. */
  #now(): number | undefined {
    return LINUX ? threadMs(this.options.pid) : undefined;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #credit(cpuMs: number | undefined): void {
    if (cpuMs === undefined) return;
    const [only] = this.#flights;
    if (only !== undefined && this.#flights.size === 1) only.cpuMs += cpuMs - this.#cpuMs;
    this.#cpuMs = cpuMs;
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.#tick(), this.#flights.size > 0 ? BUSY_TICK_MS : IDLE_TICK_MS).unref();
  }

  #tick(): void {
    this.#wait();
    if (this.#stopped) return;
    const used = usage(this.options.pid);
    if (used === undefined) return;
    const before = this.#cpuMs;
    this.#credit(used.cpuMs);
    if (used.bytes > this.#most) {
      const text = `made the Workers runtime use ${mib(used.bytes)} MB of memory; a Worker has ${mib(WORKERS_MEMORY_BYTES)}`;
      this.#end({ limit: "memory", text }, this.#suspect());
      return;
    }
    for (const flight of this.#flights) {
      if (flight.cpuMs > limitOf(flight) + SLACK_MS) {
        this.#end(cpuOver(flight), flight);
        return;
      }
    }
    if (this.#asked === undefined) {
      // An idle workerd is not asked.
      if (used.cpuMs - before > 1) this.#ask(used.cpuMs);
      return;
    }
    const suspect = this.#suspect();
    if (used.cpuMs - this.#asked.cpuMs > limitOf(suspect) + SLACK_MS) this.#end(cpuOver(suspect), suspect);
  }

  #ask(cpuMs: number): void {
    this.#asked = { cpuMs, at: performance.now() };
    const sent = performance.now();
    const answered = (): void => {
      this.progress(sent);
      this.#asked = undefined;
    };
    this.options.ask().then(answered, () => {
      this.#asked = undefined;
    });
  }

  /**
   * What most likely keeps the thread. Nothing that came after a question which has no answer yet; of the others the first that was sent after
   * the thread was last seen to be free; else the last, which went on only now; else what goes on behind the last answer.
   */
  #suspect(): Flight | undefined {
    const before = this.#asked?.at ?? Number.POSITIVE_INFINITY;
    const flights = [...this.#flights].filter(({ begun }) => begun <= before);
    return flights.find(({ begun }) => begun >= this.#freeAt) ?? flights.at(-1) ?? this.#last;
  }

  #end(over: Over, flight: Flight | undefined): void {
    this.stop();
    if (flight !== undefined && this.#flights.has(flight)) flight.over = over;
    this.options.over(over, flight);
  }

  /** Says where a request took more than it may, and is let go on: measured where nothing else was under way. */
  #warn(flight: Flight): void {
    const version = `${flight.worker}@${flight.version}`;
    // The first one compiles the code.
    const warm = this.#warm.has(version);
    this.#warm.add(version);
    const most = flight.limitMs ?? WORKERS_CPU_MS_GUARDRAIL;
    if (!warm || !flight.alone || flight.cpuMs <= most || flight.over !== undefined) return;
    if (performance.now() - (this.#warnedAt.get(version) ?? Number.NEGATIVE_INFINITY) < WARN_EVERY_MS) return;
    this.#warnedAt.set(version, performance.now());
    const what =
      flight.limitMs === null
        ? `the guardrail of ${most} ms`
        : `its limit of ${most} ms (limits.cpu_ms), where the platform ends a request with error 1102`;
    this.options.warn({
      worker: flight.worker,
      version: flight.version,
      message: `${flight.what} took about ${Math.round(flight.cpuMs)} ms of CPU time: more than ${what}`,
    });
  }
}

const limitOf = (flight: Flight | undefined): number => flight?.limitMs ?? WORKERS_CPU_MS;

function cpuOver(flight: Flight | undefined): Over {
  const where = flight?.limitMs == null ? "the platform's default" : "limits.cpu_ms";
  return { limit: "cpu", text: `used more than ${limitOf(flight)} ms of CPU time (${where})` };
}

const mib = (bytes: number): number => Math.round(bytes / 1024 / 1024);

/** Ends a workerd whose modules do not load; gives why, once it has done so. */
export function watchStart(pid: () => number | undefined): { stop: () => void; over: () => string | undefined } {
  let over: string | undefined;
  const timer = setInterval(() => {
    const id = pid();
    const used = id === undefined ? undefined : usage(id);
    if (id === undefined || used === undefined || over !== undefined) return;
    if (used.cpuMs > STARTUP_MS)
      over = `Loading the modules took more than ${STARTUP_MS / 1000} s of CPU time; the platform allows 1 s. Do the work in a handler, or before the deployment.`;
    else if (used.bytes > MEMORY_MOST)
      over = `Loading the modules took ${mib(used.bytes)} MB of memory; a Worker has ${mib(WORKERS_MEMORY_BYTES)}.`;
    if (over !== undefined) process.kill(id, "SIGKILL");
  }, BUSY_TICK_MS);
  return { stop: () => clearInterval(timer), over: () => over };
}
