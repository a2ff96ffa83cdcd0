import os
import signal
from pathlib import Path

import pulumi
import pytest
from edgewright.base.project import Project
from edgewright.engine import (
    UNKNOWN,
    Capture,
    ProgramFailed,
    ProgramKilled,
    ProjectError,
    Runner,
    RunnerBroken,
    Severity,
    SourceLocation,
)

from tests.processes import wait_gone
from tests.program.clouds import PickyCloud
from tests.projects import ACCOUNT, make_project

COMPONENT = f"""
import pulumi
import pulumi_cloudflare as cloudflare


class Pair(pulumi.ComponentResource):
    def __init__(self, name, args, opts=None):
        super().__init__("demo:index:Pair", name, dict(args), opts)
        child = pulumi.ResourceOptions(parent=self)
        self.store = cloudflare.WorkersKvNamespace(f"{{name}}-store", account_id=args["account"], title="t", opts=child)
        self.key = cloudflare.WorkersKv(
            f"{{name}}-key",
            account_id=args["account"],
            namespace_id=self.store.id,
            key_name="k",
            value=pulumi.Output.secret("hush"),
            opts=pulumi.ResourceOptions(parent=self.store, protect=True, ignore_changes=["value"]),
        )
        self.register_outputs({{"store": self.store.id}})


pair = Pair("pair", {{"account": "{ACCOUNT}", "n": 3.0, "half": 0.5, "list": [1.0, {{"deep": True}}]}})
pulumi.export("store", pair.store.id)
pulumi.export("value", pair.key.value)
"""


def run(runner: Runner, project: Path, **options: object) -> Capture:
    return runner.run(project, "local", **options)[0]  # type: ignore[arg-type]


REFUSING = f"""
import pulumi
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace

one = KvNamespace("one", {{"cloudflare": {{"account_id": "x"}}}})
two = KvNamespace("two", {{"cloudflare": {{"account_id": "{ACCOUNT}", "jurisdiction": "mars"}}}})
policy = CachePolicy("policy", {{"edge_ttl": -1, "cloudflare": {{"tiers": {{"kv": {{"binding": one.binding, "ttl": 60}}}}}}}})
kept = CachePolicy("kept", {{"edge_ttl": 9, "cloudflare": {{"tiers": {{"kv": {{"binding": two.binding, "ttl": 60}}}}}}}})
router = GeoRouter("router", {{"origins": [{{"region": "us", "url": "ftp://x"}}], "fallback": "us"}})
route = {{"origin": router.routing}}
endpoints = [{{"path": "/a", "cache": policy.spec, **route}}, {{"path": "/b", "cache": kept.spec, **route}}]
sound = EdgeApi("sound", {{"cloudflare": {{"account_id": "{ACCOUNT}"}}, "endpoints": endpoints, "bindings": [one.binding]}})
api = EdgeApi("api", {{"cloudflare": {{"account_id": "{ACCOUNT}"}}, "endpoints": [{{"path": "nope", **route}}]}})
pulumi.export("urls", sound.urls)
pulumi.export("name", one.binding["name"].upper())
"""


def failure(runner: Runner, project: Path, **options: object) -> str:
    with pytest.raises(ProgramFailed) as caught:
        run(runner, project, **options)
    return str(caught.value)


def test_captures_what_the_engine_would_see(runner: Runner, tmp_path: Path) -> None:
    capture = run(runner, make_project(tmp_path, COMPONENT))
    pair, store, key = capture.resources
    urn = "urn:pulumi:local::demo::demo:index:Pair"
    kind = "cloudflare:index/workersKvNamespace:WorkersKvNamespace"
    assert [resource.urn for resource in capture] == [
        f"{urn}::pair",
        f"{urn}${kind}::pair-store",
        f"{urn}${kind}$cloudflare:index/workersKv:WorkersKv::pair-key",
    ]
    assert pair.inputs == {"account": ACCOUNT, "n": 3, "half": 0.5, "list": [1, {"deep": True}]}
    assert type(pair.inputs["n"]) is int
    assert (pair.custom, pair.id, pair.parent, pair.outputs) == (False, None, None, {"store": "pair-store-id"})
    assert (store.custom, store.id, store.parent) == (True, "pair-store-id", pair.urn)
    assert key.inputs["value"] == "hush"
    assert key.secret_paths == {"value"}
    assert key.secret_outputs == {"value"}
    assert key.dependencies == (store.urn,)
    assert key.property_dependencies["namespaceId"] == (store.urn,)
    assert key.options.protect is True
    assert key.options.ignore_changes == ("value",)
    assert capture.outputs == {"store": "pair-store-id", "value": "hush"}
    assert capture.secret_outputs == {"value"}
    assert capture.component_of(key) == pair
    assert capture.children(pair.urn) == (store,)


def test_the_source_is_the_users_line_and_not_a_librarys(runner: Runner, tmp_path: Path) -> None:
    library = "import pulumi_cloudflare as c\n\n\ndef make():\n    return c.WorkersKvNamespace('n', account_id='a', title='t')\n"
    project = make_project(tmp_path, "from stacks.lib import make\n\nmake()\n", files={"stacks/lib.py": library})
    (resource,) = run(runner, project)
    assert resource.source == SourceLocation(project.resolve() / "stacks" / "lib.py", 5)
    assert resource.source.relative_to(project.resolve()) == "stacks/lib.py:5"


def test_a_preview_knows_only_what_is_given(runner: Runner, tmp_path: Path) -> None:
    capture = run(runner, make_project(tmp_path, COMPONENT), preview=True)
    key = capture.resources[2]
    assert key.id is None
    assert key.inputs["namespaceId"] is UNKNOWN
    assert key.inputs["value"] == "hush"
    assert capture.outputs == {"store": UNKNOWN, "value": "hush"}


def test_transforms_run_own_first_then_the_parents_then_the_stacks(runner: Runner, tmp_path: Path) -> None:
    main = """
    import pulumi
    import pulumi_cloudflare as cloudflare

    def add(letter):
        def transform(args):
            if "title" in args.props:
                return pulumi.ResourceTransformResult(
                    props={**args.props, "title": args.props["title"] + letter},
                    opts=pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=True)),
                )
        return transform

    class Box(pulumi.ComponentResource):
        def __init__(self, name, opts=None):
            super().__init__("demo:index:Box", name, {}, opts)
            cloudflare.WorkersKvNamespace(
                "n", account_id="a", title="t",
                opts=pulumi.ResourceOptions(parent=self, transforms=[add("1")]),
            )

    pulumi.runtime.register_resource_transform(add("3"))
    Box("box", pulumi.ResourceOptions(transforms=[add("2")]))
    """
    capture = run(runner, make_project(tmp_path, main))
    (resource,) = capture.of_type("cloudflare:index/workersKvNamespace:WorkersKvNamespace")
    assert resource.inputs["title"] == "t123"
    assert resource.options.protect is True


def test_configuration_reaches_the_program(runner: Runner, tmp_path: Path) -> None:
    main = """
    import pulumi

    config = pulumi.Config()
    pulumi.export("all", {
        "number": config.require_int("number"),
        "flag": config.require_bool("flag"),
        "object": config.require_object("object"),
        "other": pulumi.Config("other").get("key"),
        "project": pulumi.get_project(),
        "stack": pulumi.get_stack(),
        "root": pulumi.runtime.get_root_directory(),
    })
    pulumi.export("secret", config.require_secret("password"))
    """
    settings = """
    config:
      demo:number: 3
      demo:flag: true
      demo:object: {a: [1, 2]}
      other:key: value
      demo:password: {secure: v1:xyz}
    """
    capture = run(runner, make_project(tmp_path, main, settings))
    assert capture.outputs["all"] == {
        "number": 3,
        "flag": True,
        "object": {"a": [1, 2]},
        "other": "value",
        "project": "demo",
        "stack": "local",
        "root": str(tmp_path.resolve()),
    }
    assert capture.secret_outputs == {"secret"}
    assert any("EDGEWRIGHT_SECRET_DEMO_PASSWORD" in d.message for d in capture.diagnostics)


def test_what_the_program_says_is_kept(runner: Runner, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    main = "import os, pulumi\nprint('printed')\nos.system('echo from a child')\npulumi.log.warn('logged')\n"
    capture = run(runner, make_project(tmp_path, main))
    said = {(d.severity, d.message) for d in capture.diagnostics}
    assert {
        (Severity.INFO, "printed"),
        (Severity.INFO, "from a child"),
        (Severity.WARNING, "logged"),
    } <= said
    assert capfd.readouterr().out == ""


def test_two_runs_are_the_same_and_share_nothing(runner: Runner, tmp_path: Path) -> None:
    main = COMPONENT + "\nimport sys\nassert 'leak' not in sys.modules\nsys.modules['leak'] = sys\n"
    project = make_project(tmp_path, main)
    assert run(runner, project) == run(runner, project)


def test_an_edit_of_the_same_size_within_a_second_is_seen(runner: Runner, tmp_path: Path) -> None:
    project = make_project(
        tmp_path,
        "import pulumi\nfrom stacks.value import V\npulumi.export('v', V)\n",
        files={"stacks/value.py": "V = 1\n"},
    )
    for value in (1, 2, 3):
        (project / "stacks" / "value.py").write_text(f"V = {value}\n")
        assert run(runner, project).outputs == {"v": value}


def test_the_files_that_were_read_are_known(runner: Runner, tmp_path: Path) -> None:
    project = make_project(
        tmp_path,
        "import stacks.lib\nfrom pathlib import Path\nPath('data.csv').read_text()\n",
        files={"stacks/lib.py": "", "data.csv": "1", "unread.csv": "2"},
    )
    names = {path.relative_to(project.resolve()).as_posix() for path in run(runner, project).files}
    assert names == {"Pulumi.yaml", "__main__.py", "data.csv", "stacks/Pulumi.local.yaml", "stacks/lib.py"}


@pytest.mark.parametrize(
    ("main", "message"),
    [
        ("x = 1\nraise ValueError('bad value')\n", "__main__.py:2: ValueError: bad value"),
        ("import pulumi\nraise pulumi.RunError('stop here')\n", "stop here"),
        ("def f(:\n", "__main__.py:1: SyntaxError: invalid syntax"),
        ("import nonsense_module\n", "__main__.py:1: ModuleNotFoundError: No module named 'nonsense_module'"),
        ("import sys\nsys.exit(4)\n", "__main__.py:2: the program exited with 4"),
        ("import pulumi\npulumi.log.error('it is wrong')\n", "it is wrong"),
        ("import pulumi\npulumi.Output.from_input(1).apply(lambda v: v.nope)\n", "__main__.py:2: AttributeError"),
        ("import json\njson.loads('{')\n", "__main__.py:2: JSONDecodeError: "),
        (
            "import pulumi\npulumi.Config().require('size')\n",
            "stacks/Pulumi.local.yaml: demo:size: is required and missing; add it under `config:`; __main__.py:2 asks for"
            " it",
        ),
        (
            "import pulumi_cloudflare as c\nc.Worker('w', name='x')\n",
            "__main__.py:2: TypeError: Missing required property 'account_id'",
        ),
    ],
)
def test_a_failing_program_is_a_message_without_a_traceback(
    runner: Runner, tmp_path: Path, main: str, message: str
) -> None:
    text = failure(runner, make_project(tmp_path, main))
    assert text.startswith(message)
    assert "Traceback" not in text


def test_a_misspelt_setting_of_a_project_without_a_model_is_named(runner: Runner, tmp_path: Path) -> None:
    main = "import pulumi\npulumi.Config().require('greeting')\n"
    assert failure(runner, make_project(tmp_path, main, "config:\n  demo:other: 1\n  demo:greting: hi\n")) == (
        "stacks/Pulumi.local.yaml: demo:greeting: is required and missing; add it under `config:`, or did you mean it by"
        " demo:greting (line 3)?; __main__.py:2 asks for it [EWF403]"
    )


def test_two_resources_of_one_name_name_both_lines(runner: Runner, tmp_path: Path) -> None:
    main = """\
    import pulumi_cloudflare as c

    for title in ("a", "b"):
        c.WorkersKvNamespace("same", account_id="x", title=title)
    c.WorkersKvNamespace("same", account_id="x", title="c")
    """
    text = failure(runner, make_project(tmp_path, main))
    assert "two resources of type cloudflare:index/workersKvNamespace:WorkersKvNamespace are named 'same'" in text
    assert "__main__.py:4" in text
    assert "give each its own name" in text


def test_all_refusals_are_told_at_once(runner: Runner, tmp_path: Path) -> None:
    main = """\
    import pulumi_cloudflare as c

    c.Worker("one", account_id="x", name="one")
    c.Worker("two", account_id="x", name="two")
    raise KeyError("later")
    """
    assert failure(runner, make_project(tmp_path, main), cloud=PickyCloud()).splitlines() == [
        "__main__.py:3: 'one' is refused [EWF405]",
        "__main__.py:4: 'two' is refused [EWF405]",
        "__main__.py:5: KeyError: 'later' [EWF405]",
    ]


def test_functions_are_answered_by_the_cloud_or_named(runner: Runner, tmp_path: Path) -> None:
    main = "import pulumi\nimport pulumi_cloudflare as c\npulumi.export('id', c.get_zone(zone_id='z').id)\n"
    project = make_project(tmp_path, main)
    assert run(runner, project, cloud=PickyCloud()).outputs == {"id": "z1"}
    assert "cloudflare:index/getZone:getZone" in failure(runner, project)


def test_outputs_of_the_cloud_reach_the_program(runner: Runner, tmp_path: Path) -> None:
    main = """
    import pulumi
    import pulumi_cloudflare as c

    n = c.Queue("q", account_id="x", queue_name="q")
    pulumi.export("id", n.id.apply(lambda id: id.upper()))
    """
    assert run(runner, make_project(tmp_path, main), cloud=PickyCloud()).outputs == {"id": "ID-Q"}


def test_looking_up_an_existing_resource(runner: Runner, tmp_path: Path) -> None:
    main = """
    import pulumi
    import pulumi_cloudflare as c

    zone = c.Zone.get("zone", "z1", name="example.com")
    pulumi.export("name", zone.name)
    """
    capture = run(runner, make_project(tmp_path, main))
    (zone,) = capture.resources
    assert (zone.read, zone.id) == (True, "z1")
    assert capture.outputs == {"name": "example.com"}


def test_stack_references_and_remote_components_are_refused_by_name(runner: Runner, tmp_path: Path) -> None:
    main = """\
    import pulumi

    pulumi.StackReference("org/other/prod")


    class Remote(pulumi.ComponentResource):
        def __init__(self):
            super().__init__("other:index:Thing", "thing", {}, None, True)


    Remote()
    """
    text = failure(runner, make_project(tmp_path, main))
    assert "__main__.py:3: StackReference 'org/other/prod'" in text
    assert "other:index:Thing 'thing': a component of another language's plugin" in text


def test_settings_with_faults_stop_the_program_before_it_runs(runner: Runner, tmp_path: Path) -> None:
    project = make_project(
        tmp_path, "raise SystemError\n", "config:\n  edgewright:objectives: {p50: 1}\n  edgewright:trafic: {}\n"
    )
    with pytest.raises(ProjectError) as caught:
        run(runner, project)
    assert len(caught.value.faults) == 2
    assert "SystemError" not in str(caught.value)


def test_the_projects_own_settings_model_is_used(runner: Runner, tmp_path: Path) -> None:
    model = """\
from edgewright.config import StackSettings, load_settings
from pydantic import Field, SecretStr


class Settings(StackSettings):
    size: int = Field(alias="demo:size", ge=1)
    names: tuple[str, ...] = Field(alias="demo:names", default=())
    token: SecretStr | None = Field(alias="demo:token", default=None)
"""
    main = """
    import pulumi
    from edgewright.config import load_settings
    from stacks.settings import Settings

    settings = load_settings(Settings)
    pulumi.export("size", settings.size)
    pulumi.export("names", list(settings.names))
    pulumi.export("token", pulumi.Output.secret(settings.token.get_secret_value()))
    """
    good = "config:\n  demo:size: 2\n  demo:names: [a, b]\n  demo:token: {secure: v1:x}\n"
    project = make_project(tmp_path, main, good, files={"stacks/settings.py": model})
    capture = run(runner, project)
    assert capture.outputs["size"] == 2
    assert capture.outputs["names"] == ["a", "b"]
    assert capture.secret_outputs == {"token"}
    (project / "stacks" / "Pulumi.local.yaml").write_text("config:\n  demo:size: 0\n  demo:nmes: [a]\n")
    with pytest.raises(ProjectError) as caught:
        run(runner, project)
    assert [fault.text.split(":")[1] for fault in caught.value.faults] == ["2", "3"]
    schema = runner.schema(project)
    assert "demo:size" in schema["properties"]["config"]["properties"]


def test_a_broken_settings_model_is_named(runner: Runner, tmp_path: Path) -> None:
    project = make_project(tmp_path, "", files={"stacks/settings.py": "class Settings:\n    pass\n"})
    assert "stacks/settings.py: must have a class Settings" in failure(runner, project)
    (project / "stacks" / "settings.py").write_text("import nothing_such\n")
    assert "stacks/settings.py:1: ModuleNotFoundError" in failure(runner, project)


def test_load_settings_finds_a_secret_in_a_plain_field(runner: Runner, tmp_path: Path) -> None:
    main = """
    from edgewright.config import StackSettings, load_settings
    from pydantic import Field


    class Plain(StackSettings):
        token: str = Field(alias="demo:token")


    load_settings(Plain)
    """
    project = make_project(tmp_path, main, "config:\n  demo:token: {secure: v1:x}\n")
    text = failure(runner, project)
    assert "stacks/Pulumi.local.yaml:2: demo:token: is encrypted, but its setting is plain" in text


@pytest.mark.parametrize("main", ["while True:\n    pass\n", "import time\ntime.sleep(3600)\n"])
def test_a_program_without_an_end_is_stopped_at_its_line(runner: Runner, tmp_path: Path, main: str) -> None:
    text = failure(runner, make_project(tmp_path, main), timeout_s=1.0)
    assert text.startswith("__main__.py:")
    assert "took longer than 1 s" in text


def test_a_run_that_cannot_be_stopped_is_killed(runner: Runner, tmp_path: Path) -> None:
    main = "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True:\n    pass\n"
    with pytest.raises(RunnerBroken, match="did not stop"):
        run(runner, make_project(tmp_path, main), timeout_s=0.5)


def test_a_program_that_kills_its_process(runner: Runner, tmp_path: Path) -> None:
    project = make_project(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    with pytest.raises(ProgramKilled) as killed:
        run(runner, project)
    assert str(killed.value) == (
        "the program's process was killed by SIGKILL before its end; the system does this when memory runs out"
    )
    # The next one runs as if nothing had happened.
    make_project(tmp_path, "import pulumi\npulumi.export('fine', True)\n")
    assert run(runner, project).outputs == {"fine": True}


def test_a_program_that_ends_its_process(runner: Runner, tmp_path: Path) -> None:
    assert failure(runner, make_project(tmp_path, "import os\nos._exit(3)\n")) == (
        "the program ended its own process with status 3 (os._exit, or a library that calls it); let it end by itself,"
        " or raise pulumi.RunError with a message [EWF405]"
    )


def test_what_a_program_starts_does_not_outlive_its_run(runner: Runner, tmp_path: Path) -> None:
    main = "import subprocess, pulumi\np = subprocess.Popen(['sleep', '600'])\npulumi.export('pid', p.pid)\n"
    pid = run(runner, make_project(tmp_path, main)).outputs["pid"]
    wait_gone([pid])


def test_runs_share_one_warm_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its start costs seconds; each run is a child of it. Only an edit of edgewright itself ends it."""
    monkeypatch.setattr("edgewright.engine.runner._package_state", lambda: ())
    project = make_project(
        tmp_path, "import os\nimport pulumi\npulumi.export('processes', [os.getppid(), os.getpid()])\n"
    )
    with Runner() as runner:
        runner.warm()
        warm = runner._process
        seen = [tuple(run(runner, project).outputs["processes"]) for _ in range(3)]
        assert warm is not None
        assert {parent for parent, _ in seen} == {warm.pid}
    assert len(set(seen)) == 3


def test_the_warm_process_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    # A runner in a child that is killed at once leaves nothing.
    child = os.fork()
    if child == 0:
        running = Runner()
        running.warm()
        assert running._process is not None
        (tmp_path / "pid").write_text(str(running._process.pid))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    pid = int((tmp_path / "pid").read_text())
    wait_gone([pid])


def test_assets_are_assets(runner: Runner, tmp_path: Path) -> None:
    main = """
    import pulumi

    class Box(pulumi.ComponentResource):
        def __init__(self):
            super().__init__("demo:index:Box", "box", {
                "file": pulumi.FileAsset("a.txt"),
                "text": pulumi.StringAsset("hi"),
                "archive": pulumi.AssetArchive({"x": pulumi.StringAsset("y")}),
            })

    Box()
    """
    (box,) = run(runner, make_project(tmp_path, main))
    assert isinstance(box.inputs["file"], pulumi.FileAsset)
    assert box.inputs["file"].path == "a.txt"
    assert isinstance(box.inputs["text"], pulumi.StringAsset)
    assert isinstance(box.inputs["archive"], pulumi.AssetArchive)


def test_projects_of_one_file(runner: Runner, tmp_path: Path) -> None:
    make_project(
        tmp_path,
        "",
        files={
            "infra/program.py": "import pulumi\nimport helper\npulumi.export('x', helper.X)\n",
            "infra/helper.py": "X = 5\n",
        },
    )
    (tmp_path / "Pulumi.yaml").write_text(
        "name: demo\nruntime: python\nmain: infra/program.py\nstackConfigDir: stacks\n"
    )
    assert Project.load(tmp_path).main.name == "program.py"
    assert run(runner, tmp_path).outputs == {"x": 5}


@pytest.mark.parametrize("preview", [False, True])
def test_what_every_component_refuses_is_told_at_once_and_nothing_that_follows_from_it(
    runner: Runner, tmp_path: Path, preview: bool
) -> None:
    told = failure(runner, make_project(tmp_path, REFUSING), preview=preview)
    heads = [line for line in told.splitlines() if not line.startswith("  ")]
    assert heads == [
        "__main__.py:5: KvNamespace 'one': 1 fault in its arguments",
        "__main__.py:6: KvNamespace 'two': 1 fault in its arguments",
        "__main__.py:7: CachePolicy 'policy': 1 fault in its arguments",
        "__main__.py:9: GeoRouter 'router': 1 fault in its arguments",
        "__main__.py:13: EdgeApi 'api': 1 fault in its arguments",
    ]
    assert "  cloudflare.jurisdiction: 'mars' is not known. Allowed: eu, us, fedramp. [EWF202]" in told.splitlines()
