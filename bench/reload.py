"""How long an edit takes until it is served: of the reference system's settings, and of a handler and what it imports."""

import contextlib
import queue
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from edgewright.assemble import bundler, handlers
from edgewright.base.project import Project
from edgewright.engine.runner import Runner
from edgewright.local.dev import Reload, look, start_and_deploy, watch
from edgewright.local.processes import Exit
from edgewright.local.stack import LocalStack

from bench.harness import Options, Result, Spread, interleave, ratio
from bench.reference import _copy

DESCRIPTION = "from saving a file under `edgewright dev` to its being served"

_API = """
from edgewright import EdgeApi

EdgeApi("api", {"cloudflare": {"account_id": "%s"}, "endpoints": [{"path": "/hello", "handler": "handlers/hello.ts"}]})
"""
_HANDLER = 'import { text } from "./lib";\nexport default { fetch: (): Response => new Response(text) };\n'


class _Heard:
    """Keeps what the loop tells."""

    def __init__(self) -> None:
        self.reloads: queue.Queue[Reload] = queue.Queue()

    def reloaded(self, reload: Reload) -> None:
        self.reloads.put(reload)

    def service_ended(self, name: str, exit_: Exit) -> None:
        raise RuntimeError(f"service {name} {exit_.reason}")


@contextlib.contextmanager
def _watched(folder: Path) -> Iterator[Callable[[Callable[[], object]], float]]:
    """Serve and watch a project; yield a function that makes an edit and returns the milliseconds until it is served."""
    project = Project.load(folder)
    heard = _Heard()
    with Runner() as runner, LocalStack(project, "local", port=0, fresh=True) as running:
        seen = look(project.directory)
        capture, _, deployed = start_and_deploy(runner, running)
        thread = threading.Thread(target=watch, args=(runner, running, heard, deployed, capture, seen))
        thread.start()

        def edit(change: Callable[[], object]) -> float:
            time.sleep(0.3)  # as an editor, not as a loop: what the last one left is done by now
            started = time.perf_counter()
            change()
            reload = heard.reloads.get(timeout=60)
            taken = (time.perf_counter() - started) * 1000
            if not reload.ok or reload.deployed is None:
                raise RuntimeError(f"the edit was not served: {reload.errors}")
            return taken

        try:
            yield edit
        finally:
            running.stopping.set()
            thread.join()


def run(options: Options) -> Result:
    """Make each edit once a round, on two stacks that are served at the same time."""
    with tempfile.TemporaryDirectory() as temporary, contextlib.ExitStack() as stack:
        reference, small = _copy(Path(temporary) / "reference"), Path(temporary) / "small"
        files = {
            "Pulumi.yaml": "name: demo\nruntime: python\nstackConfigDir: stacks\n",
            "stacks/Pulumi.local.yaml": "config: {}\n",
            "__main__.py": _API % ("a" * 32),
            "handlers/hello.ts": _HANDLER,
            "handlers/lib.ts": 'export const text = "0";\n',
        }
        for name, text in files.items():
            (small / name).parent.mkdir(parents=True, exist_ok=True)
            (small / name).write_text(text)
        edit_reference = stack.enter_context(_watched(reference.resolve()))
        edit_small = stack.enter_context(_watched(small.resolve()))
        settings = reference / "stacks" / "Pulumi.local.yaml"
        original = settings.read_text()
        count = iter(range(1, 1_000_000))

        def timeout() -> None:
            changed, found = re.subn(r"(?m)^(\s*products-api:timeout_ms:).*$", rf"\g<1> {2000 + next(count)}", original)
            settings.write_text(changed if found else f"{original}\n  products-api:timeout_ms: {2000 + next(count)}\n")

        def lib() -> None:
            (small / "handlers" / "lib.ts").write_text(f'export const text = "{next(count)}";\n')

        def handler() -> None:
            (small / "handlers" / "hello.ts").write_text(f"{_HANDLER}export const edit = {next(count)};\n")

        served = interleave(
            {
                "settings of the reference system": lambda: edit_reference(timeout),
                "a handler": lambda: edit_small(handler),
                "a file that a handler imports": lambda: edit_small(lib),
            },
            options,
        )
        bundled = _bundling(small / "handlers" / "hello.ts", options)
    return Result(
        unit="ms",
        spreads={**served, **bundled},
        ratios={"bundling: kept ready / a process each": ratio(*bundled.values())},
        notes={
            "measured": "from before the file is written until the gateway has answered that the new version serves"
        },
    )


def _bundling(file: Path, options: Options) -> dict[str, Spread]:
    """Measure the bundling alone: by the process that is kept, and by one that is started for it."""

    def bundle() -> float:
        started = time.perf_counter()
        handlers.run_esbuild({"handler.js": {"file": str(file)}})
        return (time.perf_counter() - started) * 1000

    def alone() -> float:
        kept, bundler.current = bundler.current, None
        try:
            return bundle()
        finally:
            bundler.current = kept

    bundler.ensure()
    try:
        return interleave({"bundling, kept ready": bundle, "bundling, a process each": alone}, options)
    finally:
        bundler.close()
