"""What becomes of the resources that are made on AWS when they have to be replaced."""

from collections.abc import Mapping

from edgewright.platforms.lifecycle import BESIDE, DELETED_FIRST, EACH_TIME, NEVER, Lifecycle, Replaced

LIFECYCLES: Mapping[str, Lifecycle] = {
    "aws:acm/certificate:Certificate": BESIDE,
    # Nothing in the account.
    "aws:acm/certificateValidation:CertificateValidation": EACH_TIME,
    "aws:cloudfront/distribution:Distribution": NEVER,
    # Of a rollout, and gone with it.
    "aws:cloudfront/continuousDeploymentPolicy:ContinuousDeploymentPolicy": EACH_TIME,
    # Named by their content.
    "aws:cloudfront/cachePolicy:CachePolicy": EACH_TIME,
    "aws:cloudfront/function:Function": EACH_TIME,
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": EACH_TIME,
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": EACH_TIME,
    "aws:cloudfront/keyValueStore:KeyValueStore": Lifecycle(Replaced.REFUSED, keeps=("name",)),
    "aws:cloudfront/keyvaluestoreKeysExclusive:KeyvaluestoreKeysExclusive": NEVER,
    "aws:cloudfront/monitoringSubscription:MonitoringSubscription": NEVER,
    # Renamed in place.
    "aws:cloudfront/originAccessControl:OriginAccessControl": NEVER,
    "aws:cloudwatch/dashboard:Dashboard": BESIDE,
    # It holds what was logged.
    "aws:cloudwatch/logGroup:LogGroup": Lifecycle(Replaced.REFUSED, keeps=("name",)),
    # One source a distribution, and one delivery from it to a destination.
    "aws:cloudwatch/logDelivery:LogDelivery": DELETED_FIRST,
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": Lifecycle(Replaced.DELETED_FIRST, keeps=("name",)),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": Lifecycle(Replaced.DELETED_FIRST, keeps=("name",)),
    "aws:iam/role:Role": BESIDE,
    "aws:iam/rolePolicy:RolePolicy": BESIDE,
    # A given name is its function's own; what the old name leads to is retired, not deleted.
    "aws:lambda/function:Function": BESIDE,
    # Of another name, type or zone.
    "aws:route53/record:Record": BESIDE,
    "aws:s3/bucket:Bucket": NEVER,
    # A file that is gone from the folder goes.
    "aws:s3/bucketObjectv2:BucketObjectv2": Lifecycle(Replaced.NEVER, protected=False),
    "aws:s3/bucketPolicy:BucketPolicy": NEVER,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": NEVER,
    "aws:wafv2/webAcl:WebAcl": BESIDE,
}
"""By `ForceNew` and `RequiresReplace` in the schemas of hashicorp/terraform-provider-aws."""
