"""What the function sees on `env`: bindings, settings and secrets."""

import hashlib
from collections.abc import Sequence
from typing import Any

from edgewright.arguments import checks
from edgewright.arguments.bindings import KEY_VALUE_STORE
from edgewright.arguments.endpoints.models import Endpoints
from edgewright.arguments.shape import checked
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.platforms.cloudflare.arguments import Plan
from edgewright.platforms.cloudflare.bindings import KINDS
from edgewright.platforms.parts import Binding

MIN_HMAC_KEY_BYTES = 32
"""A key for HS256 has at least as many bytes as the hash: https://www.rfc-editor.org/rfc/rfc7518#section-3.2"""


def bindings(plan: Plan, endpoints: Endpoints, needed: Sequence[Binding], faults: Faults) -> list[dict[str, Any]]:
    """Return everything that the function sees on `env`, sorted by name: the API keeps them so, and another order would
    be a difference at each preview."""
    found: dict[str, dict[str, Any]] = {}

    def add(path: str, binding: dict[str, Any]) -> None:
        if binding["name"] in found:
            faults.add(
                path,
                f"{binding['name']!r} is the name of two bindings",
                code=Code.NAME_TAKEN,
                fix="Give one of them another name.",
            )
        found[binding["name"]] = binding

    for binding in needed:
        if binding["type"] == KEY_VALUE_STORE:
            faults.add(
                "sessions.binding",
                "is a CloudFront KeyValueStore, which a Worker cannot reach",
                code=Code.UNSUPPORTED,
                allowed="the `binding` of a KvNamespace with host 'cloudflare'",
            )
            continue
        if binding.get("script_name") == plan.script_name:
            faults.add(
                f"bindings ({binding['name']})",
                f"names the function itself, {show(plan.script_name)}, whose modules export no class",
                code=Code.BINDING,
                allowed="the name of another Worker that exports the class",
                fix="Make the class in a Worker of its own (cloudflare.WorkerVersion with `exports`), and give its name.",
            )
        for made in KINDS[binding["type"]].inputs(binding):
            add("bindings", dict(made))
    for limited in endpoints.rate_limits:
        add(
            "endpoints",
            {
                "type": "ratelimit",
                "name": limited.name,
                "namespace_id": _rate_limit_namespace(plan.script_name, limited.name),
                "simple": {"limit": limited.limit, "period": limited.period_s},
            },
        )
    for name, value in plan.given.vars.items():
        add(
            f"vars.{name}",
            {"type": "plain_text", "name": name, "text": _environment_value(f"vars.{name}", value, faults)},
        )
    for name, value in plan.given.secrets.items():
        add(
            f"secrets.{name}",
            {
                "type": "secret_text",
                "name": name,
                "text": _environment_value(
                    f"secrets.{name}",
                    value,
                    faults,
                    verifies=[
                        f"{item.at} ({item.path})"
                        for item in endpoints.items
                        if item.auth is not None and item.auth.secret == name
                    ],
                ),
            },
        )
    return [found[name] for name in sorted(found)]


def _environment_value(path: str, value: Any, faults: Faults, *, verifies: Sequence[str] = ()) -> Any:
    """Return a setting or a secret, checked when it is known. `verifies`: the endpoints whose tokens are verified with it."""

    def sized(text: Any, found: Faults) -> None:
        if not isinstance(text, str):
            found.add(path, f"is {type(text).__name__}, not a string", code=Code.TYPE)
        else:
            size = len(text.encode())
            checks.text_bytes(path, size, found, "cloudflare.workers.env_var_bytes", "it", "Keep large settings in KV.")
            if verifies and size < MIN_HMAC_KEY_BYTES:
                found.add(
                    path,
                    f"has {size} bytes, and the tokens of {', '.join(verifies)} are verified with it by HS256 (RFC 7518, section"
                    " 3.2)",
                    code=Code.WEAK_SECRET,
                    allowed=f"{MIN_HMAC_KEY_BYTES} bytes or more, drawn at random",
                    fix="Make one: `openssl rand -base64 32`.",
                )

    return checked(value, sized, faults)


def _rate_limit_namespace(script_name: str, name: str) -> str:
    """Return the id of a counter: a positive whole number, one for each function and endpoint of an account."""
    return str(int(hashlib.sha256(f"{script_name} {name}".encode()).hexdigest()[:8], 16) % (2**31 - 1) + 1)
