"""How much of Cloudflare's limits a stack uses."""

import functools
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edgewright.platforms.counter import Counter, Used, items, known, text

if TYPE_CHECKING:
    from edgewright_policies.reading import View


class Usage(Counter):
    """See :class:`edgewright.platforms.counter.Counter`."""

    def all(self) -> Iterator[tuple[str, Used | None]]:
        yield from self._workers()
        yield from self._storage()

    def _workers(self) -> Iterator[tuple[str, Used | None]]:
        from edgewright_policies import types
        from edgewright_policies.reading import modules, text_bytes

        versions = self.stack.of(types.WORKER_VERSION, types.WORKERS_SCRIPT)

        def content(view: "View") -> bytes:
            return b"".join(code for _, code in modules(view))

        def variables(view: "View") -> list["View"]:
            kinds = ("plain_text", "secret_text", "json")
            return [each for each in items(view, "bindings") if text(each, "type") in kinds]

        def classes(view: "View") -> set[str | None]:
            bound = [each for each in items(view, "bindings") if text(each, "type") == "durable_object_namespace"]
            exports = view.view("exports")
            own = {name for name in exports.keys() if text(exports.view(name), "type") == "durable-object"}  # noqa: SIM118
            return {*own, *(text(each, "className") for each in bound if not text(each, "scriptName"))}

        p = "cloudflare.workers."
        yield p + "scripts", self.count(types.WORKER, types.WORKERS_SCRIPT)
        yield p + "script_bytes", self.most(versions, lambda view: len(content(view)))
        yield p + "script_gzip_bytes", self.most(versions, lambda view: len(gzip.compress(content(view), 6, mtime=0)))
        for name in ("cpu_ms_guardrail", "cpu_ms_max"):
            yield p + name, self.most(versions, lambda view: view.view("limits").number("cpuMs"))
        yield p + "subrequests", self.most(versions, lambda view: view.view("limits").number("subrequests"))
        yield p + "env_vars", self.most(versions, lambda view: len(variables(view)))
        yield (
            p + "env_var_bytes",
            self.most(
                versions, lambda view: max((text_bytes(text(each, "text")) for each in variables(view)), default=0)
            ),
        )
        crons = self.stack.of("cloudflare:index/workersCronTrigger:WorkersCronTrigger")
        yield p + "crons", Used(sum(len(items(each.props, "schedules")) for each in crons))
        yield (
            p + "deployment_versions",
            self.most(self.stack.of(types.WORKERS_DEPLOYMENT), lambda view: len(items(view, "versions"))),
        )
        every = {name for node in versions for name in known(functools.partial(classes, node.props)) or set()}
        yield "cloudflare.durable_objects.classes", Used(len(every))
        assets = [(node, files) for node in versions if (files := _assets(node.props))]
        most = max(assets, key=lambda each: len(each[1]), default=None)
        yield "cloudflare.assets.files", Used(len(most[1]), most[0].name) if most else None
        largest = max(assets, key=lambda each: max(each[1]), default=None)
        yield "cloudflare.assets.file_bytes", Used(max(largest[1]), largest[0].name) if largest else None

    def _storage(self) -> Iterator[tuple[str, Used | None]]:
        from edgewright_policies import types

        pairs = self.stack.of(types.WORKERS_KV)
        for name, key in (("value_bytes", "value"), ("key_bytes", "keyName"), ("metadata_bytes", "metadata")):
            yield f"cloudflare.kv.{name}", self.most(pairs, functools.partial(_bytes_of, key))
        spaces = self.stack.of(types.WORKERS_KV_NAMESPACE)
        yield "cloudflare.kv.title_chars", self.most(spaces, lambda view: len(view.text("title") or ""))
        yield "cloudflare.d1.databases", self.count(types.D1_DATABASE)
        phases: dict[tuple[str, str], int] = {}
        for node in self.stack.of(types.RULESET):
            if text(node.props, "kind") != "custom":
                phase = (text(node.props, "zoneId"), text(node.props, "phase"))
                phases[phase] = phases.get(phase, 0) + 1
        yield "cloudflare.rulesets.per_phase", Used(max(phases.values(), default=0))


def _assets(view: "View") -> list[int]:
    """Return the sizes of the static files that a Worker's version brings from a folder on this machine."""
    from edgewright_policies.archives import located

    def read() -> list[int]:
        directory = view.view("assets").text("directory")
        place: Path | None = located(directory) if directory else None
        if place is None or not place.is_dir():
            return []
        return [each.stat().st_size for each in place.rglob("*") if each.is_file()]

    try:
        return known(read) or []
    except OSError:
        return []


def _bytes_of(key: str, view: "View") -> int:
    """Return the bytes of a text."""
    from edgewright_policies.reading import text_bytes

    return text_bytes(view.text(key) or "")
