"""Rows of an EdgeApi's bindings: each kind, and each field of it."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import pulumi_cloudflare as cloudflare

from tests.components.program import Run
from tests.effect.edge import Edge
from tests.effect.given import Given, Kit, Later, given
from tests.effect.rows import CLOUDFLARE, CLOUDFRONT, Effect, Recorded, Refused, Row
from tests.effect.walk import OPEN

BOUND = {"handler": "bound.js"}
Make = Callable[[Kit], Any]


def bound(
    label: str, *bindings: tuple[str, Mapping[str, Make | Any]], names: tuple[str, ...] = ("ONE", "TWO")
) -> Given:
    """A program whose handler has these bindings, as ONE and TWO. `label` tells programs apart."""

    def make(kit: Kit) -> list[dict[str, Any]]:
        return [
            {
                "type": type_,
                "name": name,
                **{key: value(kit) if callable(value) else value for key, value in fields.items()},
            }
            for name, (type_, fields) in zip(names, bindings, strict=False)
        ]

    return given(endpoint=BOUND, bindings=Later(make, label))


def use(how: str) -> Callable[[Edge], object]:
    """What the handler finds when it uses its bindings; None where it has none."""
    return lambda edge: edge.ask(f"/x/{how}").json()


def reads(field: str) -> Callable[[Run], object]:
    """Return what reads a field of the one binding that the version has beside those of its own."""

    def read(run: Run) -> object:
        found = [item for item in run.one("WorkerVersion").inputs["bindings"] if item["name"] == "ONE"]
        return found[0][field] if found else None

    return read


# --- what there is to be bound to --------------------------------------------------------------------------------------


def namespace(name: str) -> Make:
    def make(whole: str, account: Any) -> Any:
        return cloudflare.WorkersKvNamespace(whole, title=whole, **account).id

    return lambda kit: kit.once(name, lambda whole: make(whole, kit.account))


def bucket(name: str, jurisdiction: str | None = None) -> Make:
    """An R2 bucket's name. Each jurisdiction has names of its own."""

    def make(whole: str, kit: Kit) -> Any:
        return cloudflare.R2Bucket(whole, name=f"{kit.name}-{name}", jurisdiction=jurisdiction, **kit.account).name

    return lambda kit: kit.once(f"{name}-{jurisdiction}", lambda whole: make(whole, kit))


def database(name: str) -> Make:
    return lambda kit: kit.once(name, lambda whole: cloudflare.D1Database(whole, name=whole, **kit.account).id)


def queue(name: str) -> Make:
    return lambda kit: kit.once(name, lambda whole: cloudflare.Queue(whole, queue_name=whole, **kit.account).queue_name)


CLASSES = """
import {{ DurableObject, WorkerEntrypoint }} from "cloudflare:workers";
export class Room extends DurableObject {{ fetch() {{ return new Response("room of {name}"); }} }}
export class Hall extends DurableObject {{ fetch() {{ return new Response("hall of {name}"); }} }}
export class Named extends WorkerEntrypoint {{ fetch() {{ return new Response("named of {name}"); }} }}
export default {{ fetch() {{ return new Response("default of {name}"); }} }};
"""


def worker(name: str) -> Make:
    """The name of a Worker of its own, which exports classes of all sorts."""

    def make(whole: str, account: Any) -> Any:
        off: Any = {"enabled": False}
        made = cloudflare.Worker(whole, name=whole, subdomain=off, **account)
        module: Any = {
            "name": "main.js",
            "content_type": "application/javascript+module",
            "content_base64": base64.b64encode(CLASSES.format(name=name).encode()).decode(),
        }
        exports: Any = {each: {"type": "durable-object", "storage": "sqlite"} for each in ("Room", "Hall")}
        version = cloudflare.WorkerVersion(
            f"{whole}-version",
            worker_id=made.id,
            main_module="main.js",
            compatibility_date="2026-07-01",
            modules=[module],
            exports=exports,
            **account,
        )
        shares: Any = [{"percentage": 100, "version_id": version.id}]
        cloudflare.WorkersDeployment(
            f"{whole}-deployment", script_name=made.name, strategy="percentage", versions=shares, **account
        )
        return made.name

    return lambda kit: kit.once(name, lambda whole: make(whole, kit.account))


# --- the kinds ---------------------------------------------------------------------------------------------------------

NONE = bound("none")


def pair(
    type_: str, field: str, make: Callable[[str], Make], how: str, found: tuple[object, object]
) -> tuple[Row, ...]:
    """The rows of a kind of store: ONE is written to, and TWO is the same store, or another one. `found` is what TWO has
    of ONE then."""
    one: tuple[str, Mapping[str, Any]] = (type_, {field: make("one")})
    two: tuple[str, Mapping[str, Any]] = (type_, {field: make("two")})
    alone, same, apart = bound(type_, one), bound(f"{type_} twice", one, one), bound(f"{type_} and another", one, two)
    path = f"EdgeApi.bindings[].{type_}"
    return (
        Effect(path, CLOUDFLARE, NONE, alone, use(how), (None, found[0])),
        Effect(f"{path}.{field}", CLOUDFLARE, same, apart, use(how), found),
    )


def kind(type_: str, fields: Mapping[str, Any], how: str, found: object) -> Row:
    """The row of a kind that is used alone."""
    return Effect(
        f"EdgeApi.bindings[].{type_}", CLOUDFLARE, NONE, bound(type_, (type_, fields)), use(how), (None, found)
    )


SAMPLES: Mapping[str, Mapping[str, Any]] = {
    "analytics_engine": {"dataset": "one"},
    "d1": {"database_id": database("one")},
    "durable_object_namespace": {"class_name": "Room", "script_name": worker("one")},
    "json": {"json": {"a": 1}},
    "kv_namespace": {"namespace_id": namespace("one")},
    "queue": {"queue_name": queue("one")},
    "r2_bucket": {"bucket_name": bucket("one")},
    "service": {"service": worker("one")},
    "version_metadata": {},
}
"""One binding of each kind."""


def changed(type_: str, how: str, found: tuple[object, object], **fields: Any) -> Row:
    """The row of a field: a kind's sample, and the same with this field changed."""
    (field,) = fields
    return Effect(
        f"EdgeApi.bindings[].{type_}.{field}",
        CLOUDFLARE,
        bound(type_, (type_, SAMPLES[type_])),
        bound(f"{type_} with another {field}", (type_, {**SAMPLES[type_], **fields})),
        use(how),
        found,
    )


def options(field: str, value: int, how: str, found: tuple[object, object], *path: str) -> Row:
    """The row of what a KvNamespace says of its use."""
    sample = SAMPLES["kv_namespace"]
    return Effect(
        ".".join(("EdgeApi.bindings[].kv_namespace.options", *path)),
        CLOUDFLARE,
        bound("kv_namespace", ("kv_namespace", sample)),
        bound(f"kv_namespace with {field}", ("kv_namespace", {**sample, "options": {field: value}})),
        use(how),
        found,
    )


def recorded(type_: str, field: str, value: Any, gives: tuple[object, object], gap: str, reason: str) -> Row:
    return Recorded(
        f"EdgeApi.bindings[].{type_}.{field}",
        CLOUDFLARE,
        bound(type_, (type_, SAMPLES[type_])),
        bound(f"{type_} with another {field}", (type_, {**SAMPLES[type_], field: value})),
        reads("queueName" if field == "queue_name" else field),
        gives,
        gap,
        reason,
    )


def paths() -> tuple[str, ...]:
    within = OPEN["EdgeApi.bindings[]"]
    assert isinstance(within, tuple)
    return within


ROWS: tuple[Row, ...] = (
    *pair("kv_namespace", "namespace_id", namespace, "kv", ("v", None)),
    options("list_limit", 2, "listed", (3, 2)),
    options("list_limit", 2, "listed", (3, 2), "list_limit"),
    options("default_ttl", 600, "lasting", (False, True), "default_ttl"),
    *pair("r2_bucket", "bucket_name", bucket, "bucket", ("v", None)),
    Effect(
        "EdgeApi.bindings[].r2_bucket.jurisdiction",
        CLOUDFLARE,
        bound("buckets", *(("r2_bucket", {"bucket_name": bucket("one")}),) * 2),
        bound(
            "buckets of one name",
            ("r2_bucket", {"bucket_name": bucket("one")}),
            ("r2_bucket", {"bucket_name": bucket("one", "eu"), "jurisdiction": "eu"}),
        ),
        use("bucket"),
        ("v", None),
    ),
    *pair("d1", "database_id", database, "database", (1, 0)),
    kind("queue", SAMPLES["queue"], "queue", "sent"),
    recorded(
        "queue",
        "queue_name",
        queue("two"),
        ("row-one", "row-two"),
        "queue-consumers",
        "Messages are dropped here, whichever queue they are for.",
    ),
    kind("analytics_engine", SAMPLES["analytics_engine"], "points", "written"),
    recorded(
        "analytics_engine",
        "dataset",
        "two",
        ("one", "two"),
        "analytics-engine",
        "Data points are dropped here, whichever dataset they are for.",
    ),
    kind("json", SAMPLES["json"], "value", {"a": 1}),
    changed("json", "value", ({"a": 1}, [2]), json=[2]),
    kind("version_metadata", {}, "version", True),
    kind("service", SAMPLES["service"], "service", "default of one"),
    changed("service", "service", ("default of one", "default of two"), service=worker("two")),
    changed("service", "service", ("default of one", "named of one"), entrypoint="Named"),
    kind("durable_object_namespace", SAMPLES["durable_object_namespace"], "object", "room of one"),
    changed("durable_object_namespace", "object", ("room of one", "hall of one"), class_name="Hall"),
    changed("durable_object_namespace", "object", ("room of one", "room of two"), script_name=worker("two")),
    *(
        Effect(
            f"EdgeApi.bindings[].{type_}.name",
            CLOUDFLARE,
            bound(type_, (type_, sample)),
            bound(f"{type_} as TWO", (type_, sample), names=("TWO",)),
            use("names"),
            (["ONE"], ["TWO"]),
        )
        for type_, sample in SAMPLES.items()
    ),
    # No function at the edge of CloudFront has any.
    *(
        Refused(
            f"EdgeApi.bindings[].{path}",
            CLOUDFRONT,
            given(endpoint=BOUND, bindings=[{"type": path.partition(".")[0], "name": "ONE"}]),
            "bindings: is of use to host 'cloudflare' only",
            "A function at the edge reaches AWS services by their API",
        )
        for path in paths()
    ),
)
