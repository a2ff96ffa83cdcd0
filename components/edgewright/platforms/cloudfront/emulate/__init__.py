"""AWS on a laptop: what the resources of CloudFront stacks become.

As on the other platforms, two halves: :data:`HANDLERS` and :data:`FUNCTIONS`, put together here from a file for each
service, answer the program, and :func:`edgewright.platforms.cloudfront.emulate.translate.translate` turns what was captured into the
gateway's document.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from edgewright.engine.resources import Inputs
from edgewright.platforms.cloudfront.emulate import (
    account,
    acm,
    cloudfront,
    cloudwatch,
    iam,
    lambda_,
    route53,
    s3,
    wafv2,
)
from edgewright.platforms.handlers import Function, Handler

if TYPE_CHECKING:
    from edgewright.platforms.scene import Scene

PACKAGE: Final = "aws"

HANDLERS: Final[Mapping[str, Handler]] = {
    **cloudfront.HANDLERS,
    **lambda_.HANDLERS,
    **iam.HANDLERS,
    **s3.HANDLERS,
    **acm.HANDLERS,
    **wafv2.HANDLERS,
    **route53.HANDLERS,
    **cloudwatch.HANDLERS,
}
"""Every resource type of AWS that the local cloud knows."""

FUNCTIONS: Final[Mapping[str, Function]] = {
    **iam.FUNCTIONS,
    **cloudfront.FUNCTIONS,
    **account.FUNCTIONS,
    **route53.FUNCTIONS,
}
"""The data functions of AWS that the local cloud answers; what an account would know is stood for (gap `aws-account`)."""

REFERRED_TO: Final = HANDLERS
"""Types whose resources others refer to by ARN or name: they have those outputs also where nothing is played."""

RECORDED_FUNCTIONS: Final = FUNCTIONS
"""Data functions that are answered also where nothing is played."""


def call(token: str, args: Inputs, _versions: Mapping[str, object]) -> Inputs | None:
    """Return what a data function gives; None where the local cloud does not answer it."""
    function = FUNCTIONS.get(token)
    return None if function is None else function(args)


def play(scene: "Scene") -> None:
    """Add the distributions, their functions and what they serve."""
    # It reads Pulumi's assets: a command that translates nothing starts without the SDK.
    from edgewright.platforms.cloudfront.emulate import translate

    archive = scene.archive
    found = translate.translate(scene.capture, scene.base, scene.addresses, archive.functions, archive.distributions)
    scene.deployment.cloudfront = found.deployment
    scene.faults += found.faults
    scene.gaps += found.gaps
    scene.functions += found.published
    scene.distributions = found.held
