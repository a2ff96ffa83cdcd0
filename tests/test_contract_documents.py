"""The documents that Python and TypeScript share: their schemas are fresh, and what Python writes fits them."""

import json
from pathlib import Path

import jsonschema
import pytest
from edgewright.contract import (
    CacheSpec,
    EdgeSettings,
    EndpointSpec,
    KvTier,
    OriginSpec,
    OriginTarget,
    RouterSpec,
)
from edgewright.contract.models import CacheTiers
from edgewright.platforms.protocol import Deployment, Share, Version, Worker

from tools import fresh, generate

SCHEMAS = Path(__file__).resolve().parent.parent / "edge" / "schema"


@pytest.mark.parametrize("name", sorted(generate.SCHEMAS))
def test_schema_in_the_repository_is_what_the_models_say(name: str) -> None:
    kept = (SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8")
    assert kept == generate.schema_text(generate.SCHEMAS[name]), "run `make build`"


@pytest.mark.parametrize("name", sorted(generate.data_files()))
def test_typescripts_data_is_what_python_says(name: str) -> None:
    kept = (SCHEMAS.parent / name).read_text(encoding="utf-8")
    assert kept == generate.data_files()[name], "run `make build`"


def _validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def _settings() -> EdgeSettings:
    tiers = CacheTiers(kv=KvTier(binding="CACHE", ttl_s=3600, jitter_s=(3600, 4200)))
    return EdgeSettings(
        name="api",
        endpoints=(EndpointSpec(path="/a", target=OriginTarget(router="r"), cache=CacheSpec(name="c", tiers=tiers)),),
        routers=(
            RouterSpec(
                name="r",
                origins=(OriginSpec(region="us", url="https://o.test"),),
                fallback="us",
                order={"us": ("us",)},
            ),
        ),
    )


def test_settings_written_whole_fit_the_schema() -> None:
    _validator("settings").validate(json.loads(_settings().model_dump_json()))


def test_settings_without_their_defaults_do_not_fit_the_schema() -> None:
    document = json.loads(_settings().model_dump_json(exclude_defaults=True))
    assert not _validator("settings").is_valid(document), "TypeScript reads every field without asking"


def test_deployment_fits_the_schema() -> None:
    version = Version(id="v1", modules=[], main_module="main.js")
    worker = Worker(name="api", versions=[version], deployment=[Share(version_id="v1", percentage=100)])
    _validator("deployment").validate(json.loads(Deployment(stack="local", workers=[worker]).model_dump_json()))


def test_differences_name_each_file_that_is_not_fresh() -> None:
    kept = {"same.js": b"1", "stale.js": b"1", "old-chunk.js": b"1"}
    made = {"same.js": b"1", "stale.js": b"2", "new-chunk.js": b"1"}
    assert fresh.differences(kept, made, "bundles") == [
        "bundles/new-chunk.js: missing",
        "bundles/old-chunk.js: left over, nothing makes it",
        "bundles/stale.js: stale",
    ]


def test_fresh_refuses_types_that_rest_on_stale_schemas(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edge = tmp_path / "edge"
    generate.generate(edge / "schema")
    (edge / "schema" / "settings.schema.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(fresh, "EDGE", edge)
    assert fresh.main() == 1
    assert capsys.readouterr().err == (
        "edge/schema/settings.schema.json: stale\nRun `make build` and commit the result.\n"
    )
