/** No file imports itself by way of others, not even for a type: each can be read after those that it imports. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, it } from "vitest";

const SOURCES = join(import.meta.dirname, "../../src");
const IMPORTED = /^(?:import|export)\s[^;]*?\sfrom\s+"(\.[^"]+)"/gm;

/** Each file -> those that it imports. */
function imports(): Map<string, string[]> {
  const names = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  return new Map(
    names.map((name) => {
      const text = readFileSync(join(SOURCES, name), "utf8");
      const found = [...text.matchAll(IMPORTED)].map(([, path]) => resolved(name, path as string));
      return [name, found.filter((path) => path !== undefined)];
    }),
  );
}

function resolved(from: string, path: string): string | undefined {
  const whole = join(SOURCES, dirname(from), path.replace(/\.js$/, ""));
  const file = [`${whole}.ts`, join(whole, "index.ts")].find((name) => existsSync(name));
  return file && relative(SOURCES, file);
}

/** Files that lead back to themselves, each with what it imports on the way. */
function inCircles(graph: Map<string, string[]>): Map<string, string[]> {
  const reached = new Map([...graph.keys()].map((name) => [name, reachable(graph, name)]));
  const circular = [...graph].filter(([name]) => reached.get(name)?.has(name));
  return new Map(circular.map(([name, others]) => [name, others.filter((other) => reached.get(other)?.has(name))]));
}

function reachable(graph: Map<string, string[]>, from: string): Set<string> {
  const found = new Set<string>();
  const left = [...(graph.get(from) ?? [])];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    left.push(...(graph.get(name) ?? []));
  }
  return found;
}

it("finds a circle where there is one", () => {
  const graph = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["b", "d"]],
    ["d", ["e"]],
    ["e", ["e"]],
  ]);
  expect([...inCircles(graph)]).toEqual([
    ["b", ["c"]],
    ["c", ["b"]],
    ["e", ["e"]],
  ]);
});

it("has no circles", () => {
  const graph = imports();
  expect(graph.size).toBeGreaterThan(150);
  expect([...graph.values()].flat().length).toBeGreaterThan(500);
  expect(Object.fromEntries(inCircles(graph))).toEqual({});
});
