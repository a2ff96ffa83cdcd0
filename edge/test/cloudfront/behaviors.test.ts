import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePattern, normalizePath, wildcardMatch } from "../../src/platforms/cloudfront/gateway/behaviors.js";
import { behavior, customOrigin, deployment, distribution, edge, origin, simple } from "./support.js";

describe("path patterns", () => {
  // The examples of DownloadDistValuesCacheBehavior, "Path pattern".
  const rows: [string, string, boolean][] = [
    ["*.jpg", "/a/b.jpg", true],
    ["*.jpg", "/LOGO.JPG", false],
    ["images/*.jpg", "/images/product1/x.jpg", true],
    ["images/*.jpg", "/images/x.gif", false],
    ["/images/*", "/images/", true],
    ["images/*", "/other/images/x", false],
    ["a*.jpg", "/apple.jpg", true],
    ["a??.jpg", "/ant.jpg", true],
    ["a??.jpg", "/apple.jpg", false],
    ["*.doc*", "/x.docx", true],
    ["*.doc?", "/x.doc", false],
    ["/api/users", "/api/users", true],
    ["/api/users", "/api/users/1", false],
  ];
  it.each(rows)("%s and %s", (pattern, path, expected) => {
    expect(compilePattern(pattern)(path)).toBe(expected);
  });

  it("match as the regular expression that they mean", () => {
    const letters = fc.constantFrom("a", "b", "/", ".");
    const pattern = fc
      .array(fc.oneof(letters, fc.constantFrom("*", "?")), { maxLength: 8 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(
        pattern,
        fc.array(letters, { maxLength: 10 }).map((parts) => parts.join("")),
        (glob, text) => {
          const source = [...glob].map((c) => (c === "*" ? ".*" : c === "?" ? "." : c.replace(/[.]/, "\\$&"))).join("");
          expect(wildcardMatch(glob, text)).toBe(new RegExp(`^${source}$`, "s").test(text));
        },
      ),
    );
  });

  it("look at a text at most as often as pattern times path, whatever the pattern", () => {
    const pattern = `*${"a".repeat(120)}b`;
    const path = "a".repeat(4000);
    let looks = 0;
    const counted = new Proxy(Object(path) as object, {
      get: (target, key) => {
        if (typeof key === "string" && /^\d+$/.test(key)) looks++;
        return Reflect.get(target, key) as unknown;
      },
    });
    expect(wildcardMatch(pattern, counted as unknown as string)).toBe(false);
    expect(looks).toBeGreaterThan(path.length);
    expect(looks).toBeLessThanOrEqual(pattern.length * path.length);
  });

  it("see dot segments resolved", () => {
    expect(normalizePath("/public/../admin/x")).toBe("/admin/x");
    expect(normalizePath("/public/%2e%2e/admin")).toBe("/admin");
    expect(normalizePath("/a/./b/")).toBe("/a/b/");
    expect(normalizePath("/a%2Fb/%7euser")).toBe("/a%2Fb/~user");
    expect(normalizePath("/../..")).toBe("/");
  });
});

describe("behaviors", () => {
  it("are chosen in order, and the default is last", async () => {
    const from = await origin((request, response) => response.end(request.headers["x-which"] as string));
    const via = (id: string) =>
      customOrigin(from.port, { origin_id: id, custom_headers: [{ name: "X-Which", value: id }] });
    const ordered = ["images/*.jpg", "images/*", "*.gif"].map((path_pattern, index) =>
      behavior({ path_pattern, target_origin_id: `o${index}` }),
    );
    const site = await edge(
      deployment({
        distributions: [
          distribution([via("main"), via("o0"), via("o1"), via("o2")], { ordered_cache_behaviors: ordered }),
        ],
      }),
    );
    const bodies = await Promise.all(
      ["/images/a.jpg", "/images/sample.gif", "/b.gif", "/other"].map(async (path) => (await site.get(path)).body),
    );
    expect(bodies).toEqual(["o0", "o1", "o2", "main"]);
  });

  it("send the raw path, and put the origin's path before it", async () => {
    const from = await origin((request, response) => response.end(request.url));
    const document = deployment({ distributions: [distribution([customOrigin(from.port, { origin_path: "/v1" })])] });
    const site = await edge(document);
    expect((await site.get("/a/%7Ex?y=1")).body).toBe("/v1/a/%7Ex");
  });

  it("refuse other methods with 403", async () => {
    const from = await origin((_request, response) => response.end());
    const site = await edge(
      simple(from.port, {}, { default_cache_behavior: behavior({ allowed_methods: ["GET", "HEAD"] }) }),
    );
    const refused = await site.get("/a", { method: "POST", body: "x" });
    expect(refused.status).toBe(403);
    expect(refused.body).toContain("not configured to allow the HTTP request method");
    expect(refused.headers["x-cache"]).toBe("Error from cloudfront");
    expect(from.seen).toEqual([]);
  });

  it("refuse a GET with a body with 403", async () => {
    const from = await origin((_request, response) => response.end());
    const site = await edge(simple(from.port));
    expect((await site.get("/a", { headers: { "Content-Length": "1" }, body: "x" })).status).toBe(403);
    expect(from.seen).toEqual([]);
  });

  it("redirect HTTP to HTTPS, or refuse it", async () => {
    const from = await origin((_request, response) => response.end("ok"));
    const redirecting = simple(
      from.port,
      {},
      { default_cache_behavior: behavior({ viewer_protocol_policy: "redirect-to-https" }) },
    );
    const plain = await edge(redirecting, {}, { protocol: "http" });
    const moved = await plain.get("/a?b=1");
    expect([moved.status, moved.headers.location, moved.headers["x-cache"]]).toEqual([
      301,
      "https://d111111abcdef8.cloudfront.net/a?b=1",
      "Redirect from cloudfront",
    ]);
    const moving = await plain.get("/a", { method: "POST", body: "x" });
    expect([moving.status, moving.body.includes("307 Temporary Redirect")]).toEqual([307, true]);
    const secure = await edge(redirecting, {}, { protocol: "https" });
    expect((await secure.get("/a")).body).toBe("ok");
    const strict = await edge(
      simple(from.port, {}, { default_cache_behavior: behavior({ viewer_protocol_policy: "https-only" }) }),
      {},
      { protocol: "http" },
    );
    expect((await strict.get("/a")).status).toBe(403);
  });

  it("block countries", async () => {
    const from = await origin((_request, response) => response.end("ok"));
    const restrictions = { geo_restriction: { restriction_type: "whitelist" as const, locations: ["DE"] } };
    const german = await edge(simple(from.port, {}, { restrictions }), {}, { country: "DE" });
    expect((await german.get("/")).status).toBe(200);
    const french = await edge(simple(from.port, {}, { restrictions }), {}, { country: "FR" });
    const blocked = await french.get("/");
    expect(blocked.status).toBe(403);
    expect(blocked.body).toContain("configured to block access from your country");
  });

  it("answer / with the default root object", async () => {
    const from = await origin((request, response) => response.end(request.url));
    const site = await edge(simple(from.port, {}, { default_root_object: "index.html" }));
    expect((await site.get("/")).body).toBe("/index.html");
    expect((await site.get("/sub/")).body).toBe("/sub/");
  });

  it("take aliases, wildcards among them", async () => {
    const from = await origin((_request, response) => response.end("ok"));
    const site = await edge(simple(from.port, {}, { aliases: ["www.example.com", "*.shop.example.com"] }));
    expect(site.cloudfront.serves("WWW.example.com")).toBe(true);
    expect(site.cloudfront.serves("a.shop.example.com")).toBe(true);
    expect(site.cloudfront.serves("shop.example.com")).toBe(false);
    const answer = await site.cloudfront.handle(new Request("http://www.example.com/a"), { ip: "203.0.113.1" });
    expect([answer.status, await answer.text()]).toEqual([200, "ok"]);
    await expect(site.cloudfront.handle(new Request("http://nobody.example/"), { ip: "203.0.113.1" })).rejects.toThrow(
      /No distribution answers nobody.example/,
    );
  });

  it("forward the viewer's Host only where a policy says so", async () => {
    const from = await origin((request, response) => response.end(request.headers.host));
    const document = simple(from.port, { headers: ["Host"] });
    expect((await (await edge(document)).get("/")).body).toBe("d111111abcdef8.cloudfront.net");
  });

  it("find origins by their local address", async () => {
    const from = await origin((request, response) => response.end(request.headers.host));
    const document = deployment({
      distributions: [distribution([customOrigin(1, { domain_name: "api.example.com" })])],
      addresses: [{ domain_name: "api.example.com", url: from.url }],
    });
    const site = await edge(document);
    expect((await site.get("/")).body).toBe("api.example.com");
  });

  it("refuse URLs that are too long, and requests that are", async () => {
    const from = await origin((_request, response) => response.end("ok"));
    const site = await edge(simple(from.port));
    expect((await site.get(`/${"a".repeat(8200)}`)).status).toBe(413);
    expect((await site.get(`/${"a".repeat(8000)}`)).status).toBe(200);
    const long = { a: "x".repeat(10_000), b: "y".repeat(4000) };
    expect((await site.get("/a", { headers: long })).status).toBe(200);
    expect((await site.get(`/${"a".repeat(8000)}`, { headers: long })).status).toBe(413);
  });
});
