"""Which part of the cache a policy needs, said once, as data: read by what puts functions together and, through
edge/schema/cache-parts.json, by the build and by the check with which a function starts on the local cloud.
"""

from dataclasses import asdict, dataclass
from typing import Any

from edgewright.contract.models import CacheSpec, EndpointSpec


@dataclass(frozen=True)
class When:
    """A condition on one value of a policy as it applies. Without `is_` and `is_not`: it is given, and neither false nor
    empty. The path `unsafe` is of the function: an endpoint of it takes a method that changes something."""

    path: str
    is_: str | None = None
    is_not: str | None = None

    def holds(self, policy: dict[str, Any]) -> bool:
        """Say whether a policy document meets it."""
        value: Any = policy
        for name in self.path.split("."):
            value = value and value[name]
        if self.is_ is not None:
            return bool(value == self.is_)
        return bool(value != self.is_not) if self.is_not is not None else value is not None and value not in (False, [])


@dataclass(frozen=True)
class Part:
    """A part of the cache, in `edge/src/core/features/cache-<name>.ts`."""

    name: str
    needed: tuple[tuple[When, ...], ...]
    """It is needed where all conditions of one of these hold."""


def given(path: str) -> tuple[When, ...]:
    return (When(path),)


_FRONTED = When("engine", is_="platform")
_MORE_THAN_THE_URL = tuple(When(f"key.{name}") for name in ("headers", "cookies", "country", "region"))

PARTS = (
    # The shield is a cache with both of these.
    Part("memory", (given("tiers.memory"), given("tiers.shield"))),
    Part("edge", ((When("tiers.edge"), When("engine", is_="worker")), given("tiers.shield"))),
    Part("kv", (given("tiers.kv"),)),
    Part("shield", (given("tiers.shield"),)),
    Part("origin", ((When("mode", is_="origin"),),)),
    Part("platform", ((_FRONTED,),)),
    Part("key", ((When("key.query", is_not="all"),), *((one,) for one in _MORE_THAN_THE_URL))),
    # What is written at one endpoint may be stored for another.
    Part("writes", (given("unsafe"),)),
    # Purge channels. Where none is configured, the code that takes purges is left out; but what is found under more than its
    # URL is invalidated by a marker.
    Part(
        "purge",
        (
            *(given("tiers.kv"), given("tiers.shield"), (_FRONTED,)),
            *((When("unsafe"), one) for one in _MORE_THAN_THE_URL),
        ),
    ),
)


def needed(policy: CacheSpec, *, unsafe: bool) -> set[str]:
    """Return the parts that a policy needs as it applies: see `in_effect`."""
    if not policy.stores:
        return set()
    document = {**policy.model_dump(mode="json"), "unsafe": unsafe}
    return {part.name for part in PARTS if any(all(one.holds(document) for one in row) for row in part.needed)}


def in_effect(endpoint: EndpointSpec) -> CacheSpec | None:
    """Return the policy of an endpoint as it applies there: `effectivePolicy` in edge/src/core/edge.ts, which says why."""
    policy = endpoint.cache
    if policy is None:
        return None
    key = policy.key
    applied: dict[str, object] = {}
    url_alone = not (key.headers or key.cookies or key.country or key.region or key.host)
    if endpoint.auth is not None or endpoint.rate_limit is not None or not url_alone:
        applied["engine"] = "worker"
    if endpoint.auth is not None:
        applied["tiers"] = policy.tiers.model_copy(update={"shield": None})
        if policy.mode == "override":
            applied["mode"] = "origin"
    return policy.model_copy(update=applied)


def table() -> list[dict[str, object]]:
    """Return the rows as data, for the code at the edge and its build."""
    return [{"part": part.name, "needed": [[_condition(one) for one in row] for row in part.needed]} for part in PARTS]


def _condition(when: When) -> dict[str, str]:
    return {name.rstrip("_"): value for name, value in asdict(when).items() if value is not None}
