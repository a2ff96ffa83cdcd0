"""The components' public schema as other Pulumi languages see it: `python -m tools.schema` writes the golden file."""

import json
import sys
from pathlib import Path

from edgewright._provider import EdgewrightProvider

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden" / "schema.json"


def public_schema(provider: EdgewrightProvider) -> str:
    """Return the provider's schema as the golden file keeps it."""
    if provider.schema is None:
        raise RuntimeError("the provider has no schema")
    return json.dumps(json.loads(provider.schema), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> int:
    GOLDEN.write_text(public_schema(EdgewrightProvider()), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
