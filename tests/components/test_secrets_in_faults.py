"""A secret given where none belongs is in no fault: whoever reads a log need not be who may read the secret."""

from typing import Any

import pulumi
import pytest
from edgewright import EdgeApi, GeoRouter, KvNamespace
from edgewright.base.faults import InputFaults

from tests.components.program import ZONE, placed, run

TOKEN = "v1.0-c4n4ryC4n4ry-c4n4ryC4n4ryC4n4ry0000"


def api(**args: Any) -> Any:
    def declared() -> None:
        router = GeoRouter("o", {"origins": [{"region": "us", "url": "https://us.example.com"}], "fallback": "us"})
        given: Any = placed({"endpoints": [{"path": "/a", "origin": router.routing}], **args})
        EdgeApi("api", given)

    return declared


def jwks(url: str) -> Any:
    auth = {"kind": "jwt", "issuer": "i", "audience": ["a"], "jwks_url": url}

    def declared() -> None:
        router = GeoRouter("o", {"origins": [{"region": "us", "url": "https://us.example.com"}], "fallback": "us"})
        given: Any = {"endpoints": [{"path": "/a", "origin": router.routing, "auth": auth}]}
        EdgeApi("api", given)

    return declared


def routed(url: Any) -> Any:
    return lambda: GeoRouter("o", {"origins": [{"region": "us", "url": url}], "fallback": "us"})


def redirected(to: str) -> Any:
    return api(host="cloudfront", redirects=[{"path": "/x/*", "to": to}])


SECRET = pulumi.Output.secret
PROGRAMS = {
    "account": lambda: api(account_id=TOKEN),
    "account, secret": lambda: api(account_id=SECRET("hunter2-hunter2")),
    "zone": lambda: api(zone_id=TOKEN, hostname="a.example.com"),
    "zone, secret": lambda: api(zone_id=SECRET("hunter2"), hostname="a.example.com"),
    "store's account": lambda: lambda: KvNamespace("kv", {"cloudflare": {"account_id": TOKEN}}),
    "store's account, secret": lambda: lambda: KvNamespace("kv", {"cloudflare": {"account_id": SECRET("hunter2")}}),
    "key set's query": lambda: jwks(f"https://id.example.com/keys?api_key={TOKEN}"),
    "key set's fragment": lambda: jwks(f"https://id.example.com/keys#{TOKEN}"),
    "key set's userinfo": lambda: jwks("https://user:hunter2@id.example.com/keys"),
    "key set's user": lambda: jwks("https://hunter2@id.example.com/keys"),
    "origin's userinfo": lambda: routed("https://user:hunter2@us.example.com"),
    "origin's userinfo, no host": lambda: routed("https://user:hunter2"),
    "origin's userinfo, no scheme": lambda: routed("user:hunter2@us.example.com"),
    "origin's userinfo that Python quotes": lambda: routed("https://user\u2100:hunter2@us.example.com"),
    "origin's query": lambda: routed(f"https://us.example.com/?token={TOKEN}"),
    "origin, secret": lambda: routed(SECRET("ftp://hunter2.example.com")),
    "origin, secret, in capitals": lambda: routed(SECRET("https://hunter2_.example.com")),
    "redirect's userinfo": lambda: redirected("https://user:hunter2@new.example.com/*"),
    "redirect's query": lambda: redirected(f"https://new.example.com/?token={TOKEN}&to=*"),
    "certificate, secret": lambda: api(host="cloudfront", hostname="a.example.com", certificate_arn=SECRET("hunter2")),
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_secret_where_none_belongs_is_not_told(program: Any) -> None:
    with pytest.raises(InputFaults) as caught:
        run(lambda: program()())
    for told in (str(caught.value), repr(caught.value.faults)):
        assert TOKEN not in told
        assert "hunter2" not in told.lower()
    assert caught.value.faults


def test_a_value_that_is_no_secret_is_told() -> None:
    for program, told in (
        (api(account_id="acme"), "'acme' is not an account's id"),
        (api(account_id=ZONE.upper()), f"'{ZONE.upper()}' is not an account's id"),
        (jwks("https://id.example.com/keys?v=1"), "'https://id.example.com/keys?…' has a query or fragment"),
        (routed("ftp://us.example.com"), "'ftp://us.example.com' is not http or https"),
    ):
        with pytest.raises(InputFaults) as caught:
            run(program)
        assert told in str(caught.value)
