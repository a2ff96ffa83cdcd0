import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { exportJWK, SignJWT } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { createEdge } from "../../src/core/edge";
import { isCanonical, jwt } from "../../src/core/features/jwt";
import { type TestHost, testHost } from "../support/host";
import { endpoint, jwtAuth, settings } from "../support/settings";

const MINUTE = 60_000;

describe("attack 7: a key set that rotates or goes down", () => {
  const first = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const second = generateKeyPairSync("ec", { namedCurve: "P-256" });
  let host: TestHost;
  let fetched: number;
  let respond: () => Promise<Response>;
  let ask: (kid: string) => Promise<number>;
  let askWith: (key: KeyObject, kid: string | undefined) => Promise<number>;
  let count = 0;

  async function published(...kids: string[]): Promise<Response> {
    const pairs: Record<string, typeof first> = { first, second };
    const keys = kids.map(async (kid) => ({
      ...(await exportJWK((pairs[kid] ?? first).publicKey)),
      kid,
      alg: "ES256",
    }));
    return Response.json({ keys: await Promise.all(keys) });
  }

  beforeEach(() => {
    fetched = 0;
    respond = () => published("first");
    host = testHost({
      fetch: () => {
        fetched += 1;
        return respond();
      },
    });
    host.time = Date.now();
    // A URL of its own a test: what is known of a key set lives as long as the isolate.
    const auth = jwtAuth({ jwks_url: `https://issuer.test/${count++}`, algorithms: ["ES256"], jwks_max_stale_s: 600 });
    const edge = createEdge(settings({ endpoints: [endpoint("/", { kind: "handler", module: "h" }, { auth })] }), {
      features: [jwt],
      handlers: { h: { default: () => new Response("in") } },
    });
    askWith = async (key, kid) => {
      const token = await new SignJWT({ iss: "https://issuer.test", aud: "products" })
        .setProtectedHeader({ alg: "ES256", ...(kid === undefined ? {} : { kid }) })
        .setExpirationTime(Math.floor(host.time / 1000) + 300)
        .sign(key);
      const request = new Request("https://api.test/", { headers: { authorization: `Bearer ${token}` } });
      const { status } = await edge(request, host, { env: {}, context: undefined });
      return status;
    };
    ask = (kid) => askWith((kid === "second" ? second : first).privateKey, kid);
  });

  it("uses fetched keys without asking again", async () => {
    for (let i = 0; i < 5; i++) expect(await ask("first")).toBe(200);
    expect(fetched).toBe(1);
  });

  it("serves on old keys for a bounded time while the URL is down, then fails closed, then recovers", async () => {
    expect(await ask("first")).toBe(200);
    respond = () => Promise.reject(new Error("down"));
    host.time += 14 * MINUTE;
    expect(await ask("first")).toBe(200);
    await Promise.all(host.background);
    expect(fetched).toBe(2);
    // 5 minutes fresh and 10 minutes stale are over.
    host.time += 2 * MINUTE;
    expect(await ask("first")).toBe(503);
    respond = () => published("first");
    host.time += 2000;
    expect(await ask("first")).toBe(200);
  });

  it("does not ask a broken URL again for each request", async () => {
    respond = () => Promise.resolve(new Response("no", { status: 500 }));
    for (let i = 0; i < 5; i++) expect(await ask("first")).toBe(503);
    expect(fetched).toBe(1);
  });

  it("finds a new key at once, and asks for unknown ones only now and then", async () => {
    expect(await ask("first")).toBe(200);
    respond = () => published("first", "second");
    expect(await ask("second")).toBe(401);
    host.time += 31_000;
    expect(await ask("second")).toBe(200);
    expect(fetched).toBe(2);
    for (let i = 0; i < 5; i++) expect(await ask("third")).toBe(401);
    host.time += 31_000;
    for (let i = 0; i < 5; i++) expect(await ask("third")).toBe(401);
    expect(fetched).toBe(3);
  });

  it("forgets a key that was withdrawn", async () => {
    expect(await ask("first")).toBe(200);
    respond = () => published("second");
    host.time += 6 * MINUTE;
    // This request still used the old set, and started the refresh beside it.
    expect(await ask("first")).toBe(200);
    await Promise.all(host.background);
    expect(await ask("first")).toBe(401);
  });

  it("makes one refresh for requests at once", async () => {
    expect(await Promise.all(Array.from({ length: 8 }, () => ask("first")))).toEqual(Array(8).fill(200));
    expect(fetched).toBe(1);
  });

  it.each([
    ["not JSON", "keys"],
    ["no key set", "{}"],
    ["too large", JSON.stringify({ keys: [], padding: "x".repeat(300_000) })],
  ])("refuses a key set that is %s", async (_, text) => {
    respond = () => Promise.resolve(new Response(text));
    expect(await ask("first")).toBe(503);
  });

  it.each([5, true, {}, null, "verify"])(
    "takes the good key of a set with one whose key_ops is %j",
    async (key_ops) => {
      const good = { ...(await exportJWK(first.publicKey)), kid: "first", alg: "ES256" };
      respond = async () => Response.json({ keys: [{ ...good, kid: "odd", key_ops }, good] });
      expect(await ask("first")).toBe(200);
    },
  );

  it("leaves symmetric and private keys out", async () => {
    respond = async () =>
      Response.json({
        keys: [
          { kty: "oct", k: "AAAA", kid: "first" },
          { ...(await exportJWK(first.privateKey)), kid: "first", alg: "ES256" },
        ],
      });
    // Nothing is left that could verify a token.
    expect(await ask("first")).toBe(503);
  });

  it.each([
    ["the same kid", "first"],
    ["no kid", undefined],
  ])("finds a key that came in the place of another under %s, by one more fetch", async (_, kid) => {
    const set = async (pair: typeof first) =>
      Response.json({ keys: [{ ...(await exportJWK(pair.publicKey)), kid, alg: "ES256" }] });
    const signed = (pair: typeof first) => askWith(pair.privateKey, kid);
    respond = () => set(first);
    expect(await signed(first)).toBe(200);
    host.time += 1;
    respond = () => set(second);
    expect(await Promise.all(Array.from({ length: 8 }, () => signed(second)))).toEqual(Array(8).fill(200));
    expect(fetched).toBe(2);
    // The old key is gone, and tokens with it make no more than one fetch in 30 s.
    for (let i = 0; i < 5; i++) expect(await signed(first)).toBe(401);
    host.time += 29_000;
    expect(await signed(first)).toBe(401);
    expect(fetched).toBe(2);
    host.time += 1001;
    expect(await signed(first)).toBe(401);
    expect(fetched).toBe(3);
  });

  it("makes no fetch more for a token that its keys were just fetched for", async () => {
    expect(await ask("third")).toBe(401);
    expect(fetched).toBe(1);
  });

  it.each<[string, () => Promise<unknown[]> | unknown[]]>([
    ["no keys", () => []],
    ["a symmetric key", () => [{ kty: "oct", k: "AAAA", kid: "first" }]],
    ["a private key", async () => [{ ...(await exportJWK(first.privateKey)), kid: "first" }]],
    ["a key for encryption", async () => [{ ...(await exportJWK(first.publicKey)), use: "enc" }]],
    ["a key that signs only", async () => [{ ...(await exportJWK(first.publicKey)), key_ops: ["sign"] }]],
    ["a malformed key", () => [{ kty: "EC", crv: "P-256", x: "AA", y: "AA" }, { kty: "RSA" }, null, "key"]],
    [
      "an RSA key that is too short",
      async () => [await exportJWK(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey)],
    ],
    ["more keys than are looked at", async () => Array(101).fill(await exportJWK(second.publicKey))],
  ])("does not replace good keys by a set of %s", async (_, keys) => {
    expect(await ask("first")).toBe(200);
    respond = async () => Response.json({ keys: await keys() });
    host.time += 6 * MINUTE;
    expect(await ask("first")).toBe(200);
    await Promise.all(host.background);
    expect(fetched).toBe(2);
    expect(await ask("first")).toBe(200);
    expect(host.logged.map(({ event }) => event)).toContain("jwt.keys-failed");
  });

  it("reads no more of a key set than the limit, however much there is", async () => {
    let pulled = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += 1;
          controller.enqueue(new Uint8Array(64 * 1024).fill(32));
        },
        cancel() {
          cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    respond = () => Promise.resolve(new Response(endless));
    expect(await ask("first")).toBe(503);
    expect([pulled, cancelled]).toEqual([5, true]);
  });
});

describe("isCanonical", () => {
  it.each([
    ["QQ", true],
    ["QR", false],
    ["QUI", true],
    ["QUJ", false],
    ["QUJD", true],
    ["Q", false],
  ])("%s: %s", (part, expected) => {
    expect(isCanonical(part)).toBe(expected);
  });
});
