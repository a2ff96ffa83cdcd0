"""The quickstart, and a stack meant for the cloud, on the local cloud."""

import shutil
from pathlib import Path

import pytest
from edgewright.engine.runner import Runner

from tests.loopback import free_ports
from tests.reference.cloud import ROOT, copy_project, running

pytestmark = pytest.mark.runtime


def test_the_quickstart_caches_and_fails_over_as_a_copy_of_its_folder(runner: Runner, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(
        ROOT / "examples" / "quickstart", folder, ignore=shutil.ignore_patterns("__pycache__", ".edgewright")
    )
    file = folder / "stacks" / "Pulumi.local.yaml"
    text = file.read_text()
    us, eu, nobody = free_ports(3)
    for old, new in (("9111", us), ("9112", eu)):
        assert text.count(old) == 2
        text = text.replace(old, str(new))
    file.write_text(text)
    with running(folder, runner) as cloud:
        assert [cloud.get("/api/products/1").headers["x-cache"] for _ in range(2)] == ["MISS", "HIT-EDGE"]
        assert cloud.get("/api/products/2", "DE").json()["region"] == "eu"
    file.write_text(text.replace(f"eu: http://127.0.0.1:{eu}", f"eu: http://127.0.0.1:{nobody}"))
    with running(folder, runner) as cloud:
        elsewhere = cloud.get("/api/products/3", "DE")
        assert (elsewhere.status_code, elsewhere.headers["x-origin-region"]) == (200, "us")


def test_a_stack_for_the_cloud_runs_here_on_its_own_hostname(runner: Runner, tmp_path: Path) -> None:
    with running(copy_project(tmp_path), runner, "staging") as cloud:
        for headers in ({"Host": "api.staging.example.com"}, {"X-Local-Host": "api.staging.example.com"}, {}):
            answer = cloud.client.get("/api/session", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"
        stranger = cloud.client.get("/api/session", headers={"Host": "api.example.org"})
        assert stranger.status_code == 404
        # Its origins do not exist (or cannot be reached from here): said as a problem, and not stored.
        for _ in range(2):
            unreachable = cloud.client.get("/api/products/1")
            assert unreachable.status_code in (502, 503, 504)
            assert unreachable.headers["content-type"] == "application/problem+json"
            assert not unreachable.headers.get("x-cache", "").startswith("HIT")
