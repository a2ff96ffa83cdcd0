"""Each kind of binding is one record, and whatever a kind needs follows from it."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from edgewright.arguments.bindings import check_binding
from edgewright.base.faults import Faults
from edgewright.platforms import protocol
from edgewright.platforms.cloudflare import bindings as cloudflare_bindings
from edgewright.platforms.cloudflare.bindings import ELSEWHERE, FIELDS, KINDS
from edgewright.platforms.cloudflare.bindings._kind import provider_name
from edgewright.platforms.gaps import GAP_IDS
from edgewright.platforms.parts import BindingField, Bindings
from edgewright_policies import isolation
from pulumi_cloudflare import WorkerVersionBindingArgs

pytestmark = pytest.mark.fast

# Held by mypy.
PART: Bindings = cloudflare_bindings

OF_PROVIDER = set(inspect.signature(WorkerVersionBindingArgs.__init__).parameters)
EDGE = Path(__file__).parents[2] / "edge"


def sample(type_: str) -> dict[str, Any]:
    """Return a binding with every field that it may have."""
    return {"type": type_, "name": "B", **{name: _value(one) for name, one in KINDS[type_].fields.items()}}


def _value(field: BindingField) -> Any:
    if field.any_value:
        return dict.fromkeys(field.keys, 100) or {"a": 1}
    return field.words[-1] if field.words else "x"


def checked(binding: dict[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
    faults = Faults("EdgeApi", "api")
    return check_binding("bindings[0]", binding, faults), [f"{fault.path}: {fault.text}" for fault in faults.items]


def test_each_file_is_a_kind() -> None:
    folder = Path(cloudflare_bindings.__file__).parent
    assert list(KINDS) == sorted(file.stem for file in folder.glob("*.py") if not file.stem.startswith("_"))
    assert {*FIELDS, *ELSEWHERE} == set(KINDS)
    assert {kind.gap.id for kind in KINDS.values() if kind.gap} <= GAP_IDS


@pytest.mark.parametrize("type_", FIELDS)
def test_a_kind_is_taken_becomes_the_providers_inputs_and_runs(type_: str) -> None:
    binding, faults = checked(sample(type_))
    assert faults == []
    assert binding == sample(type_)
    made = list(KINDS[type_].inputs(binding))
    for one in made:
        assert set(one) <= OF_PROVIDER, "the provider knows no such field"
        inputs = {provider_name(name): value for name, value in one.items()}
        assert set(KINDS[one["type"]].required) <= set(inputs)
        played = KINDS[one["type"]].plays(inputs)
        assert played.name == one["name"]
        if isinstance(played, protocol.OptionBinding):
            options = (EDGE / "node_modules/miniflare/dist/src/index.d.ts").read_text("utf-8")
            assert f" {played.option}?: " in options, "miniflare has no such option"
    assert made[0]["name"] == "B"


@pytest.mark.parametrize(("type_", "name"), [(type_, name) for type_, fields in FIELDS.items() for name in fields])
def test_each_field_says_what_is_wrong_with_it(type_: str, name: str) -> None:
    field = KINDS[type_].fields[name]
    assert field.what
    assert field.where.endswith(".")
    without = {key: value for key, value in sample(type_).items() if key != name}
    required = f"bindings[0].{name}: is required by a binding of type {type_!r}. Allowed: {field.what}. {field.where}"
    assert checked(without) == ((None, [required]) if field.required else (without, []))
    if not field.any_value:
        message = f"bindings[0].{name}: 5 is not a string. Allowed: {field.what}. {field.where}"
        assert checked({**sample(type_), name: 5}) == (None, [message])


@pytest.mark.parametrize(
    ("type_", "given", "expected"),
    [
        (
            "r2_bucket",
            {"jurisdiction": "EU"},
            "bindings[0].jurisdiction: 'EU' is not known. Allowed: default, eu, fedramp, us. Did you mean 'eu'?",
        ),
        (
            "kv_namespace",
            {"options": {"list_limit": 5000, "default_ttl": 5}},
            "bindings[0].options.default_ttl: 5 is out of range. Allowed: 60 to 2147483648 seconds. Workers KV keeps nothing for"
            " less than 60 s.",
        ),
        (
            "kv_namespace",
            {"options": {"list_limit": 5000}},
            "bindings[0].options.list_limit: 5000 is out of range. Allowed: 1 to 1000 keys. Workers KV lists no more at once.",
        ),
        (
            "kv_namespace",
            {"options": {"listLimit": 5}},
            "bindings[0].options.listLimit: is not an argument. Allowed: default_ttl, list_limit. Did you mean 'list_limit'?",
        ),
        (
            "kv_namespace",
            {"options": 5},
            "bindings[0].options: 5 is not a mapping. Allowed: default_ttl, list_limit. Give a KvNamespace's `binding`.",
        ),
    ],
)
def test_a_value_that_a_field_cannot_have_is_refused(type_: str, given: dict[str, Any], expected: str) -> None:
    binding, faults = checked({**sample(type_), **given})
    assert binding is None
    assert expected in faults


def test_a_bucket_without_a_jurisdiction_says_default_and_its_binding_none() -> None:
    (made,) = KINDS["r2_bucket"].inputs(
        {"type": "r2_bucket", "name": "B", "bucket_name": "x", "jurisdiction": "default"}
    )
    assert made["jurisdiction"] is None


@pytest.mark.parametrize("type_", ELSEWHERE)
def test_what_another_argument_makes_is_sent_there(type_: str) -> None:
    argument = ELSEWHERE[type_]
    assert checked({"type": type_, "name": "B"}) == (
        None,
        [
            f"bindings[0].type: {type_!r} is made of `{argument}`. Allowed: {', '.join(FIELDS)}. Give it by `{argument}`."
        ],
    )


def test_what_names_a_resource_is_read_by_the_policy_on_productions_data() -> None:
    named = {provider_name(name) for fields in FIELDS.values() for name, one in fields.items() if one.identifies}
    assert named <= set(isolation._IDS)


def test_what_is_no_json_is_refused_where_the_stack_is_played() -> None:
    with pytest.raises(ValueError, match=r"json: '\{' is not JSON: Expecting property name"):
        KINDS["json"].plays({"name": "J", "json": "{"})
