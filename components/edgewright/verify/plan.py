"""What is requested and when: a function of the settings and the seed alone."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edgewright.config.models import PathMix, Traffic
from edgewright.contract import EdgeSettings, EndpointSpec, OriginTarget, SessionTarget
from edgewright.verify.statistics import Zipf


@dataclass(frozen=True)
class Planned:
    """One request of the plan.

    Attributes:
        at_s: when it is due, in seconds after the phase began.
        path: path and query with the object's number filled in.
        country: ISO 3166-1 alpha-2 code of the client.
        family: which of the mix's families it belongs to, counted from 0.
    """

    at_s: float
    path: str
    country: str
    family: int


def plan(traffic: Traffic, mix: Sequence[PathMix], *, count: int, phase: str = "measure") -> Iterator[Planned]:
    """Yield `count` requests in the order in which they are due.

    The same traffic settings give the same requests at the same times, in each run and on each machine. Phases differ
    in their draws, so that a warm-up does not simply play the measured requests in advance.

    Raises:
        ValueError: the mix is empty.
    """
    if not mix:
        raise ValueError("there is no traffic to plan: the mix is empty")
    chance = random.Random(f"edgewright {phase} {traffic.seed}")
    popularity = [Zipf(family.objects, family.zipf) for family in mix]
    weights = list(itertools.accumulate(family.weight for family in mix))
    countries, shares = list(traffic.countries), list(itertools.accumulate(traffic.countries.values()))
    families = range(len(mix))
    due = 0.0
    for _ in range(count):
        family = chance.choices(families, cum_weights=weights)[0]
        country = chance.choices(countries, cum_weights=shares)[0] if countries else ""
        path = mix[family].path
        if "{n}" in path:
            path = path.replace("{n}", str(popularity[family].draw(chance)))
        yield Planned(due, path, country, family)
        due += chance.expovariate(traffic.rate) if traffic.arrivals == "poisson" else 1 / traffic.rate


DERIVED_OBJECTS = 100
"""How many objects a parameter in a path is taken to range over where the settings declare no mix."""


def derive_mix(settings: EdgeSettings) -> tuple[PathMix, ...]:
    """Return a mix read off an API's endpoints, for a stack that declares none; see :func:`left_out` for the others.

    A parameter becomes a number from 1 to 100.
    """
    mix = []
    for endpoint in settings.endpoints:
        if _why_not(endpoint) is not None:
            continue
        segments = endpoint.path.split("/")
        varied = any(segment.startswith(":") for segment in segments)
        stored = endpoint.cache is not None and endpoint.cache.mode == "override"
        mix.append(
            PathMix(
                path="/".join("{n}" if segment.startswith(":") else segment for segment in segments),
                objects=DERIVED_OBJECTS if varied else 1,
                cacheable=stored and isinstance(endpoint.target, OriginTarget),
            )
        )
    return tuple(mix)


def left_out(settings: EdgeSettings) -> tuple[str, ...]:
    """Return the endpoints that a derived mix does not ask, each with the reason.

    A refusal is quick and says nothing of what the endpoint does for who may use it, so none is counted as an answer.
    """
    found = []
    for endpoint in settings.endpoints:
        if (why := _why_not(endpoint)) is not None:
            found.append(f"{endpoint.path}: {why}")
    return tuple(found)


def _why_not(endpoint: EndpointSpec) -> str | None:
    if not {"GET", "*"} & set(endpoint.methods):
        return "it is not read by GET"
    if endpoint.auth is not None or isinstance(endpoint.target, SessionTarget):
        return "it needs credentials; name it in edgewright:traffic.mix with `headers` that carry them"
    if "*" in endpoint.path:
        return "its paths cannot be guessed; name some in edgewright:traffic.mix"
    return None
