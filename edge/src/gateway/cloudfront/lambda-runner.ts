// Runs one numbered version of a Lambda@Edge function, in worker threads that hold one invocation at a time: on this
// Node.js, with no role of AWS's (gap `aws-lambda-runtime`, gap `aws-lambda-limits`, gap `aws-lambda-role`).

import { randomUUID } from "node:crypto";
import { Worker } from "node:worker_threads";
import { LAMBDA_EDGE_TIMEOUT_S } from "../../core/limits.gen.js";
import { EdgeError } from "./error-page.js";
import type { LambdaEvent } from "./events.js";
import { LAMBDA_BOOTSTRAP } from "./lambda-bootstrap.js";
import type { LambdaVersion } from "./model.js";
import type { Deps } from "./types.js";

/** Threads of one version at most; further requests wait. A laptop is not a region. */
const MAX_ENVIRONMENTS = 8;

/** Milliseconds that a module may take to load. Source: Lambda's init phase. */
const INIT_LIMIT_MS = 10_000;

const UNAVAILABLE =
  "The Lambda function associated with the CloudFront distribution is invalid or doesn't have the required permissions.";

export interface ColdStart {
  function: string;
  version: string;
  /** From the module's import to its end, in the worker, in milliseconds. */
  importMs: number;
  /** From the start of the worker to its first answer, in milliseconds. */
  firstAnswerMs: number;
}

interface Environment {
  worker: Worker;
  ready: Promise<void>;
  startedAt: number;
  importMs: number;
  answered: boolean;
  pending: { id: number; settle(message: Message): void } | undefined;
  dead: boolean;
}

type Message =
  | { type: "ready"; importMs: number }
  | { type: "result"; id: number; text: string }
  | { type: "error" | "init-error"; id?: number; errorType: string; errorMessage: string; trace?: string };

function failure(errorType: string, errorMessage: string): Message {
  return { type: "error", errorType, errorMessage };
}

export class LambdaRunner {
  readonly coldStarts: ColdStart[] = [];
  invocations = 0;
  errors = 0;
  #idle: Environment[] = [];
  #all = new Set<Environment>();
  #waiting: { resolve(environment: Environment): void; reject(error: Error): void }[] = [];
  #nextId = 0;

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
      const timer = setTimeout(() => {
        environment.dead = true;
        resolve(failure("Sandbox.Timedout", `Task timed out after ${(limit / 1000).toFixed(2)} seconds`));
      }, limit);
      environment.pending = {
        id,
        settle: (message) => {
          clearTimeout(timer);
          resolve(message);
        },
      };
      environment.worker.postMessage({
        id,
        event: JSON.stringify(event),
        requestId: randomUUID(),
        deadline: Date.now() + limit,
      });
    });
  }

  async #take(): Promise<Environment> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#all.size < MAX_ENVIRONMENTS) return this.#start();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #start(): Environment {
    const { name, version, handler, arn, memory_size: memory } = this.version;
    const startedAt = performance.now();
    const worker = new Worker(LAMBDA_BOOTSTRAP, {
      eval: true,
      name: `lambda ${name}:${version}`,
      stdout: true,
      stderr: true,
      // Only what Lambda reserves: Lambda@Edge has no environment variables of one's own.
      env: {
        AWS_REGION: "us-east-1",
        AWS_DEFAULT_REGION: "us-east-1",
        AWS_EXECUTION_ENV: `AWS_Lambda_${this.version.runtime}`,
        AWS_LAMBDA_FUNCTION_NAME: `us-east-1.${name}`,
        AWS_LAMBDA_FUNCTION_VERSION: version,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
        LAMBDA_TASK_ROOT: this.directory,
        TZ: ":UTC",
      },
      resourceLimits: { maxOldGenerationSizeMb: memory, maxYoungGenerationSizeMb: Math.max(8, Math.floor(memory / 8)) },
      workerData: {
        directory: this.directory,
        handler,
        functionName: `us-east-1.${name}`,
        functionVersion: version,
        arn,
        memorySize: memory,
      },
    });
    const environment: Environment = {
      worker,
      startedAt,
      importMs: 0,
      answered: false,
      pending: undefined,
      dead: false,
      ready: Promise.resolve(),
    };
    for (const stream of [worker.stdout, worker.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        for (const line of text.split("\n"))
          if (line !== "") this.#log(stream === worker.stderr ? "warn" : "info", line);
      });
    }
    environment.ready = this.#listen(environment);
    // Whoever waits for it handles it; a worker that dies while idle is replaced silently.
    environment.ready.catch(() => undefined);
    worker.unref();
    this.#all.add(environment);
    return environment;
  }

  #listen(environment: Environment): Promise<void> {
    const { worker } = environment;
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        environment.dead = true;
        reject(new Error(`INIT phase timed out after ${INIT_LIMIT_MS / 1000} seconds`));
      }, INIT_LIMIT_MS);
      const ended = (error: Error): void => {
        clearTimeout(limit);
        environment.dead = true;
        this.#forget(environment);
        reject(error);
        const memory = (error as { code?: string }).code === "ERR_WORKER_OUT_OF_MEMORY";
        const message = memory
          ? `the function used more than its ${this.version.memory_size} MB of memory`
          : `RequestId: Error: ${error.message}`;
        environment.pending?.settle(failure(memory ? "Runtime.OutOfMemory" : "Runtime.ExitError", message));
        environment.pending = undefined;
      };
      worker.on("message", (message: Message) => {
        if (message.type === "ready") {
          clearTimeout(limit);
          environment.importMs = message.importMs;
          resolve();
        } else if (message.type === "init-error") {
          clearTimeout(limit);
          environment.dead = true;
          reject(new Error(`${message.errorType}: ${message.errorMessage}`));
        } else if (environment.pending !== undefined && environment.pending.id === message.id) {
          const { settle } = environment.pending;
          environment.pending = undefined;
          settle(message);
        }
      });
      worker.on("error", ended);
      worker.on("exit", (code) => ended(new Error(`Runtime exited with exit code ${code}`)));
    });
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
    void environment.worker.terminate();
    const next = this.#waiting.shift();
    if (next !== undefined) next.resolve(this.#start());
  }

  #log(level: "info" | "warn" | "error", message: string): void {
    this.deps.log?.({ level, message, subject: `lambda ${this.version.name}:${this.version.version}` });
  }

  async stop(): Promise<void> {
    const stopped = new EdgeError(503, UNAVAILABLE, "LambdaExecutionError", "the local cloud was stopped");
    for (const waiting of this.#waiting.splice(0)) waiting.reject(stopped);
    await Promise.all([...this.#all].map((environment) => environment.worker.terminate()));
    this.#all.clear();
    this.#idle = [];
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
