import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLAIMS, CLAIMS_ENDINGS, CLAIMS_PREFIXES, PROXY, PROXY_PREFIXES } from "../../src/core/claims.gen";
import { createEdge } from "../../src/core/edge";
import { Admitted, enter, Gate } from "../../src/core/entrance";
import { geo } from "../../src/core/features/geo";
import { Problem } from "../../src/core/problem";
import { testHost } from "../support/host";
import { endpoint, origin, policy, router, settings } from "../support/settings";

const RESERVED = ["x-edgewright-", "x-origin-", "x-local-"];
const admitted = (incoming: Request, spec: ReturnType<typeof policy> | null = null) =>
  new Admitted(incoming, enter(incoming), new Gate(RESERVED, spec)).request;

describe("what is let in", () => {
  const forbidden = fc.constantFrom(
    "connection",
    "keep-alive",
    "te",
    "x-forwarded-host",
    "x-forwarded-anything",
    "forwarded",
    "x-original-url",
    "x-http-method-override",
    "cf-connecting-ip",
    "cf-ipcountry",
    "mf-cf-blob",
    "x-origin-region",
    "x-local-country",
    "x-edgewright-x",
    "a_b",
    "x-named",
  );
  const harmless = fc.constantFrom("accept", "x-mine", "cookie", "authorization", "referer", "origin", "user-agent");
  const spelled = fc.tuple(fc.oneof(forbidden, harmless), fc.boolean());

  it("is never a header by which a client speaks for the edge or a proxy, however it is spelled", () => {
    fc.assert(
      fc.property(fc.array(spelled, { maxLength: 12 }), (names) => {
        const headers = new Headers(names.map(([name, upper]) => [upper ? name.toUpperCase() : name, "v"]));
        headers.append("connection", "close, X-Named");
        const request = admitted(new Request("http://h/a", { headers }));
        const kept = [...request.headers.keys()];
        expect(kept.filter((name) => /^(?:cf-|mf-|x-(?:forwarded|origin|local|edgewright)-)|_/.test(name))).toEqual([]);
        for (const name of ["connection", "keep-alive", "te", "forwarded", "x-named", "x-original-url"]) {
          expect(kept).not.toContain(name);
        }
        for (const [name] of names) {
          if (["accept", "x-mine", "cookie", "authorization", "referer"].includes(name)) expect(kept).toContain(name);
        }
      }),
    );
  });

  it("looks the same header by header as in the whole request", () => {
    const names = [
      "upgrade",
      "expect",
      "x-plan",
      "cookie",
      "user-agent",
      "x-mine",
      "accept",
      "x-forwarded-host",
      "a_b",
    ];
    const values = fc.constantFrom("v", "websocket", "b=2", "a=1; b=2", "");
    const keyed = fc.subarray(["x-plan", "cookie", "user-agent", "accept"]);
    const specs = fc.oneof(
      fc.constant(null),
      fc.record({ mode: fc.constantFrom("override", "origin"), vary: keyed, headers: keyed }).map((part) =>
        policy({
          mode: part.mode as "override" | "origin",
          vary: part.vary,
          key: { ...policy().key, headers: part.headers, cookies: ["b"] },
        }),
      ),
    );
    const sent = fc.array(fc.tuple(fc.constantFrom(...names), values), { maxLength: 8 });
    const connection = fc.constantFrom(null, "upgrade", "close, cookie, x-plan", "user-agent");
    const method = fc.constantFrom("GET", "HEAD", "POST");
    fc.assert(
      fc.property(sent, connection, method, specs, (pairs, close, method, spec) => {
        const headers = new Headers(pairs);
        if (close !== null) headers.set("connection", close);
        const incoming = new Request("http://h/a?b=1", { method, headers });
        const seen = new Admitted(incoming, enter(incoming), new Gate(RESERVED, spec));
        for (const name of [...names, "connection"]) {
          expect([name, seen.headers.get(name), seen.headers.has(name)]).toEqual([
            name,
            seen.request.headers.get(name),
            seen.request.headers.has(name),
          ]);
        }
        expect([seen.url, seen.method]).toEqual([seen.request.url, seen.request.method]);
      }),
    );
  });

  it("is, under a forced policy, only what the key names and what RFC 9111 has rules for", () => {
    const headers = { cookie: "a=1; b=2; ab=3", "x-mine": "1", "x-plan": "gold", referer: "r", accept: "*/*" };
    const spec = policy({ key: { ...policy().key, headers: ["x-plan"], cookies: ["b"] } });
    const request = admitted(new Request("http://h/a", { headers }), spec);
    expect(Object.fromEntries(request.headers)).toEqual({
      accept: "*/*",
      cookie: "b=2",
      "x-plan": "gold",
      "user-agent": "edgewright",
    });
  });

  it("keeps everything of an unsafe request under a forced policy", async () => {
    const request = admitted(
      new Request("http://h/a?x=1", { method: "POST", body: "b", headers: { cookie: "a=1", "x-mine": "1" } }),
      policy({ key: { ...policy().key, query: "none" } }),
    );
    expect([request.url, request.headers.get("cookie"), await request.text()]).toEqual(["http://h/a?x=1", "a=1", "b"]);
  });

  it.each([
    ["include", ["a", "b c"], "?a=1&x=2&b+c=3&%61=4&a=5", "?a=1&b+c=3&%61=4&a=5"],
    ["exclude", ["utm"], "?utm=1&a=2&u%74m=3&a", "?a=2&a"],
    ["exclude", ["a"], "?a=1", ""],
    ["none", [], "?a=1", ""],
    ["all", [], "?b=1&a=%zz", "?b=1&a=%zz"],
  ] as const)("by %s %j, of the query %s is %s", (query, query_names, sent, kept) => {
    const spec = policy({ key: { ...policy().key, query, query_names: [...query_names] } });
    expect(new URL(admitted(new Request(`http://h/a${sent}`), spec).url).search).toBe(kept);
  });

  it("has one statement of a body's length", () => {
    const incoming = {
      url: "http://h/",
      headers: new Headers({ "content-length": "1", "transfer-encoding": "chunked" }),
    };
    expect(() => enter(incoming as Request)).toThrow(Problem);
  });

  it("is no TRACE, not even where every method is taken", async () => {
    const handlers = { h: { default: () => new Response("in") } };
    const any = settings({ endpoints: [endpoint("/", { kind: "handler", module: "h" }, { methods: ["*"] })] });
    const edge = createEdge(any, { handlers });
    // The web's Request refuses the method itself; a runtime's own request may have it.
    const trace = { method: "TRACE", url: "http://h/", headers: new Headers(), body: null } as unknown as Request;
    const response = await edge(trace, testHost(), { env: {}, context: undefined });
    expect([response.status, response.headers.get("allow")]).toEqual([
      405,
      "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
    ]);
  });
});

describe("what says who, where, by which scheme, host, path or method", () => {
  const key = policy().key;
  const proxys = [...PROXY, ...PROXY_PREFIXES.map((prefix) => `${prefix}any`)];
  const claims = [
    ...CLAIMS,
    ...CLAIMS_PREFIXES.map((prefix) => `${prefix}any`),
    ...CLAIMS_ENDINGS.map((ending) => `x-any${ending}`),
  ];
  const kept = (names: readonly string[], spec: ReturnType<typeof policy> | null, method = "GET") => {
    const headers = Object.fromEntries(names.map((name) => [name, "v"]));
    return [...admitted(new Request("http://h/a", { method, headers }), spec).headers.keys()].filter((name) =>
      names.includes(name),
    );
  };
  const stores = [policy(), policy({ mode: "origin" }), policy({ engine: "platform", key: { ...key, host: false } })];

  it("is of no client's to say where only a proxy could say it", () => {
    for (const spec of [null, policy({ mode: "bypass" }), ...stores]) {
      for (const method of ["GET", "HEAD", "POST", "DELETE"]) expect(kept(proxys, spec, method)).toEqual([]);
    }
  });

  it("is not said by a name that some servers read as another one", () => {
    const odd = [..."!#$%&'*+.^_`|~"].map((between) => ["x", "forwarded", "host"].join(between));
    for (const spec of [null, policy({ mode: "bypass" }), ...stores]) {
      for (const method of ["GET", "POST"]) expect(kept(odd, spec, method)).toEqual([]);
    }
  });

  it("goes on where no answer is stored", () => {
    for (const method of ["GET", "PUT", "DELETE"]) {
      for (const spec of [null, policy({ mode: "bypass" })])
        expect(kept(claims, spec, method)).toEqual(claims.toSorted());
    }
    expect(kept(claims, policy(), "POST")).toEqual(claims.toSorted());
    expect(kept(claims, policy({ mode: "origin" }), "PUT")).toEqual(claims.toSorted());
  });

  it("stays behind where an answer may be stored, unless the key or Vary has it", () => {
    for (const spec of stores) for (const method of ["GET", "HEAD"]) expect(kept(claims, spec, method)).toEqual([]);
    // What answers a POST may be stored for a later GET.
    expect(kept(claims, policy({ mode: "origin" }), "POST")).toEqual([]);
    for (const mode of ["override", "origin"] as const) {
      const keyed = { ...key, headers: ["destination"] };
      expect(kept(claims, policy({ mode, key: keyed, vary: ["x-nextjs-data"] }))).toEqual([
        "destination",
        "x-nextjs-data",
      ]);
    }
  });

  const told = async (
    spec: ReturnType<typeof policy> | null,
    { hostname = null as string | null, method = "GET", url = "http://asked.test:8080/a?b=1" } = {},
  ) => {
    let sent: Headers | undefined;
    let handled: unknown;
    const host = testHost({
      fetch: async (request) => {
        sent = request.headers;
        return new Response("ok");
      },
      clientIp: () => "203.0.113.7",
      geo: () => ({ country: "JP" }),
    });
    const any = { methods: ["*"], cache: spec };
    const edge = createEdge(
      settings({
        hostname,
        routers: [router("r", [origin("us", "https://us.test")])],
        endpoints: [endpoint("/a", "r", any), endpoint("/h", { kind: "handler", module: "h" }, any)],
      }),
      {
        features: [
          geo,
          { name: "cache", cache: () => ({ handle: (_head, _policy, _context, answer, whole) => answer(whole()) }) },
        ],
        handlers: {
          h: {
            default: (
              request: Request,
              _env: unknown,
              { country, clientIp }: { country?: string; clientIp?: string },
            ) => {
              handled = { url: request.url, country, clientIp };
              return new Response("ok");
            },
          },
        },
      },
    );
    await edge(new Request(url, { method }), host, { env: {}, context: undefined });
    await edge(new Request(url.replace("/a?", "/h?"), { method }), host, { env: {}, context: undefined });
    const names = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];
    return { sent: names.map((name) => sent?.get(name) ?? null), handled };
  };

  it("is told to an origin and a handler whose answers are not stored", async () => {
    const all = {
      sent: ["203.0.113.7", "asked.test:8080", "http"],
      handled: { url: "http://asked.test:8080/h?b=1", country: "JP", clientIp: "203.0.113.7" },
    };
    expect(await told(null)).toEqual(all);
    expect(await told(policy(), { method: "POST" })).toEqual(all);
    expect(await told(policy({ mode: "bypass" }))).toEqual(all);
  });

  it("is told of a stored one as far as the key has it", async () => {
    const http = "http://asked.test:8080/h?b=1";
    expect(await told(policy())).toEqual({ sent: [null, "asked.test:8080", "http"], handled: { url: http } });
    const country = policy({ mode: "origin", key: { ...key, country: true } });
    expect((await told(country)).handled).toEqual({ url: http, country: "JP" });
  });

  it("is the same for everyone where the key has no host, and where the platform's key has no scheme", async () => {
    const shared = { ...key, host: false };
    expect(await told(policy({ key: shared }))).toEqual({
      sent: [null, null, "http"],
      handled: { url: "http://edgewright.invalid/h?b=1" },
    });
    const hostname = "shop.example.com";
    for (const url of ["http://asked.test:8080/a?b=1", "https://other.test/a?b=1"]) {
      expect(await told(policy({ engine: "platform", key: shared }), { hostname, url })).toEqual({
        sent: [null, hostname, "https"],
        handled: { url: `https://${hostname}/h?b=1` },
      });
    }
  });
});
