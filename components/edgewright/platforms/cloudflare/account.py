"""Account and zone, which are said once: in the stack's settings or the environment, where a component does not say them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from edgewright.arguments import checks
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.platforms.cloudflare.options import check_id
from edgewright.platforms.cloudflare.settings import StackSettings

SETTING = "edgewright:cloudflare"
VARIABLES = {"account_id": "CLOUDFLARE_ACCOUNT_ID"}
"""As Wrangler names them, which has none for a zone:
https://developers.cloudflare.com/workers/wrangler/system-environment-variables/"""
_NEEDS = {"EdgeApi": ("account_id", "zone_id", "zone_name"), "KvNamespace": ("account_id",)}


@dataclass(frozen=True)
class Said:
    """One of them, and the place that says it, as a fault names it."""

    value: Any
    at: str


def said(component: str, options: Mapping[str, Any]) -> dict[str, Said]:
    """Return what is said of account and zone: by the component's options, else by the stack's settings, else by the
    environment."""
    settings = _settings()
    found: dict[str, Said] = {}
    for key in _NEEDS.get(component, ()):
        if options.get(key) is not None:
            found[key] = Said(options[key], f"cloudflare.{key}")
        elif isinstance(settings, Mapping) and settings.get(key) is not None:
            found[key] = Said(settings[key], f"{SETTING}.{key}")
        elif value := os.environ.get(VARIABLES.get(key, "")):
            found[key] = Said(value, VARIABLES[key])
    return found


def with_said(component: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a component's options with what is said elsewhere, as whoever reads the stack sees them."""
    return {**options, **{key: each.value for key, each in said(component, options).items()}}


def check_said(component: str, options: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    """Return the options with account and zone, sound; note what is wrong with them, each at its place."""
    settings, fields = _settings(), sorted(StackSettings.model_fields)
    if not isinstance(settings, Mapping):
        faults.add(
            SETTING, f"{show(settings)} is not a mapping", code=Code.TYPE, allowed=f"a mapping with {', '.join(fields)}"
        )
    else:
        for key in settings:
            if key not in fields:
                faults.unknown_key(SETTING, str(key), fields)
    found = said(component, options)
    if "account_id" not in found and not faults.about("cloudflare.account_id"):
        faults.add(
            "cloudflare.account_id",
            "is required, and neither the component, nor the stack's settings, nor the environment says it",
            code=Code.MISSING,
            allowed="32 hexadecimal digits, lower case",
            fix=f"Give `account_id` in the stack's setting `{SETTING}`, or in {VARIABLES['account_id']}; or, for this component"
            ' alone, `cloudflare: {"account_id": ...}`.',
        )
    checked = dict(options)
    for key, each in found.items():
        if key == "zone_name":
            if checks.hostname(each.at, each.value, faults):
                checked[key] = each.value
        else:
            checked[key] = check_id(key, each.value, each.at, faults)
    return checked


def _settings() -> Any:
    """Return the stack's setting as it stands: a mapping, where it is sound."""
    try:
        found = pulumi.Config("edgewright").get_object("cloudflare")
    except pulumi.ConfigTypeError:
        return pulumi.Config("edgewright").get("cloudflare")
    return {} if found is None else found
