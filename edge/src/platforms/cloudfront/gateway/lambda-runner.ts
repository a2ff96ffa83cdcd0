// Runs one numbered version of a Lambda@Edge function, in environments that hold one invocation at a time: on this
// machine's Node.js or Python, with no role of AWS's (gap `aws-lambda-runtime`, gap `aws-lambda-limits`,
// gap `aws-lambda-role`).

import { randomUUID } from "node:crypto";
import { LAMBDA_EDGE_TIMEOUT_S } from "../../../core/limits.gen.js";
import { EdgeError } from "./error-page.js";
import type { LambdaEvent } from "./events.js";
import { startNode } from "./lambda-node.js";
import { startPython } from "./lambda-python.js";
import type { Message, Sandbox } from "./lambda-sandbox.js";
import { guardMemory } from "./memory-guard.js";
import type { LambdaVersion } from "./model.js";
import type { Deps } from "./types.js";

/** Environments of one version at most; further requests wait. A laptop is not a region. */
const MAX_ENVIRONMENTS = 8;

/** Milliseconds that a module may take to load. Source: Lambda's init phase. */
const INIT_LIMIT_MS = 10_000;

const UNAVAILABLE =
  "The Lambda function associated with the CloudFront distribution is invalid or doesn't have the required permissions.";

export interface ColdStart {
  function: string;
  version: string;
  /** From the module's import to its end, in milliseconds. */
  importMs: number;
  /** From the start of the environment to its first answer, in milliseconds. */
  firstAnswerMs: number;
}

interface Environment {
  sandbox: Sandbox;
  ready: Promise<void>;
  startedAt: number;
  importMs: number;
  answered: boolean;
  pending: { id: number; settle(message: Message): void } | undefined;
  dead: boolean;
}

function failure(errorType: string, errorMessage: string): Message {
  return { type: "error", errorType, errorMessage };
}

/** How a function's runtime does: `restarting` from an unexpected end to the next environment that is ready. */
export interface Life {
  state: "running" | "restarting";
  /** Environments that ended unexpectedly. */
  restarts: number;
  reason: string | null;
}

export class LambdaRunner {
  readonly coldStarts: ColdStart[] = [];
  life: Life = { state: "running", restarts: 0, reason: null };
  invocations = 0;
  errors = 0;
  #idle: Environment[] = [];
  #all = new Set<Environment>();
  #waiting: { resolve(environment: Environment): void; reject(error: Error): void }[] = [];
  #nextId = 0;
  #stopped = false;

  constructor(
    readonly version: LambdaVersion,
    readonly directory: string,
    private readonly deps: Deps,
  ) {}

  /** Runs the function on an event and returns what it answered, parsed. Throws an EdgeError where it failed. */
  async invoke(event: LambdaEvent): Promise<unknown> {
    this.invocations++;
    const environment = await this.#take();
    try {
      await environment.ready;
    } catch (error) {
      this.errors++;
      this.#discard(environment);
      this.#log("error", `init failed: ${(error as Error).message}`);
      throw new EdgeError(503, UNAVAILABLE, "LambdaExecutionError", (error as Error).message);
    }
    const limit = Math.min(this.version.timeout, LAMBDA_EDGE_TIMEOUT_S) * 1000;
    const message = await this.#run(environment, event, limit);
    if (message.type === "result") {
      this.#noteColdStart(environment);
      this.#release(environment);
      return JSON.parse(message.text);
    }
    this.errors++;
    const { errorType, errorMessage, trace } = message as Extract<Message, { type: "error" }>;
    if (environment.dead) this.#discard(environment);
    else {
      this.#noteColdStart(environment);
      this.#release(environment);
    }
    this.#log("error", `${errorType}: ${errorMessage}${trace ? `\n${trace}` : ""}`);
    const timedOut = errorType === "Sandbox.Timedout";
    throw new EdgeError(
      503,
      UNAVAILABLE,
      timedOut ? "LambdaLimitExceeded" : "LambdaExecutionError",
      `${errorType}: ${errorMessage}`,
    );
  }

  #run(environment: Environment, event: LambdaEvent, limit: number): Promise<Message> {
    const id = ++this.#nextId;
    return new Promise((resolve) => {
      const memory = this.version.memory_size;
      const unguard = guardMemory(memory, () => {
        environment.dead = true;
        clearTimeout(timer);
        resolve(failure("Runtime.OutOfMemory", `the function used more than its ${memory} MB of memory`));
      });
      const timer = setTimeout(() => {
        environment.dead = true;
        unguard();
        resolve(failure("Sandbox.Timedout", `Task timed out after ${(limit / 1000).toFixed(2)} seconds`));
      }, limit);
      environment.pending = {
        id,
        settle: (message) => {
          clearTimeout(timer);
          unguard();
          resolve(message);
        },
      };
      const deadline = Date.now() + limit;
      environment.sandbox.post({ id, event: JSON.stringify(event), requestId: randomUUID(), deadline });
    });
  }

  async #take(): Promise<Environment> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#all.size < MAX_ENVIRONMENTS) return this.#start();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #start(): Environment {
    const startedAt = performance.now();
    const start = this.version.runtime.startsWith("python") ? startPython : startNode;
    let settled: { resolve(): void; reject(error: Error): void } | undefined;
    const ready = new Promise<void>((resolve, reject) => {
      settled = { resolve, reject };
    });
    const limit = setTimeout(() => {
      environment.dead = true;
      settled?.reject(new Error(`INIT phase timed out after ${INIT_LIMIT_MS / 1000} seconds`));
    }, INIT_LIMIT_MS);
    // Whoever waits for it handles it; an environment that dies while idle is replaced silently.
    ready.catch(() => undefined).finally(() => clearTimeout(limit));
    const sandbox = start(this.version, this.directory, {
      printed: (level, line) => this.#log(level, line),
      message: (message) => {
        if (message.type === "ready") {
          environment.importMs = message.importMs;
          this.life = { ...this.life, state: "running" };
          settled?.resolve();
        } else if (message.type === "init-error") {
          environment.dead = true;
          settled?.reject(new Error(`${message.errorType}: ${message.errorMessage}`));
        } else if (environment.pending !== undefined && environment.pending.id === message.id) {
          const { settle } = environment.pending;
          environment.pending = undefined;
          settle(message);
        }
      },
      ended: (error, outOfMemory) => {
        if (!environment.dead && !this.#stopped) this.#lost(error.message);
        environment.dead = true;
        this.#forget(environment);
        settled?.reject(error);
        const message = outOfMemory
          ? `the function used more than its ${this.version.memory_size} MB of memory`
          : `RequestId: Error: ${error.message}`;
        environment.pending?.settle(failure(outOfMemory ? "Runtime.OutOfMemory" : "Runtime.ExitError", message));
        environment.pending = undefined;
      },
    });
    const environment: Environment = {
      sandbox,
      startedAt,
      importMs: 0,
      answered: false,
      pending: undefined,
      dead: false,
      ready,
    };
    this.#all.add(environment);
    return environment;
  }

  /** The next request starts another one: Lambda has environments for requests alone. */
  #lost(reason: string): void {
    this.life = { state: "restarting", restarts: this.life.restarts + 1, reason };
    this.#log("warn", `its environment ended unexpectedly: ${reason}; the next request starts another one`);
  }

  #noteColdStart(environment: Environment): void {
    if (environment.answered) return;
    environment.answered = true;
    const coldStart = {
      function: this.version.name,
      version: this.version.version,
      importMs: round(environment.importMs),
      firstAnswerMs: round(performance.now() - environment.startedAt),
    };
    this.coldStarts.push(coldStart);
    if (this.coldStarts.length > 100) this.coldStarts.shift();
    this.#log("info", `cold start: import ${coldStart.importMs} ms, first answer after ${coldStart.firstAnswerMs} ms`);
  }

  #release(environment: Environment): void {
    const next = this.#waiting.shift();
    if (next !== undefined) next.resolve(environment);
    else this.#idle.push(environment);
  }

  #forget(environment: Environment): void {
    this.#all.delete(environment);
    const index = this.#idle.indexOf(environment);
    if (index !== -1) this.#idle.splice(index, 1);
  }

  #discard(environment: Environment): void {
    environment.dead = true;
    environment.pending = undefined;
    this.#forget(environment);
    void environment.sandbox.stop();
    const next = this.#waiting.shift();
    if (next !== undefined) next.resolve(this.#start());
  }

  #log(level: "info" | "warn" | "error", message: string): void {
    this.deps.log?.({ level, message, subject: `lambda ${this.version.name}:${this.version.version}` });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const stopped = new EdgeError(503, UNAVAILABLE, "LambdaExecutionError", "the local cloud was stopped");
    for (const waiting of this.#waiting.splice(0)) waiting.reject(stopped);
    await Promise.all([...this.#all].map((environment) => environment.sandbox.stop()));
    this.#all.clear();
    this.#idle = [];
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
