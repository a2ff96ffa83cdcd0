"""Features of an API two by two, on the same path: what each promises must hold beside the other.

A pair that a host refuses says why; every other one runs.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from tests.effect.behind import Answer
from tests.effect.edge import Edge
from tests.effect.given import ORIGINS, STABLE, Given, given, url
from tests.effect.identity import tokens
from tests.effect.sees import settled

SHARED = Answer(headers={"Cache-Control": "public, max-age=3600"})
"""What an origin says of an answer that everybody may have, also behind `auth`."""


@dataclass(frozen=True)
class Pair:
    """A running program with two features, and a caller whom all of them let in."""

    edge: Edge
    features: tuple[str, ...]

    def ask(
        self, path: str, *, token: bool = True, cookies: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        """Ask as a caller of one's own: with a token, in variant `a`, from another address each time."""
        headers: dict[str, str] = {}
        if "auth" in self.features and token:
            headers |= self.edge.bearer(sub=f"caller-{self.edge.number()}")
        known = {"ab": "a"} if "experiments" in self.features else {}
        cookie = "; ".join(f"{name}={value}" for name, value in {**known, **(cookies or {})}.items() if value)
        if cookie:
            headers["Cookie"] = cookie
        address = options.pop("ip", f"198.51.{self.edge.number()}.{self.edge.number()}")
        return self.edge.ask(path, ip=address, **{**headers, **options})

    @property
    def versions(self) -> int:
        """How many versions may answer, each of which may have a cache of its own."""
        return 2 if "rollout" in self.features and self.edge.host == "cloudflare" else 1


# --- what each promises ------------------------------------------------------------------------------------------------


def _auth(pair: Pair) -> None:
    path = pair.edge.fresh(SHARED)
    for _ in range(3):
        assert pair.ask(path).status_code == 200
    for method in ("GET", "HEAD"):
        assert pair.ask(path, token=False, method=method).status_code == 401
        assert pair.ask(path, token=False, method=method, Authorization="Bearer a.b.c").status_code == 401
    assert pair.ask(path).status_code == 200


def _cache(pair: Pair) -> None:
    path = pair.edge.fresh(SHARED)
    answers = [settled(lambda: pair.ask(path)) for _ in range(8)]
    assert {answer.status_code for answer in answers} == {200}
    assert len(pair.edge.asked(path)) <= pair.versions
    assert pair.edge.cache(answers[-1]) == "hit"
    assert answers[-1].headers.get("set-cookie", "ab=a").startswith("ab=a"), "nobody is given another one's cookie"


def _apart(pair: Pair, header: str, values: tuple[str, ...]) -> None:
    """Each value has an answer of its own, which its callers share."""
    path = pair.edge.fresh(SHARED)
    for value in (*values, *values):
        answer = settled(lambda value=value: pair.ask(path, **{header: value}))  # type: ignore[misc]
        assert answer.json()["headers"].get(header.lower()) == value
    asked = [each.headers.get(header.lower()) for each in pair.edge.asked(path)]
    assert all(asked.count(value) <= pair.versions for value in values), asked


def _vary(pair: Pair) -> None:
    _apart(pair, "Accept-Language", ("de", "fr"))
    assert "accept-language" in pair.ask(pair.edge.fresh(SHARED)).headers["vary"].lower()


def _key(pair: Pair) -> None:
    _apart(pair, "X-Plan", ("one", "two"))


def _rate_limit(pair: Pair) -> None:
    path = pair.edge.fresh(SHARED)
    address = f"203.0.113.{pair.edge.number()}"
    assert 429 in {pair.ask(path, ip=address).status_code for _ in range(60)}
    assert pair.ask(path).status_code == 200, "another caller is not counted with it"


def _redirects(pair: Pair) -> None:
    for token in (False, True):
        answer = pair.ask("/x/old/a", token=token)
        assert (answer.status_code, answer.headers["location"]) == (308, "/x/new/a")


def _experiments(pair: Pair) -> None:
    path = pair.edge.fresh(SHARED)
    for _ in range(3):
        newcomer = pair.ask(path, cookies={"ab": ""})
        assert newcomer.headers["set-cookie"].startswith("ab="), "everybody who has none is given a variant"
    for variant in ("a", "b", "a", "b"):
        answer = pair.ask(path, cookies={"ab": variant})
        assert f"ab={variant}" in answer.json()["headers"]["cookie"], "a variant's answer is its own"
        given_again = answer.headers.get("set-cookie", f"ab={variant}")
        assert given_again.startswith(f"ab={variant}"), "who has a variant keeps it"


def _assets(pair: Pair) -> None:
    assert pair.ask("/css/app.css", token=False).text == "body { color: red }\n"
    covered = pair.ask("/x/guarded.txt")
    assert covered.json()["region"] == "us", "what an endpoint covers is the endpoint's"
    assert "secret of one" not in pair.ask("/x/guarded.txt", token=False).text


def _rollout(pair: Pair) -> None:
    def version(**headers: Any) -> str:
        return str(pair.ask(pair.edge.fresh(SHARED), **headers).json()["headers"]["x-version"])

    if pair.edge.host == "cloudfront":
        assert (version(), version(**{"aws-cf-cd-try": "yes"})) == ("old", "new")
    else:
        assert {version() for _ in range(60)} == {"old", "new"}


def _engine(pair: Pair) -> None:
    path = pair.edge.fresh(SHARED)
    for _ in range(8):
        answer = settled(lambda: pair.ask(path))
    assert pair.edge.tier(answer) == "platform"
    assert len(pair.edge.asked(path)) <= pair.versions


# --- the programs ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Feature:
    """One feature: what it adds to a program, and what it promises."""

    holds: Callable[[Pair], None]
    endpoint: Mapping[str, Any] = field(default_factory=dict)
    cache: Mapping[str, Any] | None = None
    api: Mapping[str, Any] = field(default_factory=dict)
    option_of: str | None = None
    """The one platform that has it, where it is an option of that: elsewhere it does nothing."""


CACHED = {"mode": "origin"}
FEATURES: Mapping[str, Feature] = {
    "assets": Feature(_assets, api={"assets": [{"path": "/*", "directory": "site"}]}),
    "auth": Feature(_auth, endpoint={"auth": tokens()}),
    "cache": Feature(_cache, cache=CACHED),
    "engine": Feature(_engine, cache={**CACHED, "engine": "platform", "key": {"host": False}}, option_of="cloudflare"),
    "experiments": Feature(
        _experiments, api={"experiments": [{"cookie": "ab", "variants": {"a": 1, "b": 1}, "paths": ["/x/*"]}]}
    ),
    "key": Feature(_key, cache={**CACHED, "key": {"headers": ["X-Plan"]}}),
    "rate_limit": Feature(_rate_limit, endpoint={"rate_limit": {"limit": 10}}),
    "redirects": Feature(_redirects, api={"redirects": [{"path": "/x/old/*", "to": "/x/new/*"}]}),
    "rollout": Feature(_rollout),
    "vary": Feature(_vary, cache={**CACHED, "vary": ["Accept-Language"]}),
}


def pairs_of(host: str) -> tuple[tuple[str, str], ...]:
    """Return the features of a host two by two."""
    there = sorted(name for name, feature in FEATURES.items() if feature.option_of in (None, host))
    return tuple(itertools.combinations(there, 2))


_ONLY_CLOUDFRONT = ("assets", "experiments", "redirects")


def refusal(pair: tuple[str, str], host: str) -> str | None:
    """Return what is said of a pair that a host does not take; None where it runs."""
    if pair == ("engine", "key"):
        return "key.headers: is not part of the platform's key"
    if pair == ("engine", "experiments"):
        return "key.cookies: is not part of the platform's key"
    if "engine" in pair and {"auth", "rate_limit"} & {*pair}:
        return "uses engine 'platform', which answers before the function runs"
    if host == "cloudfront":
        return None
    return next(
        (f"{feature}: is of use to host 'cloudfront' only" for feature in _ONLY_CLOUDFRONT if feature in pair), None
    )


def program(pair: tuple[str, str], host: str) -> Given:
    """Return the API with both features on the path `/x/*`."""
    endpoint: dict[str, Any] = {}
    api: dict[str, Any] = {}
    cache: dict[str, Any] = {}
    for name in pair:
        feature = FEATURES[name]
        endpoint |= feature.endpoint
        api |= feature.api
        for key, value in (feature.cache or {}).items():
            cache[key] = {**cache[key], **value} if key == "key" and "key" in cache else value
    if cache and "experiments" in pair:
        # A variant's answers are its own: without the cookie in the key the program is refused.
        cache["key"] = {**cache.get("key", {}), "cookies": ["ab"]}
    router = {"origins": [{**ORIGINS[0], "headers": {"X-Version": "new"}}]}
    whole = given(endpoint=endpoint, cache=cache or None, router=router, **api)
    if "rollout" not in pair:
        return whole
    old = {"origins": [{"region": "us", "url": url("us"), "headers": {"X-Version": "old"}}]}
    before = replace(whole, router=old, api={**api, "rollout": {"percentage": 100}})
    how: dict[str, Any] = (
        {"percentage": 50} if host == "cloudflare" else {"header": {"name": "aws-cf-cd-try", "value": "yes"}}
    )
    return replace(whole, api={**api, "rollout": {**how, "previous_version_id": STABLE}}, before=before)
