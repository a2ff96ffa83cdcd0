"""What CloudFront's replicas have left behind: retired versions of functions at the edge, and how they go.

A version stays replicated for hours after its last association; until then AWS refuses to delete it. So the components retire
versions, and this removes those that nothing uses. AWS's own refusal is the guard: a version in use cannot be deleted.
"""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from edgewright.base.errors import ProjectError
from edgewright.base.fault_codes import Code
from edgewright.engine.resources import State
from edgewright.platforms.cloudfront.aws.client import AwsClient, AwsError
from edgewright.platforms.parts import Leftover, Outcome, Reaper

LAMBDA_URL: Final = "https://lambda.us-east-1.amazonaws.com"
MARK: Final = "edgewright"
"""Begins the description of each function that edgewright makes, before `project/stack/component`."""
LAMBDA_TYPE: Final = "aws:lambda/function:Function"
DISTRIBUTION_TYPE: Final = "aws:cloudfront/distribution:Distribution"
PAGE: Final = "50"


def in_use(state: State, where: str) -> dict[str, str]:
    """Return the functions that a stack's state holds, name to the version in use, the oldest where several are.

    Raises:
        ProjectError: it is no state.
    """
    try:
        resources = state["deployment"].get("resources") or []
        found = [each for each in resources if each.get("type") == LAMBDA_TYPE]
        used = {each["outputs"]["name"]: str(each["outputs"].get("version", "")) for each in found}
        # During a rollout most requests still get an earlier version than the newest.
        for name, version in _associated(resources):
            newest = used.get(name, "")
            if newest.isdigit() and int(version) < int(newest):
                used[name] = version
        return used
    except (KeyError, TypeError, AttributeError):
        raise ProjectError(
            f"{where}: is not a stack's state; write one with: pulumi stack export --file state.json", Code.SYNTAX
        ) from None


def _associated(resources: Sequence[State]) -> Iterator[tuple[str, str]]:
    """Yield name and version of each function that a distribution of the stack has."""
    for resource in resources:
        if resource.get("type") == DISTRIBUTION_TYPE:
            outputs = resource.get("outputs") or {}
            for behavior in (outputs.get("defaultCacheBehavior") or {}, *(outputs.get("orderedCacheBehaviors") or ())):
                for association in behavior.get("lambdaFunctionAssociations") or ():
                    found = re.search(r":function:([^:]+):(\d+)$", str(association.get("lambdaArn")))
                    if found is not None:
                        yield found[1], found[2]


@contextlib.contextmanager
def reaper() -> Iterator[Reaper]:
    """Give who asks AWS, with the environment's credentials.

    Raises:
        ProjectError: there are none.
    """
    with AwsClient.from_environment("lambda", LAMBDA_URL) as client:
        yield _Reaper(client)


class _Reaper:
    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def leftovers(self, project: str, stack: str, used: Mapping[str, str], keep: int) -> Sequence[Leftover]:
        return leftovers(self._client, project, stack, used, keep)

    def remove(self, leftover: Leftover) -> Outcome:
        return remove(self._client, leftover)


def functions(client: AwsClient, project: str, stack: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the component of each function that belongs to a stack, also to one that was destroyed."""
    mark = f"{MARK} {project}/{stack}/"
    for page in _pages(client, "/2015-03-31/functions/", "Functions"):
        description = str(page.get("Description") or "")
        if description.startswith(mark):
            yield page["FunctionName"], description.removeprefix(f"{MARK} ").split(":")[0]


def leftovers(
    client: AwsClient, project: str, stack: str, used: Mapping[str, str], keep: int = 1
) -> tuple[Leftover, ...]:
    """Return what a stack has left behind.

    Args:
        client: of Lambda in us-east-1.
        project: the project's name.
        stack: the stack's name.
        used: the functions of the stack with the version in use. Others of its mark are left over whole.
        keep: versions before the one in use that stay, to go back to.
    """
    found: list[Leftover] = []
    for name, component in functions(client, project, stack):
        if name not in used:
            found.append(Leftover(name, None, component))
            continue
        path = f"/2015-03-31/functions/{quote(name, safe='')}/versions"
        numbers = [int(each["Version"]) for each in _pages(client, path, "Versions") if each["Version"].isdigit()]
        current = int(used[name]) if used[name].isdigit() else max(numbers, default=0)
        older = sorted((number for number in numbers if number < current), reverse=True)
        found += [Leftover(name, str(number), component) for number in sorted(older[keep:])]
    return tuple(sorted(found, key=lambda item: (item.function, int(item.version or 0))))


def remove(client: AwsClient, leftover: Leftover) -> Outcome:
    """Delete one, if AWS allows it.

    Raises:
        ProjectError: the credentials may not.
        InfrastructureError: AWS fails.
    """
    query = {"Qualifier": leftover.version} if leftover.version is not None else None
    try:
        client.call("DELETE", f"/2015-03-31/functions/{quote(leftover.function, safe='')}", query=query)
    except AwsError as error:
        if error.status == 404:
            return Outcome(leftover, "gone")
        # "Lambda was unable to delete arn:... because it is a replicated function."
        return Outcome(leftover, "replicated", error.message)
    return Outcome(leftover, "removed")


def _pages(client: AwsClient, path: str, key: str) -> Iterator[Mapping[str, str]]:
    query = {"MaxItems": PAGE}
    while True:
        answer = json.loads(client.call("GET", path, query=query).text)
        yield from answer.get(key) or []
        marker = answer.get("NextMarker")
        if not marker:
            return
        query = {"MaxItems": PAGE, "Marker": marker}
