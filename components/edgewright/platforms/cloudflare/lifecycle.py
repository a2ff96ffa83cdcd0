"""What becomes of the resources that are made on Cloudflare when they have to be replaced."""

from collections.abc import Mapping

from edgewright.platforms.lifecycle import DELETED_FIRST, EACH_TIME, NEVER, Lifecycle, Replaced

LIFECYCLES: Mapping[str, Lifecycle] = {
    # A Worker is renamed in place, and its routes and domains are replaced.
    "cloudflare:index/worker:Worker": NEVER,
    # Every change makes a new one; their deletion sends nothing to the account.
    "cloudflare:index/workerVersion:WorkerVersion": EACH_TIME,
    "cloudflare:index/workersDeployment:WorkersDeployment": EACH_TIME,
    # A hostname is one custom domain's (100116).
    "cloudflare:index/workersCustomDomain:WorkersCustomDomain": DELETED_FIRST,
    "cloudflare:index/workersRoute:WorkersRoute": DELETED_FIRST,
    # A zone has one entry point a phase (20217), whatever its name. The one of a sticky rollout goes with it, and is never
    # protected, which its own options say.
    "cloudflare:index/ruleset:Ruleset": Lifecycle(Replaced.DELETED_FIRST, keeps=("name",)),
    "cloudflare:index/argoTieredCaching:ArgoTieredCaching": NEVER,
    "cloudflare:index/tieredCache:TieredCache": NEVER,
    "cloudflare:index/workersKvNamespace:WorkersKvNamespace": Lifecycle(
        Replaced.REFUSED, keeps=("account_id", "jurisdiction")
    ),
    # A seed is its key's, and stays where its namespace is.
    "cloudflare:index/workersKv:WorkersKv": NEVER,
}
"""By `RequiresReplace` in the schemas of cloudflare/terraform-provider-cloudflare."""
