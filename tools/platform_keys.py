"""Writes the keys of the platforms from their folders: `python -m tools.platform_keys`

A platform's own options are in its `options.py`, by the component that has them; `edgewright/platforms/keys.py` gives them
their names among the components' arguments. What the stack's settings say of it is in its `settings.py`;
`edgewright/platforms/settings.py` gives that its name. So nothing else outside a platform's folder has to name it.
"""

import inspect
import textwrap
from pathlib import Path

import edgewright.platforms
from edgewright.platforms import HOSTS, part_of

FOLDER = Path(edgewright.platforms.__file__).parent
_NOTE = "Generated from the platforms' folders. Run `make build`; do not edit."
_HEAD = '''\
"""The platforms' names as keys: of their options among a component's arguments, and as `host`.

Generated from the platforms' folders. Run `make build`; do not edit.
"""

from typing import TYPE_CHECKING, Literal, TypeAlias

from typing_extensions import NotRequired, TypedDict

from edgewright.arguments import values
from edgewright.arguments.written import written
from edgewright.platforms import DEFAULT, HOSTS
'''


def _described(text: str, indent: str = "    ") -> str:
    words = " ".join(inspect.cleandoc(text).split("\n\n")[0].split())
    return "\n".join(textwrap.wrap(f'"""{words}"""', 120 - len(indent), break_long_words=False))


def _keys() -> str:
    imports: list[str] = []
    owners: dict[str, list[tuple[str, type]]] = {}
    for host in HOSTS:
        options = part_of(host, "options")
        if options is not None:
            named = sorted(found.__name__ for found in options.OPTIONS.values())
            for owner, shape in options.OPTIONS.items():
                owners.setdefault(owner, []).append((host, shape))
            imports.append(_import(f"edgewright.platforms.{host}.options", named))
    names = ", ".join(f'"{host}"' for host in HOSTS)
    lines = [_HEAD.rstrip("\n"), *sorted(imports, key=lambda line: line.split()[1]), ""]
    lines += ["if TYPE_CHECKING:", f"    Host: TypeAlias = Literal[{names}]", "else:"]
    lines += ['    Host = written("Host", values.word("a platform", DEFAULT), words=HOSTS)', ""]
    for owner in sorted(owners):
        lines += ["", f"class {owner}Options(TypedDict):"]
        lines += ['    """Options of single platforms: those of the host act, and the others\' do nothing."""', ""]
        for host, shape in owners[owner]:
            lines += [f"    {host}: NotRequired[{shape.__name__}]"]
            lines += [f"    {line}" for line in _described(f"{shape.__doc__} Default: none.").splitlines()]
        lines += [""]
    return "\n".join(lines[:-1]) + "\n"


def _settings() -> str:
    found = [(host, part.MODEL) for host in HOSTS if (part := part_of(host, "settings")) is not None]
    lines = [
        '"""What a stack\'s settings say of each platform.',
        "",
        _NOTE,
        '"""',
        "",
        "from pydantic import BaseModel, Field",
        "",
    ]
    lines += [f"from edgewright.platforms.{host}.settings import StackSettings as {_stack(host)}" for host, _ in found]
    lines += ["", "", "class PlatformSettings(BaseModel):", '    """The settings `edgewright:<platform>`."""', ""]
    for host, model in found:
        lines += [f"    {host}: {_stack(host)} = Field(", f"        default_factory={_stack(host)},"]
        lines += [f'        alias="edgewright:{host}",', f'        description="{_one_line(model)}",', "    )"]
    return "\n".join(lines) + "\n"


def files() -> dict[str, str]:
    """Return the modules' texts, by their names in the folder of the platforms."""
    return {"keys.py": _keys(), "settings.py": _settings()}


def _stack(host: str) -> str:
    return f"{host.capitalize()}Settings"


def _one_line(model: type[object]) -> str:
    return " ".join((inspect.getdoc(model) or "").split("\n\n")[0].split())


def _import(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    return line if len(line) <= 120 else f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def main() -> None:
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
