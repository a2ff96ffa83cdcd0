/** Case 16 of the attacks: whatever a client or an origin says, only the declared origins are asked. Over HTTP on workerd. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sendRaw } from "../support/http";
import { type Centres, policy, startCentres } from "./fixtures/centres";

let world: Centres;
/** Stands for a metadata service: whoever asks it has been led astray. */
let decoy: Server;
let asked: string[];
let place: string;

beforeAll(async () => {
  asked = [];
  decoy = createServer((request, response) => {
    asked.push(request.url as string);
    response.end("secret");
  });
  await new Promise<void>((resolve) => decoy.listen(0, "127.0.0.1", resolve));
  place = `127.0.0.1:${(decoy.address() as AddressInfo).port}`;
  const none = { memory: null, edge: null, kv: null, shield: null };
  world = await startCentres(["fra"], {
    pages: policy("pages", { statuses: [200, 301, 302] }),
    plain: policy("plain", { mode: "bypass", edge_ttl_s: null, tiers: none }),
  });
});
afterAll(async () => {
  decoy.close();
  await world.stop();
});

it("never asks what a request's target or headers name", async () => {
  for (const prefix of ["pages", "plain"]) {
    const path = `/${prefix}/x`;
    world.origin.routes.set(path, (_request, response) => response.end("from the origin"));
    const requests = [
      `GET http://${place}${path} HTTP/1.1\r\nHost: shop.example`,
      `GET http://${place}${path} HTTP/1.1\r\nHost: ${place}`,
      `GET ${path} HTTP/1.1\r\nHost: ${place}`,
      `GET ${path} HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-Host: ${place}`,
      `GET ${path} HTTP/1.1\r\nHost: shop.example\r\nX-Original-URL: http://${place}/`,
      `GET ${path} HTTP/1.1\r\nHost: shop.example\r\nForwarded: host=${place}`,
    ];
    for (const request of requests) {
      const { status, text } = await sendRaw(world.url("fra"), `${request}\r\nConnection: close\r\n\r\n`);
      if (status === 200) expect(text).toContain("from the origin");
      else expect([request, status >= 400 || status === 0]).toEqual([request, true]);
      expect(text).not.toContain("secret");
    }
    for (const odd of [
      `/${prefix}/@${place}/`,
      `/${prefix}//${place}/`,
      `/${prefix}/http://${place}/`,
      `//${place}/${prefix}/x`,
    ]) {
      await world.ask("fra", odd).catch(() => undefined);
    }
  }
  expect(asked).toEqual([]);
});

it("follows no redirect of an origin, on any hop, stored or not", async () => {
  for (const [prefix, status] of [
    ["pages", 301],
    ["pages", 302],
    ["pages", 307],
    ["plain", 302],
    ["plain", 308],
  ] as const) {
    const path = `/${prefix}/away-${status}`;
    world.origin.routes.set(path, (_request, response) => {
      response.writeHead(status, { location: `http://${place}/latest/meta-data/` }).end();
    });
    for (let time = 0; time < 2; time++) {
      const answer = await world.ask("fra", path);
      expect([answer.status, answer.headers.location]).toEqual([status, `http://${place}/latest/meta-data/`]);
    }
  }
  expect(asked).toEqual([]);
});

it("invalidates nothing elsewhere, and asks nothing, by what the answer to a write names", async () => {
  world.origin.routes.set("/pages/write", (_request, response) => {
    response.writeHead(201, { location: `http://${place}/pages/kept`, "content-location": `http://${place}/` }).end();
  });
  world.origin.routes.set("/pages/kept", (_request, response, count) => response.end(`body ${count}`));
  await world.ask("fra", "/pages/kept");
  await expect.poll(async () => (await world.ask("fra", "/pages/kept")).headers["x-cache"]).toBe("HIT-EDGE");
  expect((await world.ask("fra", "/pages/write", { method: "POST", body: "x" })).status).toBe(201);
  expect((await world.ask("fra", "/pages/kept")).text).toBe("body 1");
  expect(asked).toEqual([]);
});
