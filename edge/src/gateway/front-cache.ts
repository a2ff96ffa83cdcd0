// The seam for a vendor's cache in front of a version (Workers Cache). The portable cache core is to be put here: it would be asked
// before a request goes to workerd and told of the answer after.

import { type DeployError, fault } from "./diagnostics.js";
import type { Deployment } from "./protocol.gen.js";

/** What the local cloud cannot do of a deployment's caches (gap `workers-cache`): refused, never ignored. */
export function frontCacheFaults(deployment: Deployment): DeployError[] {
  return deployment.workers.flatMap((worker) =>
    worker.versions
      .filter((version) => version.cache_enabled)
      .map((version) =>
        fault(
          `Version ${version.id} sets cache_options.enabled (Workers Cache), which the local cloud does not run. ` +
            'Use a CachePolicy with engine "worker" here, or leave cache_options out.',
          worker.name,
        ),
      ),
  );
}
