"""Expressions of rules, in Cloudflare's rules language, for what the function asks its origins for."""

import re
from urllib.parse import urlsplit

from edgewright.contract.models import EdgeSettings, EndpointSpec


def quoted(text: str) -> str:
    """Return a text as an expression has it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def bases(settings: EdgeSettings, item: EndpointSpec) -> dict[str, set[str]]:
    """Return the hosts of an endpoint's origins by the path that comes before every request's."""
    found: dict[str, set[str]] = {}
    routers = [each for each in settings.routers if item.origin is not None and each.name == item.origin.router]
    for origin in (origin for router in routers for origin in router.origins):
        url = urlsplit(origin.url)
        found.setdefault(url.path.rstrip("/"), set()).add(url.hostname or "")
    return found


def fetched_expression(settings: EdgeSettings, item: EndpointSpec) -> str:
    """Return the expression that matches what the function asks the origins of an endpoint for."""
    prefix = item.origin.strip_prefix if item.origin is not None else None
    path = item.path.removeprefix(prefix or "") or "/"
    path = path if path.startswith("/") else f"/{path}"
    parts = []
    for base, hosts in sorted(bases(settings, item).items()):
        named = " or ".join(f"http.host eq {quoted(host)}" for host in sorted(hosts))
        parts.append(f"({named}) and {_path_expression(base + path)}")
    return parts[0] if len(parts) == 1 else " or ".join(f"({part})" for part in parts)


def _path_expression(path: str) -> str:
    if "/:" not in path and not path.endswith("*"):
        return f"http.request.uri.path eq {quoted(path)}"
    pattern = re.sub(r":[^/]+", "*", path)
    return f"http.request.uri.path strict wildcard {quoted(pattern)}"
