// Rules of a zone that change request headers: which requests they are for, and what they leave.

import { describe, expect, test } from "vitest";
import { type Asked, compile, ExpressionFault } from "../../src/gateway/expressions.js";
import { clientOf } from "../../src/gateway/geo.js";
import { HeaderRules } from "../../src/gateway/header-rules.js";
import type { HeaderRule } from "../../src/gateway/protocol.gen.js";

const ASKED: Asked = {
  method: "GET",
  host: "api.example.com",
  target: "/api/items?id=1?2",
  ip: "198.51.100.7",
  country: "DE",
  headers: new Map([
    ["cookie", ["session=a%20b; app=one", "app=two; my%2Dname=x; broken%=y"]],
    ["x-plan", ["gold"]],
    ["x-quoted", ['say "hi"']],
  ]),
};

describe("expressions", () => {
  test.each([
    ["true", true],
    ["false", false],
    ['http.host eq "api.example.com"', true],
    ['http.host == "API.example.com"', false],
    ['http.host ne "api.example.com"', false],
    ['http.host wildcard "*.EXAMPLE.com"', true],
    ['http.host strict wildcard "*.EXAMPLE.com"', false],
    ['http.host wildcard "api.*.com*"', true],
    ['http.host wildcard "api.example.com.*"', false],
    ['http.request.uri.path eq "/api/items"', true],
    ['http.request.uri.query eq "id=1?2"', true],
    ['http.request.uri contains "?id"', true],
    ['starts_with(http.request.uri.path, "/api/")', true],
    ['ends_with(http.request.uri.path, "/api/")', false],
    ['lower(http.request.method) eq "get"', true],
    ['http.cookie contains "session"', true],
    ['len(http.request.cookies["session"]) > 0', true],
    ['len(http.request.cookies["other"]) > 0', false],
    ['not (len(http.request.cookies["other"]) > 0)', true],
    ['len(http.request.cookies["app"]) eq 2', true],
    // Values are not decoded, names are.
    ['http.request.cookies["session"][0] eq "a%20b"', true],
    ['http.request.cookies["my-name"][0] eq "x"', true],
    ['http.request.cookies["broken%"][0] eq "y"', true],
    ['http.request.headers["x-plan"][0] eq "gold"', true],
    ['http.request.headers["x-quoted"][0] eq "say \\"hi\\""', true],
    // What is not there is neither equal nor different.
    ['http.request.cookies["other"][0] ne "x"', false],
    ['http.request.cookies["app"][9] eq "x"', false],
    ['ip.src.country eq "DE" and to_string(ip.src) eq "198.51.100.7"', true],
    // `not` binds more than `and`, which binds more than `xor` and `or`.
    ["true or false and false", true],
    ["(true or false) and false", false],
    ["not false and false", false],
    ["true xor true or true", true],
    ["true && !false", true],
    ["false || false", false],
  ])("%s is %s", (text, expected) => {
    expect(compile(text)(ASKED)).toBe(expected);
  });

  test.each([
    ["cf.bot_management.score gt 30", "`cf.bot_management.score` is not played here"],
    ['regex_replace(http.host, "a", "b") eq "b"', "`regex_replace()` is not played here"],
    ['any(http.request.cookies["app"][*] eq "test")', "`*] eq"],
    ['http.host eq "a" "b"', '`"b"` is not expected there'],
    ["(true", "it ends too early"],
    ["", "it ends too early"],
    ["http.request.cookies[app]", "is not played here"],
    ["constructor", "`constructor` is not played here"],
    ["toString(true)", "`toString()` is not played here"],
    ["true constructor true", "`constructor` is not expected there"],
  ])("%s is refused", (text, message) => {
    expect(() => compile(text)).toThrow(ExpressionFault);
    expect(() => compile(text)).toThrow(message);
  });
});

describe("header rules", () => {
  const KEY = "Cloudflare-Workers-Version-Key";
  const HAS = 'len(http.request.cookies["session"]) > 0';
  const rule = (expression: string, changes: HeaderRule["changes"], hosts = ["api.example.com", "*.shop.test"]) => ({
    name: "sticky, rule 1",
    hosts,
    expression,
    changes,
  });
  const set = (expression: string) => [{ name: KEY, operation: "set" as const, value: null, expression }];
  const removed = [{ name: KEY, operation: "remove" as const, value: null, expression: null }];
  const rules = new HeaderRules(
    [rule(HAS, set('http.request.cookies["session"][0]')), rule(`not (${HAS})`, removed)],
    (text) => expect.unreachable(text),
  );
  const ask = (made: HeaderRules, raw: string[], hostname = "api.example.com") =>
    made.apply(raw, { method: "GET", hostname, target: "/", client: clientOf("DE", "198.51.100.7", undefined) });

  test("set what the client sent anew, however it wrote it", () => {
    const raw = ["Accept", "*/*", KEY.toLowerCase(), "mine", "Cookie", "session=s1", KEY, "again"];
    expect(ask(rules, raw)).toEqual(["Accept", "*/*", "Cookie", "session=s1", KEY, "s1"]);
    expect(ask(rules, ["Accept", "*/*", KEY, "mine"])).toEqual(["Accept", "*/*"]);
  });

  test("act on the hosts of their zone alone", () => {
    const raw = [KEY, "mine", "Cookie", "session=s1"];
    for (const host of ["www.shop.test", "a.b.shop.test"]) expect(ask(rules, raw, host)).toContain("s1");
    for (const host of ["api-local.local.workers.dev", "shop.test", "other.test"])
      expect(ask(rules, raw, host)).toBe(raw);
  });

  test("add beside what is there, set fixed values, and send nothing for what is not there", () => {
    const made = new HeaderRules(
      [
        rule("true", [
          { name: "X-Plan", operation: "add", value: "gold", expression: null },
          { name: "X-From", operation: "set", value: null, expression: "ip.src.country" },
          { name: "X-None", operation: "set", value: null, expression: 'http.request.cookies["none"][0]' },
        ]),
      ],
      (text) => expect.unreachable(text),
    );
    expect(ask(made, ["X-Plan", "free", "X-None", "mine"])).toEqual([
      "X-Plan",
      "free",
      "X-Plan",
      "gold",
      "X-From",
      "DE",
    ]);
  });

  test("that are not played here are told of and do nothing", () => {
    const told: string[] = [];
    const made = new HeaderRules([rule("cf.client.bot", removed)], (text) => told.push(text));
    expect(told).toEqual([
      "The header rule sticky, rule 1 is not applied: `cf.client.bot` is not played here (gap transform-rules)",
    ]);
    expect(ask(made, [KEY, "mine"])).toEqual([KEY, "mine"]);
  });
});
