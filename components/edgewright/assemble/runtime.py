"""Installs the edge runtimes (miniflare, workerd, esbuild) that this version of edgewright is pinned to.

They come from the npm registry by the lock file beside this module, without running any package's scripts, into the
user's cache, once for each lock file and platform. An installation appears whole or not at all.
"""

import contextlib
import hashlib
import importlib.resources
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import platformdirs

from edgewright.assemble.node import NodeMissing, find_node
from edgewright.base.errors import RuntimeInstallFailed

CACHE_VARIABLE = "EDGEWRIGHT_CACHE_DIR"
"""Environment variable that says where the runtimes are kept instead of the user's cache folder."""

INSTALL_TIMEOUT_S = 900.0
LOCK_TIMEOUT_S = 900.0

_FILES = ("package.json", "package-lock.json", ".npmrc")
_STAMP = ".complete"
_NETWORK = (
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "ERR_SOCKET_TIMEOUT",
    "ENETUNREACH",
    "EHOSTUNREACH",
    "network request",
)


def _pinned() -> dict[str, bytes]:
    folder = importlib.resources.files("edgewright.assemble") / "runtime"
    return {name: (folder / name).read_bytes() for name in _FILES if (folder / name).is_file()}


def cache_dir() -> Path:
    """Return where runtimes are kept: EDGEWRIGHT_CACHE_DIR, or the user's cache folder."""
    override = os.environ.get(CACHE_VARIABLE)
    return Path(override) if override else platformdirs.user_cache_path("edgewright")


def runtime_dir() -> Path:
    """Return where this version's runtimes are, whether or not they are installed."""
    digest = hashlib.sha256()
    for name, content in sorted(_pinned().items()):
        digest.update(name.encode() + b"\0" + content + b"\0")
    # Their binaries are of one platform.
    digest.update(f"{sys.platform} {platform.machine()}".encode())
    return cache_dir() / "runtime" / digest.hexdigest()[:16]


def installed() -> bool:
    """Return whether this version's runtimes are there."""
    return (runtime_dir() / _STAMP).is_file()


def ensure(progress: Callable[[str], None] = lambda _text: None) -> Path:
    """Return the folder with the runtimes, installing them first where they are not there.

    Args:
        progress: told one line a step.

    Raises:
        RuntimeInstallFailed: there is no Node.js, no network, no space, or what came is not what the lock file says.
    """
    target = runtime_dir()
    if installed():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _lock(target.parent / f"{target.name}.lock", progress):
            if installed():
                return target
            _install(target, progress)
    except OSError as error:
        raise RuntimeInstallFailed(
            f"the edge runtimes cannot be put into {target.parent}: {error.strerror or error}; set {CACHE_VARIABLE} to"
            " a folder that can be written"
        ) from None
    return target


def _install(target: Path, progress: Callable[[str], None]) -> None:
    try:
        node = find_node()
    except NodeMissing as error:
        raise RuntimeInstallFailed(error.message, error.code) from None
    progress("installing the edge runtimes (about 60 MB, once)")
    started = time.monotonic()
    for stale in target.parent.glob(f"{target.name}.tmp-*"):
        shutil.rmtree(stale, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{target.name}.tmp-", dir=target.parent))
    try:
        for name, content in _pinned().items():
            (folder / name).write_bytes(content)
        command = node.npm(
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            "--fetch-retries=2",
            "--fetch-retry-mintimeout=1000",
            "--fetch-retry-maxtimeout=5000",
        )
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=node.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=INSTALL_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RuntimeInstallFailed(
                f"npm did not finish installing the edge runtimes within {INSTALL_TIMEOUT_S:g} s; try again"
            ) from None
        if done.returncode != 0:
            raise RuntimeInstallFailed(_explain(done.stdout))
        if not (folder / "node_modules" / "miniflare").is_dir():
            raise RuntimeInstallFailed("npm ended well, but miniflare is not there; try again")
        (folder / _STAMP).touch()
        if target.exists():  # left by an installation that lost its stamp
            shutil.rmtree(target)
        folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    progress(f"installed the edge runtimes in {time.monotonic() - started:.1f} s")


def _explain(output: str) -> str:
    tail = " ".join(line.strip() for line in output.strip().splitlines()[-6:])[:600]
    if any(sign in output for sign in _NETWORK):
        return (
            "the edge runtimes cannot be downloaded: the npm registry does not answer. Check the network, a proxy"
            f" (HTTPS_PROXY) or the registry in your npm configuration, and run the same command again. npm says: {tail}"
        )
    if "EINTEGRITY" in output:
        return f"a downloaded package is not the one in the lock file, and was thrown away. npm says: {tail}"
    return f"npm could not install the edge runtimes. npm says: {tail}"


@contextlib.contextmanager
def _lock(path: Path, progress: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock file, so that two commands do not install at once."""
    with path.open("a+b") as file:
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        told = False
        while not try_lock(file.fileno()):
            if not told:
                progress("waiting for another command that is installing the edge runtimes")
                told = True
            if time.monotonic() > deadline:
                raise RuntimeInstallFailed(
                    f"another process has been installing the edge runtimes for {LOCK_TIMEOUT_S:g} s; it holds {path}"
                )
            time.sleep(0.2)
        yield


def try_lock(descriptor: int) -> bool:
    """Take a lock on an open file for as long as it is open; return whether it was free."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
