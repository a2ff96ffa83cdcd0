"""Routes: which function answers, and which rules apply."""

import bisect
import re
from collections.abc import Iterator

from pulumi_policy.proxy import UnknownValueError

from edgewright_policies.reading import as_number, show
from edgewright_policies.rule import (
    Context,
    NoConfig,
    StackView,
    Violation,
    rules_of,
    stack_rule,
)
from edgewright_policies.types import (
    RULESET,
    WORKERS_CUSTOM_DOMAIN,
    WORKERS_ROUTE,
    ZONE,
)


def _normalised(pattern: str) -> tuple[str, str]:
    """Return a route pattern's host and path, without scheme, in lower case where case does not count."""
    pattern = re.sub(r"^[a-z*]+://", "", pattern.strip(), flags=re.I)
    host, slash, path = pattern.partition("/")
    return host.lower(), (slash + path) or "/"


class _Paths:
    """The paths of one host's routes, in order, each with where the next one is that another function answers."""

    def __init__(self, routes: list[tuple[str, str | None, str, str]]) -> None:
        self.routes = sorted(routes, key=lambda route: (route[0], route[3]))
        self.paths = [path for path, *_ in self.routes]
        self.next_other = [len(routes)] * len(routes)
        for at in range(len(routes) - 2, -1, -1):
            same = self.routes[at][1] == self.routes[at + 1][1]
            self.next_other[at] = self.next_other[at + 1] if same else at + 1

    def inside(self, prefix: str, script: str | None, own: str) -> tuple[str, str | None, str, str] | None:
        """Return the first route of another function for paths that begin so, other than the pattern itself."""
        at = bisect.bisect_left(self.paths, prefix)
        while at < len(self.routes) and self.paths[at].startswith(prefix):
            if self.routes[at][1] == script:
                at = self.next_other[at]
            elif self.paths[at] == own:
                at += 1
            else:
                return self.routes[at]
        return None


_Route = tuple[str, str, str, str | None, str, str]
"""Zone, host, path, script, name and URN."""


def _crossings(routes: list[_Route]) -> Iterator[Violation]:
    """Yield, for each route, the first one that it crosses: of which neither is the narrower one.

    A host has its `*` at the beginning and a path at the end, so that of two that meet one always contains the other. Two
    routes cross where one has the wider host and the other the wider path. Takes n log n steps.
    """
    hosts: dict[tuple[str, str], list[tuple[str, str | None, str, str]]] = {}
    for zone, host, path, script, name, urn in routes:
        if host.startswith("*"):
            hosts.setdefault((zone, host[1:]), []).append((path, script, name, urn))
    by_host = {key: _Paths(found) for key, found in hosts.items()}
    if not by_host:
        return
    for zone, host, path, script, name, _ in routes:
        if not path.endswith("*"):
            continue
        bare = host.removeprefix("*")
        # The hosts that contain this one: each ending of it. Of a host with a `*`, its own ending is the host itself.
        for at in range(1 if host.startswith("*") else 0, min(len(bare), 253) + 1):
            wider = by_host.get((zone, bare[at:]))
            other = wider.inside(path[:-1], script, path) if wider else None
            if other:
                yield Violation(
                    "route", f"{show('*' + bare[at:] + other[0])} and {show(host + path)} of {name}",
                    "routes of which one is the narrower", urn=other[3], about=f"crossed by {host}{path}",
                )  # fmt: skip
                break


@stack_rule(
    "routes-overlap",
    id="EW405",
    family="routing",
    on=(WORKERS_ROUTE, WORKERS_CUSTOM_DOMAIN),
    severity="high",
    title="Routes do not contend for the same requests",
    why="Of two equal routes the platform refuses the second; of two of which neither is the narrower one, nobody who"
    " reads them can tell which function answers.",
    fix="Make one of them narrower, or send both to the same function.",
    source="https://developers.cloudflare.com/workers/configuration/routing/routes/",
)
def routes_overlap(stack: StackView, _context: Context[NoConfig]) -> Iterator[Violation | None]:
    exact: dict[tuple[str, str, str], str] = {}
    routes: list[_Route] = []
    for node in stack.of(WORKERS_ROUTE):
        try:
            pattern, script = node.props.text("pattern"), node.props.text("script")
            zone = node.props.text("zoneId") if node.props.known("zoneId") else ""
        except UnknownValueError:
            yield None
            continue
        if not pattern:
            continue
        host, path = _normalised(pattern)
        key = (zone or "", host, path)
        if key in exact:
            yield Violation(
                "route", f"{show(pattern)}, also of {exact[key]}", "one route a pattern", urn=node.urn, about="twice"
            )
            continue
        exact[key] = node.name
        if "*" in host[1:] or "*" in path[:-1]:
            yield Violation(
                "route", show(pattern), "a `*` at the beginning of the host and at the end of the path",
                "Write a route for each, or match in the function.", urn=node.urn,
            )  # fmt: skip
            continue
        routes.append((zone or "", host, path, script, node.name, node.urn))
    yield from _crossings(routes)
    # A route is asked before a custom domain. A narrower one is a Worker in front of some paths; one that takes every path
    # leaves the custom domain's Worker nothing.
    whole = {host: (script, name) for _, host, path, script, name, _ in routes if path == "/*"}
    domains: dict[str, str] = {}
    for node in stack.of(WORKERS_CUSTOM_DOMAIN):
        try:
            hostname = (node.props.text("hostname") or "").lower().rstrip(".")
            service = node.props.text("service")
        except UnknownValueError:
            yield None
            continue
        if hostname and hostname in domains:
            yield Violation(
                "custom domain", f"{show(hostname)}, also of {domains[hostname]}", "one custom domain a hostname",
                urn=node.urn,
            )  # fmt: skip
        domains.setdefault(hostname, node.name)
        script, route = whole.get(hostname, (service, ""))
        if script != service:
            yield Violation(
                "custom domain", f"{show(hostname)}, every path of which the route {route} takes",
                "a hostname that no route of another function takes whole", urn=node.urn, about="route",
            )  # fmt: skip


@stack_rule(
    "ruleset-phase-duplicate",
    id="EW407",
    family="routing",
    on=(RULESET, ZONE),
    severity="critical",
    title="A zone has one ruleset a phase",
    why="Two rulesets of one phase overwrite each other on every update.",
    fix="Put the rules into one ruleset.",
    source="https://developers.cloudflare.com/ruleset-engine/about/phases/",
)
def ruleset_phase_duplicate(stack: StackView, context: Context[NoConfig]) -> Iterator[Violation | None]:
    most = as_number(context.limit("cloudflare.rulesets.per_phase").value) or 1
    seen: dict[tuple[str, str], list[str]] = {}
    zones = {node.urn for node in stack.of(ZONE)}
    for node in stack.of(RULESET):
        try:
            phase, kind = node.props.text("phase"), node.props.text("kind")
            # The zone may be one that is still to be made: then it is known by what the ruleset depends on.
            made = sorted(zones & set(node.dependencies))
            zone = made[0] if len(made) == 1 else node.props.text("zoneId") or ""
        except UnknownValueError:
            yield None
            continue
        if not zone or not phase or kind == "custom":
            continue
        names = seen.setdefault((zone, phase), [])
        names.append(node.name)
        if len(names) > most:
            yield Violation(
                f"ruleset of phase {show(phase)}", f"{len(names)} in one zone ({', '.join(sorted(names))})",
                show(most), urn=node.urn,
            )  # fmt: skip


RULES = rules_of(globals())
