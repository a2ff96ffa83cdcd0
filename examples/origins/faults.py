"""Faults that an origin can be told to have while it runs."""

from dataclasses import dataclass, fields

MODES = ("ok", "fail", "slow", "garbage", "half-close", "drop")


class BadFault(ValueError):
    """The document given to the admin path does not describe a fault."""


@dataclass(frozen=True)
class Fault:
    """How the origin misbehaves.

    Attributes:
        mode: `ok`; `fail` answers with `status`; `slow` waits `delay_ms` longer; `garbage` sends bytes that are not
            HTTP; `half-close` promises a body and closes in the middle of it; `drop` closes without an answer.
        status: the status of `fail`, 400 to 599.
        delay_ms: extra time before an answer in `slow`, up to 600,000.
        times: how many requests have the fault before the origin is well again; None is until told otherwise.
        prefix: only paths that begin with this have it.
    """

    mode: str = "ok"
    status: int = 503
    delay_ms: float = 5000
    times: int | None = None
    prefix: str = "/"


def parse_fault(document: object) -> Fault:
    """Return the fault that a JSON document describes.

    Raises:
        BadFault: with every fault of the document in one message.
    """
    if not isinstance(document, dict):
        raise BadFault('the body must be a JSON object, for example {"mode": "fail", "status": 503}')
    allowed = {field.name for field in fields(Fault)}
    wrong = [f"{name}: unknown; allowed: {', '.join(sorted(allowed))}" for name in document if name not in allowed]
    mode, status = document.get("mode", "ok"), document.get("status", 503)
    delay, times, prefix = document.get("delay_ms", 5000), document.get("times"), document.get("prefix", "/")
    if mode not in MODES:
        wrong.append(f"mode: {mode!r} is not one of {', '.join(MODES)}")
    if not _is_integer(status) or not 400 <= status <= 599:
        wrong.append(f"status: {status!r} must be an integer from 400 to 599")
    if isinstance(delay, bool) or not isinstance(delay, (int, float)) or not 0 <= delay <= 600_000:
        wrong.append(f"delay_ms: {delay!r} must be a number from 0 to 600000")
    if times is not None and (not _is_integer(times) or times < 1):
        wrong.append(f"times: {times!r} must be null or an integer from 1")
    if not isinstance(prefix, str) or not prefix.startswith("/"):
        wrong.append(f"prefix: {prefix!r} must be a path that begins with /")
    if wrong:
        raise BadFault("; ".join(wrong))
    return Fault(mode, status, delay, times, prefix)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
