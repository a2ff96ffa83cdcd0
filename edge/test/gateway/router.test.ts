// Which Worker answers, and which of its versions.

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ProblemError } from "../../src/gateway/problem.js";
import { hostnameOf, patternFault, Router } from "../../src/gateway/router.js";
import { overrideFor, pickVersion, primaryVersion, seededRandom } from "../../src/gateway/versions.js";
import { type Gateway, startGateway, worker } from "./harness.js";

const routes = (patterns: Record<string, string | null>) =>
  Object.entries(patterns).map(([pattern, name]) => ({ pattern, worker: name }));

function answers(router: Router, host: string, target: string, localHost?: string): string {
  try {
    const found = router.resolve(host, localHost, target);
    return `${found.worker}@${found.hostname}`;
  } catch (error) {
    if (error instanceof ProblemError) return `${error.problem.status} ${error.problem.title}`;
    throw error;
  }
}

describe("routes", () => {
  const router = new Router({
    routes: routes({
      "example.com/*": "apex",
      "*.example.com/*": "sub",
      "*example.org/*": "both",
      "api.example.com/*": "api",
      "api.example.com/v1/*": "v1",
      "api.example.com/v1/exact": "exact",
      "https://secure.example.com/a*": "secure",
      "api.example.com/static/*": null,
      "*.deep.example.com/*": "deep",
      "shop.example.com/*": null,
    }),
    domains: [{ hostname: "shop.example.com", worker: "shop" }],
  });

  test.each([
    ["example.com", "/", "apex@example.com"],
    ["EXAMPLE.com.", "/x?y", "apex@example.com"],
    ["example.com:8787", "/", "apex@example.com"],
    ["www.example.com", "/", "sub@www.example.com"],
    ["a.b.example.com", "/", "sub@a.b.example.com"],
    ["x.deep.example.com", "/", "deep@x.deep.example.com"],
    ["deep.example.com", "/", "sub@deep.example.com"],
    ["example.org", "/", "both@example.org"],
    ["www.example.org", "/", "both@www.example.org"],
    ["myexample.org", "/", "both@myexample.org"],
    ["myexample.com", "/", "404 No Worker here"],
    ["api.example.com", "/", "api@api.example.com"],
    ["api.example.com", "/v1", "api@api.example.com"],
    ["api.example.com", "/v1/", "v1@api.example.com"],
    ["api.example.com", "/v1/exact", "exact@api.example.com"],
    ["api.example.com", "/v1/exact?query", "v1@api.example.com"],
    ["api.example.com", "/static/x.css", "404 No origin"],
    ["secure.example.com", "/abc", "secure@secure.example.com"],
    ["secure.example.com", "/b", "sub@secure.example.com"],
    // A route that bypasses Workers leaves the custom domain, which is the origin.
    ["shop.example.com", "/", "shop@shop.example.com"],
    ["localhost", "/", "404 No Worker here"],
  ])("%s%s: %s", (host, target, expected) => {
    expect(answers(router, host, target)).toBe(expected);
  });

  test("X-Local-Host chooses, whatever Host says", () => {
    expect(answers(router, "127.0.0.1:8787", "/", "api.example.com")).toBe("api@api.example.com");
    expect(answers(router, "example.com", "/", "www.example.com:80")).toBe("sub@www.example.com");
    expect(answers(router, "127.0.0.1:8787", "/", "nowhere.test")).toBe("404 No Worker here");
  });

  test("*.localhost stands for the name before it", () => {
    expect(answers(router, "api.example.com.localhost:8787", "/")).toBe("api@api.example.com");
  });

  test("the problem names what is known", () => {
    expect(() => router.resolve("nowhere.test", undefined, "/")).toThrow(
      /No route or domain matches nowhere\.test\/\. Known: shop\.example\.com, .*api\.example\.com\/v1\/\*.* X-Local-Host/,
    );
  });

  test("a longer literal path is never beaten by a shorter one", () => {
    const path = fc.array(fc.constantFrom("a", "b", "/"), { maxLength: 6 }).map((parts) => `/${parts.join("")}`);
    fc.assert(
      fc.property(fc.uniqueArray(path, { minLength: 1, maxLength: 6 }), path, (prefixes, target) => {
        const some = new Router({
          routes: routes(Object.fromEntries(prefixes.map((one) => [`h.test${one}*`, one]))),
          domains: [],
        });
        const best = prefixes.filter((one) => target.startsWith(one)).sort((a, b) => b.length - a.length)[0];
        expect(answers(some, "h.test", target)).toBe(best === undefined ? "404 No Worker here" : `${best}@h.test`);
      }),
    );
  });
});

describe("loopback", () => {
  const one = new Router({ routes: routes({ "*.example.com/*": "only", "x.example.com/*": null }), domains: [] });
  test.each(["localhost", "localhost:8787", "127.0.0.1:8787", "[::1]:8787", "0.0.0.0"])(
    "%s stands for the one Worker's host",
    (host) => {
      expect(answers(one, host, "/")).toBe("only@www.example.com");
    },
  );
  test("a domain comes before a route, and a route's path still counts", () => {
    const router = new Router({
      routes: routes({ "r.example.com/a/*": "only" }),
      domains: [{ hostname: "d.example.com", worker: "only" }],
    });
    expect(answers(router, "localhost", "/")).toBe("only@d.example.com");
    expect(
      answers(new Router({ routes: routes({ "r.example.com/a/*": "only" }), domains: [] }), "localhost", "/b"),
    ).toBe("404 No Worker here");
  });
  test("with several Workers it stands for none", () => {
    const router = new Router({
      routes: [],
      domains: [
        { hostname: "a.test", worker: "a" },
        { hostname: "b.test", worker: "b" },
      ],
    });
    expect(answers(router, "localhost", "/")).toBe("404 No Worker here");
  });
  test("a domain named localhost is served as such", () => {
    const router = new Router({
      routes: [],
      domains: [
        { hostname: "localhost", worker: "a" },
        { hostname: "b.test", worker: "a" },
      ],
    });
    expect(answers(router, "localhost:8787", "/")).toBe("a@localhost");
  });
});

test.each([
  ["example.com/*", undefined],
  ["*.example.com/*", undefined],
  ["*/x", "a pattern needs a host name"],
  ["a*.example.com/", "a `*` in the host may only be its first character"],
  ["example.com/*.jpg", "a `*` in the path may only be its last character"],
  ["example.com/x?y=*", "a pattern cannot contain a query string"],
])("the pattern %s: %s", (pattern, fault) => {
  expect(patternFault(pattern)).toBe(fault);
});

test("hosts are compared in lower case, without port and final dot", () => {
  expect(hostnameOf("API.Example.com.:443")).toBe("api.example.com");
  expect(hostnameOf("[::1]:8787")).toBe("[::1]");
});

describe("versions", () => {
  const shares = [
    { version_id: "a", percentage: 10 },
    { version_id: "b", percentage: 90 },
  ];
  const none = { override: undefined, key: undefined };

  test("chance follows the percentages, and a seed repeats it", () => {
    const draw = (seed: number): string[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 5000 }, () => pickVersion("w", shares, none, random));
    };
    const share = draw(7).filter((version) => version === "a").length / 5000;
    expect(share).toBeGreaterThan(0.08);
    expect(share).toBeLessThan(0.12);
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  test("a key sticks, also while a share grows", () => {
    const grown = [
      { version_id: "a", percentage: 40 },
      { version_id: "b", percentage: 60 },
    ];
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (key) => {
        const first = pickVersion("w", shares, { override: undefined, key }, () => 0);
        expect(pickVersion("w", shares, { override: undefined, key }, () => 0.99)).toBe(first);
        if (first === "a") expect(pickVersion("w", grown, { override: undefined, key }, () => 0.99)).toBe("a");
      }),
    );
    const keys = Array.from({ length: 2000 }, (_, index) =>
      pickVersion("w", shares, { override: undefined, key: `user-${index}` }, () => 0),
    );
    expect(keys.filter((version) => version === "a").length / 2000).toBeCloseTo(0.1, 1);
  });

  test("the override names a version of the deployment, or does not count", () => {
    const pick = (override: string): string => pickVersion("w", shares, { override, key: undefined }, () => 0.99);
    expect(pick('w="a"')).toBe("a");
    expect(pick('other="b", w="a"')).toBe("a");
    expect(pick('w="gone"')).toBe("b");
    expect(pick("w=a")).toBe("b");
    expect(pick("nonsense")).toBe("b");
    expect(overrideFor(undefined, "w")).toBeUndefined();
  });

  test("a version without a share gets nothing; the largest is the primary", () => {
    const some = [
      { version_id: "zero", percentage: 0 },
      { version_id: "all", percentage: 100 },
    ];
    for (const value of [0, 0.5, 0.999999]) expect(pickVersion("w", some, none, () => value)).toBe("all");
    expect(primaryVersion(shares)).toBe("b");
  });
});

describe("through the gateway", () => {
  let gateway: Gateway;
  const named = (name: string, version = "v1") =>
    worker({
      name,
      version,
      modules: {
        "main.js": `export default { fetch(request) { return new Response(${JSON.stringify(`${name}@${version} `)} + new URL(request.url).host); } };`,
      },
    });

  beforeAll(async () => {
    gateway = await startGateway({ seed: 1 });
    const split = named("api", "old");
    split.versions.push(...named("api", "new").versions);
    split.deployment = [
      { version_id: "old", percentage: 75 },
      { version_id: "new", percentage: 25 },
    ];
    const answer = await gateway.deploy({
      workers: [split, named("other"), { ...named("idle"), deployment: [] }],
      routes: [
        { pattern: "api.example.com/other/*", worker: "other" },
        { pattern: "off.example.com/*", worker: null },
      ],
      domains: [
        { hostname: "api.example.com", worker: "api" },
        { hostname: "other.team.workers.dev", worker: "other" },
        { hostname: "idle.example.com", worker: "idle" },
      ],
    });
    expect(answer.text).toContain("generation");
  });
  afterAll(() => gateway.stop());

  test("by host, by path, and by X-Local-Host", async () => {
    expect((await gateway.get("/", { Host: "api.example.com" })).text).toMatch(/^api@(old|new) api\.example\.com$/);
    expect((await gateway.get("/other/x", { Host: "api.example.com:1234" })).text).toBe("other@v1 api.example.com");
    expect((await gateway.get("/", { "X-Local-Host": "other.team.workers.dev" })).text).toBe(
      "other@v1 other.team.workers.dev",
    );
  });

  test("loopback with several Workers: 404 naming the hosts", async () => {
    const answer = await gateway.get("/");
    expect(answer.status).toBe(404);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.json.hosts).toEqual([
      "api.example.com",
      "other.team.workers.dev",
      "idle.example.com",
      "api.example.com/other/*",
      "off.example.com/*",
    ]);
  });

  test("a route without a Worker: no origin is configured", async () => {
    expect((await gateway.get("/", { Host: "off.example.com" })).json).toMatchObject({
      status: 404,
      title: "No origin",
    });
  });

  test("a Worker without a deployment: 503", async () => {
    expect((await gateway.get("/", { Host: "idle.example.com" })).json.detail).toContain(
      "The Worker idle has no deployment",
    );
  });

  test("a gradual deployment: by weight, by key, by override", async () => {
    const counts: Record<string, number> = {};
    for (let index = 0; index < 200; index += 1) {
      const { text } = await gateway.get("/", { Host: "api.example.com" });
      counts[text] = (counts[text] ?? 0) + 1;
    }
    expect(counts["api@new api.example.com"]).toBeGreaterThan(15);
    expect(counts["api@new api.example.com"]).toBeLessThan(90);
    const sticky = new Set<string>();
    for (let index = 0; index < 20; index += 1) {
      sticky.add(
        (await gateway.get("/", { Host: "api.example.com", "Cloudflare-Workers-Version-Key": "user-1" })).text,
      );
    }
    expect(sticky.size).toBe(1);
    for (const version of ["old", "new"]) {
      const headers = { Host: "api.example.com", "Cloudflare-Workers-Version-Overrides": `api="${version}"` };
      for (let index = 0; index < 5; index += 1)
        expect((await gateway.get("/", headers)).text).toBe(`api@${version} api.example.com`);
    }
  });

  test("the status names hosts, versions and shares", async () => {
    const { json } = await gateway.control("GET", "/v1/status");
    expect(json.urls).toContainEqual({
      host: "api.example.com",
      worker: "api",
      url: `http://127.0.0.1:${gateway.port}`,
    });
    expect(json.workers[0]).toEqual({
      name: "api",
      versions: ["old", "new"],
      deployment: [
        { version_id: "old", percentage: 75 },
        { version_id: "new", percentage: 25 },
      ],
    });
  });
});
