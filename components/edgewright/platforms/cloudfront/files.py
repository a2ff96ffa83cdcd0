"""Static files: a bucket that only the distribution may read (origin access control)."""

import json
import mimetypes
from collections.abc import Sequence
from pathlib import Path

import pulumi
import pulumi_aws as aws

from edgewright.base.faults import show
from edgewright.platforms.cloudfront.options import REGION
from edgewright.platforms.cloudfront.policies import ASSETS_TTL
from edgewright.platforms.cloudfront.site import Site


def make_bucket(site: Site) -> "aws.s3.Bucket | None":
    """Make the bucket with its files, where the API has any."""
    if not site.plan.assets:
        return None
    bucket = _private_bucket(site, f"{site.name}-assets")
    _tell_hidden(site)
    for item, folder, files in site.files:
        prefix = item.pattern.removesuffix("*").removeprefix("/")
        # Of the objects, not of a response headers policy, which would give it to S3's answer to a missing one too.
        control = f"public, max-age={item.browser_ttl or 0}{', immutable' if item.immutable else ''}"
        for name in sorted(files):
            path = folder / name
            shown = path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else str(path)
            file = aws.s3.BucketObjectv2(
                f"{site.name}-asset-{prefix}{name}",
                region=REGION,
                bucket=bucket.bucket,
                key=f"{prefix}{name}",
                cache_control=f"{control}, s-maxage={ASSETS_TTL}",
                source=pulumi.FileAsset(shown),
                content_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
                opts=site.child,
            )
            site.uploaded.append(file)
    return bucket


def make_named(site: Site) -> aws.s3.Bucket:
    """Make an empty bucket that nobody may read: the name of an origin that CloudFront finds, and never asks."""
    return _private_bucket(site, f"{site.name}-origin")


def _private_bucket(site: Site, name: str) -> aws.s3.Bucket:
    bucket = aws.s3.Bucket(name, region=REGION, tags=dict(site.plan.tags), opts=site.child)
    aws.s3.BucketPublicAccessBlock(
        f"{name}-private",
        region=REGION,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=site.child,
    )
    return bucket


def _tell_hidden(site: Site) -> None:
    """Warn of files that nobody gets, because an endpoint or other `assets` have their path."""
    everywhere = {f"{item.pattern.removesuffix('*')}{name}" for item, _, files in site.files for name in files}
    for index, ((item, _, served), (_, _, given)) in enumerate(zip(site.files, site.plan.assets, strict=True)):
        stem = item.pattern.removesuffix("*")
        hidden = sorted(name for name in given if name not in served and stem + name not in everywhere)
        if hidden:
            more = f" and {len(hidden) - 1} more" if len(hidden) > 1 else ""
            pulumi.log.warn(
                f"assets[{index}]: {show(stem + hidden[0])}{more} is not served, and not uploaded: a more specific path of an"
                " endpoint or of other `assets` takes it. Move it, or take it out of the folder.",
                site.parent,
            )


def let_read(site: Site, bucket: "aws.s3.Bucket | None", distributions: Sequence[aws.cloudfront.Distribution]) -> None:
    """Let the distribution alone read the bucket, and its staging one beside it."""
    if bucket is None:
        return

    def policy(known: Sequence[str]) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": "s3:GetObject",
            "Resource": f"{known[0]}/*",
            "Condition": {"StringEquals": {"AWS:SourceArn": known[1] if len(known) == 2 else list(known[1:])}},
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, sort_keys=True)

    aws.s3.BucketPolicy(
        f"{site.name}-assets-readers",
        region=REGION,
        bucket=bucket.bucket,
        policy=pulumi.Output.all(bucket.arn, *(each.arn for each in distributions)).apply(policy),
        # What is protected goes first, so that a refused `destroy` has not begun with the files.
        opts=pulumi.ResourceOptions(parent=site.parent, depends_on=site.uploaded),
    )
