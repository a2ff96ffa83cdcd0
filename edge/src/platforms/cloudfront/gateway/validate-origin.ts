// The `origin` that an origin-request function returns.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html

import type { EventOrigin } from "./events.js";
import { isDisallowed } from "./headers.js";
import type { Headers } from "./types.js";

const SSL = new Set(["TLSv1.2", "TLSv1.1", "TLSv1", "SSLv3"]);

type Fields = Record<string, unknown>;

/** What is wrong with an origin, as the end of CloudFront's sentence; undefined where nothing is. */
export function originFault(
  value: unknown,
  before: EventOrigin | undefined,
  requestHeaders: Headers,
): string | undefined {
  if (typeof value !== "object" || value === null) return "The origin must be an object.";
  const kinds = ["custom", "s3"].filter(
    (kind) => (value as Fields)[kind] !== undefined && (value as Fields)[kind] !== null,
  );
  if (kinds.length !== 1) return "The origin must contain exactly one of custom and s3.";
  const kind = kinds[0] as "custom" | "s3";
  const origin = (value as Fields)[kind] as Fields;
  if (typeof origin !== "object") return `The origin's ${kind} must be an object.`;
  return shared(origin, requestHeaders) ?? (kind === "custom" ? custom(origin) : s3(origin, before));
}

function shared(origin: Fields, requestHeaders: Headers): string | undefined {
  const { domainName, path, customHeaders } = origin;
  if (typeof domainName !== "string" || domainName === "") return "The origin's domainName cannot be empty.";
  if (typeof path !== "string" || (path !== "" && (!path.startsWith("/") || path.endsWith("/")))) {
    return "The origin's path must begin with / and must not end with it.";
  }
  if (typeof customHeaders !== "object" || customHeaders === null)
    return "The origin's customHeaders must be an object.";
  for (const [name, fields] of Object.entries(customHeaders)) {
    if (!Array.isArray(fields) || fields.some((field) => typeof field?.value !== "string")) {
      return "Each entry in the origin's customHeaders must be an array of values.";
    }
    if (isDisallowed(name.toLowerCase())) return `The origin's customHeaders contain the disallowed header ${name}.`;
    if (Object.hasOwn(requestHeaders, name.toLowerCase())) {
      return `The header ${name} is in the origin's customHeaders and in the request's headers.`;
    }
  }
  return undefined;
}

function custom(origin: Fields): string | undefined {
  const { domainName, path, keepaliveTimeout, port, protocol, readTimeout, sslProtocols } = origin;
  const domain = domainName as string;
  // An address of this machine is taken as a name (gap `aws-loopback`).
  if (domain.length > 253 || domain.includes(":") || /^(?!127\.)\d{1,3}(\.\d{1,3}){3}$/.test(domain)) {
    return "The origin's domainName must be a DNS name of at most 253 characters, without a colon, and not an IP address.";
  }
  if ((path as string).length > 255) return "The origin's path can have at most 255 characters.";
  if (!within(keepaliveTimeout, 1, 60)) return "The origin's keepaliveTimeout must be from 1 to 60.";
  if (!within(readTimeout, 4, 60)) return "The origin's readTimeout must be from 4 to 60.";
  if (port !== 80 && port !== 443 && !within(port, 1024, 65535)) {
    return "The origin's port must be 80, 443 or from 1024 to 65535.";
  }
  if (protocol !== "http" && protocol !== "https") return "The origin's protocol must be http or https.";
  if (!Array.isArray(sslProtocols) || sslProtocols.some((name) => !SSL.has(name))) {
    return `The origin's sslProtocols must be of ${[...SSL].join(", ")}.`;
  }
  return undefined;
}

function s3(origin: Fields, before: EventOrigin | undefined): string | undefined {
  const { domainName, authMethod, region } = origin;
  const domain = domainName as string;
  if (domain.length > 128 || domain !== domain.toLowerCase()) {
    return "The origin's domainName must be lower case and of at most 128 characters.";
  }
  if (authMethod !== "none" && authMethod !== "origin-access-identity") {
    return "The origin's authMethod must be origin-access-identity or none.";
  }
  if (authMethod === "origin-access-identity") {
    if (typeof region !== "string" || region === "")
      return "The origin's region is required with an origin access identity.";
    if (before !== undefined && "custom" in before)
      return "An origin access identity cannot be used when a custom origin is replaced.";
  }
  return undefined;
}

function within(value: unknown, low: number, high: number): boolean {
  return typeof value === "number" && value >= low && value <= high;
}
