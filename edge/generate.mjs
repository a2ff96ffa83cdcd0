// Writes the TypeScript types of the contracts from their JSON Schemas: `node generate.mjs [OUTPUT_DIR]`.
// OUTPUT_DIR stands for this directory (default: here), so that a check can generate elsewhere and compare.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { compile } from "json-schema-to-typescript";

const here = import.meta.dirname;
const output = resolve(process.argv[2] ?? here);

const TARGETS = [
  { schema: "schema/settings.schema.json", name: "EdgeSettings", file: "src/core/settings.gen.ts" },
  { schema: "schema/deployment.schema.json", name: "Deployment", file: "src/gateway/protocol.gen.ts" },
];

/** JSON Schema 2020-12 as the older dialect that the type generator reads: tuples are `items` there. */
function toDraft7(node) {
  if (Array.isArray(node)) return node.map(toDraft7);
  if (node === null || typeof node !== "object") return node;
  const copy = {};
  for (const [key, value] of Object.entries(node)) {
    if (key === "$schema" || key === "discriminator") continue;
    // A model's default is the document writer's business: the reader always finds the field.
    if (key === "default") continue;
    if (key === "prefixItems") {
      copy.items = toDraft7(value);
      copy.additionalItems = false;
    } else copy[key] = toDraft7(value);
  }
  return copy;
}

/** Models become `export interface Name`; `minItems: 1` stays an array, because indexing is checked anyway. */
function plainArrays(node) {
  if (Array.isArray(node)) return node.map(plainArrays);
  if (node === null || typeof node !== "object") return node;
  const copy = {};
  for (const [key, value] of Object.entries(node)) {
    if ((key === "minItems" || key === "maxItems") && !Array.isArray(node.items)) continue;
    copy[key] = plainArrays(value);
  }
  return copy;
}

for (const { schema, name, file } of TARGETS) {
  const document = JSON.parse(await readFile(join(here, schema), "utf8"));
  const text = await compile(plainArrays(toDraft7(document)), name, {
    additionalProperties: false,
    bannerComment: `// Generated from edge/${schema}, which comes from the pydantic models. Run \`make build\`; do not edit.`,
    style: { printWidth: 120 },
  });
  const path = join(output, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text.replaceAll(/``([^`]+)``/g, "`$1`"));
}
