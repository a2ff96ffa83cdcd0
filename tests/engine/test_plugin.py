"""The components for programs in other languages: `pulumi package`."""

import json

import pytest

from tests.engine.conftest import Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


def test_the_engine_reads_the_schema_of_the_components(engine: Engine) -> None:
    answer = engine("package", "get-schema", str(engine.project / "components"))
    assert answer.code == 0, answer.text
    schema = json.loads(answer.text[answer.text.index("{") :])
    assert {"edgewright:index:EdgeApi", "edgewright:index:CachePolicy"} <= set(schema["resources"])
