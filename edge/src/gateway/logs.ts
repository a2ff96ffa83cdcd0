// What happened, newest last (gap `observability`): a ring in memory for the control API and an NDJSON file for everything else.

import { createWriteStream, type WriteStream } from "node:fs";

export interface LogEntry {
  seq: number;
  /** ISO 8601, UTC. */
  time: string;
  level: "debug" | "log" | "info" | "warn" | "error";
  /** `gateway`, `request` (one a request at the edge), `worker` (its console and uncaught exceptions), `runtime`. */
  source: "gateway" | "request" | "worker" | "runtime";
  message: string;
  method?: string;
  url?: string;
  status?: number;
  ms?: number;
  worker?: string;
  version?: string;
}

const RING = 5000;

/** The file is started anew past this size, so that a long session cannot fill a disk; the ring is not affected. */
const FILE_LIMIT = 64 * 1024 * 1024;

export class Logs {
  #entries: LogEntry[] = [];
  #seq = 0;
  #file: WriteStream | undefined;
  #written = 0;

  constructor(readonly path: string | undefined) {
    this.#open("a");
  }

  #open(flags: "a" | "w"): void {
    if (this.path === undefined) return;
    this.#file = createWriteStream(this.path, { flags, mode: 0o600 });
    this.#file.on("error", () => {
      this.#file = undefined; // A log that cannot be written must not stop what it logs.
    });
  }

  add(entry: Omit<LogEntry, "seq" | "time"> & { time?: string }): void {
    const whole: LogEntry = { seq: ++this.#seq, time: entry.time ?? new Date().toISOString(), ...entry } as LogEntry;
    this.#entries.push(whole);
    if (this.#entries.length > RING * 1.25) this.#entries = this.#entries.slice(-RING);
    if (this.#file === undefined) return;
    const line = `${JSON.stringify(whole)}\n`;
    this.#written += line.length;
    if (this.#written > FILE_LIMIT) {
      this.#written = 0;
      this.#file.end();
      this.#open("w");
    }
    this.#file?.write(line);
  }

  info(message: string): void {
    this.add({ level: "info", source: "gateway", message });
  }

  warn(message: string): void {
    this.add({ level: "warn", source: "gateway", message });
  }

  error(message: string): void {
    this.add({ level: "error", source: "gateway", message });
  }

  /** Entries after a sequence number, oldest first. */
  after(seq: number, limit: number): LogEntry[] {
    const first = this.#entries.findIndex((entry) => entry.seq > seq);
    return first === -1 ? [] : this.#entries.slice(first, first + limit);
  }

  get lastSeq(): number {
    return this.#seq;
  }

  close(): Promise<void> {
    return new Promise((resolve) => (this.#file ? this.#file.end(() => resolve()) : resolve()));
  }
}
