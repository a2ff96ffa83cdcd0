"""What components hand each other as a whole has no row of its own for each part: some argument of the component that makes
it changes each, and that argument has a row."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from edgewright.arguments.bindings import KEY_VALUE_STORE, known_fields
from edgewright.cache_policy import spec_on
from edgewright.contract.models import CacheSpec, RouterSpec
from edgewright.platforms import HOSTS
from edgewright.platforms.cloudfront.endpoints import ASSOCIATION
from pydantic import BaseModel

from tests.components.program import run
from tests.effect.given import Given, Kit
from tests.effect.live import FIXED_URLS
from tests.effect.rows import Effect, Judged, Recorded, Timed
from tests.effect.table import ROWS
from tests.effect.walk import OPEN, Handed


def of_model(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Yield the path of each value in a document."""
    for name, field in model.model_fields.items():
        inner = [each for each in _types(field.annotation) if isinstance(each, type) and issubclass(each, BaseModel)]
        yield from (item for each in inner for item in of_model(each, f"{path}{name}."))
        if not inner:
            yield path + name


def _types(hint: Any) -> Iterator[Any]:
    yield hint
    for each in get_args(hint):
        yield from _types(each)


def _binding() -> Iterator[str]:
    yield from ("type", "name", "arn")
    for name, field in known_fields()["kv_namespace"].items():
        yield from (f"{name}.{key}" for key in field.keys) if field.keys else (name,)


def _specs(kit: Kit) -> list[Any]:
    return [spec_on(kit.host, each.spec) for each in kit.policies.values()]


def _made(part: str, output: str) -> Callable[[Kit], list[Any]]:
    def read(kit: Kit) -> list[Any]:
        found = getattr(kit, part)
        return [] if found is None else [getattr(found, output)]

    return read


DOCUMENTS: Mapping[str, tuple[Callable[[Kit], list[Any]], set[str]]] = {
    "CachePolicy.spec": (_specs, {*of_model(CacheSpec)}),
    "GeoRouter.routing": (_made("router", "routing"), {*of_model(RouterSpec)}),
    "KvNamespace.binding": (_made("store", "binding"), {*_binding()}),
    "LambdaEdgeFunction.association": (_made("function", "association"), {*ASSOCIATION}),
}
"""Each output that is handed on, how it is read, and what is in it."""


def flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each value in a document with its path; those of a list's items have one path."""
    if isinstance(value, Mapping):
        # The order of failover is by region: names are the user's own.
        inside = value.items() if path not in ("order.", "origins.headers.") else ()
        for key, item in inside:
            yield from flat(item, f"{path}{key}.")
        if not inside:
            yield path.removesuffix("."), repr(value)
    elif isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value):
        for item in value:
            yield from flat(item, path)
    else:
        yield path.removesuffix("."), repr(value)


def test_each_is_looked_at() -> None:
    assert {each.output for each in OPEN.values() if isinstance(each, Handed)} == set(DOCUMENTS)
    assert known_fields().get(KEY_VALUE_STORE) is None, "a KeyValueStore is no binding of a function"


@pytest.mark.parametrize("output", DOCUMENTS)
def test_each_part_of_it_is_changed_by_an_argument_with_a_row(in_folder: Path, output: str) -> None:
    read, parts = DOCUMENTS[output]
    component = output.partition(".")[0]
    rows = [
        (host, row)
        for row in ROWS
        if isinstance(row, (Effect, Recorded, Timed, Judged)) and row.argument.startswith(f"{component}.")
        for host in row.hosts
        if host in HOSTS
    ]
    kits: dict[tuple[str, str], Kit] = {}

    def kit_of(host: str, given: Given) -> Kit:
        if (host, given.key()) not in kits:
            kit = Kit(host, f"n{len(kits)}", FIXED_URLS)
            kits[(host, given.key())] = kit
            given.around(kit)
        return kits[(host, given.key())]

    reached: set[str] = set()

    def program() -> None:
        for host, row in rows:
            before, after = ({*flat(read(kit_of(host, given)))} for given in (row.base, row.changed))
            reached.update(path for path, _ in before ^ after)

    run(program)
    assert sorted(parts - reached) == [], "no argument changes these"
