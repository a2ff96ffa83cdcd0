"""Which setting of an endpoint needs which feature of the code at the edge: said once, at the setting's own field, and read by
what puts functions together and, through edge/schema/features.json, by the build. Which parts of the cache a policy needs
depends on more than one setting: `edgewright.contract.cache_parts` says it.
"""

from collections.abc import Mapping
from typing import Any

from edgewright.contract.models import EndpointSpec, FeatureOf


def _rows() -> Mapping[str, FeatureOf]:
    found = {}
    for name, field in EndpointSpec.model_fields.items():
        for mark in field.metadata:
            if isinstance(mark, FeatureOf):
                found[name] = mark
    return found


BY_SETTING: Mapping[str, FeatureOf] = _rows()
"""By the endpoint's setting: one that is given needs the feature, in `edge/src/core/features/<name>.ts`."""


def needed(endpoint: EndpointSpec) -> set[str]:
    """Return the features that an endpoint needs by one setting each."""
    return {row.name for setting, row in BY_SETTING.items() if getattr(endpoint, setting) is not None}


def varies(endpoint: EndpointSpec) -> set[str]:
    """Return the request headers that an endpoint's answers depend on because of features around it, in lower case. A
    platform's cache that answers before the function needs them in its key."""
    around = [getattr(endpoint, setting) for setting, row in BY_SETTING.items() if row.around]
    return {name for given in around if given is not None for name in given.vary}


def without_unused(settings: dict[str, Any]) -> dict[str, Any]:
    """Return a settings document without what stands around no endpoint of it: what an API says of itself stays what it was
    where there is a new one that it does not use."""
    unused = [setting for setting, row in BY_SETTING.items() if row.around]
    endpoints = [
        {key: value for key, value in endpoint.items() if value is not None or key not in unused}
        for endpoint in settings["endpoints"]
    ]
    return {**settings, "endpoints": endpoints}


def table() -> list[dict[str, object]]:
    """Return the rows as data, for the build."""
    return [{"setting": setting, "name": row.name, "around": row.around} for setting, row in BY_SETTING.items()]
