// Runs CloudFront Functions: each in a realm of its own in a thread of its own, with nothing of Node in it.

import { Worker } from "node:worker_threads";
import { EdgeError } from "./error-page.js";
import { FUNCTION_BOOTSTRAP } from "./functions-bootstrap.js";
import { runnable } from "./functions-code.js";
import { REALM } from "./functions-engine.js";
import type { FunctionEvent } from "./functions-event.js";
import type { Life } from "./lambda-runner.js";
import { guardMemory } from "./memory-guard.js";
import type { CloudFrontFunction, KeyValueStore } from "./model.js";
import type { Deps } from "./types.js";

/**
 * Milliseconds of wall time after which a run is stopped. CloudFront's own limit is in CPU time and not published; a
 * laptop's pauses must not fail a function, so this is far above it (gap `aws-function-time`).
 */
const TIME_LIMIT_MS = 1000;

/** Milliseconds that a new thread may take to make the realm. */
const START_LIMIT_MS = 10_000;

/** Megabytes of a thread's heap. CloudFront's 2 MB are less than an empty V8 realm (gap `aws-function-memory`). */
const HEAP_MB = 32;

const NOT_RUN = "The CloudFront function associated with the CloudFront distribution is invalid or could not run.";

interface Outcome {
  text?: string;
  error?: string;
  ms?: number;
}

type Message = Outcome & { log?: string; ready?: boolean };

interface Run {
  text: string;
  settle(outcome: Outcome): void;
}

export class FunctionRunner {
  invocations = 0;
  errors = 0;
  /** Milliseconds of wall time of the last run, inside its thread. */
  lastMs = 0;
  life: Life = { state: "running", restarts: 0, reason: null };
  #worker: Worker | undefined;
  #ready = false;
  #queue: Run[] = [];
  #current: { run: Run; timer: NodeJS.Timeout; unguard: () => void } | undefined;
  #stopped = false;

  constructor(
    readonly fn: CloudFrontFunction,
    private readonly stores: readonly KeyValueStore[],
    private readonly deps: Deps,
  ) {
    // Started ahead of the first request: the real ones start in less than a millisecond.
    this.#start();
  }

  /** Runs the function and returns what it answered, parsed. Throws an EdgeError where it failed. */
  async invoke(event: FunctionEvent): Promise<unknown> {
    this.invocations++;
    const outcome = await new Promise<Outcome>((settle) => {
      this.#queue.push({ text: JSON.stringify(event), settle });
      this.#next();
    });
    this.lastMs = outcome.ms ?? this.lastMs;
    if (outcome.text !== undefined && outcome.error === undefined) return JSON.parse(outcome.text);
    this.errors++;
    const detail = outcome.error ?? "it answered nothing";
    this.deps.log?.({ level: "error", message: detail, subject: `function ${this.fn.name}` });
    throw new EdgeError(503, NOT_RUN, "FunctionExecutionError", `${this.fn.name}: ${detail}`);
  }

  /** Sends the thread its next run. It gets one at a time, so that a run that hangs is told from those behind it. */
  #next(): void {
    if (this.#current !== undefined || this.#stopped || this.#queue.length === 0) return;
    const worker = this.#worker ?? this.#start();
    worker.ref();
    if (!this.#ready) return;
    const run = this.#queue.shift() as Run;
    const timer = setTimeout(() => this.#expire(worker, `it ran for more than ${TIME_LIMIT_MS} ms`), TIME_LIMIT_MS);
    const unguard = guardMemory(HEAP_MB, () => this.#expire(worker, `it used more than ${HEAP_MB} MB of memory`));
    this.#current = { run, timer, unguard };
    worker.postMessage({ text: run.text, now: (this.deps.now ?? Date.now)() });
  }

  #expire(worker: Worker, error: string): void {
    this.#worker = undefined;
    this.#lost(error);
    void worker.terminate();
    this.#settle({ error });
  }

  /** The next run starts another thread. */
  #lost(reason: string): void {
    this.life = { state: "restarting", restarts: this.life.restarts + 1, reason };
  }

  #settle(outcome: Outcome): void {
    const current = this.#current;
    if (current === undefined) return;
    clearTimeout(current.timer);
    current.unguard();
    this.#current = undefined;
    this.#worker?.unref();
    current.run.settle(outcome);
    this.#next();
  }

  #start(): Worker {
    const { fn, deps } = this;
    this.#ready = false;
    const worker = new Worker(FUNCTION_BOOTSTRAP, {
      eval: true,
      name: `function ${fn.name}`,
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      workerData: {
        name: fn.name,
        code: runnable(fn),
        realm: REALM,
        stores: this.#storesText(),
        runtime2: fn.runtime === "cloudfront-js-2.0",
      },
    });
    const starting = setTimeout(() => ended(new Error(`it did not start within ${START_LIMIT_MS} ms`)), START_LIMIT_MS);
    starting.unref();
    worker.on("message", ({ log, ready, ...outcome }: Message) => {
      if (this.#worker !== worker) return;
      if (ready) {
        clearTimeout(starting);
        this.#ready = true;
        this.life = { ...this.life, state: "running" };
        this.#next();
      } else if (log === undefined) this.#settle(outcome);
      else deps.log?.({ level: "info", message: log, subject: `function ${fn.name}` });
    });
    const ended = (error: Error): void => {
      clearTimeout(starting);
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      void worker.terminate();
      // A thread that does not start fails everything that waits for it, so that starting anew is not tried for ever.
      if (!this.#ready) for (const run of this.#queue.splice(0)) run.settle({ error: error.message });
      const memory = (error as { code?: string }).code === "ERR_WORKER_OUT_OF_MEMORY";
      const reason = memory ? `it used more than ${HEAP_MB} MB of memory` : error.message;
      this.#lost(reason);
      this.#settle({ error: reason });
    };
    worker.on("error", ended);
    worker.on("exit", () => ended(new Error("its thread ended")));
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #storesText(): string {
    const byId: Record<string, [string, string][]> = {};
    const associated = this.stores.filter((store) => this.fn.key_value_store_associations.includes(store.arn));
    for (const store of associated) {
      const pairs = store.pairs.map(({ key, value }): [string, string] => [key, value]);
      for (const name of [store.id, store.arn, store.name]) byId[name] = pairs;
    }
    return JSON.stringify({ byId, first: associated[0]?.id, created: new Date(0).toISOString() });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const worker = this.#worker;
    this.#worker = undefined;
    for (const run of this.#queue.splice(0)) run.settle({ error: "the local cloud was stopped" });
    this.#settle({ error: "the local cloud was stopped" });
    await worker?.terminate();
  }
}
