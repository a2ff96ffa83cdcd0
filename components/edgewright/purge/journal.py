"""What of a long task is done, so that the same command goes on where an earlier one stopped."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from edgewright.base.private import open_private

_VERSION = 1


class Journal:
    """The steps of one task, written down as they are done. The file goes when the task is whole.

    Args:
        path: the file.
        task: all that says what the task is, as JSON: another task does not go on with this file.
        restart: begin anew.
    """

    def __init__(self, path: Path, task: object, *, restart: bool = False) -> None:
        self._path = path
        self._digest = hashlib.sha256(json.dumps(task, sort_keys=True).encode()).hexdigest()
        self.done: dict[str, Any] = {}
        self.began = time.time()
        self.resumed = False
        if not restart:
            self._read()
        self._file = None if not self.resumed else open_private(path, "a")

    def _read(self) -> None:
        try:
            first, *rest = self._path.read_text(encoding="utf-8").splitlines()
            head = json.loads(first)
            if head["version"] != _VERSION or head["task"] != self._digest:
                return
            for line in rest:
                if not line.endswith("}"):
                    break  # cut off in the middle
                entry = json.loads(line)
                self.done[str(entry["step"])] = entry["result"]
            self.began = float(head["began"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            self.done = {}
            return
        self.resumed = True

    def add(self, step: str, result: Any = None) -> None:
        """Write down that a step is done, and what came of it."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open_private(self._path, "w")
            self._line({"version": _VERSION, "task": self._digest, "began": self.began})
        self.done[step] = result
        self._line({"step": step, "result": result})

    def _line(self, entry: dict[str, Any]) -> None:
        assert self._file is not None
        self._file.write(json.dumps(entry, separators=(",", ":")) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Keep the file: the task goes on later."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def finish(self) -> None:
        """Remove the file: the task is whole."""
        self.close()
        self._path.unlink(missing_ok=True)
