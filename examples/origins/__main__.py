"""The command `python -m examples.origins`."""

import argparse
import asyncio
import contextlib
import signal
import sys

from examples.origins.server import Origin


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.origins", description=__doc__)
    parser.add_argument("--region", default="us", help="name told in X-Region and in each document")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose; the address is printed")
    parser.add_argument("--latency-ms", type=float, default=0, help="time taken before each answer")
    parser.add_argument("--jitter-ms", type=float, default=0, help="up to this much more, at random")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> None:
    origin = Origin(arguments.region, arguments.latency_ms, arguments.jitter_ms)
    port = await origin.start(arguments.host, arguments.port)
    sys.stdout.write(f"{arguments.region}: http://{arguments.host}:{port}\n")
    sys.stdout.flush()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # not on Windows
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await origin.stop()


def main() -> int:
    """Serve until interrupted. Exit 0 on SIGINT or SIGTERM, 2 where the address cannot be bound."""
    arguments = _arguments()
    try:
        asyncio.run(_run(arguments))
    except OSError as error:
        sys.stderr.write(
            f"cannot listen on {arguments.host}:{arguments.port}: {error.strerror}; choose another --port\n"
        )
        return 2
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
