// Signed URLs and signed cookies: who may see what a behavior with trusted key groups has.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-urls.html
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-cookies.html

import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { BlockList, isIPv4, isIPv6 } from "node:net";
import { wildcardMatch } from "./behaviors.js";
import { EdgeError } from "./error-page.js";
import { get } from "./headers.js";
import type { CacheBehavior, CloudFrontDeployment } from "./model.js";
import type { EdgeRequest, Viewer } from "./types.js";

/** Public keys by id, as a behavior trusts them. */
export type TrustedKeys = ReadonlyMap<string, KeyObject>;

const PARAMETERS = ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"] as const;
type Parameter = (typeof PARAMETERS)[number];
type Parameters = Partial<Record<Parameter, string>>;

const COOKIE = "CloudFront-";

function refused(code: string, message: string, detail?: string): EdgeError {
  return new EdgeError(403, message, "Error", detail, code);
}

const missing = (detail?: string): EdgeError =>
  refused("MissingKey", "Missing Key-Pair-Id query parameter or cookie value", detail);
const denied = (detail: string): EdgeError => refused("AccessDenied", "Access denied", detail);

/** The keys of a behavior; undefined where anybody may see what it has. An account's own are not known (gap `aws-signed-urls`). */
export function trustedKeys(behavior: CacheBehavior, deployment: CloudFrontDeployment): TrustedKeys | undefined {
  if (behavior.trusted_key_groups.length === 0 && behavior.trusted_signers.length === 0) return undefined;
  const ids = new Set(
    deployment.key_groups.filter(({ id }) => behavior.trusted_key_groups.includes(id)).flatMap(({ items }) => items),
  );
  const keys = deployment.public_keys.filter(({ id }) => ids.has(id));
  return new Map(keys.map(({ id, encoded_key: pem }) => [id, createPublicKey(pem)]));
}

/** What is wrong with a public key, as the end of a sentence. */
export function keyFault(pem: string): string | undefined {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    return "is not a public key in PEM";
  }
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa") return modulusLength === 2048 ? undefined : `has ${modulusLength} bits`;
  if (key.asymmetricKeyType === "ec") return namedCurve === "prime256v1" ? undefined : `is on the curve ${namedCurve}`;
  return `is of the kind ${key.asymmetricKeyType}`;
}

/** Lets a request in that a trusted key has signed. Throws an EdgeError for any other. */
export function checkSigned(request: EdgeRequest, keys: TrustedKeys, viewer: Viewer, now: number): void {
  const [inUrl, rest] = fromQuery(request.querystring);
  // A URL that is signed decides, whatever cookies there are.
  const given =
    inUrl["Key-Pair-Id"] !== undefined || inUrl.Signature !== undefined
      ? inUrl
      : fromCookies(get(request.headers, "cookie"));
  const url = urlOf(request, rest, viewer);
  verifySigned(given, keys, url, viewer, now);
}

/** A query string as the cache and the origin see it: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/QueryStringParameters.html */
export function withoutSignature(querystring: string): string {
  return fromQuery(querystring)[1];
}

function fromQuery(querystring: string): [Parameters, string] {
  const found: Parameters = {};
  const rest: string[] = [];
  for (const part of querystring.split("&")) {
    const equals = part.indexOf("=");
    const name = equals === -1 ? part : part.slice(0, equals);
    const parameter = PARAMETERS.find((each) => each === name);
    if (parameter === undefined) rest.push(part);
    else found[parameter] ??= decode(equals === -1 ? "" : part.slice(equals + 1));
  }
  return [found, rest.join("&")];
}

function fromCookies(cookie: string | undefined): Parameters {
  const found: Parameters = {};
  for (const part of (cookie ?? "").split(";")) {
    const text = part.trim();
    const equals = text.indexOf("=");
    const parameter = PARAMETERS.find((each) => `${COOKIE}${each}` === text.slice(0, Math.max(0, equals)));
    if (parameter !== undefined) found[parameter] ??= text.slice(equals + 1);
  }
  return found;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The URL that the viewer asked for, without the signature. */
function urlOf(request: EdgeRequest, querystring: string, viewer: Viewer): string {
  const host = (get(request.headers, "host") ?? "").replace(/:\d+$/, "");
  const query = querystring === "" ? "" : `?${querystring}`;
  return `${viewer.protocol ?? "https"}://${host}${request.uri}${query}`;
}

function verifySigned(given: Parameters, keys: TrustedKeys, url: string, viewer: Viewer, now: number): void {
  const { Expires: expires, Policy: policy, Signature: signature, "Key-Pair-Id": id } = given;
  if (id === undefined || id === "") throw missing();
  const key = keys.get(id);
  if (key === undefined)
    throw refused("InvalidKey", "Unknown Key", `the behavior trusts ${[...keys.keys()].join(", ") || "no key"}`);
  if (signature === undefined) throw refused("MissingSignature", "Missing Signature query parameter or cookie value");
  if (policy === undefined && expires === undefined)
    throw refused("MissingPolicy", "Missing Policy or Expires query parameter or cookie value");
  const bytes = unescaped(signature);
  if (bytes === undefined) throw refused("MalformedSignature", "Could not unencode Signature");
  const text = policy === undefined ? canned(url, expires as string) : unescaped(policy)?.toString("utf8");
  if (text === undefined) throw refused("MalformedPolicy", "Could not unencode Policy");
  const algorithm = (given["Hash-Algorithm"] ?? "SHA1").toUpperCase();
  if (algorithm !== "SHA1" && algorithm !== "SHA256")
    throw refused("InvalidHashAlgorithm", "Hash-Algorithm must be SHA1 or SHA256");
  if (!verify(algorithm, Buffer.from(text), key, bytes)) throw denied(`the signature is not of ${text}`);
  admit(policyOf(text), url, viewer, now);
}

function canned(url: string, expires: string): string {
  if (!/^\d{1,10}$/.test(expires)) throw refused("MalformedPolicy", "Malformed Policy", `Expires is ${expires}`);
  return `{"Statement":[{"Resource":"${url}","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`;
}

/** Base64 with the characters that AWS has in the place of those with a meaning in URLs. */
function unescaped(text: string): Buffer | undefined {
  const plain = text.replaceAll("-", "+").replaceAll("_", "=").replaceAll("~", "/");
  return /^[A-Za-z0-9+/]+={0,2}$/.test(plain) ? Buffer.from(plain, "base64") : undefined;
}

interface Statement {
  resource: string;
  before: number;
  after: number | undefined;
  address: string | undefined;
}

function policyOf(text: string): Statement {
  const malformed = (detail: string): EdgeError => refused("MalformedPolicy", "Malformed Policy", detail);
  let whole: unknown;
  try {
    // Written as AWS documents it, an escaped question mark is no JSON.
    whole = JSON.parse(text.replace(/\\(?!["\\/bfnrtu])/g, "\\\\"));
  } catch {
    throw malformed("it is not JSON");
  }
  const listed = (whole as { Statement?: unknown } | null)?.Statement;
  const statements = Array.isArray(listed) ? listed : [listed];
  if (statements.length !== 1) throw malformed("it must have one statement");
  const { Resource: resource = "*", Condition: condition } = (statements[0] ?? {}) as {
    Resource?: unknown;
    Condition?: Record<string, Record<string, unknown> | undefined>;
  };
  const before = condition?.DateLessThan?.["AWS:EpochTime"];
  const after = condition?.DateGreaterThan?.["AWS:EpochTime"];
  const address = condition?.IpAddress?.["AWS:SourceIp"];
  if (typeof resource !== "string") throw malformed("its Resource is not a text");
  if (typeof before !== "number") throw malformed("it has no DateLessThan with a number as AWS:EpochTime");
  if (after !== undefined && typeof after !== "number") throw malformed("its DateGreaterThan has no number");
  if (address !== undefined && typeof address !== "string") throw malformed("its IpAddress is not a text");
  return { resource, before, after, address };
}

function admit({ resource, before, after, address }: Statement, url: string, viewer: Viewer, now: number): void {
  const seconds = now / 1000;
  if (seconds >= before) throw denied(`it was valid until ${new Date(before * 1000).toISOString()}`);
  if (after !== undefined && seconds < after)
    throw denied(`it is valid from ${new Date(after * 1000).toISOString()} on`);
  if (address !== undefined && !covers(address, viewer.ip)) throw denied(`${viewer.ip} is not in ${address}`);
  if (!matches(resource, url)) throw denied(`${url} is not ${resource}`);
}

function covers(range: string, ip: string): boolean {
  const [address = "", prefix] = range.split("/");
  const family = isIPv4(address) ? "ipv4" : isIPv6(address) ? "ipv6" : undefined;
  if (family === undefined || (family === "ipv4") !== isIPv4(ip)) return false;
  const bits = prefix === undefined ? (family === "ipv4" ? 32 : 128) : Number(prefix);
  if (!Number.isInteger(bits) || bits < 0 || bits > (family === "ipv4" ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(address, bits, family);
  return list.check(ip, family);
}

type Sections = [protocol: string, domain: string, path: string, query: string];

/** A policy's URL against a request's, section by section: a wildcard does not reach over the ends of its own. */
export function matches(resource: string, url: string): boolean {
  if (resource === "*") return true;
  const wanted = wantedSections(resource);
  const asked = askedSections(url);
  return wanted.every((pattern, index) => wildcardMatch(pattern, asked[index] as string));
}

function askedSections(url: string): Sections {
  const found = /^([^:]*):\/\/([^/?]*)([^?]*)(?:\?(.*))?$/s.exec(url);
  const [, protocol = "", domain = "", path = "", query = ""] = found ?? [];
  return [protocol, domain, path, query];
}

/** `?` is a wildcard in a policy's URL, and begins the query string where it is escaped, or is the last in the path. */
function wantedSections(resource: string): Sections {
  const scheme = resource.indexOf("://");
  const protocol = scheme === -1 ? "*" : resource.slice(0, scheme);
  const rest = scheme === -1 ? resource : resource.slice(scheme + 3);
  const escaped = rest.indexOf("\\?");
  const question = escaped !== -1 ? escaped : rest.indexOf("?");
  const location = question === -1 ? rest : rest.slice(0, question);
  const query = question === -1 ? undefined : rest.slice(question + (escaped !== -1 ? 2 : 1));
  const slash = location.indexOf("/");
  const domain = slash === -1 ? location : location.slice(0, slash);
  if (slash === -1 && domain.endsWith("*")) return [protocol, domain, "*", "*"];
  const path = slash === -1 ? "/" : location.slice(slash);
  return [protocol, domain, path, query ?? (path.endsWith("*") ? "*" : "")];
}
