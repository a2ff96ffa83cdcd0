// A local CloudFront: what the gateway mounts. Web ACLs, logs, other protocols and the sites of a real network are not
// here (gap `aws-waf`, gap `aws-logs`, gap `aws-protocols`), and what changes is there at once (gap `aws-propagation`).

import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromWebRequest, nodeRequest, sendNode, toWebResponse } from "./adapters.js";
import { CloudFrontFaults, deploymentFaults } from "./check.js";
import { type RunningDistribution, startDistributions } from "./distribution.js";
import { FunctionRunner } from "./functions-runner.js";
import { invalidationFaults } from "./invalidation.js";
import { LambdaRunner } from "./lambda-runner.js";
import type { CloudFrontDeployment } from "./model.js";
import { Origins } from "./origins.js";
import { packageDirectory } from "./package-files.js";
import { Pipeline } from "./pipeline.js";
import { type RunningThing, runsOf } from "./runs.js";
import type { CloudFrontStats, DistributionStats } from "./stats.js";
import type { Deps, EdgeRequest, EdgeResponse, Viewer } from "./types.js";

export { CloudFrontFaults, deploymentFaults } from "./check.js";
export type { CloudFrontDeployment } from "./model.js";
export type { Deps, LogLine, OriginExchange, Viewer } from "./types.js";

const DEFAULT_CACHE_BYTES = 256 * 1024 * 1024;

export interface CloudFront {
  /** Host names that it answers, lower case: aliases and `*.cloudfront.net` names of enabled distributions. */
  readonly hosts: readonly string[];
  /** Whether a `Host` (without port) belongs to a distribution; wildcard aliases count. */
  serves(host: string): boolean;
  /** Answers a request of the web's kind. `host` chooses the distribution where the request's own Host does not. */
  handle(request: Request, viewer: Viewer, host?: string): Promise<Response>;
  /** Answers a request of Node's server, with less work a request than `handle`. */
  handleNode(
    request: IncomingMessage,
    response: ServerResponse,
    viewer: Viewer,
    host?: string,
    /** What is done to the response's raw headers last. */
    answer?: (raw: string[]) => string[],
  ): Promise<void>;
  /**
   * Invalidates paths, and tags that begin with `#`, in one distribution (by id), or in all. Throws CloudFrontFaults on bad
   * ones. Paths are gone when this returns, tags when its promise is kept.
   */
  invalidate(items: readonly string[], distributionId?: string): Promise<void>;
  stats(): CloudFrontStats;
  /** What runs, for people: see `RunningThing`. */
  runs(): RunningThing[];
  /** Waits for work that goes on behind responses. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts every distribution of a document. Throws CloudFrontFaults with all that is wrong with it.
 *
 * @param previous what ran before: distributions that are still there keep their caches, as a change of settings does
 *   not empty the real ones. It goes on answering until it is stopped.
 */
export function createCloudFront(deployment: CloudFrontDeployment, deps: Deps = {}, previous?: CloudFront): CloudFront {
  const faults = deploymentFaults(deployment);
  if (faults.length > 0) throw new CloudFrontFaults(faults);
  return new LocalCloudFront(deployment, deps, previous instanceof LocalCloudFront ? previous : undefined);
}

const own = new Set<string>();
let listens = false;

/** A folder for packages of functions. A signal may end this process before it has stopped anything; it is removed then too. */
function ownDirectory(): string {
  if (!listens) process.once("exit", () => own.forEach(removeOwn));
  listens = true;
  const directory = mkdtempSync(join(tmpdir(), "edgewright-cloudfront-"));
  own.add(directory);
  return directory;
}

function removeOwn(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  own.delete(directory);
}

function rolloutOf(continuous: RunningDistribution["continuous"]): DistributionStats["rollout"] {
  const traffic = continuous?.policy.enabled ? continuous.policy.traffic_config : null;
  if (continuous === undefined || traffic == null) return null;
  const weight = traffic.type === "SingleWeight" ? traffic.single_weight_config?.weight : undefined;
  const header = traffic.type === "SingleHeader" ? traffic.single_header_config?.header : undefined;
  return {
    staging: continuous.staging.config.id,
    percentage: weight === undefined ? null : Math.round(weight * 10_000) / 100,
    header: header ?? null,
  };
}

class LocalCloudFront implements CloudFront {
  readonly hosts: readonly string[];
  readonly #distributions: RunningDistribution[];
  readonly #byHost = new Map<string, RunningDistribution>();
  readonly #wildcards: { suffix: string; distribution: RunningDistribution }[] = [];
  readonly #runners = new Map<string, LambdaRunner>();
  readonly #functions = new Map<string, FunctionRunner>();
  readonly #origins: Origins;
  readonly #pipeline: Pipeline;
  readonly #ownDir: string | undefined;

  constructor(deployment: CloudFrontDeployment, deps: Deps, previous: LocalCloudFront | undefined) {
    this.#ownDir = deps.workDir === undefined ? ownDirectory() : undefined;
    const workDir = deps.workDir ?? (this.#ownDir as string);
    for (const version of deployment.lambda_versions) {
      this.#runners.set(version.arn, new LambdaRunner(version, packageDirectory(version, workDir), deps));
    }
    for (const fn of deployment.functions) {
      this.#functions.set(fn.arn, new FunctionRunner(fn, deployment.key_value_stores, deps));
    }
    const kept = new Map(previous?.running().map((each) => [each.config.id, each]));
    const runners = { lambda: this.#runners, functions: this.#functions };
    this.#distributions = startDistributions(deployment, runners, kept, deps, deps.cacheBytes ?? DEFAULT_CACHE_BYTES);
    this.#origins = new Origins(deployment, deps);
    this.#pipeline = new Pipeline(this.#origins, deps);
    for (const distribution of this.#distributions) this.#register(distribution);
    this.hosts = [...this.#byHost.keys(), ...this.#wildcards.map(({ suffix }) => `*${suffix}`)];
  }

  running(): readonly RunningDistribution[] {
    return this.#distributions;
  }

  #register(distribution: RunningDistribution): void {
    const { config } = distribution;
    // A staging distribution is reached through its primary one only.
    if (!config.enabled || config.staging) return;
    for (const name of [...config.aliases, config.domain_name]) {
      const lower = name.toLowerCase();
      if (lower.startsWith("*.")) this.#wildcards.push({ suffix: lower.slice(1), distribution });
      else this.#byHost.set(lower, distribution);
    }
    this.#wildcards.sort((a, b) => b.suffix.length - a.suffix.length);
  }

  #find(host: string): RunningDistribution | undefined {
    const lower = host.toLowerCase();
    return this.#byHost.get(lower) ?? this.#wildcards.find(({ suffix }) => lower.endsWith(suffix))?.distribution;
  }

  serves(host: string): boolean {
    return this.#find(host) !== undefined;
  }

  async handle(request: Request, viewer: Viewer, host?: string): Promise<Response> {
    const own = host ?? request.headers.get("host") ?? new URL(request.url).host;
    return toWebResponse(await this.#answer(fromWebRequest(request, own), viewer, own), request.method);
  }

  async handleNode(
    request: IncomingMessage,
    response: ServerResponse,
    viewer: Viewer,
    host?: string,
    answer?: (raw: string[]) => string[],
  ): Promise<void> {
    const own = host ?? request.headers.host ?? "";
    const made = await this.#answer(nodeRequest(request, own), viewer, own);
    await sendNode(response, made, request.method ?? "GET", answer);
  }

  #answer(request: EdgeRequest, viewer: Viewer, host: string): Promise<EdgeResponse> {
    const distribution = this.#find(host.replace(/:\d+$/, ""));
    if (distribution === undefined)
      throw new CloudFrontFaults([`No distribution answers ${host}. Known: ${this.hosts.join(", ") || "none"}.`]);
    return this.#pipeline.handle(distribution, request, viewer);
  }

  invalidate(items: readonly string[], distributionId?: string): Promise<void> {
    const faults = invalidationFaults(items);
    const chosen = this.#distributions.filter(
      ({ config }) => distributionId === undefined || config.id === distributionId,
    );
    if (chosen.length === 0) faults.push(`There is no distribution ${distributionId}.`);
    if (faults.length > 0) throw new CloudFrontFaults(faults);
    const paths = items.filter((item) => !item.startsWith("#"));
    const tags = items.filter((item) => item.startsWith("#")).map((item) => item.slice(1).toLowerCase());
    for (const { invalidations, cache } of chosen) if (paths.length > 0 && invalidations.add(paths)) cache.clear();
    if (tags.length === 0) return Promise.resolve();
    const tagged = chosen.filter(({ config }) => config.cache_tag_config !== null);
    return Promise.all(tagged.map(({ cache }) => cache.forget(tags))).then(() => {});
  }

  stats(): CloudFrontStats {
    return {
      distributions: this.#distributions.map(({ config, counters, cache, continuous }) => {
        const { entries, bytes } = cache.stats();
        const { id, domain_name: domainName, aliases, enabled, staging } = config;
        const rollout = rolloutOf(continuous);
        const cached = { cacheEntries: entries, cacheBytes: bytes };
        return { id, domainName, aliases, enabled, staging, rollout, ...counters, ...cached };
      }),
      lambda: [...this.#runners.values()].map((runner) => ({
        function: runner.version.name,
        version: runner.version.version,
        runtime: runner.life,
        invocations: runner.invocations,
        errors: runner.errors,
        coldStarts: [...runner.coldStarts],
      })),
      functions: [...this.#functions.values()].map(({ fn, life, invocations, errors, lastMs }) => ({
        function: fn.name,
        runtime: life,
        invocations,
        errors,
        lastMs,
      })),
    };
  }

  runs(): RunningThing[] {
    return runsOf(this.stats());
  }

  async settled(): Promise<void> {
    await Promise.all(this.#distributions.map(({ cache }) => cache.settled()));
  }

  async stop(): Promise<void> {
    this.#origins.stop();
    await Promise.all([...this.#runners.values(), ...this.#functions.values()].map((runner) => runner.stop()));
    if (this.#ownDir !== undefined) removeOwn(this.#ownDir);
  }
}
