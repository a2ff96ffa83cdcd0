"""The components' pages are what the components say, and nothing that a component takes or gives is left out."""

import functools
import re
from typing import Any

import edgewright
import pulumi
import pytest
from edgewright.base.faults import Fault, InputFaults
from edgewright.platforms.cloudflare.arguments import CLOUDFRONT_ONLY
from edgewright.platforms.cloudfront.plan import CLOUDFLARE_ONLY

from tests.components.program import run
from tools import component_docs
from tools.component_docs import CLOUDFLARE_PATHS, DOCS, PAGES, Argument, Page, default_of, docstrings, host_of, shapes

NAMES = ("index.md", "bindings.md", *(component_docs._file(page.component) for page in PAGES))
_UNITS = r"(?i)\b(seconds?|milliseconds|bytes|KB|MB|MiB|GiB|degrees|requests|keys|objects|failures|days|status(es)?|301|weights)\b"


@functools.cache
def made() -> dict[str, str]:
    """Return every page. Hundreds of programs are run for them: not when this module is imported, which each worker does."""
    return component_docs.pages()


def _arguments() -> list[Any]:
    return [
        pytest.param(page, shape.__name__, argument, id=f"{page.component}-{argument.path}")
        for page in PAGES
        for shape, (_, items) in shapes(page.component).items()
        for argument in items
    ]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_page_is_fresh(name: str) -> None:
    """Run `python -m tools.component_docs` where it is not."""
    assert (DOCS / name).read_text(encoding="utf-8") == made()[name]


def test_every_component_has_a_page_and_nothing_else_has() -> None:
    exported = {getattr(edgewright, name) for name in edgewright.__all__ if name[0].isupper()}
    components = {each.__name__ for each in exported if issubclass(each, pulumi.ComponentResource)}
    assert {page.component for page in PAGES} == components
    assert {each.name for each in DOCS.glob("*.md")} == set(made())


@pytest.mark.parametrize(("page", "shape", "argument"), _arguments())
def test_every_argument_has_a_text_with_its_default_and_unit(page: Page, shape: str, argument: Argument) -> None:
    assert len(argument.text) > 10, f"{shape}.{argument.name} has no docstring"
    assert argument.text.endswith("."), argument.text
    if not argument.required:
        said = default_of(argument.text) or re.search(r"\bRequired\b", argument.text)
        assert said, f"{shape}.{argument.name} does not say its default"
    if argument.leaf in (int, float):
        owner = next(each for each in shapes(page.component) if each.__name__ == shape)
        assert re.search(_UNITS, argument.text + docstrings(owner)[""] + _row(page, shape, argument)), (
            f"{shape}.{argument.name} has no unit"
        )


def _row(page: Page, shape: str, argument: Argument) -> str:
    """Return an argument's row on the page of its component."""
    text = made()[component_docs._file(page.component)]
    title = "## Arguments" if shape == f"{page.component}Args" else f"### {shape}"
    section = text.split(f"\n{title}\n", 1)[1].split("\n## " if title.startswith("###") else "\n### ", 1)[0]
    (row, *_) = [line for line in section.splitlines() if line.startswith(f"| `{argument.name}` |")]
    return row


@pytest.mark.parametrize(("page", "shape", "argument"), _arguments())
def test_every_argument_has_a_row(page: Page, shape: str, argument: Argument) -> None:
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", _row(page, shape, argument))]
    assert len(cells) == 7
    _, _, type_, default, _, meaning, _ = cells
    assert type_
    assert meaning
    assert (default == "**required**") == argument.required


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.component)
def test_every_output_has_a_text(page: Page) -> None:
    owner = getattr(edgewright, page.component)
    texts = docstrings(owner)
    assert [name for name in owner.__annotations__ if not texts.get(name)] == []


def _faults(component: str, args: Any) -> tuple[Fault, ...]:
    try:
        run(functools.partial(getattr(edgewright, component), "probe", args))
    except InputFaults as error:
        return error.faults
    return ()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.component)
def test_what_probes_start_from_is_taken(page: Page) -> None:
    """Else the faults of a probe would be those of the sample."""
    for sample in filter(None, (page.sample, page.other)):
        assert _faults(page.component, sample) == ()


_OF_TYPE: dict[Any, Any] = {str: "x", int: 1, float: 1.0, bool: True, Any: {}}


_TOP = shapes("EdgeApi")[edgewright.EdgeApiArgs][1]


@pytest.mark.parametrize(
    "argument", [each for each in _TOP if each.name != "host"], ids=lambda argument: str(argument.name)
)
def test_the_host_of_an_argument_is_the_one_that_takes_it(argument: Argument) -> None:
    value = [] if argument.path.endswith("]") else _OF_TYPE.get(argument.leaf, {})
    if argument.type.startswith("mapping"):
        value = {}
    (page,) = [page for page in PAGES if page.component == "EdgeApi"]
    only = host_of("EdgeApi", "EdgeApiArgs", argument)
    for host, sample in (("cloudflare", page.sample), ("cloudfront", page.other or {})):
        faults = _faults("EdgeApi", {**sample, argument.name: value})
        refused = any(fault.path == argument.name and "is of use to host" in fault.problem for fault in faults)
        assert refused == (only not in ("", host)), (host, faults)


@pytest.mark.parametrize(
    ("page", "path"),
    [(page, path) for page in PAGES for path in CLOUDFLARE_PATHS.get(page.component, ())],
    ids=lambda value: value if isinstance(value, str) else value.component,
)
def test_an_argument_that_only_cloudflare_has_is_refused_on_cloudfront(page: Page, path: str) -> None:
    value = {"head_sampling_rate": 1.0, "cloudflare": {"jurisdiction": "eu"}, "metadata": {}}.get(
        path.rsplit(".", 1)[-1], True if path.startswith("observability") else 60
    )
    assert page.other is not None
    for sample, refused in ((page.sample, False), (page.other, True)):
        assert (
            bool(_faults(page.component, component_docs._with(sample, path.split("."), value, listed=False))) == refused
        )


def test_lists_of_one_hosts_arguments_are_of_arguments() -> None:
    names = set(edgewright.EdgeApiArgs.__annotations__)
    assert {*CLOUDFLARE_ONLY, *CLOUDFRONT_ONLY} <= names


@pytest.mark.parametrize(
    ("text", "default"),
    [
        ("How long. Default: `nodejs22.x`.", "`nodejs22.x`"),
        ("Default: 0, not at all.", "0, not at all"),
        ("Most. Default, and most allowed: Workers KV's limit of 25 MiB.", "Workers KV's limit of 25 MiB"),
        ("A. Default: never. Handlers see it.", "never"),
        ("Says nothing.", None),
    ],
)
def test_a_default_is_found(text: str, default: str | None) -> None:
    assert default_of(text) == default
