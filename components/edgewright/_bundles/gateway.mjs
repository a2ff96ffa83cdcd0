// src/gateway/main.ts
import { randomBytes as randomBytes5 } from "node:crypto";
import { mkdirSync as mkdirSync3, rmSync as rmSync5 } from "node:fs";
import { join as join10 } from "node:path";
import { createInterface as createInterface2 } from "node:readline";

// src/gateway/control.ts
import { createHash as createHash5, timingSafeEqual } from "node:crypto";
import http6 from "node:http";

// src/platforms/cloudfront/gateway/index.ts
import { mkdtempSync, rmSync as rmSync2 } from "node:fs";
import { tmpdir } from "node:os";
import { join as join4 } from "node:path";

// src/platforms/cloudfront/gateway/adapters.ts
import { Readable as Readable2 } from "node:stream";
import { pipeline } from "node:stream/promises";

// src/platforms/cloudfront/gateway/body.ts
import { Readable } from "node:stream";
async function readAll(body, limit = Number.POSITIVE_INFINITY) {
  if (body === void 0) return new Uint8Array(0);
  if (!(body instanceof Readable)) return body;
  const chunks = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > limit) throw new Error(`The body is larger than ${limit} bytes.`);
  }
  return Buffer.concat(chunks, size);
}
function discard(body) {
  if (body instanceof Readable) body.destroy();
}
function toWebStream(body) {
  const chunks = body[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel() {
        body.destroy();
      }
    },
    { highWaterMark: 0 }
  );
}

// src/core/claims.gen.ts
var PROXY = new Set(
  `client-address client-ip clientaddress clientip forwarded front-end-https host-name hosti http-host http-url https
https-from-lb orig-path-info path-info path-translated pc-remote-addr proxy real-ip real-method request-method
request-uri rlnclientipaddr script-name server-name server-port server-port-secure sp-host ssl-https ssl-offloaded
unencoded-url user-agent-via useragent-via x-ajax-real-method x-azc-remote-addr x-backend-host x-backend-url
x-bluecoat-via x-cisco-bbsm-clientip x-client-host x-client-ip x-clientip x-cluster-client-ip x-coming-from
x-dagd-proxy x-environment-override x-fb-user-remote-addr x-flx-redirect-url x-front-end-https x-host
x-host-override x-http-destinationurl x-http-host-override x-http-method x-http-method-override x-http-path-override
x-https x-invoke-output x-invoke-path x-invoke-query x-invoke-status x-ip x-ip-trail x-kaltura-remote-addr
x-matched-path x-method-override x-nfsn-https x-ning-request-uri x-nokia-ipaddress x-nokia-msisdn
x-now-route-matches x-orchestra-scheme x-orig-client x-origin-uri x-originating-ip x-originating-url x-proto
x-protocol x-proxyuser-ip x-remote-addr x-remote-host x-remote-ip x-remote-protocol x-remote-user x-request-uri
x-request-url x-sakura-forwarded-for x-scheme x-server-name x-server-port x-sina-proxyuser x-ssl x-ssl-offload
x-subdomain x-teamsite-preremap x-tor x-true-client-ip x-url-scheme x-wap-client-sdu-size x-wap-gateway
x-wap-network-client-ip x-wap-network-client-msisdn xproxy xroxy-connection xxx-real-ip`.split(/\s/)
);
var CLAIMS = new Set(
  `ali-cdn-real-ip base base-url browser-user-agent cdn-src-ip command context-path destination device-stock-ua
e-method e-url edge-host host-override local-addr method msisdn path path-base port profile protocol query-string
querystring redirect referrer reffer refferer request scheme self ssl ua uri url useragent verb x-bolt-phone-ua
x-country x-country-code x-country-name x-dcmguid x-device x-device-user-agent x-domain x-geo x-geoip-country
x-http-version x-jphone-uid x-mobile-ua x-moz x-msisdn x-nextjs-data x-nextjs-redirect x-operamini-phone
x-operamini-phone-ua x-pjax-container x-prefix x-purpose x-region x-script-name x-skyfire-phone x-ua-device
x-ucbrowser-device-ua x-uidh x-up-calling-line-id x-up-subno x-user-agent x-verb x-vhost x-wap-profile
z-forwarded-for`.split(/\s/)
);
var CREDENTIALS = new Set(
  `access-token api-key apikey auth auth-key auth-password auth-token auth-type auth-user authentication id-token
iv-groups iv-user on-behalf-of password php-auth-pw php-auth-user rest-key session session-id session-token
shib-identity-provider token user user-email user-id user-mail user-name username x-access-token
x-amz-security-token x-api-key x-api-token x-apikey x-apitoken x-auth x-auth-email x-auth-key x-auth-password
x-auth-token x-auth-user x-auth-userid x-auth-username x-authentication x-authentication-key x-authorization
x-client-cert x-client-dn x-client-id x-client-key x-client-verify x-huawei-userid x-id-token x-password
x-rest-password x-rest-username x-service-token x-session x-session-id x-session-token x-ssl-client-cert
x-ssl-client-dn x-ssl-client-verify x-token x-user x-user-email x-user-id x-user-name x-username xauthorization`.split(/\s/)
);
var HOP_BY_HOP = new Set(
  `connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade`.split(/\s/)
);
var PROXY_PREFIXES = "akamai- cf- cloudflare- fastly- forwarded- incap- mf- proxy- redirect- remote- true-client- x-accel- x-akamai- x-appengine- x-arr- x-azure- x-envoy- x-forward x-middleware- x-original x-proxy- x-real- x-rewrite- x-sucuri- x-varnish x-vercel-".split(" ");
var CLAIMS_PREFIXES = "cloudfront- x-amz- x-amzn- x-geo- x-geoip- x-goog- x-ms- x-nextjs- x-nokia- x-wap-".split(" ");
var CLAIMS_ENDINGS = "-addr -address -domain -for -host -hostname -ip -method -path -port -prefix -proto -protocol -scheme -uri -url".split(" ");

// src/core/fields.ts
var TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
var trimmed = (parts) => parts?.map((part) => part.trim()).filter(Boolean) ?? [];
var namesIn = (list) => trimmed(list?.toLowerCase().split(","));

// src/core/hop-by-hop.ts
var connectionOptions = (connection) => namesIn(connection).filter((name) => TOKEN.test(name) && name !== "content-length");
function removeHopByHop(headers) {
  for (const name of connectionOptions(headers.get("connection"))) headers.delete(name);
  for (const name of HOP_BY_HOP) headers.delete(name);
}

// src/platforms/cloudfront/gateway/headers.ts
function headersOf(pairs) {
  const headers = {};
  for (const [key, value] of pairs) addHeader(headers, key, value);
  return headers;
}
function headersOfRaw(message) {
  const headers = {};
  const raw = message.rawHeaders;
  for (let index = 0; index < raw.length; index += 2)
    addHeader(headers, raw[index], raw[index + 1]);
  return headers;
}
function addHeader(headers, key, value) {
  const name = key.toLowerCase();
  const fields = headers[name];
  if (fields === void 0 || !Object.hasOwn(headers, name)) {
    Object.defineProperty(headers, name, {
      value: [{ key, value }],
      enumerable: true,
      writable: true,
      configurable: true
    });
  } else fields.push({ key, value });
}
function setHeader(headers, key, value) {
  const name = key.toLowerCase();
  delete headers[name];
  addHeader(headers, key, value);
}
function has(headers, name) {
  return Object.hasOwn(headers, name);
}
function get(headers, name) {
  if (!Object.hasOwn(headers, name)) return void 0;
  const fields = headers[name];
  return fields.length === 1 ? fields[0].value : fields.map((field) => field.value).join(name === "cookie" ? "; " : ", ");
}
function copyHeaders(headers) {
  const copy = {};
  for (const name of Object.keys(headers))
    copy[name] = headers[name].map((field) => ({ ...field }));
  return copy;
}
function pairsOf(headers) {
  const pairs = [];
  for (const [name, fields] of Object.entries(headers)) {
    for (const field of fields) pairs.push([field.key ?? canonical(name), field.value]);
  }
  return pairs;
}
function headerBytes(headers) {
  let size = 0;
  for (const [name, fields] of Object.entries(headers))
    for (const field of fields) size += name.length + field.value.length + 4;
  return size;
}
function canonical(name) {
  return name.toLowerCase().replace(/(^|-)([a-z])/g, (_, dash, letter) => dash + letter.toUpperCase());
}
function removeNamedByConnection(headers) {
  const names2 = connectionOptions(headers.connection?.map((field) => field.value).join(",") ?? null);
  for (const name of names2) if (!MESSAGE.has(name)) delete headers[name];
}
var MESSAGE = /* @__PURE__ */ new Set(["connection", "host", "transfer-encoding", "upgrade"]);
var DISALLOWED = /* @__PURE__ */ new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "trailer",
  "upgrade",
  "x-accel-buffering",
  "x-accel-charset",
  "x-accel-limit-rate",
  "x-accel-redirect",
  "x-amzn-auth",
  "x-amzn-cf-billing",
  "x-amzn-cf-id",
  "x-amzn-cf-xff",
  "x-amzn-errortype",
  "x-amzn-fle-profile",
  "x-amzn-header-count",
  "x-amzn-header-order",
  "x-amzn-lambda-integration-tag",
  "x-amzn-requestid",
  "x-cache",
  "x-forwarded-proto",
  "x-real-ip"
]);
function isDisallowed(name) {
  return DISALLOWED.has(name) || name.startsWith("x-amz-cf-") || name.startsWith("x-edge-");
}
var READ_ONLY = {
  "viewer-request": /* @__PURE__ */ new Set(["content-length", "host", "transfer-encoding", "via"]),
  "origin-request": /* @__PURE__ */ new Set([
    "accept-encoding",
    "content-length",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "transfer-encoding",
    "via"
  ]),
  "origin-response": /* @__PURE__ */ new Set(["transfer-encoding", "via"]),
  "viewer-response": /* @__PURE__ */ new Set(["warning", "via"])
};
function isToken(name) {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name);
}
function badValueCharacter(value) {
  const found = /[\u0000-\u0008\u000a-\u001f\u007f]/.exec(value);
  return found === null ? void 0 : `%${found[0].charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

// src/platforms/cloudfront/gateway/adapters.ts
function split(target) {
  const question = target.indexOf("?");
  return question === -1 ? { uri: target, querystring: "" } : { uri: target.slice(0, question), querystring: target.slice(question + 1) };
}
function nodeRequest(request, host) {
  const headers = headersOfRaw(request);
  removeNamedByConnection(headers);
  for (const name of Object.keys(headers)) if (name.startsWith("x-local-")) delete headers[name];
  if (host !== request.headers.host) setHeader(headers, "Host", host);
  const bodyless2 = request.headers["content-length"] === void 0 && request.headers["transfer-encoding"] === void 0;
  let target = request.url ?? "/";
  if (!target.startsWith("/"))
    target = URL.canParse(target) ? `${new URL(target).pathname}${new URL(target).search}` : "/";
  return { method: request.method ?? "GET", ...split(target), headers, body: bodyless2 ? void 0 : request };
}
function fromWebRequest(request, host) {
  const url = new URL(request.url);
  const headers = headersOf(request.headers);
  setHeader(headers, "Host", host);
  const body = request.body === null ? void 0 : Readable2.fromWeb(request.body);
  if (body !== void 0 && headers["content-length"] === void 0) setHeader(headers, "Transfer-Encoding", "chunked");
  return { method: request.method, uri: url.pathname, querystring: url.search.slice(1), headers, body };
}
var NULL_BODY = /* @__PURE__ */ new Set([204, 205, 304]);
function toWebResponse(response, method) {
  const { status: status2, statusDescription, headers, body } = response;
  const empty = NULL_BODY.has(status2) || method === "HEAD" || body === void 0;
  if (empty) discard(body);
  const content = empty ? null : body instanceof Readable2 ? toWebStream(body) : body;
  return new Response(content, {
    status: status2,
    statusText: latin1(statusDescription),
    headers: pairsOf(headers)
  });
}
function latin1(text) {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "?");
}
async function sendNode(target, response, method, answer2 = (raw) => raw) {
  const { status: status2, statusDescription, headers, body } = response;
  const raw = [];
  for (const [key, value] of pairsOf(headers)) raw.push(key, value);
  const empty = NULL_BODY.has(status2) || method === "HEAD" || body === void 0;
  if (!empty && !(body instanceof Readable2) && headers["content-length"] === void 0) {
    raw.push("Content-Length", String(body.byteLength));
  }
  target.writeHead(status2, latin1(statusDescription), answer2(raw));
  if (empty) {
    discard(body);
    target.end();
  } else if (body instanceof Readable2) {
    await pipeline(body, target).catch(() => target.destroy());
  } else target.end(body);
}

// src/platforms/cloudfront/gateway/check.ts
import { existsSync } from "node:fs";

// src/core/limits.gen.ts
var WORKERS_CPU_MS = 3e4;
var WORKERS_CPU_MS_GUARDRAIL = 50;
var WORKERS_MEMORY_BYTES = 134217728;
var KV_VALUE_BYTES = 26214400;
var VIEWER_BODY_BYTES = 40960;
var ORIGIN_BODY_BYTES = 1048576;
var VIEWER_RESPONSE_BYTES = 40960;
var ORIGIN_RESPONSE_BYTES = 1048576;
var LAMBDA_EDGE_TIMEOUT_S = 30;
var CLOUDFRONT_URL_BYTES = 8192;
var CLOUDFRONT_REQUEST_BYTES = 20480;
var CLOUDFRONT_FUNCTION_CODE_BYTES = 10240;
var KVS_KEY_BYTES = 512;
var KVS_VALUE_BYTES = 1024;
var INVALIDATION_PATHS = 3e3;
var INVALIDATION_TAG_CHARACTERS = 256;
var OBJECT_TAGS = 50;

// src/platforms/cloudfront/gateway/behaviors.ts
function compilePattern(pattern) {
  const bare = pattern.startsWith("/") ? pattern.slice(1) : pattern;
  const wildcard2 = bare.search(/[*?]/);
  if (wildcard2 === -1) return (path) => path === `/${bare}`;
  if (wildcard2 === bare.length - 1 && bare.endsWith("*")) {
    const prefix = `/${bare.slice(0, -1)}`;
    return (path) => path.startsWith(prefix);
  }
  return (path) => wildcardMatch(`/${bare}`, path);
}
function wildcardMatch(pattern, text) {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    const c = pattern[p];
    if (c === "*") {
      star = p++;
      mark = t;
    } else if (p < pattern.length && (c === "?" || c === text[t])) {
      p++;
      t++;
    } else if (star !== -1) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
function normalizePath(path) {
  if (!/%|\/\./.test(path)) return path;
  const decoded2 = path.replace(/%([0-9A-Fa-f]{2})/g, (whole, hex) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9\-._~]/.test(character) ? character : whole.toUpperCase();
  });
  const output = [];
  const segments = decoded2.split("/").slice(1);
  segments.forEach((segment, index) => {
    const last = index === segments.length - 1;
    if (segment === ".") {
      if (last) output.push("");
    } else if (segment === "..") {
      output.pop();
      if (last) output.push("");
    } else output.push(segment);
  });
  return `/${output.join("/")}`;
}
function chooseBehavior(ordered, fallback, path) {
  const normalized = normalizePath(path);
  for (const candidate of ordered) if (candidate.matches(normalized)) return candidate.behavior;
  return fallback;
}

// src/platforms/cloudfront/gateway/edge-cache.ts
import { createHash } from "node:crypto";
import { STATUS_CODES } from "node:http";
import { Readable as Readable3 } from "node:stream";

// src/core/cache/streams.ts
var fromBytes = /* @__PURE__ */ new WeakSet();
function isStream(body) {
  return body instanceof ReadableStream;
}
function discard2(body) {
  if (isStream(body)) body.cancel().catch(() => {
  });
}
function slice(body, from, length) {
  if (!isStream(body)) return body === null ? null : body.slice(from, from + length);
  let skip = from;
  let left = length;
  return body.pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        const piece = chunk.subarray(skip, skip + left);
        skip = Math.max(0, skip - chunk.length);
        left -= piece.length;
        if (piece.length) controller.enqueue(piece);
        if (!left) controller.terminate();
      }
    })
  );
}
function concat(first, rest) {
  return rest.pipeThrough(
    new TransformStream({
      start(controller) {
        controller.enqueue(new Uint8Array(first));
      }
    })
  );
}
async function toBytes(body) {
  return isStream(body) ? new Response(body).arrayBuffer() : body;
}

// src/core/cache/body.ts
var STALL_MS = 2e4;
var ISOLATE_BYTES = 32 * 1024 * 1024;
var bufferedByAll = 0;
function within(promise, ms) {
  const { promise: late, resolve } = Promise.withResolvers();
  const timer = setTimeout(resolve, ms, "timeout");
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
function sharedBody(source, expected, limit, window, onOverflow) {
  return isStream(source) ? new StreamedBody(source, expected, limit, window, onOverflow) : bodyOfBytes(source ?? new ArrayBuffer(0));
}
function bodyOfBytes(bytes) {
  return {
    size: bytes.byteLength,
    whole: true,
    finished: void 0,
    ready: Promise.resolve(),
    release() {
    },
    bytes: () => bytes,
    stream: () => new Response(bytes).body
  };
}
var StreamedBody = class {
  constructor(source, expected, limit, window, onOverflow) {
    this.expected = expected;
    this.limit = limit;
    this.window = window;
    this.onOverflow = onOverflow;
    this.ready = this.#ready.promise;
    this.finished = this.#pump(source.getReader());
  }
  expected;
  limit;
  window;
  onOverflow;
  size = 0;
  whole = true;
  failure;
  finished;
  ready;
  /** Those that are still buffered, of which the first is number `#first` of all that came. */
  #chunks = [];
  #readers = /* @__PURE__ */ new Set();
  #ready = Promise.withResolvers();
  /** Resolved with the next bytes, and at the end. */
  #more = Promise.withResolvers();
  /** Resolved when a reader has read on, while the pump waits for that. */
  #room;
  #first = 0;
  #buffered = 0;
  #done = false;
  #joined;
  release() {
    this.#count(-this.#buffered);
  }
  bytes() {
    if (this.#done && this.whole) this.#joined ??= joined(this.#chunks, this.size);
    return this.#joined;
  }
  stream() {
    const reader = { next: 0 };
    this.#readers.add(reader);
    return new ReadableStream(
      {
        pull: (controller) => this.#give(reader, controller),
        cancel: () => {
          this.#readers.delete(reader);
          this.#room?.resolve();
        }
      },
      { highWaterMark: 0 }
    );
  }
  // --- what comes in -----------------------------------------------------------------------------------------------------
  /** Never throws. */
  async #pump(source) {
    try {
      for (; ; ) {
        const { done, value } = await source.read();
        if (done) break;
        if (value.length > 0) await this.#take(value);
      }
      if (this.expected !== void 0 && this.expected !== this.size) {
        throw new Error(`The origin announced ${this.expected} bytes and sent ${this.size}.`);
      }
      this.#done = true;
    } catch (error) {
      this.failure = { error };
      source.cancel(error).catch(() => {
      });
    }
    this.#more.resolve();
    this.#ready.resolve();
  }
  async #take(chunk) {
    this.#chunks.push(chunk);
    this.size += chunk.length;
    this.#count(chunk.length);
    this.#more.resolve();
    this.#more = Promise.withResolvers();
    if (this.whole && this.#isTooLong()) await this.#overflow();
    if (!this.whole) await this.#makeRoom();
  }
  #count(bytes) {
    this.#buffered += bytes;
    bufferedByAll += bytes;
  }
  #isTooLong() {
    return this.size > this.limit || this.size > this.window && bufferedByAll > ISOLATE_BYTES;
  }
  /** From now on the body is only streamed. */
  async #overflow() {
    this.onOverflow();
    this.whole = false;
    this.#ready.resolve();
    await this.ready;
  }
  /** Lets go of what every reader has, and waits until what is left fits the window. */
  async #makeRoom() {
    for (; ; ) {
      if (this.#readers.size === 0) throw new Error("Nobody reads this response any more.");
      const slowest = Math.min(...Array.from(this.#readers, ({ next }) => next));
      const read2 = this.#chunks.splice(0, slowest - this.#first);
      for (const chunk of read2) this.#count(-chunk.length);
      this.#first = slowest;
      if (this.#buffered <= this.window) return;
      this.#room = Promise.withResolvers();
      if (await within(this.#room.promise, STALL_MS) === "timeout") this.#leaveBehind(slowest);
    }
  }
  #leaveBehind(slowest) {
    for (const reader of this.#readers) if (reader.next === slowest) this.#readers.delete(reader);
  }
  // --- what goes out -----------------------------------------------------------------------------------------------------
  async #give(reader, controller) {
    for (; ; ) {
      if (!this.#readers.has(reader)) throw new Error("This client read too slowly.");
      const chunk = this.#chunks[reader.next - this.#first];
      if (chunk) {
        reader.next++;
        this.#room?.resolve();
        return controller.enqueue(chunk);
      }
      if (this.#done) return controller.close();
      if (this.failure) throw this.failure.error;
      if (await within(this.#more.promise, STALL_MS) === "timeout") {
        throw new Error(`The origin sent nothing for ${STALL_MS / 1e3} s.`);
      }
    }
  }
};
function joined(chunks, size) {
  const [only] = chunks;
  if (only?.length === size && only.buffer.byteLength === size) return only.buffer;
  const all4 = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all4.set(chunk, at);
    at += chunk.length;
  }
  return all4.buffer;
}

// src/core/memo.ts
var MAX_LENGTH = 512;
function remembering(most, make2) {
  const known3 = /* @__PURE__ */ new Map();
  return (text) => {
    let made2 = known3.get(text);
    if (made2 === void 0) {
      made2 = make2(text);
      if (text.length <= MAX_LENGTH) {
        if (known3.size >= most) known3.clear();
        known3.set(text, made2);
      }
    }
    return made2;
  };
}

// src/core/path.ts
var BadTarget = class extends Error {
  name = "BadTarget";
};
var NORMAL = /^(?:\/[A-Za-z0-9_~!$&'()*+,=:@-][A-Za-z0-9._~!$&'()*+,=:@-]*)*\/?$/;
var ESCAPE = /%[0-9A-Fa-f]{2}/g;
var MALFORMED_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
var AMBIGUOUS_ESCAPE = /%(?:25)*(?:2f|5c|[01][0-9a-f]|7f)/i;
var DOUBLE_ESCAPE = /%(?:25)+(?:2e|3b)/i;
var DOT_PARAMETER = /(?:^|\/)\.{1,2}%3B/;
var NOT_PCHAR = /[^A-Za-z0-9._~!$&'()*+,=:@%/-]/gu;
var UNRESERVED = /^[A-Za-z0-9._~-]$/;
function normalizeEscapes(text) {
  return text.replace(ESCAPE, (escaped2) => {
    const character = String.fromCharCode(Number.parseInt(escaped2.slice(1), 16));
    return UNRESERVED.test(character) ? character : escaped2.toUpperCase();
  });
}
function escapeCharacter(character) {
  return character === ";" ? "%3B" : encodeURIComponent(character);
}
function resolveDots(path) {
  const output = [];
  const segments = path.split("/").slice(1);
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === "..") output.pop();
    else if (segment !== "." && segment !== "") output.push(segment);
    if (last && (segment === "" || segment === "." || segment === "..")) output.push("");
  }
  return `/${output.join("/")}`;
}
function normalizePath2(path) {
  if (NORMAL.test(path)) return path;
  if (MALFORMED_ESCAPE.test(path)) throw new BadTarget("The path has a `%` that two hexadecimal digits do not follow.");
  if (path.includes("\\")) throw new BadTarget("The path has a backslash. Write `/` between segments.");
  if (AMBIGUOUS_ESCAPE.test(path)) {
    throw new BadTarget("The path has an escaped slash, backslash or control character, which no path here may have.");
  }
  if (DOUBLE_ESCAPE.test(path)) throw new BadTarget("The path has a dot or a semicolon that is escaped twice.");
  for (const character of path) {
    const code = character.charCodeAt(0);
    if (code < 32 || code === 127) throw new BadTarget("The path has a control character.");
  }
  let escaped2;
  try {
    decodeURIComponent(path);
    escaped2 = normalizeEscapes(path).replace(NOT_PCHAR, escapeCharacter);
  } catch {
    throw new BadTarget("The path has escapes or characters that are not Unicode in UTF-8.");
  }
  if (DOT_PARAMETER.test(escaped2)) throw new BadTarget("The path has a dot segment with a parameter.");
  const resolved = resolveDots(escaped2);
  if (AMBIGUOUS_ESCAPE.test(resolved) || DOUBLE_ESCAPE.test(resolved)) {
    throw new BadTarget("The path has a character that is escaped twice.");
  }
  return resolved;
}
function normalizeQuery(query) {
  if (query === "" || query === "?") return "";
  return query.includes(";") ? query.replaceAll(";", "%3B") : query;
}
var queryOf = ({ search, href }) => search || (href.endsWith("?") ? "?" : "");
function splitTarget(url) {
  const start2 = url.indexOf("/", url.indexOf("//") + 2);
  const beforeQuery = url.search(/[?#]/);
  const pathEnd = beforeQuery === -1 ? url.length : beforeQuery;
  if (start2 === -1 || start2 > pathEnd) {
    const query2 = beforeQuery === -1 ? "" : url.slice(beforeQuery).replace(/#.*$/s, "");
    return { origin: url.slice(0, pathEnd), path: "/", query: query2.startsWith("?") ? query2 : "" };
  }
  const rest = url.slice(pathEnd);
  const fragment = rest.indexOf("#");
  const query = fragment === -1 ? rest : rest.slice(0, fragment);
  return { origin: url.slice(0, start2), path: url.slice(start2, pathEnd), query };
}

// src/core/problem.ts
var Problem = class extends Error {
  constructor(details) {
    super(details.detail);
    this.details = details;
  }
  details;
  name = "Problem";
};

// src/core/entrance.ts
function targetOf(sent) {
  const { origin, path: sentPath, query: sentQuery } = splitTarget(sent);
  try {
    const path = normalizePath2(sentPath);
    const query = normalizeQuery(sentQuery);
    const url = `${origin}${path}${query}`;
    return { origin, path, query, url: url === sent ? sent : url };
  } catch (error) {
    if (!(error instanceof BadTarget)) throw error;
    throw new Problem({ status: 400, code: "malformed-path", detail: error.message });
  }
}
function targetAsSent(sent) {
  const parsed = URL.parse(sent);
  if (parsed === null) throw new Problem({ status: 400, code: "malformed-path", detail: "The target is not a URL." });
  parsed.hash = "";
  const { origin, pathname } = parsed;
  const query = queryOf(parsed);
  return { origin, path: pathname, query, url: `${origin}${pathname}${query}` };
}
var begins = (name, prefixes) => prefixes.some((prefix) => name.startsWith(prefix));
var isProxys = (name) => PROXY.has(name) || begins(name, PROXY_PREFIXES);
var isClaim = (name) => CLAIMS.has(name) || begins(name, CLAIMS_PREFIXES) || name.startsWith("x-") && CLAIMS_ENDINGS.some((ending) => name.endsWith(ending));
var isPlain = (name) => /^[a-z0-9-]+$/.test(name);

// src/core/cache/key.ts
function keyQuery(search, policy) {
  let query = normalizeEscapes(search.slice(1));
  if (policy.mode === "override" || policy.query !== "all") {
    const parts = query.split("&").filter((part) => part && policy.custom?.keeps(nameOf(part), policy) !== false);
    if (policy.mode === "override") parts.sort((a, b) => Number(nameOf(a) > nameOf(b)) - Number(nameOf(a) < nameOf(b)));
    query = parts.join("&");
  }
  return query && `?${query}`;
}
var nameOf = (part) => part.split("=", 1)[0];
function named(sent, policy) {
  const { origin, path, query } = targetAsSent(sent);
  const rest = policy.asSent ? path + query : normalizeEscapes(path) + keyQuery(query, policy);
  const place = policy.host ? origin : origin.replace(/\/\/.*/, "//*");
  return { url: origin + rest, key: `${policy.name}|${policy.mode}|${place}${rest}` };
}
var normaliseUrl = (url, policy) => policy.named(url).url;
var encode = (value) => value === null ? "" : `=${value.replace(/[%|:\n]/g, encodeURIComponent)}`;

// src/core/cache/policy.ts
var keyedByUrl = ({ headers, cookies: cookies3, country, region }) => !(headers.length || cookies3.length || country || region);
var isPlain2 = (key) => key.query === "all" && keyedByUrl(key);
var errorTtl = (policy, status2) => status2 === 404 || status2 === 410 ? policy.error_ttl_s : void 0;
var isListed = ({ statuses }, status2) => statuses.has(status2 === 206 ? 200 : status2);
var draw = (range, fixed, chance) => range ? range[0] + Math.floor(chance.random() * (range[1] - range[0] + 1)) : fixed ?? Infinity;

// src/core/cache/compile.ts
var known = /* @__PURE__ */ new WeakMap();
function compile(spec, custom2) {
  const before = known.get(spec);
  if (before) return before;
  const { statuses, tiers, key, engine, ...rest } = spec;
  const platform = engine === "platform";
  const times = [{ jitter_s: spec.edge_jitter_s, ttl_s: spec.edge_ttl_s }, tiers.kv, tiers.shield].map((tier) => tier?.jitter_s?.[1] ?? tier?.ttl_s).filter((time) => typeof time === "number");
  const policy = {
    ...rest,
    ...tiers,
    ...key,
    // With the platform's own cache in front, a second copy in the same data centre only takes room.
    edge: platform ? null : tiers.edge,
    front: platform ? tiers.edge : null,
    platform,
    asSent: spec.asSent ?? false,
    statuses: new Set(statuses),
    longest: times.length > 0 ? Math.max(...times) : null,
    custom: isPlain2(key) ? void 0 : custom2,
    named: remembering(4096, (url) => named(url, policy))
  };
  known.set(spec, policy);
  return policy;
}

// src/core/cache/decide/request.ts
var METHOD = { kind: "forwarded", forward: "method" };
var BYPASS = { kind: "forwarded", forward: "bypass" };
var AUTHORIZATION = { kind: "forwarded", forward: "request", storage: "authorization" };
var FOR_THE_ORIGIN_ALONE = ["upgrade", "if-match", "if-unmodified-since"];
function decideRequest({ method, headers }, policy) {
  if (method !== "GET" && method !== "HEAD") return METHOD;
  if (!policy || policy.mode === "bypass") return BYPASS;
  if (FOR_THE_ORIGIN_ALONE.some((name) => headers.has(name))) return BYPASS;
  return policy.mode === "override" && headers.has("authorization") ? AUTHORIZATION : void 0;
}
function forwardReason(found) {
  const { selected, selecting, fresh } = found;
  if (!selected) return selecting ? "vary-miss" : "uri-miss";
  if (selected.stored.range) return "partial";
  return fresh ? "request" : "stale";
}

// src/core/dates.ts
var MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
var DAY = "(?<day>0[1-9]|[12][0-9]|3[01])";
var DAY_PADDED_BY_A_SPACE = "(?<day> [1-9]|0[1-9]|[12][0-9]|3[01])";
var MONTH = "(?<month>[a-z]{3})";
var TIME = "(?<hour>[01][0-9]|2[0-3]):(?<minute>[0-5][0-9]):(?<second>[0-5][0-9]|60)";
var YEAR = "(?<year>[0-9]{4})";
var TWO_DIGIT_YEAR = "(?<year>[0-9]{2})";
var IMF_FIXDATE = new RegExp(`^(?:mon|tue|wed|thu|fri|sat|sun), ${DAY} ${MONTH} ${YEAR} ${TIME} gmt$`, "i");
var RFC_850_DATE = new RegExp(
  `^(?:mon|tues|wednes|thurs|fri|satur|sun)day, ${DAY}-${MONTH}-${TWO_DIGIT_YEAR} ${TIME} gmt$`,
  "i"
);
var ASCTIME_DATE = new RegExp(
  `^(?:mon|tue|wed|thu|fri|sat|sun) ${MONTH} ${DAY_PADDED_BY_A_SPACE} ${TIME} ${YEAR}$`,
  "i"
);
function parseDate(text, now) {
  if (text === null) return void 0;
  const date = text.trim();
  const found = IMF_FIXDATE.exec(date) ?? RFC_850_DATE.exec(date) ?? ASCTIME_DATE.exec(date);
  if (!found?.groups) return void 0;
  const { day, month = "", year = "", hour, minute, second } = found.groups;
  const monthIndex = MONTHS.indexOf(month.toLowerCase());
  if (monthIndex < 0) return void 0;
  const fullYear = year.length === 2 ? yearOfTwoDigits(Number(year), now) : Number(year);
  return Date.UTC(fullYear, monthIndex, Number(day), Number(hour), Number(minute), Number(second));
}
function yearOfTwoDigits(digits, now) {
  const currentYear = new Date(now).getUTCFullYear();
  const inThisCentury = currentYear - currentYear % 100 + digits;
  return inThisCentury > currentYear + 50 ? inThisCentury - 100 : inThisCentury;
}

// src/core/cache/lists.ts
var splitList = (text) => trimmed(text.match(/(?:[^,"]|"(?:\\.|[^"\\])*(?:"|$))+/g));

// src/core/cache/directives.ts
var UNREADABLE = " ";
function parseCacheControl(field) {
  const directives2 = /* @__PURE__ */ new Map();
  for (const member of splitList(field ?? "")) {
    const [name, argument] = parseDirective(member);
    if (name !== "") add(directives2, name, argument);
    for (const forbidding of forbiddingBehindOpenQuote(member)) directives2.set(forbidding, true);
  }
  return directives2;
}
function parseDirective(member) {
  const equals = member.indexOf("=");
  if (equals < 0) return [member.toLowerCase(), true];
  const name = member.slice(0, equals);
  const value = member.slice(equals + 1);
  const spaced = name !== name.trim() || value !== value.trim();
  return [name.trim().toLowerCase(), spaced ? UNREADABLE : unquoted(value)];
}
function add(directives2, name, argument) {
  const first = directives2.get(name);
  if (first === void 0) directives2.set(name, argument);
  else if (name === "private" || name === "no-cache") {
    const bothQualified = fieldNames(first).length > 0 && fieldNames(argument).length > 0;
    directives2.set(name, bothQualified ? `${first},${argument}` : true);
  }
}
var CLOSED_STRINGS = /"(?:\\.|[^"\\])*"/gs;
var FORBIDDING = /(?<=,\s*)(?:no-store|no-cache|private|must-revalidate|proxy-revalidate)(?=\s*(?:[=,]|$))/g;
function forbiddingBehindOpenQuote(member) {
  if (!member.includes('"') || !member.replace(CLOSED_STRINGS, "").includes('"')) return [];
  return Array.from(member.toLowerCase().matchAll(FORBIDDING), ([name]) => name);
}
var unquoted = (value) => /^"(.*)"$/s.exec(value)?.[1]?.replace(/\\(.)/g, "$1") ?? value;
function deltaSecondsOf(directives2, name) {
  return directives2.has(name) ? deltaSeconds(directives2.get(name)) : void 0;
}
var MAX_DELTA_SECONDS = 2 ** 31;
var deltaSeconds = (value) => typeof value === "string" && /^\d+$/.test(value) ? Math.min(Number(value), MAX_DELTA_SECONDS) : 0;
var fieldNames = (argument) => typeof argument === "string" ? splitList(argument.toLowerCase()).filter((part) => TOKEN.test(part)) : [];
var isUnqualified = (directives2, name) => directives2.has(name) && fieldNames(directives2.get(name)).length === 0;

// src/core/cache/response-directives.ts
var PLAIN_MEMBER = /^ *(?!private=|no-cache=)(?<name>[a-z][a-z-]*)(?:=(?<seconds>\d{1,15}))? *$/;
var readPlainDirectives = (headers, targetedFields) => {
  const field = targetedFields.map((name) => headers.get(name)).find(Boolean);
  if (!field) return { directives: parseCacheControl(headers.get("cache-control")), targeted: false };
  const directives2 = /* @__PURE__ */ new Map();
  for (const text of field.split(",")) {
    const member = PLAIN_MEMBER.exec(text)?.groups;
    if (!member?.name) return void 0;
    directives2.set(member.name, member.seconds === void 0 ? true : String(deltaSeconds(member.seconds)));
  }
  return { directives: directives2, targeted: true };
};

// src/core/cache/stored.ts
function bodyless(status2) {
  return status2 === 204 || status2 === 205 || status2 === 304;
}
var NEVER_STORED = [...HOP_BY_HOP, "proxy-authentication-info", "set-cookie", "age", "x-cache"];
var MAX_HEADER_BYTES = 16 * 1024;
function headersToStore(headers, excluded) {
  const names2 = /* @__PURE__ */ new Set([...NEVER_STORED, ...connectionOptions(headers.get("connection")), ...excluded]);
  const prefixes = excluded.filter((name) => name.endsWith("-"));
  const kept = [];
  let bytes = 0;
  for (const [name, value] of headers) {
    if (names2.has(name) || prefixes.some((prefix) => name.startsWith(prefix))) continue;
    kept.push([name, value]);
    bytes += name.length + value.length;
  }
  return bytes > MAX_HEADER_BYTES ? void 0 : kept;
}
function header(stored, name) {
  return stored.headers.find((field) => field[0] === name)?.[1] ?? null;
}
var fieldsOf = (stored) => ({ get: (name) => header(stored, name) });
function currentAge({ initialAge, responseTime }, now) {
  const residentTime = (now - responseTime) / 1e3;
  return Math.max(0, Math.floor(initialAge + residentTime));
}
function toAscii(value) {
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`
  );
}
function parseStored(text) {
  try {
    const value = JSON.parse(text);
    return value.kind === "response" || value.kind === "selecting-headers" ? value : void 0;
  } catch {
    return void 0;
  }
}

// src/core/cache/tags.ts
function tagsOf(headers, policy) {
  const tags = trimmed(headers.get("cache-tag")?.split(","));
  return [.../* @__PURE__ */ new Set([...policy.tags, ...tags, ...trimmed(headers.get("surrogate-key")?.split(" "))])];
}

// src/core/cache/vary.ts
var ONE_VALUE_A_CLIENT = /* @__PURE__ */ new Set([
  "cookie",
  "user-agent",
  "referer",
  "authorization",
  "x-forwarded-for",
  "cf-connecting-ip",
  "cf-ray",
  "x-request-id",
  "traceparent"
]);
var MAX_SELECTING = 8;
function selectingNamesOf(vary, policy) {
  const names2 = [.../* @__PURE__ */ new Set([...policy.vary, ...namesIn(vary)])].sort();
  return names2.every((name) => name !== "*" && TOKEN.test(name)) ? names2 : void 0;
}
function perClient(names2, policy) {
  if (names2.length > MAX_SELECTING) return `${names2.length} headers`;
  if (policy.mode !== "override") return void 0;
  const wanted = (name) => policy.headers.includes(name) || policy.vary.includes(name);
  return names2.find((name) => ONE_VALUE_A_CLIENT.has(name) && !wanted(name));
}
function selectingValues(names2, headers) {
  const parts = names2.map((name) => {
    const value = headers.get(name);
    return name + encode(value && normalised(name, value));
  });
  return parts.join("|");
}
var variantKey = (key, names2, headers) => `${key}
${selectingValues(names2, headers)}`;
var NEGOTIATING = ["accept-encoding", "accept-language", "accept-charset"];
function normalised(name, value) {
  const members = splitList(value);
  return NEGOTIATING.includes(name) ? [...new Set(members.map(negotiated))].sort().join(",") : members.join(",");
}
function negotiated(member) {
  const compact = member.toLowerCase().replace(/\s*([;=])\s*/g, "$1");
  return compact.replace(/;q=1(\.0{0,3})?$/, "");
}

// src/core/cache/decide/storage.ts
function decideTerms(exchange2, policy, targetedFields, rules) {
  const forbidden = forbiddenByExchange(exchange2);
  if (forbidden) return refuse(forbidden);
  const { headers, status: status2 } = exchange2;
  const response = (rules?.readDirectives ?? readPlainDirectives)(headers, targetedFields);
  if (!response) return refuse("targeted", "A targeted field has more than plain directives: not stored");
  const { directives: directives2 } = response;
  const forbiddenByDirective = forbiddenByDirectives(directives2, status2);
  if (forbiddenByDirective) return refuse(forbiddenByDirective);
  const selectingNames = selectingNamesOf(headers.get("vary"), policy);
  if (!selectingNames) return refuse("vary", "Vary: *, or on what is no name, is never stored");
  const wide = perClient(selectingNames, policy);
  if (wide) return refuse("vary", `Vary on ${wide} would make about one entry a client: not stored`);
  const initialAge = correctedInitialAge(exchange2);
  const freshness2 = freshnessOf(exchange2, policy, { ...response, initialAge }, rules);
  if (typeof freshness2 === "string") return refuse(freshness2);
  const { remaining, ...windows } = freshness2;
  const freshUntil = exchange2.responseTime + remaining * 1e3;
  const excludedFields = [...fieldNames(directives2.get("private")), ...fieldNames(directives2.get("no-cache"))];
  return { store: true, terms: { initialAge, freshUntil, selectingNames, excludedFields, ...windows } };
}
function decideStorage(exchange2, policy, targetedFields, unstoredHeaders, rules) {
  const decision2 = decideTerms(exchange2, policy, targetedFields, rules);
  if (!decision2.store) return decision2;
  const { excludedFields, selectingNames, ...terms } = decision2.terms;
  const { headers, status: status2, requestHeaders } = exchange2;
  const range = status2 === 206 ? partOf(exchange2, rules) : void 0;
  if (status2 === 206 && !range) return refuse("range");
  const ofThePart = range ? ["content-range", "content-length"] : [];
  const kept = headersToStore(headers, [...unstoredHeaders, ...excludedFields, ...ofThePart]);
  if (!kept) return refuse("headers");
  if (!hasTier(policy, exchange2.hasEdgeCache)) return refuse("size");
  const names2 = withCoding(selectingNames, headers);
  const response = {
    kind: "response",
    key: names2.length > 0 ? variantKey(exchange2.key, names2, requestHeaders) : exchange2.key,
    url: exchange2.url,
    status: status2,
    headers: kept,
    requestTime: exchange2.requestTime,
    responseTime: exchange2.responseTime,
    ...terms,
    copyFreshUntil: terms.freshUntil,
    selectingNames: names2,
    selectingValues: selectingValues(names2, requestHeaders),
    tags: tagsOf(headers, policy),
    range,
    length: exchange2.length
  };
  return { store: true, response };
}
var refuse = (reason, unusual) => ({
  store: false,
  reason,
  ...unusual !== void 0 && { unusual }
});
var isFinalOfItsOwn = (status2) => status2 >= 200 && status2 !== 304 && status2 !== 416;
function forbiddenByExchange({ status: status2, headers, noStore, requestHeaders }) {
  if (!isFinalOfItsOwn(status2)) return "status";
  if (noStore) return "request-no-store";
  if (headers.has("set-cookie")) return "set-cookie";
  return status2 >= 400 && isOversized(requestHeaders) ? "oversized-request" : void 0;
}
var OVERSIZED = 8192;
function isOversized(requestHeaders) {
  let bytes = 0;
  for (const [name, value] of requestHeaders) bytes += name.length + value.length;
  return bytes > OVERSIZED;
}
var UNDERSTOOD = /* @__PURE__ */ new Set([
  200,
  203,
  204,
  206,
  300,
  301,
  302,
  303,
  307,
  308,
  400,
  401,
  403,
  404,
  405,
  410,
  414,
  500,
  501,
  502,
  503,
  504
]);
function forbiddenByDirectives(directives2, status2) {
  const mustUnderstand = directives2.has("must-understand");
  if (mustUnderstand && !UNDERSTOOD.has(status2)) return "must-understand";
  if (directives2.has("no-store") && !mustUnderstand) return "no-store";
  return isUnqualified(directives2, "private") ? "private" : void 0;
}
function freshnessOf(exchange2, policy, response, rules) {
  if (policy.mode === "override") {
    const { directives: directives2, targeted, initialAge } = response;
    const stated = explicitLifetime(directives2, targeted, exchange2.headers, exchange2.responseTime);
    return overriddenFreshness(exchange2, policy, stated, initialAge);
  }
  return rules?.decideFreshness(exchange2, policy, response) ?? "status";
}
function overriddenFreshness(exchange2, policy, stated, initialAge) {
  const { status: status2 } = exchange2;
  if (isAuthorised(exchange2.requestHeaders, policy)) return "authorization";
  const lifetime = {
    staleWhileRevalidate: policy.stale_while_revalidate_s,
    staleIfError: policy.stale_if_error_s,
    mustRevalidate: false,
    noCache: false
  };
  const listed = status2 < 500 && isListed(policy, status2) ? policy.longest : null;
  const ttl = errorTtl(policy, status2) ?? listed;
  if (ttl !== null) return ttl > 0 ? { remaining: ttl, ...lifetime } : "ttl";
  if (stated === void 0) return "status";
  const own3 = status2 >= 400 ? Math.min(stated, policy.error_ttl_s) : stated;
  return own3 > 0 ? { remaining: own3 - initialAge, ...lifetime } : "ttl";
}
function isAuthorised(headers, policy) {
  if (headers.has("authorization")) return true;
  for (const name of headers.keys()) {
    if (CREDENTIALS.has(name) && !policy.headers.includes(name) && !policy.vary.includes(name)) return true;
  }
  return false;
}
function partOf({ headers, rawBodies, length }, rules) {
  if (headers.has("content-encoding") && !rawBodies) return void 0;
  return rules?.partOf(headers, length);
}
var hasTier = ({ platform, memory, edge, kv, shield: shield2 }, hasEdgeCache) => platform || memory !== null || edge !== null && hasEdgeCache || kv !== null || shield2 !== null;
function withCoding(names2, headers) {
  if (!headers.has("content-encoding") || names2.includes("accept-encoding")) return names2;
  return [...names2, "accept-encoding"].sort();
}
var wholeSeconds = (ms) => Math.max(0, Math.floor(ms / 1e3));
var dateOf = (headers, responseTime) => parseDate(headers.get("date"), responseTime) ?? responseTime;
var parseAge = (field) => deltaSeconds(field?.split(/[;,]/, 1)[0]?.trim());
function correctedInitialAge({ headers, requestTime, responseTime }) {
  const apparentAge = wholeSeconds(responseTime - dateOf(headers, responseTime));
  const responseDelay = Math.max(0, responseTime - requestTime) / 1e3;
  const correctedAge = parseAge(headers.get("age")) + responseDelay;
  return Math.max(apparentAge, correctedAge);
}
function explicitLifetime(directives2, targeted, headers, responseTime) {
  const stated = deltaSecondsOf(directives2, "s-maxage") ?? deltaSecondsOf(directives2, "max-age");
  if (stated !== void 0) return stated;
  const expires = targeted ? null : headers.get("expires");
  if (expires === null) return void 0;
  const date = dateOf(headers, responseTime);
  return wholeSeconds((parseDate(expires, responseTime) ?? date) - date);
}

// src/core/cache/decide/placement.ts
var MAX_RETENTION_S = 30 * 86400;
var RETENTION_FOR_VALIDATION_S = 86400;
var RETENTION_WITHOUT_VALIDATOR_S = 60;
var KV_LEAST_RETENTION_S = 60;
var MAX_EDGE_HEADER_BYTES = 24 * 1024;
function drawDataCentreLifetime({ status: status2 }, policy, moment) {
  if (policy.mode !== "override" || !isListed(policy, status2)) return Infinity;
  return errorTtl(policy, status2) ?? draw(policy.edge_jitter_s, policy.edge_ttl_s, moment);
}
var drawCeiling = (tier, moment) => draw(tier?.jitter_s, tier?.ttl_ceiling_s, moment);
function placeInMemory(value, bytes, { memory }, moment, lifetime) {
  if (!memory) return { keep: false, reason: "no-tier" };
  if (bytes > memory.max_object_bytes) return { keep: false, reason: "size" };
  const ceiling = Math.min(drawCeiling(memory, moment), lifetime);
  return { keep: true, copy: withCeiling(value, ceiling, moment.now()), retention: ceiling };
}
function placeInEdge(value, { edge }, moment, lifetime, writtenBytes) {
  if (!edge) return { keep: false, reason: "no-tier" };
  const now = moment.now();
  const copy = withCeiling(value, Math.min(drawCeiling(edge, moment), lifetime), now);
  if (writtenBytes(copy) > MAX_EDGE_HEADER_BYTES) return { keep: false, reason: "headers" };
  const retention = copy.kind === "response" ? retentionOf(copy, now) : MAX_RETENTION_S;
  return { keep: true, copy, retention };
}
function placeInKv(value, { kv }, moment, writtenBytes) {
  if (!kv) return { keep: false, reason: "no-tier" };
  const now = moment.now();
  const lifetime = draw(kv.jitter_s, kv.ttl_s, moment);
  const copy = withCeiling(value, lifetime, now);
  const ofNoUse = copy.kind === "response" && copy.copyFreshUntil <= now && !copy.noCache;
  if (ofNoUse) return { keep: false, reason: "not-fresh" };
  if (writtenBytes(copy) > kv.max_object_bytes) return { keep: false, reason: "size" };
  return { keep: true, copy, retention: Math.max(KV_LEAST_RETENTION_S, kv.ttl_s, lifetime) };
}
function withCeiling(value, ceiling, now) {
  if (value.kind !== "response") return value;
  const copyFreshUntil = Math.min(value.freshUntil, now + ceiling * 1e3);
  return copyFreshUntil === value.copyFreshUntil ? value : { ...value, copyFreshUntil };
}
function retentionOf(stored, now) {
  const hasValidator = header(stored, "etag") !== null || header(stored, "last-modified") !== null;
  const afterFreshness = Math.max(
    stored.staleWhileRevalidate,
    stored.staleIfError,
    hasValidator ? RETENTION_FOR_VALIDATION_S : RETENTION_WITHOUT_VALIDATOR_S
  );
  const freshness2 = Math.ceil(Math.max(0, stored.copyFreshUntil - now) / 1e3);
  return Math.min(MAX_RETENTION_S, freshness2 + afterFreshness);
}
function longestBody({ edge, memory, kv }, hasEdgeCache) {
  if (edge && hasEdgeCache) return Infinity;
  const limits = [memory, kv].flatMap((tier) => tier?.max_object_bytes ?? []);
  return limits.length > 0 ? Math.max(...limits) : void 0;
}
function weightOf(value) {
  let bytes = 300 + 2 * (value.key.length + value.url.length);
  if (value.kind === "response")
    for (const [name, text] of value.headers) bytes += 64 + 2 * (name.length + text.length);
  return bytes;
}

// src/core/cache/decide/reuse.ts
var decision = (made2) => Object.freeze(made2);
var SERVE_FRESH = decision({ use: "serve", reason: "fresh" });
var SERVE_MAX_STALE = decision({ use: "serve", reason: "max-stale" });
var SERVE_STALE = decision({ use: "serve-and-revalidate", reason: "stale-while-revalidate" });
var SERVE_MARKED_STALE = decision({ use: "serve-and-revalidate", reason: "marked-stale" });
var NOTHING_STORED = decision({ use: "validate", reason: "nothing-stored" });
var VALIDATE_NO_CACHE = decision({ use: "validate", reason: "no-cache" });
var VALIDATE_STALE = decision({ use: "validate", reason: "stale" });
var VALIDATE_MARKED_STALE = decision({ use: "validate", reason: "marked-stale" });
function decideReuse(stored, now, markedStale) {
  if (stored.noCache) return VALIDATE_NO_CACHE;
  if (markedStale) return stored.mustRevalidate ? VALIDATE_MARKED_STALE : SERVE_MARKED_STALE;
  const freshness2 = (stored.copyFreshUntil - now) / 1e3;
  if (freshness2 > 0) return SERVE_FRESH;
  const window = stored.staleWhileRevalidate;
  return window > 0 && -freshness2 <= window ? SERVE_STALE : VALIDATE_STALE;
}
function decideStaleOnError(stored, markedStale, failure2, mode, now) {
  if (stored.noCache) return false;
  const staleness = markedStale ? 0 : (now - stored.copyFreshUntil) / 1e3;
  if (stored.staleIfError > 0 && staleness <= stored.staleIfError) return true;
  const unreachable = failure2 === "disconnected" || failure2 === "validation-failed" && stored.staleIfError === 0;
  return unreachable && mode === "origin" && !stored.mustRevalidate;
}

// src/core/cache/flight.ts
var Flight = class {
  constructor(url, missed, inBackground) {
    this.url = url;
    this.missed = missed;
    this.inBackground = inBackground;
    const { promise, resolve } = Promise.withResolvers();
    this.result = promise;
    this.#resolve = resolve;
  }
  url;
  missed;
  inBackground;
  /** The origin has answered: what is left is to store it. */
  answered = false;
  result;
  /** An invalidation came while it was under way: what it brings is not stored. */
  invalidated = false;
  /** What it brought is in the tiers. */
  stored;
  #resolve;
  settle(result) {
    this.answered = true;
    this.#resolve(result);
  }
};

// src/core/cache/copies.ts
var copyOf = (value, body, validUntil = Infinity) => ({
  value,
  body,
  validUntil,
  purge: void 0,
  prepared: void 0
});

// src/core/cache/attempt.ts
async function attempt(ctx, fault2, work, fallback) {
  try {
    return await work;
  } catch (error) {
    ctx.warn?.(`${fault2}: ${error}`);
    return fallback;
  }
}

// src/core/cache/tiers.ts
var INTERNAL = "https://cache.edgewright.invalid/";
var SHARE_MS = 250;
var MAX_SHARED_BYTES = 1024 * 1024;
var MAX_LONG = 1024;
async function read(core, from, key, policy, ctx) {
  const tier = core.remoteTiers.find(({ name: name2 }) => name2 === from);
  if (!tier?.isUsedBy(policy)) return void 0;
  const name = from + key;
  const readHere = (isCrowd) => attempt(
    ctx,
    `The tier ${from} could not be read`,
    tier.read(key, policy, ctx).then((found2) => gathered(core, name, found2, isCrowd)),
    void 0
  );
  const other = core.reads.get(name);
  if (core.long.has(name)) return readHere(alone);
  if (!other) return readForAll(core, name, readHere);
  other.crowd = true;
  const found = await within(other.found, SHARE_MS);
  if (found === "timeout") forget(core, name, other);
  return found === "timeout" || found === "alone" ? readHere(alone) : found;
}
var alone = () => false;
function readForAll(core, name, readHere) {
  const state = { crowd: false };
  const work = readHere(() => state.crowd);
  const reading = Object.assign(state, {
    found: work.then((found) => {
      forget(core, name, reading);
      return isStream(found?.body) ? "alone" : found;
    })
  });
  core.reads.set(name, reading);
  return work;
}
function forget({ reads }, name, reading) {
  if (reads.get(name) === reading) reads.delete(name);
}
async function gathered({ long }, name, found, isCrowd) {
  if (!found || !isStream(found.body)) return found;
  const { value, body } = found;
  const length = (value.kind === "response" ? value.length : void 0) ?? Infinity;
  if (length > MAX_SHARED_BYTES) {
    if (long.size >= MAX_LONG) long.clear();
    long.add(name);
    return found;
  }
  long.delete(name);
  return isCrowd() ? { ...found, body: await toBytes(body) } : found;
}
function changed({ remoteTiers, reads }, key) {
  for (const { name } of remoteTiers) reads.delete(name + key);
}
async function write(core, to, value, body, policy, ctx, lifetime) {
  const tier = core.remoteTiers.find(({ name }) => name === to);
  const work = tier?.isUsedBy(policy) ? tier.write(value, body, policy, ctx, lifetime) : void 0;
  if (!work) {
    discard2(body);
    return false;
  }
  changed(core, value.key);
  const done = await attempt(
    ctx,
    `The tier ${to} could not be written`,
    work.then(() => true),
    false
  );
  changed(core, value.key);
  return done;
}
function shortHash(key) {
  let high = 3735928559;
  let low = 1103547991;
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ high >>> 16, 2246822507) ^ Math.imul(low ^ low >>> 13, 3266489909);
  low = Math.imul(low ^ low >>> 16, 2246822507) ^ Math.imul(high ^ high >>> 13, 3266489909);
  return `#${(high >>> 0).toString(36)}${(low >>> 0).toString(36)}:${key.length}`;
}

// src/core/cache/lookup.ts
function covers(stored, query) {
  return !stored.range || query.core.origin?.covers(stored, query) === true;
}
function servable(found, query) {
  const { selected } = found;
  return selected && covers(selected.stored, query) ? selected : void 0;
}
function lookUpInMemory(query, storageKey2 = query.key, selecting) {
  const copy = query.core.memory?.get(storageKey2);
  const nothing = { decision: NOTHING_STORED, selecting, storageKey: storageKey2 };
  if (!copy) return nothing;
  const { value } = copy;
  if (value.kind === "response") return select(query, nothing, copy, value, copy.body, "memory");
  const outOfDate = copy.validUntil <= query.ctx.now() || isPurged(query, copy);
  return selecting || outOfDate ? nothing : lookUpInMemory(query, query.variant(value.names), value);
}
async function lookUpInTiers(query, from) {
  let best = from;
  for (const { name } of query.core.remoteTiers) {
    const found = await read(query.core, name, from.storageKey, query.policy, query.ctx);
    if (!found) continue;
    const { value, body, copy = copyOf(value, null) } = found;
    if (value.kind === "selecting-headers") {
      if (from.selecting || isPurged(query, copy)) continue;
      discard2(best.selected?.body);
      return lookUpVariant(query, value, name);
    }
    const candidate = select(query, from, copy, value, body, name);
    if (candidate.decision.use === "serve") {
      discard2(best.selected?.body);
      return { ...candidate, selected: candidate.selected && await promote(query, candidate.selected) };
    }
    const [better, worse] = isNewer(candidate, best) ? [candidate, best] : [best, candidate];
    discard2(worse === candidate ? body : worse.selected?.body);
    best = better;
  }
  return best;
}
var isNewer = ({ selected }, { selected: other }) => selected !== void 0 && (!other || selected.stored.responseTime > other.stored.responseTime);
async function lookUpVariant(query, selecting, from) {
  const { core, policy, ctx } = query;
  core.memory?.put(selecting, null, policy, ctx);
  if (from === "kv") ctx.waitUntil(write(core, "edge", selecting, null, policy, ctx));
  const variant = lookUpInMemory(query, query.variant(selecting.names), selecting);
  return variant.decision.use === "serve" ? variant : lookUpInTiers(query, variant);
}
var isPurged = ({ core }, copy) => core.purges?.verdictOn(copy) === "removed";
function select(query, { storageKey: storageKey2, selecting }, copy, stored, body, tier) {
  const purged = query.core.purges?.verdictOn(copy);
  const ofAnEarlierGeneration = selecting !== void 0 && stored.requestTime < selecting.validFrom;
  if (purged === "removed" || ofAnEarlierGeneration) return { decision: NOTHING_STORED, selecting, storageKey: storageKey2 };
  const markedStale = purged === "stale";
  const decision2 = query.decideReuse(stored, markedStale);
  return { selected: { stored, body, tier, markedStale, copy }, decision: decision2, selecting, storageKey: storageKey2 };
}
async function promote({ core, policy, ctx }, selected) {
  const { stored, tier } = selected;
  const longest = policy.memory?.max_object_bytes;
  const fitsMemory = longest !== void 0 && (!isStream(selected.body) || (stored.length ?? Infinity) <= longest);
  if (!fitsMemory && (tier === "edge" || isStream(selected.body))) return selected;
  const body = await toBytes(selected.body ?? null);
  if (tier === "edge") {
    core.memory?.put({ ...stored, freshUntil: stored.copyFreshUntil }, body, policy, ctx);
  } else {
    const lifetime = drawDataCentreLifetime(stored, policy, ctx);
    core.memory?.put(stored, body, policy, ctx, lifetime);
    ctx.waitUntil(write(core, "edge", stored, body, policy, ctx, lifetime));
  }
  return { ...selected, body };
}

// src/core/cache/outgoing.ts
function toClient({
  inside,
  targetedFields,
  origin
}, headers, status2, policy, age) {
  if (inside) return;
  const override = policy.mode === "override";
  for (const name of ["cache-tag", "surrogate-key", "surrogate-control", ...targetedFields])
    if (override || name !== "cdn-cache-control") headers.delete(name);
  const present = namesIn(headers.get("vary"));
  for (const name of policy.vary) if (!present.includes(name)) headers.append("vary", name);
  const { browser_ttl_s: browserTtl } = policy;
  if (browserTtl === null) return;
  const error = errorTtl(policy, status2);
  if (!override) origin?.limitMaxAge(headers, browserTtl + age);
  else if (error !== void 0 || isListed(policy, status2)) {
    const edgeTtl = error ?? policy.longest ?? 0;
    const maxAge = browserTtl < edgeTtl ? browserTtl + age : error ?? browserTtl;
    const parts = ["public", `max-age=${maxAge}`];
    if (error === void 0) {
      if (policy.stale_while_revalidate_s > 0) parts.push(`stale-while-revalidate=${policy.stale_while_revalidate_s}`);
      if (policy.stale_if_error_s > 0) parts.push(`stale-if-error=${policy.stale_if_error_s}`);
      if (policy.immutable) parts.push("immutable");
    }
    headers.set("cache-control", parts.join(", "));
    headers.delete("expires");
    headers.delete("pragma");
  }
}

// src/core/entity-tags.ts
var ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;
var EACH_ENTITY_TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;
var isEntityTag = (text) => ENTITY_TAG.test(text);
var isWeak = (tag) => tag.startsWith("W/");
var isStrong = (tag) => tag !== null && isEntityTag(tag) && !isWeak(tag);
var opaqueTag = (tag) => isWeak(tag) ? tag.slice(2) : tag;
var weaklyEqual = (one, other) => isEntityTag(one) && isEntityTag(other) && opaqueTag(one) === opaqueTag(other);
var stronglyEqual = (one, other) => isStrong(one) && one === other;
var entityTagsIn = (list) => list.match(EACH_ENTITY_TAG) ?? [];

// src/core/conditional.ts
function evaluatePreconditions(request, representation, now) {
  const ifMatch = request.get("if-match");
  if (ifMatch !== null) {
    if (!matchesAny(ifMatch, representation.get("etag"), stronglyEqual)) return "failed";
  } else if (modifiedSince(request.get("if-unmodified-since"), representation, now)) return "failed";
  return isNotModified(request, representation, now) ? "not-modified" : "proceed";
}
function isNotModified(request, representation, now, lastModified) {
  const ifNoneMatch = request.get("if-none-match");
  if (ifNoneMatch !== null) return matchesAny(ifNoneMatch, representation.get("etag"), weaklyEqual);
  const since = parseDate(request.get("if-modified-since"), now);
  if (since === void 0 || since > now) return false;
  const modified = parseDate(representation.get("last-modified"), now) ?? lastModified?.();
  return modified !== void 0 && modified <= since;
}
function matchesAny(list, etag, equal) {
  if (list.trim() === "*") return true;
  return etag !== null && entityTagsIn(list).some((tag) => equal(tag, etag));
}
function modifiedSince(field, representation, now) {
  const since = parseDate(field, now);
  const modified = parseDate(representation.get("last-modified"), now);
  return since !== void 0 && modified !== void 0 && modified > since;
}
var STRONG_DATE_MS = 6e4;
function rangeApplies(request, representation, now) {
  const ifRange = request.get("if-range")?.trim();
  if (ifRange === void 0) return true;
  const etag = representation.get("etag");
  if (etag !== null && stronglyEqual(ifRange, etag)) return true;
  const modified = parseDate(ifRange, now);
  const date = parseDate(representation.get("date"), now);
  if (modified === void 0 || date === void 0) return false;
  return representation.get("last-modified") === ifRange && date - modified >= STRONG_DATE_MS;
}
var OF_CONTENT = ["content-encoding", "content-language", "content-length", "content-range", "content-type"];
function notModifiedHeaders(headers) {
  const kept = new Headers(headers);
  for (const name of OF_CONTENT) kept.delete(name);
  return kept;
}

// src/core/ranges.ts
var ONE_RANGE = /^\s*bytes\s*=\s*(?<first>\d*)\s*-\s*(?<last>\d*)\s*$/i;
function parseRange(field, total) {
  const { first = "", last = "" } = ONE_RANGE.exec(field ?? "")?.groups ?? {};
  if (first === "" && last === "") return void 0;
  const start2 = first === "" ? Math.max(0, total - Number(last)) : Number(first);
  const end2 = first === "" || last === "" ? Infinity : Number(last);
  if (end2 < start2) return void 0;
  return start2 >= total ? "unsatisfiable" : { start: start2, end: Math.min(end2, total - 1) };
}

// src/core/cache/decide/outcome.ts
var UNSHARABLE = /* @__PURE__ */ new Set([
  "private",
  "no-store",
  "set-cookie",
  "authorization",
  "vary",
  "must-understand"
]);
var isBypass = (outcome) => outcome.kind === "forwarded" && (outcome.forward === "bypass" || outcome.forward === "method" || outcome.storage !== void 0 && UNSHARABLE.has(outcome.storage));
function xCacheOf(outcome) {
  if (outcome.kind !== "forwarded") return outcome.tier === "kv" ? "HIT-KV" : "HIT-EDGE";
  if (isBypass(outcome)) return "BYPASS";
  return outcome.fromShield ? "HIT-SHIELD" : "MISS";
}
function cacheStatusOf(outcome) {
  if (outcome.kind === "hit") return `hit; ttl=${outcome.ttl}; detail=${outcome.tier}`;
  const parts = [`fwd=${outcome.forward}`];
  if (outcome.originStatus !== void 0) parts.push(`fwd-status=${outcome.originStatus}`);
  const detail = outcome.kind === "stale-instead" ? outcome.reason : outcome.hitForMiss ? "hit-for-miss" : outcome.storage;
  if (detail === "stored" || detail === "collapsed") parts.push(detail);
  else if (detail !== void 0) parts.push(`detail=${detail}`);
  return parts.join("; ");
}

// src/core/cache/response.ts
function answerHit(query, selected) {
  const { stored, body = null } = selected;
  const prepared = preparedAnswer(query, selected);
  query.ctx.settled?.(prepared.outcome);
  return answerFrom(query, stored, body, prepared.response.headers, prepared.response);
}
function preparedAnswer(query, { stored, tier, markedStale, copy }) {
  const now = query.ctx.now();
  const second = Math.floor(now / 1e3);
  if (copy.prepared?.second === second) return copy.prepared;
  const copyFreshUntil = markedStale ? Math.min(now, stored.copyFreshUntil) : stored.copyFreshUntil;
  const outcome = { kind: "hit", tier, ttl: Math.floor((copyFreshUntil - now) / 1e3) };
  const headers = answerHeaders(query, stored.headers, { ...stored, copyFreshUntil }, outcome, "stored");
  const prepared = { second, outcome, response: makeResponse(stored.status, headers, null, query.ctx.rawBodies) };
  if (tier !== "kv") copy.prepared = prepared;
  return prepared;
}
function answerStale(query, selected, outcome) {
  const { stored, tier, markedStale, body = null } = selected;
  const now = query.ctx.now();
  const copyFreshUntil = markedStale ? Math.min(now, stored.copyFreshUntil) : stored.copyFreshUntil;
  const settled = { kind: "stale-instead", tier, ...outcome };
  const headers = answerHeaders(query, stored.headers, { ...stored, copyFreshUntil }, settled, "stored");
  query.ctx.settled?.(settled);
  return answerFrom(query, stored, body, headers);
}
function answerHeaders({ core, policy, ctx }, from, stored, outcome, source) {
  const now = ctx.now();
  const age = currentAge(stored, now);
  const headers = new Headers(from);
  toClient(core, headers, stored.status, policy, age);
  headers.delete("age");
  if (policy.platform) {
    const most = Math.min(drawDataCentreLifetime(stored, policy, ctx), drawCeiling(policy.front, ctx));
    const left = Math.min((stored.copyFreshUntil - now) / 1e3, most);
    core.platform?.(headers, left > 0 ? left + age : 0, stored, core.targetedFields[0]);
  }
  if (source === "stored" || age > 0) headers.set("age", String(age));
  if (headers.has("content-encoding") && !ctx.rawBodies) headers.delete("content-length");
  setOutcome(core, headers, outcome);
  core.inside?.(headers, stored, outcome.kind !== "forwarded");
  return headers;
}
function setOutcome({ name }, headers, outcome) {
  headers.set("x-cache", xCacheOf(outcome));
  headers.append("cache-status", `${name}; ${cacheStatusOf(outcome)}`);
}
function labelled(core, headers, outcome, ctx) {
  setOutcome(core, headers, outcome);
  ctx.settled?.(outcome);
  return headers;
}
function passThrough(core, response, outcome, ctx) {
  if (!canBeRemade(response)) return response;
  const headers = labelled(core, new Headers(response.headers), outcome, ctx);
  return makeResponse(response.status, headers, response.body, true, response.statusText);
}
function makeResponse(status2, headers, body, raw, statusText = "") {
  const init = { status: status2, statusText, headers };
  if (raw && headers.has("content-encoding")) init.encodeBody = "manual";
  if (bodyless(status2)) {
    discard2(body);
    return new Response(null, init);
  }
  const response = new Response(body, init);
  if (body instanceof ArrayBuffer) fromBytes.add(response);
  return response;
}
function answerFrom(query, stored, body, headers, prepared) {
  const { ctx, method } = query;
  const { status: status2 } = stored;
  if (status2 === 200 && hasClientsCopy(query, stored)) return makeResponse(304, notModifiedHeaders(headers), body);
  const length = isStream(body) ? stored.length : body?.byteLength;
  if (method === "HEAD") return headAnswer(status2, headers, body, length, ctx.rawBodies);
  const total = stored.range?.total ?? length;
  const range = total === void 0 ? void 0 : wantedRange(query, stored, headers, total);
  if (range === "unsatisfiable") return unsatisfiable(headers, body, total, ctx.rawBodies);
  if (range) return partialAnswer(stored, headers, body, range, total, ctx.rawBodies);
  const plain2 = prepared && !bodyless(status2);
  return plain2 ? new Response(body, prepared) : makeResponse(status2, headers, body, ctx.rawBodies);
}
function hasClientsCopy({ headers, ctx }, stored) {
  const now = ctx.now();
  const madeOrReceived = () => parseDate(header(stored, "date"), now) ?? stored.responseTime;
  return isNotModified(headers, fieldsOf(stored), now, madeOrReceived);
}
function headAnswer(status2, headers, body, length, raw) {
  discard2(body);
  const sized = new Headers(headers);
  if (length !== void 0 && !headers.has("content-length")) sized.set("content-length", String(length));
  return makeResponse(status2, sized, null, raw);
}
function wantedRange(query, stored, headers, total) {
  const { ctx } = query;
  if (query.range === null || stored.status !== 200 && !stored.range) return void 0;
  if (headers.has("content-encoding") && !ctx.rawBodies) return void 0;
  return rangeApplies(query.headers, fieldsOf(stored), ctx.now()) ? parseRange(query.range, total) : void 0;
}
function partialAnswer(stored, headers, body, { start: start2, end: end2 }, total, raw) {
  const bytes = end2 - start2 + 1;
  const partial = new Headers(headers);
  partial.set("content-length", String(bytes));
  partial.set("content-range", `bytes ${start2}-${end2}/${total}`);
  return makeResponse(206, partial, slice(body, start2 - (stored.range?.start ?? 0), bytes), raw);
}
var NOT_OF_A_416 = ["content-length", "content-encoding", "content-type", "etag", "last-modified"];
function unsatisfiable(headers, body, total, raw) {
  discard2(body);
  const without2 = withoutFields(headers, NOT_OF_A_416);
  without2.set("content-range", `bytes */${total}`);
  return makeResponse(416, without2, null, raw);
}
function canBeRemade({ status: status2 }) {
  if (status2 < 200 && status2 !== 101) throw new Error(`The origin answered with the interim status ${status2}.`);
  return status2 >= 200 && status2 <= 599;
}
function withoutFields(headers, names2) {
  const copy = new Headers(headers);
  for (const name of names2) copy.delete(name);
  return copy;
}

// src/core/cache/save.ts
function announcedLength(headers, ctx) {
  const length = headers.get("content-length");
  const isAsRead = ctx.rawBodies || !headers.has("content-encoding");
  return length !== null && /^\d+$/.test(length) && isAsRead ? Number(length) : void 0;
}
function decideStorageFor(query, status2, headers, requestTime) {
  const { core, policy, ctx, request, key, url } = query;
  const exchange2 = {
    method: request.method,
    key,
    url,
    requestHeaders: request.headers,
    noStore: query.directives?.noStore === true,
    status: status2,
    headers,
    requestTime,
    responseTime: ctx.now(),
    length: announcedLength(headers, ctx),
    rawBodies: ctx.rawBodies === true,
    hasEdgeCache: ctx.edgeCache !== void 0
  };
  const decision2 = decideStorage(exchange2, policy, core.targetedFields, core.unstoredHeaders, core.origin);
  if (!decision2.store && decision2.unusual) ctx.warn?.(`${url}: ${decision2.unusual}`);
  return decision2;
}
async function save(query, found, stored, body, lifetime) {
  const { core, policy, ctx } = query;
  if (core.purges?.verdictFor(stored) === "removed") return;
  const writes2 = [];
  const put2 = (value, bytes2) => {
    core.memory?.put(value, bytes2, policy, ctx, lifetime);
    writes2.push(write(core, "edge", value, bytes2, policy, ctx, lifetime));
    writes2.push(write(core, "kv", value, bytes2, policy, ctx));
  };
  if (stored.selectingNames.length > 0) {
    const known3 = await knownSelecting(query, found);
    if (known3?.names.join() !== stored.selectingNames.join()) put2(selectingHeadersOf(query, stored), null);
  }
  const bytes = body.bytes();
  if (bytes) {
    const whole = { stored: { ...stored, length: bytes.byteLength }, body: bytes };
    const kept = stored.range ? core.origin?.combine(found.selected, stored, bytes) : whole;
    if (kept) put2(kept.stored, kept.body);
  }
  await Promise.all(writes2);
}
var selectingHeadersOf = ({ key, url }, stored) => ({
  kind: "selecting-headers",
  key,
  url,
  validFrom: stored.requestTime,
  names: stored.selectingNames
});
async function knownSelecting(query, found) {
  if (!found.selecting?.provisional) return found.selecting;
  const now = await lookUpInTiers(query, lookUpInMemory(query));
  discard2(now.selected?.body);
  return now.selecting;
}

// src/core/cache/update.ts
var NOT_UPDATED = /* @__PURE__ */ new Set([
  "content-length",
  "content-encoding",
  "content-range",
  "transfer-encoding",
  "set-cookie"
]);
function addValidators(stored, headers) {
  const etag = header(stored, "etag");
  const lastModified = header(stored, "last-modified");
  if (etag !== null) headers.set("if-none-match", etag);
  if (lastModified !== null) headers.set("if-modified-since", lastModified);
  return etag !== null || lastModified !== null;
}
function isSelectedBy304(stored, headers) {
  const etag = headers.get("etag");
  const storedTag = header(stored, "etag");
  return etag === null || storedTag === null || opaqueTag(etag) === opaqueTag(storedTag);
}
function updatedHeaders(stored, fresh) {
  const headers = new Headers(stored.headers);
  headers.delete("age");
  headers.delete("date");
  for (const [name, value] of fresh) if (!NOT_UPDATED.has(name)) headers.set(name, value);
  return headers;
}
function agrees(stored, fresh) {
  const differs = (name) => {
    const value = fresh.get(name);
    const before = header(stored, name);
    return value !== null && before !== null && value !== before;
  };
  const length = fresh.get("content-length");
  if (length !== null && stored.length !== void 0 && Number(length) !== stored.length) return false;
  return !differs("etag") && !differs("last-modified") && !differs("content-length");
}

// src/core/cache/exchange.ts
var MAX_HIT_FOR_MISS = 4096;
var MAX_OPEN = 4096;
var SHORT_BYTES = 64 * 1024;
var MAX_FILL_BYTES = 64 * 1024 * 1024;
var ERRORS = [500, 502, 503, 504];
var CONDITIONS = ["if-none-match", "if-modified-since"];
var RANGE = ["range", "if-range"];
var unheard = () => new Response(null);
async function lead(query, found, options) {
  const flight = new Flight(query.url, !found.selected, options.inBackground ?? false);
  const close = open(query, flight, options);
  const answer2 = exchange(query, found, flight, options);
  query.ctx.waitUntil(answer2.then(() => flight.stored).then(close, close));
  try {
    return await answer2;
  } catch (error) {
    flight.settle({ kind: "failed", error });
    const outcome = { forward: options.forward, reason: "origin-failed" };
    const stale = options.inBackground ? void 0 : staleInstead(query, found, "disconnected", outcome);
    if (stale) return stale;
    throw error;
  }
}
function open({ core }, flight, { flightKey, hitForMiss }) {
  const { flights, open: all4 } = core;
  const joinable = flightKey !== void 0 && !flights.has(flightKey) && !hitForMiss;
  if (joinable) flights.set(flightKey, flight);
  if (all4.size >= MAX_OPEN) all4.clear();
  all4.add(flight);
  return () => {
    all4.delete(flight);
    if (joinable && flights.get(flightKey) === flight) flights.delete(flightKey);
  };
}
function staleInstead(query, found, failure2, outcome) {
  const stale = staleFor(query, found, failure2);
  return stale && isReadable(stale) ? answerStale(query, stale, outcome) : void 0;
}
function staleFor(query, { selected }, failure2) {
  if (!selected || !covers(selected.stored, query)) return void 0;
  const { stored, markedStale } = selected;
  const allowed = decideStaleOnError(stored, markedStale, failure2, query.policy.mode, query.ctx.now());
  return allowed ? selected : void 0;
}
var isReadable = ({ body }) => body !== void 0 && !(isStream(body) && body.locked);
var isHiddenError = (status2) => ERRORS.includes(status2);
async function exchange(query, found, flight, options) {
  const answer2 = await askOrigin(query, found, options);
  const { response } = answer2;
  if (!canBeRemade(response)) {
    flight.settle({ kind: "unshared" });
    return response;
  }
  const stale = isHiddenError(response.status) ? staleFor(query, found, answer2.isValidation ? "validation-failed" : "error") : void 0;
  if (stale && (options.inBackground || isReadable(stale))) {
    discard2(response.body);
    flight.settle({ kind: "failed", error: new Error(`The origin answered ${response.status}.`) });
    if (options.inBackground) return unheard();
    const { forward: forward2 } = options;
    return answerStale(query, stale, { forward: forward2, reason: "stale-if-error", originStatus: response.status });
  }
  if (answer2.relation.kind === "new") discard2(found.selected?.body);
  const received = receive(answer2);
  const report = query.core.shield?.reportOn(response);
  const decision2 = decideStorageFor(query, received.status, received.storable, answer2.requestTime);
  const filledInVain = options.fill === true && received.status === 200 && !canFill(query, decision2);
  const stored = decision2.store && !filledInVain ? { ...decision2.response, ...report?.times } : void 0;
  const sharable = stored !== void 0 && decideReuse(stored, query.ctx.now(), false).use !== "validate";
  rememberHitForMiss(query, options.flightKey, sharable, received.status);
  if (stored) return storeAndAnswer(query, found, flight, options, { received, stored, sharable, report });
  flight.settle({ kind: "unshared" });
  if (filledInVain) {
    discard2(received.body);
    return lead(query, found, { forward: options.forward, sendRange: true, keepConditions: true });
  }
  if (options.inBackground) {
    discard2(received.body);
    return unheard();
  }
  return answerUnstored(query, received, decision2, options, report);
}
async function askOrigin(query, found, options) {
  const { selected } = found;
  const headers = headersFor(query);
  if (!options.keepConditions) remove(headers, CONDITIONS);
  if (!options.sendRange) remove(headers, RANGE);
  const validatable = selected && !selected.stored.range ? selected.stored : void 0;
  const isValidation = options.confirmed || validatable !== void 0 && addValidators(validatable, headers);
  const completion2 = options.sendRange ? void 0 : query.core.origin?.completion(selected, headers);
  const method = options.inBackground ? "GET" : methodFor(query);
  const send2 = async () => {
    const requestTime = query.ctx.now();
    return { requestTime, response: await query.origin(originRequest(query, headers, method)) };
  };
  const first = await send2();
  const relation = await relationOf(query, found, first.response, isValidation, completion2);
  if (relation !== "another-version") return { ...first, relation, isValidation };
  discard2(first.response.body);
  remove(headers, [...CONDITIONS, ...RANGE]);
  return { ...await send2(), relation: { kind: "new" }, isValidation: false };
}
async function relationOf(query, { selected, storageKey: storageKey2 }, response, isValidation, completion2) {
  if (selected && isValidation && response.status === 304) {
    const { stored } = selected;
    const body = selected.body ?? (await read(query.core, "edge", storageKey2, query.policy, query.ctx))?.body;
    if (body !== void 0 && isSelectedBy304(stored, response.headers)) return { kind: "confirms", stored, body };
    if (body !== selected.body) discard2(body);
    return "another-version";
  }
  if (completion2?.isOfAnotherVersion(response)) return "another-version";
  if (completion2 && response.status === 206 && response.body) {
    return { kind: "completes", completion: completion2, rest: response.body };
  }
  return { kind: "new" };
}
function headersFor({ core, request, policy }) {
  return core.clean?.(request.headers, policy) ?? new Headers(request.headers);
}
function remove(headers, names2) {
  for (const name of names2) headers.delete(name);
}
var methodFor = ({ request, policy }) => policy.mode === "override" ? "GET" : request.method;
function originRequest(query, headers = headersFor(query), method = methodFor(query)) {
  const { request } = query;
  const { cf } = request;
  return new Request(query.url, { method, headers, redirect: "manual", cf });
}
function receive({ response, relation }) {
  switch (relation.kind) {
    case "confirms": {
      const storable = updatedHeaders(relation.stored, response.headers);
      const headers = new Headers(storable);
      for (const cookie of response.headers.getSetCookie()) headers.append("set-cookie", cookie);
      return { status: relation.stored.status, headers, storable, body: relation.body, origin: response };
    }
    case "completes": {
      const { headers, body } = relation.completion.whole(response, relation.rest);
      return { status: 200, headers, storable: headers, body, origin: response };
    }
    case "new":
      return {
        status: response.status,
        headers: response.headers,
        storable: response.headers,
        body: response.body,
        origin: response
      };
  }
}
var originStatusOf = ({ status: status2, origin }) => status2 === origin.status ? void 0 : origin.status;
function canFill({ policy, ctx }, decision2) {
  const length = decision2.store ? decision2.response.length : void 0;
  const longest = Math.max(longestBody(policy, ctx.edgeCache !== void 0) ?? 0, policy.shield?.max_object_bytes ?? 0);
  return length !== void 0 && length <= Math.min(MAX_FILL_BYTES, longest);
}
function rememberHitForMiss(query, flightKey, sharable, status2) {
  if (flightKey === void 0) return;
  const { hitForMiss, hitForMissMs } = query.core;
  if (sharable) hitForMiss.delete(flightKey);
  else if (status2 < 500) {
    if (hitForMiss.size >= MAX_HIT_FOR_MISS) hitForMiss.clear();
    hitForMiss.set(flightKey, query.ctx.now() + hitForMissMs);
  }
}
function answerUnstored(query, received, decision2, { forward: forward2, hitForMiss = false }, report) {
  const { core, ctx, policy } = query;
  const storage = decision2.store ? void 0 : decision2.reason;
  const { status: status2, body } = received;
  const headers = new Headers(received.headers);
  if (storage === "ttl") toClient(core, headers, status2, policy, parseAge(headers.get("age")));
  const originStatus = originStatusOf(received);
  labelled(
    core,
    headers,
    { kind: "forwarded", forward: forward2, originStatus, storage, hitForMiss, fromShield: report?.hit },
    ctx
  );
  if (query.method === "HEAD") discard2(body);
  const given = query.method === "HEAD" ? null : body;
  return makeResponse(status2, headers, given, ctx.rawBodies, received.origin.statusText);
}
async function storeAndAnswer(query, found, flight, options, { received, stored, sharable, report }) {
  const { policy, ctx } = query;
  const lifetime = drawDataCentreLifetime(stored, policy, ctx);
  const { body, finish } = storeWhileItComes(query, found, flight, stored, received.body, lifetime);
  const staleMayServe = !options.inBackground && mayServeStale(query, found.selected);
  if (staleMayServe || isShort(stored)) await body.ready;
  if (staleMayServe && body.failure) {
    body.release();
    throw body.failure.error;
  }
  flight.settle(
    body.failure ? { kind: "failed", error: body.failure.error } : sharable ? { kind: "response", stored, body } : { kind: "unshared" }
  );
  const own3 = options.inBackground ? null : body.bytes() ?? body.stream();
  flight.stored = finish();
  if (options.inBackground) return unheard();
  const outcome = {
    kind: "forwarded",
    forward: options.forward,
    originStatus: originStatusOf(received),
    storage: policy.platform || hasRoom(query, stored) ? "stored" : "size",
    fromShield: report?.hit
  };
  ctx.settled?.(outcome);
  const headers = answerHeaders(query, received.headers, stored, outcome, "origin");
  return stored.range ? makeResponse(206, headers, own3, ctx.rawBodies) : answerFrom(query, stored, own3, headers);
}
function hasRoom({ policy, ctx }, { length = 0 }) {
  const longest = longestBody(policy, ctx.edgeCache !== void 0);
  return longest !== void 0 && length <= longest;
}
function storeWhileItComes(query, found, flight, stored, source, lifetime) {
  const { core, policy, ctx } = query;
  const limits = [core.collapseMaxBytes, policy.memory?.max_object_bytes, policy.kv?.max_object_bytes];
  const longestWhole = Math.max(...limits.map((limit) => limit ?? 0));
  const bodyKey = `${stored.key}
${stored.requestTime}.${ctx.random()}`;
  let streamed2;
  const body = sharedBody(source, stored.length, longestWhole, core.collapseMaxBytes, () => {
    if (flight.invalidated || stored.range) return;
    streamed2 = write(core, "edge", { ...stored, key: bodyKey }, body.stream(), policy, ctx, lifetime);
  });
  const finish = async () => {
    await body.finished;
    const isStreamed = await streamed2;
    if (body.failure || flight.invalidated) return body.release();
    const whole = { ...stored, length: body.size, bodyKey };
    if (isStreamed) await write(core, "edge", whole, null, policy, ctx, lifetime);
    await save(query, found, stored, body, lifetime);
    body.release();
  };
  return { body, finish };
}
var isShort = ({ length }) => length !== void 0 && length <= SHORT_BYTES;
function mayServeStale({ ctx, policy }, selected) {
  if (!selected) return false;
  return decideStaleOnError(selected.stored, selected.markedStale, "disconnected", policy.mode, ctx.now());
}

// src/core/cache/query.ts
var RequestQuery = class {
  constructor(core, head2, policy, ctx, origin, whole) {
    this.core = core;
    this.policy = policy;
    this.ctx = ctx;
    this.origin = origin;
    const { method, headers, url } = head2;
    const named2 = policy.named(url);
    this.method = method;
    this.headers = headers;
    this.url = named2.url;
    this.key = policy.custom?.of(named2.key, headers, policy, ctx) ?? named2.key;
    this.directives = policy.mode === "origin" ? core.origin?.requestDirectives(headers) : void 0;
    this.range = method === "GET" ? headers.get("range") : null;
    this.#whole = whole;
  }
  core;
  policy;
  ctx;
  origin;
  key;
  url;
  method;
  headers;
  directives;
  range;
  #whole;
  get request() {
    return this.#whole();
  }
  decideReuse(stored, markedStale, directives2 = this.directives) {
    const now = this.ctx.now();
    return directives2 && this.core.origin ? this.core.origin.decideReuse(stored, directives2, now, markedStale) : decideReuse(stored, now, markedStale);
  }
  variant(names2) {
    return variantKey(this.key, names2, this.headers);
  }
};

// src/core/cache/cache.ts
var JOIN_MS = 15e3;
var OF_ONE_ANSWER = ["x-origin-latency", "x-origin-failover", "server-timing"];
function coreOf(extensions, specs, options = {}) {
  const { memory, edge, kv, shield: makeShield, purge: purge3, ...parts } = extensions;
  const policies = new Set(specs.map((spec) => compile(spec, parts.key)));
  const remoteTiers = [edge?.(), kv?.()].filter((tier) => tier !== void 0);
  const shield2 = makeShield?.();
  return {
    name: "edgewright",
    targetedFields: ["cloudflare-cdn-cache-control", "cdn-cache-control"],
    collapseMaxBytes: 4 * 1024 * 1024,
    hitForMissMs: 5e3,
    unstoredHeaders: OF_ONE_ANSWER,
    ...parts,
    ...options,
    memory: memory?.(),
    shield: shield2,
    remoteTiers,
    reads: /* @__PURE__ */ new Map(),
    long: /* @__PURE__ */ new Set(),
    policies,
    flights: /* @__PURE__ */ new Map(),
    open: /* @__PURE__ */ new Set(),
    hitForMiss: /* @__PURE__ */ new Map(),
    purges: purge3?.(options.purgeCheckMs ?? 5e3, shield2 ? [shield2, ...remoteTiers] : remoteTiers, policies)
  };
}
function cacheOf(core) {
  return {
    /** Not `async`: what memory has is answered in one go. */
    handle(head2, spec, ctx, origin, whole = () => head2) {
      const policy = spec && compile(spec, core.key);
      if (policy) core.policies.add(policy);
      const passed = decideRequest(head2, policy);
      if (passed?.forward === "method") return otherMethod(core, whole(), policy, ctx, origin);
      if (passed || !policy) {
        const outcome = passed ?? { kind: "forwarded", forward: "bypass" };
        return origin(whole()).then((response) => passThrough(core, response, outcome, ctx));
      }
      const source = core.shield && policy.shield ? core.shield.before(origin, policy, ctx) : origin;
      const query = new RequestQuery(core, head2, policy, ctx, source, whole);
      if (core.purges?.due(ctx.now())) {
        return core.purges.refresh(ctx).then(() => answerFirst(query, lookUpInMemory(query)));
      }
      const found = lookUpInMemory(query);
      const selected = found.decision.use === "serve" ? servable(found, query) : void 0;
      return selected ? answerHit(query, selected) : answerFirst(query, found);
    }
  };
}
async function answerFirst(query, found) {
  return answerFromCrowd(query, found) ?? answer(query, found, { join: true });
}
async function answer(query, inMemory, { join: join11 }) {
  const { core } = query;
  const answersNow = inMemory.decision.use === "serve" && servable(inMemory, query);
  const found = answersNow ? inMemory : await lookUpInTiers(query, inMemory);
  const selected = servable(found, query);
  if (selected && found.decision.use === "serve") return answerHit(query, selected);
  if (selected && found.decision.use === "serve-and-revalidate") {
    revalidateInBackground(query, found, selected);
    return answerHit(query, selected);
  }
  if (core.origin && query.policy.mode === "origin") {
    if (query.directives?.onlyIfCached) return core.origin.gatewayTimeout(query);
    if (query.method === "HEAD") return core.origin.head(query, found);
  }
  return fromOrigin(query, found, { join: join11 });
}
function revalidateInBackground(query, found, selected) {
  const { core, ctx } = query;
  const flightKey = flightKeyOf(query, found.storageKey);
  if (core.flights.has(flightKey)) return;
  const kept = { ...selected, body: isStream(selected.body) ? void 0 : selected.body };
  const work = lead(query, { ...found, selected: kept }, { forward: "stale", inBackground: true, flightKey });
  ctx.waitUntil(work.catch((error) => ctx.warn?.(`Revalidation failed: ${error}`)));
}
async function otherMethod(core, request, policy, ctx, origin) {
  const response = await origin(request);
  await core.writes?.(core, request, response, ctx);
  const stored = policy && core.origin?.posted(core, request, response, policy, ctx);
  return stored ?? passThrough(core, response, { kind: "forwarded", forward: "method" }, ctx);
}
function flightKeyOf({ headers }, storageKey2) {
  return headers.has("authorization") ? `${storageKey2}#authorised` : storageKey2;
}
var isTooEarly = ({ directives: directives2 }, flight) => directives2?.noCache === true && flight.answered;
function answerFromCrowd(query, found) {
  const flightKey = flightKeyOf(query, found.storageKey);
  const flight = query.core.flights.get(flightKey);
  if (!flight || isTooEarly(query, flight)) return void 0;
  const selected = servable(found, query);
  if (selected && found.decision.use === "serve-and-revalidate") return answerHit(query, selected);
  if (flight.inBackground || !(flight.missed || found.selected) || !mayJoinUnseen(query)) return void 0;
  const forward2 = found.selected ? "stale" : forwardReason(found);
  const lookFarther = () => lookUpInTiers(query, found);
  return join(query, found, flight, flightKey, forward2, lookFarther).then(
    (given) => given ?? fromOrigin(query, found, { join: false })
  );
}
function mayJoinUnseen({ range, directives: directives2, method, policy }) {
  if (range !== null || directives2?.noStore || directives2?.onlyIfCached) return false;
  return method !== "HEAD" || policy.mode !== "origin";
}
async function fromOrigin(query, found, { join: mayJoin }) {
  const { core, ctx, request } = query;
  const { selected } = found;
  const ranged = query.range !== null && (!selected || selected.stored.range !== void 0);
  const fill = ranged && query.policy.mode === "override";
  const forward2 = forwardReason({ ...found, fresh: isFresh(selected, ctx.now()) });
  const flightKey = originFlightKey(query, found, ranged, fill);
  const alone2 = { forward: forward2, sendRange: ranged, keepConditions: !selected };
  if (query.directives?.noStore || isOversized(request.headers)) return lead(query, found, alone2);
  if ((core.hitForMiss.get(flightKey) ?? 0) > ctx.now()) {
    return lead(query, found, { ...alone2, hitForMiss: true, flightKey });
  }
  const flight = core.flights.get(flightKey);
  if (!flight || isTooEarly(query, flight)) {
    return lead(query, found, { forward: forward2, sendRange: ranged && !fill, fill, flightKey });
  }
  const given = mayJoin ? await join(query, found, flight, flightKey, forward2) : void 0;
  return given ?? lead(query, found, { forward: forward2, sendRange: ranged });
}
var isFresh = (selected, now) => selected !== void 0 && selected.stored.copyFreshUntil > now && !selected.markedStale;
function originFlightKey(query, { storageKey: storageKey2 }, ranged, fill) {
  const flightKey = flightKeyOf(query, storageKey2);
  if (fill) return `${flightKey}#fill`;
  return ranged ? `${flightKey}#${query.range}#${query.headers.get("if-range")}` : flightKey;
}
async function join(query, found, flight, flightKey, forward2, lookFarther) {
  const { flights } = query.core;
  const result = await within(flight.result, JOIN_MS);
  if (result === "timeout") {
    if (flights.get(flightKey) === flight) flights.delete(flightKey);
    return void 0;
  }
  if (result.kind === "unshared") return void 0;
  if (result.kind === "failed") {
    const known3 = lookFarther ? await lookFarther() : found;
    const stale = staleInstead(query, known3, "disconnected", { forward: forward2, reason: "collapsed" });
    if (stale) return stale;
    throw result.error;
  }
  return answerJoined(query, result, forward2) ?? answerAgain(query, found, result);
}
function answerJoined(query, { stored, body }, forward2) {
  const { headers, directives: directives2, ctx } = query;
  const isVariant = selectingValues(stored.selectingNames, headers) === stored.selectingValues;
  const decision2 = query.decideReuse(stored, false, directives2 && { ...directives2, noCache: false });
  if (!isVariant || decision2.use === "validate" || !covers(stored, query)) return void 0;
  if (body.failure || !body.whole) return void 0;
  const outcome = { kind: "forwarded", forward: forward2, storage: "collapsed" };
  ctx.settled?.(outcome);
  const answered = answerHeaders(query, stored.headers, stored, outcome, "stored");
  return answerFrom(query, stored, body.bytes() ?? body.stream(), answered);
}
function answerAgain(query, found, { stored }) {
  const { selectingNames: names2, requestTime: validFrom } = stored;
  if (found.selecting || names2.length === 0) return answer(query, lookUpInMemory(query), { join: false });
  const { key, url } = query;
  const selecting = { kind: "selecting-headers", key, url, validFrom, names: names2, provisional: true };
  return answerFirst(query, lookUpInMemory(query, query.variant(names2), selecting));
}

// src/core/cache/complete.ts
var known2 = /* @__PURE__ */ new WeakMap();
function complete(spec) {
  let whole = known2.get(spec);
  if (whole === void 0) {
    whole = make(spec);
    known2.set(spec, whole);
  }
  return whole;
}
function make(spec) {
  const { memory, edge = {}, kv, shield: shield2 } = spec.tiers ?? {};
  const key = spec.key ?? {};
  const lower2 = (names2 = []) => names2.map((name) => name.toLowerCase()).sort();
  return {
    name: spec.name,
    mode: spec.mode ?? "override",
    engine: spec.engine ?? "worker",
    edge_ttl_s: spec.edge_ttl_s ?? null,
    edge_jitter_s: pair(spec.edge_jitter_s),
    browser_ttl_s: spec.browser_ttl_s ?? null,
    stale_while_revalidate_s: spec.stale_while_revalidate_s ?? 0,
    stale_if_error_s: spec.stale_if_error_s ?? 0,
    immutable: spec.immutable ?? false,
    statuses: [...spec.statuses ?? [200, 203, 204, 300, 301, 308, 404, 410]],
    error_ttl_s: spec.error_ttl_s ?? 0,
    tiers: {
      memory: memory ? {
        max_bytes: memory.max_bytes ?? 16 * 1024 * 1024,
        max_object_bytes: memory.max_object_bytes ?? 1024 * 1024,
        ttl_ceiling_s: memory.ttl_ceiling_s ?? null,
        jitter_s: pair(memory.jitter_s)
      } : null,
      edge: edge && { ttl_ceiling_s: edge.ttl_ceiling_s ?? null, jitter_s: pair(edge.jitter_s) },
      kv: kv ? {
        binding: kv.binding,
        ttl_s: kv.ttl_s,
        jitter_s: pair(kv.jitter_s),
        max_object_bytes: Math.min(kv.max_object_bytes ?? KV_VALUE_BYTES, KV_VALUE_BYTES)
      } : null,
      shield: shield2 ? {
        class_name: shield2.class_name ?? "EdgewrightShield",
        location: shield2.location ?? null,
        shards: shield2.shards ?? 4,
        ttl_s: shield2.ttl_s ?? null,
        jitter_s: pair(shield2.jitter_s),
        max_bytes: shield2.max_bytes ?? 1024 ** 3,
        max_object_bytes: shield2.max_object_bytes ?? 16 * 1024 ** 2
      } : null
    },
    key: {
      query: key.query ?? "all",
      query_names: [...key.query_names ?? []],
      headers: lower2(key.headers),
      cookies: [...key.cookies ?? []].sort(),
      country: key.country ?? false,
      region: key.region ?? false,
      host: key.host ?? true
    },
    vary: lower2(spec.vary),
    tags: [...spec.tags ?? []]
  };
}
function pair(range) {
  return range ? [Number(range[0]), Number(range[1])] : null;
}

// src/core/cache/custom-key.ts
var customKey = {
  keeps: (name, { query, query_names: names2 }) => query === "all" || query !== "none" && names2.includes(plain(name)) === (query === "include"),
  of(key, headers, policy, place) {
    const parts = [key];
    for (const name of policy.headers) parts.push(`${name}:${encode(headers.get(name))}`);
    if (policy.cookies.length > 0) {
      const jar = parseCookies(headers.get("cookie"));
      for (const name of policy.cookies) parts.push(`cookie ${name}:${encode(jar.get(name)?.join(";") ?? null)}`);
    }
    if (policy.country) parts.push(`country:${place.country ?? ""}`);
    if (policy.region) parts.push(`region:${place.region ?? ""}`);
    return parts.join("|");
  }
};
function plain(name) {
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name;
  }
}
function parseCookies(header2) {
  const jar = /* @__PURE__ */ new Map();
  for (const part of header2?.split(";") ?? []) {
    const equals = part.indexOf("=");
    if (equals < 0) continue;
    const name = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    const values2 = jar.get(name);
    if (values2) values2.push(value);
    else jar.set(name, [value]);
  }
  return jar;
}

// src/core/cache/clean.ts
var OF_THE_FRONT = /* @__PURE__ */ new Set(["x-forwarded-for", "x-forwarded-proto"]);
var unkeyed = (name) => (!isPlain(name) || isProxys(name) || isClaim(name)) && !OF_THE_FRONT.has(name);
var BODY = /^(content-(length|type|encoding)|transfer-encoding)$/;
function forwardHeaders(sent, policy) {
  const headers = new Headers(sent);
  const kept = (name) => policy.headers.includes(name) || policy.vary.includes(name);
  for (const name of [...headers.keys()]) {
    if (unkeyed(name) && !kept(name) || BODY.test(name)) headers.delete(name);
  }
  if (policy.mode === "override" && headers.has("cookie") && !kept("cookie")) {
    const jar = parseCookies(headers.get("cookie"));
    const keyed2 = policy.cookies.flatMap((name) => (jar.get(name) ?? []).map((value) => `${name}=${value}`));
    if (keyed2.length > 0) headers.set("cookie", keyed2.join("; "));
    else headers.delete("cookie");
  }
  return headers;
}

// src/core/cache/edge-tier.ts
var STORED_FIELD = "x-edgewright-stored";
var MAX_KNOWN = 1024;
var MAX_KEY = 1500;
var urlOf = (key) => `${INTERNAL}e/${encodeURIComponent(key.length > MAX_KEY ? key.slice(0, 200) + shortHash(key) : key)}`;
function edgeTier() {
  const known3 = /* @__PURE__ */ new Map();
  const parsed = (text, key) => {
    const before = known3.get(text);
    if (before) return before.value.key === key ? before : void 0;
    const value = parseStored(text);
    if (value?.key !== key) return void 0;
    const copy = copyOf(value, null);
    if (known3.size >= MAX_KNOWN) known3.clear();
    known3.set(text, copy);
    return copy;
  };
  return {
    name: "edge",
    isUsedBy: (policy) => policy.edge !== null,
    async read(key, _policy, { edgeCache }) {
      const response = await edgeCache?.match(urlOf(key));
      if (!response) return void 0;
      const copy = parsed(response.headers.get(STORED_FIELD) ?? "", key);
      if (!copy) {
        discard2(response.body);
        return void 0;
      }
      const bodied = await bodiedBy(copy.value, response, edgeCache);
      return bodied && { copy, value: copy.value, body: bodied.body };
    },
    write(value, body, policy, ctx, lifetime = Infinity) {
      if (!ctx.edgeCache) return void 0;
      let text = "";
      const placement = placeInEdge(value, policy, ctx, lifetime, (copy) => {
        text = toAscii(copy);
        return text.length;
      });
      if (!placement.keep) return void 0;
      const headers = {
        "content-type": "application/octet-stream",
        "cache-control": `public, max-age=${placement.retention}`,
        // By these a purge of the zone reaches what a Worker has put there.
        "cache-tag": value.kind === "response" ? value.tags.join(",") : "",
        [STORED_FIELD]: text
      };
      return ctx.edgeCache.put(urlOf(value.key), new Response(body, { headers }));
    },
    remove: (key, _policy, { edgeCache }) => edgeCache?.delete(urlOf(key))
  };
}
async function bodiedBy(value, response, edgeCache) {
  const bodyKey = value.kind === "response" ? value.bodyKey : void 0;
  return bodyKey === void 0 ? response : edgeCache?.match(urlOf(bodyKey));
}

// src/core/cache/packed.ts
var LENGTH_BYTES = 4;
function pack(value, body) {
  const json2 = new TextEncoder().encode(JSON.stringify(value));
  const packed = new Uint8Array(LENGTH_BYTES + json2.length + (body?.byteLength ?? 0));
  new DataView(packed.buffer).setUint32(0, json2.length);
  packed.set(json2, LENGTH_BYTES);
  if (body) packed.set(new Uint8Array(body), LENGTH_BYTES + json2.length);
  return packed.buffer;
}
function unpack(bytes) {
  if (bytes.byteLength < LENGTH_BYTES) return void 0;
  const length = new DataView(bytes).getUint32(0);
  if (LENGTH_BYTES + length > bytes.byteLength) return void 0;
  const value = parseStored(new TextDecoder().decode(new Uint8Array(bytes, LENGTH_BYTES, length)));
  return value && { value, body: bytes.slice(LENGTH_BYTES + length) };
}

// src/core/cache/kv-tier.ts
var WRITE_MS = 1e3;
var KEY_BYTES = 500;
var MAX_WRITES = 4096;
var KV_CHECK_MS = 3e4;
var AHEAD_MS = 2e4;
var PROPAGATION_MS = 6e4;
var MARKERS = "purge:";
var DAY_S = 86400;
var LAST_MS = 1e13;
var MOST_KEYS = 1e3;
var METADATA_BYTES = 1e3;
function nameOf2(key) {
  const bytes = new TextEncoder().encode(key).length;
  return `cache:${bytes > KEY_BYTES ? `${encodeURIComponent(key).slice(0, 200)}${shortHash(key)}` : key}`;
}
var storeOf = (policy, ctx) => policy.kv ? ctx.kv?.(policy.kv.binding) : void 0;
function storesOf(policies, ctx) {
  const bindings = new Set([...policies].flatMap(({ kv }) => kv?.binding ?? []));
  return [...bindings].flatMap((binding) => ctx.kv?.(binding) ?? []);
}
function kvTier() {
  const writes2 = /* @__PURE__ */ new Map();
  return {
    name: "kv",
    markers: kvMarkers(),
    isUsedBy: (policy) => policy.kv !== null,
    async read(key, policy, ctx) {
      const bytes = await storeOf(policy, ctx)?.get(nameOf2(key));
      const found = bytes ? unpack(bytes) : void 0;
      return found?.value.key === key ? found : void 0;
    },
    write(value, body, policy, ctx) {
      const store = storeOf(policy, ctx);
      const now = ctx.now();
      const name = nameOf2(value.key);
      if (!store || now - (writes2.get(name) ?? -Infinity) < WRITE_MS) return void 0;
      if (isStream(body)) return void 0;
      let bytes = new ArrayBuffer(0);
      const placement = placeInKv(value, policy, ctx, (copy) => {
        bytes = pack(copy, body);
        return bytes.byteLength;
      });
      if (!placement.keep) return void 0;
      if (writes2.size >= MAX_WRITES) writes2.clear();
      writes2.set(name, now);
      return store.put(name, bytes, { expirationTtl: placement.retention });
    },
    remove(key, policy, ctx) {
      const name = nameOf2(key);
      writes2.delete(name);
      return storeOf(policy, ctx)?.delete(name);
    }
  };
}
function kvMarkers() {
  const seen = /* @__PURE__ */ new Set();
  let looked = -Infinity;
  return {
    place: "kv",
    refresh(policies, ctx, add2) {
      const stores = storesOf(policies, ctx);
      const since = ctx.now() - looked;
      if (stores.length === 0 || since < AHEAD_MS) return [];
      looked = ctx.now();
      const work = stores.map((store) => readMarkers(store, looked, seen, add2));
      if (since >= KV_CHECK_MS) return work;
      for (const one of work) ctx.waitUntil(attempt(ctx, "Purge markers could not be read", one, void 0));
      return [];
    },
    publish: (markers2, policies, ctx) => storesOf(policies, ctx).map(async (store) => {
      if (!store.list) return 0;
      const name = markerName(markers2, ctx);
      seen.add(name);
      await writeMarkers(store, name, markers2);
      return markers2.length;
    }),
    visibleWithinMs(policies, ctx) {
      const stores = storesOf(policies, ctx);
      return stores.length > 0 && stores.every((store) => store.list) ? PROPAGATION_MS + KV_CHECK_MS : void 0;
    }
  };
}
function markerName(markers2, ctx) {
  const left = String(LAST_MS - (markers2[0]?.time ?? 0)).padStart(13, "0");
  return `${MARKERS}${left}:${Math.floor(ctx.random() * 1e15).toString(36)}`;
}
var timeOf = (name) => LAST_MS - Number.parseInt(name.slice(MARKERS.length), 10);
async function writeMarkers(store, name, markers2) {
  const bytes = new TextEncoder().encode(JSON.stringify(markers2));
  await store.put(name, bytes.buffer, {
    expirationTtl: MAX_RETENTION_S + DAY_S,
    // Given by the list itself, so that a new isolate reads them with one look, not with one for each.
    ...bytes.length <= METADATA_BYTES && { metadata: { markers: markers2 } }
  });
}
async function readMarkers(store, now, seen, add2) {
  const listed = await store.list?.(MARKERS) ?? [];
  const older = listed[MOST_KEYS];
  if (older && !seen.has(older.name)) {
    seen.add(older.name);
    const time = timeOf(older.name);
    if (time <= now) add2([{ type: "everything", value: "", time, soft: false }]);
  }
  for (const key of listed.slice(0, MOST_KEYS)) {
    if (seen.has(key.name)) continue;
    const markers2 = await markersOf(store, key);
    if (!markers2) continue;
    seen.add(key.name);
    add2(markers2);
  }
}
async function markersOf(store, { name, metadata }) {
  const listed = (metadata ?? {}).markers;
  if (listed) return listed;
  const bytes = await store.get(name);
  return bytes ? JSON.parse(new TextDecoder().decode(bytes)) : void 0;
}

// src/core/cache/memory.ts
var Queue = class extends Map {
  bytes = 0;
  /** What is there already keeps its place. */
  set(key, node) {
    this.bytes += node.size - (this.get(key)?.size ?? 0);
    return super.set(key, node);
  }
  delete(key) {
    this.bytes -= this.get(key)?.size ?? 0;
    return super.delete(key);
  }
  /** Takes out what has been in it for the longest time. */
  shift() {
    for (const oldest of this) {
      this.delete(oldest[0]);
      return oldest;
    }
    return void 0;
  }
};
var SMALL_PART = 0.1;
var MAX_USES = 3;
var USES_TO_STAY = 2;
var MAX_GHOSTS = 65536;
function createMemory() {
  const small = new Queue();
  const main = new Queue();
  const ghosts = new Queue();
  let maxBytes = 0;
  const evictNewcomer = () => {
    const oldest = small.shift();
    if (!oldest) return;
    const [key, node] = oldest;
    if (node.uses >= USES_TO_STAY) {
      main.set(key, { ...node, uses: 0 });
      return;
    }
    ghosts.set(key, { value: void 0, size: node.size, uses: 0 });
    while (ghosts.bytes > maxBytes || ghosts.size > MAX_GHOSTS) ghosts.shift();
  };
  const evictFromMain = () => {
    const oldest = main.shift();
    if (!oldest) return;
    const [key, node] = oldest;
    if (node.uses > 0) main.set(key, { ...node, uses: node.uses - 1 });
  };
  return {
    get(key) {
      const node = main.get(key) ?? small.get(key);
      if (node && node.uses < MAX_USES) node.uses++;
      return node?.value;
    },
    set(key, value, size, room) {
      maxBytes = Math.max(maxBytes, room);
      const known3 = [main, small].find((queue) => queue.has(key));
      if (!known3 && size > maxBytes) return;
      const target = known3 ?? (ghosts.delete(key) ? main : small);
      target.set(key, { value, size, uses: target.get(key)?.uses ?? 0 });
      while (small.bytes + main.bytes > maxBytes) {
        if (small.bytes > maxBytes * SMALL_PART || main.size === 0) evictNewcomer();
        else evictFromMain();
      }
    },
    delete(key) {
      main.delete(key);
      small.delete(key);
    },
    all: () => [...main, ...small],
    stats: () => ({ entries: small.size + main.size, bytes: small.bytes + main.bytes })
  };
}
function memoryTier() {
  const memory = createMemory();
  return {
    get: memory.get,
    delete: memory.delete,
    stats: memory.stats,
    put(value, body, policy, ctx, lifetime = Infinity) {
      if (!policy.memory) return;
      const bytes = body?.byteLength ?? 0;
      const placement = placeInMemory(value, bytes, policy, ctx, lifetime);
      if (!placement.keep) return memory.delete(value.key);
      const isShared = policy.edge !== null || policy.kv !== null;
      const validUntil = isShared ? ctx.now() + placement.retention * 1e3 : Infinity;
      const size = bytes + weightOf(value);
      memory.set(value.key, copyOf(placement.copy, body, validUntil), size, policy.memory.max_bytes);
    },
    copies: () => memory.all().map(([, { value }]) => value)
  };
}

// src/core/cache/decide/origin-freshness.ts
var HEURISTICALLY_CACHEABLE = /* @__PURE__ */ new Set([
  200,
  203,
  204,
  206,
  300,
  301,
  308,
  404,
  405,
  410,
  414,
  501
]);
var HEURISTIC_PART = 0.1;
var HEURISTIC_MOST_S = 86400;
function freshnessLifetime(directives2, targeted, status2, headers, responseTime) {
  const stated = explicitLifetime(directives2, targeted, headers, responseTime);
  if (stated !== void 0) return { seconds: stated, explicit: true };
  const date = dateOf(headers, responseTime);
  const modified = parseDate(headers.get("last-modified"), responseTime);
  const mayGuess = HEURISTICALLY_CACHEABLE.has(status2) || directives2.has("public");
  if (modified === void 0 || modified > date || !mayGuess) return { seconds: 0, explicit: false };
  const guessed = Math.floor((date - modified) / 1e3 * HEURISTIC_PART);
  return { seconds: Math.min(guessed, HEURISTIC_MOST_S), explicit: false };
}
var SHARED_IN_SPITE_OF_CREDENTIALS = ["public", "s-maxage", "must-revalidate"];
var decideOriginFreshness = (exchange2, policy, { directives: directives2, targeted, initialAge }) => {
  const { method, status: status2, headers, responseTime, requestHeaders } = exchange2;
  if (policy.mode === "bypass") return "bypass";
  const lifetime = freshnessLifetime(directives2, targeted, status2, headers, responseTime);
  const shared2 = SHARED_IN_SPITE_OF_CREDENTIALS.some((name) => directives2.has(name));
  if (!shared2 && isAuthorised(requestHeaders, policy)) return "authorization";
  if (method === "POST" && !lifetime.explicit) return "method";
  const cacheable = directives2.has("public") || directives2.has("private") || HEURISTICALLY_CACHEABLE.has(status2);
  if (!lifetime.explicit && !cacheable) return "status";
  const ttl = Math.min(lifetime.seconds, policy.edge_ttl_s ?? lifetime.seconds);
  const noCache = isUnqualified(directives2, "no-cache") || !lifetime.explicit && hasPragmaNoCache(headers);
  const hasValidator = headers.get("etag") !== null || headers.get("last-modified") !== null;
  if ((noCache || ttl <= 0) && !hasValidator) return "no-freshness";
  const neverStale = directives2.has("must-revalidate") || directives2.has("proxy-revalidate");
  const window = (name, ceiling) => neverStale ? 0 : Math.min(deltaSecondsOf(directives2, name) ?? 0, ceiling || Infinity);
  return {
    remaining: ttl - initialAge,
    staleWhileRevalidate: window("stale-while-revalidate", policy.stale_while_revalidate_s),
    staleIfError: window("stale-if-error", policy.stale_if_error_s),
    // s-maxage stands for proxy-revalidate too, but leaves the windows that the same response grants (RFC 5861).
    mustRevalidate: neverStale || directives2.has("s-maxage"),
    noCache
  };
};
function hasPragmaNoCache(headers) {
  return /(^|,)\s*no-cache\s*(,|$)/i.test(headers.get("pragma") ?? "");
}
function limitMaxAge(headers, most) {
  const field = headers.get("cache-control");
  if (field === null || (deltaSecondsOf(parseCacheControl(field), "max-age") ?? 0) <= most) return;
  headers.set("cache-control", field.replace(/(^|[\s,])max-age\s*=\s*"?\d+"?/i, `$1max-age=${most}`));
}

// src/core/cache/decide/parts.ts
var CONTENT_RANGE = /^bytes (?<start>\d+)-(?<end>\d+)\/(?<total>\d+)$/i;
function parseContentRange(field) {
  const found = CONTENT_RANGE.exec(field?.trim() ?? "")?.groups;
  if (!found) return void 0;
  const [start2, end2, total] = [Number(found.start), Number(found.end), Number(found.total)];
  return start2 <= end2 && end2 < total ? { start: start2, end: end2, total } : void 0;
}
var lengthOf = ({ start: start2, end: end2 }) => end2 - start2 + 1;
function partAnswers({ range: part, ...stored }, { range, headers }, now) {
  const wanted = part && parseRange(range, part.total);
  if (!part || !wanted || wanted === "unsatisfiable") return false;
  return rangeApplies(headers, fieldsOf(stored), now) && wanted.start >= part.start && wanted.end <= part.end;
}
function partOf2(headers, length) {
  const range = parseContentRange(headers.get("content-range"));
  return range && (length === void 0 || length === lengthOf(range)) ? range : void 0;
}
function requestForRest(stored) {
  const part = stored.range;
  const tag = header(stored, "etag");
  return part?.start === 0 && isStrong(tag) ? { part, range: `bytes=${part.end + 1}-`, ifRange: tag } : void 0;
}
var isOfAnotherVersion = (stored, part, status2, headers) => status2 === 416 || status2 === 206 && !isTheRest(stored, part, headers);
function isTheRest(stored, part, headers) {
  const rest = parseContentRange(headers.get("content-range"));
  return rest !== void 0 && rest.start === part.end + 1 && rest.end === rest.total - 1 && rest.total === part.total && headers.get("etag") === header(stored, "etag");
}
function headersOfWhole(stored, part, fresh) {
  const updated = updatedHeaders(stored, fresh);
  updated.delete("content-range");
  updated.set("content-length", String(part.total));
  return updated;
}
function areCombinable(one, other) {
  const tag = header(other, "etag");
  const touch = one.range && other.range && one.range.total === other.range.total && one.range.start <= other.range.end + 1 && other.range.start <= one.range.end + 1;
  return touch === true && isStrong(tag) && tag === header(one, "etag");
}
var unionOf = (one, other) => ({
  start: Math.min(one.start, other.start),
  end: Math.max(one.end, other.end),
  total: one.total
});
function withRange(stored, range) {
  const length = lengthOf(range);
  const isWhole = length === range.total;
  return { ...stored, length, ...isWhole ? { range: void 0, status: 200 } : { range } };
}

// src/core/cache/decide/request-directives.ts
function requestDirectives(headers) {
  const field = headers.get("cache-control");
  if (field === null) {
    const pragma = headers.get("pragma");
    return pragma !== null && parseCacheControl(pragma).has("no-cache") ? { noCache: true } : void 0;
  }
  const directives2 = parseCacheControl(field);
  return {
    noCache: directives2.has("no-cache"),
    noStore: directives2.has("no-store"),
    onlyIfCached: directives2.has("only-if-cached"),
    maxAge: deltaSecondsOf(directives2, "max-age"),
    minFresh: deltaSecondsOf(directives2, "min-fresh"),
    maxStale: directives2.get("max-stale") === true ? Infinity : deltaSecondsOf(directives2, "max-stale")
  };
}
function decideReuseFor(stored, request, now, markedStale) {
  const { maxAge, minFresh, maxStale } = request;
  if (request.noCache) return { use: "validate", reason: "request-no-cache" };
  if (maxAge !== void 0 && currentAge(stored, now) > maxAge) return { use: "validate", reason: "request-max-age" };
  const decision2 = decideReuse(stored, now, markedStale);
  const freshness2 = (stored.copyFreshUntil - now) / 1e3;
  if (minFresh !== void 0) {
    const freshEnough = decision2.use === "serve" && freshness2 >= minFresh;
    return freshEnough ? decision2 : { use: "validate", reason: "request-min-fresh" };
  }
  const takesStale = maxStale !== void 0 && -freshness2 <= maxStale;
  const mayServeStale2 = !markedStale && !stored.mustRevalidate && !stored.noCache;
  return decision2.use === "validate" && takesStale && mayServeStale2 ? SERVE_MAX_STALE : decision2;
}

// src/core/cache/invalidated.ts
function invalidatedBy(url, status2, headers) {
  if (status2 < 200 || status2 > 399) return [];
  const urls = [url];
  for (const name of ["location", "content-location"]) {
    const value = headers.get(name);
    if (value === null) continue;
    try {
      const target = new URL(value, url);
      if (target.origin === new URL(url).origin && !urls.includes(target.href)) urls.push(target.href);
    } catch {
    }
  }
  return urls;
}

// src/core/cache/partial.ts
var completion = (selected, headers) => {
  const stored = selected?.stored;
  const rest = stored && requestForRest(stored);
  const first = selected?.body;
  if (!rest || !(first instanceof ArrayBuffer)) return void 0;
  headers.set("range", rest.range);
  headers.set("if-range", rest.ifRange);
  return {
    isOfAnotherVersion: ({ status: status2, headers: given }) => isOfAnotherVersion(stored, rest.part, status2, given),
    whole: (response, bytes) => ({
      headers: headersOfWhole(stored, rest.part, response.headers),
      body: concat(first, bytes)
    })
  };
};
var combine = (selected, stored, bytes) => {
  const { range } = stored;
  if (!range || bytes.byteLength !== lengthOf(range)) return void 0;
  const old = selected?.stored.range;
  const oldBytes = selected?.body;
  if (!old || !(oldBytes instanceof ArrayBuffer) || !areCombinable(selected.stored, stored)) {
    return { stored: withRange(stored, range), body: bytes };
  }
  const both = unionOf(old, range);
  return { stored: withRange(stored, both), body: joined2(both, old, oldBytes, range, bytes) };
};
function joined2(both, old, oldBytes, range, bytes) {
  const body = new Uint8Array(lengthOf(both));
  body.set(new Uint8Array(oldBytes), old.start - both.start);
  body.set(new Uint8Array(bytes), range.start - both.start);
  return body.buffer;
}

// src/core/cache/remove.ts
async function remove2(core, key, policy, ctx) {
  core.memory?.delete(key);
  changed(core, key);
  await Promise.all(
    core.remoteTiers.map(
      (tier) => attempt(ctx, "An entry could not be removed", Promise.resolve(tier.remove(key, policy, ctx)), void 0)
    )
  );
  changed(core, key);
}

// src/core/cache/targeted.ts
var directivesFor = (headers, fields) => {
  for (const name of fields) {
    const directives2 = parseTargeted(headers.get(name));
    if (directives2) return { directives: directives2, targeted: true };
  }
  return { directives: parseCacheControl(headers.get("cache-control")), targeted: false };
};
var INTEGER = String.raw`-?\d{1,15}(?![\d.])`;
var DECIMAL = String.raw`-?\d{1,12}\.\d{1,3}(?![\d.])`;
var STRING = String.raw`"(?:[ !#-[\]-~]|\\["\\])*"`;
var SF_TOKEN = String.raw`[A-Za-z*][!#$%&'*+.^_\`|~\w:/-]*`;
var BYTE_SEQUENCE = String.raw`:[\w+/=]*:`;
var BOOLEAN = String.raw`\?[01]`;
var DATE = `@${INTEGER}`;
var DISPLAY_STRING = `%"(?:[ !#$&-~]|%[0-9a-f]{2})*"`;
var BARE_ITEM = `(?:${[DECIMAL, INTEGER, STRING, SF_TOKEN, BYTE_SEQUENCE, BOOLEAN, DATE, DISPLAY_STRING].join("|")})`;
var KEY = "[a-z*][a-z0-9_.*-]*";
var PARAMETERS = `(?:; *${KEY}(?:=${BARE_ITEM})?)*`;
var ITEM = BARE_ITEM + PARAMETERS;
var INNER_LIST = String.raw`\( *(?:${ITEM}(?: +${ITEM})*)? *\)`;
var MEMBER = new RegExp(
  String.raw`(?<key>${KEY})(?:=(?<value>${BARE_ITEM}|${INNER_LIST}))?${PARAMETERS}[ \t]*(?<comma>,)?[ \t]*`,
  "y"
);
var TRUE = "?1";
function parseTargeted(field) {
  const text = (field ?? "").replace(/^ +| +$/g, "");
  const directives2 = /* @__PURE__ */ new Map();
  let end2 = 0;
  let more = true;
  while (more) {
    MEMBER.lastIndex = end2;
    const member = MEMBER.exec(text);
    if (!member?.groups) return void 0;
    end2 = MEMBER.lastIndex;
    const { key = "", value = TRUE, comma } = member.groups;
    more = comma !== void 0;
    if (more !== end2 < text.length) return void 0;
    const argument = argumentOf(key, value);
    if (argument === void 0) directives2.delete(key);
    else directives2.set(key, argument);
  }
  return directives2.size > 0 ? directives2 : void 0;
}
function argumentOf(key, value) {
  if (value === TRUE) return true;
  if (/^\d+$/.test(value)) return String(deltaSeconds(value));
  const isQualified = value.startsWith('"') && (key === "private" || key === "no-cache");
  return isQualified ? value.slice(1, -1) : void 0;
}

// src/core/cache/origin-mode.ts
var originMode = {
  readDirectives: directivesFor,
  decideFreshness: decideOriginFreshness,
  decideReuse: decideReuseFor,
  requestDirectives,
  limitMaxAge,
  partOf: partOf2,
  covers: (stored, query) => partAnswers(stored, query, query.ctx.now()),
  completion,
  combine,
  head,
  gatewayTimeout({ core, ctx }) {
    const outcome = { kind: "forwarded", forward: "request" };
    const headers = labelled(core, new Headers({ "cache-control": "no-store" }), outcome, ctx);
    return new Response(null, { status: 504, headers });
  },
  posted(core, { method, headers, url }, response, policy, ctx) {
    const place = response.headers.get("content-location");
    if (method !== "POST" || policy.mode !== "origin" || response.status !== 200 || place === null) return void 0;
    const isOfThisUrl = invalidatedBy(url, 200, new Headers({ location: place })).length === 1;
    if (!isOfThisUrl) return void 0;
    const post = new Request(url, { method, headers });
    const query = new RequestQuery(
      core,
      post,
      policy,
      ctx,
      async () => response,
      () => post
    );
    return lead(query, { decision: NOTHING_STORED, storageKey: query.key }, { forward: "method" });
  }
};
async function head(query, found) {
  const { core, ctx, policy } = query;
  const forward2 = forwardReason({ selecting: found.selecting, ...found.selected && { selected: { stored: {} } } });
  let response;
  try {
    response = await query.origin(originRequest(query));
  } catch (error) {
    const stale2 = staleInstead(query, found, "disconnected", { forward: "stale", reason: "origin-failed" });
    if (stale2) return stale2;
    throw error;
  }
  const { status: status2, statusText } = response;
  const stale = isHiddenError(status2) ? staleInstead(query, found, "error", { forward: "stale", reason: "stale-if-error" }) : void 0;
  if (stale) return stale;
  learnFromHead(query, found, response);
  const headers = new Headers(response.headers);
  if (canBeRemade(response) && decideStorageFor(query, status2, headers, ctx.now()).store) {
    toClient(core, headers, status2, policy, parseAge(headers.get("age")));
  }
  labelled(core, headers, { kind: "forwarded", forward: forward2 }, ctx);
  return makeResponse(status2, headers, null, true, statusText);
}
function learnFromHead({ core, ctx, policy, request }, found, response) {
  const { selected } = found;
  if (!selected || response.status !== 200 || selected.stored.range) {
    discard2(selected?.body);
    return;
  }
  if (!agrees(selected.stored, response.headers)) {
    discard2(selected.body);
    ctx.waitUntil(remove2(core, selected.stored.key, policy, ctx));
    return;
  }
  const confirmation = new Response(null, { status: 304, headers: response.headers });
  const get2 = new Request(request.url, request);
  const query = new RequestQuery(
    core,
    get2,
    policy,
    ctx,
    async () => confirmation,
    () => get2
  );
  const work = lead(query, found, { forward: "stale", inBackground: true, confirmed: true });
  ctx.waitUntil(work.catch(() => {
  }));
}

// src/core/cache/front-tag.ts
var frontTag = (url) => `url-${shortHash(url.slice(url.indexOf("/", 8))).slice(1)}`;

// src/core/cache/platform.ts
function toPlatform(headers, ttl, stored, field = "cdn-cache-control") {
  const parts = ["public", `max-age=${Math.max(0, Math.floor(ttl))}`];
  if (stored.noCache) parts.push("no-cache");
  if (stored.mustRevalidate) parts.push("must-revalidate");
  if (stored.staleWhileRevalidate > 0) parts.push(`stale-while-revalidate=${stored.staleWhileRevalidate}`);
  parts.push(`stale-if-error=${stored.staleIfError}`);
  headers.set(field, parts.join(", "));
  headers.set("cache-tag", [...stored.tags, frontTag(stored.url)].join(","));
}

// src/core/cache/decide/purged.ts
var MAX_MARKERS = 1e3;
var nameOf3 = ({ soft, type, value }) => `${soft ? "mark-stale" : "remove"} ${type} ${value}`;
var EVERYTHING = { type: "everything", value: "", soft: false };
var REMOVES_EVERYTHING = nameOf3(EVERYTHING);
var MarkerSet = class {
  /** Grows with each change, so that what was held against one state need not be again. */
  version = 0;
  #markers = /* @__PURE__ */ new Map();
  add(markers2) {
    for (const marker of markers2) this.#addOne(marker);
  }
  /** Whether this very one is known, and no later one stands for it. */
  has(marker) {
    return this.#markers.get(nameOf3(marker)) === marker;
  }
  all() {
    return [...this.#markers.values()];
  }
  #addOne(marker) {
    const known3 = this.#markers;
    const name = nameOf3(marker);
    if (this.#lastTime(name) >= marker.time) return;
    known3.set(name, marker);
    this.version++;
    if (known3.size > MAX_MARKERS) this.#addOne({ ...EVERYTHING, time: this.#medianTime() });
    if (name !== REMOVES_EVERYTHING) return;
    for (const [other, { time }] of known3) if (other !== name && time <= marker.time) known3.delete(other);
  }
  /** When what a marker names was purged last, by its own name or with everything. */
  #lastTime(name) {
    const last = this.#markers.get(name)?.time ?? -Infinity;
    return Math.max(last, this.#markers.get(REMOVES_EVERYTHING)?.time ?? -Infinity);
  }
  #medianTime() {
    const times = Array.from(this.#markers.values(), ({ time }) => time).sort((a, b) => a - b);
    return times[Math.floor(times.length / 2)] ?? -Infinity;
  }
  verdictFor(target) {
    let verdict;
    for (const marker of this.#markers.values()) {
      const isLater = (target.originRequestTime ?? target.requestTime) > marker.time;
      if (isLater || !covers2(marker, target)) continue;
      if (!marker.soft) return "removed";
      verdict = "stale";
    }
    return verdict;
  }
};
var targetOf2 = (value) => value.kind === "response" ? value : { ...value, requestTime: value.validFrom, tags: [] };
function covers2({ type, value }, { key, url, tags }) {
  if (type === "tag") return tags.includes(value);
  if (type === "everything") return true;
  const shared2 = key.includes("://*/");
  const own3 = shared2 ? hostless(schemeless(url)) : schemeless(url);
  const wanted = normalizeEscapes(shared2 ? hostless(value) : value);
  const plain2 = normalizeEscapes(own3);
  if (type === "url") return plain2 === wanted;
  const path = plain2.split("?", 1)[0];
  const target = shared2 || wanted.startsWith("//") ? path : hostless(path);
  return target === wanted || target.startsWith(wanted.endsWith("/") ? wanted : `${wanted}/`);
}
var hostless = (text) => text.startsWith("//") ? text.slice(text.indexOf("/", 2)) : text;
function schemeless(url) {
  return url.slice(url.indexOf("//"));
}
var formsOf = (url, policies) => [
  new URL(url).href,
  ...Array.from(policies, (policy) => normaliseUrl(url, policy))
];
function markersOf2(request, time, forms) {
  const { everything, urls = [], prefixes = [], tags = [], soft = false } = request;
  const of = (type, values2) => Array.from(values2, (value) => ({ type, value, time, soft }));
  return [
    ...of("everything", everything ? [""] : []),
    ...of("url", new Set(urls.flatMap(forms).map(schemeless))),
    ...of("prefix", prefixes.map(prefixOf)),
    ...of("tag", tags)
  ];
}
function prefixOf(prefix) {
  const bare = prefix.startsWith("/");
  const { host, pathname } = new URL(bare ? `http://any${prefix}` : prefix);
  return (bare ? "" : `//${host}`) + normalizeEscapes(pathname);
}

// src/core/cache/purge.ts
var EDGE_URL = `${INTERNAL}purges`;
var DAY_S2 = 86400;
var OWN_MS = 6e4;
var FIRST_MS = 1e3;
var KnownPurges = class {
  constructor(checkMs, remote, policies) {
    this.checkMs = checkMs;
    this.remote = remote;
    this.policies = policies;
  }
  checkMs;
  remote;
  policies;
  #known = new MarkerSet();
  /** What was published here not long ago: another isolate may have written over it in the data centre's cache. */
  #own = [];
  #read = -Infinity;
  /** Whether the markers have been read once, and the first look while it is under way. */
  #knows = false;
  #first;
  due(now) {
    return !this.#knows || now - this.#read >= this.checkMs;
  }
  async refresh(ctx) {
    if (this.#first && await within(this.#first, FIRST_MS) !== "timeout") return;
    const work = this.#look(ctx);
    if (!this.#knows) this.#first ??= work;
    await work;
    this.#knows = true;
    this.#first = void 0;
  }
  async #look(ctx) {
    this.#read = ctx.now();
    const add2 = (markers2) => this.add(markers2);
    const work = this.remote.flatMap(({ markers: markers2 }) => markers2?.refresh(this.policies, ctx, add2) ?? []);
    work.push(this.#readEdge(ctx));
    await Promise.all(work.map((one) => attempt(ctx, "Purge markers could not be read", one, void 0)));
  }
  async #readEdge(ctx) {
    const response = await ctx.edgeCache?.match(EDGE_URL);
    const found = response ? await response.json() : [];
    this.add(found);
    this.#own = this.#own.filter(({ time }) => ctx.now() - time < OWN_MS);
    if (this.#own.length === 0) return;
    const there = new Map(found.map((marker) => [nameOf3(marker), marker.time]));
    const lost2 = this.#own.some((marker) => {
      return this.#known.has(marker) && (there.get(nameOf3(marker)) ?? -1) < marker.time;
    });
    if (lost2) await this.#writeEdge(ctx);
  }
  async #writeEdge({ edgeCache }) {
    const headers = {
      "content-type": "application/json",
      "cache-control": `public, max-age=${MAX_RETENTION_S + DAY_S2}`
    };
    await edgeCache?.put(EDGE_URL, new Response(JSON.stringify(this.markers), { headers }));
  }
  add(markers2) {
    this.#known.add(markers2);
  }
  async publish(markers2, ctx) {
    this.add(markers2);
    const edge = async () => {
      if (!ctx.edgeCache) return 0;
      await this.#readEdge(ctx);
      await this.#writeEdge(ctx);
      this.#own = [...this.#own, ...markers2];
      return markers2.length;
    };
    const counts = { edge: 0, kv: 0, shield: 0 };
    const count = async (place, work2) => {
      const taken = await attempt(ctx, "A purge marker could not be written", work2, 0);
      counts[place] += taken;
    };
    const work = [count("edge", edge())];
    for (const { markers: channel } of this.remote) {
      if (!channel) continue;
      for (const taken of channel.publish(markers2, this.policies, ctx)) work.push(count(channel.place, taken));
    }
    await Promise.all(work);
    return counts;
  }
  invalidate(urls, ctx) {
    return this.publish(
      markersOf2({ urls }, ctx.now(), (url) => [url]),
      ctx
    );
  }
  visibleWithinMs(ctx) {
    for (const { markers: markers2 } of this.remote) {
      const ms = markers2?.visibleWithinMs(this.policies, ctx);
      if (ms !== void 0) return ms;
    }
    return this.checkMs;
  }
  get markers() {
    return this.#known.all();
  }
  verdictOn(copy) {
    const { version } = this.#known;
    if (copy.purge?.version === version) return copy.purge.verdict;
    const verdict = this.verdictFor(targetOf2(copy.value));
    copy.purge = { version, verdict };
    copy.prepared = void 0;
    return verdict;
  }
  verdictFor(target) {
    return this.#known.verdictFor(target);
  }
};
async function purge(core, request, ctx) {
  const { policies, memory, purges } = core;
  if (!purges) throw new Error("This cache takes no purges: it was made without that part.");
  const markers2 = markersOf2(request, ctx.now(), (url) => formsOf(url, policies));
  const taken = await purges.publish(markers2, ctx);
  let count = 0;
  for (const copy of memory?.copies() ?? []) {
    const before = copy.purge?.verdict;
    const verdict = purges.verdictOn(copy);
    if (copy.value.kind === "response" && verdict && verdict !== before) count++;
    if (verdict === "removed") memory?.delete(copy.value.key);
  }
  return { memory: count, ...taken, visibleWithinMs: purges.visibleWithinMs(ctx) };
}

// src/core/cache/shield.ts
var SHIELD_HEADER = "x-edgewright-shield";
var REPORT_HEADER = "x-edgewright-shield-report";
var OWN_URL = "https://shield.edgewright.invalid/";
var SHIELD_CHECK_MS = 3e4;
var AHEAD_MS2 = 2e4;
var writeCall = (call2) => encodeURIComponent(JSON.stringify(call2));
function readReport(text) {
  const [hit, originRequestTime, responseTime, initialAge, freshUntil, ...more] = (text ?? "").split(" ").map(Number);
  if (!isTime(originRequestTime) || !isTime(responseTime) || !isTime(initialAge) || !isTime(freshUntil))
    return void 0;
  if (more.length > 0) return void 0;
  const times = { originRequestTime, responseTime, initialAge, freshUntil, copyFreshUntil: freshUntil };
  return { hit: hit === 1, times };
}
var isTime = (value) => Number.isFinite(value);
var nameOf4 = ({ location, shards }, shard) => `${location ?? "nearest"}/${shards}/${shard}`;
var objectOf = (place, shard, ctx) => ctx.shield?.(place.class_name, nameOf4(place, shard), place.location ?? void 0);
function shardOf(text, shards) {
  let hash = 2166136261;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 16777619);
  return (hash >>> 0) % shards;
}
var sharedPart = (url, { host }) => host ? url : url.slice(url.indexOf("/", 8));
async function call(object, what, body) {
  const headers = { [SHIELD_HEADER]: writeCall(what), "content-type": "application/json" };
  const answer2 = await object.fetch(
    new Request(OWN_URL, { method: "POST", headers, body: JSON.stringify(body ?? null) })
  );
  if (answer2.headers.get(SHIELD_HEADER) === "answered") return answer2;
  await answer2.body?.cancel();
  throw new Error(`the shield answered ${answer2.status}`);
}
function objectsOf(policies, ctx) {
  const objects = /* @__PURE__ */ new Map();
  for (const { shield: place } of policies) {
    for (let shard = 0; place && shard < place.shards; shard++) {
      const name = `${place.class_name} ${nameOf4(place, shard)}`;
      if (!objects.has(name)) objects.set(name, objectOf(place, shard, ctx));
    }
  }
  return [...objects.values()].filter((object) => object !== void 0);
}
async function everywhere(policies, ctx, what, body) {
  const objects = objectsOf(policies, ctx);
  await Promise.all(objects.map(async (object) => (await call(object, what, body)).body?.cancel()));
  return objects.length;
}
function markers() {
  let looked = -Infinity;
  return {
    place: "shield",
    refresh(policies, ctx, add2) {
      const since = ctx.now() - looked;
      const [object] = objectsOf(policies, ctx);
      if (!object || since < AHEAD_MS2) return [];
      looked = ctx.now();
      const look = async () => add2(await (await call(object, { do: "markers" })).json());
      if (since >= SHIELD_CHECK_MS) return [look()];
      ctx.waitUntil(attempt(ctx, "Purge markers could not be read", look(), void 0));
      return [];
    },
    publish: (added, policies, ctx) => [everywhere(policies, ctx, { do: "mark" }, added)],
    visibleWithinMs: (policies, ctx) => objectsOf(policies, ctx).length > 0 ? SHIELD_CHECK_MS : void 0
  };
}
function shield() {
  const reports = /* @__PURE__ */ new WeakMap();
  return {
    before: (origin, policy, ctx) => async (request) => {
      const place = policy.shield;
      const object = objectOf(place, shardOf(sharedPart(request.url, policy), place.shards), ctx);
      if (!object) return origin(request);
      const copy = new Request(request);
      copy.headers.set(SHIELD_HEADER, writeCall({ do: "answer", client: ctx.client }));
      const init = ctx.rawBodies ? { encodeResponseBody: "manual" } : {};
      let answer2;
      try {
        answer2 = await object.fetch(copy, init);
      } catch (error) {
        ctx.warn?.(`The shield could not be reached: ${error}`);
        return origin(request);
      }
      const outcome = answer2.headers.get(SHIELD_HEADER);
      if (outcome === "failed") throw new Problem(await answer2.json());
      if (outcome !== "answered") {
        ctx.warn?.(`The shield did not answer: ${answer2.status}`);
        await answer2.body?.cancel();
        return origin(request);
      }
      const own3 = new Response(answer2.body, answer2);
      const report = readReport(own3.headers.get(REPORT_HEADER));
      for (const name of [SHIELD_HEADER, REPORT_HEADER]) own3.headers.delete(name);
      if (report) reports.set(own3, report);
      return own3;
    },
    reportOn: (response) => reports.get(response),
    invalidate: (urls, policies, ctx) => urls.length === 0 ? Promise.resolve() : attempt(
      ctx,
      "The shield could not be told of a write",
      everywhere(policies, ctx, { do: "invalidate" }, urls),
      0
    ),
    markers: markers()
  };
}

// src/core/methods.ts
function isSafe(method) {
  return ["GET", "HEAD", "OPTIONS", "TRACE"].includes(method);
}

// src/core/cache/writes.ts
var writes = async (core, request, response, ctx) => {
  const urls = isSafe(request.method) ? [] : invalidatedBy(request.url, response.status, response.headers);
  await core.shield?.invalidate(urls, core.policies, ctx);
  await invalidate(core, urls, ctx);
  const tags = /* @__PURE__ */ new Set();
  for (const policy of core.policies) {
    if (policy.platform) for (const url of urls) tags.add(frontTag(policy.named(url).url));
  }
  if (tags.size > 0 && ctx.frontCache) {
    const purged = ctx.frontCache.purge({ tags: [...tags] }, false);
    await attempt(ctx, "The cache in front could not be told of a write", purged, void 0);
  }
};
async function invalidate(core, urls, ctx) {
  const work = [];
  const marked = /* @__PURE__ */ new Set();
  for (const policy of core.policies) {
    for (const url of urls) {
      const { url: normal, key } = policy.named(url);
      for (const flight of core.open) if (flight.url === normal) flight.invalidated = true;
      for (const [name, flight] of core.flights) if (flight.invalidated) core.flights.delete(name);
      if (!keyedByUrl(policy)) marked.add(normal);
      work.push(remove2(core, key, policy, ctx));
    }
  }
  if (marked.size > 0) work.push(Promise.resolve(core.purges?.invalidate([...marked], ctx)));
  await Promise.all(work);
}

// src/core/cache/index.ts
var all = {
  memory: memoryTier,
  edge: edgeTier,
  kv: kvTier,
  origin: originMode,
  key: customKey,
  purge: (...given) => new KnownPurges(...given),
  writes,
  shield,
  platform: toPlatform,
  clean: forwardHeaders
};
var createCache = ({ policies = [], targetedFields, unstoredHeaders = [], ...options } = {}) => {
  const fields = targetedFields && { targetedFields: targetedFields.map((name) => name.toLowerCase()) };
  const unstored = { unstoredHeaders: [...OF_ONE_ANSWER, ...unstoredHeaders] };
  const core = coreOf(all, policies.map(complete), { ...options, ...fields, ...unstored });
  const cache = cacheOf(core);
  return {
    purge: (request, ctx) => purge(core, request, ctx),
    stats: () => core.memory?.stats() ?? { entries: 0, bytes: 0 },
    handle: (head2, spec, ctx, origin, whole) => cache.handle(head2, spec && complete(spec), ctx, origin, whole)
  };
};

// src/platforms/cloudfront/gateway/edge-cache.ts
var FRESHNESS = "cloudfront-cache-control";
var WHOLE = "x-edgewright-response";
var UPDATE = "x-edgewright-update";
var MAX_OBJECT_BYTES = 64 * 1024 * 1024;
var NOT_ORIGINS_FAULT = 520;
var NEVER = 'W/""';
var PASSED_ON = ["if-none-match", "if-modified-since", "if-range", "range", "if-match", "if-unmodified-since"];
var Alone = class extends Map {
  set(key, flight) {
    return flight.inBackground ? super.set(key, flight) : this;
  }
};
var EdgeCache = class {
  #core;
  #shared;
  #alone;
  #spec;
  #ctx;
  /** Keys whose origin failed while something stale could serve -> until when (ms) it is left alone. */
  #holds = /* @__PURE__ */ new Map();
  #work = /* @__PURE__ */ new Set();
  constructor(name, maxBytes, deps) {
    const spec = {
      name,
      mode: "origin",
      tiers: { memory: { max_bytes: maxBytes, max_object_bytes: Math.min(MAX_OBJECT_BYTES, maxBytes) } }
    };
    this.#spec = complete(spec);
    this.#ctx = {
      now: deps.now ?? Date.now,
      random: deps.random ?? Math.random,
      rawBodies: true,
      waitUntil: (work) => {
        const done = work.catch((error) => deps.log?.({ level: "warn", message: String(error), subject: name }));
        this.#work.add(done);
        void done.finally(() => this.#work.delete(done));
      },
      warn: (message) => deps.log?.({ level: "warn", message, subject: name })
    };
    [this.#core, this.#shared, this.#alone] = this.#create();
  }
  #create() {
    const options = { targetedFields: [FRESHNESS], hitForMissMs: 1e3, unstoredHeaders: [...OF_ONE_ANSWER] };
    const core = coreOf(all, [this.#spec], options);
    return [core, cacheOf(core), cacheOf({ ...core, flights: new Alone() })];
  }
  /** Forgets everything. What is under way still answers its requests, and is not kept. */
  clear() {
    [this.#core, this.#shared, this.#alone] = this.#create();
    this.#holds.clear();
  }
  /** Forgets what has one of these tags, and keeps nothing with one that is under way. */
  async forget(tags) {
    await purge(this.#core, { tags }, this.#ctx);
  }
  stats() {
    return this.#core.memory?.stats() ?? { entries: 0, bytes: 0 };
  }
  /** Waits for work behind responses: revalidation, bodies still coming in. */
  async settled() {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }
  /** @param collapsed whether it may wait for what another request of its key brings */
  async handle(key, request, collapsed, fetch) {
    const id = createHash("sha256").update(key).digest("base64url");
    const headers = [];
    for (const name of PASSED_ON) {
      const value = get(request.headers, name);
      if (value !== void 0) headers.push([name, value]);
    }
    const method = request.method === "HEAD" ? "HEAD" : "GET";
    let outcome;
    const context = {
      ...this.#ctx,
      settled: (settled) => {
        outcome = settled;
      }
    };
    const asked = new Request(`https://cloudfront.invalid/${id}`, { method, headers });
    const answer2 = await (collapsed ? this.#shared : this.#alone).handle(asked, this.#spec, context, async (wanted) => {
      if (wanted.headers.get("range") !== (get(request.headers, "range") ?? null)) {
        for (const name of ["range", "if-range"]) wanted.headers.delete(name);
      }
      const fetched = await this.#guarded(id, wanted, fetch);
      if (fetched.originStatus === 200 && wanted.headers.has("range")) asked.headers.set("if-range", NEVER);
      return toResponse(fetched, wanted.method);
    });
    return fromResponse(answer2, resultOf(outcome));
  }
  /** Leaves a failing origin alone for its error TTL while something stale serves. */
  async #guarded(id, wanted, fetch) {
    const now = this.#ctx.now();
    const hold = this.#holds.get(id);
    if (hold !== void 0 && hold.until > now) return hold.fetched();
    const fetched = await fetch({ method: wanted.method, headers: [...wanted.headers] });
    const { lifetime, originStatus, response } = fetched;
    if (originStatus >= 500 && lifetime.ttl !== void 0 && !(response.body instanceof Readable3)) {
      this.#holds.set(id, { until: now + lifetime.ttl * 1e3, fetched: () => fetched });
      if (this.#holds.size > 1e4) this.#holds.delete(this.#holds.keys().next().value);
    } else if (hold !== void 0) this.#holds.delete(id);
    return fetched;
  }
};
function ascii(value) {
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  );
}
var NULL_BODY2 = /* @__PURE__ */ new Set([204, 205, 304]);
function toResponse(fetched, method) {
  const { response, lifetime, originStatus } = fetched;
  const status2 = fetched.final ? NOT_ORIGINS_FAULT : originStatus;
  const stored = {
    s: response.status,
    d: response.statusDescription,
    h: pairsOf(response.headers),
    m: fetched.mark
  };
  const headers = new Headers();
  for (const name of ["etag", "last-modified", "content-length", "content-range", "content-type", "content-encoding"]) {
    const value = get(response.headers, name);
    if (value !== void 0) headers.set(name, value);
  }
  if (status2 === 304) headers.set(UPDATE, ascii(stored.h));
  else headers.set(WHOLE, ascii(stored));
  if (fetched.tags !== void 0 && fetched.tags.length > 0) headers.set("cache-tag", fetched.tags.join(","));
  const silent = status2 === 304 && !("cache-control" in response.headers || "expires" in response.headers);
  if (!silent) headers.set(FRESHNESS, freshness(lifetime));
  const bodyless2 = NULL_BODY2.has(status2) || method === "HEAD";
  if (bodyless2 && response.body instanceof Readable3) response.body.resume();
  const body = bodyless2 ? null : response.body instanceof Readable3 ? toWebStream(response.body) : response.body;
  return new Response(body ?? null, { status: status2, headers });
}
function freshness({ ttl, staleWhileRevalidate, staleIfError }) {
  if (ttl === void 0) return "no-store";
  const parts = [`max-age=${Math.floor(ttl)}`];
  if (staleWhileRevalidate > 0) parts.push(`stale-while-revalidate=${staleWhileRevalidate}`);
  parts.push(`stale-if-error=${staleIfError}`);
  return parts.join(", ");
}
var OF_MESSAGE = ["content-length", "content-range"];
function resultOf(outcome) {
  if (outcome !== void 0 && outcome.kind !== "forwarded") return "Hit";
  return outcome?.originStatus === 304 ? "RefreshHit" : "Miss";
}
async function fromResponse(answer2, result) {
  const whole = answer2.headers.get(WHOLE);
  const stored = whole === null ? { s: answer2.status, d: "", h: [], m: {} } : JSON.parse(whole);
  const headers = headersOf(stored.h);
  const update = answer2.headers.get(UPDATE);
  if (update !== null) merge(headers, headersOf(JSON.parse(update)));
  const joined3 = stored.s === 206 && answer2.status === 200;
  const changed2 = joined3 || answer2.status === 304 || answer2.status === 206 || answer2.status === 416;
  if (changed2) {
    const total = joined3 ? /\/(\d+)$/.exec(get(headers, "content-range")?.trim() ?? "")?.[1] : void 0;
    for (const name of OF_MESSAGE) delete headers[name];
    if (total !== void 0) setHeader(headers, "Content-Length", total);
    if (answer2.status === 304) for (const name of ["content-type", "content-encoding"]) delete headers[name];
  }
  for (const name of OF_MESSAGE) {
    const value = answer2.headers.get(name);
    if (value !== null) headers[name] = [{ key: name === "content-range" ? "Content-Range" : "Content-Length", value }];
  }
  const age = answer2.headers.get("age");
  return {
    response: {
      status: changed2 && stored.s < 400 ? answer2.status : stored.s,
      statusDescription: changed2 && stored.s < 400 ? STATUS_CODES[answer2.status] ?? "" : stored.d,
      headers,
      body: await bodyOf(answer2, result)
    },
    result,
    age: result === "Miss" ? void 0 : Number(age ?? 0),
    mark: stored.m
  };
}
function merge(headers, update) {
  for (const [name, fields] of Object.entries(update)) {
    if (!["content-length", "content-encoding", "content-range", "transfer-encoding"].includes(name))
      headers[name] = fields;
  }
}
async function bodyOf(answer2, result) {
  if (answer2.body === null) return void 0;
  if (result === "Hit") return new Uint8Array(await answer2.arrayBuffer());
  return Readable3.fromWeb(answer2.body);
}

// src/platforms/cloudfront/gateway/invalidation.ts
var PATH_LIMIT = 4e3;
var TAG = new RegExp(`^[!-+\\--~]{1,${INVALIDATION_TAG_CHARACTERS}}$`);
function tagsOf2(header2) {
  const tags = (header2 ?? "").split(",").map((tag) => tag.trim().toLowerCase());
  return [...new Set(tags.filter((tag) => TAG.test(tag)))].slice(0, OBJECT_TAGS);
}
var WILDCARDS_KEPT = 200;
function invalidationFaults(paths) {
  const faults = [];
  if (paths.length > INVALIDATION_PATHS)
    faults.push(
      `The invalidation has ${paths.length} paths; CloudFront takes ${INVALIDATION_PATHS} at a time. Use a path that ends in *.`
    );
  for (const path of paths) {
    if (path.startsWith("#")) {
      if (!TAG.test(path.slice(1)))
        faults.push(
          `The invalidation tag ${JSON.stringify(path.slice(0, 60))} must have 1 to ${INVALIDATION_TAG_CHARACTERS} visible ASCII characters and no comma.`
        );
    } else if (!path.startsWith("/"))
      faults.push(`The invalidation path ${JSON.stringify(path)} must begin with a slash.`);
    else if (path.slice(0, -1).includes("*"))
      faults.push(`The invalidation path ${JSON.stringify(path)} has a * that is not its last character.`);
    else if (path.length > PATH_LIMIT)
      faults.push(
        `The invalidation path ${JSON.stringify(path.slice(0, 60))}... has ${path.length} characters, more than ${PATH_LIMIT}.`
      );
  }
  return faults;
}
var Invalidations = class {
  #exact = /* @__PURE__ */ new Map();
  #prefixes = [];
  #last = 0;
  /** The last invalidation that covered everything. */
  #base = 0;
  /** Returns true where everything is invalidated. */
  add(paths) {
    const at = ++this.#last;
    if (paths.includes("/*")) return this.#everything(at);
    for (const path of paths) {
      if (path.endsWith("*")) {
        this.#prefixes = this.#prefixes.filter((known3) => !known3.prefix.startsWith(path.slice(0, -1)));
        this.#prefixes.push({ prefix: path.slice(0, -1), at });
      } else this.#exact.set(path, at);
    }
    return this.#prefixes.length > WILDCARDS_KEPT || this.#exact.size > 1e5 ? this.#everything(at) : false;
  }
  #everything(at) {
    this.#base = at;
    this.#exact.clear();
    this.#prefixes = [];
    return true;
  }
  /** The number of the last invalidation of `path`, which includes the query string of the object's key. */
  epoch(path) {
    let last = this.#base;
    if (this.#exact.size > 0) last = Math.max(last, this.#exact.get(path) ?? 0);
    for (const { prefix, at } of this.#prefixes) if (at > last && path.startsWith(prefix)) last = at;
    return last;
  }
};

// src/platforms/cloudfront/gateway/managed-policies.ts
var YEAR2 = 31536e3;
var DAY2 = 86400;
var cookies = (behavior) => ({ cookie_behavior: behavior, cookies: null });
function queries(behavior, items) {
  return { query_string_behavior: behavior, query_strings: items ? { items } : null };
}
function headerRules(behavior, items) {
  return { header_behavior: behavior, headers: items ? { items } : null };
}
function cachePolicy(id, name, [min, def, max], key = {}) {
  return {
    id,
    name: `Managed-${name}`,
    min_ttl: min,
    default_ttl: def,
    max_ttl: max,
    parameters_in_cache_key_and_forwarded_to_origin: {
      cookies_config: cookies(key.cookies ?? "none"),
      headers_config: headerRules(key.headers ? "whitelist" : "none", key.headers),
      query_strings_config: Array.isArray(key.queries) ? queries("whitelist", key.queries) : queries(key.queries ?? "none"),
      enable_accept_encoding_gzip: key.gzip ?? false,
      enable_accept_encoding_brotli: key.brotli ?? false
    }
  };
}
var ORIGIN_HEADERS = ["host", "origin", "x-http-method-override", "x-http-method", "x-method-override"];
var MANAGED_CACHE_POLICIES = [
  cachePolicy("2e54312d-136d-493c-8eb9-b001f22f67d2", "Amplify", [2, 2, 600], {
    headers: ["Authorization", "CloudFront-Viewer-Country", "Host"],
    cookies: "all",
    queries: "all",
    gzip: true,
    brotli: true
  }),
  cachePolicy("4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "CachingDisabled", [0, 0, 0]),
  cachePolicy("658327ea-f89d-4fab-a63d-7e88639e58f6", "CachingOptimized", [1, DAY2, YEAR2], { gzip: true, brotli: true }),
  cachePolicy("b2884449-e4de-46a7-ac36-70bc7f1ddd6d", "CachingOptimizedForUncompressedObjects", [1, DAY2, YEAR2]),
  cachePolicy("08627262-05a9-4f76-9ded-b50ca2e3a84f", "Elemental-MediaPackage", [0, DAY2, YEAR2], {
    headers: ["Origin"],
    queries: ["aws.manifestfilter", "start", "end", "m"],
    gzip: true
  }),
  cachePolicy("83da9c7e-98b4-4e11-a168-04f0df8e2c65", "UseOriginCacheControlHeaders", [0, 0, YEAR2], {
    headers: ORIGIN_HEADERS,
    cookies: "all",
    gzip: true,
    brotli: true
  }),
  cachePolicy("4cc15a8a-d715-48a4-82b8-cc0b614638fe", "UseOriginCacheControlHeaders-QueryStrings", [0, 0, YEAR2], {
    headers: ORIGIN_HEADERS,
    cookies: "all",
    queries: "all",
    gzip: true,
    brotli: true
  })
];
function originRequestPolicy(id, name, headers, all4 = {}) {
  return {
    id,
    name: `Managed-${name}`,
    headers_config: headers,
    cookies_config: cookies(all4.cookies ? "all" : "none"),
    query_strings_config: queries(all4.queries ? "all" : "none")
  };
}
var EVERYTHING2 = { cookies: true, queries: true };
var CLOUDFRONT_HEADERS_2022_06 = [
  "CloudFront-Forwarded-Proto",
  "CloudFront-Is-Android-Viewer",
  "CloudFront-Is-Desktop-Viewer",
  "CloudFront-Is-IOS-Viewer",
  "CloudFront-Is-Mobile-Viewer",
  "CloudFront-Is-SmartTV-Viewer",
  "CloudFront-Is-Tablet-Viewer",
  "CloudFront-Viewer-Address",
  "CloudFront-Viewer-ASN",
  "CloudFront-Viewer-City",
  "CloudFront-Viewer-Country",
  "CloudFront-Viewer-Country-Name",
  "CloudFront-Viewer-Country-Region",
  "CloudFront-Viewer-Country-Region-Name",
  "CloudFront-Viewer-Http-Version",
  "CloudFront-Viewer-Latitude",
  "CloudFront-Viewer-Longitude",
  "CloudFront-Viewer-Metro-Code",
  "CloudFront-Viewer-Postal-Code",
  "CloudFront-Viewer-Time-Zone",
  "CloudFront-Viewer-TLS"
];
var CORS = ["Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method"];
var MANAGED_ORIGIN_REQUEST_POLICIES = [
  originRequestPolicy("216adef6-5c7f-47e4-b989-5492eafa07d3", "AllViewer", headerRules("allViewer"), EVERYTHING2),
  originRequestPolicy(
    "33f36d7e-f396-46d9-90e0-52428a34d9dc",
    "AllViewerAndCloudFrontHeaders-2022-06",
    headerRules("allViewerAndWhitelistCloudFront", CLOUDFRONT_HEADERS_2022_06),
    EVERYTHING2
  ),
  originRequestPolicy(
    "b689b0a8-53d0-40ab-baf2-68738e2966ac",
    "AllViewerExceptHostHeader",
    headerRules("allExcept", ["host"]),
    EVERYTHING2
  ),
  originRequestPolicy(
    "59781a5b-3903-41f3-afcb-af62929ccde1",
    "CORS-CustomOrigin",
    headerRules("whitelist", ["Origin"])
  ),
  originRequestPolicy("88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", "CORS-S3Origin", headerRules("whitelist", CORS)),
  originRequestPolicy(
    "775133bc-15f2-49f9-abea-afb2e0bf67d2",
    "Elemental-MediaTailor-PersonalizedManifests",
    headerRules("whitelist", [...CORS, "User-Agent", "X-Forwarded-For"]),
    { queries: true }
  ),
  originRequestPolicy(
    "acba4595-bd28-49b8-b9fe-13317c0390fa",
    "UserAgentRefererHeaders",
    headerRules("whitelist", ["User-Agent", "Referer"])
  ),
  originRequestPolicy("bf0718e1-ba1e-49d1-88b1-f726733018ae", "HostHeaderOnly", headerRules("whitelist", ["Host"]))
];
var SIMPLE_CORS = {
  access_control_allow_credentials: false,
  access_control_allow_headers: { items: [] },
  access_control_allow_methods: { items: [] },
  access_control_allow_origins: { items: ["*"] },
  access_control_expose_headers: null,
  access_control_max_age_sec: null,
  origin_override: false
};
var PREFLIGHT_CORS = {
  ...SIMPLE_CORS,
  access_control_allow_methods: { items: ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"] },
  access_control_expose_headers: { items: ["*"] }
};
var SECURITY_HEADERS = {
  content_security_policy: null,
  content_type_options: { override: true },
  frame_options: { frame_option: "SAMEORIGIN", override: false },
  referrer_policy: { referrer_policy: "strict-origin-when-cross-origin", override: false },
  strict_transport_security: {
    access_control_max_age_sec: YEAR2,
    include_subdomains: false,
    override: false,
    preload: false
  },
  xss_protection: { protection: true, mode_block: true, override: false, report_uri: null }
};
function responsePolicy(id, name, cors2, security2) {
  return {
    id,
    name: `Managed-${name}`,
    cors_config: cors2,
    security_headers_config: security2,
    custom_headers_config: null,
    remove_headers_config: null,
    server_timing_headers_config: null
  };
}
var MANAGED_RESPONSE_HEADERS_POLICIES = [
  responsePolicy("60669652-455b-4ae9-85a4-c4c02393f86c", "SimpleCORS", SIMPLE_CORS, null),
  responsePolicy("5cc3b908-e619-4b99-88e5-2cf7f45965bd", "CORS-With-Preflight", PREFLIGHT_CORS, null),
  responsePolicy("67f7725c-6f97-4210-82d7-5512b31e9d03", "SecurityHeadersPolicy", null, SECURITY_HEADERS),
  responsePolicy(
    "e61eb60c-9c35-4d20-a928-2b84e02af89c",
    "CORS-and-SecurityHeadersPolicy",
    SIMPLE_CORS,
    SECURITY_HEADERS
  ),
  responsePolicy(
    "eaab4381-ed33-4a86-88ca-d9558dc6cd63",
    "CORS-with-preflight-and-SecurityHeadersPolicy",
    PREFLIGHT_CORS,
    SECURITY_HEADERS
  )
];

// src/platforms/cloudfront/gateway/policies.ts
var none = () => false;
var all2 = () => true;
var either = (a, b) => a === none ? b : b === none ? a : (name) => a(name) || b(name);
function isGenerated(name) {
  return name.startsWith("cloudfront-");
}
function names(behavior, items, fold) {
  const listed = new Set((items ?? []).map(fold));
  if (behavior === "all") return all2;
  if (behavior === "whitelist") return (name) => listed.has(fold(name));
  if (behavior === "allExcept") return (name) => !listed.has(fold(name));
  return none;
}
var same = (name) => name;
var lower = (name) => name.toLowerCase();
function selection(policy) {
  const { cookies_config: cookies3, query_strings_config: queries2 } = policy;
  return {
    cookie: names(cookies3.cookie_behavior, cookies3.cookies?.items, same),
    query: names(queries2.query_string_behavior, queries2.query_strings?.items, same)
  };
}
function rulesOf(behavior, cachePolicy2, originPolicy) {
  return cachePolicy2 === void 0 ? legacyRules(behavior, behavior.forwarded_values) : policyRules(cachePolicy2, originPolicy);
}
function policyRules(cachePolicy2, originPolicy) {
  const parameters = cachePolicy2.parameters_in_cache_key_and_forwarded_to_origin;
  const key = selection(parameters);
  const keyed2 = parameters.headers_config.header_behavior === "whitelist" ? parameters.headers_config.headers?.items ?? [] : [];
  const keyHeaders = [...new Set(keyed2.map(lower))].sort();
  const compresses = parameters.enable_accept_encoding_gzip || parameters.enable_accept_encoding_brotli;
  const listed = /* @__PURE__ */ new Set([...keyHeaders, ...(originPolicy?.headers_config.headers?.items ?? []).map(lower)]);
  const behavior = originPolicy?.headers_config.header_behavior ?? "none";
  const extra = originPolicy === void 0 ? { cookie: none, query: none } : selection(originPolicy);
  const inKey = new Set(keyHeaders);
  const generated = [...behavior === "allExcept" ? keyHeaders : listed].filter(isGenerated);
  return {
    ttl: { min: cachePolicy2.min_ttl, default: cachePolicy2.default_ttl, max: cachePolicy2.max_ttl },
    gzip: parameters.enable_accept_encoding_gzip,
    brotli: parameters.enable_accept_encoding_brotli,
    key: { ...key, headers: keyHeaders.filter((name) => !(compresses && name === "accept-encoding")) },
    forward: {
      cookie: either(key.cookie, extra.cookie),
      query: either(key.query, extra.query),
      header: either((name) => inKey.has(name), forwardedHeaders(behavior, listed))
    },
    generated: new Set(generated),
    cookies: parameters.cookies_config.cookie_behavior !== "none" || (originPolicy?.cookies_config.cookie_behavior ?? "none") !== "none",
    legacy: false,
    disabled: cachePolicy2.max_ttl === 0
  };
}
function forwardedHeaders(behavior, listed) {
  if (behavior === "whitelist") return (name) => listed.has(name);
  if (behavior === "allViewer" || behavior === "allViewerAndWhitelistCloudFront") return all2;
  if (behavior === "allExcept") return (name) => !listed.has(name);
  return none;
}
var LEGACY_TTL = { min: 0, default: 86400, max: 31536e3 };
var LEGACY_REMOVED = /* @__PURE__ */ new Set([
  "accept",
  "accept-charset",
  "accept-language",
  "referer",
  "user-agent",
  "host",
  "expect"
]);
function legacyRules(behavior, forwarded) {
  const headers = (forwarded?.headers ?? []).map(lower);
  const everything = headers.includes("*");
  const forwardedCookies = forwarded?.cookies.forward ?? "none";
  const cookie = names(forwardedCookies, forwarded?.cookies.whitelisted_names, same);
  const query = forwarded?.query_string ? all2 : none;
  const keyed2 = forwarded?.query_string_cache_keys ?? [];
  const listed = new Set(headers);
  return {
    ttl: {
      min: behavior.min_ttl ?? LEGACY_TTL.min,
      default: behavior.default_ttl ?? LEGACY_TTL.default,
      max: behavior.max_ttl ?? LEGACY_TTL.max
    },
    // CloudFront offers only gzip without a cache policy.
    gzip: behavior.compress,
    brotli: false,
    key: {
      cookie,
      query: keyed2.length > 0 && forwarded?.query_string ? names("whitelist", keyed2, same) : query,
      headers: everything ? [] : [...listed].sort()
    },
    forward: {
      cookie,
      query,
      header: everything ? all2 : (name) => listed.has(name) || !LEGACY_REMOVED.has(name) && name !== "authorization" && !isGenerated(name)
    },
    generated: new Set(headers.filter(isGenerated)),
    cookies: forwardedCookies !== "none",
    legacy: true,
    // "Forward all headers": CloudFront sends each request to the origin.
    disabled: everything || behavior.max_ttl === 0
  };
}

// src/platforms/cloudfront/gateway/signed.ts
import { createPublicKey, verify } from "node:crypto";
import { BlockList, isIPv4, isIPv6 } from "node:net";

// src/platforms/cloudfront/gateway/error-page.ts
import { STATUS_CODES as STATUS_CODES2 } from "node:http";
var CONFIGURATION = "We can't connect to the server for this app or website at this time. There might be too much traffic or a configuration error. Try again later, or contact the app or website owner.";
var EdgeError = class extends Error {
  constructor(status2, message, result = "Error", detail, code) {
    super(message);
    this.status = status2;
    this.result = result;
    this.detail = detail;
    this.code = code;
  }
  status;
  result;
  detail;
  code;
};
function escapeHtml(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
function errorPage(error, requestId) {
  const { status: status2 } = error;
  if (error.code !== void 0) {
    const xml = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${error.code}</Code><Message>${escapeHtml(error.message)}</Message></Error>`;
    return page(status2, "text/xml", xml);
  }
  const html = `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">
<HTML><HEAD><META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=utf-8">
<TITLE>ERROR: The request could not be satisfied</TITLE>
</HEAD><BODY>
<H1>${status2} ERROR</H1>
<H2>The request could not be satisfied.</H2>
<HR noshade size="1px">
${escapeHtml(error.message)}
${CONFIGURATION}
<BR clear="all">
If you provide content to customers through CloudFront, you can find steps to troubleshoot and help prevent this error by reviewing the CloudFront documentation.
<BR clear="all">
<HR noshade size="1px">
<PRE>
Generated by cloudfront (CloudFront)
Request ID: ${requestId}
</PRE>
<ADDRESS>
</ADDRESS>
</BODY></HTML>
`;
  return page(status2, "text/html", html);
}
function page(status2, type, text) {
  const body = Buffer.from(text);
  return {
    status: status2,
    statusDescription: STATUS_CODES2[status2] ?? "",
    headers: headersOf([
      ["Server", "CloudFront"],
      ["Date", (/* @__PURE__ */ new Date()).toUTCString()],
      ["Content-Type", type],
      ["Content-Length", String(body.byteLength)]
    ]),
    body
  };
}

// src/platforms/cloudfront/gateway/signed.ts
var PARAMETERS2 = ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"];
var COOKIE = "CloudFront-";
function refused(code, message, detail) {
  return new EdgeError(403, message, "Error", detail, code);
}
var missing = (detail) => refused("MissingKey", "Missing Key-Pair-Id query parameter or cookie value", detail);
var denied = (detail) => refused("AccessDenied", "Access denied", detail);
function trustedKeys(behavior, deployment) {
  if (behavior.trusted_key_groups.length === 0 && behavior.trusted_signers.length === 0) return void 0;
  const ids = new Set(
    deployment.key_groups.filter(({ id }) => behavior.trusted_key_groups.includes(id)).flatMap(({ items }) => items)
  );
  const keys = deployment.public_keys.filter(({ id }) => ids.has(id));
  return new Map(keys.map(({ id, encoded_key: pem }) => [id, createPublicKey(pem)]));
}
function keyFault(pem) {
  let key;
  try {
    key = createPublicKey(pem);
  } catch {
    return "is not a public key in PEM";
  }
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa") return modulusLength === 2048 ? void 0 : `has ${modulusLength} bits`;
  if (key.asymmetricKeyType === "ec") return namedCurve === "prime256v1" ? void 0 : `is on the curve ${namedCurve}`;
  return `is of the kind ${key.asymmetricKeyType}`;
}
function checkSigned(request, keys, viewer, now) {
  const [inUrl, rest] = fromQuery(request.querystring);
  const given = inUrl["Key-Pair-Id"] !== void 0 || inUrl.Signature !== void 0 ? inUrl : fromCookies(get(request.headers, "cookie"));
  const url = urlOf2(request, rest, viewer);
  verifySigned(given, keys, url, viewer, now);
}
function withoutSignature(querystring) {
  return fromQuery(querystring)[1];
}
function fromQuery(querystring) {
  const found = {};
  const rest = [];
  for (const part of querystring.split("&")) {
    const equals = part.indexOf("=");
    const name = equals === -1 ? part : part.slice(0, equals);
    const parameter = PARAMETERS2.find((each) => each === name);
    if (parameter === void 0) rest.push(part);
    else found[parameter] ??= decode(equals === -1 ? "" : part.slice(equals + 1));
  }
  return [found, rest.join("&")];
}
function fromCookies(cookie) {
  const found = {};
  for (const part of (cookie ?? "").split(";")) {
    const text = part.trim();
    const equals = text.indexOf("=");
    const parameter = PARAMETERS2.find((each) => `${COOKIE}${each}` === text.slice(0, Math.max(0, equals)));
    if (parameter !== void 0) found[parameter] ??= text.slice(equals + 1);
  }
  return found;
}
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
function urlOf2(request, querystring, viewer) {
  const host = (get(request.headers, "host") ?? "").replace(/:\d+$/, "");
  const query = querystring === "" ? "" : `?${querystring}`;
  return `${viewer.protocol ?? "https"}://${host}${request.uri}${query}`;
}
function verifySigned(given, keys, url, viewer, now) {
  const { Expires: expires, Policy: policy, Signature: signature, "Key-Pair-Id": id } = given;
  if (id === void 0 || id === "") throw missing();
  const key = keys.get(id);
  if (key === void 0)
    throw refused("InvalidKey", "Unknown Key", `the behavior trusts ${[...keys.keys()].join(", ") || "no key"}`);
  if (signature === void 0) throw refused("MissingSignature", "Missing Signature query parameter or cookie value");
  if (policy === void 0 && expires === void 0)
    throw refused("MissingPolicy", "Missing Policy or Expires query parameter or cookie value");
  const bytes = unescaped(signature);
  if (bytes === void 0) throw refused("MalformedSignature", "Could not unencode Signature");
  const text = policy === void 0 ? canned(url, expires) : unescaped(policy)?.toString("utf8");
  if (text === void 0) throw refused("MalformedPolicy", "Could not unencode Policy");
  const algorithm = (given["Hash-Algorithm"] ?? "SHA1").toUpperCase();
  if (algorithm !== "SHA1" && algorithm !== "SHA256")
    throw refused("InvalidHashAlgorithm", "Hash-Algorithm must be SHA1 or SHA256");
  if (!verify(algorithm, Buffer.from(text), key, bytes)) throw denied(`the signature is not of ${text}`);
  admit(policyOf(text), url, viewer, now);
}
function canned(url, expires) {
  if (!/^\d{1,10}$/.test(expires)) throw refused("MalformedPolicy", "Malformed Policy", `Expires is ${expires}`);
  return `{"Statement":[{"Resource":"${url}","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`;
}
function unescaped(text) {
  const plain2 = text.replaceAll("-", "+").replaceAll("_", "=").replaceAll("~", "/");
  return /^[A-Za-z0-9+/]+={0,2}$/.test(plain2) ? Buffer.from(plain2, "base64") : void 0;
}
function policyOf(text) {
  const malformed = (detail) => refused("MalformedPolicy", "Malformed Policy", detail);
  let whole;
  try {
    whole = JSON.parse(text.replace(/\\(?!["\\/bfnrtu])/g, "\\\\"));
  } catch {
    throw malformed("it is not JSON");
  }
  const listed = whole?.Statement;
  const statements = Array.isArray(listed) ? listed : [listed];
  if (statements.length !== 1) throw malformed("it must have one statement");
  const { Resource: resource = "*", Condition: condition } = statements[0] ?? {};
  const before = condition?.DateLessThan?.["AWS:EpochTime"];
  const after = condition?.DateGreaterThan?.["AWS:EpochTime"];
  const address = condition?.IpAddress?.["AWS:SourceIp"];
  if (typeof resource !== "string") throw malformed("its Resource is not a text");
  if (typeof before !== "number") throw malformed("it has no DateLessThan with a number as AWS:EpochTime");
  if (after !== void 0 && typeof after !== "number") throw malformed("its DateGreaterThan has no number");
  if (address !== void 0 && typeof address !== "string") throw malformed("its IpAddress is not a text");
  return { resource, before, after, address };
}
function admit({ resource, before, after, address }, url, viewer, now) {
  const seconds2 = now / 1e3;
  if (seconds2 >= before) throw denied(`it was valid until ${new Date(before * 1e3).toISOString()}`);
  if (after !== void 0 && seconds2 < after)
    throw denied(`it is valid from ${new Date(after * 1e3).toISOString()} on`);
  if (address !== void 0 && !covers3(address, viewer.ip)) throw denied(`${viewer.ip} is not in ${address}`);
  if (!matches(resource, url)) throw denied(`${url} is not ${resource}`);
}
function covers3(range, ip) {
  const [address = "", prefix] = range.split("/");
  const family = isIPv4(address) ? "ipv4" : isIPv6(address) ? "ipv6" : void 0;
  if (family === void 0 || family === "ipv4" !== isIPv4(ip)) return false;
  const bits = prefix === void 0 ? family === "ipv4" ? 32 : 128 : Number(prefix);
  if (!Number.isInteger(bits) || bits < 0 || bits > (family === "ipv4" ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(address, bits, family);
  return list.check(ip, family);
}
function matches(resource, url) {
  if (resource === "*") return true;
  const wanted = wantedSections(resource);
  const asked = askedSections(url);
  return wanted.every((pattern, index) => wildcardMatch(pattern, asked[index]));
}
function askedSections(url) {
  const found = /^([^:]*):\/\/([^/?]*)([^?]*)(?:\?(.*))?$/s.exec(url);
  const [, protocol = "", domain = "", path = "", query = ""] = found ?? [];
  return [protocol, domain, path, query];
}
function wantedSections(resource) {
  const scheme = resource.indexOf("://");
  const protocol = scheme === -1 ? "*" : resource.slice(0, scheme);
  const rest = scheme === -1 ? resource : resource.slice(scheme + 3);
  const escaped2 = rest.indexOf("\\?");
  const question = escaped2 !== -1 ? escaped2 : rest.indexOf("?");
  const location = question === -1 ? rest : rest.slice(0, question);
  const query = question === -1 ? void 0 : rest.slice(question + (escaped2 !== -1 ? 2 : 1));
  const slash = location.indexOf("/");
  const domain = slash === -1 ? location : location.slice(0, slash);
  if (slash === -1 && domain.endsWith("*")) return [protocol, domain, "*", "*"];
  const path = slash === -1 ? "/" : location.slice(slash);
  return [protocol, domain, path, query ?? (path.endsWith("*") ? "*" : "")];
}

// src/platforms/cloudfront/gateway/waf.ts
import { BlockList as BlockList2, isIPv4 as isIPv42, isIPv6 as isIPv62 } from "node:net";
var MAX_KEYS = 1e5;
var Rates = class {
  #times = /* @__PURE__ */ new Map();
  /** Counts a request; true where it is over the limit of the window behind it. */
  over(key, limit, windowMs, now) {
    const known3 = this.#times.get(key) ?? [];
    let first = 0;
    while (first < known3.length && known3[first] <= now - windowMs) first++;
    const times = first > 0 ? known3.slice(first) : known3;
    times.push(now);
    if (times.length > limit + 1) times.shift();
    this.#times.delete(key);
    this.#times.set(key, times);
    if (this.#times.size > MAX_KEYS) this.#times.delete(this.#times.keys().next().value);
    return times.length > limit;
  }
};
var Firewall = class {
  constructor(acl, ipSets, rates) {
    this.acl = acl;
    this.rates = rates;
    this.#rules = [...acl.rules].sort((a, b) => a.priority - b.priority);
    for (const { arn, addresses } of ipSets) this.#ipSets.set(arn, blockList(addresses));
  }
  acl;
  rates;
  #ipSets = /* @__PURE__ */ new Map();
  #patterns = /* @__PURE__ */ new Map();
  #rules;
  /** What is done with a request, by the first rule that ends it. */
  decide(request, viewer, now) {
    for (const rule of this.#rules) {
      const { action } = rule;
      if (action === null || this.#matches(rule.statement, { request, viewer, now, rule: rule.name }) !== true)
        continue;
      if (action.block !== null) return this.#blocked(rule.name, action.block);
      if (action.allow !== null) return void 0;
    }
    const { block } = this.acl.default_action;
    return block === null ? void 0 : this.#blocked("the default action", block);
  }
  #blocked(rule, { custom_response: custom2 }) {
    if (custom2 === null) return { rule, custom: void 0 };
    const named2 = this.acl.custom_response_bodies.find(({ key }) => key === custom2.custom_response_body_key);
    return {
      rule,
      custom: {
        status: custom2.response_code,
        headers: custom2.response_headers.map(({ name, value }) => [name, value]),
        body: named2 && { type: CONTENT_TYPES[named2.content_type] ?? "text/plain", content: named2.content }
      }
    };
  }
  #matches(statement, seen) {
    const { request, viewer } = seen;
    if (statement.and_statement !== null)
      return all3(statement.and_statement.statements.map((s) => this.#matches(s, seen)));
    if (statement.or_statement !== null)
      return any(statement.or_statement.statements.map((s) => this.#matches(s, seen)));
    if (statement.not_statement !== null) return not(this.#matches(statement.not_statement.statement, seen));
    if (statement.rate_based_statement !== null) return this.#limited(statement.rate_based_statement, seen);
    if (statement.geo_match_statement !== null) {
      const { country } = viewer;
      return country !== void 0 && statement.geo_match_statement.country_codes.includes(country);
    }
    if (statement.asn_match_statement !== null) {
      return viewer.asn !== void 0 && statement.asn_match_statement.asn_lists.includes(viewer.asn);
    }
    if (statement.ip_set_reference_statement !== null) {
      const list = this.#ipSets.get(statement.ip_set_reference_statement.arn);
      return list?.check(viewer.ip, isIPv42(viewer.ip) ? "ipv4" : "ipv6");
    }
    const test = this.#test(statement);
    if (test === void 0) return void 0;
    const { field_to_match: field, text_transformations: transformations } = test.on;
    const values2 = valuesOf(field, request);
    if (values2 === void 0) return void 0;
    return any(
      values2.map((value) => {
        const text = transformed(value, transformations);
        return text === void 0 ? void 0 : test.holds(text);
      })
    );
  }
  #test(statement) {
    const { byte_match_statement: bytes, regex_match_statement: regex2, size_constraint_statement: size } = statement;
    if (bytes !== null) {
      const { positional_constraint: position, search_string: wanted } = bytes;
      return { on: bytes, holds: (text) => POSITIONS[position]?.(text, wanted) };
    }
    if (regex2 !== null) {
      const pattern = this.#pattern(regex2.regex_string);
      return { on: regex2, holds: (text) => pattern?.test(text) };
    }
    if (size !== null) {
      const compare = COMPARISONS[size.comparison_operator];
      return { on: size, holds: (text) => compare?.(Buffer.byteLength(text), size.size) };
    }
    return void 0;
  }
  #pattern(text) {
    if (!this.#patterns.has(text)) {
      let pattern;
      try {
        pattern = new RegExp(text);
      } catch {
        pattern = void 0;
      }
      this.#patterns.set(text, pattern);
    }
    return this.#patterns.get(text);
  }
  #limited(statement, seen) {
    const { scope_down_statement: scope, limit, evaluation_window_sec: seconds2 } = statement;
    if (scope !== null) {
      const within3 = this.#matches(scope, seen);
      if (within3 !== true) return within3;
    }
    const key = rateKey(statement, seen);
    return key === void 0 ? void 0 : this.rates.over(`${seen.rule} ${key}`, limit, seconds2 * 1e3, seen.now);
  }
};
function rateKey({ aggregate_key_type: kind, forwarded_ip_config: forwarded }, seen) {
  if (kind === "IP") return seen.viewer.ip;
  if (kind === "CONSTANT") return "";
  if (kind !== "FORWARDED_IP" || forwarded === null) return void 0;
  return get(seen.request.headers, forwarded.header_name.toLowerCase())?.split(",")[0]?.trim();
}
function all3(verdicts) {
  return verdicts.includes(false) ? false : verdicts.includes(void 0) ? void 0 : true;
}
function any(verdicts) {
  return verdicts.includes(true) ? true : verdicts.includes(void 0) ? void 0 : false;
}
function not(verdict) {
  return verdict === void 0 ? void 0 : !verdict;
}
function blockList(addresses) {
  const list = new BlockList2();
  for (const each of addresses) {
    const [address = "", prefix] = each.split("/");
    if (isIPv42(address)) list.addSubnet(address, Number(prefix ?? 32), "ipv4");
    else if (isIPv62(address)) list.addSubnet(address, Number(prefix ?? 128), "ipv6");
  }
  return list;
}
function valuesOf(field, request) {
  if (field === null) return void 0;
  if (field.uri_path !== null) return [request.uri];
  if (field.query_string !== null) return [request.querystring];
  if (field.method !== null) return [request.method];
  if (field.single_header !== null) {
    const value = get(request.headers, field.single_header.name.toLowerCase());
    return value === void 0 ? [] : [value];
  }
  const named2 = field.single_query_argument?.name.toLowerCase();
  if (named2 === void 0 && field.all_query_arguments === null) return void 0;
  return request.querystring.split("&").flatMap((part) => {
    const equals = part.indexOf("=");
    const [name, value] = equals === -1 ? [part, ""] : [part.slice(0, equals), part.slice(equals + 1)];
    if (named2 === void 0) return [name, value];
    return name.toLowerCase() === named2 ? [value] : [];
  });
}
var TRANSFORMATIONS = {
  NONE: (text) => text,
  LOWERCASE: (text) => text.toLowerCase(),
  URL_DECODE: urlDecoded,
  URL_DECODE_UNI: urlDecoded,
  NORMALIZE_PATH: (text) => normalizePath(text.replace(/\/{2,}/g, "/")),
  NORMALIZE_PATH_WIN: (text) => normalizePath(text.replaceAll("\\", "/").replace(/\/{2,}/g, "/")),
  COMPRESS_WHITE_SPACE: (text) => text.replace(/\s+/g, " "),
  REMOVE_NULLS: (text) => text.replaceAll("\0", ""),
  REPLACE_NULLS: (text) => text.replaceAll("\0", " ")
};
function urlDecoded(text) {
  return Buffer.from(
    text.replaceAll("+", " ").replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1"
  ).toString("utf8");
}
function transformed(text, transformations) {
  let value = text;
  for (const { type } of [...transformations].sort((a, b) => a.priority - b.priority)) {
    const transform = TRANSFORMATIONS[type];
    if (transform === void 0) return void 0;
    value = transform(value);
  }
  return value;
}
var POSITIONS = {
  EXACTLY: (text, wanted) => text === wanted,
  STARTS_WITH: (text, wanted) => text.startsWith(wanted),
  ENDS_WITH: (text, wanted) => text.endsWith(wanted),
  CONTAINS: (text, wanted) => text.includes(wanted),
  CONTAINS_WORD: (text, wanted) => {
    const at = text.indexOf(wanted);
    const word = /[A-Za-z0-9_]/;
    return at !== -1 && !word.test(text[at - 1] ?? "") && !word.test(text[at + wanted.length] ?? "");
  }
};
var COMPARISONS = {
  EQ: (a, b) => a === b,
  NE: (a, b) => a !== b,
  LE: (a, b) => a <= b,
  LT: (a, b) => a < b,
  GE: (a, b) => a >= b,
  GT: (a, b) => a > b
};
var CONTENT_TYPES = {
  TEXT_PLAIN: "text/plain",
  TEXT_HTML: "text/html",
  APPLICATION_JSON: "application/json"
};

// src/platforms/cloudfront/gateway/distribution.ts
function byId(managed, own3) {
  return new Map([...managed, ...own3].map((policy) => [policy.id, policy]));
}
function policiesOf(deployment) {
  return {
    cache: byId(MANAGED_CACHE_POLICIES, deployment.cache_policies),
    originRequest: byId(MANAGED_ORIGIN_REQUEST_POLICIES, deployment.origin_request_policies),
    responseHeaders: byId(MANAGED_RESPONSE_HEADERS_POLICIES, deployment.response_headers_policies)
  };
}
function startDistributions(deployment, runners, kept, deps, cacheBytes) {
  const policies = policiesOf(deployment);
  const share = Math.floor(cacheBytes / Math.max(1, deployment.distributions.length));
  const firewalls = /* @__PURE__ */ new Map();
  const running = deployment.distributions.map((config) => {
    const compile4 = (behavior) => compileBehavior(config, behavior, policies, runners, deployment);
    const { cache, invalidations } = kept.get(config.id) ?? {};
    return {
      config,
      fallback: compile4(config.default_cache_behavior),
      ordered: config.ordered_cache_behaviors.map((behavior) => ({
        matches: compilePattern(behavior.path_pattern ?? "*"),
        behavior: compile4(behavior)
      })),
      cache: cache ?? new EdgeCache(config.id, share, deps),
      invalidations: invalidations ?? new Invalidations(),
      counters: { requests: 0, results: {} },
      continuous: void 0,
      firewall: firewallOf(config, deployment, kept, firewalls),
      geo: geoTest(config)
    };
  });
  for (const distribution of running) linkStaging(distribution, running, deployment);
  return running;
}
function firewallOf({ web_acl_id: arn }, { web_acls: acls, ip_sets: ipSets }, kept, started) {
  const acl = acls.find((each) => each.arn === arn);
  if (acl === void 0) return void 0;
  const known3 = started.get(acl.arn);
  if (known3 !== void 0) return known3;
  const before = [...kept.values()].find(({ firewall: firewall2 }) => firewall2?.acl.arn === acl.arn)?.firewall;
  const firewall = new Firewall(acl, ipSets, before?.rates ?? new Rates());
  started.set(acl.arn, firewall);
  return firewall;
}
function compileBehavior(distribution, config, policies, runners, deployment) {
  const lambda = {};
  for (const { event_type, lambda_arn, include_body } of config.lambda_function_associations) {
    const runner = runners.lambda.get(lambda_arn);
    if (runner !== void 0) lambda[event_type] = { runner, includeBody: include_body };
  }
  const own3 = {};
  for (const { event_type, function_arn } of config.function_associations) {
    const runner = runners.functions.get(function_arn);
    if (runner !== void 0) own3[event_type] = runner;
  }
  const group = distribution.origin_groups.find((each) => each.origin_id === config.target_origin_id);
  return {
    config,
    rules: rulesOf(
      config,
      policies.cache.get(config.cache_policy_id ?? ""),
      policies.originRequest.get(config.origin_request_policy_id ?? "")
    ),
    allowed: new Set(config.allowed_methods),
    cached: new Set(config.cached_methods),
    responseHeaders: policies.responseHeaders.get(config.response_headers_policy_id ?? ""),
    lambda,
    functions: own3,
    keys: trustedKeys(config, deployment),
    origins: originsOf(distribution, config.target_origin_id, group),
    failover: new Set(group?.failover_criteria.status_codes ?? [])
  };
}
function originsOf(distribution, id, group) {
  const ids = group === void 0 ? [id] : group.members.map((member) => member.origin_id);
  return ids.flatMap((each) => distribution.origins.find((origin) => origin.origin_id === each) ?? []);
}
function geoTest({ restrictions }) {
  const { restriction_type: type, locations } = restrictions.geo_restriction;
  if (type === "none") return void 0;
  const listed = new Set(locations.map((each) => each.toUpperCase()));
  return (country) => (country !== void 0 && listed.has(country)) === (type === "whitelist");
}
function linkStaging(distribution, all4, deployment) {
  const id = distribution.config.continuous_deployment_policy_id;
  const policy = deployment.continuous_deployment_policies.find((each) => each.id === id);
  if (policy === void 0) return;
  const names2 = policy.staging_distribution_dns_names.items;
  const staging = all4.find((each) => each.config.staging && names2.includes(each.config.domain_name));
  if (staging !== void 0) distribution.continuous = { policy, staging };
}

// src/platforms/cloudfront/gateway/functions-code.ts
import { Script } from "node:vm";

// src/platforms/cloudfront/gateway/functions-syntax.ts
var BOTH = [
  [/\bclass\b(?=\s+[A-Za-z_$]|\s*\{)/g, "class is not supported"],
  [/\bfunction\s*\*/g, "generator functions are not supported"],
  [/\?\.(?!\d)/g, "optional chaining (?.) is not supported"],
  [/\?\?/g, "nullish coalescing (??) is not supported"],
  [/\b(?:var|let|const)\s*[[{]/g, "destructuring is not supported"],
  [/\bfunction\b[^(){}]*\([^()]*[[{][^()]*\)/g, "destructuring is not supported"],
  [/\(\s*[[{][^()]*\)\s*=>/g, "destructuring is not supported"],
  [/\bfunction\b[^(){}]*\([^()]*[^=!<>()]=(?![=>])[^()]*\)/g, "default values of parameters are not supported"],
  [/\([^()]*[^=!<>()]=(?![=>])[^()]*\)\s*=>/g, "default values of parameters are not supported"],
  // What is spread, not the last parameters taken together, which are supported.
  [/\.\.\.(?!\s*[\w$]+\s*\)\s*(?:\{|=>))/g, "spreading (...) is not supported"],
  [
    /\bfor\s*\(\s*(?:(?:var|let|const)\s+)?[\w$]+\s+of\b/g,
    "for-of is not supported: use forEach, or for with an index"
  ],
  [/(?:\|\||&&)=/g, "logical assignment is not supported"],
  [/\bimport\s*\(/g, "dynamic import is not supported"],
  [/\beval\s*\(/g, "eval is not supported: code cannot be evaluated at run time"],
  [/\bnew\s+Function\b/g, "function constructors are not supported: code cannot be evaluated at run time"]
];
var ONLY_1 = [
  [
    /\b(?:const|let)\b(?=\s+[A-Za-z_$[{])/g,
    "const and let are not supported in cloudfront-js-1.0: use var, or cloudfront-js-2.0"
  ],
  [
    /\basync\b(?=\s+function|\s*\(|\s+[A-Za-z_$])/g,
    "async is not supported in cloudfront-js-1.0: use cloudfront-js-2.0"
  ],
  [/\bawait\b/g, "await is not supported in cloudfront-js-1.0: use cloudfront-js-2.0"],
  [/^[ \t]*import\b/gm, "import is not supported in cloudfront-js-1.0: use require, or cloudfront-js-2.0"]
];
function syntaxFaults(code, runtime) {
  const bare = blank(code);
  const rules = runtime === "cloudfront-js-1.0" ? [...BOTH, ...ONLY_1] : BOTH;
  const faults = [];
  for (const [pattern, what] of rules) {
    for (const match of bare.matchAll(pattern)) {
      const at = match.index + match[0].length - match[0].trimStart().length;
      faults.push({ at, line: bare.slice(0, at).split("\n").length, what });
    }
  }
  return faults.sort((a, b) => a.at - b.at).map(({ line, what }) => ({ line, what }));
}
function blank(code) {
  let output = "";
  let index = 0;
  let previous = "";
  const templates = [];
  let depth = 0;
  const skip = (end2) => {
    output += code.slice(index, end2).replace(/[^\n]/g, " ");
    index = end2;
  };
  while (index < code.length) {
    const two = code.slice(index, index + 2);
    const one = code[index];
    if (two === "//") skip(endOf(code, "\n", index));
    else if (two === "/*") skip(endOf(code, "*/", index + 2) + 2);
    else if (one === '"' || one === "'") skip(quoted(code, index, one));
    else if (one === "`" || one === "}" && templates.at(-1) === depth) {
      if (one === "}") templates.pop();
      const end2 = template(code, index + 1);
      skip(end2);
      if (code.slice(end2 - 2, end2) === "${") templates.push(depth);
    } else if (one === "/" && !/[\w$)\]]/.test(previous)) skip(regex(code, index));
    else {
      if (one === "{") depth++;
      if (one === "}") depth--;
      output += one;
      index++;
      if (!/\s/.test(one)) previous = one;
      continue;
    }
    previous = "x";
  }
  return output;
}
function endOf(code, mark, from) {
  const end2 = code.indexOf(mark, from);
  return end2 === -1 ? code.length : end2;
}
function quoted(code, from, quote) {
  let index = from + 1;
  while (index < code.length && code[index] !== quote && code[index] !== "\n") index += code[index] === "\\" ? 2 : 1;
  return Math.min(index + 1, code.length);
}
function template(code, from) {
  let index = from;
  while (index < code.length) {
    if (code[index] === "\\") index += 2;
    else if (code[index] === "`") return index + 1;
    else if (code[index] === "$" && code[index + 1] === "{") return index + 2;
    else index++;
  }
  return code.length;
}
function regex(code, from) {
  let index = from + 1;
  let inClass = false;
  while (index < code.length && code[index] !== "\n") {
    const one = code[index];
    if (one === "\\") index++;
    else if (one === "[") inClass = true;
    else if (one === "]") inClass = false;
    else if (one === "/" && !inClass) return index + 1;
    index++;
  }
  return Math.min(index, code.length);
}

// src/platforms/cloudfront/gateway/functions-code.ts
var IMPORT = /(?<=^|;)([ \t]*)import\s*(?:([\w$]+)\s|\*\s*as\s+([\w$]+)\s|\{([^}]*)\})\s*from\s*(["'])([\w:/-]+)\5[ \t]*;?/gm;
function withoutImports(code) {
  return code.replace(IMPORT, (_whole, indent, ...names2) => {
    const [own3, namespace, named2, , module] = names2;
    const load = `require(${JSON.stringify(module)})`;
    if (named2 !== void 0) return `${indent}const {${named2.replace(/\bas\b/g, ":")}} = ${load};`;
    return `${indent}const ${own3 ?? namespace} = ${load}${own3 === void 0 ? "" : ".default"};`;
  });
}
function runnable(fn) {
  return `(function (require, __event) { "use strict"; ${withoutImports(fn.code)}
;return handler(__event); })`;
}
function functionFaults(fn) {
  const faults = [];
  const size = Buffer.byteLength(fn.code);
  if (size > CLOUDFRONT_FUNCTION_CODE_BYTES) {
    faults.push(
      `CloudFront function ${fn.name} has ${size} bytes of code, more than the ${CLOUDFRONT_FUNCTION_CODE_BYTES} that CloudFront takes. Make it smaller or use Lambda@Edge.`
    );
  }
  for (const fault2 of syntaxFaults(fn.code, fn.runtime)) {
    faults.push(`CloudFront function ${fn.name}, line ${fault2.line}: ${fault2.what} (${fn.runtime}).`);
  }
  if (faults.length === 0) {
    try {
      new Script(runnable(fn), { filename: `${fn.name}.js` });
    } catch (error) {
      faults.push(`CloudFront function ${fn.name}: ${error.message}.`);
    }
  }
  const stores = fn.key_value_store_associations.length;
  if (stores > 1) faults.push(`CloudFront function ${fn.name} has ${stores} key-value stores; CloudFront allows one.`);
  return faults;
}

// src/platforms/cloudfront/gateway/check.ts
var CloudFrontFaults = class extends Error {
  constructor(faults) {
    super(faults.join("\n"));
    this.faults = faults;
  }
  faults;
};
function deploymentFaults(deployment) {
  const faults = deployment.functions.flatMap(functionFaults);
  for (const version of deployment.lambda_versions) faults.push(...lambdaFaults(version));
  for (const store of deployment.key_value_stores) {
    for (const { key, value } of store.pairs) {
      if (Buffer.byteLength(key) > KVS_KEY_BYTES)
        faults.push(
          `KeyValueStore ${store.name} has a key of ${Buffer.byteLength(key)} bytes (${key.slice(0, 40)}...); CloudFront takes ${KVS_KEY_BYTES}.`
        );
      if (Buffer.byteLength(value) > KVS_VALUE_BYTES)
        faults.push(
          `KeyValueStore ${store.name}, key ${key.slice(0, 40)}: the value has ${Buffer.byteLength(value)} bytes; CloudFront takes ${KVS_VALUE_BYTES}.`
        );
    }
  }
  for (const { id, name, encoded_key: pem } of deployment.public_keys) {
    const fault2 = keyFault(pem);
    if (fault2 !== void 0)
      faults.push(
        `The public key ${name || id} ${fault2}; CloudFront takes RSA keys of 2048 bits and ECDSA keys on prime256v1, in PEM.`
      );
  }
  for (const { id, name, items } of deployment.key_groups) {
    for (const item of items) {
      if (!deployment.public_keys.some((key) => key.id === item))
        faults.push(`The key group ${name || id} has the public key ${item}, which is not in this stack.`);
    }
  }
  const seen = /* @__PURE__ */ new Map();
  for (const distribution of deployment.distributions) {
    faults.push(...distributionFaults(distribution, deployment));
    for (const alias of distribution.staging ? [] : distribution.aliases) {
      const other = seen.get(alias.toLowerCase());
      if (other !== void 0)
        faults.push(
          `The alias ${alias} is on distributions ${other} and ${distribution.id}; a name belongs to one distribution.`
        );
      seen.set(alias.toLowerCase(), distribution.id);
    }
  }
  return faults;
}
function lambdaFaults(version) {
  const where = `Lambda function ${version.name}:${version.version}`;
  const faults = [];
  if (!/^\d+$/.test(version.version))
    faults.push(
      `${where} is not a numbered version; Lambda@Edge takes no $LATEST and no alias. Set publish and associate the qualified ARN.`
    );
  const python = version.runtime.startsWith("python");
  if (!python && !version.runtime.startsWith("nodejs"))
    faults.push(`${where} has the runtime ${version.runtime}; Lambda@Edge runs Node.js and Python.`);
  if (python && version.interpreter !== null && !existsSync(version.interpreter))
    faults.push(`${where} has the runtime ${version.runtime}, and there is no Python at ${version.interpreter}.`);
  if (!(version.timeout > 0 && version.timeout <= LAMBDA_EDGE_TIMEOUT_S))
    faults.push(`${where} has a timeout of ${version.timeout} s; Lambda@Edge takes 1 to ${LAMBDA_EDGE_TIMEOUT_S}.`);
  if (!/^[\w./-]+\.\w+$/.test(version.handler) || version.handler.includes(".."))
    faults.push(
      `${where} has the handler ${JSON.stringify(version.handler)}; write file.export, such as index.handler.`
    );
  if (version.directory !== null && !existsSync(version.directory))
    faults.push(`${where}: the package directory ${version.directory} does not exist.`);
  if (version.directory === null && version.files.length === 0)
    faults.push(`${where} has no code: neither a directory nor files.`);
  return faults;
}
function distributionFaults(distribution, deployment) {
  const faults = [];
  const targets = new Set([...distribution.origins, ...distribution.origin_groups].map((each) => each.origin_id));
  for (const group of distribution.origin_groups) {
    for (const { origin_id: id } of group.members) {
      if (!distribution.origins.some((origin) => origin.origin_id === id)) {
        faults.push(
          `Distribution ${distribution.id}: origin group ${group.origin_id} names the origin ${id}, which it does not have.`
        );
      }
    }
  }
  const behaviors = [
    ["the default behavior", distribution.default_cache_behavior],
    ...distribution.ordered_cache_behaviors.map((each) => [
      `the behavior ${each.path_pattern}`,
      each
    ])
  ];
  for (const [name, behavior] of behaviors) {
    for (const fault2 of behaviorFaults(behavior, targets, deployment))
      faults.push(`Distribution ${distribution.id}, ${name}: ${fault2}`);
  }
  return faults;
}
function behaviorFaults(behavior, targets, deployment) {
  const faults = [];
  const policies = policiesOf(deployment);
  const known3 = (kind, id, map) => {
    if (id !== null && !map.has(id))
      faults.push(`the ${kind} ${id} is neither in this stack nor one of AWS's managed policies.`);
  };
  if (!targets.has(behavior.target_origin_id)) {
    faults.push(
      `it targets ${behavior.target_origin_id}, which is no origin or origin group of the distribution. Known: ${[...targets].join(", ") || "none"}.`
    );
  }
  known3("cache policy", behavior.cache_policy_id, policies.cache);
  known3("origin request policy", behavior.origin_request_policy_id, policies.originRequest);
  known3("response headers policy", behavior.response_headers_policy_id, policies.responseHeaders);
  if (behavior.cache_policy_id === null && behavior.forwarded_values === null)
    faults.push("it has neither a cache policy nor forwarded values.");
  if (behavior.cache_policy_id !== null && behavior.forwarded_values !== null)
    faults.push("it has both a cache policy and forwarded values; CloudFront takes one.");
  for (const group of behavior.trusted_key_groups) {
    if (!deployment.key_groups.some(({ id }) => id === group))
      faults.push(`the key group ${group} is not in this stack.`);
  }
  const events = /* @__PURE__ */ new Map();
  for (const { event_type: type, function_arn: arn } of behavior.function_associations) {
    if (!deployment.functions.some((fn) => fn.arn === arn))
      faults.push(`the CloudFront function ${arn} is not in this stack.`);
    events.set(type, "a CloudFront function");
  }
  for (const { event_type: type, lambda_arn: arn, include_body: body } of behavior.lambda_function_associations) {
    if (!deployment.lambda_versions.some((version) => version.arn === arn))
      faults.push(`the Lambda function ${arn} is not in this stack.`);
    if (events.has(type)) faults.push(`${type} has ${events.get(type)} and a Lambda function; an event takes one.`);
    if (body && type.endsWith("response")) faults.push(`${type} includes the body; only request events can.`);
    if (type.startsWith("viewer") && behavior.function_associations.length > 0) {
      faults.push("CloudFront functions and Lambda functions cannot both be on viewer events of one behavior.");
    }
    events.set(type, "a Lambda function");
  }
  return faults;
}

// src/platforms/cloudfront/gateway/functions-runner.ts
import { Worker } from "node:worker_threads";

// src/platforms/cloudfront/gateway/functions-bootstrap.ts
var FUNCTION_BOOTSTRAP = `
"use strict";
const { parentPort, workerData } = require("node:worker_threads");
const { createContext, Script } = require("node:vm");
const { createHash, createHmac } = require("node:crypto");

const { name, code, realm, stores, runtime2 } = workerData;
const ENTER = new Script("(function () { var run = globalThis.__run; delete globalThis.__run; run(); })()");
const RUNNER = "(" + function (realm, body) {
  "use strict";
  var parse = JSON.parse, stringify = JSON.stringify;
  // Runtime 1.0 has no promises, so nothing there can return one.
  var resolve = typeof Promise === "undefined" ? undefined : Promise.resolve.bind(Promise);
  function describe(error) {
    return error !== null && typeof error === "object" && "message" in error ? String(error.name) + ": " + String(error.message) : String(error);
  }
  function done(outcome, value) {
    try { outcome.text = stringify(value); } catch (error) { outcome.error = describe(error); }
    if (outcome.text === undefined) outcome.text = "null";
  }
  return function (text, at, outcome) {
    realm.begin(at);
    try {
      var value = body(realm.require, parse(text));
      if (resolve === undefined || value === null || typeof value !== "object" || typeof value.then !== "function") done(outcome, value);
      else resolve(value).then(function (result) { done(outcome, result); }, function (error) { outcome.error = describe(error); });
    } catch (error) { outcome.error = describe(error); }
  };
} + ")";

const context = createContext(Object.create(null), {
  name,
  codeGeneration: { strings: false, wasm: false },
  // Promises of the realm settle within the run, so what has not settled by its end never will.
  microtaskMode: "afterEvaluate",
});
const evaluate = (text, filename) => new Script(text, { filename }).runInContext(context);
const body = evaluate(code, name + ".js");
const run = evaluate(RUNNER)(evaluate(realm)({
  runtime2,
  stores,
  log: (text) => parentPort.postMessage({ log: String(text) }),
  digest: (algorithm, key, data) => {
    const hash = key === null ? createHash(algorithm) : createHmac(algorithm, Buffer.from(key, "base64"));
    return hash.update(Buffer.from(data, "base64")).digest("base64");
  },
}), body);

parentPort.on("message", ({ text, now }) => {
  const outcome = {};
  const started = performance.now();
  try {
    context.__run = () => run(text, now, outcome);
    ENTER.runInContext(context);
  } catch (error) {
    outcome.error = String(error);
  }
  if (outcome.text === undefined && outcome.error === undefined) outcome.error = "it returned a promise that nothing settles";
  parentPort.postMessage({ text: outcome.text, error: outcome.error, ms: performance.now() - started });
});
parentPort.postMessage({ ready: true });
`;

// src/platforms/cloudfront/gateway/functions-engine.ts
var REALM = String.raw`
(function (host) {
  "use strict";
  var digest = host.digest, log = host.log, stores = JSON.parse(host.stores), runtime2 = host.runtime2;
  var G = globalThis;

  // No shared memory, no WebAssembly, no view of the collector. Code from text is switched off where the realm is made.
  ["WebAssembly", "SharedArrayBuffer", "Atomics", "FinalizationRegistry", "WeakRef", "Intl"].forEach(function (name) { delete G[name]; });

  var alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  function toBase64(bytes) {
    var out = "";
    for (var i = 0; i < bytes.length; i += 3) {
      var n = (bytes[i] << 16) | ((bytes[i + 1] || 0) << 8) | (bytes[i + 2] || 0);
      out += alphabet[n >> 18] + alphabet[(n >> 12) & 63];
      out += i + 1 < bytes.length ? alphabet[(n >> 6) & 63] : "=";
      out += i + 2 < bytes.length ? alphabet[n & 63] : "=";
    }
    return out;
  }
  function fromBase64(text) {
    var clean = String(text).replace(/-/g, "+").replace(/_/g, "/").replace(/[^A-Za-z0-9+/]/g, "");
    var bytes = [], bits = 0, n = 0;
    for (var i = 0; i < clean.length; i++) {
      n = (n << 6) | alphabet.indexOf(clean[i]); bits += 6;
      if (bits >= 8) { bits -= 8; bytes.push((n >> bits) & 255); n &= (1 << bits) - 1; }
    }
    return Uint8Array.from(bytes);
  }
  function utf8(text) {
    var encoded = encodeURIComponent(String(text).replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?:[^\ud800-\udbff]|^)[\udc00-\udfff]/g, "\ufffd"));
    var bytes = [];
    for (var i = 0; i < encoded.length; i++) {
      if (encoded[i] === "%") { bytes.push(parseInt(encoded.slice(i + 1, i + 3), 16)); i += 2; } else bytes.push(encoded.charCodeAt(i));
    }
    return Uint8Array.from(bytes);
  }
  function hex(bytes) {
    var out = "";
    for (var i = 0; i < bytes.length; i++) out += (bytes[i] < 16 ? "0" : "") + bytes[i].toString(16);
    return out;
  }
  function text(bytes) {
    var escaped = "";
    for (var i = 0; i < bytes.length; i++) escaped += "%" + (bytes[i] < 16 ? "0" : "") + bytes[i].toString(16);
    try { return decodeURIComponent(escaped); } catch (error) { return latin1(bytes); }
  }
  function latin1(bytes) {
    var out = "";
    for (var i = 0; i < bytes.length; i++) out += String.fromCharCode(bytes[i]);
    return out;
  }
  function bytesOf(value, encoding) {
    if (typeof value !== "string") return Uint8Array.from(value);
    if (encoding === "base64" || encoding === "base64url") return fromBase64(value);
    if (encoding === "hex") return Uint8Array.from((value.match(/../g) || []).map(function (pair) { return parseInt(pair, 16); }));
    if (encoding === "latin1" || encoding === "binary") return Uint8Array.from(value, function (c) { return c.charCodeAt(0); });
    return utf8(value);
  }
  function textOf(bytes, encoding) {
    if (encoding === "hex") return hex(bytes);
    if (encoding === "base64") return toBase64(bytes);
    if (encoding === "base64url") return toBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    if (encoding === "latin1" || encoding === "binary") return latin1(bytes);
    return text(bytes);
  }

  class Buffer extends Uint8Array {
    static from(value, encoding) { var bytes = bytesOf(value, encoding); var b = new Buffer(bytes.length); b.set(bytes); return b; }
    static alloc(size, fill) { var b = new Buffer(size); if (fill !== undefined) b.fill(fill); return b; }
    static isBuffer(value) { return value instanceof Buffer; }
    static byteLength(value, encoding) { return bytesOf(value, encoding).length; }
    static concat(list) {
      var size = list.reduce(function (sum, each) { return sum + each.length; }, 0), b = new Buffer(size), at = 0;
      list.forEach(function (each) { b.set(each, at); at += each.length; });
      return b;
    }
    static compare(a, b) {
      for (var i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
      return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
    }
    equals(other) { return Buffer.compare(this, other) === 0; }
    toString(encoding, start, end) { return textOf(this.subarray(start || 0, end === undefined ? this.length : end), encoding); }
    toJSON() { return { type: "Buffer", data: Array.from(this) }; }
  }

  function hasher(algorithm, key) {
    if (["md5", "sha1", "sha256"].indexOf(algorithm) === -1) throw new TypeError("not supported algorithm: \"" + algorithm + "\"");
    var parts = [], done = false;
    return {
      update: function (data) {
        if (done) throw new Error("Digest already called");
        parts.push(Buffer.from(data));
        return this;
      },
      digest: function (encoding) {
        if (done) throw new Error("Digest already called");
        done = true;
        var answer = fromBase64(digest(algorithm, key, toBase64(Buffer.concat(parts))));
        var b = new Buffer(answer.length);
        b.set(answer);
        return encoding === undefined ? (runtime2 ? b : latin1(b)) : textOf(b, encoding);
      },
    };
  }
  var crypto = {
    createHash: function (algorithm) { return hasher(algorithm, null); },
    createHmac: function (algorithm, key) { return hasher(algorithm, toBase64(Buffer.from(key))); },
  };

  function decode(value) { try { return decodeURIComponent(value.replace(/\+/g, "%20")); } catch (error) { return value; } }
  var querystring = {
    escape: encodeURIComponent,
    unescape: decode,
    parse: function (value, separator, equals) {
      var out = {};
      String(value).split(separator || "&").forEach(function (part) {
        if (part === "") return;
        var at = part.indexOf(equals || "="), name = decode(at === -1 ? part : part.slice(0, at)), item = decode(at === -1 ? "" : part.slice(at + 1));
        if (!Object.prototype.hasOwnProperty.call(out, name)) out[name] = item;
        else if (Array.isArray(out[name])) out[name].push(item);
        else out[name] = [out[name], item];
      });
      return out;
    },
    stringify: function (object, separator, equals) {
      return Object.keys(object).map(function (name) {
        return [].concat(object[name]).map(function (item) { return encodeURIComponent(name) + (equals || "=") + encodeURIComponent(item); }).join(separator || "&");
      }).join(separator || "&");
    },
  };
  querystring.decode = querystring.parse;
  querystring.encode = querystring.stringify;

  function store(id) {
    if (id === undefined) id = stores.first;
    var data = stores.byId[id];
    if (data === undefined) throw new Error("KeyValueStore is not associated with the function: " + id);
    var entries = new Map(data);
    return {
      get: async function (key, options) {
        if (!entries.has(key)) throw new Error("KeyNotFound");
        var value = entries.get(key), format = (options && options.format) || "string";
        if (format === "json") return JSON.parse(value);
        if (format === "bytes") return Buffer.from(value);
        return value;
      },
      exists: async function (key) { return entries.has(key); },
      count: async function () { return entries.size; },
      meta: async function () {
        var size = 0;
        entries.forEach(function (value, key) { size += utf8(key).length + utf8(value).length; });
        return { creationDateTime: stores.created, lastUpdatedDateTime: stores.created, keyCount: entries.size, byteCount: size };
      },
    };
  }
  var handles = {};
  var cloudfront = {
    kvs: function (id) { var key = id === undefined ? "" : id; return handles[key] || (handles[key] = store(id)); },
  };

  var modules = { crypto: crypto, querystring: querystring, buffer: { Buffer: Buffer } };
  if (runtime2) modules.cloudfront = cloudfront;
  function require(name) {
    if (!Object.prototype.hasOwnProperty.call(modules, name)) throw new Error("Cannot load module \"" + name + "\"");
    return modules[name];
  }
  Object.keys(modules).forEach(function (name) { modules[name].default = modules[name]; });

  var logged = 0;
  function write() {
    var line = Array.prototype.map.call(arguments, function (value) {
      return typeof value === "string" ? value : JSON.stringify(value);
    }).join(" ");
    // Logs of one run are cut at 10 KB. Source: cloudfront-function-restrictions.
    var left = 10240 - logged;
    if (left <= 0) return;
    logged += line.length;
    log(line.slice(0, left));
  }
  G.console = { log: write, error: write };

  if (runtime2) {
    G.Buffer = Buffer;
    G.atob = function (value) { return latin1(fromBase64(value)); };
    G.btoa = function (value) { return toBase64(bytesOf(String(value), "latin1")); };
  } else {
    delete G.Promise;
    // The nonstandard methods of strings in runtime 1.0.
    String.bytesFrom = function (value, encoding) { return latin1(bytesOf(value, encoding)); };
    String.prototype.fromBytes = function (start, end) { return this.slice(start, end); };
    String.prototype.toBytes = function (start, end) { return this.slice(start, end); };
    String.prototype.fromUTF8 = function (start, end) { return text(bytesOf(this.slice(start, end), "latin1")); };
    String.prototype.toUTF8 = function (start, end) { return latin1(utf8(this.slice(start, end))); };
  }

  var RealDate = Date, now = 0;
  function FrozenDate() {
    var values = Array.prototype.slice.call(arguments);
    if (!new.target) return new RealDate(now).toString();
    return values.length === 0 ? new RealDate(now) : Reflect.construct(RealDate, values);
  }
  FrozenDate.prototype = RealDate.prototype;
  FrozenDate.UTC = RealDate.UTC;
  FrozenDate.parse = RealDate.parse;
  FrozenDate.now = function () { return now; };
  RealDate.prototype.constructor = FrozenDate;
  G.Date = FrozenDate;

  return {
    require: require,
    begin: function (at) { now = at; logged = 0; },
  };
})
`;

// src/platforms/cloudfront/gateway/memory-guard.ts
var SPARE = 256 * 1024 * 1024;
var LOOK_MS = 20;
function guardMemory(mb, over) {
  const most = process.memoryUsage.rss() + mb * 1024 * 1024 + SPARE;
  const timer = setInterval(() => {
    if (process.memoryUsage.rss() <= most) return;
    clearInterval(timer);
    over();
  }, LOOK_MS);
  return () => clearInterval(timer);
}

// src/platforms/cloudfront/gateway/functions-runner.ts
var TIME_LIMIT_MS = 1e3;
var START_LIMIT_MS = 1e4;
var HEAP_MB = 32;
var NOT_RUN = "The CloudFront function associated with the CloudFront distribution is invalid or could not run.";
var FunctionRunner = class {
  constructor(fn, stores, deps) {
    this.fn = fn;
    this.stores = stores;
    this.deps = deps;
    this.#start();
  }
  fn;
  stores;
  deps;
  invocations = 0;
  errors = 0;
  /** Milliseconds of wall time of the last run, inside its thread. */
  lastMs = 0;
  life = { state: "running", restarts: 0, reason: null };
  #worker;
  #ready = false;
  #queue = [];
  #current;
  #stopped = false;
  /** Runs the function and returns what it answered, parsed. Throws an EdgeError where it failed. */
  async invoke(event) {
    this.invocations++;
    const outcome = await new Promise((settle) => {
      this.#queue.push({ text: JSON.stringify(event), settle });
      this.#next();
    });
    this.lastMs = outcome.ms ?? this.lastMs;
    if (outcome.text !== void 0 && outcome.error === void 0) return JSON.parse(outcome.text);
    this.errors++;
    const detail = outcome.error ?? "it answered nothing";
    this.deps.log?.({ level: "error", message: detail, subject: `function ${this.fn.name}` });
    throw new EdgeError(503, NOT_RUN, "FunctionExecutionError", `${this.fn.name}: ${detail}`);
  }
  /** Sends the thread its next run. It gets one at a time, so that a run that hangs is told from those behind it. */
  #next() {
    if (this.#current !== void 0 || this.#stopped || this.#queue.length === 0) return;
    const worker = this.#worker ?? this.#start();
    worker.ref();
    if (!this.#ready) return;
    const run = this.#queue.shift();
    const timer = setTimeout(() => this.#expire(worker, `it ran for more than ${TIME_LIMIT_MS} ms`), TIME_LIMIT_MS);
    const unguard = guardMemory(HEAP_MB, () => this.#expire(worker, `it used more than ${HEAP_MB} MB of memory`));
    this.#current = { run, timer, unguard };
    worker.postMessage({ text: run.text, now: (this.deps.now ?? Date.now)() });
  }
  #expire(worker, error) {
    this.#worker = void 0;
    this.#lost(error);
    void worker.terminate();
    this.#settle({ error });
  }
  /** The next run starts another thread. */
  #lost(reason) {
    this.life = { state: "restarting", restarts: this.life.restarts + 1, reason };
  }
  #settle(outcome) {
    const current = this.#current;
    if (current === void 0) return;
    clearTimeout(current.timer);
    current.unguard();
    this.#current = void 0;
    this.#worker?.unref();
    current.run.settle(outcome);
    this.#next();
  }
  #start() {
    const { fn, deps } = this;
    this.#ready = false;
    const worker = new Worker(FUNCTION_BOOTSTRAP, {
      eval: true,
      name: `function ${fn.name}`,
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      workerData: {
        name: fn.name,
        code: runnable(fn),
        realm: REALM,
        stores: this.#storesText(),
        runtime2: fn.runtime === "cloudfront-js-2.0"
      }
    });
    const starting = setTimeout(() => ended(new Error(`it did not start within ${START_LIMIT_MS} ms`)), START_LIMIT_MS);
    starting.unref();
    worker.on("message", ({ log, ready, ...outcome }) => {
      if (this.#worker !== worker) return;
      if (ready) {
        clearTimeout(starting);
        this.#ready = true;
        this.life = { ...this.life, state: "running" };
        this.#next();
      } else if (log === void 0) this.#settle(outcome);
      else deps.log?.({ level: "info", message: log, subject: `function ${fn.name}` });
    });
    const ended = (error) => {
      clearTimeout(starting);
      if (this.#worker !== worker) return;
      this.#worker = void 0;
      void worker.terminate();
      if (!this.#ready) for (const run of this.#queue.splice(0)) run.settle({ error: error.message });
      const memory = error.code === "ERR_WORKER_OUT_OF_MEMORY";
      const reason = memory ? `it used more than ${HEAP_MB} MB of memory` : error.message;
      this.#lost(reason);
      this.#settle({ error: reason });
    };
    worker.on("error", ended);
    worker.on("exit", () => ended(new Error("its thread ended")));
    worker.unref();
    this.#worker = worker;
    return worker;
  }
  #storesText() {
    const byId2 = {};
    const associated = this.stores.filter((store) => this.fn.key_value_store_associations.includes(store.arn));
    for (const store of associated) {
      const pairs = store.pairs.map(({ key, value }) => [key, value]);
      for (const name of [store.id, store.arn, store.name]) byId2[name] = pairs;
    }
    return JSON.stringify({ byId: byId2, first: associated[0]?.id, created: (/* @__PURE__ */ new Date(0)).toISOString() });
  }
  async stop() {
    this.#stopped = true;
    const worker = this.#worker;
    this.#worker = void 0;
    for (const run of this.#queue.splice(0)) run.settle({ error: "the local cloud was stopped" });
    this.#settle({ error: "the local cloud was stopped" });
    await worker?.terminate();
  }
};

// src/platforms/cloudfront/gateway/lambda-runner.ts
import { randomUUID } from "node:crypto";

// src/platforms/cloudfront/gateway/lambda-node.ts
import { Worker as Worker2 } from "node:worker_threads";

// src/platforms/cloudfront/gateway/lambda-bootstrap.ts
var LAMBDA_BOOTSTRAP = `
"use strict";
const { parentPort, workerData } = require("node:worker_threads");
const { existsSync } = require("node:fs");
const { join, dirname } = require("node:path");
const { pathToFileURL } = require("node:url");

const { directory, handler, functionName, functionVersion, arn, memorySize } = workerData;
const exit = (type) => (...values) => parentPort.postMessage({ type, ...Object.assign({}, ...values) });

function describe(error) {
  return error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: error.stack }
    : { errorType: typeof error, errorMessage: String(error) };
}

async function load() {
  const dot = handler.lastIndexOf(".");
  const file = handler.slice(0, dot);
  const name = handler.slice(dot + 1);
  const path = [".mjs", ".js", ".cjs"].map((end) => join(directory, file + end)).find((each) => existsSync(each));
  if (path === undefined) {
    const error = new Error("Cannot find module '" + file + "'");
    error.name = "Runtime.ImportModuleError";
    throw error;
  }
  const module = await import(pathToFileURL(path).href);
  const found = module[name] ?? module.default?.[name];
  if (typeof found !== "function") {
    const error = new Error(handler + " is undefined or not exported");
    error.name = "Runtime.HandlerNotFound";
    throw error;
  }
  return found;
}

function invoke(run, event, requestId, deadline) {
  return new Promise((resolve, reject) => {
    const context = {
      callbackWaitsForEmptyEventLoop: true,
      functionName,
      functionVersion,
      invokedFunctionArn: arn,
      memoryLimitInMB: String(memorySize),
      awsRequestId: requestId,
      logGroupName: "/aws/lambda/us-east-1." + functionName,
      logStreamName: "local",
      getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
      done: (error, result) => (error ? reject(error) : resolve(result)),
      succeed: resolve,
      fail: reject,
    };
    const callback = (error, result) => (error ? reject(error) : resolve(result));
    const answer = run(event, context, callback);
    if (answer !== null && typeof answer === "object" && typeof answer.then === "function") answer.then(resolve, reject);
    // A handler that takes no callback and returns no promise has answered.
    else if (answer !== undefined || run.length < 3) resolve(answer);
  });
}

// A throw outside of an invocation's promise (in a timer, say) ends the invocation, as in Lambda.
let failed;
process.on("uncaughtException", (error) => failed?.(error));
process.on("unhandledRejection", (error) => failed?.(error));

const started = performance.now();
load().then(
  (run) => {
    exit("ready")({ importMs: performance.now() - started });
    parentPort.on("message", async ({ id, event, requestId, deadline }) => {
      try {
        const thrown = new Promise((_resolve, reject) => { failed = reject; });
        thrown.catch(() => {});
        const result = await Promise.race([invoke(run, JSON.parse(event), requestId, deadline), thrown]);
        const text = JSON.stringify(result === undefined ? null : result);
        exit("result")({ id, text: text === undefined ? "null" : text });
      } catch (error) {
        exit("error")({ id }, describe(error));
      } finally {
        failed = undefined;
      }
    });
  },
  (error) => exit("init-error")(describe(error)),
);
`;

// src/platforms/cloudfront/gateway/lambda-sandbox.ts
function environmentOf({ name, version, runtime, memory_size: memory }, directory) {
  return {
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: `us-east-1.${name}`,
    AWS_LAMBDA_FUNCTION_VERSION: version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
    LAMBDA_TASK_ROOT: directory,
    TZ: ":UTC"
  };
}
function settingsOf({ name, version, handler, arn, memory_size: memory }, directory) {
  return {
    directory,
    handler,
    functionName: `us-east-1.${name}`,
    functionVersion: version,
    arn,
    memorySize: memory
  };
}
function linesTo(take) {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line !== "") take(line);
  };
}

// src/platforms/cloudfront/gateway/lambda-node.ts
function startNode(version, directory, events) {
  const { name, version: number, memory_size: memory } = version;
  const worker = new Worker2(LAMBDA_BOOTSTRAP, {
    eval: true,
    name: `lambda ${name}:${number}`,
    stdout: true,
    stderr: true,
    env: environmentOf(version, directory),
    resourceLimits: { maxOldGenerationSizeMb: memory, maxYoungGenerationSizeMb: Math.max(8, Math.floor(memory / 8)) },
    workerData: settingsOf(version, directory)
  });
  for (const stream of [worker.stdout, worker.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      for (const line of text.split("\n"))
        if (line !== "") events.printed(stream === worker.stderr ? "warn" : "info", line);
    });
  }
  worker.on("message", (message) => events.message(message));
  worker.on("error", (error) => {
    events.ended(error, error.code === "ERR_WORKER_OUT_OF_MEMORY");
  });
  worker.on("exit", (code) => events.ended(new Error(`Runtime exited with exit code ${code}`), false));
  worker.unref();
  return {
    post: (invocation) => worker.postMessage(invocation),
    stop: async () => {
      await worker.terminate();
    }
  };
}

// src/platforms/cloudfront/gateway/lambda-python.ts
import { spawn } from "node:child_process";
var PYTHON_BOOTSTRAP = `
import importlib, json, os, sys, time, traceback

settings = json.loads(sys.argv[1])
answers = os.fdopen(3, "w", encoding="utf-8")
sys.stdout.reconfigure(line_buffering=True)


def tell(**message):
    answers.write(json.dumps(message) + "\\n")
    answers.flush()


def failure(error):
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return {"errorType": type(error).__name__, "errorMessage": str(error), "trace": "".join(lines)}


class Context:
    def __init__(self, request_id, deadline):
        self.function_name = settings["functionName"]
        self.function_version = settings["functionVersion"]
        self.invoked_function_arn = settings["arn"]
        self.memory_limit_in_mb = str(settings["memorySize"])
        self.aws_request_id = request_id
        self.log_group_name = "/aws/lambda/" + settings["functionName"]
        self.log_stream_name = "local"
        self.identity = None
        self.client_context = None
        self._deadline = deadline

    def get_remaining_time_in_millis(self):
        return max(0, int(self._deadline - time.time() * 1000))


def limit():
    # Beside what the interpreter itself has: Lambda's memory is the function's and the runtime's together.
    try:
        import resource

        with open("/proc/self/statm") as status:
            used = int(status.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + settings["memorySize"] * 1024 * 1024,) * 2)
    except (ImportError, OSError, ValueError):
        pass  # a system without such limits


def load():
    file, _, name = settings["handler"].rpartition(".")
    module = file.replace("/", ".")
    sys.path.insert(0, settings["directory"])
    os.chdir(settings["directory"])
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        return None, {"errorType": "Runtime.ImportModuleError", "errorMessage": "Unable to import module '%s': %s" % (module, error)}
    except SyntaxError as error:
        return None, {"errorType": "Runtime.UserCodeSyntaxError", "errorMessage": "Syntax error in module '%s': %s" % (module, error)}
    except BaseException as error:
        return None, failure(error)
    if not callable(getattr(found, name, None)):
        return None, {"errorType": "Runtime.HandlerNotFound", "errorMessage": "Handler '%s' missing on module '%s'" % (name, module)}
    return getattr(found, name), None


started = time.perf_counter()
limit()
handler, fault = load()
if fault is not None:
    tell(type="init-error", **fault)
    sys.exit(0)
tell(type="ready", importMs=(time.perf_counter() - started) * 1000)
for line in sys.stdin:
    asked = json.loads(line)
    try:
        result = handler(json.loads(asked["event"]), Context(asked["requestId"], asked["deadline"]))
        try:
            text = json.dumps(result)
        except (TypeError, ValueError) as error:
            tell(type="error", id=asked["id"], errorType="Runtime.MarshalError", errorMessage="Unable to marshal response: %s" % error)
        else:
            tell(type="result", id=asked["id"], text=text)
    except MemoryError:
        sys.stderr.write("MemoryError\\n")
        sys.stderr.flush()
        os._exit(137)
    except Exception as error:
        tell(type="error", id=asked["id"], **failure(error))
    sys.stdout.flush()
`;
var LAST_WORDS_MS = 250;
var OUT_OF_MEMORY = 137;
function startPython(version, directory, events) {
  const args = ["-I", "-S", "-B", "-c", PYTHON_BOOTSTRAP, JSON.stringify(settingsOf(version, directory))];
  const child = spawn(version.interpreter ?? "python3", args, {
    env: environmentOf(version, directory),
    stdio: ["pipe", "pipe", "pipe", "pipe"]
  });
  const { stdin, stdout, stderr } = child;
  const answers = child.stdio[3];
  for (const stream of [stdout, stderr]) {
    stream.setEncoding("utf8").on(
      "data",
      linesTo((line) => events.printed(stream === stderr ? "warn" : "info", line))
    );
  }
  answers.setEncoding("utf8").on(
    "data",
    linesTo((line) => events.message(JSON.parse(line)))
  );
  for (const stream of [stdin, answers, stdout, stderr]) stream.on("error", () => void 0);
  child.on("error", (error) => events.ended(error, false));
  const gone = new Promise((resolve) => {
    child.on("error", () => resolve());
    let told = false;
    const end2 = (code, signal) => {
      if (told) return;
      told = true;
      events.ended(new Error(`Runtime exited with ${signal ?? `exit code ${code}`}`), code === OUT_OF_MEMORY);
      resolve();
    };
    child.on("close", end2);
    child.on("exit", (code, signal) => setTimeout(end2, LAST_WORDS_MS, code, signal).unref());
  });
  return {
    post: (invocation) => void stdin.write(`${JSON.stringify(invocation)}
`),
    stop: () => {
      child.kill("SIGKILL");
      return gone;
    }
  };
}

// src/platforms/cloudfront/gateway/lambda-runner.ts
var MAX_ENVIRONMENTS = 8;
var INIT_LIMIT_MS = 1e4;
var UNAVAILABLE = "The Lambda function associated with the CloudFront distribution is invalid or doesn't have the required permissions.";
function failure(errorType, errorMessage) {
  return { type: "error", errorType, errorMessage };
}
var LambdaRunner = class {
  constructor(version, directory, deps) {
    this.version = version;
    this.directory = directory;
    this.deps = deps;
  }
  version;
  directory;
  deps;
  coldStarts = [];
  life = { state: "running", restarts: 0, reason: null };
  invocations = 0;
  errors = 0;
  #idle = [];
  #all = /* @__PURE__ */ new Set();
  #waiting = [];
  #nextId = 0;
  #stopped = false;
  /** Runs the function on an event and returns what it answered, parsed. Throws an EdgeError where it failed. */
  async invoke(event) {
    this.invocations++;
    const environment = await this.#take();
    try {
      await environment.ready;
    } catch (error) {
      this.errors++;
      this.#discard(environment);
      this.#log("error", `init failed: ${error.message}`);
      throw new EdgeError(503, UNAVAILABLE, "LambdaExecutionError", error.message);
    }
    const limit = Math.min(this.version.timeout, LAMBDA_EDGE_TIMEOUT_S) * 1e3;
    const message = await this.#run(environment, event, limit);
    if (message.type === "result") {
      this.#noteColdStart(environment);
      this.#release(environment);
      return JSON.parse(message.text);
    }
    this.errors++;
    const { errorType, errorMessage, trace } = message;
    if (environment.dead) this.#discard(environment);
    else {
      this.#noteColdStart(environment);
      this.#release(environment);
    }
    this.#log("error", `${errorType}: ${errorMessage}${trace ? `
${trace}` : ""}`);
    const timedOut = errorType === "Sandbox.Timedout";
    throw new EdgeError(
      503,
      UNAVAILABLE,
      timedOut ? "LambdaLimitExceeded" : "LambdaExecutionError",
      `${errorType}: ${errorMessage}`
    );
  }
  #run(environment, event, limit) {
    const id = ++this.#nextId;
    return new Promise((resolve) => {
      const memory = this.version.memory_size;
      const unguard = guardMemory(memory, () => {
        environment.dead = true;
        clearTimeout(timer);
        resolve(failure("Runtime.OutOfMemory", `the function used more than its ${memory} MB of memory`));
      });
      const timer = setTimeout(() => {
        environment.dead = true;
        unguard();
        resolve(failure("Sandbox.Timedout", `Task timed out after ${(limit / 1e3).toFixed(2)} seconds`));
      }, limit);
      environment.pending = {
        id,
        settle: (message) => {
          clearTimeout(timer);
          unguard();
          resolve(message);
        }
      };
      const deadline = Date.now() + limit;
      environment.sandbox.post({ id, event: JSON.stringify(event), requestId: randomUUID(), deadline });
    });
  }
  async #take() {
    const idle = this.#idle.pop();
    if (idle !== void 0) return idle;
    if (this.#all.size < MAX_ENVIRONMENTS) return this.#start();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }
  #start() {
    const startedAt = performance.now();
    const start2 = this.version.runtime.startsWith("python") ? startPython : startNode;
    let settled;
    const ready = new Promise((resolve, reject) => {
      settled = { resolve, reject };
    });
    const limit = setTimeout(() => {
      environment.dead = true;
      settled?.reject(new Error(`INIT phase timed out after ${INIT_LIMIT_MS / 1e3} seconds`));
    }, INIT_LIMIT_MS);
    ready.catch(() => void 0).finally(() => clearTimeout(limit));
    const sandbox = start2(this.version, this.directory, {
      printed: (level, line) => this.#log(level, line),
      message: (message) => {
        if (message.type === "ready") {
          environment.importMs = message.importMs;
          this.life = { ...this.life, state: "running" };
          settled?.resolve();
        } else if (message.type === "init-error") {
          environment.dead = true;
          settled?.reject(new Error(`${message.errorType}: ${message.errorMessage}`));
        } else if (environment.pending !== void 0 && environment.pending.id === message.id) {
          const { settle } = environment.pending;
          environment.pending = void 0;
          settle(message);
        }
      },
      ended: (error, outOfMemory) => {
        if (!environment.dead && !this.#stopped) this.#lost(error.message);
        environment.dead = true;
        this.#forget(environment);
        settled?.reject(error);
        const message = outOfMemory ? `the function used more than its ${this.version.memory_size} MB of memory` : `RequestId: Error: ${error.message}`;
        environment.pending?.settle(failure(outOfMemory ? "Runtime.OutOfMemory" : "Runtime.ExitError", message));
        environment.pending = void 0;
      }
    });
    const environment = {
      sandbox,
      startedAt,
      importMs: 0,
      answered: false,
      pending: void 0,
      dead: false,
      ready
    };
    this.#all.add(environment);
    return environment;
  }
  /** The next request starts another one: Lambda has environments for requests alone. */
  #lost(reason) {
    this.life = { state: "restarting", restarts: this.life.restarts + 1, reason };
    this.#log("warn", `its environment ended unexpectedly: ${reason}; the next request starts another one`);
  }
  #noteColdStart(environment) {
    if (environment.answered) return;
    environment.answered = true;
    const coldStart = {
      function: this.version.name,
      version: this.version.version,
      importMs: round(environment.importMs),
      firstAnswerMs: round(performance.now() - environment.startedAt)
    };
    this.coldStarts.push(coldStart);
    if (this.coldStarts.length > 100) this.coldStarts.shift();
    this.#log("info", `cold start: import ${coldStart.importMs} ms, first answer after ${coldStart.firstAnswerMs} ms`);
  }
  #release(environment) {
    const next = this.#waiting.shift();
    if (next !== void 0) next.resolve(environment);
    else this.#idle.push(environment);
  }
  #forget(environment) {
    this.#all.delete(environment);
    const index = this.#idle.indexOf(environment);
    if (index !== -1) this.#idle.splice(index, 1);
  }
  #discard(environment) {
    environment.dead = true;
    environment.pending = void 0;
    this.#forget(environment);
    void environment.sandbox.stop();
    const next = this.#waiting.shift();
    if (next !== void 0) next.resolve(this.#start());
  }
  #log(level, message) {
    this.deps.log?.({ level, message, subject: `lambda ${this.version.name}:${this.version.version}` });
  }
  async stop() {
    this.#stopped = true;
    const stopped = new EdgeError(503, UNAVAILABLE, "LambdaExecutionError", "the local cloud was stopped");
    for (const waiting of this.#waiting.splice(0)) waiting.reject(stopped);
    await Promise.all([...this.#all].map((environment) => environment.sandbox.stop()));
    this.#all.clear();
    this.#idle = [];
  }
};
function round(ms) {
  return Math.round(ms * 10) / 10;
}

// src/platforms/cloudfront/gateway/origin-fetch.ts
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { Readable as Readable4 } from "node:stream";
var REFUSED = "CloudFront wasn't able to connect to the origin.";
var UNRESOLVED = "CloudFront wasn't able to resolve the origin domain name.";
var TOO_LARGE = "CloudFront received a response from the origin that it cannot process.";
var TIMED_OUT = "CloudFront attempted to establish a connection with the origin, but either the attempt failed or the origin closed the connection.";
var OriginError = class extends EdgeError {
  constructor(status2, message, detail, unconnected) {
    super(status2, message, "Error", detail);
    this.unconnected = unconnected;
  }
  unconnected;
};
var OriginClient = class {
  constructor(deps) {
    this.deps = deps;
  }
  deps;
  #agents = /* @__PURE__ */ new Map();
  async fetch(call2) {
    const repeatable = call2.method === "GET" || call2.method === "HEAD";
    for (let attempt4 = 1; ; attempt4++) {
      try {
        return await this.#once(call2);
      } catch (error) {
        if (!(error instanceof OriginError) || attempt4 >= call2.attempts) throw error;
        if (!error.unconnected && !repeatable) throw error;
      }
    }
  }
  #agent(call2) {
    const secure = call2.base.protocol === "https:";
    const key = `${secure} ${call2.keepAliveMs}`;
    let agent3 = this.#agents.get(key);
    if (agent3 === void 0) {
      const options = { keepAlive: true, keepAliveMsecs: call2.keepAliveMs, maxSockets: Number.POSITIVE_INFINITY };
      agent3 = secure ? new HttpsAgent(options) : new HttpAgent(options);
      this.#agents.set(key, agent3);
    }
    return agent3;
  }
  #once(call2) {
    const origin = call2.base.origin;
    this.deps.originStarted?.(origin);
    let finished2 = false;
    const finish = (status2, bytes, error) => {
      if (finished2) return;
      finished2 = true;
      this.deps.originEnded?.({ origin, ...status2 !== void 0 && { status: status2 }, bytes, ...error && { error } });
    };
    return new Promise((resolve, reject) => {
      const secure = call2.base.protocol === "https:";
      const request = (secure ? httpsRequest : httpRequest)({
        agent: this.#agent(call2),
        hostname: call2.base.hostname.replace(/^\[|\]$/g, ""),
        port: call2.base.port || (secure ? 443 : 80),
        method: call2.method,
        path: call2.target,
        headers: rawHeaders(call2),
        // Above CloudFront's own limit, so that what is over that limit is told as such.
        maxHeaderSize: 4 * CLOUDFRONT_REQUEST_BYTES,
        ...secure && { servername: call2.base.hostname }
      });
      let connected = false;
      const fail = (error) => {
        finish(void 0, 0, true);
        reject(error);
        request.destroy();
      };
      const connecting = setTimeout(() => {
        fail(new OriginError(504, TIMED_OUT, `no connection to ${origin} within ${call2.connectionTimeoutMs} ms`, true));
      }, call2.connectionTimeoutMs);
      const send2 = () => {
        connected = true;
        clearTimeout(connecting);
        const late = () => {
          fail(new OriginError(504, TIMED_OUT, `no answer from ${origin} within ${call2.readTimeoutMs} ms`, false));
        };
        const wait = () => void request.setTimeout(call2.readTimeoutMs, late);
        const { body } = call2;
        if (!(body instanceof Readable4)) {
          wait();
          return void request.end(body);
        }
        const gone = new Error("the client broke off");
        if (body.destroyed && !body.readableEnded) return void request.destroy(gone);
        body.on("pause", wait);
        body.on("resume", () => request.setTimeout(0));
        body.once("end", wait);
        body.once("close", () => {
          if (!body.readableEnded) request.destroy(gone);
        });
        body.pipe(request);
      };
      request.on("socket", (socket) => {
        if (socket.connecting) socket.once(secure ? "secureConnect" : "connect", send2);
        else send2();
      });
      request.on("error", (error) => {
        clearTimeout(connecting);
        const resolves = error.code !== "ENOTFOUND" && error.code !== "EAI_AGAIN";
        const unconnected = !connected || request.reusedSocket;
        fail(
          new OriginError(
            502,
            resolves ? REFUSED : UNRESOLVED,
            `${origin}: ${error.code ?? error.message}`,
            unconnected
          )
        );
      });
      request.on("response", (message) => {
        let bytes = 0;
        message.on("data", (chunk) => {
          bytes += chunk.byteLength;
        });
        message.pause();
        const headers = headersOfRaw(message);
        if (headerBytes(headers) > CLOUDFRONT_REQUEST_BYTES) {
          const detail = `${origin} answered with ${headerBytes(headers)} bytes of headers; CloudFront takes ${CLOUDFRONT_REQUEST_BYTES}`;
          return fail(new OriginError(502, TOO_LARGE, detail, false));
        }
        message.on("close", () => finish(message.statusCode, bytes, !message.complete));
        resolve(responseOf(message, headers));
      });
    });
  }
  stop() {
    for (const agent3 of this.#agents.values()) agent3.destroy();
    this.#agents.clear();
  }
};
function rawHeaders(call2) {
  const raw = [];
  let length;
  for (const [key, value] of pairsOf(call2.headers)) {
    const name = key.toLowerCase();
    if (name === "content-length") length = value;
    else if (!HOP_BY_HOP.has(name)) raw.push(key, value);
  }
  if (call2.body instanceof Readable4) {
    if (length === void 0) raw.push("Transfer-Encoding", "chunked");
    else raw.push("Content-Length", length);
  } else if (call2.body !== void 0) raw.push("Content-Length", String(call2.body.byteLength));
  raw.push("Connection", "Keep-Alive");
  return raw;
}
function responseOf(message, headers) {
  removeNamedByConnection(headers);
  for (const name of HOP_BY_HOP) delete headers[name];
  return {
    status: message.statusCode ?? 502,
    statusDescription: message.statusMessage ?? "",
    headers,
    body: message
  };
}

// src/platforms/cloudfront/gateway/s3.ts
import { createHash as createHash2 } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { extname, join as join2, normalize, sep } from "node:path";
var DEFAULT_TYPE = "binary/octet-stream";
var TYPES = {
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
  ".xml": "application/xml"
};
var Bucket = class {
  constructor(bucket) {
    this.bucket = bucket;
    this.#objects = new Map(bucket.objects.map((object) => [object.key, object]));
  }
  bucket;
  #objects;
  #created = /* @__PURE__ */ new Date();
  answer(request, reader) {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return this.#error(
        405,
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        request
      );
    }
    const allowed = (list) => reader.signs && (list.includes(reader.distributionArn) || list.includes("*"));
    if (!this.bucket.public_read && !allowed(this.bucket.readers)) return this.#denied(request);
    const key = keyOf(request.uri);
    const stored = key === void 0 ? void 0 : this.load(key);
    if (stored === void 0) {
      if (!allowed(this.bucket.listers)) return this.#denied(request);
      return this.#error(404, "NoSuchKey", "The specified key does not exist.", request, key);
    }
    return this.found(request, key, stored);
  }
  #denied(request) {
    return this.#error(403, "AccessDenied", "Access Denied", request);
  }
  /** An object by its key. */
  load(key) {
    const object = this.#objects.get(key);
    if (object !== void 0) {
      if (object.file !== null) return { ...readFile(object.file), object };
      return { bytes: Buffer.from(object.content_base64 ?? "", "base64"), modified: this.#created, object };
    }
    const { directory } = this.bucket;
    if (directory === null || key === "" || key.endsWith("/") || key.includes("\0")) return void 0;
    const path = normalize(join2(directory, key));
    if (!path.startsWith(normalize(directory + sep))) return void 0;
    try {
      if (!statSync(path).isFile()) return void 0;
      return { ...readFile(path), object: { content_type: TYPES[extname(path).toLowerCase()] ?? null } };
    } catch {
      return void 0;
    }
  }
  /** An object as it is answered: whole, a range of it, or that it has not changed. */
  found(request, key, { bytes, modified, object }) {
    const etag = `"${createHash2("md5").update(bytes).digest("hex")}"`;
    const seconds2 = Math.floor(modified.getTime() / 1e3) * 1e3;
    const pairs = [
      ["Last-Modified", new Date(seconds2).toUTCString()],
      ["ETag", etag],
      ["x-amz-server-side-encryption", "AES256"],
      ...object.cache_control ? [["Cache-Control", object.cache_control]] : [],
      ...object.content_encoding ? [["Content-Encoding", object.content_encoding]] : [],
      ...object.content_disposition ? [["Content-Disposition", object.content_disposition]] : [],
      ...object.content_language ? [["Content-Language", object.content_language]] : [],
      ...Object.entries(object.metadata ?? {}).map(([name, value]) => [`x-amz-meta-${name}`, value]),
      ...object.website_redirect ? [["x-amz-website-redirect-location", object.website_redirect]] : [],
      ["Accept-Ranges", "bytes"],
      ["Server", "AmazonS3"],
      ["Date", (/* @__PURE__ */ new Date()).toUTCString()]
    ];
    if (isUnmodified(request, etag, seconds2))
      return { status: 304, statusDescription: "Not Modified", headers: headersOf(pairs), body: void 0 };
    pairs.push(["Content-Type", object.content_type ?? DEFAULT_TYPE]);
    const range = rangeOf(get(request.headers, "range"), bytes.byteLength);
    if (range === "unsatisfiable") {
      return this.#error(416, "InvalidRange", "The requested range is not satisfiable", request, key);
    }
    const body = range === void 0 ? bytes : bytes.subarray(range.start, range.end + 1);
    if (range !== void 0) pairs.push(["Content-Range", `bytes ${range.start}-${range.end}/${bytes.byteLength}`]);
    pairs.push(["Content-Length", String(body.byteLength)]);
    return {
      status: range === void 0 ? 200 : 206,
      statusDescription: range === void 0 ? "OK" : "Partial Content",
      headers: headersOf(pairs),
      body: request.method === "HEAD" ? void 0 : body
    };
  }
  #error(status2, code, message, request, key) {
    const detail = key === void 0 ? "" : `<Key>${key.replace(/[<>&]/g, "")}</Key>`;
    const xml = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>${code}</Code><Message>${message}</Message>${detail}</Error>`;
    const headers = headersOf([
      ["Content-Type", "application/xml"],
      ["Date", (/* @__PURE__ */ new Date()).toUTCString()],
      ["Server", "AmazonS3"],
      ["Content-Length", String(Buffer.byteLength(xml))]
    ]);
    return { status: status2, statusDescription: code, headers, body: request.method === "HEAD" ? void 0 : Buffer.from(xml) };
  }
};
function readFile(path) {
  return { bytes: readFileSync(path), modified: statSync(path).mtime };
}
function keyOf(uri) {
  try {
    return decodeURIComponent(uri.slice(1));
  } catch {
    return void 0;
  }
}
function isUnmodified(request, etag, modified) {
  const match = get(request.headers, "if-none-match");
  if (match !== void 0) {
    return match.trim() === "*" || match.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
  }
  const since = get(request.headers, "if-modified-since");
  return since !== void 0 && modified <= Date.parse(since);
}
function rangeOf(text, size) {
  const found = /^bytes=(\d*)-(\d*)$/.exec(text?.trim() ?? "");
  if (found === null || found[1] === "" && found[2] === "") return void 0;
  const [, from, to] = found;
  const start2 = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const end2 = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== "" && to !== "" && Number(to) < Number(from)) return void 0;
  return start2 >= size || from === "" && to === "0" ? "unsatisfiable" : { start: start2, end: end2 };
}

// src/platforms/cloudfront/gateway/s3-website.ts
import { STATUS_CODES as STATUS_CODES3 } from "node:http";
var DENIED = { status: 403, code: "AccessDenied", message: "Access Denied" };
var MISSING = { status: 404, code: "NoSuchKey", message: "The specified key does not exist." };
var METHOD2 = {
  status: 405,
  code: "MethodNotAllowed",
  message: "The specified method is not allowed against this resource."
};
var WebsiteEndpoint = class {
  constructor(bucket, website) {
    this.bucket = bucket;
    this.website = website;
  }
  bucket;
  website;
  answer(request) {
    const { website, bucket } = this;
    const host = request.headers.host?.[0]?.value ?? "";
    const { redirect_all: everything } = website;
    if (everything !== null) {
      const query = request.querystring === "" ? "" : `?${request.querystring}`;
      const target = `${everything.protocol ?? "http"}://${everything.host_name}${request.uri}${query}`;
      return redirect(301, target, request);
    }
    if (request.method !== "GET" && request.method !== "HEAD") return this.#failed(METHOD2, request, "");
    const asked = keyOf(request.uri);
    if (asked === void 0) return this.#failed(MISSING, request, "");
    const early = website.routing_rules.find(
      ({ error_code: code, key_prefix: prefix }) => code === null && asked.startsWith(prefix ?? "")
    );
    if (early !== void 0) return ruled(early, asked, host, request);
    if (!bucket.bucket.public_read) return this.#answerFailure(DENIED, request, asked, host);
    const key = asked === "" || asked.endsWith("/") ? `${asked}${website.index_document ?? ""}` : asked;
    const stored = bucket.load(key);
    if (stored !== void 0) return this.#object(stored, key, request);
    const folder = website.index_document === null || asked === "" || asked.endsWith("/") ? void 0 : `${asked}/`;
    if (folder !== void 0 && bucket.load(`${folder}${website.index_document}`) !== void 0)
      return redirect(302, `/${encodeURI(folder)}`, request);
    return this.#answerFailure(bucket.bucket.listers.includes("*") ? MISSING : DENIED, request, asked, host);
  }
  #object(stored, key, request) {
    const moved = stored.object.website_redirect;
    return moved ? redirect(301, moved, request) : this.bucket.found(request, key, stored);
  }
  #answerFailure(failure2, request, key, host) {
    const rule = this.website.routing_rules.find(
      ({ error_code: code, key_prefix: prefix }) => code === String(failure2.status) && key.startsWith(prefix ?? "")
    );
    return rule === void 0 ? this.#failed(failure2, request, key) : ruled(rule, key, host, request);
  }
  #failed(failure2, request, key) {
    const { error_document: document } = this.website;
    const stored = document === null || !this.bucket.bucket.public_read ? void 0 : this.bucket.load(document);
    const { status: status2, code, message } = failure2;
    if (stored !== void 0) {
      const plain2 = { ...request, method: request.method === "HEAD" ? "HEAD" : "GET", headers: {} };
      const page2 = this.bucket.found(plain2, document, stored);
      return { ...page2, status: status2, statusDescription: STATUS_CODES3[status2] ?? "" };
    }
    const title = `${status2} ${STATUS_CODES3[status2] ?? ""}`;
    const items = [`Code: ${code}`, `Message: ${message}`, ...status2 === 404 ? [`Key: ${escaped(key)}`] : []];
    const html = `<html>
<head><title>${title}</title></head>
<body>
<h1>${title}</h1>
<ul>
${items.map((item) => `<li>${item}</li>
`).join("")}</ul>
<hr/>
</body>
</html>
`;
    return made(status2, html, request, [
      ["x-amz-error-code", code],
      ["x-amz-error-message", message]
    ]);
  }
};
function ruled(rule, key, host, request) {
  const prefix = rule.key_prefix ?? "";
  let target = key;
  if (rule.replace_key_with !== null) target = rule.replace_key_with;
  else if (rule.replace_key_prefix_with !== null) target = rule.replace_key_prefix_with + key.slice(prefix.length);
  const location = `${rule.protocol ?? "http"}://${rule.host_name ?? host}/${encodeURI(target)}`;
  return redirect(Number(rule.redirect_code ?? 301), location, request);
}
function redirect(status2, location, request) {
  return made(status2, "", request, [["Location", location]]);
}
function made(status2, html, request, more) {
  const headers = headersOf([
    ...more,
    ["Content-Type", "text/html; charset=utf-8"],
    ["Date", (/* @__PURE__ */ new Date()).toUTCString()],
    ["Server", "AmazonS3"],
    ["Content-Length", String(Buffer.byteLength(html))]
  ]);
  const body = request.method === "HEAD" ? void 0 : Buffer.from(html);
  return { status: status2, statusDescription: STATUS_CODES3[status2] ?? "", headers, body };
}
function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

// src/platforms/cloudfront/gateway/origins.ts
var NO_HTTPS = "CloudFront attempted to establish a connection with the origin, but either the attempt failed or the origin closed the connection.";
var NOWHERE = /(?:^|\.)(?:example|invalid|test)\.?$/;
var Origins = class {
  constructor(deployment, deps) {
    this.deps = deps;
    this.#client = new OriginClient(deps);
    this.#addresses = new Map(
      deployment.addresses.map(({ domain_name: name, url }) => [name.toLowerCase(), new URL(url)])
    );
    for (const config of deployment.buckets) {
      const bucket = new Bucket(config);
      for (const name of config.domain_names) this.#buckets.set(name.toLowerCase(), bucket);
      if (config.website === null) continue;
      const endpoint = new WebsiteEndpoint(bucket, config.website);
      for (const name of config.website_domain_names) this.#websites.set(name.toLowerCase(), endpoint);
    }
  }
  deps;
  #client;
  #addresses;
  #buckets = /* @__PURE__ */ new Map();
  #websites = /* @__PURE__ */ new Map();
  /** The region of the bucket behind a domain name. */
  regionOf(domain) {
    return this.#buckets.get(domain.toLowerCase())?.bucket.region ?? "us-east-1";
  }
  /**
   * Finds an origin's name, as CloudFront does before it runs a function on origin-request; throws where there is none.
   * DNS itself is not asked: a name that is neither of this stack nor certain to be missing is taken to be there (gap
   * `aws-origin-dns`).
   * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
   */
  resolve(domain) {
    const name = domain.toLowerCase();
    const known3 = this.#addresses.has(name) || this.#buckets.has(name) || this.#websites.has(name);
    if (!known3 && NOWHERE.test(name))
      throw new OriginError(502, UNRESOLVED, `${domain} is a name that no DNS has`, true);
  }
  /**
   * @param request as it goes out: all headers, `uri` without the origin's path
   * @param configured the distribution's origin, for attempts, timeouts and access control
   */
  async send(request, origin, configured, viewer, distributionArn) {
    const target = "custom" in origin ? origin.custom : origin.s3;
    const domain = target.domainName.toLowerCase();
    const uri = target.path + request.uri;
    const headers = { ...request.headers };
    for (const [name, fields] of Object.entries(target.customHeaders)) headers[name.toLowerCase()] = fields;
    const bucket = this.#buckets.get(domain);
    if (bucket !== void 0) {
      const identity = configured.s3_origin_config?.origin_access_identity ?? "";
      const signs = configured.origin_access_control_id !== null || identity !== "";
      return this.#counted(bucket, () => bucket.answer({ ...request, uri, headers }, { distributionArn, signs }));
    }
    const website = this.#websites.get(domain);
    if (website !== void 0) {
      const protocol = "custom" in origin ? protocolOf(origin.custom, configured, viewer) : "http";
      if (protocol === "https") {
        const detail = `${domain} takes HTTP alone: set originProtocolPolicy to http-only`;
        throw new OriginError(504, NO_HTTPS, detail, true);
      }
      if (headers.host === void 0) setHeader(headers, "Host", target.domainName);
      return this.#counted(website.bucket, () => website.answer({ ...request, uri, headers }));
    }
    this.resolve(domain);
    const base = this.#addresses.get(domain) ?? baseOf(origin, configured, viewer, domain);
    if (headers.host === void 0) setHeader(headers, "Host", hostOf(target.domainName, base));
    const query = request.querystring === "" ? "" : `?${request.querystring}`;
    const custom2 = "custom" in origin ? origin.custom : void 0;
    return this.#client.fetch({
      base,
      method: request.method,
      target: `${uri}${query}`,
      headers,
      body: request.body,
      attempts: configured.connection_attempts,
      connectionTimeoutMs: configured.connection_timeout * 1e3,
      readTimeoutMs: (custom2?.readTimeout ?? 30) * 1e3,
      keepAliveMs: (custom2?.keepaliveTimeout ?? 5) * 1e3
    });
  }
  #counted({ bucket }, answer2) {
    const origin = `s3://${bucket.name}`;
    this.deps.originStarted?.(origin);
    const response = answer2();
    const bytes = response.body?.byteLength ?? 0;
    this.deps.originEnded?.({ origin, status: response.status, bytes });
    return response;
  }
  stop() {
    this.#client.stop();
  }
};
function baseOf(origin, configured, viewer, domain) {
  if ("s3" in origin) {
    throw new EdgeError(
      502,
      "CloudFront wasn't able to resolve the origin domain name.",
      "Error",
      `no bucket of this stack is reached as ${domain}`
    );
  }
  const { custom: custom2 } = origin;
  const protocol = protocolOf(custom2, configured, viewer);
  const config = configured.custom_origin_config;
  const follows = config !== null && protocol !== custom2.protocol;
  const port = follows ? protocol === "http" ? config.http_port : config.https_port : custom2.port;
  return new URL(`${protocol}://${domain}:${port}`);
}
function protocolOf(custom2, configured, viewer) {
  const matches3 = configured.custom_origin_config?.origin_protocol_policy === "match-viewer";
  return matches3 && custom2.domainName === configured.domain_name ? viewer.protocol ?? "https" : custom2.protocol;
}
function hostOf(domain, base) {
  return base.port === "" || base.hostname !== domain.toLowerCase() ? domain : `${domain}:${base.port}`;
}

// src/platforms/cloudfront/gateway/package-files.ts
import { createHash as createHash3 } from "node:crypto";
import { existsSync as existsSync2, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join as join3, normalize as normalize2, sep as sep2 } from "node:path";
function packageDirectory(version, workDir) {
  if (version.directory !== null) return version.directory;
  const hash = createHash3("sha256");
  for (const file of version.files) hash.update(JSON.stringify([file.path, file.content_base64]));
  const directory = join3(workDir, "lambda", hash.digest("hex").slice(0, 32));
  if (existsSync2(directory)) return directory;
  const unpacking = `${directory}.${process.pid}`;
  rmSync(unpacking, { recursive: true, force: true });
  for (const file of version.files) {
    const path = normalize2(file.path);
    if (path.startsWith("..") || path.startsWith(sep2) || path.includes("\0")) {
      throw new Error(
        `The package of ${version.name} has a file ${JSON.stringify(file.path)} outside of its directory.`
      );
    }
    mkdirSync(dirname(join3(unpacking, path)), { recursive: true });
    writeFileSync(join3(unpacking, path), Buffer.from(file.content_base64, "base64"));
  }
  mkdirSync(unpacking, { recursive: true });
  renameSync(unpacking, directory);
  return directory;
}

// src/platforms/cloudfront/gateway/pipeline.ts
import { randomBytes } from "node:crypto";
import { STATUS_CODES as STATUS_CODES7 } from "node:http";

// src/platforms/cloudfront/gateway/fetch-stage.ts
import { STATUS_CODES as STATUS_CODES5 } from "node:http";
import { Readable as Readable6 } from "node:stream";

// src/platforms/cloudfront/gateway/compress.ts
import { Readable as Readable5 } from "node:stream";
import { brotliCompressSync, constants, createBrotliCompress, createGzip, gzipSync } from "node:zlib";
var MIN_BYTES = 1e3;
var MAX_BYTES = 1e7;
var STATUSES = /* @__PURE__ */ new Set([200, 403, 404]);
var TYPES2 = new Set(
  `application/dash+xml application/eot application/font application/font-sfnt application/javascript application/json
  application/opentype application/otf application/pdf application/pkcs7-mime application/protobuf application/rss+xml
  application/truetype application/ttf application/vnd.apple.mpegurl application/vnd.mapbox-vector-tile
  application/vnd.ms-fontobject application/wasm application/xhtml+xml application/xml application/x-font-opentype
  application/x-font-truetype application/x-font-ttf application/x-httpd-cgi application/x-javascript
  application/x-mpegurl application/x-opentype application/x-otf application/x-perl application/x-ttf font/eot
  font/opentype font/otf font/ttf image/svg+xml text/css text/csv text/html text/javascript text/js text/plain
  text/richtext text/tab-separated-values text/xml text/x-component text/x-java-source text/x-script
  vnd.apple.mpegurl`.split(/\s+/)
);
var BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };
function compress(response, accepted) {
  const { headers, body } = response;
  if (accepted === void 0 || body === void 0 || !STATUSES.has(response.status)) return;
  if (get(headers, "content-encoding") !== void 0) return;
  const type = get(headers, "content-type")?.split(";")[0]?.trim().toLowerCase();
  const length = Number(get(headers, "content-length") ?? Number.NaN);
  if (type === void 0 || !TYPES2.has(type) || !(length >= MIN_BYTES && length <= MAX_BYTES)) return;
  const brotli = accepted.split(",").includes("br");
  if (body instanceof Readable5) {
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
function addVary({ headers }) {
  const vary = get(headers, "vary");
  if (vary === void 0) setHeader(headers, "Vary", "Accept-Encoding");
  else if (!/(^|,)\s*(accept-encoding|\*)\s*(,|$)/i.test(vary)) setHeader(headers, "Vary", `${vary}, Accept-Encoding`);
}
function weaken({ headers }) {
  const etag = get(headers, "etag");
  if (etag === void 0 || etag.startsWith("W/")) return;
  if (etag.startsWith('"')) setHeader(headers, "ETag", `W/${etag}`);
  else delete headers.etag;
}

// src/platforms/cloudfront/gateway/keys.ts
function normalizedEncoding(accept, gzip, brotli) {
  if (accept === void 0 || !gzip && !brotli) return void 0;
  const taken = /* @__PURE__ */ new Set();
  for (const part of accept.toLowerCase().split(",")) {
    const [name, ...parameters] = part.split(";").map((text) => text.trim());
    const refused3 = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    if (name && !refused3) taken.add(name);
  }
  const kept = [...brotli && taken.has("br") ? ["br"] : [], ...gzip && taken.has("gzip") ? ["gzip"] : []];
  return kept.length > 0 ? kept.join(",") : void 0;
}
function selectQuery(querystring, taken) {
  if (querystring === "") return "";
  return querystring.split("&").filter((part) => part !== "" && taken(parameterName(part))).join("&");
}
function parameterName(part) {
  const equals = part.indexOf("=");
  const name = equals === -1 ? part : part.slice(0, equals);
  if (!name.includes("%")) return name;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
function selectCookies(cookie, taken) {
  if (cookie === void 0) return void 0;
  const kept = [];
  for (const part of cookie.split(";")) {
    const text = part.trim();
    if (text !== "" && taken(text.split("=", 1)[0])) kept.push(text);
  }
  return kept.length > 0 ? kept.join("; ") : void 0;
}
function cacheKey(distribution, request, rules) {
  const { headers } = request;
  const { key } = rules;
  const parts = [
    distribution,
    // Answers to OPTIONS are kept apart from those to GET and HEAD.
    request.method === "OPTIONS" ? "OPTIONS" : "GET",
    request.uri,
    selectQuery(request.querystring, key.query),
    normalizedEncoding(get(headers, "accept-encoding"), rules.gzip, rules.brotli) ?? null,
    selectCookies(get(headers, "cookie"), key.cookie) ?? null
  ];
  for (const name of key.headers) parts.push(has(headers, name) ? get(headers, name) ?? null : null);
  return JSON.stringify(parts);
}

// src/platforms/cloudfront/gateway/events.ts
var BODY_LIMIT = {
  "viewer-request": VIEWER_BODY_BYTES,
  "origin-request": ORIGIN_BODY_BYTES
};
function visibleHeaders(headers) {
  const copy = copyHeaders(headers);
  for (const name of Object.keys(copy)) if (isDisallowed(name)) delete copy[name];
  return copy;
}
function requestEvent(config, request, clientIp, more = {}) {
  const event = {
    clientIp,
    headers: visibleHeaders(request.headers),
    method: request.method,
    querystring: request.querystring,
    uri: request.uri
  };
  if (more.body !== void 0) event.body = more.body;
  if (more.origin !== void 0) event.origin = more.origin;
  return { Records: [{ cf: { config, request: event } }] };
}
function responseEvent(config, request, clientIp, response, origin) {
  const event = requestEvent(config, request, clientIp, { origin });
  event.Records[0].cf.response = {
    headers: visibleHeaders(response.headers),
    status: String(response.status),
    statusDescription: response.statusDescription
  };
  return event;
}
function eventBody(bytes, event) {
  const limit = BODY_LIMIT[event] ?? 0;
  return {
    inputTruncated: bytes.byteLength > limit,
    action: "read-only",
    encoding: "base64",
    data: Buffer.from(bytes.subarray(0, limit)).toString("base64")
  };
}

// src/platforms/cloudfront/gateway/viewer-headers.ts
function deviceOf(agent3) {
  const text = agent3 ?? "";
  const android = /android/i.test(text);
  const ios = /iphone|ipad|ipod/i.test(text);
  const tv = /smart-?tv|appletv|googletv|hbbtv|tizen.*tv|web0s|roku|bravia|crkey|aft[a-z]/i.test(text);
  const tablet = !tv && (/ipad|tablet|kindle|silk\//i.test(text) || android && !/mobile/i.test(text));
  const mobile = !tv && (tablet || /mobi|iphone|ipod|windows phone|blackberry|opera mini/i.test(text));
  return { android, ios, mobile, tablet, tv, desktop: !tv && !tablet && !mobile };
}
function ascii2(text) {
  return text.replace(/[^\x20-\x7e]+/g, (part) => encodeURIComponent(part));
}
var device = (key) => (_viewer, headers) => String(deviceOf(get(headers, "user-agent"))[key]);
var MAKERS = Object.fromEntries(
  [
    ["CloudFront-Is-Android-Viewer", device("android")],
    ["CloudFront-Is-Desktop-Viewer", device("desktop")],
    ["CloudFront-Is-IOS-Viewer", device("ios")],
    ["CloudFront-Is-Mobile-Viewer", device("mobile")],
    ["CloudFront-Is-SmartTV-Viewer", device("tv")],
    ["CloudFront-Is-Tablet-Viewer", device("tablet")],
    ["CloudFront-Viewer-Address", ({ ip, port }) => `${ip}:${port ?? 0}`],
    ["CloudFront-Viewer-ASN", ({ asn }) => asn?.toString()],
    ["CloudFront-Viewer-Country", ({ country }) => country],
    ["CloudFront-Viewer-City", ({ city }) => city],
    ["CloudFront-Viewer-Country-Name", ({ country, countryName }) => countryName ?? regionName(country)],
    ["CloudFront-Viewer-Country-Region", ({ region }) => region],
    ["CloudFront-Viewer-Country-Region-Name", ({ regionName: regionName2 }) => regionName2],
    ["CloudFront-Viewer-Latitude", ({ latitude }) => latitude],
    ["CloudFront-Viewer-Longitude", ({ longitude }) => longitude],
    ["CloudFront-Viewer-Metro-Code", ({ metroCode }) => metroCode],
    ["CloudFront-Viewer-Postal-Code", ({ postalCode }) => postalCode],
    ["CloudFront-Viewer-Time-Zone", ({ timezone }) => timezone],
    ["CloudFront-Viewer-Header-Order", ({ headerOrder }) => headerOrder?.join(":").slice(0, 7680)],
    ["CloudFront-Viewer-Header-Count", ({ headerOrder }) => headerOrder?.length.toString()],
    // No TLS is spoken here: what most viewers speak stands for it (gap `aws-viewer-headers`).
    [
      "CloudFront-Viewer-TLS",
      ({ protocol }) => protocol === "http" ? void 0 : "TLSv1.3:TLS_AES_128_GCM_SHA256:fullHandshake"
    ],
    ["CloudFront-Forwarded-Proto", ({ protocol }) => protocol ?? "https"],
    ["CloudFront-Viewer-Http-Version", ({ httpVersion }) => httpVersion ?? "1.1"]
  ].map(([name, maker]) => [name.toLowerCase(), [name, maker]])
);
var countryNames;
function regionName(country) {
  if (country === void 0) return void 0;
  countryNames ??= new Intl.DisplayNames("en", { type: "region" });
  return countryNames.of(country);
}
function addViewerHeaders(headers, wanted, viewer) {
  for (const name of wanted) {
    if (!isGenerated(name)) continue;
    delete headers[name];
    const entry = MAKERS[name];
    const value = entry?.[1](viewer, headers);
    if (entry !== void 0 && value !== void 0) setHeader(headers, entry[0], ascii2(value));
  }
}

// src/platforms/cloudfront/gateway/origin-request.ts
var ALWAYS = /* @__PURE__ */ new Set(["content-type", "content-length", "content-encoding", "content-md5", "transfer-encoding"]);
var CONDITIONS2 = /* @__PURE__ */ new Set([
  "range",
  "if-range",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since"
]);
var VALIDATIONS = /* @__PURE__ */ new Set(["if-none-match", "if-modified-since"]);
function originRequest2(request, rules, viewer, identity, conditions) {
  const headers = {};
  for (const [name, fields] of Object.entries(request.headers)) {
    if (forwards(name, rules, conditions !== void 0)) headers[name] = fields;
  }
  for (const [name, value] of conditions ?? []) {
    if (rules.cookies && VALIDATIONS.has(name)) continue;
    setHeader(headers, name, value);
  }
  const cookies3 = selectCookies(get(request.headers, "cookie"), rules.forward.cookie);
  if (cookies3 !== void 0) setHeader(headers, "Cookie", cookies3);
  const accept = get(request.headers, "accept-encoding");
  if (rules.gzip || rules.brotli) {
    delete headers["accept-encoding"];
    if (accept !== void 0)
      setHeader(headers, "Accept-Encoding", normalizedEncoding(accept, rules.gzip, rules.brotli) ?? "identity");
  }
  if (headers["user-agent"] === void 0) setHeader(headers, "User-Agent", "Amazon CloudFront");
  const forwarded = get(request.headers, "x-forwarded-for");
  setHeader(headers, "X-Forwarded-For", forwarded === void 0 ? viewer.ip : `${forwarded},${viewer.ip}`);
  setHeader(headers, "Via", identity.via);
  addGenerated(headers, request.headers, rules, viewer);
  return { ...request, headers, querystring: selectQuery(request.querystring, rules.forward.query) };
}
function forwards(name, rules, conditional) {
  if (name === "cookie" || name === "x-forwarded-for" || name === "via" || HOP_BY_HOP.has(name) || name === "expect")
    return false;
  if (CONDITIONS2.has(name)) return !conditional;
  if (isGenerated(name)) return false;
  return ALWAYS.has(name) || rules.forward.header(name);
}
function addGenerated(headers, viewerHeaders, rules, viewer) {
  if (rules.generated.size === 0) return;
  const made2 = {};
  if (viewerHeaders["user-agent"] !== void 0) made2["user-agent"] = viewerHeaders["user-agent"];
  addViewerHeaders(made2, rules.generated, viewer);
  delete made2["user-agent"];
  Object.assign(headers, made2);
}
function eventOrigin(origin, region) {
  const customHeaders = headersOf(origin.custom_headers.map(({ name, value }) => [name, value]));
  const shared2 = { customHeaders, domainName: origin.domain_name, path: origin.origin_path };
  const custom2 = origin.custom_origin_config;
  if (custom2 === null) {
    const identity = origin.s3_origin_config?.origin_access_identity ?? "";
    return { s3: { authMethod: identity === "" ? "none" : "origin-access-identity", ...shared2, region } };
  }
  const protocol = custom2.origin_protocol_policy === "http-only" ? "http" : "https";
  return {
    custom: {
      customHeaders,
      domainName: origin.domain_name,
      keepaliveTimeout: custom2.origin_keepalive_timeout,
      path: origin.origin_path,
      port: protocol === "http" ? custom2.http_port : custom2.https_port,
      protocol,
      readTimeout: custom2.origin_read_timeout,
      sslProtocols: custom2.origin_ssl_protocols
    }
  };
}

// src/platforms/cloudfront/gateway/validate.ts
import { STATUS_CODES as STATUS_CODES4 } from "node:http";

// src/platforms/cloudfront/gateway/validate-origin.ts
var SSL = /* @__PURE__ */ new Set(["TLSv1.2", "TLSv1.1", "TLSv1", "SSLv3"]);
function originFault(value, before, requestHeaders) {
  if (typeof value !== "object" || value === null) return "The origin must be an object.";
  const kinds = ["custom", "s3"].filter(
    (kind2) => value[kind2] !== void 0 && value[kind2] !== null
  );
  if (kinds.length !== 1) return "The origin must contain exactly one of custom and s3.";
  const kind = kinds[0];
  const origin = value[kind];
  if (typeof origin !== "object") return `The origin's ${kind} must be an object.`;
  return shared(origin, requestHeaders) ?? (kind === "custom" ? custom(origin) : s3(origin, before));
}
function shared(origin, requestHeaders) {
  const { domainName, path, customHeaders } = origin;
  if (typeof domainName !== "string" || domainName === "") return "The origin's domainName cannot be empty.";
  if (typeof path !== "string" || path !== "" && (!path.startsWith("/") || path.endsWith("/"))) {
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
  return void 0;
}
function custom(origin) {
  const { domainName, path, keepaliveTimeout, port, protocol, readTimeout, sslProtocols } = origin;
  const domain = domainName;
  if (domain.length > 253 || domain.includes(":") || /^(?!127\.)\d{1,3}(\.\d{1,3}){3}$/.test(domain)) {
    return "The origin's domainName must be a DNS name of at most 253 characters, without a colon, and not an IP address.";
  }
  if (path.length > 255) return "The origin's path can have at most 255 characters.";
  if (!within2(keepaliveTimeout, 1, 60)) return "The origin's keepaliveTimeout must be from 1 to 60.";
  if (!within2(readTimeout, 4, 60)) return "The origin's readTimeout must be from 4 to 60.";
  if (port !== 80 && port !== 443 && !within2(port, 1024, 65535)) {
    return "The origin's port must be 80, 443 or from 1024 to 65535.";
  }
  if (protocol !== "http" && protocol !== "https") return "The origin's protocol must be http or https.";
  if (!Array.isArray(sslProtocols) || sslProtocols.some((name) => !SSL.has(name))) {
    return `The origin's sslProtocols must be of ${[...SSL].join(", ")}.`;
  }
  return void 0;
}
function s3(origin, before) {
  const { domainName, authMethod, region } = origin;
  const domain = domainName;
  if (domain.length > 128 || domain !== domain.toLowerCase()) {
    return "The origin's domainName must be lower case and of at most 128 characters.";
  }
  if (authMethod !== "none" && authMethod !== "origin-access-identity") {
    return "The origin's authMethod must be origin-access-identity or none.";
  }
  if (authMethod === "origin-access-identity") {
    if (typeof region !== "string" || region === "")
      return "The origin's region is required with an origin access identity.";
    if (before !== void 0 && "custom" in before)
      return "An origin access identity cannot be used when a custom origin is replaced.";
  }
  return void 0;
}
function within2(value, low, high) {
  return typeof value === "number" && value >= low && value <= high;
}

// src/platforms/cloudfront/gateway/validate.ts
var GENERATED_LIMIT = {
  "viewer-request": VIEWER_RESPONSE_BYTES,
  "viewer-response": VIEWER_RESPONSE_BYTES,
  "origin-request": ORIGIN_RESPONSE_BYTES,
  "origin-response": ORIGIN_RESPONSE_BYTES
};
function invalid(message, detail) {
  return new EdgeError(502, message, "LambdaValidationError", detail);
}
var RESULT = "The Lambda function result failed validation: ";
var ENTRY = "The Lambda function returned an invalid entry in the headers object: ";
function acceptResult(result, event, type) {
  if (typeof result !== "object" || result === null || Array.isArray(result)) {
    throw invalid(
      "The Lambda function returned an invalid json: The json output must be an object type.",
      describe(result)
    );
  }
  const value = result;
  const { request, response } = event.Records[0].cf;
  if (type === "origin-response" || type === "viewer-response") {
    return acceptResponse(value, type, response?.headers ?? {}, response?.status);
  }
  const isResponse = "status" in value || "statusDescription" in value || !("uri" in value || "method" in value);
  if (isResponse) return acceptResponse(value, type, {}, void 0);
  return acceptRequest(value, type, request);
}
function describe(value) {
  return `it returned ${value === void 0 ? "nothing" : JSON.stringify(value).slice(0, 200)}`;
}
function acceptRequest(value, type, before) {
  for (const field of ["method", "clientIp"]) {
    if (value[field] !== before[field]) {
      throw invalid(`${RESULT}The function tried to change the read-only field ${field}.`, describe(value[field]));
    }
  }
  const uri = value.uri;
  if (typeof uri !== "string" || !uri.startsWith("/")) {
    throw invalid(`${RESULT}The uri must be a string that begins with a forward slash (/).`, describe(uri));
  }
  const querystring = value.querystring ?? "";
  if (typeof querystring !== "string" || /[\s\p{Cc}#]/u.test(querystring)) {
    throw invalid(
      `${RESULT}The querystring must be a string without spaces, control characters or #.`,
      describe(querystring)
    );
  }
  if (/[\u0000-\u0020\u007f]/.test(uri) || uri.length + querystring.length >= CLOUDFRONT_URL_BYTES) {
    throw invalid(
      `${RESULT}The uri must be free of spaces and control characters, and shorter than ${CLOUDFRONT_URL_BYTES} characters with its query string.`,
      describe(uri)
    );
  }
  const accepted = {
    kind: "request",
    uri,
    querystring,
    headers: acceptHeaders(value.headers, type, before.headers)
  };
  if (type === "viewer-request" && has2(accepted.headers, "cloudfront-viewer-country") && !has2(before.headers, "cloudfront-viewer-country")) {
    throw invalid(`${RESULT}The function tried to add a blacklisted header.`, "CloudFront-Viewer-Country");
  }
  const body = acceptRequestBody(value.body, type);
  if (body !== void 0) accepted.body = body;
  if (type === "origin-request" && value.origin !== void 0) {
    const fault2 = originFault(value.origin, before.origin, accepted.headers);
    if (fault2 !== void 0) throw invalid(`${RESULT}${fault2}`, describe(value.origin));
    accepted.origin = value.origin;
  }
  return accepted;
}
function acceptRequestBody(value, type) {
  if (value === void 0 || value === null) return void 0;
  const body = value;
  if (typeof value !== "object" || body.action !== void 0 && body.action !== "read-only" && body.action !== "replace") {
    throw invalid(`${RESULT}The body's action must be read-only or replace.`, describe(value));
  }
  if (body.action !== "replace") return void 0;
  const encoding = body.encoding ?? "base64";
  const data = body.data ?? "";
  if (typeof data !== "string" || encoding !== "base64" && encoding !== "text") {
    throw invalid(`${RESULT}The body is not a string, is not an object, or exceeds the maximum size.`, describe(value));
  }
  const bytes = encoding === "base64" ? base64(data) : Buffer.from(data, "utf8");
  if (bytes === void 0) throw invalid(`${RESULT}The body is not valid base64.`, describe(data));
  const most = BODY_LIMIT[type] ?? Number.POSITIVE_INFINITY;
  if (bytes.byteLength > most) {
    throw invalid(
      `${RESULT}The body is not a string, is not an object, or exceeds the maximum size.`,
      `${bytes.byteLength} bytes, of ${most} for ${type}`
    );
  }
  return bytes;
}
function base64(text) {
  const bare = text.replace(/={1,2}$/, "");
  return /^[A-Za-z0-9+/]*$/.test(bare) && bare.length % 4 !== 1 ? Buffer.from(bare, "base64") : void 0;
}
function acceptResponse(value, type, before, statusBefore) {
  const status2 = Number(value.status);
  if (!/^\d{3}$/.test(String(value.status)) || status2 < 200 || status2 > 599) {
    throw invalid(`${RESULT}The status must be a number from 200 to 599.`, describe(value.status));
  }
  if (type === "viewer-response" && statusBefore !== void 0 && String(status2) !== statusBefore) {
    throw invalid(
      `${RESULT}A function for viewer responses cannot change the status.`,
      `from ${statusBefore} to ${status2}`
    );
  }
  const description = value.statusDescription ?? STATUS_CODES4[status2] ?? "";
  if (typeof description !== "string" || /[\u0000-\u001f\u007f]/.test(description)) {
    throw invalid(`${RESULT}The statusDescription must be a string without control characters.`, describe(description));
  }
  const headers = acceptHeaders(value.headers, type, before);
  const body = acceptResponseBody(value, status2, type);
  const size = (body?.byteLength ?? 0) + headerBytes(headers);
  const generated = type === "viewer-request" || type === "origin-request" || body !== void 0;
  if (generated && size > GENERATED_LIMIT[type]) {
    throw invalid(
      `${RESULT}The body is not a string, is not an object, or exceeds the maximum size.`,
      `${size} bytes with its headers, of ${GENERATED_LIMIT[type]} for ${type}`
    );
  }
  return { kind: "response", status: status2, statusDescription: description, headers, body };
}
function acceptResponseBody(value, status2, type) {
  if (value.body === void 0 || value.body === null || type === "viewer-response") return void 0;
  if (typeof value.body !== "string") {
    throw invalid(
      `${RESULT}The body is not a string, is not an object, or exceeds the maximum size.`,
      describe(value.body)
    );
  }
  if (status2 === 204 && type === "viewer-request" && value.body !== "") {
    throw invalid(`${RESULT}A response with status 204 cannot have a body.`);
  }
  const encoding = value.bodyEncoding ?? "text";
  if (encoding !== "text" && encoding !== "base64") {
    throw invalid(`${RESULT}The bodyEncoding must be text or base64.`, describe(encoding));
  }
  const bytes = encoding === "base64" ? base64(value.body) : Buffer.from(value.body, "utf8");
  if (bytes === void 0) throw invalid(`${RESULT}The body is not valid base64.`);
  return bytes;
}
function has2(headers, name) {
  return Object.hasOwn(headers, name);
}
function acceptHeaders(value, type, before) {
  if (value === void 0 || value === null) value = {};
  if (typeof value !== "object" || Array.isArray(value))
    throw invalid(`${ENTRY}The headers must be an object.`, describe(value));
  const accepted = {};
  for (const [name, fields] of Object.entries(value)) {
    if (!Array.isArray(fields)) {
      throw invalid(`${ENTRY}Each header entry in the headers object must be an array.`, `header ${name}`);
    }
    const lower2 = name.toLowerCase();
    if (lower2 !== name) throw invalid(`${ENTRY}The name of each header must be in lower case.`, `header ${name}`);
    if (!isToken(name)) throw invalid(`${ENTRY}The name of a header is not valid.`, `header ${JSON.stringify(name)}`);
    if (isDisallowed(name)) throw invalid(`${RESULT}The function tried to add a blacklisted header.`, `header ${name}`);
    accepted[name] = fields.map((field) => acceptField(name, field));
  }
  const readOnly = READ_ONLY[type] ?? /* @__PURE__ */ new Set();
  for (const name of readOnly) {
    if (JSON.stringify(valuesOf2(accepted, name)) !== JSON.stringify(valuesOf2(before, name))) {
      throw invalid(
        `${RESULT}The function tried to add, delete, or change a read-only header.`,
        `header ${canonical(name)}`
      );
    }
  }
  return accepted;
}
function valuesOf2(headers, name) {
  return Object.hasOwn(headers, name) ? (headers[name] ?? []).map((field) => field.value) : [];
}
function acceptField(name, field) {
  const { key, value } = typeof field === "object" && field !== null ? field : {};
  if (typeof value !== "string") throw invalid(`${ENTRY}The value of each header must be a string.`, `header ${name}`);
  if (key !== void 0 && (typeof key !== "string" || key.toLowerCase() !== name)) {
    throw invalid(`${ENTRY}The key of each header must be its name in any case.`, `header ${name}`);
  }
  const bad = badValueCharacter(value);
  if (bad !== void 0) {
    throw invalid(
      "The Lambda function result validation failed, the function returned an invalid header.",
      `invalid character : '${bad}' in header value, headerName : ${canonical(name)}`
    );
  }
  return { key: typeof key === "string" ? key : canonical(name), value };
}

// src/platforms/cloudfront/gateway/origin-stage.ts
var FAILS_OVER = /* @__PURE__ */ new Set(["GET", "HEAD", "OPTIONS"]);
function configOf(distribution, eventType, requestId) {
  return { distributionDomainName: distribution.domain_name, distributionId: distribution.id, eventType, requestId };
}
async function askOrigins(exchange2, origins) {
  const { behavior, request } = exchange2;
  const candidates = FAILS_OVER.has(request.method) ? behavior.origins : behavior.origins.slice(0, 1);
  for (const [index, origin] of candidates.entries()) {
    const last = index === candidates.length - 1;
    try {
      const answer2 = await askOrigin2(exchange2, origin, origins);
      if (last || !behavior.failover.has(answer2.response.status)) return answer2;
      discard(answer2.response.body);
    } catch (error) {
      if (last || !(error instanceof OriginError)) throw error;
    }
  }
  throw new EdgeError(502, "CloudFront wasn't able to connect to the origin.", "Error", "the behavior has no origin");
}
async function askOrigin2(exchange2, configured, origins) {
  const { distribution, behavior, viewer, identity, conditions } = exchange2;
  origins.resolve(configured.domain_name);
  let request = originRequest2(exchange2.request, behavior.rules, viewer, identity, conditions);
  let origin = eventOrigin(configured, origins.regionOf(configured.domain_name));
  const trigger = behavior.lambda["origin-request"];
  const forwardsHost = request.headers.host !== void 0;
  if (trigger !== void 0 || behavior.lambda["origin-response"] !== void 0) {
    if (!forwardsHost) setHeader(request.headers, "Host", configured.domain_name);
  }
  if (trigger !== void 0) {
    const result = await runOriginRequest(exchange2, trigger, request, origin);
    if ("status" in result) return { response: result, generated: true };
    ({ request, origin } = result);
  }
  const outgoing = { ...request, headers: { ...request.headers } };
  if (!forwardsHost && outgoing.headers.host?.[0]?.value === configured.domain_name) delete outgoing.headers.host;
  setHeader(outgoing.headers, "X-Amz-Cf-Id", identity.requestId);
  let response = await origins.send(outgoing, origin, configured, viewer, distribution.arn);
  const after = behavior.lambda["origin-response"];
  if (after !== void 0) response = await runOriginResponse(exchange2, after, request, origin, response);
  return { response, generated: false };
}
async function runOriginRequest(exchange2, trigger, request, origin) {
  const { distribution, viewer, identity } = exchange2;
  let current = request;
  const takesBody = trigger.includeBody && request.body !== void 0;
  if (takesBody) {
    const bytes = await readAll(request.body);
    exchange2.request.body = bytes;
    current = { ...request, body: bytes };
  }
  const event = requestEvent(configOf(distribution, "origin-request", identity.requestId), current, viewer.ip, {
    origin,
    body: takesBody ? eventBody(current.body, "origin-request") : void 0
  });
  const accepted = acceptResult(await trigger.runner.invoke(event), event, "origin-request");
  if (accepted.kind === "response") return finished(accepted);
  const { uri, querystring, headers } = accepted;
  return {
    request: { ...current, uri, querystring, headers, ...accepted.body !== void 0 && { body: accepted.body } },
    origin: accepted.origin ?? origin
  };
}
async function runOriginResponse(exchange2, trigger, request, origin, response) {
  const { distribution, viewer, identity } = exchange2;
  const config = configOf(distribution, "origin-response", identity.requestId);
  const event = responseEvent(config, request, viewer.ip, response, origin);
  let accepted;
  try {
    accepted = acceptResult(await trigger.runner.invoke(event), event, "origin-response");
  } catch (error) {
    discard(response.body);
    throw error;
  }
  if (accepted.kind !== "response")
    throw new EdgeError(502, "The Lambda function returned an invalid json.", "LambdaValidationError");
  const { status: status2, statusDescription, headers, body } = accepted;
  if (body === void 0) return { status: status2, statusDescription, headers, body: response.body };
  discard(response.body);
  return finished({ status: status2, statusDescription, headers, body });
}
function finished({
  status: status2,
  statusDescription,
  headers,
  body
}) {
  const whole = { status: status2, statusDescription, headers: { ...headers }, body };
  delete whole.headers["transfer-encoding"];
  setHeader(whole.headers, "Content-Length", String(body?.byteLength ?? 0));
  return whole;
}

// src/platforms/cloudfront/gateway/ttl.ts
var UNTIL_EVICTED = 365 * 86400;
var ALWAYS_CACHED_ERRORS = /* @__PURE__ */ new Set([404, 414, 500, 501, 502, 503, 504]);
var CACHED_ERRORS_WITH_MAX_AGE = /* @__PURE__ */ new Set([400, 403, 405, 412, 415]);
var DEFAULT_ERROR_TTL = 10;
function isStorable(status2) {
  return status2 >= 200 && status2 < 400;
}
function directives(value) {
  const found = /* @__PURE__ */ new Map();
  if (value === void 0) return found;
  for (const part of value.matchAll(/([^\s,=;]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;]*)))?/g)) {
    const name = part[1].toLowerCase();
    if (!found.has(name)) found.set(name, part[2] ?? part[3] ?? "");
  }
  return found;
}
function seconds(found, name) {
  const value = found.get(name);
  return value !== void 0 && /^\d+$/.test(value) ? Math.min(Number(value), 100 * UNTIL_EVICTED) : void 0;
}
function originTtl(headers, now) {
  const found = directives(get(headers, "cache-control"));
  const explicit = seconds(found, "s-maxage") ?? seconds(found, "max-age");
  if (explicit !== void 0) return explicit;
  const expires = get(headers, "expires");
  if (expires === void 0) return void 0;
  const at = Date.parse(expires);
  return Number.isNaN(at) ? 0 : Math.max(0, Math.floor((at - now) / 1e3));
}
function lifetimeOf(status2, headers, rules, now) {
  const found = directives(get(headers, "cache-control"));
  const forbidden = found.has("no-store") || found.has("private") || isNoCache(found);
  const stale = {
    staleWhileRevalidate: Math.min(seconds(found, "stale-while-revalidate") ?? 0, rules.max),
    staleIfError: Math.min(seconds(found, "stale-if-error") ?? UNTIL_EVICTED, Math.max(rules.max, 0))
  };
  if (!isStorable(status2) || rules.max === 0) return { ttl: void 0, staleWhileRevalidate: 0, staleIfError: 0 };
  if (forbidden) {
    if (rules.min > 0) return { ttl: rules.min, ...stale, staleWhileRevalidate: 0 };
    const validated = !found.has("no-store") && !found.has("private");
    return { ttl: validated ? 0 : void 0, staleWhileRevalidate: 0, staleIfError: 0 };
  }
  const said = originTtl(headers, now);
  const ttl = said === void 0 ? Math.max(rules.min, rules.default) : Math.max(rules.min, Math.min(said, rules.max));
  return { ttl, ...stale };
}
function isNoCache(found) {
  return found.has("no-cache") && found.get("no-cache") === "";
}
function errorLifetime(status2, headers, rules, minimum, now) {
  const none2 = { ttl: void 0, staleWhileRevalidate: 0, staleIfError: 0 };
  const said = originTtl(headers, now);
  const found = directives(get(headers, "cache-control"));
  const saysMaxAge = seconds(found, "s-maxage") !== void 0 || seconds(found, "max-age") !== void 0;
  if (!ALWAYS_CACHED_ERRORS.has(status2) && !(CACHED_ERRORS_WITH_MAX_AGE.has(status2) && saysMaxAge)) return none2;
  const ttl = Math.max(minimum, Math.min(said ?? 0, rules.max));
  return ttl > 0 ? { ttl, staleWhileRevalidate: 0, staleIfError: 0 } : none2;
}

// src/platforms/cloudfront/gateway/fetch-stage.ts
var ERROR_BYTES = 1024 * 1024;
var NOT_STORED = { ttl: void 0, staleWhileRevalidate: 0, staleIfError: 0 };
async function fetchFor(exchange2, origins, errorPageFetch, now, note = () => {
}) {
  let answer2;
  try {
    answer2 = await askOrigins(exchange2, origins);
  } catch (error) {
    if (!(error instanceof EdgeError)) throw error;
    note(error);
    const response2 = errorPage(error, exchange2.identity.requestId);
    if (!(error instanceof OriginError)) {
      return {
        response: response2,
        lifetime: NOT_STORED,
        originStatus: error.status,
        mark: { error: true },
        final: true,
        result: error.result
      };
    }
    answer2 = { response: response2, generated: false };
  }
  const { behavior, distribution, request } = exchange2;
  const { response } = answer2;
  tidy(response, behavior.rules);
  const { rules } = behavior;
  const { status: status2 } = response;
  if (status2 < 400) {
    const lifetime2 = variesWildly(response, rules) ? NOT_STORED : lifetimeOf(status2, response.headers, rules.ttl, now);
    if (behavior.config.compress && !rules.disabled) {
      compress(response, normalizedEncoding(get(request.headers, "accept-encoding"), rules.gzip, rules.brotli));
    }
    return {
      response,
      lifetime: lifetime2,
      originStatus: status2,
      mark: answer2.generated ? { generated: true } : {},
      ...answer2.generated && { result: "LambdaGeneratedResponse" }
    };
  }
  const custom2 = distribution.custom_error_responses.find((each) => each.error_code === status2);
  const lifetime = errorLifetime(
    status2,
    response.headers,
    rules.ttl,
    custom2?.error_caching_min_ttl ?? DEFAULT_ERROR_TTL,
    now
  );
  if (response.body instanceof Readable6 && Number(get(response.headers, "content-length") ?? 0) <= ERROR_BYTES) {
    response.body = await readAll(response.body).catch(() => new Uint8Array(0));
    setHeader(response.headers, "Content-Length", String(response.body.byteLength));
  }
  const shown2 = await customized(response, custom2, errorPageFetch);
  if (behavior.config.compress && !rules.disabled) {
    compress(shown2, normalizedEncoding(get(request.headers, "accept-encoding"), rules.gzip, rules.brotli));
  }
  return { response: shown2, lifetime, originStatus: status2, mark: { error: true }, result: "Error" };
}
async function customized(response, custom2, fetchPage) {
  if (!custom2?.response_page_path) return response;
  const page2 = await fetchPage(custom2.response_page_path);
  if (page2 === void 0 || page2.status >= 400) return page2 ?? response;
  discard(response.body);
  const status2 = custom2.response_code ?? response.status;
  const headers = { ...page2.headers };
  for (const name of ["etag", "last-modified", "age"]) delete headers[name];
  return { status: status2, statusDescription: STATUS_CODES5[status2] ?? "", headers, body: page2.body };
}
function variesWildly({ headers }, rules) {
  return rules.ttl.min === 0 && get(headers, "vary")?.trim() === "*";
}
function tidy({ headers }, rules) {
  for (const name of ["trailer", "upgrade", "connection", "keep-alive"]) delete headers[name];
  if (!rules.cookies) delete headers["set-cookie"];
  const vary = get(headers, "vary");
  if (vary === void 0 || vary.trim() === "*") return;
  const kept = vary.split(",").map((name) => name.trim()).filter((name) => keepsVary(name.toLowerCase(), rules));
  if (kept.length > 0) setHeader(headers, "Vary", kept.join(", "));
  else delete headers.vary;
}
var DEVICE = /^cloudfront-is-(desktop|mobile|smarttv|tablet)-viewer$/;
function keepsVary(name, rules) {
  if (name === "accept-encoding" || name === "cookie") return true;
  if (name === "user-agent" && [...rules.generated].some((header2) => DEVICE.test(header2))) return true;
  return rules.key.headers.includes(name) || rules.generated.has(name) || !rules.legacy && rules.forward.header(name);
}

// src/platforms/cloudfront/gateway/response-headers.ts
var KEPT = /* @__PURE__ */ new Set([
  "connection",
  "content-encoding",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via"
]);
var ALL_METHODS = ["GET", "DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
function applyPolicy(policy, request, headers, timing) {
  for (const { header: header2 } of policy.remove_headers_config?.items ?? []) {
    if (!KEPT.has(header2.toLowerCase())) delete headers[header2.toLowerCase()];
  }
  if (policy.cors_config !== null) cors(policy.cors_config, request, headers);
  security(policy, headers);
  for (const { header: header2, value, override } of policy.custom_headers_config?.items ?? [])
    put(headers, header2, value, override);
  const serverTiming = policy.server_timing_headers_config;
  if (serverTiming?.enabled && timing.random * 100 < serverTiming.sampling_rate) {
    const hit = timing.result === "Hit" || timing.result === "RefreshHit";
    const parts = [
      hit ? "cdn-cache-hit" : "cdn-cache-miss",
      `cdn-pop;desc="${timing.colo}"`,
      `cdn-downstream-fbl;dur=${Math.round(timing.total)}`
    ];
    const before = get(headers, "server-timing");
    setHeader(headers, "Server-Timing", [...before === void 0 ? [] : [before], ...parts].join(","));
  }
}
function put(headers, name, value, override) {
  if (override || !has(headers, name.toLowerCase())) setHeader(headers, name, value);
}
function cors(config, request, headers) {
  const origin = get(request.headers, "origin");
  if (origin === void 0) return;
  const fromOrigin2 = Object.keys(headers).some((name) => name.startsWith("access-control-"));
  if (fromOrigin2 && !config.origin_override) return;
  if (fromOrigin2) {
    for (const name of Object.keys(headers)) if (name.startsWith("access-control-")) delete headers[name];
  }
  const origins = config.access_control_allow_origins.items;
  const any2 = origins.includes("*");
  if (!any2 && !origins.some((pattern) => originMatches(pattern, origin))) return;
  setHeader(headers, "Access-Control-Allow-Origin", any2 ? "*" : origin);
  if (!any2) setHeader(headers, "Vary", joinVary(get(headers, "vary"), "Origin"));
  if (config.access_control_allow_credentials) setHeader(headers, "Access-Control-Allow-Credentials", "true");
  const preflight = request.method === "OPTIONS" && has(request.headers, "access-control-request-method");
  const exposed = config.access_control_expose_headers?.items ?? [];
  if (exposed.length > 0) setHeader(headers, "Access-Control-Expose-Headers", exposed.join(","));
  if (!preflight) return;
  const { items: methods } = config.access_control_allow_methods;
  const { items: allowed } = config.access_control_allow_headers;
  if (methods.length > 0)
    setHeader(headers, "Access-Control-Allow-Methods", (methods.includes("ALL") ? ALL_METHODS : methods).join(","));
  if (allowed.length > 0) setHeader(headers, "Access-Control-Allow-Headers", allowed.join(","));
  if (config.access_control_max_age_sec !== null)
    setHeader(headers, "Access-Control-Max-Age", String(config.access_control_max_age_sec));
}
function joinVary(vary, name) {
  if (vary === void 0) return name;
  return vary.toLowerCase().split(",").some((part) => part.trim() === name.toLowerCase()) ? vary : `${vary}, ${name}`;
}
function originMatches(pattern, origin) {
  const bare = pattern.includes("://") ? origin : origin.replace(/^[a-z]+:\/\//i, "");
  return wildcardMatch(pattern, bare);
}
function security(policy, headers) {
  const config = policy.security_headers_config;
  if (config === null) return;
  const { content_security_policy: csp, content_type_options: type, frame_options: frame } = config;
  const { referrer_policy: referrer, strict_transport_security: hsts, xss_protection: xss } = config;
  if (hsts) {
    const parts = [`max-age=${hsts.access_control_max_age_sec}`];
    if (hsts.include_subdomains) parts.push("includeSubDomains");
    if (hsts.preload) parts.push("preload");
    put(headers, "Strict-Transport-Security", parts.join("; "), hsts.override);
  }
  if (type) put(headers, "X-Content-Type-Options", "nosniff", type.override);
  if (frame) put(headers, "X-Frame-Options", frame.frame_option, frame.override);
  if (xss) {
    const mode = xss.mode_block ? "; mode=block" : xss.report_uri ? `; report=${xss.report_uri}` : "";
    put(headers, "X-XSS-Protection", xss.protection ? `1${mode}` : "0", xss.override);
  }
  if (referrer) put(headers, "Referrer-Policy", referrer.referrer_policy, referrer.override);
  if (csp) put(headers, "Content-Security-Policy", csp.content_security_policy, csp.override);
}

// src/platforms/cloudfront/gateway/staging.ts
var STICKY_COOKIE = "AWSCFCDSESSION";
function chooseStaging(policy, request, now, random) {
  const traffic = policy.traffic_config;
  if (!policy.enabled || traffic === null) return { staging: false };
  if (traffic.type === "SingleHeader") {
    const wanted = traffic.single_header_config;
    return { staging: wanted !== null && get(request.headers, wanted.header.toLowerCase()) === wanted.value };
  }
  const weight = traffic.single_weight_config;
  if (weight === null) return { staging: false };
  const sticky = weight.session_stickiness_config;
  if (sticky === null) return { staging: random() < weight.weight };
  const session = readSession(get(request.headers, "cookie"), policy.id, sticky, now);
  const staging = session?.staging ?? random() < weight.weight;
  const started = session?.started ?? Math.floor(now / 1e3);
  return { staging, cookie: writeSession(policy.id, staging, started, Math.floor(now / 1e3), sticky) };
}
function readSession(cookie, policy, sticky, now) {
  const text = cookie?.split(";").map((part) => part.trim()).find((part) => part.startsWith(`${STICKY_COOKIE}=`));
  const [id, choice, started, seen] = text?.slice(STICKY_COOKIE.length + 1).split(".") ?? [];
  if (id !== policy || choice !== "s" && choice !== "p") return void 0;
  const seconds2 = now / 1e3;
  const alive = seconds2 - Number(seen) <= sticky.idle_ttl && seconds2 - Number(started) <= sticky.maximum_ttl;
  return alive ? { staging: choice === "s", started: Number(started) } : void 0;
}
function writeSession(policy, staging, started, now, sticky) {
  const left = Math.max(0, Math.min(sticky.idle_ttl, started + sticky.maximum_ttl - now));
  return `${STICKY_COOKIE}=${policy}.${staging ? "s" : "p"}.${started}.${now}; Path=/; Max-Age=${left}; HttpOnly`;
}

// src/platforms/cloudfront/gateway/functions-event.ts
function collect(target, name, item) {
  const known3 = Object.hasOwn(target, name) ? target[name] : void 0;
  if (known3 === void 0) {
    Object.defineProperty(target, name, { value: { ...item }, enumerable: true, writable: true, configurable: true });
    return;
  }
  known3.multiValue ??= [
    { value: known3.value, ...known3.attributes !== void 0 && { attributes: known3.attributes } }
  ];
  known3.multiValue.push(item);
}
function headerValues(headers, except) {
  const values2 = {};
  for (const [name, fields] of Object.entries(headers)) {
    if (name === except || isDisallowed(name)) continue;
    for (const field of fields) collect(values2, name, { value: field.value });
  }
  return values2;
}
function cookieValues(cookie) {
  const values2 = {};
  for (const part of (cookie ?? "").split(";")) {
    const text = part.trim();
    if (text === "") continue;
    const equals = text.indexOf("=");
    if (equals === -1) collect(values2, text, { value: "" });
    else collect(values2, text.slice(0, equals), { value: text.slice(equals + 1) });
  }
  return values2;
}
function queryValues(querystring) {
  const values2 = {};
  for (const part of querystring.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    if (equals === -1) collect(values2, part, { value: "" });
    else collect(values2, part.slice(0, equals), { value: part.slice(equals + 1) });
  }
  return values2;
}
function setCookieValues(headers) {
  const values2 = {};
  for (const field of headers["set-cookie"] ?? []) {
    const semicolon = field.value.indexOf(";");
    const pair2 = semicolon === -1 ? field.value : field.value.slice(0, semicolon);
    const attributes = semicolon === -1 ? "" : field.value.slice(semicolon + 1).trim();
    const equals = pair2.indexOf("=");
    if (equals === -1) continue;
    const value = pair2.slice(equals + 1).trim();
    collect(values2, pair2.slice(0, equals).trim(), attributes === "" ? { value } : { value, attributes });
  }
  return values2;
}
function functionRequest(request) {
  return {
    method: request.method,
    uri: request.uri,
    querystring: queryValues(request.querystring),
    headers: headerValues(request.headers, "cookie"),
    cookies: cookieValues(get(request.headers, "cookie"))
  };
}
function functionResponse(response) {
  return {
    statusCode: response.status,
    statusDescription: response.statusDescription,
    headers: headerValues(response.headers, "set-cookie"),
    cookies: setCookieValues(response.headers)
  };
}
function entries(value) {
  return value.multiValue ?? [value];
}
function queryText(values2) {
  return Object.entries(values2).flatMap(([name, value]) => entries(value).map((entry) => entry.value === "" ? name : `${name}=${entry.value}`)).join("&");
}
function cookieText(values2) {
  return Object.entries(values2).flatMap(([name, value]) => entries(value).map((entry) => `${name}=${entry.value}`)).join("; ");
}

// src/platforms/cloudfront/gateway/functions-validate.ts
import { STATUS_CODES as STATUS_CODES6 } from "node:http";
function invalid2(what) {
  return new EdgeError(
    502,
    `The CloudFront function returned an invalid value: ${what}.`,
    "FunctionValidationError",
    what
  );
}
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function values(value, where) {
  if (value === void 0 || value === null) return {};
  if (!isObject(value)) throw invalid2(`${where} is not an object`);
  for (const [name, item] of Object.entries(value)) {
    const fault2 = valueFault(item);
    if (fault2 !== void 0) throw invalid2(`${where}['${name}'] ${fault2}`);
  }
  return value;
}
function valueFault(item) {
  if (!isObject(item)) return "is not an object with a value";
  const list = item.multiValue === void 0 ? [item] : item.multiValue;
  if (!Array.isArray(list)) return "has a multiValue that is not an array";
  for (const entry of list) {
    if (!isObject(entry) || typeof entry.value !== "string") return "has a value that is not a string";
    if (entry.attributes !== void 0 && typeof entry.attributes !== "string")
      return "has attributes that are not a string";
  }
  return void 0;
}
function headersFrom(value, where, type, before, cookieHeader) {
  const headers = {};
  for (const [name, item] of Object.entries(values(value, where))) {
    if (name !== name.toLowerCase() || !isToken(name))
      throw invalid2(`${where}['${name}'] is not a header name in lower case`);
    if (name === cookieHeader) throw invalid2(`${where}['${name}']: cookies belong into ${where.split(".")[0]}.cookies`);
    if (isDisallowed(name)) throw invalid2(`${where}['${name}'] is a header that functions cannot add`);
    for (const entry of entries(item)) {
      const bad = badValueCharacter(entry.value);
      if (bad !== void 0) throw invalid2(`${where}['${name}'] has the character ${bad}`);
      addHeader(headers, canonical(name), entry.value);
    }
  }
  for (const name of READ_ONLY[type] ?? []) {
    const [was, is] = [before, headers].map((each) => JSON.stringify((each[name] ?? []).map((field) => field.value)));
    if (was !== is) throw invalid2(`${where}['${name}'] is read-only in ${type} events`);
  }
  return headers;
}
function acceptViewerRequest(result, request) {
  if (!isObject(result)) throw invalid2("it is not a request or response object");
  if ("statusCode" in result) return madeResponse(result);
  const value = result;
  if (value.method !== request.method) throw invalid2("request.method is read-only");
  if (typeof value.uri !== "string" || !value.uri.startsWith("/"))
    throw invalid2("request.uri must begin with a forward slash (/)");
  const before = functionRequest(request);
  const queries2 = values(value.querystring, "request.querystring");
  const cookies3 = values(value.cookies, "request.cookies");
  const headers = headersFrom(value.headers, "request.headers", "viewer-request", request.headers, "cookie");
  const same2 = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const querystring = same2(queries2, before.querystring) ? request.querystring : queryText(queries2);
  if (/[\s\p{Cc}#]/u.test(value.uri + querystring))
    throw invalid2("request.uri or request.querystring has a space, a control character or #");
  if (value.uri.length + querystring.length >= CLOUDFRONT_URL_BYTES)
    throw invalid2(`request.uri and request.querystring have ${CLOUDFRONT_URL_BYTES} characters or more`);
  for (const [name, fields] of Object.entries(request.headers)) {
    if (isDisallowed(name)) headers[name] = fields;
    else if (same2(
      headers[name]?.map((field) => field.value),
      fields.map((field) => field.value)
    ))
      headers[name] = fields;
  }
  const cookie = same2(cookies3, before.cookies) ? request.headers.cookie?.map((field) => field.value).join("; ") : cookieText(cookies3);
  delete headers.cookie;
  if (cookie !== void 0 && cookie !== "") addHeader(headers, "Cookie", cookie);
  return { ...request, uri: value.uri, querystring, headers };
}
function statusOf(value) {
  const status2 = value.statusCode;
  if (!Number.isInteger(status2) || status2 < 200 || status2 > 599)
    throw invalid2("response.statusCode is not an integer from 200 to 599");
  const description = value.statusDescription ?? STATUS_CODES6[status2] ?? "";
  if (typeof description !== "string" || badValueCharacter(description) !== void 0)
    throw invalid2("response.statusDescription is not a string");
  return { status: status2, statusDescription: description };
}
function bodyOf2(value) {
  const { body } = value;
  if (body === void 0 || body === null) return void 0;
  const { data, encoding = "text" } = typeof body === "string" ? { data: body } : body;
  if (typeof data !== "string") throw invalid2("response.body.data is not a string");
  if (encoding !== "text" && encoding !== "base64") throw invalid2("response.body.encoding is not text or base64");
  if (encoding === "base64" && !/^[A-Za-z0-9+/]*={0,2}$/.test(data))
    throw invalid2("response.body.data is not valid base64");
  const bytes = Buffer.from(data, encoding === "text" ? "utf8" : "base64");
  if (bytes.byteLength > VIEWER_RESPONSE_BYTES)
    throw invalid2(`response.body has ${bytes.byteLength} bytes, more than ${VIEWER_RESPONSE_BYTES}`);
  return bytes;
}
function responseHeaders(value, before) {
  const headers = headersFrom(value.headers, "response.headers", "viewer-response", before, "set-cookie");
  for (const [name, item] of Object.entries(values(value.cookies, "response.cookies"))) {
    for (const entry of entries(item)) {
      addHeader(headers, "Set-Cookie", `${name}=${entry.value}${entry.attributes ? `; ${entry.attributes}` : ""}`);
    }
  }
  return headers;
}
function madeResponse(value) {
  return { ...statusOf(value), headers: responseHeaders(value, {}), body: bodyOf2(value) };
}
function acceptViewerResponse(result, response) {
  if (!isObject(result)) throw invalid2("it is not a response object");
  const value = isObject(result.response) ? result.response : result;
  const body = bodyOf2(value);
  const headers = responseHeaders(value, response.headers);
  for (const [name, fields] of Object.entries(response.headers)) if (isDisallowed(name)) headers[name] = fields;
  if (body !== void 0) {
    delete headers["content-length"];
    addHeader(headers, "Content-Length", String(body.byteLength));
  }
  return { ...statusOf(value), headers, body: body ?? response.body };
}

// src/platforms/cloudfront/gateway/viewer-stage.ts
async function viewerRequest(distribution, behavior, request, viewer, requestId) {
  const fn = behavior.functions["viewer-request"];
  if (fn !== void 0) {
    const config = configOf(distribution.config, "viewer-request", requestId);
    const seen = withViewerHeaders(request, behavior, viewer);
    const accepted2 = acceptViewerRequest(await fn.invoke(functionEvent(config, viewer, seen)), seen);
    if ("method" in accepted2) return { request: accepted2 };
    const response = finished({ ...accepted2, body: accepted2.body });
    return { response, result: "FunctionGeneratedResponse" };
  }
  const trigger = behavior.lambda["viewer-request"];
  if (trigger === void 0) return { request };
  const takesBody = trigger.includeBody && request.body !== void 0;
  let current = request;
  if (takesBody) current = { ...request, body: await readAll(request.body) };
  const event = requestEvent(configOf(distribution.config, "viewer-request", requestId), current, viewer.ip, {
    body: takesBody ? eventBody(current.body, "viewer-request") : void 0
  });
  const accepted = acceptResult(await trigger.runner.invoke(event), event, "viewer-request");
  if (accepted.kind === "response") return { response: finished(accepted), result: "LambdaGeneratedResponse" };
  const { uri, querystring, headers, body } = accepted;
  return { request: { ...current, uri, querystring, headers, ...body !== void 0 && { body } } };
}
async function viewerResponse(distribution, behavior, request, response, viewer, requestId) {
  const config = configOf(distribution.config, "viewer-response", requestId);
  const fn = behavior.functions["viewer-response"];
  if (fn !== void 0) {
    const event2 = functionEvent(config, viewer, withViewerHeaders(request, behavior, viewer));
    event2.response = functionResponse(response);
    return acceptViewerResponse(await fn.invoke(event2), response);
  }
  const trigger = behavior.lambda["viewer-response"];
  if (trigger === void 0) return response;
  const event = responseEvent(config, request, viewer.ip, response);
  const accepted = acceptResult(await trigger.runner.invoke(event), event, "viewer-response");
  if (accepted.kind !== "response")
    throw new EdgeError(502, "The Lambda function returned an invalid json.", "LambdaValidationError");
  return {
    status: accepted.status,
    statusDescription: accepted.statusDescription,
    headers: accepted.headers,
    body: response.body
  };
}
function hasViewerResponse(behavior) {
  return behavior.functions["viewer-response"] !== void 0 || behavior.lambda["viewer-response"] !== void 0;
}
function withViewerHeaders(request, behavior, viewer) {
  const headers = copyHeaders(request.headers);
  for (const name of Object.keys(headers)) if (isGenerated(name)) delete headers[name];
  addViewerHeaders(headers, behavior.rules.generated, viewer);
  return { ...request, headers };
}
function functionEvent(config, viewer, request) {
  return { version: "1.0", context: { ...config }, viewer: { ip: viewer.ip }, request: functionRequest(request) };
}

// src/platforms/cloudfront/gateway/pipeline.ts
var NO_METHOD = "This distribution is not configured to allow the HTTP request method that was used for this request. The distribution supports only cachable requests.";
var Pipeline = class {
  constructor(origins, deps) {
    this.origins = origins;
    this.deps = deps;
    this.#now = deps.now ?? Date.now;
    this.#random = deps.random ?? Math.random;
  }
  origins;
  deps;
  #now;
  #random;
  /** Answers a request; never throws but for faults of this program. */
  async handle(primary, request, viewer) {
    const started = performance.now();
    const { distribution, cookie } = this.#chosen(primary, request);
    const behavior = chooseBehavior(distribution.ordered, distribution.fallback, request.uri);
    const identity = identityOf(viewer, distribution);
    let result;
    try {
      result = await this.#run(distribution, behavior, request, viewer, identity);
    } catch (error) {
      if (!(error instanceof EdgeError)) throw error;
      this.#note(error, request);
      result = { response: errorPage(error, identity.requestId), result: error.result, mark: { error: true } };
    }
    const response = await this.#finish(distribution, behavior, request, result, viewer, identity, started);
    if (cookie !== void 0) addHeader(response.headers, "Set-Cookie", cookie);
    return response;
  }
  #note(error, request) {
    const message = `${request.method} ${request.uri}: ${error.status} ${error.message}${error.detail ? ` (${error.detail})` : ""}`;
    this.deps.log?.({ level: error.status >= 500 ? "error" : "info", message });
  }
  #chosen(primary, request) {
    if (primary.continuous === void 0) return { distribution: primary };
    const { policy, staging } = primary.continuous;
    const choice = chooseStaging(policy, request, this.#now(), this.#random);
    return {
      distribution: choice.staging ? staging : primary,
      ...choice.cookie !== void 0 && { cookie: choice.cookie }
    };
  }
  async #run(distribution, behavior, request, viewer, identity) {
    try {
      const refused3 = refusal(distribution, behavior, request, viewer, this.#now());
      if (refused3 !== void 0) return refused3;
    } catch (error) {
      if (!(error instanceof EdgeError)) throw error;
      this.#note(error, request);
      const custom2 = distribution.config.custom_error_responses.find((each) => each.error_code === error.status);
      const response = await customized(
        errorPage(error, identity.requestId),
        custom2,
        (path) => this.#errorPage(distribution, path, request, viewer, identity)
      );
      return { response, result: "Error", mark: { error: true } };
    }
    const outcome = await viewerRequest(distribution, behavior, request, viewer, identity.requestId);
    if ("response" in outcome) return { ...outcome, mark: { error: true } };
    const wanted = outcome.request;
    if (behavior.keys !== void 0) wanted.querystring = withoutSignature(wanted.querystring);
    const root = distribution.config.default_root_object;
    if (wanted.uri === "/" && root !== "") wanted.uri = `/${root.replace(/^\//, "")}`;
    return this.#object(distribution, behavior, wanted, viewer, identity);
  }
  /** The object that a request is for, from the cache or from an origin. */
  async #object(distribution, behavior, request, viewer, identity) {
    const { rules } = behavior;
    const fetch = async (conditions, method) => {
      const exchange2 = {
        distribution: distribution.config,
        behavior,
        request: { ...request, method },
        viewer,
        identity,
        conditions
      };
      return fetchFor(
        exchange2,
        this.origins,
        (path) => this.#errorPage(distribution, path, request, viewer, identity),
        this.#now(),
        (error) => this.#note(error, request)
      );
    };
    const cacheable = behavior.cached.has(request.method) && !rules.disabled;
    if (!cacheable) {
      const { response: response2, mark: mark2, result: result2 } = await fetch(void 0, request.method);
      return { response: response2, mark: mark2, result: result2 ?? "Miss" };
    }
    let own3;
    const wanted = keyed(request, rules.generated, viewer);
    const epoch = distribution.invalidations.epoch(pathOf(wanted, behavior));
    const key = `${epoch} ${cacheKey(distribution.config.id, wanted, rules)}`;
    const answer2 = await distribution.cache.handle(key, request, !rules.cookies, async ({ method, headers }) => {
      const fetched = await fetch(headers, request.method === "OPTIONS" ? "OPTIONS" : method);
      own3 = fetched.result;
      const tagged = distribution.config.cache_tag_config?.header_name.toLowerCase();
      const listed = tagged === void 0 || fetched.mark.generated ? [] : fetched.response.headers[tagged] ?? [];
      return { ...fetched, tags: tagsOf2(listed.map(({ value }) => value).join(",")) };
    });
    const { response, mark, age } = answer2;
    const result = mark.error ? own3 ?? "Error" : answer2.result === "Miss" ? own3 ?? "Miss" : answer2.result;
    return { response, mark, age, result };
  }
  /** A custom error page is an object of the distribution, found by its path like any other. */
  async #errorPage(distribution, path, request, viewer, identity) {
    const bare = {
      method: "GET",
      uri: path,
      querystring: "",
      headers: copyHeaders(request.headers),
      body: void 0
    };
    for (const name of ["range", "if-range", "if-none-match", "if-modified-since", "if-match", "if-unmodified-since"])
      delete bare.headers[name];
    const behavior = chooseBehavior(distribution.ordered, distribution.fallback, path);
    const plain2 = { ...distribution, config: { ...distribution.config, custom_error_responses: [] } };
    try {
      return (await this.#object(plain2, behavior, bare, viewer, identity)).response;
    } catch (error) {
      if (!(error instanceof EdgeError)) throw error;
      return void 0;
    }
  }
  async #finish(distribution, behavior, request, { response: given, result: type, age, mark }, viewer, identity, started) {
    let response = given;
    let result = type;
    if (age !== void 0) setHeader(response.headers, "Age", String(age));
    else delete response.headers.age;
    for (const name of HOP_BY_HOP) delete response.headers[name];
    if (behavior.responseHeaders !== void 0 && result !== "Redirect") {
      const timing = { result, colo: popOf(viewer), total: performance.now() - started, random: this.#random() };
      applyPolicy(behavior.responseHeaders, request, response.headers, timing);
    }
    if (!mark.error && response.status < 400 && hasViewerResponse(behavior)) {
      try {
        response = await viewerResponse(distribution, behavior, request, response, viewer, identity.requestId);
      } catch (error) {
        if (!(error instanceof EdgeError)) throw error;
        this.#note(error, request);
        discard(given.body);
        response = errorPage(error, identity.requestId);
        result = error.result;
      }
    }
    const { headers } = response;
    if (!has(headers, "date")) setHeader(headers, "Date", new Date(this.#now()).toUTCString());
    setHeader(headers, "X-Cache", `${result} from cloudfront`);
    setHeader(headers, "Via", identity.via);
    setHeader(headers, "X-Amz-Cf-Pop", popOf(viewer));
    setHeader(headers, "X-Amz-Cf-Id", identity.requestId);
    const { counters } = distribution;
    counters.requests++;
    counters.results[result] = (counters.results[result] ?? 0) + 1;
    return response;
  }
};
function refusal(distribution, behavior, request, viewer, now) {
  const { uri, querystring, method } = request;
  const urlBytes = uri.length + querystring.length;
  if (urlBytes > CLOUDFRONT_URL_BYTES || urlBytes + headerBytes(request.headers) > CLOUDFRONT_REQUEST_BYTES)
    throw new EdgeError(
      413,
      "Request Entity Too Large.",
      "Error",
      `a URL has at most ${CLOUDFRONT_URL_BYTES} bytes, it and the headers ${CLOUDFRONT_REQUEST_BYTES}`
    );
  const blocked = distribution.firewall?.decide(request, viewer, now);
  if (blocked !== void 0) return shut(blocked);
  if (distribution.geo?.(viewer.country) === false) {
    throw new EdgeError(403, "The Amazon CloudFront distribution is configured to block access from your country.");
  }
  if ((viewer.protocol ?? "https") === "http" && behavior.config.viewer_protocol_policy !== "allow-all") {
    if (behavior.config.viewer_protocol_policy === "https-only") throw new EdgeError(403, "Bad request.");
    return redirect2(request);
  }
  if (!behavior.allowed.has(method)) throw new EdgeError(403, NO_METHOD);
  if (method === "GET" && hasBody(request))
    throw new EdgeError(403, "Bad request.", "Error", "a GET request with a body");
  if (behavior.keys !== void 0) checkSigned(request, behavior.keys, viewer, now);
  return void 0;
}
function shut({ rule, custom: custom2 }) {
  if (custom2 === void 0) throw new EdgeError(403, "Request blocked.", "Error", `by the web ACL's ${rule}`);
  const body = Buffer.from(custom2.body?.content ?? "");
  const headers = headersOf([["Server", "CloudFront"], ...custom2.headers]);
  if (custom2.body !== void 0) setHeader(headers, "Content-Type", custom2.body.type);
  setHeader(headers, "Content-Length", String(body.byteLength));
  const { status: status2 } = custom2;
  return {
    response: { status: status2, statusDescription: STATUS_CODES7[status2] ?? "", headers, body },
    result: "Error",
    mark: { error: true }
  };
}
function hasBody(request) {
  const length = get(request.headers, "content-length");
  return length !== void 0 && length !== "0" || has(request.headers, "transfer-encoding");
}
function redirect2({ headers, uri, querystring, method }) {
  const query = querystring === "" ? "" : `?${querystring}`;
  const host = (get(headers, "host") ?? "").replace(/:\d+$/, "");
  const status2 = method === "GET" || method === "HEAD" ? 301 : 307;
  const title = status2 === 301 ? "Moved Permanently" : "Temporary Redirect";
  const body = Buffer.from(
    `<html>\r
<head><title>${status2} ${title}</title></head>\r
<body>\r
<center><h1>${status2} ${title}</h1></center>\r
<hr><center>CloudFront</center>\r
</body>\r
</html>\r
`
  );
  return {
    response: {
      status: status2,
      statusDescription: title,
      headers: headersOf([
        ["Server", "CloudFront"],
        ["Content-Type", "text/html"],
        ["Content-Length", String(body.byteLength)],
        ["Location", `https://${host}${uri}${query}`]
      ]),
      body
    },
    result: "Redirect",
    mark: { error: true }
  };
}
function keyed(request, generated, viewer) {
  if (generated.size === 0) return request;
  const headers = copyHeaders(request.headers);
  addViewerHeaders(headers, generated, viewer);
  return { ...request, headers };
}
function pathOf(request, behavior) {
  const query = selectQuery(request.querystring, behavior.rules.key.query);
  return query === "" ? request.uri : `${request.uri}?${query}`;
}
function identityOf(viewer, distribution) {
  const requestId = `${randomBytes(41).toString("base64url")}==`;
  const node = Buffer.from(distribution.config.id).toString("hex").padEnd(32, "0").slice(0, 32);
  return { requestId, via: `${viewer.httpVersion ?? "1.1"} ${node}.cloudfront.net (CloudFront)` };
}
function popOf(viewer) {
  return `${(viewer.colo ?? "IAD").toUpperCase()}50-C1`;
}

// src/platforms/cloudfront/gateway/runs.ts
function runsOf({ distributions, lambda, functions }) {
  return [
    ...distributions.map((each) => ({
      what: "distribution",
      name: each.id,
      state: distributionState(each, distributions)
    })),
    ...lambda.map((each) => ({
      what: "Lambda function",
      name: each.function,
      state: withLife(`version ${each.version}`, each.runtime)
    })),
    ...functions.map((each) => ({ what: "function", name: each.function, state: withLife("LIVE", each.runtime) }))
  ];
}
function distributionState(one, all4) {
  const names2 = [one.domainName, ...one.aliases].join(", ");
  const parts = [names2, ...one.enabled ? [] : ["disabled"]];
  if (one.rollout !== null) parts.push(`${shareOf(one.rollout)} to ${one.rollout.staging}`);
  if (one.staging) {
    const primary = all4.find((each) => each.rollout?.staging === one.id);
    const share = primary?.rollout ? `, ${shareOf(primary.rollout)}` : "";
    parts.push(primary === void 0 ? "staging" : `staging of ${primary.id}${share}`);
  }
  return parts.join("; ");
}
function shareOf(rollout) {
  return rollout.percentage === null ? `requests with ${rollout.header}` : `${rollout.percentage} %`;
}
function withLife(state, { state: now, restarts, reason }) {
  if (now === "restarting") return `${state}; starts again with the next request: ${reason}`;
  if (restarts === 0) return state;
  return `${state}; started again ${restarts === 1 ? "once" : `${restarts} times`}: last, ${reason}`;
}

// src/platforms/cloudfront/gateway/index.ts
var DEFAULT_CACHE_BYTES = 256 * 1024 * 1024;
function createCloudFront(deployment, deps = {}, previous) {
  const faults = deploymentFaults(deployment);
  if (faults.length > 0) throw new CloudFrontFaults(faults);
  return new LocalCloudFront(deployment, deps, previous instanceof LocalCloudFront ? previous : void 0);
}
var own = /* @__PURE__ */ new Set();
var listens = false;
function ownDirectory() {
  if (!listens) process.once("exit", () => own.forEach(removeOwn));
  listens = true;
  const directory = mkdtempSync(join4(tmpdir(), "edgewright-cloudfront-"));
  own.add(directory);
  return directory;
}
function removeOwn(directory) {
  rmSync2(directory, { recursive: true, force: true });
  own.delete(directory);
}
function rolloutOf(continuous) {
  const traffic = continuous?.policy.enabled ? continuous.policy.traffic_config : null;
  if (continuous === void 0 || traffic == null) return null;
  const weight = traffic.type === "SingleWeight" ? traffic.single_weight_config?.weight : void 0;
  const header2 = traffic.type === "SingleHeader" ? traffic.single_header_config?.header : void 0;
  return {
    staging: continuous.staging.config.id,
    percentage: weight === void 0 ? null : Math.round(weight * 1e4) / 100,
    header: header2 ?? null
  };
}
var LocalCloudFront = class {
  hosts;
  #distributions;
  #byHost = /* @__PURE__ */ new Map();
  #wildcards = [];
  #runners = /* @__PURE__ */ new Map();
  #functions = /* @__PURE__ */ new Map();
  #origins;
  #pipeline;
  #ownDir;
  constructor(deployment, deps, previous) {
    this.#ownDir = deps.workDir === void 0 ? ownDirectory() : void 0;
    const workDir = deps.workDir ?? this.#ownDir;
    for (const version of deployment.lambda_versions) {
      this.#runners.set(version.arn, new LambdaRunner(version, packageDirectory(version, workDir), deps));
    }
    for (const fn of deployment.functions) {
      this.#functions.set(fn.arn, new FunctionRunner(fn, deployment.key_value_stores, deps));
    }
    const kept = new Map(previous?.running().map((each) => [each.config.id, each]));
    const runners = { lambda: this.#runners, functions: this.#functions };
    this.#distributions = startDistributions(deployment, runners, kept, deps, deps.cacheBytes ?? DEFAULT_CACHE_BYTES);
    this.#origins = new Origins(deployment, deps);
    this.#pipeline = new Pipeline(this.#origins, deps);
    for (const distribution of this.#distributions) this.#register(distribution);
    this.hosts = [...this.#byHost.keys(), ...this.#wildcards.map(({ suffix }) => `*${suffix}`)];
  }
  running() {
    return this.#distributions;
  }
  #register(distribution) {
    const { config } = distribution;
    if (!config.enabled || config.staging) return;
    for (const name of [...config.aliases, config.domain_name]) {
      const lower2 = name.toLowerCase();
      if (lower2.startsWith("*.")) this.#wildcards.push({ suffix: lower2.slice(1), distribution });
      else this.#byHost.set(lower2, distribution);
    }
    this.#wildcards.sort((a, b) => b.suffix.length - a.suffix.length);
  }
  #find(host) {
    const lower2 = host.toLowerCase();
    return this.#byHost.get(lower2) ?? this.#wildcards.find(({ suffix }) => lower2.endsWith(suffix))?.distribution;
  }
  serves(host) {
    return this.#find(host) !== void 0;
  }
  async handle(request, viewer, host) {
    const own3 = host ?? request.headers.get("host") ?? new URL(request.url).host;
    return toWebResponse(await this.#answer(fromWebRequest(request, own3), viewer, own3), request.method);
  }
  async handleNode(request, response, viewer, host, answer2) {
    const own3 = host ?? request.headers.host ?? "";
    const made2 = await this.#answer(nodeRequest(request, own3), viewer, own3);
    await sendNode(response, made2, request.method ?? "GET", answer2);
  }
  #answer(request, viewer, host) {
    const distribution = this.#find(host.replace(/:\d+$/, ""));
    if (distribution === void 0)
      throw new CloudFrontFaults([`No distribution answers ${host}. Known: ${this.hosts.join(", ") || "none"}.`]);
    return this.#pipeline.handle(distribution, request, viewer);
  }
  invalidate(items, distributionId) {
    const faults = invalidationFaults(items);
    const chosen = this.#distributions.filter(
      ({ config }) => distributionId === void 0 || config.id === distributionId
    );
    if (chosen.length === 0) faults.push(`There is no distribution ${distributionId}.`);
    if (faults.length > 0) throw new CloudFrontFaults(faults);
    const paths = items.filter((item) => !item.startsWith("#"));
    const tags = items.filter((item) => item.startsWith("#")).map((item) => item.slice(1).toLowerCase());
    for (const { invalidations, cache } of chosen) if (paths.length > 0 && invalidations.add(paths)) cache.clear();
    if (tags.length === 0) return Promise.resolve();
    const tagged = chosen.filter(({ config }) => config.cache_tag_config !== null);
    return Promise.all(tagged.map(({ cache }) => cache.forget(tags))).then(() => {
    });
  }
  stats() {
    return {
      distributions: this.#distributions.map(({ config, counters, cache, continuous }) => {
        const { entries: entries2, bytes } = cache.stats();
        const { id, domain_name: domainName, aliases, enabled, staging } = config;
        const rollout = rolloutOf(continuous);
        const cached = { cacheEntries: entries2, cacheBytes: bytes };
        return { id, domainName, aliases, enabled, staging, rollout, ...counters, ...cached };
      }),
      lambda: [...this.#runners.values()].map((runner) => ({
        function: runner.version.name,
        version: runner.version.version,
        runtime: runner.life,
        invocations: runner.invocations,
        errors: runner.errors,
        coldStarts: [...runner.coldStarts]
      })),
      functions: [...this.#functions.values()].map(({ fn, life, invocations, errors, lastMs }) => ({
        function: fn.name,
        runtime: life,
        invocations,
        errors,
        lastMs
      }))
    };
  }
  runs() {
    return runsOf(this.stats());
  }
  async settled() {
    await Promise.all(this.#distributions.map(({ cache }) => cache.settled()));
  }
  async stop() {
    this.#origins.stop();
    await Promise.all([...this.#runners.values(), ...this.#functions.values()].map((runner) => runner.stop()));
    if (this.#ownDir !== void 0) removeOwn(this.#ownDir);
  }
};

// src/gateway/diagnostics.ts
var DeployFailed = class extends Error {
  constructor(errors) {
    super(errors.map((error) => error.message).join("\n"));
    this.errors = errors;
  }
  errors;
};
function fault(message, worker = null, module = null) {
  return { message, worker, module, line: null, column: null };
}
function startupErrors(messages, ownModule, maps) {
  const errors = [];
  for (const message of messages) {
    const found = message.match(/^service core:user:((.+?)@.*?): ([\s\S]*)$/);
    if (!found) continue;
    const [, service, worker, text] = found;
    const lines = text.replaceAll("file:///", "").trim().split("\n");
    const end2 = lines.findIndex((line) => /^\s+(?:at \S|imported from ")/.test(line));
    const rest = end2 === -1 ? [] : lines.slice(end2);
    const what = (end2 === -1 ? lines : lines.slice(0, end2)).join("\n").replace(/^Uncaught /, "").replace(/^(?:Error: )?BadAssembly: /, "");
    const base = what.startsWith("SyntaxError") ? 1 : 0;
    const frames = rest.map((line) => line.match(/^\s*at (?:.+ \()?(\S+?):(\d+):(\d+)\)?(?: in .*)?$/)).filter((match) => match !== null && match[1] !== ownModule).map((match) => {
      const [, module, line, column] = match;
      return { module, line: Number(line), column: Number(column) + base };
    });
    const named2 = maps.named(service, what);
    const importer = rest.map((line) => line.match(/imported from "(.+)"/)?.[1]).find((name) => name !== void 0);
    const mapped = frames.map(({ module, line, column }) => maps.place(service, module, line, column)).find((place) => place !== void 0);
    const frame = mapped === void 0 && named2.source === void 0 ? frames[0] : void 0;
    errors.push({
      message: named2.text,
      worker,
      module: mapped?.source ?? frame?.module ?? named2.source ?? importer ?? null,
      line: mapped?.line ?? frame?.line ?? null,
      column: mapped?.column ?? frame?.column ?? null
    });
  }
  return errors;
}
function unexplained(messages, cause) {
  const text = messages.join("\n").trim() || (cause instanceof Error ? cause.message : String(cause));
  return [fault(`The Workers runtime did not start: ${text}`)];
}

// src/gateway/edge.ts
import { randomBytes as randomBytes3 } from "node:crypto";
import http3 from "node:http";

// src/gateway/geo.ts
import { isIP } from "node:net";

// src/gateway/data/countries.ts
var COUNTRY_ROWS = `
AD|EU|BCN|42.5|1.5167|Europe/Andorra|Andorra la Vella
AE|AS|DXB|25.3|55.3|Asia/Dubai|Dubai
AF|AS|ISB|34.5167|69.2|Asia/Kabul|Kabul
AG|NA|MIA|17.05|-61.8|America/Antigua|Saint John's
AI|NA|SJU|18.2|-63.0667|America/Anguilla|The Valley
AL|EU|TIA|41.3333|19.8333|Europe/Tirane|Tirane
AM|AS|EVN|40.1833|44.5|Asia/Yerevan|Yerevan
AO|AF|LAD|-8.8|13.2333|Africa/Luanda|Luanda
AQ|AN|CHC|-77.8333|166.6|Antarctica/McMurdo|McMurdo Station
AR|SA|EZE|-34.6|-58.45|America/Argentina/Buenos_Aires|Buenos Aires
AS|OC|HNL|-14.2667|-170.7|Pacific/Pago_Pago|Pago Pago
AT|EU|VIE|48.2167|16.3333|Europe/Vienna|Vienna
AU|OC|SYD|-33.8667|151.217|Australia/Sydney|Sydney
AW|NA|CUR|12.5|-69.9667|America/Aruba|Oranjestad
AX|EU|HEL|60.1|19.95|Europe/Mariehamn|Mariehamn
AZ|AS|GYD|40.3833|49.85|Asia/Baku|Baku
BA|EU|SJJ|43.8667|18.4167|Europe/Sarajevo|Sarajevo
BB|NA|BGI|13.1|-59.6167|America/Barbados|Bridgetown
BD|AS|DAC|23.7167|90.4167|Asia/Dhaka|Dhaka
BE|EU|BRU|50.8333|4.3333|Europe/Brussels|Brussels
BF|AF|OUA|12.3667|-1.5167|Africa/Ouagadougou|Ouagadougou
BG|EU|SOF|42.6833|23.3167|Europe/Sofia|Sofia
BH|AS|BAH|26.3833|50.5833|Asia/Bahrain|Manama
BI|AF|NBO|-3.3833|29.3667|Africa/Bujumbura|Bujumbura
BJ|AF|COO|6.4833|2.6167|Africa/Porto-Novo|Porto-Novo
BL|NA|SJU|17.8833|-62.85|America/St_Barthelemy|Gustavia
BM|NA|EWR|32.2833|-64.7667|Atlantic/Bermuda|Hamilton
BN|AS|BWN|4.9333|114.917|Asia/Brunei|Bandar Seri Begawan
BO|SA|LPB|-16.5|-68.15|America/La_Paz|La Paz
BQ|NA|CUR|12.1508|-68.2767|America/Kralendijk|Kralendijk
BR|SA|GRU|-23.5333|-46.6167|America/Sao_Paulo|Sao Paulo
BS|NA|MIA|25.0833|-77.35|America/Nassau|Nassau
BT|AS|PBH|27.4667|89.65|Asia/Thimphu|Thimphu
BV|AN|CPT|-54.4208|3.3464|Etc/UTC|Bouvet Island
BW|AF|GBE|-24.65|25.9167|Africa/Gaborone|Gaborone
BY|EU|MSQ|53.9|27.5667|Europe/Minsk|Minsk
BZ|NA|MIA|17.5|-88.2|America/Belize|Belize City
CA|NA|YYZ|43.65|-79.3833|America/Toronto|Toronto
CC|AS|PER|-12.1667|96.9167|Indian/Cocos|West Island
CD|AF|FIH|-4.3|15.3|Africa/Kinshasa|Kinshasa
CF|AF|DLA|4.3667|18.5833|Africa/Bangui|Bangui
CG|AF|FIH|-4.2667|15.2833|Africa/Brazzaville|Brazzaville
CH|EU|ZRH|47.3833|8.5333|Europe/Zurich|Zurich
CI|AF|ABJ|5.3167|-4.0333|Africa/Abidjan|Abidjan
CK|OC|AKL|-21.2333|-159.767|Pacific/Rarotonga|Avarua
CL|SA|SCL|-33.45|-70.6667|America/Santiago|Santiago
CM|AF|DLA|4.05|9.7|Africa/Douala|Douala
CN|AS|HKG|31.2333|121.467|Asia/Shanghai|Shanghai
CO|SA|BOG|4.6|-74.0833|America/Bogota|Bogota
CR|NA|SJO|9.9333|-84.0833|America/Costa_Rica|San Jose
CU|NA|MIA|23.1333|-82.3667|America/Havana|Havana
CV|AF|DKR|14.9167|-23.5167|Atlantic/Cape_Verde|Praia
CW|NA|CUR|12.1833|-69|America/Curacao|Willemstad
CX|AS|PER|-10.4167|105.717|Indian/Christmas|Flying Fish Cove
CY|EU|LCA|35.1667|33.3667|Asia/Nicosia|Nicosia
CZ|EU|PRG|50.0833|14.4333|Europe/Prague|Prague
DE|EU|FRA|50.1109|8.6821|Europe/Berlin|Frankfurt am Main
DJ|AF|JIB|11.6|43.15|Africa/Djibouti|Djibouti
DK|EU|CPH|55.6667|12.5833|Europe/Copenhagen|Copenhagen
DM|NA|GND|15.3|-61.4|America/Dominica|Roseau
DO|NA|SDQ|18.4667|-69.9|America/Santo_Domingo|Santo Domingo
DZ|AF|ALG|36.7833|3.05|Africa/Algiers|Algiers
EC|SA|UIO|-2.1667|-79.8333|America/Guayaquil|Guayaquil
EE|EU|TLL|59.4167|24.75|Europe/Tallinn|Tallinn
EG|AF|CAI|30.05|31.25|Africa/Cairo|Cairo
EH|AF|LPA|27.15|-13.2|Africa/El_Aaiun|Laayoune
ER|AF|JIB|15.3333|38.8833|Africa/Asmara|Asmara
ES|EU|MAD|40.4|-3.6833|Europe/Madrid|Madrid
ET|AF|ADD|9.0333|38.7|Africa/Addis_Ababa|Addis Ababa
FI|EU|HEL|60.1667|24.9667|Europe/Helsinki|Helsinki
FJ|OC|SUV|-18.1333|178.417|Pacific/Fiji|Suva
FK|SA|EZE|-51.7|-57.85|Atlantic/Stanley|Stanley
FM|OC|GUM|7.4167|151.783|Pacific/Chuuk|Palikir
FO|EU|CPH|62.0167|-6.7667|Atlantic/Faroe|Torshavn
FR|EU|CDG|48.8667|2.3333|Europe/Paris|Paris
GA|AF|LBV|0.3833|9.45|Africa/Libreville|Libreville
GB|EU|LHR|51.5083|-0.1253|Europe/London|London
GD|NA|GND|12.05|-61.75|America/Grenada|Saint George's
GE|AS|TBS|41.7167|44.8167|Asia/Tbilisi|Tbilisi
GF|SA|CAY|4.9333|-52.3333|America/Cayenne|Cayenne
GG|EU|LHR|49.4547|-2.5361|Europe/Guernsey|Saint Peter Port
GH|AF|ACC|5.55|-0.2167|Africa/Accra|Accra
GI|EU|MAD|36.1333|-5.35|Europe/Gibraltar|Gibraltar
GL|NA|KEF|64.1833|-51.7333|America/Nuuk|Nuuk
GM|AF|DKR|13.4667|-16.65|Africa/Banjul|Banjul
GN|AF|DKR|9.5167|-13.7167|Africa/Conakry|Conakry
GP|NA|PTP|16.2333|-61.5333|America/Guadeloupe|Basse-Terre
GQ|AF|DLA|3.75|8.7833|Africa/Malabo|Malabo
GR|EU|ATH|37.9667|23.7167|Europe/Athens|Athens
GS|AN|EZE|-54.2667|-36.5333|Atlantic/South_Georgia|King Edward Point
GT|NA|GUA|14.6333|-90.5167|America/Guatemala|Guatemala City
GU|OC|GUM|13.4667|144.75|Pacific/Guam|Hagatna
GW|AF|DKR|11.85|-15.5833|Africa/Bissau|Bissau
GY|SA|GEO|6.8|-58.1667|America/Guyana|Georgetown
HK|AS|HKG|22.2833|114.15|Asia/Hong_Kong|Hong Kong
HM|AN|PER|-53.1|73.5167|Indian/Kerguelen|Heard Island
HN|NA|TGU|14.1|-87.2167|America/Tegucigalpa|Tegucigalpa
HR|EU|ZAG|45.8|15.9667|Europe/Zagreb|Zagreb
HT|NA|PAP|18.5333|-72.3333|America/Port-au-Prince|Port-au-Prince
HU|EU|BUD|47.5|19.0833|Europe/Budapest|Budapest
ID|AS|CGK|-6.1667|106.8|Asia/Jakarta|Jakarta
IE|EU|DUB|53.3333|-6.25|Europe/Dublin|Dublin
IL|AS|TLV|31.7806|35.2239|Asia/Jerusalem|Jerusalem
IM|EU|MAN|54.15|-4.4667|Europe/Isle_of_Man|Douglas
IN|AS|BOM|19.076|72.8777|Asia/Kolkata|Mumbai
IO|AS|MLE|-7.3333|72.4167|Indian/Chagos|Diego Garcia
IQ|AS|BGW|33.35|44.4167|Asia/Baghdad|Baghdad
IR|AS|DXB|35.6667|51.4333|Asia/Tehran|Tehran
IS|EU|KEF|64.15|-21.85|Atlantic/Reykjavik|Reykjavik
IT|EU|MXP|41.9|12.4833|Europe/Rome|Rome
JE|EU|LHR|49.1836|-2.1067|Europe/Jersey|Saint Helier
JM|NA|KIN|17.9681|-76.7933|America/Jamaica|Kingston
JO|AS|AMM|31.95|35.9333|Asia/Amman|Amman
JP|AS|NRT|35.6544|139.745|Asia/Tokyo|Tokyo
KE|AF|NBO|-1.2833|36.8167|Africa/Nairobi|Nairobi
KG|AS|ALA|42.9|74.6|Asia/Bishkek|Bishkek
KH|AS|PNH|11.55|104.917|Asia/Phnom_Penh|Phnom Penh
KI|OC|NAN|1.4167|173|Pacific/Tarawa|Tarawa
KM|AF|MRU|-11.6833|43.2667|Indian/Comoro|Moroni
KN|NA|SJU|17.3|-62.7167|America/St_Kitts|Basseterre
KP|AS|ICN|39.0167|125.75|Asia/Pyongyang|Pyongyang
KR|AS|ICN|37.55|126.967|Asia/Seoul|Seoul
KW|AS|KWI|29.3333|47.9833|Asia/Kuwait|Kuwait City
KY|NA|MIA|19.3|-81.3833|America/Cayman|George Town
KZ|AS|ALA|43.25|76.95|Asia/Almaty|Almaty
LA|AS|VTE|17.9667|102.6|Asia/Vientiane|Vientiane
LB|AS|BEY|33.8833|35.5|Asia/Beirut|Beirut
LC|NA|BGI|14.0167|-61|America/St_Lucia|Castries
LI|EU|ZRH|47.15|9.5167|Europe/Vaduz|Vaduz
LK|AS|CMB|6.9333|79.85|Asia/Colombo|Colombo
LR|AF|ROB|6.3|-10.7833|Africa/Monrovia|Monrovia
LS|AF|JNB|-29.4667|27.5|Africa/Maseru|Maseru
LT|EU|VNO|54.6833|25.3167|Europe/Vilnius|Vilnius
LU|EU|LUX|49.6|6.15|Europe/Luxembourg|Luxembourg
LV|EU|RIX|56.95|24.1|Europe/Riga|Riga
LY|AF|TUN|32.9|13.1833|Africa/Tripoli|Tripoli
MA|AF|CMN|33.65|-7.5833|Africa/Casablanca|Casablanca
MC|EU|MRS|43.7|7.3833|Europe/Monaco|Monaco
MD|EU|KIV|47|28.8333|Europe/Chisinau|Chisinau
ME|EU|TGD|42.4333|19.2667|Europe/Podgorica|Podgorica
MF|NA|SJU|18.0667|-63.0833|America/Marigot|Marigot
MG|AF|TNR|-18.9167|47.5167|Indian/Antananarivo|Antananarivo
MH|OC|HNL|7.15|171.2|Pacific/Majuro|Majuro
MK|EU|SKP|41.9833|21.4333|Europe/Skopje|Skopje
ML|AF|DKR|12.65|-8|Africa/Bamako|Bamako
MM|AS|MDL|16.7833|96.1667|Asia/Yangon|Yangon
MN|AS|ULN|47.9167|106.883|Asia/Ulaanbaatar|Ulaanbaatar
MO|AS|MFM|22.1972|113.542|Asia/Macau|Macau
MP|OC|GUM|15.2|145.75|Pacific/Saipan|Saipan
MQ|NA|PTP|14.6|-61.0833|America/Martinique|Fort-de-France
MR|AF|DKR|18.1|-15.95|Africa/Nouakchott|Nouakchott
MS|NA|SJU|16.7167|-62.2167|America/Montserrat|Brades
MT|EU|MLA|35.9|14.5167|Europe/Malta|Valletta
MU|AF|MRU|-20.1667|57.5|Indian/Mauritius|Port Louis
MV|AS|MLE|4.1667|73.5|Indian/Maldives|Male
MW|AF|LLW|-15.7833|35|Africa/Blantyre|Blantyre
MX|NA|QRO|19.4|-99.15|America/Mexico_City|Mexico City
MY|AS|KUL|3.1667|101.7|Asia/Kuala_Lumpur|Kuala Lumpur
MZ|AF|MPM|-25.9667|32.5833|Africa/Maputo|Maputo
NA|AF|WDH|-22.5667|17.1|Africa/Windhoek|Windhoek
NC|OC|NOU|-22.2667|166.45|Pacific/Noumea|Noumea
NE|AF|OUA|13.5167|2.1167|Africa/Niamey|Niamey
NF|OC|SYD|-29.05|167.967|Pacific/Norfolk|Kingston
NG|AF|LOS|6.45|3.4|Africa/Lagos|Lagos
NI|NA|MGA|12.15|-86.2833|America/Managua|Managua
NL|EU|AMS|52.3667|4.9|Europe/Amsterdam|Amsterdam
NO|EU|OSL|59.9167|10.75|Europe/Oslo|Oslo
NP|AS|KTM|27.7167|85.3167|Asia/Kathmandu|Kathmandu
NR|OC|BNE|-0.5167|166.917|Pacific/Nauru|Yaren
NU|OC|AKL|-19.0167|-169.917|Pacific/Niue|Alofi
NZ|OC|AKL|-36.8667|174.767|Pacific/Auckland|Auckland
OM|AS|MCT|23.6|58.5833|Asia/Muscat|Muscat
PA|NA|PTY|8.9667|-79.5333|America/Panama|Panama City
PE|SA|LIM|-12.05|-77.05|America/Lima|Lima
PF|OC|PPT|-17.5333|-149.567|Pacific/Tahiti|Papeete
PG|OC|POM|-9.5|147.167|Pacific/Port_Moresby|Port Moresby
PH|AS|MNL|14.5867|120.968|Asia/Manila|Manila
PK|AS|KHI|24.8667|67.05|Asia/Karachi|Karachi
PL|EU|WAW|52.25|21|Europe/Warsaw|Warsaw
PM|NA|YUL|47.05|-56.3333|America/Miquelon|Saint-Pierre
PN|OC|PPT|-25.0667|-130.083|Pacific/Pitcairn|Adamstown
PR|NA|SJU|18.4683|-66.1061|America/Puerto_Rico|San Juan
PS|AS|TLV|31.5|34.4667|Asia/Gaza|Gaza
PT|EU|LIS|38.7167|-9.1333|Europe/Lisbon|Lisbon
PW|OC|GUM|7.3333|134.483|Pacific/Palau|Ngerulmud
PY|SA|ASU|-25.2667|-57.6667|America/Asuncion|Asuncion
QA|AS|DOH|25.2833|51.5333|Asia/Qatar|Doha
RE|AF|RUN|-20.8667|55.4667|Indian/Reunion|Saint-Denis
RO|EU|OTP|44.4333|26.1|Europe/Bucharest|Bucharest
RS|EU|BEG|44.8333|20.5|Europe/Belgrade|Belgrade
RU|EU|DME|55.7558|37.6178|Europe/Moscow|Moscow
RW|AF|KGL|-1.95|30.0667|Africa/Kigali|Kigali
SA|AS|RUH|24.6333|46.7167|Asia/Riyadh|Riyadh
SB|OC|BNE|-9.5333|160.2|Pacific/Guadalcanal|Honiara
SC|AF|SEZ|-4.6667|55.4667|Indian/Mahe|Victoria
SD|AF|KRT|15.6|32.5333|Africa/Khartoum|Khartoum
SE|EU|ARN|59.3333|18.05|Europe/Stockholm|Stockholm
SG|AS|SIN|1.2833|103.85|Asia/Singapore|Singapore
SH|AF|CPT|-15.9167|-5.7|Atlantic/St_Helena|Jamestown
SI|EU|LJU|46.05|14.5167|Europe/Ljubljana|Ljubljana
SJ|EU|OSL|78|16|Arctic/Longyearbyen|Longyearbyen
SK|EU|BTS|48.15|17.1167|Europe/Bratislava|Bratislava
SL|AF|ROB|8.5|-13.25|Africa/Freetown|Freetown
SM|EU|BLQ|43.9167|12.4667|Europe/San_Marino|San Marino
SN|AF|DKR|14.6667|-17.4333|Africa/Dakar|Dakar
SO|AF|MGQ|2.0667|45.3667|Africa/Mogadishu|Mogadishu
SR|SA|PBM|5.8333|-55.1667|America/Paramaribo|Paramaribo
SS|AF|NBO|4.85|31.6167|Africa/Juba|Juba
ST|AF|LBV|0.3333|6.7333|Africa/Sao_Tome|Sao Tome
SV|NA|SAL|13.7|-89.2|America/El_Salvador|San Salvador
SX|NA|SJU|18.0514|-63.0472|America/Lower_Princes|Philipsburg
SY|AS|BEY|33.5|36.3|Asia/Damascus|Damascus
SZ|AF|MPM|-26.3|31.1|Africa/Mbabane|Mbabane
TC|NA|MIA|21.4667|-71.1333|America/Grand_Turk|Cockburn Town
TD|AF|NDJ|12.1167|15.05|Africa/Ndjamena|N'Djamena
TF|AN|RUN|-49.3528|70.2175|Indian/Kerguelen|Port-aux-Francais
TG|AF|LFW|6.1333|1.2167|Africa/Lome|Lome
TH|AS|BKK|13.75|100.517|Asia/Bangkok|Bangkok
TJ|AS|DYU|38.5833|68.8|Asia/Dushanbe|Dushanbe
TK|OC|AKL|-9.3667|-171.233|Pacific/Fakaofo|Atafu
TL|AS|DPS|-8.55|125.583|Asia/Dili|Dili
TM|AS|TAS|37.95|58.3833|Asia/Ashgabat|Ashgabat
TN|AF|TUN|36.8|10.1833|Africa/Tunis|Tunis
TO|OC|SUV|-21.1333|-175.2|Pacific/Tongatapu|Nuku'alofa
TR|AS|IST|41.0167|28.9667|Europe/Istanbul|Istanbul
TT|NA|POS|10.65|-61.5167|America/Port_of_Spain|Port of Spain
TV|OC|SUV|-8.5167|179.217|Pacific/Funafuti|Funafuti
TW|AS|TPE|25.05|121.5|Asia/Taipei|Taipei
TZ|AF|DAR|-6.8|39.2833|Africa/Dar_es_Salaam|Dar es Salaam
UA|EU|KBP|50.4333|30.5167|Europe/Kyiv|Kyiv
UG|AF|EBB|0.3167|32.4167|Africa/Kampala|Kampala
UM|OC|HNL|28.2167|-177.367|Pacific/Midway|Sand Island
US|NA|IAD|39.0438|-77.4874|America/New_York|Ashburn
UY|SA|MVD|-34.9092|-56.2125|America/Montevideo|Montevideo
UZ|AS|TAS|41.3333|69.3|Asia/Tashkent|Tashkent
VA|EU|FCO|41.9022|12.4531|Europe/Vatican|Vatican City
VC|NA|GND|13.15|-61.2333|America/St_Vincent|Kingstown
VE|SA|CCS|10.5|-66.9333|America/Caracas|Caracas
VG|NA|SJU|18.45|-64.6167|America/Tortola|Road Town
VI|NA|SJU|18.35|-64.9333|America/St_Thomas|Charlotte Amalie
VN|AS|SGN|10.75|106.667|Asia/Ho_Chi_Minh|Ho Chi Minh City
VU|OC|NOU|-17.6667|168.417|Pacific/Efate|Port Vila
WF|OC|NOU|-13.3|-176.167|Pacific/Wallis|Mata-Utu
WS|OC|AKL|-13.8333|-171.733|Pacific/Apia|Apia
YE|AS|JED|12.75|45.2|Asia/Aden|Aden
YT|AF|MRU|-12.7833|45.2333|Indian/Mayotte|Mamoudzou
ZA|AF|JNB|-26.25|28|Africa/Johannesburg|Johannesburg
ZM|AF|LUN|-15.4167|28.2833|Africa/Lusaka|Lusaka
ZW|AF|HRE|-17.8333|31.05|Africa/Harare|Harare
`;

// src/gateway/problem.ts
var ProblemError = class extends Error {
  constructor(problem2) {
    super(problem2.detail);
    this.problem = problem2;
  }
  problem;
};
function problem(status2, title, detail, extensions = {}) {
  return new ProblemError({ status: status2, title, detail, ...extensions });
}
function problemBody(value) {
  return `${JSON.stringify({ type: "about:blank", ...value })}
`;
}
function sendProblem(response, value, headers = {}) {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = problemBody(value);
  response.writeHead(value.status, {
    "Content-Type": "application/problem+json",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    ...headers
  });
  response.end(response.req.method === "HEAD" ? void 0 : body);
}

// src/gateway/geo.ts
var COUNTRIES = new Map(
  COUNTRY_ROWS.trim().split("\n").map((row) => {
    const [country, continent, colo, latitude, longitude, timezone, city] = row.split("|");
    return [country, { country, continent, colo, latitude, longitude, timezone, city }];
  })
);
var DEFAULT_COUNTRY = "US";
var PLACELESS = /* @__PURE__ */ new Set(["XX", "T1"]);
var ASN = 64512;
function clientOf(country, ip, remote) {
  const code = (country ?? DEFAULT_COUNTRY).trim().toUpperCase();
  const home = COUNTRIES.get(DEFAULT_COUNTRY);
  const place = PLACELESS.has(code) ? { ...home, country: code, continent: "" } : COUNTRIES.get(code);
  if (place === void 0) {
    throw problem(
      400,
      "Bad X-Local-Country",
      `X-Local-Country is ${JSON.stringify(country)}: give an ISO 3166-1 alpha-2 code such as DE or JP, or XX (unknown) or T1 (Tor).`
    );
  }
  if (ip !== void 0 && isIP(ip.trim()) === 0) {
    throw problem(
      400,
      "Bad X-Local-IP",
      `X-Local-IP is ${JSON.stringify(ip)}: give an IPv4 or IPv6 address such as 198.51.100.7 or 2001:db8::1.`
    );
  }
  return { ip: ip?.trim() ?? plainAddress(remote), place };
}
function plainAddress(remote) {
  return remote?.replace(/^::ffff:/i, "") ?? "127.0.0.1";
}
function cfObject(client, httpProtocol, acceptEncoding) {
  const { place } = client;
  const known3 = place.continent !== "";
  return {
    colo: place.colo,
    country: place.country,
    ...known3 && {
      city: place.city,
      continent: place.continent,
      latitude: place.latitude,
      longitude: place.longitude,
      timezone: place.timezone,
      ...EU.has(place.country) && { isEUCountry: "1" }
    },
    asn: ASN,
    asOrganization: "Local",
    httpProtocol,
    requestPriority: "",
    tlsCipher: "",
    tlsVersion: "",
    clientAcceptEncoding: acceptEncoding ?? "",
    clientTcpRtt: 1,
    edgeRequestKeepAliveStatus: 1
  };
}
var EU = new Set("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(" "));

// src/platforms/cloudfront/gateway/mount.ts
var LOCAL_PROTOCOL = "x-local-proto";
function depsFor(counters, logs) {
  return {
    originStarted: (origin) => {
      counters.started(origin);
    },
    originEnded: ({ origin, status: status2, bytes, error }) => {
      const own3 = counters.origin(origin);
      own3.inFlight -= 1;
      own3.bytes += bytes;
      if (error) own3.errors += 1;
      if (status2 !== void 0) own3.byStatus[status2] = (own3.byStatus[status2] ?? 0) + 1;
    },
    log: ({ level, message, subject }) => {
      logs.add({
        level,
        source: subject === void 0 ? "gateway" : "worker",
        message,
        ...subject !== void 0 && { worker: subject }
      });
    }
  };
}
function viewerFor(client, request) {
  const asked = request.headers[LOCAL_PROTOCOL];
  if (asked !== void 0 && asked !== "http" && asked !== "https") {
    throw problem(400, "Bad X-Local-Proto", `X-Local-Proto is ${JSON.stringify(asked)}: give http or https.`);
  }
  const { place } = client;
  const located = place.continent !== "";
  const headerOrder = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index];
    if (!name.toLowerCase().startsWith("x-local-")) headerOrder.push(name);
  }
  return {
    ip: client.ip,
    ...request.socket.remotePort !== void 0 && { port: request.socket.remotePort },
    protocol: asked ?? "https",
    httpVersion: request.httpVersion,
    asn: ASN,
    colo: place.colo,
    headerOrder,
    ...located && {
      country: place.country,
      city: place.city,
      latitude: place.latitude,
      longitude: place.longitude,
      timezone: place.timezone
    }
  };
}

// src/gateway/front-cache.ts
import http2 from "node:http";
import { Readable as Readable7 } from "node:stream";

// src/core/static.ts
var MAX_HASHED_BYTES = 25 * 1024 * 1024;
function answerConditional(request, response, now) {
  if (response.status !== 200) return response;
  const precondition = evaluatePreconditions(request, response.headers, now);
  if (precondition === "proceed") return response;
  response.body?.cancel().catch(() => {
  });
  const headers = notModifiedHeaders(response.headers);
  return new Response(null, { status: precondition === "failed" ? 412 : 304, headers });
}

// src/gateway/entry.ts
var ENTRY_MODULE = "edgewright-local-entry.js";
var CONSOLE_MODULE = "edgewright-local-console.js";
var MARK = "";
var UNCAUGHT = "";
var PURGE_HEADER = "x-local-purge";
var ANSWER_HEADER = "x-edgewright-front-answer";
var frontModule = (url) => `
function front(ctx) {
  const call = (soft) => async (what) => {
    const answer = await fetch(${JSON.stringify(url)}, { method: "POST", body: JSON.stringify({ what, soft }) });
    return answer.json();
  };
  Object.defineProperty(ctx, "cache", { value: { purge: call(false), invalidate: call(true) }, configurable: true });
}

// A body of unknown length that breaks off is ended by workerd as if it were whole, and would be kept. So the cache is told first.
const [streams, sized] = [new WeakSet(), new WeakSet()];
globalThis.FixedLengthStream = new Proxy(FixedLengthStream, { construct(target, args, made) {
  const stream = Reflect.construct(target, args, made);
  sized.add(stream.readable);
  return stream;
} });
globalThis.Response = new Proxy(Response, { construct(target, args, made) {
  const answer = Reflect.construct(target, args, made);
  if (args[0] instanceof ReadableStream && !sized.has(args[0])) streams.add(answer);
  return answer;
} });

function whole(answer, ctx) {
  if (!(answer instanceof Response) || answer.body === null || answer.webSocket) return answer;
  // Texts and bytes have a length that only workerd knows, and arrive whole; what was fetched has a URL.
  if (!streams.has(answer) && answer.url === "") return answer;
  // What is compressed by hand could not be passed on as it is; its end shows whether it is whole.
  if (answer.headers.has("content-length") || answer.headers.has("content-encoding")) return answer;
  const id = crypto.randomUUID();
  const { readable, writable } = new IdentityTransformStream();
  const broken = async (error) => {
    await fetch(${JSON.stringify(url)}, { method: "POST", body: JSON.stringify({ broken: id }) }).catch(() => {});
    await writable.abort(error);
  };
  ctx.waitUntil(answer.body.pipeTo(writable, { preventAbort: true }).catch(broken));
  const passed = new Response(readable, answer);
  passed.headers.set(${JSON.stringify(ANSWER_HEADER)}, id);
  return passed;
}
`;
var exportsModule = (classes) => `
function own(ctx, env) {
  if (ctx.exports === undefined) return;
  const value = Object.create(ctx.exports);
  for (const [name, binding] of ${JSON.stringify(classes)}) {
    Object.defineProperty(value, name, { value: env[binding], enumerable: true });
  }
  Object.defineProperty(ctx, "exports", { value, configurable: true });
}
`;
function entryModule({ mainModule, purgeToken, classes, frontCacheUrl: frontCacheUrl2 }) {
  const specifier = JSON.stringify(`./${mainModule}`);
  return `import { report } from "./${CONSOLE_MODULE}";
import * as main from ${specifier};
export * from ${specifier};
${frontCacheUrl2 === void 0 ? "const front = () => {}, whole = (answer) => answer;" : frontModule(frontCacheUrl2)}
${classes.length === 0 ? "function own() {}" : exportsModule(classes)}
function watched(target) {
  if (typeof target !== "object" || target === null || typeof target.fetch !== "function") return target;
  const fetch = (...args) => {
    let answer;
    try {
      const [request, env, ctx] = args;
      front(ctx);
      own(ctx, env);
      if (request.headers.get(${JSON.stringify(PURGE_HEADER)}) === ${JSON.stringify(purgeToken)}) {
        return request.json().then((what) => target.purge?.(what, env, ctx)).then((report) => Response.json(report ?? null));
      }
      answer = target.fetch(...args);
    } catch (error) {
      report(error);
      throw error;
    }
    if (typeof answer?.then !== "function") return whole(answer, args[2]);
    answer.then(undefined, report);
    return answer.then((given) => whole(given, args[2]));
  };
  return Object.create(target, { fetch: { value: fetch, enumerable: true } });
}
export default watched(main.default ?? {});
`;
}
function consoleModule(worker, version) {
  return `const mark = ${JSON.stringify(`${MARK}${worker}@${version}${MARK}`)};
for (const level of ["debug", "log", "info", "warn", "error", "trace"]) {
  const print = console[level].bind(console);
  // A format string stays the first argument.
  console[level] = (...args) => (typeof args[0] === "string" ? print(mark + args[0], ...args.slice(1)) : print(mark, ...args));
}
const error = console.error;
export const report = (thrown) => error(${JSON.stringify(`${UNCAUGHT}Uncaught %s`)}, (thrown instanceof Error && thrown.stack) || String(thrown));
`;
}
function unmark(line) {
  const end2 = line.startsWith(MARK) ? line.indexOf(MARK, 1) : -1;
  if (end2 === -1) return { message: line };
  const name = line.slice(1, end2);
  const at = name.lastIndexOf("@");
  const origin = { worker: name.slice(0, at), version: name.slice(at + 1) };
  const message = line.slice(end2 + 1).replace(/^ /, "");
  return message.startsWith(UNCAUGHT) ? { message: message.slice(UNCAUGHT.length), ...origin, uncaught: true } : { message, ...origin };
}

// src/gateway/proxy.ts
import http from "node:http";

// src/gateway/headers.ts
import { randomBytes as randomBytes2 } from "node:crypto";
var RESERVED_PREFIXES = ["cf-", "mf-", "x-local-", "x-forwarded-"];
var RESERVED = /* @__PURE__ */ new Set(["true-client-ip", "x-real-ip", "forwarded", "cdn-loop"]);
var CLIENT_MAY_SEND = /* @__PURE__ */ new Set(["cf-access-client-id", "cf-access-client-secret", "cf-access-jwt-assertion"]);
function isReserved(name) {
  if (CLIENT_MAY_SEND.has(name)) return false;
  return RESERVED.has(name) || RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix));
}
function endToEnd(raw, connection, drop) {
  const listed = new Set(connectionOptions(connection ?? null));
  const kept = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index];
    const lower2 = name.toLowerCase();
    if (HOP_BY_HOP.has(lower2) || listed.has(lower2) || drop(lower2)) continue;
    kept.push(name, raw[index + 1]);
  }
  return kept;
}
function rayId(colo) {
  return `${randomBytes2(8).toString("hex")}-${colo}`;
}
function workerHeaders(request, came, host, client, ray) {
  const raw = endToEnd(
    came,
    request.headers.connection,
    // Expect was answered here. Accept-Encoding stays the client's: gap `accept-encoding`.
    (name) => name === "host" || name === "expect" || isReserved(name)
  );
  const protocol = `HTTP/${request.httpVersion}`;
  const encodings = request.headers["accept-encoding"];
  const cf = cfObject(client, protocol, Array.isArray(encodings) ? encodings.join(", ") : encodings);
  raw.push(
    "Host",
    host,
    "CF-Connecting-IP",
    client.ip,
    "CF-IPCountry",
    client.place.country,
    "CF-Ray",
    ray,
    "CF-Visitor",
    '{"scheme":"http"}',
    "X-Forwarded-For",
    client.ip,
    "X-Forwarded-Proto",
    "http",
    "X-Real-IP",
    client.ip,
    "MF-CF-Blob",
    JSON.stringify(cf)
  );
  return raw;
}

// src/gateway/proxy.ts
var IDLE_MS = 2e3;
var agent = new http.Agent({
  keepAlive: true,
  maxSockets: Number.POSITIVE_INFINITY,
  maxFreeSockets: 256,
  timeout: IDLE_MS,
  scheduling: "lifo"
});
var ANSWER_HEADERS_LIMIT = 128 * 1024;
var UNCONNECTED = /* @__PURE__ */ new Set(["ECONNREFUSED", "ENOENT", "EAGAIN"]);
function forward(forwarded) {
  return new Promise((resolve, reject) => {
    forwarded.upstream.available().then(() => attempt2(forwarded, resolve, reject, 0), reject);
  });
}
function attempt2(forwarded, resolve, reject, tries) {
  const { request, response, upstream } = forwarded;
  if (response.closed || response.destroyed) {
    resolve(499);
    return;
  }
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  const hasBody2 = length !== void 0 || encoding !== void 0;
  const life = upstream.life();
  const onward = http.request({
    socketPath: upstream.socket,
    agent,
    method: request.method ?? "GET",
    path: forwarded.path,
    headers: hasBody2 && length === void 0 ? [...forwarded.headers, "Transfer-Encoding", "chunked"] : forwarded.headers,
    setDefaultHeaders: false,
    maxHeaderSize: ANSWER_HEADERS_LIMIT
  });
  let answer2;
  onward.on("response", (incoming) => {
    answer2 = incoming;
    upstream.progress();
    const raw = endToEnd(incoming.rawHeaders, incoming.headers.connection, () => false);
    try {
      const status2 = incoming.statusCode ?? 502;
      response.writeHead(
        status2,
        incoming.statusMessage || (http.STATUS_CODES[status2] ?? ""),
        forwarded.answer(raw)
      );
    } catch (error) {
      onward.destroy();
      reject(error);
      return;
    }
    if (incoming.headers["content-length"] === void 0) response.flushHeaders();
    incoming.on("error", () => response.destroy());
    incoming.pipe(response);
  });
  onward.on("error", (error) => {
    if (answer2?.complete) return;
    if (response.destroyed || response.headersSent) {
      response.destroy();
      return;
    }
    const untouched = UNCONNECTED.has(error.code ?? "") || onward.reusedSocket && error.code === "ECONNRESET" && !hasBody2;
    const safe = !hasBody2 && (request.method === "GET" || request.method === "HEAD");
    if (tries < 3 && !upstream.guilty() && (untouched || safe && upstream.innocent(life))) {
      response.off("close", closed);
      upstream.available().then(() => attempt2(forwarded, resolve, reject, tries + 1), reject);
    } else reject(upstream.lost(life, error));
  });
  const closed = () => {
    const whole = response.writableFinished;
    if (!whole || !answer2?.complete || !onward.writableEnded) onward.destroy();
    request.removeAllListeners("data");
    request.resume();
    resolve(whole ? response.statusCode : 499);
  };
  response.on("close", closed);
  if (!hasBody2) {
    onward.end();
    return;
  }
  onward.on("socket", (socket) => {
    if (socket.connecting) socket.once("connect", () => upload(request, onward));
    else upload(request, onward);
  });
}
var FIRST_BYTES = 32 * 1024;
var EARLY_ANSWER_MS = 50;
function upload(request, onward) {
  let sent = 0;
  let answer2;
  onward.on("response", (incoming) => {
    answer2 = incoming;
  });
  const resume = () => void request.resume();
  const send2 = (chunk) => {
    if (answer2?.complete || onward.destroyed || onward.write(chunk)) resume();
    else onward.once("drain", resume);
  };
  request.on("data", (chunk) => {
    request.pause();
    const first = FIRST_BYTES - sent;
    sent += chunk.length;
    if (first <= 0 || chunk.length <= first) {
      send2(chunk);
      return;
    }
    onward.write(chunk.subarray(0, first));
    setTimeout(() => send2(chunk.subarray(first)), EARLY_ANSWER_MS);
  });
  request.on("end", () => onward.end());
  onward.on("close", resume);
}
function lost(error) {
  const detail = `The Worker's connection ended before an answer: ${error.code ?? error.message}. See the log.`;
  return problem(502, "No answer from the Worker", detail);
}
function forwardUpgrade(request, socket, head2, to) {
  return new Promise((resolve) => {
    const onward = http.request({
      socketPath: to.socket,
      agent: false,
      method: request.method ?? "GET",
      path: to.path,
      headers: [...to.headers, "Connection", "Upgrade", "Upgrade", request.headers.upgrade ?? "websocket"]
    });
    const write3 = (answer2, raw) => {
      socket.write(`HTTP/1.1 ${answer2.statusCode} ${answer2.statusMessage}\r
`);
      for (let index = 0; index < raw.length; index += 2) socket.write(`${raw[index]}: ${raw[index + 1]}\r
`);
      socket.write("\r\n");
    };
    onward.on("upgrade", (answer2, upstream, rest) => {
      if (socket.destroyed) {
        upstream.destroy();
        resolve(499);
        return;
      }
      write3(answer2, [
        ...to.answer(endToEnd(answer2.rawHeaders, answer2.headers.connection, () => false)),
        "Connection",
        "Upgrade",
        "Upgrade",
        answer2.headers.upgrade ?? "websocket"
      ]);
      socket.write(rest);
      upstream.write(head2);
      socket.setNoDelay(true);
      upstream.pipe(socket).pipe(upstream);
      const end2 = () => {
        socket.destroy();
        upstream.destroy();
      };
      for (const side of [socket, upstream]) side.on("error", end2).on("close", end2);
      resolve(101);
    });
    onward.on("response", (answer2) => {
      write3(answer2, [
        ...to.answer(endToEnd(answer2.rawHeaders, answer2.headers.connection, (name) => name === "content-length")),
        "Connection",
        "close"
      ]);
      answer2.pipe(socket);
      answer2.on("error", () => socket.destroy());
      resolve(answer2.statusCode ?? 502);
    });
    onward.on("error", () => {
      socket.end("HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      resolve(502);
    });
    socket.on("close", () => onward.destroy());
    onward.end();
  });
}

// src/core/purge/targets.ts
function targetFor(text, asSent) {
  return asSent ? targetAsSent(text) : targetOf(text);
}

// src/gateway/router.ts
function patternFault(pattern) {
  const { host, path } = splitPattern(pattern);
  if (host.slice(1).includes("*")) return "a `*` in the host may only be its first character";
  if (path.slice(0, -1).includes("*")) return "a `*` in the path may only be its last character";
  if (path.includes("?")) return "a pattern cannot contain a query string";
  if (host.replace("*", "") === "") return "a pattern needs a host name";
  return void 0;
}
function splitPattern(pattern) {
  const bare = pattern.replace(/^https?:\/\//i, "");
  const slash = bare.indexOf("/");
  return slash === -1 ? { host: bare.toLowerCase(), path: "/" } : { host: bare.slice(0, slash).toLowerCase(), path: bare.slice(slash) };
}
function compile2(pattern, worker) {
  const { host, path } = splitPattern(pattern);
  const wildcardHost = host.startsWith("*");
  const wildcardPath = path.endsWith("*");
  return {
    pattern,
    worker,
    host: wildcardHost ? host.slice(1) : host,
    wildcardHost,
    path: wildcardPath ? path.slice(0, -1) : path,
    wildcardPath
  };
}
function bySpecificity(a, b) {
  return Number(a.wildcardHost) - Number(b.wildcardHost) || b.host.length - a.host.length || b.path.length - a.path.length || Number(a.wildcardPath) - Number(b.wildcardPath);
}
function matches2(route2, host, target) {
  if (route2.wildcardHost ? !host.endsWith(route2.host) || host === route2.host.replace(/^\./, "") && route2.host.startsWith(".") : host !== route2.host) {
    return false;
  }
  return route2.wildcardPath ? target.startsWith(route2.path) : target === route2.path;
}
var LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0)$/;
function hostnameOf(host) {
  return host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}
var Router = class {
  #routes;
  #domains;
  #fronts;
  /** The host that stands for a request to loopback: of the one Worker that owns any, else of the one distribution. */
  #fallback;
  constructor(deployment) {
    this.#routes = deployment.routes.map((route2) => compile2(route2.pattern, route2.worker)).sort(bySpecificity);
    this.#domains = new Map(deployment.domains.map((domain) => [domain.hostname.toLowerCase(), domain.worker]));
    const owners = /* @__PURE__ */ new Set([...this.#domains.values(), ...this.#routes.flatMap((route2) => route2.worker ?? [])]);
    if (owners.size === 1) {
      const [domain] = this.#domains.keys();
      const route2 = this.#routes.find((candidate) => candidate.worker !== null);
      this.#fallback = domain ?? (route2 && exampleHost(route2));
    }
    const served = (deployment.cloudfront?.distributions ?? []).filter((each) => each.enabled && !each.staging);
    this.#fronts = served.flatMap(
      (each) => [...each.aliases, each.domain_name].map((name) => ({
        host: name.toLowerCase().replace(/^\*/, "www"),
        distribution: each.id
      }))
    );
    if (owners.size === 0 && served.length === 1) this.#fallback = this.#fronts[0]?.host;
  }
  /** Every host and route pattern that is served, for messages. */
  known() {
    return [
      ...this.#domains.keys(),
      ...this.#routes.map((route2) => route2.pattern),
      ...this.#fronts.map(({ host }) => host)
    ];
  }
  /** A host of each domain, route and distribution, and who answers there. */
  hosts() {
    return [
      ...this.#fronts,
      ...[...this.#domains].map(([host, worker]) => ({ host, worker })),
      ...this.#routes.flatMap(
        (route2) => route2.worker === null ? [] : [{ host: exampleHost(route2), worker: route2.worker }]
      )
    ];
  }
  /** The custom domain's Worker: what a `fetch` from a Worker to that host reaches. */
  domain(hostname) {
    return this.#domains.get(hostname);
  }
  /**
   * @param host the `Host` header
   * @param localHost the `X-Local-Host` header, which chooses a host where `Host` cannot
   * @param target path and query string
   */
  resolve(host, localHost, target) {
    const hostname = this.hostname(host, localHost);
    let bypassed;
    for (const route2 of this.#routes) {
      if (!matches2(route2, hostname, target)) continue;
      if (route2.worker !== null) return { worker: route2.worker, hostname };
      bypassed = route2;
      break;
    }
    const worker = this.#domains.get(hostname);
    if (worker !== void 0) return { worker, hostname };
    if (bypassed) {
      throw problem(
        404,
        "No origin",
        `The route ${bypassed.pattern} bypasses Workers for ${hostname}${target}, and the local cloud has no origin behind it.`
      );
    }
    throw problem(
      404,
      "No Worker here",
      `No route or domain matches ${hostname}${target}. Known: ${this.known().join(", ") || "none"}. On loopback, choose one with the header X-Local-Host.`,
      { hosts: this.known() }
    );
  }
  /** The name that a request is for: see `resolve`. */
  hostname(host, localHost) {
    const hostname = hostnameOf(host);
    if (localHost !== void 0) return hostnameOf(localHost.trim());
    if (this.#domains.has(hostname)) return hostname;
    if (hostname.endsWith(".localhost")) return hostname.slice(0, -".localhost".length);
    return LOOPBACK.test(hostname) && this.#fallback !== void 0 ? this.#fallback : hostname;
  }
};
function exampleHost(route2) {
  if (!route2.wildcardHost) return route2.host;
  return route2.host.startsWith(".") ? `www${route2.host}` : route2.host;
}

// src/gateway/targets.ts
var LOOPBACK2 = /* @__PURE__ */ new Set(["127.0.0.1", "localhost", "[::1]"]);
var ANY = "http://any.invalid";
function hostOf2(target) {
  if (target.startsWith("/")) return void 0;
  const host = hostnameOf(new URL(target).host).replace(/(.)\.localhost$/, "$1");
  return LOOPBACK2.has(host) ? void 0 : host;
}
function restOf(target) {
  const rest = (target.startsWith("/") ? target : target.replace(/^https?:[/\\]*[^/?#\\]*/i, "")).split("#", 1)[0];
  return rest?.startsWith("/") ? rest : `/${rest}`;
}
function whyNever(rest, asSent) {
  try {
    targetFor(ANY + rest, asSent);
    return void 0;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.details.detail;
  }
}
function spellings(rest) {
  const { pathname, search } = new URL(ANY + rest);
  const found = [rest, `${pathname}${search}`];
  if (whyNever(rest, false) === void 0) {
    const { path, query } = targetFor(ANY + rest, false);
    found.push(`${path}${query}`);
  }
  return [...new Set(found)];
}
function isHost(name, host) {
  return name.startsWith("*") ? host.endsWith(name.slice(1)) : host === name;
}

// src/gateway/front-cache.ts
var FRONT_CACHE_HOST = "front-cache.edgewright.invalid";
var frontCacheUrl = (worker) => `http://${FRONT_CACHE_HOST}/${encodeURIComponent(worker)}`;
var MAX_BYTES2 = 128 * 1024 * 1024;
var MAX_OBJECT_BYTES2 = 32 * 1024 * 1024;
var VERSIONS = 4;
var UNSAID = {
  200: 7200,
  203: 7200,
  204: 7200,
  300: 1200,
  301: 1200,
  404: 180,
  405: 60,
  410: 180,
  414: 60,
  501: 60
};
var FOR_EVER_S = 10 * 365 * 86400;
var OWN_FIELD = "edgewright-front-control";
var KEPT_FIELD = "x-edgewright-front-kept";
var KEPT_OF_304 = "x-edgewright-front-kept-304";
var RAW_TARGET = "x-edgewright-front-target";
var KEPT2 = ["cache-control", "cdn-cache-control", "cache-status", "x-cache", "expires", "pragma"];
var KEPT_UNSTORED = ["x-origin-latency", "x-origin-failover", "server-timing"];
var SAYS = ["cloudflare-cdn-cache-control", "cdn-cache-control", "cache-control", "expires"];
var POISONS = [
  "cloudflare-workers-version-key",
  "forwarded",
  "x-forwarded-host",
  "x-forwarded-scheme",
  "x-host",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url"
];
var SPEC = {
  name: "workers-cache",
  mode: "origin",
  tiers: { memory: { max_bytes: MAX_BYTES2, max_object_bytes: MAX_OBJECT_BYTES2 } },
  key: { headers: [RAW_TARGET, ...POISONS] }
};
var FrontCaches = class {
  constructor(logs) {
    this.logs = logs;
  }
  logs;
  /** By Worker, then by version, or `*` where versions share one. The last used comes last. */
  #workers = /* @__PURE__ */ new Map();
  #work = /* @__PURE__ */ new Set();
  #of(worker, version) {
    let versions = this.#workers.get(worker);
    if (versions === void 0) {
      versions = /* @__PURE__ */ new Map();
      this.#workers.set(worker, versions);
    }
    const found = versions.get(version) ?? createCache({ targetedFields: [OWN_FIELD], name: "front" });
    versions.delete(version);
    versions.set(version, found);
    for (const oldest of [...versions.keys()].slice(0, -VERSIONS)) versions.delete(oldest);
    return found;
  }
  /** Answers a GET or HEAD; gives the status that the client got, or 499 where it left before one. */
  async serve(worker, version, fronted) {
    const { request, response } = fronted;
    const context = this.#context(worker, fronted.hold);
    const asked = new Request("https://front.invalid/", { headers: webHeaders(fronted.headers) });
    const url = new URL(asked.url);
    url.pathname = fronted.path.split("?", 1)[0];
    const headers = new Headers(asked.headers);
    headers.set(RAW_TARGET, fronted.path);
    let outcome;
    context.settled = (settled) => {
      outcome = settled;
    };
    const answer2 = await this.#of(worker, version).handle(
      new Request(url, { headers }),
      SPEC,
      context,
      (onward) => fetchWorker(fronted, onward)
    );
    const status2 = statusOf2(outcome);
    const given = status2 === "BYPASS" ? asAsked(request, asked.headers, answer2) : answer2;
    return write2(request, response, given, status2, fronted.answer);
  }
  #context(worker, hold) {
    return {
      now: Date.now,
      random: Math.random,
      rawBodies: true,
      waitUntil: (work) => {
        const release = hold();
        const done = work.catch((error) => this.logs.warn(`${worker}: behind the cache in front: ${String(error)}`)).finally(() => {
          release();
          this.#work.delete(done);
        });
        this.#work.add(done);
      },
      warn: (message) => this.logs.warn(`${worker}: cache in front: ${message}`)
    };
  }
  /** Answers a call of `ctx.cache` as the product does; `path` names the Worker. Or hears of an answer that breaks off. */
  async called(path, body) {
    try {
      const { what, soft, broken } = JSON.parse(body);
      if (broken !== void 0) {
        streamed.get(broken)?.destroy(new Error("The Worker's answer broke off."));
        return { success: true, errors: [] };
      }
      const known3 = ["tags", "pathPrefixes", "purgeEverything"];
      const wrong = Object.keys(what).filter((name) => !known3.includes(name));
      if (wrong.length > 0 || Object.keys(what).length === 0)
        throw new Error(`It takes ${known3.join(", ")}, at least one; got ${wrong.join(", ") || "none"}.`);
      await this.purgeWorker(decodeURIComponent(path.slice(1)), what, soft);
      return { success: true, errors: [] };
    } catch (error) {
      return {
        success: false,
        errors: [{ code: 1001, message: error instanceof Error ? error.message : String(error) }]
      };
    }
  }
  /** Purges in the terms of `ctx.cache`, every version of a Worker: what it says is of the data, not of the code. */
  async purgeWorker(worker, what, soft) {
    await this.#purge(this.#workers.get(worker), {
      // Tags match whatever the case.
      ...what.tags && { tags: what.tags.map((tag) => tag.toLowerCase()) },
      ...what.pathPrefixes && { prefixes: what.pathPrefixes },
      ...what.purgeEverything && { everything: true },
      soft
    });
  }
  /** Purges as a person asks for it, in every Worker's cache; hosts do not matter, because no key has one. */
  async purge(request) {
    const targets = [...request.urls ?? [], ...request.prefixes ?? []];
    const paths = targets.flatMap((target) => spellings(restOf(target))).map((rest) => rest.split("?", 1)[0]);
    const translated = {
      ...request.tags?.length && { tags: request.tags.map((tag) => tag.toLowerCase()) },
      ...paths.length > 0 && { prefixes: paths },
      ...request.everything && { everything: true },
      soft: request.soft ?? false
    };
    let memory = 0;
    for (const versions of this.#workers.values()) memory += await this.#purge(versions, translated);
    return { memory };
  }
  async #purge(versions, request) {
    let count = 0;
    for (const cache of versions?.values() ?? []) {
      const context = this.#context("purge", () => () => {
      });
      count += (await cache.purge(request, context)).memory;
    }
    return count;
  }
  stats() {
    let [entries2, bytes] = [0, 0];
    for (const versions of this.#workers.values()) {
      for (const cache of versions.values()) {
        entries2 += cache.stats().entries;
        bytes += cache.stats().bytes;
      }
    }
    return { entries: entries2, bytes };
  }
};
function frontable(request) {
  return request.method === "GET" || request.method === "HEAD";
}
function unfronted(raw) {
  const kept = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index].toLowerCase();
    if (name !== "cloudflare-cdn-cache-control" && name !== "cache-tag" && name !== ANSWER_HEADER)
      kept.push(raw[index], raw[index + 1]);
  }
  kept.push("Cf-Cache-Status", "BYPASS");
  return kept;
}
function webHeaders(raw) {
  const headers = new Headers();
  for (let index = 0; index < raw.length; index += 2) {
    headers.append(raw[index], raw[index + 1]);
  }
  return headers;
}
var CORES = /* @__PURE__ */ new Set(["if-none-match", "if-modified-since", "if-range", "range"]);
var OF_BODIES = /* @__PURE__ */ new Set(["content-length", "transfer-encoding", "expect", "trailer"]);
function fetchWorker(fronted, onward) {
  const raw = [];
  for (let index = 0; index < fronted.headers.length; index += 2) {
    const name = fronted.headers[index];
    const lower2 = name.toLowerCase();
    if (!CORES.has(lower2) && !OF_BODIES.has(lower2)) raw.push(name, fronted.headers[index + 1]);
  }
  for (const name of ["if-none-match", "if-modified-since"]) {
    const value = onward.headers.get(name);
    if (value !== null) raw.push(name, value);
  }
  const { upstream } = fronted;
  const attempt4 = async (tries) => {
    await upstream.available();
    const life = upstream.life();
    try {
      return await ask(fronted, raw);
    } catch (error) {
      const { code } = error;
      const again = UNCONNECTED.has(code ?? "") || code === "ECONNRESET" || upstream.innocent(life);
      if (tries >= 3 || !again || upstream.guilty()) throw upstream.lost(life, error);
      return attempt4(tries + 1);
    }
  };
  return attempt4(0);
}
function ask(fronted, headers) {
  return new Promise((resolve, reject) => {
    const release = fronted.hold();
    const onward = http2.request({
      socketPath: fronted.upstream.socket,
      agent,
      method: "GET",
      path: fronted.path,
      headers,
      setDefaultHeaders: false
    });
    onward.on("error", reject);
    onward.on("close", release);
    onward.on("response", (incoming) => {
      fronted.upstream.progress();
      try {
        resolve(shown(incoming));
      } catch (error) {
        incoming.destroy();
        reject(error);
      }
    });
    onward.end();
  });
}
var NULL_BODY3 = /* @__PURE__ */ new Set([204, 205, 304]);
var streamed = /* @__PURE__ */ new Map();
function shown(incoming) {
  const status2 = incoming.statusCode;
  const headers = webHeaders(incoming.rawHeaders);
  const name = headers.get(ANSWER_HEADER);
  if (name !== null) {
    streamed.set(name, incoming);
    incoming.once("close", () => streamed.delete(name));
  }
  removeHopByHop(headers);
  headers.delete(ANSWER_HEADER);
  const kept = [];
  for (const name2 of [...KEPT2, ...KEPT_UNSTORED]) {
    const value = headers.get(name2);
    if (value !== null) kept.push([name2, value]);
  }
  headers.set(status2 === 304 ? KEPT_OF_304 : KEPT_FIELD, encodeURIComponent(JSON.stringify(kept)));
  const says = SAYS.some((name2) => headers.has(name2));
  if (status2 !== 304 || says) headers.set(OWN_FIELD, control(status2, headers, says));
  for (const name2 of [...KEPT2, ...KEPT_UNSTORED, "cloudflare-cdn-cache-control"]) headers.delete(name2);
  const tags = headers.get("cache-tag");
  if (tags !== null) headers.set("cache-tag", tags.toLowerCase());
  const bodyless2 = NULL_BODY3.has(status2);
  if (bodyless2) incoming.resume();
  return new Response(bodyless2 ? null : Readable7.toWeb(incoming), {
    status: status2,
    statusText: incoming.statusMessage ?? "",
    headers
  });
}
function control(status2, headers, says) {
  if (status2 === 206 || status2 >= 520 && status2 <= 526) return "no-store";
  if (!says) {
    const fresh2 = UNSAID[status2];
    return fresh2 === void 0 ? "no-store" : `max-age=${fresh2}, stale-if-error=${FOR_EVER_S}`;
  }
  const { directives: directives2, targeted } = directivesFor(headers, ["cloudflare-cdn-cache-control", "cdn-cache-control"]);
  const never = ["s-maxage", "must-revalidate", "proxy-revalidate"].some((name) => directives2.has(name));
  const parts = [...words(directives2)];
  const fresh = freshnessLifetime(directives2, targeted, status2, headers, Date.now());
  if (fresh.explicit) parts.push(`max-age=${fresh.seconds}`);
  if (never) parts.push("must-revalidate", "public");
  else if (!directives2.has("stale-if-error")) parts.push(`stale-if-error=${FOR_EVER_S}`);
  return parts.join(", ") || "no-store";
}
var DROPPED = /* @__PURE__ */ new Set(["max-age", "s-maxage", "must-revalidate", "proxy-revalidate"]);
function* words(directives2) {
  for (const [name, value] of directives2) {
    if (DROPPED.has(name) || !/^[a-z*][a-z0-9_.*-]*$/.test(name)) continue;
    if (value === true) yield name;
    else if (/^\d{1,15}$/.test(value)) yield `${name}=${value}`;
    else if (name === "private" || name === "no-cache") yield `${name}="${value.replace(/[^ !#-[\]-~]/g, "")}"`;
  }
}
function statusOf2(outcome) {
  if (outcome === void 0) return "BYPASS";
  if (outcome.kind === "stale-instead") return "STALE";
  if (outcome.kind === "hit") return outcome.ttl < 0 ? "UPDATING" : "HIT";
  if (outcome.storage !== "stored" && outcome.storage !== "collapsed") return "BYPASS";
  if (outcome.forward !== "stale") return "MISS";
  return outcome.originStatus === 304 ? "REVALIDATED" : "EXPIRED";
}
function asAsked({ method }, asked, answer2) {
  const given = answerConditional(asked, answer2, Date.now());
  const total = Number(given.headers.get("content-length") ?? Number.NaN);
  const text = asked.get("range");
  if (given.status !== 200 || method !== "GET" || text === null || !Number.isSafeInteger(total)) return given;
  const headers = new Headers(given.headers);
  const range = rangeApplies(asked, headers, Date.now()) ? parseRange(text, total) : void 0;
  if (range === void 0) return given;
  const length = range === "unsatisfiable" ? 0 : range.end - range.start + 1;
  headers.set("content-length", String(length));
  headers.set("content-range", `bytes ${range === "unsatisfiable" ? "*" : `${range.start}-${range.end}`}/${total}`);
  if (range !== "unsatisfiable") {
    const piece = slice(given.body, range.start, length);
    return new Response(piece, { status: 206, headers });
  }
  given.body?.cancel().catch(() => {
  });
  for (const name of ["content-encoding", "content-type", "etag", "last-modified"]) headers.delete(name);
  return new Response(null, { status: 416, headers });
}
var REMOVED = /* @__PURE__ */ new Set([...KEPT2, ...KEPT_UNSTORED, KEPT_FIELD, KEPT_OF_304, OWN_FIELD, "cache-tag"]);
function write2(request, response, answer2, status2, finish) {
  return new Promise((resolve) => {
    const raw = [];
    const kept = answer2.headers.get(KEPT_FIELD) ?? (answer2.status === 304 ? answer2.headers.get(KEPT_OF_304) : null);
    for (const [name, value] of answer2.headers) {
      if (!REMOVED.has(name)) raw.push(name, value);
    }
    const restored = kept === null ? [] : JSON.parse(decodeURIComponent(kept));
    for (const [name, value] of restored) raw.push(name, value);
    raw.push("Cf-Cache-Status", status2);
    response.on("close", () => resolve(response.writableFinished ? response.statusCode : 499));
    response.writeHead(answer2.status, answer2.statusText, finish(raw));
    if (answer2.body === null || request.method === "HEAD") {
      void answer2.body?.cancel();
      response.end();
      return;
    }
    const body = Readable7.fromWeb(answer2.body);
    body.on("error", () => response.destroy());
    response.on("close", () => body.destroy());
    body.pipe(response);
  });
}

// src/gateway/expressions.ts
var ExpressionFault = class extends Error {
};
var FIELDS = {
  "http.host": ({ host }) => host,
  "http.request.method": ({ method }) => method,
  "http.request.uri": ({ target }) => target,
  "http.request.uri.path": ({ target }) => target.split("?", 1)[0],
  "http.request.uri.query": ({ target }) => target.split("?").slice(1).join("?"),
  "http.cookie": ({ headers }) => headers.get("cookie")?.join("; ") ?? "",
  "http.user_agent": ({ headers }) => headers.get("user-agent")?.[0] ?? "",
  "http.referer": ({ headers }) => headers.get("referer")?.[0] ?? "",
  "ip.src": ({ ip }) => ip,
  "ip.src.country": ({ country }) => country
};
var MAPS = {
  "http.request.cookies": ({ headers }, key) => cookies2(headers.get("cookie") ?? [], key),
  "http.request.headers": ({ headers }, key) => headers.get(key.toLowerCase())
};
var FUNCTIONS = {
  len: (value) => typeof value === "string" || Array.isArray(value) ? value.length : void 0,
  lower: (value) => typeof value === "string" ? value.toLowerCase() : void 0,
  starts_with: (value, part) => typeof value === "string" && value.startsWith(String(part)),
  ends_with: (value, part) => typeof value === "string" && value.endsWith(String(part)),
  to_string: (value) => value === void 0 ? void 0 : String(value)
};
var COMPARISONS2 = {
  eq: (left, right) => left === right,
  ne: (left, right) => left !== right,
  gt: (left, right) => left > right,
  ge: (left, right) => left >= right,
  lt: (left, right) => left < right,
  le: (left, right) => left <= right,
  contains: (left, right) => String(left).includes(String(right)),
  wildcard: (left, right) => wildcard(String(left).toLowerCase(), String(right).toLowerCase()),
  strict_wildcard: (left, right) => wildcard(String(left), String(right))
};
var SPELLINGS = {
  "==": "eq",
  "!=": "ne",
  ">": "gt",
  ">=": "ge",
  "<": "lt",
  "<=": "le",
  "&&": "and",
  "||": "or",
  "!": "not"
};
function cookies2(lines, name) {
  const found = lines.flatMap((line) => line.split(";")).map((pair2) => pair2.trim()).filter((pair2) => pair2.includes("=") && decoded(pair2.slice(0, pair2.indexOf("="))) === name).map((pair2) => pair2.slice(pair2.indexOf("=") + 1));
  return found.length > 0 ? found : void 0;
}
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
function wildcard(text, pattern) {
  const [head2 = "", ...rest] = pattern.split("*");
  const tail = rest.pop();
  if (tail === void 0) return text === head2;
  if (!text.startsWith(head2)) return false;
  let at = head2.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - tail.length >= at && text.endsWith(tail);
}
function entryOf(table, name) {
  return Object.hasOwn(table, name) ? table[name] : void 0;
}
var TOKEN2 = /\s*(?:("(?:[^"\\]|\\.)*")|(\d+)|([a-z_][a-z0-9_.]*)|(==|!=|>=|<=|&&|\|\||[!<>()[\],]))/iy;
function tokens(text) {
  const found = [];
  TOKEN2.lastIndex = 0;
  while (text.slice(TOKEN2.lastIndex).trim() !== "") {
    const at = TOKEN2.lastIndex;
    const match = TOKEN2.exec(text);
    if (match === null) throw new ExpressionFault(`\`${text.slice(at).trim()}\` cannot be read`);
    const token = match[0].trim();
    found.push(entryOf(SPELLINGS, token) ?? token);
  }
  return found;
}
function compile3(text) {
  const parser = new Parser(tokens(text));
  const expression = parser.or();
  parser.end();
  return expression;
}
var Parser = class {
  constructor(tokens2) {
    this.tokens = tokens2;
  }
  tokens;
  #at = 0;
  end() {
    if (this.#at < this.tokens.length) throw this.#fault();
  }
  or() {
    return this.#joined(
      "or",
      () => this.#xor(),
      (left, right) => left || right
    );
  }
  #xor() {
    return this.#joined(
      "xor",
      () => this.#and(),
      (left, right) => left !== right
    );
  }
  #and() {
    return this.#joined(
      "and",
      () => this.#not(),
      (left, right) => left && right
    );
  }
  #joined(word, part, join11) {
    let left = part();
    while (this.#take(word)) {
      const [before, right] = [left, part()];
      left = (asked) => join11(before(asked) === true, right(asked) === true);
    }
    return left;
  }
  #not() {
    if (!this.#take("not")) return this.#comparison();
    const inner = this.#not();
    return (asked) => inner(asked) !== true;
  }
  #comparison() {
    const left = this.#value();
    let word = this.tokens[this.#at] ?? "";
    if (word === "strict" && this.tokens[this.#at + 1] === "wildcard") {
      this.#at += 1;
      word = "strict_wildcard";
    }
    const compare = entryOf(COMPARISONS2, word);
    if (compare === void 0) return left;
    this.#at += 1;
    const right = this.#value();
    return (asked) => {
      const [one, other] = [left(asked), right(asked)];
      return isSingle(one) && isSingle(other) && compare(one, other);
    };
  }
  #value() {
    const token = this.#next();
    if (token === "(") {
      const inner = this.or();
      this.#expect(")");
      return inner;
    }
    if (token.startsWith('"')) {
      const text = unquoted2(token);
      return () => text;
    }
    if (/^\d/.test(token)) return () => Number(token);
    if (token === "true" || token === "false") return () => token === "true";
    if (this.#take("(")) return this.#call(token);
    const map = entryOf(MAPS, token);
    if (map !== void 0) return this.#entry(token, map);
    const field = entryOf(FIELDS, token);
    if (field === void 0) throw new ExpressionFault(`\`${token}\` is not played here`);
    return field;
  }
  #call(name) {
    const made2 = entryOf(FUNCTIONS, name);
    if (made2 === void 0) throw new ExpressionFault(`\`${name}()\` is not played here`);
    const given = [this.or()];
    while (this.#take(",")) given.push(this.or());
    this.#expect(")");
    return (asked) => made2(...given.map((each) => each(asked)));
  }
  /** `field["key"]`, and `field["key"][0]`. */
  #entry(name, map) {
    this.#expect("[");
    const key = this.#next();
    if (!key.startsWith('"')) throw new ExpressionFault(`\`${name}[${key}\` is not played here`);
    this.#expect("]");
    const values2 = (asked) => map(asked, unquoted2(key));
    if (!this.#take("[")) return values2;
    const index = this.#next();
    if (!/^\d+$/.test(index)) throw new ExpressionFault(`\`[${index}]\` is not played here`);
    this.#expect("]");
    return (asked) => values2(asked)?.[Number(index)];
  }
  #take(token) {
    if (this.tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }
  #expect(token) {
    if (!this.#take(token)) throw this.#fault();
  }
  #next() {
    const token = this.tokens[this.#at];
    if (token === void 0) throw this.#fault();
    this.#at += 1;
    return token;
  }
  #fault() {
    const token = this.tokens[this.#at];
    return new ExpressionFault(token === void 0 ? "it ends too early" : `\`${token}\` is not expected there`);
  }
};
var isSingle = (value) => value !== void 0 && typeof value !== "object";
var unquoted2 = (token) => token.slice(1, -1).replace(/\\(.)/g, "$1");

// src/gateway/header-rules.ts
var HeaderRules = class {
  #rules;
  /** Rules that are not played here are told of, and do nothing. */
  constructor(rules, warn) {
    this.#rules = rules.flatMap((rule) => {
      try {
        return [compiled(rule)];
      } catch (error) {
        if (!(error instanceof ExpressionFault)) throw error;
        warn(`The header rule ${rule.name} is not applied: ${error.message} (gap transform-rules)`);
        return [];
      }
    });
  }
  /** Raw headers (`name, value, name, value ...`) as the rules leave them. Each rule sees the request as it came. */
  apply(raw, { method, hostname, target, client }) {
    const rules = this.#rules.filter(({ hosts }) => hosts.some((host) => isOf(host, hostname)));
    if (rules.length === 0) return raw;
    const headers = byName(raw);
    const asked = { method, host: hostname, target, ip: client.ip, country: client.place.country, headers };
    let changed2 = raw;
    for (const { applies, changes } of rules) {
      if (applies(asked) !== true) continue;
      for (const change of changes) changed2 = withChange(changed2, change, asked);
    }
    return changed2;
  }
};
function compiled({ hosts, expression, changes }) {
  return {
    hosts,
    applies: compile3(expression),
    changes: changes.map(({ name, operation, value, expression: made2 }) => ({
      name,
      operation,
      value: made2 == null ? () => value ?? void 0 : compile3(made2)
    }))
  };
}
function withChange(raw, { name, operation, value }, asked) {
  const made2 = operation === "remove" ? void 0 : value(asked);
  const kept = operation === "add" ? raw : without(raw, name.toLowerCase());
  return made2 === void 0 ? kept : [...kept, name, String(made2)];
}
function without(raw, name) {
  return raw.filter((_, index) => raw[index - index % 2].toLowerCase() !== name);
}
function byName(raw) {
  const found = /* @__PURE__ */ new Map();
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index].toLowerCase();
    found.set(name, [...found.get(name) ?? [], raw[index + 1]]);
  }
  return found;
}
function isOf(pattern, hostname) {
  return pattern.startsWith("*") ? hostname.endsWith(pattern.slice(1)) : hostname === pattern;
}
function headerValue(raw, name) {
  return byName(raw).get(name)?.join(", ");
}

// src/gateway/service-name.ts
var serviceName = (worker, version) => `${worker}@${version}`;

// src/gateway/versions.ts
import { createHash as createHash4 } from "node:crypto";
var VERSION_KEY = "cloudflare-workers-version-key";
var VERSION_OVERRIDES = "cloudflare-workers-version-overrides";
function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = state + 1831565813 >>> 0;
    let value = state;
    value = Math.imul(value ^ value >>> 15, value | 1);
    value ^= value + Math.imul(value ^ value >>> 7, value | 61);
    return ((value ^ value >>> 14) >>> 0) / 4294967296;
  };
}
function overrideFor(header2, worker) {
  for (const member of (header2 ?? "").split(",")) {
    const [key, value] = member.split("=", 2);
    if (key?.trim() !== worker) continue;
    return value?.trim().match(/^"([^"]*)"/)?.[1];
  }
  return void 0;
}
function placeOf(worker, key) {
  return createHash4("sha256").update(`${worker}\0${key}`).digest().readUInt32BE(0) / 2 ** 32 * 100;
}
function pickVersion(worker, shares, headers, random) {
  const override = overrideFor(headers.override, worker);
  if (override !== void 0 && shares.some((share) => share.version_id === override)) return override;
  const place = headers.key ? placeOf(worker, headers.key) : random() * 100;
  let reached = 0;
  for (const share of shares) {
    reached += share.percentage;
    if (place < reached) return share.version_id;
  }
  return primaryVersion(shares);
}
function primaryVersion(shares) {
  return shares.reduce((best, share) => share.percentage > best.percentage ? share : best).version_id;
}

// src/gateway/edge.ts
var HEADERS_LIMIT = 128 * 1024;
var URL_LIMIT = 16 * 1024;
var HEAD_TIMEOUT_MS = 3e4;
function headTimeout(ms) {
  return { headersTimeout: ms, connectionsCheckingInterval: Math.min(1e3, ms) };
}
function createEdge(options) {
  const server = http3.createServer({
    // Room for the URL beside the headers; what is over its own limit is told apart below.
    maxHeaderSize: HEADERS_LIMIT + URL_LIMIT + 1024,
    requireHostHeader: false,
    keepAliveTimeout: 75e3,
    requestTimeout: 0,
    ...headTimeout(options.headTimeoutMs),
    noDelay: true
  });
  server.maxHeadersCount = 0;
  server.on("request", (request, response) => void serve(options, request, response));
  server.on("checkContinue", (request, response) => {
    response.writeContinue();
    void serve(options, request, response);
  });
  server.on("upgrade", (request, socket, head2) => void upgrade(options, request, socket, head2));
  server.on("connect", (_request, socket) => refuse2(socket, badRequest("CONNECT is not served here.")));
  server.on("clientError", (error, socket) => clientError(error, socket));
  return server;
}
function badRequest(detail) {
  return { status: 400, title: "Bad request", detail };
}
var LINGER_MS = 1e3;
var refused2 = /* @__PURE__ */ new WeakSet();
function refuse2(socket, value) {
  if (refused2.has(socket)) return;
  refused2.add(socket);
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = problemBody(value);
  socket.end(
    `HTTP/1.1 ${value.status} ${http3.STATUS_CODES[value.status]}\r
Content-Type: application/problem+json\r
Content-Length: ${Buffer.byteLength(body)}\r
Connection: close\r
\r
${body}`
  );
  socket.removeAllListeners("data");
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
}
function clientError(error, socket) {
  if (error.code === "ECONNRESET") {
    socket.destroy();
  } else if (error.code === "HPE_HEADER_OVERFLOW") {
    refuse2(socket, badRequest(`The request's headers are over ${HEADERS_LIMIT} bytes.`));
  } else if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") {
    refuse2(socket, { status: 408, title: "Request timeout", detail: "The request's headers did not arrive in time." });
  } else {
    refuse2(socket, badRequest(`The request is not valid HTTP: ${error.message}`));
  }
}
function single(request, name) {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
var HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i;
function targetOf3(request) {
  const url = request.url ?? "/";
  if (url.length > URL_LIMIT)
    throw problem(414, "URI too long", `The URL is ${url.length} bytes long; the limit is ${URL_LIMIT}.`);
  let size = 0;
  let hosts = 0;
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index];
    size += name.length + request.rawHeaders[index + 1].length + 4;
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  if (size > HEADERS_LIMIT)
    throw problem(400, "Bad request", `The request's headers are ${size} bytes; the limit is ${HEADERS_LIMIT}.`);
  if (hosts > 1) throw problem(400, "Bad request", "The request has several Host headers.");
  const absolute = url.match(/^https?:\/\/([^/?#]+)([^#]*)$/i);
  const host = absolute?.[1] ?? request.headers.host ?? "";
  const path = absolute ? absolute[2]?.startsWith("/") ? absolute[2] : `/${absolute[2] ?? ""}` : url;
  for (const [name, value] of [
    ["Host", host],
    ["X-Local-Host", request.headers["x-local-host"]]
  ]) {
    if (value === void 0 || HOST.test(String(value))) continue;
    throw problem(400, "Bad request", `${name} is ${JSON.stringify(value)}, which is not a host name.`);
  }
  if (!/^\/[\x21-\x7e]*$/.test(path)) throw problem(400, "Bad request", "The request target is not a path.");
  return { host, path };
}
async function enter(options, request) {
  const { host, path } = targetOf3(request);
  const client = clientOf(
    single(request, "x-local-country"),
    single(request, "x-local-ip"),
    request.socket.remoteAddress
  );
  return { serving: await options.reload.enter(), host, path, client };
}
function frontHost({ serving, host }, request) {
  if (serving.front === void 0) return void 0;
  const hostname = serving.router.hostname(host, single(request, "x-local-host"));
  return serving.front.cloudfront.serves(hostname) ? hostname : void 0;
}
async function distribute({ serving, host, client }, hostname, request, response) {
  const { cloudfront, busy } = serving.front;
  busy.begin();
  serving.instance.busy.end();
  try {
    const viewer = viewerFor(client, request);
    await cloudfront.handleNode(request, response, viewer, hostname, (raw) => ownRedirects(raw, hostname, host));
  } finally {
    busy.end();
  }
}
function route(options, request, entered) {
  const { serving, host, path, client } = entered;
  try {
    const target = serving.router.resolve(host, single(request, "x-local-host"), path);
    const shares = serving.shares.get(target.worker) ?? [];
    if (shares.length === 0) {
      throw problem(
        503,
        "Nothing is deployed",
        `The Worker ${target.worker} has no deployment, so none of its versions gets traffic.`
      );
    }
    const { hostname } = target;
    const method = request.method ?? "GET";
    const came = serving.headerRules.apply(request.rawHeaders, { method, hostname, target: path, client });
    const asks = { override: headerValue(came, VERSION_OVERRIDES), key: headerValue(came, VERSION_KEY) };
    const version = pickVersion(target.worker, shares, asks, options.random);
    const ray = rayId(client.place.colo);
    return {
      serving,
      target,
      client,
      ray,
      path,
      version,
      service: serviceName(target.worker, version),
      headers: workerHeaders(request, came, hostname, client, ray),
      answer: (raw) => answerHeaders2(raw, target.hostname, host, ray)
    };
  } catch (error) {
    serving.instance.busy.end();
    throw error;
  }
}
function ownRedirects(raw, hostname, host) {
  if (hostnameOf(host) !== hostname || host.includes(":")) {
    for (let index = 0; index < raw.length; index += 2) {
      if (raw[index].toLowerCase() !== "location") continue;
      const own3 = raw[index + 1].match(/^https?:\/\/([^/?#]+)(.*)$/i);
      if (own3 && hostnameOf(own3[1]) === hostname) raw[index + 1] = `http://${host}${own3[2]}`;
    }
  }
  return raw;
}
function answerHeaders2(raw, hostname, host, ray) {
  ownRedirects(raw, hostname, host).push("CF-Ray", ray);
  return raw;
}
function upstreamOf({ serving: { instance }, service }, flight) {
  return {
    socket: instance.socket(service),
    available: () => instance.available(),
    progress: () => instance.progress(flight),
    life: () => instance.life,
    innocent: (life) => flight.over === void 0 && instance.endedForLimit(life),
    guilty: () => flight.over !== void 0,
    lost: (life, error) => {
      if (flight.over !== void 0) return overLimit(flight);
      return instance.life !== life || instance.runtime.state === "restarting" ? instance.unavailable() : lost(error);
    }
  };
}
function overLimit({ what, over }) {
  return problem(503, "Worker exceeded resource limits", `Error 1102: ${what} ${over?.text}. See the log.`, {
    error_code: 1102
  });
}
function frontOf({ serving, target, version }) {
  const worker = serving.deployment.workers.find(({ name }) => name === target.worker);
  const found = worker?.versions.find(({ id }) => id === version);
  if (!found?.cache_enabled) return void 0;
  return found.cross_version_cache ? "*" : version;
}
async function serve(options, request, response) {
  const begin = performance.now();
  const { counters } = options;
  counters.requests += 1;
  counters.inFlight += 1;
  let routed;
  let told;
  let status2;
  try {
    const entered = await enter(options, request);
    const front = frontHost(entered, request);
    if (front !== void 0) {
      told = { hostname: front, path: entered.path, worker: "cloudfront" };
      await distribute(entered, front, request, response);
      status2 = response.statusCode;
    } else {
      routed = route(options, request, entered);
      told = tellOf(routed);
      status2 = await toWorker(options, request, response, routed);
    }
  } catch (error) {
    status2 = answerError(options, error, response);
  } finally {
    routed?.serving.instance.busy.end();
    counters.inFlight -= 1;
  }
  record(options, request, status2, begin, told);
}
function tellOf({ target, path, version }) {
  return { hostname: target.hostname, path, worker: target.worker, version };
}
async function toWorker(options, request, response, routed) {
  const { path, headers, answer: answer2 } = routed;
  const { instance } = routed.serving;
  const flight = flightOf(request, routed);
  const forwarded = { request, response, upstream: upstreamOf(routed, flight), path, headers, answer: answer2 };
  instance.takeOff(flight);
  try {
    const front = frontOf(routed);
    if (front === void 0) return await forward(forwarded);
    if (frontable(request)) {
      const { busy } = instance;
      const hold = () => {
        busy.begin();
        return () => busy.end();
      };
      return await options.fronts.serve(routed.target.worker, front, { ...forwarded, hold });
    }
    return await forward({ ...forwarded, answer: (raw) => answer2(unfronted(raw)) });
  } finally {
    instance.land(flight);
  }
}
function flightOf({ method }, { serving, target, path, version }) {
  const worker = serving.deployment.workers.find(({ name }) => name === target.worker);
  const limitMs = worker?.versions.find(({ id }) => id === version)?.cpu_ms ?? null;
  const what = `${method} http://${target.hostname}${path.split("?", 1)[0]}`;
  return { what, worker: target.worker, version, limitMs, cpuMs: 0, alone: true, begun: performance.now() };
}
function problemOf(options, error) {
  if (error instanceof ProblemError) return error.problem;
  const id = randomBytes3(4).toString("hex");
  options.logs.error(`Fault ${id}: ${error instanceof Error ? error.stack : String(error)}`);
  return { status: 500, title: "The gateway failed", detail: `See fault ${id} in the log.` };
}
function answerError(options, error, response) {
  const value = problemOf(options, error);
  sendProblem(response, value, value.status === 503 ? { "Retry-After": "1" } : {});
  return value.status;
}
async function upgrade(options, request, socket, head2) {
  const begin = performance.now();
  const { counters } = options;
  counters.requests += 1;
  socket.on("error", () => socket.destroy());
  let routed;
  let status2;
  try {
    const entered = await enter(options, request);
    if (frontHost(entered, request) !== void 0) {
      entered.serving.instance.busy.end();
      throw problem(501, "Not served here", "WebSockets through a distribution are not served (gap aws-protocols).");
    }
    routed = route(options, request, entered);
    const { instance } = routed.serving;
    await instance.available();
    status2 = await forwardUpgrade(request, socket, head2, {
      socket: instance.socket(routed.service),
      path: routed.path,
      headers: routed.headers,
      answer: routed.answer
    });
  } catch (error) {
    const value = problemOf(options, error);
    refuse2(socket, value);
    status2 = value.status;
  } finally {
    routed?.serving.instance.busy.end();
  }
  record(options, request, status2, begin, routed && tellOf(routed));
}
function record(options, request, status2, begin, told) {
  const { counters, logs } = options;
  counters.byStatus[status2] = (counters.byStatus[status2] ?? 0) + 1;
  const ms = Math.round((performance.now() - begin) * 100) / 100;
  const method = request.method ?? "GET";
  const host = told?.hostname ?? request.headers.host ?? "";
  const url = `http://${host}${told?.path ?? request.url ?? ""}`;
  logs.add({
    level: status2 >= 500 ? "error" : "info",
    source: "request",
    message: `${method} ${url} ${status2}`,
    method,
    url,
    status: status2,
    ms,
    ...told && { worker: told.worker, ...told.version !== void 0 && { version: told.version } }
  });
}

// src/gateway/kv.ts
import http4 from "node:http";
var CONTROL_WORKER = "edgewright-control";
var ALIVE = "/alive";
var SCRIPT = `
import { Buffer } from "node:buffer";
async function batch(namespace, items) {
  const failed = [];
  const rest = items.values();
  const lane = async () => {
    for (const { key, value, ...options } of rest) {
      try {
        await (value === undefined ? namespace.delete(key) : namespace.put(key, Buffer.from(value, "base64"), options));
      } catch (error) {
        failed.push({ key, error: error.message });
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  return Response.json(failed);
}
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname === "${ALIVE}") return new Response(null, { status: 204 });
    const [, index, what, ...rest] = url.pathname.split("/");
    const namespace = env["N" + index];
    const query = (name) => url.searchParams.get(name) ?? undefined;
    const number = (name) => (query(name) === undefined ? undefined : Number(query(name)));
    try {
      if (what === "batch") return await batch(namespace, await request.json());
      if (what === "keys") {
        return Response.json(await namespace.list({ prefix: query("prefix"), limit: number("limit"), cursor: query("cursor") }));
      }
      const key = decodeURIComponent(rest.join("/"));
      if (request.method === "PUT") {
        const metadata = query("metadata");
        await namespace.put(key, await request.arrayBuffer(), {
          expiration: number("expiration"),
          expirationTtl: number("expiration_ttl"),
          metadata: metadata === undefined ? undefined : JSON.parse(metadata),
        });
        return new Response(null, { status: 204 });
      }
      if (request.method === "DELETE") {
        await namespace.delete(key);
        return new Response(null, { status: 204 });
      }
      const { value, metadata } = await namespace.getWithMetadata(key, "stream");
      if (value === null) return new Response(null, { status: 404 });
      return new Response(value, { headers: metadata === null ? {} : { "KV-Metadata": encodeURIComponent(JSON.stringify(metadata)) } });
    } catch (error) {
      return Response.json({ detail: error.message }, { status: 400 });
    }
  },
};
`;
function controlWorker(namespaces, compatibilityDate) {
  return {
    name: CONTROL_WORKER,
    modules: [{ type: "ESModule", path: "control.js", contents: SCRIPT }],
    compatibilityDate,
    compatibilityFlags: ["nodejs_compat"],
    kvNamespaces: Object.fromEntries(namespaces.map((id, index) => [`N${index}`, id]))
  };
}
var agent2 = new http4.Agent({ keepAlive: true, maxSockets: 16, timeout: IDLE_MS });
async function kvRequest(place, method, namespace, rest, body) {
  for (; ; ) {
    await place.available();
    try {
      return await attempt3(place, method, namespace, rest, body);
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
    }
  }
}
var StaleConnection = class extends Error {
};
function attempt3(place, method, namespace, rest, body) {
  return new Promise((resolve, reject) => {
    const request = http4.request(
      {
        socketPath: place.controlSocket,
        method,
        agent: agent2,
        path: `/${place.namespaceIndex(namespace)}/${rest}`,
        headers: body === void 0 ? {} : { "Content-Length": body.length }
      },
      (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const metadata = response.headers["kv-metadata"];
          resolve({
            status: response.statusCode ?? 500,
            body: Buffer.concat(chunks),
            metadata: typeof metadata === "string" ? metadata : void 0
          });
        });
      }
    );
    request.on("error", (error) => reject(request.reusedSocket ? new StaleConnection() : error));
    request.end(body);
  });
}

// src/gateway/purge.ts
import http5 from "node:http";
var OWN_MODULE = "edgewright.js";
var SETTINGS_MODULE = "settings.js";
var LISTS = ["urls", "prefixes", "tags"];
var FLAGS = ["everything", "soft", "dry_run"];
var NEVER_SERVED = "EWF412";
function readPurge(text) {
  const faults = [];
  const fault2 = (message) => faults.push({ message });
  let value = {};
  try {
    const parsed = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) value = parsed;
    else fault2("The body must be a JSON object.");
  } catch (error) {
    fault2(`The body is not JSON: ${error.message}.`);
  }
  for (const name of Object.keys(value)) {
    if (![...LISTS, ...FLAGS].some((known3) => known3 === name))
      fault2(`${name} is unknown; a purge has ${LISTS.join(", ")}, ${FLAGS.join(", ")}.`);
  }
  for (const name of FLAGS) {
    if (name in value && typeof value[name] !== "boolean") fault2(`${name} must be true or false.`);
  }
  for (const list of LISTS) {
    const given = value[list] ?? [];
    if (!Array.isArray(given) || given.some((item) => typeof item !== "string" || item === ""))
      fault2(`${list} must be a list of texts that are not empty.`);
    else if (list !== "tags") {
      for (const item of given) {
        const message = targetFault(item);
        if (message !== void 0) faults.push({ list, value: item, message });
      }
    }
  }
  if (faults.length === 0 && value.everything !== true && LISTS.every((name) => !value[name]?.length))
    fault2("There is nothing to purge: give urls, prefixes, tags or everything.");
  refuse3(faults);
  return value;
}
function refuse3(faults) {
  if (faults.length === 0) return;
  const said = faults.map(
    ({ list, value, message }) => list === void 0 ? message : `${list} has ${JSON.stringify(value)}: ${message}`
  );
  throw problem(400, "Not a purge", said.join(" "), { faults });
}
function targetFault(item) {
  if (item.startsWith("//")) return "begins with `//`, which names a host: give the URL with its host.";
  if (item.startsWith("/")) return void 0;
  const url = URL.parse(item);
  if (url === null || !/^https?:$/.test(url.protocol))
    return 'give an http:// or https:// URL, or a path that begins with "/".';
  return void 0;
}
function settingsOf2({ modules }) {
  if (!modules.some(({ name }) => name === OWN_MODULE)) return void 0;
  const module = modules.find(({ name }) => name === SETTINGS_MODULE);
  const text = Buffer.from(module?.content_base64 ?? "", "base64").toString("utf8");
  try {
    return JSON.parse(text.replace(/^\s*export default\s*/, "").replace(/;?\s*$/, ""));
  } catch {
    return {};
  }
}
var takesAsSent = (version) => settingsOf2(version)?.url_normalization === "none";
function check(asked, { deployment, router }) {
  const faults = [];
  const distributions = deployment.cloudfront?.distributions ?? [];
  const versions = deployment.workers.flatMap((worker) => worker.versions);
  const strict = distributions.length === 0 && versions.every((version) => settingsOf2(version) !== void 0 && !takesAsSent(version));
  const patterns = router.known().map((pattern) => pattern.replace(/^https?:\/\//i, "").split("/", 1)[0]);
  const hosts = [...new Set([...patterns, ...distributions.flatMap(({ aliases }) => aliases)].map(hostnameOf))];
  for (const list of ["urls", "prefixes"]) {
    for (const value of asked[list] ?? []) {
      const never = strict ? whyNever(restOf(value), false) : void 0;
      if (never !== void 0)
        faults.push({ list, value, message: `can never be served: ${never}`, code: NEVER_SERVED });
      const host = hostOf2(value);
      if (host === void 0 || hosts.some((name) => isHost(name, host))) continue;
      faults.push({
        list,
        value,
        message: `the stack has no host ${host}. It has: ${hosts.join(", ") || "none"}. A path alone means all of them.`
      });
    }
  }
  refuse3(faults);
}
function ofHosts({ dry_run: _, ...asked }, { router }) {
  const all4 = [...new Set(router.hosts().flatMap((each) => "worker" in each ? [hostnameOf(each.host)] : []))];
  const on = (target) => {
    const host = hostOf2(target);
    return (host === void 0 ? all4 : [host]).map((each) => `http://${each}${restOf(target)}`);
  };
  const path = (target) => hostOf2(target) === void 0 && !spellings(restOf(target)).some((rest) => rest.startsWith("//"));
  const prefixes = (asked.prefixes ?? []).flatMap((prefix) => path(prefix) ? [restOf(prefix)] : on(prefix));
  return { ...asked, urls: (asked.urls ?? []).flatMap(on), prefixes };
}
function servedBy(request, version) {
  const asSent = takesAsSent(version);
  const can = (target) => whyNever(restOf(target), asSent) === void 0;
  return { ...request, urls: request.urls?.filter(can) ?? [], prefixes: request.prefixes?.filter(can) ?? [] };
}
async function purge2({ reload, fronts, purgeToken }, text) {
  const asked = readPurge(text);
  const serving = await reload.enter();
  try {
    check(asked, serving);
    const invalidations = invalidationsOf(asked, serving);
    const stored = invalidations.filter(({ items }) => items.length > 0);
    if (asked.soft === true && stored.length > 0)
      throw problem(
        400,
        "Not a purge",
        `CloudFront knows no soft purge, and ${stored.map(({ id }) => id).join(", ")} has some of it: leave soft out.`
      );
    if (asked.dry_run === true) return { front: { memory: 0 }, workers: [], distributions: invalidations };
    const request = ofHosts(asked, serving);
    const workers = [];
    for (const worker of serving.deployment.workers) {
      for (const version of worker.versions) {
        if (settingsOf2(version) === void 0) continue;
        await serving.instance.available();
        const socket = serving.instance.socket(serviceName(worker.name, version.id));
        const report = await tell(socket, purgeToken, servedBy(request, version));
        workers.push({ worker: worker.name, version: version.id, report });
      }
    }
    const front = await fronts.purge(asked);
    for (const { id, items } of stored) await serving.front?.cloudfront.invalidate(items, id);
    return { front, workers, distributions: invalidations };
  } finally {
    serving.instance.busy.end();
  }
}
function invalidationsOf(request, { deployment }) {
  return (deployment.cloudfront?.distributions ?? []).map(({ id, aliases, domain_name: name }) => ({
    id,
    items: itemsOf(
      request,
      [...aliases, name].map((host) => host.toLowerCase())
    )
  }));
}
function itemsOf(request, hosts) {
  if (request.everything === true) return ["/*"];
  const pathOf2 = (text) => {
    const host = hostOf2(text);
    if (host !== void 0 && !hosts.some((name) => isHost(name, host))) return [];
    return spellings(restOf(text));
  };
  const urls = (request.urls ?? []).flatMap(pathOf2);
  const prefixes = (request.prefixes ?? []).flatMap(pathOf2).flatMap((path) => {
    const bare = path.replace(/\/+$/, "");
    return bare === "" ? ["/*"] : [bare, `${bare}?*`, `${bare}/*`];
  });
  return [.../* @__PURE__ */ new Set([...urls, ...prefixes, ...(request.tags ?? []).map((tag) => `#${tag}`)])];
}
function tell(socketPath, token, request) {
  const body = Buffer.from(JSON.stringify(request));
  return new Promise((resolve, reject) => {
    const headers = { Host: "purge.invalid", [PURGE_HEADER]: token, "Content-Length": body.length };
    const outgoing = http5.request({ socketPath, agent, method: "POST", path: "/", headers }, (answer2) => {
      const chunks = [];
      answer2.on("data", (chunk) => chunks.push(chunk));
      answer2.on("error", reject);
      answer2.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        if (answer2.statusCode !== 200)
          reject(new Error(`A Worker answered a purge with ${answer2.statusCode}: ${text}`));
        else resolve(JSON.parse(text));
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

// src/gateway/validate.ts
var LISTS2 = [
  "workers",
  "kv_namespaces",
  "kv_entries",
  "queues",
  "r2_buckets",
  "d1_databases",
  "routes",
  "domains",
  "header_rules"
];
var CLOUDFRONT_LISTS = [
  "distributions",
  "cache_policies",
  "origin_request_policies",
  "response_headers_policies",
  "continuous_deployment_policies",
  "functions",
  "key_value_stores",
  "lambda_versions",
  "buckets",
  "addresses"
];
var KNOWN = /* @__PURE__ */ new Set(["stack", ...LISTS2, "cloudfront"]);
function readDeployment(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `The body is not JSON: ${error.message}`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "The body is not a Deployment object";
  const document = {
    stack: "",
    ...Object.fromEntries(LISTS2.map((name) => [name, []])),
    ...value
  };
  const strange = Object.keys(value).filter((name) => !KNOWN.has(name));
  if (strange.length > 0) return `Unknown: ${strange.join(", ")}. Known: ${[...KNOWN].join(", ")}`;
  const wrong = LISTS2.filter((name) => !Array.isArray(document[name]));
  if (wrong.length > 0) return `Not lists: ${wrong.join(", ")}`;
  if (document.cloudfront != null) {
    const lists = Object.fromEntries(CLOUDFRONT_LISTS.map((name) => [name, []]));
    document.cloudfront = { ...lists, ...document.cloudfront };
  }
  for (const worker of document.workers) {
    worker.versions ??= [];
    worker.deployment ??= [];
    for (const version of worker.versions) {
      version.bindings ??= [];
      version.compatibility_flags ??= [];
      version.modules ??= [];
      version.exports ??= {};
    }
  }
  return document;
}
function repeated(values2) {
  const seen = /* @__PURE__ */ new Set();
  return [...new Set(values2.filter((value) => seen.size === seen.add(value).size))];
}
function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
function sharedHosts(deployment) {
  const aliases = new Map(
    (deployment.cloudfront?.distributions ?? []).flatMap(
      (each) => each.aliases.map((alias) => [alias.toLowerCase(), each.id])
    )
  );
  return deployment.domains.filter(({ hostname }) => aliases.has(hostname.toLowerCase())).map(
    ({ hostname, worker }) => fault(`Domain ${hostname} is also an alias of distribution ${aliases.get(hostname.toLowerCase())}`, worker)
  );
}
function validate(deployment) {
  const errors = [];
  if (deployment.cloudfront != null) {
    for (const message of deploymentFaults(deployment.cloudfront)) errors.push(fault(message));
    errors.push(...sharedHosts(deployment));
  }
  const names2 = new Set(deployment.workers.map((worker) => worker.name));
  const namespaces = new Set(deployment.kv_namespaces.map((namespace) => namespace.id));
  for (const name of repeated(deployment.workers.map((worker) => worker.name))) {
    errors.push(fault(`There are several Workers named ${name}`, name));
  }
  for (const worker of deployment.workers) {
    const versions = new Set(worker.versions.map((version) => version.id));
    for (const id of repeated(worker.versions.map((version) => version.id))) {
      errors.push(fault(`There are several versions ${id}`, worker.name));
    }
    for (const share of worker.deployment) {
      if (!versions.has(share.version_id))
        errors.push(fault(`The deployment names version ${share.version_id}, which is not there`, worker.name));
    }
    const sum = worker.deployment.reduce((total, share) => total + share.percentage, 0);
    if (worker.deployment.length > 0 && Math.abs(sum - 100) > 0.01) {
      errors.push(fault(`The deployment's percentages add up to ${sum}, not to 100`, worker.name));
    }
    for (const version of worker.versions) {
      for (const binding of version.bindings) {
        if (binding.type !== "option" || binding.option !== "kvNamespaces") continue;
        const namespace = String(binding.value);
        if (!namespaces.has(namespace)) {
          errors.push(
            fault(`Binding ${binding.name} names KV namespace ${namespace}, which is not declared`, worker.name)
          );
        }
      }
    }
  }
  for (const route2 of deployment.routes) {
    const wrong = patternFault(route2.pattern);
    if (wrong !== void 0) errors.push(fault(`Route ${route2.pattern}: ${wrong}`, route2.worker));
    if (route2.worker !== null && !names2.has(route2.worker)) {
      errors.push(fault(`Route ${route2.pattern} names Worker ${route2.worker}, which is not there`, route2.worker));
    }
  }
  for (const pattern of repeated(deployment.routes.map((route2) => route2.pattern))) {
    errors.push(fault(`Route ${pattern} is declared more than once`));
  }
  for (const domain of deployment.domains) {
    if (!names2.has(domain.worker))
      errors.push(fault(`Domain ${domain.hostname} names Worker ${domain.worker}, which is not there`, domain.worker));
  }
  for (const host of repeated(deployment.domains.map((domain) => domain.hostname.toLowerCase()))) {
    errors.push(fault(`Domain ${host} is declared more than once`));
  }
  for (const name of repeated(
    deployment.kv_entries.map((entry) => `${entry.key} of namespace ${entry.namespace_id}`)
  )) {
    errors.push(fault(`KV entry ${name} is declared more than once`));
  }
  for (const entry of deployment.kv_entries) {
    if (!namespaces.has(entry.namespace_id)) {
      errors.push(fault(`KV entry ${entry.key} names namespace ${entry.namespace_id}, which is not declared`));
    }
    if (entry.metadata_json != null && !isJson(entry.metadata_json)) {
      errors.push(fault(`KV entry ${entry.key} of namespace ${entry.namespace_id}: its metadata is not JSON`));
    }
  }
  return errors;
}

// src/gateway/control.ts
var BODY_LIMIT2 = 512 * 1024 * 1024;
var ROUTES = {
  "POST /v1/deploy": deploy,
  "GET /v1/status": status,
  "GET /v1/counters": (options, _request, response) => json(response, 200, options.counters.snapshot()),
  "POST /v1/counters/reset": (options, _request, response) => {
    options.counters.reset();
    json(response, 200, options.counters.snapshot());
  },
  "GET /v1/logs": logEntries,
  "POST /v1/invalidate": invalidate2,
  "POST /v1/purge": async (options, request, response) => {
    json(response, 200, await purge2(options, (await bodyOf3(request)).toString("utf8")));
  }
};
function readInvalidation(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw problem(400, "Not an invalidation", `The body is not JSON: ${error.message}.`);
  }
  const { paths, distribution_id: id, ...strange } = value ?? {};
  const faults = Object.keys(strange).map((name) => `${name} is unknown; an invalidation has paths, distribution_id.`);
  if (!Array.isArray(paths) || paths.length === 0 || paths.some((path) => typeof path !== "string"))
    faults.push('paths must be a list of texts such as "/images/*", with one or more.');
  if (id !== void 0 && id !== null && typeof id !== "string") faults.push("distribution_id must be a text.");
  if (faults.length > 0) throw problem(400, "Not an invalidation", faults.join(" "));
  return { paths, ...typeof id === "string" && { distribution_id: id } };
}
async function invalidate2(options, request, response) {
  const asked = readInvalidation((await bodyOf3(request)).toString("utf8"));
  const front = options.reload.serving?.front;
  if (front === void 0) throw problem(404, "No distributions", "The stack has no CloudFront distribution.");
  try {
    await front.cloudfront.invalidate(asked.paths, asked.distribution_id);
  } catch (error) {
    if (error instanceof CloudFrontFaults) throw problem(400, "Invalidation refused", error.faults.join(" "));
    throw error;
  }
  options.logs.info(`Invalidated ${asked.paths.join(", ")}`);
  json(response, 200, { paths: asked.paths });
}
function createControl(options) {
  const expected = digest(options.token);
  const { headTimeoutMs } = options;
  return http6.createServer({ requestTimeout: 0, ...headTimeout(headTimeoutMs) }, (request, response) => {
    if (!/^(127\.0\.0\.1|localhost):\d+$/.test(request.headers.host ?? "")) {
      sendProblem(response, {
        status: 421,
        title: "Misdirected request",
        detail: "The control port answers to 127.0.0.1 only."
      });
      return;
    }
    const given = request.headers.authorization?.match(/^Bearer (.+)$/)?.[1] ?? "";
    if (!timingSafeEqual(digest(given), expected)) {
      sendProblem(
        response,
        { status: 401, title: "Unauthorized", detail: "Send the token: Authorization: Bearer <token>." },
        { "WWW-Authenticate": "Bearer" }
      );
      return;
    }
    const url = new URL(request.url ?? "/", "http://control");
    const handler = ROUTES[`${request.method} ${url.pathname}`] ?? (url.pathname.startsWith("/v1/kv/") ? keyValue : unknown);
    (async () => handler(options, request, response, url))().catch((error) => {
      if (error instanceof ProblemError) {
        sendProblem(response, error.problem);
        return;
      }
      options.logs.error(
        `Control ${request.method} ${url.pathname}: ${error instanceof Error ? error.stack : String(error)}`
      );
      sendProblem(response, { status: 500, title: "The gateway failed", detail: String(error) });
    });
  });
}
var digest = (text) => createHash5("sha256").update(text).digest();
function json(response, code, value) {
  const body = Buffer.from(`${JSON.stringify(value)}
`);
  response.writeHead(code, { "Content-Type": "application/json", "Content-Length": body.length });
  response.end(body);
}
async function bodyOf3(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_LIMIT2) throw problem(413, "Content too large", `The body is over ${BODY_LIMIT2} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
async function deploy(options, request, response) {
  const deployment = readDeployment((await bodyOf3(request)).toString("utf8"));
  if (typeof deployment === "string") throw problem(400, "Not a deployment", deployment);
  try {
    json(response, 200, await options.reload.deploy(deployment));
  } catch (error) {
    if (!(error instanceof DeployFailed)) throw error;
    json(response, 422, { errors: error.errors });
  }
}
function workerRuns(workers) {
  return workers.map(({ name, deployment }) => {
    const shares = deployment.map(({ version_id, percentage }) => `${version_id.slice(0, 8)} ${percentage} %`);
    return { what: "Worker", name, state: shares.join(", ") || "not deployed" };
  });
}
function status(options, _request, response) {
  const { reload, started } = options;
  const { serving } = reload;
  json(response, 200, {
    generation: serving?.generation ?? 0,
    stack: serving?.deployment.stack ?? null,
    workers: (serving?.deployment.workers ?? []).map((worker) => ({
      name: worker.name,
      versions: worker.versions.map((version) => version.id),
      deployment: worker.deployment
    })),
    cloudfront: serving?.front?.cloudfront.stats() ?? null,
    runs: [...workerRuns(serving?.deployment.workers ?? []), ...serving?.front?.cloudfront.runs() ?? []],
    urls: (serving?.router.hosts() ?? []).map((host) => ({ ...host, url: options.edgeUrl() })),
    uptime_s: Math.round((Date.now() - started.getTime()) / 100) / 10,
    since: started.toISOString(),
    runtime: serving?.instance.runtime ?? null,
    last_error: reload.lastErrors ?? null
  });
}
function logEntries(options, _request, response, url) {
  const number = (name, otherwise) => {
    const text = url.searchParams.get(name);
    if (text === null) return otherwise;
    if (!/^\d{1,15}$/.test(text))
      throw problem(400, "Bad query", `${name} is ${JSON.stringify(text)}: give a whole number, 0 or more.`);
    return Number(text);
  };
  json(response, 200, {
    entries: options.logs.after(number("after", 0), number("limit", 1e3)),
    last: options.logs.lastSeq
  });
}
async function keyValue(options, request, response, url) {
  const found = url.pathname.match(/^\/v1\/kv\/([^/]+)\/(?:(keys)|values\/(.+))$/);
  const method = request.method ?? "GET";
  if (!found || !(found[2] ? ["GET"] : ["GET", "PUT", "DELETE"]).includes(method))
    return unknown(options, request, response, url);
  const namespace = decodeURIComponent(found[1]);
  const body = method === "PUT" ? await bodyOf3(request) : void 0;
  const { instance, deployment } = await options.reload.enter();
  let answer2;
  try {
    if (instance.namespaceIndex(namespace) === -1) {
      const known3 = deployment.kv_namespaces.map(({ id, title }) => `${id} (${title})`).join(", ") || "none";
      throw problem(404, "No such namespace", `There is no KV namespace ${namespace}. Known: ${known3}.`);
    }
    const rest = found[2] ? `keys${url.search}` : `values/${found[3]}${url.search}`;
    answer2 = await kvRequest(instance, method, namespace, rest, body);
  } finally {
    instance.busy.end();
  }
  if (answer2.status === 404)
    throw problem(404, "No such key", `The namespace ${namespace} has no key ${decodeURIComponent(found[3] ?? "")}.`);
  if (answer2.status === 400)
    throw problem(400, "KV refused", JSON.parse(answer2.body.toString("utf8")).detail);
  if (answer2.status >= 500) throw problem(502, "KV failed", answer2.body.toString("utf8"));
  response.writeHead(answer2.status, {
    "Content-Type": found[2] ? "application/json" : "application/octet-stream",
    "Content-Length": answer2.body.length,
    ...answer2.metadata !== void 0 && { "KV-Metadata": answer2.metadata }
  });
  response.end(answer2.body);
}
function unknown(_options, request, response, url) {
  sendProblem(response, {
    status: 404,
    title: "No such operation",
    detail: `${request.method} ${url.pathname} is not part of the control API. Known: ${Object.keys(ROUTES).join(", ")}, /v1/kv/{namespace}/values/{key}, /v1/kv/{namespace}/keys.`
  });
}

// src/gateway/counters.ts
var Counters = class {
  requests = 0;
  inFlight = 0;
  /** Requests that waited for a reload, and those that waited in vain. */
  held = 0;
  refused = 0;
  byStatus = {};
  kv = { written: 0, unchanged: 0, deleted: 0 };
  #origins = /* @__PURE__ */ new Map();
  since = /* @__PURE__ */ new Date();
  origin(name) {
    let counters = this.#origins.get(name);
    if (counters === void 0) {
      counters = { requests: 0, errors: 0, bytes: 0, inFlight: 0, maxConcurrency: 0, byStatus: {} };
      this.#origins.set(name, counters);
    }
    return counters;
  }
  started(name) {
    const counters = this.origin(name);
    counters.requests += 1;
    counters.inFlight += 1;
    counters.maxConcurrency = Math.max(counters.maxConcurrency, counters.inFlight);
    return counters;
  }
  /** Sets everything to zero; what is in flight stays counted as such. */
  reset() {
    this.requests = 0;
    this.held = 0;
    this.refused = 0;
    this.byStatus = {};
    this.kv = { written: 0, unchanged: 0, deleted: 0 };
    this.since = /* @__PURE__ */ new Date();
    for (const counters of this.#origins.values()) {
      Object.assign(counters, { requests: 0, errors: 0, bytes: 0, maxConcurrency: counters.inFlight, byStatus: {} });
    }
  }
  snapshot() {
    return {
      since: this.since.toISOString(),
      requests: this.requests,
      inFlight: this.inFlight,
      held: this.held,
      refused: this.refused,
      byStatus: this.byStatus,
      origins: Object.fromEntries(this.#origins),
      kv: this.kv
    };
  }
};

// src/gateway/doors.ts
import { subscribe } from "node:diagnostics_channel";
import { chmodSync, mkdtempSync as mkdtempSync2, rmSync as rmSync3, writeFileSync as writeFileSync2 } from "node:fs";
import { tmpdir as tmpdir2 } from "node:os";
import { join as join5 } from "node:path";
var MAX_TMPDIR = 60;
var LAUNCHER = `#!/bin/sh
rm -f "$EDGEWRIGHT_DOORS"/*
echo $$ > "$EDGEWRIGHT_DOORS/pid"
for argument; do
  shift
  case $argument in
    --socket-addr=entry=*) argument="--socket-addr=entry=unix:$EDGEWRIGHT_DOORS/entry" ;;
    --external-addr=loopback=*) argument="--external-addr=loopback=unix:$EDGEWRIGHT_DOORS/nobody" ;;
  esac
  set -- "$@" "$argument"
done
ulimit -d "$EDGEWRIGHT_DATA_KIB" 2>/dev/null || true
exec "$EDGEWRIGHT_WORKERD" "$@"
`;
var Doors = class {
  directory;
  launcher;
  /** @param stateDir where the launcher is put: folders for temporary files may forbid programs. */
  constructor(stateDir) {
    this.directory = mkdtempSync2(join5(tmpdir2().length > MAX_TMPDIR ? "/tmp" : tmpdir2(), "edgewright-"));
    this.launcher = join5(stateDir, "workerd-launcher.sh");
    writeFileSync2(this.launcher, LAUNCHER, { mode: 448 });
    chmodSync(this.launcher, 448);
    process.once("exit", () => this.remove());
  }
  /** Where Workers' outbound requests go. */
  get outbound() {
    return join5(this.directory, "outbound");
  }
  remove() {
    rmSync3(this.directory, { recursive: true, force: true });
  }
};
var ours = /* @__PURE__ */ new WeakSet();
function own2(server) {
  ours.add(server);
  return server;
}
function closeOthers() {
  subscribe("tracing:net.server.listen:asyncStart", (message) => {
    const { server } = message;
    if (!ours.has(server)) server.prependListener("connection", (socket) => socket.destroy());
  });
}

// src/gateway/instance.ts
import { mkdirSync as mkdirSync2, readFileSync as readFileSync3, rmSync as rmSync4 } from "node:fs";
import http7 from "node:http";
import { createRequire } from "node:module";
import { join as join6 } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

// src/gateway/busy.ts
var Busy = class {
  #count = 0;
  #waiting = [];
  get count() {
    return this.#count;
  }
  begin() {
    this.#count += 1;
  }
  end() {
    this.#count -= 1;
    if (this.#count === 0) for (const wake of this.#waiting.splice(0)) wake();
  }
  /** Waits until nothing is under way, at most so long; says whether that was reached. */
  async idle(ms) {
    const end2 = performance.now() + ms;
    while (this.#count > 0) {
      const left = end2 - performance.now();
      if (left <= 0) return false;
      let timer;
      await new Promise((resolve) => {
        this.#waiting.push(resolve);
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
    return true;
  }
};

// src/gateway/watchdog.ts
import { execFileSync } from "node:child_process";
import { readFileSync as readFileSync2 } from "node:fs";
var SLACK_MS = 1e3;
var STARTUP_MS = 15e3;
var MEMORY_SPARE = 384 * 1024 * 1024;
var MEMORY_MOST = 1536 * 1024 * 1024;
var DATA_KIB = 185e4;
var LINUX = process.platform === "linux";
var BUSY_TICK_MS = LINUX ? 50 : 500;
var IDLE_TICK_MS = LINUX ? 250 : 2e3;
var WARN_EVERY_MS = 1e4;
function usage(pid) {
  if (process.platform !== "linux") return usageByPs(pid);
  const [cpuMs, bytes] = [threadMs(pid), residentBytes(pid)];
  return cpuMs === void 0 || bytes === void 0 ? void 0 : { cpuMs, bytes };
}
function threadMs(pid) {
  try {
    return Number(readFileSync2(`/proc/${pid}/schedstat`, "latin1").split(" ")[0]) / 1e6;
  } catch {
    return void 0;
  }
}
function usageByPs(pid) {
  try {
    const [time = "", kib = ""] = execFileSync("ps", ["-o", "cputime=,rss=", "-p", String(pid)], { encoding: "utf8" }).trim().split(/\s+/);
    const seconds2 = time.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
    return { cpuMs: seconds2 * 1e3, bytes: Number(kib) * 1024 };
  } catch {
    return void 0;
  }
}
function residentBytes(pid) {
  try {
    return Number(readFileSync2(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * 4096;
  } catch {
    return void 0;
  }
}
var Watchdog = class {
  constructor(options) {
    this.options = options;
    this.#flights = options.flights;
    for (const flight of this.#flights) flight.cpuMs = 0;
    const fresh = usage(options.pid);
    this.#cpuMs = fresh?.cpuMs ?? 0;
    const allowed = (fresh?.bytes ?? 0) + options.workers * WORKERS_MEMORY_BYTES + MEMORY_SPARE;
    this.#most = Math.min(allowed, MEMORY_MOST);
    this.#tick();
  }
  options;
  #flights;
  #timer;
  #stopped = false;
  #cpuMs = 0;
  #most;
  /** While a question is open: when workerd was last seen to be free, or was asked, and its CPU time then. */
  #asked;
  /** When that was, by `performance.now()`. */
  #freeAt = performance.now();
  #last;
  #warm = /* @__PURE__ */ new Set();
  #warnedAt = /* @__PURE__ */ new Map();
  begin(flight) {
    this.#credit(this.#now());
    this.#flights.add(flight);
    if (this.#flights.size > 1) for (const each of this.#flights) each.alone = false;
    if (this.#flights.size === 1) this.#wait();
  }
  end(flight) {
    this.#credit(this.#now());
    this.progress(flight.begun);
    this.#flights.delete(flight);
    this.#last = flight;
    this.#warn(flight);
  }
  /**
   * workerd has done something that only a free thread does.
   *
   * @param since a moment that it was free after: what was sent later may be what keeps it now.
   */
  progress(since = performance.now()) {
    this.#freeAt = Math.max(this.#freeAt, since);
    if (this.#asked !== void 0) this.#asked = { cpuMs: this.#now() ?? this.#cpuMs, at: performance.now() };
  }
  /** The CPU time now, where it costs little to know. */
  #now() {
    return LINUX ? threadMs(this.options.pid) : void 0;
  }
  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
  #credit(cpuMs) {
    if (cpuMs === void 0) return;
    const [only] = this.#flights;
    if (only !== void 0 && this.#flights.size === 1) only.cpuMs += cpuMs - this.#cpuMs;
    this.#cpuMs = cpuMs;
  }
  #wait() {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.#tick(), this.#flights.size > 0 ? BUSY_TICK_MS : IDLE_TICK_MS).unref();
  }
  #tick() {
    this.#wait();
    if (this.#stopped) return;
    const used = usage(this.options.pid);
    if (used === void 0) return;
    const before = this.#cpuMs;
    this.#credit(used.cpuMs);
    if (used.bytes > this.#most) {
      const text = `made the Workers runtime use ${mib(used.bytes)} MB of memory; a Worker has ${mib(WORKERS_MEMORY_BYTES)}`;
      this.#end({ limit: "memory", text }, this.#suspect());
      return;
    }
    for (const flight of this.#flights) {
      if (flight.cpuMs > limitOf(flight) + SLACK_MS) {
        this.#end(cpuOver(flight), flight);
        return;
      }
    }
    if (this.#asked === void 0) {
      if (used.cpuMs - before > 1) this.#ask(used.cpuMs);
      return;
    }
    const suspect = this.#suspect();
    if (used.cpuMs - this.#asked.cpuMs > limitOf(suspect) + SLACK_MS) this.#end(cpuOver(suspect), suspect);
  }
  #ask(cpuMs) {
    this.#asked = { cpuMs, at: performance.now() };
    const sent = performance.now();
    const answered = () => {
      this.progress(sent);
      this.#asked = void 0;
    };
    this.options.ask().then(answered, () => {
      this.#asked = void 0;
    });
  }
  /**
   * What most likely keeps the thread. Nothing that came after a question which has no answer yet; of the others the first that was sent after
   * the thread was last seen to be free; else the last, which went on only now; else what goes on behind the last answer.
   */
  #suspect() {
    const before = this.#asked?.at ?? Number.POSITIVE_INFINITY;
    const flights = [...this.#flights].filter(({ begun }) => begun <= before);
    return flights.find(({ begun }) => begun >= this.#freeAt) ?? flights.at(-1) ?? this.#last;
  }
  #end(over, flight) {
    this.stop();
    if (flight !== void 0 && this.#flights.has(flight)) flight.over = over;
    this.options.over(over, flight);
  }
  /** Says where a request took more than it may, and is let go on: measured where nothing else was under way. */
  #warn(flight) {
    const version = `${flight.worker}@${flight.version}`;
    const warm = this.#warm.has(version);
    this.#warm.add(version);
    const most = flight.limitMs ?? WORKERS_CPU_MS_GUARDRAIL;
    if (!warm || !flight.alone || flight.cpuMs <= most || flight.over !== void 0) return;
    if (performance.now() - (this.#warnedAt.get(version) ?? Number.NEGATIVE_INFINITY) < WARN_EVERY_MS) return;
    this.#warnedAt.set(version, performance.now());
    const what = flight.limitMs === null ? `the guardrail of ${most} ms` : `its limit of ${most} ms (limits.cpu_ms), where the platform ends a request with error 1102`;
    this.options.warn({
      worker: flight.worker,
      version: flight.version,
      message: `${flight.what} took about ${Math.round(flight.cpuMs)} ms of CPU time: more than ${what}`
    });
  }
};
var limitOf = (flight) => flight?.limitMs ?? WORKERS_CPU_MS;
function cpuOver(flight) {
  const where = flight?.limitMs == null ? "the platform's default" : "limits.cpu_ms";
  return { limit: "cpu", text: `used more than ${limitOf(flight)} ms of CPU time (${where})` };
}
var mib = (bytes) => Math.round(bytes / 1024 / 1024);
function watchStart(pid) {
  let over;
  const timer = setInterval(() => {
    const id = pid();
    const used = id === void 0 ? void 0 : usage(id);
    if (id === void 0 || used === void 0 || over !== void 0) return;
    if (used.cpuMs > STARTUP_MS)
      over = `Loading the modules took more than ${STARTUP_MS / 1e3} s of CPU time; the platform allows 1 s. Do the work in a handler, or before the deployment.`;
    else if (used.bytes > MEMORY_MOST)
      over = `Loading the modules took ${mib(used.bytes)} MB of memory; a Worker has ${mib(WORKERS_MEMORY_BYTES)}.`;
    if (over !== void 0) process.kill(id, "SIGKILL");
  }, BUSY_TICK_MS);
  return { stop: () => clearInterval(timer), over: () => over };
}

// src/gateway/instance.ts
function loadMiniflare(runtimeDir) {
  return createRequire(join6(runtimeDir, "package.json"))("miniflare");
}
function workerdOf(runtimeDir) {
  const miniflare = createRequire(join6(runtimeDir, "package.json")).resolve("miniflare");
  return createRequire(miniflare)("workerd").default;
}
var LEVELS = /* @__PURE__ */ new Set(["debug", "log", "info", "warn", "error"]);
var AVAILABLE_MS = 1e4;
var FIRST_PAUSE_MS = 100;
var LONGEST_PAUSE_MS = 5e3;
var START_MS = 12e4;
var NOTICE_MS = 5e3;
async function disposed(miniflare) {
  const late = new AbortController();
  const waited = delay(NOTICE_MS, void 0, { signal: late.signal }).catch(() => {
  });
  await Promise.race([miniflare.dispose().catch(() => {
  }), waited]);
  late.abort();
}
function kill(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
  }
}
var Instance = class _Instance {
  constructor(options) {
    this.options = options;
    this.#directory = join6(options.doors.directory, options.name);
    mkdirSync2(this.#directory, { mode: 448 });
  }
  options;
  /** Requests that a client waits for (not WebSockets, which a deployment may close). */
  busy = new Busy();
  #directory;
  #miniflare;
  #watchdog;
  #flights = /* @__PURE__ */ new Set();
  /** Counts workerds: what was asked of an earlier one is lost. */
  #life = 0;
  /** The last workerd whose output has ended: it is gone, whenever that was. */
  #gone = 0;
  #disposed = false;
  /** The workerds that were ended for going over a limit. */
  #limited = /* @__PURE__ */ new Set();
  #startup = [];
  #started = false;
  /** Kept while there is a workerd to ask; else kept when there is one again. */
  #up = Promise.resolve();
  #runtime = { state: "running", restarts: 0, reason: null };
  /** Uncaught exceptions that a Worker's entry module told of, until workerd tells of them too. */
  #reported = [];
  /** Starts workerd; raises DeployFailed, with nothing left running, when a Worker cannot start. */
  static async start(options) {
    const instance = new _Instance(options);
    try {
      await instance.#boot();
    } catch (error) {
      await instance.dispose();
      throw error;
    }
    instance.#started = true;
    instance.#checkAlive();
    for (const message of instance.#startup) instance.runtimeMessage({ level: "warn", message });
    return instance;
  }
  async #boot() {
    const { stateDir, cacheDir, workers, doors } = this.options;
    const life = ++this.#life;
    this.#startup = [];
    let ended = () => {
    };
    const end2 = new Promise((resolve) => {
      ended = resolve;
    });
    const shared2 = {
      host: "127.0.0.1",
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      logRequests: false,
      log: new this.options.miniflare.NoOpLog(),
      defaultPersistRoot: stateDir,
      // Writes are visible at once, to all: gap `kv-consistency`.
      kvPersist: true,
      r2Persist: true,
      d1Persist: true,
      durableObjectsPersist: true,
      cachePersist: cacheDir,
      structuredWorkerdLogs: true,
      unsafeRuntimeEnv: {
        EDGEWRIGHT_DOORS: this.#directory,
        EDGEWRIGHT_WORKERD: this.options.workerd,
        EDGEWRIGHT_DATA_KIB: String(DATA_KIB)
      },
      handleRuntimeStdio: (out, err) => {
        for (const stream of [out, err]) {
          createInterface({ input: stream }).on("line", (line) => {
            if (this.#life === life) this.runtimeLine(line);
          });
        }
        out.once("end", () => {
          this.#gone = life;
          ended();
          this.#ended(life, "ended unexpectedly");
        });
      }
    };
    const withDoors = workers.map((worker, index) => ({
      ...worker,
      unsafeDirectSockets: [{ host: `unix:${join6(this.#directory, String(index))}`, port: 0 }]
    }));
    rmSync4(join6(this.#directory, "pid"), { force: true });
    process.env.MINIFLARE_WORKERD_PATH = doors.launcher;
    const miniflare = new this.options.miniflare.Miniflare({
      ...shared2,
      workers: withDoors
    });
    this.#miniflare = miniflare;
    const unnoticed = end2.then(() => delay(NOTICE_MS, void 0, { ref: false })).then(() => Promise.reject(new Error("it ended while it started")));
    unnoticed.catch(() => {
    });
    const start2 = watchStart(() => this.#pid());
    const late = new AbortController();
    const { startMs = START_MS } = this.options;
    const overdue = delay(startMs, void 0, { signal: late.signal }).then(() => {
      const pid2 = this.#pid();
      if (pid2 !== void 0) kill(pid2);
      const which = pid2 === void 0 ? "miniflare has not started workerd" : "workerd was not ready";
      throw new Error(`${which} after ${startMs / 1e3} s`);
    });
    overdue.catch(() => {
    });
    try {
      await Promise.race([miniflare.ready, unnoticed, overdue]);
    } catch (error) {
      this.#miniflare = void 0;
      await disposed(miniflare);
      const over = start2.over();
      if (over !== void 0) throw new DeployFailed([fault(over)]);
      const errors = startupErrors(this.#startup, ENTRY_MODULE, this.options.maps);
      throw new DeployFailed(errors.length > 0 ? errors : unexplained(this.#startup, error));
    } finally {
      start2.stop();
      late.abort();
    }
    const pid = this.#pid();
    if (pid === void 0 || life !== this.#life) return;
    this.#watchdog = new Watchdog({
      pid,
      flights: this.#flights,
      workers: workers.length,
      ask: () => this.#ask(),
      over: (over, flight) => this.#over(life, over, flight),
      warn: ({ message, ...origin }) => this.options.logs.add({ level: "warn", source: "runtime", message, ...origin })
    });
  }
  /** workerd's process id, which its launcher writes down. */
  #pid() {
    try {
      return Number(readFileSync3(join6(this.#directory, "pid"), "utf8")) || void 0;
    } catch {
      return void 0;
    }
  }
  /** Any answer of workerd's. */
  #ask() {
    return new Promise((resolve, reject) => {
      const request = http7.request({ socketPath: this.controlSocket, path: ALIVE, agent: false }, (answer2) => {
        answer2.resume();
        answer2.on("end", resolve).on("error", reject);
      });
      request.on("error", reject).end();
    });
  }
  #over(life, over, flight) {
    const what = flight === void 0 ? "Work behind no request" : flight.what;
    this.options.logs.add({
      level: "error",
      source: "runtime",
      message: `${what} ${over.text}. The Workers runtime was ended and starts again; the platform ends the request alone, with error 1102.`,
      ...flight && { worker: flight.worker, version: flight.version }
    });
    this.#limited.add(life);
    this.#ended(life, `was ended, because ${what} ${over.text}`);
  }
  /** A workerd is gone, or is to go: there will be another. */
  #ended(life, reason) {
    if (life !== this.#life || this.#disposed || !this.#started || this.#runtime.state === "restarting") return;
    this.#runtime = { state: "restarting", restarts: this.#runtime.restarts + 1, reason };
    this.options.logs.error(`The Workers runtime ${reason}; it is started again`);
    this.#up = this.#again(performance.now());
  }
  async #again(began) {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      this.#watchdog?.stop();
      if (this.#miniflare !== void 0) await disposed(this.#miniflare);
      if (this.#disposed) return;
      try {
        await this.#boot();
        break;
      } catch (error) {
        const why = error instanceof Error ? firstLine(error.message) : String(error);
        this.#runtime = { ...this.#runtime, reason: `does not start: ${why}` };
        this.options.logs.error(`The Workers runtime does not start: ${why}; it is tried again in ${pause} ms`);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
    this.#runtime = { ...this.#runtime, state: "running" };
    this.options.logs.info(`The Workers runtime serves again after ${Math.round(performance.now() - began)} ms`);
    this.#checkAlive();
  }
  /** Another one follows where this one ended while it was taken for starting. */
  #checkAlive() {
    if (this.#gone === this.#life) this.#ended(this.#life, "ended unexpectedly");
  }
  get runtime() {
    return this.#runtime;
  }
  get life() {
    return this.#life;
  }
  endedForLimit(life) {
    return this.#limited.has(life);
  }
  /** Waits for a workerd that starts again; raises a 503 problem where that takes too long. */
  async available() {
    const end2 = performance.now() + AVAILABLE_MS;
    while (this.#runtime.state === "restarting") {
      let timer;
      const late = new Promise((resolve) => {
        timer = setTimeout(() => resolve("late"), Math.max(0, end2 - performance.now()));
      });
      const first = await Promise.race([this.#up, late]);
      clearTimeout(timer);
      if (first === "late" || this.#disposed) throw this.unavailable();
    }
  }
  /** What a request is told that workerd can no longer answer, or not yet. */
  unavailable() {
    const { reason } = this.#runtime;
    const detail = `The Workers runtime ${reason ?? "is gone"}; it is started again. Try again.`;
    return problem(503, "The Workers runtime starts again", detail);
  }
  /** A request goes to a Worker. The caller calls `land`. */
  takeOff(flight) {
    if (this.#watchdog === void 0) this.#flights.add(flight);
    else this.#watchdog.begin(flight);
  }
  /** A Worker has said something, in answer to a request (or by itself). */
  progress(flight) {
    this.#watchdog?.progress(flight?.begun);
  }
  land(flight) {
    this.#watchdog?.end(flight);
    this.#flights.delete(flight);
  }
  /** workerd's door to a Worker version. */
  socket(service) {
    const index = this.options.workers.findIndex(({ name }) => name === service);
    if (index === -1) throw new Error(`No socket for ${service}`);
    return join6(this.#directory, `${index}:0`);
  }
  namespaceIndex(id) {
    return this.options.namespaces.indexOf(id);
  }
  get controlSocket() {
    return this.socket(CONTROL_WORKER);
  }
  async dispose() {
    this.#disposed = true;
    this.#life++;
    this.#watchdog?.stop();
    await this.#miniflare?.dispose().catch((error) => {
      this.options.logs.warn(`workerd's end: ${String(error)}`);
    });
    rmSync4(this.#directory, { recursive: true, force: true });
  }
  /** One line of workerd's output: JSON, or whatever a crash prints. */
  runtimeLine(line) {
    let parsed;
    try {
      parsed = JSON.parse(line);
    } catch {
      parsed = { level: "error", message: line };
    }
    const message = String(parsed.message ?? line);
    const level = LEVELS.has(String(parsed.level)) ? String(parsed.level) : "error";
    if (!this.#started && !message.startsWith(MARK)) this.#startup.push(message);
    else this.runtimeMessage({ level, message });
  }
  runtimeMessage(line) {
    const { message, uncaught, ...origin } = unmark(line.message.replaceAll("file:///", ""));
    if (origin.worker !== void 0) {
      if (uncaught) this.#reported = [...this.#reported.slice(-99), firstLine(message.slice("Uncaught ".length))];
      const mapped = this.options.maps.text(serviceName(origin.worker, origin.version ?? ""), message);
      this.options.logs.add({ level: line.level, source: "worker", message: mapped, ...origin });
      return;
    }
    const exception = message.match(/remote\.jsg\.(\w+: [\s\S]*?)(?:\nstack: [\s\S]*)?$/);
    if (exception) {
      const told = firstLine(exception[1]);
      const known3 = this.#reported.findIndex((text) => text === told || `Error: ${text}` === told);
      if (known3 !== -1) {
        this.#reported.splice(known3, 1);
        return;
      }
    }
    const clean = exception ? `Uncaught ${exception[1]}` : message.replace(/\nstack: [\s\S]*$/, "");
    this.options.logs.add({ level: line.level, source: "runtime", message: clean });
  }
};
var firstLine = (text) => text.split("\n", 1)[0];

// src/gateway/logs.ts
import { createWriteStream } from "node:fs";
var RING = 5e3;
var FILE_LIMIT = 64 * 1024 * 1024;
var Logs = class {
  constructor(path) {
    this.path = path;
    this.#open("a");
  }
  path;
  #entries = [];
  #seq = 0;
  #file;
  #written = 0;
  #open(flags) {
    if (this.path === void 0) return;
    this.#file = createWriteStream(this.path, { flags, mode: 384 });
    this.#file.on("error", () => {
      this.#file = void 0;
    });
  }
  add(entry) {
    const whole = { seq: ++this.#seq, time: entry.time ?? (/* @__PURE__ */ new Date()).toISOString(), ...entry };
    this.#entries.push(whole);
    if (this.#entries.length > RING * 1.25) this.#entries = this.#entries.slice(-RING);
    if (this.#file === void 0) return;
    const line = `${JSON.stringify(whole)}
`;
    this.#written += line.length;
    if (this.#written > FILE_LIMIT) {
      this.#written = 0;
      this.#file.end();
      this.#open("w");
    }
    this.#file?.write(line);
  }
  info(message) {
    this.add({ level: "info", source: "gateway", message });
  }
  warn(message) {
    this.add({ level: "warn", source: "gateway", message });
  }
  error(message) {
    this.add({ level: "error", source: "gateway", message });
  }
  /** Entries after a sequence number, oldest first. */
  after(seq, limit) {
    const first = this.#entries.findIndex((entry) => entry.seq > seq);
    return first === -1 ? [] : this.#entries.slice(first, first + limit);
  }
  get lastSeq() {
    return this.#seq;
  }
  close() {
    return new Promise((resolve) => this.#file ? this.#file.end(() => resolve()) : resolve());
  }
};

// src/gateway/outbound.ts
import { randomBytes as randomBytes4 } from "node:crypto";
import http8 from "node:http";
import https from "node:https";
import { connect } from "node:net";

// src/gateway/destination.ts
function destinationOf(url) {
  const found = url?.match(/^(https?):\/\/([^/?#]+)([^#]*)/i);
  if (!found) return void 0;
  const scheme = found[1].toLowerCase();
  const authority = found[2].slice(found[2].lastIndexOf("@") + 1).toLowerCase();
  const host = authority.match(/^(\[[^\]]+\]|[^:]*)(?::(\d+))?$/);
  if (!host) return void 0;
  const rest = found[3];
  return {
    scheme,
    authority,
    hostname: host[1].replace(/^\[|\]$/g, ""),
    port: host[2] ? Number(host[2]) : scheme === "https" ? 443 : 80,
    path: rest.startsWith("/") ? rest : `/${rest}`
  };
}

// src/gateway/outbound.ts
var PASS_HEADER = "x-local-outbound";
var HTTP_PROXY_STYLE = 1;
var NO_HTTP = "no HTTP\r\n\r\n";
var Outbound = class {
  constructor(options) {
    this.options = options;
    this.#server = http8.createServer({
      maxHeaderSize: 256 * 1024,
      requireHostHeader: false,
      keepAliveTimeout: 6e4,
      requestTimeout: 0
    });
    this.#server.on("request", (request, response) => this.#request(request, response));
    this.#server.on("upgrade", (request, socket, head2) => this.#upgrade(request, socket, head2));
    this.#server.on("connect", (request, socket, head2) => this.#connect(request, socket, head2));
  }
  options;
  #server;
  #pass = randomBytes4(16).toString("hex");
  /** Requests under way for each workerd, so that one is not ended in the middle of its background work. */
  #busy = /* @__PURE__ */ new Map();
  #agents = {
    http: new http8.Agent({ keepAlive: true, maxFreeSockets: 64 }),
    https: new https.Agent({ keepAlive: true, maxFreeSockets: 64 })
  };
  listen() {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      own2(this.#server).listen(this.options.door, resolve);
    });
  }
  /** What miniflare is told, for one workerd. */
  service(workerd) {
    return {
      external: {
        address: `unix:${this.options.door}`,
        http: {
          style: HTTP_PROXY_STYLE,
          injectRequestHeaders: [{ name: PASS_HEADER, value: `${this.#pass}.${workerd}` }]
        }
      }
    };
  }
  /** What a workerd has under way. */
  busy(workerd) {
    let busy = this.#busy.get(workerd);
    if (busy === void 0) {
      busy = new Busy();
      this.#busy.set(workerd, busy);
    }
    return busy;
  }
  /** Forgets a workerd that has ended. */
  forget(workerd) {
    this.#busy.delete(workerd);
  }
  close() {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }
  /** Which workerd a request comes from; undefined: none of ours. */
  #from(request) {
    const [pass, workerd] = String(request.headers[PASS_HEADER] ?? "").split(".");
    return pass === this.#pass ? workerd : void 0;
  }
  #request(request, response) {
    const to = destinationOf(request.url);
    const workerd = this.#from(request);
    if (to === void 0 || workerd === void 0) {
      response.writeHead(403, { Connection: "close" }).end("This port is for the local cloud's own Workers.\n");
      return;
    }
    this.options.active(workerd);
    if (to.authority === FRONT_CACHE_HOST) {
      void this.#frontCache(request, response);
      return;
    }
    const counters = this.options.counters.started(`${to.scheme}://${to.authority}`);
    const busy = this.busy(workerd);
    busy.begin();
    let done = false;
    const finish = (failed) => {
      if (done) return;
      done = true;
      busy.end();
      counters.inFlight -= 1;
      if (failed) counters.errors += 1;
    };
    this.#send(request, response, to, counters, finish, false);
    response.on("close", () => finish(false));
  }
  async #frontCache(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { pathname } = new URL(request.url);
    const answer2 = await this.options.fronts.called(pathname, Buffer.concat(chunks).toString("utf8"));
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answer2));
  }
  #send(request, response, to, counters, finish, again) {
    const onward = this.#open(request, to);
    const hasBody2 = request.headers["content-length"] !== void 0 || request.headers["transfer-encoding"] !== void 0;
    let answer2;
    onward.on("response", (incoming) => {
      answer2 = incoming;
      const status2 = String(incoming.statusCode);
      counters.byStatus[status2] = (counters.byStatus[status2] ?? 0) + 1;
      const raw = endToEnd(incoming.rawHeaders, incoming.headers.connection, () => false);
      response.sendDate = false;
      response.removeHeader("Connection");
      try {
        const status3 = incoming.statusCode ?? 502;
        response.writeHead(status3, incoming.statusMessage, raw);
      } catch {
        finish(true);
        request.socket.end(NO_HTTP);
        onward.destroy();
        return;
      }
      response.flushHeaders();
      incoming.on("data", (chunk) => {
        counters.bytes += chunk.length;
      });
      incoming.pipe(response);
      incoming.on("end", () => finish(false));
      incoming.on("error", () => {
        finish(true);
        response.destroy();
      });
    });
    onward.on("upgrade", (_incoming, socket) => {
      finish(true);
      socket.destroy();
      request.socket.end(NO_HTTP);
    });
    onward.on("error", (error) => {
      if (answer2 !== void 0) {
        if (error.code === "HPE_INVALID_CHUNK_SIZE") request.socket.write("not a chunk\r\n");
        return;
      }
      if (onward.reusedSocket && error.code === "ECONNRESET" && !hasBody2 && !again) {
        this.#send(request, response, to, counters, finish, true);
        return;
      }
      finish(true);
      if (error.code?.startsWith("HPE_")) request.socket.end(error.rawPacket ?? NO_HTTP);
      else if (error.syscall === "getaddrinfo") request.socket.end(NO_HTTP);
      else request.socket.destroy();
    });
    response.on("close", () => {
      if (answer2 === void 0 ? !response.writableFinished : !answer2.complete) onward.destroy();
    });
    if (hasBody2) request.pipe(onward);
    else onward.end();
  }
  #open(request, to, extra = []) {
    const own3 = this.#own(to);
    const raw = endToEnd(
      request.rawHeaders,
      request.headers.connection,
      (name) => name === PASS_HEADER || name === "host"
    );
    const chunked = request.headers["transfer-encoding"] !== void 0 ? ["Transfer-Encoding", "chunked"] : [];
    const secure = to.scheme === "https" && own3 === void 0;
    const options = {
      host: own3 === void 0 ? to.hostname : "127.0.0.1",
      port: own3 ?? to.port,
      method: request.method ?? "GET",
      path: to.path,
      headers: ["Host", to.authority, ...raw, ...chunked, ...extra],
      setDefaultHeaders: false,
      maxHeaderSize: 256 * 1024,
      agent: extra.length > 0 ? false : secure ? this.#agents.https : this.#agents.http
    };
    return secure ? https.request(options) : http8.request(options);
  }
  #own(to) {
    return to.port === 80 || to.port === 443 ? this.options.ownPort(to.hostname) : void 0;
  }
  /** A WebSocket that a Worker opens. */
  #upgrade(request, socket, head2) {
    const to = destinationOf(request.url);
    if (to === void 0 || this.#from(request) === void 0) {
      socket.destroy();
      return;
    }
    const counters = this.options.counters.started(`${to.scheme}://${to.authority}`);
    const onward = this.#open(request, to, [
      "Connection",
      "Upgrade",
      "Upgrade",
      request.headers.upgrade ?? "websocket"
    ]);
    let failed = true;
    const relay = (answer2, extra) => {
      failed = false;
      const raw = [...endToEnd(answer2.rawHeaders, answer2.headers.connection, () => false), ...extra];
      let text = `HTTP/1.1 ${answer2.statusCode} ${answer2.statusMessage}\r
`;
      for (let index = 0; index < raw.length; index += 2) text += `${raw[index]}: ${raw[index + 1]}\r
`;
      socket.write(`${text}\r
`);
    };
    onward.on("upgrade", (answer2, upstream, rest) => {
      relay(answer2, ["Connection", "Upgrade", "Upgrade", answer2.headers.upgrade ?? "websocket"]);
      socket.write(rest);
      upstream.write(head2);
      upstream.on("data", (chunk) => {
        counters.bytes += chunk.length;
      });
      join7(socket, upstream);
    });
    onward.on("response", (answer2) => {
      relay(answer2, ["Connection", "close"]);
      answer2.pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
    socket.on("close", () => {
      counters.inFlight -= 1;
      if (failed) counters.errors += 1;
      onward.destroy();
    });
    onward.end();
  }
  /**
   * `connect()` from `cloudflare:sockets`: a plain tunnel. workerd adds no header of ours to CONNECT, so this cannot tell who asks; nobody else
   * reaches this socket.
   */
  #connect(request, socket, head2) {
    const found = request.url?.match(/^(\[[^\]]+\]|[^:]+):(\d+)$/);
    if (!found) {
      socket.destroy();
      return;
    }
    const counters = this.options.counters.started(`tcp://${request.url}`);
    const upstream = connect(Number(found[2]), found[1].replace(/^\[|\]$/g, ""));
    let failed = true;
    upstream.on("connect", () => {
      failed = false;
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head2);
      join7(socket, upstream);
    });
    upstream.on("data", (chunk) => {
      counters.bytes += chunk.length;
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
    socket.on("close", () => {
      counters.inFlight -= 1;
      if (failed) counters.errors += 1;
      upstream.destroy();
    });
  }
};
function join7(one, other) {
  one.setNoDelay(true);
  other.setNoDelay(true);
  one.pipe(other).pipe(one);
  one.on("close", () => other.destroy()).on("error", () => other.destroy());
  other.on("close", () => one.destroy()).on("error", () => one.destroy());
}

// src/gateway/reload.ts
import { createHash as createHash7 } from "node:crypto";

// src/gateway/kv-entries.ts
import { createHash as createHash6 } from "node:crypto";
import { readFileSync as readFileSync4, renameSync as renameSync2, writeFileSync as writeFileSync3 } from "node:fs";
import { join as join9 } from "node:path";

// src/gateway/stored.ts
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join as join8 } from "node:path";
var BEGIN_ANEW = "Put the file back, or begin without the data of earlier runs: edgewright up --fresh, or edgewright dev --fresh.";
var MAGIC = "SQLite format 3\0";
function storeFaults(stateDir) {
  let names2;
  try {
    names2 = readdirSync(stateDir, { recursive: true });
  } catch {
    return [];
  }
  return names2.filter((name) => name.endsWith(".sqlite") && !name.startsWith("cache")).filter((name) => !isStore(join8(stateDir, name))).map((name) => fault(`${join8(stateDir, name)} is damaged: it is no database of SQLite. ${BEGIN_ANEW}`));
}
function isStore(path) {
  let file;
  try {
    file = openSync(path, "r");
    const head2 = Buffer.alloc(MAGIC.length);
    const length = readSync(file, head2, 0, head2.length, 0);
    return length === 0 || head2.toString("latin1") === MAGIC;
  } catch {
    return false;
  } finally {
    if (file !== void 0) closeSync(file);
  }
}

// src/gateway/kv-entries.ts
var BATCH_ITEMS = 500;
var BATCH_BYTES = 8 * 1024 * 1024;
var KvEntries = class {
  #path;
  #ledger;
  constructor(stateDir) {
    this.#path = join9(stateDir, "kv-declared.json");
    this.#ledger = readLedger(this.#path);
  }
  /**
   * Brings the namespaces to what is declared. Keys that a Worker wrote are never touched, nor is a declared key that a Worker
   * overwrote, until its declaration changes: as with the provider.
   */
  async apply(entries2, namespaces, placeOf2) {
    const counts = { written: 0, unchanged: 0, deleted: 0 };
    const failed = [];
    for (const namespace of namespaces) {
      const written = this.#ledger[namespace] ?? {};
      this.#ledger[namespace] = written;
      const items = [];
      const declared = /* @__PURE__ */ new Set();
      for (const entry of entries2) {
        if (entry.namespace_id !== namespace) continue;
        declared.add(entry.key);
        const hash = createHash6("sha256").update(JSON.stringify(entry)).digest("base64url");
        if (written[entry.key] === hash) counts.unchanged += 1;
        else items.push(itemOf(entry, hash));
      }
      for (const key of Object.keys(written)) if (!declared.has(key)) items.push({ key });
      for (const batch of batches(items)) {
        const errors = await send(placeOf2(namespace), namespace, batch);
        for (const item of batch) {
          const error = errors.get(item.key);
          if (error !== void 0) failed.push(`KV entry ${item.key} of namespace ${namespace}: ${error}`);
          else if (item.hash === void 0) {
            delete written[item.key];
            counts.deleted += 1;
          } else {
            written[item.key] = item.hash;
            counts.written += 1;
          }
        }
        this.#save();
      }
    }
    if (failed.length > 0) throw new DeployFailed(failed.map((message) => fault(message)));
    return counts;
  }
  #save() {
    writeFileSync3(`${this.#path}.new`, JSON.stringify(this.#ledger), { mode: 384 });
    renameSync2(`${this.#path}.new`, this.#path);
  }
};
function readLedger(path) {
  try {
    const found = JSON.parse(readFileSync4(path, "utf8"));
    if (isLedger(found)) return found;
  } catch {
  }
  return {};
}
var isObject2 = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
function isLedger(value) {
  return isObject2(value) && Object.values(value).every(
    (written) => isObject2(written) && Object.values(written).every((hash) => typeof hash === "string")
  );
}
function itemOf(entry, hash) {
  return {
    key: entry.key,
    value: entry.value_base64,
    hash,
    ...entry.metadata_json != null && { metadata: JSON.parse(entry.metadata_json) },
    ...entry.expiration != null && { expiration: entry.expiration },
    ...entry.expiration_ttl_s != null && { expirationTtl: entry.expiration_ttl_s }
  };
}
function* batches(items) {
  let batch = [];
  let bytes = 0;
  for (const item of items) {
    const size = item.value?.length ?? 0;
    if (batch.length > 0 && (batch.length >= BATCH_ITEMS || bytes + size > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
async function send(place, namespace, items) {
  const body = Buffer.from(JSON.stringify(items.map(({ hash: _hash, ...item }) => item)));
  const answer2 = await kvRequest(place, "POST", namespace, "batch", body);
  if (answer2.status !== 200) {
    const said = answer2.body.toString("utf8").split("\n", 1)[0];
    throw new Error(`KV namespace ${namespace}: its stored data cannot be written (${said}). ${BEGIN_ANEW}`);
  }
  const failed = JSON.parse(answer2.body.toString("utf8"));
  return new Map(failed.map(({ key, error }) => [key, error]));
}

// src/gateway/source-maps.ts
import { SourceMap } from "node:module";
var LazyMap = class {
  constructor(base642) {
    this.base64 = base642;
  }
  base64;
  #map;
  #broken = false;
  get map() {
    if (this.#map === void 0 && !this.#broken) {
      try {
        this.#map = new SourceMap(JSON.parse(Buffer.from(this.base64, "base64").toString("utf8")));
      } catch {
        this.#broken = true;
      }
    }
    return this.#map;
  }
};
var SourceMaps = class {
  #services = /* @__PURE__ */ new Map();
  constructor(deployment) {
    for (const worker of deployment.workers) {
      for (const version of worker.versions) {
        const maps = version.modules.filter(({ name, content_type: type }) => type.startsWith("application/source-map") && name.endsWith(".map")).map(({ name, content_base64: base642 }) => [name.slice(0, -".map".length), new LazyMap(base642)]);
        this.#services.set(serviceName(worker.name, version.id), new Map(maps));
      }
    }
  }
  /** Where a line and a column, both counted from 1, come from. */
  place(service, module, line, column) {
    const entry = this.#services.get(service)?.get(module)?.map?.findEntry(line - 1, column - 1);
    if (entry === void 0 || !("originalSource" in entry) || typeof entry.originalSource !== "string")
      return void 0;
    return { source: entry.originalSource, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
  }
  /** The file that a module was made of: esbuild lists what is imported before what imports it. */
  source(service, module) {
    return this.#services.get(service)?.get(module)?.map?.payload.sources.at(-1);
  }
  /** A text with every `module:line:column` in it as a place in the sources. */
  text(service, text) {
    if ((this.#services.get(service)?.size ?? 0) === 0) return text;
    return text.replace(/([\w./-]+\.m?js):(\d+):(\d+)/g, (whole, module, line, column) => {
      const place = this.place(service, module, Number(line), Number(column));
      return place === void 0 ? whole : `${place.source}:${place.line}:${place.column}`;
    });
  }
  /** A text with every module that has a map named by its source, and the first such source. */
  named(service, text) {
    let first;
    let named2 = text;
    for (const module of this.#services.get(service)?.keys() ?? []) {
      const source = this.source(service, module);
      if (source === void 0 || !named2.includes(module)) continue;
      named2 = named2.replaceAll(module, source);
      first ??= source;
    }
    return { text: named2, source: first };
  }
};

// src/gateway/translate.ts
var MODULE_TYPES = {
  "application/javascript+module": "ESModule",
  "text/javascript+module": "ESModule",
  "application/javascript": "CommonJS",
  "text/javascript": "CommonJS",
  "text/plain": "Text",
  "text/html": "Text",
  "application/octet-stream": "Data",
  "application/wasm": "CompiledWasm"
};
function moduleOf(module) {
  const type = module.content_type.split(";")[0]?.trim().toLowerCase() ?? "";
  const contents = Buffer.from(module.content_base64, "base64");
  if (type === "application/source-map") return void 0;
  if (type === "application/json") {
    const text2 = contents.toString("utf8");
    try {
      JSON.parse(text2);
    } catch (error) {
      return `not JSON: ${error.message}`;
    }
    return { type: "ESModule", path: `/${module.name}`, contents: `export default ${text2};` };
  }
  const kind = MODULE_TYPES[type];
  if (kind === void 0) {
    return `unknown content type ${JSON.stringify(module.content_type)}; known: ${[...Object.keys(MODULE_TYPES), "application/json"].join(", ")}`;
  }
  const text = kind === "ESModule" || kind === "CommonJS" || kind === "Text";
  return { type: kind, path: `/${module.name}`, contents: text ? contents.toString("utf8") : contents };
}
function modulesOf(worker, version, { purgeToken }, errors) {
  const modules = [];
  for (const module of version.modules) {
    const translated = moduleOf(module);
    if (typeof translated === "string")
      errors.push(fault(`Module ${module.name}: ${translated}`, worker.name, module.name));
    else if (translated !== void 0) modules.push(translated);
  }
  const main = version.modules.find((module) => module.name === version.main_module);
  if (main === void 0) {
    errors.push(
      fault(
        `Version ${version.id} has no module named ${JSON.stringify(version.main_module)}, its main module. It has: ${version.modules.map((module) => module.name).join(", ") || "none"}`,
        worker.name
      )
    );
  } else if (!main.content_type.includes("+module")) {
    errors.push(
      fault(
        `The main module ${main.name} is ${main.content_type}; it must be application/javascript+module`,
        worker.name,
        main.name
      )
    );
  }
  const entry = {
    mainModule: version.main_module,
    purgeToken,
    classes: heldElsewhere(worker, version),
    frontCacheUrl: version.cache_enabled ? frontCacheUrl(worker.name) : void 0
  };
  return [
    { type: "ESModule", path: `/${ENTRY_MODULE}`, contents: entryModule(entry) },
    { type: "ESModule", path: `/${CONSOLE_MODULE}`, contents: consoleModule(worker.name, version.id) },
    ...modules
  ];
}
function dateOf2(worker, version, context) {
  const date = version.compatibility_date ?? context.newestDate;
  if (date <= context.newestDate) return date;
  context.warn(
    `${worker.name}: compatibility date ${date} is newer than this workerd knows; ${context.newestDate} is used (gap 'compatibility-date')`
  );
  return context.newestDate;
}
function translate(deployment, context, errors) {
  const primary = new Map(
    deployment.workers.filter((worker) => worker.deployment.length > 0).map((worker) => [worker.name, serviceName(worker.name, primaryVersion(worker.deployment))])
  );
  return deployment.workers.flatMap(
    (worker) => worker.versions.map((version) => {
      const name = serviceName(worker.name, version.id);
      const options = {
        name,
        modules: modulesOf(worker, version, context, errors),
        // Paths are names here, not files: rooted at "/", stack traces say `file:///main.js`.
        modulesRoot: "/",
        compatibilityDate: dateOf2(worker, version, context),
        compatibilityFlags: [...version.compatibility_flags],
        outboundService: context.outbound,
        zone: deployment.domains.find((domain) => domain.worker === worker.name)?.hostname ?? `${worker.name}.example.com`
      };
      return { ...options, ...bindingsOf(worker, version, primary, errors) };
    })
  );
}
var classesOf = (version) => Object.entries(version.exports ?? {}).filter(([, { type, state }]) => type === "durable-object" && [null, void 0, "created"].includes(state)).map(([name, { storage }]) => [name, storage !== "legacy-kv"]);
function heldElsewhere(worker, version) {
  if (worker.deployment.length === 0 || primaryVersion(worker.deployment) === version.id) return [];
  return classesOf(version).map(([name]) => [name, `edgewright_local_exports_${name}`]);
}
var storageKey = (script, className) => `${script}-${className}`;
function bindingsOf(worker, version, primary, errors) {
  const own3 = serviceName(worker.name, version.id);
  const plain2 = {};
  const options = { bindings: plain2 };
  const serviceBindings = {};
  const durableObjects = {};
  const refuse4 = (message) => {
    errors.push(fault(message, worker.name));
  };
  for (const binding of version.bindings) {
    switch (binding.type) {
      // What is known of the kind stands with its record, in components/edgewright/platforms/cloudflare/bindings.
      case "option": {
        options[binding.option] ??= {};
        options[binding.option][binding.name] = binding.value;
        break;
      }
      case "version_metadata":
        plain2[binding.name] = { id: version.id, tag: "", timestamp: (/* @__PURE__ */ new Date(0)).toISOString() };
        break;
      case "service": {
        const service = primary.get(binding.service);
        if (service === void 0) refuse4(`Binding ${binding.name}: there is no Worker named ${binding.service}`);
        else {
          serviceBindings[binding.name] = {
            name: service,
            ...binding.entrypoint && { entrypoint: binding.entrypoint }
          };
        }
        break;
      }
      case "durable_object_namespace": {
        const script = binding.script_name ?? worker.name;
        const holder = primary.get(script);
        if (holder === void 0) refuse4(`Binding ${binding.name}: there is no Worker named ${script}`);
        durableObjects[binding.name] = {
          className: binding.class_name,
          useSQLite: true,
          unsafeUniqueKey: storageKey(script, binding.class_name),
          ...holder !== own3 && { scriptName: holder }
        };
        break;
      }
      default:
        refuse4(`Binding ${JSON.stringify(binding)} is of a type that the local cloud does not know`);
    }
  }
  const bound = new Set(Object.values(durableObjects).map((each) => each.className));
  const elsewhere = new Map(heldElsewhere(worker, version));
  const additionalUnboundDurableObjects = [];
  for (const [className, useSQLite] of classesOf(version)) {
    const object = { className, useSQLite, unsafeUniqueKey: storageKey(worker.name, className) };
    const binding = elsewhere.get(className);
    if (binding !== void 0) durableObjects[binding] = { ...object, scriptName: primary.get(worker.name) };
    else if (!bound.has(className)) additionalUnboundDurableObjects.push(object);
  }
  return {
    ...options,
    serviceBindings,
    durableObjects,
    additionalUnboundDurableObjects
  };
}

// src/gateway/reload.ts
var DRAIN_MS = 1e3;
var LINGER_MS2 = 3e4;
var GRACE_MS = 20;
var HELD_MAX = 2e3;
var HELD_MS = 15e3;
var Reload = class {
  constructor(options) {
    this.options = options;
    this.#entries = new KvEntries(options.stateDir);
  }
  options;
  #serving;
  #fingerprint = "";
  #started = 0;
  #turn = Promise.resolve();
  #holding = false;
  #waiters = /* @__PURE__ */ new Set();
  #entries;
  lastErrors;
  get serving() {
    return this.#serving;
  }
  /** What serves now; waits during a switch. Raises a 503 problem when it waits in vain. The caller calls `instance.busy.end()`. */
  async enter() {
    if (this.#holding) await this.#held();
    if (this.#serving === void 0)
      throw problem(503, "Nothing is deployed", "The local cloud runs no Worker yet: deploy first.");
    this.#serving.instance.busy.begin();
    return this.#serving;
  }
  #held() {
    const { counters } = this.options;
    if (this.#waiters.size >= HELD_MAX) {
      counters.refused += 1;
      throw problem(503, "Too many requests wait for a reload", `${HELD_MAX} requests wait already. Try again.`);
    }
    counters.held += 1;
    return new Promise((resolve, reject) => {
      const waiter = {
        go: () => {
          clearTimeout(waiter.timer);
          resolve();
        },
        timer: setTimeout(() => {
          this.#waiters.delete(waiter);
          counters.refused += 1;
          reject(problem(503, "The reload takes too long", `The request waited for ${HELD_MS} ms. Try again.`));
        }, HELD_MS)
      };
      this.#waiters.add(waiter);
    });
  }
  #release() {
    this.#holding = false;
    for (const waiter of this.#waiters) waiter.go();
    this.#waiters.clear();
  }
  /** Applies a deployment; raises DeployFailed and leaves the last one serving when it cannot. */
  deploy(deployment) {
    const result = this.#turn.then(() => this.#deploy(deployment));
    this.#turn = result.catch(() => {
    });
    return result;
  }
  async #deploy(deployment) {
    const begin = performance.now();
    let steps;
    try {
      steps = await this.#apply(deployment);
    } catch (error) {
      const errors = error instanceof DeployFailed ? error.errors : [fault(error instanceof Error ? error.message : String(error))];
      this.lastErrors = errors;
      for (const { message, worker, module, line, column } of errors) {
        const place = module === null ? "" : ` (${module}${line === null ? "" : `:${line}:${column}`})`;
        this.options.logs.add({
          level: "error",
          source: "gateway",
          message: `Deployment refused: ${message}${place}`,
          ...worker !== null && { worker }
        });
      }
      throw new DeployFailed(errors);
    }
    this.lastErrors = void 0;
    const ms = elapsed(begin);
    const generation = this.#serving?.generation ?? 0;
    this.options.logs.info(`Generation ${generation} serves after ${ms} ms (${steps})`);
    return { generation, ms };
  }
  async #apply(deployment) {
    const begin = performance.now();
    const { miniflare, logs, counters, stateDir, cacheDir } = this.options;
    const errors = [...validate(deployment), ...this.#serving === void 0 ? storeFaults(stateDir) : []];
    const newestDate = miniflare.supportedCompatibilityDate;
    const workerd = String(this.#started++);
    const outbound = this.options.outbound.service(workerd);
    const workers = translate(
      deployment,
      { outbound, newestDate, warn: (text) => logs.warn(text), purgeToken: this.options.purgeToken },
      errors
    );
    if (errors.length > 0) throw new DeployFailed(errors);
    const namespaces = deployment.kv_namespaces.map((namespace) => namespace.id).sort();
    workers.push(controlWorker(namespaces, newestDate));
    const old = this.#serving;
    const fingerprint = createHash7("sha256").update(JSON.stringify(workers, (key, value) => key === "outboundService" ? void 0 : value)).digest("hex");
    const same2 = old !== void 0 && fingerprint === this.#fingerprint;
    const instance = same2 ? old.instance : await Instance.start({
      name: workerd,
      miniflare,
      workerd: this.options.workerd,
      doors: this.options.doors,
      workers,
      stateDir,
      cacheDir,
      logs,
      namespaces,
      maps: new SourceMaps(deployment)
    });
    const startMs = elapsed(begin);
    let front;
    try {
      front = this.#front(deployment, old?.front);
      const placeOf2 = (id) => old !== void 0 && old.instance.namespaceIndex(id) !== -1 ? old.instance : instance;
      const counts = await this.#entries.apply(deployment.kv_entries, namespaces, placeOf2);
      for (const key of ["written", "unchanged", "deleted"]) counters.kv[key] += counts[key];
    } catch (error) {
      if (!same2) await instance.dispose();
      if (front !== void 0 && front !== old?.front) await front.cloudfront.stop();
      if (error instanceof CloudFrontFaults) throw new DeployFailed(error.faults.map((text) => fault(text)));
      throw error;
    }
    const entriesMs = elapsed(begin) - startMs;
    const next = {
      instance,
      front,
      router: new Router(deployment),
      shares: new Map(deployment.workers.map((worker) => [worker.name, worker.deployment])),
      headerRules: new HeaderRules(deployment.header_rules, (text) => logs.warn(text)),
      deployment,
      generation: (old?.generation ?? 0) + 1
    };
    if (!same2 && old !== void 0) await this.#switch(old.instance, next);
    this.#serving = next;
    this.#fingerprint = fingerprint;
    if (old?.front !== void 0 && old.front !== front) void this.#retire(old.front);
    const switchMs = elapsed(begin) - startMs - entriesMs;
    return `start ${startMs} ms, KV entries ${entriesMs.toFixed(1)} ms, switch ${switchMs.toFixed(1)} ms`;
  }
  /** The distributions of a deployment: those that serve already where nothing about them changed. */
  #front(deployment, old) {
    if (deployment.cloudfront == null) return void 0;
    const fingerprint = createHash7("sha256").update(JSON.stringify(deployment.cloudfront)).digest("hex");
    if (old?.fingerprint === fingerprint) return old;
    const deps = depsFor(this.options.counters, this.options.logs);
    return {
      cloudfront: createCloudFront(deployment.cloudfront, deps, old?.cloudfront),
      busy: new Busy(),
      fingerprint
    };
  }
  /** Stops distributions that no longer serve once they are at nothing any more. */
  async #retire({ cloudfront, busy }) {
    try {
      await busy.idle(LINGER_MS2);
      await cloudfront.settled();
      await cloudfront.stop();
    } catch (error) {
      this.options.logs.warn(`Distributions that were replaced did not stop: ${String(error)}`);
    }
  }
  async #switch(old, next) {
    this.#holding = true;
    try {
      if (await this.#finished(old, DRAIN_MS)) await this.#dispose(old);
      else void this.#finished(old, LINGER_MS2).then(() => this.#dispose(old));
    } finally {
      this.#serving = next;
      this.#release();
    }
  }
  /** Waits until a workerd has nothing to do any more, at most so long; says whether that was reached. */
  async #finished(instance, ms) {
    const end2 = performance.now() + ms;
    if (!await instance.busy.idle(ms)) return false;
    if (!await this.options.outbound.busy(instance.options.name).idle(end2 - performance.now())) return false;
    await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
    const { namespaces } = instance.options;
    await Promise.all(namespaces.map((id) => kvRequest(instance, "GET", id, "keys?limit=1").catch(() => {
    })));
    return true;
  }
  async #dispose(instance) {
    await instance.dispose();
    this.options.outbound.forget(instance.options.name);
  }
  async close() {
    await this.#serving?.front?.cloudfront.stop();
    await this.#serving?.instance.dispose();
  }
};
var elapsed = (begin) => Math.round((performance.now() - begin) * 10) / 10;

// src/gateway/main.ts
var StartFailed = class extends Error {
  constructor(code, message, exitCode) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
  }
  code;
  exitCode;
};
function say(value) {
  return new Promise((resolve) => process.stdout.write(`${JSON.stringify(value)}
`, () => resolve()));
}
function readOptions(line) {
  let value;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new StartFailed("bad-options", `The first line is not JSON: ${error.message}`, 2);
  }
  const {
    host = "127.0.0.1",
    port = 8787,
    controlPort = 0,
    stateDir,
    runtimeDir = process.cwd(),
    logFile,
    seed,
    headTimeoutMs = HEAD_TIMEOUT_MS
  } = value;
  const wrong = [
    ...Object.entries({ port, controlPort }).flatMap(
      ([name, given]) => Number.isInteger(given) && given >= 0 && given <= 65535 ? [] : [`${name} is ${JSON.stringify(given)}: a port from 0 to 65535`]
    ),
    ...typeof stateDir === "string" && stateDir !== "" ? [] : ["stateDir is missing: a directory that the gateway may write to"]
  ];
  if (wrong.length > 0) throw new StartFailed("bad-options", wrong.join("; "), 2);
  return {
    host,
    port,
    controlPort,
    stateDir,
    runtimeDir,
    headTimeoutMs,
    ...logFile !== void 0 && { logFile },
    ...seed !== void 0 && { seed }
  };
}
function listen(server, host, port) {
  own2(server);
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const taken = error.code === "EADDRINUSE";
      const message = taken ? `Port ${port} on ${host} is in use. Stop what uses it, or choose another with --port.` : error.message;
      reject(new StartFailed(taken ? "port-in-use" : "cannot-listen", message, 3));
    });
    server.listen(port, host, () => resolve(server.address().port));
  });
}
async function start(options) {
  const started = /* @__PURE__ */ new Date();
  const cacheDir = join10(options.stateDir, "cache");
  rmSync5(cacheDir, { recursive: true, force: true });
  mkdirSync3(options.stateDir, { recursive: true, mode: 448 });
  closeOthers();
  const doors = new Doors(options.stateDir);
  const logs = new Logs(options.logFile);
  const counters = new Counters();
  const token = randomBytes5(32).toString("base64url");
  const purgeToken = randomBytes5(32).toString("base64url");
  let port = options.port;
  const fronts = new FrontCaches(logs);
  const outbound = new Outbound({
    door: doors.outbound,
    counters,
    fronts,
    active: (name) => {
      const instance = reload.serving?.instance;
      if (instance?.options.name === name) instance.progress();
    },
    ownPort: (hostname) => reload.serving?.router.domain(hostname) === void 0 ? void 0 : port
  });
  await outbound.listen();
  let miniflare;
  let workerd;
  try {
    miniflare = loadMiniflare(options.runtimeDir);
    workerd = workerdOf(options.runtimeDir);
  } catch (error) {
    throw new StartFailed(
      "runtime-missing",
      `miniflare cannot be loaded from ${options.runtimeDir}: ${error.message}`,
      3
    );
  }
  const reload = new Reload({
    miniflare,
    workerd,
    doors,
    stateDir: options.stateDir,
    cacheDir,
    outbound,
    logs,
    counters,
    purgeToken
  });
  const random = options.seed === void 0 ? Math.random : seededRandom(options.seed);
  const edge = createEdge({ reload, counters, logs, random, fronts, headTimeoutMs: options.headTimeoutMs });
  const control2 = createControl({
    token,
    reload,
    counters,
    logs,
    started,
    fronts,
    purgeToken,
    headTimeoutMs: options.headTimeoutMs,
    edgeUrl: () => `http://${options.host}:${port}`
  });
  port = await listen(edge, options.host, options.port);
  const controlPort = await listen(control2, "127.0.0.1", options.controlPort);
  await say({ port, controlPort, token, pid: process.pid });
  return async () => {
    for (const server of [edge, control2]) {
      server.close();
      server.closeAllConnections();
    }
    await reload.close();
    outbound.close();
    doors.remove();
    await logs.close();
  };
}
var stop;
var stopping = false;
async function end(code) {
  if (stopping) return;
  stopping = true;
  setTimeout(() => process.exit(code), 5e3).unref();
  await stop?.().catch(() => {
  });
  process.exit(code);
}
for (const [signal, number] of [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGTERM", 15]
])
  process.on(signal, () => void end(128 + number));
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (error) => {
    console.error("The gateway crashed:", error);
    void end(1);
  });
}
var input = createInterface2({ input: process.stdin });
input.on("close", () => void end(0));
input.once("line", (line) => {
  void (async () => {
    try {
      stop = await start(readOptions(line));
    } catch (error) {
      const known3 = error instanceof StartFailed ? error : new StartFailed("cannot-start", String(error), 3);
      await say({ error: { code: known3.code, message: known3.message } });
      await end(known3.exitCode);
    }
  })();
});
