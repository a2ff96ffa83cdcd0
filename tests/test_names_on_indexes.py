"""edgewright is on no package index: a name of ours that an index is asked for could be anybody's package.

So whatever this repository says or writes names edgewright by where it comes from: a path, a wheel, a repository.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

_OURS = r"(?:@edgewright/[\w-]+|edgewright(?:[-_][\w-]+)?)"
_OPTIONS = r"(?:\s+-{1,2}[\w-]+(?:[= ](?![\"']?@?edgewright)[^\s\"'`-][^\s\"'`]*)?)*"
# A name alone: neither a path, nor a file, nor followed by `@ <where from>`.
_ALONE = r"(?![\w./:-]|\s*@\s*(?:[a-z+]+://|file:))"
ASKS_AN_INDEX = re.compile(
    "|".join(
        (
            # A requirement: a name and versions.
            rf"(?<![\w./-]){_OURS}\s*(?:\[[\w, ]*\])?\s*(?:===?|[~<>!]=|[<>])\s*(?:\d|\{{)",
            # A command that looks a name up.
            rf"\b(?:pip3?|uv pip) install{_OPTIONS}\s+[\"']?{_OURS}{_ALONE}",
            rf"\b(?:uv add|uv tool (?:run|install)|uvx|pipx (?:run|install)|poetry add|conda install){_OPTIONS}\s+[\"']?{_OURS}{_ALONE}",
            rf"\b(?:npm (?:install|i|exec|add)|npx|pnpm (?:add|dlx)|yarn (?:add|dlx)|bunx|bun add){_OPTIONS}\s+[\"']?{_OURS}{_ALONE}",
            rf"\bpulumi (?:package add|plugin install resource|policy (?:new|enable)){_OPTIONS}\s+[\"']?{_OURS}{_ALONE}",
        )
    )
)


@pytest.mark.parametrize(
    "text",
    [
        "edgewright==0.1.0",
        "edgewright>=0.1",
        'edgewright [dev] ~= 0.1"',
        'f"edgewright=={version}\\n"',
        "edgewright-policies-extra==1",
        "pip install edgewright",
        "python -m pip install --upgrade edgewright",
        'pip3 install -U "edgewright"',
        "uvx edgewright check",
        "pipx run edgewright",
        "uv add edgewright",
        "npm install --save-exact @edgewright/edge",
        "npx @edgewright/edge",
        "pulumi package add edgewright",
        "pulumi plugin install resource edgewright v0.1.0",
    ],
)
def test_what_asks_an_index_is_found(text: str) -> None:
    assert ASKS_AN_INDEX.search(text)


@pytest.mark.parametrize(
    "text",
    [
        ".venv/bin/pip install ../edgewright",
        'pip install "edgewright @ git+https://github.com/OWNER/edgewright@0000"',
        "edgewright @ https://example.com/edgewright-0.1.0-py3-none-any.whl#sha256=00",
        "pip install dist/edgewright-0.1.0-py3-none-any.whl",
        "pulumi package add ./components",
        "edgewright check dev --max-bytes 49152",
        "if edgewright.__version__ == 1",
        "npm install hono",
    ],
)
def test_what_names_a_place_is_not(text: str) -> None:
    assert not ASKS_AN_INDEX.search(text)


def _texts() -> dict[str, str]:
    """Return the repository's own texts: what is committed or about to be, and what is generated into the package."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    found = {}
    for name in listed:
        path = ROOT / name
        if path.is_file() and path != Path(__file__):
            try:
                found[name] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
    return found


def test_nothing_here_asks_an_index_for_a_name_of_ours() -> None:
    texts = _texts()
    assert len(texts) > 300
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match.group()}"
        for name, text in texts.items()
        for match in ASKS_AN_INDEX.finditer(text)
    ]
    assert found == []


def test_no_manifest_asks_an_index_for_a_name_of_ours() -> None:
    """Dependencies by name alone, as manifests of Python and npm have them; npm's own manifests can never be published."""
    texts = _texts()
    for name, text in texts.items():
        if Path(name).name == "package.json":
            manifest = json.loads(text)
            asked = [
                key
                for kind in ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
                for key, version in manifest.get(kind, {}).items()
                if "edgewright" in key and not version.startswith(("file:", "git+", "https:"))
            ]
            assert asked == [], name
            assert not manifest.get("name", "").startswith("@edgewright/") or manifest["private"] is True, name
        if re.fullmatch(r"requirements.*\.(?:txt|in)|runtime\.txt|dev\.txt|build\.txt", Path(name).name):
            assert re.findall(r"(?m)^edgewright[\w-]*\s*(?!\s*@)(?:[=<>~!\[;#]|$).*", text) == [], name
