import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createEdge } from "../../src/core/edge";
import { allowedMethods, compareSpecificity, endpointFor, PATTERN, routesOf } from "../../src/core/router";
import { testHost } from "../support/host";
import { endpoint, settings } from "../support/settings";

describe("specificity", () => {
  it.each([
    [
      ["/*", "/api/*", "/api/:id", "/api/products"],
      ["/api/products", "/api/:id", "/api/*", "/*"],
    ],
    [
      ["/a/*", "/a"],
      ["/a", "/a/*"],
    ],
    [
      ["/:x/b", "/a/*"],
      ["/a/*", "/:x/b"],
    ],
    [
      ["/a/*/c", "/a/:b/c", "/a/b/c"],
      ["/a/b/c", "/a/:b/c", "/a/*/c"],
    ],
    [
      ["/*", "/"],
      ["/", "/*"],
    ],
  ])("%j", (patterns, expected) => {
    expect([...patterns].sort(compareSpecificity)).toEqual(expected);
  });

  it("groups patterns of one shape", () => {
    const routes = routesOf([
      endpoint("/a/:id", "r", { methods: ["GET"] }),
      endpoint("/a/:name/", "r", { methods: ["POST"] }),
    ]);
    expect(routes.map(({ pattern, endpoints }) => [pattern, endpoints.length])).toEqual([["/a/:id", 2]]);
  });

  it.each(["a", "/a//b", "/a/{b}", "/a?b", "/a/:", "/a/:b.json", "/a*", "/a\\b"])("%j is not a pattern", (pattern) => {
    expect(PATTERN.test(pattern)).toBe(false);
  });
});

describe("methods", () => {
  const endpoints = [endpoint("/a", "r", { methods: ["GET"] }), endpoint("/a", "r", { methods: ["POST", "PUT"] })];

  it("lists what a path takes", () => {
    expect(allowedMethods(endpoints)).toEqual(["GET", "HEAD", "OPTIONS", "POST", "PUT"]);
  });

  it("spells `*` out", () => {
    const any = [endpoint("/a", "r", { methods: ["*"] })];
    expect(allowedMethods(any)).toEqual(["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]);
  });

  it("finds the endpoint of a method", () => {
    expect(endpointFor(endpoints, "HEAD")).toBe(endpoints[0]);
    expect(endpointFor(endpoints, "PUT")).toBe(endpoints[1]);
    expect(endpointFor(endpoints, "DELETE")).toBeUndefined();
  });
});

describe("the router", () => {
  const literal = fc.constantFrom("a", "b", "c", "a.b", "c+d");
  const segment = fc.oneof(
    literal,
    fc.constantFrom("p", "q").map((name) => `:${name}`),
  );
  const pattern = fc
    .tuple(fc.uniqueArray(segment, { maxLength: 3 }), fc.boolean())
    .map(([segments, star]) => `/${[...segments, ...(star ? ["*"] : [])].join("/")}`);
  const path = fc
    .array(fc.constantFrom("a", "b", "c", "a.b", "aXb", "c+d", "ccd", "z"), { maxLength: 4 })
    .map((s) => `/${s.join("/")}`);

  /** Says what a pattern matches without any router: segment by segment. */
  function matches(candidate: string, requested: string): boolean {
    const wanted = candidate.split("/").filter((part) => part !== "");
    const got = requested.split("/").filter((part) => part !== "");
    if (wanted.at(-1) === "*") {
      const prefix = wanted.slice(0, -1);
      return got.length >= prefix.length && prefix.every((part, i) => part.startsWith(":") || part === got[i]);
    }
    return wanted.length === got.length && wanted.every((part, i) => part.startsWith(":") || part === got[i]);
  }

  it("gives each path to the most specific pattern that matches it, and says 404 where none does", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(pattern, { minLength: 1, maxLength: 6 }), path, async (patterns, requested) => {
        const handlers = Object.fromEntries(patterns.map((name) => [name, { default: () => new Response(name) }]));
        const endpoints = patterns.map((name) => endpoint(name, { kind: "handler", module: name }));
        const edge = createEdge(settings({ endpoints }), { handlers });
        const response = await edge(new Request(`http://h${requested}`), testHost(), { env: {}, context: undefined });
        const expected = patterns.filter((name) => matches(name, requested)).sort(compareSpecificity)[0];
        if (expected === undefined) expect(response.status).toBe(404);
        else expect(compareSpecificity(await response.text(), expected)).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
