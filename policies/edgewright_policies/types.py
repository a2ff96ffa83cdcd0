"""Type tokens that the policies judge, and what they have in common."""

import re
from collections.abc import Iterator

from pulumi_policy.proxy import UnknownValueError

from edgewright_policies.reading import View

EDGE_API = "edgewright:index:EdgeApi"
CACHE_POLICY = "edgewright:index:CachePolicy"
GEO_ROUTER = "edgewright:index:GeoRouter"
KV_NAMESPACE = "edgewright:index:KvNamespace"

WORKER = "cloudflare:index/worker:Worker"
WORKER_VERSION = "cloudflare:index/workerVersion:WorkerVersion"
WORKERS_SCRIPT = "cloudflare:index/workersScript:WorkersScript"
WORKERS_DEPLOYMENT = "cloudflare:index/workersDeployment:WorkersDeployment"
WORKERS_KV = "cloudflare:index/workersKv:WorkersKv"
WORKERS_KV_NAMESPACE = "cloudflare:index/workersKvNamespace:WorkersKvNamespace"
WORKERS_ROUTE = "cloudflare:index/workersRoute:WorkersRoute"
WORKERS_CUSTOM_DOMAIN = "cloudflare:index/workersCustomDomain:WorkersCustomDomain"
WORKERS_SCRIPT_SUBDOMAIN = "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain"
RULESET = "cloudflare:index/ruleset:Ruleset"
LOAD_BALANCER = "cloudflare:index/loadBalancer:LoadBalancer"
LOAD_BALANCER_POOL = "cloudflare:index/loadBalancerPool:LoadBalancerPool"
ZONE = "cloudflare:index/zone:Zone"
ZONE_SETTING = "cloudflare:index/zoneSetting:ZoneSetting"
HOSTNAME_TLS_SETTING = "cloudflare:index/hostnameTlsSetting:HostnameTlsSetting"
R2_BUCKET = "cloudflare:index/r2Bucket:R2Bucket"
R2_BUCKET_CORS = "cloudflare:index/r2BucketCors:R2BucketCors"
R2_MANAGED_DOMAIN = "cloudflare:index/r2ManagedDomain:R2ManagedDomain"
D1_DATABASE = "cloudflare:index/d1Database:D1Database"
QUEUE = "cloudflare:index/queue:Queue"
PAGE_RULE = "cloudflare:index/pageRule:PageRule"
PAGES_PROJECT = "cloudflare:index/pagesProject:PagesProject"
API_SHIELD_OPERATION = "cloudflare:index/apiShieldOperation:ApiShieldOperation"
NOTIFICATION_POLICY = "cloudflare:index/notificationPolicy:NotificationPolicy"

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
CLOUDFRONT_CACHE_POLICY = "aws:cloudfront/cachePolicy:CachePolicy"
CLOUDFRONT_FUNCTION = "aws:cloudfront/function:Function"
CLOUDFRONT_KVS_KEY = "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey"
CLOUDFRONT_KVS = "aws:cloudfront/keyValueStore:KeyValueStore"
CLOUDFRONT_KVS_KEYS = "aws:cloudfront/keyvaluestoreKeysExclusive:KeyvaluestoreKeysExclusive"
CONTINUOUS_DEPLOYMENT = "aws:cloudfront/continuousDeploymentPolicy:ContinuousDeploymentPolicy"
ORIGIN_REQUEST_POLICY = "aws:cloudfront/originRequestPolicy:OriginRequestPolicy"
RESPONSE_HEADERS_POLICY = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
LAMBDA_FUNCTION = "aws:lambda/function:Function"
LAMBDA_ALIAS = "aws:lambda/alias:Alias"
LAMBDA_FUNCTION_URL = "aws:lambda/functionUrl:FunctionUrl"
LAMBDA_PROVISIONED = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
LAMBDA_RUNTIME_MANAGEMENT = "aws:lambda/runtimeManagementConfig:RuntimeManagementConfig"
IAM_ROLE = "aws:iam/role:Role"
ACM_CERTIFICATE = "aws:acm/certificate:Certificate"
ACM_VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
WAF_PATTERNS = "aws:wafv2/regexPatternSet:RegexPatternSet"
WAF_WEB_ACL = "aws:wafv2/webAcl:WebAcl"
LOG_DELIVERY_SOURCE = "aws:cloudwatch/logDeliverySource:LogDeliverySource"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
METRIC_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ROUTE53_RECORD = "aws:route53/record:Record"
HTTP_API = "aws:apigatewayv2/api:Api"
HTTP_API_AUTHORIZER = "aws:apigatewayv2/authorizer:Authorizer"
HTTP_API_INTEGRATION = "aws:apigatewayv2/integration:Integration"
HTTP_API_ROUTE = "aws:apigatewayv2/route:Route"
HTTP_API_STAGE = "aws:apigatewayv2/stage:Stage"
SSM_PARAMETER = "aws:ssm/parameter:Parameter"
S3_BUCKET = "aws:s3/bucket:Bucket"
S3_BUCKET_V2 = "aws:s3/bucketV2:BucketV2"
S3_BUCKET_ACL = "aws:s3/bucketAcl:BucketAcl"
S3_BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
S3_OBJECT = "aws:s3/bucketObject:BucketObject"
S3_OBJECT_V2 = "aws:s3/bucketObjectv2:BucketObjectv2"
S3_PUBLIC_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
DYNAMODB_TABLE = "aws:dynamodb/table:Table"

CACHE_PHASE = "http_request_cache_settings"


def behaviors(distribution: View) -> Iterator[View]:
    """Yield a distribution's cache behaviors, the default one first."""
    default = distribution.view("defaultCacheBehavior")
    if default:
        yield default
    yield from distribution.views("orderedCacheBehaviors")


def behavior_name(behavior: View) -> str:
    """Return how a message names a behavior."""
    return f"behavior {behavior.text('pathPattern') or '*'}"


def methods(endpoint: View) -> set[str]:
    """Return an endpoint's methods, the defaults filled in."""
    given = {each.upper() for each in endpoint.texts("methods")}
    return given or {"GET", "HEAD"}


def item_identity(item: View) -> str:
    """Return what tells an item of a list apart from others that a message gives the same name; empty where nothing does.

    A path may have an endpoint for each method, and rules without a `ref` may share a description.
    """
    listed = item.path.partition("[")[0].rpartition(".")[2]
    try:
        if listed == "endpoints":
            return " ".join(sorted({each.upper() for each in item.texts("methods")}))
        if listed == "rules" and not item.text("ref"):
            return item.text("expression") or ""
    except UnknownValueError:
        return ""
    return ""


def endpoint_name(endpoint: View) -> str:
    """Return how a message names an endpoint."""
    path = endpoint.text("path") if endpoint.known("path") else None
    return f"endpoint {path or '(no path)'}"


def authenticated(endpoint: View) -> bool:
    """Return whether an endpoint needs its caller to show something."""
    return bool(endpoint.has("auth") or endpoint.flag("session"))


def is_override(cache: View) -> bool:
    """Return whether a compiled cache policy forces its own times."""
    return bool(cache) and (cache.text("mode") or "override") == "override"


def inside(urn: str, component: str) -> bool:
    """Return whether a resource is part of such a component: a URN has its parents' types before its own."""
    return f"{component}$" in urn


_BUCKET_HOST = re.compile(r"\.s3([.-][a-z0-9-]+)*\.amazonaws\.com(\.cn)?$|\.s3-website[.-][a-z0-9-]+\.amazonaws\.com$")


def is_bucket(origin: View) -> bool:
    """Return whether a distribution's origin is a bucket of S3.

    Raises:
        UnknownValueError: its domain is not known, and nothing else says so.
    """
    if origin.has("s3OriginConfig"):
        return True
    return bool(_BUCKET_HOST.search((origin.text("domainName") or "").lower()))
