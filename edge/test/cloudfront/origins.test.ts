import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OriginExchange } from "../../src/platforms/cloudfront/gateway/index.js";
import type { CloudFrontOrigin, CustomErrorResponse, S3Bucket } from "../../src/platforms/cloudfront/gateway/model.js";
import { Slow } from "../support/http.js";
import {
  type Answerer,
  behavior,
  cachePolicy,
  clock,
  customOrigin,
  DISTRIBUTION_ID,
  deployment,
  distribution,
  edge,
  LAMBDA_ARN,
  lambda,
  origin,
  simple,
} from "./support.js";

const status =
  (code: number, body: string): Answerer =>
  (_request, response) =>
    response.writeHead(code, { "Cache-Control": "max-age=0" }).end(body);

function group(primary: CloudFrontOrigin, secondary: CloudFrontOrigin, codes = [500, 503]) {
  return deployment({
    distributions: [
      distribution(
        [
          { ...primary, origin_id: "primary" },
          { ...secondary, origin_id: "secondary" },
        ],
        {
          origin_groups: [
            {
              origin_id: "main",
              failover_criteria: { status_codes: codes },
              members: [{ origin_id: "primary" }, { origin_id: "secondary" }],
            },
          ],
        },
      ),
    ],
  });
}

/** A port on which nothing listens: below those that systems give to whoever asks for any, so that nothing comes to. */
async function closedPort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 8_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

describe("origin groups", () => {
  it("fail over on the statuses named, and on no others", async () => {
    let code = 503;
    const primary = await origin((_request, response) => response.writeHead(code).end("primary"));
    const secondary = await origin(status(200, "secondary"));
    const site = await edge(group(customOrigin(primary.port), customOrigin(secondary.port)));
    expect((await site.get("/a")).body).toBe("secondary");
    code = 404;
    const other = await site.get("/b");
    expect([other.status, other.body]).toEqual([404, "primary"]);
    expect(secondary.seen).toHaveLength(1);
  });

  it("fail over when the primary cannot be reached or does not answer in time", async () => {
    const secondary = await origin(status(200, "secondary"));
    const site = await edge(group(customOrigin(await closedPort()), customOrigin(secondary.port)));
    expect((await site.get("/a")).body).toBe("secondary");
    const silent = await origin(() => {});
    const slow = customOrigin(silent.port);
    (slow.custom_origin_config as { origin_read_timeout: number }).origin_read_timeout = 0.5;
    expect((await (await edge(group(slow, customOrigin(secondary.port)))).get("/a")).body).toBe("secondary");
  });

  it("do not fail over for methods that write", async () => {
    const primary = await origin(status(503, "primary"));
    const secondary = await origin(status(200, "secondary"));
    const site = await edge(group(customOrigin(primary.port), customOrigin(secondary.port)));
    expect((await site.get("/a", { method: "POST", body: "x" })).status).toBe(503);
    expect(secondary.seen).toEqual([]);
  });

  it("go back to the primary with each request", async () => {
    const primary = await origin(status(503, "primary"));
    const secondary = await origin(status(200, "secondary"));
    const site = await edge(group(customOrigin(primary.port), customOrigin(secondary.port)));
    await site.get("/a");
    await site.get("/b");
    expect(primary.seen).toHaveLength(2);
  });

  it("run the origin-request function for each origin", async () => {
    const primary = await origin(status(503, "primary"));
    const secondary = await origin(status(200, "secondary"));
    const document = group(customOrigin(primary.port), customOrigin(secondary.port));
    document.lambda_versions.push(lambda(`export const handler = async (event) => event.Records[0].cf.request;`));
    document.distributions[0]?.default_cache_behavior.lambda_function_associations.push({
      event_type: "origin-request",
      lambda_arn: LAMBDA_ARN,
      include_body: false,
    });
    const site = await edge(document);
    expect((await site.get("/a")).body).toBe("secondary");
    expect(site.cloudfront.stats().lambda[0]?.invocations).toBe(2);
  });
});

describe("a slow upload", () => {
  it("is not the origin's time: its answer counts from the end of the body", async () => {
    const slow = await origin((_request, response, body) => response.end(body));
    const patient = customOrigin(slow.port);
    (patient.custom_origin_config as { origin_read_timeout: number }).origin_read_timeout = 1;
    const site = await edge(deployment({ distributions: [distribution([patient])], cache_policies: [cachePolicy()] }));
    const client = new Slow(site.url, "POST / HTTP/1.1\r\nHost: d.test\r\nContent-Length: 4\r\n\r\na");
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(client.answer().text).toBe("");
    client.write("bcd");
    await expect.poll(() => client.answer().text).toMatch(/^HTTP\/1\.1 200.*abcd$/s);
    client.breakOff();
  });

  it("that breaks off ends at the origin too", async () => {
    let closed = 0;
    let started = 0;
    const server = createHttpServer((incoming) => {
      started += 1;
      incoming.on("error", () => {});
      incoming.on("close", () => {
        closed += 1;
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const site = await edge(simple((server.address() as { port: number }).port));
    const client = new Slow(site.url, "POST / HTTP/1.1\r\nHost: d.test\r\nContent-Length: 4\r\n\r\na");
    await expect.poll(() => started).toBe(1);
    client.breakOff();
    await expect.poll(() => closed).toBe(1);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("an origin that fails", () => {
  it("is a 502 where nothing listens, and 502 where its name is unknown", async () => {
    const site = await edge(simple(await closedPort()));
    const refused = await site.get("/");
    expect([refused.status, refused.headers["x-cache"], refused.headers.server]).toEqual([
      502,
      "Error from cloudfront",
      "CloudFront",
    ]);
    expect(refused.body).toContain("CloudFront wasn't able to connect to the origin.");
    const unknown = deployment({
      distributions: [distribution([customOrigin(80, { domain_name: "nowhere.invalid" })])],
    });
    const unresolved = await (await edge(unknown)).get("/");
    expect(unresolved.status).toBe(502);
    expect(unresolved.body).toContain("resolve the origin domain name");
  });

  it("is a 504 where it does not answer in time, asked as often as attempts say", async () => {
    const silent = await origin(() => {});
    const slow = customOrigin(silent.port, { connection_attempts: 2 });
    (slow.custom_origin_config as { origin_read_timeout: number }).origin_read_timeout = 0.5;
    const site = await edge(deployment({ distributions: [distribution([slow])] }));
    expect((await site.get("/")).status).toBe(504);
    await expect.poll(() => silent.seen.length).toBe(2);
    expect((await site.get("/", { method: "POST", body: "x" })).status).toBe(504);
    await expect.poll(() => silent.seen.length).toBe(3);
  });

  it("is counted, with its bytes and statuses", async () => {
    const exchanges: OriginExchange[] = [];
    const started: string[] = [];
    const from = await origin((_request, response) => response.end("12345"));
    const site = await edge(simple(from.port), {
      originStarted: (name) => started.push(name),
      originEnded: (exchange) => exchanges.push(exchange),
    });
    await site.get("/");
    await expect.poll(() => exchanges).toEqual([{ origin: `http://localhost:${from.port}`, status: 200, bytes: 5 }]);
    expect(started).toHaveLength(1);
  });

  it("is a 502 where its headers are too many, and passed on where they are just not", async () => {
    const from = await origin((request, response) => {
      response.writeHead(200, { "X-Long": "x".repeat(request.url === "/over" ? 20_480 : 19_000) }).end();
    });
    const site = await edge(simple(from.port));
    expect((await site.get("/under")).headers["x-long"]).toHaveLength(19_000);
    const over = await site.get("/over");
    expect([over.status, over.headers["x-cache"]]).toEqual([502, "Error from cloudfront"]);
    expect(site.logs.some(({ message }) => message.includes("bytes of headers; CloudFront takes 20480"))).toBe(true);
  });

  it("that breaks off half-way is not stored", async () => {
    let broken = true;
    const from = await origin((_request, response) => {
      response.writeHead(200, { "Content-Length": "10", "Cache-Control": "max-age=60" });
      response.write("12345");
      if (broken) setTimeout(() => response.destroy(), 20);
      else response.end("67890");
    });
    const site = await edge(simple(from.port));
    await site.get("/").catch(() => undefined);
    broken = false;
    expect((await site.get("/")).body).toBe("1234567890");
    expect(from.seen).toHaveLength(2);
  });

  it("streams: the first bytes come before the last", async () => {
    let finish = (): void => {};
    const from = await origin((_request, response) => {
      response.writeHead(200, { "Content-Type": "text/plain" });
      response.write("first");
      finish = () => response.end("last");
    });
    const site = await edge(simple(from.port));
    const response = await fetch(`${site.url}/stream`);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("first");
    finish();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("last");
  });
});

describe("custom error responses", () => {
  const custom = (more: Partial<CustomErrorResponse> = {}): CustomErrorResponse => ({
    error_code: 404,
    error_caching_min_ttl: 30,
    response_code: 200,
    response_page_path: "/index.html",
    ...more,
  });

  it("replace an error by a page with another status, for the error TTL", async () => {
    const time = clock();
    const from = await origin((request, response) => {
      if (request.url === "/index.html")
        response.writeHead(200, { "Content-Type": "text/html", ETag: '"p"' }).end("<app>");
      else response.writeHead(404).end("no");
    });
    const site = await edge(simple(from.port, {}, { custom_error_responses: [custom()] }), { now: time.now });
    const first = await site.get("/deep/link");
    expect([first.status, first.body, first.headers["content-type"], first.headers["x-cache"]]).toEqual([
      200,
      "<app>",
      "text/html",
      "Error from cloudfront",
    ]);
    time.advance(20);
    expect((await site.get("/deep/link")).body).toBe("<app>");
    expect(from.seen.map((each) => each.url)).toEqual(["/deep/link", "/index.html"]);
    time.advance(11);
    await site.get("/deep/link");
    expect(from.seen.map((each) => each.url)).toEqual(["/deep/link", "/index.html", "/deep/link"]);
  });

  it("keep the error where the page is missing too", async () => {
    const from = await origin(status(404, "nothing"));
    const site = await edge(simple(from.port, {}, { custom_error_responses: [custom()] }));
    expect((await site.get("/x")).status).toBe(404);
  });

  it("take the page from the behavior that its path belongs to, also when the origin is gone", async () => {
    const pages = await origin(status(200, "sorry"));
    const document = deployment({
      distributions: [
        distribution([customOrigin(await closedPort()), customOrigin(pages.port, { origin_id: "pages" })], {
          ordered_cache_behaviors: [behavior({ path_pattern: "/errors/*", target_origin_id: "pages" })],
          custom_error_responses: [
            custom({ error_code: 502, response_code: 503, response_page_path: "/errors/down.html" }),
          ],
        }),
      ],
    });
    const answer = await (await edge(document)).get("/");
    expect([answer.status, answer.body]).toEqual([503, "sorry"]);
  });

  it("set only the caching time where they have no page", async () => {
    const from = await origin(status(404, "no"));
    const site = await edge(
      simple(
        from.port,
        {},
        {
          custom_error_responses: [custom({ error_caching_min_ttl: 0, response_code: null, response_page_path: null })],
        },
      ),
    );
    await site.get("/a");
    await site.get("/a");
    expect(from.seen).toHaveLength(2);
  });
});

describe("a bucket as an origin", () => {
  let directory: string;
  const ARN = `arn:aws:cloudfront::000000000000:distribution/${DISTRIBUTION_ID}`;
  const NAME = "site.s3.us-east-1.amazonaws.com";
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "edgewright-bucket-"));
    writeFileSync(join(directory, "page.html"), "<p>hello</p>");
    writeFileSync(join(directory, "data.bin"), "0123456789");
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const s3 = (bucket: Partial<S3Bucket> = {}, from: Partial<CloudFrontOrigin> = {}) =>
    deployment({
      distributions: [
        distribution([
          customOrigin(0, { domain_name: NAME, custom_origin_config: null, origin_access_control_id: "OAC", ...from }),
        ]),
      ],
      buckets: [
        {
          name: "site",
          region: "us-east-1",
          domain_names: [NAME],
          website: null,
          website_domain_names: [],
          directory,
          objects: [],
          public_read: false,
          readers: [ARN],
          listers: [],
          ...bucket,
        },
      ],
    });

  it("answers objects with ETag, type and ranges", async () => {
    const site = await edge(s3());
    const page = await site.get("/page.html");
    expect([page.status, page.body, page.headers["content-type"], page.headers.server]).toEqual([
      200,
      "<p>hello</p>",
      "text/html",
      "AmazonS3",
    ]);
    expect(page.headers.etag).toBe(`"${createHash("md5").update("<p>hello</p>").digest("hex")}"`);
    expect((await site.get("/page.html", { headers: { "If-None-Match": page.headers.etag as string } })).status).toBe(
      304,
    );
    const part = await site.get("/data.bin", { headers: { Range: "bytes=-3" } });
    expect([part.status, part.body, part.headers["content-range"]]).toEqual([206, "789", "bytes 7-9/10"]);
  });

  it("answers declared objects with their metadata", async () => {
    const object = {
      key: "a b.txt",
      content_base64: "aGk=",
      file: null,
      content_type: "text/plain",
      cache_control: "max-age=5",
      content_encoding: null,
      content_disposition: null,
      content_language: null,
      website_redirect: null,
      metadata: { owner: "me" },
    };
    const site = await edge(s3({ objects: [object], directory: null }));
    const answer = await site.get("/a%20b.txt");
    expect([answer.body, answer.headers["cache-control"], answer.headers["x-amz-meta-owner"]]).toEqual([
      "hi",
      "max-age=5",
      "me",
    ]);
  });

  it("says 403 for what is missing, and 404 only to who may list", async () => {
    const hidden = await (await edge(s3())).get("/nope");
    expect([hidden.status, hidden.body]).toEqual([403, expect.stringContaining("<Code>AccessDenied</Code>")]);
    const listed = await (await edge(s3({ listers: [ARN] }))).get("/nope");
    expect([listed.status, listed.body]).toEqual([404, expect.stringContaining("<Code>NoSuchKey</Code>")]);
  });

  it("says 403 to a distribution that the bucket does not name, or that does not sign", async () => {
    expect((await (await edge(s3({ readers: [] }))).get("/page.html")).status).toBe(403);
    expect((await (await edge(s3({}, { origin_access_control_id: null }))).get("/page.html")).status).toBe(403);
    expect(
      (await (await edge(s3({ public_read: true, readers: [] }, { origin_access_control_id: null }))).get("/page.html"))
        .status,
    ).toBe(200);
  });

  it("keeps to its directory", async () => {
    const site = await edge(s3({ listers: [ARN] }));
    for (const path of ["/..%2f..%2fetc%2fpasswd", "/%2e%2e/secret", "/", "/page.html%00", "/%zz"]) {
      expect([path, (await site.get(path)).status]).toEqual([path, 404]);
    }
  });

  it("takes GET and HEAD only", async () => {
    const site = await edge(s3());
    expect((await site.get("/page.html", { method: "PUT", body: "x" })).status).toBe(405);
    const head = await site.get("/page.html", { method: "HEAD" });
    expect([head.status, head.headers["content-length"]]).toEqual([200, "12"]);
  });
});
