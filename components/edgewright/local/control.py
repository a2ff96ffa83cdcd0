"""The gateway's control port: deploy, look, purge. See also :mod:`edgewright.platforms.protocol`."""

import json
from collections.abc import Sequence
from urllib.parse import quote

import httpx

from edgewright.base.errors import DeployFault, DeployRefused, InfrastructureError
from edgewright.base.fault_codes import Code
from edgewright.contract.purge import Fault, PurgeRefused
from edgewright.local.told import Counts, Keys, LogEntry, Purged, Refusal, Served, Status
from edgewright.platforms import protocol

DEPLOY_TIMEOUT_S = 60.0
_OPTIONS = {"urls": "--url", "prefixes": "--prefix", "tags": "--tag"}


class Control:
    """A client of one gateway's control port.

    Args:
        port: the control port on 127.0.0.1.
        token: the secret that the gateway gave to whoever started it.
    """

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        # No proxy from the environment: this is loopback.
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(10.0, read=DEPLOY_TIMEOUT_S),
            trust_env=False,
        )

    def __enter__(self) -> "Control":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close connections; the gateway goes on."""
        self._client.close()

    def deploy(self, deployment: protocol.Deployment) -> Served:
        """Make the gateway run this deployment, whole or not at all; return `generation` and `ms`.

        Raises:
            DeployRefused: it cannot run; the last good one goes on serving.
            InfrastructureError: the gateway does not answer.
        """
        response = self._request("POST", "/v1/deploy", content=deployment.model_dump_json())
        if response.status_code == 422:
            raise DeployRefused([_fault(entry) for entry in response.json().get("errors", [])])
        served: Served = self._checked(response).json()
        return served

    def status(self) -> Status:
        """Return generation, workers, URLs and up-time."""
        status: Status = self._checked(self._request("GET", "/v1/status")).json()
        return status

    def counters(self) -> Counts:
        """Return what was counted since the last reset: requests, by status, and by origin."""
        counts: Counts = self._checked(self._request("GET", "/v1/counters")).json()
        return counts

    def reset_counters(self) -> None:
        """Set all counters to nought."""
        self._checked(self._request("POST", "/v1/counters/reset"))

    def logs(self, after: int = 0, limit: int = 1000) -> Sequence[LogEntry]:
        """Return log entries with a sequence number past `after`, oldest first."""
        answer = self._checked(self._request("GET", f"/v1/logs?after={after}&limit={limit}"))
        entries: Sequence[LogEntry] = answer.json()["entries"]
        return entries

    def purge(self, **what: object) -> Purged:
        """Purge caches: `everything=True`, or `urls`, `prefixes` or `tags`; `soft=True` marks as stale only.

        With `dry_run=True` it is only looked at.

        Raises:
            PurgeRefused: something of it cannot be there.
            InfrastructureError: the gateway does not answer.
        """
        response = self._request("POST", "/v1/purge", content=json.dumps(what))
        if response.status_code == 400:
            document = response.json()
            raise PurgeRefused(
                Fault(
                    str(entry["message"]),
                    _OPTIONS.get(entry.get("list")),
                    entry.get("value"),
                    Code.of(str(entry.get("code", ""))) or Code.OPTION,
                )
                for entry in document.get("faults") or [{"message": document.get("detail", response.text)}]
            )
        purged: Purged = self._checked(response).json()
        return purged

    def invalidate(self, paths: Sequence[str], distribution_id: str | None = None) -> None:
        """Invalidate paths such as `/images/*`, and tags such as `#news`, in one distribution, or in all."""
        asked = json.dumps({"paths": [*paths], "distribution_id": distribution_id})
        self._checked(self._request("POST", "/v1/invalidate", content=asked))

    def kv_keys(self, namespace_id: str, prefix: str = "") -> Keys:
        """Return the keys of a namespace."""
        path = f"/v1/kv/{quote(namespace_id, safe='')}/keys?prefix={quote(prefix, safe='')}"
        keys: Keys = self._checked(self._request("GET", path)).json()
        return keys

    def kv_get(self, namespace_id: str, key: str) -> bytes | None:
        """Return a value's bytes, or None where there is no such key."""
        response = self._request("GET", self._value(namespace_id, key))
        if response.status_code == 404:
            return None
        return self._checked(response).content

    def kv_put(self, namespace_id: str, key: str, value: bytes) -> None:
        """Write a value."""
        self._checked(self._request("PUT", self._value(namespace_id, key), content=value))

    def kv_delete(self, namespace_id: str, key: str) -> None:
        """Delete a key."""
        self._checked(self._request("DELETE", self._value(namespace_id, key)))

    @staticmethod
    def _value(namespace_id: str, key: str) -> str:
        return f"/v1/kv/{quote(namespace_id, safe='')}/values/{quote(key, safe='')}"

    def _request(self, method: str, path: str, content: str | bytes | None = None) -> httpx.Response:
        try:
            return self._client.request(method, path, content=content)
        except httpx.HTTPError as error:
            raise InfrastructureError(
                f"the gateway's control port 127.0.0.1:{self.port} does not answer ({type(error).__name__}: {error})",
                Code.PROCESS,
            ) from None

    def _checked(self, response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        try:
            detail = response.json().get("detail") or response.text
        except ValueError:
            detail = response.text
        path = response.request.url.path
        raise InfrastructureError(
            f"the gateway answered {response.status_code} to {path}: {str(detail)[:300]}", Code.PROCESS
        )


def _fault(entry: Refusal) -> DeployFault:
    return DeployFault(
        str(entry.get("message", "the gateway refused it without a reason")),
        entry.get("worker"),
        entry.get("module"),
        entry.get("line"),
        entry.get("column"),
    )
