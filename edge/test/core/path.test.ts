import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BadTarget, normalizePath, normalizeQuery, splitTarget } from "../../src/core/path";

/**
 * The one table of what paths become, and of those that are refused. `strict_path` of components/edgewright/purge/targets.py is
 * held to it as well: what one side makes of a path, the other must.
 */
const TABLE: { sent: string; strict: string | null }[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../tests/golden/targets.json"), "utf8"),
);
const PATHS = TABLE.filter(({ sent }) => !sent.includes("?"));

describe("normalizePath", () => {
  it.each(PATHS)("$sent becomes $strict", ({ sent, strict }) => {
    if (strict === null) expect(() => normalizePath(sent)).toThrow(BadTarget);
    else expect(normalizePath(sent)).toBe(strict);
  });

  // No text for the table: a URL parser leaves the first one out, and what is not Unicode is not JSON.
  it.each(["/a\nb", "/a\u0000", "/a\ud800"])("refuses %j", (path) => {
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
