"""Says that something long still goes on: on the standard error, and nothing where it is quick."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from edgewright.cli._console import errors, step

_FIRST_S = 20.0
_EVERY_S = 20.0


@contextmanager
def progress(what: str, *, first_s: float = _FIRST_S, every_s: float = _EVERY_S) -> Iterator[None]:
    """Say after a while, and then from time to time, that this still runs; on a terminal, show it from the beginning.

    Args:
        what: what runs, as in `the program of dev`.
        first_s: seconds after which the first line is written where there is no terminal.
        every_s: seconds between further lines.
    """
    if sys.stderr.isatty():
        with errors().status(f"running {what}"):
            yield
        return
    began, done = time.monotonic(), threading.Event()

    def tell() -> None:
        wait = first_s
        while not done.wait(wait):
            step(f"still running {what}: {time.monotonic() - began:.0f} s")
            wait = every_s

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
