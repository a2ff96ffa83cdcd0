"""The form in which a request's path and query reach the cache, for a purge that does not go through the function.

`edge/src/core/path.ts` gives requests their normal form, and URL parsers (https://url.spec.whatwg.org/) that of a function which
takes URLs as they are sent. This is the same for what is written into KV from here; a test holds the two together, case by
case and on random ones.
"""

import re
from urllib.parse import quote, unquote_to_bytes

_ESCAPE = re.compile(r"%([0-9a-fA-F]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_MALFORMED_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_AMBIGUOUS_ESCAPE = re.compile(r"%(?:25)*(?:2f|5c|[01][0-9a-f]|7f)", re.IGNORECASE | re.ASCII)
_DOUBLE_ESCAPE = re.compile(r"%(?:25)+(?:2e|3b)", re.IGNORECASE | re.ASCII)
_DOT_PARAMETER = re.compile(r"(?:^|/)\.{1,2}%3B")
_NOT_PCHAR = re.compile(r"[^A-Za-z0-9._~!$&'()*+,=:@%/-]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOT_IN_PATH = re.compile(r"[\x00-\x20\"#<>?^`{}\x7f-\U0010ffff]")
_NOT_IN_QUERY = re.compile(r"[\x00-\x20\"#<>'\x7f-\U0010ffff]")
_DOT = re.compile(r"(?:\.|%2e)\Z", re.IGNORECASE)
_TWO_DOTS = re.compile(r"(?:\.|%2e){2}\Z", re.IGNORECASE)


class BadTarget(ValueError):
    """A path that no request to the edge can have; says why."""


def normal_escapes(text: str) -> str:
    """Decode escapes of unreserved characters, and write the others in upper case (RFC 3986, section 6.2.2)."""

    def replace(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if _UNRESERVED.match(character) else match[0].upper()

    return _ESCAPE.sub(replace, text)


def strict_path(path: str) -> str:
    """Return the normal form of a path that begins with `/`: `normalizePath` of `edge/src/core/path.ts`.

    Raises:
        BadTarget: servers read it in different ways, so that the edge answers 400.
    """
    if _MALFORMED_ESCAPE.search(path):
        raise BadTarget("The path has a `%` that two hexadecimal digits do not follow.")
    if "\\" in path:
        raise BadTarget("The path has a backslash. Write `/` between segments.")
    if _AMBIGUOUS_ESCAPE.search(path):
        raise BadTarget("The path has an escaped slash, backslash or control character, which no path here may have.")
    if _DOUBLE_ESCAPE.search(path):
        raise BadTarget("The path has a dot or a semicolon that is escaped twice.")
    if _CONTROL.search(path):
        raise BadTarget("The path has a control character.")
    try:
        unquote_to_bytes(path).decode()
    except UnicodeError:
        raise BadTarget("The path has escapes or characters that are not Unicode in UTF-8.") from None
    escaped = _NOT_PCHAR.sub(lambda match: quote(match[0], safe=""), normal_escapes(path))
    if _DOT_PARAMETER.search(escaped):
        raise BadTarget("The path has a dot segment with a parameter.")
    resolved = _merged(escaped)
    # Decoding may have put digits behind a `%25`.
    if _AMBIGUOUS_ESCAPE.search(resolved) or _DOUBLE_ESCAPE.search(resolved):
        raise BadTarget("The path has a character that is escaped twice.")
    return resolved


def strict_query(query: str) -> str:
    """Return a query, without its `?`, in which `&` alone separates parameters."""
    return query.replace(";", "%3B")


def parsed_path(path: str) -> str:
    """Return a path as a URL parser has it."""
    output: list[str] = []
    segments = path.replace("\\", "/").split("/")[1:]
    for index, segment in enumerate(segments):
        two = _TWO_DOTS.match(segment)
        if two:
            del output[-1:]
        elif not _DOT.match(segment):
            output.append(_encoded(_NOT_IN_PATH, segment))
            continue
        if index == len(segments) - 1:
            output.append("")
    return "/" + "/".join(output)


def parsed_query(query: str) -> str:
    """Return a query, without its `?`, as a URL parser has it."""
    return _encoded(_NOT_IN_QUERY, query)


def _encoded(characters: re.Pattern[str], text: str) -> str:
    return characters.sub(lambda match: quote(match[0], safe="", errors="replace"), text)


def _merged(path: str) -> str:
    """Resolve dot segments; an empty segment (`//`) is dropped."""
    output: list[str] = []
    segments = path.split("/")[1:]
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if segment == "..":
            del output[-1:]
        elif segment not in (".", ""):
            output.append(segment)
        if last and segment in ("", ".", ".."):
            output.append("")
    return "/" + "/".join(output)
