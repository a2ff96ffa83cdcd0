// The list of differences to the real platforms, and the code that causes them, name the same.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { edgeDir } from "./harness.js";

const root = join(edgeDir, "..");

function sources(directory: string, extension: RegExp, skip: RegExp): string[] {
  return readdirSync(join(root, directory), { recursive: true, encoding: "utf8" })
    .filter((name) => extension.test(name) && !skip.test(name))
    .map((name) => readFileSync(join(root, directory, name), "utf8"));
}

const code = [
  ...sources("edge/src", /\.ts$/, /\.gen\.ts$/),
  ...sources("components/edgewright", /\.py$/, /(^|\/)gaps\.py$|node_modules/),
];

/**
 * The ids that code names: "gap `id`" in a comment or a message, `gap="id"` where a resource is recorded only, and
 * `gap=Gap("id"` where a kind of binding has its own.
 */
const named = new Set(
  code.flatMap((text) =>
    [...text.matchAll(/\bgap(?:[ =]|=Gap\(\s*)[`'"]([a-z0-9-]+)[`'"]/gi)].map((found) => found[1] as string),
  ),
);

const listed = [
  ...readFileSync(join(root, "docs/local-cloud-gaps.md"), "utf8").matchAll(/^\| `([a-z0-9-]+)` \|/gm),
].map((row) => row[1] as string);

test("the list has no id twice", () => {
  expect(listed.length).toBeGreaterThan(20);
  expect([...new Set(listed)]).toEqual(listed);
});

test("every gap that code names is in the list", () => {
  expect([...named].filter((id) => !listed.includes(id))).toEqual([]);
});

test("every gap in the list is named where it is caused", () => {
  expect(listed.filter((id) => !named.has(id))).toEqual([]);
});
