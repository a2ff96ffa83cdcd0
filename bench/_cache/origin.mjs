// The origin: /o?size=BYTES&cc=CACHE-CONTROL&delay=MS&id=ANY. Runs in a thread of its own and counts what reaches it.

import { createServer } from "node:http";
import { parentPort } from "node:worker_threads";

let requests = 0;
const bodies = new Map();

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://origin");
  if (url.pathname === "/requests") return response.end(JSON.stringify({ requests }));
  requests++;
  const query = url.searchParams;
  const size = Number(query.get("size") ?? 1024);
  if (!bodies.has(size)) bodies.set(size, Buffer.alloc(size, 120));
  const delay = Number(query.get("delay") ?? 0);
  if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
  response.writeHead(200, {
    "content-type": "application/octet-stream",
    "content-length": size,
    "cache-control": query.get("cc") ?? "public, max-age=86400",
    etag: `"${size}"`,
  });
  response.end(bodies.get(size));
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", 1024, () => parentPort.postMessage({ url: `http://127.0.0.1:${server.address().port}` }));
