"""Writes `edgewright/platforms/keys.py`: the argument keys of the platforms, from their folders. `python -m tools.platform_keys`

A platform's own options are in its `options.py`, by the component that has them; what the stack's settings say of it is in its
`account.py`. Here they get their names, so that nothing else outside a platform's folder has to name it.
"""

import inspect
import textwrap
from pathlib import Path

import edgewright.platforms
from edgewright.platforms import HOSTS, part_of

FILE = Path(edgewright.platforms.__file__).with_name("keys.py")
_HEAD = '''\
"""The platforms' names as keys: of their options among a component's arguments, of their settings, and as `host`.

Generated from the platforms' folders. Run `make build`; do not edit.
"""

from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import BaseModel, Field
from typing_extensions import NotRequired, TypedDict

from edgewright.arguments import values
from edgewright.arguments.written import written
from edgewright.platforms import DEFAULT, HOSTS
'''


def _described(text: str, indent: str = "    ") -> str:
    words = " ".join(inspect.cleandoc(text).split("\n\n")[0].split())
    return "\n".join(textwrap.wrap(f'"""{words}"""', 120 - len(indent), break_long_words=False))


def text() -> str:
    """Return the module's text."""
    imports: list[str] = []
    owners: dict[str, list[tuple[str, type]]] = {}
    settings: list[tuple[str, type[object]]] = []
    for host in HOSTS:
        options, account = part_of(host, "options"), part_of(host, "account")
        if options is not None:
            named = sorted(found.__name__ for found in options.OPTIONS.values())
            for owner, shape in options.OPTIONS.items():
                owners.setdefault(owner, []).append((host, shape))
            imports.append(_import(f"edgewright.platforms.{host}.options", named))
        if account is not None:
            settings.append((host, account.StackSettings))
            imports.append(f"from edgewright.platforms.{host}.account import StackSettings as {_stack(host)}")
    names = ", ".join(f'"{host}"' for host in HOSTS)
    lines = [_HEAD.rstrip("\n"), *sorted(imports, key=lambda line: line.split()[1]), ""]
    lines += ["if TYPE_CHECKING:", f"    Host: TypeAlias = Literal[{names}]", "else:"]
    lines += ['    Host = written("Host", values.word("a platform", DEFAULT), words=HOSTS)', ""]
    for owner in sorted(owners):
        lines += ["", f"class {owner}Options(TypedDict):"]
        lines += ['    """Options of single platforms: `host` of the API picks, and the others\' do nothing."""', ""]
        for host, shape in owners[owner]:
            lines += [f"    {host}: NotRequired[{shape.__name__}]"]
            lines += [f"    {line}" for line in _described(f"{shape.__doc__} Default: none.").splitlines()]
        lines += [""]
    lines += ["", "class PlatformSettings(BaseModel):", '    """What a stack\'s settings say of each platform."""', ""]
    for host, model in settings:
        lines += [f"    {host}: {_stack(host)} = Field(", f"        default_factory={_stack(host)},"]
        lines += [f'        alias="edgewright:{host}",', f'        description="{_one_line(model)}",', "    )"]
    return "\n".join(lines) + "\n"


def _stack(host: str) -> str:
    return f"{host.capitalize()}Settings"


def _one_line(model: type[object]) -> str:
    return " ".join((inspect.getdoc(model) or "").split("\n\n")[0].split())


def _import(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    return line if len(line) <= 120 else f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def main() -> None:
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
