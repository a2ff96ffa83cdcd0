// What a hit costs above a bare Node server, both in this process and asked in turns.

import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import {
  behavior,
  cachePolicy,
  customOrigin,
  deployment,
  distribution,
  edge,
  edgeFunction,
  FUNCTION_ARN,
  origin,
} from "./support.js";

const BODY = JSON.stringify({ text: "x".repeat(1000) });

function timed(agent: Agent, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    request(
      {
        agent,
        host: "127.0.0.1",
        port,
        path: "/products?page=1",
        headers: { "Accept-Encoding": "gzip, br", Cookie: "a=1" },
      },
      (response) => {
        response.resume().on("end", () => resolve(performance.now() - started));
      },
    )
      .on("error", reject)
      .end();
  });
}

async function medians(ports: number[], rounds: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times = ports.map((): number[] => []);
  for (let round = 0; round < rounds + 100; round++) {
    for (const [index, port] of ports.entries()) {
      const ms = await timed(agent, port);
      // The first rounds warm up the compiler.
      if (round >= 100) times[index]?.push(ms);
    }
  }
  agent.destroy();
  return times.map((each) => each.sort((a, b) => a - b)[Math.floor(each.length / 2)] as number);
}

it("a hit adds at most 1.5 ms at p50 to a bare Node server", async () => {
  const bare = createServer((_request, response) => {
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": BODY.length }).end(BODY);
  });
  await new Promise<void>((resolve) => bare.listen(0, "127.0.0.1", resolve));
  const from = await origin((_request, response) => {
    response
      .writeHead(200, {
        "Content-Type": "application/json",
        "Content-Length": BODY.length,
        "Cache-Control": "max-age=600",
      })
      .end(BODY);
  });
  const document = (withFunction: boolean) => {
    const associations = withFunction ? [{ event_type: "viewer-request" as const, function_arn: FUNCTION_ARN }] : [];
    return deployment({
      cache_policies: [cachePolicy({ queries: "all", gzip: true, brotli: true })],
      functions: withFunction
        ? [
            edgeFunction(
              "function handler(event) { event.request.headers['x-a'] = { value: '1' }; return event.request; }",
            ),
          ]
        : [],
      distributions: [
        distribution([customOrigin(from.port)], {
          default_cache_behavior: behavior({ function_associations: associations }),
        }),
      ],
    });
  };
  const plain = await edge(document(false));
  const scripted = await edge(document(true));
  const portOf = (url: string): number => Number(new URL(url).port);
  const [base, hit, withFunction] = (await medians(
    [(bare.address() as AddressInfo).port, portOf(plain.url), portOf(scripted.url)],
    400,
  )) as [number, number, number];
  bare.close();
  console.log(
    `p50: bare ${base.toFixed(3)} ms, hit ${hit.toFixed(3)} ms, hit with a function ${withFunction.toFixed(3)} ms`,
  );
  expect(from.seen).toHaveLength(2);
  expect(hit - base).toBeLessThan(1.5);
}, 60_000);
