"""How much of CloudFront's and Lambda@Edge's limits a stack uses."""

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from edgewright.platforms.counter import Counter, Used, items, text

if TYPE_CHECKING:
    from edgewright_policies.reading import View


class Usage(Counter):
    """See :class:`edgewright.platforms.counter.Counter`."""

    def all(self) -> Iterator[tuple[str, Used | None]]:
        yield from self._cloudfront()
        yield from self._lambda()

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
            yield f"cloudfront.{name}", self.count(token)
        distributions = self.stack.of(types.DISTRIBUTION)
        yield (
            "cloudfront.distribution.behaviors",
            self.most(distributions, lambda view: len(items(view, "orderedCacheBehaviors")) + 1),
        )
        for name, key in (("origins", "origins"), ("origin_groups", "originGroups")):
            yield (
                f"cloudfront.distribution.{name}",
                self.most(distributions, functools.partial(_number_of, key)),
            )
        yield "cloudfront.distribution.cnames", self.most(distributions, lambda view: len(view.texts("aliases")))

        def key_parts(view: "View") -> dict[str, list[str]]:
            key = view.view("parametersInCacheKeyAndForwardedToOrigin")
            return {
                "headers": key.view("headersConfig").view("headers").texts("items"),
                "cookies": key.view("cookiesConfig").view("cookies").texts("items"),
                "query_strings": key.view("queryStringsConfig").view("queryStrings").texts("items"),
            }

        def parts_of_key(name: str, view: "View") -> int:
            return len(key_parts(view)[name])

        policies = self.stack.of(types.CLOUDFRONT_CACHE_POLICY)
        for name in ("headers", "cookies", "query_strings"):
            yield (
                f"cloudfront.cache_policy.{name}",
                self.most(policies, functools.partial(parts_of_key, name)),
            )
        yield (
            "cloudfront.cache_policy.names_chars",
            self.most(policies, lambda view: sum(len(each) for part in key_parts(view).values() for each in part)),
        )
        headers = self.stack.of(types.RESPONSE_HEADERS_POLICY)
        p = "cloudfront.response_headers_policy."
        yield (
            p + "custom_headers",
            self.most(headers, lambda view: len(items(view.view("customHeadersConfig"), "items"))),
        )
        yield (
            p + "csp_chars",
            self.most(
                headers,
                lambda view: len(
                    view.view("securityHeadersConfig").view("contentSecurityPolicy").text("contentSecurityPolicy") or ""
                ),
            ),
        )
        rollouts = self.stack.of(types.CONTINUOUS_DEPLOYMENT)

        def weight(view: "View") -> float:
            share = view.view("trafficConfig").view("singleWeightConfig").number("weight")
            return round((share or 0) * 100, 4)

        yield "cloudfront.continuous_deployment.weight_percent", self.most(rollouts, weight)
        functions = self.stack.of(types.CLOUDFRONT_FUNCTION)
        yield (
            "cloudfront.functions.code_bytes",
            self.most(functions, lambda view: len(asset_bytes(view.raw("code")) or b"")),
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
            key, value = size(text(view, "key")), size(text(view, "value"))
            keys = Used(key, by) if keys is None or key > keys.amount else keys
            values = Used(value, by) if values is None or value > values.amount else values
            stores[store] = stores.get(store, 0) + key + value

        for node in self.stack.of(types.CLOUDFRONT_KVS_KEY):
            pair(node.props, text(node.props, "keyValueStoreArn"), node.name)
        for node in self.stack.of(types.CLOUDFRONT_KVS_KEYS):
            for each in items(node.props, "resourceKeyValuePairs"):
                pair(each, text(node.props, "keyValueStoreArn"), node.name)
        yield "cloudfront.kvs.key_bytes", keys
        yield "cloudfront.kvs.value_bytes", values
        yield "cloudfront.kvs.store_bytes", Used(max(stores.values(), default=0))

    def _lambda(self) -> Iterator[tuple[str, Used | None]]:
        from edgewright_policies import types
        from edgewright_policies.aws.common import edge_functions
        from edgewright_policies.types import behaviors

        at_edge = edge_functions(self.stack)
        viewers = [node for node, events in at_edge.values() if events & {"viewer-request", "viewer-response"}]
        origins = [node for node, events in at_edge.values() if events & {"origin-request", "origin-response"}]
        every = [node for node, _ in at_edge.values()]

        def timeout(view: "View") -> float:
            return view.number("timeout") or 3

        for name in ("viewer.timeout_s", "viewer.timeout_s_new"):
            yield f"lambda_edge.{name}", self.most(viewers, timeout)
        yield "lambda_edge.origin.timeout_s", self.most(origins, timeout)
        yield "lambda_edge.timeout_s_guardrail", self.most(every, timeout)
        yield "lambda_edge.viewer.memory_mb", self.most(viewers, lambda view: view.number("memorySize") or 128)
        for name in ("package_bytes", "package_bytes_new"):
            yield f"lambda_edge.viewer.{name}", self.most(viewers, _package_bytes)
        yield "lambda_edge.origin.package_bytes", self.most(origins, _package_bytes)
        yield (
            "lambda_edge.ephemeral_storage_mb",
            self.most(every, lambda view: view.view("ephemeralStorage").number("size")),
        )

        def per_event(view: "View") -> int:
            counts = [
                [text(each, "eventType") for each in items(behavior, "lambdaFunctionAssociations")]
                for behavior in behaviors(view)
            ]
            return max((events.count(event) for events in counts for event in events), default=0)

        yield "lambda_edge.functions_per_event", self.most(self.stack.of(types.DISTRIBUTION), per_event)


def _package_bytes(view: "View") -> int | None:
    """Return the bytes of a function's zip file, or about what its files would come to."""
    from edgewright_policies.archives import package_of

    code = view.raw("code")
    if code is None:
        return None
    return package_of(code).packed


def _number_of(key: str, view: "View") -> int:
    """Return how many items a list has."""
    return len(items(view, key))
