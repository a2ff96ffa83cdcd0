"""A program in each language that Pulumi has and whose toolchain is here, against the local clouds' providers.

Through the plugin every input is an Output, numbers are floats and names are in camel case: what works in this
repository's own Python may still not work there.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import edgewright
import pytest

from tests.engine.cli import Engine, environment, install
from tests.engine.provider import PACKAGES

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]

HERE = Path(__file__).parent / "consumers"
ROOT = Path(__file__).parents[2]
TOOLS = {"python": (), "yaml": (), "typescript": ("node", "npm"), "go": ("go",)}
"""Language to what its programs need on PATH, beside Pulumi's own plugin for it."""
PYTHON = """\
import sys

sys.path.insert(0, "sdks/edgewright")

import pulumi
import pulumi_edgewright as edgewright

ORIGINS = [{"region": "us", "url": "https://us.example.com"}, {"region": "eu", "url": "https://eu.example.com"}]
nearest = edgewright.GeoRouter("nearest", origins=ORIGINS, fallback="us")
pages = edgewright.CachePolicy("pages", edge_ttl=60)
signed = edgewright.LambdaEdgeFunction(
    "signed",
    code={"text": "export const handler = async (event) => event.Records[0].cf.request;"},
    events=["viewer-request"],
)
endpoint = {"path": "/api/*", "origin": nearest.routing, "cache": pages.spec}
worker = edgewright.EdgeApi("worker", cloudflare={"account_id": "0123456789abcdef0123456789abcdef"}, endpoints=[endpoint])
site = edgewright.EdgeApi("site", host="cloudfront", endpoints=[{**endpoint, "cloudfront": {"functions": [signed.association]}}])

pulumi.export("settings", worker.settings)
pulumi.export("site", site.urls)
pulumi.export("version", signed.version)
"""
"""The program in Python; it imports a package that Pulumi generates, so that no checker here could read it."""
PLUGINS = {"python": "python", "yaml": "yaml", "typescript": "nodejs", "go": "go"}


def _plugin(home: Path) -> None:
    """Put the components' plugin where `pulumi plugin install` would have: so that nothing is installed by a test, and it
    runs in this Python. What its own environment must have is held by tests/components/test_requirements.py."""
    folder = home / "plugins" / f"resource-edgewright-v{edgewright.__version__}"
    folder.mkdir(parents=True)
    launcher = folder / "pulumi-resource-edgewright"
    launcher.write_text(f'#!/bin/sh\ncd "{ROOT / "components"}" && exec "{sys.executable}" __main__.py "$@"\n')
    launcher.chmod(0o755)


@pytest.mark.parametrize("language", sorted(TOOLS))
def test_a_program_makes_the_components_on_both_hosts(language: str, tmp_path: Path) -> None:
    missing = [
        name
        for name in ("pulumi", f"pulumi-language-{PLUGINS[language]}", *TOOLS[language])
        if shutil.which(name) is None
    ]
    if missing:
        pytest.skip(f"not on PATH: {', '.join(missing)}; a program in {language} needs it")
    project = tmp_path / "project"
    shutil.copytree(HERE / language, project, ignore=shutil.ignore_patterns("__pycache__", "node_modules", "sdks"))
    if language == "python":
        (project / "__main__.py").write_text(PYTHON)
    for package in PACKAGES:
        install(tmp_path / "home", package, ROOT)
    _plugin(tmp_path / "home")
    engine = Engine(project, {**environment(tmp_path), "npm_config_prefer_offline": "true"})
    if language == "typescript":
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=project, env=engine.environment, check=True, timeout=400)
    added = engine("package", "add", f"edgewright@{edgewright.__version__}")
    assert added.code == 0, added.text
    if language == "go":
        # Pulumi's own package takes minutes to build where Go has no cache of it: more than a command of Pulumi's may here.
        subprocess.run(
            ["go", "build", "-o", "consumer", "."], cwd=project, env=engine.environment, check=True, timeout=1500
        )
    assert engine("stack", "init", "dev").code == 0
    done = engine("up", "--stack", "dev", "--yes", "--skip-preview")
    assert done.code == 0, done.text
    outputs = json.loads(engine("stack", "output", "--stack", "dev", "--json").text)
    assert outputs["site"][0].startswith("https://")
    assert outputs["version"] == "1"
    assert outputs["settings"]["endpoints"][0]["path"] == "/api/*"
    (site,) = [each for each in engine.export("dev") if each["type"] == "aws:cloudfront/distribution:Distribution"]
    events = {
        each["eventType"]
        for behavior in (site["inputs"]["defaultCacheBehavior"], *site["inputs"].get("orderedCacheBehaviors", ()))
        for each in behavior.get("lambdaFunctionAssociations", ())
    }
    assert {"viewer-request", "origin-request"} <= events
    again = engine("preview", "--stack", "dev", "--expect-no-changes")
    assert again.code == 0, again.text
