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

const gateway = [
  ...sources("edge/src/gateway", /\.ts$/, /\.gen\.ts$/),
  ...sources("edge/test/gateway", /\.ts$/, /^cloudfront|gaps\.test/),
];
const others = [
  ...sources("edge/src", /\.ts$/, /^gateway\//),
  ...sources("components/edgewright", /\.py$/, /gaps\.py$|node_modules/),
];

const listed = [
  ...readFileSync(join(root, "docs/local-cloud-gaps.md"), "utf8").matchAll(/^\| `([a-z0-9-]+)` \|/gm),
].map((row) => row[1] as string);

test("the list has no id twice", () => {
  expect(listed.length).toBeGreaterThan(20);
  expect([...new Set(listed)]).toEqual(listed);
});

test("every gap that the gateway names is in the list", () => {
  const named = new Set(
    gateway.flatMap((text) => [...text.matchAll(/\bgap [`']([a-z0-9-]+)[`']/gi)].map((found) => found[1] as string)),
  );
  expect([...named].filter((id) => !listed.includes(id))).toEqual([]);
  expect(named.size).toBeGreaterThan(15);
});

test("every gap in the list is named where it is caused", () => {
  // The resource handlers cause these without a line of their own to point at.
  const general = ["workers-dev", "server-times", "reads"];
  const all = [...gateway, ...others];
  const nowhere = listed.filter((id) => !all.some((text) => new RegExp(`["'\`]${id}["'\`]`).test(text)));
  expect(nowhere.filter((id) => !general.includes(id))).toEqual([]);
});
