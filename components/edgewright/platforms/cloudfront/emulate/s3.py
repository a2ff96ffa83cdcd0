"""Amazon S3: buckets, their settings and objects."""

import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from edgewright.engine.resources import Inputs, Outputs
from edgewright.platforms.cloudfront.emulate.account import all_tags, by, first_part, in_region, region
from edgewright.platforms.cloudfront.emulate.iam import check_policy
from edgewright.platforms.cloudfront.emulate.packages import BadPackage, object_bytes
from edgewright.platforms.handlers import Handler

BUCKET = "aws:s3/bucket:Bucket"
BUCKET_V2 = "aws:s3/bucketV2:BucketV2"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
WEBSITE = "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration"
WEBSITE_V2 = "aws:s3/bucketWebsiteConfigurationV2:BucketWebsiteConfigurationV2"
OBJECT = "aws:s3/bucketObject:BucketObject"
OBJECT_V2 = "aws:s3/bucketObjectv2:BucketObjectv2"
PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"

_BUCKET_NAME = re.compile(r"(?!xn--|sthree-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def _bucket_outputs(inputs: Inputs, _identity: str) -> Outputs:
    name = inputs.get("bucket")
    return {
        "arn": f"arn:aws:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegion": region(inputs),
        "bucketRegionalDomainName": f"{name}.s3.{region(inputs)}.amazonaws.com",
        "bucketNamespace": inputs.get("bucketNamespace") or "global",
        "hostedZoneId": "Z3AQBSTGFYJSTF",
        "objectLockEnabled": inputs.get("objectLockEnabled", False),
        "region": region(inputs),
        **all_tags(inputs),
        "forceDestroy": inputs.get("forceDestroy", False),
        # What a bucket has until resources of their own say something else.
        "accelerationStatus": "",
        "acl": inputs.get("acl") or "private",
        "corsRules": inputs.get("corsRules") or [],
        "grants": inputs.get("grants") or [],
        "lifecycleRules": inputs.get("lifecycleRules") or [],
        "logging": inputs.get("logging") or {},
        "objectLockConfiguration": inputs.get("objectLockConfiguration") or {},
        "replicationConfiguration": inputs.get("replicationConfiguration") or {},
        "replicationConfigurations": inputs.get("replicationConfigurations") or [],
        "serverSideEncryptionConfiguration": inputs.get("serverSideEncryptionConfiguration") or {},
        "serverSideEncryptionConfigurations": inputs.get("serverSideEncryptionConfigurations") or [],
        "website": inputs.get("website") or {},
        "websites": inputs.get("websites") or [],
        "loggings": inputs.get("loggings") or [],
        "policy": inputs.get("policy") or "",
        "requestPayer": inputs.get("requestPayer") or "BucketOwner",
        "versioning": inputs.get("versioning") or {"enabled": False, "mfaDelete": False},
        "versionings": inputs.get("versionings") or [],
        "websiteDomain": f"s3-website-{region(inputs)}.amazonaws.com",
        "websiteEndpoint": f"{name}.s3-website-{region(inputs)}.amazonaws.com",
    }


def _object_outputs(inputs: Inputs, _identity: str) -> Outputs:
    content = object_bytes(inputs, Path.cwd())
    return {
        "arn": f"arn:aws:s3:::{inputs.get('bucket')}/{inputs.get('key')}",
        "acl": inputs.get("acl") or "private",
        "bucketKeyEnabled": inputs.get("bucketKeyEnabled", False),
        "contentType": inputs.get("contentType") or "application/octet-stream",
        "etag": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "kmsKeyId": inputs.get("kmsKeyId") or "",
        "region": region(inputs),
        "serverSideEncryption": inputs.get("serverSideEncryption") or "AES256",
        "storageClass": inputs.get("storageClass") or "STANDARD",
        "versionId": "",
        "checksumCrc32": "",
        "checksumCrc32c": "",
        "checksumCrc64nvme": "",
        "checksumSha1": "",
        "checksumSha256": "",
        **all_tags(inputs),
    }


def _check_bucket(inputs: Inputs) -> Iterable[str]:
    name = str(inputs.get("bucket") or "")
    if not _BUCKET_NAME.fullmatch(name) or ".." in name:
        yield (
            f"bucket: {name!r} is not a bucket's name: 3 to 63 lower-case letters, digits, hyphens and dots, beginning and"
            " ending with a letter or digit"
        )


def _check_object(inputs: Inputs) -> Iterable[str]:
    given = [key for key in ("source", "content", "contentBase64") if inputs.get(key) is not None]
    if len(given) > 1:
        yield f"{' and '.join(given)}: give one of them"
    try:
        object_bytes(inputs, Path.cwd())
    except BadPackage as error:
        yield f"source: {error}"


def _bucket_setting(required: tuple[str, ...], outputs: Callable[[Inputs], Outputs] = lambda _i: {}) -> Handler:
    return Handler(
        by("bucket"),
        lambda i, identity: {**in_region(i, identity), **outputs(i)},
        ("bucket", *required),
        make_id=first_part,
        gap="aws-s3",
    )


def _website_outputs(inputs: Inputs, _identity: str) -> Outputs:
    domain = f"s3-website-{region(inputs)}.amazonaws.com"
    return {
        "region": region(inputs),
        "routingRuleDetails": inputs.get("routingRuleDetails") or "",
        "routingRules": inputs.get("routingRules") or [],
        "websiteDomain": domain,
        "websiteEndpoint": f"{inputs.get('bucket')}.{domain}",
    }


def _check_website(inputs: Inputs) -> Iterable[str]:
    if bool(inputs.get("indexDocument")) == bool(inputs.get("redirectAllRequestsTo")):
        yield "indexDocument: give it or redirectAllRequestsTo, one of them"
    suffix = str((inputs.get("indexDocument") or {}).get("suffix") or "")
    if inputs.get("indexDocument") and (not suffix or "/" in suffix):
        yield f"indexDocument.suffix: {suffix!r} must be a name without a slash, such as index.html"


HANDLERS: Final[dict[str, Handler]] = {
    **{
        type_: Handler(
            by("bucket"), _bucket_outputs, (), _check_bucket, make_id=first_part, auto_name="bucket", auto_prefix=True
        )
        for type_ in (BUCKET, BUCKET_V2)
    },
    BUCKET_POLICY: Handler(by("bucket"), in_region, ("bucket", "policy"), check_policy("policy"), make_id=first_part),
    **{
        type_: Handler(
            by("bucket", "key"),
            _object_outputs,
            ("bucket",),
            _check_object,
            make_id=lambda _type, identity: "/".join(map(str, identity)),
            auto_name="key",
            auto_suffix=False,
        )
        for type_ in (OBJECT, OBJECT_V2)
    },
    **{
        type_: Handler(by("bucket"), _website_outputs, ("bucket",), _check_website, make_id=first_part)
        for type_ in (WEBSITE, WEBSITE_V2)
    },
    PUBLIC_ACCESS: Handler(by("bucket"), in_region, ("bucket",), make_id=first_part),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _bucket_setting(("rule",)),
    "aws:s3/bucketVersioning:BucketVersioning": _bucket_setting(("versioningConfiguration",)),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _bucket_setting(
        ("rules",)
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _bucket_setting(
        (),
        lambda i: (
            {"expectedBucketOwner": "", "transitionDefaultMinimumObjectSize": "all_storage_classes_128K"} | dict(i)
        ),
    ),
    "aws:s3/bucketAcl:BucketAcl": _bucket_setting(
        (), lambda i: {"accessControlPolicy": i.get("accessControlPolicy") or {}}
    ),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": _bucket_setting(("corsRules",)),
}
