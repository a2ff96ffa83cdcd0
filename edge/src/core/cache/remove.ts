/** Taking an entry out of every tier. */

import { attempt } from "./attempt";
import type { Core } from "./core";
import type { Policy } from "./policy";
import { changed } from "./tiers";
import type { CacheContext } from "./types";

/** Removes what is stored under a key everywhere that this isolate can reach. */
export async function remove(core: Core, key: string, policy: Policy, ctx: CacheContext): Promise<void> {
  core.memory?.delete(key);
  changed(core, key);
  await Promise.all(
    core.remoteTiers.map((tier) =>
      attempt(ctx, "An entry could not be removed", Promise.resolve(tier.remove(key, policy, ctx)), undefined),
    ),
  );
  changed(core, key);
}
