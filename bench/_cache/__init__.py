"""The stage of the cache's benchmarks: one origin, the Workers in one workerd, and nginx and Varnish where installed.

Everything listens on loopback, on ports that nobody else is given, and is stopped at the end.
"""

import gzip
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from edgewright.assemble.node import find_node

from tests.loopback import free_port

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUNDLES = ROOT / "components" / "edgewright" / "_bundles" / "cloudflare"
SIZES = (1024, 102_400)
CONNECTIONS = 16


@dataclass(frozen=True)
class Stage:
    """What is running.

    Attributes:
        origin: URL of the origin, which counts what reaches it at `/requests`.
        servers: name to URL: the Workers, and the peers that are installed.
        pids: name to the process that serves it; all Workers share one.
        versions: of everything that is measured or measures.
        missing: peers that are not installed here.
    """

    origin: str
    servers: dict[str, str]
    pids: dict[str, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    def cpu_s(self, name: str) -> float:
        """Seconds of processor time that a server and its children have used so far."""
        process = psutil.Process(self.pids[name])
        times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
        return sum(one.user + one.system for one in times)


def run_node(script: str, options: Mapping[str, Any]) -> Any:
    """Run a script of this folder to its end and return the JSON that it writes."""
    node = find_node()
    command = [str(node.executable), str(HERE / script), json.dumps({"edge": str(ROOT / "edge"), **options})]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, env=node.environment(), check=True).stdout)


@contextmanager
def stage(*, peers: bool = True) -> Iterator[Stage]:
    """Start everything, and stop it at the end."""
    node = find_node()
    options = {"edge": str(ROOT / "edge"), "bundles": str(BUNDLES), "sizes": SIZES}
    command = [str(node.executable), str(HERE / "stage.mjs"), json.dumps(options)]
    with ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=node.environment(), cwd=ROOT
            )
        )
        assert process.stdin is not None
        assert process.stdout is not None
        # It ends when its standard input does, and takes workerd with it.
        stack.callback(process.stdin.close)
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the stage did not start; what it wrote is above")
        ready = json.loads(line)
        [workerd] = [one.pid for one in psutil.Process(process.pid).children() if "workerd" in one.name()]
        found = Stage(
            origin=ready["origin"],
            servers=dict(ready["workers"]),
            pids=dict.fromkeys(ready["workers"], workerd),
            versions=dict(ready["versions"]),
        )
        missing = []
        for name, start in (("nginx", _nginx), ("varnish", _varnish)) if peers else ():
            url = stack.enter_context(start(found))
            if url is None:
                missing.append(name)
            else:
                found.servers[name] = url
        yield Stage(found.origin, found.servers, found.pids, found.versions, tuple(missing))


def _executable(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def _version(executable: str, flag: str) -> str:
    done = subprocess.run([executable, flag], capture_output=True, text=True, check=False)
    version = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return version.group(0) if version else "unknown"


@contextmanager
def _serving(command: list[str], port: int) -> Iterator[int]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            for _ in range(200):
                if process.poll() is not None:
                    assert process.stderr is not None
                    raise RuntimeError(f"{command[0]} ended at once: {process.stderr.read()}")
                with socket.socket() as client:
                    if client.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield process.pid
        finally:
            process.terminate()


NGINX = """
{user}
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  proxy_cache_path {folder}/cache keys_zone=bench:20m inactive=1h max_size=1g;
  upstream origin {{ server {origin}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_cache bench; proxy_cache_revalidate on;
      proxy_cache_lock on; proxy_cache_background_update on;
      proxy_cache_use_stale updating error timeout http_500 http_502 http_503 http_504;
      add_header X-Cache-Status $upstream_cache_status always;
    }}
  }}
}}
"""


@contextmanager
def _nginx(found: Stage) -> Iterator[str | None]:
    executable = _executable("nginx")
    if executable is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as name:
        port = free_port()
        # As root, nginx would drop to a user that may not read this folder.
        user = "user root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
        configuration = Path(name, "nginx.conf")
        origin = found.origin.removeprefix("http://")
        configuration.write_text(NGINX.format(user=user, folder=name, origin=origin, port=port))
        errors = f"{name}/error.log"
        with _serving([executable, "-p", name, "-e", errors, "-c", str(configuration)], port) as pid:
            found.pids["nginx"] = pid
            found.versions["nginx"] = _version(executable, "-v")
            yield f"http://127.0.0.1:{port}"


@contextmanager
def _varnish(found: Stage) -> Iterator[str | None]:
    executable = _executable("varnishd")
    if executable is None or not (shutil.which("cc") or shutil.which("gcc")):
        yield None
        return
    with tempfile.TemporaryDirectory() as name:
        port = free_port()
        command = [executable, "-F", "-j", "none", "-n", name, "-a", f"127.0.0.1:{port}", "-T", "none"]
        # Without its own default of ten seconds' grace: only what the origin allows is served stale.
        command += ["-b", found.origin.removeprefix("http://"), "-s", "malloc,256m", "-p", "default_grace=0"]
        with _serving(command, port) as pid:
            found.pids["varnish"] = pid
            found.versions["varnish"] = _version(executable, "-V")
            yield f"http://127.0.0.1:{port}"


# --- load ------------------------------------------------------------------------------------------------------------


def load_generator() -> str:
    """Return what makes the load: wrk where it is installed, for it takes little of the machine itself."""
    return "wrk" if shutil.which("wrk") else "undici"


def load(url: str, seconds: float) -> tuple[float, int]:
    """Ask for one URL over kept-alive connections; return requests a second and requests in all.

    Raises:
        RuntimeError: an answer was not 200, or a connection failed.
    """
    if load_generator() == "undici":
        measured = run_node("load.mjs", {"url": url, "seconds": seconds, "connections": CONNECTIONS})
        return measured["rate"], measured["requests"]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate, count = re.search(r"Requests/sec:\s*([\d.]+)", text), re.search(r"(\d+) requests in", text)
    if rate is None or count is None or "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"wrk {url}:\n{text}")
    return float(rate.group(1)), int(count.group(1))


def gzipped(file: Path) -> int:
    """Return a file's bytes after gzip -9."""
    return len(gzip.compress(file.read_bytes(), 9, mtime=0))
