// A bucket's website endpoint behind a distribution.

import { describe, expect, it } from "vitest";
import type { S3Bucket, S3RedirectRule, S3Website } from "../../src/platforms/cloudfront/gateway/model.js";
import { behavior, customOrigin, deployment, distribution, edge } from "./support.js";

const HOST = "site.s3-website-us-east-1.amazonaws.com";

const object = (key: string, text: string, more: { website_redirect?: string } = {}): S3Bucket["objects"][number] => ({
  key,
  content_base64: Buffer.from(text).toString("base64"),
  file: null,
  content_type: "text/html",
  cache_control: null,
  content_encoding: null,
  content_disposition: null,
  content_language: null,
  metadata: {},
  website_redirect: more.website_redirect ?? null,
});

const rule = (more: Partial<S3RedirectRule>): S3RedirectRule => ({
  error_code: null,
  key_prefix: null,
  host_name: null,
  protocol: null,
  redirect_code: null,
  replace_key_prefix_with: null,
  replace_key_with: null,
  ...more,
});

async function site(website: Partial<S3Website> = {}, more: Partial<S3Bucket> = {}, protocol = "http-only" as const) {
  const bucket: S3Bucket = {
    name: "site",
    region: "us-east-1",
    domain_names: ["site.s3.amazonaws.com"],
    website: { index_document: "index.html", error_document: null, redirect_all: null, routing_rules: [], ...website },
    website_domain_names: [HOST],
    directory: null,
    objects: [
      object("index.html", "home"),
      object("docs/index.html", "docs"),
      object("oops.html", "oops"),
      object("old.html", "", { website_redirect: "https://new.example/page" }),
    ],
    public_read: true,
    readers: [],
    listers: ["*"],
    ...more,
  };
  const from = customOrigin(80, { domain_name: HOST });
  if (from.custom_origin_config) from.custom_origin_config.origin_protocol_policy = protocol;
  const edged = await edge(
    deployment({
      buckets: [bucket],
      distributions: [distribution([from], { default_cache_behavior: behavior() })],
    }),
  );
  const ask = async (path: string, method = "GET") => {
    const { status, headers, body } = await edged.get(path, { method });
    return { status, location: headers.location, body };
  };
  return { ask, logs: edged.logs };
}

describe("a website endpoint", () => {
  it("answers folders with their index document, and leads to them", async () => {
    const { ask } = await site();
    expect(await ask("/")).toMatchObject({ status: 200, body: "home" });
    expect(await ask("/docs/")).toMatchObject({ status: 200, body: "docs" });
    expect(await ask("/docs")).toMatchObject({ status: 302, location: "/docs/" });
    expect(await ask("/docs/index.html")).toMatchObject({ status: 200, body: "docs" });
  });

  it("answers what is missing with a page of HTML, or its own error document with the same status", async () => {
    const { ask } = await site();
    const missing = await ask("/<b>");
    expect(missing.status).toBe(404);
    expect(missing.body).toContain("<li>Code: NoSuchKey</li>");
    expect(missing.body).not.toContain("<b>");
    const own = await site({ error_document: "oops.html" });
    expect(await own.ask("/nowhere")).toMatchObject({ status: 404, body: "oops" });
  });

  it("admits that something is missing only where everybody may list", async () => {
    const { ask } = await site({}, { listers: [] });
    expect((await ask("/nowhere")).status).toBe(403);
    expect((await ask("/")).status).toBe(200);
  });

  it("has only what everybody may read: there are no signatures", async () => {
    const { ask } = await site({ error_document: "oops.html" }, { public_read: false, readers: ["*"] });
    const denied = await ask("/");
    expect([denied.status, denied.body.includes("AccessDenied")]).toEqual([403, true]);
  });

  it("redirects by an object's own word", async () => {
    const { ask } = await site();
    expect(await ask("/old.html")).toMatchObject({ status: 301, location: "https://new.example/page" });
  });

  it("redirects everything where it is told to", async () => {
    const { ask } = await site({ index_document: null, redirect_all: { host_name: "new.example", protocol: "https" } });
    expect(await ask("/a/b")).toMatchObject({ status: 301, location: "https://new.example/a/b" });
  });

  it("redirects by rules: by prefix before an object is looked for, by status after", async () => {
    const { ask } = await site({
      routing_rules: [
        rule({ key_prefix: "docs/", replace_key_prefix_with: "manual/", redirect_code: "302" }),
        rule({ error_code: "404", key_prefix: "shop/", host_name: "shop.example", protocol: "https" }),
        rule({ error_code: "404", replace_key_with: "index.html" }),
      ],
    });
    expect(await ask("/docs/a b".replace(" ", "%20"))).toMatchObject({
      status: 302,
      location: `http://${HOST}/manual/a%20b`,
    });
    expect(await ask("/shop/x")).toMatchObject({ status: 301, location: "https://shop.example/shop/x" });
    expect(await ask("/nowhere")).toMatchObject({ status: 301, location: `http://${HOST}/index.html` });
  });

  it("takes GET and HEAD, by HTTP alone", async () => {
    const { ask } = await site();
    expect((await ask("/", "HEAD")).status).toBe(200);
    expect((await ask("/", "POST")).status).toBe(405);
    const secure = await site({}, {}, "https-only" as "http-only");
    expect((await secure.ask("/")).status).toBe(504);
    expect(secure.logs.some(({ message }) => message.includes("set originProtocolPolicy to http-only"))).toBe(true);
  });
});
