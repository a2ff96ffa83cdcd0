import json
from pathlib import Path
from typing import Any, Literal

import jsonschema
import pytest
from edgewright.base.errors import ProjectError
from edgewright.base.project import Project
from edgewright.config import StackSettings
from edgewright.config.loader import check_settings, read_stack, secret_variable, stack_schema
from edgewright.config.models import SettingsModel
from pydantic import Field, SecretStr

from tests.projects import make_project


class Origin(SettingsModel):
    region: Literal["us", "eu", "apac"]
    port: int = Field(ge=1, le=65535, description="Port of the origin.")


class Settings(StackSettings):
    hostname: str = Field(alias="demo:hostname", pattern=r"^[a-z.]+$")
    origins: tuple[Origin, ...] = Field(alias="demo:origins", default=())
    token: SecretStr | None = Field(alias="demo:token", default=None)


def check(tmp_path: Path, settings: str, environment: dict[str, str] | None = None) -> Settings:
    project = Project.load(make_project(tmp_path, "", settings))
    return check_settings(Settings, read_stack(project, "local", environment or {}), project.name)


def faults(tmp_path: Path, settings: str) -> list[str]:
    with pytest.raises(ProjectError) as caught:
        check(tmp_path, settings)
    return [fault.text for fault in caught.value.faults]


def test_good_settings(tmp_path: Path) -> None:
    settings = check(
        tmp_path,
        """\
        config:
          demo:hostname: api.example.com
          demo:config:origins:
            - {region: us, port: 9101}
          edgewright:objectives: {p50_ms: 12}
          cloudflare:apiToken: free
        """,
    )
    assert settings.hostname == "api.example.com"
    assert settings.origins == (Origin(region="us", port=9101),)
    assert settings.objectives.p50_ms == 12


def test_all_faults_at_once_each_with_its_line(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        """\
        config:
          demo:hostnam: api.example.com
          demo:origins:
            - region: useast
              port: 0
            - region: eu
              prt: 1
          edgewright:objectives:
            p50: 12
            hit_ratio: 90
          edgewright:traffic:
            rate: fast
        """,
    )
    file = "stacks/Pulumi.local.yaml"
    assert [line.split(": ", 2)[0:2] for line in found] == [
        [f"{file}:1", "demo:hostname"],
        [f"{file}:2", "demo:hostnam"],
        [f"{file}:4", "demo:origins[0].region"],
        [f"{file}:5", "demo:origins[0].port"],
        [f"{file}:6", "demo:origins[1].port"],
        [f"{file}:7", "demo:origins[1].prt"],
        [f"{file}:9", "edgewright:objectives.p50"],
        [f"{file}:10", "edgewright:objectives.hit_ratio"],
        [f"{file}:12", "edgewright:traffic.rate"],
    ]
    text = "\n".join(found)
    assert "demo:hostname: is required and missing; add it" in text
    assert "demo:hostnam: unknown key; did you mean demo:hostname?; allowed: demo:hostname, demo:origins" in text
    assert "must be 'us', 'eu' or 'apac', got 'useast'" in text
    assert "must be a whole number from 1 to 65535, got 0 (Port of the origin)" in text
    assert "unknown key; did you mean p50_ms?" in text
    assert "must be a number from 0 to 1, got 90" in text
    assert "'fast' is not a rate; allowed: a number a second, or a rate, for example '150/s'" in text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("config: [1]\n", "stacks/Pulumi.local.yaml:1: config: must be a mapping, got a list of 1 items"),
        ("- 1\n", "stacks/Pulumi.local.yaml:1: must be a mapping with the key `config`"),
        (
            "config:\n  hostname: x\n",
            "stacks/Pulumi.local.yaml:2: hostname: a setting's key is `namespace:name`; write demo:hostname",
        ),
        ("confg: {}\n", "confg: is not a key of a stack's settings file; did you mean config?"),
        ("demo:hostname: x\n", "demo:hostname: is not a key of a stack's settings file; settings go under `config:`"),
        (
            "config:\n  demo:hostname: a.b\n  demo:config:hostname: c.d\n",
            "stacks/Pulumi.local.yaml:3: demo:config:hostname: is the same setting as demo:hostname; keep one",
        ),
        ("config: {demo:hostname: 5}\n", "demo:hostname: must be a valid string, got 5"),
        ("config: {demo:hostname: a.b, demo:origins: x}\n", "demo:origins: must be a list, got 'x'"),
        ("config: {demo:hostname: a.b, edgewright:objectives: 1}\n", "edgewright:objectives: must be a mapping, got 1"),
    ],
)
def test_faults(tmp_path: Path, settings: str, message: str) -> None:
    assert message in "\n".join(faults(tmp_path, settings))


def test_an_unknown_stack_names_those_there_are(tmp_path: Path) -> None:
    project = Project.load(make_project(tmp_path, ""))
    with pytest.raises(ProjectError, match=r"stack 'locl': no stacks/Pulumi.locl.yaml; .*did you mean local\?"):
        read_stack(project, "locl")
    with pytest.raises(ProjectError, match="a stack's name has letters"):
        read_stack(project, "../../etc/passwd\n")


def test_secrets_come_from_the_environment_or_are_placeholders(tmp_path: Path) -> None:
    text = "config:\n  demo:hostname: a.b\n  demo:token:\n    secure: v1:abc\n"
    given = check(tmp_path, text, {"EDGEWRIGHT_SECRET_DEMO_TOKEN": "hunter2"})
    assert given.token is not None
    assert given.token.get_secret_value() == "hunter2"
    config = read_stack(Project.load(tmp_path), "local", {})
    assert config.secret_keys == {"demo:token"}
    assert config.placeholders == ("EDGEWRIGHT_SECRET_DEMO_TOKEN",)
    assert "placeholder" in config.for_pulumi()["demo:token"]


def test_a_faulty_secret_is_not_shown(tmp_path: Path) -> None:
    project = Project.load(make_project(tmp_path, "", "config:\n  demo:hostname:\n    secure: v1:abc\n"))
    config = read_stack(project, "local", {"EDGEWRIGHT_SECRET_DEMO_HOSTNAME": "HUNTER2"})
    with pytest.raises(ProjectError) as caught:
        check_settings(Settings, config, "demo")
    assert "got a secret" in str(caught.value)
    assert "HUNTER2" not in str(caught.value)


def test_secret_variables_of_nested_values() -> None:
    assert secret_variable(("demo:keys", 0, "api-key")) == "EDGEWRIGHT_SECRET_DEMO_KEYS_0_API_KEY"


def test_values_reach_the_program_as_pulumi_gives_them(tmp_path: Path) -> None:
    project = Project.load(
        make_project(
            tmp_path,
            "",
            "config:\n  demo:a: 3\n  demo:b: true\n  demo:c: {x: [1, é]}\n  demo:d: 1.50\n  demo:e: text\n  demo:f: ~\n",
        )
    )
    assert read_stack(project, "local").for_pulumi() == {
        "demo:a": "3",
        "demo:b": "true",
        "demo:c": '{"x":[1,"é"]}',
        "demo:d": "1.5",
        "demo:e": "text",
    }


def test_defaults_of_the_project_are_beneath(tmp_path: Path) -> None:
    make_project(tmp_path, "", "config: {demo:b: own}\n")
    (tmp_path / "Pulumi.yaml").write_text(
        "name: demo\nruntime: python\nstackConfigDir: stacks\n"
        "config:\n  a: {type: string, default: one}\n  b: two\n  aws:region: {value: eu-west-1}\n  c: {type: string}\n"
    )
    assert read_stack(Project.load(tmp_path), "local").data == {
        "demo:a": "one",
        "demo:b": "own",
        "aws:region": "eu-west-1",
    }


def schema_errors(document: Any) -> list[str]:
    schema = stack_schema(Settings, "demo")
    jsonschema.Draft202012Validator.check_schema(schema)
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(document)]


def test_the_editors_schema_allows_what_is_allowed() -> None:
    good = {
        "config": {
            "demo:hostname": {"secure": "v1:abc"},
            "demo:token": {"secure": "v1:abc"},
            "demo:origins": [{"region": "us", "port": 1}],
            "edgewright:objectives": {"p50_ms": 3},
            "cloudflare:apiToken": "x",
        },
        "encryptionsalt": "v1:x",
    }
    assert schema_errors(good) == []
    json.dumps(stack_schema(Settings, "demo"))


@pytest.mark.parametrize(
    "config",
    [
        {"demo:hostname": "a.b", "demo:hostnam": "x"},
        {"demo:hostname": "a.b", "edgewright:objectivs": {}},
        {"demo:hostname": "a.b", "demo:origins": [{"region": "useast", "port": 1}]},
        {"demo:origins": []},
        {"demo:hostname": 5},
    ],
)
def test_the_editors_schema_refuses_what_is_refused(config: dict[str, Any]) -> None:
    assert schema_errors({"config": config})


NEAR = ("edgewrite:policies", "edgewrght:traffic", "EdgeWright:limits", "edge-wright:policies", "edgwright:production")


@pytest.mark.parametrize("key", NEAR)
def test_a_namespace_that_is_nearly_edgewrights_is_told(tmp_path: Path, key: str) -> None:
    (told,) = faults(tmp_path, f"config:\n  demo:hostname: api.example.com\n  {key}: {{}}\n")
    namespace = key.partition(":")[0]
    assert told == (
        f"stacks/Pulumi.local.yaml:3: {key}: nobody reads the namespace {namespace}; did you mean edgewright?"
    )


@pytest.mark.parametrize(
    "key", ["aws:region", "cloudflare:apiToken", "edge:x", "wright:x", "demos:x", "edgewright-policies:x"]
)
def test_other_namespaces_are_left_alone(tmp_path: Path, key: str) -> None:
    check(tmp_path, f"config:\n  demo:hostname: api.example.com\n  {key}: a\n")
