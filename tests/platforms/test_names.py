"""Outside `platforms/` no code names a platform: what is known of one is in its folder, behind the registry."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import edgewright
import pytest
from edgewright.platforms import HOSTS, SDKS

ROOT = Path(edgewright.__file__).parent
NAMES = (*HOSTS, *SDKS)
PROVIDERS = tuple(sdk.removeprefix("pulumi_") for sdk in SDKS)
_TOKEN = re.compile(rf"({'|'.join({*HOSTS, *PROVIDERS})}):[a-z]")

# A component of one platform, as its name says.
EXCEPTED = {"lambda_edge_function.py"}

FILES = sorted(
    file
    for file in ROOT.rglob("*.py")
    if file.relative_to(ROOT).parts[0] not in ("platforms", "_bundles") and file.name not in EXCEPTED
)


def named(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and name of each import, identifier, type token and key that names a platform; prose may."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            words = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            yield from ((node.lineno, word) for word in words if set(word.split(".")) & set(NAMES))
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, a.name) for a in node.names if set(a.name.split(".")) & set(NAMES))
        elif isinstance(node, ast.Name | ast.Attribute | ast.FunctionDef | ast.ClassDef | ast.arg):
            word = getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "name", None)
            word = word or getattr(node, "arg", "")
            if any(name in str(word).lower() for name in HOSTS):
                yield getattr(node, "lineno", 0), str(word)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and (node.value in NAMES or _TOKEN.match(node.value))
        ):
            yield node.lineno, node.value


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(ROOT)) for file in FILES])
def test_no_code_names_a_platform(file: Path) -> None:
    assert list(named(ast.parse(file.read_text("utf-8")))) == []


def test_what_names_one_is_found() -> None:
    text = (
        "from edgewright.platforms.cloudfront import api\nif host == 'cloudflare':\n    on_cloudfront = 'aws:s3/x:X'\n"
    )
    assert sorted(line for line, _ in named(ast.parse(text))) == [1, 1, 2, 3, 3]
