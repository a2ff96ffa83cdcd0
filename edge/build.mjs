// Bundles the code at the edge, and the local cloud's gateway, into the Python package:
// `node build.mjs [OUTPUT_DIR] [--only=cloudflare|lambda_edge|gateway]`.
// OUTPUT_DIR stands for components/edgewright/_bundles (the default), so that a check can build elsewhere and compare.
// The output depends on the sources and the locked packages alone: no clock, no absolute path, no order of a directory.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { minify } from "terser";

const here = import.meta.dirname;
const { positionals, values } = parseArgs({ allowPositionals: true, options: { only: { type: "string" } } });
const output = resolve(positionals[0] ?? join(here, "../components/edgewright/_bundles"));

/** Features of one setting each: the table is written from components/edgewright/contract/features.py. */
const BY_SETTING = JSON.parse(await readFile(join(here, "schema/features.json"), "utf8"));

/** Parts of the cache: the table, of which needs which, is written from components/edgewright/contract/cache_parts.py. */
const BY_POLICY = JSON.parse(await readFile(join(here, "schema/cache-parts.json"), "utf8"));
/** The check by that table is a part too, of functions on the local cloud. */
const CACHE_PARTS = ["check", ...BY_POLICY.map(({ part }) => part)].sort();

/**
 * A feature's module: its file, the name that it exports, and where that is written. `beside`: what it shares code with, which
 * is loaded wherever this is: shared code is one module with that one.
 */
function feature(name, beside) {
  const file = name.replaceAll("_", "-");
  return {
    file: `${file}.js`,
    export: name.replaceAll(/_(.)/g, (_, letter) => letter.toUpperCase()),
    source: `core/features/${file}`,
    beside,
  };
}

const FEATURES = Object.fromEntries([
  ...["cache", "geo", "sessions", "jwt", ...BY_SETTING.map(({ name }) => name)].map((name) => [
    name,
    feature(name, "core"),
  ]),
  ...CACHE_PARTS.map((part) => [`cache_${part}`, feature(`cache_${part}`, "cache")]),
]);
// With the class of Durable Objects, which the platform knows.
Object.assign(FEATURES.cache_shield, { source: "platforms/cloudflare/cache-shield", also: ["createShield"] });

const NOTHING = { files: new Map(), packages: new Set() };

const shared = {
  absWorkingDir: here,
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
  write: false,
};

/** Where a bundle's inputs came from, for LICENSES. */
function packagesOf(metafile) {
  const names = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(input);
    if (found) names.add(found[1]);
  }
  return names;
}

/** Three percent less than esbuild alone: it inlines and joins more. Each function is uploaded, and loaded when it starts. */
const smaller = async (text) => (await minify(text, { module: true, ecma: 2022, compress: { passes: 3 } })).code;

/**
 * The entry files, one a module of the output, which nobody has to write: each exports what is written elsewhere, and loads what
 * it shares code with.
 */
function entryFiles(folder, entries) {
  return {
    name: "entries",
    setup(builder) {
      builder.onResolve({ filter: /^entry:/ }, ({ path }) => ({
        path: path.slice("entry:".length),
        namespace: "entry",
      }));
      builder.onLoad({ filter: /.*/, namespace: "entry" }, ({ path }) => {
        const { file, export: name, source, also = [], beside } = entries[path];
        const written = source ?? `platforms/${folder}/${file.replace(/\.m?js$/, "")}`;
        const first = beside === undefined ? "" : `import "entry:${beside}";`;
        return { contents: `${first} export { ${[name, ...also]} } from "./src/${written}";`, resolveDir: here };
      });
    },
  };
}

/**
 * What esbuild names by its content, `chunk-7Q7AD36V.js`, to a name that stays when the content changes: a number, in the order of
 * the entries that share it. So an edit changes files, and does not rename them.
 */
function commonNames(outputs) {
  const entries = Object.entries(outputs).filter(([, { entryPoint }]) => entryPoint !== undefined);
  const reached = (path, seen = new Set()) => {
    for (const { path: next, external } of outputs[path].imports) {
      if (external || seen.has(next)) continue;
      seen.add(next);
      reached(next, seen);
    }
    return seen;
  };
  const uses = entries.map(([path]) => [basename(path), reached(path)]);
  const chunks = Object.entries(outputs)
    .filter(([, { entryPoint }]) => entryPoint === undefined)
    .map(([path, { inputs }]) => {
      const by = uses.filter(([, paths]) => paths.has(path)).map(([name]) => name);
      return { path, order: `${by.sort().join()} ${Object.keys(inputs).sort().join()}` };
    })
    .sort((a, b) => (a.order < b.order ? -1 : 1));
  return new Map(chunks.map(({ path }, index) => [basename(path), `common-${index + 1}${/\.m?js$/.exec(path)[0]}`]));
}

/** The features that a function on origin-request has: CloudFront itself caches, and WAF counts. */
const LAMBDA_FEATURES = {
  geo: {
    ...FEATURES.geo,
    file: "forward.mjs",
    export: "forward",
    source: "platforms/cloudfront/lambda-edge/forward",
    beside: undefined,
  },
  sessions: { ...FEATURES.sessions, file: "sessions.mjs", beside: undefined },
  jwt: { ...FEATURES.jwt, file: "jwt.mjs", beside: undefined },
  ...Object.fromEntries(
    BY_SETTING.filter(({ around }) => around).map(({ name }) => [
      name,
      { ...FEATURES[name], file: FEATURES[name].file.replace(/\.js$/, ".mjs"), beside: undefined },
    ]),
  ),
};

/**
 * Modules that one function is put together from, and the manifest that says which need which. `also`: further functions
 * made of the same features.
 */
async function bundleHost(folder, core, features, { also = {}, ...options }) {
  const extension = core.file.endsWith(".mjs") ? ".mjs" : ".js";
  const entries = { core, ...also, ...features };
  const result = await build({
    ...shared,
    entryPoints: Object.entries(entries).map(([name, { file }]) => ({
      in: `entry:${name}`,
      out: file.replace(/\.m?js$/, ""),
    })),
    outdir: "dist",
    plugins: [entryFiles(folder, entries)],
    outExtension: { ".js": extension },
    chunkNames: "chunk-[hash]",
    splitting: true,
    minify: true,
    // Fields that the constructor sets need no declaration of their own in the output.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, verbatimModuleSyntax: true } },
    mainFields: ["module", "main"],
    ...options,
  });
  const contents = new Map();
  const renamed = commonNames(result.metafile.outputs);
  const nameOf = (path) => renamed.get(basename(path)) ?? basename(path);
  for (const { path, text } of result.outputFiles) {
    let own = text;
    for (const [made, name] of renamed) own = own.replaceAll(`"./${made}"`, `"./${name}"`);
    contents.set(nameOf(path), Buffer.from(await smaller(own)));
  }
  const outputs = new Map(Object.entries(result.metafile.outputs).map(([path, value]) => [nameOf(path), value]));

  /** Every file that a file needs, itself left out. */
  function closure(file, seen = new Set()) {
    for (const { path, external } of outputs.get(file).imports) {
      const name = nameOf(path);
      if (external || seen.has(name)) continue;
      seen.add(name);
      closure(name, seen);
    }
    return seen;
  }
  const named = ({ file, export: name }) => ({ file, export: name });
  const importsOf = (file) => [...closure(file)].sort();
  const manifest = {
    version: 1,
    core: { ...named(core), imports: importsOf(core.file) },
    ...Object.fromEntries(
      Object.entries(also).map(([name, one]) => [name, { ...named(one), imports: importsOf(one.file) }]),
    ),
    features: Object.fromEntries(
      Object.entries(features).map(([name, feature]) => [
        name,
        { ...named(feature), imports: importsOf(feature.file) },
      ]),
    ),
    files: Object.fromEntries(
      [...contents]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, bytes]) => [
          name,
          {
            bytes: bytes.byteLength,
            sha256: createHash("sha256").update(bytes).digest("hex"),
            content_type: "application/javascript+module",
          },
        ]),
    ),
  };
  contents.set("manifest.json", `${JSON.stringify(manifest, null, 2)}\n`);
  return { files: contents, packages: packagesOf(result.metafile) };
}

const bundleCloudflare = () =>
  bundleHost("cloudflare", { file: "edgewright.js", export: "createWorker" }, FEATURES, {
    platform: "neutral",
    conditions: ["workerd", "worker", "browser"],
  });

const bundleLambdaEdge = () =>
  bundleHost("cloudfront/lambda-edge", { file: "edgewright.mjs", export: "createLambda" }, LAMBDA_FEATURES, {
    also: { guard: { file: "guard.mjs", export: "createGuard" } },
    platform: "node",
    target: "node20",
    conditions: ["node", "import"],
    // Node's own of these take most of a cold start to load.
    inject: ["src/platforms/cloudfront/lambda-edge/web.ts"],
  });

async function bundleGateway() {
  const entry = "src/gateway/main.ts";
  if (!existsSync(join(here, entry))) return NOTHING;
  const result = await build({
    ...shared,
    entryPoints: [entry],
    outfile: "gateway.mjs",
    platform: "node",
    target: "node22",
    external: ["miniflare", "workerd", "esbuild"],
  });
  return {
    files: new Map([["gateway.mjs", result.outputFiles[0].contents]]),
    packages: packagesOf(result.metafile),
  };
}

async function licences(packages) {
  const parts = [];
  for (const name of [...packages].sort()) {
    const directory = join(here, "node_modules", name);
    const { version } = JSON.parse(await readFile(join(directory, "package.json"), "utf8"));
    const file = (await readdir(directory)).sort().find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} ${version} has no licence file`);
    parts.push(`${name} ${version}\n\n${(await readFile(join(directory, file), "utf8")).trim()}\n`);
  }
  return `The bundles beside this file contain code of these packages.\n\n${parts.join(`\n${"-".repeat(80)}\n\n`)}`;
}

const wanted = (name) => values.only === undefined || values.only === name;
const cloudflare = wanted("cloudflare") ? await bundleCloudflare() : NOTHING;
const lambdaEdge = wanted("lambda_edge") ? await bundleLambdaEdge() : NOTHING;
const gateway = wanted("gateway") ? await bundleGateway() : NOTHING;
const files = new Map([
  ...[...cloudflare.files].map(([name, contents]) => [`cloudflare/${name}`, contents]),
  ...[...lambdaEdge.files].map(([name, contents]) => [`lambda_edge/${name}`, contents]),
  ...gateway.files,
  ...(values.only === undefined
    ? [["LICENSES", await licences(new Set([...cloudflare.packages, ...lambdaEdge.packages, ...gateway.packages]))]]
    : []),
]);

// Chunks are named by their content: those of an older build would stay for ever.
if (cloudflare !== NOTHING) await rm(join(output, "cloudflare"), { recursive: true, force: true });
if (lambdaEdge !== NOTHING) await rm(join(output, "lambda_edge"), { recursive: true, force: true });
for (const [name, contents] of files) {
  const path = join(output, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
}
