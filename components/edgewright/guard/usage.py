"""How much of each limit a stack uses, as far as its resources tell."""

import gzip
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from edgewright.engine.resources import Capture

if TYPE_CHECKING:
    from edgewright_policies import Node, StackView
    from edgewright_policies.reading import View

_T = TypeVar("_T")


@dataclass(frozen=True)
class Used:
    """What a stack uses of one limit."""

    amount: float
    by: str | None = None
    """The resource that uses so much, where the limit is one of each resource; None where it is the account's."""


def usage(capture: Capture) -> dict[str, Used]:
    """Return limit id to the most that this stack uses of it; limits of which the resources say nothing are left out.

    A quota of the account (how many Workers, how many policies) counts this stack's own only. Files are read from the
    program's folder; what is unknown in a preview is left out.
    """
    from edgewright_policies.archives import files_relative_to

    from edgewright.guard.evaluate import stack_view

    with files_relative_to(capture.program_dir or capture.project_dir):
        found = dict(_Usage(stack_view(capture)).all())
    return {name: each for name, each in found.items() if each is not None and each.amount}


class _Usage:
    def __init__(self, stack: "StackView") -> None:
        self._stack = stack

    def all(self) -> Iterator[tuple[str, Used | None]]:
        yield from self._workers()
        yield from self._storage()
        yield from self._cloudfront()
        yield from self._lambda()

    def _most(self, nodes: Iterable["Node"], amount: Callable[["View"], float | None]) -> Used | None:
        best: Used | None = None
        for node in nodes:
            value = _known(lambda node=node: amount(node.props))  # type: ignore[misc]
            if value and (best is None or value > best.amount):
                best = Used(value, node.name)
        return best

    def _count(self, *types: str) -> Used | None:
        return Used(len(self._stack.of(*types)))

    def _workers(self) -> Iterator[tuple[str, Used | None]]:
        from edgewright_policies import types
        from edgewright_policies.reading import modules, text_bytes

        versions = self._stack.of(types.WORKER_VERSION, types.WORKERS_SCRIPT)

        def content(view: "View") -> bytes:
            return b"".join(code for _, code in modules(view))

        def variables(view: "View") -> list["View"]:
            kinds = ("plain_text", "secret_text", "json")
            return [each for each in _items(view, "bindings") if _text(each, "type") in kinds]

        def classes(view: "View") -> set[str | None]:
            bound = [each for each in _items(view, "bindings") if _text(each, "type") == "durable_object_namespace"]
            exports = view.view("exports")
            own = {name for name in exports.keys() if _text(exports.view(name), "type") == "durable-object"}  # noqa: SIM118
            return {*own, *(_text(each, "className") for each in bound if not _text(each, "scriptName"))}

        p = "cloudflare.workers."
        yield p + "scripts", self._count(types.WORKER, types.WORKERS_SCRIPT)
        yield p + "script_bytes", self._most(versions, lambda view: len(content(view)))
        yield p + "script_gzip_bytes", self._most(versions, lambda view: len(gzip.compress(content(view), 6, mtime=0)))
        for name in ("cpu_ms_guardrail", "cpu_ms_max"):
            yield p + name, self._most(versions, lambda view: view.view("limits").number("cpuMs"))
        yield p + "subrequests", self._most(versions, lambda view: view.view("limits").number("subrequests"))
        yield p + "env_vars", self._most(versions, lambda view: len(variables(view)))
        yield (
            p + "env_var_bytes",
            self._most(
                versions, lambda view: max((text_bytes(_text(each, "text")) for each in variables(view)), default=0)
            ),
        )
        crons = self._stack.of("cloudflare:index/workersCronTrigger:WorkersCronTrigger")
        yield p + "crons", Used(sum(len(_items(each.props, "schedules")) for each in crons))
        yield (
            p + "deployment_versions",
            self._most(self._stack.of(types.WORKERS_DEPLOYMENT), lambda view: len(_items(view, "versions"))),
        )
        every = {name for node in versions for name in _known(lambda node=node: classes(node.props)) or set()}  # type: ignore[misc]
        yield "cloudflare.durable_objects.classes", Used(len(every))
        assets = [(node, files) for node in versions if (files := _assets(node.props))]
        most = max(assets, key=lambda each: len(each[1]), default=None)
        yield "cloudflare.assets.files", Used(len(most[1]), most[0].name) if most else None
        largest = max(assets, key=lambda each: max(each[1]), default=None)
        yield "cloudflare.assets.file_bytes", Used(max(largest[1]), largest[0].name) if largest else None

    def _storage(self) -> Iterator[tuple[str, Used | None]]:
        from edgewright_policies import types
        from edgewright_policies.reading import text_bytes

        pairs = self._stack.of(types.WORKERS_KV)
        for name, key in (("value_bytes", "value"), ("key_bytes", "keyName"), ("metadata_bytes", "metadata")):
            yield (
                f"cloudflare.kv.{name}",
                self._most(pairs, lambda view, key=key: text_bytes(view.text(key) or "")),  # type: ignore[misc]
            )
        spaces = self._stack.of(types.WORKERS_KV_NAMESPACE)
        yield "cloudflare.kv.title_chars", self._most(spaces, lambda view: len(view.text("title") or ""))
        yield "cloudflare.d1.databases", self._count(types.D1_DATABASE)
        phases: dict[tuple[str, str], int] = {}
        for node in self._stack.of(types.RULESET):
            if _text(node.props, "kind") != "custom":
                phase = (_text(node.props, "zoneId"), _text(node.props, "phase"))
                phases[phase] = phases.get(phase, 0) + 1
        yield "cloudflare.rulesets.per_phase", Used(max(phases.values(), default=0))

    def _cloudfront(self) -> Iterator[tuple[str, Used | None]]:
        from edgewright_policies import types
        from edgewright_policies.reading import asset_bytes, text_bytes

        for name, token in (
            ("cache_policies", types.CLOUDFRONT_CACHE_POLICY),
            ("origin_request_policies", types.ORIGIN_REQUEST_POLICY),
            ("response_headers_policies", types.RESPONSE_HEADERS_POLICY),
            ("continuous_deployment_policies", types.CONTINUOUS_DEPLOYMENT),
            ("distributions", types.DISTRIBUTION),
            ("functions", types.CLOUDFRONT_FUNCTION),
        ):
            yield f"cloudfront.{name}", self._count(token)
        distributions = self._stack.of(types.DISTRIBUTION)
        yield (
            "cloudfront.distribution.behaviors",
            self._most(distributions, lambda view: len(_items(view, "orderedCacheBehaviors")) + 1),
        )
        for name, key in (("origins", "origins"), ("origin_groups", "originGroups")):
            yield (
                f"cloudfront.distribution.{name}",
                self._most(distributions, lambda view, key=key: len(_items(view, key))),  # type: ignore[misc]
            )
        yield "cloudfront.distribution.cnames", self._most(distributions, lambda view: len(view.texts("aliases")))

        def key_parts(view: "View") -> dict[str, list[str]]:
            key = view.view("parametersInCacheKeyAndForwardedToOrigin")
            return {
                "headers": key.view("headersConfig").view("headers").texts("items"),
                "cookies": key.view("cookiesConfig").view("cookies").texts("items"),
                "query_strings": key.view("queryStringsConfig").view("queryStrings").texts("items"),
            }

        policies = self._stack.of(types.CLOUDFRONT_CACHE_POLICY)
        for name in ("headers", "cookies", "query_strings"):
            yield (
                f"cloudfront.cache_policy.{name}",
                self._most(policies, lambda view, name=name: len(key_parts(view)[name])),  # type: ignore[misc]
            )
        yield (
            "cloudfront.cache_policy.names_chars",
            self._most(policies, lambda view: sum(len(each) for part in key_parts(view).values() for each in part)),
        )
        headers = self._stack.of(types.RESPONSE_HEADERS_POLICY)
        p = "cloudfront.response_headers_policy."
        yield (
            p + "custom_headers",
            self._most(headers, lambda view: len(_items(view.view("customHeadersConfig"), "items"))),
        )
        yield (
            p + "csp_chars",
            self._most(
                headers,
                lambda view: len(
                    view.view("securityHeadersConfig").view("contentSecurityPolicy").text("contentSecurityPolicy") or ""
                ),
            ),
        )
        rollouts = self._stack.of(types.CONTINUOUS_DEPLOYMENT)

        def weight(view: "View") -> float:
            share = view.view("trafficConfig").view("singleWeightConfig").number("weight")
            return round((share or 0) * 100, 4)

        yield "cloudfront.continuous_deployment.weight_percent", self._most(rollouts, weight)
        functions = self._stack.of(types.CLOUDFRONT_FUNCTION)
        yield (
            "cloudfront.functions.code_bytes",
            self._most(functions, lambda view: len(asset_bytes(view.raw("code")) or b"")),
        )
        yield from self._key_values(text_bytes)

    def _key_values(self, size: Callable[[str], int]) -> Iterator[tuple[str, Used | None]]:
        """Yield the use of key-value stores, whose pairs are resources of their own or listed by one resource."""
        from edgewright_policies import types

        keys: Used | None = None
        values: Used | None = None
        stores: dict[str, int] = {}

        def pair(view: "View", store: str, by: str) -> None:
            nonlocal keys, values
            key, value = size(_text(view, "key")), size(_text(view, "value"))
            keys = Used(key, by) if keys is None or key > keys.amount else keys
            values = Used(value, by) if values is None or value > values.amount else values
            stores[store] = stores.get(store, 0) + key + value

        for node in self._stack.of(types.CLOUDFRONT_KVS_KEY):
            pair(node.props, _text(node.props, "keyValueStoreArn"), node.name)
        for node in self._stack.of(types.CLOUDFRONT_KVS_KEYS):
            for each in _items(node.props, "resourceKeyValuePairs"):
                pair(each, _text(node.props, "keyValueStoreArn"), node.name)
        yield "cloudfront.kvs.key_bytes", keys
        yield "cloudfront.kvs.value_bytes", values
        yield "cloudfront.kvs.store_bytes", Used(max(stores.values(), default=0))

    def _lambda(self) -> Iterator[tuple[str, Used | None]]:
        from edgewright_policies import types
        from edgewright_policies.aws.common import edge_functions
        from edgewright_policies.types import behaviors

        at_edge = edge_functions(self._stack)
        viewers = [node for node, events in at_edge.values() if events & {"viewer-request", "viewer-response"}]
        origins = [node for node, events in at_edge.values() if events & {"origin-request", "origin-response"}]
        every = [node for node, _ in at_edge.values()]

        def timeout(view: "View") -> float:
            return view.number("timeout") or 3

        for name in ("viewer.timeout_s", "viewer.timeout_s_new"):
            yield f"lambda_edge.{name}", self._most(viewers, timeout)
        yield "lambda_edge.origin.timeout_s", self._most(origins, timeout)
        yield "lambda_edge.timeout_s_guardrail", self._most(every, timeout)
        yield "lambda_edge.viewer.memory_mb", self._most(viewers, lambda view: view.number("memorySize") or 128)
        for name in ("package_bytes", "package_bytes_new"):
            yield f"lambda_edge.viewer.{name}", self._most(viewers, _package_bytes)
        yield "lambda_edge.origin.package_bytes", self._most(origins, _package_bytes)
        yield (
            "lambda_edge.ephemeral_storage_mb",
            self._most(every, lambda view: view.view("ephemeralStorage").number("size")),
        )

        def per_event(view: "View") -> int:
            counts = [
                [_text(each, "eventType") for each in _items(behavior, "lambdaFunctionAssociations")]
                for behavior in behaviors(view)
            ]
            return max((events.count(event) for events in counts for event in events), default=0)

        yield "lambda_edge.functions_per_event", self._most(self._stack.of(types.DISTRIBUTION), per_event)


def _known(read: Callable[[], _T]) -> _T | None:
    """Return what a reading gives, or None where something in it is not known yet."""
    from pulumi_policy.proxy import UnknownValueError

    try:
        return read()
    except UnknownValueError:
        return None


def _items(view: "View", name: str) -> list["View"]:
    return _known(lambda: view.views(name)) or []


def _text(view: "View", name: str) -> str:
    return _known(lambda: view.text(name)) or ""


def _package_bytes(view: "View") -> int | None:
    """Return the bytes of a function's zip file, or about what its files would come to."""
    from edgewright_policies.archives import package_of

    code = view.raw("code")
    if code is None:
        return None
    return package_of(code).packed


def _assets(view: "View") -> list[int]:
    """Return the sizes of the static files that a Worker's version brings from a folder on this machine."""
    from edgewright_policies.archives import located

    def read() -> list[int]:
        directory = view.view("assets").text("directory")
        place: Path | None = located(directory) if directory else None
        if place is None or not place.is_dir():
            return []
        return [each.stat().st_size for each in place.rglob("*") if each.is_file()]

    try:
        return _known(read) or []
    except OSError:
        return []
