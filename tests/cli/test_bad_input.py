"""Each kind of bad input: a clear message, exit code 2 (3 where the machine is at fault), nothing left running."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from edgewright.assemble import runtime
from edgewright.base.project import Project
from edgewright.local.session import sessions

from tests import loopback
from tests.cli.conftest import Edgewright
from tests.projects import ACCOUNT, make_project, worker_project

BOMB = "\n".join(
    ["config:", "  demo:a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"  demo:a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
)

API = f"""
import pulumi
from edgewright import EdgeApi, GeoRouter

config = pulumi.Config()
origins = GeoRouter("origins", {{
    "origins": [
        {{"region": "us", "url": config.get("us") or "http://127.0.0.1:9", "countries": [config.get("country") or "US"]}},
        {{"region": "eu", "url": "http://127.0.0.1:9"}},
    ],
    "fallback": config.get("fallback") or "us",
}})
for name in ["api", config.get("second") or ""]:
    if name:
        EdgeApi(name, {{
            "cloudflare": {{
                "account_id": "{ACCOUNT}",
                **({{"zone_id": "{"b" * 32}"}} if config.get("hostname") or config.get(f"route-{{name}}") else {{}}),
                **({{"routes": [config.require(f"route-{{name}}")]}} if config.get(f"route-{{name}}") else {{}}),
            }},
            "script_name": f"script-{{name}}",
            "endpoints": [{{"path": "/api/*", "origin": origins.routing}}, *([{{"path": "/h", "handler": "handler.ts"}}] if config.get_bool("handler") else [])],
            **({{"hostname": config.require("hostname")}} if config.get("hostname") else {{}}),
        }})
"""


@pytest.fixture(autouse=True)
def no_left_overs(tmp_path: Path) -> Iterator[None]:
    """Nothing half-deployed: a refused command starts nothing."""
    yield
    if (tmp_path / "Pulumi.yaml").exists():
        try:
            project = Project.load(tmp_path)
        except Exception:  # noqa: BLE001 - the test made it unreadable
            return
        assert list(sessions(project)) == []


@pytest.fixture
def settings_fault(edgewright: Edgewright, runtime_dir: Path, tmp_path: Path) -> Callable[[str, str], str]:
    """A function that brings up a program with settings that must be refused, and returns what was said."""

    def refuse(main: str, settings: str) -> str:
        outcome = edgewright("up", "--port", "0", cwd=make_project(tmp_path, main, settings))
        assert outcome.code == 2, outcome
        assert "Traceback" not in outcome.err
        return outcome.err

    return refuse


@pytest.mark.runtime
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            "config: {demo:hostname: not_a_host}\n",
            "__main__.py:15: EdgeApi 'api': 1 fault in its arguments\n"
            "    hostname: 'not_a_host' has the label 'not_a_host', which DNS does not allow. Allowed: a full hostname in"
            " lower-case ASCII, for example api.example.com. [EWF205]",
        ),
        (
            "config: {demo:country: XX}\n",
            "__main__.py:6: GeoRouter 'origins': 1 fault in its arguments\n"
            "    origins[0].countries[0]: 'XX' is not a country. Allowed: ISO 3166-1 alpha-2 codes in capitals, for example"
            " DE. [EWF213]",
        ),
        (
            "config: {demo:us: 'ftp://127.0.0.1:9'}\n",
            "__main__.py:6: GeoRouter 'origins': 1 fault in its arguments\n"
            "    origins[0].url: 'ftp://127.0.0.1:9' is not http or https. Allowed: an http:// or https:// URL without"
            " credentials, query and fragment. [EWF204]",
        ),
        (
            "config: {demo:fallback: mars}\n",
            "__main__.py:6: GeoRouter 'origins': 1 fault in its arguments\n"
            "    fallback: 'mars' is not the region of any origin. Allowed: eu, us. [EWF113]",
        ),
        (
            "config: {demo:second: api}\n",
            "__main__.py:15: EdgeApi 'api': 2 faults in its arguments\n"
            "    name: 'api' is already taken by another EdgeApi (__main__.py:15). Give each EdgeApi a name of its own. [EWF110]\n"
            f"    script_name: '{ACCOUNT}/script-api' is already taken by EdgeApi 'api' (__main__.py:15). Names are unique"
            " in an account: give `script_name`. [EWF110]",
        ),
        (
            "config: {demo:second: other, demo:route-api: www.example.com/api/*, demo:route-other: 'https://www.example.com/*'}\n",
            "__main__.py:15: EdgeApi 'other': 1 fault in its arguments\n"
            "    cloudflare.routes[0]: 'https://www.example.com/*' overlaps the route 'www.example.com/api/*' of EdgeApi 'api'"
            " (__main__.py:15). Give each API hostnames and routes of its own, or make both endpoints of one API. [EWF111]",
        ),
        (
            "config: {demo:second: other, demo:hostname: api.example.com}\n",
            "__main__.py:15: EdgeApi 'other': 1 fault in its arguments\n"
            "    hostname: 'api.example.com' is already taken by EdgeApi 'api' (__main__.py:15). Give each API hostnames and"
            " routes of its own, or make both endpoints of one API. [EWF110]",
        ),
        (
            "config: {demo:country: XX, demo:hostname: not_a_host}\n",
            "__main__.py:6: GeoRouter 'origins': 1 fault in its arguments\n"
            "    origins[0].countries[0]: 'XX' is not a country. Allowed: ISO 3166-1 alpha-2 codes in capitals, for example"
            " DE. [EWF213]\n"
            "error: __main__.py:15: EdgeApi 'api': 1 fault in its arguments\n"
            "    hostname: 'not_a_host' has the label 'not_a_host', which DNS does not allow. Allowed: a full hostname in"
            " lower-case ASCII, for example api.example.com. [EWF205]\n"
            "2 errors",
        ),
        (
            "config:\n  edgewright:objectives: {p50: 3}\n",
            "stacks/Pulumi.local.yaml:2: edgewright:objectives.p50: unknown key; did you mean p50_ms?; allowed: error_rate,"
            " failover_success, hit_ratio, origin_reduction, p50_ms, p95_ms, p99_ms [EWF403]",
        ),
        (
            "config:\n  edgewright:objectives: {p50_ms: fast}\n",
            "stacks/Pulumi.local.yaml:2: edgewright:objectives.p50_ms: 'fast' is not a duration; allowed: a number of milliseconds, or a duration, for example '500ms' [EWF403]",
        ),
        (
            "config:\n  edgewright:services: [{name: a, port: 1}]\n",
            "stacks/Pulumi.local.yaml:2: edgewright:services[0].command: is required and missing; add it (Argument vector;"
            " `{python}`, `{port}` and `{stack}` are filled in) [EWF403]",
        ),
        (
            "config:\n  edgewright:traffic: {countries: {ZZ: 1}}\n",
            "stacks/Pulumi.local.yaml:2: edgewright:traffic.countries: 'ZZ' is not a country; allowed: ISO 3166-1 alpha-2"
            " codes in capitals, each with a share above 0 [EWF403]",
        ),
        ("config: [\n", "stacks/Pulumi.local.yaml:2: not valid YAML: did not find expected node content [EWF404]"),
        (
            BOMB,
            "stacks/Pulumi.local.yaml:2: more than 50000 values once aliases are expanded, the most that is read [EWF404]",
        ),
    ],
)
def test_settings(settings_fault: Callable[[str, str], str], settings: str, message: str) -> None:
    assert settings_fault(API, settings) == f"error: {message}\n"


@pytest.mark.runtime
def test_settings_faults_are_told_all_at_once(settings_fault: Callable[[str, str], str]) -> None:
    said = settings_fault(API, "config:\n  edgewright:objectives: {p50: 3}\n  edgewright:trafic: {}\n")
    assert "objectives.p50" in said
    assert "did you mean edgewright:traffic?" in said
    assert "2 errors" in said


@pytest.mark.runtime
@pytest.mark.parametrize(
    ("main", "message"),
    [
        ("x = 1\nraise ValueError('wrong')\n", "__main__.py:2: ValueError: wrong"),
        ("def f(:\n", "__main__.py:1: SyntaxError"),
        (
            "import pulumi_cloudflare as c\n\nc.HyperdriveConfig('db', account_id='a', name='x', origin={'host': 'h', "
            "'database': 'd', 'user': 'u', 'password': 'p', 'scheme': 'postgres'})\n",
            "__main__.py:3: 'db': the local cloud does not know the resource type cloudflare:index/hyperdriveConfig",
        ),
        (
            f"import pulumi_cloudflare as c\nfor t in 'ab':\n    c.WorkersKvNamespace('n', account_id='{ACCOUNT}', title=t)\n",
            "are named 'n'",
        ),
    ],
)
def test_programs(settings_fault: Callable[[str, str], str], main: str, message: str) -> None:
    assert message in settings_fault(main, "config: {}\n")


@pytest.mark.runtime
def test_a_handler_that_does_not_parse_names_its_line(
    edgewright: Edgewright, runtime_dir: Path, tmp_path: Path
) -> None:
    project = make_project(
        tmp_path,
        API,
        "config: {demo:handler: true}\n",
        files={"handler.ts": "export default {\n  fetch( { return 1 }\n};\n"},
    )
    outcome = edgewright("up", "--port", "0", cwd=project)
    assert outcome.code == 2
    assert "handler.ts" in outcome.err
    assert ":2" in outcome.err


@pytest.mark.runtime
def test_a_module_that_throws_at_the_top_is_refused_by_the_runtime(
    edgewright: Edgewright, runtime_dir: Path, tmp_path: Path
) -> None:
    project = worker_project(tmp_path)
    (project / "handler.js").write_text(
        "export default { fetch() { return new Response('x') } };\nthrow new Error('at the top');\n"
    )
    outcome = edgewright("up", "--port", "0", cwd=project)
    assert outcome.code == 2
    assert "Worker demo main.js:2:7: Error: at the top" in outcome.err


@pytest.mark.runtime
def test_a_port_in_use(edgewright: Edgewright, runtime_dir: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = edgewright("up", "--port", str(port), cwd=worker_project(tmp_path))
        assert outcome.code == 3
        assert f"port {port} on 127.0.0.1 is in use by process {os.getpid()} (" in outcome.err
        assert "choose another port with --port; --port 0 takes a free one" in outcome.err


@pytest.mark.runtime
def test_a_services_port_in_use(edgewright: Edgewright, runtime_dir: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = f"config:\n  edgewright:services: [{{name: origin, command: ['true'], port: {port}}}]\n"
        outcome = edgewright("up", "--port", "0", cwd=worker_project(tmp_path, settings))
        assert outcome.code == 3
        assert f"in use: port {port} (service origin): process {os.getpid()} (" in outcome.err
        assert "under `edgewright:services` in stacks/Pulumi.local.yaml and wherever else" in outcome.err


@pytest.mark.runtime
def test_a_service_that_ends_shows_the_end_of_its_log(
    edgewright: Edgewright, runtime_dir: Path, tmp_path: Path
) -> None:
    port = loopback.free_port()
    settings = (
        "config:\n  edgewright:services:\n"
        f"    - {{name: origin, command: ['{{python}}', -c, 'raise SystemExit(\"no data file\")'], port: {port}}}\n"
    )
    outcome = edgewright("up", "--port", "0", cwd=worker_project(tmp_path, settings))
    assert outcome.code == 3
    assert "service origin exited with status 1 while starting" in outcome.err
    assert "no data file" in outcome.err


def test_an_unknown_stack(edgewright: Edgewright, tmp_path: Path) -> None:
    outcome = edgewright("dev", "locl", cwd=make_project(tmp_path, ""))
    assert outcome.code == 2
    assert "stack 'locl': no stacks/Pulumi.locl.yaml" in outcome.err
    assert "did you mean local?" in outcome.err


def test_a_cache_folder_that_cannot_be_written(
    edgewright: Edgewright, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv(runtime.CACHE_VARIABLE, str(file))
    outcome = edgewright("up", cwd=make_project(tmp_path, ""))
    assert outcome.code == 3
    assert "EDGEWRIGHT_CACHE_DIR" in outcome.err


NUMBERS = [
    (("up", "--port", "99999"), "--port 99999; allowed: a whole number from 0 to 65535"),
    (("dev", "-p", "x"), "--port x; allowed: a whole number from 0 to 65535"),
    (("logs", "-n", "-3"), "--lines -3; allowed: a whole number, 0 or more"),
    (("check", "--max-bytes", "1"), "--max-bytes 1; allowed: a whole number, 2048 or more"),
    (("report", "--rounds", "51"), "--rounds 51; allowed: a whole number from 1 to 50"),
    (("reap", "--keep", "1.5"), "--keep 1.5; allowed: a whole number, 0 or more"),
    (("verify", "--rate", "fast"), "--rate fast; allowed: a number, 0.01 or more"),
    (("verify", "--requests", "0"), "--requests 0; allowed: a whole number, 1 or more"),
    (("verify", "--warm-up", "-1"), "--warm-up -1; allowed: a whole number, 0 or more"),
    (("verify", "--seed", "s"), "--seed s; allowed: a whole number"),
    (("warm", "--top", "0"), "--top 0; allowed: a whole number, 1 or more"),
    (("warm", "--rate", "20000"), "--rate 20000; allowed: a number from 0.1 to 10000"),
    (("warm", "--concurrency", "q"), "--concurrency q; allowed: a whole number from 1 to 256"),
]


@pytest.mark.parametrize(("arguments", "told"), NUMBERS, ids=[" ".join(each) for each, _ in NUMBERS])
def test_a_number_that_an_option_does_not_take_is_told_with_what_it_takes(
    edgewright: Edgewright, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    outcome = edgewright(*arguments, cwd=tmp_path)
    assert (outcome.code, outcome.err) == (2, f"error: {told} [EWF406]\n")
