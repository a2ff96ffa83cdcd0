/** HTTP as it is on the wire: nothing here normalises a path, follows a redirect or decodes a body. */

import { request } from "node:http";
import { connect, type Socket } from "node:net";

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  json: any;
}

export interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** Sends a request with its path exactly as given. Rejects where the body breaks off. */
export function send(base: string, path: string, { method = "GET", headers = {}, body }: Sent = {}): Promise<Reply> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { hostname, port, path, method, headers, agent: false, setDefaultHeaders: true },
      (message) => {
        const chunks: Buffer[] = [];
        message.on("data", (chunk: Buffer) => chunks.push(chunk));
        message.on("error", reject);
        message.on("end", () => {
          const bytes = Buffer.concat(chunks);
          const text = bytes.toString("utf8");
          const flat = Object.fromEntries(
            Object.entries(message.headers).map(([name, value]) => [name, String(value)]),
          );
          const json = /json/.test(flat["content-type"] ?? "") && text !== "" ? JSON.parse(text) : undefined;
          resolve({ status: message.statusCode ?? 0, headers: flat, body: bytes, text, json });
        });
      },
    );
    outgoing.on("error", reject);
    if (body !== undefined) {
      if (!("content-length" in headers) && !("transfer-encoding" in headers)) {
        outgoing.setHeader("content-length", Buffer.byteLength(body));
      }
      outgoing.write(body);
    }
    outgoing.end();
  });
}

/** Sends bytes as they are and gives back what the server said; status 0 where it closed without an answer. */
export function sendRaw(base: string, bytes: string): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let text = "";
    const done = () => {
      socket.destroy();
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text });
    };
    socket.setTimeout(3000, done);
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("close", done);
    socket.on("error", done);
    socket.write(bytes, "latin1");
  });
}

/** A request that is sent piece by piece, as slow clients do. */
export class Slow {
  readonly #socket: Socket;
  #text = "";

  constructor(base: string, bytes: string) {
    const { hostname, port } = new URL(base);
    this.#socket = connect(Number(port), hostname);
    this.#socket.on("data", (chunk) => {
      this.#text += chunk.toString("latin1");
    });
    this.#socket.on("error", () => {});
    this.write(bytes);
  }

  write(bytes: string): void {
    this.#socket.write(bytes, "latin1");
  }

  breakOff(): void {
    this.#socket.destroy();
  }

  /** What was answered so far. */
  answer(): { status: number; text: string } {
    return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(this.#text)?.[1] ?? 0), text: this.#text };
  }
}
