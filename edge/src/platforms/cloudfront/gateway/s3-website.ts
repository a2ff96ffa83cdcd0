// A bucket's website endpoint as an origin: index and error documents, redirects. It has no signatures, so only what
// everybody may read is read.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html

import { STATUS_CODES } from "node:http";
import { headersOf } from "./headers.js";
import type { S3RedirectRule, S3Website } from "./model.js";
import { type Bucket, keyOf, type Stored } from "./s3.js";
import type { EdgeRequest, EdgeResponse } from "./types.js";

interface Failure {
  status: number;
  code: string;
  message: string;
}

const DENIED: Failure = { status: 403, code: "AccessDenied", message: "Access Denied" };
const MISSING: Failure = { status: 404, code: "NoSuchKey", message: "The specified key does not exist." };
const METHOD: Failure = {
  status: 405,
  code: "MethodNotAllowed",
  message: "The specified method is not allowed against this resource.",
};

export class WebsiteEndpoint {
  constructor(
    readonly bucket: Bucket,
    private readonly website: S3Website,
  ) {}

  answer(request: EdgeRequest): EdgeResponse {
    const { website, bucket } = this;
    const host = request.headers.host?.[0]?.value ?? "";
    const { redirect_all: everything } = website;
    if (everything !== null) {
      const query = request.querystring === "" ? "" : `?${request.querystring}`;
      const target = `${everything.protocol ?? "http"}://${everything.host_name}${request.uri}${query}`;
      return redirect(301, target, request);
    }
    if (request.method !== "GET" && request.method !== "HEAD") return this.#failed(METHOD, request, "");
    const asked = keyOf(request.uri);
    if (asked === undefined) return this.#failed(MISSING, request, "");
    const early = website.routing_rules.find(
      ({ error_code: code, key_prefix: prefix }) => code === null && asked.startsWith(prefix ?? ""),
    );
    if (early !== undefined) return ruled(early, asked, host, request);
    if (!bucket.bucket.public_read) return this.#answerFailure(DENIED, request, asked, host);
    const key = asked === "" || asked.endsWith("/") ? `${asked}${website.index_document ?? ""}` : asked;
    const stored = bucket.load(key);
    if (stored !== undefined) return this.#object(stored, key, request);
    const folder = website.index_document === null || asked === "" || asked.endsWith("/") ? undefined : `${asked}/`;
    if (folder !== undefined && bucket.load(`${folder}${website.index_document}`) !== undefined)
      return redirect(302, `/${encodeURI(folder)}`, request);
    // A missing key is admitted only where everybody may list the bucket.
    return this.#answerFailure(bucket.bucket.listers.includes("*") ? MISSING : DENIED, request, asked, host);
  }

  #object(stored: Stored, key: string, request: EdgeRequest): EdgeResponse {
    const moved = stored.object.website_redirect;
    return moved ? redirect(301, moved, request) : this.bucket.found(request, key, stored);
  }

  #answerFailure(failure: Failure, request: EdgeRequest, key: string, host: string): EdgeResponse {
    const rule = this.website.routing_rules.find(
      ({ error_code: code, key_prefix: prefix }) => code === String(failure.status) && key.startsWith(prefix ?? ""),
    );
    return rule === undefined ? this.#failed(failure, request, key) : ruled(rule, key, host, request);
  }

  #failed(failure: Failure, request: EdgeRequest, key: string): EdgeResponse {
    const { error_document: document } = this.website;
    const stored = document === null || !this.bucket.bucket.public_read ? undefined : this.bucket.load(document);
    const { status, code, message } = failure;
    if (stored !== undefined) {
      const plain = { ...request, method: request.method === "HEAD" ? "HEAD" : "GET", headers: {} };
      const page = this.bucket.found(plain, document as string, stored);
      return { ...page, status, statusDescription: STATUS_CODES[status] ?? "" };
    }
    const title = `${status} ${STATUS_CODES[status] ?? ""}`;
    const items = [`Code: ${code}`, `Message: ${message}`, ...(status === 404 ? [`Key: ${escaped(key)}`] : [])];
    const html = `<html>\n<head><title>${title}</title></head>\n<body>\n<h1>${title}</h1>\n<ul>\n${items.map((item) => `<li>${item}</li>\n`).join("")}</ul>\n<hr/>\n</body>\n</html>\n`;
    return made(status, html, request, [
      ["x-amz-error-code", code],
      ["x-amz-error-message", message],
    ]);
  }
}

function ruled(rule: S3RedirectRule, key: string, host: string, request: EdgeRequest): EdgeResponse {
  const prefix = rule.key_prefix ?? "";
  let target = key;
  if (rule.replace_key_with !== null) target = rule.replace_key_with;
  else if (rule.replace_key_prefix_with !== null) target = rule.replace_key_prefix_with + key.slice(prefix.length);
  const location = `${rule.protocol ?? "http"}://${rule.host_name ?? host}/${encodeURI(target)}`;
  return redirect(Number(rule.redirect_code ?? 301), location, request);
}

function redirect(status: number, location: string, request: EdgeRequest): EdgeResponse {
  return made(status, "", request, [["Location", location]]);
}

function made(status: number, html: string, request: EdgeRequest, more: [string, string][]): EdgeResponse {
  const headers = headersOf([
    ...more,
    ["Content-Type", "text/html; charset=utf-8"],
    ["Date", new Date().toUTCString()],
    ["Server", "AmazonS3"],
    ["Content-Length", String(Buffer.byteLength(html))],
  ]);
  const body = request.method === "HEAD" ? undefined : Buffer.from(html);
  return { status, statusDescription: STATUS_CODES[status] ?? "", headers, body };
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
