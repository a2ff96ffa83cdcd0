// What a deployment document must hold beyond its types: names that meet, percentages that add up, patterns that can match.

import { deploymentFaults } from "../platforms/cloudfront/gateway/index.js";
import { type DeployError, fault } from "./diagnostics.js";
import type { Deployment } from "./protocol.gen.js";
import { patternFault } from "./router.js";

const LISTS = [
  "workers",
  "kv_namespaces",
  "kv_entries",
  "queues",
  "r2_buckets",
  "d1_databases",
  "routes",
  "domains",
  "header_rules",
] as const;

const CLOUDFRONT_LISTS = [
  "distributions",
  "cache_policies",
  "origin_request_policies",
  "response_headers_policies",
  "continuous_deployment_policies",
  "functions",
  "key_value_stores",
  "lambda_versions",
  "buckets",
  "addresses",
] as const;

const KNOWN = new Set(["stack", ...LISTS, "cloudfront"]);

/** Reads a document that comes over HTTP: the shape is checked here, the rest by `validate`. Missing lists are empty. */
export function readDeployment(text: string): Deployment | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `The body is not JSON: ${(error as Error).message}`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "The body is not a Deployment object";
  const document = {
    stack: "",
    ...Object.fromEntries(LISTS.map((name) => [name, []])),
    ...value,
  } as unknown as Deployment;
  const strange = Object.keys(value).filter((name) => !KNOWN.has(name));
  if (strange.length > 0) return `Unknown: ${strange.join(", ")}. Known: ${[...KNOWN].join(", ")}`;
  const wrong = LISTS.filter((name) => !Array.isArray(document[name]));
  if (wrong.length > 0) return `Not lists: ${wrong.join(", ")}`;
  if (document.cloudfront != null) {
    const lists = Object.fromEntries(CLOUDFRONT_LISTS.map((name) => [name, []]));
    document.cloudfront = { ...lists, ...document.cloudfront } as NonNullable<Deployment["cloudfront"]>;
  }
  for (const worker of document.workers) {
    worker.versions ??= [];
    worker.deployment ??= [];
    for (const version of worker.versions) {
      version.bindings ??= [];
      version.compatibility_flags ??= [];
      version.modules ??= [];
      version.exports ??= {};
    }
  }
  return document;
}

function repeated(values: string[]): string[] {
  const seen = new Set<string>();
  return [...new Set(values.filter((value) => seen.size === seen.add(value).size))];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Names that would go to a Worker and to a distribution. */
function sharedHosts(deployment: Deployment): DeployError[] {
  const aliases = new Map(
    (deployment.cloudfront?.distributions ?? []).flatMap((each) =>
      each.aliases.map((alias) => [alias.toLowerCase(), each.id] as const),
    ),
  );
  return deployment.domains
    .filter(({ hostname }) => aliases.has(hostname.toLowerCase()))
    .map(({ hostname, worker }) =>
      fault(`Domain ${hostname} is also an alias of distribution ${aliases.get(hostname.toLowerCase())}`, worker),
    );
}

export function validate(deployment: Deployment): DeployError[] {
  const errors: DeployError[] = [];
  if (deployment.cloudfront != null) {
    for (const message of deploymentFaults(deployment.cloudfront)) errors.push(fault(message));
    errors.push(...sharedHosts(deployment));
  }
  const names = new Set(deployment.workers.map((worker) => worker.name));
  const namespaces = new Set(deployment.kv_namespaces.map((namespace) => namespace.id));
  for (const name of repeated(deployment.workers.map((worker) => worker.name))) {
    errors.push(fault(`There are several Workers named ${name}`, name));
  }
  for (const worker of deployment.workers) {
    const versions = new Set(worker.versions.map((version) => version.id));
    for (const id of repeated(worker.versions.map((version) => version.id))) {
      errors.push(fault(`There are several versions ${id}`, worker.name));
    }
    for (const share of worker.deployment) {
      if (!versions.has(share.version_id))
        errors.push(fault(`The deployment names version ${share.version_id}, which is not there`, worker.name));
    }
    const sum = worker.deployment.reduce((total, share) => total + share.percentage, 0);
    if (worker.deployment.length > 0 && Math.abs(sum - 100) > 0.01) {
      errors.push(fault(`The deployment's percentages add up to ${sum}, not to 100`, worker.name));
    }
    for (const version of worker.versions) {
      for (const binding of version.bindings) {
        if (binding.type !== "option" || binding.option !== "kvNamespaces") continue;
        const namespace = String(binding.value);
        if (!namespaces.has(namespace)) {
          errors.push(
            fault(`Binding ${binding.name} names KV namespace ${namespace}, which is not declared`, worker.name),
          );
        }
      }
    }
  }
  for (const route of deployment.routes) {
    const wrong = patternFault(route.pattern);
    if (wrong !== undefined) errors.push(fault(`Route ${route.pattern}: ${wrong}`, route.worker));
    if (route.worker !== null && !names.has(route.worker)) {
      errors.push(fault(`Route ${route.pattern} names Worker ${route.worker}, which is not there`, route.worker));
    }
  }
  for (const pattern of repeated(deployment.routes.map((route) => route.pattern))) {
    errors.push(fault(`Route ${pattern} is declared more than once`));
  }
  for (const domain of deployment.domains) {
    if (!names.has(domain.worker))
      errors.push(fault(`Domain ${domain.hostname} names Worker ${domain.worker}, which is not there`, domain.worker));
  }
  for (const host of repeated(deployment.domains.map((domain) => domain.hostname.toLowerCase()))) {
    errors.push(fault(`Domain ${host} is declared more than once`));
  }
  for (const name of repeated(
    deployment.kv_entries.map((entry) => `${entry.key} of namespace ${entry.namespace_id}`),
  )) {
    errors.push(fault(`KV entry ${name} is declared more than once`));
  }
  for (const entry of deployment.kv_entries) {
    if (!namespaces.has(entry.namespace_id)) {
      errors.push(fault(`KV entry ${entry.key} names namespace ${entry.namespace_id}, which is not declared`));
    }
    if (entry.metadata_json != null && !isJson(entry.metadata_json)) {
      errors.push(fault(`KV entry ${entry.key} of namespace ${entry.namespace_id}: its metadata is not JSON`));
    }
  }
  return errors;
}
