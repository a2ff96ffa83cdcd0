// A distribution as it runs: behaviors with their rules and functions, origins, buckets.

import { compilePattern, type Matcher } from "./behaviors.js";
import { EdgeCache } from "./edge-cache.js";
import type { FunctionRunner } from "./functions-runner.js";
import { Invalidations } from "./invalidation.js";
import type { LambdaRunner } from "./lambda-runner.js";
import {
  MANAGED_CACHE_POLICIES,
  MANAGED_ORIGIN_REQUEST_POLICIES,
  MANAGED_RESPONSE_HEADERS_POLICIES,
} from "./managed-policies.js";
import type {
  CacheBehavior,
  CloudFrontDeployment,
  CloudFrontOrigin,
  ContinuousDeploymentPolicy,
  Distribution,
  OriginGroup,
  ResponseHeadersPolicy,
} from "./model.js";
import { type Rules, rulesOf } from "./policies.js";
import { type TrustedKeys, trustedKeys } from "./signed.js";
import type { Deps, EventType } from "./types.js";
import { Firewall, Rates } from "./waf.js";

export interface LambdaTrigger {
  runner: LambdaRunner;
  includeBody: boolean;
}

export interface Behavior {
  config: CacheBehavior;
  rules: Rules;
  allowed: ReadonlySet<string>;
  cached: ReadonlySet<string>;
  responseHeaders: ResponseHeadersPolicy | undefined;
  lambda: Partial<Record<EventType, LambdaTrigger>>;
  functions: Partial<Record<EventType, FunctionRunner>>;
  /** Who may sign what it has; undefined where anybody may see it. */
  keys: TrustedKeys | undefined;
  /** The origins to ask, first to last, and the statuses on which the next one is asked. */
  origins: readonly CloudFrontOrigin[];
  failover: ReadonlySet<number>;
}

export interface Counters {
  requests: number;
  results: Record<string, number>;
}

export interface RunningDistribution {
  config: Distribution;
  fallback: Behavior;
  ordered: readonly Matcher<Behavior>[];
  /** One location, in memory (gap `aws-edge-locations`). */
  cache: EdgeCache;
  invalidations: Invalidations;
  counters: Counters;
  /** What decides on its staging distribution, and that distribution. */
  continuous: { policy: ContinuousDeploymentPolicy; staging: RunningDistribution } | undefined;
  firewall: Firewall | undefined;
  geo: ((country: string | undefined) => boolean) | undefined;
}

function byId<T extends { id: string }>(managed: readonly T[], own: readonly T[]): ReadonlyMap<string, T> {
  return new Map([...managed, ...own].map((policy) => [policy.id, policy]));
}

export interface Policies {
  cache: ReadonlyMap<string, CloudFrontDeployment["cache_policies"][number]>;
  originRequest: ReadonlyMap<string, CloudFrontDeployment["origin_request_policies"][number]>;
  responseHeaders: ReadonlyMap<string, ResponseHeadersPolicy>;
}

export function policiesOf(deployment: CloudFrontDeployment): Policies {
  return {
    cache: byId(MANAGED_CACHE_POLICIES, deployment.cache_policies),
    originRequest: byId(MANAGED_ORIGIN_REQUEST_POLICIES, deployment.origin_request_policies),
    responseHeaders: byId(MANAGED_RESPONSE_HEADERS_POLICIES, deployment.response_headers_policies),
  };
}

/** What runs functions, by ARN. */
export interface Runners {
  lambda: ReadonlyMap<string, LambdaRunner>;
  functions: ReadonlyMap<string, FunctionRunner>;
}

/** What a distribution keeps when its settings change. */
export type Kept = Pick<RunningDistribution, "cache" | "invalidations" | "firewall">;

/** Starts every distribution of a document that has no faults. `kept` is by distribution id. */
export function startDistributions(
  deployment: CloudFrontDeployment,
  runners: Runners,
  kept: ReadonlyMap<string, Kept>,
  deps: Deps,
  cacheBytes: number,
): RunningDistribution[] {
  const policies = policiesOf(deployment);
  const share = Math.floor(cacheBytes / Math.max(1, deployment.distributions.length));
  const firewalls = new Map<string, Firewall>();
  const running = deployment.distributions.map((config): RunningDistribution => {
    const compile = (behavior: CacheBehavior): Behavior =>
      compileBehavior(config, behavior, policies, runners, deployment);
    const { cache, invalidations } = kept.get(config.id) ?? {};
    return {
      config,
      fallback: compile(config.default_cache_behavior),
      ordered: config.ordered_cache_behaviors.map((behavior) => ({
        matches: compilePattern(behavior.path_pattern ?? "*"),
        behavior: compile(behavior),
      })),
      cache: cache ?? new EdgeCache(config.id, share, deps),
      invalidations: invalidations ?? new Invalidations(),
      counters: { requests: 0, results: {} },
      continuous: undefined,
      firewall: firewallOf(config, deployment, kept, firewalls),
      geo: geoTest(config),
    };
  });
  for (const distribution of running) linkStaging(distribution, running, deployment);
  return running;
}

/** A web ACL counts for all of its distributions together, and goes on counting when their settings change. */
function firewallOf(
  { web_acl_id: arn }: Distribution,
  { web_acls: acls, ip_sets: ipSets }: CloudFrontDeployment,
  kept: ReadonlyMap<string, Kept>,
  started: Map<string, Firewall>,
): Firewall | undefined {
  const acl = acls.find((each) => each.arn === arn);
  if (acl === undefined) return undefined;
  const known = started.get(acl.arn);
  if (known !== undefined) return known;
  const before = [...kept.values()].find(({ firewall }) => firewall?.acl.arn === acl.arn)?.firewall;
  const firewall = new Firewall(acl, ipSets, before?.rates ?? new Rates());
  started.set(acl.arn, firewall);
  return firewall;
}

function compileBehavior(
  distribution: Distribution,
  config: CacheBehavior,
  policies: Policies,
  runners: Runners,
  deployment: CloudFrontDeployment,
): Behavior {
  const lambda: Behavior["lambda"] = {};
  for (const { event_type, lambda_arn, include_body } of config.lambda_function_associations) {
    const runner = runners.lambda.get(lambda_arn);
    if (runner !== undefined) lambda[event_type] = { runner, includeBody: include_body };
  }
  const own: Behavior["functions"] = {};
  for (const { event_type, function_arn } of config.function_associations) {
    const runner = runners.functions.get(function_arn);
    if (runner !== undefined) own[event_type] = runner;
  }
  const group = distribution.origin_groups.find((each) => each.origin_id === config.target_origin_id);
  return {
    config,
    rules: rulesOf(
      config,
      policies.cache.get(config.cache_policy_id ?? ""),
      policies.originRequest.get(config.origin_request_policy_id ?? ""),
    ),
    allowed: new Set(config.allowed_methods),
    cached: new Set(config.cached_methods),
    responseHeaders: policies.responseHeaders.get(config.response_headers_policy_id ?? ""),
    lambda,
    functions: own,
    keys: trustedKeys(config, deployment),
    origins: originsOf(distribution, config.target_origin_id, group),
    failover: new Set(group?.failover_criteria.status_codes ?? []),
  };
}

function originsOf(distribution: Distribution, id: string, group: OriginGroup | undefined): CloudFrontOrigin[] {
  const ids = group === undefined ? [id] : group.members.map((member) => member.origin_id);
  return ids.flatMap((each) => distribution.origins.find((origin) => origin.origin_id === each) ?? []);
}

function geoTest({ restrictions }: Distribution): RunningDistribution["geo"] {
  const { restriction_type: type, locations } = restrictions.geo_restriction;
  if (type === "none") return undefined;
  const listed = new Set(locations.map((each) => each.toUpperCase()));
  // Where the country is not known, an allow list lets nobody in and a block list everybody.
  return (country) => (country !== undefined && listed.has(country)) === (type === "whitelist");
}

function linkStaging(
  distribution: RunningDistribution,
  all: readonly RunningDistribution[],
  deployment: CloudFrontDeployment,
): void {
  const id = distribution.config.continuous_deployment_policy_id;
  const policy = deployment.continuous_deployment_policies.find((each) => each.id === id);
  if (policy === undefined) return;
  const names = policy.staging_distribution_dns_names.items;
  const staging = all.find((each) => each.config.staging && names.includes(each.config.domain_name));
  if (staging !== undefined) distribution.continuous = { policy, staging };
}
