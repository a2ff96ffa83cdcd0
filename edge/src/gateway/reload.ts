// Deployments, one at a time and whole or not at all, without a failed request.
//
// Each deployment gets a workerd of its own, which starts while the old one serves. So whatever cannot start (a syntax error, a throw, an
// unknown import) never takes traffic. Then new requests wait, those in flight end on the old workerd, and the new one takes over.
// Two workerd processes may read one KV store but not write to it at once (SQLite answers "busy", seen as a 500), hence the wait
// instead of an overlap; only a request that is slower than DRAIN_MS overlaps.

import { createHash } from "node:crypto";
import type * as MiniflareModule from "miniflare";
import type { WorkerOptions } from "miniflare";
import type { Counters } from "./counters.js";
import { type DeployError, DeployFailed, fault } from "./diagnostics.js";
import { Instance } from "./instance.js";
import { controlWorker, type KvPlace } from "./kv.js";
import { KvEntries } from "./kv-entries.js";
import type { Logs } from "./logs.js";
import { problem } from "./problem.js";
import type { Deployment, Share } from "./protocol.gen.js";
import { Router } from "./router.js";
import { translate } from "./translate.js";
import { validate } from "./validate.js";

/** How long new requests wait for those in flight. */
const DRAIN_MS = 1_000;
/** How long a request that outlives the switch may go on. */
const LINGER_MS = 30_000;
/** After the last answer: work that `waitUntil` holds has this long, and no less than what it still fetches needs (up to LINGER_MS). */
const GRACE_MS = 25;
const HELD_MAX = 2_000;
const HELD_MS = 15_000;

/** What serves: a deployment in its instance. */
export interface Serving {
  instance: Instance;
  router: Router;
  shares: Map<string, Share[]>;
  deployment: Deployment;
  generation: number;
}

export interface ReloadOptions {
  miniflare: typeof MiniflareModule;
  stateDir: string;
  cacheDir: string;
  outbound: NonNullable<WorkerOptions["outboundService"]>;
  logs: Logs;
  counters: Counters;
}

interface Waiter {
  go: () => void;
  timer: NodeJS.Timeout;
}

export class Reload {
  #serving: Serving | undefined;
  #fingerprint = "";
  #turn: Promise<unknown> = Promise.resolve();
  #holding = false;
  #waiters = new Set<Waiter>();
  #retiring = new Set<Promise<void>>();
  #entries: KvEntries;
  lastErrors: DeployError[] | undefined;

  constructor(readonly options: ReloadOptions) {
    this.#entries = new KvEntries(options.stateDir);
  }

  get serving(): Serving | undefined {
    return this.#serving;
  }

  /** What serves now; waits during a switch. Raises a 503 problem when it waits in vain. The caller calls `instance.end()`. */
  async enter(): Promise<Serving> {
    if (this.#holding) await this.#held();
    if (this.#serving === undefined)
      throw problem(503, "Nothing is deployed", "The local cloud runs no Worker yet: deploy first.");
    this.#serving.instance.begin();
    return this.#serving;
  }

  #held(): Promise<void> {
    const { counters } = this.options;
    if (this.#waiters.size >= HELD_MAX) {
      counters.refused += 1;
      throw problem(503, "Too many requests wait for a reload", `${HELD_MAX} requests wait already. Try again.`);
    }
    counters.held += 1;
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        go: () => {
          clearTimeout(waiter.timer);
          resolve();
        },
        timer: setTimeout(() => {
          this.#waiters.delete(waiter);
          counters.refused += 1;
          reject(problem(503, "The reload takes too long", `The request waited for ${HELD_MS} ms. Try again.`));
        }, HELD_MS),
      };
      this.#waiters.add(waiter);
    });
  }

  #release(): void {
    this.#holding = false;
    for (const waiter of this.#waiters) waiter.go();
    this.#waiters.clear();
  }

  /** Applies a deployment; raises DeployFailed and leaves the last one serving when it cannot. */
  deploy(deployment: Deployment): Promise<{ generation: number; ms: number }> {
    const result = this.#turn.then(() => this.#deploy(deployment));
    this.#turn = result.catch(() => {});
    return result;
  }

  async #deploy(deployment: Deployment): Promise<{ generation: number; ms: number }> {
    const begin = performance.now();
    try {
      await this.#apply(deployment);
    } catch (error) {
      const errors =
        error instanceof DeployFailed ? error.errors : [fault(error instanceof Error ? error.message : String(error))];
      this.lastErrors = errors;
      for (const { message, worker, module, line, column } of errors) {
        const place = module === null ? "" : ` (${module}${line === null ? "" : `:${line}:${column}`})`;
        this.options.logs.add({
          level: "error",
          source: "gateway",
          message: `Deployment refused: ${message}${place}`,
          ...(worker !== null && { worker }),
        });
      }
      throw new DeployFailed(errors);
    }
    this.lastErrors = undefined;
    const ms = Math.round((performance.now() - begin) * 10) / 10;
    const generation = this.#serving?.generation ?? 0;
    this.options.logs.info(`Generation ${generation} serves after ${ms} ms`);
    return { generation, ms };
  }

  async #apply(deployment: Deployment): Promise<void> {
    const { miniflare, logs, counters, stateDir, cacheDir } = this.options;
    const errors = validate(deployment);
    const newestDate = miniflare.supportedCompatibilityDate;
    const workers = translate(
      deployment,
      { outbound: this.options.outbound, newestDate, warn: (text) => logs.warn(text) },
      errors,
    );
    if (errors.length > 0) throw new DeployFailed(errors);

    const namespaces = deployment.kv_namespaces.map((namespace) => namespace.id).sort();
    workers.push(controlWorker(namespaces, newestDate));
    const old = this.#serving;
    const fingerprint = createHash("sha256").update(JSON.stringify(workers)).digest("hex");
    const same = old !== undefined && fingerprint === this.#fingerprint;
    const instance = same
      ? old.instance
      : await Instance.start({ miniflare, workers, stateDir, cacheDir, logs, namespaces });
    try {
      // A namespace has one writer at a time: the old workerd where it knows the namespace.
      const placeOf = (id: string): KvPlace =>
        old !== undefined && old.instance.namespaceIndex(id) !== -1 ? old.instance : instance;
      const counts = await this.#entries.apply(deployment.kv_entries, namespaces, placeOf);
      for (const key of ["written", "unchanged", "deleted"] as const) counters.kv[key] += counts[key];
    } catch (error) {
      if (!same) await instance.dispose();
      throw error;
    }
    const next: Serving = {
      instance,
      router: new Router(deployment),
      shares: new Map(deployment.workers.map((worker) => [worker.name, worker.deployment])),
      deployment,
      generation: (old?.generation ?? 0) + 1,
    };
    if (!same && old !== undefined) {
      this.#holding = true;
      try {
        await old.instance.drained(DRAIN_MS);
      } finally {
        this.#serving = next;
        this.#release();
      }
      this.#retire(old.instance);
    }
    this.#serving = next;
    this.#fingerprint = fingerprint;
  }

  #retire(instance: Instance): void {
    const done = (async () => {
      await instance.drained(LINGER_MS);
      await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
      await instance.dispose();
    })().finally(() => this.#retiring.delete(done));
    this.#retiring.add(done);
  }

  async close(): Promise<void> {
    await this.#serving?.instance.dispose();
  }
}
