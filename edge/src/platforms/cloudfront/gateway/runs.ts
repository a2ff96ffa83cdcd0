// What runs of a local CloudFront, as `edgewright status` shows it.

import type { Life } from "./lambda-runner.js";
import type { CloudFrontStats, DistributionStats } from "./stats.js";

/** One thing that runs: what it is, its name, and how it does. */
export interface RunningThing {
  what: string;
  name: string;
  state: string;
}

export function runsOf({ distributions, lambda, functions }: CloudFrontStats): RunningThing[] {
  return [
    ...distributions.map((each) => ({
      what: "distribution",
      name: each.id,
      state: distributionState(each, distributions),
    })),
    ...lambda.map((each) => ({
      what: "Lambda function",
      name: each.function,
      state: withLife(`version ${each.version}`, each.runtime),
    })),
    ...functions.map((each) => ({ what: "function", name: each.function, state: withLife("LIVE", each.runtime) })),
  ];
}

function distributionState(one: DistributionStats, all: readonly DistributionStats[]): string {
  const names = [one.domainName, ...one.aliases].join(", ");
  const parts = [names, ...(one.enabled ? [] : ["disabled"])];
  if (one.rollout !== null) parts.push(`${shareOf(one.rollout)} to ${one.rollout.staging}`);
  if (one.staging) {
    const primary = all.find((each) => each.rollout?.staging === one.id);
    const share = primary?.rollout ? `, ${shareOf(primary.rollout)}` : "";
    parts.push(primary === undefined ? "staging" : `staging of ${primary.id}${share}`);
  }
  return parts.join("; ");
}

function shareOf(rollout: NonNullable<DistributionStats["rollout"]>): string {
  return rollout.percentage === null ? `requests with ${rollout.header}` : `${rollout.percentage} %`;
}

function withLife(state: string, { state: now, restarts, reason }: Life): string {
  if (now === "restarting") return `${state}; starts again with the next request: ${reason}`;
  if (restarts === 0) return state;
  return `${state}; started again ${restarts === 1 ? "once" : `${restarts} times`}: last, ${reason}`;
}
