"""Checks of single values. Each notes what is wrong with the value at a path, and says nothing where it is sound."""

import datetime
import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

import idna

from edgewright.arguments.written import METHODS
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.contract.countries import NOT_ISO, countries
from edgewright.contract.limits import limit

MAX_SECONDS = 2**31
"""The largest delta-seconds that a cache must be able to hold (RFC 9111, section 1.2.2)."""

_HEX_ID = re.compile(r"[0-9a-f]{32}\Z")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")  # RFC 9110, section 5.6.2
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_REGION = re.compile(r"[a-z][a-z0-9-]{0,30}\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_PARAMETER = re.compile(r":[A-Za-z_][A-Za-z0-9_]*\Z")
_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()+,;=@%-]+\Z")
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNSAFE_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


def hex_id(path: str, value: object, faults: Faults, what: str) -> None:
    """An account's or zone's id: 32 lower-case hexadecimal digits."""
    if not isinstance(value, str) or not _HEX_ID.match(value):
        # A token of an API pasted here is not told to whoever reads the log; an id in another case, or a word, is.
        plain = isinstance(value, str) and (len(value) < 16 or re.fullmatch(r"[0-9A-Fa-f]{1,32}", value))
        shown = show(value) if plain or not isinstance(value, str) else f"a text of {len(value)} characters"
        faults.add(
            path,
            f"{shown} is not {what}",
            code=Code.IDENTIFIER,
            allowed="32 hexadecimal digits, lower case",
            fix="Copy it from the dashboard's overview page.",
        )


def whole(path: str, value: object, faults: Faults, low: int, high: int | None, unit: str = "", why: str = "") -> bool:
    """A whole number in a range; `high` None sets no upper bound. Says whether it is sound."""
    unit = f" {unit}" if unit else ""
    allowed = f"{low} to {high}{unit}" if high is not None else f"{low}{unit} or more"
    if isinstance(value, bool) or not isinstance(value, int):
        faults.add(path, f"{show(value)} is not a whole number", code=Code.TYPE, allowed=allowed, fix=why)
        return False
    if value < low or (high is not None and value > high):
        faults.add(path, f"{value} is out of range", code=Code.RANGE, allowed=allowed, fix=why)
        return False
    return True


def seconds(path: str, value: object, faults: Faults, low: int = 0, why: str = "") -> bool:
    """A time in whole seconds."""
    return whole(path, value, faults, low, MAX_SECONDS, "seconds", why)


def share(path: str, value: object, faults: Faults) -> None:
    """A share between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        faults.add(path, f"{show(value)} is not a share", code=Code.RANGE, allowed="0 to 1")


def function_name(path: str, value: object, faults: Faults) -> None:
    """A function's name on the platform, which is also a DNS label."""
    if not isinstance(value, str) or not _LABEL.match(value):
        faults.add(
            path,
            f"{show(value)} is not a function's name",
            code=Code.NAME,
            allowed="1 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit",
        )


def region(path: str, value: object, faults: Faults) -> bool:
    """A region's name."""
    if isinstance(value, str) and _REGION.match(value):
        return True
    meant = value.lower() if isinstance(value, str) and _REGION.match(value.lower()) else None
    faults.add(
        path,
        f"{show(value)} is not a region's name",
        code=Code.NAME,
        allowed="a lower-case letter, then at most 30 lower-case letters, digits and hyphens",
        fix=f"Did you mean {meant!r}?" if meant else "",
    )
    return False


def country(path: str, value: str, faults: Faults) -> bool:
    """A country's code: ISO 3166-1 alpha-2, in capitals."""
    if value in countries():
        return True
    upper = value.upper()
    meant = upper if upper in countries() else NOT_ISO.get(upper)
    faults.add(
        path,
        f"{show(value)} is not a country",
        code=Code.COUNTRY,
        allowed="ISO 3166-1 alpha-2 codes in capitals, for example DE",
        fix=f"Did you mean {meant!r} ({countries()[meant].name})?" if meant else "",
    )
    return False


def binding_name(path: str, value: object, faults: Faults) -> bool:
    """A name under which a function sees something on `env`."""
    if isinstance(value, str) and _NAME.match(value):
        return True
    faults.add(
        path,
        f"{show(value)} is not a binding's name",
        code=Code.NAME,
        allowed="letters, digits and `_`, not beginning with a digit",
    )
    return False


def date(path: str, value: object, faults: Faults) -> bool:
    """A day, `YYYY-MM-DD`; say whether it is one."""
    try:
        if isinstance(value, str) and _DATE.match(value) and datetime.date.fromisoformat(value):
            return True
    except ValueError:
        pass
    faults.add(path, f"{show(value)} is not a day", code=Code.DATE, allowed="YYYY-MM-DD")
    return False


def methods(path: str, value: Iterable[str], faults: Faults) -> None:
    """An endpoint's methods."""
    given = list(value)
    if not given:
        faults.add(
            path,
            "is empty, so the endpoint would answer nothing",
            code=Code.EMPTY,
            allowed=f"{', '.join(METHODS)}, or *",
        )
    for index, method in enumerate(given):
        if method != "*" and method not in METHODS:
            upper = method.upper() if method.upper() in METHODS else None
            faults.add(
                f"{path}[{index}]",
                f"{show(method)} is not a method that an endpoint can answer",
                code=Code.METHOD,
                allowed=f"{', '.join(METHODS)}, or *",
                fix=f"Did you mean {upper!r}?" if upper else "",
            )
        elif method in given[:index]:
            faults.add(f"{path}[{index}]", f"{show(method)} is given twice", code=Code.TWICE)
    if "*" in given and len(given) > 1:
        faults.add(path, "has `*` beside other methods", code=Code.WILDCARD, allowed="`*` alone, or methods by name")


def header_name(path: str, value: object, faults: Faults) -> bool:
    """A header's name (RFC 9110)."""
    if isinstance(value, str) and _TOKEN.match(value):
        return True
    faults.add(
        path,
        f"{show(value)} is not a header's name",
        code=Code.HEADER_NAME,
        allowed="letters, digits and !#$%&'*+-.^_`|~",
    )
    return False


def header_value(path: str, value: object, faults: Faults) -> None:
    """A header's value: nothing that could end the header."""
    if not isinstance(value, str) or _UNSAFE_VALUE.search(value) or value != value.strip():
        faults.add(
            path,
            f"{show(value)} is not a header's value",
            code=Code.HEADER_VALUE,
            allowed="one line, no control characters, not padded",
        )


def hostname(path: str, value: object, faults: Faults) -> bool:
    """A full hostname in ASCII, lower case: `api.example.com`."""
    if not isinstance(value, str):
        faults.add(
            path,
            f"{show(value)} is not a hostname",
            code=Code.HOSTNAME,
            allowed="a full hostname, for example api.example.com",
        )
        return False
    problem, meant = _hostname_problem(value)
    if problem:
        faults.add(
            path,
            f"{show(value)} {problem}",
            code=Code.HOSTNAME,
            allowed="a full hostname in lower-case ASCII, for example api.example.com",
            fix=f"Write {meant!r}." if meant else "Give it as a route." if "*" in value else "",
        )
    return not problem


def _hostname_problem(value: str) -> tuple[str, str]:
    """Return what is wrong with a hostname and the sound one that was meant; both empty where nothing is wrong."""
    if "://" in value or "/" in value:
        return "is a URL or path, not a hostname", ""
    if not value.isascii():
        try:
            return _but_for("is not ASCII", idna.encode(value, uts46=True).decode("ascii"))
        except (idna.IDNAError, UnicodeError):
            return "is not ASCII, and not a name that IDNA can encode", ""
    if "*" in value:
        return "has a wildcard, which a hostname cannot have", ""
    if ":" in value:
        return "has a port or is an address", ""
    if value.endswith("."):
        return _but_for("ends with a dot", value.rstrip("."))
    if value != value.lower():
        return _but_for("is not lower case", value.lower())
    if len(value) > 253:
        return f"has {len(value)} characters, more than the 253 that DNS allows", ""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        pass
    else:
        return "is an address, not a hostname", ""
    labels = value.split(".")
    bad = next((label for label in labels if not _LABEL.match(label)), None)
    if bad is not None:
        return f"has the label {bad!r}, which DNS does not allow", ""
    if len(labels) < 2:
        return "is not a full hostname", ""
    if labels[-1].isdigit():
        return "ends with a number", ""
    for label in labels:
        if label.startswith("xn--"):
            try:
                idna.decode(label)
            except (idna.IDNAError, UnicodeError):
                return f"has the label {label!r}, which is not what IDNA makes of any name", ""
    return "", ""


def _but_for(problem: str, meant: str) -> tuple[str, str]:
    """Return a problem with what mends it; where that has a problem too, both and what mends both."""
    more, meant_then = _hostname_problem(meant)
    return (f"{problem}, and {more}", meant_then) if more else (problem, meant)


def inside_zone(host: str, zone: str) -> bool:
    """Say whether a hostname, perhaps with a leading wildcard, lies in a zone."""
    host = host.removeprefix("*").removeprefix(".")
    return host == zone or host.endswith(f".{zone}")


def route_pattern(path: str, value: object, faults: Faults, zone: str | None) -> bool:
    """A route's pattern: a hostname, optionally behind `http(s)://` and `*`, and a path that may end with `*`."""
    allowed = "[https://]hostname/path, with `*` only before the hostname and at the end, for example example.com/api/*"
    if not isinstance(value, str):
        faults.add(path, f"{show(value)} is not a route's pattern", code=Code.ROUTE, allowed=allowed)
        return False
    rest = re.sub(r"\Ahttps?://", "", value)
    host, slash, tail = rest.partition("/")
    problem = fix = ""
    if "://" in rest:
        problem = "has a scheme other than http and https"
    elif not slash:
        problem = "has no path, so it matches nothing but the bare hostname"
        if not _hostname_problem(host.removeprefix("*").removeprefix("."))[0]:
            fix = f"Write '{value}/*' for every path."
    elif "?" in tail or "#" in tail:
        problem = "has a query or fragment, which routes do not look at"
    elif "*" in tail[:-1] or "*" in host[1:]:
        problem = "has `*` in the middle"
    elif _CONTROL.search(tail):
        problem = "has a blank or control character in its path"
    elif not tail.isascii():
        problem = "has a path that is not ASCII"
    else:
        bare = host.removeprefix("*").removeprefix(".")
        wrong, meant = _hostname_problem(bare)
        if wrong:
            problem = f"has a hostname that {wrong}" if bare else "has no hostname"
            fix = f"Write {value.replace(bare, meant, 1)!r}." if meant else ""
        elif zone and not inside_zone(host, zone):
            problem, fix = (
                f"is outside the zone {zone}",
                f"Use a hostname of {zone}, or give the zone that it belongs to.",
            )
    if problem:
        faults.add(path, f"{show(value)} {problem}", code=Code.ROUTE, allowed=allowed, fix=fix)
    return not problem


def endpoint_path(path: str, value: object, faults: Faults) -> bool:
    """What an endpoint matches: segments, `:name` for one segment, `*` at the end for the rest."""
    allowed = "/api/products, /api/products/:id or /static/*"
    problem = ""
    if not isinstance(value, str) or not value.startswith("/"):
        problem = "does not begin with `/`"
    elif len(value) > 1024:
        problem = f"has {len(value)} characters, more than 1024"
    else:
        segments = value[1:].split("/")
        names = [segment for segment in segments if segment.startswith(":")]
        repeated = next((name for name in names if names.count(name) > 1), None)
        for index, segment in enumerate(segments):
            last = index == len(segments) - 1
            if segment == "" and not (last and len(segments) == 1):
                problem = "ends with `/`" if last else "has an empty segment"
            elif segment in (".", ".."):
                problem = f"has the segment {segment!r}, which every client resolves before it asks"
            elif segment == "*":
                problem = "" if last else "has `*` before its end"
            elif segment.startswith(":"):
                problem = (
                    "" if _PARAMETER.match(segment) else f"has the parameter {segment!r}, whose name is not a word"
                )
            elif segment and (not _SEGMENT.match(segment) or _PERCENT.search(segment)):
                problem = f"has the segment {segment!r}, with a character that a path does not have"
            if problem:
                break
        if not problem and repeated:
            problem = f"has the parameter {repeated!r} twice"
    if problem:
        faults.add(path, f"{show(value)} {problem}", code=Code.PATH, allowed=allowed)
    return not problem


_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


def http_url(path: str, value: object, faults: Faults, *, https_only: bool = False) -> bool:
    """An http(s) base URL: no credentials, query or fragment. `https_only` lets http to this machine alone pass: what serves
    keys beside a local cloud."""
    allowed = "https:// URL without credentials, query and fragment"
    if not https_only:
        allowed = f"an http:// or {allowed}"
    problem = ""
    if not isinstance(value, str):
        problem = "is not a URL"
    elif _CONTROL.search(value):
        problem = "has a blank or control character"
    else:
        try:
            parts = urlsplit(value)
            problem = _url_problem(parts, https_only)
        except ValueError as error:
            # What Python says may quote the credentials.
            problem = "is not a URL" if shown_url(value) == "the value" else f"is not a URL ({error})"
    if problem:
        faults.add(path, f"{shown_url(value)} {problem}", code=Code.URL, allowed=allowed)
    return not problem


def shown_url(value: object) -> str:
    """Return a URL as a message shows it: without what may be a secret, which are credentials, the query and the fragment."""
    if not isinstance(value, str):
        return show(value)
    head = re.split(r"[?#]", value, maxsplit=1)[0]
    if "@" in value or re.match(r"[a-z+.-]*:?/*[^/?#:]*:(?!\d*(?:[/?#]|$))(?!/)", head, re.IGNORECASE):
        return "the value"  # it may hold a password
    return show(head) if head == value else show(f"{head}{value[len(head)]}…")


def _url_problem(parts: SplitResult, https_only: bool) -> str:
    schemes = ("https",) if https_only else ("http", "https")
    local = parts.scheme == "http" and parts.hostname in _THIS_MACHINE
    if parts.scheme not in schemes and not local:
        return f"is not {' or '.join(schemes)}"
    if parts.username is not None or parts.password is not None:
        return "has credentials, which would be written into the function"
    if parts.query or parts.fragment:
        return "has a query or fragment"
    host = parts.hostname or ""
    if not host:
        return "has no host"
    if parts.port == 0:
        return "has port 0"
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if not host.isascii():
            return _hostname_problem(host)[0] or "is not ASCII"
        if any(not _LABEL.match(label) for label in host.split(".")):
            return f"has the host {host!r}, which DNS does not allow"
    return ""


def text_bytes(path: str, size: int, faults: Faults, limit_id: str, what: str, fix: str) -> None:
    """A size that a platform limits."""
    most = limit(limit_id)
    if size > most.value:
        faults.add(path, f"{what} has {size} bytes", code=Code.LIMIT, allowed=f"at most {most.text}", fix=fix)
