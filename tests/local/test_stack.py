"""A stack on real workerd: reloads, data, ends."""

import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from edgewright.base.errors import DeployRefused, InfrastructureError, PortInUse
from edgewright.engine import ProgramFailed, Project
from edgewright.local.session import ProcessId, StateDir
from edgewright.local.stack import LocalStack
from edgewright.testing import LocalCloud

from tests import loopback
from tests.processes import alive, tree, wait_for, wait_gone
from tests.projects import worker_project

pytestmark = pytest.mark.runtime

Start = Callable[..., LocalCloud]


def greet(project: Path, greeting: str) -> None:
    (project / "stacks" / "Pulumi.local.yaml").write_text(f"config: {{demo:greeting: {greeting}}}\n")


def test_serves_reloads_and_keeps_serving(start_cloud: Start, tmp_path: Path) -> None:
    project = worker_project(tmp_path)
    cloud = start_cloud(project)
    first = loopback.get(cloud.url, headers={"X-Local-Country": "JP"}).json()
    assert first == {"greeting": "hello", "stored": "seeded", "country": "JP"}

    # Under load, no request fails during reloads, and what is served is one version or the other.
    stop, failures, seen = threading.Event(), [], set()

    def load() -> None:
        with httpx.Client(base_url=cloud.url, timeout=loopback.PATIENCE_S, trust_env=False) as client:
            while not stop.is_set():
                try:
                    answer = client.get("/")
                    seen.add(answer.json()["greeting"])
                except (httpx.HTTPError, ValueError) as error:
                    failures.append(repr(error))

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for greeting in ("one", "two"):
            greet(project, greeting)
            cloud.reload()
            assert loopback.get(cloud.url).json()["greeting"] == greeting
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert seen <= {"hello", "one", "two"}
    assert "two" in seen or "one" in seen

    # What cannot run is refused whole, and the last good version goes on.
    good = (project / "handler.js").read_text()
    (project / "handler.js").write_text("export default {")
    with pytest.raises(DeployRefused, match="SyntaxError"):
        cloud.reload()
    assert loopback.get(cloud.url).json()["greeting"] == "two"
    (project / "handler.js").write_text(good)
    main = (project / "__main__.py").read_text()
    (project / "__main__.py").write_text(main + "\nraise ValueError('later')\n")
    with pytest.raises(ProgramFailed, match="ValueError: later"):
        cloud.reload()
    assert loopback.get(cloud.url).json()["greeting"] == "two"
    (project / "__main__.py").write_text(main)

    # A second run of the same changes nothing.
    before = cloud.deployed.plan.deployment
    cloud.reload()
    assert cloud.deployed.plan.deployment == before


def test_kv_data_survive_a_restart_and_not_a_fresh_one(start_cloud: Start, tmp_path: Path) -> None:
    project = worker_project(tmp_path)
    cloud = start_cloud(project)
    namespace = cloud.deployed.plan.deployment.kv_namespaces[0].id
    cloud.control.kv_put(namespace, "k", b"changed by a Worker")
    cloud.control.kv_put(namespace, "own", b"kept")
    cloud.close()
    again = start_cloud(project, fresh=False)
    assert loopback.get(again.url).json()["stored"] == "changed by a Worker"
    assert again.control.kv_get(namespace, "own") == b"kept"
    again.close()
    fresh = start_cloud(project, fresh=True)
    assert loopback.get(fresh.url).json()["stored"] == "seeded"
    assert fresh.control.kv_get(namespace, "own") is None


def test_one_stack_runs_once_and_says_where(start_cloud: Start, tmp_path: Path) -> None:
    project = worker_project(tmp_path)
    cloud = start_cloud(project)
    state = StateDir(Project.load(project), "local")
    session = state.running()
    assert session is not None
    assert session.url == cloud.url
    assert session.supervisor == ProcessId.of(os.getpid())
    for path in state.path.rglob("*.json"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert state.path.stat().st_mode & 0o077 == 0
    assert (state.path.parent / ".gitignore").read_text() == "*\n"
    with pytest.raises(InfrastructureError, match="stack local already runs here"):
        start_cloud(project, fresh=False)
    assert loopback.get(cloud.url).status_code == 200
    cloud.close()
    assert state.read() is None
    assert not any(alive(process.pid) for process in [session.guard, *session.processes.values()])


def test_a_port_in_use_starts_nothing(start_cloud: Start, tmp_path: Path) -> None:
    project = worker_project(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=f"port {port} on 127.0.0.1 is in use"):
            start_cloud(project, port=port)
    assert StateDir(Project.load(project), "local").read() is None


def node_and_workerd(cloud: LocalCloud) -> list[int]:
    stack = cloud._stack
    return tree(stack.processes.pids()["gateway"])


def test_a_killed_node_leaves_no_workerd_and_is_told(start_cloud: Start, tmp_path: Path) -> None:
    cloud = start_cloud(worker_project(tmp_path))
    pids = node_and_workerd(cloud)
    assert len(pids) > 1, "Node has workerd as a child"
    os.kill(pids[0], signal.SIGKILL)
    ended = cloud._stack.processes.exits.get(timeout=90)
    assert ended.name == "gateway"
    wait_gone(pids)
    with pytest.raises(InfrastructureError, match="does not answer"):
        cloud.control.status()
    cloud.close()


def test_a_killed_workerd_leaves_nothing_after_the_end(start_cloud: Start, tmp_path: Path) -> None:
    cloud = start_cloud(worker_project(tmp_path))
    node, *workerd = node_and_workerd(cloud)
    for pid in workerd:
        os.kill(pid, signal.SIGKILL)
    wait_gone(workerd)
    # The gateway stays or goes; either way nothing is left of it.
    remaining = tree(node) if alive(node) else []
    cloud.close()
    wait_gone(remaining)


def test_a_rollout_back_to_a_version_of_an_earlier_deployment(start_cloud: Start, tmp_path: Path) -> None:
    project = worker_project(tmp_path)
    cloud = start_cloud(project)
    old = cloud.deployed.plan.deployment.workers[0].versions[0].id
    main = (project / "__main__.py").read_text()
    whole = 'versions=[{"percentage": 100, "version_id": version.id}]'
    assert whole in main
    split = f'versions=[{{"percentage": 50, "version_id": version.id}}, {{"percentage": 50, "version_id": "{old}"}}]'
    (project / "__main__.py").write_text(main.replace(whole, split))
    greet(project, "new")
    cloud.reload()
    seen = {loopback.get(cloud.url).json()["greeting"] for _ in range(60)}
    assert seen == {"hello", "new"}


def test_services_run_beside_it_and_end_with_it(start_cloud: Start, tmp_path: Path) -> None:
    port = loopback.free_port()
    settings = f"""
    config:
      edgewright:services:
        - name: files
          command: ["{{python}}", -m, http.server, "{{port}}", --bind, 127.0.0.1]
          port: {port}
          environment: {{SOME: value}}
    """
    cloud = start_cloud(worker_project(tmp_path, settings))
    pid = cloud._stack.processes.pids()["service-files"]
    assert "handler.js" in loopback.get(f"http://127.0.0.1:{port}/").text
    changed = [cloud.settings.services[0].model_copy(update={"environment": {}})]
    assert cloud._stack.set_services(changed)
    assert not alive(pid)
    assert not cloud._stack.set_services(changed)
    pid = cloud._stack.processes.pids()["service-files"]
    assert cloud._stack.set_services([])
    wait_for(lambda: not alive(pid), "the end of the service")


def test_the_gateways_log_is_json_lines(start_cloud: Start, tmp_path: Path) -> None:
    cloud = start_cloud(worker_project(tmp_path))
    loopback.get(f"{cloud.url}/some/path")
    log = cloud._stack.state.gateway_log
    wait_for(lambda: log.exists() and "/some/path" in log.read_text(), "the request's entry")
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    (entry,) = [entry for entry in entries if "/some/path" in str(entry.get("url"))]
    assert (entry["method"], entry["status"]) == ("GET", 200)


def test_a_stack_that_is_not_started_says_so(tmp_path: Path) -> None:
    stack = LocalStack(Project.load(worker_project(tmp_path)), "local")
    with pytest.raises(RuntimeError, match="not started"):
        _ = stack.port
    stack.close()
