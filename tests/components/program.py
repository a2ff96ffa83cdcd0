"""Runs a whole Pulumi program in this process and returns what it declared, so that tests assert on finished programs."""

import asyncio
import base64
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pytest
from edgewright.arguments.moved import moved
from edgewright.base.faults import Faults, InputFaults
from edgewright.base.unknown import UNKNOWN
from edgewright.edge_api import EdgeApiArgs
from edgewright.engine.cloud import Cloud as AnyCloud
from edgewright.engine.cloud import RecordingCloud
from edgewright.engine.monitor import Engine, Monitor
from edgewright.engine.resources import Resource

ACCOUNT = "0123456789abcdef0123456789abcdef"
ZONE = "fedcba9876543210fedcba9876543210"
VERSION = "11111111-2222-3333-4444-555555555555"

__all__ = [
    "ACCOUNT",
    "UNKNOWN",
    "VERSION",
    "ZONE",
    "Cloud",
    "Run",
    "faults_of",
    "module_text",
    "placed",
    "run",
    "settings_of",
    "texts",
]


class Cloud(RecordingCloud):
    """Gives inputs back, and a Worker its address on workers.dev as Cloudflare does."""

    def new_resource(self, type_: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        identity, outputs = super().new_resource(type_, name, inputs)
        if type_ == "cloudflare:index/worker:Worker":
            outputs = {**outputs, "subdomain": {**inputs["subdomain"], "url": f"{inputs['name']}.acme.workers.dev"}}
        if type_.startswith("aws:"):
            outputs = {**outputs, **_aws_outputs(type_, name, inputs)}
        return identity, outputs


def _aws_outputs(type_: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what AWS adds to a resource, as far as components read it."""
    kind = type_.rsplit(":", 1)[-1]
    found: dict[str, Any] = {
        "arn": f"arn:aws:{type_.split(':')[1].split('/')[0]}::{name}",
        "name": inputs.get("name") or name,
    }
    if kind == "Function" and "lambda" in type_:
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{found['name']}"
        found |= {"arn": arn, "qualifiedArn": f"{arn}:7", "version": "7"}
    elif kind == "Distribution":
        found |= {"domainName": f"{name}.cloudfront.net", "hostedZoneId": "Z2FDTNDATAQYW2"}
    elif kind == "Bucket":
        found |= {
            "bucketRegionalDomainName": f"{name}.s3.us-east-1.amazonaws.com",
            "bucket": inputs.get("bucket") or name,
        }
    elif kind == "Certificate":
        option = {"resourceRecordName": "_x.example.com", "resourceRecordType": "CNAME", "resourceRecordValue": "_y"}
        found |= {"domainValidationOptions": [{**option, "domainName": inputs["domainName"]}]}
    elif kind == "WebAcl":
        found |= {"arn": f"arn:aws:wafv2:us-east-1:123456789012:global/webacl/{found['name']}/1"}
    elif kind == "Record":
        found |= {"fqdn": inputs.get("name")}
    return found


@dataclass(frozen=True)
class Run:
    """What a program declared, sorted by type and name: the order of registration says nothing."""

    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any]

    def of(self, kind: str) -> list[Resource]:
        """Return the resources of a type, named by its last part: `Worker`."""
        return [resource for resource in self.resources if resource.type.rsplit(":", 1)[-1] == kind]

    def one(self, kind: str) -> Resource:
        """Return the only resource of a type."""
        found = self.of(kind)
        assert len(found) == 1, f"{len(found)} {kind}: {[resource.name for resource in found]}"
        return found[0]

    def shape(self) -> list[Any]:
        """Return everything that a second run must not change."""
        return [(item.urn, item.parent, dict(item.inputs), sorted(item.secret_paths)) for item in self.resources]


SETTINGS: Mapping[str, str] = {"edgewright:cloudflare": json.dumps({"account_id": ACCOUNT})}
"""A stack's settings as the engine hands them over: the account is said once."""


def run(
    program: Callable[[], object],
    *,
    preview: bool = False,
    stack: str = "dev",
    cloud: AnyCloud | None = None,
    settings: Mapping[str, str] = SETTINGS,
) -> Run:
    """Run a program to its end, on a cloud that only records where no other is given; what it raises comes out as it is."""
    pulumi.runtime.set_all_config(dict(settings))
    monitor = Monitor("shop", stack, cloud or Cloud(), Path.cwd(), (), preview)
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project="shop",
            stack=stack,
            monitor=monitor,
            engine=Engine(),
            dry_run=preview,
            organization="organization",
            root_directory=str(Path.cwd()),
        )
    )
    pulumi.runtime.settings.set_root_resource(None)  # type: ignore[arg-type]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=4)
    loop.set_default_executor(executor)

    def body() -> None:
        program()

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(body))
    finally:
        for task in (waiting := asyncio.all_tasks(loop)):
            task.cancel()
        loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
        executor.shutdown()
        loop.close()
        asyncio.set_event_loop(None)
        pulumi.runtime.settings.set_root_resource(None)  # type: ignore[arg-type]
    assert monitor.told_faults() == []
    return Run(tuple(sorted(monitor.captured(), key=lambda found: (found.type, found.name))), monitor.outputs)


def faults_of(
    program: Callable[[], object],
    *,
    preview: bool = False,
    cloud: Cloud | None = None,
    settings: Mapping[str, str] = SETTINGS,
) -> list[str]:
    """Run a program that a component refuses; return the faults that it names, without their codes."""
    with pytest.raises(InputFaults) as caught:
        run(program, preview=preview, cloud=cloud, settings=settings)
    return [f"{fault.path}: {fault.text}" for fault in caught.value.faults]


def texts(value: object) -> Iterator[str]:
    """Yield every text in plain data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts(key)
            yield from texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)


def module_text(version: Resource, name: str) -> str:
    """Return the text of a version's module."""
    (found,) = [module for module in version.inputs["modules"] if module["name"] == name]
    return base64.b64decode(found["contentBase64"]).decode()


def settings_of(version: Resource) -> Any:
    """Return the settings document in a version's modules."""
    return json.loads(module_text(version, "settings.js").removeprefix("export default ").removesuffix(";\n"))


def placed(args: Mapping[str, Any], shape: Any = EdgeApiArgs) -> dict[str, Any]:
    """Return arguments with the options of single platforms, given flat for brevity, where they belong."""
    found: dict[str, Any] = moved(args, shape, Faults("", ""))
    return found
