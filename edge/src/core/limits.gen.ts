// Generated from components/edgewright/limits. Run `make build`; do not edit.

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
