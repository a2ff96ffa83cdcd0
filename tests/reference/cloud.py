"""A stack on the real local cloud, on ports of its own, in a copy of the project."""

import contextlib
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from edgewright.base.project import Project
from edgewright.config.models import StackSettings
from edgewright.contract.tiers import HITS
from edgewright.engine.runner import Runner
from edgewright.local.stack import LocalStack
from edgewright.platforms.cloud import LocalCloud
from edgewright.verify.outcome import tier_of

from tests.loopback import free_ports

ROOT = Path(__file__).resolve().parents[2]


def copy_project(folder: Path, edit: Callable[[str], str] = lambda text: text) -> Path:
    """Copy the repository's project with the origins on free ports; `edit` changes the settings of `local` and `aws-local`."""
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, folder / name)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "stacks", folder / "stacks", ignore=ignored)
    shutil.copytree(ROOT / "examples" / "origins", folder / "examples" / "origins", ignore=ignored)
    shutil.copy(ROOT / "examples" / "__init__.py", folder / "examples" / "__init__.py")
    ports = free_ports(3)
    for stack in ("local", "aws-local"):
        file = folder / "stacks" / f"Pulumi.{stack}.yaml"
        text = file.read_text()
        for before, after in zip(("9101", "9102", "9103"), ports, strict=True):
            text = re.sub(rf"\b{before}\b", str(after), text)
        file.write_text(edit(text))
    return folder


@dataclass
class Cloud:
    """A running stack."""

    stack: LocalStack
    settings: StackSettings
    folder: Path
    client: httpx.Client

    @property
    def on_cloudfront(self) -> bool:
        """Whether it is on AWS: the headers that tell of caches have other names there."""
        return self.stack.stack.startswith("aws-")

    @staticmethod
    def cache(answer: httpx.Response) -> str:
        """Return `hit`, `miss`, or what else an answer says of caches, whatever the platform calls it."""
        tier = tier_of({name.lower(): value for name, value in answer.headers.items()})
        return "hit" if tier in HITS else tier

    def ttl(self, answer: httpx.Response) -> int:
        """Return the seconds for which the edge keeps an answer, as it tells them."""
        name, pattern = ("cache-control", r"s-maxage=(\d+)") if self.on_cloudfront else ("cache-status", r"ttl=(\d+)")
        found = re.search(pattern, answer.headers[name])
        assert found is not None, answer.headers[name]
        return int(found[1])

    def get(self, path: str, country: str = "US", **headers: str) -> httpx.Response:
        return self.client.get(path, headers={"X-Local-Country": country, **_names(headers)})

    def origin(self, region: str) -> httpx.Client:
        (service,) = [service for service in self.settings.services if service.name == f"origin-{region}"]
        return httpx.Client(base_url=f"http://127.0.0.1:{service.port}", trust_env=False, timeout=60)

    def admin(self, region: str, **document: Any) -> dict[str, Any]:
        """Tell an origin's admin path something, or only ask it."""
        with self.origin(region) as client:
            answer = client.post("/__admin", json=document) if document else client.get("/__admin")
            answer.raise_for_status()
            state: dict[str, Any] = answer.json()
            return state

    def seen(self, path: str) -> dict[str, int]:
        """Return how often each origin was asked for a path."""
        return {region: self.admin(region)["by_path"].get(path, 0) for region in ("us", "eu", "apac")}

    @contextlib.contextmanager
    def fault(self, *regions: str, **document: Any) -> Iterator[None]:
        """Have origins misbehave meanwhile, and wait until the edge uses them again."""
        for region in regions:
            self.admin(region, **document)
        try:
            yield
        finally:
            for region in regions:
                self.admin(region, mode="ok")
            self.settle()

    def settle(self) -> None:
        """Wait until each region is served by its own origin."""
        deadline = time.monotonic() + 60
        for country, region in (("US", "us"), ("DE", "eu"), ("JP", "apac")):
            while self.get(fresh(), country).headers.get("x-origin-region") != region:
                assert time.monotonic() < deadline, f"{region} is not used again"
                time.sleep(0.2)


def _names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


_pages = iter(range(1000, 1_000_000))


def fresh() -> str:
    """Return a path of a listing that nothing has asked for yet."""
    return f"/api/products?limit=7&page={next(_pages)}"


@contextlib.contextmanager
def running(folder: Path, runner: Runner, stack: str = "local") -> Iterator[Cloud]:
    capture, settings = runner.run(folder, stack, cloud=LocalCloud())
    with LocalStack(Project.load(folder), stack, port=0) as local:
        local.start(settings.services)
        local.deploy(capture)
        with httpx.Client(base_url=local.url, trust_env=False, timeout=60) as client:
            yield Cloud(local, settings, folder, client)
