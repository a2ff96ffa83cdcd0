"""The pack as it is served: each answer of ours is, byte for byte, what `PolicyPack`'s own servicer gives."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pulumi_policy
import pytest
from edgewright_policies import POLICIES, ResourceRule, StackRule, engine, serve
from edgewright_policies.engine import Properties, Servicer
from google.protobuf import empty_pb2, struct_pb2  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy import Policy, ResourceValidationPolicy
from pulumi_policy.deserialize import deserialize_properties, serialize_properties
from pulumi_policy.proxy import UNKNOWN_NUMBER_VALUE, UNKNOWN_STRING_VALUE

from tests.policies.corpus import BAD, GOOD, Stack

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"


class Caught(Exception):
    """Ends a PolicyPack where its server would begin."""


def _inner(policies: list[Policy], monkeypatch: pytest.MonkeyPatch) -> Any:
    caught = []

    def add(servicer: Any, server: Any) -> None:
        caught.append(servicer)
        raise Caught

    with monkeypatch.context() as patch:
        patch.setattr(analyzer_pb2_grpc, "add_AnalyzerServicer_to_server", add)
        with pytest.raises(Caught):
            pulumi_policy.PolicyPack("edgewright", policies)
    return caught[0]


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Servicer]:
    theirs = _inner(list(POLICIES), monkeypatch)
    return theirs, Servicer(_inner(list(POLICIES), monkeypatch), "edgewright", POLICIES)


def struct(data: Mapping[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(serialize_properties(data))
    return made


def requests(
    stack: Stack, change: Any = lambda name, value: value
) -> tuple[list[analyzer_pb2.AnalyzeRequest], analyzer_pb2.AnalyzeStackRequest]:
    each_one = []
    whole = analyzer_pb2.AnalyzeStackRequest()
    for resource in stack.capture():
        options = analyzer_pb2.AnalyzerResourceOptions(
            protect=resource.options.protect,
            deleteBeforeReplace=bool(resource.options.delete_before_replace),
            deleteBeforeReplaceDefined=resource.options.delete_before_replace is not None,
        )
        properties = struct({name: change(name, value) for name, value in resource.inputs.items()})
        said: dict[str, Any] = {"type": resource.type, "urn": resource.urn, "name": resource.name, "options": options}
        each_one.append(analyzer_pb2.AnalyzeRequest(properties=properties, **said))
        whole.resources.append(
            analyzer_pb2.AnalyzerResource(properties=properties, dependencies=resource.dependencies, **said)
        )
    return each_one, whole


def configure(stack: Stack, level: int | None = None) -> analyzer_pb2.ConfigureAnalyzerRequest:
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    for name, config in stack.policies.items():
        request.policyConfig[name].properties.update(config)
        rule = next(each for each in POLICIES if each.name == name)
        request.policyConfig[name].enforcementLevel = getattr(analyzer_pb2, rule.meta.level.upper())
    if level is not None:
        request.policyConfig[stack.policy].enforcementLevel = level
    return request


def same(theirs: Any, ours: Any) -> int:
    """Assert that two answers are the same, and return how many findings they have."""
    assert ours == theirs
    return len(ours.diagnostics)


@pytest.mark.parametrize("stack", [*GOOD, *BAD], ids=lambda each: f"{each.policy}: {each.name}")
def test_every_answer_is_the_same(both: tuple[Any, Servicer], stack: Stack) -> None:
    theirs, ours = both
    for each in both:
        each.Configure(configure(stack), None)
    each_one, whole = requests(stack)
    found = sum(same(theirs.Analyze(each, None), ours.Analyze(each, None)) for each in each_one)
    found += same(theirs.AnalyzeStack(whole, None), ours.AnalyzeStack(whole, None))
    if stack.finds and not stack.limits:
        assert found


@pytest.mark.parametrize("unknown", [UNKNOWN_STRING_VALUE, UNKNOWN_NUMBER_VALUE])
def test_what_is_unknown_is_skipped_the_same(both: tuple[Any, Servicer], unknown: str) -> None:
    theirs, ours = both
    skipped = 0
    for stack in GOOD:
        each_one, whole = requests(stack, lambda name, value: unknown)
        for one in each_one:
            same(theirs.Analyze(one, None), ours.Analyze(one, None))
            skipped += len(ours.Analyze(one, None).not_applicable)
        same(theirs.AnalyzeStack(whole, None), ours.AnalyzeStack(whole, None))
    assert skipped


def test_secrets_are_read_the_same(both: tuple[Any, Servicer]) -> None:
    theirs, ours = both
    found = 0
    of_whole = 0
    asked: set[bytes] = set()
    seen: set[str] = set()
    of_stack = {each.name for each in POLICIES if isinstance(each, StackRule)}
    for stack in BAD:
        each_one, whole = requests(stack, lambda name, value: {SIGNATURE: SECRET, "value": value})
        for one in each_one:
            # Bad stacks share most of their resources, and the same question has the same answer.
            question = one.SerializeToString(deterministic=True)
            if question not in asked:
                asked.add(question)
                found += same(theirs.Analyze(one, None), ours.Analyze(one, None))
        if stack.policy in of_stack or stack.policy not in seen:
            seen.add(stack.policy)
            of_whole += same(theirs.AnalyzeStack(whole, None), ours.AnalyzeStack(whole, None))
    assert of_whole
    assert seen == {each.policy for each in BAD}
    assert found


@pytest.mark.parametrize("level", [analyzer_pb2.DISABLED, analyzer_pb2.MANDATORY, analyzer_pb2.REMEDIATE])
def test_levels_that_the_engine_sets_hold(both: tuple[Any, Servicer], level: int) -> None:
    theirs, ours = both
    stack = next(each for each in BAD if each.policy == "kv-key-size" and not each.limits)
    for each in both:
        each.Configure(configure(stack, level), None)
    each_one, _ = requests(stack)
    found = sum(same(theirs.Analyze(each, None), ours.Analyze(each, None)) for each in each_one)
    assert bool(found) == (level != analyzer_pb2.DISABLED)
    for one in each_one:
        assert ours.Remediate(one, None) == theirs.Remediate(one, None)


def test_a_wrong_configuration_is_a_finding_of_both(both: tuple[Any, Servicer]) -> None:
    theirs, ours = both
    stack = next(each for each in BAD if each.policy == "cpu-budget")
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    request.policyConfig["cpu-budget"].properties.update({"maxMs": "fast"})
    for each in both:
        each.Configure(request, None)
    each_one, _ = requests(stack)
    assert sum(same(theirs.Analyze(each, None), ours.Analyze(each, None)) for each in each_one)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_properties_read_as_the_sdk_reads_them(data: dict[str, Any]) -> None:
    assert dict(Properties(struct(data))) == deserialize_properties(data)


def test_assets_archives_and_shapes_of_later_engines_are_read() -> None:
    read = Properties(
        struct(
            {
                "asset": {SIGNATURE: ASSET, "text": "hello"},
                "archive": {SIGNATURE: ARCHIVE, "assets": {"a": {SIGNATURE: ASSET, "path": "/x"}}},
                "other": {SIGNATURE: "0" * 32, "value": 1},
                "deep": [{"secret": {SIGNATURE: SECRET, "value": ["s"]}}],
            }
        )
    )
    assert read["asset"].text == "hello"
    assert read["archive"].assets["a"].path == "/x"
    assert read["other"] == {SIGNATURE: "0" * 32, "value": 1}
    assert read["deep"] == [{"secret": ["s"]}]
    assert "none" not in read


def test_a_pack_with_a_foreign_policy_is_policy_packs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    caught = []

    def add(servicer: Any, server: Any) -> None:
        caught.append(servicer)
        raise Caught

    foreign = ResourceValidationPolicy("mine", "mine", lambda args, report: None)
    monkeypatch.setattr(analyzer_pb2_grpc, "add_AnalyzerServicer_to_server", add)
    for policies in ([*POLICIES, foreign], list(POLICIES)):
        with pytest.raises(Caught):
            serve("acme", policies)
        assert analyzer_pb2_grpc.add_AnalyzerServicer_to_server is add
    assert [isinstance(each, Servicer) for each in caught] == [False, True]


def test_where_the_sdk_no_longer_passes_there_the_pack_still_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    served = []
    monkeypatch.setattr(engine, "PolicyPack", lambda name, policies, **others: served.append((name, policies)))
    serve("acme", POLICIES)
    assert served == [("acme", list(POLICIES))]


def test_the_served_pack_answers_over_its_protocol() -> None:
    """The program that the engine starts, asked as the engine asks."""
    main = Path(__file__).parents[2] / "policies" / "__main__.py"
    with subprocess.Popen([sys.executable, "-u", str(main)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
                stub = analyzer_pb2_grpc.AnalyzerStub(channel)
                info = stub.GetAnalyzerInfo(empty_pb2.Empty())
                assert [each.name for each in info.policies] == [each.name for each in POLICIES]
                kinds = {
                    ResourceRule: analyzer_pb2.POLICY_TYPE_RESOURCE,
                    StackRule: analyzer_pb2.POLICY_TYPE_STACK,
                }
                assert [each.policy_type for each in info.policies] == [kinds[type(each)] for each in POLICIES]
                answer = stub.Analyze(
                    analyzer_pb2.AnalyzeRequest(
                        type="cloudflare:index/workersKv:WorkersKv",
                        urn="urn:pulumi:dev::p::cloudflare:index/workersKv:WorkersKv::entry",
                        name="entry",
                        properties=struct({"keyName": "..", "value": "x"}),
                    )
                )
                assert [each.policyName for each in answer.diagnostics] == ["kv-key-size"]
        finally:
            process.kill()


def test_a_pack_finds_the_folder_that_its_program_runs_in(tmp_path: Path) -> None:
    """Relative paths of files count from there, and the engine starts a pack in the pack's own folder."""
    inner = tmp_path / "shop" / "infra" / "policies"
    inner.mkdir(parents=True)
    (tmp_path / "Pulumi.yaml").write_text("name: other\nruntime: python\n")
    project = tmp_path / "shop" / "Pulumi.yaml"
    project.write_text("name: shop\nruntime: python\n")
    elsewhere = tmp_path / "packs"
    elsewhere.mkdir()
    assert engine.program_folder([inner], "shop") == tmp_path / "shop"
    assert engine.program_folder([elsewhere, inner], "shop") == tmp_path / "shop"
    assert engine.program_folder([elsewhere], "shop") is None
    assert engine.program_folder([inner], None) is None
    project.write_text("name: shop\nruntime: python\nmain: infra\n")
    assert engine.program_folder([inner], "shop") == tmp_path / "shop" / "infra"
    project.write_text("name: shop\nruntime: python\nmain: infra/program.py\n")
    assert engine.program_folder([inner], "shop") == tmp_path / "shop" / "infra"
    project.write_text("name: [shop")
    assert engine.program_folder([inner], "shop") is None


@pytest.mark.parametrize(
    ("own", "provider", "found", "unknown"),
    [
        (None, "eu-west-1", 2, 0),
        (None, "us-east-1", 0, 0),
        ("us-east-1", "eu-west-1", 0, 0),
        ("eu-west-1", "us-east-1", 2, 0),
        (None, UNKNOWN_STRING_VALUE, 0, 1),
        (None, None, 0, 1),
    ],
    ids=["elsewhere", "there", "its own there", "its own elsewhere", "not known yet", "not told"],
)
def test_a_resource_is_where_its_provider_is(
    both: tuple[Any, Servicer], own: str | None, provider: str | None, found: int, unknown: int
) -> None:
    stack = next(each for each in GOOD if each.policy == "edge-region")
    _, whole = requests(stack)
    for resource in whole.resources:
        if "Certificate" in resource.type or "WebAcl" in resource.type:
            del resource.properties.fields["region"]
            if own is not None:
                resource.properties["region"] = own
            if provider is not None:
                resource.provider.CopyFrom(
                    analyzer_pb2.AnalyzerProviderResource(
                        type="pulumi:providers:aws",
                        urn="urn:pulumi:dev::corpus::pulumi:providers:aws::eu",
                        name="eu",
                        properties=struct({"region": provider}),
                    )
                )
    for each in both:
        each.Configure(configure(stack), None)
    theirs, ours = (each.AnalyzeStack(whole, None) for each in both)
    same(theirs, ours)
    assert [each.policyName for each in ours.diagnostics] == ["edge-region"] * found
    assert [each.policy_name for each in ours.not_applicable] == ["edge-region"] * unknown
