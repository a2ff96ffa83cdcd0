"""No input, however shaped, makes a policy raise; whatever is known is judged, whatever is not is skipped."""

from typing import Any

import pulumi
import pytest
from edgewright.base.unknown import UNKNOWN
from edgewright.guard import evaluate
from edgewright_policies import POLICIES, Context, Node, ResourceRule, Rule, Settings, StackRule, StackView
from edgewright_policies.reading import View
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi_policy import ResourceValidationPolicy
from pulumi_policy.proxy import unknown_checking_proxy

from tests.policies.corpus import BAD, GOOD, Stack, capture

WORDS = sorted(
    {
        key
        for stack in [*GOOD, *BAD]
        for data in stack.resources.values()
        for key in [
            *data["inputs"],
            *(inner for each in data["inputs"].values() if isinstance(each, dict) for inner in each),
        ]
    }
)
TYPES = sorted({token for rule in POLICIES for token in rule.meta.types})
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["*", "http://x", "1.0", "max-age=" + "9" * 40, "arn:aws:lambda:::::", "{", '{"Statement":{}}', "[]", "-----BEGIN PRIVATE KEY-----",
         "override", "zone", "http_request_cache_settings", "\ud800", "prod", "viewer-request", "queue", "plain_text", "/static/*"]
    ),
)  # fmt: skip
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=True, allow_infinity=True),
    TEXTS,
    st.just(UNKNOWN),
    st.just(pulumi.StringAsset("x")),
    st.just(pulumi.FileAsset("/nonexistent")),
    st.just(b"bytes"),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(st.sampled_from(WORDS), TEXTS), inner, max_size=5)
    ),
    max_leaves=20,
)
INPUTS = st.dictionaries(st.one_of(st.sampled_from(WORDS), TEXTS), VALUES, max_size=8)
SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(token=st.sampled_from(TYPES), inputs=INPUTS, stack=st.sampled_from(["dev", "prod"]))
def test_no_input_makes_the_pack_raise(token: str, inputs: dict[str, Any], stack: str) -> None:
    found = evaluate(
        capture({"one": {"type": token, "inputs": inputs}, "two": {"type": token, "inputs": inputs}}, stack)
    )
    for each in found.findings:
        assert each.message
        assert all(character.isprintable() for character in each.value)


@SLOW
@given(data=st.data())
def test_a_corpus_stack_with_one_part_replaced_by_anything(data: st.DataObject) -> None:
    """Shapes that are nearly right reach further into a policy than random ones."""
    stack = data.draw(st.sampled_from([*GOOD, *BAD]))
    resources = {name: {**each, "inputs": dict(each["inputs"])} for name, each in stack.resources.items()}
    name = data.draw(st.sampled_from(sorted(resources)))
    resources[name]["inputs"] = _spoil(resources[name]["inputs"], data)
    evaluate(capture(resources, stack.stack), stack.policies)


def _spoil(value: Any, data: st.DataObject) -> Any:
    if isinstance(value, dict) and value and data.draw(st.booleans() if len(value) > 1 else st.just(True)):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: _spoil(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.booleans()):
        index = data.draw(st.integers(0, len(value) - 1))
        return [*value[:index], _spoil(value[index], data), *value[index + 1 :]]
    return data.draw(VALUES) if not isinstance(value, dict) else {**value, **data.draw(INPUTS)}


DEEP: Any = "leaf"
for _ in range(200):
    DEEP = [DEEP]
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**30, float("nan"), float("inf"), -float("inf"), "", "*", "\ud800", "\0", "x" * 5000,
    "{", '{"Statement":[{"Effect":"Allow","Principal":[[]],"Condition":[{}]}]}', "[[[[", "not (", "true and", b"bytes",
    [], [[]], [[[{}]]], [None], [True, 1, "x", None, {}], [{}], [{"": ""}], [[{"type": [], "name": {}, "text": 1}]], {}, {"": None},
    {"items": {"items": [[]]}}, {"type": {"type": []}, "path": [], "methods": {}, "cache": [], "auth": 1, "rules": {"x": []}},
    {"expression": "http.request.uri.path eq", "actionParameters": [[]]}, {1: 2, None: []}, DEEP,
    UNKNOWN, [UNKNOWN], {"x": UNKNOWN}, [{"type": UNKNOWN}, {"name": UNKNOWN, "path": UNKNOWN}],
    pulumi.StringAsset("x"), pulumi.FileAsset("/nonexistent"), pulumi.FileArchive("/nonexistent"),
    pulumi.AssetArchive({"a/b.js": pulumi.StringAsset("import x from 'sharp'"), "c": pulumi.FileArchive("/nonexistent")}),
    pulumi.RemoteArchive("https://example.com/x.zip"),
)  # fmt: skip
"""One of each shape that an input can have, malformed lists in lists among them."""


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to each value inside, the mapping itself left out."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [] if not path else [path]
    for key, each in inner:
        found += _places(each, (*path, key))
    return found


def _replaced(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    if isinstance(value, dict):
        return {**value, path[0]: _replaced(value[path[0]], path[1:], odd)}
    return [*value[: path[0]], _replaced(value[path[0]], path[1:], odd), *value[path[0] + 1 :]]


def _judged(rule: Rule, stack: Stack, resources: dict[str, Any], *, proxies: bool) -> None:
    """Judge by one policy, as in-process evaluation does, or as the engine does: over its proxies."""
    made = capture(resources, stack.stack)
    config = rule.configuration(stack.config)
    if isinstance(rule, StackRule):
        nodes = [
            Node(
                each.urn,
                each.type,
                each.name,
                View(unknown_checking_proxy(dict(each.inputs)) if proxies else each.inputs),
                dependencies=each.dependencies,
            )
            for each in made
        ]
        outcome = rule.judge(StackView(nodes), Context(config=config, settings=Settings(), stack=stack.stack))
        for violation in outcome.violations:
            assert rule.text(violation)
        return
    for each in made:
        if each.type in rule.meta.types:
            props = unknown_checking_proxy(dict(each.inputs)) if proxies else each.inputs
            context = Context(
                config=config, settings=Settings(), stack=stack.stack, urn=each.urn, type=each.type, name=each.name
            )
            for violation in rule.judge(props, context).violations:
                assert rule.text(violation)


@pytest.mark.parametrize("rule", POLICIES, ids=lambda each: each.name)
def test_every_value_of_a_policys_own_stacks_replaced_by_every_odd_shape(rule: Rule) -> None:
    """Of each policy, its compliant stack and its bad ones, so that each branch that reads a value is reached."""
    seen = set()
    for stack in [each for each in [*GOOD, *BAD] if each.policy == rule.name]:
        for name, data in stack.resources.items():
            if data["type"] not in rule.meta.types:
                continue
            for path in _places(data["inputs"]):
                shape = (data["type"], tuple("#" if isinstance(each, int) else each for each in path))
                if shape in seen:
                    continue
                seen.add(shape)
                for index, odd in enumerate(ODD):
                    spoiled = {**data, "inputs": _replaced(data["inputs"], path, odd)}
                    _judged(rule, stack, {**stack.resources, name: spoiled}, proxies=index % 2 == 1)
    assert seen


@pytest.mark.parametrize("rule", POLICIES, ids=lambda each: each.name)
def test_inputs_that_are_odd_from_the_top_down(rule: Rule) -> None:
    stack = next(each for each in GOOD if each.policy == rule.name)
    words = sorted({path[0] for data in stack.resources.values() for path in _places(data["inputs"])})
    for token in rule.meta.types:
        for odd in ODD:
            resources = {"one": {"type": token, "inputs": dict.fromkeys(words, odd)}}
            for proxies in (False, True):
                _judged(rule, stack, resources, proxies=proxies)


@pytest.mark.parametrize(
    "rule", [each for each in POLICIES if isinstance(each, ResourceRule)], ids=lambda each: each.name
)
def test_the_engines_proxies_read_like_plain_inputs(rule: ResourceRule) -> None:
    assert isinstance(rule, ResourceValidationPolicy)
    for stack in [each for each in BAD if each.policy == rule.name]:
        for data in stack.resources.values():
            if data["type"] not in rule.meta.types:
                continue
            context = Context(
                config=rule.configuration(stack.config), settings=Settings(), stack=stack.stack, type=data["type"]
            )
            assert rule.judge(data["inputs"], context) == rule.judge(unknown_checking_proxy(data["inputs"]), context)


def test_deep_nesting_is_read_in_bounded_time() -> None:
    deep: Any = "leaf"
    for _ in range(5000):
        deep = {"endpoints": [deep], "rules": [deep]}
        deep = {"endpoints": deep["endpoints"]}
    evaluate(capture({"one": {"type": "edgewright:index:EdgeApi", "inputs": deep}}))
