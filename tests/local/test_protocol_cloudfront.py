"""The CloudFront part of the gateway's document reads resource inputs as they are captured."""

from typing import Any

import pulumi_aws as aws
import pytest
from edgewright.platforms.cloudfront import protocol as models
from edgewright.platforms.protocol import Deployment
from pulumi._types import input_type_py_to_pulumi_names  # the wire names, from the provider's own SDK
from pydantic import ValidationError

CLOUDFRONT = aws.cloudfront

#: Fields that whoever builds the document adds: what the account would give, or what a resource points to.
ADDED = {"id", "arn", "domainName"}

PAIRS: list[tuple[type[models.AwsModel], type]] = [
    (models.CloudFrontCachePolicy, CLOUDFRONT.cache_policy.CachePolicyArgs),
    (models.CacheKeyParameters, CLOUDFRONT.CachePolicyParametersInCacheKeyAndForwardedToOriginArgs),
    (models.CookiesConfig, CLOUDFRONT.CachePolicyParametersInCacheKeyAndForwardedToOriginCookiesConfigArgs),
    (models.HeadersConfig, CLOUDFRONT.OriginRequestPolicyHeadersConfigArgs),
    (models.QueryStringsConfig, CLOUDFRONT.OriginRequestPolicyQueryStringsConfigArgs),
    (models.OriginRequestPolicy, CLOUDFRONT.origin_request_policy.OriginRequestPolicyArgs),
    (models.ResponseHeadersPolicy, CLOUDFRONT.response_headers_policy.ResponseHeadersPolicyArgs),
    (models.CorsConfig, CLOUDFRONT.ResponseHeadersPolicyCorsConfigArgs),
    (models.CustomHeader, CLOUDFRONT.ResponseHeadersPolicyCustomHeadersConfigItemArgs),
    (models.SecurityHeadersConfig, CLOUDFRONT.ResponseHeadersPolicySecurityHeadersConfigArgs),
    (
        models.StrictTransportSecurity,
        CLOUDFRONT.ResponseHeadersPolicySecurityHeadersConfigStrictTransportSecurityArgs,
    ),
    (models.XssProtection, CLOUDFRONT.ResponseHeadersPolicySecurityHeadersConfigXssProtectionArgs),
    (models.ServerTimingHeadersConfig, CLOUDFRONT.ResponseHeadersPolicyServerTimingHeadersConfigArgs),
    (models.Distribution, CLOUDFRONT.distribution.DistributionArgs),
    (models.CloudFrontOrigin, CLOUDFRONT.DistributionOriginArgs),
    (models.CustomOriginConfig, CLOUDFRONT.DistributionOriginCustomOriginConfigArgs),
    (models.OriginGroup, CLOUDFRONT.DistributionOriginGroupArgs),
    (models.FailoverCriteria, CLOUDFRONT.DistributionOriginGroupFailoverCriteriaArgs),
    (models.CacheBehavior, CLOUDFRONT.DistributionOrderedCacheBehaviorArgs),
    (models.ForwardedValues, CLOUDFRONT.DistributionDefaultCacheBehaviorForwardedValuesArgs),
    (models.ForwardedCookies, CLOUDFRONT.DistributionDefaultCacheBehaviorForwardedValuesCookiesArgs),
    (models.FunctionAssociation, CLOUDFRONT.DistributionDefaultCacheBehaviorFunctionAssociationArgs),
    (models.LambdaAssociation, CLOUDFRONT.DistributionDefaultCacheBehaviorLambdaFunctionAssociationArgs),
    (models.CustomErrorResponse, CLOUDFRONT.DistributionCustomErrorResponseArgs),
    (models.GeoRestriction, CLOUDFRONT.DistributionRestrictionsGeoRestrictionArgs),
    (models.ContinuousDeploymentPolicy, CLOUDFRONT.continuous_deployment_policy.ContinuousDeploymentPolicyArgs),
    (models.TrafficConfig, CLOUDFRONT.ContinuousDeploymentPolicyTrafficConfigArgs),
    (models.SingleWeight, CLOUDFRONT.ContinuousDeploymentPolicyTrafficConfigSingleWeightConfigArgs),
    (
        models.SessionStickiness,
        CLOUDFRONT.ContinuousDeploymentPolicyTrafficConfigSingleWeightConfigSessionStickinessConfigArgs,
    ),
    (models.CloudFrontFunction, CLOUDFRONT.function.FunctionArgs),
    (models.KeyValuePair, CLOUDFRONT.KeyvaluestoreKeysExclusiveResourceKeyValuePairArgs),
]


@pytest.mark.parametrize(("model", "args"), PAIRS, ids=[model.__name__ for model, _ in PAIRS])
def test_fields_have_the_providers_names(model: type[models.AwsModel], args: type) -> None:
    names = set(input_type_py_to_pulumi_names(args).values())
    aliases = {field.validation_alias for field in model.model_fields.values()}
    assert aliases - names - ADDED == set()


def inputs() -> dict[str, Any]:
    """Return a distribution's inputs as the engine sees them: camelCase, numbers as floats."""
    return {
        "enabled": True,
        "aliases": ["www.example.com"],
        "tags": {"team": "web"},
        "waitForDeployment": False,
        "viewerCertificate": {"cloudfrontDefaultCertificate": True},
        "restrictions": {"geoRestriction": {"restrictionType": "none"}},
        "origins": [
            {
                "originId": "api",
                "domainName": "api.example.com",
                "connectionAttempts": 2.0,
                "customOriginConfig": {
                    "httpPort": 80.0,
                    "httpsPort": 443.0,
                    "originProtocolPolicy": "https-only",
                    "originSslProtocols": ["TLSv1.2"],
                    "originReadTimeout": 20.0,
                },
            }
        ],
        "defaultCacheBehavior": {
            "targetOriginId": "api",
            "viewerProtocolPolicy": "redirect-to-https",
            "allowedMethods": ["GET", "HEAD"],
            "cachedMethods": ["GET", "HEAD"],
            "cachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
            "lambdaFunctionAssociations": [{"eventType": "viewer-request", "lambdaArn": "arn:1"}],
        },
        "customErrorResponses": [{"errorCode": 404.0, "errorCachingMinTtl": 5.0}],
    }


def test_inputs_become_a_document_with_defaults_written_out() -> None:
    distribution = models.Distribution.model_validate(
        {**inputs(), "id": "E1", "arn": "arn:aws:cloudfront::0:distribution/E1", "domainName": "e1.cloudfront.net"}
    )
    document = Deployment(
        stack="aws-local", cloudfront=models.CloudFrontDeployment(distributions=[distribution])
    ).model_dump(mode="json")
    (written,) = document["cloudfront"]["distributions"]
    (origin,) = written["origins"]
    assert origin["connection_attempts"] == 2
    assert origin["connection_timeout"] == 10
    assert origin["custom_origin_config"]["origin_read_timeout"] == 20
    assert origin["origin_path"] == ""
    assert written["default_cache_behavior"]["lambda_function_associations"] == [
        {"event_type": "viewer-request", "lambda_arn": "arn:1", "include_body": False}
    ]
    assert written["custom_error_responses"][0]["error_code"] == 404
    assert "tags" not in written


def test_a_document_without_distributions_says_so() -> None:
    assert Deployment(stack="local").model_dump()["cloudfront"] is None


def test_a_value_that_aws_does_not_have_is_refused() -> None:
    behavior = {**inputs()["defaultCacheBehavior"], "viewerProtocolPolicy": "https"}
    with pytest.raises(ValidationError, match="viewerProtocolPolicy"):
        models.CacheBehavior.model_validate(behavior)
