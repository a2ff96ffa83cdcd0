"""A stack's settings: `Pulumi.<stack>.yaml` read, told about in full, and handed to the program as Pulumi would.

There are three readers of a stack's settings, and one set of rules for all:

- the `edgewright` command, before anything runs: :func:`read_stack` and :func:`check_settings`;
- the program, under the real engine or under edgewright: :func:`load_settings`;
- an editor, through the JSON Schema of `edgewright schema`: :func:`stack_schema`.
"""

import difflib
import json
import os
import re
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from edgewright.base.document import Document, DocumentError, KeyPath, read_document
from edgewright.base.errors import ProjectError
from edgewright.base.fault import ProjectFault
from edgewright.base.fault_codes import Code
from edgewright.base.numbers import number_range
from edgewright.config.models import FaultAt, StackSettings

if TYPE_CHECKING:
    from edgewright.base.project import Project

TOOL_NAMESPACE: Final = "edgewright"
"""Namespace of the settings of edgewright's own tools."""

_KEY = re.compile(r"(?P<namespace>[^:\s]+):(?:config:)?(?P<name>[^:\s]+)")
_FILE_KEYS: Final = ("config", "environment", "encryptionsalt", "encryptedkey", "secretsprovider")
_SHOWN_VALUE: Final = 80
_NEARLY: Final = 0.8
"""How like edgewright's own a namespace is that must be a misspelling: two of its letters are other ones."""

_POLICIES: Final = f"{TOOL_NAMESPACE}:policies"

Settings = TypeVar("Settings", bound=StackSettings)


@dataclass(frozen=True)
class StackConfig:
    """One stack's settings as its file gives them."""

    file: Path
    shown: str
    """The file as messages name it."""
    data: Mapping[str, object]
    """Values by full key (`namespace:key`), defaults of Pulumi.yaml beneath them, `secure:` values filled in."""
    secret_keys: frozenset[str] = frozenset()
    document: Document | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    """Full key to the key as the file writes it, where they differ (`ns:config:key`)."""
    placeholders: tuple[str, ...] = ()
    """Secrets that no environment variable gave: the program sees a placeholder."""
    faults: tuple[ProjectFault, ...] = ()
    """Faults of the file's own keys, where they were asked for; see :func:`read_stack`."""

    def for_pulumi(self) -> dict[str, str]:
        """Return the values as the engine hands them to a program: texts, and JSON for lists and mappings."""
        return {key: _engine_text(value) for key, value in self.data.items() if value is not None}

    def line(self, path: KeyPath) -> int:
        """Return the line of a key path that starts with a full key."""
        if self.document is None:
            return 1
        if path:
            path = (self.origins.get(str(path[0]), path[0]), *path[1:])
        return self.document.line(("config", *path))

    def fault(self, path: KeyPath, message: str, code: Code = Code.SETTING) -> ProjectFault:
        """Return what is wrong with the value of a key path that starts with a full key."""
        line = self.line(path)
        return ProjectFault(f"{self.shown}:{line}: {_dotted(path)}: {message}", code, line=line)


def _engine_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def secret_variable(path: Iterable[str | int]) -> str:
    """Return the environment variable that gives a `secure:` value where Pulumi's secrets provider is not there.

    `products-api:apiToken` is `EDGEWRIGHT_SECRET_PRODUCTS_API_APITOKEN`; inside a list or mapping, the keys and
    indexes follow, each after an underscore.
    """
    text = "_".join(str(part) for part in path)
    return "EDGEWRIGHT_SECRET_" + re.sub(r"[^A-Za-z0-9]+", "_", text).upper()


def read_stack(
    project: "Project", stack: str, environment: Mapping[str, str] | None = None, *, keep_faults: bool = False
) -> StackConfig:
    """Read a stack's settings file.

    Args:
        project: the project.
        stack: the stack's name.
        environment: where secrets are looked for (:func:`secret_variable`); the process's own where it is not given.
        keep_faults: leave faults of single keys in :attr:`StackConfig.faults`, for :func:`check_settings` to tell with
            all others.

    Raises:
        ProjectError: the file is missing, cannot be read, or is not a stack's settings file.
    """
    environment = os.environ if environment is None else environment
    file = project.require_stack(stack)
    shown = project.shown(file)
    try:
        document = read_document(file, shown)
    except DocumentError as error:
        raise ProjectError(str(error), Code.SYNTAX) from None
    data = {} if document.data is None else document.data
    faults: list[ProjectFault] = []

    def fault(path: KeyPath, message: str) -> None:
        line = document.line(path)
        faults.append(ProjectFault(f"{shown}:{line}: {path[-1]}: {message}", Code.SETTING, line=line))

    if not isinstance(data, dict):
        raise ProjectError(f"{shown}:1: must be a mapping with the key `config`", Code.SYNTAX)
    for key in data:
        if key not in _FILE_KEYS:
            hint = _near(key, _FILE_KEYS)
            if _KEY.fullmatch(key):
                hint = "; settings go under `config:`"
            fault((key,), f"is not a key of a stack's settings file{hint}")
    config = data.get("config") or {}
    if not isinstance(config, dict):
        fault(("config",), f"must be a mapping, got {_show(config)}")
        config = {}
    values: dict[str, Any] = dict(project.config)
    origins: dict[str, str] = {}
    secrets: set[str] = set()
    placeholders: list[str] = []
    for key, value in config.items():
        match = _KEY.fullmatch(key)
        if match is None:
            fault(
                ("config", key),
                f"a setting's key is `namespace:name`; write {project.name}:{key.replace(':', '-')}",
            )
            continue
        full = f"{match['namespace']}:{match['name']}"
        if full in origins:
            fault(("config", key), f"is the same setting as {origins[full]}; keep one")
        origins[full] = key
        if (meant := _misspelt(match["namespace"], project.name)) is not None:
            fault(("config", key), meant)
        found: list[tuple[str | int, ...]] = []
        values[full] = _fill_secrets(value, (full,), environment, found, placeholders)
        if found:
            secrets.add(full)
    if faults and not keep_faults:
        raise ProjectError(faults)
    return StackConfig(file, shown, values, frozenset(secrets), document, origins, tuple(placeholders), tuple(faults))


def _misspelt(namespace: str, project: str) -> str | None:
    """Return what to say of a namespace that is nearly edgewright's own, whose settings nobody would read; else None."""
    lower = namespace.lower()
    if namespace in (TOOL_NAMESPACE, project):
        return None
    if not difflib.get_close_matches(lower, [TOOL_NAMESPACE], n=1, cutoff=_NEARLY):
        return None
    return f"nobody reads the namespace {namespace}; did you mean {TOOL_NAMESPACE}?"


def _fill_secrets(
    value: Any, path: KeyPath, environment: Mapping[str, str], found: list[KeyPath], placeholders: list[str]
) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"secure"} and isinstance(value["secure"], str):
            found.append(path)
            variable = secret_variable(path)
            if variable in environment:
                return environment[variable]
            placeholders.append(variable)
            return f"placeholder-for-{variable.lower().replace('_', '-')}"
        return {key: _fill_secrets(item, (*path, key), environment, found, placeholders) for key, item in value.items()}
    if isinstance(value, list):
        return [
            _fill_secrets(item, (*path, index), environment, found, placeholders) for index, item in enumerate(value)
        ]
    return value


def check_settings(model: type[Settings], config: StackConfig, project: str) -> Settings:
    """Validate a stack's settings.

    Keys of the namespaces `edgewright` and the project's own belong to the model; those of others (a provider's, such
    as `cloudflare:apiToken`) are free.

    Raises:
        ProjectError: with every fault, each with file, line, key, the value and what is allowed.
    """
    owned = {key: value for key, value in config.data.items() if key.split(":", 1)[0] in _owned(model, project)}
    found = list(config.faults)
    told: set[KeyPath] = set()
    # These say more of a plan, a limit or a policy than its type does.
    for path, message in _guards_faults(owned, config.secret_keys):
        told.add(path)
        found.append(config.fault(path, message, Code.POLICY if path[0] == _POLICIES else Code.SETTING))
    settings = None
    try:
        settings = model.model_validate(owned)
    except ValidationError as error:
        found += _explained(model, error, config, owned, told)
    if found or settings is None:
        raise ProjectError(sorted(dict.fromkeys(found), key=lambda fault: fault.line))
    return settings


def _guards_faults(owned: Mapping[str, object], secret_keys: frozenset[str]) -> list[tuple[KeyPath, str]]:
    """Return what the policies and the limits find wrong with their own settings. A wrong shape is told elsewhere."""

    def mapping(value: Any) -> dict[Any, Any] | None:
        return value if isinstance(value, dict) and value else None

    policies = mapping(owned.get(_POLICIES))
    limits = mapping(owned.get("edgewright:limits")) or {}
    limits = {name: found for name in ("plans", "overrides") if (found := mapping(limits.get(name)))}
    if not policies and not limits:
        return []
    from edgewright_policies.pack import settings_faults

    return [
        (tuple(path), "is encrypted, and its value is not allowed" if path[0] in secret_keys else message)
        for path, message in settings_faults(policies, limits)
    ]


def _owned(model: type[BaseModel], project: str) -> tuple[str, ...]:
    """Return the namespaces that the model knows whole. A project without a model of its own keeps its keys free."""
    own = any((info.alias or name).startswith(f"{project}:") for name, info in model.model_fields.items())
    return (TOOL_NAMESPACE, project) if own else (TOOL_NAMESPACE,)


def load_settings(model: type[Settings]) -> Settings:
    """Read and validate the stack's settings inside a Pulumi program.

    Works the same under the Pulumi engine and under edgewright. Where the stack's settings file is found, faults name
    its lines.

    ```python
    settings = load_settings(Settings)
    ```

    Args:
        model: a subclass of :class:`edgewright.config.StackSettings` whose fields have the settings' full keys as
            aliases. A field for a secret (`pulumi config set --secret`) is a `pydantic.SecretStr`.

    Raises:
        pulumi.RunError: with every fault; it prints without a traceback.
    """
    import pulumi
    from pulumi.runtime import config as runtime

    from edgewright.base.faults import SettingsFaults
    from edgewright.base.project import Project

    project = pulumi.get_project()
    texts: dict[str, Any] = {**(runtime.get_config_env() or {}), **runtime.CONFIG.get()}
    aliases = {info.alias or name: info for name, info in model.model_fields.items()}
    owned: dict[str, Any] = {}
    faults: list[ProjectFault] = []
    config = StackConfig(Path(), "config", texts)
    try:
        root = Path(pulumi.runtime.get_root_directory() or ".")
        # Faults of single keys are told below, with the others.
        config = read_stack(Project.load(root), pulumi.get_stack(), keep_faults=True)
    except ProjectError:
        # Settings may come from elsewhere (an environment of Pulumi ESC, the Automation API): then without lines.
        pass
    for key, text in texts.items():
        if (meant := _misspelt(key.split(":", 1)[0], project)) is not None:
            faults.append(config.fault((key,), meant))
        if key.split(":", 1)[0] not in _owned(model, project):
            continue
        info = aliases.get(key)
        owned[key] = _decode_text(text, info)
        if info is not None and runtime.is_config_secret(key) and not _has_secret(info):
            faults.append(
                config.fault(
                    (key,),
                    "is encrypted, but its setting is plain and would end in the state as such; declare the field as"
                    " pydantic.SecretStr, or set it without --secret",
                )
            )
    try:
        settings = model.model_validate(owned)
    except ValidationError as error:
        faults += explain(model, error, config, owned)
    if faults:
        raise SettingsFaults(faults)
    return settings


def _decode_text(text: Any, info: FieldInfo | None) -> Any:
    """Return the value behind a text of the engine's. Numbers and booleans are left to pydantic's own reading."""
    if not isinstance(text, str) or not text.lstrip().startswith(("[", "{")):
        return text
    if info is not None and set(_members(info.annotation)) & {str, SecretStr}:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _members(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the annotation itself, without Annotated."""
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return tuple(member for arg in typing.get_args(annotation) for member in _members(arg))
    return (annotation,)


def _has_secret(info: FieldInfo) -> bool:
    def search(annotation: Any) -> bool:
        for member in _members(annotation):
            if member is SecretStr:
                return True
            if isinstance(member, type) and issubclass(member, BaseModel):
                if any(search(inner.annotation) for inner in member.model_fields.values()):
                    return True
            elif any(search(argument) for argument in typing.get_args(member)):
                return True
        return False

    return search(info.annotation)


# --- faults ----------------------------------------------------------------------------------------------------------


def explain(model: type[BaseModel], error: ValidationError, config: StackConfig, data: Any) -> list[ProjectFault]:
    """Return one line a fault: `file:line: key: what is wrong, got what; what is allowed, the fix`."""
    return sorted(_explained(model, error, config, data, set()), key=lambda fault: fault.line)


def _explained(
    model: type[BaseModel], error: ValidationError, config: StackConfig, data: Any, told: set[KeyPath]
) -> list[ProjectFault]:
    """Return the faults, one a value: of what may be of several types, each type has a fault of its own."""
    found: dict[KeyPath, ProjectFault] = {}
    for detail in error.errors(include_url=False):
        told_elsewhere = detail.get("ctx", {}).get("error")
        location = told_elsewhere.path if isinstance(told_elsewhere, FaultAt) else detail["loc"]
        path, last_model, info = _resolve(model, location, data, missing=detail["type"] == "missing")
        if path in told:
            continue
        message = _message(detail, path, last_model, info, config.secret_keys)
        if detail["type"] in ("int_parsing", "int_type", "int_from_float") and path in found:
            continue
        found[path] = config.fault(path, message)
    return list(found.values())


def _dotted(path: KeyPath) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "config"


def _resolve(
    model: type[BaseModel], location: tuple[str | int, ...], data: Any, missing: bool
) -> tuple[KeyPath, type[BaseModel] | None, FieldInfo | None]:
    """Return the key path in the data that pydantic's location means, its model and its field.

    A location also has parts that are no keys: members of unions, `[key]` of a mapping.
    """
    path: list[str | int] = []
    current: Any = data
    annotation: Any = model
    owner: type[BaseModel] | None = model
    info: FieldInfo | None = None
    for position, part in enumerate(location):
        final = position == len(location) - 1
        is_key = (isinstance(current, Mapping) and part in current) or (
            isinstance(current, (list, tuple)) and isinstance(part, int) and part < len(current)
        )
        if not is_key and not (final and missing):
            continue
        path.append(part)
        models = [m for m in _members(annotation) if isinstance(m, type) and issubclass(m, BaseModel)]
        found: FieldInfo | None = None
        for candidate in models:
            for name, field_info in candidate.model_fields.items():
                if part in (name, field_info.alias):
                    owner, found = candidate, field_info
        if found is not None:
            info, annotation = found, found.annotation
        else:
            owner = models[0] if models else None
            inner = [arg for m in _members(annotation) for arg in typing.get_args(m) if arg is not Ellipsis]
            annotation = inner[-1] if inner else None
            if models:
                info = None
        if is_key:
            current = current[part]
    return tuple(path), owner, info


def _message(
    detail: Any, path: KeyPath, owner: type[BaseModel] | None, info: FieldInfo | None, secret_keys: frozenset[str]
) -> str:
    kind, value, context = detail["type"], detail.get("input"), detail.get("ctx", {})
    meaning = f" ({info.description.rstrip('.')})" if info is not None and info.description else ""
    if kind == "missing":
        return f"is required and missing; add it{meaning}"
    if kind == "extra_forbidden":
        known = sorted(inner.alias or name for name, inner in owner.model_fields.items()) if owner else []
        near = _near(str(path[-1]), known)
        return f"unknown key{near}; allowed: {', '.join(known)}"
    text = str(detail["msg"])
    for prefix in ("Value error, ", "Assertion failed, "):
        if text.startswith(prefix):
            return text.removeprefix(prefix)
    text = re.sub(r"^(?:Input|Value|String|Tuple|List|Dictionary|Field) should ", "must ", text)
    text = re.sub(r"^must match pattern '(.*)'$", r"must match \1", text)
    if kind in ("bool_parsing", "bool_type"):
        text = "must be true or false"
    elif kind in ("model_type", "model_attributes_type", "dict_type"):
        text = "must be a mapping"
    elif kind in ("tuple_type", "list_type"):
        text = "must be a list"
    elif kind in _NUMBER_KINDS:
        text = f"must be {_numbers(kind, context, info)}"
    shown = "a secret" if path and str(path[0]) in secret_keys else _show(value)
    expected = context.get("expected")
    near = ""
    if isinstance(expected, str) and isinstance(value, str):
        near = _near(value, re.findall(r"'([^']*)'", expected))
    return f"{text[0].lower()}{text[1:]}, got {shown}{near}{meaning}"


_NUMBER_KINDS = frozenset(
    [
        "int_parsing",
        "int_type",
        "int_from_float",
        "float_parsing",
        "float_type",
        "finite_number",
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
    ]
)


def _numbers(kind: str, context: Mapping[str, Any], info: FieldInfo | None) -> str:
    """Return in words which numbers a field takes: by its own bounds, or by the one that was missed."""
    bounds = dict(context)
    # Of an optional number, the bounds are of one of its kinds.
    kinds = [info.annotation, *get_args(info.annotation)] if info is not None else []
    for each in [*(info.metadata if info is not None else []), *(data for of in kinds for data in _metadata(of))]:
        for name in ("gt", "ge", "lt", "le"):
            if getattr(each, name, None) is not None:
                bounds[name] = getattr(each, name)
    whole = kind.startswith("int_") or any(int in (of, getattr(of, "__origin__", None)) for of in kinds)
    least, most = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
    return number_range(
        whole, least, most, above="ge" not in bounds and "gt" in bounds, below="le" not in bounds and "lt" in bounds
    )


def _metadata(of: Any) -> Iterator[Any]:
    """Yield what an `Annotated` type says of its values."""
    for each in getattr(of, "__metadata__", ()):
        yield from (*each.metadata,) if isinstance(each, FieldInfo) else (each,)


def _near(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known word, compared with and without its namespace."""
    names = list(known)
    tails = {name.split(":", 1)[-1].lower().replace("_", ""): name for name in names}
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if not near:
        tail = difflib.get_close_matches(word.split(":", 1)[-1].lower().replace("_", ""), list(tails), n=1, cutoff=0.7)
        near = [tails[found] for found in tail]
    return f"; did you mean {near[0]}?" if near else ""


def _show(value: Any) -> str:
    """Return a value as messages show it: short, and never a nested structure in full."""
    if isinstance(value, Mapping):
        return f"a mapping of {len(value)} keys" if value else "an empty mapping"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)} items" if value else "an empty list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    return text if len(text) <= _SHOWN_VALUE else f"{text[:_SHOWN_VALUE]}... ({len(text)} characters)"


# --- the editor's schema -----------------------------------------------------------------------------------------------


def stack_schema(model: type[StackSettings], project: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a stack's settings file.

    An encrypted value (`secure: ...`) is allowed wherever a text is. Keys of other namespaces are free.
    """
    schema = model.model_json_schema(by_alias=True, mode="validation")
    definitions = {name: _allow_secure(definition) for name, definition in schema.pop("$defs", {}).items()}
    schema = _allow_secure(schema)
    schema.pop("additionalProperties", None)
    # Free, but for the two namespaces whose keys are all known.
    known = "|".join(map(re.escape, _owned(model, project)))
    others = f"^(?!(?:{known}):)[^:\\s]+:[^\\s]+$"
    schema["patternProperties"] = {others: {}}
    schema["additionalProperties"] = False
    definitions["secure"] = {
        "type": "object",
        "properties": {"secure": {"type": "string"}},
        "required": ["secure"],
        "additionalProperties": False,
        "description": "A value that Pulumi encrypted (`pulumi config set --secret`).",
    }
    text = {"type": "string"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Settings of a stack of {project}",
        "type": "object",
        "properties": {
            "config": schema,
            "environment": {"description": "Pulumi ESC environments."},
            "encryptionsalt": text,
            "encryptedkey": text,
            "secretsprovider": text,
        },
        "additionalProperties": False,
        "$defs": definitions,
    }


def _allow_secure(node: Any) -> Any:
    if isinstance(node, list):
        return [_allow_secure(item) for item in node]
    if not isinstance(node, dict):
        return node
    result = {
        key: value if key in ("default", "enum", "const", "examples", "required") else _allow_secure(value)
        for key, value in node.items()
    }
    if result.get("type") == "string" and "const" not in result and "enum" not in result:
        outer = {key: result.pop(key) for key in ("title", "description", "default") if key in result}
        # Marks of SecretStr: an editor would mask the text and refuse to show it.
        result.pop("writeOnly", None)
        result.pop("format", None) if result.get("format") == "password" else None
        return {**outer, "anyOf": [result, {"$ref": "#/$defs/secure"}]}
    return result
