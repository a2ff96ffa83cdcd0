"""Signature Version 4, the signature of every request to AWS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. A small signer of our own: AWS's
SDK would bring 80 MB for two calls. Credentials come from the environment only.
"""

import datetime
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit

from edgewright.base.errors import ProjectError
from edgewright.base.fault_codes import Code

ALGORITHM = "AWS4-HMAC-SHA256"
KEY_VARIABLE = "AWS_ACCESS_KEY_ID"
SECRET_VARIABLE = "AWS_SECRET_ACCESS_KEY"
TOKEN_VARIABLE = "AWS_SESSION_TOKEN"


@dataclass(frozen=True)
class Credentials:
    """Who asks. The secret is in no message and no representation."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls) -> "Credentials":
        """Return the environment's credentials.

        Raises:
            ProjectError: they are not set.
        """
        values = {name: os.environ.get(name, "").strip() for name in (KEY_VARIABLE, SECRET_VARIABLE)}
        missing = [name for name, value in values.items() if not value]
        if missing:
            raise ProjectError(
                f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set; for a profile or single sign-on:"
                ' eval "$(aws configure export-credentials --format env)"',
                Code.CREDENTIALS,
            )
        return cls(values[KEY_VARIABLE], values[SECRET_VARIABLE], os.environ.get(TOKEN_VARIABLE, "").strip() or None)


def _encode(text: str, safe: str = "") -> str:
    return quote(text, safe=f"{safe}-_.~")


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def sign(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    credentials: Credentials,
    region: str,
    service: str,
    now: datetime.datetime,
) -> dict[str, str]:
    """Return the headers of a request with its signature.

    Args:
        method: the request's method.
        url: the request's URL; its path is encoded already.
        headers: the request's own headers, all of which are signed.
        body: the request's body.
        credentials: who asks.
        region: the service's region.
        service: the service's name in signatures: `lambda`, `cloudfront`.
        now: the time of the request, in UTC.
    """
    parts = urlsplit(url)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    signed |= {"host": parts.netloc, "x-amz-date": stamp}
    if credentials.session_token is not None:
        signed["x-amz-security-token"] = credentials.session_token
    names = ";".join(sorted(signed))
    query = "&".join(
        sorted(f"{_encode(name)}={_encode(value)}" for name, value in parse_qsl(parts.query, keep_blank_values=True))
    )
    canonical = "\n".join(
        [
            method,
            # Every service but S3 takes the encoded path, encoded once more.
            _encode(parts.path or "/", safe="/"),
            query,
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    key = f"AWS4{credentials.secret_key}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    text = "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    given = {name: value for name, value in signed.items() if name != "host"}
    credential = f"{credentials.access_key}/{scope}"
    given["authorization"] = f"{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return given
