"""Where the `edgewright` command begins: before anything is imported that takes time, so that Ctrl-C then ends in one line too."""

import os
import signal
import sys

INTERRUPTED = 3
"""The exit status of an interrupted command; :class:`edgewright.cli._exit.Exit` says FAILED."""

_AGAIN_S = 0.01

_pressed = False


def was_interrupted() -> bool:
    """Say whether Ctrl-C or SIGTERM came: a library may have made another error of the interruption, as pydantic does while it
    builds a model."""
    return _pressed


def _interrupt(_number: int, _frame: object) -> None:
    global _pressed
    _pressed = True
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line and end the process."""
    try:
        sys.unraisablehook = _unraisable
        # Asked to end by another program, a command clears away and says so as on Ctrl-C.
        signal.signal(signal.SIGTERM, _interrupt)
        # A shell's background job ignores Ctrl-C.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _interrupt)
        from edgewright.cli.main import run

        code = run(sys.argv[1:])
    except BaseException as error:
        if not (isinstance(error, KeyboardInterrupt) or was_interrupted()):
            raise
        os.write(2, b"error: interrupted\n")
        code = INTERRUPTED
    # What is left is quick, and must not be left half done.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    sys.exit(code)


def _unraisable(hint: "sys.UnraisableHookArgs") -> None:
    """Raise an interruption again that Python had to drop, because it came in a callback or a destructor."""
    if hint.exc_type is KeyboardInterrupt and hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
        return
    sys.__unraisablehook__(hint)


if __name__ == "__main__":
    from edgewright.cli import _start

    # The module that the commands know, not this second copy of it.
    _start.main()
