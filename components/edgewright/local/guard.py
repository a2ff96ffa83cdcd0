"""A small process that owns all others of a running local cloud, so that none outlives it.

It uses the standard library alone, does nothing else, and ends in four ways, each of which ends its children: its
standard input closes (the supervisor is gone, however it went), it gets a signal, one line asks for it, or the kernel
kills it: then the gateway's own standard input closes, and on Linux every other child gets SIGKILL.

Standard input: JSON lines `{"start": {"name", "argv", "cwd", "environment", "log", "input"}}`, `{"stop": name}`.
Standard output: JSON lines `{"started": name, "pid"}`, `{"line": text, "name"}`, `{"exited": name, "code"}`,
`{"failed": name, "message"}`.
"""

import contextlib
import ctypes
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from typing import Any

STOP_S = 6.0
"""Between asking a child to end and killing its group."""

GONE_S = 1.0
"""How long a killed group may take to be gone. A container without an init keeps the dead: then it is this long."""

_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """Runs in a new child before it becomes the program. This process has one thread, so that is safe."""
    with contextlib.suppress(Exception):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Guard:
    """The loop: commands from above, lines and ends from below."""

    def __init__(self) -> None:
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.pending: dict[int, bytes] = {}
        self.selector = selectors.DefaultSelector()
        self.commands = b""
        self.ending = False

    def say(self, **message: Any) -> None:
        try:
            os.write(1, json.dumps(message).encode() + b"\n")
        except OSError:
            self.ending = True

    def start(
        self, name: str, argv: list[str], cwd: str, environment: dict[str, str], log: str, input: str | None
    ) -> None:
        try:
            with open(log, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                child = subprocess.Popen(
                    argv,
                    cwd=cwd,
                    env=environment,
                    stdin=subprocess.PIPE if input is not None else subprocess.DEVNULL,
                    stdout=subprocess.PIPE if input is not None else file,
                    stderr=file,
                    start_new_session=True,
                    # A gateway ends in order when its input closes; killed, it would leave workerd behind.
                    preexec_fn=_die_with_parent if input is None and sys.platform == "linux" else None,
                )
        except OSError as error:
            self.say(failed=name, message=f"{argv[0]}: {error.strerror}")
            return
        self.children[name] = child
        if input is not None:
            assert child.stdin is not None
            assert child.stdout is not None
            with contextlib.suppress(OSError):
                child.stdin.write(input.encode() + b"\n")
                child.stdin.flush()
            os.set_blocking(child.stdout.fileno(), False)
            self.selector.register(child.stdout, selectors.EVENT_READ, name)
        self.say(started=name, pid=child.pid)

    def reap(self) -> None:
        for name, child in list(self.children.items()):
            if not self.has_ended(child):
                continue
            # What it started itself is in its group: workerd, when Node was killed. While the leader is not yet
            # waited for, its number cannot have been given to another process.
            self.kill_group(child.pid, signal.SIGKILL)
            code = child.wait()
            self.await_group(child.pid)
            self.relay(name, child)
            del self.children[name]
            self.say(exited=name, code=code)

    def has_ended(self, child: subprocess.Popen[bytes]) -> bool:
        """Return whether a child has ended, without waiting for it where the platform allows that."""
        if not hasattr(os, "waitid"):
            return child.poll() is not None
        try:
            return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def relay(self, name: str, child: subprocess.Popen[bytes]) -> None:
        """Pass on complete lines of a child's output."""
        if child.stdout is None or child.stdout.closed:
            return
        descriptor = child.stdout.fileno()
        while True:
            try:
                part = os.read(descriptor, 65536)
            except BlockingIOError:
                return
            if not part:
                self.selector.unregister(child.stdout)
                child.stdout.close()
                return
            data = self.pending.pop(descriptor, b"") + part
            *lines, rest = data.split(b"\n")
            self.pending[descriptor] = rest[-1_000_000:]
            for line in lines:
                self.say(name=name, line=line.decode(errors="replace"))

    def kill_group(self, pid: int, number: int) -> None:
        with contextlib.suppress(OSError):
            os.killpg(pid, number)

    def await_group(self, pid: int) -> None:
        """Wait, not long, until a killed group is gone: a kill takes its time, and whoever asked relies on it."""
        deadline = time.monotonic() + GONE_S
        with contextlib.suppress(OSError):
            while time.monotonic() < deadline:
                os.killpg(pid, 0)
                time.sleep(0.005)

    def stop(self, names: list[str]) -> None:
        chosen = {name: self.children[name] for name in names if name in self.children}
        for child in chosen.values():
            if child.stdin is not None:
                # A gateway alone is asked: it ends workerd itself, in order.
                with contextlib.suppress(OSError):
                    child.stdin.close()
                with contextlib.suppress(OSError):
                    os.kill(child.pid, signal.SIGTERM)
            else:
                self.kill_group(child.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        while not all(map(self.has_ended, chosen.values())) and time.monotonic() < deadline:
            time.sleep(0.02)
        for child in chosen.values():
            self.kill_group(child.pid, signal.SIGKILL)
        self.reap()

    def command(self, line: bytes) -> None:
        message = json.loads(line)
        if "start" in message:
            self.start(**message["start"])
        elif "stop" in message:
            self.stop([message["stop"]])

    def serve(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: setattr(self, "ending", True))
        # The end of a child wakes the loop.
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.selector.register(reader, selectors.EVENT_READ, "signal")
        self.selector.register(0, selectors.EVENT_READ, "control")
        while not self.ending:
            for key, _ in self.selector.select(timeout=1.0):
                if key.data == "signal":
                    with contextlib.suppress(BlockingIOError):
                        os.read(reader, 4096)
                elif key.data == "control":
                    part = os.read(0, 1 << 20)
                    if not part:
                        self.ending = True
                        break
                    *lines, self.commands = (self.commands + part).split(b"\n")
                    for line in lines:
                        self.command(line)
                elif key.data in self.children:
                    self.relay(key.data, self.children[key.data])
            self.reap()
        self.stop(list(self.children))


if __name__ == "__main__":
    Guard().serve()
