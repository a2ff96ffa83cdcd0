/**
 * Small stand-ins for Node's `Headers`, `Request` and `Response`.
 *
 * The first use of any of Node's own loads its whole HTTP client, which takes several times as long as everything else in
 * a cold start. The bundle puts these in their place (`inject` in build.mjs); what leaves this code (a fetch, a user's
 * handler) is given the real ones, made by `real`. https://fetch.spec.whatwg.org/
 */

type BodyGiven = unknown;
type HeadersGiven = Iterable<readonly [string, string]> | Record<string, string>;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function headerName(name: unknown): string {
  const text = String(name);
  if (!TOKEN.test(text)) throw new TypeError(`Headers: ${JSON.stringify(text)} is an invalid header name.`);
  return text.toLowerCase();
}

function headerValue(value: unknown): string {
  const text = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
  if (/[\0\r\n]|[^\0-\xff]/.test(text)) {
    throw new TypeError(`Headers: ${JSON.stringify(text.slice(0, 80))} is an invalid header value.`);
  }
  return text;
}

class LightHeaders {
  readonly #values = new Map<string, string>();
  #cookies: string[] = [];

  constructor(given?: HeadersGiven) {
    if (given === undefined) return;
    if (typeof given !== "object" || given === null) throw new TypeError("Headers: an object is needed.");
    if (!(Symbol.iterator in given)) {
      for (const [name, value] of Object.entries(given)) this.append(name, value);
      return;
    }
    for (const pair of given as Iterable<readonly [string, string]>) {
      const [name, value, ...rest] = [...pair];
      if (value === undefined || rest.length > 0) throw new TypeError("Headers: each pair needs a name and a value.");
      this.append(name as string, value);
    }
  }

  append(name: string, value: string): void {
    const key = headerName(name);
    const text = headerValue(value);
    if (key === "set-cookie") {
      this.#cookies.push(text);
      return;
    }
    const before = this.#values.get(key);
    this.#values.set(key, before === undefined ? text : `${before}, ${text}`);
  }

  set(name: string, value: string): void {
    const key = headerName(name);
    const text = headerValue(value);
    if (key === "set-cookie") this.#cookies = [text];
    else this.#values.set(key, text);
  }

  get(name: string): string | null {
    const key = headerName(name);
    if (key === "set-cookie") return this.#cookies.length === 0 ? null : this.#cookies.join(", ");
    return this.#values.get(key) ?? null;
  }

  has(name: string): boolean {
    const key = headerName(name);
    return key === "set-cookie" ? this.#cookies.length > 0 : this.#values.has(key);
  }

  delete(name: string): void {
    const key = headerName(name);
    if (key === "set-cookie") this.#cookies = [];
    else this.#values.delete(key);
  }

  getSetCookie(): string[] {
    return [...this.#cookies];
  }

  forEach(visit: (value: string, name: string, headers: LightHeaders) => void, self?: unknown): void {
    for (const [name, value] of this) visit.call(self, value, name, this);
  }

  *entries(): Generator<[string, string], undefined, unknown> {
    const names = [...this.#values.keys()];
    if (this.#cookies.length > 0) names.push("set-cookie");
    for (const name of names.sort()) {
      if (name === "set-cookie") for (const value of this.#cookies) yield [name, value];
      else yield [name, this.#values.get(name) as string];
    }
    return undefined;
  }

  *keys(): Generator<string, undefined, unknown> {
    for (const [name] of this) yield name;
    return undefined;
  }

  *values(): Generator<string, undefined, unknown> {
    for (const [, value] of this) yield value;
    return undefined;
  }

  [Symbol.iterator](): Generator<[string, string], undefined, unknown> {
    return this.entries();
  }

  get [Symbol.toStringTag](): string {
    return "Headers";
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return isA(value, "Headers");
  }
}

/** Of these or of Node's own, which is not loaded to find out. */
function isA(value: unknown, kind: string): boolean {
  return typeof value === "object" && value !== null && Object.prototype.toString.call(value) === `[object ${kind}]`;
}

/** Streams that nobody has read from, with all that they will give: who is handed such a stream can take that. */
const wholes = new WeakMap<object, Uint8Array>();
/** Streams made here that somebody has begun to read. */
const begun = new WeakSet<object>();

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        begin(stream);
        if (bytes.byteLength > 0) controller.enqueue(bytes);
        controller.close();
      },
      cancel() {
        begin(stream);
      },
    },
    { highWaterMark: 0 },
  );
  wholes.set(stream, bytes);
  return stream;
}

function begin(stream: object): void {
  wholes.delete(stream);
  begun.add(stream);
}

interface Extracted {
  content: Uint8Array | ReadableStream<Uint8Array> | null;
  type: string | null;
}

function extract(body: BodyGiven): Extracted {
  if (body === null || body === undefined) return { content: null, type: null };
  if (typeof body === "string") return { content: Buffer.from(body), type: "text/plain;charset=UTF-8" };
  if (ArrayBuffer.isView(body)) {
    // A copy: a Buffer's own `slice` would share its memory.
    return { content: new Uint8Array(new Uint8Array(body.buffer, body.byteOffset, body.byteLength)), type: null };
  }
  if (body instanceof ArrayBuffer) return { content: new Uint8Array(body.slice(0)), type: null };
  if (body instanceof URLSearchParams) {
    return { content: Buffer.from(String(body)), type: "application/x-www-form-urlencoded;charset=UTF-8" };
  }
  if (isA(body, "ReadableStream")) {
    const stream = body as ReadableStream<Uint8Array>;
    if (stream.locked || begun.has(stream)) throw new TypeError("Body: the stream is locked, or was read from.");
    return { content: wholes.get(stream) ?? stream, type: null };
  }
  // Blobs, forms and what else there is: Node knows.
  const known = new globalThis.Response(body as BodyInit);
  return { content: known.body, type: known.headers.get("content-type") };
}

abstract class LightBody {
  abstract readonly headers: Headers;
  #bytes: Uint8Array | undefined;
  #stream: ReadableStream<Uint8Array> | null = null;
  #used = false;

  /** Takes what was given as a body; returns its media type. */
  protected take(body: BodyGiven): string | null {
    const { content, type } = extract(body);
    if (content instanceof Uint8Array) this.#bytes = content;
    else this.#stream = content;
    return type;
  }

  get body(): ReadableStream<Uint8Array> | null {
    if (this.#stream === null && this.#bytes !== undefined) this.#stream = streamOf(this.#bytes);
    return this.#stream;
  }

  get bodyUsed(): boolean {
    return this.#used;
  }

  async bytes(): Promise<Uint8Array> {
    if (this.#bytes === undefined && this.#stream === null) return new Uint8Array();
    if (this.#used || this.#stream?.locked) throw new TypeError("Body is unusable: it has already been read.");
    this.#used = true;
    if (this.#bytes !== undefined && (this.#stream === null || wholes.has(this.#stream)))
      return new Uint8Array(this.#bytes);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#stream as unknown as AsyncIterable<Uint8Array>) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return new Uint8Array(await this.bytes()).buffer;
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async blob(): Promise<Blob> {
    return new Blob([(await this.bytes()) as BlobPart], { type: this.headers.get("content-type") ?? "" });
  }

  async formData(): Promise<FormData> {
    return new globalThis.Response((await this.bytes()) as BodyInit, { headers: [...this.headers] }).formData();
  }

  /** The body for a second owner; this one keeps its own. */
  protected shared(): BodyGiven {
    if (this.#used || this.#stream?.locked) throw new TypeError("Body is unusable: it has already been read.");
    if (this.#bytes !== undefined && (this.#stream === null || wholes.has(this.#stream))) return this.#bytes;
    if (this.#stream === null) return null;
    const [own, other] = this.#stream.tee();
    this.#stream = own;
    return other;
  }
}

const UPPER_CASED = /^(?:delete|get|head|options|post|put)$/i;
const FORBIDDEN_METHODS = /^(?:connect|trace|track)$/i;

interface RequestGiven {
  method?: string;
  headers?: HeadersGiven;
  body?: BodyGiven;
  redirect?: string;
  signal?: AbortSignal | null;
}

class LightRequest extends LightBody {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly redirect: string;
  #signal: AbortSignal | undefined;

  constructor(input: unknown, given: RequestGiven = {}) {
    super();
    const from = isA(input, "Request") ? (input as LightRequest) : undefined;
    const url = new URL(from === undefined ? String(input) : from.url);
    if (url.username !== "" || url.password !== "") throw new TypeError("Request: the URL includes credentials.");
    this.url = url.href;
    const method = given.method === undefined ? (from?.method ?? "GET") : String(given.method);
    if (!TOKEN.test(method) || FORBIDDEN_METHODS.test(method)) {
      throw new TypeError(`Request: ${JSON.stringify(method)} is not a method that can be asked with.`);
    }
    this.method = UPPER_CASED.test(method) ? method.toUpperCase() : method;
    this.headers = new LightHeaders(given.headers ?? from?.headers) as unknown as Headers;
    this.redirect = given.redirect ?? from?.redirect ?? "follow";
    this.#signal = given.signal ?? from?.signal ?? undefined;
    const body = given.body ?? (from?.bodyUsed ? undefined : from?.body);
    const bodyless = this.method === "GET" || this.method === "HEAD";
    if (bodyless && body !== null && body !== undefined) {
      throw new TypeError("Request: a request with the method GET or HEAD cannot have a body.");
    }
    const type = this.take(body);
    if (type !== null && !this.headers.has("content-type")) this.headers.set("content-type", type);
  }

  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }

  clone(): LightRequest {
    const { url, method, headers, redirect } = this;
    return new LightRequest(url, { method, headers, redirect, signal: this.signal, body: this.shared() });
  }

  /** @internal Node's own, for what only takes that. It takes over the body. */
  real(): Request {
    const { url, method, headers, redirect, signal } = this;
    const body = this.shared();
    return new globalThis.Request(url, {
      method,
      headers: [...headers],
      redirect: redirect as RequestRedirect,
      signal,
      ...(body === null ? {} : { body: body as BodyInit, duplex: "half" }),
    } as RequestInit);
  }

  get [Symbol.toStringTag](): string {
    return "Request";
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isA(value, "Request");
  }
}

interface ResponseGiven {
  status?: number;
  statusText?: string;
  headers?: HeadersGiven;
}

const NULL_BODY = new Set([101, 103, 204, 205, 304]);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

class LightResponse extends LightBody {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly type: string = "default";
  readonly url: string = "";
  readonly redirected: boolean = false;

  constructor(body?: BodyGiven, given: ResponseGiven = {}) {
    super();
    const status = Number(given.status ?? 200);
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(`Response: the status ${given.status} is not from 200 to 599.`);
    }
    this.status = status;
    this.statusText = String(given.statusText ?? "");
    if (/[^\t\x20-\x7e\x80-\xff]/.test(this.statusText)) throw new TypeError("Response: the status text is malformed.");
    this.headers = new LightHeaders(given.headers) as unknown as Headers;
    if (NULL_BODY.has(status) && body !== null && body !== undefined) {
      throw new TypeError(`Response: one with the status ${status} cannot have a body.`);
    }
    const type = this.take(body);
    if (type !== null && !this.headers.has("content-type")) this.headers.set("content-type", type);
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  clone(): LightResponse {
    const { status, statusText, headers } = this;
    return new LightResponse(this.shared(), { status, statusText, headers });
  }

  static json(data: unknown, given: ResponseGiven = {}): LightResponse {
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError("Response: the value cannot be written as JSON.");
    const headers = new LightHeaders(given.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return new LightResponse(text, { ...statusOf(given), headers });
  }

  static redirect(url: string | URL, status = 302): LightResponse {
    if (!REDIRECTS.has(status)) throw new RangeError(`Response: ${status} is not a status of redirects.`);
    return new LightResponse(null, { status, headers: { location: new URL(String(url)).href } });
  }

  get [Symbol.toStringTag](): string {
    return "Response";
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isA(value, "Response");
  }
}

function statusOf({ status, statusText }: ResponseGiven): ResponseGiven {
  return { ...(status !== undefined && { status }), ...(statusText !== undefined && { statusText }) };
}

/** A request as Node's own, for `fetch` and for handlers; one that is already comes back as it is. */
export function real(request: Request): Request {
  const light = request as unknown as LightRequest;
  return typeof light.real === "function" ? light.real() : request;
}

const headersClass = LightHeaders as unknown as typeof globalThis.Headers;
const requestClass = LightRequest as unknown as typeof globalThis.Request;
const responseClass = LightResponse as unknown as typeof globalThis.Response;

export { headersClass as Headers, requestClass as Request, responseClass as Response };
