"""Kinds of bindings, a file each. The registry is derived from the folder: a kind's name is its file's.

To add one, write one file with a :class:`Kind` named `KIND`. Arguments and their faults, the provider's inputs, the local
cloud, the list of its gaps and the page docs/components/bindings.md follow.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path

from edgewright.platforms.cloudflare.bindings._kind import Kind
from edgewright.platforms.gap import Gap
from edgewright.platforms.parts import BindingField

KINDS: Mapping[str, Kind] = {
    name: importlib.import_module(f"{__name__}.{name}").KIND
    for name in sorted(file.stem for file in Path(__file__).parent.glob("[a-z]*.py"))
}
"""By the type that the provider knows it by."""

FIELDS: Mapping[str, Mapping[str, BindingField]] = {
    name: kind.fields for name, kind in KINDS.items() if kind.argument == "bindings"
}
"""For each type that `bindings` takes, its fields."""

ELSEWHERE: Mapping[str, str] = {name: kind.argument for name, kind in KINDS.items() if kind.argument != "bindings"}
"""For each type that is made of another argument, that argument."""

GAPS: tuple[Gap, ...] = tuple(kind.gap for kind in KINDS.values() if kind.gap is not None)
