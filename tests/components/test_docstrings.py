"""The example in each component's docstring is a program that runs."""

import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import pulumi
import pytest
from edgewright._provider import COMPONENTS

from tests.components.program import ACCOUNT, run

FILES = {
    "signed.ts": "export async function handler(event: any) { return event.Records[0].cf.request; }\n",
    "seed/products.json": '{"product:1": "one"}\n',
}


def example(component: type[Any]) -> str:
    """Return the indented block of a docstring."""
    found = re.search(r"\n\n((?: {4}.*\n|\n)+)", f"{inspect.getdoc(component)}\n")
    assert found is not None, f"{component.__name__} has no example"
    return textwrap.dedent(found[1])


@pytest.mark.runtime
@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: str(component.__name__))
def test_the_example_runs(component: type[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of LambdaEdgeFunction was refused by the component itself."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    code = example(component)
    assert f"{component.__name__}(" in code
    names: dict[str, Any] = {"account": ACCOUNT, "pulumi": pulumi, **{each.__name__: each for each in COMPONENTS}}

    def program() -> None:
        exec(compile(code, component.__name__, "exec"), names)

    made = run(program)
    assert any(item.type == f"edgewright:index:{component.__name__}" for item in made.resources)
