"""Everything that is imported is declared: by the package, and by the plugin, which Pulumi installs by itself."""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import edgewright
from edgewright.platforms import HOSTS
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
COMPONENTS = ROOT / "components"
OURS = {"edgewright", "edgewright_policies"}


def _file(module: str) -> Path | None:
    place = COMPONENTS.joinpath(*module.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def _imports(path: Path) -> Iterator[str]:
    """Yield what a module imports anywhere in it: also in a function, which is how a host's SDK is imported."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


def _reachable(*modules: str) -> dict[str, set[str]]:
    """Return what modules of others are imported from these of ours and from those that they import, and where."""
    found: dict[str, set[str]] = defaultdict(set)
    seen: set[str] = set()
    todo = list(modules)
    while todo:
        module = todo.pop()
        path = _file(module)
        if module in seen or path is None:
            continue
        seen.add(module)
        if "." in module:
            todo.append(module.rpartition(".")[0])
        for name in _imports(path):
            top = name.partition(".")[0]
            if top in OURS:
                todo.append(name)
            elif top not in sys.stdlib_module_names:
                found[top].add(module)
    return found


def _declared(lines: Iterator[str] | list[str]) -> set[str]:
    asked = [line.partition("#")[0].strip() for line in lines]
    return {canonicalize_name(Requirement(line).name) for line in asked if line}


def _undeclared(imported: dict[str, set[str]], declared: set[str]) -> dict[str, list[str]]:
    providers = packages_distributions()
    return {
        name: sorted(places)
        for name, places in imported.items()
        if not declared & {canonicalize_name(each) for each in providers.get(name, ())}
    }


def _package() -> set[str]:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    listed = re.search(r"(?ms)^dependencies = \[\n(.*?)^\]", text)
    assert listed
    return _declared(re.findall(r'^  "([^"]+)",$', listed[1], re.MULTILINE))


def _plugin() -> set[str]:
    return _declared((COMPONENTS / "requirements.txt").read_text("utf-8").splitlines())


def test_the_package_declares_what_it_imports() -> None:
    imported: dict[str, set[str]] = defaultdict(set)
    for folder in (COMPONENTS, ROOT / "policies"):
        for path in folder.rglob("*.py"):
            if "node_modules" in path.parts or ".venv" in path.parts:
                continue
            for name in _imports(path):
                top = name.partition(".")[0]
                if top not in OURS and top not in sys.stdlib_module_names:
                    imported[top].add(str(path.relative_to(ROOT)))
    assert {"pulumi", "pulumi_aws", "pulumi_cloudflare", "httpx"} <= imported.keys()
    assert _undeclared(imported, _package()) == {}


def test_the_plugin_declares_what_its_components_import_on_every_host() -> None:
    hosts = [f"edgewright.platforms.{name}.api" for name in HOSTS]
    imported = _reachable("edgewright._provider", *_components(), *hosts)
    assert {"pulumi", "pulumi_aws", "pulumi_cloudflare"} <= imported.keys()
    assert _undeclared(imported, _plugin()) == {}
    assert _plugin() <= _package()


def _components() -> list[str]:
    """Return the modules of what the package exports, which it imports by their names in a table."""
    return sorted({f"edgewright.{home}" for home in edgewright._HOMES.values()})


_CONSTRUCT = """
import sys
from importlib.abc import MetaPathFinder

missing = set(sys.argv[1].split(","))

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r}: it is not among the plugin's requirements")

sys.meta_path.insert(0, Missing())

import pulumi
from edgewright._provider import EdgewrightProvider

class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        return f"{args.name}-id", {"arn": f"arn:aws:x:us-east-1:123456789012:{args.name}:1", **args.inputs}
    def call(self, args):
        raise AssertionError(args.token)

pulumi.runtime.set_mocks(Mocks())
account = "0123456789abcdef0123456789abcdef"
origin = {"region": "us", "url": "https://us.example.com"}
provider = EdgewrightProvider()

def construct(kind, name, inputs):
    return provider.construct(name, f"edgewright:index:{kind}", inputs, None).state

@pulumi.runtime.test
def everything():
    routing = construct("GeoRouter", "origins", {"origins": [origin], "fallback": "us"})["routing"]
    spec = construct("CachePolicy", "pages", {"edgeTtl": 60.0})["spec"]
    handler = sys.argv[2]
    endpoints = [{"path": "/a", "origin": routing, "cache": spec}, {"path": "/b", "handler": handler}]
    seed = {"entries": [{"key": "a", "value": "b"}]}
    construct("EdgeApi", "worker", {"cloudflare": {"accountId": account}, "endpoints": endpoints})
    construct("EdgeApi", "site", {"host": "cloudfront", "endpoints": endpoints})
    construct("KvNamespace", "kv", {"cloudflare": {"accountId": account}, "seed": seed})
    construct("KvNamespace", "store", {"host": "cloudfront", "seed": seed})
    construct("LambdaEdgeFunction", "signed", {"code": {"text": "export const handler = (e) => e.Records[0].cf.request;"}})
    return pulumi.Output.from_input(True)

everything()
print("constructed")
"""


def _installed_by(names: set[str]) -> set[str]:
    """Return the distributions that pip brings along with these."""
    found: set[str] = set()
    todo = sorted(names)
    while todo:
        name = canonicalize_name(todo.pop())
        if name in found:
            continue
        found.add(name)
        for line in distribution(name).requires or ():
            asked = Requirement(line)
            if asked.marker is None or asked.marker.evaluate({"extra": ""}):
                todo.append(asked.name)
    return found


def test_every_component_is_made_on_every_host_with_the_plugins_requirements_alone(tmp_path: Path) -> None:
    """As in the environment that Pulumi makes for the plugin: nothing else can be imported there."""
    there = _installed_by(_plugin())
    missing = sorted(
        name
        for name, distributions in packages_distributions().items()
        if name not in {"edgewright", "_distutils_hack"}
        and not there & {canonicalize_name(each) for each in distributions}
    )
    assert {"httpx", "typer", "pulumi_policy", "edgewright_policies"} <= set(missing)
    handler = tmp_path / "page.js"
    handler.write_text("export default { fetch: () => new Response('ok') };\n")
    done = subprocess.run(
        [sys.executable, "-c", _CONSTRUCT, ",".join(missing), str(handler)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.stdout.splitlines()[-1:] == ["constructed"], done.stderr[-4000:]
