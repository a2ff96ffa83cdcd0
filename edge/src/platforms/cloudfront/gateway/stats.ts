// What a local CloudFront has done, as numbers.

import type { ColdStart, Life } from "./lambda-runner.js";

export interface CloudFrontStats {
  distributions: DistributionStats[];
  lambda: LambdaStats[];
  functions: FunctionStats[];
}

export interface DistributionStats {
  id: string;
  domainName: string;
  aliases: readonly string[];
  enabled: boolean;
  /** Whether it answers only what its primary distribution leaves to it. */
  staging: boolean;
  /** The staging distribution of this one, and what goes to it: a percentage of all, or what has a header. */
  rollout: { staging: string; percentage: number | null; header: string | null } | null;
  requests: number;
  /** By `X-Cache` result. */
  results: Record<string, number>;
  cacheEntries: number;
  cacheBytes: number;
}

export interface LambdaStats {
  function: string;
  version: string;
  runtime: Life;
  invocations: number;
  errors: number;
  coldStarts: readonly ColdStart[];
}

export interface FunctionStats {
  function: string;
  runtime: Life;
  invocations: number;
  errors: number;
  /** Milliseconds of wall time of the last run. */
  lastMs: number;
}
