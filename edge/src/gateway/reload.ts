// Deployments, one at a time and whole or not at all, without a failed request.
//
// Each deployment gets a workerd of its own, which starts while the old one serves. So whatever cannot start (a syntax error, a throw, an
// unknown import) never takes traffic. Then new requests wait, those in flight and their background work end on the old workerd, it is stopped,
// and the new one takes over. Two workerd processes may read one KV store but not write to it at once (SQLite answers "busy", seen as
// a 500), hence the wait instead of an overlap; only what is slower than DRAIN_MS overlaps.

import { createHash } from "node:crypto";
import type * as MiniflareModule from "miniflare";
import { type CloudFront, CloudFrontFaults, createCloudFront } from "../platforms/cloudfront/gateway/index.js";
import { depsFor } from "../platforms/cloudfront/gateway/mount.js";
import { Busy } from "./busy.js";
import type { Counters } from "./counters.js";
import { type DeployError, DeployFailed, fault } from "./diagnostics.js";
import type { Doors } from "./doors.js";
import { HeaderRules } from "./header-rules.js";
import { Instance } from "./instance.js";
import { controlWorker, type KvPlace, kvRequest } from "./kv.js";
import { KvEntries } from "./kv-entries.js";
import type { Logs } from "./logs.js";
import type { Outbound } from "./outbound.js";
import { problem } from "./problem.js";
import type { Deployment, Share } from "./protocol.gen.js";
import { Router } from "./router.js";
import { SourceMaps } from "./source-maps.js";
import { storeFaults } from "./stored.js";
import { translate } from "./translate.js";
import { validate } from "./validate.js";

/** How long new requests wait for those in flight. */
const DRAIN_MS = 1_000;
/** How long a request that outlives the switch may go on. */
const LINGER_MS = 30_000;
/** After the last answer and the last fetch: time for a Worker to begin what it writes to KV in `waitUntil`. */
const GRACE_MS = 20;
const HELD_MAX = 2_000;
const HELD_MS = 15_000;

/** The distributions that serve, and how many requests they are at. */
export interface Front {
  cloudfront: CloudFront;
  busy: Busy;
  fingerprint: string;
}

/** What serves: a deployment in its instance. */
export interface Serving {
  instance: Instance;
  front: Front | undefined;
  router: Router;
  shares: Map<string, Share[]>;
  headerRules: HeaderRules;
  deployment: Deployment;
  generation: number;
}

export interface ReloadOptions {
  miniflare: typeof MiniflareModule;
  workerd: string;
  doors: Doors;
  stateDir: string;
  cacheDir: string;
  outbound: Outbound;
  logs: Logs;
  counters: Counters;
  /** See translate.ts. */
  purgeToken: string;
}

interface Waiter {
  go: () => void;
  timer: NodeJS.Timeout;
}

export class Reload {
  #serving: Serving | undefined;
  #fingerprint = "";
  #started = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #holding = false;
  #waiters = new Set<Waiter>();
  #entries: KvEntries;
  lastErrors: DeployError[] | undefined;

  constructor(readonly options: ReloadOptions) {
    this.#entries = new KvEntries(options.stateDir);
  }

  get serving(): Serving | undefined {
    return this.#serving;
  }

  /** What serves now; waits during a switch. Raises a 503 problem when it waits in vain. The caller calls `instance.busy.end()`. */
  async enter(): Promise<Serving> {
    if (this.#holding) await this.#held();
    if (this.#serving === undefined)
      throw problem(503, "Nothing is deployed", "The local cloud runs no Worker yet: deploy first.");
    this.#serving.instance.busy.begin();
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
    let steps: string;
    try {
      steps = await this.#apply(deployment);
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
    const ms = elapsed(begin);
    const generation = this.#serving?.generation ?? 0;
    this.options.logs.info(`Generation ${generation} serves after ${ms} ms (${steps})`);
    return { generation, ms };
  }

  async #apply(deployment: Deployment): Promise<string> {
    const begin = performance.now();
    const { miniflare, logs, counters, stateDir, cacheDir } = this.options;
    const errors = [...validate(deployment), ...(this.#serving === undefined ? storeFaults(stateDir) : [])];
    const newestDate = miniflare.supportedCompatibilityDate;
    // What runs is compared without the name of the workerd that it runs in.
    const workerd = String(this.#started++);
    const outbound = this.options.outbound.service(workerd);
    const workers = translate(
      deployment,
      { outbound, newestDate, warn: (text) => logs.warn(text), purgeToken: this.options.purgeToken },
      errors,
    );
    if (errors.length > 0) throw new DeployFailed(errors);

    // The data of others stay on disk: gap `kv-namespace-removed`.
    const namespaces = deployment.kv_namespaces.map((namespace) => namespace.id).sort();
    workers.push(controlWorker(namespaces, newestDate));
    const old = this.#serving;
    const fingerprint = createHash("sha256")
      .update(JSON.stringify(workers, (key, value: unknown) => (key === "outboundService" ? undefined : value)))
      .digest("hex");
    const same = old !== undefined && fingerprint === this.#fingerprint;
    const instance = same
      ? old.instance
      : await Instance.start({
          name: workerd,
          miniflare,
          workerd: this.options.workerd,
          doors: this.options.doors,
          workers,
          stateDir,
          cacheDir,
          logs,
          namespaces,
          maps: new SourceMaps(deployment),
        });
    const startMs = elapsed(begin);
    let front: Front | undefined;
    try {
      front = this.#front(deployment, old?.front);
      // A namespace has one writer at a time: the old workerd where it knows the namespace.
      const placeOf = (id: string): KvPlace =>
        old !== undefined && old.instance.namespaceIndex(id) !== -1 ? old.instance : instance;
      const counts = await this.#entries.apply(deployment.kv_entries, namespaces, placeOf);
      for (const key of ["written", "unchanged", "deleted"] as const) counters.kv[key] += counts[key];
    } catch (error) {
      if (!same) await instance.dispose();
      if (front !== undefined && front !== old?.front) await front.cloudfront.stop();
      if (error instanceof CloudFrontFaults) throw new DeployFailed(error.faults.map((text) => fault(text)));
      throw error;
    }
    const entriesMs = elapsed(begin) - startMs;
    const next: Serving = {
      instance,
      front,
      router: new Router(deployment),
      shares: new Map(deployment.workers.map((worker) => [worker.name, worker.deployment])),
      headerRules: new HeaderRules(deployment.header_rules, (text) => logs.warn(text)),
      deployment,
      generation: (old?.generation ?? 0) + 1,
    };
    if (!same && old !== undefined) await this.#switch(old.instance, next);
    this.#serving = next;
    this.#fingerprint = fingerprint;
    if (old?.front !== undefined && old.front !== front) void this.#retire(old.front);
    const switchMs = elapsed(begin) - startMs - entriesMs;
    return `start ${startMs} ms, KV entries ${entriesMs.toFixed(1)} ms, switch ${switchMs.toFixed(1)} ms`;
  }

  /** The distributions of a deployment: those that serve already where nothing about them changed. */
  #front(deployment: Deployment, old: Front | undefined): Front | undefined {
    if (deployment.cloudfront == null) return undefined;
    const fingerprint = createHash("sha256").update(JSON.stringify(deployment.cloudfront)).digest("hex");
    if (old?.fingerprint === fingerprint) return old;
    const deps = depsFor(this.options.counters, this.options.logs);
    return {
      cloudfront: createCloudFront(deployment.cloudfront, deps, old?.cloudfront),
      busy: new Busy(),
      fingerprint,
    };
  }

  /** Stops distributions that no longer serve once they are at nothing any more. */
  async #retire({ cloudfront, busy }: Front): Promise<void> {
    try {
      await busy.idle(LINGER_MS);
      await cloudfront.settled();
      await cloudfront.stop();
    } catch (error) {
      this.options.logs.warn(`Distributions that were replaced did not stop: ${String(error)}`);
    }
  }

  async #switch(old: Instance, next: Serving): Promise<void> {
    this.#holding = true;
    try {
      if (await this.#finished(old, DRAIN_MS)) await this.#dispose(old);
      else void this.#finished(old, LINGER_MS).then(() => this.#dispose(old));
    } finally {
      this.#serving = next;
      this.#release();
    }
  }

  /** Waits until a workerd has nothing to do any more, at most so long; says whether that was reached. */
  async #finished(instance: Instance, ms: number): Promise<boolean> {
    const end = performance.now() + ms;
    if (!(await instance.busy.idle(ms))) return false;
    if (!(await this.options.outbound.busy(instance.options.name).idle(end - performance.now()))) return false;
    await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
    // A namespace works in order: what was written before this question is on disk when it is answered.
    const { namespaces } = instance.options;
    await Promise.all(namespaces.map((id) => kvRequest(instance, "GET", id, "keys?limit=1").catch(() => {})));
    return true;
  }

  async #dispose(instance: Instance): Promise<void> {
    await instance.dispose();
    this.options.outbound.forget(instance.options.name);
  }

  async close(): Promise<void> {
    await this.#serving?.front?.cloudfront.stop();
    await this.#serving?.instance.dispose();
  }
}

/** Milliseconds since a moment, to a tenth. */
const elapsed = (begin: number): number => Math.round((performance.now() - begin) * 10) / 10;
