"""The identity provider of the table's programs: its keys and tokens."""

import json
import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.effect.given import SECRET, url

ISSUER = "https://id.example.com"
AUDIENCE = "table"
KEYS = url("us", "/keys/table")
OTHER_KEYS = url("us", "/keys/other")
"""Another signer's, under the same `kid`."""


class Identity:
    """One signer."""

    @cached_property
    def private(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def key_set(self) -> dict[str, Any]:
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key()))
        return {"keys": [{**jwk, "kid": "one", "use": "sig"}]}

    def token(self, *, algorithm: str = "RS256", **claims: Any) -> str:
        """Return a signed token; a claim given as None is left out."""
        whole = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 600, "sub": "ada", **claims}
        kept = {name: value for name, value in whole.items() if value is not None}
        key: Any = SECRET if algorithm.startswith("HS") else self.private
        return jwt.encode(kept, key, algorithm=algorithm, headers={"kid": "one"})


def tokens(**parts: Any) -> Mapping[str, Any]:
    """Return an endpoint's auth by tokens of the identity provider, changed in these parts; None leaves one out."""
    whole: dict[str, Any] = {
        "kind": "jwt",
        "issuer": ISSUER,
        "audience": [AUDIENCE],
        "jwks_url": KEYS,
        **parts,
    }
    return {key: value for key, value in whole.items() if value is not None}


__all__ = ["AUDIENCE", "ISSUER", "KEYS", "OTHER_KEYS", "Identity", "tokens"]
