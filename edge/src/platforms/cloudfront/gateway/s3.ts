// A bucket as an origin: GET and HEAD of objects, as S3's REST endpoint answers them (gap `aws-s3`).
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html

import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { extname, join, normalize, sep } from "node:path";
import { get, headersOf } from "./headers.js";
import type { S3Bucket, S3Object } from "./model.js";
import type { EdgeRequest, EdgeResponse } from "./types.js";

/** What S3 says of an object that was uploaded without a type. */
const DEFAULT_TYPE = "binary/octet-stream";

const TYPES: Readonly<Record<string, string>> = {
  ".avif": "image/avif",
  ".css": "text/css",
  ".csv": "text/csv",
  ".gif": "image/gif",
  ".html": "text/html",
  ".ico": "image/x-icon",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".js": "text/javascript",
  ".json": "application/json",
  ".map": "application/json",
  ".mjs": "text/javascript",
  ".mp4": "video/mp4",
  ".pdf": "application/pdf",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
  ".xml": "application/xml",
};

export interface Stored {
  bytes: Buffer;
  modified: Date;
  object: Partial<S3Object>;
}

/** Who asks: the distribution, and whether it signs its requests. */
export interface Reader {
  distributionArn: string;
  signs: boolean;
}

export class Bucket {
  #objects: Map<string, S3Object>;
  #created = new Date();

  constructor(readonly bucket: S3Bucket) {
    this.#objects = new Map(bucket.objects.map((object) => [object.key, object]));
  }

  answer(request: EdgeRequest, reader: Reader): EdgeResponse {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return this.#error(
        405,
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        request,
      );
    }
    const allowed = (list: readonly string[]): boolean =>
      reader.signs && (list.includes(reader.distributionArn) || list.includes("*"));
    if (!this.bucket.public_read && !allowed(this.bucket.readers)) return this.#denied(request);
    const key = keyOf(request.uri);
    const stored = key === undefined ? undefined : this.load(key);
    if (stored === undefined) {
      // S3 admits that a key is missing only to those who may list the bucket.
      if (!allowed(this.bucket.listers)) return this.#denied(request);
      return this.#error(404, "NoSuchKey", "The specified key does not exist.", request, key);
    }
    return this.found(request, key as string, stored);
  }

  #denied(request: EdgeRequest): EdgeResponse {
    return this.#error(403, "AccessDenied", "Access Denied", request);
  }

  /** An object by its key. */
  load(key: string): Stored | undefined {
    const object = this.#objects.get(key);
    if (object !== undefined) {
      if (object.file !== null) return { ...readFile(object.file), object };
      return { bytes: Buffer.from(object.content_base64 ?? "", "base64"), modified: this.#created, object };
    }
    const { directory } = this.bucket;
    if (directory === null || key === "" || key.endsWith("/") || key.includes("\0")) return undefined;
    const path = normalize(join(directory, key));
    if (!path.startsWith(normalize(directory + sep))) return undefined;
    try {
      if (!statSync(path).isFile()) return undefined;
      return { ...readFile(path), object: { content_type: TYPES[extname(path).toLowerCase()] ?? null } };
    } catch {
      return undefined;
    }
  }

  /** An object as it is answered: whole, a range of it, or that it has not changed. */
  found(request: EdgeRequest, key: string, { bytes, modified, object }: Stored): EdgeResponse {
    const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
    const seconds = Math.floor(modified.getTime() / 1000) * 1000;
    const pairs: [string, string][] = [
      ["Last-Modified", new Date(seconds).toUTCString()],
      ["ETag", etag],
      ["x-amz-server-side-encryption", "AES256"],
      ...(object.cache_control ? [["Cache-Control", object.cache_control] as [string, string]] : []),
      ...(object.content_encoding ? [["Content-Encoding", object.content_encoding] as [string, string]] : []),
      ...(object.content_disposition ? [["Content-Disposition", object.content_disposition] as [string, string]] : []),
      ...(object.content_language ? [["Content-Language", object.content_language] as [string, string]] : []),
      ...Object.entries(object.metadata ?? {}).map(([name, value]): [string, string] => [`x-amz-meta-${name}`, value]),
      ...(object.website_redirect
        ? [["x-amz-website-redirect-location", object.website_redirect] as [string, string]]
        : []),
      ["Accept-Ranges", "bytes"],
      ["Server", "AmazonS3"],
      ["Date", new Date().toUTCString()],
    ];
    if (isUnmodified(request, etag, seconds))
      return { status: 304, statusDescription: "Not Modified", headers: headersOf(pairs), body: undefined };
    pairs.push(["Content-Type", object.content_type ?? DEFAULT_TYPE]);
    const range = rangeOf(get(request.headers, "range"), bytes.byteLength);
    if (range === "unsatisfiable") {
      return this.#error(416, "InvalidRange", "The requested range is not satisfiable", request, key);
    }
    const body = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
    if (range !== undefined) pairs.push(["Content-Range", `bytes ${range.start}-${range.end}/${bytes.byteLength}`]);
    pairs.push(["Content-Length", String(body.byteLength)]);
    return {
      status: range === undefined ? 200 : 206,
      statusDescription: range === undefined ? "OK" : "Partial Content",
      headers: headersOf(pairs),
      body: request.method === "HEAD" ? undefined : body,
    };
  }

  #error(status: number, code: string, message: string, request: EdgeRequest, key?: string): EdgeResponse {
    const detail = key === undefined ? "" : `<Key>${key.replace(/[<>&]/g, "")}</Key>`;
    const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${detail}</Error>`;
    const headers = headersOf([
      ["Content-Type", "application/xml"],
      ["Date", new Date().toUTCString()],
      ["Server", "AmazonS3"],
      ["Content-Length", String(Buffer.byteLength(xml))],
    ]);
    return { status, statusDescription: code, headers, body: request.method === "HEAD" ? undefined : Buffer.from(xml) };
  }
}

function readFile(path: string): { bytes: Buffer; modified: Date } {
  return { bytes: readFileSync(path), modified: statSync(path).mtime };
}

export function keyOf(uri: string): string | undefined {
  try {
    return decodeURIComponent(uri.slice(1));
  } catch {
    return undefined;
  }
}

function isUnmodified(request: EdgeRequest, etag: string, modified: number): boolean {
  const match = get(request.headers, "if-none-match");
  if (match !== undefined) {
    return match.trim() === "*" || match.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
  }
  const since = get(request.headers, "if-modified-since");
  return since !== undefined && modified <= Date.parse(since);
}

/** One range of bytes. S3 answers several ranges with the whole object. */
function rangeOf(text: string | undefined, size: number): { start: number; end: number } | "unsatisfiable" | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(text?.trim() ?? "");
  if (found === null || (found[1] === "" && found[2] === "")) return undefined;
  const [, from, to] = found as unknown as [string, string, string];
  const start = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== "" && to !== "" && Number(to) < Number(from)) return undefined;
  return start >= size || (from === "" && to === "0") ? "unsatisfiable" : { start, end };
}
