// Sends a request to what an event's origin names: a bucket, or a server found on this machine or by DNS
// (gap `aws-origin-dns`).

import { EdgeError } from "./error-page.js";
import type { CustomOrigin, EventOrigin } from "./events.js";
import { setHeader } from "./headers.js";
import type { CloudFrontDeployment, CloudFrontOrigin } from "./model.js";
import { OriginClient, OriginError, UNRESOLVED } from "./origin-fetch.js";
import { Bucket } from "./s3.js";
import { WebsiteEndpoint } from "./s3-website.js";
import type { Deps, EdgeRequest, EdgeResponse, Viewer } from "./types.js";

const NO_HTTPS =
  "CloudFront attempted to establish a connection with the origin, but either the attempt failed or the origin closed the connection.";

/** Names that no DNS has (RFC 6761, sections 6.2, 6.4 and 6.5). */
const NOWHERE = /(?:^|\.)(?:example|invalid|test)\.?$/;

export class Origins {
  readonly #client: OriginClient;
  readonly #addresses: ReadonlyMap<string, URL>;
  readonly #buckets = new Map<string, Bucket>();
  readonly #websites = new Map<string, WebsiteEndpoint>();

  constructor(
    deployment: CloudFrontDeployment,
    private readonly deps: Deps,
  ) {
    this.#client = new OriginClient(deps);
    this.#addresses = new Map(
      deployment.addresses.map(({ domain_name: name, url }) => [name.toLowerCase(), new URL(url)]),
    );
    for (const config of deployment.buckets) {
      const bucket = new Bucket(config);
      for (const name of config.domain_names) this.#buckets.set(name.toLowerCase(), bucket);
      if (config.website === null) continue;
      const endpoint = new WebsiteEndpoint(bucket, config.website);
      for (const name of config.website_domain_names) this.#websites.set(name.toLowerCase(), endpoint);
    }
  }

  /** The region of the bucket behind a domain name. */
  regionOf(domain: string): string {
    return this.#buckets.get(domain.toLowerCase())?.bucket.region ?? "us-east-1";
  }

  /**
   * Finds an origin's name, as CloudFront does before it runs a function on origin-request; throws where there is none.
   * DNS itself is not asked: a name that is neither of this stack nor certain to be missing is taken to be there (gap
   * `aws-origin-dns`).
   * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html
   */
  resolve(domain: string): void {
    const name = domain.toLowerCase();
    const known = this.#addresses.has(name) || this.#buckets.has(name) || this.#websites.has(name);
    if (!known && NOWHERE.test(name))
      throw new OriginError(502, UNRESOLVED, `${domain} is a name that no DNS has`, true);
  }

  /**
   * @param request as it goes out: all headers, `uri` without the origin's path
   * @param configured the distribution's origin, for attempts, timeouts and access control
   */
  async send(
    request: EdgeRequest,
    origin: EventOrigin,
    configured: CloudFrontOrigin,
    viewer: Viewer,
    distributionArn: string,
  ): Promise<EdgeResponse> {
    const target = "custom" in origin ? origin.custom : origin.s3;
    const domain = target.domainName.toLowerCase();
    const uri = target.path + request.uri;
    const headers = { ...request.headers };
    for (const [name, fields] of Object.entries(target.customHeaders)) headers[name.toLowerCase()] = fields;
    const bucket = this.#buckets.get(domain);
    if (bucket !== undefined) {
      const identity = configured.s3_origin_config?.origin_access_identity ?? "";
      const signs = configured.origin_access_control_id !== null || identity !== "";
      return this.#counted(bucket, () => bucket.answer({ ...request, uri, headers }, { distributionArn, signs }));
    }
    const website = this.#websites.get(domain);
    if (website !== undefined) {
      const protocol = "custom" in origin ? protocolOf(origin.custom, configured, viewer) : "http";
      if (protocol === "https") {
        const detail = `${domain} takes HTTP alone: set originProtocolPolicy to http-only`;
        throw new OriginError(504, NO_HTTPS, detail, true);
      }
      if (headers.host === undefined) setHeader(headers, "Host", target.domainName);
      return this.#counted(website.bucket, () => website.answer({ ...request, uri, headers }));
    }
    this.resolve(domain);
    const base = this.#addresses.get(domain) ?? baseOf(origin, configured, viewer, domain);
    if (headers.host === undefined) setHeader(headers, "Host", hostOf(target.domainName, base));
    const query = request.querystring === "" ? "" : `?${request.querystring}`;
    const custom = "custom" in origin ? origin.custom : undefined;
    return this.#client.fetch({
      base,
      method: request.method,
      target: `${uri}${query}`,
      headers,
      body: request.body,
      attempts: configured.connection_attempts,
      connectionTimeoutMs: configured.connection_timeout * 1000,
      readTimeoutMs: (custom?.readTimeout ?? 30) * 1000,
      keepAliveMs: (custom?.keepaliveTimeout ?? 5) * 1000,
    });
  }

  #counted({ bucket }: Bucket, answer: () => EdgeResponse): EdgeResponse {
    const origin = `s3://${bucket.name}`;
    this.deps.originStarted?.(origin);
    const response = answer();
    const bytes = (response.body as Buffer | undefined)?.byteLength ?? 0;
    this.deps.originEnded?.({ origin, status: response.status, bytes });
    return response;
  }

  stop(): void {
    this.#client.stop();
  }
}

function baseOf(origin: EventOrigin, configured: CloudFrontOrigin, viewer: Viewer, domain: string): URL {
  if ("s3" in origin) {
    throw new EdgeError(
      502,
      "CloudFront wasn't able to resolve the origin domain name.",
      "Error",
      `no bucket of this stack is reached as ${domain}`,
    );
  }
  const { custom } = origin;
  const protocol = protocolOf(custom, configured, viewer);
  const config = configured.custom_origin_config;
  const follows = config !== null && protocol !== custom.protocol;
  const port = follows ? (protocol === "http" ? config.http_port : config.https_port) : custom.port;
  return new URL(`${protocol}://${domain}:${port}`);
}

/** As long as no function chose another origin, `match-viewer` follows the viewer. */
function protocolOf(custom: CustomOrigin, configured: CloudFrontOrigin, viewer: Viewer): "http" | "https" {
  const matches = configured.custom_origin_config?.origin_protocol_policy === "match-viewer";
  return matches && custom.domainName === configured.domain_name ? (viewer.protocol ?? "https") : custom.protocol;
}

/** `Host` for an origin: its domain name, with the port where it is not the protocol's own. */
function hostOf(domain: string, base: URL): string {
  return base.port === "" || base.hostname !== domain.toLowerCase() ? domain : `${domain}:${base.port}`;
}
