"""What the rules on caching share: which paths are static, which are private, what a rule stores."""

import re
from collections.abc import Iterator

from edgewright_policies.expressions import selected_paths, selects_callers
from edgewright_policies.reading import View
from edgewright_policies.types import CACHE_PHASE, EDGE_API, inside

HOUR = 3600
DAY = 86400
YEAR = 31536000

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
"""AWS's managed cache policy CachingDisabled."""

_STATIC_PATH = re.compile(r"(^|/)(static|assets|_next/static|_astro|build|dist)(/|\*|$)", re.I)
_STATIC_EXTENSION = re.compile(
    r"\.(css|m?js|map|wasm|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|eot|mp4|webm|mp3)$", re.I
)
VERSIONED = re.compile(
    r"[._-](?=[0-9a-zA-Z_-]*\d)[0-9a-zA-Z_-]{8,}\.[a-z0-9]+$|[._-][0-9a-f]{8,}(\.|$)|(^|/)v?\d+(\.\d+)*/|(^|/)[0-9a-f]{8,}/|@\d"
)
PRIVATE_PATH = re.compile(
    r"(^|[/\"'])(account|session|sessions|me|profile|admin|checkout|cart|orders?|users?)(/|\*|\"|'|$)", re.I
)


def is_static(path: str) -> bool:
    """Return whether a path is of static files, by its folder or its extension."""
    return bool(_STATIC_PATH.search(path) or _STATIC_EXTENSION.search(path))


def static_endpoint(endpoint: View) -> bool:
    """Return whether an endpoint serves static files."""
    return bool(endpoint.flag("static")) or is_static(endpoint.text("path") or "")


def directives(cache_control: str) -> dict[str, str]:
    """Return the directives of a Cache-Control value, names in lower case."""
    found = {}
    for part in cache_control.split(","):
        name, _, value = part.strip().partition("=")
        if name:
            found[name.strip().lower()] = value.strip().strip('"')
    return found


def max_age(cache_control: str) -> int | None:
    """Return the `max-age` of a Cache-Control value in seconds, or None where there is none."""
    value = directives(cache_control).get("max-age", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 12 else None


def cache_rule(rule: View, ruleset: View) -> View | None:
    """Return the parameters of a Cloudflare cache rule that is on, or None where this is something else."""
    if ruleset.text("phase") != CACHE_PHASE or rule.flag("enabled") is False:
        return None
    return rule.view("actionParameters")


def rule_name(rule: View) -> str:
    """Return how a message names a cache rule."""
    return f"cache rule {rule.text('ref') or rule.text('description') or rule.path}"


def on_edge(cache: View) -> bool:
    """Return whether a compiled cache policy keeps anything in a shared cache near the caller."""
    if not cache or cache.text("mode") == "bypass":
        return False
    return not cache.has("tiers") or cache.view("tiers").has("edge")


def is_static_expression(rule: View) -> bool:
    """Return whether a rule's expression selects static files.

    Raises:
        UnknownValueError: the expression is not known, or cannot be read.
    """
    return any(map(is_static, selected_paths(rule.text("expression") or "true")))


def is_private_expression(rule: View) -> bool:
    """Return whether a rule's expression selects what one caller alone may see.

    Raises:
        UnknownValueError: the expression is not known, or cannot be read.
    """
    expression = rule.text("expression") or "true"
    return selects_callers(expression) or any(map(PRIVATE_PATH.search, selected_paths(expression)))


def page_rule(rule: View) -> View | None:
    """Return the actions of a page rule that is on, or None where it is off."""
    return None if rule.text("status") == "disabled" else rule.view("actions")


def page_target(rule: View) -> str:
    """Return the path that a page rule is for, with its `*`."""
    _, slash, path = re.sub(r"^[a-z*]+://", "", rule.text("target") or "", flags=re.I).partition("/")
    return slash + path


def legacy_keys(behavior: View) -> View | None:
    """Return a behavior's `forwardedValues`, CloudFront's older form of a cache policy, or None where nothing is cached by it."""
    values = behavior.view("forwardedValues")
    if not values or "*" in values.texts("headers"):
        # With every header forwarded, CloudFront caches nothing.
        return None
    return values


def served(api: View) -> Iterator[View]:
    """Yield what an EdgeApi serves: its endpoints, and its folders of files."""
    yield from api.views("endpoints")
    yield from api.views("assets")


def judged_elsewhere(urn: str) -> bool:
    """Return whether an object is one of an EdgeApi's files: the headers of those are set by the distribution."""
    return inside(urn, EDGE_API)
