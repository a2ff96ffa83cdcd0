import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BadTarget, normalizePath, normalizeQuery, splitTarget } from "../../src/core/path";

describe("normalizePath", () => {
  it.each([
    ["/", "/"],
    ["/api/products/1", "/api/products/1"],
    ["/api/products/", "/api/products/"],
    ["/a/./b", "/a/b"],
    ["/a/../b", "/b"],
    ["/a/..", "/"],
    ["/a/b/.", "/a/b/"],
    ["/../../etc/passwd", "/etc/passwd"],
    ["/a/%2e%2E/b", "/b"],
    ["/a/%2e./b", "/b"],
    ["//a///b", "/a/b"],
    ["/%61pi", "/api"],
    ["/caf%c3%a9", "/caf%C3%A9"],
    ["/café", "/caf%C3%A9"],
    ["/a;x=1/b", "/a%3Bx=1/b"],
    ["/a%3bx", "/a%3Bx"],
    ["/a b", "/a%20b"],
    ["/a|b^c", "/a%7Cb%5Ec"],
    ["/100%25", "/100%25"],
    ["/.well-known/x", "/.well-known/x"],
    ["/...", "/..."],
  ])("%s becomes %s", (path, expected) => {
    expect(normalizePath(path)).toBe(expected);
  });

  it.each([
    "/a%",
    "/a%2",
    "/a%zz",
    "/a%00",
    "/a%0d%0aSet-Cookie:x",
    "/a%7f",
    "/a\u0000",
    "/a\nb",
    "/a%2fb",
    "/a%2Fb",
    "/a%5cb",
    "/a\\b",
    "/a%252fb",
    "/a%25252fb",
    "/a%252e%252e/b",
    "/a%2500",
    "/a%25%32f",
    "/a%25%32%66b",
    "/a/..;/b",
    "/a/.;x/b",
    "/a/%2e%2e;/b",
    "/a%c0%af",
    "/a%ff",
    "/a\ud800",
  ])("%j is refused", (path) => {
    expect(() => normalizePath(path)).toThrow(BadTarget);
  });

  /** Paths made of the pieces that attacks are made of. */
  const piece = fc.constantFrom(
    ..."/ . .. ; % %2e %2E %2f %5c %25 %00 %3b %41 a b A 1 ~ _ - : @ é \\ | %c3%a9 %ff %32 %66 0 2 f e 5 // ? #".split(
      " ",
    ),
  );
  const nasty = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join("")}`);
  const anyPath = fc.oneof(
    nasty,
    fc.webPath().map((path) => `/${path}`),
    fc.string({ unit: "binary" }).map((text) => `/${text}`),
  );

  function tried(path: string): string | undefined {
    try {
      return normalizePath(path);
    } catch (error) {
      if (error instanceof BadTarget) return undefined;
      throw error;
    }
  }

  it("refuses a path or gives one that is normal in every way", () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        const normal = tried(path);
        if (normal === undefined) return;
        // Idempotent, so no later step can see another path by normalising again.
        expect(normalizePath(normal)).toBe(normal);
        // A URL parser, here or at the origin, changes nothing.
        expect(new URL(`http://h${normal}`).pathname).toBe(normal);
        expect(normal).toMatch(/^\/(?:[A-Za-z0-9._~!$&'()*+,=:@/-]|%[0-9A-F]{2})*$/);
        expect(normal).not.toMatch(/\/\//);
        const segments = normal.split("/");
        expect(segments.some((segment) => segment === "." || segment === "..")).toBe(false);
        // A server that decodes once, and one that decodes twice, find the same segments.
        const once = decodeURIComponent(normal);
        expect(once.split("/").length).toBe(segments.length);
        let twice = once;
        try {
          twice = decodeURIComponent(once);
        } catch {
          // Not decodable again, so no server decodes it again.
        }
        expect(twice.split(/[/\\]/).length).toBe(segments.length);
      }),
      { numRuns: 3000 },
    );
  });

  it("gives equivalent spellings one form", () => {
    const segment = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
    const spelled = fc.array(fc.tuple(segment, fc.nat(4)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(spelled, (parts) => {
        const plain = parts.map(([name]) => `/${name}`).join("");
        const disguised = parts
          .map(([name, how]) => {
            const escaped = `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`;
            return [`/${name}`, `/${escaped}`, `//${name}`, `/./${name}`, `/x/%2e%2e/${name}`][how];
          })
          .join("");
        expect(normalizePath(disguised)).toBe(plain);
      }),
    );
  });
});

describe("splitTarget", () => {
  it.each([
    ["http://h/a?b#c", { origin: "http://h", path: "/a", query: "?b" }],
    ["http://h:8080/a/b", { origin: "http://h:8080", path: "/a/b", query: "" }],
    ["http://h", { origin: "http://h", path: "/", query: "" }],
    ["http://h?x=/y", { origin: "http://h", path: "/", query: "?x=/y" }],
    ["http://h/a#?b", { origin: "http://h", path: "/a", query: "" }],
    ["http://h/a?b=http://c/#d?e", { origin: "http://h", path: "/a", query: "?b=http://c/" }],
  ])("%s", (url, expected) => {
    expect(splitTarget(url)).toEqual(expected);
  });
});

describe("normalizeQuery", () => {
  it("leaves one way to separate parameters", () => {
    expect(normalizeQuery("?a=1;b=2&c=3")).toBe("?a=1%3Bb=2&c=3");
    expect(normalizeQuery("?")).toBe("");
  });
});
