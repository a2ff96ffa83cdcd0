"""Where the `edgewright` command begins: before anything is imported that takes time, so that Ctrl-C then ends in one line too."""

import os
import signal
import sys

INTERRUPTED = 3
"""The exit status of an interrupted command; :class:`edgewright.cli._exit.Exit` says FAILED."""

_AGAIN_S = 0.01


def main() -> None:
    """Run the command line and end the process."""
    try:
        sys.unraisablehook = _unraisable
        # Asked to end by another program, a command clears away and says so as on Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        from edgewright.cli.main import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
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
    main()
