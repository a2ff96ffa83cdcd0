"""Rollouts: the percentages of versions."""

from collections.abc import Iterator

from pydantic import Field

from edgewright_policies.reading import View, as_number, show
from edgewright_policies.rule import (
    Context,
    PolicyConfig,
    Violation,
    resource_rule,
    rules_of,
)
from edgewright_policies.types import (
    CONTINUOUS_DEPLOYMENT,
    LAMBDA_ALIAS,
    WORKERS_DEPLOYMENT,
)


class Canary(PolicyConfig):
    """Configuration of canary-percentages."""

    max_step: float = Field(
        default=100, gt=0, le=100, description="Most percent that a newcomer beside others may get."
    )


@resource_rule(
    "canary-percentages",
    id="EW406",
    family="routing",
    on=(WORKERS_DEPLOYMENT, LAMBDA_ALIAS, CONTINUOUS_DEPLOYMENT),
    config=Canary,
    severity="high",
    title="A rollout's percentages add up",
    why="The provider takes percentages that add to 150; the platform refuses them after the version was made.",
    fix="Give the versions percentages from 0 that add to 100; a version at 0 answers only requests that name it.",
    source="https://developers.cloudflare.com/workers/configuration/versions-and-deployments/gradual-deployments/",
)
def canary_percentages(resource: View, context: Context[Canary]) -> Iterator[Violation]:
    if context.type == WORKERS_DEPLOYMENT:
        versions = resource.views("versions")
        if not versions:
            return
        most = context.limit("cloudflare.workers.deployment_versions")
        if len(versions) > most.value:
            yield Violation("versions", str(len(versions)), f"at most {most.text}")
        shares = [each.number("percentage") for each in versions]
        given = [each for each in shares if each is not None]
        if len(given) == len(shares) and abs(sum(given) - 100) > 0.01:
            yield Violation("percentages", f"{show(given)}, together {show(round(sum(given), 4))}", "100 together")
        if any(each < 0 for each in given):
            yield Violation("percentages", show(given), "0 or above each", about="each")
        if len(given) > 1 and min(given) > context.config.max_step:
            newcomer = f"a newcomer with at most {show(context.config.max_step)}"
            yield Violation("percentages", show(given), newcomer, about="newcomer")
    elif context.type == LAMBDA_ALIAS:
        weights = resource.view("routingConfig").pairs("additionalVersionWeights")
        for version, raw in weights.items():
            weight = as_number(raw)
            if weight is not None and not 0 <= weight <= 1:
                yield Violation(
                    f"weight of version {show(version)}", show(weight), "0 to 1",
                    "A weight is a share of 1, not a percentage.",
                )  # fmt: skip
    else:
        for config in resource.views("trafficConfig"):
            weight = config.view("singleWeightConfig").number("weight")
            if weight is not None and not 0 <= weight <= 0.15:
                yield Violation(
                    "trafficConfig weight", show(weight), "0 to 0.15",
                    "CloudFront sends a staging distribution at most 15 % of the requests.",
                )  # fmt: skip


RULES = rules_of(globals())
