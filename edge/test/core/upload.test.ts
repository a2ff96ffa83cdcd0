/** How long a client may take for a body, with a clock that the test sets. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createEdge } from "../../src/core/edge";
import { geo } from "../../src/core/features/geo";
import { BODY_GRACE_MS, BODY_IDLE_MS, BODY_LEAST_RATE, Upload } from "../../src/core/upload";
import { testHost } from "../support/host";
import { endpoint, origin, router, settings } from "../support/settings";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A body that a test sends piece by piece. */
function client() {
  let to: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      to = controller;
    },
  });
  return {
    body,
    send: (bytes: number) => to?.enqueue(new Uint8Array(bytes)),
    end: () => to?.close(),
    breakOff: () => to?.error(new Error("connection reset")),
  };
}

/** One API with two origins, of which the nearest does as told, and a clock. */
function api(fetch: (request: Request) => Promise<Response>) {
  const host = testHost({ now: () => Date.now(), fetch });
  const edge = createEdge(
    settings({
      routers: [
        router("r", [origin("near", "https://near.test"), origin("far", "https://far.test")], {
          timeout_ms: 2000,
          health: { path: null, interval_s: 3600, unhealthy_after: 1 },
        }),
      ],
      endpoints: [endpoint("/*", "r", { methods: ["*"] })],
    }),
    { features: [geo] },
  );
  const ask = async (init: RequestInit = {}) =>
    edge(new Request("https://api.test/x", { ...init, duplex: "half" } as RequestInit), host, {
      env: {},
      context: undefined,
    });
  return { ask, host };
}

/** Takes a request's body, then answers. */
const takesAll = async (request: Request) => {
  await request.arrayBuffer();
  return new Response("taken");
};

describe("a body's own limit", () => {
  it("is the pause in it", async () => {
    const { body, send } = client();
    const { ask, host } = api(takesAll);
    const answer = ask({ method: "POST", body });
    send(1);
    await vi.advanceTimersByTimeAsync(BODY_IDLE_MS - 1);
    send(1);
    await vi.advanceTimersByTimeAsync(BODY_IDLE_MS);
    const reply = await answer;
    expect([reply.status, ((await reply.json()) as { code: string }).code]).toEqual([408, "body-timeout"]);
    expect(host.logged.map(({ event }) => event)).not.toContain("origin.failed");
    expect((await ask()).headers.get("x-origin-region")).toBe("near");
  });

  it("is its rate, so that a byte now and then does not hold a request open", async () => {
    const { body, send } = client();
    const { ask } = api(takesAll);
    const answer = ask({ method: "POST", body });
    const started = Date.now();
    let status = 0;
    void answer.then((reply) => {
      status = reply.status;
    });
    while (status === 0 && Date.now() - started < 10 * BODY_GRACE_MS) {
      send(1);
      await vi.advanceTimersByTimeAsync(BODY_IDLE_MS / 2);
    }
    expect(status).toBe(408);
    expect(Date.now() - started).toBeLessThanOrEqual(BODY_GRACE_MS + BODY_IDLE_MS);
  });

  it("lets a long one pass that comes at a bearable rate", async () => {
    const { body, send, end } = client();
    const { ask } = api(takesAll);
    const answer = ask({ method: "POST", body });
    for (let second = 0; second < 600; second += 10) {
      send(BODY_LEAST_RATE * 10);
      await vi.advanceTimersByTimeAsync(10_000);
    }
    end();
    await vi.advanceTimersByTimeAsync(0);
    expect((await answer).status).toBe(200);
  });

  it("holds for one that is read whole first, and what breaks off there is 400", async () => {
    for (const [act, status] of [
      [({ send }: ReturnType<typeof client>) => send(1), 408],
      [({ breakOff }: ReturnType<typeof client>) => breakOff(), 400],
    ] as const) {
      const one = client();
      const fetch = vi.fn(takesAll);
      const answer = api(fetch).ask({ method: "PUT", body: one.body, headers: { "Content-Length": "100" } });
      act(one);
      await vi.advanceTimersByTimeAsync(BODY_IDLE_MS);
      expect((await answer).status).toBe(status);
      expect(fetch).not.toHaveBeenCalled();
    }
  });
});

describe("the origin's time", () => {
  it("counts while the origin does not take what is there", async () => {
    const { body, send } = client();
    const { ask, host } = api(() => new Promise(() => {}));
    const answer = ask({ method: "POST", body });
    send(1);
    send(1);
    await vi.advanceTimersByTimeAsync(2000);
    expect((await answer).status).toBe(504);
    expect(host.logged.map(({ event }) => event)).toContain("origin.out");
  });

  it("does not count what an origin answers to half a body", async () => {
    const { body, send } = client();
    const { ask, host } = api(async (request) => {
      if (request.body !== null) await request.body.getReader().read();
      return new Response("too slow for me", { status: 503 });
    });
    const answer = ask({ method: "POST", body });
    send(1);
    await vi.advanceTimersByTimeAsync(0);
    expect((await answer).status).toBe(503);
    expect(host.logged.map(({ event }) => event)).not.toContain("origin.failed");
  });

  it("gives an answer that came early to the end, whatever the client does then", async () => {
    const { body, send, breakOff } = client();
    const answered = api(async (request) => {
      if (request.body !== null) await request.body.getReader().read();
      return new Response(
        new ReadableStream({
          async start(controller) {
            await new Promise((resolve) => setTimeout(resolve, 5000));
            controller.enqueue(new TextEncoder().encode("all of it"));
            controller.close();
          },
        }),
      );
    });
    const answer = answered.ask({ method: "POST", body });
    send(1);
    await vi.advanceTimersByTimeAsync(0);
    const reply = await answer;
    const text = reply.text();
    breakOff();
    await vi.advanceTimersByTimeAsync(5000);
    expect(await text).toBe("all of it");
  });
});

describe("Upload", () => {
  it("is whole where it is read whole", async () => {
    const { body, send, end } = client();
    const upload = new Upload(body, () => Date.now());
    const whole = upload.whole();
    for (const bytes of [3, 0, 4]) send(bytes);
    end();
    expect((await whole).byteLength).toBe(7);
    expect(upload.ended).toBe(true);
  });
});
