"""Reads what a KV namespace starts with: entries, files, folders. See :func:`read_seeds`."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pulumi

from edgewright.arguments import checks
from edgewright.arguments.program import program_file
from edgewright.arguments.shape import checked, is_later, read_text, whole_numbers
from edgewright.arguments.written import Seconds
from edgewright.base.document import DocumentError, read_document
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.contract.limits import limit

SUFFIXES = (".json", ".ndjson", ".yaml", ".yml")
FIELDS = ("key", "value", "metadata", "ttl")
INSTEAD = "Put it into object storage (R2) and only its name into KV."

CheckTtl = Callable[[str, object, Faults], None]


@dataclass(frozen=True)
class Seed:
    """One key, ready for the store: `value` is text, or an Output of text; `metadata` is JSON text."""

    key: str
    value: Any
    metadata: Any = None
    ttl: int | None = None


MISSING = object()
"""Stands for a value that was not given: null is one."""


@dataclass(frozen=True)
class Entry:
    """One key, as it was given."""

    key: str | None = None
    value: Any = MISSING
    metadata: Any = None
    ttl: object = None


@dataclass(frozen=True)
class Source:
    """Where the first keys come from."""

    file: str | None = None
    directory: str | None = None
    entries: tuple[Entry, ...] = ()
    prefix: str | None = None
    secret: bool = False


def read_seeds(seed: Source, faults: Faults, check_ttl: CheckTtl) -> list[Seed]:
    """Return every entry of every source, sorted by key; note what is wrong with any of them."""
    found = [(f"seed.entries[{index}]", entry) for index, entry in enumerate(seed.entries)]
    prefix = seed.prefix or ""
    for entries in (
        _file(seed.file, faults) if seed.file is not None else (),
        _directory(seed.directory, faults) if seed.directory is not None else (),
    ):
        found += [(path, replace(entry, key=f"{prefix}{entry.key}")) for path, entry in entries]
    given = {"entries": seed.entries, "file": seed.file, "directory": seed.directory}
    for key, said, of in (("prefix", seed.prefix, ("file", "directory")), ("secret", seed.secret, tuple(given))):
        if said and not any(given[each] or faults.about(f"seed.{each}") for each in of):
            faults.add(
                f"seed.{key}",
                f"has no effect without {' or '.join(f'`{each}`' for each in of)}",
                code=Code.NO_EFFECT,
                fix="Give one of them, or leave it out.",
            )
    seeds: dict[str, Seed] = {}
    places: dict[str, str] = {}
    for path, entry in found:
        read = _seed(path, entry, faults, check_ttl)
        if read is None:
            continue
        if read.key in places:
            faults.add(
                f"{path}.key",
                f"{show(read.key)} is also the key of {places[read.key]}",
                code=Code.TWICE,
                fix="A key has one value.",
            )
        places.setdefault(read.key, path)
        seeds.setdefault(read.key, read)
    return [seeds[key] for key in sorted(seeds)]


def _seed(path: str, entry: Entry, faults: Faults, check_ttl: CheckTtl) -> Seed | None:
    key, value, metadata, ttl = entry.key, entry.value, entry.metadata, entry.ttl
    if key is None or value is MISSING:
        return None  # noted where the arguments' shape was checked
    _check_key(f"{path}.key", key, faults)
    value = pulumi.Output.from_input(value).apply(_text) if is_later(value) else _text(value)
    value = checked(value, lambda text, found: _check_value(f"{path}.value", text, found), faults)
    if metadata is not None:
        metadata = pulumi.Output.from_input(metadata).apply(_json) if is_later(metadata) else _json(metadata)
        metadata = checked(metadata, lambda text, found: _check_metadata(f"{path}.metadata", text, found), faults)
    if isinstance(ttl, str):
        # From a file; those of the program were read with its arguments.
        ttl = read_text(ttl, Seconds, f"{path}.ttl", faults)
    if ttl is not None:
        check_ttl(f"{path}.ttl", ttl, faults)
    return Seed(key, value, metadata, ttl if isinstance(ttl, int) else None)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(whole_numbers(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _check_key(path: str, key: str, faults: Faults) -> None:
    if key in ("", ".", ".."):
        faults.add(path, f"{show(key)} is not a key", code=Code.STORE_KEY, allowed="any text but '', '.' and '..'")
    elif not key.isprintable() or any(letter.isspace() for letter in key):
        faults.add(
            path,
            f"{show(key)} has a blank or control character",
            code=Code.STORE_KEY,
            allowed="printable characters without blanks",
        )
    checks.text_bytes(
        path, len(key.encode()), faults, "cloudflare.kv.key_bytes", "the key", "Use a shorter one, for example a hash."
    )


def _check_value(path: str, text: str, faults: Faults) -> None:
    checks.text_bytes(path, len(text.encode()), faults, "cloudflare.kv.value_bytes", "the value", INSTEAD)


def _check_metadata(path: str, text: str, faults: Faults) -> None:
    checks.text_bytes(
        path,
        len(text.encode()),
        faults,
        "cloudflare.kv.metadata_bytes",
        "the metadata as JSON",
        "Move it into the value.",
    )


def _read(path: str, file: Path, shown: str, faults: Faults) -> str | None:
    """Return a file's text, refusing what cannot fit before it is read."""
    try:
        size = file.stat().st_size
        most = limit("cloudflare.kv.bulk_bytes")
        if size > most.value:
            faults.add(path, f"{shown} has {size} bytes", code=Code.LIMIT, allowed=f"at most {most.text}", fix=INSTEAD)
            return None
        with file.open("rb") as opened:
            return opened.read().decode()
    except UnicodeDecodeError:
        faults.add(
            path,
            f"{shown} is not UTF-8 text",
            code=Code.CONTENT,
            fix="The stack keeps values as text. Put binary data into object storage (R2).",
        )
    except OSError as error:
        faults.add(
            path,
            f"{shown} cannot be read: {error.strerror}",
            code=Code.NO_FILE,
            fix="Paths are relative to the program's folder.",
        )
    return None


def _file(given: str, faults: Faults) -> list[tuple[str, Entry]]:
    path, file = "seed.file", program_file(given)
    if file.suffix not in SUFFIXES:
        faults.add(path, f"{show(given)} is of no known kind", code=Code.FILE_KIND, allowed=", ".join(SUFFIXES))
        return []
    if file.suffix in (".yaml", ".yml"):
        try:
            return _pairs(given, read_document(file, given).data, faults)
        except DocumentError as error:
            faults.add(path, str(error), code=Code.CONTENT)
            return []
    text = _read(path, file, given, faults)
    if text is None:
        return []
    if file.suffix == ".json":
        try:
            return _pairs(given, json.loads(text), faults)
        except json.JSONDecodeError as error:
            faults.add(path, f"{given}:{error.lineno}:{error.colno}: not JSON: {error.msg}", code=Code.CONTENT)
            return []
        except RecursionError:
            faults.add(path, f"{given} is nested too deeply to be read", code=Code.CONTENT)
            return []
    return _lines(given, text, faults)


def _pairs(given: str, data: object, faults: Faults) -> list[tuple[str, Entry]]:
    if not isinstance(data, Mapping):
        faults.add(
            "seed.file", f"{given} does not hold a mapping", code=Code.CONTENT, allowed="one mapping of keys to values"
        )
        return []
    return [(f"{given}: {show(str(key))}", Entry(str(key), value)) for key, value in data.items()]


def _lines(given: str, text: str, faults: Faults) -> list[tuple[str, Entry]]:
    entries = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        at = f"{given}:{number}"
        try:
            entry = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            faults.add("seed.file", f"{at}: not JSON: {reason}", code=Code.CONTENT)
            continue
        if not isinstance(entry, dict) or not isinstance(entry.get("key"), str) or entry.get("value") is None:
            faults.add(
                "seed.file",
                f"{at}: not an entry",
                code=Code.CONTENT,
                allowed='{"key": text, "value": anything, "metadata"?, "ttl"?}',
            )
            continue
        unknown = sorted(set(entry) - set(FIELDS))
        if unknown:
            faults.add(
                "seed.file", f"{at}: has the unknown field {unknown[0]!r}", code=Code.CONTENT, allowed=", ".join(FIELDS)
            )
        entries.append((at, Entry(entry["key"], entry["value"], entry.get("metadata"), entry.get("ttl"))))
    return entries


def _directory(given: str, faults: Faults) -> list[tuple[str, Entry]]:
    folder = program_file(given)
    if not folder.is_dir():
        faults.add(
            "seed.directory",
            f"{show(given)} is not a folder",
            code=Code.NO_FILE,
            fix="Paths are relative to the program's folder.",
        )
        return []
    entries = []
    for file in sorted(item for item in folder.rglob("*") if item.is_file()):
        key = file.relative_to(folder).as_posix()
        if any(part.startswith(".") for part in key.split("/")):
            continue
        text = _read("seed.directory", file, f"{given}/{key}", faults)
        if text is not None:
            entries.append((f"{given}/{key}", Entry(key, text)))
    return entries
