"""Writes docs/components/*.md: every argument and output of the components. `python -m tools.component_docs`

What an argument is for comes from the docstring beside it, its type from its `TypedDict`, and what it may be from the
component itself, which is given values that it must refuse and asked what it allows. The examples are projects under
examples/, which tests run.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import edgewright
from edgewright.arguments.shape import docstrings as own_docstrings
from edgewright.arguments.written import Written, is_written
from edgewright.base.faults import InputFaults
from edgewright.platforms import HOSTS
from edgewright.platforms.cloudflare.arguments import CLOUDFRONT_ONLY
from edgewright.platforms.cloudflare.bindings import ELSEWHERE, KINDS
from edgewright.platforms.cloudfront.plan import CLOUDFLARE_ONLY
from typing_extensions import NotRequired, get_original_bases, is_typeddict

from tests.components.program import ACCOUNT, ZONE, run

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs" / "components"
_NOTE = "<!-- Written by `python -m tools.component_docs` from the components; `make check` proves it fresh. -->"
_WORDS = {str: "string", int: "whole number", float: "number", bool: "true or false", Any: "any"}
_SENTENCE = r"(?:`[^`]*`|[^`.]|\.(?!\s|$))+"
"""What a sentence has before its full stop: other full stops stand inside of words or code."""
_HOST_NAMES = {"cloudflare": "Cloudflare", "cloudfront": "CloudFront"}


@dataclass(frozen=True)
class Page:
    """A component, the example that its page shows, and other pages about it."""

    component: str
    example: str
    more: tuple[str, ...]
    """Pages about it, under docs/."""
    sample: Mapping[str, Any]
    """Arguments that the component takes, with every mapping that may be nested in them: what probes start from."""
    other: Mapping[str, Any] | None = None
    """The same on CloudFront, where the component is on both."""


_JITTER = {"min": 60, "max": 60}
_ORIGIN = {"region": "us", "url": "https://us.example.com"}
_ROUTING = {"name": "origins", "origins": [{**_ORIGIN, "countries": []}], "fallback": "us", "order": {"us": ["us"]}}
_STORE = {"type": "kv_namespace", "name": "STORE", "namespace_id": "0" * 32}
_ENDPOINT = {"path": "/a", "origin": _ROUTING}
_JWT = {"kind": "jwt", "issuer": "https://id.example.com", "audience": ["a"], "jwks_url": "https://id.example.com/keys"}

PAGES = (
    Page(
        "EdgeApi",
        "handler",
        ("guides/handler", "guides/jwt", "guides/assets", "guides/rollout", "cloudfront"),
        {
            "hostname": "api.example.com",
            "endpoints": [{**_ENDPOINT, "auth": _JWT, "rate_limit": {"limit": 60}}],
            "sessions": {"binding": _STORE},
            "rollout": {},
            "limits": {},
            "cloudflare": {"account_id": ACCOUNT, "zone_id": ZONE, "observability": {}},
            "cloudfront": {},
        },
        {
            "host": "cloudfront",
            "endpoints": [{**_ENDPOINT, "auth": _JWT, "rate_limit": {"limit": 60}}],
            "rollout": {
                "percentage": 5,
                "previous_version_id": "7",
                "session": {"idle": 300, "longest": 600},
            },
            "assets": [{"path": "/assets/*", "directory": "tools"}],
            "redirects": [{"path": "/old", "to": "/new"}],
            "experiments": [{"cookie": "ab", "variants": {"a": 1, "b": 1}, "paths": ["/a"]}],
            "cloudflare": {"observability": {}},
            "cloudfront": {},
        },
    ),
    Page(
        "GeoRouter",
        "quickstart",
        (),
        {"origins": [_ORIGIN], "fallback": "us", "health_check": {}},
    ),
    Page(
        "CachePolicy",
        "shield",
        ("cache", "guides/shield", "guides/purge"),
        {
            "edge_ttl": 60,
            "jitter": _JITTER,
            "tiers": {"edge": {"ttl_ceiling": 60, "jitter": _JITTER}, "shield": {}},
            "key": {},
            "cloudflare": {
                "tiers": {
                    "memory": {"ttl_ceiling": 60, "jitter": _JITTER},
                    "kv": {"binding": _STORE, "ttl": 60, "jitter": _JITTER},
                    "shield": {"ttl": 60, "jitter": _JITTER},
                }
            },
        },
    ),
    Page(
        "KvNamespace",
        "kv-cloudfront",
        ("guides/kv-cloudfront", "guides/handler"),
        {"cloudflare": {"account_id": ACCOUNT}, "seed": {"entries": [{"key": "a", "value": "b"}]}},
        {"host": "cloudfront", "cloudflare": {}, "seed": {"entries": [{"key": "a", "value": "b"}]}},
    ),
    Page(
        "LambdaEdgeFunction",
        "lambda-edge-function",
        ("guides/lambda-edge-function", "cloudfront"),
        {
            "code": {"text": "def handler(event, context):\n    return event\n"},
            "runtime": "python3.13",
            "events": ["viewer-request"],
        },
    ),
)


CLOUDFLARE_PATHS = {
    "KvNamespace": ("seed.entries[0].metadata", "seed.entries[0].ttl"),
}
"""Arguments that CloudFront refuses, where their texts do not begin with the host's name; tests ask the components."""


@dataclass(frozen=True)
class Argument:
    """One argument, or one key of a mapping nested in the arguments."""

    name: str
    path: str
    type: str
    shape: Any
    """The TypedDict of a nested mapping, or None."""
    leaf: Any
    """The type of the values that are neither list nor mapping."""
    required: bool
    later: bool
    """Whether it may be an Output."""
    text: str


def docstrings(owner: type) -> dict[str, str]:
    """Return the docstrings under a class's attributes, those that it has from others too; its own has the name ''."""
    bases = [base for base in get_original_bases(owner) if is_typeddict(base)] if is_typeddict(owner) else []
    return {**{name: text for base in bases for name, text in own_docstrings(base).items()}, **own_docstrings(owner)}


def _unwrapped(hint: Any) -> tuple[Any, bool]:
    """Return what a hint holds inside NotRequired and Input, and whether it may become known later."""
    if get_origin(hint) is NotRequired:
        hint = get_args(hint)[0]
    if get_origin(hint) is Union:
        for arm in get_args(hint):
            if get_origin(arm) is Awaitable:
                return get_args(arm)[0], True
    return hint, False


def _described(hint: Any) -> tuple[str, Any, Any]:
    """Return a type in words, the TypedDict in it, and the type of its single values."""
    hint, _ = _unwrapped(hint)
    if is_typeddict(hint):
        return f"[{hint.__name__}](#{hint.__name__.lower()})", hint, None
    if get_origin(hint) is list:
        words, shape, leaf = _described(get_args(hint)[0])
        return f"list of {words}", shape, leaf
    if get_origin(hint) is dict:
        words, shape, leaf = _described(get_args(hint)[1])
        return f"mapping of names to {words}", shape, leaf
    if is_written(hint):
        return _in_words(hint)
    return _WORDS[hint], None, hint


def _in_words(hint: type[Written]) -> tuple[str, Any, Any]:
    """Return a type that may be a text in words, with the TypedDict and the type of single values of what else it may be."""
    if hint.full is not None:
        words, shape, leaf = _described(hint.full)
        text = " or ".join(f"`{word}`" for word in hint.words) or hint.kind.name
        return f"{words}, or {text}", shape, leaf
    if hint.kind.plain in (int, float):
        return f"{_WORDS[hint.kind.plain]}, or {hint.kind.name}", None, hint.kind.plain
    return "string", None, str


def arguments(shape: Any, path: str = "") -> list[Argument]:
    """Return the arguments that a TypedDict describes, in its order."""
    texts = docstrings(shape)
    found = []
    # What every platform has comes first.
    hints = sorted(shape.__annotations__.items(), key=lambda item: item[0] in HOSTS)
    for name, hint in hints:
        words, nested, leaf = _described(hint)
        place = f"{path}.{name}" if path else name
        many = get_origin(_unwrapped(hint)[0])
        found.append(
            Argument(
                name,
                f"{place}[0]" if many is list else place,
                words,
                nested,
                leaf,
                name in shape.__required_keys__,
                _unwrapped(hint)[1],
                texts.get(name, ""),
            )
        )
    return found


def shapes(component: str) -> dict[Any, tuple[str, list[Argument]]]:
    """Return every TypedDict of a component's arguments, the arguments' own first, with the first place of each."""
    found: dict[Any, tuple[str, list[Argument]]] = {}
    waiting = [(getattr(edgewright, f"{component}Args"), "")]
    while waiting:
        shape, path = waiting.pop(0)
        if shape in found:
            continue
        found[shape] = (path, arguments(shape, path))
        waiting += [(each.shape, each.path) for each in found[shape][1] if each.shape is not None]
    return found


def default_of(text: str) -> str | None:
    """Return what a docstring says is the default, or None where it says nothing of one."""
    found = re.search(rf"Default(?:, and most allowed)?: ({_SENTENCE})\.(?:\s|$)", text)
    return None if found is None else found[1]


def host_of(component: str, shape: str, argument: Argument) -> str:
    """Return the only host that has an argument, or an empty string where each has it."""
    prefix = re.match(r"(cloudflare|cloudfront): ", argument.text)
    if prefix is not None:
        return prefix[1]
    if component == "EdgeApi" and shape == "EdgeApiArgs":
        return "cloudflare" if argument.name in CLOUDFLARE_ONLY else ""
    return "cloudflare" if argument.path in CLOUDFLARE_PATHS.get(component, ()) else ""


# --- what is allowed, asked of the component -----------------------------------------------------------------------


_BY_SAMPLE = ("fallback", "endpoints[0].auth.secret", "endpoints[0].queue", "experiments[0].paths[0]")
"""Arguments whose allowed values are names given elsewhere: a probe would tell the sample's."""


def _probes(argument: Argument) -> list[Any]:
    if argument.path in _BY_SAMPLE or argument.type.startswith("mapping"):
        return []
    if argument.leaf is str:
        return ["/x", "?", "*", "\n"]
    if argument.leaf is int:
        return [-1, 10**15]
    if argument.leaf is float:
        return [-1.0, 1000.0]
    return []


def _with(sample: Any, path: list[str], value: Any, listed: bool) -> Any:
    """Return a sample with the value at a path; what is missing on the way is made."""
    if not path:
        return [value] if listed else value
    head, *rest = path
    name, _, index = head.partition("[")
    below = (sample or {}).get(name)
    if index and rest:
        first, *others = below or [{}]
        return {**(sample or {}), name: [_with(first, rest, value, listed), *others]}
    return {**(sample or {}), name: _with(below, rest, value, listed)}


def refused(component: str, args: Any) -> dict[str, str]:
    """Return what a component says is allowed for each of the arguments that it refuses, by their paths."""
    make: Callable[..., object] = getattr(edgewright, component)

    try:
        run(lambda: make("probe", args))
    except InputFaults as error:
        return {fault.path: fault.allowed for fault in error.faults if fault.allowed}
    return {}


def _allowed(page: Page, argument: Argument) -> str:
    answers: dict[str, list[str]] = {}
    for sample in (page.sample, page.other):
        if sample is None or not _reachable(sample, argument.path):
            continue
        for probe in _probes(argument):
            told = refused(page.component, _with(sample, argument.path.split("."), probe, argument.path.endswith("]")))
            if argument.path in told:
                texts = answers.setdefault(sample.get("host", "cloudflare"), [])
                if told[argument.path] not in texts:
                    texts.append(told[argument.path])
                break
    texts = ["; ".join(each).replace(str(2**31), "2^31") for each in answers.values()]
    if len(set(texts)) == 1:
        return texts[0]
    return "; ".join(f"{_HOST_NAMES[host]}: {text}" for host, text in zip(answers, texts, strict=True))


def _reachable(sample: Mapping[str, Any], path: str) -> bool:
    """Say whether a sample has the mapping that an argument lies in."""
    at: Any = sample
    for step in path.split(".")[:-1]:
        name = step.removesuffix("[0]")
        if name not in at:
            return False
        at = at[name][0] if step.endswith("[0]") else at[name]
    return True


# --- pages ---------------------------------------------------------------------------------------------------------


def _cell(text: str) -> str:
    """Return a text for a cell of a table. A lone backtick would begin code."""
    return (text.replace("`", "\\`") if text.count("`") % 2 else text).replace("|", "\\|")


def _rows(page: Page, shape: Any, found: list[Argument]) -> Iterator[str]:
    yield "| argument | type | default | allowed | meaning |"
    yield "| --- | --- | --- | --- | --- |"
    for each in found:
        host = host_of(page.component, shape.__name__, each)
        text = re.sub(r"^(cloudflare|cloudfront): ", "", each.text)
        text = text[:1].upper() + text[1:]
        if each.required:
            default = "**required**"
        else:
            told, needed = default_of(text), re.search(rf"Required({_SENTENCE})?\.(?=\s|$)", text)
            default = told or (f"required{needed[1] or ''}" if needed else "")
            if needed and not told:
                text = text.replace(needed[0], "")
        text = " ".join(re.sub(rf"Default: {_SENTENCE}\.(?=\s|$)", "", text).split())
        words = f"{each.type}, may be an Output" if each.later else each.type
        where = f"**{_HOST_NAMES[host]} only.** " if host else ""
        allowed = _allowed(page, each)
        yield f"| `{each.name}` | {words} | {_cell(default)} | {_cell(allowed)} | {where}{_cell(text)} |"


def _paragraphs(text: str) -> str:
    """Return a docstring as Markdown: its paragraphs in one line each, its indented code as it is."""
    parts = []
    for block in text.split("\n\n"):
        parts.append(block if block.startswith("    ") else " ".join(block.split()))
    return "\n\n".join(parts)


def example(name: str) -> str:
    """Return the files of an example that a page shows."""
    folder = ROOT / "examples" / name
    kinds = {".py": "python", ".ts": "typescript", ".js": "javascript", ".yaml": "yaml"}
    files = [
        folder / "__main__.py",
        *(each for each in sorted(folder.rglob("*")) if each.suffix in (".ts", ".js") and "stacks" not in each.parts),
    ]
    return "\n".join(
        f"`{file.relative_to(folder).as_posix()}`:\n\n<!-- {file.relative_to(ROOT).as_posix()} -->\n"
        f"```{kinds[file.suffix]}\n{file.read_text(encoding='utf-8')}```\n"
        for file in files
    )


def _page(page: Page) -> str:
    owner = getattr(edgewright, page.component)
    own = docstrings(owner)
    found = shapes(page.component)
    parts = [_NOTE, "", f"# {page.component}", "", _paragraphs(own[""]), "", "## Example", ""]
    parts += [example(page.example)]
    parts += [f"It runs as it is: `edgewright -C examples/{page.example} dev`.", ""]
    if page.more:
        links = ", ".join(f"[{_title(each)}](../{each}.md)" for each in page.more)
        parts += [f"More: {links}.", ""]
    parts += ["## Arguments", ""]
    for shape, (_, items) in found.items():
        first = shape.__name__ == f"{page.component}Args"
        text = docstrings(shape)[""]
        if first:
            text = re.sub(rf"^Arguments of {page.component}\.\s*", "", text)
        if text and not first:
            parts += [f"### {shape.__name__}", ""]
        if text:
            parts += [_paragraphs(text), ""]
        parts += [*_rows(page, shape, items), ""]
    if page.component == "EdgeApi":
        parts += ["## Not on every host", "", "On CloudFront these are refused:", ""]
        parts += ["| argument | instead |", "| --- | --- |"]
        parts += [f"| `{key}` | {_cell(fix)} |" for key, fix in CLOUDFLARE_ONLY.items()]
        parts += ["", f"Cloudflare refuses {', '.join(f'`{key}`' for key in CLOUDFRONT_ONLY)}.", ""]
    parts += ["## Outputs", "", "| output | meaning |", "| --- | --- |"]
    parts += [f"| `{name}` | {_cell(own.get(name, ''))} |" for name in owner.__annotations__]
    return "\n".join(parts)


def _title(page: str) -> str:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    return text.splitlines()[0].removeprefix("# ")


def _index() -> str:
    parts = [
        _NOTE,
        "",
        "# Components",
        "",
        "Every component takes a name, a mapping of arguments and Pulumi's resource options; what it makes is its child. Names"
        " are as in Python here; in other languages they are in camel case (`edgeTtl`). Where an argument is wrong the program"
        " fails before anything is made, and all faults are told at once, each with what is allowed.",
        "",
        "| component | what it stands for |",
        "| --- | --- |",
    ]
    for page in PAGES:
        summary = docstrings(getattr(edgewright, page.component))[""].split("\n\n")[0]
        parts.append(f"| [{page.component}]({_file(page.component)}) | {_cell(' '.join(summary.split()))} |")
    return "\n".join(parts)


def _file(component: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", component).lower() + ".md"


def _bindings() -> str:
    lines = [
        "# Bindings",
        "",
        _NOTE,
        "",
        "What `bindings` of an [EdgeApi](edge-api.md) takes, on Cloudflare: each is a mapping with `type`, the `name` under which"
        " handlers see it on `env`, and the fields below. Where the local cloud does otherwise than the real one is in the"
        " [list of gaps](../local-cloud-gaps.md).",
        "",
        "| type | product | field | what it is | where to find it | gap |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, kind in KINDS.items():
        gap = f"`{kind.gap.id}`" if kind.gap is not None else ""
        if kind.argument != "bindings":
            continue
        for index, (field, one) in enumerate(kind.fields.items() or [("", None)]):
            first = (f"`{name}`", kind.product) if index == 0 else ("", "")
            shown = "" if one is None else f"`{field}`{'' if one.required else ' (optional)'}"
            cells = (*first, shown, one.what if one else "", one.where if one else "", gap if index == 0 else "")
            lines.append(f"| {' | '.join(map(_cell, cells))} |")
    others = ", ".join(f"`{name}` by `{argument}`" for name, argument in ELSEWHERE.items())
    lines += ["", f"Others are made of arguments of their own: {others}.", ""]
    return "\n".join(lines)


def pages() -> dict[str, str]:
    """Return every page, by its file's name."""
    found = {"index.md": _index(), "bindings.md": _bindings(), **{_file(page.component): _page(page) for page in PAGES}}
    return {name: text.rstrip("\n") + "\n" for name, text in found.items()}


def main() -> None:
    DOCS.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for file in DOCS.glob("*.md"):
        if file.name not in wanted:
            file.unlink()
    for name, text in wanted.items():
        (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
