import { describe, expect, it } from "vitest";
import { BadAssembly, createEdge } from "../../src/core/edge";
import { geo } from "../../src/core/features/geo";
import { jwt } from "../../src/core/features/jwt";
import { sessions } from "../../src/core/features/sessions";
import { endpoint, jwtAuth, origin, policy, router, settings } from "../support/settings";

describe("createEdge", () => {
  it("lists everything that does not fit together", () => {
    const endpoints = [
      endpoint("/a", "nowhere"),
      endpoint("/b", { kind: "handler", module: "gone.js" }),
      endpoint("/c", { kind: "handler", module: "empty.js" }, { cache: policy() }),
      endpoint("/d", { kind: "session" }),
      endpoint("bad", "r", { rate_limit: { binding: "X", limit: 1, period_s: 60 } }),
      endpoint("/e", "r", { auth: jwtAuth({ jwks_url: "https://i.test/k", algorithms: ["HS256"] }) }),
      endpoint("/f", "r", { auth: { kind: "session" } }),
      endpoint("/g", "ftp"),
    ];
    const routers = [router("r", [origin("us", "https://o.test")]), router("ftp", [origin("us", "ftp://o.test")])];
    const make = () =>
      createEdge(settings({ endpoints, routers }), { features: [geo, jwt, sessions], handlers: { "empty.js": {} } });
    expect(make).toThrow(BadAssembly);
    let faults: readonly string[] = [];
    try {
      make();
    } catch (error) {
      faults = (error as BadAssembly).faults;
    }
    expect(faults).toEqual([
      "endpoint /a: no router named nowhere; there are: r, ftp.",
      "endpoint /b: no module gone.js; there are: empty.js.",
      "endpoint /c: cache needs the feature `cache`.",
      "endpoint /c: empty.js has no default export that is a function or an object with `fetch`.",
      "endpoint /d: a target of kind `session` needs auth of kind `session`.",
      "endpoint bad: not a pattern. Segments are literal, `:name` or `*`, for example /api/products/:id or /static/*.",
      "endpoint bad: rate_limit needs the feature `rateLimit`.",
      "endpoint /e: auth of kind `jwt`: no algorithm fits: HS256 for a secret, the others for a key set.",
      "endpoint /f: auth of kind `session` needs `sessions` in the settings.",
      "endpoint /g: origin us: ftp://o.test is not http(s).",
    ]);
  });

  it("names the feature that is missing", () => {
    const endpoints = [endpoint("/a", "r"), endpoint("/b", { kind: "session" }, { auth: { kind: "session" } })];
    expect(() => createEdge(settings({ endpoints }))).toThrow(
      /a target of kind `origin` needs its feature[\s\S]*auth of kind `session` needs its feature/,
    );
  });
});
