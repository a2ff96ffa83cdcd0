"""Users' handlers become one module each, the same bytes for the same sources; their errors have file, line and column."""

from pathlib import Path

import pulumi
import pytest
from edgewright._handlers import bundle_handlers
from edgewright.errors import Faults

pytestmark = pytest.mark.runtime


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bundle(*names: str, flags: list[str] | None = None) -> tuple[dict[str, str], list[str]]:
    faults = Faults("EdgeApi", "api")
    files = {f"handler-{index}.js": Path(name).absolute() for index, name in enumerate(names)}
    places = {module: f"endpoints[{index}].handler" for index, module in enumerate(files)}
    return bundle_handlers(files, places, flags or [], faults), [str(fault) for fault in faults]


def test_typescript_and_imports_become_one_module(folder: Path) -> None:
    (folder / "lib").mkdir()
    (folder / "lib" / "price.ts").write_text("export const price: number = 3;\n")
    (folder / "checkout.ts").write_text(
        'import { price } from "./lib/price";\nexport default { fetch: (): Response => new Response(`${price}`) };\n'
    )
    texts, faults = bundle("checkout.ts")
    assert faults == []
    assert "import" not in texts["handler-0.js"]
    assert "var price = 3" in texts["handler-0.js"]
    assert "as default" in texts["handler-0.js"]


def test_the_same_sources_give_the_same_bytes_wherever_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for name in ("one", "another-place"):
        place = tmp_path / name
        (place / "src").mkdir(parents=True)
        (place / "src" / "a.mjs").write_text('import { b } from "./b.mjs";\nexport default () => new Response(b);\n')
        (place / "src" / "b.mjs").write_text('export const b = "ü";\n')
        monkeypatch.chdir(place)
        texts, faults = bundle("src/a.mjs")
        assert faults == []
        assert str(tmp_path) not in texts["handler-0.js"]
        found.append(texts["handler-0.js"])
    assert found[0] == found[1]
    assert '"ü"' in found[0]


def test_a_parse_error_has_file_line_and_column(folder: Path) -> None:
    (folder / "broken.js").write_text("export default {\n  fetch( {\n};\n")
    _, (fault, *_) = bundle("broken.js")
    assert fault.startswith("endpoints[0].handler: broken.js:3:2: ")


def test_an_import_that_is_not_there_is_named_at_its_place(folder: Path) -> None:
    (folder / "a.js").write_text('\nimport x from "./missing";\nexport default x;\n')
    _, faults = bundle("a.js")
    assert faults == ['endpoints[0].handler: a.js:2:15: Could not resolve "./missing".']


def test_errors_of_every_handler_are_named_at_once_and_the_good_one_is_bundled(folder: Path) -> None:
    (folder / "a.js").write_text("export default (;\n")
    (folder / "b.js").write_text("export default {};\n")
    (folder / "c.ts").write_text("export default let;\n")
    texts, faults = bundle("a.js", "b.js", "c.ts")
    assert [fault.split(":")[0] for fault in faults] == ["endpoints[0].handler", "endpoints[2].handler"]
    assert list(texts) == ["handler-1.js"]


def test_a_handler_needs_a_default_export(folder: Path) -> None:
    (folder / "a.js").write_text("export const fetch = () => new Response();\n")
    assert bundle("a.js")[1] == [
        "endpoints[0].handler: a.js has no default export. Write `export default { fetch(request, env, ctx) { ... } }`, or"
        " export such a function."
    ]


def test_node_modules_of_the_runtime_need_a_flag(folder: Path) -> None:
    (folder / "a.js").write_text(
        'import { createHash } from "node:crypto";\nimport { WorkerEntrypoint } from "cloudflare:workers";\n'
        "export default () => new Response(String(createHash) + WorkerEntrypoint);\n"
    )
    assert bundle("a.js")[1] == [
        "endpoints[0].handler: a.js imports node:crypto, which the runtime has only with a flag. Add 'nodejs_compat' to"
        " `compatibility_flags`."
    ]
    texts, faults = bundle("a.js", flags=["nodejs_compat"])
    assert faults == []
    assert 'from "node:crypto"' in texts["handler-0.js"]


def test_nothing_to_bundle_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.run", lambda *_, **__: pytest.fail("a process was started"))
    assert bundle() == ({}, [])


def test_a_machine_without_esbuild_and_network_gets_a_clean_message(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgewright import _handlers
    from edgewright.local import runtime
    from edgewright.local.errors import RuntimeInstallFailed

    def fail(progress: object) -> Path:
        raise RuntimeInstallFailed("there is no network")

    monkeypatch.setattr(_handlers, "__file__", str(folder / "lib" / "site-packages" / "edgewright" / "_handlers.py"))
    monkeypatch.setattr(runtime, "ensure", fail)
    (folder / "a.js").write_text("export default () => new Response();\n")
    with pytest.raises(pulumi.RunError, match=r"^handlers cannot be bundled: there is no network$"):
        bundle("a.js")
