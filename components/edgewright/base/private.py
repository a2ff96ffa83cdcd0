"""Files that only their owner may read: they hold tokens, secrets or traffic."""

import os
from pathlib import Path
from typing import IO, Any

_FLAGS = {"w": os.O_WRONLY | os.O_CREAT | os.O_TRUNC, "a": os.O_RDWR | os.O_CREAT | os.O_APPEND}


def open_private(path: Path, mode: str) -> IO[Any]:
    """Open a file for writing (`w`, `wb`) or appending (`a`, `ab`), made with mode 0600 where it is new."""
    return os.fdopen(os.open(path, _FLAGS[mode[0]], 0o600), mode)
