/** Real origins on loopback: ones that answer, and ones with the faults that origins have. */

import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";

export interface Received {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

export interface Origin {
  readonly url: string;
  /** Every request that reached it, oldest first. */
  readonly requests: Received[];
  /** Requests of which something arrived. */
  readonly started?: () => number;
  /** Requests that broke off before they were whole. */
  readonly broken?: () => number;
  close(): Promise<void>;
}

type Answer = (received: Received, reply: ServerResponse, message: IncomingMessage) => void | Promise<void>;

/** An origin that answers as told. Default: JSON that says its name and the URL. */
export async function startOrigin(name: string, answer?: Answer): Promise<Origin> {
  const requests: Received[] = [];
  let started = 0;
  let broken = 0;
  const server = createHttpServer(async (message, reply) => {
    const chunks: Buffer[] = [];
    started += 1;
    try {
      for await (const chunk of message) chunks.push(chunk as Buffer);
    } catch {
      broken += 1;
      return;
    }
    const headers = Object.fromEntries(Object.entries(message.headers).map(([key, value]) => [key, String(value)]));
    const received = {
      method: message.method ?? "",
      url: message.url ?? "",
      headers,
      body: Buffer.concat(chunks).toString(),
    };
    requests.push(received);
    if (answer !== undefined) await answer(received, reply, message);
    else {
      reply.setHeader("content-type", "application/json");
      reply.end(JSON.stringify({ origin: name, url: received.url, method: received.method }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    started: () => started,
    broken: () => broken,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An origin that speaks TCP only: it does with each connection what it is told, once a request has arrived. */
export async function startSocketOrigin(serve: (socket: Socket) => void): Promise<Origin> {
  const requests: Received[] = [];
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.once("data", (chunk) => {
      const [method = "", url = ""] = chunk.toString("latin1").split(" ");
      requests.push({ method, url, headers: {}, body: "" });
      serve(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** The URL of a port where nothing listens. */
export async function deadUrl(): Promise<string> {
  const origin = await startOrigin("dead");
  await origin.close();
  return origin.url;
}
