"""Storage: what Workers KV takes, and what does not belong there."""

import itertools
import re
from collections.abc import Iterator
from typing import Annotated

from edgewright.contract.limits import Limit
from pulumi_policy.proxy import UnknownValueError
from pydantic import Field

from edgewright_policies.reading import View, show, text_bytes
from edgewright_policies.rule import (
    Context,
    NoConfig,
    PolicyConfig,
    StackView,
    Violation,
    resource_rule,
    rules_of,
    stack_rule,
)
from edgewright_policies.types import (
    CACHE_POLICY,
    CLOUDFRONT_KVS_KEY,
    EDGE_API,
    KV_NAMESPACE,
    WORKER_VERSION,
    WORKERS_KV,
    WORKERS_KV_NAMESPACE,
    WORKERS_SCRIPT,
)

KV_LIMITS = "https://developers.cloudflare.com/kv/platform/limits/"


def _over(what: str, size: int, most: Limit) -> Iterator[Violation]:
    if size > most.value:
        yield Violation(what, most.show(size), f"at most {most.text}")


@resource_rule(
    "kv-value-size",
    id="EW201",
    family="storage",
    on=(WORKERS_KV, CLOUDFRONT_KVS_KEY),
    severity="high",
    title="A key-value store's value fits its limit",
    why="The platform refuses a larger value, after half of the deployment is done.",
    fix="Put it into object storage (R2 or S3) and keep a reference in the key-value store.",
    source=KV_LIMITS,
)
def kv_value_size(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    value = resource.text("value")
    cloudflare = context.type == WORKERS_KV
    if value is not None:
        most = context.limit("cloudflare.kv.value_bytes" if cloudflare else "cloudfront.kvs.value_bytes")
        yield from _over("value", text_bytes(value), most)


@resource_rule(
    "kv-key-size",
    id="EW202",
    family="storage",
    on=(WORKERS_KV, CLOUDFRONT_KVS_KEY),
    severity="high",
    title="A key-value store's key fits its limit",
    why="The platform refuses a longer key, and the keys `.` and `..`.",
    fix="Shorten the key, or use a hash of it.",
    source=KV_LIMITS,
)
def kv_key_size(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if context.type == WORKERS_KV:
        key = resource.text("keyName")
        if key in (".", "..", ""):
            yield Violation("key_name", f"`{key}`", "any key but the empty one, `.` and `..`")
        elif key is not None:
            yield from _over("key_name", text_bytes(key), context.limit("cloudflare.kv.key_bytes"))
        return
    key = resource.text("key")
    if key is not None:
        yield from _over("key", text_bytes(key), context.limit("cloudfront.kvs.key_bytes"))


@resource_rule(
    "kv-metadata-size",
    id="EW203",
    family="storage",
    on=(WORKERS_KV,),
    severity="high",
    title="A KV key's metadata fits its limit",
    why="The platform refuses larger metadata.",
    fix="Move what is large into the value; metadata is for what a list of keys needs.",
    source=KV_LIMITS,
)
def kv_metadata_size(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    metadata = resource.text("metadata")
    if metadata is not None:
        yield from _over("metadata", text_bytes(metadata), context.limit("cloudflare.kv.metadata_bytes"))


@resource_rule(
    "kv-ttl-minimum",
    id="EW204",
    family="storage",
    on=(WORKERS_KV, KV_NAMESPACE, CACHE_POLICY, EDGE_API),
    severity="high",
    title="A time to live in KV is not under KV's least",
    why="KV refuses a shorter time to live, and a read may be old by as much anyway.",
    fix="Raise it, or keep what lives shorter in a Durable Object.",
    source=KV_LIMITS,
)
def kv_ttl_minimum(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    least = context.limit("cloudflare.kv.expiration_ttl_min_s")
    if context.type == WORKERS_KV:
        judged = [("expiration_ttl", resource.number("expirationTtl"))]
    elif context.type == KV_NAMESPACE:
        judged = [("cloudflare.default_ttl", resource.view("cloudflare").number("defaultTtl"))]
    elif context.type == CACHE_POLICY:
        tier, at = resource.view("cloudflare").view("tiers").view("kv"), "cloudflare.tiers.kv"
        judged = [(f"{at}.ttl", tier.number("ttl")), (f"{at}.jitter.min", tier.view("jitter").number("min"))]
    else:
        judged = [("sessions.ttl", resource.view("sessions").number("ttl"))]
    for what, value in judged:
        if value is not None and value < least.value:
            yield Violation(what, f"{show(value)} s", f"at least {least.text}")


class SecurityState(PolicyConfig):
    """Configuration of kv-security-state."""

    names: tuple[str, ...] = Field(
        default=(
            "rate-limit", "rate-limits", "ratelimit", "ratelimits", "mutex", "nonce", "nonces", "revoked", "revocation",
            "revocations", "blocklist", "denylist", "blacklist", "otp", "csrf", "idempotency", "one-time", "lockout",
            "lockouts",
        ),
        description="Words that mark security state anywhere in the name of a namespace, a binding or a key.",
    )  # fmt: skip
    counters: tuple[str, ...] = Field(
        default=(
            "counter", "counters", "quota", "quotas", "throttle", "throttles", "lock", "locks", "attempts", "page-hits",
            "hit-count", "hit-counts", "view-count", "view-counts", "visit-count", "visit-counts", "request-count",
            "request-counts",
        ),
        description="Words that mark a counter or a lock where they are what a name ends in.",
    )  # fmt: skip


_PLACES = frozenset({"prod", "production", "dev", "development", "staging", "stage", "test", "local", "preview", "live", "kv", "namespace", "ns", "store", "data", "db"})  # fmt: skip
"""Words at the end of a name that say where or in what, and not what."""
_ABOUT = frozenset(
    {
        "config", "configs", "configuration", "rule", "rules", "setting", "settings", "option", "options", "policy", "policies",
        "docs", "page", "pages", "template", "templates", "message", "messages", "text", "texts", "schema", "image", "images",
        "label", "labels", "translations", "definitions",
    }
)  # fmt: skip
"""Words at the end of a name of what is about a thing, and is not its state."""
_OF = frozenset({"by", "of", "for", "per", "from", "in"})


def _words(name: str) -> list[str]:
    """Return the words of a name that say what it is, in lower case: `shop-quotas-by-tenant-dev` is of `shop` and `quotas`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
    found = [each for each in re.split(r"[^a-z0-9]+", spaced) if each]
    found = list(itertools.takewhile(lambda each: each not in _OF, found)) or found
    while len(found) > 1 and (found[-1] in _PLACES or found[-1].isdigit()):
        found.pop()
    return found


def _is_state(name: str, config: SecurityState) -> bool:
    given = _words(name)
    if not given or given[-1] in _ABOUT:
        return False
    pairs = [f"{one}-{two}" for one, two in itertools.pairwise(given)]
    ends = {given[-1], *pairs[-1:]}
    return bool({*given, *pairs} & {each.lower() for each in config.names}) or bool(
        ends & {each.lower() for each in config.counters}
    )


@resource_rule(
    "kv-security-state",
    id="EW205",
    family="storage",
    on=(WORKERS_KV, WORKERS_KV_NAMESPACE, WORKER_VERSION, WORKERS_SCRIPT),
    per={WORKER_VERSION: "bindings", WORKERS_SCRIPT: "bindings"},
    config=SecurityState,
    severity="high",
    title="No counters and no security state in KV",
    why="A write to KV is seen elsewhere after 60 s or more, misses are cached too, and a key takes one write a second:"
    " counters lose counts, and what was revoked still passes.",
    fix="Keep it in a Durable Object, or use a rate limit binding.",
    source="https://developers.cloudflare.com/kv/concepts/how-kv-works/",
)
def kv_security_state(item: View, _resource: View, context: Context[SecurityState]) -> Iterator[Violation]:
    if context.type == WORKERS_KV:
        what, name = "key_name", item.text("keyName")
    elif context.type == WORKERS_KV_NAMESPACE:
        what, name = "title", item.text("title")
    elif item.text("type") == "kv_namespace":
        what, name = "KV binding", item.text("name")
    else:
        return
    if not name or len(name) > 1024:
        return
    # A key's first part says what kind of key it is, its last one what it holds: `counter:home`, `user:17:attempts`.
    parts = re.split(r"[:/|]", name) if context.type == WORKERS_KV else [name]
    if any(_is_state(each, context.config) for each in {parts[0], parts[-1]}):
        yield Violation(what, show(name), "data that may be a minute old", about=name)


class LargeValue(PolicyConfig):
    """Configuration of kv-large-value."""

    max_bytes: int = Field(default=1024 * 1024, ge=1, description="Larger values are told to go to object storage.")


@resource_rule(
    "kv-large-value",
    id="EW206",
    family="storage",
    on=(WORKERS_KV,),
    config=LargeValue,
    severity="low",
    level="advisory",
    title="Large values are in object storage",
    why="A large value in KV is read whole into the isolate's memory, and is written into the stack's state.",
    fix="Put it into R2 and keep its key in KV.",
    source="https://developers.cloudflare.com/workers/platform/storage-options/",
)
def kv_large_value(resource: View, context: Context[LargeValue]) -> Iterator[Violation]:
    value = resource.text("value")
    limit = context.limit("cloudflare.kv.value_bytes")
    size = text_bytes(value) if value is not None else 0
    if context.config.max_bytes < size <= limit.value:
        yield Violation("value", limit.show(size), f"at most {limit.show(context.config.max_bytes)}")


_NotNegative = Annotated[float, Field(ge=0)]


class WriteRate(PolicyConfig):
    """Configuration of kv-write-rate."""

    requests_per_second: float | None = Field(
        default=None,
        ge=0,
        description="Requests a second at the traffic's peak, which `writesPerRequest` is of; by default the `rate` of `edgewright:traffic`.",
    )
    writes_per_request: dict[str, _NotNegative] = Field(
        default_factory=dict, description="KV writes a request, by the name of a binding or the title of a namespace."
    )
    writes_per_second: dict[str, _NotNegative] = Field(
        default_factory=dict, description="KV writes a second, by the name of a binding or the title of a namespace."
    )
    keys: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict, description="How many keys the writes go to, evenly; 1 where nothing is said."
    )

    def rate(self, name: str, traffic: float | None) -> float | None:
        """Return the writes a second to one key of a store, or None where nothing is said of it."""
        declared = self.writes_per_second.get(name)
        requests = self.requests_per_second if self.requests_per_second is not None else traffic
        if declared is None and requests is not None and name in self.writes_per_request:
            declared = requests * self.writes_per_request[name]
        return None if declared is None else declared / self.keys.get(name, 1)


@stack_rule(
    "kv-write-rate",
    id="EW207",
    family="storage",
    on=(WORKERS_KV, WORKERS_KV_NAMESPACE, WORKER_VERSION, WORKERS_SCRIPT),
    config=WriteRate,
    severity="high",
    title="A KV key is written at most once a second",
    why="A key takes one write a second, and answers 429 past that; of two resources that write one key, the last wins.",
    fix="Keep one of them, or give each a key of its own.",
    source="https://developers.cloudflare.com/kv/api/write-key-value-pairs/",
)
def kv_write_rate(stack: StackView, context: Context[WriteRate]) -> Iterator[Violation | None]:
    most = context.limit("cloudflare.kv.writes_per_key_per_second")
    writers: dict[tuple[str, str], list[str]] = {}
    urns: dict[tuple[str, str], str] = {}
    for node in stack.of(WORKERS_KV):
        try:
            key = (node.props.text("namespaceId") or "", node.props.text("keyName") or "")
        except UnknownValueError:
            yield None
            continue
        if all(key):
            writers.setdefault(key, []).append(node.name)
            urns[key] = node.urn
    for key, names in writers.items():
        if len(names) > 1:
            yield Violation(
                f"writers of key {show(key[1])}", f"{len(names)} ({', '.join(sorted(names))})", "1", urn=urns[key]
            )
    if not context.config.writes_per_second and not context.config.writes_per_request:
        return
    for node in stack.of(WORKERS_KV_NAMESPACE, WORKER_VERSION, WORKERS_SCRIPT):
        try:
            if node.type == WORKERS_KV_NAMESPACE:
                stores = [("namespace", node.props.text("title") or "")]
            else:
                bound = [each for each in node.props.views("bindings") if each.text("type") == "kv_namespace"]
                stores = [("binding", each.text("name") or "") for each in bound]
        except UnknownValueError:
            yield None
            continue
        for what, name in stores:
            rate = context.config.rate(name, context.settings.requests_per_second)
            if rate is None and name in context.config.writes_per_request:
                # Nobody says of how many requests a second.
                yield None
            if rate is not None and rate > most.value:
                yield Violation(
                    f"writes a second to a key of {what} {show(name)}", show(round(rate, 3)), f"at most {most.text}",
                    "Write less often, to more keys, or count in a Durable Object.", urn=node.urn,
                )  # fmt: skip


RULES = rules_of(globals())
