"""The part of the gateway's deployment document that the local CloudFront runs.

The models mirror the inputs of `aws:cloudfront/*`, `aws:lambda/function` and `aws:s3/*`: a model is validated straight
from a resource's captured inputs (camelCase) and written with snake_case names. Inputs that the local CloudFront does
not look at (tags, logging, certificates, price class) are ignored. Inputs that Pulumi leaves out get the provider's
defaults. What an AWS account would add (ids, ARNs, domain names) is given by whoever builds the document.
"""

from typing import Literal

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class AwsModel(BaseModel):
    """Base of the models: reads camelCase or snake_case, writes snake_case, ignores inputs that are not served here."""

    model_config = ConfigDict(
        extra="ignore", populate_by_name=True, alias_generator=AliasGenerator(validation_alias=to_camel)
    )


class Items(AwsModel):
    """`{items: [...]}`, as AWS writes lists of names."""

    items: list[str] = []


class CookiesConfig(AwsModel):
    cookie_behavior: Literal["none", "whitelist", "allExcept", "all"] = "none"
    cookies: Items | None = None


class HeadersConfig(AwsModel):
    header_behavior: Literal["none", "whitelist", "allViewer", "allViewerAndWhitelistCloudFront", "allExcept"] = "none"
    headers: Items | None = None


class QueryStringsConfig(AwsModel):
    query_string_behavior: Literal["none", "whitelist", "allExcept", "all"] = "none"
    query_strings: Items | None = None


class CacheKeyParameters(AwsModel):
    """`parametersInCacheKeyAndForwardedToOrigin`."""

    cookies_config: CookiesConfig
    headers_config: HeadersConfig
    query_strings_config: QueryStringsConfig
    enable_accept_encoding_brotli: bool = False
    enable_accept_encoding_gzip: bool = False


class CloudFrontCachePolicy(AwsModel):
    """`aws:cloudfront/cachePolicy:CachePolicy`. TTLs are in seconds."""

    id: str
    name: str = ""
    min_ttl: int = 0
    default_ttl: int = 86400
    max_ttl: int = 31536000
    parameters_in_cache_key_and_forwarded_to_origin: CacheKeyParameters


class OriginRequestPolicy(AwsModel):
    """`aws:cloudfront/originRequestPolicy:OriginRequestPolicy`."""

    id: str
    name: str = ""
    cookies_config: CookiesConfig
    headers_config: HeadersConfig
    query_strings_config: QueryStringsConfig


class CorsConfig(AwsModel):
    access_control_allow_credentials: bool = False
    access_control_allow_headers: Items = Items()
    access_control_allow_methods: Items = Items()
    access_control_allow_origins: Items = Items()
    access_control_expose_headers: Items | None = None
    access_control_max_age_sec: int | None = None
    origin_override: bool = False


class CustomHeader(AwsModel):
    header: str
    value: str
    override: bool = False


class CustomHeadersConfig(AwsModel):
    items: list[CustomHeader] = []


class RemoveHeader(AwsModel):
    header: str


class RemoveHeadersConfig(AwsModel):
    items: list[RemoveHeader] = []


class ContentSecurityPolicy(AwsModel):
    content_security_policy: str
    override: bool = False


class ContentTypeOptions(AwsModel):
    override: bool = False


class FrameOptions(AwsModel):
    frame_option: str
    override: bool = False


class ReferrerPolicy(AwsModel):
    referrer_policy: str
    override: bool = False


class StrictTransportSecurity(AwsModel):
    access_control_max_age_sec: int
    include_subdomains: bool = False
    override: bool = False
    preload: bool = False


class XssProtection(AwsModel):
    protection: bool = False
    mode_block: bool = False
    override: bool = False
    report_uri: str | None = None


class SecurityHeadersConfig(AwsModel):
    content_security_policy: ContentSecurityPolicy | None = None
    content_type_options: ContentTypeOptions | None = None
    frame_options: FrameOptions | None = None
    referrer_policy: ReferrerPolicy | None = None
    strict_transport_security: StrictTransportSecurity | None = None
    xss_protection: XssProtection | None = None


class ServerTimingHeadersConfig(AwsModel):
    enabled: bool = False
    sampling_rate: float = Field(default=0, ge=0, le=100, description="Percent of responses.")


class ResponseHeadersPolicy(AwsModel):
    """`aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy`."""

    id: str
    name: str = ""
    cors_config: CorsConfig | None = None
    custom_headers_config: CustomHeadersConfig | None = None
    remove_headers_config: RemoveHeadersConfig | None = None
    security_headers_config: SecurityHeadersConfig | None = None
    server_timing_headers_config: ServerTimingHeadersConfig | None = None


class OriginHeader(AwsModel):
    name: str
    value: str


class CustomOriginConfig(AwsModel):
    http_port: int = 80
    https_port: int = 443
    origin_protocol_policy: Literal["http-only", "https-only", "match-viewer"] = "http-only"
    origin_ssl_protocols: list[str] = ["TLSv1.2"]
    origin_read_timeout: float = Field(default=30, description="Seconds.")
    origin_keepalive_timeout: float = Field(default=5, description="Seconds.")


class S3OriginConfig(AwsModel):
    origin_access_identity: str = ""


class CloudFrontOrigin(AwsModel):
    """`Distribution.origins[]`."""

    origin_id: str
    domain_name: str
    origin_path: str = ""
    connection_attempts: int = 3
    connection_timeout: float = Field(default=10, description="Seconds.")
    custom_headers: list[OriginHeader] = []
    custom_origin_config: CustomOriginConfig | None = None
    s3_origin_config: S3OriginConfig | None = None
    origin_access_control_id: str | None = None


class FailoverCriteria(AwsModel):
    status_codes: list[int]


class OriginGroupMember(AwsModel):
    origin_id: str


class OriginGroup(AwsModel):
    """`Distribution.originGroups[]`."""

    origin_id: str
    failover_criteria: FailoverCriteria
    members: list[OriginGroupMember]


class ForwardedCookies(AwsModel):
    forward: Literal["none", "whitelist", "all"] = "none"
    whitelisted_names: list[str] = []


class ForwardedValues(AwsModel):
    """The legacy cache settings of a behavior without a cache policy."""

    query_string: bool = False
    query_string_cache_keys: list[str] = []
    headers: list[str] = []
    cookies: ForwardedCookies = ForwardedCookies()


class FunctionAssociation(AwsModel):
    event_type: Literal["viewer-request", "viewer-response"]
    function_arn: str


class LambdaAssociation(AwsModel):
    event_type: Literal["viewer-request", "origin-request", "origin-response", "viewer-response"]
    lambda_arn: str
    include_body: bool = False


class CacheBehavior(AwsModel):
    """`Distribution.defaultCacheBehavior`, and `orderedCacheBehaviors[]` with `path_pattern`. TTLs are in seconds."""

    path_pattern: str | None = None
    target_origin_id: str
    viewer_protocol_policy: Literal["allow-all", "https-only", "redirect-to-https"]
    allowed_methods: list[str]
    cached_methods: list[str]
    compress: bool = False
    cache_policy_id: str | None = None
    origin_request_policy_id: str | None = None
    response_headers_policy_id: str | None = None
    forwarded_values: ForwardedValues | None = None
    min_ttl: int | None = None
    default_ttl: int | None = None
    max_ttl: int | None = None
    function_associations: list[FunctionAssociation] = []
    lambda_function_associations: list[LambdaAssociation] = []
    trusted_key_groups: list[str] = []
    trusted_signers: list[str] = []


class CustomErrorResponse(AwsModel):
    error_code: int
    error_caching_min_ttl: float | None = Field(default=None, description="Seconds; CloudFront's default is 10.")
    response_code: int | None = None
    response_page_path: str | None = None


class GeoRestriction(AwsModel):
    restriction_type: Literal["none", "whitelist", "blacklist"] = "none"
    locations: list[str] = []


class Restrictions(AwsModel):
    geo_restriction: GeoRestriction = GeoRestriction()


class CacheTagConfig(AwsModel):
    """The response header that lists an object's tags, by which it can be invalidated."""

    header_name: str


class Distribution(AwsModel):
    """`aws:cloudfront/distribution:Distribution`."""

    id: str
    arn: str
    domain_name: str = Field(description="`<something>.cloudfront.net`, lower case.")
    enabled: bool = True
    staging: bool = False
    aliases: list[str] = []
    comment: str = ""
    default_root_object: str = ""
    http_version: str = "http2"
    origins: list[CloudFrontOrigin]
    origin_groups: list[OriginGroup] = []
    default_cache_behavior: CacheBehavior
    ordered_cache_behaviors: list[CacheBehavior] = []
    custom_error_responses: list[CustomErrorResponse] = []
    restrictions: Restrictions = Restrictions()
    continuous_deployment_policy_id: str | None = None
    web_acl_id: str | None = None
    cache_tag_config: CacheTagConfig | None = None


class SingleHeader(AwsModel):
    header: str
    value: str


class SessionStickiness(AwsModel):
    idle_ttl: int = Field(description="Seconds, 300 to 3600.")
    maximum_ttl: int = Field(description="Seconds, 300 to 3600.")


class SingleWeight(AwsModel):
    weight: float = Field(description="Share of requests that goes to staging, 0 to 0.15.")
    session_stickiness_config: SessionStickiness | None = None


class TrafficConfig(AwsModel):
    type: Literal["SingleWeight", "SingleHeader"]
    single_header_config: SingleHeader | None = None
    single_weight_config: SingleWeight | None = None


class ContinuousDeploymentPolicy(AwsModel):
    """`aws:cloudfront/continuousDeploymentPolicy:ContinuousDeploymentPolicy`."""

    id: str
    enabled: bool
    staging_distribution_dns_names: Items = Items()
    traffic_config: TrafficConfig | None = None


class CloudFrontFunction(AwsModel):
    """`aws:cloudfront/function:Function`, its published code."""

    arn: str
    name: str
    runtime: Literal["cloudfront-js-1.0", "cloudfront-js-2.0"]
    code: str
    key_value_store_associations: list[str] = Field(default=[], description="ARNs; CloudFront allows one.")


class KeyValuePair(AwsModel):
    key: str
    value: str


class KeyValueStore(AwsModel):
    """`aws:cloudfront/keyValueStore:KeyValueStore` with the pairs of its keys resources."""

    arn: str
    id: str
    name: str
    pairs: list[KeyValuePair] = []


class PackageFile(AwsModel):
    """A file of a function's package."""

    path: str = Field(description="Relative, with `/`.")
    content_base64: str


class LambdaVersion(AwsModel):
    """A numbered version of an `aws:lambda/function:Function`. Exactly one of `directory` and `files` is given."""

    arn: str = Field(description="The qualified ARN, ending in `:<version>`.")
    name: str
    version: str
    runtime: str = "nodejs22.x"
    interpreter: str | None = Field(
        default=None, description="Absolute path of the Python that runs it; None is `python3` on the PATH, or Node.js."
    )
    handler: str = "index.handler"
    timeout: float = Field(default=3, description="Seconds.")
    memory_size: int = Field(default=128, description="MB.")
    fingerprint: str = Field(default="", description="Tells its code and settings from those of other versions.")
    directory: str | None = Field(default=None, description="Absolute path of the unpacked package.")
    files: list[PackageFile] = []


class S3Object(AwsModel):
    """`aws:s3/bucketObjectv2:BucketObjectv2`: exactly one of `content_base64` and `file` is given."""

    key: str
    content_base64: str | None = None
    file: str | None = Field(default=None, description="Absolute path.")
    content_type: str | None = None
    cache_control: str | None = None
    content_encoding: str | None = None
    content_disposition: str | None = None
    content_language: str | None = None
    metadata: dict[str, str] = {}
    website_redirect: str | None = Field(default=None, description="Where the website endpoint redirects to.")


class S3RedirectAll(AwsModel):
    host_name: str
    protocol: Literal["http", "https"] | None = None


class S3RedirectRule(AwsModel):
    """A routing rule of a website: its condition, and where it redirects to."""

    error_code: str | None = Field(
        default=None, description="The status that it is for; None: it does not wait for one."
    )
    key_prefix: str | None = None
    host_name: str | None = None
    protocol: Literal["http", "https"] | None = None
    redirect_code: str | None = Field(default=None, description="The real one's default is 301.")
    replace_key_prefix_with: str | None = None
    replace_key_with: str | None = None


class S3Website(AwsModel):
    """`aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration`."""

    index_document: str | None = None
    error_document: str | None = None
    redirect_all: S3RedirectAll | None = None
    routing_rules: list[S3RedirectRule] = []


class S3Bucket(AwsModel):
    """A bucket as an origin. Who may read is what its policy says, already decided."""

    name: str
    region: str = "us-east-1"
    domain_names: list[str] = Field(description="Every name under which an origin may reach it.")
    website: S3Website | None = None
    website_domain_names: list[str] = Field(default=[], description="Every name of its website endpoint.")
    directory: str | None = Field(default=None, description="Absolute path; its files are objects too.")
    objects: list[S3Object] = []
    public_read: bool = False
    readers: list[str] = Field(default=[], description="ARNs of distributions that may `s3:GetObject`.")
    listers: list[str] = Field(default=[], description="ARNs of distributions that may `s3:ListBucket`; `*` for all.")


class OriginAddress(AwsModel):
    """Where an origin's domain name is found on this machine."""

    domain_name: str
    url: str = Field(description="Such as `http://127.0.0.1:9101`; its scheme is used whatever the protocol policy.")


class PublicKey(AwsModel):
    """`aws:cloudfront/publicKey:PublicKey`."""

    id: str
    name: str = ""
    encoded_key: str = Field(description="PEM.")


class KeyGroup(AwsModel):
    """`aws:cloudfront/keyGroup:KeyGroup`: who may sign URLs and cookies."""

    id: str
    name: str = ""
    items: list[str] = Field(description="Ids of public keys.")


class WafNothing(AwsModel):
    """`{}`, as AWS WAF writes what has no settings."""


class WafName(AwsModel):
    name: str


class WafField(AwsModel):
    """Which part of a request a statement looks at; what is not served here is left out."""

    all_query_arguments: WafNothing | None = None
    method: WafNothing | None = None
    query_string: WafNothing | None = None
    single_header: WafName | None = None
    single_query_argument: WafName | None = None
    uri_path: WafNothing | None = None


class WafTransformation(AwsModel):
    priority: int
    type: str


class WafByteMatch(AwsModel):
    field_to_match: WafField | None = None
    positional_constraint: str
    search_string: str
    text_transformations: list[WafTransformation] = []


class WafRegexMatch(AwsModel):
    field_to_match: WafField | None = None
    regex_string: str
    text_transformations: list[WafTransformation] = []


class WafSizeConstraint(AwsModel):
    comparison_operator: str
    field_to_match: WafField | None = None
    size: int = Field(description="Bytes.")
    text_transformations: list[WafTransformation] = []


class WafGeoMatch(AwsModel):
    country_codes: list[str]


class WafAsnMatch(AwsModel):
    asn_lists: list[int]


class WafIpSetReference(AwsModel):
    arn: str


class WafForwardedIp(AwsModel):
    header_name: str


class WafRate(AwsModel):
    aggregate_key_type: str = "IP"
    evaluation_window_sec: int = Field(default=300, description="Seconds.")
    forwarded_ip_config: WafForwardedIp | None = None
    limit: int = Field(description="Requests in a window.")
    scope_down_statement: "WafStatement | None" = None


class WafNot(AwsModel):
    statement: "WafStatement"


class WafStatements(AwsModel):
    statements: "list[WafStatement]"


class WafStatement(AwsModel):
    """One of these; all None for a statement that is not served here."""

    and_statement: WafStatements | None = None
    asn_match_statement: WafAsnMatch | None = None
    byte_match_statement: WafByteMatch | None = None
    geo_match_statement: WafGeoMatch | None = None
    ip_set_reference_statement: WafIpSetReference | None = None
    not_statement: WafNot | None = None
    or_statement: WafStatements | None = None
    rate_based_statement: WafRate | None = None
    regex_match_statement: WafRegexMatch | None = None
    size_constraint_statement: WafSizeConstraint | None = None


class WafHeader(AwsModel):
    name: str
    value: str


class WafCustomResponse(AwsModel):
    custom_response_body_key: str | None = None
    response_code: int
    response_headers: list[WafHeader] = []


class WafBlock(AwsModel):
    custom_response: WafCustomResponse | None = None


class WafAction(AwsModel):
    """One of these; all None for an action that is not served here, which lets requests in."""

    allow: WafNothing | None = None
    block: WafBlock | None = None


class WafRule(AwsModel):
    action: WafAction | None = None
    name: str
    priority: int
    statement: WafStatement


class WafResponseBody(AwsModel):
    content: str
    content_type: str
    key: str


class WebAcl(AwsModel):
    """`aws:wafv2/webAcl:WebAcl`."""

    arn: str
    custom_response_bodies: list[WafResponseBody] = []
    default_action: WafAction
    name: str
    rules: list[WafRule] = []


class WafIpSet(AwsModel):
    """`aws:wafv2/ipSet:IpSet`."""

    addresses: list[str] = []
    arn: str


class CloudFrontDeployment(AwsModel):
    """Everything that the local CloudFront runs."""

    distributions: list[Distribution] = []
    cache_policies: list[CloudFrontCachePolicy] = []
    origin_request_policies: list[OriginRequestPolicy] = []
    response_headers_policies: list[ResponseHeadersPolicy] = []
    continuous_deployment_policies: list[ContinuousDeploymentPolicy] = []
    public_keys: list[PublicKey] = []
    key_groups: list[KeyGroup] = []
    functions: list[CloudFrontFunction] = []
    key_value_stores: list[KeyValueStore] = []
    lambda_versions: list[LambdaVersion] = []
    web_acls: list[WebAcl] = []
    ip_sets: list[WafIpSet] = []
    buckets: list[S3Bucket] = []
    addresses: list[OriginAddress] = []
