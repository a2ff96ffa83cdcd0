"""Rows of KvNamespace."""

from collections.abc import Callable
from typing import Any

from tests.effect.edge import Edge
from tests.effect.given import ACCOUNT, STORE, Given, given, named
from tests.effect.rows import BOTH, CLOUDFLARE, CLOUDFRONT, Effect, Recorded, Refused, Row
from tests.effect.table.edge_api import OTHER_ACCOUNT, reads

ECHO = {"handler": "store.js"}


def bound(**parts: Any) -> Given:
    """A store that a handler is bound to."""
    return given(store={"binding_name": "STORE", **parts}, endpoint=ECHO, bindings=[STORE])


def kept(**parts: Any) -> Given:
    return given(store=parts)


def seeds(**parts: Any) -> Given:
    return kept(seed=parts)


def entry(**parts: Any) -> Given:
    return seeds(entries=[{"key": "k", "value": "v", **parts}])


def value(key: str) -> Callable[[Edge], object]:
    """What a store has under a key."""

    def see(edge: Edge) -> object:
        found = edge.control.kv_get(str(edge.outputs["namespace"]), key)
        return None if found is None else found.decode()

    return see


def listed(field: str) -> Callable[[Edge], object]:
    """What a store's list says of its only key."""

    def see(edge: Edge) -> object:
        keys = edge.control.kv_keys(str(edge.outputs["namespace"]))["keys"]
        return keys[0].get(field) if keys else None

    return see


def expires(edge: Edge) -> object:
    """In how many seconds the store's only key expires, as the next of 60 and 600."""
    import time

    at = listed("expiration")(edge)
    return at if at is None else next(step for step in (60, 600) if int(str(at)) - time.time() <= step)


def hidden(edge: Edge) -> object:
    """Whether the state has a seeded value as a secret."""
    return any(path for item in edge.resources for path in item.secret_paths)


SESSION_ID = "s3ss10n-of-ada_0001"


def known(**seed: Any) -> Given:
    """A store of sessions, which is what a KeyValueStore's values are seen by."""
    return given(
        store={"seed": seed} if seed else {}, endpoint={"path": "/me", "session": True}, sessions={"binding": STORE}
    )


def session(**parts: Any) -> Given:
    return known(entries=[{"key": f"session:{SESSION_ID}", "value": {"user": "ada"}, **parts}])


def whoever(edge: Edge) -> object:
    """The user of the session, or the status for whom the store does not know."""
    answer = edge.ask("/me", cookie=f"session={SESSION_ID}")
    return answer.json()["user"] if answer.status_code == 200 else answer.status_code


ROWS: tuple[Row, ...] = (
    Effect(
        "KvNamespace.host",
        CLOUDFLARE,
        kept(),
        kept(host="cloudfront", account_id=None),
        lambda edge: str(edge.outputs["namespace"]).startswith("arn:aws:cloudfront"),
        (False, True),
    ),
    Effect(
        "KvNamespace.host",
        CLOUDFRONT,
        kept(),
        kept(host="cloudflare", account_id=ACCOUNT),
        lambda edge: str(edge.outputs["namespace"]).startswith("arn:aws:cloudfront"),
        (True, False),
    ),
    Recorded(
        "KvNamespace.cloudflare.account_id",
        CLOUDFLARE,
        kept(),
        kept(account_id=OTHER_ACCOUNT),
        reads("WorkersKvNamespace", "accountId"),
        (ACCOUNT, OTHER_ACCOUNT),
        "account",
        "Everything of a stack runs on this machine, whichever account it is of.",
    ),
    Effect(
        "KvNamespace.title",
        BOTH,
        kept(),
        kept(title=named("{}-own")),
        lambda edge: str(edge.outputs["title"]).removeprefix(edge.name),
        ("-store-dev", "-own"),
    ),
    Effect(
        "KvNamespace.cloudflare.binding_name",
        CLOUDFLARE,
        given(store={"binding_name": "STORE"}, endpoint=ECHO, bindings=[STORE]),
        given(store={"binding_name": "OTHER"}, endpoint=ECHO, bindings=[STORE]),
        lambda edge: edge.ask("/x/names").json(),
        (["STORE"], ["OTHER"]),
    ),
    Effect(
        "KvNamespace.cloudflare.default_ttl",
        CLOUDFLARE,
        entry(),
        kept(default_ttl=600, seed={"entries": [{"key": "k", "value": "v"}]}),
        expires,
        (None, 600),
    ),
    Effect(
        "KvNamespace.cloudflare.list_limit",
        CLOUDFLARE,
        bound(seed={"directory": "site"}),
        bound(seed={"directory": "site"}, list_limit=1),
        lambda edge: edge.ask("/x/list").json(),
        (4, 1),
    ),
    Recorded(
        "KvNamespace.cloudflare.jurisdiction",
        CLOUDFLARE,
        kept(),
        kept(jurisdiction="eu"),
        reads("WorkersKvNamespace", "jurisdiction"),
        (None, "eu"),
        "kv-jurisdiction",
        "The data are on this machine, wherever they must be.",
    ),
    Effect("KvNamespace.seed", CLOUDFLARE, kept(), entry(), value("k"), (None, "v")),
    Effect("KvNamespace.seed.file", CLOUDFLARE, kept(), seeds(file="seed.json"), value("from-file"), (None, "yes")),
    Effect(
        "KvNamespace.seed.directory",
        CLOUDFLARE,
        kept(),
        seeds(directory="site"),
        value("css/app.css"),
        (None, "body { color: red }\n"),
    ),
    Effect("KvNamespace.seed.entries", CLOUDFLARE, kept(), entry(), value("k"), (None, "v")),
    Effect("KvNamespace.seed.entries[].key", CLOUDFLARE, entry(), entry(key="other"), value("other"), (None, "v")),
    Effect(
        "KvNamespace.seed.entries[].value", CLOUDFLARE, entry(), entry(value={"a": 1}), value("k"), ("v", '{"a":1}')
    ),
    Effect(
        "KvNamespace.seed.entries[].metadata",
        CLOUDFLARE,
        entry(),
        entry(metadata={"a": 1}),
        listed("metadata"),
        (None, {"a": 1}),
    ),
    Refused(
        "KvNamespace.seed.entries[].metadata",
        CLOUDFRONT,
        entry(metadata={"a": 1}),
        "metadata: is given, and a KeyValueStore keeps none",
        "Put it into the value",
    ),
    Effect("KvNamespace.seed.entries[].ttl", CLOUDFLARE, entry(), entry(ttl=60), expires, (None, 60)),
    Refused(
        "KvNamespace.seed.entries[].ttl",
        CLOUDFRONT,
        entry(ttl=60),
        "ttl: is given, and nothing expires in a KeyValueStore",
        "Leave it out",
    ),
    Effect(
        "KvNamespace.seed.prefix",
        CLOUDFLARE,
        seeds(file="seed.json"),
        seeds(file="seed.json", prefix="p/"),
        value("p/from-file"),
        (None, "yes"),
    ),
    Effect(
        "KvNamespace.seed.secret",
        BOTH,
        entry(),
        seeds(entries=[{"key": "k", "value": "v"}], secret=True),
        hidden,
        (False, True),
    ),
    Effect("KvNamespace.seed", CLOUDFRONT, known(), session(), whoever, (401, "ada")),
    Effect("KvNamespace.seed.file", CLOUDFRONT, known(), known(file="sessions.json"), whoever, (401, "file")),
    Effect("KvNamespace.seed.directory", CLOUDFRONT, known(), known(directory="sessions"), whoever, (401, "directory")),
    Effect("KvNamespace.seed.entries", CLOUDFRONT, known(), session(), whoever, (401, "ada")),
    Effect(
        "KvNamespace.seed.entries[].key", CLOUDFRONT, session(key="session:other"), session(), whoever, (401, "ada")
    ),
    Effect(
        "KvNamespace.seed.entries[].value",
        CLOUDFRONT,
        session(),
        session(value={"user": "bob"}),
        whoever,
        ("ada", "bob"),
    ),
    Effect(
        "KvNamespace.seed.prefix",
        CLOUDFRONT,
        known(file="ids.json"),
        known(file="ids.json", prefix="session:"),
        whoever,
        (401, "file"),
    ),
)
