// Bundles handlers with esbuild: `node bundler.mjs HOME` answers the request on standard input and ends;
// `node bundler.mjs HOME DESCRIPTOR TOKEN` goes on answering, one request a connection to the socket that it was given,
// until its standard input closes. What it keeps between requests are esbuild's own contexts: a build reads again only
// what has changed.
//
// HOME is a folder whose node_modules has esbuild. A request is one JSON line: token, folder, mode, settings, files.

import { createRequire, SourceMap } from "node:module";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { argv, stdin, stdout } from "node:process";

const [home, descriptor, token] = argv.slice(2);
const esbuild = createRequire(join(home, "package.json"))("esbuild");

/** How many entries stay ready to be built again. */
const MAX_CONTEXTS = 64;

const kinds = {
  worker: {
    platform: "neutral",
    mainFields: ["workerd", "worker", "browser", "module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
    // The comment that names the map is what Workers goes by. The sources themselves stay here.
    sourcemap: "linked",
    sourcesContent: false,
  },
  // Lambda's own runtime has the AWS SDK. A package of CommonJS may ask for Node's modules by `require`.
  lambda: {
    platform: "node",
    target: "node20",
    minifySyntax: true,
    minifyWhitespace: true,
    external: ["@aws-sdk/*"],
    banner: { js: 'import{createRequire as __require}from"node:module";const require=__require(import.meta.url);' },
  },
};

function optionsOf({ folder, mode, settings }, name, item) {
  const entry =
    item.file === undefined
      ? { stdin: { contents: item.text, loader: "ts", resolveDir: folder } }
      : { entryPoints: [item.file] };
  const plugin = {
    name: "settings",
    setup: (build) =>
      build.onResolve({ filter: /^edgewright:/ }, ({ path }) =>
        path === settings ? { path: "./settings.mjs", external: true } : undefined,
      ),
  };
  return {
    absWorkingDir: folder,
    ...entry,
    outfile: name,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    treeShaking: true,
    logLevel: "silent",
    ...kinds[mode],
    ...(mode === "lambda" && { plugins: [plugin] }),
  };
}

const contexts = new Map();

async function built(request, name, item) {
  const options = optionsOf(request, name, item);
  // A text's context would be of no use to the next text.
  if (descriptor === undefined || item.file === undefined) return esbuild.build(options);
  const key = JSON.stringify([request.folder, request.mode, request.settings, name, item.file]);
  let context = contexts.get(key);
  contexts.delete(key);
  context ??= esbuild.context(options);
  contexts.set(key, context);
  for (const [oldest, old] of contexts) {
    if (contexts.size <= MAX_CONTEXTS) break;
    contexts.delete(oldest);
    old.then((found) => found.dispose()).catch(() => {});
  }
  try {
    return await (await context).rebuild();
  } catch (error) {
    if (!Array.isArray(error.errors)) contexts.delete(key);
    throw error;
  }
}

async function bundle(request, name, item) {
  let result;
  try {
    result = await built(request, name, item);
  } catch (error) {
    if (!Array.isArray(error.errors)) throw error;
    return { errors: error.errors.map(({ text, location }) => ({ text, location })) };
  }
  const [, output] = Object.entries(result.metafile.outputs).find(([path]) => !path.endsWith(".map"));
  let text = result.outputFiles.find((file) => !file.path.endsWith(".map")).text;
  const map = result.outputFiles.find((file) => file.path.endsWith(".map"))?.text;
  const { banner } = kinds[request.mode];
  if (banner && !text.slice(banner.js.length).includes("require")) text = text.slice(banner.js.length).trimStart();
  return {
    text,
    map,
    exports: output.exports,
    wrong: output.exports.includes("default") ? wrongDefault(text, map) : undefined,
    externals: output.imports.filter((found) => found.external).map((found) => found.path),
    inputs: Object.entries(output.inputs).map(([path, { bytesInOutput }]) => ({
      path: resolve(request.folder, path),
      shown: path,
      bytes: bytesInOutput,
    })),
  };
}

async function answer(request) {
  const names = Object.keys(request.files);
  const found = await Promise.all(names.map((name) => bundle(request, name, request.files[name])));
  return JSON.stringify(Object.fromEntries(names.map((name, index) => [name, found[index]])));
}

/**
 * What a module exports by default, where that is certain to be neither a function nor an object with `fetch`: in words, with
 * its place in the sources. Undefined where it may be right: what only running it would tell is left to the start.
 */
function wrongDefault(text, map) {
  let name = /export\s*\{[^}]*?([\w$]+) as default\b/.exec(text)?.[1];
  let declared = null;
  let start = 0;
  // `export default routes` gives the value a second name.
  for (let depth = 0; name !== undefined && depth < 4; depth++) {
    const quoted = name.replaceAll("$", "\\$&");
    declared = new RegExp(`(?:^|[;}\\n])\\s*(?:(class)\\s+${quoted}\\b|(?:var|let|const)\\s+${quoted}\\s*=\\s*)`).exec(
      text,
    );
    // One that is given another value later may be anything.
    const assigned = text.match(new RegExp(`(?<![\\w$.])${quoted}\\s*=(?![=>])`, "g"))?.length ?? 0;
    if (declared === null || assigned > (declared[1] ? 0 : 1)) return undefined;
    start = declared.index + declared[0].length;
    name = declared[1] ? undefined : /^([A-Za-z_$][\w$]*)\s*(?:;|\n)/.exec(text.slice(start))?.[1];
    if (name === "null" || name === "undefined" || name === "true" || name === "false") name = undefined;
  }
  if (declared === null) return undefined;
  const what = declared[1] ? "a class" : wrongValue(text, start);
  if (what === undefined) return undefined;
  if (map === undefined) return { what };
  const before = text.slice(0, start).split("\n");
  const entry = new SourceMap(JSON.parse(map)).findEntry(before.length - 1, before.at(-1).length);
  if (entry.originalSource === undefined) return { what };
  return { what, file: entry.originalSource, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
}

function wrongValue(text, start) {
  const rest = text.slice(start);
  const ends = "(?=\\s*(?:[;\\n]|$))";
  if (/^class\b/.test(rest)) return "a class";
  if (new RegExp(`^(?:null)${ends}`).test(rest)) return "null";
  if (new RegExp(`^(?:undefined|void 0)${ends}`).test(rest)) return "undefined";
  if (new RegExp(`^(?:true|false|!0|!1)${ends}`).test(rest)) return "a boolean";
  if (new RegExp(`^-?[\\d.][\\w.]*${ends}`).test(rest)) return "a number";
  if (new RegExp(`^(?:"(?:[^"\\\\\\n]|\\\\.)*"|'(?:[^'\\\\\\n]|\\\\.)*')${ends}`).test(rest)) return "a text";
  if (rest.startsWith("[")) return after(rest) ? "an array" : undefined;
  if (rest.startsWith("{")) {
    const keys = after(rest);
    if (keys === undefined || keys.includes(undefined) || keys.includes("fetch") || keys.includes("__proto__"))
      return undefined;
    if (keys.length === 0) return "an object with nothing in it";
    const shown = keys
      .slice(0, 5)
      .map((key) => `\`${key}\``)
      .join(", ");
    return `an object without \`fetch\` (it has ${shown}${keys.length > 5 ? ", ..." : ""})`;
  }
  return undefined;
}

/**
 * The keys of the literal that a text begins with, undefined for each that is computed or spread. Undefined where the literal is
 * only the beginning of an expression, or its end is not found.
 */
function after(text) {
  const keys = [];
  const open = [];
  let last = "";
  let index = 0;
  while (index < text.length) {
    const rest = text.slice(index, index + 400);
    const skip =
      /^\s+/.exec(rest) ??
      /^\/\/[^\n]*/.exec(rest) ??
      (rest.startsWith("/*") && [text.slice(index, text.indexOf("*/", index) + 2)]);
    if (skip) {
      index += Math.max(1, skip[0].length);
      continue;
    }
    if (open.length === 1 && open[0] === "{" && (last === "{" || last === ",") && !rest.startsWith("}")) {
      const key = /^(?:(?:async|get|set)\s+(?![(:,}])|\*\s*)*(?:"([^"\\]*)"|'([^'\\]*)'|([\w$]+))/.exec(rest);
      keys.push(key === null ? undefined : (key[1] ?? key[2] ?? key[3]));
      if (key !== null) {
        index += key[0].length;
        last = "key";
        continue;
      }
    }
    const char = rest[0];
    if (char === '"' || char === "'") {
      const end = closing(text, index, char);
      if (end === undefined) return undefined;
      index = end;
      last = "value";
      continue;
    }
    if (char === "/" && !/^(?:value|[)\]}])$/.test(last)) {
      const regex = /^\/(?:\[(?:[^\]\\\n]|\\.)*\]|[^/\\[\n]|\\.)+\/\w*/.exec(text.slice(index, index + 5000));
      if (regex === null) return undefined;
      index += regex[0].length;
      last = "value";
      continue;
    }
    if (char === "`" || (char === "}" && open.at(-1) === "`")) {
      // A template, or the rest of one after a value in it.
      if (char === "}") open.pop();
      let end = index + 1;
      while (end < text.length && text[end] !== "`" && !text.startsWith("${", end)) end += text[end] === "\\" ? 2 : 1;
      if (end >= text.length) return undefined;
      if (text[end] === "`") last = "value";
      else {
        open.push("`");
        last = "{";
      }
      index = end + (text[end] === "`" ? 1 : 2);
      continue;
    }
    if ("([{".includes(char)) open.push(char);
    else if (")]}".includes(char)) {
      open.pop();
      if (open.length === 0) return /^\s*(?:;|\n|$|export\b)/.test(text.slice(index + 1)) ? keys : undefined;
    }
    const word = /^[\w$]+/.exec(rest);
    last =
      word === null
        ? char
        : /^(?:return|typeof|case|in|of|void|delete|await|yield|else|do)$/.test(word[0])
          ? "word"
          : "value";
    index += word === null ? 1 : word[0].length;
  }
  return undefined;
}

function closing(text, start, quote) {
  for (let index = start + 1; index < text.length; index += text[index] === "\\" ? 2 : 1)
    if (text[index] === quote) return index + 1;
  return undefined;
}

if (descriptor === undefined) {
  stdout.write(await answer(JSON.parse(await new Response(stdin).text())));
} else {
  stdin.on("data", () => {}).on("close", () => process.exit(0));
  stdin.on("error", () => process.exit(0));
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("error", () => socket.destroy());
    socket.on("data", (part) => {
      text += part;
    });
    socket.on("end", async () => {
      let said;
      try {
        const request = JSON.parse(text);
        if (request.token !== token) return socket.destroy();
        said = await answer(request);
      } catch (error) {
        said = JSON.stringify({ broken: String(error?.message ?? error) });
      }
      socket.end(said);
    });
  });
  server.on("error", () => process.exit(1));
  // esbuild's own process starts now and not with the first request.
  esbuild.transform("").catch(() => {});
  server.listen({ fd: Number(descriptor) });
}
