"""Users' handlers become one module each, the same bytes for the same sources; their errors have file, line and column."""

import json
import re
from pathlib import Path

import pulumi
import pytest
from edgewright.assemble.handlers import bundle_handlers
from edgewright.assemble.worker import BUNDLES, size, worker_modules
from edgewright.base.faults import Faults
from edgewright.contract.models import EdgeSettings
from edgewright_policies.reading import View, modules

pytestmark = pytest.mark.runtime


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bundle(*names: str, flags: list[str] | None = None) -> tuple[dict[str, str], list[str]]:
    faults = Faults("EdgeApi", "api")
    files = {f"handler-{index}.js": Path(name).absolute() for index, name in enumerate(names)}
    places = {module: f"endpoints[{index}].handler" for index, module in enumerate(files)}
    return bundle_handlers(files, places, flags or [], faults), [f"{fault.path}: {fault.text}" for fault in faults]


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
        assert str(tmp_path) not in str(texts)
        found.append(texts)
    assert found[0] == found[1]
    assert '"ü"' in found[0]["handler-0.js"]


def test_a_parse_error_has_file_line_and_column(folder: Path) -> None:
    (folder / "broken.js").write_text("export default {\n  fetch( {\n};\n")
    _, (fault, *_) = bundle("broken.js")
    assert fault.startswith("endpoints[0].handler: broken.js:3:2: ")


def test_an_import_that_is_not_there_is_named_at_its_place(folder: Path) -> None:
    (folder / "a.js").write_text('\nimport x from "./missing";\nexport default x;\n')
    _, faults = bundle("a.js")
    assert faults == [
        'endpoints[0].handler: a.js:2:15: Could not resolve "./missing". Write the file\'s path as it is from the module that'
        " imports it."
    ]


@pytest.mark.parametrize(("name", "package"), [("left-pad", "left-pad"), ("@acme/kit/deep.js", "@acme/kit")])
def test_a_package_that_is_not_installed_is_told_with_how_to_install_it(folder: Path, name: str, package: str) -> None:
    (folder / "a.js").write_text(f'import x from "{name}";\nexport default x;\n')
    _, faults = bundle("a.js")
    assert faults == [
        f'endpoints[0].handler: a.js:1:15: Could not resolve "{name}". Install it: `npm install {package}`, in the file\'s'
        " folder or one above it."
    ]


def test_errors_of_every_handler_are_named_at_once_and_the_good_one_is_bundled(folder: Path) -> None:
    (folder / "a.js").write_text("export default (;\n")
    (folder / "b.js").write_text("export default { fetch };\n")
    (folder / "c.ts").write_text("export default let;\n")
    texts, faults = bundle("a.js", "b.js", "c.ts")
    assert [fault.split(":")[0] for fault in faults] == ["endpoints[0].handler", "endpoints[2].handler"]
    assert list(texts) == ["handler-1.js", "handler-1.js.map"]


def test_a_handler_needs_a_default_export(folder: Path) -> None:
    (folder / "a.js").write_text("export const fetch = () => new Response();\n")
    assert bundle("a.js")[1] == [
        "endpoints[0].handler: a.js has no default export. Write `export default { fetch(request, env, ctx) { ... } }`, or"
        " export such a function."
    ]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("export default 5;", "a number"),
        ("\nexport default -1.5e3", "a number"),
        ("export default 'text; with \\' quote';", "a text"),
        ("export default true;", "a boolean"),
        ("export default null;", "null"),
        ("export default [1, /[/]}/, `}${'}'}`];", "an array"),
        ("export default class { fetch() {} }", "a class"),
        ("class Api { fetch() {} }\nexport { Api as default };", "a class"),
        ("export default {};", "an object with nothing in it"),
        (
            "export default { async get(request) { return /fetch[/}]/.test(`}${request}`) ? 4 / 2 : '}' }, 'a-b': 1 };",
            "an object without `fetch` (it has `get`, `a-b`)",
        ),
        (
            "const fetch = 1; export default { get: fetch, post() {}, put() {}, a: 1, b: 2, c: 3 };",
            "an object without `fetch` (it has `get`, `post`, `put`, `a`, `b`, ...)",
        ),
    ],
)
@pytest.mark.parametrize("mode", ["worker", "lambda"])
def test_a_default_export_that_can_be_no_handler_is_refused(folder: Path, source: str, found: str, mode: str) -> None:
    (folder / "a.ts").write_text(source)
    faults = Faults("EdgeApi", "api")
    bundle_handlers({"handler-0.js": folder / "a.ts"}, {"handler-0.js": "endpoints[0].handler"}, [], faults, mode=mode)
    (fault,) = [f"{fault.path}: {fault.text}" for fault in faults]
    assert re.sub(r"a\.ts(:\d+:\d+)?", "a.ts", fault) == (
        f"endpoints[0].handler: a.ts: the default export is {found}. Allowed: a function (request, env, ctx) that returns a"
        " Response, or an object with such a function as `fetch`. Write `export default { fetch(request, env, ctx) { ... } }`."
    )


def test_a_default_export_with_another_name_is_followed(folder: Path) -> None:
    (folder / "a.ts").write_text("const routes = [1];\nexport default routes;\n")
    assert bundle("a.ts")[1][0].startswith("endpoints[0].handler: a.ts:1:16: the default export is an array. ")


def test_a_default_export_that_can_be_no_handler_is_refused_at_its_place(folder: Path) -> None:
    (folder / "lib").mkdir()
    (folder / "lib" / "answer.ts").write_text("export const other = 1;\n\nexport default 5;\n")
    (folder / "a.ts").write_text('export { default } from "./lib/answer";\n')
    assert bundle("a.ts")[1][0].startswith("endpoints[0].handler: lib/answer.ts:3:16: the default export is a number. ")


@pytest.mark.parametrize(
    "source",
    [
        "export default () => new Response();",
        "export default async function (request: Request) { return new Response(request.url) }",
        "export default { get: 1, async fetch() { return new Response() } };",
        "export default { get: 1, 'fetch': async () => new Response() };",
        "const fetch = () => new Response(); export default { fetch };",
        "const base = { fetch() {} }; export default { ...base };",
        "export default { ['fe' + 'tch']() {} };",
        "export default { __proto__: { fetch() {} } };",
        "export default Object.assign(() => new Response(), { a: 1 });",
        "export default { a: { fetch() {} } }.a;",
        "export default [() => new Response()][0];",
        "export default 5 ? () => new Response() : 1;",
        "let handler: unknown = null; handler = () => new Response(); export default handler;",
        "import { make } from './make'; export default make();",
        "export default { a: '}', b: /}/, c: `}${{}}`, d() { return 1 / 2 /* } */ // }\n }, get fetch() { return () => 1 } };",
    ],
)
@pytest.mark.parametrize("mode", ["worker", "lambda"])
def test_a_default_export_that_may_be_a_handler_is_taken(folder: Path, source: str, mode: str) -> None:
    (folder / "make.ts").write_text("export const make = () => ({ fetch: () => new Response() });")
    (folder / "a.ts").write_text(source)
    faults = Faults("EdgeApi", "api")
    bundle_handlers({"handler-0.js": folder / "a.ts"}, {"handler-0.js": "endpoints[0].handler"}, [], faults, mode=mode)
    assert faults.items == []


def test_a_source_map_names_the_sources_and_does_not_hold_them(folder: Path) -> None:
    (folder / "lib").mkdir()
    (folder / "lib" / "b.ts").write_text("export const b: number = Math.random();\n")
    (folder / "a.ts").write_text('import { b } from "./lib/b";\nexport default () => new Response(`${b}`);\n')
    texts, _ = bundle("a.ts")
    assert texts["handler-0.js"].endswith("//# sourceMappingURL=handler-0.js.map\n")
    found = json.loads(texts["handler-0.js.map"])
    assert found["sources"] == ["lib/b.ts", "a.ts"]
    assert "sourcesContent" not in found


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
    from edgewright.assemble import bundler, handlers, runtime
    from edgewright.base.errors import RuntimeInstallFailed

    # One that another test of this process left running would answer.
    monkeypatch.setattr(bundler, "current", None)

    def fail(progress: object) -> Path:
        raise RuntimeInstallFailed("there is no network")

    monkeypatch.setattr(handlers, "__file__", str(folder / "lib" / "site-packages" / "edgewright" / "_handlers.py"))
    monkeypatch.setattr(runtime, "installed", lambda: False)
    monkeypatch.setattr(runtime, "ensure", fail)
    (folder / "a.js").write_text("export default () => new Response();\n")
    with pytest.raises(pulumi.RunError, match=r"^handlers cannot be bundled: there is no network \[EWF501\]$"):
        bundle("a.js")


def test_a_source_map_is_uploaded_as_one_and_counts_for_nothing() -> None:
    settings = EdgeSettings(name="api")
    handlers = {"handler-a.js": "export default () => new Response();\n"}
    plain = worker_modules(settings, handlers, BUNDLES / "cloudflare")
    mapped = worker_modules(
        settings,
        {**handlers, "handler-a.js.map": '{"version":3,"sources":["node_modules/a.js"]}'},
        BUNDLES / "cloudflare",
    )
    (added,) = [module for module in mapped if module not in plain]
    assert (added["name"], added["content_type"]) == ("handler-a.js.map", "application/source-map")
    assert size(mapped) == size(plain)
    # Policies read code, and no paths in maps.
    assert [name for name, _ in modules(View({"modules": mapped}))] == [module["name"] for module in plain]
