"""The table's programs on the local cloud: all of one batch in one stack, on one set of runtimes."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx
import pulumi
from edgewright.base.project import Project
from edgewright.engine.resources import Capture
from edgewright.local.stack import LocalStack
from edgewright.platforms import archive
from edgewright.platforms.cloud import LocalCloud

from tests.components.program import Run, run
from tests.effect.behind import Behind
from tests.effect.edge import Edge
from tests.effect.given import Given, Kit
from tests.effect.identity import Identity
from tests.effect.rows import inputs
from tests.loopback import PATIENCE_S

STACK = "dev"
FIXED_URLS = {region: f"https://{region}.example.com" for region in ("us", "eu", "apac")}
"""Where origins are for those who only read a program's inputs."""
OLD_VERSION = {"cloudflare": "11111111-2222-3333-4444-555555555555", "cloudfront": "1"}


_alone: dict[tuple[str, str], Run] = {}


def alone(given: Given, host: str) -> Run:
    """Run one program by itself, for its resources' inputs. The same program is run once."""
    key = (host, given.key())
    if key not in _alone:
        kit = Kit(host, "row", FIXED_URLS, stable=OLD_VERSION[host])
        _alone[key] = run(lambda: given.build(kit))
    return _alone[key]


@dataclass
class Live:
    """The local cloud of one platform, on which one batch of programs runs at a time."""

    host: str
    stack: LocalStack
    behind: Behind
    identity: Identity
    client: httpx.Client
    batch: str = ""
    batches: int = 0
    """How many have run."""
    edges: dict[str, Edge] = field(default_factory=dict)
    unlike: list[Any] = field(default_factory=list)
    """What is not the same in the inputs of one program that runs under two names: names and ids are, so that of two other
    programs only what an argument changes differs."""

    def serve(self, batch: str, programs: Sequence[Given]) -> None:
        """Have these programs run, and no others; each is known by its key."""
        if self.batch == batch:
            return
        different = {given.key(): given for given in programs}
        # Of their own in each batch: a distribution with a staged rollout may not become another program's.
        self.batches += 1
        whole = max((each for each in programs if each.before is None), key=lambda each: len(each.key()))
        twin = f"{whole.key()}, again"
        different[twin] = whole
        names = {key: f"t{self.batches}n{number}" for number, key in enumerate(different)}
        earlier = {names[key]: given.before for key, given in different.items() if given.before is not None}
        self.batch, self.edges = "", {}
        stable: Mapping[str, Any] = {}
        if earlier:
            outputs = self._deploy({name: given for name, given in earlier.items() if given is not None}, {}).outputs
            stable = {name: outputs[name]["stable"] for name in earlier}
        found = self._deploy({names[key]: given for key, given in different.items()}, stable)
        outputs = found.outputs
        for key, name in names.items():
            self.edges[key] = Edge(
                host=self.host,
                name=name,
                urls=tuple(outputs[name]["urls"]),
                outputs=outputs[name],
                base_url=self.stack.url,
                client=self.client,
                control=self.stack.control,
                behind=self.behind,
                identity=self.identity,
                state=self.stack.state.path,
                resources=tuple(item for item in found.resources if item.name.startswith(f"{name}-")),
            )
        one, other = (inputs(self.edges[key].resources, self.edges[key].name) for key in (whole.key(), twin))
        self.unlike = [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
        self.batch = batch

    def _deploy(self, programs: Mapping[str, Given], stable: Mapping[str, Any]) -> Run:
        cloud = LocalCloud(archive.read(self.stack.state.path).published)
        found = run(self._program(programs, stable), stack=STACK, cloud=cloud)
        folder = self.stack.project.directory
        self.stack.deploy(Capture("shop", STACK, found.resources, project_dir=folder, program_dir=folder))
        return found

    def _program(self, programs: Mapping[str, Given], stable: Mapping[str, Any]) -> Callable[[], None]:
        def program() -> None:
            for name, given in programs.items():
                kit = Kit(self.host, name, self.behind.urls, stable=stable.get(name))
                api = given.build(kit)
                outputs: dict[str, Any] = {
                    "urls": api.urls,
                    "script": api.script_name,
                    "version": api.version_id,
                    "stable": api.stable_version_id,
                    "candidate": api.candidate_version_id,
                    "distribution": api.distribution,
                }
                if kit.store is not None:
                    outputs |= {"namespace": kit.store.namespace_id, "title": kit.store.title}
                if kit.function is not None:
                    outputs |= {"function": kit.function.function_name}
                pulumi.export(name, outputs)

        return program


@contextmanager
def live(host: str, folder: Path, behind: Behind, identity: Identity) -> Iterator[Live]:
    """Start the local cloud of a platform's programs, in a folder with their files."""
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\nstackConfigDir: stacks\n")
    (folder / "__main__.py").write_text("")
    (folder / "stacks").mkdir(exist_ok=True)
    (folder / "stacks" / f"Pulumi.{STACK}.yaml").write_text("config: {}\n")
    os.chdir(folder)
    no_cookies = DefaultCookiePolicy(allowed_domains=[])
    with (
        LocalStack(Project.load(folder), STACK, port=0) as stack,
        # Rows say which cookies they send; none is kept from one request to another.
        httpx.Client(trust_env=False, timeout=PATIENCE_S, cookies=CookieJar(no_cookies)) as client,
    ):
        stack.start()
        yield Live(host, stack, behind, identity, client)
