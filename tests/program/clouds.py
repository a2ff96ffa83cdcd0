"""Clouds for tests of the runner. In a module, because a cloud is pickled into the process that runs the program."""

from collections.abc import Mapping
from typing import Any

from edgewright.engine import CloudError, RecordingCloud


class PickyCloud(RecordingCloud):
    """Refuses Workers, answers one function."""

    def new_resource(self, type_: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        if type_.endswith(":Worker"):
            raise CloudError(f"{name!r} is refused")
        return f"id-{name}", {**inputs, "made": {"by": "cloud", "count": 2}}

    def call(self, token: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        if token == "cloudflare:index/getZone:getZone":
            return {"id": "z1", "name": args.get("zoneId")}
        return super().call(token, args)
