// Load where wrk is not installed: `node load.mjs '{"edge", "url", "seconds", "connections"}'` -> {"rate", "requests"}.

import { createRequire } from "node:module";
import { join } from "node:path";

const { edge, url, seconds, connections } = JSON.parse(process.argv[2]);
const { Pool } = createRequire(join(edge, "package.json"))("undici");
const { origin, pathname, search } = new URL(url);
const pool = new Pool(origin, { connections, pipelining: 1 });
let requests = 0;
const began = performance.now();
const end = began + seconds * 1000;

async function client() {
  while (performance.now() < end) {
    const { statusCode, body } = await pool.request({ path: pathname + search, method: "GET" });
    if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`);
    for await (const _ of body);
    requests++;
  }
}

await Promise.all(Array.from({ length: connections }, client));
const rate = (requests * 1000) / (performance.now() - began);
await pool.close();
process.stdout.write(JSON.stringify({ rate, requests }));
