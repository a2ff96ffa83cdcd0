"""`up`, `dev`, `down`, `status` and `logs` on real workerd: what they say, and that no process is left, whatever ends."""

import json
import os
import queue
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from edgewright.base.project import Project
from edgewright.local.session import Session, StateDir

from tests import loopback
from tests.cli.conftest import Edgewright, popen
from tests.processes import alive, tree, wait_for, wait_gone
from tests.projects import worker_project

pytestmark = pytest.mark.runtime

Project_ = Callable[[Path], Path]


@pytest.fixture
def project(tmp_path: Path, runtime_dir: Path, stop_all: Project_) -> Path:
    return stop_all(worker_project(tmp_path))


def state_of(project: Path) -> StateDir:
    return StateDir(Project.load(project), "local")


def running(project: Path) -> Session:
    session = state_of(project).running()
    assert session is not None
    return session


def all_pids(session: Session) -> list[int]:
    """Return every process of a session: its owner, the guard, Node and workerd."""
    return sorted({*tree(session.supervisor.pid), *tree(session.guard.pid)})


def test_up_stays_up_and_a_second_one_deploys_to_it(edgewright: Edgewright, project: Path) -> None:
    first = edgewright("up", "--no-verify", "--port", "0", cwd=project)
    assert first.code == 0, first
    assert "cloudflare.WorkersKvNamespace store" in first.out
    assert "no findings" in first.out
    session = running(project)
    assert loopback.get(session.url).json()["greeting"] == "hello"

    (project / "stacks" / "Pulumi.local.yaml").write_text("config: {demo:greeting: again}\n")
    assert edgewright("up", "--no-verify", "--port", "0", cwd=project).code == 0
    assert running(project) == session
    assert loopback.get(session.url).json()["greeting"] == "again"

    # What is refused changes nothing.
    good = (project / "handler.js").read_text()
    (project / "handler.js").write_text("export default {")
    broken = edgewright("up", "--no-verify", "--port", "0", cwd=project)
    assert broken.code == 2
    assert "SyntaxError" in broken.err
    assert loopback.get(session.url).json()["greeting"] == "again"
    (project / "handler.js").write_text(good)

    clash = edgewright("up", "--no-verify", "--port", "1", cwd=project)
    assert clash.code == 2
    assert f"already runs on port {session.port}" in clash.err

    status = edgewright("status", cwd=project)
    assert "local running" in status.out
    assert "demo" in status.out
    (entry,) = json.loads(edgewright("status", "--json", cwd=project).out)["stacks"]
    assert (entry["url"], entry["generation"], entry["watching"]) == (session.url, 2, False)

    loopback.get(f"{session.url}/logged/path")
    wait_for(lambda: "/logged/path" in edgewright("logs", cwd=project).out, "the request in the log")
    assert '"url"' in edgewright("logs", "--json", cwd=project).out

    pids = all_pids(session)
    down = edgewright("down", cwd=project)
    assert (down.code, down.out) == (0, "stopped local\n")
    wait_gone(pids)
    assert edgewright("down", cwd=project).out == "nothing runs\n"
    assert edgewright("down", "local", cwd=project).out == "local is not running\n"
    assert edgewright("status", cwd=project).out == "nothing runs\n"


def test_a_killed_supervisor_leaves_nothing_and_up_works_again(edgewright: Edgewright, project: Path) -> None:
    assert edgewright("up", "--no-verify", "--port", "0", cwd=project).code == 0
    pids = all_pids(session := running(project))
    os.kill(session.supervisor.pid, signal.SIGKILL)
    wait_gone(pids)
    assert "stopped unexpectedly" in edgewright("status", cwd=project).out
    again = edgewright("up", "--no-verify", "--port", "0", cwd=project)
    assert again.code == 0, again
    assert loopback.get(running(project).url).json()["stored"] == "seeded"


def test_a_killed_node_ends_the_supervisor(edgewright: Edgewright, project: Path) -> None:
    assert edgewright("up", "--no-verify", "--port", "0", cwd=project).code == 0
    session = running(project)
    pids = all_pids(session)
    os.kill(session.processes["gateway"].pid, signal.SIGKILL)
    wait_gone(pids)
    log = (state_of(project).path / "supervisor.log").read_text()
    assert "gateway was killed by signal 9" in log


def test_killing_supervisor_and_guard_at_once(edgewright: Edgewright, project: Path) -> None:
    assert edgewright("up", "--no-verify", "--port", "0", cwd=project).code == 0
    session = running(project)
    pids = all_pids(session)
    os.kill(session.guard.pid, signal.SIGSTOP)
    os.kill(session.supervisor.pid, signal.SIGKILL)
    os.kill(session.guard.pid, signal.SIGKILL)
    wait_gone(pids)


class Dev:
    """`edgewright dev` in a process of its own, read line by line."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.said = ""
        self.lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def read_until(self, pattern: str, timeout_s: float = 120.0) -> "re.Match[str]":
        start = len(self.said)
        while True:
            try:
                line = self.lines.get(timeout=timeout_s)
            except queue.Empty:
                raise AssertionError(f"it does not say {pattern!r}:\n{self.said}") from None
            assert line is not None, f"ended before it said {pattern!r}:\n{self.said}"
            self.said += line
            if match := re.search(pattern, self.said[start:]):
                return match


@pytest.fixture
def dev(project: Path) -> Iterator[Dev]:
    process = popen("dev", "--port", "0", cwd=project)
    made = Dev(process)
    try:
        made.read_until("edits are taken in")
        yield made
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_dev_takes_in_edits_keeps_the_last_good_and_ends_on_ctrl_c(dev: Dev, project: Path) -> None:
    url = running(project).url
    (project / "stacks" / "Pulumi.local.yaml").write_text("config: {demo:greeting: edited}\n")
    dev.read_until(r"reloaded stacks/Pulumi.local.yaml in (\d+) ms")
    assert loopback.get(url).json()["greeting"] == "edited"

    good = (project / "handler.js").read_text()
    (project / "handler.js").write_text("export default {")
    dev.read_until(r"not reloaded handler.js; the last good version goes on serving\n.*SyntaxError")
    assert loopback.get(url).json()["greeting"] == "edited"
    (entry,) = json.loads((state_of(project).path / "reload.json").read_text())["errors"]
    assert "SyntaxError" in entry
    (project / "handler.js").write_text(good.replace("greeting:", "salute:"))
    dev.read_until(r"reloaded handler.js in \d+ ms")
    assert loopback.get(url).json()["salute"] == "edited"

    main = (project / "__main__.py").read_text()
    (project / "__main__.py").write_text(main + "\nboom()\n")
    dev.read_until(r"__main__.py:\d+: NameError: name 'boom' is not defined")
    (project / "__main__.py").write_text(main + "\n# only a comment\n")
    dev.read_until(r"nothing that runs has changed __main__.py")

    (project / "lib").mkdir()
    (project / "lib" / "__init__.py").write_text("")
    dev.read_until(r"nothing that runs has changed")
    (project / "lib" / "names.py").write_text("NAME = 'from a new folder'\n")
    dev.read_until(r"nothing that runs has changed")
    (project / "__main__.py").write_text(
        main.replace('config.get("greeting") or "hello"', "__import__('lib.names').names.NAME")
    )
    dev.read_until(r"reloaded __main__.py")
    assert loopback.get(url).json()["salute"] == "from a new folder"

    pids = all_pids(running(project))
    os.killpg(dev.process.pid, signal.SIGINT)
    dev.read_until("stopped")
    assert dev.process.wait(timeout=120) == 0
    wait_gone(pids)
    assert "Traceback" not in dev.said


def test_a_killed_dev_leaves_nothing(dev: Dev, project: Path) -> None:
    pids = all_pids(running(project))
    assert len(pids) >= 5, "the command, the warm runner, the guard, Node, workerd"
    dev.process.kill()
    wait_gone(pids)


def test_dev_says_that_the_gateway_crashed(dev: Dev, project: Path) -> None:
    session = running(project)
    pids = all_pids(session)
    os.kill(session.processes["gateway"].pid, signal.SIGKILL)
    dev.read_until("the local cloud's gateway was killed by signal 9")
    assert dev.process.wait(timeout=120) == 3
    wait_gone(pids)


def test_detached_dev_watches_and_is_stopped_by_down(edgewright: Edgewright, project: Path) -> None:
    outcome = edgewright("dev", "--detach", "--port", "0", cwd=project)
    assert outcome.code == 0, outcome
    session = running(project)
    assert session.watching
    (project / "stacks" / "Pulumi.local.yaml").write_text("config: {demo:greeting: edited}\n")
    wait_for(lambda: loopback.get(session.url).json()["greeting"] == "edited", "the reload")
    (project / "__main__.py").write_text("boom()\n")
    wait_for(lambda: "NameError" in edgewright("status", cwd=project).out, "the error in the status")
    second = edgewright("dev", "--port", "0", cwd=project)
    assert second.code == 2
    assert f"already runs on {session.url} and is watched" in second.err
    pids = all_pids(session)
    assert edgewright("down", cwd=project).out == "stopped local\n"
    assert not any(map(alive, pids))


@pytest.mark.parametrize("options", [[], ["--detach"]])
def test_dev_with_a_broken_program_starts_nothing(edgewright: Edgewright, project: Path, options: list[str]) -> None:
    (project / "__main__.py").write_text("boom()\n")
    outcome = edgewright("dev", *options, "--port", "0", cwd=project)
    assert outcome.code == 2
    assert "__main__.py:1: NameError" in outcome.err
    assert "local cloud ready" not in outcome.err
    assert state_of(project).read() is None


def test_who_has_a_port_is_told_by_project_and_stack(
    edgewright: Edgewright, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    port = loopback.free_port()
    service = f"{{name: files, command: ['{{python}}', -m, http.server, '{{port}}', --bind, 127.0.0.1], port: {port}}}"
    settings = f"config:\n  edgewright:services: [{service}]\n"
    (project / "stacks" / "Pulumi.local.yaml").write_text(settings)
    assert edgewright("up", "--no-verify", "--port", "0", cwd=project).code == 0
    other = worker_project(tmp_path_factory.mktemp("other"), settings)
    mine = f"the stack local of {project}, which runs; stop it with `edgewright -C {project} down local`"
    second = edgewright("up", "--no-verify", "--port", "0", cwd=other)
    assert second.code == 3
    assert f"in use: port {port} (service files): {mine}." in second.err
    (other / "stacks" / "Pulumi.local.yaml").write_text("config: {}\n")
    taken = running(project).port
    third = edgewright("up", "--no-verify", "--port", str(taken), cwd=other)
    assert third.code == 3
    assert f"port {taken} on 127.0.0.1 is in use by {mine}." in third.err
    # A port that was asked for is not another one that runs, whether or not it is the usual.
    assert edgewright("up", "--no-verify", "--port", "8787", cwd=project).code == 2


def test_logs_follow(edgewright: Edgewright, project: Path) -> None:
    assert edgewright("up", "--no-verify", "--port", "0", cwd=project).code == 0
    follower = Dev(popen("logs", "--follow", "-n", "0", cwd=project))
    try:
        url = running(project).url
        wait_for(lambda: loopback.get(f"{url}/followed").status_code == 200, "an answer")
        # It may start later than the first requests: keep asking until it says so.
        stop = threading.Event()

        def ask() -> None:
            while not stop.wait(0.3):
                loopback.get(f"{url}/followed")

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            follower.read_until("GET .*/followed 200")
        finally:
            stop.set()
            thread.join()
    finally:
        os.killpg(follower.process.pid, signal.SIGINT)
        assert follower.process.wait(timeout=120) == 0
        assert follower.process.stdout is not None
        follower.process.stdout.close()
