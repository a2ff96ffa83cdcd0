"""What is no list where a list is due: a fault beside the others that says what to write, for every argument there is."""

from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace
from edgewright._provider import COMPONENTS
from edgewright.arguments.shape import unwrap
from edgewright.arguments.written import is_written
from edgewright.base.faults import Fault, InputFaults, show
from typing_extensions import is_typeddict

from tests.components.program import faults_of, run

Place = tuple[str | int, ...]

KV_ENTRY: Any = {"a": "b"}
ORIGIN: Any = {"region": "us", "url": "https://us.example.com"}


def shape_of(component: Any) -> Any:
    """Return the TypedDict of a component's arguments."""
    return component.__init__.__wrapped__.__annotations__["args"]


def lists_in(shape: Any, place: Place = ()) -> Iterator[tuple[Place, Any, bool]]:
    """Yield where a TypedDict has lists, inside other lists too, with what they are of and whether they are required."""
    for key, hint in shape.__annotations__.items():
        kind, _ = unwrap(hint)
        if is_written(kind) and kind.full is not None:
            kind = kind.full
        at = (*place, key)
        if get_origin(kind) is list:
            kind, _ = unwrap(get_args(kind)[0])
            yield at, kind, key in shape.__required_keys__
            at = (*at, 0)
        if is_typeddict(kind):
            yield from lists_in(kind, at)


def around(place: Place, value: Any) -> Any:
    """Return arguments that have a value at a place."""
    for step in reversed(place):
        value = {step: value} if isinstance(step, str) else [value]
    return value


def path_of(place: Place) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).removeprefix(".")


LISTS = [(component, *found) for component in COMPONENTS for found in lists_in(shape_of(component))]


def found_in(component: Any, place: Place, value: Any) -> list[Fault]:
    with pytest.raises(InputFaults) as caught:
        run(lambda: component("it", {**around(place, value), "no_such_argument": 1}))
    return list(caught.value.faults)


def test_lists_are_found_inside_of_lists() -> None:
    places = {(component.__name__, path_of(place)) for component, place, _, _ in LISTS}
    assert {
        ("EdgeApi", "endpoints"),
        ("EdgeApi", "endpoints[0].auth.audience"),
        ("KvNamespace", "seed.entries"),
    } <= places
    assert len(places) == len(LISTS) > 20


@pytest.mark.parametrize(
    ("component", "place", "kind", "required"),
    LISTS,
    ids=[f"{component.__name__}-{path_of(place)}" for component, place, _, _ in LISTS],
)
def test_what_is_no_list_is_one_fault_beside_the_others(
    component: Any, place: Place, kind: Any, required: bool
) -> None:
    path = path_of(place)
    for value in ({"no": "such"}, "text", 5, True):
        if path.endswith(".methods") and value == "text":
            continue  # methods may be written as a text
        faults = found_in(component, place, value)
        assert "no_such_argument" in [fault.path for fault in faults]
        (fault,) = [fault for fault in faults if fault.path == path or fault.path.startswith((f"{path}.", f"{path}["))]
        assert (fault.path, fault.problem) == (path, f"{show(value)} is not a list")
        assert fault.allowed.startswith("a list of ")
        if is_typeddict(kind):
            assert fault.fix.startswith("Write [{")
            assert all(f"'{key}': ..." in fault.fix for key in kind.__required_keys__)
        elif kind is str and value == "text":
            assert fault.fix == "Write ['text']."
        elif value is True:
            assert fault.fix == ""
    about = [fault.problem for fault in found_in(component, place, None) if fault.path == path]
    assert about == (["is required and was not given"] if required else [])


@pytest.mark.parametrize(
    ("component", "args", "fix"),
    [
        (
            EdgeApi,
            {"endpoints": {"path": "/orders", "handler": "orders.ts"}},
            "{'path': '/orders', 'handler': 'orders.ts'}",
        ),
        (GeoRouter, {"origins": ORIGIN, "fallback": "us"}, "{'region': 'us', 'url': 'https://us.example.com'}"),
        (KvNamespace, {"seed": {"entries": KV_ENTRY}}, "{'key': ..., 'value': ...}], with an entry for each"),
    ],
)
def test_one_entry_is_told_to_be_put_into_a_list(component: Any, args: Any, fix: str) -> None:
    (fault,) = faults_of(lambda: component("it", args))
    assert "is not a list. Allowed: a list of mappings. Write [" + fix in fault


def test_a_long_value_is_not_written_out() -> None:
    (fault,) = faults_of(lambda: GeoRouter("it", {"origins": {"region": "x" * 99}, "fallback": "us"}))  # type: ignore[typeddict-item]
    assert fault.endswith("Write it in brackets: [...].")


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: str(component.__name__))
def test_arguments_are_one_mapping(component: Any) -> None:
    """Python's own error says nothing of the mapping, and a value by keyword may be a secret."""
    name = component.__name__
    for call, fault in (
        (
            lambda: component("it", tags="s3cret", vary=5),
            "args: 'tags', 'vary' are given by keyword. Allowed: one mapping with every argument."
            f' Write {name}("it", {{"tags": ..., "vary": ...}}).',
        ),
        (
            lambda: component("it"),
            "args: is required and was not given. Allowed: one mapping with every argument."
            f' Write {name}("it", {{...}}).',
        ),
    ):
        assert faults_of(call) == [fault]
    with pytest.raises(TypeError, match="'name'"):
        component()


def test_faults_of_a_call_are_gathered_with_the_others() -> None:
    from edgewright.arguments.program import gather

    def program() -> None:
        with gather() as refused:
            policy = CachePolicy("p", edge_ttl=5)  # type: ignore[call-arg]
            EdgeApi("a", {"endpoints": [{"path": "a", "origin": 5, "cache": policy.spec}]})
        assert [(each.error.component, len(each.error.faults)) for each in refused] == [
            ("CachePolicy", 1),
            ("EdgeApi", 1),
        ]

    run(program)


@pytest.mark.parametrize("entries", [{"key": "k", "value": "s3cret"}, {"k": "s3cret"}, "s3cret"])
def test_no_secret_is_shown_where_no_list_of_entries_is(entries: Any) -> None:
    seed: Any = {"secret": True, "entries": entries}
    (fault,) = faults_of(lambda: KvNamespace("it", {"seed": seed}))
    assert fault.startswith("seed.entries")
    assert "s3cret" not in fault


def test_faults_are_told_by_the_places_of_what_was_given() -> None:
    """Items at fault are left out before the rest is looked at, which must not move the others."""
    found = faults_of(lambda: CachePolicy("p", {"edge_ttl": 60, "statuses": [200, "404", 503], "tags": [1, "a b"]}))  # type: ignore[list-item]
    assert {fault.split(":")[0] for fault in found} == {"statuses[1]", "statuses[2]", "tags[0]", "tags[1]"}

    origins: Any = [7, {"region": "u s", "url": "https://us.example.com"}]
    found = faults_of(lambda: GeoRouter("r", {"origins": origins, "fallback": "u s"}))
    assert {fault.split(":")[0].split(".")[0] for fault in found} == {"origins[0]", "origins[1]"}

    endpoints: Any = [
        {"pth": "/x", "path": "/x", "handler": "h.js"},
        5,
        {"path": "/a", "methods": ["GET", 1, "GETT"], "handler": "h.js", "bindings": [3, {"x": 1}]},
        {"path": "bad", "handler": "h.js"},
    ]
    found = faults_of(lambda: EdgeApi("a", {"endpoints": endpoints}))
    places = {fault.split(":")[0] for fault in found}
    assert {"endpoints[0].pth", "endpoints[1]", "endpoints[2].methods[1]", "endpoints[2].methods[2]"} <= places
    assert "endpoints[3].path" in places
    assert not [place for place in places if place.startswith("endpoints[4]")]
