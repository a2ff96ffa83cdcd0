"""Write the JSON Schemas of the contracts with the code at the edge: `python -m tools.generate [OUTPUT_DIR]`.

The pydantic models are the one definition. The schemas describe the documents as they are written, with every default
written out, so a field is only optional there where it may really be absent.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from edgewright.local.protocol import Deployment
from edgewright.spec import EdgeSettings
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

ROOT = Path(__file__).resolve().parent.parent
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
    return written


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description=__doc__)
    parser.add_argument("output", nargs="?", type=Path, default=ROOT / "edge" / "schema", help="Directory to write to.")
    generate(parser.parse_args().output)


if __name__ == "__main__":
    main()
