// Runs the origin and every Worker until standard input ends: `node stage.mjs '{"edge": DIR, "bundles": DIR, "sizes": [..]}'`.
// Says where they are in one line of JSON.

import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { workers } from "./workers.mjs";

const options = JSON.parse(process.argv[2]);
const require = createRequire(join(options.edge, "package.json"));
const { Miniflare } = require("miniflare");

const thread = new Worker(new URL("./origin.mjs", import.meta.url));
const [{ url: origin }] = await once(thread, "message");
const list = workers({ ...options, origin });
const miniflare = new Miniflare({
  workers: list,
  // Where a profiler may attach.
  ...(options.inspectorPort === undefined ? {} : { inspectorPort: options.inspectorPort }),
});
await miniflare.ready;
const urls = {};
for (const { name } of list) urls[name] = (await miniflare.unsafeGetDirectURL(name)).href.replace(/\/$/, "");
const version = (name) => require(`${name}/package.json`).version;
const versions = { node: process.versions.node, miniflare: version("miniflare"), workerd: version("workerd") };
process.stdout.write(`${JSON.stringify({ origin, workers: urls, versions })}\n`);

process.stdin.resume();
await once(process.stdin, "end");
await miniflare.dispose();
await thread.terminate();
