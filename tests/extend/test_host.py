"""The worked example of docs/architecture.md: a folder makes a platform, and everything that loops over platforms has it."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.extend.copies import ask, copy_of_package

PAPER = Path(__file__).parent / "paper"

_ASK = """
import json
from pathlib import Path
from edgewright.base.project import Project
from edgewright.contract.limits import limit
from edgewright.contract.purge import Purge
from edgewright.engine.runner import Runner
from edgewright.guard.usage import usage
from edgewright.platforms import HOSTS
from edgewright.platforms.cloud import LocalCloud, plan
from edgewright.platforms.gaps import GAP_IDS
from edgewright.platforms.purging import Function
from edgewright.purge.run import steps

with Runner() as runner:
    capture, _ = runner.run(Path("."), "local", cloud=LocalCloud())
made = plan(Project.load(Path(".")), capture)
function = Function("paper", "p", ("https://p.invalid",), "", None, (), (), False)
todo, notes = steps(Purge(everything=True), [function])
print(json.dumps({
    "hosts": HOSTS,
    "resources": sorted([each.type, each.name] for each in capture if each.custom),
    "urls": capture.outputs["urls"],
    "recorded": [each.id for _, each in made.gaps],
    "gap": "paper-sheets" in GAP_IDS,
    "limit": limit("paper.sheets").text,
    "used": usage(capture)["paper.sheets"].amount,
    "purge": [len(todo), list(notes)],
}))
"""

_PROGRAM = """
import pulumi
from edgewright import EdgeApi, GeoRouter, KvNamespace

origins = GeoRouter("origins", {"origins": [{"region": "eu", "url": "https://eu.example.com"}], "fallback": "eu"})
KvNamespace("notes", {"host": "paper"})
api = EdgeApi("api", {"host": "paper", "endpoints": [{"path": "/a", "origin": origins.routing}]})
pulumi.export("urls", api.urls)
"""


def _asked(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    shutil.copytree(PAPER, copy_of_package(folder) / "platforms" / "paper")
    return ask(folder, program, _ASK)


@pytest.mark.runtime
def test_a_folder_makes_a_platform(tmp_path: Path) -> None:
    done = _asked(tmp_path, _PROGRAM)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found["hosts"] == ["cloudflare", "cloudfront", "paper"]
    assert found["resources"] == [["paper:index/sheet:Sheet", "api-sheet"], ["paper:index/sheet:Sheet", "notes-sheet"]]
    assert found["urls"] == ["https://paper.invalid/api"]
    assert (found["recorded"], found["gap"]) == (["paper-sheets", "paper-sheets"], True)
    assert (found["limit"], found["used"]) == ("500", 2)
    assert found["purge"] == [0, ["p: paper keeps nothing"]]


@pytest.mark.runtime
def test_what_the_platform_refuses_is_refused(tmp_path: Path) -> None:
    done = _asked(
        tmp_path,
        _PROGRAM.replace('"host": "paper", "endpoints"', '"host": "paper", "hostname": "a.example.com", "endpoints"'),
    )
    assert done.returncode != 0
    assert "hostname: is given, and paper has no names. Leave it out." in done.stderr
