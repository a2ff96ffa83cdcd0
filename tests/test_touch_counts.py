"""What counts as touched by hand."""

import pytest

from tools.touch_counts import by_hand

pytestmark = pytest.mark.fast


def test_tests_docs_and_what_is_generated_do_not_count() -> None:
    files = [
        "CHANGELOG.md",
        "README.md",
        "components/edgewright/_bundles/gateway.mjs",
        "components/edgewright/edge_api.py",
        "docs/components/bindings.md",
        "docs/local-cloud-gaps.md",
        "edge/schema/settings.schema.json",
        "edge/src/core/features/cors.ts",
        "edge/src/core/settings.gen.ts",
        "edge/test/contract/suite.ts",
        "tests/golden/schema.json",
    ]
    assert by_hand(files) == ["components/edgewright/edge_api.py", "edge/src/core/features/cors.ts"]
