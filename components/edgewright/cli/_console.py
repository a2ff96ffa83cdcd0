"""Where commands write: results to the standard output, everything else to the standard error.

Without a terminal the output is plain: no colours, no moving parts, lines as long as they are. `NO_COLOR` is obeyed.
"""

import sys

from rich.console import Console

from edgewright.base.foreign import SafeConsole

_PLAIN_WIDTH = 120


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    terminal = stream.isatty()
    return SafeConsole(
        stderr=stderr, highlight=False, emoji=False, width=None if terminal else _PLAIN_WIDTH, force_terminal=None
    )


def results() -> Console:
    """Return the console of a command's results."""
    return _console(stderr=False)


def errors() -> Console:
    """Return the console of messages."""
    return _console(stderr=True)


def step(text: str) -> None:
    """Say what a command is doing."""
    from rich.markup import escape

    errors().print(f"[dim]{escape(text)}[/]", soft_wrap=True)
