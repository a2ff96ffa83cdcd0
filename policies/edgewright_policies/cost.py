"""Cost: what a month of the stated traffic costs at list prices."""

import contextlib
import difflib
import math
from collections.abc import Iterator

from edgewright.contract.limits.prices import price, prices
from pulumi_policy.proxy import UnknownValueError
from pydantic import Field, field_validator

from edgewright_policies.aws.common import edge_functions
from edgewright_policies.rule import Context, Node, PolicyConfig, StackView, Violation, rules_of, stack_rule
from edgewright_policies.types import (
    CLOUDFRONT_FUNCTION,
    DISTRIBUTION,
    LAMBDA_FUNCTION,
    WORKER,
    WORKER_VERSION,
    WORKERS_KV_NAMESPACE,
    WORKERS_SCRIPT,
)


class Budget(PolicyConfig):
    """Configuration of monthly-cost-over-budget."""

    budget_usd: float | None = Field(
        default=None, ge=0, description="Most US dollars a month; without it the policy says nothing."
    )
    requests_per_month: float = Field(default=0, ge=0, description="Requests a month that reach the edge functions.")
    cpu_ms_per_request: float = Field(default=5, ge=0, description="CPU milliseconds a request at the edge.")
    kv_reads_per_request: float = Field(
        default=0.1, ge=0, description="KV reads a request: what the edge cache misses."
    )
    kv_writes_per_request: float = Field(
        default=0.01, ge=0, description="KV writes a request: what the origin answers."
    )
    durable_object_requests_per_request: float = Field(
        default=0,
        ge=0,
        description="Requests to Durable Objects a request; counted where a Worker has or is bound to one.",
    )
    lambda_memory_mb: float | None = Field(
        default=None,
        gt=0,
        description="Memory of a Lambda@Edge function; by default the most that one of the stack has.",
    )
    lambda_ms_per_request: float = Field(default=50, ge=0, description="Milliseconds that Lambda@Edge runs a request.")
    prices: dict[str, float] = Field(
        default_factory=dict,
        description="This account's own prices in US dollars, by id of the platforms' prices.yaml.",
    )

    @field_validator("prices")
    @classmethod
    def _known(cls, value: dict[str, float]) -> dict[str, float]:
        for name, usd in value.items():
            if name not in prices():
                near = difflib.get_close_matches(name, prices(), n=1)
                raise ValueError(
                    f"unknown price {name!r}; "
                    + (f"did you mean {near[0]}?" if near else "see the platforms' prices.yaml")
                )
            if not (math.isfinite(usd) and usd >= 0):
                raise ValueError(f"{name}: {usd!r} is not allowed; give US dollars, 0 or more")
        return value


def _memory(node: Node) -> float:
    value = node.props.number("memorySize") if node.props.known("memorySize") else None
    return value if value is not None and value > 0 else 128


def _has_durable_objects(stack: StackView) -> bool:
    for node in stack.of(WORKER_VERSION, WORKERS_SCRIPT):
        with contextlib.suppress(UnknownValueError):
            if any(each.text("type") == "durable_object_namespace" for each in node.props.views("bindings")):
                return True
        with contextlib.suppress(UnknownValueError):
            # A function reaches classes of its own without a binding.
            exports = node.props.view("exports")
            if any(exports.view(name).text("type") == "durable-object" for name in exports.keys()):  # noqa: SIM118
                return True
    return False


def monthly_cost(stack: StackView, config: Budget, plan: str | None = None) -> dict[str, float]:
    """Return what a month costs in US dollars at list prices, by the price's title. Only what the stack has counts."""
    requests = config.requests_per_month
    units: dict[str, float] = {}
    if stack.of(WORKER, WORKERS_SCRIPT):
        units["cloudflare.workers.plan"] = 1
        units["cloudflare.workers.requests"] = requests
        units["cloudflare.workers.cpu_ms"] = requests * config.cpu_ms_per_request
        if stack.of(WORKERS_KV_NAMESPACE):
            units["cloudflare.kv.reads"] = requests * config.kv_reads_per_request
            units["cloudflare.kv.writes"] = requests * config.kv_writes_per_request
        if _has_durable_objects(stack):
            units["cloudflare.durable_objects.requests"] = requests * config.durable_object_requests_per_request
    if plan == "free":
        # What the free plan does not include, Cloudflare refuses and does not bill.
        units.clear()
    edge = edge_functions(stack)
    if edge:
        units["lambda_edge.requests"] = requests
        memory = config.lambda_memory_mb or max(_memory(node) for node, _ in edge.values())
        seconds = requests * config.lambda_ms_per_request / 1000
        units["lambda_edge.gb_s"] = seconds * memory / 1024
    if stack.of(CLOUDFRONT_FUNCTION) and stack.of(DISTRIBUTION):
        units["cloudfront.functions.requests"] = requests
    found = {}
    for name, count in units.items():
        each = price(name, config.prices)
        found[each.title] = each.cost(count)
    return {title: cost for title, cost in found.items() if cost}


@stack_rule(
    "monthly-cost-over-budget",
    id="EW901",
    family="cost",
    on=(
        WORKER,
        WORKER_VERSION,
        WORKERS_SCRIPT,
        WORKERS_KV_NAMESPACE,
        LAMBDA_FUNCTION,
        CLOUDFRONT_FUNCTION,
        DISTRIBUTION,
    ),
    config=Budget,
    severity="medium",
    title="A month of the stated traffic stays inside the stack's budget",
    why="A change of the cache, of a plan or of the traffic moves the bill by multiples, and shows a month later.",
    fix="Raise the hit ratio, make fewer KV operations a request, or raise `budgetUsd` knowingly.",
    source="https://developers.cloudflare.com/workers/platform/pricing/",
)
def monthly_cost_over_budget(stack: StackView, context: Context[Budget]) -> Iterator[Violation | None]:
    budget = context.config.budget_usd
    if budget is None:
        return
    parts = monthly_cost(stack, context.config, context.settings.plans.get("cloudflare"))
    total = sum(parts.values())
    if total > budget:
        largest = sorted(parts.items(), key=lambda part: -part[1])
        listed = ", ".join(f"{title} {cost:,.2f}" for title, cost in largest)
        yield Violation("monthly cost", f"${total:,.2f} ({listed})", f"at most ${budget:,.2f}")


RULES = rules_of(globals())
