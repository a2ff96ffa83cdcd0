"""CloudFront's policies: what of a caching strategy a cache policy says, AWS's managed ones first.

A cache policy names the key and bounds the time. For how long an answer is kept, the function at the edge says with each
answer: a minimum above 0 would let CloudFront keep what is private.
"""

import hashlib
import json
import re
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.contract.limits import limit
from edgewright.contract.models import MEMORY_IN_FRONT_S, CacheSpec, MemoryTier, ShieldTier

YEAR = 31_536_000
DAY = 86_400
REGION_HEADER = "x-edgewright-region"
"""Set at the viewer where a key has the routing region."""

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_AND_CLOUDFRONT_HEADERS = "33f36d7e-f396-46d9-90e0-52428a34d9dc"
SECURITY_HEADERS = "67f7725c-6f97-4210-82d7-5512b31e9d03"
MANAGED_SOURCE = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html"


@dataclass(frozen=True)
class CachePolicySpec:
    """A cache policy as CloudFront has it. Equal ones are one resource."""

    min_ttl: int
    default_ttl: int
    max_ttl: int
    headers: tuple[str, ...] = ()
    cookies: tuple[str, ...] = ()
    query: str = "none"
    query_names: tuple[str, ...] = ()
    coded: bool = True

    @property
    def content(self) -> str:
        """A hash of everything that it says."""
        return content_hash(self.__dict__)

    def key_parameters(self) -> Any:
        """Return the provider's argument for the key."""
        return {
            "cookies_config": {
                "cookie_behavior": "whitelist" if self.cookies else "none",
                **({"cookies": {"items": list(self.cookies)}} if self.cookies else {}),
            },
            "headers_config": {
                "header_behavior": "whitelist" if self.headers else "none",
                **({"headers": {"items": list(self.headers)}} if self.headers else {}),
            },
            "query_strings_config": {
                "query_string_behavior": self.query,
                **({"query_strings": {"items": list(self.query_names)}} if self.query_names else {}),
            },
            "enable_accept_encoding_brotli": self.coded,
            "enable_accept_encoding_gzip": self.coded,
        }


_USE_ORIGIN_HEADERS = ("host", "origin", "x-http-method", "x-http-method-override", "x-method-override")
MANAGED: Mapping[CachePolicySpec, str] = {
    CachePolicySpec(0, 0, 0, coded=False): CACHING_DISABLED,
    CachePolicySpec(1, DAY, YEAR): "658327ea-f89d-4fab-a63d-7e88639e58f6",
    CachePolicySpec(1, DAY, YEAR, coded=False): "b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
}
"""AWS's own policies that a strategy can be equal to, by what they say. Those with every cookie in the key are none: a
strategy names its cookies."""

ASSETS = CachePolicySpec(1, DAY, YEAR)
"""Files of a bucket, which are for everybody: CachingOptimized."""
ASSETS_TTL = DAY
"""How long (s) CloudFront keeps a file."""

_QUERY = {"all": "all", "none": "none", "include": "whitelist", "exclude": "allExcept"}


def query_rule(spec: CacheSpec | None) -> dict[str, Any]:
    """Return which parameters of a query go on: only those of the key where a strategy forces answers into the cache."""
    if spec is None or spec.mode != "override":
        return {"keep": "all", "names": []}
    return {"keep": spec.key.query, "names": sorted(spec.key.query_names)}


def compile_policy(
    at: str, spec: CacheSpec | None, faults: Faults, *, by_country: bool = False, varies: Iterable[str] = ()
) -> CachePolicySpec:
    """Return what CloudFront's cache policy must say for a caching strategy; note what it cannot.

    Args:
        at: where the strategy is given.
        spec: the strategy, None where nothing is stored.
        faults: where faults are noted.
        by_country: the country stands for the region, which a Lambda@Edge function at the viewer cannot tell: CloudFront
            says the country only to CloudFront Functions there.
        varies: request headers that answers depend on whatever the strategy says.
    """
    if spec is None or not spec.stores:
        return CachePolicySpec(0, 0, 0, coded=False)
    key = spec.key
    headers = {*key.headers, *spec.vary, *varies} - {"accept-encoding"}
    if key.host:
        headers.add("host")
    if key.country:
        headers.add("cloudfront-viewer-country")
    if key.region:
        headers.add("cloudfront-viewer-country" if by_country else REGION_HEADER)
    compiled = CachePolicySpec(
        0,
        0,
        YEAR,
        headers=tuple(sorted(headers)),
        cookies=key.cookies,
        query=_QUERY[key.query],
        query_names=key.query_names,
    )
    for part, names in (
        ("headers", compiled.headers),
        ("cookies", compiled.cookies),
        ("query_strings", compiled.query_names),
    ):
        most = limit(f"cloudfront.cache_policy.{part}")
        if len(names) > most.value:
            faults.add(
                at,
                f"has {len(names)} {part.replace('_', ' ')} in its key ({', '.join(names)}; {most.source})",
                code=Code.LIMIT,
                allowed=f"at most {most.text}",
                fix="Key by fewer, or ask AWS for more and set the account's value under `edgewright:limits`.",
            )
    most = limit("cloudfront.cache_policy.names_chars")
    size = sum(map(len, (*compiled.headers, *compiled.cookies, *compiled.query_names)))
    if size > most.value:
        faults.add(
            at,
            f"has names of {size} characters in its key ({most.source})",
            code=Code.LIMIT,
            allowed=f"at most {most.text}",
        )
    _check_tags(at, spec.tags, faults)
    return compiled


_SHIELDS_OWN = ("ttl_s", "jitter_s", "shards", "max_bytes", "max_object_bytes")


def check_strategy(at: str, spec: CacheSpec | None, faults: Faults) -> None:
    """Note what a caching strategy asks for that CloudFront does not have: it keeps an answer at its edges, in regional caches
    behind them and, where it is asked to, in an Origin Shield, all for the time that the answer says."""
    if spec is None or not spec.stores:
        return
    name, tiers = show(spec.name), spec.tiers
    if spec.engine == "platform":
        faults.add(
            at,
            f"has the engine 'platform' (CachePolicy {name}), and on CloudFront its own cache stands in front of the function"
            " always",
            code=Code.UNSUPPORTED,
            fix="Leave `engine` out of it.",
        )
    if tiers.edge is None:
        faults.add(
            at,
            f"has `tiers.edge` disabled (CachePolicy {name}), and CloudFront keeps answers at its edges whatever is behind",
            code=Code.UNSUPPORTED,
            fix="Leave `tiers.edge.enabled` out of it; or use mode 'bypass', or no `cache`, where nothing is to be kept.",
        )
    if tiers.memory not in (None, MemoryTier(ttl_ceiling_s=MEMORY_IN_FRONT_S)):
        faults.add(
            at,
            f"has a memory tier of its own (`tiers.memory` of the CachePolicy {name}), and no function runs in front of"
            " CloudFront's cache that could keep answers in its memory",
            code=Code.UNSUPPORTED,
            fix="Leave `tiers.memory` out of it on this host. `tiers.edge.ttl_ceiling` bounds how long the edges keep a copy.",
        )
    for key in _SHIELDS_OWN if tiers.shield is not None else ():
        if getattr(tiers.shield, key) != getattr(ShieldTier(), key):
            faults.add(
                at,
                f"has `tiers.shield.{key.removesuffix('_s')}` (CachePolicy {name}), and CloudFront's Origin Shield keeps answers as"
                " its edges do, in a size of its own",
                code=Code.UNSUPPORTED,
                fix="Leave it out on this host: `location` is what an Origin Shield takes.",
            )


def _check_tags(at: str, tags: Sequence[str], faults: Faults) -> None:
    most, longest = limit("cloudfront.object_tags"), limit("cloudfront.invalidation.tag_characters")
    if len(tags) > most.value:
        faults.add(
            at,
            f"has {len(tags)} tags, and CloudFront drops the rest ({most.source})",
            code=Code.LIMIT,
            allowed=f"at most {most.text}",
        )
    for tag in tags:
        if len(tag) > longest.value:
            faults.add(
                at,
                f"has a tag of {len(tag)} characters ({longest.source})",
                code=Code.LIMIT,
                allowed=f"at most {longest.text}",
            )


def content_hash(content: Any) -> str:
    """Return a short hash of plain content."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=list)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


Make = Callable[[str, str, pulumi.ResourceOptions], Any]
"""Makes a resource by its name in the stack, its name in the account, and its options."""
_shared: "weakref.WeakKeyDictionary[pulumi.Resource, dict[tuple[str, str], pulumi.CustomResource]]"
_shared = weakref.WeakKeyDictionary()


def shared(parent: pulumi.Resource, kind: str, content: str, make: Make) -> Any:
    """Return the stack's one resource of this kind and content.

    It belongs to no component, so that it stays when the one that asked first goes. Its name has the content's hash: a
    change makes a new one beside the old, which is deleted once nothing uses it. Where the component has a provider of
    its own, and so another account, it is one for that provider. In a provider plugin, where the stack's resources are
    not known, it belongs to the component.
    """
    root = pulumi.runtime.get_root_resource()
    if root is None:
        own = f"{parent._name}-{kind}"
        return make(f"{own}-{content}", physical(own, content), pulumi.ResourceOptions(parent=parent))
    provider = parent.get_provider("aws:cloudfront/cachePolicy:CachePolicy")
    key = content if provider is None else f"{provider._name}-{content}"
    made = _shared.setdefault(root, {})
    if (kind, key) not in made:
        opts = pulumi.ResourceOptions(provider=provider)
        made[(kind, key)] = make(f"edgewright-{kind}-{key}", physical(kind, key), opts)
    return made[(kind, key)]


def used() -> dict[str, int]:
    """Return how many resources of each kind the stack shares so far."""
    root = pulumi.runtime.get_root_resource()
    found: dict[str, int] = {}
    for kind, _ in _shared.get(root, {}) if root is not None else ():
        found[kind] = found.get(kind, 0) + 1
    return found


def quotas() -> dict[str, Any]:
    """Return what the stack uses of the account's quotas for policies of one's own, and warn where none is left."""
    names = {"cache": "cache_policies", "headers": "response_headers_policies", "origin": "origin_request_policies"}
    found = {}
    for kind, name in names.items():
        most = limit(f"cloudfront.{name}")
        count = used().get(kind, 0)
        found[name] = {"used": count, "limit": int(most.value), "left": int(most.value) - count}
        if count > most.value:
            faults = Faults("EdgeApi", "stack")
            faults.add(
                "cache",
                f"needs {count} {name.replace('_', ' ')} of the stack's own ({most.source})",
                code=Code.LIMIT,
                allowed=f"at most {most.text} an account",
                fix="Give endpoints equal keys: equal ones are shared.",
            )
            faults.raise_if_any()
    return found


MAX_NAME = 64
"""Characters in the name of a function or of an origin access control."""
MAX_POLICY_NAME = 128


def physical(kind: str, content: str, most: int = MAX_POLICY_NAME) -> str:
    """Return a name in the account: by stack, because another stack's equal policy is not this one's to delete.

    One that AWS would not take, because it is longer than `most` or a project or stack has a dot in it, is made to fit,
    with a hash of the whole at its end.
    """
    whole = f"{pulumi.get_project()}-{pulumi.get_stack()}-{kind}-{content}"
    name = re.sub(r"[^A-Za-z0-9_-]", "-", whole)
    if name == whole and len(name) <= most:
        return name
    digest = content_hash(whole)
    return f"{name[: most - len(digest) - 1]}-{digest}"


def cache_policy_id(parent: pulumi.Resource, spec: CachePolicySpec) -> Any:
    """Return the id of AWS's managed policy that says the same, else of the stack's own."""
    managed = MANAGED.get(spec)
    if managed is not None:
        return managed
    policy = shared(
        parent,
        "cache",
        spec.content,
        lambda name, named, opts: aws.cloudfront.CachePolicy(
            name,
            name=named,
            comment="By edgewright. Shared by every behavior with this key.",
            min_ttl=spec.min_ttl,
            default_ttl=spec.default_ttl,
            max_ttl=spec.max_ttl,
            parameters_in_cache_key_and_forwarded_to_origin=spec.key_parameters(),
            opts=opts,
        ),
    )
    return policy.id


WITHOUT_COOKIES: Mapping[str, Any] = {
    "headers_config": {
        "header_behavior": "allViewerAndWhitelistCloudFront",
        # What the function reads. A policy of one's own may name 10 headers, fewer than AWS's own policy does.
        "headers": {
            "items": [
                f"CloudFront-Viewer-{name}" for name in ("City", "Country", "Country-Region", "Latitude", "Longitude")
            ]
        },
    },
    "cookies_config": {"cookie_behavior": "none"},
    "query_strings_config": {"query_string_behavior": "all"},
}
"""What goes on to the function where nobody looks at cookies."""


def without_cookies_id(parent: pulumi.Resource) -> Any:
    """Return the id of the policy by which all goes on to the function but cookies: AWS has none that says so."""
    parts: Mapping[str, Any] = WITHOUT_COOKIES
    policy = shared(
        parent,
        "origin",
        content_hash(parts),
        lambda name, named, opts: aws.cloudfront.OriginRequestPolicy(
            name,
            name=named,
            comment="By edgewright. For behaviors behind which nobody looks at cookies.",
            headers_config=parts["headers_config"],
            cookies_config=parts["cookies_config"],
            query_strings_config=parts["query_strings_config"],
            opts=opts,
        ),
    )
    return policy.id


_SAFE: Mapping[str, Any] = {
    "content_type_options": {"override": True},
    "frame_options": {"frame_option": "SAMEORIGIN", "override": False},
    "referrer_policy": {"referrer_policy": "strict-origin-when-cross-origin", "override": False},
    "strict_transport_security": {"access_control_max_age_sec": YEAR, "override": False},
    "xss_protection": {"protection": True, "mode_block": True, "override": False},
}


def response_headers_policy_id(
    parent: pulumi.Resource, security: bool, csp: str | None = None, *, files: bool = False
) -> Any:
    """Return the id of the policy that adds headers to answers, or None where there are none to add.

    `files`: of a bucket, which sends no headers of its own: a browser is told at least to believe their types.
    """
    if not csp and (security or not files):
        return SECURITY_HEADERS if security else None
    content = content_hash([security, csp])
    safe: Any = {
        **({"content_security_policy": {"content_security_policy": csp, "override": True}} if csp else {}),
        **(_SAFE if security else {"content_type_options": _SAFE["content_type_options"]}),
    }
    policy = shared(
        parent,
        "headers",
        content,
        lambda name, named, opts: aws.cloudfront.ResponseHeadersPolicy(
            name,
            name=named,
            comment="By edgewright. Shared by every behavior with these headers.",
            security_headers_config=safe,
            opts=opts,
        ),
    )
    return policy.id
