// What the CloudFront tests share: a real origin on loopback, and documents made of few words.

import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterEach } from "vitest";
import {
  type CloudFront,
  createCloudFront,
  type Deps,
  type LogLine,
  type Viewer,
} from "../../src/platforms/cloudfront/gateway/index.js";
import type {
  CacheBehavior,
  CloudFrontCachePolicy,
  CloudFrontDeployment,
  CloudFrontFunction,
  CloudFrontOrigin,
  Distribution,
  LambdaVersion,
  OriginRequestPolicy,
} from "../../src/platforms/cloudfront/gateway/model.js";

const stops: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

export interface Seen {
  method: string;
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface Origin {
  url: string;
  port: number;
  seen: Seen[];
  close(): Promise<void>;
}

export type Answerer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** An origin that notes what it is asked. */
export async function origin(answer: Answerer): Promise<Origin> {
  const seen: Seen[] = [];
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      seen.push({ method: incoming.method ?? "", url: incoming.url ?? "", headers: { ...incoming.headers }, body });
      answer(incoming, outgoing, body);
    });
  });
  const port = await listen(server);
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  stops.push(close);
  return { url: `http://127.0.0.1:${port}`, port, seen, close };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
}

export const DISTRIBUTION_ID = "EDFDVBD6EXAMPLE";
export const DOMAIN = "d111111abcdef8.cloudfront.net";

export function behavior(more: Partial<CacheBehavior> = {}): CacheBehavior {
  return {
    path_pattern: null,
    target_origin_id: "main",
    viewer_protocol_policy: "allow-all",
    allowed_methods: ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
    cached_methods: ["GET", "HEAD"],
    compress: false,
    cache_policy_id: "policy",
    origin_request_policy_id: null,
    response_headers_policy_id: null,
    forwarded_values: null,
    min_ttl: null,
    default_ttl: null,
    max_ttl: null,
    function_associations: [],
    lambda_function_associations: [],
    trusted_key_groups: [],
    trusted_signers: [],
    ...more,
  };
}

export function customOrigin(port: number, more: Partial<CloudFrontOrigin> = {}): CloudFrontOrigin {
  return {
    origin_id: "main",
    domain_name: "localhost",
    origin_path: "",
    connection_attempts: 1,
    connection_timeout: 2,
    custom_headers: [],
    custom_origin_config: {
      http_port: port,
      https_port: 443,
      origin_protocol_policy: "http-only",
      origin_ssl_protocols: ["TLSv1.2"],
      origin_read_timeout: 30,
      origin_keepalive_timeout: 5,
    },
    s3_origin_config: null,
    origin_access_control_id: null,
    ...more,
  };
}

export interface PolicyWords {
  id?: string;
  min?: number;
  default?: number;
  max?: number;
  headers?: string[];
  cookies?: string[] | "all";
  queries?: string[] | "all";
  queriesExcept?: string[];
  gzip?: boolean;
  brotli?: boolean;
}

export function cachePolicy(words: PolicyWords = {}): CloudFrontCachePolicy {
  const query = words.queriesExcept ? "allExcept" : listBehavior(words.queries);
  return {
    id: words.id ?? "policy",
    name: "policy",
    min_ttl: words.min ?? 0,
    default_ttl: words.default ?? 60,
    max_ttl: words.max ?? 31536000,
    parameters_in_cache_key_and_forwarded_to_origin: {
      headers_config: { header_behavior: words.headers ? "whitelist" : "none", headers: items(words.headers) },
      cookies_config: { cookie_behavior: listBehavior(words.cookies), cookies: items(words.cookies) },
      query_strings_config: {
        query_string_behavior: query,
        query_strings: items(words.queriesExcept ?? words.queries),
      },
      enable_accept_encoding_gzip: words.gzip ?? false,
      enable_accept_encoding_brotli: words.brotli ?? false,
    },
  };
}

function listBehavior(list: string[] | "all" | undefined): "none" | "all" | "whitelist" {
  return list === undefined ? "none" : list === "all" ? "all" : "whitelist";
}

function items(list: string[] | "all" | undefined): { items: string[] } | null {
  return Array.isArray(list) ? { items: list } : null;
}

export function originRequestPolicy(more: Partial<OriginRequestPolicy> = {}): OriginRequestPolicy {
  return {
    id: "forward",
    name: "forward",
    headers_config: { header_behavior: "none", headers: null },
    cookies_config: { cookie_behavior: "none", cookies: null },
    query_strings_config: { query_string_behavior: "none", query_strings: null },
    ...more,
  };
}

export function distribution(origins: CloudFrontOrigin[], more: Partial<Distribution> = {}): Distribution {
  return {
    id: DISTRIBUTION_ID,
    arn: `arn:aws:cloudfront::000000000000:distribution/${DISTRIBUTION_ID}`,
    domain_name: DOMAIN,
    enabled: true,
    staging: false,
    aliases: [],
    comment: "",
    default_root_object: "",
    http_version: "http2and3",
    origins,
    origin_groups: [],
    default_cache_behavior: behavior(),
    ordered_cache_behaviors: [],
    custom_error_responses: [],
    restrictions: { geo_restriction: { restriction_type: "none", locations: [] } },
    continuous_deployment_policy_id: null,
    web_acl_id: null,
    cache_tag_config: null,
    ...more,
  };
}

export function deployment(more: Partial<CloudFrontDeployment>): CloudFrontDeployment {
  return {
    distributions: [],
    cache_policies: [cachePolicy()],
    origin_request_policies: [],
    response_headers_policies: [],
    continuous_deployment_policies: [],
    public_keys: [],
    key_groups: [],
    functions: [],
    key_value_stores: [],
    lambda_versions: [],
    web_acls: [],
    ip_sets: [],
    buckets: [],
    addresses: [],
    ...more,
  };
}

export const LAMBDA_ARN = "arn:aws:lambda:us-east-1:000000000000:function:edge:1";

export function lambda(source: string, more: Partial<LambdaVersion> & { file?: string } = {}): LambdaVersion {
  const { file = "index.mjs", ...rest } = more;
  return {
    arn: LAMBDA_ARN,
    name: "edge",
    version: "1",
    runtime: "nodejs22.x",
    handler: "index.handler",
    timeout: 5,
    memory_size: 128,
    fingerprint: "",
    interpreter: null,
    directory: null,
    files: [{ path: file, content_base64: Buffer.from(source).toString("base64") }],
    ...rest,
  };
}

export const FUNCTION_ARN = "arn:aws:cloudfront::000000000000:function/edge";

export function edgeFunction(code: string, more: Partial<CloudFrontFunction> = {}): CloudFrontFunction {
  return {
    arn: FUNCTION_ARN,
    name: "edge",
    runtime: "cloudfront-js-2.0",
    code,
    key_value_store_associations: [],
    ...more,
  };
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  rawHeaders: string[];
  body: string;
}

export interface Edge {
  cloudfront: CloudFront;
  url: string;
  logs: LogLine[];
  get(
    path: string,
    options?: { method?: string; headers?: Record<string, string | string[]>; body?: string },
  ): Promise<Answer>;
}

/** A CloudFront behind a real server on loopback. A viewer's country and protocol are chosen by `viewer`. */
export async function edge(
  document: CloudFrontDeployment,
  deps: Deps = {},
  viewer: Partial<Viewer> = {},
): Promise<Edge> {
  const logs: LogLine[] = [];
  const cloudfront = createCloudFront(document, { log: (line) => logs.push(line), ...deps });
  const server = createServer({ maxHeaderSize: 65_536 }, (incoming, outgoing) => {
    const who: Viewer = { ip: "203.0.113.178", port: 46532, httpVersion: "1.1", ...viewer };
    cloudfront.handleNode(incoming, outgoing, who, DOMAIN).catch((error: unknown) => {
      outgoing.writeHead(500).end(String(error));
    });
  });
  const port = await listen(server);
  stops.push(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await cloudfront.settled();
    await cloudfront.stop();
  });
  const get: Edge["get"] = async (path, options = {}) => {
    const answer = await ask(port, path, options);
    // It is stored behind the answer; the next request is to find it however busy this machine is.
    await cloudfront.settled();
    return answer;
  };
  return { cloudfront, logs, url: `http://127.0.0.1:${port}`, get };
}

function ask(
  port: number,
  path: string,
  {
    method = "GET",
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string | string[]>; body?: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, path, method, headers, agent: false, maxHeaderSize: 65536 },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const bytes = Buffer.concat(chunks);
          const encoding = incoming.headers["content-encoding"];
          const plain =
            encoding === "gzip" ? gunzipSync(bytes) : encoding === "br" ? brotliDecompressSync(bytes) : bytes;
          resolve({
            status: incoming.statusCode ?? 0,
            headers: Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
            rawHeaders: incoming.rawHeaders,
            body: plain.toString(),
          });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** A clock that tests turn. */
export function clock(start = Date.parse("2026-11-01T00:00:00Z")): { now(): number; advance(seconds: number): void } {
  let at = start;
  return {
    now: () => at,
    advance: (seconds) => {
      at += seconds * 1000;
    },
  };
}

/** One distribution with one origin and one policy. */
export function simple(port: number, policy: PolicyWords = {}, more: Partial<Distribution> = {}): CloudFrontDeployment {
  return deployment({
    distributions: [distribution([customOrigin(port)], more)],
    cache_policies: [cachePolicy(policy)],
  });
}
