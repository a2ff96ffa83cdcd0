// Generated from components/edgewright/contract/limits. Run `make build`; do not edit.

/** CPU time a request, default: https://developers.cloudflare.com/workers/platform/limits/ */
export const WORKERS_CPU_MS = 30000;
/** CPU time a request that this product allows: https://developers.cloudflare.com/workers/platform/limits/ */
export const WORKERS_CPU_MS_GUARDRAIL = 50;
/** Memory of an isolate: https://developers.cloudflare.com/workers/platform/limits/ */
export const WORKERS_MEMORY_BYTES = 134217728;
/** KV value size: https://developers.cloudflare.com/kv/platform/limits/ */
export const KV_VALUE_BYTES = 26214400;
/** Request body given to the function, viewer trigger: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html */
export const VIEWER_BODY_BYTES = 40960;
/** Request body given to the function, origin trigger: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html */
export const ORIGIN_BODY_BYTES = 1048576;
/** Generated response, viewer trigger: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html */
export const VIEWER_RESPONSE_BYTES = 40960;
/** Generated response, origin trigger: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html */
export const ORIGIN_RESPONSE_BYTES = 1048576;
/** Timeout of an origin trigger: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html */
export const LAMBDA_EDGE_TIMEOUT_S = 30;
/** URL: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html */
export const CLOUDFRONT_URL_BYTES = 8192;
/** Path, query string and headers of a request, and headers of an origin's response: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html */
export const CLOUDFRONT_REQUEST_BYTES = 20480;
/** CloudFront Function code: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html */
export const CLOUDFRONT_FUNCTION_CODE_BYTES = 10240;
/** KeyValueStore key: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html */
export const KVS_KEY_BYTES = 512;
/** KeyValueStore value: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html */
export const KVS_VALUE_BYTES = 1024;
/** Paths in invalidations in progress: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html */
export const INVALIDATION_PATHS = 3000;
/** Length of a cache tag: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-tags.html */
export const INVALIDATION_TAG_CHARACTERS = 256;
/** Cache tags that an object is stored with: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-tags.html */
export const OBJECT_TAGS = 50;
