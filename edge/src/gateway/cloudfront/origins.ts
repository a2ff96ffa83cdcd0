// Sends a request to what an event's origin names: a bucket, or a server found on this machine or by DNS
// (gap `aws-origin-dns`).

import { EdgeError } from "./error-page.js";
import type { EventOrigin } from "./events.js";
import { setHeader } from "./headers.js";
import type { CloudFrontDeployment, CloudFrontOrigin } from "./model.js";
import { OriginClient } from "./origin-fetch.js";
import { Bucket } from "./s3.js";
import type { Deps, EdgeRequest, EdgeResponse, Viewer } from "./types.js";

export class Origins {
  readonly #client: OriginClient;
  readonly #addresses: ReadonlyMap<string, URL>;
  readonly #buckets = new Map<string, Bucket>();

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
    }
  }

  /** The region of the bucket behind a domain name. */
  regionOf(domain: string): string {
    return this.#buckets.get(domain.toLowerCase())?.bucket.region ?? "us-east-1";
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
      const name = `s3://${bucket.bucket.name}`;
      this.deps.originStarted?.(name);
      const identity = configured.s3_origin_config?.origin_access_identity ?? "";
      const signs = configured.origin_access_control_id !== null || identity !== "";
      const response = bucket.answer({ ...request, uri, headers }, { distributionArn, signs });
      this.deps.originEnded?.({
        origin: name,
        status: response.status,
        bytes: (response.body as Buffer | undefined)?.byteLength ?? 0,
      });
      return response;
    }
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
  let { protocol, port } = custom;
  const config = configured.custom_origin_config;
  // As long as no function chose another origin, `match-viewer` follows the viewer.
  if (config?.origin_protocol_policy === "match-viewer" && custom.domainName === configured.domain_name) {
    protocol = viewer.protocol ?? "https";
    port = protocol === "http" ? config.http_port : config.https_port;
  }
  return new URL(`${protocol}://${domain}:${port}`);
}

/** `Host` for an origin: its domain name, with the port where it is not the protocol's own. */
function hostOf(domain: string, base: URL): string {
  return base.port === "" || base.hostname !== domain.toLowerCase() ? domain : `${domain}:${base.port}`;
}
