// A request's way through one distribution, from the viewer and back.

import { randomBytes } from "node:crypto";
import { STATUS_CODES } from "node:http";
import { CLOUDFRONT_REQUEST_BYTES, CLOUDFRONT_URL_BYTES } from "../../../core/limits.gen.js";
import { chooseBehavior } from "./behaviors.js";
import { discard } from "./body.js";
import type { Behavior, RunningDistribution } from "./distribution.js";
import type { Mark } from "./edge-cache.js";
import { EdgeError, errorPage } from "./error-page.js";
import { customized, fetchFor } from "./fetch-stage.js";
import { addHeader, copyHeaders, get, HOP_BY_HOP, has, headerBytes, headersOf, setHeader } from "./headers.js";
import { tagsOf } from "./invalidation.js";
import { cacheKey, selectQuery } from "./keys.js";
import type { Identity } from "./origin-request.js";
import type { Origins } from "./origins.js";
import { applyPolicy } from "./response-headers.js";
import { checkSigned, withoutSignature } from "./signed.js";
import { chooseStaging } from "./staging.js";
import type { Deps, EdgeRequest, EdgeResponse, ResultType, Viewer } from "./types.js";
import { addViewerHeaders } from "./viewer-headers.js";
import { hasViewerResponse, viewerRequest, viewerResponse } from "./viewer-stage.js";
import type { Blocked } from "./waf.js";

const NO_METHOD =
  "This distribution is not configured to allow the HTTP request method that was used for this request. The distribution supports only cachable requests.";

/** What a stage leaves for the end of the way. */
interface Result {
  response: EdgeResponse;
  result: ResultType;
  age?: number | undefined;
  mark: Mark;
}

export class Pipeline {
  readonly #now: () => number;
  readonly #random: () => number;

  constructor(
    private readonly origins: Origins,
    private readonly deps: Deps,
  ) {
    this.#now = deps.now ?? Date.now;
    this.#random = deps.random ?? Math.random;
  }

  /** Answers a request; never throws but for faults of this program. */
  async handle(primary: RunningDistribution, request: EdgeRequest, viewer: Viewer): Promise<EdgeResponse> {
    const started = performance.now();
    const { distribution, cookie } = this.#chosen(primary, request);
    const behavior = chooseBehavior(distribution.ordered, distribution.fallback, request.uri);
    const identity = identityOf(viewer, distribution);
    let result: Result;
    try {
      result = await this.#run(distribution, behavior, request, viewer, identity);
    } catch (error) {
      if (!(error instanceof EdgeError)) throw error;
      this.#note(error, request);
      result = { response: errorPage(error, identity.requestId), result: error.result, mark: { error: true } };
    }
    const response = await this.#finish(distribution, behavior, request, result, viewer, identity, started);
    if (cookie !== undefined) addHeader(response.headers, "Set-Cookie", cookie);
    return response;
  }

  #note(error: EdgeError, request: EdgeRequest): void {
    const message = `${request.method} ${request.uri}: ${error.status} ${error.message}${error.detail ? ` (${error.detail})` : ""}`;
    this.deps.log?.({ level: error.status >= 500 ? "error" : "info", message });
  }

  #chosen(primary: RunningDistribution, request: EdgeRequest): { distribution: RunningDistribution; cookie?: string } {
    if (primary.continuous === undefined) return { distribution: primary };
    const { policy, staging } = primary.continuous;
    const choice = chooseStaging(policy, request, this.#now(), this.#random);
    return {
      distribution: choice.staging ? staging : primary,
      ...(choice.cookie !== undefined && { cookie: choice.cookie }),
    };
  }

  async #run(
    distribution: RunningDistribution,
    behavior: Behavior,
    request: EdgeRequest,
    viewer: Viewer,
    identity: Identity,
  ): Promise<Result> {
    try {
      const refused = refusal(distribution, behavior, request, viewer, this.#now());
      if (refused !== undefined) return refused;
    } catch (error) {
      if (!(error instanceof EdgeError)) throw error;
      this.#note(error, request);
      // What CloudFront refuses itself has a custom error page too.
      const custom = distribution.config.custom_error_responses.find((each) => each.error_code === error.status);
      const response = await customized(errorPage(error, identity.requestId), custom, (path) =>
        this.#errorPage(distribution, path, request, viewer, identity),
      );
      return { response, result: "Error", mark: { error: true } };
    }
    const outcome = await viewerRequest(distribution, behavior, request, viewer, identity.requestId);
    if ("response" in outcome) return { ...outcome, mark: { error: true } };
    const wanted = outcome.request;
    if (behavior.keys !== undefined) wanted.querystring = withoutSignature(wanted.querystring);
    const root = distribution.config.default_root_object;
    if (wanted.uri === "/" && root !== "") wanted.uri = `/${root.replace(/^\//, "")}`;
    return this.#object(distribution, behavior, wanted, viewer, identity);
  }

  /** The object that a request is for, from the cache or from an origin. */
  async #object(
    distribution: RunningDistribution,
    behavior: Behavior,
    request: EdgeRequest,
    viewer: Viewer,
    identity: Identity,
  ): Promise<Result> {
    const { rules } = behavior;
    const fetch = async (conditions: readonly [string, string][] | undefined, method: string) => {
      const exchange = {
        distribution: distribution.config,
        behavior,
        request: { ...request, method },
        viewer,
        identity,
        conditions,
      };
      return fetchFor(
        exchange,
        this.origins,
        (path) => this.#errorPage(distribution, path, request, viewer, identity),
        this.#now(),
        (error) => this.#note(error, request),
      );
    };
    const cacheable = behavior.cached.has(request.method) && !rules.disabled;
    if (!cacheable) {
      const { response, mark, result } = await fetch(undefined, request.method);
      return { response, mark, result: result ?? "Miss" };
    }
    let own: ResultType | undefined;
    const wanted = keyed(request, rules.generated, viewer);
    const epoch = distribution.invalidations.epoch(pathOf(wanted, behavior));
    const key = `${epoch} ${cacheKey(distribution.config.id, wanted, rules)}`;
    // Where cookies go to the origin, nobody waits for what another request brings.
    const answer = await distribution.cache.handle(key, request, !rules.cookies, async ({ method, headers }) => {
      const fetched = await fetch(headers, request.method === "OPTIONS" ? "OPTIONS" : method);
      own = fetched.result;
      const tagged = distribution.config.cache_tag_config?.header_name.toLowerCase();
      // Documented are tags of an origin's answer and of a function on origin-response, which runs for no other one.
      const listed = tagged === undefined || fetched.mark.generated ? [] : (fetched.response.headers[tagged] ?? []);
      return { ...fetched, tags: tagsOf(listed.map(({ value }) => value).join(",")) };
    });
    const { response, mark, age } = answer;
    const result = mark.error ? (own ?? "Error") : answer.result === "Miss" ? (own ?? "Miss") : answer.result;
    return { response, mark, age, result };
  }

  /** A custom error page is an object of the distribution, found by its path like any other. */
  async #errorPage(
    distribution: RunningDistribution,
    path: string,
    request: EdgeRequest,
    viewer: Viewer,
    identity: Identity,
  ): Promise<EdgeResponse | undefined> {
    // A page that fails has no page of its own.
    const bare: EdgeRequest = {
      method: "GET",
      uri: path,
      querystring: "",
      headers: copyHeaders(request.headers),
      body: undefined,
    };
    for (const name of ["range", "if-range", "if-none-match", "if-modified-since", "if-match", "if-unmodified-since"])
      delete bare.headers[name];
    const behavior = chooseBehavior(distribution.ordered, distribution.fallback, path);
    const plain = { ...distribution, config: { ...distribution.config, custom_error_responses: [] } };
    try {
      return (await this.#object(plain, behavior, bare, viewer, identity)).response;
    } catch (error) {
      if (!(error instanceof EdgeError)) throw error;
      return undefined;
    }
  }

  async #finish(
    distribution: RunningDistribution,
    behavior: Behavior,
    request: EdgeRequest,
    { response: given, result: type, age, mark }: Result,
    viewer: Viewer,
    identity: Identity,
    started: number,
  ): Promise<EdgeResponse> {
    let response = given;
    let result = type;
    if (age !== undefined) setHeader(response.headers, "Age", String(age));
    else delete response.headers.age;
    for (const name of HOP_BY_HOP) delete response.headers[name];
    if (behavior.responseHeaders !== undefined && result !== "Redirect") {
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
}

/** What is refused before any function runs. */
function refusal(
  distribution: RunningDistribution,
  behavior: Behavior,
  request: EdgeRequest,
  viewer: Viewer,
  now: number,
): Result | undefined {
  const { uri, querystring, method } = request;
  // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#RequestCustomMaxRequestStringLength
  const urlBytes = uri.length + querystring.length;
  if (urlBytes > CLOUDFRONT_URL_BYTES || urlBytes + headerBytes(request.headers) > CLOUDFRONT_REQUEST_BYTES)
    throw new EdgeError(
      413,
      "Request Entity Too Large.",
      "Error",
      `a URL has at most ${CLOUDFRONT_URL_BYTES} bytes, it and the headers ${CLOUDFRONT_REQUEST_BYTES}`,
    );
  const blocked = distribution.firewall?.decide(request, viewer, now);
  if (blocked !== undefined) return shut(blocked);
  if (distribution.geo?.(viewer.country) === false) {
    throw new EdgeError(403, "The Amazon CloudFront distribution is configured to block access from your country.");
  }
  if ((viewer.protocol ?? "https") === "http" && behavior.config.viewer_protocol_policy !== "allow-all") {
    if (behavior.config.viewer_protocol_policy === "https-only") throw new EdgeError(403, "Bad request.");
    return redirect(request);
  }
  if (!behavior.allowed.has(method)) throw new EdgeError(403, NO_METHOD);
  if (method === "GET" && hasBody(request))
    throw new EdgeError(403, "Bad request.", "Error", "a GET request with a body");
  if (behavior.keys !== undefined) checkSigned(request, behavior.keys, viewer, now);
  return undefined;
}

/** A web ACL's own answer, or CloudFront's 403, which may have a custom error page. */
function shut({ rule, custom }: Blocked): Result {
  if (custom === undefined) throw new EdgeError(403, "Request blocked.", "Error", `by the web ACL's ${rule}`);
  const body = Buffer.from(custom.body?.content ?? "");
  const headers = headersOf([["Server", "CloudFront"], ...custom.headers]);
  if (custom.body !== undefined) setHeader(headers, "Content-Type", custom.body.type);
  setHeader(headers, "Content-Length", String(body.byteLength));
  const { status } = custom;
  return {
    response: { status, statusDescription: STATUS_CODES[status] ?? "", headers, body },
    result: "Error",
    mark: { error: true },
  };
}

function hasBody(request: EdgeRequest): boolean {
  const length = get(request.headers, "content-length");
  return (length !== undefined && length !== "0") || has(request.headers, "transfer-encoding");
}

function redirect({ headers, uri, querystring, method }: EdgeRequest): Result {
  const query = querystring === "" ? "" : `?${querystring}`;
  const host = (get(headers, "host") ?? "").replace(/:\d+$/, "");
  // The method of what is not GET or HEAD survives only a 307.
  const status = method === "GET" || method === "HEAD" ? 301 : 307;
  const title = status === 301 ? "Moved Permanently" : "Temporary Redirect";
  const body = Buffer.from(
    `<html>\r\n<head><title>${status} ${title}</title></head>\r\n<body>\r\n<center><h1>${status} ${title}</h1></center>\r\n<hr><center>CloudFront</center>\r\n</body>\r\n</html>\r\n`,
  );
  return {
    response: {
      status,
      statusDescription: title,
      headers: headersOf([
        ["Server", "CloudFront"],
        ["Content-Type", "text/html"],
        ["Content-Length", String(body.byteLength)],
        ["Location", `https://${host}${uri}${query}`],
      ]),
      body,
    },
    result: "Redirect",
    mark: { error: true },
  };
}

/** The request with the generated headers that its key may ask for. */
function keyed(request: EdgeRequest, generated: ReadonlySet<string>, viewer: Viewer): EdgeRequest {
  if (generated.size === 0) return request;
  const headers = copyHeaders(request.headers);
  addViewerHeaders(headers, generated, viewer);
  return { ...request, headers };
}

/** The path of an object as an invalidation names it. */
function pathOf(request: EdgeRequest, behavior: Behavior): string {
  const query = selectQuery(request.querystring, behavior.rules.key.query);
  return query === "" ? request.uri : `${request.uri}?${query}`;
}

function identityOf(viewer: Viewer, distribution: RunningDistribution): Identity {
  const requestId = `${randomBytes(41).toString("base64url")}==`;
  const node = Buffer.from(distribution.config.id).toString("hex").padEnd(32, "0").slice(0, 32);
  return { requestId, via: `${viewer.httpVersion ?? "1.1"} ${node}.cloudfront.net (CloudFront)` };
}

function popOf(viewer: Viewer): string {
  return `${(viewer.colo ?? "IAD").toUpperCase()}50-C1`;
}
