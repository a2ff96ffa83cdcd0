import fc from "fast-check";
import { parseDictionary } from "structured-headers";
import { describe, expect, it } from "vitest";
import { parseContentRange } from "../../src/core/cache/decide/parts";
import { parseAge } from "../../src/core/cache/decide/storage";
import { deltaSecondsOf, fieldNames, isUnqualified, parseCacheControl } from "../../src/core/cache/directives";
import { splitList } from "../../src/core/cache/lists";
import { readPlainDirectives } from "../../src/core/cache/response-directives";
import { directivesFor, parseTargeted } from "../../src/core/cache/targeted";
import { rangeApplies } from "../../src/core/conditional";
import { parseDate } from "../../src/core/dates";
import { parseRange } from "../../src/core/ranges";
import { START } from "./fixtures/harness";

describe("HTTP dates", () => {
  const at = Date.UTC(1994, 10, 6, 8, 49, 37);
  it.each([
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
    "sun, 06 NOV 1994 08:49:37 gmt",
  ])("reads %s", (text) => {
    expect(parseDate(text, START)).toBe(at);
  });

  it.each([
    "0",
    "",
    "-1",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 +0100",
    "Sun, 06 Nov 94 08:49:37 GMT",
    "Sun 06 Nov 1994 08:49:37 GMT",
    "Sun, 06  Nov 1994 08:49:37 GMT",
    "Sun, 06-Nov-1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08.49.37 GMT",
    "Sun, 06 Nov 1994 8:49:37 GMT",
    "Sun, 06 Nov 1994 24:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Xyz 1994 08:49:37 GMT",
    "1994-11-06T08:49:37Z",
  ])("refuses %j", (text) => {
    expect(parseDate(text, START)).toBeUndefined();
  });

  it("takes a two-digit year more than 50 years ahead as past", () => {
    expect(parseDate("Sunday, 06-Nov-77 08:49:37 GMT", START)).toBe(Date.UTC(1977, 10, 6, 8, 49, 37));
    expect(parseDate("Friday, 06-Nov-76 08:49:37 GMT", START)).toBe(Date.UTC(2076, 10, 6, 8, 49, 37));
  });

  it("reads back what toUTCString writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (second) => {
        expect(parseDate(new Date(second * 1000).toUTCString(), START)).toBe(second * 1000);
      }),
    );
  });
});

describe("Cache-Control", () => {
  it("knows names in any case, quoted arguments, and the first of duplicates", () => {
    const cc = parseCacheControl(
      'MaX-aGe="60", no-STORE, max-age=1, , private="Set-Cookie, X-A", ext="a\\", max-age=9"',
    );
    expect(deltaSecondsOf(cc, "max-age")).toBe(60);
    expect(cc.get("no-store")).toBe(true);
    expect(fieldNames(cc.get("private"))).toEqual(["set-cookie", "x-a"]);
    expect(isUnqualified(cc, "private")).toBe(false);
    expect(cc.get("ext")).toBe('a", max-age=9');
  });

  it.each([
    ['private="x-a", private', true, []],
    ['private, private="x-a"', true, []],
    ['private=, private="x-a"', true, []],
    ['private="x-a", private=" "', true, []],
    ['private="x-a", private="X-B, x-c"', false, ["x-a", "x-b", "x-c"]],
  ])("lets every one of several count that forbid: %s", (text, all, fields) => {
    for (const name of ["private", "no-cache"]) {
      const cc = parseCacheControl(text.replaceAll("private", name));
      expect([isUnqualified(cc, name), fieldNames(cc.get(name))]).toEqual([all, fields]);
    }
  });

  it.each([
    "max-age",
    "max-age=",
    "max-age=-1",
    "max-age=1.5",
    "max-age=a1",
    "max-age='1'",
    "max-age =9",
    "max-age= 9",
  ])("grants no freshness to %j", (text) => {
    expect(deltaSecondsOf(parseCacheControl(text), "max-age")).toBe(0);
  });

  it("clamps what is too large", () => {
    expect(deltaSecondsOf(parseCacheControl("max-age=99999999999999999999"), "max-age")).toBe(2147483648);
    expect(deltaSecondsOf(parseCacheControl("max-age=003600"), "max-age")).toBe(3600);
  });

  it("still forbids when a forbidding directive is written oddly", () => {
    for (const text of ["no-store=x", "no-store =x", "No-Store", " no-store , max-age=9", 'a="b", no-store']) {
      expect(parseCacheControl(text).has("no-store")).toBe(true);
    }
    expect(parseCacheControl('a="no-store"').has("no-store")).toBe(false);
  });

  it("lets a quote that is never closed hide nothing that forbids, and grant nothing", () => {
    const cc = parseCacheControl('max-age=9, ext="a, No-Store , private=x-a,s-maxage=60');
    expect([deltaSecondsOf(cc, "max-age"), cc.get("no-store"), isUnqualified(cc, "private")]).toEqual([9, true, true]);
    expect(cc.has("s-maxage")).toBe(false);
    expect(parseCacheControl('ext="a, no-stores, x-private').size).toBe(1);
    expect(isUnqualified(parseCacheControl('private="x-a'), "private")).toBe(true);
  });

  it("never throws, and finds nothing inside a quoted string", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseCacheControl(text);
        const inside = text.replace(/["\\]/g, "");
        expect(parseCacheControl(`x="${inside}, no-store"`).has("no-store")).toBe(false);
      }),
    );
  });

  it("splits lists outside quotes", () => {
    expect(splitList(' a ,, "b, c" ,d')).toEqual(["a", '"b, c"', "d"]);
    expect(splitList("")).toEqual([]);
  });
});

describe("what `override` alone reads of targeted fields", () => {
  const FIELDS = ["cloudflare-cdn-cache-control", "cdn-cache-control"];
  const member = fc.oneof(
    fc.constantFrom(
      "private",
      "no-store",
      "no-cache",
      "max-age=0",
      "max-age=60",
      "s-maxage=9",
      "private=1",
      "-a",
      "a=b",
    ),
    fc.constantFrom(
      'private="x"',
      "max-age=60;x=1",
      "no-store;a",
      "max-age=-1",
      "max-age=1.5",
      "A",
      "",
      "a=",
      "(",
      "x*",
    ),
  );
  const field = fc.oneof(
    fc
      .array(member, { maxLength: 4 })
      .chain((members) => fc.constantFrom(", ", ",", " ,  ").map((by) => members.join(by))),
    fc.string({ maxLength: 12, unit: fc.constantFrom(...'ab-=,;" 019(*:?@') }),
  );

  it("is what the whole grammar says, or nothing: then the response is not stored", () => {
    fc.assert(
      fc.property(
        fc.option(field),
        fc.option(field),
        fc.constantFrom("private", "max-age=5", ""),
        (one, two, control) => {
          const headers = new Headers({ "cache-control": control });
          if (one !== null) headers.set(FIELDS[0] as string, one);
          if (two !== null) headers.set(FIELDS[1] as string, two);
          const read = readPlainDirectives(headers, FIELDS);
          if (read === undefined) return;
          const whole = directivesFor(headers, FIELDS);
          expect(read.targeted).toBe(whole.targeted);
          expect(new Set(read.directives)).toEqual(new Set(whole.directives));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("is most of what is in use", () => {
    for (const text of [
      "max-age=600",
      "public, max-age=600, stale-while-revalidate=30",
      "no-store",
      "private, no-cache",
    ]) {
      expect(readPlainDirectives(new Headers({ "cdn-cache-control": text }), FIELDS)?.targeted).toBe(true);
    }
  });
});

describe("targeted fields (RFC 9213)", () => {
  it("reads directives", () => {
    const cc = parseTargeted('max-age=60, private="a, b", must-revalidate, foo;x=1;y="z", bar=(1 2 "c");q');
    expect(cc && deltaSecondsOf(cc, "max-age")).toBe(60);
    expect(cc && fieldNames(cc.get("private"))).toEqual(["a", "b"]);
    expect(cc?.has("must-revalidate")).toBe(true);
  });

  it.each(["", "max-age", 'max-age="60"', "max-age=60.0", "max-age=-1"])("takes no max-age from %j", (text) => {
    const cc = parseTargeted(text);
    expect(cc === undefined || cc.get("max-age") === undefined || cc.get("max-age") === true).toBe(true);
  });

  it.each([
    "MaX-aGe=60",
    "max-age =60",
    "max-age= 60",
    "max-age=60,",
    ",max-age=60",
    "max-age=60 no-store",
    "a=(1",
    "a=?2",
  ])("is ignored as a whole: %j", (text) => {
    expect(parseTargeted(text)).toBeUndefined();
  });

  it("reads a date in any member, where structured-headers 2.1.0 wants the text to end", () => {
    expect(parseTargeted("a=@123, max-age=9")?.get("max-age")).toBe("9");
    expect(parseTargeted("a=@1.5")).toBeUndefined();
  });

  it("accepts and refuses what a complete parser of RFC 9651 does", () => {
    const bare = fc.oneof(
      fc.constantFrom("60", "-1", "1.5", "1.", "99999999999999999", "?1", "?0", "?2", "tok", "*t/a:b", ":aGk=:", '"s"'),
      fc.constantFrom('"a\\"b"', '"a\\b"', '"', '%"a%c3%bc"', '%"%zz"', "", " ", "()", '(a "b")', "(a b", "( 1  2 );x"),
      fc.string({ maxLength: 4 }),
    );
    const key = fc.oneof(fc.constantFrom("max-age", "a", "*b", "A", "a_b", ""), fc.string({ maxLength: 3 }));
    const params = fc.array(fc.tuple(key, fc.option(bare)), { maxLength: 2 });
    const member = fc.tuple(key, fc.option(bare), params).map(([name, value, list]) => {
      const tail = list.map(([k, v]) => (v === null ? `;${k}` : `;${k}=${v}`)).join("");
      return (value === null ? name : `${name}=${value}`) + tail;
    });
    const field = fc
      .tuple(fc.array(member, { maxLength: 4 }), fc.constantFrom(",", ", ", " ,\t", ",,"))
      .map(([members, comma]) => members.join(comma));
    const complete = (text: string): boolean => {
      try {
        return parseDictionary(text).size > 0;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(field, (text) => {
        // A leading `x` shows acceptance apart from whether a directive has a usable value.
        const probe = text === "" ? "x" : `x, ${text}, x`;
        expect([probe, parseTargeted(probe) !== undefined]).toEqual([probe, complete(probe)]);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("Age, ranges", () => {
  it.each([
    ["7200", 7200],
    ["7200, 0", 7200],
    ["0, 7200", 0],
    ["-7200", 0],
    ["7200.0", 0],
    ["abc", 0],
    ["99999999999", 2147483648],
    [null, 0],
  ])("Age %j is %d", (text, value) => {
    expect(parseAge(text)).toBe(value);
  });

  it("reads byte ranges as slices of the representation", () => {
    fc.assert(
      fc.property(fc.nat(30), fc.option(fc.nat(40)), fc.option(fc.nat(40)), (total, first, last) => {
        fc.pre(first !== null || last !== null);
        const got = parseRange(`bytes=${first ?? ""}-${last ?? ""}`, total);
        const all = Array.from({ length: total }, (_, index) => index);
        const invalid = first !== null && last !== null && last < first;
        const expected =
          first === null ? all.slice(Math.max(0, total - (last as number))) : all.slice(first, (last ?? total) + 1);
        if (invalid) expect(got).toBeUndefined();
        else if (expected.length === 0) expect(got).toBe("unsatisfiable");
        else expect(got).toEqual({ start: expected[0], end: expected.at(-1) });
      }),
    );
  });

  it("ignores ranges that it does not serve", () => {
    for (const text of ["bytes=0-1,3-4", "items=0-1", "bytes=-", "bytes", "bytes=a-b", null]) {
      expect(parseRange(text, 10)).toBeUndefined();
    }
    expect(parseContentRange("bytes 0-4/10")).toEqual({ start: 0, end: 4, total: 10 });
    for (const text of ["bytes 0-4/*", "bytes */10", "bytes 5-4/10", "bytes 0-10/10", "items 0-4/10", null]) {
      expect(parseContentRange(text)).toBeUndefined();
    }
  });

  it("lets If-Range hold only for a strong validator", () => {
    const holds = (value: string, headers: [string, string][]) =>
      rangeApplies(new Headers({ "if-range": value }), new Headers(headers), START);
    const modified = "Thu, 01 Jan 2026 00:00:00 GMT";
    const date = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toUTCString();
    expect(holds('"a"', [["etag", '"a"']])).toBe(true);
    expect(holds('"a"', [["etag", '"b"']])).toBe(false);
    expect(holds('W/"a"', [["etag", 'W/"a"']])).toBe(false);
    expect(
      holds(modified, [
        ["last-modified", modified],
        ["date", date(120)],
      ]),
    ).toBe(true);
    expect(
      holds(modified, [
        ["last-modified", modified],
        ["date", date(1)],
      ]),
    ).toBe(false);
    expect(
      holds(date(1), [
        ["last-modified", modified],
        ["date", date(120)],
      ]),
    ).toBe(false);
  });
});
