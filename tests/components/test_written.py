"""Values as people write them: durations, sizes, rates, shares, methods and regions, in every argument that means one."""

import contextlib
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args, get_origin

import pulumi
import pytest
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace, LambdaEdgeFunction
from edgewright._provider import EdgewrightProvider
from edgewright.arguments import values
from edgewright.arguments.shape import unwrap, wire
from edgewright.arguments.values import Kind, UnreadableError
from edgewright.arguments.written import AUTH_KINDS, STRATEGIES, is_written
from edgewright.cache_policy import CachePolicyArgs
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import is_typeddict

from tests.components.program import ACCOUNT, Run, faults_of, run, settings_of
from tests.components.test_edge_api import CACHE, ROUTING
from tests.effect.walk import SHAPES, arguments

ROOT = Path(__file__).resolve().parents[2]
JWT: Any = {"issuer": "https://id.example.com", "audience": ["shop"], "jwks_url": "https://id.example.com/keys"}


# --- the parser ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("500ms", 500),
        ("90s", 90_000),
        ("1h", 3_600_000),
        ("24h", 86_400_000),
        ("30d", 2_592_000_000),
        ("1h30m", 5_400_000),
        ("1h 30min", 5_400_000),
        ("1d12h30m5s250ms", 131_405_250),
        ("1.5h", 5_400_000),
        ("0.1s", 100),
        ("2 weeks", 1_209_600_000),
        (" 1H ", 3_600_000),
        ("0s", 0),
    ],
)
def test_durations(text: str, milliseconds: int) -> None:
    assert values.duration(text) == milliseconds


@pytest.mark.parametrize(
    "text",
    ["", " ", "h", "1", "-1h", "1h-1m", "1y", "1h1h", "30m1h", "1,5h", "1e3s", "1h30", "½h", "1h" * 40, "∞s", "١h"],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UnreadableError):
        values.duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10MB", 10_000_000),
        ("25MiB", 26_214_400),
        ("1.5 KiB", 1536),
        ("10kb", 10_000),
        ("7B", 7),
        ("2 bytes", 2),
        ("1GiB", 1 << 30),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert values.size(text) == size


@pytest.mark.parametrize("text", ["", "10", "MB", "10Mb", "10Mib", "-1MB", "1MB1KB", "10 MBs", "1PB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UnreadableError):
        values.size(text)


@pytest.mark.parametrize(
    ("text", "limit", "period"),
    [
        ("100/min", 100, 60),
        ("100/m", 100, 60),
        ("100 per minute", 100, 60),
        ("10/s", 100, 10),
        ("20/10s", 20, 10),
        ("5/60s", 5, 60),
        ("0.5/s", 5, 10),
    ],
)
def test_rate_limits(text: str, limit: int, period: int) -> None:
    assert values.rate_limit((10, 60)).read(text).value == {"limit": limit, "period": period}


@pytest.mark.parametrize("text", ["", "100", "100/", "/min", "100/hour", "100/0s", "1.5/min", "100/min/min", "a/min"])
def test_what_is_no_rate_limit(text: str) -> None:
    with pytest.raises(UnreadableError):
        values.rate_limit((10, 60)).read(text)


KINDS: list[Kind] = [each for each in vars(values).values() if isinstance(each, Kind)]


def test_what_is_written_comes_out_again() -> None:
    """Thousands of values, written in each unit that has them, are read as what they were; none as a float beside it."""
    chance = random.Random(11)
    for _ in range(4000):
        left, parts = chance.randrange(1, 2**31), []
        number = left
        for unit, seconds in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
            if left // seconds and (unit == "s" or chance.random() < 0.7):
                parts.append(f"{left // seconds}{unit}")
                left %= seconds
        found = values.SECONDS.read(chance.choice(["", " "]).join(parts) or "0s").value
        if left == 0:
            assert found == number
            assert type(found) is int
        size = chance.randrange(1, 2**40)
        assert values.BYTES.read(f"{size}B").value == size
        assert values.BYTES.read(f"{size}KiB").value == size * 1024
        percent = Fraction(chance.randrange(0, 10_001), 100)
        shown = f"{float(percent):.2f}%"
        assert values.PERCENTAGE.read(shown).value == float(percent)
        assert values.SHARE.read(shown).value == float(percent / 100)
        rate = chance.randrange(1, 10**9)
        assert values.PER_SECOND.read(f"{rate}/min").value == float(Fraction(rate, 60))


def test_no_float_surprises() -> None:
    assert [values.SHARE.read(f"{each}%").value for each in (10, 30, 70, 0.1, 100)] == [0.1, 0.3, 0.7, 0.001, 1]
    assert values.SECONDS.read("1.1h").value == 3960
    assert values.MILLISECONDS.read("0.29s").value == 290


@given(st.text(max_size=12) | st.text("0159.,/%- \thsmdwiBkMGET", max_size=12))
def test_no_text_is_a_crash(text: str) -> None:
    for kind in KINDS:
        with contextlib.suppress(UnreadableError):
            kind.read(text)


# --- every argument --------------------------------------------------------------------------------------------------


_NAMES = ("ttl", "timeout", "_bytes", "max_age", "_ms", "tolerance", "period", "interval", "stale", "revalidate", "sampling", "percentage", "methods", "region", "_days", "idle", "longest", "memory_mb")  # fmt: skip
"""Parts of the names of arguments that mean a duration, size, rate, share, list of methods or region."""
_NO_VALUES = {
    "CachePolicy.key.region": "true or false",
    "CachePolicy.tiers.shield.location": "",
    # What another component hands over, in numbers.
    "EdgeApi.bindings[].kv_namespace.options.default_ttl": "",
}


def _texts() -> dict[str, Any]:
    """Return every argument that takes a text, by its path, with its marker."""
    found: dict[str, Any] = {}

    def walk(path: str, hint: Any) -> None:
        inner = unwrap(hint)[0]
        if is_written(inner):
            found[path] = inner
            inner = inner.full
        if is_typeddict(inner):
            for key, value in inner.__annotations__.items():
                walk(f"{path}.{key}", value)
        elif get_origin(inner) is list:
            walk(f"{path}[]", get_args(inner)[0])

    for component, shape in SHAPES.items():
        walk(component, shape)
    return found


TEXTS = _texts()


def test_each_argument_that_means_such_a_value_takes_a_text() -> None:
    meant = {path for path in arguments() if any(each in path.rpartition(".")[2] for each in _NAMES)}
    assert (
        sorted(meant - {*TEXTS, *_NO_VALUES} - {"CachePolicy.tiers.edge", "CachePolicy.cloudflare.tiers.memory"}) == []
    )
    assert len(TEXTS) > 50


def _place(path: str, value: Any) -> Any:
    for part in reversed(path.split(".")):
        value = {part.removesuffix("[]"): [value] if part.endswith("[]") else value}
    return value


@pytest.mark.parametrize("path", [path for path in TEXTS if TEXTS[path].kind.plain in (int, float)])
def test_a_text_is_the_number_that_it_means(path: str) -> None:
    """It is read as the plain number, and a wrong one is told with what is allowed and an example."""
    component, _, inside = path.partition(".")
    kind: Kind = TEXTS[path].kind
    wrong = _place(inside, "1 furlong")
    make: Any = {
        "CachePolicy": CachePolicy,
        "EdgeApi": EdgeApi,
        "GeoRouter": GeoRouter,
        "KvNamespace": KvNamespace,
    }.get(component, LambdaEdgeFunction)
    at = inside.replace("[]", "[0]")
    (fault,) = [each for each in faults_of(lambda: make("it", wrong)) if each.startswith(f"{at}: ")]
    assert "'1 furlong'" in fault
    assert kind.allowed in fault
    assert repr(kind.example) in fault
    plain = kind.read(kind.example).value
    shape = SHAPES[component]
    assert wire(_place(inside, kind.example), shape) == wire(_place(inside, plain), shape)


def spec(**args: Any) -> Any:
    found: list[Any] = []
    given: Any = args
    run(lambda: found.append(CachePolicy("it", given).spec))
    return found[0]


def test_a_policy_in_texts_is_the_policy_in_numbers() -> None:
    assert spec(
        edge_ttl="1h",
        browser_ttl="1m",
        stale_while_revalidate="1d",
        stale_if_error="1w",
        jitter={"min": "50m", "max": "70m"},
        tiers={"shield": {"location": "WEUR"}},
        cloudflare={
            "tiers": {
                "memory": {"max_bytes": "16MiB", "max_object_bytes": "1MB", "ttl_ceiling": "5s"},
                "shield": {"ttl": "2h", "max_bytes": "1GiB"},
            }
        },
    ) == spec(
        edge_ttl=3600,
        browser_ttl=60,
        stale_while_revalidate=86_400,
        stale_if_error=604_800,
        jitter={"min": 3000, "max": 4200},
        tiers={"shield": {"location": "weur"}},
        cloudflare={
            "tiers": {
                "memory": {"max_bytes": 16 * 1024**2, "max_object_bytes": 1_000_000, "ttl_ceiling": 5},
                "shield": {"ttl": 7200, "max_bytes": 1024**3},
            }
        },
    )


def test_what_was_understood_is_told_where_it_is_out_of_range() -> None:
    origins: Any = [{"region": "us", "url": "https://us.example.com"}]
    assert faults_of(lambda: GeoRouter("it", {"origins": origins, "fallback": "us", "timeout_ms": "2h"})) == [
        "timeout_ms: 7200000 is out of range ('2h' is 7200000 milliseconds). Allowed: 1 to 30000 milliseconds."
    ]
    found = faults_of(
        lambda: LambdaEdgeFunction(
            "it", {"code": {"text": "exports.handler = 1"}, "events": ["viewer-request"], "memory": "256MB"}
        )
    )
    (fault,) = [each for each in found if each.startswith("memory: ")]
    assert fault.startswith("memory: 256 MB are more than CloudFront takes")
    assert "('256MB' is 256 MB)" in fault


def test_others_see_what_a_text_means() -> None:
    """Policies compare numbers: a component's own inputs have them."""
    shape: Any = CachePolicyArgs
    assert wire({"edge_ttl": "1h", "tiers": {"shield": {"location": "WEUR"}}}, shape) == {
        "edgeTtl": 3600,
        "tiers": {"shield": {"location": "weur"}},
    }
    made = run(lambda: EdgeApi("api", api(rate_limit="100/min", auth="jwt", methods="GET,POST"))).one("EdgeApi")
    (endpoint,) = made.inputs["endpoints"]
    assert endpoint["rateLimit"] == {"limit": 100, "period": 60}
    assert endpoint["auth"] == {"kind": "jwt"}
    assert endpoint["methods"] == ["GET", "POST"]
    (endpoint,) = run(lambda: EdgeApi("api", api(cache="1h"))).one("EdgeApi").inputs["endpoints"]
    assert endpoint["cache"]["edge_ttl_s"] == 3600


# --- shorthands ------------------------------------------------------------------------------------------------------


def api(jwt: Any = JWT, **endpoint: Any) -> Any:
    given = {"endpoints": [{"path": "/a", "origin": ROUTING, **endpoint}]}
    return {**given, "jwt": jwt} if jwt is not None and endpoint.get("auth") else given


def settings(**parts: Any) -> Any:
    return settings_of(run(lambda: EdgeApi("api", api(**parts))).one("WorkerVersion"))["endpoints"][0]


def test_an_endpoint_in_short_is_the_endpoint_at_length() -> None:
    short = settings(methods="GET, POST", auth="jwt", rate_limit="100/min")
    assert short == settings(
        jwt=None, methods=["GET", "POST"], auth={"kind": "jwt", **JWT}, rate_limit={"limit": 100, "period": 60}
    )


def test_a_time_is_the_spec_of_a_policy_that_says_no_more() -> None:
    found: list[Any] = []

    def program() -> None:
        found.append(CachePolicy("api-3600s", {"edge_ttl": 3600}).spec)
        EdgeApi("api", api(cache="1h"))

    version = run(program).one("WorkerVersion")
    (cached,) = [each["cache"] for each in settings_of(version)["endpoints"]]
    assert cached == json.loads(json.dumps(found[0]))
    assert settings(cache=CACHE)["cache"]["name"] == CACHE["name"]


def test_a_time_that_becomes_known_later() -> None:
    def cached(text: str) -> Any:
        version = run(lambda: EdgeApi("api", api(cache=pulumi.Output.from_input(text)))).one("WorkerVersion")
        return settings_of(version)["endpoints"][0]["cache"]

    assert cached("1h") == settings(cache="60m")["cache"]
    with pytest.raises(Exception, match="'1 ho' is not a cache strategy"):
        cached("1 ho")


def test_an_endpoint_changes_what_it_has_from_the_apis_issuer() -> None:
    assert settings(auth={"kind": "jwt", "audience": ["other"], "clock_tolerance": "1m"})["auth"] == {
        **settings(auth="jwt")["auth"],
        "audience": ["other"],
        "clock_tolerance_s": 60,
    }


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        (api(auth="jtw"), "endpoints[0].auth.kind: 'jtw' is not known. Allowed: session, jwt. Did you mean 'jwt'?"),
        (
            api(jwt=None, auth="jwt"),
            "endpoints[0].auth.issuer: is required by kind 'jwt'. Give it here, or for all endpoints as `jwt.issuer`.",
        ),
        (
            {**api(), "jwt": JWT},
            'jwt: has no effect, because no endpoint goes by it. Give an endpoint `auth: "jwt"`, or leave it out.',
        ),
        (
            api(auth={"kind": "jwt", **JWT}),
            'jwt: has no effect, because no endpoint goes by it. Give an endpoint `auth: "jwt"`, or leave it out.',
        ),
        (
            api(jwt={**JWT, "jwks_url": "http://id.example.com"}, auth="jwt"),
            "jwt.jwks_url: 'http://id.example.com' is not https. Allowed: https:// URL without credentials, query and fragment.",
        ),
        (
            api(rate_limit="100/hour"),
            "endpoints[0].rate_limit: '100/hour' counts in 3600 seconds, and requests can be counted in 10 or 60 seconds."
            " Allowed: a mapping with limit and period, or a rate, for example '100/min'. Write '100/min', or what you mean in"
            " 10 or 60 seconds.",
        ),
        (
            api(methods="GET, PSOT"),
            "endpoints[0].methods[1]: 'PSOT' is not a method that an endpoint can answer. Allowed: GET, HEAD, POST, PUT, PATCH,"
            " DELETE, OPTIONS, or *.",
        ),
    ],
)
def test_a_wrong_shorthand_is_a_fault(args: Any, fault: str) -> None:
    assert fault in faults_of(lambda: EdgeApi("api", args))


@pytest.mark.parametrize(
    ("strategy", "same"),
    [
        ("cache-first", {"mode": "override", "edge_ttl": 2_592_000}),
        ("stale-while-revalidate", {"mode": "override", "edge_ttl": 1, "stale_while_revalidate": 2_592_000}),
        ("network-first", {"mode": "override", "edge_ttl": 1, "stale_if_error": 2_592_000}),
        ("network-only", {"mode": "bypass"}),
    ],
)
def test_a_strategy_is_the_arguments_that_it_sets(strategy: str, same: Any) -> None:
    assert spec(strategy=strategy) == spec(**same)


def test_times_beside_a_strategy_go_before_its_own() -> None:
    assert spec(strategy="stale-while-revalidate", edge_ttl="1m", stale_while_revalidate="1h") == spec(
        mode="override", edge_ttl=60, stale_while_revalidate=3600
    )


@pytest.mark.parametrize(
    ("args", "path"),
    [
        ({"strategy": "cache-frist"}, "strategy"),
        ({"strategy": "cache-first", "mode": "origin"}, "mode"),
        ({"strategy": "cache-first", "edge_ttl": 0}, "edge_ttl"),
        ({"strategy": "stale-while-revalidate", "stale_while_revalidate": 0}, "stale_while_revalidate"),
        ({"strategy": "network-first", "edge_ttl": "1h"}, "edge_ttl"),
        ({"strategy": "network-first", "stale_while_revalidate": "1h"}, "stale_while_revalidate"),
        ({"strategy": "network-first", "stale_if_error": 0}, "stale_if_error"),
        ({"strategy": "network-only", "edge_ttl": "1h"}, "edge_ttl"),
    ],
)
def test_what_contradicts_a_strategy_is_refused(args: Any, path: str) -> None:
    assert [fault.split(":")[0] for fault in faults_of(lambda: CachePolicy("it", args))] == [path]


# --- seeds -----------------------------------------------------------------------------------------------------------


def test_seeds_of_a_file_say_their_time_as_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seed.ndjson").write_text('{"key": "a", "value": "1", "ttl": "2h"}\n{"key": "b", "value": "1"}\n')

    def seeded() -> Run:
        return run(lambda: KvNamespace("it", {"seed": {"file": "seed.ndjson"}, "cloudflare": {"default_ttl": "1d"}}))

    found = {
        each.inputs["keyName"]: each.inputs["expirationTtl"] for each in seeded().resources if "keyName" in each.inputs
    }
    assert found == {"a": 7200, "b": 86_400}
    (tmp_path / "seed.ndjson").write_text('{"key": "a", "value": "1", "ttl": "2 ho"}\n')
    with pytest.raises(pulumi.RunError, match="'2 ho' has the unit 'ho'"):
        seeded()


# --- types and the schema --------------------------------------------------------------------------------------------


SAMPLE = """\
from edgewright import CachePolicy, EdgeApi

CachePolicy("a", {"edge_ttl": "1h", "browser_ttl": 60, "mode": "override", "cloudflare": {"tiers": {"memory": {"max_bytes": "16MiB"}}}})
CachePolicy("b", {"strategy": "cache-first"})
EdgeApi("c", {"endpoints": [{"path": "/", "cache": "1h", "auth": "jwt", "methods": "GET,POST", "rate_limit": "9/min"}]})
EdgeApi("d", {"endpoints": [{"path": "/", "methods": ["GET"], "rate_limit": {"limit": 9}, "auth": {"kind": "session"}}]})
"""
MISSPELT = """\
from edgewright import CachePolicy, EdgeApi

CachePolicy("a", {"strategy": "cache-frist"})
CachePolicy("b", {"mode": "overide"})
CachePolicy("c", {"edge_ttl": 1.5})
EdgeApi("d", {"endpoints": [{"path": "/", "auth": "jtw"}]})
EdgeApi("e", {"endpoints": [{"path": "/", "methods": ["GTE"]}]})
EdgeApi("f", {"endpoints": [{"path": "/"}], "url_normalization": "strickt"})
EdgeApi("g", {"endpoints": [{"path": "/"}], "host": "cloudfare"})
EdgeApi("h", {"endpoints": [{"path": "/"}], "cloudfront": {"price_class": "PriceClass_300"}})
EdgeApi("i", {"endpoints": [{"path": "/"}], "cloudflare": {"zone_idd": "0"}})
"""


def test_a_misspelt_word_is_told_while_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(SAMPLE)
    (tmp_path / "wrong.py").write_text(MISSPELT)
    told = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--config-file",
            str(ROOT / "pyproject.toml"),
            "right.py",
            "wrong.py",
        ],
        cwd=tmp_path,
        # What mypy knows of the components stays from `make check`, or for it.
        env={
            "MYPYPATH": f"{ROOT / 'components'}:{ROOT / 'policies'}",
            "MYPY_CACHE_DIR": str(ROOT / ".mypy_cache"),
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert "right.py" not in told, told
    assert {int(line.split(":")[1]) for line in told.splitlines() if line.startswith("wrong.py")} == {
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        10,
        11,
    }, told


@pytest.fixture(scope="module")
def provider() -> EdgewrightProvider:
    return EdgewrightProvider()


def test_the_schema_has_texts_and_words(provider: EdgewrightProvider) -> None:
    schema = json.loads(provider.schema or "")
    types, policy = schema["types"], schema["resources"]["edgewright:index:CachePolicy"]["inputProperties"]
    assert policy["edgeTtl"]["oneOf"] == [{"type": "integer"}, {"type": "string"}]
    assert policy["strategy"]["$ref"] == "#/types/edgewright:index:Strategy"
    assert [each["value"] for each in types["edgewright:index:Strategy"]["enum"]] == list(STRATEGIES)
    assert [each["value"] for each in types["edgewright:index:Auth"]["enum"]] == list(AUTH_KINDS)
    markers = {each.__name__ for each in TEXTS.values() if not each.words}
    assert not markers & {name.rpartition(":")[2] for name in types}, "the analyzer's stand-ins are gone"
    refs = set(_refs(schema))
    assert {ref.removeprefix("#/types/") for ref in refs if ref.startswith("#/types/")} == set(types)


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from [node["$ref"]] if "$ref" in node else []
        for each in node.values():
            yield from _refs(each)
    elif isinstance(node, list):
        for each in node:
            yield from _refs(each)


def test_texts_and_mappings_as_other_languages_send_them(provider: EdgewrightProvider) -> None:
    def sent(**endpoint: Any) -> Any:
        def program() -> None:
            inputs = {
                "cloudflare": {"accountId": ACCOUNT},
                "jwt": {"issuer": JWT["issuer"], "audience": JWT["audience"], "jwksUrl": JWT["jwks_url"]},
                "endpoints": [
                    {"path": "/a", "origin": pulumi.Output.from_input(ROUTING), **endpoint},
                    {"path": "/b", "origin": pulumi.Output.from_input(ROUTING), "cache": "1h"},
                ],
            }
            provider.construct("api", "edgewright:index:EdgeApi", inputs, None)

        return settings_of(run(program).one("WorkerVersion"))["endpoints"]

    short = sent(auth="jwt", rateLimit="100/min", methods="GET, POST")
    at_length = sent(
        auth={"kind": "jwt", "clockTolerance": 30.0, "requiredClaims": {"tenantId": "a"}},
        rateLimit={"limit": 100.0, "period": 60.0},
        methods=["GET", "POST"],
    )
    assert short[1]["cache"]["edge_ttl_s"] == 3600
    assert at_length[0]["auth"].pop("required_claims") == {"tenantId": "a"}
    assert short[0]["auth"].pop("required_claims") == {}
    assert short == at_length
