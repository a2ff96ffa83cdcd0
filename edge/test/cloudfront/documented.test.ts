// What AWS's pages of the event structure and of example functions describe and no other file here shows: S3 origins in
// events, functions that change between S3 and other origins, and the same in Python.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-examples.html

import { describe, expect, it } from "vitest";
import type { CloudFrontOrigin, LambdaVersion, S3Bucket } from "../../src/platforms/cloudfront/gateway/model.js";
import {
  behavior,
  cachePolicy,
  customOrigin,
  deployment,
  distribution,
  edge,
  LAMBDA_ARN,
  lambda,
  origin,
} from "./support.js";

const BUCKET = "amzn-s3-demo-bucket.s3.eu-west-1.amazonaws.com";

const bucket: S3Bucket = {
  name: "amzn-s3-demo-bucket",
  region: "eu-west-1",
  domain_names: [BUCKET],
  website: null,
  website_domain_names: [],
  directory: null,
  objects: [
    {
      key: "files/page",
      content_base64: Buffer.from("from S3").toString("base64"),
      file: null,
      content_type: "text/plain",
      cache_control: null,
      content_encoding: null,
      content_disposition: null,
      content_language: null,
      metadata: {},
      website_redirect: null,
    },
  ],
  public_read: true,
  readers: [],
  listers: [],
};

const s3Origin: CloudFrontOrigin = {
  ...customOrigin(0),
  origin_id: "main",
  domain_name: BUCKET,
  origin_path: "/files",
  custom_headers: [{ name: "X-Shared", value: "secret" }],
  custom_origin_config: null,
  s3_origin_config: { origin_access_identity: "" },
};

async function site(
  version: LambdaVersion,
  from: CloudFrontOrigin,
  more: { body?: boolean; event?: "origin-request" | "viewer-request"; domain?: { name: string; url: string } } = {},
) {
  const association = {
    event_type: more.event ?? ("origin-request" as const),
    lambda_arn: LAMBDA_ARN,
    include_body: more.body ?? false,
  };
  return edge(
    deployment({
      cache_policies: [cachePolicy({ queries: "all", headers: ["CloudFront-Viewer-Country"] })],
      distributions: [
        distribution([from], { default_cache_behavior: behavior({ lambda_function_associations: [association] }) }),
      ],
      buckets: [bucket],
      lambda_versions: [version],
      addresses: more.domain === undefined ? [] : [{ domain_name: more.domain.name, url: more.domain.url }],
    }),
    {},
    { country: "DE" },
  );
}

const python = (source: string): LambdaVersion =>
  lambda(source, { file: "index.py", runtime: "python3.13", timeout: 20 });

describe("an event of an S3 origin", () => {
  it("has the documented fields and no others", async () => {
    const made = await site(
      lambda(`export const handler = async (event) => ({
        status: "200", body: JSON.stringify(event.Records[0].cf.request.origin),
      });`),
      s3Origin,
    );
    expect(JSON.parse((await made.get("/page")).body)).toEqual({
      s3: {
        authMethod: "none",
        customHeaders: { "x-shared": [{ key: "X-Shared", value: "secret" }] },
        domainName: BUCKET,
        path: "/files",
        region: "eu-west-1",
      },
    });
  });

  it("says origin-access-identity where the origin has one", async () => {
    const made = await site(
      lambda(`export const handler = async (event) => ({
        status: "200", body: event.Records[0].cf.request.origin.s3.authMethod,
      });`),
      { ...s3Origin, s3_origin_config: { origin_access_identity: "origin-access-identity/cloudfront/E1" } },
    );
    expect((await made.get("/page")).body).toBe("origin-access-identity");
  });
});

const TO_CUSTOM = (domain: string, port: number): string => `
def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    if "x=custom" in request["querystring"]:
        request["origin"] = {"custom": {
            "domainName": "${domain}", "port": ${port}, "protocol": "http", "path": "/moved", "sslProtocols": ["TLSv1.2"],
            "readTimeout": 5, "keepaliveTimeout": 5, "customHeaders": {},
        }}
        request["headers"]["host"] = [{"key": "host", "value": "${domain}"}]
    return request
`;

const TO_S3 = `
export const handler = async (event) => {
  const { request } = event.Records[0].cf;
  if (request.headers["cloudfront-viewer-country"]?.[0].value === "DE") {
    request.origin = { s3: {
      domainName: "${BUCKET}", region: "eu-west-1", authMethod: "none", path: "/files", customHeaders: {},
    } };
    request.headers.host = [{ key: "host", value: "${BUCKET}" }];
  }
  return request;
};`;

describe("a function on origin-request", () => {
  it("changes an S3 origin for another, in Python", async () => {
    const other = await origin((request, response) => response.end(`${request.headers.host} ${request.url}`));
    const made = await site(python(TO_CUSTOM("localhost", other.port)), s3Origin);
    expect((await made.get("/page")).body).toBe("from S3");
    expect((await made.get("/page?x=custom")).body).toBe("localhost /moved/page?x=custom");
  });

  it("changes another origin for S3, by the viewer's country", async () => {
    const other = await origin((_request, response) => response.end("other"));
    const made = await site(lambda(TO_S3), customOrigin(other.port));
    expect((await made.get("/page")).body).toBe("from S3");
    expect(other.seen).toEqual([]);
  });

  it("reads a form in Python, and sends another body on", async () => {
    const other = await origin((request, response, body) => response.end(`${request.method} ${body}`));
    const made = await site(
      python(`
import base64
from urllib.parse import parse_qs, urlencode

def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    form = parse_qs(base64.b64decode(request["body"]["data"]).decode())
    request["body"] = {"action": "replace", "encoding": "text", "data": urlencode({"name": form["name"][0].upper()})}
    return request
`),
      customOrigin(other.port),
      { body: true },
    );
    const answer = await made.get("/form", { method: "POST", body: "name=edge&x=1" });
    expect(answer.body).toBe("POST name=EDGE");
  });
});
