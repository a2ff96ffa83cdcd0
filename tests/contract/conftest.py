"""One API, deployed on each host that the components know, on the real local cloud."""

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from edgewright.contract.tiers import HITS
from edgewright.platforms import HOSTS
from edgewright.testing import LocalCloud, local_cloud
from edgewright.verify.outcome import tier_of

from tests.contract.origin import Behind, behind
from tests.loopback import PATIENCE_S
from tests.projects import make_project

ISSUER = "https://id.example.com"
AUDIENCE = "contract"
SESSION_ID = "s3ss10n-of-ada_0001"

PROGRAM = """
import json
import time

import pulumi
from edgewright import CachePolicy, EdgeApi, GeoRouter, KvNamespace

config = pulumi.Config()
host = config.require("host")
urls = config.require_object("urls")
cloudflare = host == "cloudflare"
account = {"cloudflare": {"account_id": "0123456789abcdef0123456789abcdef"}}

now = int(time.time())
sessions = KvNamespace(
    "sessions",
    {
        "host": host,
        **account,
        "seed": {
            "entries": [
                {"key": f"session:{id}", "value": json.dumps({"user": "ada", **times}, separators=(",", ":"))}
                for id, times in (
                    ("SESSION_ID", {}),
                    ("made-just-now", {"iat": now}),
                    ("made-yesterday", {"iat": now - 86_000}),
                    ("made-too-long-ago", {"iat": now - 86_401}),
                    ("made-at-the-epoch", {"iat": 0}),
                    ("made-tomorrow", {"iat": now + 86_400}),
                    ("made-before-time", {"iat": -1}),
                    ("made-in-words", {"iat": str(now)}),
                    ("made-never", {"iat": None}),
                )
            ]
        },
    },
)
one = GeoRouter("one", {"origins": [{"region": "us", "url": urls["us"]}], "fallback": "us"})
three = GeoRouter(
    "three",
    {
        "origins": [
            {"region": region, "url": urls[region], "countries": countries}
            for region, countries in (("us", ["US"]), ("eu", ["DE"]), ("apac", ["JP"]))
        ],
        "fallback": "us",
        "timeout_ms": 2000,
        "health_check": {"interval": 1, "unhealthy_after": 100},
    },
)
products = CachePolicy(
    "products", {"edge_ttl": 3600, "browser_ttl": 60, "key": {"query": "include", "query_names": ["id", "page"]}}
)
shared = CachePolicy("shared", {"mode": "origin"})
token = {"kind": "jwt", "issuer": "ISSUER", "audience": ["AUDIENCE"], "jwks_url": urls["us"] + "/keys", "algorithms": ["RS256"]}
pages = {
    "origins": ["https://a.example", "https://b.example"],
    "headers": ["X-Mine"],
    "expose": ["X-Own"],
    "credentials": True,
    "max_age": 600,
}

api = EdgeApi(
    "contract",
    {
        "host": host,
        **account,
        "sessions": {"binding": sessions.binding},
        "endpoints": [
            {"path": "/echo/:id", "handler": "echo.js", "methods": ["GET", "POST"]},
            {"path": "/function", "handler": "function.js"},
            {"path": "/limited", "handler": "function.js", "rate_limit": {"limit": 10, "period": 60}},
            {"path": "/throws", "handler": "throws.js"},
            {"path": "/passes-through", "handler": "passes-through.js"},
            {"path": "/open/*", "origin": one.routing, "methods": ["GET", "PUT"]},
            {"path": "/spoof", "origin": one.routing},
            {"path": "/large", "origin": one.routing},
            {"path": "/legacy/*", "origin": one.routing, "strip_prefix": "/legacy"},
            {"path": "/api/products/:id", "origin": one.routing, "cache": products.spec},
            {"path": "/api/products/special", "handler": "function.js"},
            {"path": "/pages/:id", "origin": one.routing, "cache": products.spec, "cors": pages},
            {"path": "/pages/handled", "handler": "echo.js", "cache": products.spec, "cors": pages},
            {"path": "/for-all/:id", "origin": one.routing, "cache": products.spec, "cors": {"origins": ["*"]}},
            {"path": "/shared/pages/:id", "origin": one.routing, "auth": token, "cache": shared.spec, "cors": pages},
            {"path": "/near", "origin": three.routing},
            {"path": "/near/cached", "origin": three.routing, "cache": products.spec},
            {"path": "/private/*", "origin": one.routing, "auth": {"kind": "session"}},
            {"path": "/me", "session": True},
            {"path": "/tokens/:id", "origin": one.routing, "auth": token},
            {"path": "/claims", "handler": "echo.js", "auth": token},
            {"path": "/shared/:id", "origin": one.routing, "auth": token, "cache": shared.spec},
            {"path": "/club/:id", "origin": one.routing, "auth": {"kind": "session"}, "cache": shared.spec},
        ],
        "vars": {"MODE": "contract"},
        **({} if cloudflare else {
            "redirects": [
                {"path": "/to-host/*", "to": "https://new.example.com/*"},
                {"path": "/to-part*", "to": "https://new.example.com/app-*"},
                {"path": "/to-root/*", "to": "/*"},
                {"path": "/to-page/*", "to": "/page?a=1#here"},
                # Here the guard, a function of another kind, redirects.
                {"path": "/shared/moved/*", "to": "https://new.example.com/*"},
                {"path": "/shared/home/*", "to": "/*"},
                {"path": "/files/old.txt", "to": "/files/new.txt"},
            ],
            "assets": [{"path": "/files/*", "directory": "files"}],
        }),
    },
)
pulumi.export("urls", api.urls)
pulumi.export("settings", api.settings)
"""

FILES = {
    "echo.js": """
export default {
  async fetch(request, env, context) {
    return Response.json({
      method: request.method, url: new URL(request.url).pathname, params: context.params, claims: context.claims ?? null,
      session: context.session ?? null, mode: env.MODE, body: await request.text(),
      headers: Object.fromEntries(request.headers),
    }, { headers: { "X-Handler": "echo" } });
  },
};
""",
    "function.js": 'export default (request) => new Response("from a function: " + new URL(request.url).pathname);\n',
    "files/new.txt": "new\n",
    "passes-through.js": """
export default {
  fetch(request, env, context) {
    context.passThroughOnException();
    return new Response("as if it had an effect");
  },
};
""",
    "throws.js": 'export default { fetch() { throw new Error("secret-of-the-stack-trace"); } };\n',
}


@dataclass(frozen=True)
class Keys:
    """The identity provider's key."""

    private: Any
    pem: bytes
    """The public key, as anybody can have it."""
    jwk: Mapping[str, Any]

    def token(self, *, headers: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """Return a signed token; a claim given as None is left out."""
        whole = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 600, "sub": "ada", **claims}
        kept = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(kept, self.private, algorithm="RS256", headers={"kid": "one", **(headers or {})})


@dataclass(frozen=True)
class Edge:
    """The API on one host."""

    host: str
    cloud: LocalCloud
    client: httpx.Client
    origins: Mapping[str, Behind]
    keys: Keys

    def ask(self, path: str, method: str = "GET", **given: Any) -> httpx.Response:
        """Ask for a path just as it is written: no client puts it in order."""
        url = httpx.URL(self.cloud.url).copy_with(raw_path=path.encode())
        return self.client.send(self.client.build_request(method, url, **given))

    @property
    def us(self) -> Behind:
        """The origin that most endpoints have."""
        return self.origins["us"]

    @staticmethod
    def hit(answer: httpx.Response) -> bool:
        """Say whether an answer came from a store, in whatever words."""
        return tier_of({name.lower(): value for name, value in answer.headers.items()}) in HITS

    def bearer(self, **claims: Any) -> dict[str, str]:
        """Return the header with a good token, but for what the claims say."""
        return {"Authorization": f"Bearer {self.keys.token(**claims)}"}


SESSION = {"Cookie": f"session={SESSION_ID}"}


@pytest.fixture(scope="package")
def keys() -> Keys:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(public))
    return Keys(private, pem, {**jwk, "kid": "one", "alg": "RS256", "use": "sig"})


@pytest.fixture(scope="package", params=HOSTS)
def edge(
    request: pytest.FixtureRequest, runtime_dir: Path, tmp_path_factory: pytest.TempPathFactory, keys: Keys
) -> Iterator[Edge]:
    host: str = request.param
    with ExitStack() as stack:
        origins = {region: stack.enter_context(behind(region)) for region in ("us", "eu", "apac")}
        origins["us"].keys = [dict(keys.jwk)]
        urls = {region: origin.url for region, origin in origins.items()}
        settings = f"config:\n  demo:host: {host}\n  demo:urls: {json.dumps(urls)}\n"
        program = PROGRAM
        for name, value in (("SESSION_ID", SESSION_ID), ("ISSUER", ISSUER), ("AUDIENCE", AUDIENCE)):
            program = program.replace(name, value)
        project = make_project(tmp_path_factory.mktemp(host), program, settings, files=FILES)
        cloud = stack.enter_context(local_cloud(project, "local"))
        client = stack.enter_context(httpx.Client(trust_env=False, timeout=PATIENCE_S))
        yield Edge(host, cloud, client, origins, keys)


@pytest.fixture
def fresh() -> str:
    """A name that nobody has asked for."""
    return secrets.token_hex(6)
