"""CloudFront's API, as far as a purge uses it: invalidations by path and by cache tag.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Invalidation.html and .../invalidation-by-tags.html
(November 2026).
"""

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

from edgewright.base.errors import InfrastructureError, ProjectError
from edgewright.base.fault_codes import Code
from edgewright.contract.limits import limit
from edgewright.contract.purge import Purge
from edgewright.platforms.cloudfront.aws.client import AwsClient, AwsError

INVALIDATION: Final = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Invalidation.html"
CLOUDFRONT_URL: Final = "https://cloudfront.amazonaws.com"
API: Final = "2020-05-31"
NAMESPACE: Final = f"http://cloudfront.amazonaws.com/doc/{API}/"
IN_PROGRESS: Final = "TooManyInvalidationsInProgress"
FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 60.0
PATIENCE_S: Final = 900.0
"""How long earlier invalidations may be in the way. One takes minutes at most."""


def items(purge: Purge, hosts: Sequence[str]) -> tuple[str, ...]:
    """Return a purge as an invalidation's items: paths, of which `*` may end one, and tags that begin with `#`.

    URLs and prefixes of other hosts than the distribution's are left out. CloudFront keeps paths as they were sent: what is
    asked for means the path as it is written, and the one in the edge's normal form.
    """
    if purge.everything:
        return ("/*",)
    found: list[str] = []
    purge = purge.spelled()
    for url in purge.urls:
        path = _path(url, hosts)
        if path is not None:
            found.append(path)
    for prefix in purge.prefixes:
        path = _path(prefix, hosts)
        if path is not None:
            bare = path.rstrip("/")
            # `/a` covers `/a`, with any query, and `/a/b`, but not `/ab`.
            found += [f"{bare}/*"] if bare == "" else [bare, f"{bare}?*", f"{bare}/*"]
    found += [f"#{tag}" for tag in purge.tags]
    return tuple(dict.fromkeys(found))


def check_soft(purge: Purge, distributions: Mapping[str, Sequence[str]]) -> None:
    """Refuse a soft purge of what CloudFront has stored: it only knows invalidations, and what one names is gone.

    Args:
        purge: what is to be purged.
        distributions: hosts by the distribution's id.

    Raises:
        ProjectError: the purge is soft, and something of it is on a distribution.
    """
    if not purge.soft:
        return
    found = sorted(name for name, hosts in distributions.items() if items(purge, hosts))
    if found:
        raise ProjectError(
            f"--soft: CloudFront knows no soft purge (distribution {', '.join(found)}): what is invalidated is fetched"
            f" anew by the next request ({INVALIDATION}). Leave --soft out: requests that come together wait for one"
            " fetch. What may be served stale, a CachePolicy says by `stale_while_revalidate` and `stale_if_error`. Where"
            " the stack has functions on Cloudflare too, name what is theirs by --url or --prefix with their hosts",
            Code.UNSUPPORTED,
        )


def _path(target: str, hosts: Sequence[str]) -> str | None:
    parts = urlsplit(target)
    if parts.netloc and parts.netloc.lower() not in hosts:
        return None
    path = quote(parts.path or "/", safe="/%:@!$&'()+,;=-._~")
    return f"{path}?{parts.query}" if parts.query else path


def batches(all_items: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield items in invalidations that may each be in progress alone: so many paths, and so many that end with `*`."""
    most = int(limit("cloudfront.invalidation.paths").value)
    most_wild = int(limit("cloudfront.invalidation.wildcards").value)
    batch: list[str] = []
    wild = 0
    for item in all_items:
        is_wild = item.endswith("*") and not item.startswith("#")
        if batch and (len(batch) == most or (is_wild and wild == most_wild)):
            yield tuple(batch)
            batch, wild = [], 0
        batch.append(item)
        wild += is_wild
    if batch:
        yield tuple(batch)


class CloudFront:
    """A client of the API.

    Args:
        client: signs and sends; asked for when the first invalidation is made.
        sleep: waits so many seconds.
        clock: seconds.
    """

    def __init__(
        self,
        client: Callable[[], AwsClient] = lambda: AwsClient.from_environment("cloudfront", CLOUDFRONT_URL),
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._sleep = sleep
        self._clock = clock

    def invalidate(self, distribution: str, paths: Sequence[str], key: str) -> str:
        """Make an invalidation and return its id.

        Args:
            distribution: the distribution's id.
            paths: at most one batch of items.
            key: names the invalidation: the same key with the same paths makes none anew, so that a step that was
                interrupted may be done again.

        Raises:
            ProjectError: there are no credentials, or they may not.
            InfrastructureError: AWS refuses or fails, also after being tried again.
        """
        reference = hashlib.sha256(json.dumps([key, list(paths)]).encode()).hexdigest()[:40]
        rows = "".join(f"<Path>{escape(path)}</Path>" for path in paths)
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?><InvalidationBatch xmlns="{NAMESPACE}">'
            f"<Paths><Quantity>{len(paths)}</Quantity><Items>{rows}</Items></Paths>"
            f"<CallerReference>{reference}</CallerReference></InvalidationBatch>"
        ).encode()
        deadline = self._clock() + PATIENCE_S
        wait = FIRST_WAIT_S
        with self._client() as client:
            while True:
                try:
                    answer = client.call(
                        "POST",
                        f"/{API}/distribution/{quote(distribution, safe='')}/invalidation",
                        body=body,
                        content_type="application/xml",
                    )
                except AwsError as error:
                    if error.code != IN_PROGRESS or self._clock() + wait > deadline:
                        raise InfrastructureError(
                            f"distribution {distribution}: AWS answers {error}; run the same command again later, and it"
                            " goes on from here",
                            Code.REMOTE,
                        ) from None
                    self._sleep(wait)
                    wait = min(LONGEST_WAIT_S, wait * 2)
                else:
                    found = re.search(r"<Id>([^<]+)</Id>", answer.text)
                    if found is None:
                        raise InfrastructureError(
                            f"AWS answered something that is no invalidation: {answer.text[:200]!r}", Code.REMOTE
                        )
                    return found[1]
