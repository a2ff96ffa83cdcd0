"""A signed client of one AWS service: tries again what may be tried again, and says what AWS says."""

import datetime
import json
import os
import random
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx

from edgewright.base.errors import InfrastructureError, ProjectError
from edgewright.base.fault_codes import Code
from edgewright.platforms.cloudfront.aws.sigv4 import Credentials, sign

REGION: Final = "us-east-1"
TRIES: Final = 6
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 20.0
_AGAIN = ("Throttl", "TooManyRequests", "RequestLimitExceeded", "ServiceUnavailable", "InternalFailure")


class AwsError(Exception):
    """AWS refused a request: its status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        super().__init__(f"{status} {code}: {message}")


class AwsClient:
    """Signs and sends requests to one service.

    Args:
        service: the service's name in signatures and addresses.
        credentials: who asks.
        base_url: where the API is.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        service: str,
        credentials: Credentials,
        base_url: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.service = service
        self._credentials = credentials
        self._base = base_url.rstrip("/")
        self._sleep = sleep
        self._http = httpx.Client(timeout=30)

    @classmethod
    def from_environment(cls, service: str, default: str) -> "AwsClient":
        """Return a client by what the environment says: credentials, and `AWS_ENDPOINT_URL_<SERVICE>` or `AWS_ENDPOINT_URL`.

        Raises:
            ProjectError: there are no credentials, or the address is none that a signature may be sent to.
        """
        variable = f"AWS_ENDPOINT_URL_{service.upper()}"
        base = os.environ.get(variable) or os.environ.get("AWS_ENDPOINT_URL") or default
        parts = urlsplit(base)
        loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and loopback)):
            raise ProjectError(
                f"{variable} is {base!r}: must be an https:// URL; http:// only on this machine", Code.CREDENTIALS
            )
        return cls(service, Credentials.from_environment(), base)

    def __enter__(self) -> "AwsClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        content_type: str | None = None,
    ) -> httpx.Response:
        """Send a request and return its answer.

        Raises:
            AwsError: AWS refuses it.
            ProjectError: the credentials may not.
            InfrastructureError: AWS cannot be reached or fails, also after being tried again.
        """
        url = f"{self._base}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"content-type": content_type} if content_type else {}
        fault = ""
        for attempt in range(TRIES):
            signed = sign(
                method,
                url,
                headers,
                body,
                credentials=self._credentials,
                region=REGION,
                service=self.service,
                now=datetime.datetime.now(datetime.timezone.utc),
            )
            try:
                answer = self._http.request(method, url, content=body, headers=signed)
            except httpx.HTTPError as error:
                fault = f"{type(error).__name__}: {error}"
            else:
                if answer.is_success:
                    return answer
                code, message = _error(answer)
                fault = f"{answer.status_code} {code}: {message}"
                if answer.status_code in (401, 403) and not code.startswith(_AGAIN):
                    raise ProjectError(
                        f"AWS answers {fault} to {method} {path}: the credentials may not do this", Code.CREDENTIALS
                    )
                if answer.status_code < 500 and answer.status_code != 429 and not code.startswith(_AGAIN):
                    raise AwsError(answer.status_code, code, message)
            if attempt < TRIES - 1:
                backoff = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt)
                self._sleep(random.uniform(backoff / 2, backoff))
        raise InfrastructureError(
            f"{method} {path} failed {TRIES} times, last with {fault}; run this again later", Code.REMOTE
        )


def _error(answer: httpx.Response) -> tuple[str, str]:
    """Return the code and the message of a refusal, as JSON or as XML."""
    code = answer.headers.get("x-amzn-errortype", "").split(":")[0]
    try:
        value: Any = json.loads(answer.text)
        message = str(value.get("Message") or value.get("message") or "")
        code = code or str(value.get("Code") or value.get("Type") or "")
    except (ValueError, AttributeError):
        found = {name: re.search(rf"<{name}>([^<]*)</{name}>", answer.text) for name in ("Code", "Message")}
        code = code or (found["Code"][1] if found["Code"] else "")
        message = found["Message"][1] if found["Message"] else answer.text
    return code or "Error", message[:300] or answer.reason_phrase
