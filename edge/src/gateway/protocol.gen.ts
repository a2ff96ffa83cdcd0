// Generated from edge/schema/deployment.schema.json, which comes from the pydantic models. Run `make build`; do not edit.

export type JsonValue = unknown;

/**
 * Everything that the gateway runs.
 */
export interface Deployment {
  stack: string;
  workers: Worker[];
  kv_namespaces: KvNamespace[];
  kv_entries: KvEntry[];
  queues: string[];
  r2_buckets: string[];
  /**
   * Database ids.
   */
  d1_databases: string[];
  routes: Route[];
  domains: Domain[];
  /**
   * In the order in which they act.
   */
  header_rules: HeaderRule[];
  /**
   * None: no distributions.
   */
  cloudfront: CloudFrontDeployment | null;
}
/**
 * A Worker: its versions and how traffic is split among them.
 */
export interface Worker {
  name: string;
  versions: Version[];
  deployment: Share[];
}
/**
 * One version of a Worker.
 */
export interface Version {
  id: string;
  modules: Module[];
  main_module: string;
  bindings: (OptionBinding | ServiceBinding | DurableObjectBinding | VersionMetadataBinding)[];
  compatibility_date: string | null;
  compatibility_flags: string[];
  /**
   * `limits.cpu_ms`; held by the gateway's watchdog, and the platform's default where it is null.
   */
  cpu_ms: number | null;
  /**
   * `cache_options.enabled`: a cache in front of the version.
   */
  cache_enabled: boolean;
  cross_version_cache: boolean;
  /**
   * Classes of Durable Objects by name.
   */
  exports: {
    [k: string]: Export;
  };
}
/**
 * One module of a Worker version, as in `WorkerVersion.modules`.
 */
export interface Module {
  name: string;
  /**
   * `application/javascript+module`, `text/plain`, `application/wasm`, ...
   */
  content_type: string;
  content_base64: string;
}
/**
 * A binding that miniflare makes of an entry in one of its options: the platform's records say which, so that the gateway
 * knows no kinds.
 */
export interface OptionBinding {
  type: "option";
  name: string;
  /**
   * Miniflare's option, for example `kvNamespaces`: a mapping from names to values.
   */
  option: string;
  value: JsonValue;
}
export interface ServiceBinding {
  type: "service";
  name: string;
  service: string;
  entrypoint: string | null;
}
export interface DurableObjectBinding {
  type: "durable_object_namespace";
  name: string;
  class_name: string;
  script_name: string | null;
}
export interface VersionMetadataBinding {
  type: "version_metadata";
  name: string;
}
/**
 * One entry of `WorkerVersion.exports`: a class of Durable Objects, or what became of it.
 */
export interface Export {
  type: string;
  storage: string | null;
  /**
   * None and `created` are a class that is there.
   */
  state: string | null;
  renamed_to: string | null;
}
/**
 * A version's share of the traffic in a Worker's deployment.
 */
export interface Share {
  version_id: string;
  percentage: number;
}
export interface KvNamespace {
  id: string;
  title: string;
}
/**
 * A declared key (`WorkersKv`). Written when it is new or its content changed; other keys are never touched.
 */
export interface KvEntry {
  namespace_id: string;
  key: string;
  value_base64: string;
  metadata_json: string | null;
  /**
   * Unix time in seconds.
   */
  expiration: number | null;
  expiration_ttl_s: number | null;
}
/**
 * A Workers route: `pattern` as in Cloudflare's routes, `worker` None for a route that bypasses Workers.
 */
export interface Route {
  pattern: string;
  worker: string | null;
}
/**
 * A Worker's custom domain, or its `workers.dev` name.
 */
export interface Domain {
  hostname: string;
  worker: string;
}
/**
 * A rule of a zone that changes request headers: a Transform Rule of the phase `http_request_late_transform`.
 */
export interface HeaderRule {
  /**
   * What messages call it.
   */
  name: string;
  /**
   * The zone's hosts in this stack, as in routes: `*` may be the first character.
   */
  hosts: string[];
  /**
   * Which requests it is for, in Cloudflare's Rules language.
   */
  expression: string;
  changes: HeaderChange[];
}
/**
 * What a rule does to one request header.
 */
export interface HeaderChange {
  name: string;
  operation: "set" | "add" | "remove";
  /**
   * A fixed value.
   */
  value: string | null;
  /**
   * What makes the value, where it is not fixed.
   */
  expression: string | null;
}
/**
 * Everything that the local CloudFront runs.
 */
export interface CloudFrontDeployment {
  distributions: Distribution[];
  cache_policies: CloudFrontCachePolicy[];
  origin_request_policies: OriginRequestPolicy[];
  response_headers_policies: ResponseHeadersPolicy[];
  continuous_deployment_policies: ContinuousDeploymentPolicy[];
  public_keys: PublicKey[];
  key_groups: KeyGroup[];
  functions: CloudFrontFunction[];
  key_value_stores: KeyValueStore[];
  lambda_versions: LambdaVersion[];
  web_acls: WebAcl[];
  ip_sets: WafIpSet[];
  buckets: S3Bucket[];
  addresses: OriginAddress[];
}
/**
 * `aws:cloudfront/distribution:Distribution`.
 */
export interface Distribution {
  id: string;
  arn: string;
  /**
   * `<something>.cloudfront.net`, lower case.
   */
  domain_name: string;
  enabled: boolean;
  staging: boolean;
  aliases: string[];
  comment: string;
  default_root_object: string;
  http_version: string;
  origins: CloudFrontOrigin[];
  origin_groups: OriginGroup[];
  default_cache_behavior: CacheBehavior;
  ordered_cache_behaviors: CacheBehavior[];
  custom_error_responses: CustomErrorResponse[];
  restrictions: Restrictions;
  continuous_deployment_policy_id: string | null;
  web_acl_id: string | null;
  cache_tag_config: CacheTagConfig | null;
}
/**
 * `Distribution.origins[]`.
 */
export interface CloudFrontOrigin {
  origin_id: string;
  domain_name: string;
  origin_path: string;
  connection_attempts: number;
  /**
   * Seconds.
   */
  connection_timeout: number;
  custom_headers: OriginHeader[];
  custom_origin_config: CustomOriginConfig | null;
  s3_origin_config: S3OriginConfig | null;
  origin_access_control_id: string | null;
}
export interface OriginHeader {
  name: string;
  value: string;
}
export interface CustomOriginConfig {
  http_port: number;
  https_port: number;
  origin_protocol_policy: "http-only" | "https-only" | "match-viewer";
  origin_ssl_protocols: string[];
  /**
   * Seconds.
   */
  origin_read_timeout: number;
  /**
   * Seconds.
   */
  origin_keepalive_timeout: number;
}
export interface S3OriginConfig {
  origin_access_identity: string;
}
/**
 * `Distribution.originGroups[]`.
 */
export interface OriginGroup {
  origin_id: string;
  failover_criteria: FailoverCriteria;
  members: OriginGroupMember[];
}
export interface FailoverCriteria {
  status_codes: number[];
}
export interface OriginGroupMember {
  origin_id: string;
}
/**
 * `Distribution.defaultCacheBehavior`, and `orderedCacheBehaviors[]` with `path_pattern`. TTLs are in seconds.
 */
export interface CacheBehavior {
  path_pattern: string | null;
  target_origin_id: string;
  viewer_protocol_policy: "allow-all" | "https-only" | "redirect-to-https";
  allowed_methods: string[];
  cached_methods: string[];
  compress: boolean;
  cache_policy_id: string | null;
  origin_request_policy_id: string | null;
  response_headers_policy_id: string | null;
  forwarded_values: ForwardedValues | null;
  min_ttl: number | null;
  default_ttl: number | null;
  max_ttl: number | null;
  function_associations: FunctionAssociation[];
  lambda_function_associations: LambdaAssociation[];
  trusted_key_groups: string[];
  trusted_signers: string[];
}
/**
 * The legacy cache settings of a behavior without a cache policy.
 */
export interface ForwardedValues {
  query_string: boolean;
  query_string_cache_keys: string[];
  headers: string[];
  cookies: ForwardedCookies;
}
export interface ForwardedCookies {
  forward: "none" | "whitelist" | "all";
  whitelisted_names: string[];
}
export interface FunctionAssociation {
  event_type: "viewer-request" | "viewer-response";
  function_arn: string;
}
export interface LambdaAssociation {
  event_type: "viewer-request" | "origin-request" | "origin-response" | "viewer-response";
  lambda_arn: string;
  include_body: boolean;
}
export interface CustomErrorResponse {
  error_code: number;
  /**
   * Seconds; CloudFront's default is 10.
   */
  error_caching_min_ttl: number | null;
  response_code: number | null;
  response_page_path: string | null;
}
export interface Restrictions {
  geo_restriction: GeoRestriction;
}
export interface GeoRestriction {
  restriction_type: "none" | "whitelist" | "blacklist";
  locations: string[];
}
/**
 * The response header that lists an object's tags, by which it can be invalidated.
 */
export interface CacheTagConfig {
  header_name: string;
}
/**
 * `aws:cloudfront/cachePolicy:CachePolicy`. TTLs are in seconds.
 */
export interface CloudFrontCachePolicy {
  id: string;
  name: string;
  min_ttl: number;
  default_ttl: number;
  max_ttl: number;
  parameters_in_cache_key_and_forwarded_to_origin: CacheKeyParameters;
}
/**
 * `parametersInCacheKeyAndForwardedToOrigin`.
 */
export interface CacheKeyParameters {
  cookies_config: CookiesConfig;
  headers_config: HeadersConfig;
  query_strings_config: QueryStringsConfig;
  enable_accept_encoding_brotli: boolean;
  enable_accept_encoding_gzip: boolean;
}
export interface CookiesConfig {
  cookie_behavior: "none" | "whitelist" | "allExcept" | "all";
  cookies: Items | null;
}
/**
 * `{items: [...]}`, as AWS writes lists of names.
 */
export interface Items {
  items: string[];
}
export interface HeadersConfig {
  header_behavior: "none" | "whitelist" | "allViewer" | "allViewerAndWhitelistCloudFront" | "allExcept";
  headers: Items | null;
}
export interface QueryStringsConfig {
  query_string_behavior: "none" | "whitelist" | "allExcept" | "all";
  query_strings: Items | null;
}
/**
 * `aws:cloudfront/originRequestPolicy:OriginRequestPolicy`.
 */
export interface OriginRequestPolicy {
  id: string;
  name: string;
  cookies_config: CookiesConfig;
  headers_config: HeadersConfig;
  query_strings_config: QueryStringsConfig;
}
/**
 * `aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy`.
 */
export interface ResponseHeadersPolicy {
  id: string;
  name: string;
  cors_config: CorsConfig | null;
  custom_headers_config: CustomHeadersConfig | null;
  remove_headers_config: RemoveHeadersConfig | null;
  security_headers_config: SecurityHeadersConfig | null;
  server_timing_headers_config: ServerTimingHeadersConfig | null;
}
export interface CorsConfig {
  access_control_allow_credentials: boolean;
  access_control_allow_headers: Items;
  access_control_allow_methods: Items;
  access_control_allow_origins: Items;
  access_control_expose_headers: Items | null;
  access_control_max_age_sec: number | null;
  origin_override: boolean;
}
export interface CustomHeadersConfig {
  items: CustomHeader[];
}
export interface CustomHeader {
  header: string;
  value: string;
  override: boolean;
}
export interface RemoveHeadersConfig {
  items: RemoveHeader[];
}
export interface RemoveHeader {
  header: string;
}
export interface SecurityHeadersConfig {
  content_security_policy: ContentSecurityPolicy | null;
  content_type_options: ContentTypeOptions | null;
  frame_options: FrameOptions | null;
  referrer_policy: ReferrerPolicy | null;
  strict_transport_security: StrictTransportSecurity | null;
  xss_protection: XssProtection | null;
}
export interface ContentSecurityPolicy {
  content_security_policy: string;
  override: boolean;
}
export interface ContentTypeOptions {
  override: boolean;
}
export interface FrameOptions {
  frame_option: string;
  override: boolean;
}
export interface ReferrerPolicy {
  referrer_policy: string;
  override: boolean;
}
export interface StrictTransportSecurity {
  access_control_max_age_sec: number;
  include_subdomains: boolean;
  override: boolean;
  preload: boolean;
}
export interface XssProtection {
  protection: boolean;
  mode_block: boolean;
  override: boolean;
  report_uri: string | null;
}
export interface ServerTimingHeadersConfig {
  enabled: boolean;
  /**
   * Percent of responses.
   */
  sampling_rate: number;
}
/**
 * `aws:cloudfront/continuousDeploymentPolicy:ContinuousDeploymentPolicy`.
 */
export interface ContinuousDeploymentPolicy {
  id: string;
  enabled: boolean;
  staging_distribution_dns_names: Items;
  traffic_config: TrafficConfig | null;
}
export interface TrafficConfig {
  type: "SingleWeight" | "SingleHeader";
  single_header_config: SingleHeader | null;
  single_weight_config: SingleWeight | null;
}
export interface SingleHeader {
  header: string;
  value: string;
}
export interface SingleWeight {
  /**
   * Share of requests that goes to staging, 0 to 0.15.
   */
  weight: number;
  session_stickiness_config: SessionStickiness | null;
}
export interface SessionStickiness {
  /**
   * Seconds, 300 to 3600.
   */
  idle_ttl: number;
  /**
   * Seconds, 300 to 3600.
   */
  maximum_ttl: number;
}
/**
 * `aws:cloudfront/publicKey:PublicKey`.
 */
export interface PublicKey {
  id: string;
  name: string;
  /**
   * PEM.
   */
  encoded_key: string;
}
/**
 * `aws:cloudfront/keyGroup:KeyGroup`: who may sign URLs and cookies.
 */
export interface KeyGroup {
  id: string;
  name: string;
  /**
   * Ids of public keys.
   */
  items: string[];
}
/**
 * `aws:cloudfront/function:Function`, its published code.
 */
export interface CloudFrontFunction {
  arn: string;
  name: string;
  runtime: "cloudfront-js-1.0" | "cloudfront-js-2.0";
  code: string;
  /**
   * ARNs; CloudFront allows one.
   */
  key_value_store_associations: string[];
}
/**
 * `aws:cloudfront/keyValueStore:KeyValueStore` with the pairs of its keys resources.
 */
export interface KeyValueStore {
  arn: string;
  id: string;
  name: string;
  pairs: KeyValuePair[];
}
export interface KeyValuePair {
  key: string;
  value: string;
}
/**
 * A numbered version of an `aws:lambda/function:Function`. Exactly one of `directory` and `files` is given.
 */
export interface LambdaVersion {
  /**
   * The qualified ARN, ending in `:<version>`.
   */
  arn: string;
  name: string;
  version: string;
  runtime: string;
  /**
   * Absolute path of the Python that runs it; None is `python3` on the PATH, or Node.js.
   */
  interpreter: string | null;
  handler: string;
  /**
   * Seconds.
   */
  timeout: number;
  /**
   * MB.
   */
  memory_size: number;
  /**
   * Tells its code and settings from those of other versions.
   */
  fingerprint: string;
  /**
   * Absolute path of the unpacked package.
   */
  directory: string | null;
  files: PackageFile[];
}
/**
 * A file of a function's package.
 */
export interface PackageFile {
  /**
   * Relative, with `/`.
   */
  path: string;
  content_base64: string;
}
/**
 * `aws:wafv2/webAcl:WebAcl`.
 */
export interface WebAcl {
  arn: string;
  custom_response_bodies: WafResponseBody[];
  default_action: WafAction;
  name: string;
  rules: WafRule[];
}
export interface WafResponseBody {
  content: string;
  content_type: string;
  key: string;
}
/**
 * One of these; all None for an action that is not served here, which lets requests in.
 */
export interface WafAction {
  allow: WafNothing | null;
  block: WafBlock | null;
}
/**
 * `{}`, as AWS WAF writes what has no settings.
 */
export interface WafNothing {}
export interface WafBlock {
  custom_response: WafCustomResponse | null;
}
export interface WafCustomResponse {
  custom_response_body_key: string | null;
  response_code: number;
  response_headers: WafHeader[];
}
export interface WafHeader {
  name: string;
  value: string;
}
export interface WafRule {
  action: WafAction | null;
  name: string;
  priority: number;
  statement: WafStatement;
}
/**
 * One of these; all None for a statement that is not served here.
 */
export interface WafStatement {
  and_statement: WafStatements | null;
  asn_match_statement: WafAsnMatch | null;
  byte_match_statement: WafByteMatch | null;
  geo_match_statement: WafGeoMatch | null;
  ip_set_reference_statement: WafIpSetReference | null;
  not_statement: WafNot | null;
  or_statement: WafStatements | null;
  rate_based_statement: WafRate | null;
  regex_match_statement: WafRegexMatch | null;
  size_constraint_statement: WafSizeConstraint | null;
}
export interface WafStatements {
  statements: WafStatement[];
}
export interface WafAsnMatch {
  asn_lists: number[];
}
export interface WafByteMatch {
  field_to_match: WafField | null;
  positional_constraint: string;
  search_string: string;
  text_transformations: WafTransformation[];
}
/**
 * Which part of a request a statement looks at; what is not served here is left out.
 */
export interface WafField {
  all_query_arguments: WafNothing | null;
  method: WafNothing | null;
  query_string: WafNothing | null;
  single_header: WafName | null;
  single_query_argument: WafName | null;
  uri_path: WafNothing | null;
}
export interface WafName {
  name: string;
}
export interface WafTransformation {
  priority: number;
  type: string;
}
export interface WafGeoMatch {
  country_codes: string[];
}
export interface WafIpSetReference {
  arn: string;
}
export interface WafNot {
  statement: WafStatement;
}
export interface WafRate {
  aggregate_key_type: string;
  /**
   * Seconds.
   */
  evaluation_window_sec: number;
  forwarded_ip_config: WafForwardedIp | null;
  /**
   * Requests in a window.
   */
  limit: number;
  scope_down_statement: WafStatement | null;
}
export interface WafForwardedIp {
  header_name: string;
}
export interface WafRegexMatch {
  field_to_match: WafField | null;
  regex_string: string;
  text_transformations: WafTransformation[];
}
export interface WafSizeConstraint {
  comparison_operator: string;
  field_to_match: WafField | null;
  /**
   * Bytes.
   */
  size: number;
  text_transformations: WafTransformation[];
}
/**
 * `aws:wafv2/ipSet:IpSet`.
 */
export interface WafIpSet {
  addresses: string[];
  arn: string;
}
/**
 * A bucket as an origin. Who may read is what its policy says, already decided.
 */
export interface S3Bucket {
  name: string;
  region: string;
  /**
   * Every name under which an origin may reach it.
   */
  domain_names: string[];
  website: S3Website | null;
  /**
   * Every name of its website endpoint.
   */
  website_domain_names: string[];
  /**
   * Absolute path; its files are objects too.
   */
  directory: string | null;
  objects: S3Object[];
  public_read: boolean;
  /**
   * ARNs of distributions that may `s3:GetObject`.
   */
  readers: string[];
  /**
   * ARNs of distributions that may `s3:ListBucket`; `*` for all.
   */
  listers: string[];
}
/**
 * `aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration`.
 */
export interface S3Website {
  index_document: string | null;
  error_document: string | null;
  redirect_all: S3RedirectAll | null;
  routing_rules: S3RedirectRule[];
}
export interface S3RedirectAll {
  host_name: string;
  protocol: ("http" | "https") | null;
}
/**
 * A routing rule of a website: its condition, and where it redirects to.
 */
export interface S3RedirectRule {
  /**
   * The status that it is for; None: it does not wait for one.
   */
  error_code: string | null;
  key_prefix: string | null;
  host_name: string | null;
  protocol: ("http" | "https") | null;
  /**
   * The real one's default is 301.
   */
  redirect_code: string | null;
  replace_key_prefix_with: string | null;
  replace_key_with: string | null;
}
/**
 * `aws:s3/bucketObjectv2:BucketObjectv2`: exactly one of `content_base64` and `file` is given.
 */
export interface S3Object {
  key: string;
  content_base64: string | null;
  /**
   * Absolute path.
   */
  file: string | null;
  content_type: string | null;
  cache_control: string | null;
  content_encoding: string | null;
  content_disposition: string | null;
  content_language: string | null;
  metadata: {
    [k: string]: string;
  };
  /**
   * Where the website endpoint redirects to.
   */
  website_redirect: string | null;
}
/**
 * Where an origin's domain name is found on this machine.
 */
export interface OriginAddress {
  domain_name: string;
  /**
   * Such as `http://127.0.0.1:9101`; its scheme is used whatever the protocol policy.
   */
  url: string;
}
