"""CachePolicy: a strategy compiles to the settings document's CacheSpec, known at preview; what cannot be is refused."""

from typing import Any

import pulumi
import pytest
from edgewright import CachePolicy, KvNamespace
from edgewright.cache_policy import spec_on
from edgewright.contract.models import CacheSpec

from tests.components.program import UNKNOWN, faults_of, run

KV: Any = {"type": "kv_namespace", "name": "PRODUCTS", "namespace_id": "abc"}


def spec_of(args: Any, **options: Any) -> Any:
    """Return a strategy as Cloudflare has it."""
    return spec_on(
        "cloudflare", run(lambda: CachePolicy("products", args), **options).one("CachePolicy").outputs["spec"]
    )


def test_the_smallest_strategy_has_every_default_written_out() -> None:
    spec = spec_of({"edge_ttl": 60})
    assert spec == CacheSpec.model_validate(spec).model_dump(mode="json")
    assert spec["mode"] == "override"
    front = {"max_bytes": 16 * 2**20, "max_object_bytes": 2**20, "ttl_ceiling_s": 5, "jitter_s": None}
    edge = {"ttl_ceiling_s": None, "jitter_s": None}
    assert spec["tiers"] == {"memory": front, "edge": edge, "kv": None, "shield": None}


@pytest.mark.parametrize(
    ("args", "ceiling"),
    [
        ({}, 5),
        ({"tiers": {"edge": {"ttl_ceiling": 30}}}, 5),
        ({"cloudflare": {"tiers": {"memory": {}}}}, None),
        ({"cloudflare": {"tiers": {"memory": {"ttl_ceiling": 60}}}}, 60),
    ],
)
def test_memory_is_in_front_of_the_edge_cache_for_seconds(args: Any, ceiling: int | None) -> None:
    assert spec_of({"edge_ttl": 60, **args})["tiers"]["memory"]["ttl_ceiling_s"] == ceiling


@pytest.mark.parametrize(
    "args",
    [
        {"edge_ttl": 60, "cloudflare": {"tiers": {"memory": {"enabled": False}}}},
        {
            "edge_ttl": 60,
            "tiers": {"edge": {"enabled": False}},
            "cloudflare": {"tiers": {"kv": {"binding": KV, "ttl": 60}}},
        },
        {"edge_ttl": 60, "cloudflare": {"engine": "platform"}, "key": {"host": False}},
        {"mode": "bypass"},
    ],
)
def test_there_is_no_memory_where_nothing_is_to_stand_in_front_of(args: Any) -> None:
    assert spec_of(args)["tiers"]["memory"] is None


def test_without_an_edge_ttl_the_origin_decides() -> None:
    spec = spec_of({})
    assert spec["mode"] == "origin"
    assert spec["edge_ttl_s"] is None


def test_a_whole_strategy() -> None:
    spec = spec_of(
        {
            "edge_ttl": 3600,
            "browser_ttl": 60,
            "stale_while_revalidate": 86400,
            "stale_if_error": 600,
            "jitter": {"min": 3600, "max": 4200},
            "tiers": {"edge": {"ttl_ceiling": 300}},
            "cloudflare": {
                "tiers": {
                    "memory": {"max_bytes": 1000, "max_object_bytes": 100, "ttl_ceiling": 5},
                    "kv": {"binding": KV, "ttl": 86400, "jitter": {"min": 3600, "max": 4200}},
                }
            },
            "key": {
                "query": "include",
                "query_names": ["page", "limit"],
                "headers": ["Accept"],
                "cookies": ["b", "a"],
                "country": True,
            },
            "vary": ["Accept-Language", "accept"],
            "tags": ["products", "api"],
            "immutable": True,
            "statuses": [404, 200],
            "error_ttl": 10,
        }
    )
    assert spec.pop("bindings") == [KV]
    assert CacheSpec.model_validate(spec).model_dump(mode="json") == spec
    assert spec["edge_jitter_s"] == [3600, 4200]
    assert spec["tiers"] == {
        "memory": {"max_bytes": 1000, "max_object_bytes": 100, "ttl_ceiling_s": 5, "jitter_s": None},
        "edge": {"ttl_ceiling_s": 300, "jitter_s": None},
        "kv": {"binding": "PRODUCTS", "ttl_s": 86400, "jitter_s": [3600, 4200], "max_object_bytes": 25 * 1024 * 1024},
        "shield": None,
    }
    assert spec["key"]["query_names"] == ["limit", "page"]
    assert spec["key"]["headers"] == ["accept"]
    assert spec["key"]["cookies"] == ["a", "b"]
    assert spec["vary"] == ["accept", "accept-language"]
    assert spec["tags"] == ["api", "products"]
    assert spec["statuses"] == [200, 404]


def test_only_the_namespace_id_is_unknown_at_preview() -> None:
    def program() -> None:
        namespace = KvNamespace("products-kv", {})
        CachePolicy(
            "products", {"edge_ttl": 60, "cloudflare": {"tiers": {"kv": {"binding": namespace.binding, "ttl": 60}}}}
        )

    spec = spec_on("cloudflare", run(program, preview=True).one("CachePolicy").outputs["spec"])
    assert spec["tiers"]["kv"]["binding"] == "PRODUCTS_KV"
    assert spec["bindings"] == [{"type": "kv_namespace", "name": "PRODUCTS_KV", "namespace_id": UNKNOWN}]
    known = spec_on("cloudflare", run(program).one("CachePolicy").outputs["spec"])
    assert known["bindings"][0]["namespace_id"] == "products-kv-namespace-id"


def test_a_binding_that_comes_as_an_output_is_compiled_when_it_is_known() -> None:
    def program(binding: Any) -> Any:
        def body() -> None:
            later = pulumi.Output.from_input(binding)
            CachePolicy("products", {"edge_ttl": 60, "cloudflare": {"tiers": {"kv": {"binding": later, "ttl": 60}}}})

        return body

    assert spec_on("cloudflare", run(program(KV)).one("CachePolicy").outputs["spec"])["bindings"] == [KV]
    assert faults_of(program({"type": "d1", "name": "D", "database_id": "x"})) == [
        "cloudflare.tiers.kv.binding: is a binding of type 'd1'. Allowed: a KvNamespace's `binding`."
    ]


def test_policies_see_the_arguments_in_camel_case() -> None:
    inputs = (
        run(lambda: CachePolicy("products", {"edge_ttl": 60, "tiers": {"edge": {"ttl_ceiling": 5}}}))
        .one("CachePolicy")
        .inputs
    )
    assert inputs == {"edgeTtl": 60, "tiers": {"edge": {"ttlCeiling": 5}}}


SECONDS = "Allowed: a whole number of seconds, or a duration, for example '1h30m'."


FAULTS: list[tuple[Any, str]] = [
    *(
        (
            {"edge_ttl": 0, "cloudflare": {"tiers": {"memory": {"enabled": False}}}, key: 60},
            f"{key}: has no effect, because with `edge_ttl` 0 nothing is stored that could be served stale. Give an `edge_ttl`"
            f" of 1 or more, after which the origin is asked again, or leave {key} out.",
        )
        for key in ("stale_while_revalidate", "stale_if_error")
    ),
    (
        {"edge_tll": 60},
        "edge_tll: is not an argument. Allowed: browser_ttl, cloudflare, edge_ttl, error_ttl, immutable, jitter, key, mode,"
        " stale_if_error, stale_while_revalidate, statuses, strategy, tags, tiers, vary. Did you mean 'edge_ttl'?",
    ),
    ({"edge_ttl": -1}, "edge_ttl: -1 is out of range. Allowed: 0 to 2147483648 seconds."),
    ({"edge_ttl": 1.5}, f"edge_ttl: 1.5 is not a whole number. {SECONDS}"),
    ({"edge_ttl": True}, f"edge_ttl: True is not a whole number. {SECONDS}"),
    (
        {"edge_ttl": 1, "browser_ttl": "60"},
        f"browser_ttl: '60' has no unit. {SECONDS} Write 60, without quotes, or its unit: '60s'.",
    ),
    (
        {"edge_ttl": 1, "browser_ttl": "1y"},
        f"browser_ttl: '1y' has the unit 'y', which is none of time. {SECONDS}",
    ),
    (
        {"edge_ttl": 1, "browser_ttl": "10000 weeks"},
        "browser_ttl: 6048000000 is out of range ('10000 weeks' is 6048000000 seconds). Allowed: 0 to 2147483648 seconds.",
    ),
    (
        {"edge_ttl": 1, "browser_ttl": "20ms"},
        f"browser_ttl: '20ms' is 0.02 seconds, which is not whole. {SECONDS}",
    ),
    (
        {"edge_ttl": 1, "immutable": "true"},
        "immutable: 'true' is not true or false. Allowed: True or False. Write True, without quotes.",
    ),
    ({"edge_ttl": 1, "vary": "accept"}, "vary: 'accept' is not a list. Allowed: a list of strings. Write ['accept']."),
    ({"edge_ttl": 1, "vary": 5}, "vary: 5 is not a list. Allowed: a list of strings."),
    ({"edge_ttl": 1, "tags": [5]}, "tags[0]: 5 is not a string. Allowed: a string, for example 'text'. Write '5'."),
    (
        {"mode": "overide", "edge_ttl": 1},
        "mode: 'overide' is not known. Allowed: override, origin, bypass. Did you mean 'override'?",
    ),
    (
        {"cloudflare": {"engine": "worker2"}},
        "cloudflare.engine: 'worker2' is not known. Allowed: worker, platform. Did you mean 'worker'?",
    ),
    (
        {"cloudflare": {"engine": "platform"}},
        "key.host: must be false with engine 'platform', which keeps one entry for all hostnames."
        " Say `host: false` if each hostname may be given the same answer, or use engine 'worker'.",
    ),
    (
        {"cloudflare": {"engine": "platform"}, "key": {"host": False, "country": True}},
        "key.country: is not part of the platform's key, so that engine 'platform' would give one caller's answer"
        " to another. Use engine 'worker', or `vary` for request headers.",
    ),
    (
        {"mode": "override"},
        "edge_ttl: is required by mode 'override'. Allowed: 0 or more seconds. Give it, or mode 'origin' to follow the origin's headers.",
    ),
    (
        {"mode": "bypass", "edge_ttl": 5},
        "edge_ttl: has no effect, because mode 'bypass' stores nothing. Leave edge_ttl out, or use mode 'override'.",
    ),
    (
        {"mode": "origin", "error_ttl": 5},
        "error_ttl: has no effect, because mode 'origin' follows the origin's headers. Leave error_ttl out, or use mode 'override'.",
    ),
    *(
        (
            {"mode": "bypass", key: value},
            f"{key}: has no effect, because mode 'bypass' stores nothing. Leave {key} out, or use mode 'override'.",
        )
        for key, value in (
            ("browser_ttl", 5),
            ("stale_while_revalidate", 5),
            ("stale_if_error", 5),
            ("tiers", {"edge": {}}),
            ("key", {"query": "none"}),
            ("vary", ["x-plan"]),
            ("tags", ["shop"]),
            ("statuses", [200]),
            ("error_ttl", 5),
            ("jitter", {"min": 1, "max": 2}),
        )
    ),
    (
        {"mode": "origin", "browser_ttl": 60, "immutable": True},
        "immutable: has no effect, because mode 'origin' follows the origin's headers. Leave immutable out, or use mode"
        " 'override'.",
    ),
    (
        {"edge_ttl": 60, "statuses": [200, 404]},
        "statuses[1]: 404 has no effect: it is kept for `error_ttl`, which is 0. Give `error_ttl`, or leave 404 out.",
    ),
    (
        {
            "edge_ttl": 60,
            "tiers": {"edge": {"enabled": False, "ttl_ceiling": 5}},
            "cloudflare": {"tiers": {"memory": {}}},
        },
        "tiers.edge.ttl_ceiling: has no effect, because `enabled` is false. Leave ttl_ceiling out.",
    ),
    (
        {"edge_ttl": 60, "cloudflare": {"tiers": {"memory": {"enabled": False, "max_bytes": 5000}}}},
        "cloudflare.tiers.memory.max_bytes: has no effect, because `enabled` is false. Leave max_bytes out.",
    ),
    (
        {
            "edge_ttl": 60,
            "cloudflare": {"engine": "platform", "tiers": {"memory": {}}},
            "key": {"host": False},
            "tiers": {"edge": {"enabled": False}},
        },
        "tiers.edge.enabled: is false with engine 'platform', which is that tier. Leave it out, or use engine 'worker'.",
    ),
    *(
        (
            {"edge_ttl": 60, "key": {"headers": [name]}},
            f"key.headers[0]: '{name}' is removed from every request before the key is made: {why}",
        )
        for name, why in (
            ("X-Forwarded-Host", "a client could say anything by it. Use `key.host`."),
            ("CF-IPCountry", "a client could say anything by it. Use `key.country`."),
            ("X-Original-URL", "a client could say anything by it. Use another header."),
            ("x_plan", "a client could say anything by it. Use another header."),
            ("X-Origin-Region", "a client could say anything by it. Use another header."),
            ("Content-Type", "a GET has no body. Use another header."),
        )
    ),
    (
        {"edge_ttl": 60, "vary": ["X-Real-IP"]},
        "vary[0]: 'X-Real-IP' is removed from every request before the key is made: a client could say anything by it. Use"
        " another header.",
    ),
    (
        {"edge_ttl": 60, "immutable": True},
        "immutable: is true without a `browser_ttl`. Give the time for which clients may keep it, for example 31536000.",
    ),
    (
        {"edge_ttl": 9, "jitter": {"min": 9, "max": 8}},
        "jitter: has min 9 above max 8. Allowed: min no larger than max.",
    ),
    (
        {"edge_ttl": 120, "jitter": {"min": 3600, "max": 4200}},
        "jitter: 3600 to 4200 leaves out the edge_ttl 120, which would have no effect. Allowed: min at most 120,"
        " max at least 120. Change edge_ttl with it.",
    ),
    (
        {"edge_ttl": 7200, "jitter": {"min": 3600, "max": 4200}},
        "jitter: 3600 to 4200 leaves out the edge_ttl 7200, which would have no effect. Allowed: min at most 7200,"
        " max at least 7200. Change edge_ttl with it.",
    ),
    (
        {"cloudflare": {"tiers": {"kv": {"binding": KV, "ttl": 300, "jitter": {"min": 3600, "max": 4200}}}}},
        "cloudflare.tiers.kv.jitter: 3600 to 4200 leaves out the ttl 300, which would have no effect. Allowed: min at most 300."
        " Change ttl with it.",
    ),
    ({"edge_ttl": 9, "jitter": {"min": 9}}, "jitter.max: is required and was not given."),
    (
        {"edge_ttl": 9, "statuses": [500]},
        "statuses[0]: 500 cannot be given a time. Allowed: 200 to 499. Errors of the server are never stored;"
        " `stale_if_error` serves what was stored before.",
    ),
    (
        {"edge_ttl": 9, "statuses": [206]},
        "statuses[0]: 206 is a part of another response, not one of its own. Allowed: 200 to 499 but 206 and 304.",
    ),
    (
        {"vary": ["*"]},
        "vary[0]: '*' makes every response different, so that nothing would be reused. Allowed: names of request headers.",
    ),
    (
        {"key": {"headers": ["Authorization"]}},
        "key.headers[0]: 'Authorization' differs for nearly every caller. Use no cache for what a caller is authorised to see.",
    ),
    (
        {"key": {"query": "include"}},
        "key.query_names: is required by query 'include'. Allowed: names of query parameters.",
    ),
    (
        {"key": {"query_names": ["a"]}},
        "key.query_names: has no effect, because query is 'all'. Use query 'include' or 'exclude'.",
    ),
    ({"tags": ["a b"]}, "tags[0]: 'a b' is not a tag. Allowed: printable ASCII without blanks and commas."),
    (
        {"tiers": {"edge": {"enabled": False}}},
        "tiers: leaves no tier to keep anything in. Enable one, or use mode 'bypass'.",
    ),
    (
        {"tiers": {"edge": {"enabled": False}}, "cloudflare": {"tiers": {"memory": {"enabled": False}}}},
        "tiers: leaves no tier to keep anything in. Enable one, or use mode 'bypass'.",
    ),
    (
        {"cloudflare": {"tiers": {"kv": {"binding": KV, "ttl": 30}}}},
        "cloudflare.tiers.kv.ttl: 30 is out of range. Allowed: 60 to 2147483648 seconds. Workers KV keeps nothing for less than 60 s.",
    ),
    ({"cloudflare": {"tiers": {"kv": {"ttl": 60}}}}, "cloudflare.tiers.kv.binding: is required and was not given."),
    (
        {"cloudflare": {"tiers": {"kv": {"binding": "PRODUCTS", "ttl": 60}}}},
        "cloudflare.tiers.kv.binding: 'PRODUCTS' is not a KV binding. Allowed: a KvNamespace's `binding`.",
    ),
    (
        {"cloudflare": {"tiers": {"kv": {"binding": {"type": "kv_namespace", "name": "P"}, "ttl": 60}}}},
        "cloudflare.tiers.kv.binding.namespace_id: is required by a binding of type 'kv_namespace'. Allowed: a namespace's id. Give a KvNamespace's `binding`, which has it.",
    ),
    (
        {"cloudflare": {"tiers": {"kv": {"binding": KV, "ttl": 60, "max_object_bytes": 26214401}}}},
        "cloudflare.tiers.kv.max_object_bytes: 26214401 is out of range. Allowed: 1 to 26214400 bytes. Workers KV holds values of at most 25 MiB.",
    ),
    (
        {"cloudflare": {"tiers": {"memory": {"max_bytes": 10, "max_object_bytes": 11}}}},
        "cloudflare.tiers.memory.max_object_bytes: 11 is more than the tier's max_bytes 10. Allowed: 1 to 10 bytes.",
    ),
    ({"tiers": []}, "tiers: [] is not a mapping. Allowed: a mapping with edge, shield."),
    (
        {"cloudflare": {"tiers": {"memory": {"max_bytes": -1}}}},
        "cloudflare.tiers.memory.max_bytes: -1 is out of range. Allowed: 1 to 134217728 bytes. An isolate has 128 MiB in all.",
    ),
    (
        {"tiers": {"shield": {}}, "cloudflare": {"tiers": {"shield": {"max_bytes": -1}}}},
        "cloudflare.tiers.shield.max_bytes: -1 is out of range. Allowed: 1 to 10737418240 bytes. A Durable Object keeps 10 GiB in all.",
    ),
]


@pytest.mark.parametrize(
    "args",
    [
        {"edge_ttl": 0, "browser_ttl": 0},
        {"edge_ttl": 0, "stale_if_error": 0, "stale_while_revalidate": 0},
        # Something is stored: errors, in the shield, or what the origin lets be validated.
        {"edge_ttl": 0, "error_ttl": 60, "stale_if_error": 60},
        {"edge_ttl": 0, "cloudflare": {"tiers": {"shield": {"ttl": 60}}}, "stale_if_error": 60},
        {"edge_ttl": 0, "mode": "origin", "stale_if_error": 60},
    ],
)
def test_an_edge_ttl_of_0_is_taken_where_what_is_beside_it_acts(args: Any) -> None:
    run(lambda: CachePolicy("products", args))


@pytest.mark.parametrize(("args", "fault"), FAULTS, ids=[fault[:40] for _, fault in FAULTS])
def test_a_fault_is_named(args: Any, fault: str) -> None:
    assert faults_of(lambda: CachePolicy("products", args)) == [fault]


def test_an_output_is_refused_because_a_preview_must_know_the_strategy() -> None:
    assert faults_of(lambda: CachePolicy("products", {"edge_ttl": pulumi.Output.from_input(5)})) == [  # type: ignore[typeddict-item]
        "edge_ttl: is an Output, whose value is not known while the program runs. Give a plain value, for example from the"
        " stack's configuration."
    ]


def test_all_faults_are_named_at_once() -> None:
    args: Any = {"edge_ttl": -1, "vary": ["*"], "tags": [","], "cloudflare": {"engine": "x"}}
    found = faults_of(lambda: CachePolicy("products", args))
    assert [fault.split(":")[0] for fault in found] == ["cloudflare.engine", "edge_ttl", "vary[0]", "tags[0]"]


def test_two_of_one_name_are_refused_and_the_first_is_shown() -> None:
    def program() -> None:
        CachePolicy("products", {})
        CachePolicy("products", {})

    (fault,) = faults_of(program)
    assert fault.startswith("name: 'products' is already taken by another CachePolicy (")
    assert "test_cache_policy.py:" in fault
    assert fault.endswith("Give each CachePolicy a name of its own.")


def test_one_name_in_two_runs_is_no_fault() -> None:
    for _ in range(2):
        run(lambda: CachePolicy("products", {}))


@pytest.mark.parametrize("args", ["x", ["x"], 5])
def test_arguments_that_are_no_mapping_are_a_fault_like_others(args: Any) -> None:
    """A TypeError of Pulumi's ended the program, and what came after it was not looked at."""

    def program() -> None:
        CachePolicy("c", args)

    (fault,) = faults_of(program)
    assert fault.startswith(f"args: {args!r} is not a mapping. Allowed: browser_ttl, cloudflare, edge_ttl,")
