"""Write the JSON Schemas of the contracts with the code at the edge, and data that it shares with Python, as TypeScript
(into the schemas' parent folder): `python -m tools.generate [OUTPUT_DIR]`.

The pydantic models are the one definition. The schemas describe the documents as they are written, with every default
written out, so a field is only optional there where it may really be absent.
"""

import argparse
import json
import textwrap
from pathlib import Path
from typing import Any

from edgewright.contract import EdgeSettings
from edgewright.contract import cache_parts as _cache_parts
from edgewright.contract import claims as _claims
from edgewright.contract import countries as _countries
from edgewright.contract import features as _features
from edgewright.contract.limits import limit
from edgewright.platforms.protocol import Deployment
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

ROOT = Path(__file__).resolve().parent.parent
TABLES = {"features": _features.table, "cache-parts": _cache_parts.table}
SCHEMAS: dict[str, type[BaseModel]] = {"settings": EdgeSettings, "deployment": Deployment}


class _Schema(GenerateJsonSchema):
    """Describes complete documents, and leaves out the title of each field.

    A type generator would make a named type of every title.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: ARG002
        return True


def schema_text(model: type[BaseModel]) -> str:
    """Return the JSON Schema of a model as the text of its file."""
    schema = model.model_json_schema(mode="serialization", schema_generator=_Schema)
    schema = {"$schema": _Schema.schema_dialect, **schema}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def generate(directory: Path) -> list[Path]:
    """Write every schema into a directory and return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, model in SCHEMAS.items():
        path = directory / f"{name}.schema.json"
        path.write_text(schema_text(model), encoding="utf-8")
        written.append(path)
    for name, table in TABLES.items():
        path = directory / f"{name}.json"
        path.write_text(json.dumps(table(), indent=2) + "\n", encoding="utf-8")
        written.append(path)
    return written


LIMITS = {
    "WORKERS_CPU_MS": "cloudflare.workers.cpu_ms",
    "WORKERS_CPU_MS_GUARDRAIL": "cloudflare.workers.cpu_ms_guardrail",
    "WORKERS_MEMORY_BYTES": "cloudflare.workers.memory_bytes",
    "KV_VALUE_BYTES": "cloudflare.kv.value_bytes",
    "VIEWER_BODY_BYTES": "lambda_edge.viewer.body_bytes",
    "ORIGIN_BODY_BYTES": "lambda_edge.origin.body_bytes",
    "VIEWER_RESPONSE_BYTES": "lambda_edge.viewer.response_bytes",
    "ORIGIN_RESPONSE_BYTES": "lambda_edge.origin.response_bytes",
    "LAMBDA_EDGE_TIMEOUT_S": "lambda_edge.origin.timeout_s",
    "CLOUDFRONT_URL_BYTES": "cloudfront.url_bytes",
    "CLOUDFRONT_REQUEST_BYTES": "cloudfront.request_bytes",
    "CLOUDFRONT_FUNCTION_CODE_BYTES": "cloudfront.functions.code_bytes",
    "KVS_KEY_BYTES": "cloudfront.kvs.key_bytes",
    "KVS_VALUE_BYTES": "cloudfront.kvs.value_bytes",
    "INVALIDATION_PATHS": "cloudfront.invalidation.paths",
    "INVALIDATION_TAG_CHARACTERS": "cloudfront.invalidation.tag_characters",
    "OBJECT_TAGS": "cloudfront.object_tags",
}
"""Limits that code at the edge and in the gateway needs, by their names there."""


def _limits() -> str:
    lines = ["// Generated from components/edgewright/contract/limits. Run `make build`; do not edit.", ""]
    for name, limit_id in LIMITS.items():
        found = limit(limit_id)
        lines += [f"/** {found.title}: {found.source} */", f"export const {name} = {int(found.value)};"]
    return "\n".join(lines) + "\n"


def _header_claims() -> str:
    lines = [
        "// Generated from components/edgewright/contract/claims.py, which says what each list is. Run `make build`; do not edit.",
        "",
    ]
    for name, members in (
        ("PROXY", _claims.PROXY),
        ("CLAIMS", _claims.CLAIMS),
        ("CREDENTIALS", _claims.CREDENTIALS),
        ("HOP_BY_HOP", _claims.HOP_BY_HOP),
    ):
        text = "\n".join(textwrap.wrap(" ".join(sorted(members)), 116, break_on_hyphens=False))
        lines += [f"export const {name}: ReadonlySet<string> = new Set(", f"  `{text}`.split(/\\s/),", ");"]
    for name, parts in (
        ("PROXY_PREFIXES", _claims.PROXY_PREFIXES),
        ("CLAIMS_PREFIXES", _claims.CLAIMS_PREFIXES),
        ("CLAIMS_ENDINGS", _claims.CLAIMS_ENDINGS),
    ):
        lines.append(f'export const {name}: readonly string[] = "{" ".join(parts)}".split(" ");')
    return "\n".join(lines) + "\n"


def data_files() -> dict[str, str]:
    """Return the TypeScript data that is written from Python's, by its path under `edge`."""
    return {
        "src/core/claims.gen.ts": _header_claims(),
        "src/core/limits.gen.ts": _limits(),
        "src/gateway/data/countries.ts": (
            "// Every country of ISO 3166-1 alpha-2: its continent, a Cloudflare data centre that commonly serves it, and one\n"
            "// representative place with its coordinates and time zone (gap `geo-representative`).\n"
            "// Generated from components/edgewright/contract/countries.py. Run `make build`; do not edit.\n"
            "//\n"
            "// country, continent, colo, latitude, longitude, time zone, city\n"
            f"export const COUNTRY_ROWS = `\n{_countries.gateway_rows()}\n`;\n"
        ),
    }


def generate_data(directory: Path) -> None:
    """Write the TypeScript data into a directory that stands for `edge`."""
    for name, text in data_files().items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description=__doc__)
    parser.add_argument("output", nargs="?", type=Path, default=ROOT / "edge" / "schema", help="Directory to write to.")
    output: Path = parser.parse_args().output
    generate(output)
    generate_data(output.parent)


if __name__ == "__main__":
    main()
