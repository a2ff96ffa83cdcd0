"""A gradual rollout: a staging distribution with the new version, and the policy that sends it some of the requests.

What is staged is the function's code with its settings: endpoints, handlers, origins, cache strategies' times. The
distribution's own settings are the same in both, and change at once. A rollout is a walk of four steps, each one
deployment: stage (a percentage or a header), test, promote (`percentage: 100`, which takes the staging distribution away),
and, for HTTP/3, detach (no `rollout`).

CloudFront's rules for it: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/continuous-deployment.html.
HTTP/3 excludes it, so an API with a `rollout` speaks HTTP/2; a policy cannot be given to a distribution that is being
made, so the first deployment has none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgewright.arguments import checks
from edgewright.arguments.shape import is_later
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.contract.limits import limit

HEADER = re.compile(r"aws-cf-cd-[a-z0-9-]{1,118}")


@dataclass(frozen=True)
class Rollout:
    """How the new version is rolled out."""

    given: bool = False
    """Whether the API is to be rolled out gradually at some time: it has no HTTP/3 then."""
    percentage: float = 100
    header: Mapping[str, str] = field(default_factory=dict)
    session: Mapping[str, int] = field(default_factory=dict)
    previous: Any = None

    @property
    def staged(self) -> bool:
        """Whether a staging distribution has the new version."""
        return bool(self.header) or self.percentage < 100

    @property
    def http_version(self) -> str:
        """The protocols that the distribution speaks."""
        return "http2" if self.given else "http2and3"


def check_rollout(given: Mapping[str, Any], faults: Faults) -> Rollout:
    """Return how the new version is rolled out; note what is wrong with it."""
    if "rollout" not in given:
        return Rollout()
    rollout = given["rollout"]
    percentage, header, session = rollout.get("percentage", 100), rollout.get("header", {}), rollout.get("session", {})
    most = limit("cloudfront.continuous_deployment.weight_percent")
    if percentage != 100 and (not 0 < percentage <= most.value or round(percentage, 2) != percentage):
        faults.add(
            "rollout.percentage",
            f"{percentage} is not a share that CloudFront sends to a staging distribution ({most.source})",
            code=Code.RANGE,
            allowed=f"above 0, at most {most.value:g}, with at most 2 decimals; or 100, which ends the rollout",
        )
    if "sticky" in rollout:
        faults.add(
            "rollout.sticky", "is of use to host 'cloudflare' only", code=Code.OTHER_PLATFORM, fix="Use `session`."
        )
    if header and "percentage" in rollout:
        faults.add(
            "rollout.header",
            "is given beside `percentage`: CloudFront goes by one of them",
            code=Code.EXCLUSIVE,
            fix="Leave one out.",
        )
    if header:
        _check_header(header, faults)
    if session:
        _check_session(session, percentage, faults)
    found = Rollout(True, percentage, header, session, rollout.get("previous_version_id"))
    if found.staged and found.previous is None:
        faults.add(
            "rollout.previous_version_id",
            "is required while a staging distribution has the new version: the others keep this one",
            code=Code.MISSING,
            fix="Give the `stable_version_id` of the deployment before, or `percentage: 100`.",
        )
    ways = ("percentage", "header")
    if found.previous is not None and not any(way in rollout or faults.about(f"rollout.{way}") for way in ways):
        faults.add(
            "rollout.previous_version_id",
            "has no effect without `percentage` or `header`: the new version gets all requests",
            code=Code.NO_EFFECT,
            fix="Give one of them too, or leave it out.",
        )
    if found.previous is not None and not is_later(found.previous) and not re.fullmatch(r"[1-9]\d*", found.previous):
        faults.add(
            "rollout.previous_version_id",
            f"{show(found.previous)} is not a version of a function",
            code=Code.IDENTIFIER,
            allowed="a number in quotes, for example '7'",
        )
    return found


def _check_header(header: Mapping[str, str], faults: Faults) -> None:
    name, value = header.get("name", ""), header.get("value", "")
    if "name" in header and not HEADER.fullmatch(name):
        faults.add(
            "rollout.header.name",
            f"{show(name)} is not a header by which CloudFront stages",
            code=Code.HEADER_NAME,
            allowed="`aws-cf-cd-` and lower-case letters, digits and hyphens",
        )
    if "value" in header and not re.fullmatch(r"[\x21-\x7e]{1,1783}", value):
        faults.add(
            "rollout.header.value",
            f"{show(value)} is not a header's value",
            code=Code.HEADER_VALUE,
            allowed="visible ASCII, no blanks",
        )


def _check_session(session: Mapping[str, int], percentage: float, faults: Faults) -> None:
    least, most = (limit(f"cloudfront.continuous_deployment.session_{each}_s") for each in ("least", "most"))
    sound = [
        checks.whole(f"rollout.session.{key}", session[key], faults, int(least.value), int(most.value), "seconds")
        for key in ("idle", "longest")
        if key in session
    ]
    if len(sound) == 2 and session["idle"] > session["longest"]:
        faults.add(
            "rollout.session.idle",
            f"{session['idle']} is above `longest`, {session['longest']}",
            code=Code.CONTRADICTION,
        )
    if percentage == 100:
        faults.add(
            "rollout.session",
            "has no effect without a `percentage` below 100",
            code=Code.NO_EFFECT,
            fix="Leave it out.",
        )
