// Web ACLs in front of a distribution.

import { describe, expect, it } from "vitest";
import { createCloudFront } from "../../src/platforms/cloudfront/gateway/index.js";
import type { WafRule, WafStatement, WebAcl } from "../../src/platforms/cloudfront/gateway/model.js";
import { clock, customOrigin, deployment, distribution, edge, origin } from "./support.js";

const ARN = "arn:aws:wafv2:us-east-1:000000000000:global/webacl/acl/id";

const statement = (more: Partial<WafStatement>): WafStatement => ({
  and_statement: null,
  asn_match_statement: null,
  byte_match_statement: null,
  geo_match_statement: null,
  ip_set_reference_statement: null,
  not_statement: null,
  or_statement: null,
  rate_based_statement: null,
  regex_match_statement: null,
  size_constraint_statement: null,
  ...more,
});

const field = (more: object) => ({
  all_query_arguments: null,
  method: null,
  query_string: null,
  single_header: null,
  single_query_argument: null,
  uri_path: null,
  ...more,
});

const starts = (path: string): WafStatement =>
  statement({
    byte_match_statement: {
      positional_constraint: "STARTS_WITH",
      search_string: path,
      field_to_match: field({ uri_path: {} }),
      text_transformations: [],
    },
  });

const country = (...codes: string[]): WafStatement => statement({ geo_match_statement: { country_codes: codes } });

const BLOCK = { allow: null, block: { custom_response: null } };
const ALLOW = { allow: {}, block: null };
const COUNT = { allow: null, block: null };

const rule = (priority: number, what: WafStatement, action: WafRule["action"] = BLOCK): WafRule => ({
  name: `rule-${priority}`,
  priority,
  statement: what,
  action,
});

const acl = (rules: WafRule[], more: Partial<WebAcl> = {}): WebAcl => ({
  arn: ARN,
  name: "acl",
  default_action: ALLOW,
  custom_response_bodies: [],
  rules,
  ...more,
});

async function site(web: WebAcl, more: { country?: string; ip?: string; now?: () => number; errors?: boolean } = {}) {
  const from = await origin((request, response) => response.end(request.url));
  const document = deployment({
    web_acls: [web],
    ip_sets: [{ arn: "set", addresses: ["203.0.113.0/24", "2001:db8::/32"] }],
    distributions: [
      distribution([customOrigin(from.port)], {
        web_acl_id: ARN,
        ...(more.errors && {
          custom_error_responses: [
            { error_code: 403, error_caching_min_ttl: 0, response_code: 403, response_page_path: "/sorry.html" },
          ],
        }),
      }),
    ],
  });
  const viewer = {
    ...(more.country !== undefined && { country: more.country }),
    ...(more.ip !== undefined && { ip: more.ip }),
  };
  const made = await edge(document, more.now === undefined ? {} : { now: more.now }, viewer);
  const ask = async (path: string, options: { method?: string; headers?: Record<string, string> } = {}) =>
    (await made.get(path, options)).status;
  return { ...made, ask, from, document };
}

describe("rules", () => {
  it("are tried by priority, and the first that ends decides", async () => {
    const { ask } = await site(
      acl([
        rule(3, starts("/")),
        rule(1, starts("/open"), ALLOW),
        rule(0, starts("/open/counted"), COUNT),
        rule(2, starts("/closed")),
      ]),
    );
    expect([await ask("/open/counted"), await ask("/closed"), await ask("/other")]).toEqual([200, 403, 403]);
  });

  it("leave the rest to the default action", async () => {
    const { ask } = await site(acl([rule(0, starts("/open"), ALLOW)], { default_action: BLOCK }));
    expect([await ask("/open"), await ask("/closed")]).toEqual([200, 403]);
  });

  it("shut before the cache, with CloudFront's page, the distribution's, or the rule's own answer", async () => {
    const plain = await site(acl([rule(0, country("DE"))]), { country: "DE" });
    const shut = await plain.get("/a");
    expect([shut.status, shut.headers["x-cache"]]).toEqual([403, "Error from cloudfront"]);
    expect(shut.body).toContain("Request blocked.");
    expect(plain.from.seen).toEqual([]);
    const page = await site(acl([rule(0, country("DE"))]), { country: "DE", errors: true });
    expect((await page.get("/a")).body).toBe("/sorry.html");
    const custom = {
      allow: null,
      block: {
        custom_response: {
          response_code: 429,
          response_headers: [{ name: "Retry-After", value: "60" }],
          custom_response_body_key: "slow",
        },
      },
    };
    const own = await site(
      acl([rule(0, country("DE"), custom)], {
        custom_response_bodies: [{ key: "slow", content: '{"slow":true}', content_type: "APPLICATION_JSON" }],
      }),
      { country: "DE" },
    );
    const answer = await own.get("/a");
    expect([answer.status, answer.body, answer.headers["retry-after"], answer.headers["content-type"]]).toEqual([
      429,
      '{"slow":true}',
      "60",
      "application/json",
    ]);
  });

  it("that are about something unknown here match nothing, negated or not", async () => {
    const unknown = statement({});
    const { ask } = await site(
      acl([
        rule(0, unknown),
        rule(1, statement({ not_statement: { statement: unknown } })),
        rule(2, statement({ and_statement: { statements: [unknown, starts("/")] } })),
        rule(3, statement({ or_statement: { statements: [unknown, starts("/shut")] } })),
        rule(
          4,
          statement({
            and_statement: {
              statements: [statement({ not_statement: { statement: starts("/") } }), unknown],
            },
          }),
        ),
      ]),
    );
    expect([await ask("/a"), await ask("/shut")]).toEqual([200, 403]);
  });
});

describe("statements", () => {
  it.each<[string, WafStatement, string, object, boolean]>([
    ["an address in a set", statement({ ip_set_reference_statement: { arn: "set" } }), "/", {}, true],
    ["a set that nobody has", statement({ ip_set_reference_statement: { arn: "other" } }), "/", {}, false],
    ["a country", country("DE", "FR"), "/", {}, true],
    ["another country", country("US"), "/", {}, false],
    [
      "a decoded, normalised path",
      statement({
        regex_match_statement: {
          regex_string: "^/admin/?$",
          field_to_match: field({ uri_path: {} }),
          text_transformations: [
            { priority: 1, type: "NORMALIZE_PATH" },
            { priority: 0, type: "URL_DECODE" },
          ],
        },
      }),
      "/x/%2e%2e//%61dmin",
      {},
      true,
    ],
    [
      "a header in any case",
      statement({
        byte_match_statement: {
          positional_constraint: "CONTAINS_WORD",
          search_string: "bot",
          field_to_match: field({ single_header: { name: "User-Agent" } }),
          text_transformations: [{ priority: 0, type: "LOWERCASE" }],
        },
      }),
      "/",
      { headers: { "User-Agent": "Evil BOT/1" } },
      true,
    ],
    [
      "a header with another word",
      statement({
        byte_match_statement: {
          positional_constraint: "CONTAINS_WORD",
          search_string: "bot",
          field_to_match: field({ single_header: { name: "user-agent" } }),
          text_transformations: [],
        },
      }),
      "/",
      { headers: { "User-Agent": "robots" } },
      false,
    ],
    [
      "a query argument",
      statement({
        byte_match_statement: {
          positional_constraint: "EXACTLY",
          search_string: "1",
          field_to_match: field({ single_query_argument: { name: "debug" } }),
          text_transformations: [],
        },
      }),
      "/?a=2&Debug=1",
      {},
      true,
    ],
    [
      "a long query string",
      statement({
        size_constraint_statement: {
          comparison_operator: "GT",
          size: 5,
          field_to_match: field({ query_string: {} }),
          text_transformations: [],
        },
      }),
      "/?a=1234",
      {},
      true,
    ],
    [
      "a transformation of another kind",
      statement({
        regex_match_statement: {
          regex_string: ".*",
          field_to_match: field({ uri_path: {} }),
          text_transformations: [{ priority: 0, type: "CMD_LINE" }],
        },
      }),
      "/",
      {},
      false,
    ],
  ])("about %s", async (_name, what, path, options, blocks) => {
    const { ask } = await site(acl([rule(0, what)]), { country: "DE" });
    expect(await ask(path, options)).toBe(blocks ? 403 : 200);
  });
});

describe("rates", () => {
  const limited = (more: object = {}): WafStatement =>
    statement({
      rate_based_statement: {
        aggregate_key_type: "IP",
        evaluation_window_sec: 60,
        forwarded_ip_config: null,
        limit: 10,
        scope_down_statement: starts("/api"),
        ...more,
      },
    });

  it("are counted by address in a window that moves, and of what the scope has only", async () => {
    const time = clock();
    const { ask } = await site(acl([rule(0, limited())]), { now: time.now });
    for (let index = 0; index < 10; index++) expect(await ask("/api")).toBe(200);
    expect(await ask("/api")).toBe(403);
    expect(await ask("/page")).toBe(200);
    time.advance(61);
    expect(await ask("/api")).toBe(200);
  });

  it("by a header are each viewer's own", async () => {
    const { ask } = await site(
      acl([
        rule(
          0,
          limited({ aggregate_key_type: "FORWARDED_IP", forwarded_ip_config: { header_name: "X-Forwarded-For" } }),
        ),
      ]),
    );
    for (let index = 0; index < 11; index++)
      await ask("/api", { headers: { "X-Forwarded-For": "192.0.2.1, 10.0.0.1" } });
    expect(await ask("/api", { headers: { "X-Forwarded-For": "192.0.2.1" } })).toBe(403);
    expect(await ask("/api", { headers: { "X-Forwarded-For": "192.0.2.2" } })).toBe(200);
  });

  it("go on where the settings change", async () => {
    const first = await site(acl([rule(0, limited())]));
    for (let index = 0; index < 11; index++) await first.ask("/api");
    const next = createCloudFront(first.document, {}, first.cloudfront);
    const request = new Request("https://d111111abcdef8.cloudfront.net/api");
    expect((await next.handle(request, { ip: "203.0.113.178" })).status).toBe(403);
    expect((await next.handle(request, { ip: "203.0.113.9" })).status).toBe(200);
    await next.stop();
  });
});
