"""What a deployed stack consists of, as far as a purge needs to know it: read from its state (`pulumi stack export`)."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edgewright.base.errors import InfrastructureError, ProjectError
from edgewright.base.fault_codes import Code
from edgewright.base.project import Project
from edgewright.contract.purge import NEVER, Fault, Purge, QueryKey, never
from edgewright.engine.resources import State
from edgewright.platforms import DEFAULT
from edgewright.platforms.purging import Function

EDGE_API = "edgewright:index:EdgeApi"
EXPORT_TIMEOUT_S = 120
MOST_BYTES = 256 * 1024 * 1024
_SECRET = "4dabf18193072939515e22adb298388d"
"""Pulumi's mark of a secret in a state."""


def unserved(purge: Purge, functions: Sequence[Function]) -> list[Fault]:
    """Return, of sound URLs and prefixes, what can be in no cache of these functions: each with why."""
    found: list[Fault] = []
    # A distribution stores what its origins answer by themselves, too.
    strict = not any(function.as_sent or function.distribution is not None for function in functions)
    told = all(function.urls for function in functions)
    names = [name for function in functions for name in (*function.hosts, *function.patterns)]
    for option, targets in (("--url", purge.urls), ("--prefix", purge.prefixes)):
        for target in targets:
            why = never(target, as_sent=False) if strict else None
            if why is not None:
                found.append(Fault(f"{NEVER}: {why}", option, target, Code.NEVER_SERVED))
            host = urlsplit(target).netloc.lower()
            if host and told and not any(function.has_host(host) for function in functions):
                hosts = ", ".join(dict.fromkeys(names))
                why = f"the stack has no host {host}. With a cache it has: {hosts}. A path alone means all of them."
                found.append(Fault(why, option, target))
    return found


def functions(state: State, where: str) -> tuple[Function, ...]:
    """Return the functions with a cache that a state holds.

    Raises:
        ProjectError: it is no state, what a purge needs is secret in it, or it has no such function.
    """
    try:
        resources = state["deployment"]["resources"]
        found = [_function(resource) for resource in resources if resource.get("type") == EDGE_API]
    except (KeyError, TypeError, AttributeError):
        raise ProjectError(
            f"{where}: is not a stack's state; write one with: pulumi stack export --file state.json", Code.SYNTAX
        ) from None
    except _Hidden as error:
        raise ProjectError(
            f"{where}: {error} is secret; write the state with: pulumi stack export --show-secrets --file state.json",
            Code.SYNTAX,
        ) from None
    cached = tuple(function for function in found if function.keys)
    if not cached:
        raise ProjectError(f"{where}: has no EdgeApi with a cache, so that there is nothing to purge", Code.NOTHING)
    return cached


class _Hidden(Exception):
    """A value that a purge needs is secret in the state."""


def _open(value: Any, name: str) -> Any:
    if isinstance(value, dict) and _SECRET in value:
        if "plaintext" not in value:
            raise _Hidden(name)
        return _open(json.loads(value["plaintext"]), name)
    if isinstance(value, dict):
        return {key: _open(item, f"{name}.{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_open(item, f"{name}[{index}]") for index, item in enumerate(value)]
    return value


def _function(resource: State) -> Function:
    inputs, outputs = resource.get("inputs") or {}, resource.get("outputs") or {}

    def get(document: State, *names: str) -> Any:
        for name in names:
            if name in document:
                return _open(document[name], name)
        return None

    settings = get(outputs, "settings") or {}
    specs = [endpoint["cache"] for endpoint in settings.get("endpoints", ()) if endpoint.get("cache")]
    distribution = get(outputs, "distribution") or {}
    namespaces: dict[str, None] = {}
    for endpoint in get(inputs, "endpoints") or ():
        for binding in (endpoint.get("cache") or {}).get("bindings", ()):
            namespaces[str(binding.get("namespace_id") or binding["namespaceId"])] = None
    platform = get(inputs, "host") or DEFAULT
    options = get(inputs, platform) or {}
    return Function(
        platform=str(platform),
        script_name=str(get(outputs, "scriptName", "script_name")),
        urls=tuple(get(outputs, "urls") or ()),
        account_id=str(get(options, "accountId", "account_id")),
        zone_id=get(options, "zoneId", "zone_id"),
        namespaces=tuple(namespaces),
        keys=tuple(map(QueryKey.of, specs)),
        front=any(spec.get("engine") == "platform" for spec in specs),
        distribution=distribution.get("id"),
        content=distribution.get("content"),
        staging=distribution.get("staging_id"),
        as_sent=settings.get("url_normalization") == "none",
        patterns=tuple(_patterns(get(options, "routes") or ())),
        fetched=tuple(_fetched(settings)) if get(options, "cacheRules", "cache_rules") else (),
        shielded=not distribution and any((spec.get("tiers") or {}).get("shield") for spec in specs),
    )


def _fetched(settings: State) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    routers = {router["name"]: router for router in settings.get("routers", ())}
    for endpoint in settings.get("endpoints", ()):
        target = endpoint.get("target") or {}
        if endpoint.get("cache") and target.get("kind") == "origin":
            origins = routers[target["router"]]["origins"]
            yield endpoint["path"], target.get("strip_prefix") or "", tuple(origin["url"] for origin in origins)


def _patterns(routes: Sequence[str]) -> Iterator[str]:
    for route in routes:
        host = str(route).rpartition("://")[2].partition("/")[0].lower()
        if host.startswith("*"):
            yield host


def read_state(project: Project, stack: str, file: str | None) -> tuple[Function, ...]:
    """Return the functions of a stack's state: of a file, of the standard input (`-`), or as the Pulumi CLI gives it.

    Raises:
        ProjectError: there is no state, or it is none.
        InfrastructureError: the Pulumi CLI fails.
    """
    text, where = export_state(project, stack, file, "purge")
    try:
        state = json.loads(text)
    except ValueError as error:
        raise ProjectError(f"{where}: is not JSON: {error}", Code.SYNTAX) from None
    return functions(state, where)


def _export(project: Project, stack: str, command_name: str) -> str:
    command = shutil.which("pulumi")
    if command is None:
        raise ProjectError(
            "the state of the stack is needed, and there is no Pulumi CLI on PATH to ask for it. Give it:"
            f" pulumi stack export --stack {stack} | edgewright {command_name} {stack} --state - ...",
            Code.UNREADABLE,
        )
    try:
        done = subprocess.run(
            [command, "stack", "export", "--stack", stack, "--non-interactive"],
            cwd=project.directory,
            capture_output=True,
            text=True,
            timeout=EXPORT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InfrastructureError(f"pulumi stack export: {error}", Code.REMOTE) from None
    if done.returncode != 0:
        raise InfrastructureError(f"pulumi stack export --stack {stack} failed:\n{done.stderr.strip()}", Code.REMOTE)
    return done.stdout


def export_state(project: Project, stack: str, file: str | None, command: str) -> tuple[str, str]:
    """Return the text of a stack's state, and where it is from: a file, the standard input (`-`), or the Pulumi CLI.
    `command` is the one that asks, for advice.

    Raises:
        ProjectError: there is no state.
        InfrastructureError: the Pulumi CLI fails.
    """
    if file is None:
        return _export(project, stack, command), f"the state of {stack}"
    if file == "-":
        return sys.stdin.read(MOST_BYTES), "the standard input"
    try:
        return Path(file).read_text(encoding="utf-8"), file
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(
            f"--state {file}: cannot be read: {getattr(error, 'strerror', None) or error}", Code.UNREADABLE
        ) from None
