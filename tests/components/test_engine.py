"""The plugin in Pulumi's own engine, where it is on PATH."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pulumi_cloudflare
import pytest

from tests.components.test_plugin import GOLDEN, ROOT

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH"),
]


@pytest.mark.timeout(600)
def test_the_engine_reads_the_plugins_schema(tmp_path: Path) -> None:
    """As `pulumi package add ./components` does first. Pulumi makes a virtual environment beside the plugin: in a copy."""
    plugin = tmp_path / "components"
    shutil.copytree(ROOT / "components", plugin, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    environment = {**os.environ, "PULUMI_HOME": str(tmp_path / "home"), "PULUMI_SKIP_UPDATE_CHECK": "1"}
    # The schema needs no provider. An empty one stands for Cloudflare's, so that a machine without network can tell it.
    provider = tmp_path / "pulumi-resource-cloudflare"
    provider.write_text("#!/bin/sh\nexit 1\n")
    provider.chmod(0o755)
    version = json.loads((Path(pulumi_cloudflare.__file__).parent / "pulumi-plugin.json").read_text())["version"]
    for command in (
        ["pulumi", "plugin", "install", "resource", "cloudflare", f"v{version}", "--file", str(provider)],
        ["pulumi", "package", "get-schema", str(plugin)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stderr
    served, golden = json.loads(done.stdout), json.loads(GOLDEN.read_text("utf-8"))
    assert served["version"] == golden["version"]
    assert sorted(served["resources"]) == sorted(golden["resources"])
    assert sorted(served["types"]) == sorted(golden["types"])
