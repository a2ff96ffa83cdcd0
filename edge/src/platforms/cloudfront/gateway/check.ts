// What is wrong with a deployment document, found before anything of it runs.

import { existsSync } from "node:fs";
import { KVS_KEY_BYTES, KVS_VALUE_BYTES, LAMBDA_EDGE_TIMEOUT_S } from "../../../core/limits.gen.js";
import { policiesOf } from "./distribution.js";
import { functionFaults } from "./functions-code.js";
import type { CacheBehavior, CloudFrontDeployment, Distribution, LambdaVersion } from "./model.js";
import { keyFault } from "./signed.js";

/** Every fault at once, each as a sentence with the value and what to do. */
export class CloudFrontFaults extends Error {
  constructor(readonly faults: readonly string[]) {
    super(faults.join("\n"));
  }
}

export function deploymentFaults(deployment: CloudFrontDeployment): string[] {
  const faults = deployment.functions.flatMap(functionFaults);
  for (const version of deployment.lambda_versions) faults.push(...lambdaFaults(version));
  for (const store of deployment.key_value_stores) {
    for (const { key, value } of store.pairs) {
      if (Buffer.byteLength(key) > KVS_KEY_BYTES)
        faults.push(
          `KeyValueStore ${store.name} has a key of ${Buffer.byteLength(key)} bytes (${key.slice(0, 40)}...); CloudFront takes ${KVS_KEY_BYTES}.`,
        );
      if (Buffer.byteLength(value) > KVS_VALUE_BYTES)
        faults.push(
          `KeyValueStore ${store.name}, key ${key.slice(0, 40)}: the value has ${Buffer.byteLength(value)} bytes; CloudFront takes ${KVS_VALUE_BYTES}.`,
        );
    }
  }
  for (const { id, name, encoded_key: pem } of deployment.public_keys) {
    const fault = keyFault(pem);
    if (fault !== undefined)
      faults.push(
        `The public key ${name || id} ${fault}; CloudFront takes RSA keys of 2048 bits and ECDSA keys on prime256v1, in PEM.`,
      );
  }
  for (const { id, name, items } of deployment.key_groups) {
    for (const item of items) {
      if (!deployment.public_keys.some((key) => key.id === item))
        faults.push(`The key group ${name || id} has the public key ${item}, which is not in this stack.`);
    }
  }
  const seen = new Map<string, string>();
  for (const distribution of deployment.distributions) {
    faults.push(...distributionFaults(distribution, deployment));
    for (const alias of distribution.staging ? [] : distribution.aliases) {
      const other = seen.get(alias.toLowerCase());
      if (other !== undefined)
        faults.push(
          `The alias ${alias} is on distributions ${other} and ${distribution.id}; a name belongs to one distribution.`,
        );
      seen.set(alias.toLowerCase(), distribution.id);
    }
  }
  return faults;
}

function lambdaFaults(version: LambdaVersion): string[] {
  const where = `Lambda function ${version.name}:${version.version}`;
  const faults: string[] = [];
  if (!/^\d+$/.test(version.version))
    faults.push(
      `${where} is not a numbered version; Lambda@Edge takes no $LATEST and no alias. Set publish and associate the qualified ARN.`,
    );
  const python = version.runtime.startsWith("python");
  if (!python && !version.runtime.startsWith("nodejs"))
    faults.push(`${where} has the runtime ${version.runtime}; Lambda@Edge runs Node.js and Python.`);
  if (python && version.interpreter !== null && !existsSync(version.interpreter))
    faults.push(`${where} has the runtime ${version.runtime}, and there is no Python at ${version.interpreter}.`);
  if (!(version.timeout > 0 && version.timeout <= LAMBDA_EDGE_TIMEOUT_S))
    faults.push(`${where} has a timeout of ${version.timeout} s; Lambda@Edge takes 1 to ${LAMBDA_EDGE_TIMEOUT_S}.`);
  if (!/^[\w./-]+\.\w+$/.test(version.handler) || version.handler.includes(".."))
    faults.push(
      `${where} has the handler ${JSON.stringify(version.handler)}; write file.export, such as index.handler.`,
    );
  if (version.directory !== null && !existsSync(version.directory))
    faults.push(`${where}: the package directory ${version.directory} does not exist.`);
  if (version.directory === null && version.files.length === 0)
    faults.push(`${where} has no code: neither a directory nor files.`);
  return faults;
}

function distributionFaults(distribution: Distribution, deployment: CloudFrontDeployment): string[] {
  const faults: string[] = [];
  const targets = new Set([...distribution.origins, ...distribution.origin_groups].map((each) => each.origin_id));
  for (const group of distribution.origin_groups) {
    for (const { origin_id: id } of group.members) {
      if (!distribution.origins.some((origin) => origin.origin_id === id)) {
        faults.push(
          `Distribution ${distribution.id}: origin group ${group.origin_id} names the origin ${id}, which it does not have.`,
        );
      }
    }
  }
  const behaviors: [string, CacheBehavior][] = [
    ["the default behavior", distribution.default_cache_behavior],
    ...distribution.ordered_cache_behaviors.map((each): [string, CacheBehavior] => [
      `the behavior ${each.path_pattern}`,
      each,
    ]),
  ];
  for (const [name, behavior] of behaviors) {
    for (const fault of behaviorFaults(behavior, targets, deployment))
      faults.push(`Distribution ${distribution.id}, ${name}: ${fault}`);
  }
  return faults;
}

function behaviorFaults(
  behavior: CacheBehavior,
  targets: ReadonlySet<string>,
  deployment: CloudFrontDeployment,
): string[] {
  const faults: string[] = [];
  const policies = policiesOf(deployment);
  const known = (kind: string, id: string | null, map: ReadonlyMap<string, unknown>): void => {
    if (id !== null && !map.has(id))
      faults.push(`the ${kind} ${id} is neither in this stack nor one of AWS's managed policies.`);
  };
  if (!targets.has(behavior.target_origin_id)) {
    faults.push(
      `it targets ${behavior.target_origin_id}, which is no origin or origin group of the distribution. Known: ${[...targets].join(", ") || "none"}.`,
    );
  }
  known("cache policy", behavior.cache_policy_id, policies.cache);
  known("origin request policy", behavior.origin_request_policy_id, policies.originRequest);
  known("response headers policy", behavior.response_headers_policy_id, policies.responseHeaders);
  if (behavior.cache_policy_id === null && behavior.forwarded_values === null)
    faults.push("it has neither a cache policy nor forwarded values.");
  if (behavior.cache_policy_id !== null && behavior.forwarded_values !== null)
    faults.push("it has both a cache policy and forwarded values; CloudFront takes one.");
  for (const group of behavior.trusted_key_groups) {
    if (!deployment.key_groups.some(({ id }) => id === group))
      faults.push(`the key group ${group} is not in this stack.`);
  }
  const events = new Map<string, string>();
  for (const { event_type: type, function_arn: arn } of behavior.function_associations) {
    if (!deployment.functions.some((fn) => fn.arn === arn))
      faults.push(`the CloudFront function ${arn} is not in this stack.`);
    events.set(type, "a CloudFront function");
  }
  for (const { event_type: type, lambda_arn: arn, include_body: body } of behavior.lambda_function_associations) {
    if (!deployment.lambda_versions.some((version) => version.arn === arn))
      faults.push(`the Lambda function ${arn} is not in this stack.`);
    if (events.has(type)) faults.push(`${type} has ${events.get(type)} and a Lambda function; an event takes one.`);
    if (body && type.endsWith("response")) faults.push(`${type} includes the body; only request events can.`);
    if (type.startsWith("viewer") && behavior.function_associations.length > 0) {
      faults.push("CloudFront functions and Lambda functions cannot both be on viewer events of one behavior.");
    }
    events.set(type, "a Lambda function");
  }
  return faults;
}
