/** What workerd says of a Worker that cannot start, and what each bundle holds. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { buildBundles } from "../support/bundle";
import { endpoint, jwtAuth, origin, policy, router, settings } from "../support/settings";
import { readManifest, workerd, workerModules } from "./runtimes";

const bundles = await buildBundles();
afterAll(() => bundles.remove());

describe("a Worker that cannot start", () => {
  it.each([
    ["no default export", "export const fetch = 1;", /has no default export/],
    ["a syntax error", "export default {", /SyntaxError|Unexpected/],
  ])("is refused before it serves: %s", async (_, source, message) => {
    const start = workerd(bundles.directory).start({
      handlers: { "handler-x.js": source },
      settings: settings({ endpoints: [endpoint("/x", { kind: "handler", module: "handler-x.js" })] }),
    });
    await expect(start).rejects.toThrow(message);
  });
});

describe("the bundles", () => {
  const manifest = readManifest(bundles.directory);
  const read = (name: string) => readFileSync(join(bundles.directory, "cloudflare", name));
  const routers = [router("r", [origin("us", "https://o.test")])];

  it("are what the manifest says, and import nothing else", () => {
    const names = Object.keys(manifest.files);
    expect(names).toContain(manifest.core.file);
    for (const [name, { bytes, sha256 }] of Object.entries(manifest.files)) {
      const contents = read(name);
      expect([name, contents.byteLength]).toEqual([name, bytes]);
      expect(createHash("sha256").update(contents).digest("hex")).toBe(sha256);
      expect(contents.toString()).not.toMatch(/\/(?:home|work|tmp|root)\/|node_modules/);
    }
    for (const { file, imports } of [manifest.core, ...Object.values(manifest.features)]) {
      expect(names).toEqual(expect.arrayContaining([file, ...imports]));
      const stated = [
        ...read(file)
          .toString()
          .matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g),
      ].map(([, name]) => name);
      expect(imports).toEqual(expect.arrayContaining(stated));
    }
  });

  it("leave out what settings do not use", () => {
    const files = (endpoints: ReturnType<typeof endpoint>[]) =>
      workerModules(bundles.directory, { settings: settings({ routers, endpoints }) }).map(({ path }) => path);
    expect(files([endpoint("/a", "r")])).not.toEqual(expect.arrayContaining(["jwt.js"]));
    expect(files([endpoint("/a", "r")])).not.toEqual(expect.arrayContaining(["cache.js"]));
    expect(files([endpoint("/a", "r", { cache: policy(), auth: jwtAuth({}) })])).toEqual(
      expect.arrayContaining(["jwt.js", "cache.js", "cache-origin.js", "geo.js"]),
    );
    const plain = files([endpoint("/a", "r", { cache: policy() })]);
    expect(plain).toEqual(expect.arrayContaining(["cache.js", "cache-edge.js"]));
    for (const part of ["kv", "memory", "origin", "platform", "writes"])
      expect(plain).not.toContain(`cache-${part}.js`);
    // jose and the cache are in their own files, so that others do not pay for them.
    const core = [manifest.core.file, ...manifest.core.imports];
    for (const file of core) expect(read(file).toString()).not.toMatch(/JWKSNoMatchingKey|ERR_JWKS/);
  });

  it("stay small", () => {
    const size = (name: "cache" | "geo" | "sessions" | "jwt" | "rate_limit") =>
      manifest.files[manifest.features[name].file]?.bytes ?? 0;
    expect(manifest.files[manifest.core.file]?.bytes).toBeLessThan(32_000);
    expect(size("jwt")).toBeLessThan(30_000);
    expect(size("geo") + size("sessions") + size("rate_limit")).toBeLessThan(15_000);
  });
});
