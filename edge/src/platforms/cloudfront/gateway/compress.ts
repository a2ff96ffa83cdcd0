// CloudFront's own compression.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html

import { Readable } from "node:stream";
import { brotliCompressSync, constants, createBrotliCompress, createGzip, gzipSync } from "node:zlib";
import { get, setHeader } from "./headers.js";
import type { EdgeResponse } from "./types.js";

const MIN_BYTES = 1000;
const MAX_BYTES = 10_000_000;
const STATUSES = new Set([200, 403, 404]);

const TYPES = new Set(
  `application/dash+xml application/eot application/font application/font-sfnt application/javascript application/json
  application/opentype application/otf application/pdf application/pkcs7-mime application/protobuf application/rss+xml
  application/truetype application/ttf application/vnd.apple.mpegurl application/vnd.mapbox-vector-tile
  application/vnd.ms-fontobject application/wasm application/xhtml+xml application/xml application/x-font-opentype
  application/x-font-truetype application/x-font-ttf application/x-httpd-cgi application/x-javascript
  application/x-mpegurl application/x-opentype application/x-otf application/x-perl application/x-ttf font/eot
  font/opentype font/otf font/ttf image/svg+xml text/css text/csv text/html text/javascript text/js text/plain
  text/richtext text/tab-separated-values text/xml text/x-component text/x-java-source text/x-script
  vnd.apple.mpegurl`.split(/\s+/),
);

/** A middle quality: brotli's highest takes seconds for what one viewer waits for. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

/** Compresses a response in place where CloudFront would. `accepted` is the normalised Accept-Encoding. */
export function compress(response: EdgeResponse, accepted: string | undefined): void {
  const { headers, body } = response;
  if (accepted === undefined || body === undefined || !STATUSES.has(response.status)) return;
  if (get(headers, "content-encoding") !== undefined) return;
  const type = get(headers, "content-type")?.split(";")[0]?.trim().toLowerCase();
  const length = Number(get(headers, "content-length") ?? Number.NaN);
  if (type === undefined || !TYPES.has(type) || !(length >= MIN_BYTES && length <= MAX_BYTES)) return;
  const brotli = accepted.split(",").includes("br");
  if (body instanceof Readable) {
    const encoder = brotli ? createBrotliCompress(BROTLI) : createGzip();
    body.on("error", (error) => encoder.destroy(error));
    response.body = body.pipe(encoder);
    delete headers["content-length"];
  } else {
    const bytes = brotli ? brotliCompressSync(body, BROTLI) : gzipSync(body);
    response.body = bytes;
    setHeader(headers, "Content-Length", String(bytes.byteLength));
  }
  setHeader(headers, "Content-Encoding", brotli ? "br" : "gzip");
  delete headers["accept-ranges"];
  addVary(response);
  weaken(response);
}

function addVary({ headers }: EdgeResponse): void {
  const vary = get(headers, "vary");
  if (vary === undefined) setHeader(headers, "Vary", "Accept-Encoding");
  else if (!/(^|,)\s*(accept-encoding|\*)\s*(,|$)/i.test(vary)) setHeader(headers, "Vary", `${vary}, Accept-Encoding`);
}

/** A strong ETag becomes weak, an invalid one is removed. */
function weaken({ headers }: EdgeResponse): void {
  const etag = get(headers, "etag");
  if (etag === undefined || etag.startsWith("W/")) return;
  if (etag.startsWith('"')) setHeader(headers, "ETag", `W/${etag}`);
  else delete headers.etag;
}
