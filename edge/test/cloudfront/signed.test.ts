// Signed URLs and cookies: signed here as AWS's documentation says, by its own recipe and not by the code under test.

import { createSign, generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import { matches } from "../../src/platforms/cloudfront/gateway/signed.js";
import {
  behavior,
  cachePolicy,
  clock,
  customOrigin,
  DISTRIBUTION_ID,
  DOMAIN,
  deployment,
  distribution,
  edge,
  LAMBDA_ARN,
  lambda,
  origin,
} from "./support.js";

const own = generateKeyPairSync("rsa", { modulusLength: 2048 });
const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
const curve = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();

const START = Date.parse("2026-11-01T00:00:00Z");
const LATER = START / 1000 + 600;
const PAGE = `https://${DOMAIN}/private/page?size=large`;

function escaped(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("+", "-").replaceAll("=", "_").replaceAll("/", "~");
}

interface Words {
  id?: string;
  key?: KeyObject;
  hash?: "SHA1" | "SHA256";
}

const signature = (policy: string, { key = own.privateKey, hash = "SHA1" }: Words): string =>
  escaped(createSign(hash).update(policy).sign(key));

const canned = (url: string, expires: number): string =>
  `{"Statement":[{"Resource":"${url}","Condition":{"DateLessThan":{"AWS:EpochTime":${expires}}}}]}`;

/** The path of a signed URL, by a canned policy. */
function signedPath(url: string, expires: number, words: Words = {}): string {
  const hash = words.hash === undefined ? "" : `&Hash-Algorithm=${words.hash}`;
  const query = `Expires=${expires}&Signature=${signature(canned(url, expires), words)}&Key-Pair-Id=${words.id ?? "KOWN"}`;
  return `${url.slice(`https://${DOMAIN}`.length)}${url.includes("?") ? "&" : "?"}${query}${hash}`;
}

interface Conditions {
  before?: number;
  after?: number;
  ip?: string;
}

function policy(resource: string | undefined, { before = LATER, after, ip }: Conditions = {}): string {
  return JSON.stringify({
    Statement: [
      {
        ...(resource !== undefined && { Resource: resource }),
        Condition: {
          DateLessThan: { "AWS:EpochTime": before },
          ...(after !== undefined && { DateGreaterThan: { "AWS:EpochTime": after } }),
          ...(ip !== undefined && { IpAddress: { "AWS:SourceIp": ip } }),
        },
      },
    ],
  });
}

/** The query string of a custom policy's signature. */
function customQuery(text: string, words: Words = {}): string {
  return `Policy=${escaped(Buffer.from(text))}&Signature=${signature(text, words)}&Key-Pair-Id=${words.id ?? "KOWN"}`;
}

async function site(more: { error?: boolean; tell?: boolean } = {}) {
  const from = await origin((request, response) => {
    response.writeHead(200, { "Cache-Control": "max-age=3600" }).end(`${request.url}`);
  });
  const time = clock(START);
  const closed = behavior({
    path_pattern: "/private/*",
    trusted_key_groups: ["readers"],
    ...(more.tell && {
      lambda_function_associations: [{ event_type: "viewer-request", lambda_arn: LAMBDA_ARN, include_body: false }],
    }),
  });
  const document = deployment({
    cache_policies: [cachePolicy({ queries: "all", cookies: "all" })],
    public_keys: [
      { id: "KOWN", name: "own", encoded_key: pem(own.publicKey) },
      { id: "KEC", name: "curve", encoded_key: pem(curve.publicKey) },
      { id: "KOTHER", name: "other", encoded_key: pem(other.publicKey) },
    ],
    key_groups: [{ id: "readers", name: "readers", items: ["KOWN", "KEC"] }],
    distributions: [
      distribution([customOrigin(from.port)], {
        ordered_cache_behaviors: [closed],
        ...(more.error && {
          custom_error_responses: [
            { error_code: 403, error_caching_min_ttl: 0, response_code: 401, response_page_path: "/login.html" },
          ],
        }),
      }),
    ],
  });
  if (more.tell)
    document.lambda_versions.push(
      lambda(`export const handler = async (event) => {
        const { request } = event.Records[0].cf;
        console.log("SAW " + request.querystring);
        return request;
      };`),
    );
  const made = await edge(document, { now: time.now });
  const get = (path: string, headers: Record<string, string> = {}) =>
    made.get(path, { headers: { Host: DOMAIN, ...headers } });
  return { get, from, time, logs: made.logs };
}

describe("a signed URL", () => {
  it("opens what it is for, until it expires", async () => {
    const { get, time } = await site();
    const path = signedPath(PAGE, LATER);
    expect((await get(path)).status).toBe(200);
    time.advance(599);
    expect((await get(path)).status).toBe(200);
    time.advance(2);
    const late = await get(path);
    expect(late.status).toBe(403);
    expect(late.body).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access denied</Message></Error>',
    );
    expect(late.headers["content-type"]).toBe("text/xml");
    expect(late.headers["x-cache"]).toBe("Error from cloudfront");
  });

  it("shares the object with every other signature of it, and the origin sees none", async () => {
    const { get, from } = await site();
    expect((await get(signedPath(PAGE, LATER))).headers["x-cache"]).toBe("Miss from cloudfront");
    expect((await get(signedPath(PAGE, LATER + 1))).headers["x-cache"]).toBe("Hit from cloudfront");
    expect(from.seen.map(({ url }) => url)).toEqual(["/private/page?size=large"]);
  });

  it("is whole for a function at the viewer", async () => {
    const { get, logs } = await site({ tell: true });
    const path = signedPath(PAGE, LATER);
    expect((await get(path)).status).toBe(200);
    await expect.poll(() => logs.map(({ message }) => message)).toContain(`SAW ${path.split("?")[1]}`);
  });

  it("may be signed with SHA-256, and with a key on a curve", async () => {
    const { get } = await site();
    expect((await get(signedPath(PAGE, LATER, { hash: "SHA256" }))).status).toBe(200);
    expect((await get(signedPath(PAGE, LATER, { id: "KEC", key: curve.privateKey }))).status).toBe(200);
    expect((await get(signedPath(PAGE, LATER, { id: "KEC", key: curve.privateKey, hash: "SHA256" }))).status).toBe(200);
  });

  it.each<[string, string, string]>([
    ["nothing signed", "/private/page", "MissingKey"],
    ["another path", signedPath(PAGE, LATER).replace("/page", "/other"), "AccessDenied"],
    ["another query string", signedPath(PAGE, LATER).replace("size=large", "size=small"), "AccessDenied"],
    ["another time", signedPath(PAGE, LATER).replace(`${LATER}`, `${LATER + 1}`), "AccessDenied"],
    ["another's key", signedPath(PAGE, LATER, { key: other.privateKey }), "AccessDenied"],
    ["a key that is not trusted here", signedPath(PAGE, LATER, { id: "KOTHER", key: other.privateKey }), "InvalidKey"],
    ["a key that nobody has", signedPath(PAGE, LATER, { id: "__proto__" }), "InvalidKey"],
    ["no signature", "/private/page?Expires=1&Key-Pair-Id=KOWN", "MissingSignature"],
    ["no policy", "/private/page?Signature=YQ__&Key-Pair-Id=KOWN", "MissingPolicy"],
    ["no base64", `/private/page?Expires=${LATER}&Signature=(a)&Key-Pair-Id=KOWN`, "MalformedSignature"],
    ["no time", "/private/page?Expires=soon&Signature=YQ__&Key-Pair-Id=KOWN", "MalformedPolicy"],
    ["another hash", signedPath(PAGE, LATER, { hash: "SHA256" }).replace("SHA256", "MD5"), "InvalidHashAlgorithm"],
  ])("is refused with %s", async (_name, path, code) => {
    const { get, from } = await site();
    const answer = await get(path);
    expect([answer.status, /<Code>(\w+)</.exec(answer.body)?.[1]]).toEqual([403, code]);
    expect(from.seen).toEqual([]);
  });

  it("that is refused has the distribution's own page", async () => {
    const { get } = await site({ error: true });
    const answer = await get("/private/page");
    expect([answer.status, answer.body]).toEqual([401, "/login.html"]);
  });

  it("is asked for by no other behavior", async () => {
    const { get } = await site();
    expect((await get("/public?Expires=1")).body).toBe("/public?Expires=1");
  });
});

describe("a custom policy", () => {
  it.each<[string, string, boolean]>([
    ["a wildcard", policy(`https://${DOMAIN}/private/*`), true],
    ["any protocol", policy(`*://${DOMAIN}/private/page*`), true],
    ["no resource", policy(undefined), true],
    ["an escaped question mark", policy(PAGE).replace("page?", "page\\?"), true],
    ["another folder", policy(`https://${DOMAIN}/other/*`), false],
    ["another protocol", policy(`http://${DOMAIN}/private/*`), false],
    ["a time that has come", policy("*", { after: START / 1000 - 1 }), true],
    ["a time to come", policy("*", { after: START / 1000 + 1 }), false],
    ["a time that is over", policy("*", { before: START / 1000 }), false],
    ["this address", policy("*", { ip: "203.0.113.178" }), true],
    ["this network", policy("*", { ip: "203.0.113.0/24" }), true],
    ["every address", policy("*", { ip: "0.0.0.0/0" }), true],
    ["another network", policy("*", { ip: "198.51.100.0/24" }), false],
    ["a network of another kind", policy("*", { ip: "2001:db8::/32" }), false],
    ["what is no address", policy("*", { ip: "all" }), false],
  ])("with %s", async (_name, text, opens) => {
    const { get } = await site();
    expect((await get(`/private/page?size=large&${customQuery(text)}`)).status).toBe(opens ? 200 : 403);
  });

  it.each<[string, string]>([
    ["is no JSON", "{"],
    ["has two statements", JSON.stringify({ Statement: [{}, {}] })],
    ["has no end", JSON.stringify({ Statement: [{ Resource: "*", Condition: {} }] })],
    ["is null", "null"],
  ])("that %s is malformed, whoever signed it", async (_name, text) => {
    const { get } = await site();
    expect((await get(`/private/page?${customQuery(text)}`)).body).toContain("<Code>MalformedPolicy<");
  });
});

describe("signed cookies", () => {
  const cookies = (text: string): string =>
    `a=1; CloudFront-Policy=${escaped(Buffer.from(text))}; CloudFront-Signature=${signature(text, {})}; CloudFront-Key-Pair-Id=KOWN`;

  it("open what their policy names", async () => {
    const { get } = await site();
    const cookie = cookies(policy(`https://${DOMAIN}/private/*`));
    expect((await get("/private/a", { Cookie: cookie })).status).toBe(200);
    expect((await get("/private/b?c=d", { Cookie: cookie })).status).toBe(200);
    const expires = `CloudFront-Expires=${LATER}; CloudFront-Signature=${signature(canned(PAGE, LATER), {})}; CloudFront-Key-Pair-Id=KOWN`;
    expect((await get("/private/page?size=large", { Cookie: expires })).status).toBe(200);
    expect((await get("/private/page", { Cookie: expires })).status).toBe(403);
  });

  it("do not help a signed URL that is not good", async () => {
    const { get } = await site();
    const cookie = cookies(policy("*"));
    expect((await get(signedPath(PAGE, 1), { Cookie: cookie })).status).toBe(403);
  });
});

it.each<[string, string, boolean]>([
  ["https://www.example.com/hello*world", "https://www.example.com/hello-world", true],
  ["https://www.example.com/hello*world", "https://www.example.com/hello?world", false],
  ["https://www.example.com/hello*world", "https://www.example.net/hello-world", false],
  ["http://example.com/hello*", "http://example.com/hello?a=b", true],
  ["http://example.com*", "http://example.com/a/b?c", true],
  ["http://example.com*", "http://example.com.evil.example/a", true], // the domain ends in a wildcard: AWS says so
  ["*example.com", "https://www.example.com/", true],
  ["*example.com", "https://www.example.com/a", false],
  ["*", "https://a.example/b?c", true],
  ["https://d.example/*game_download.zip*", "https://d.example/example_game_download.zip?license=yes", true],
  ["https://d.example/*game_download.zip*", "https://d.example/test.zip", false],
])("%s matches %s: %s", (resource, url, expected) => {
  expect(matches(resource, url)).toBe(expected);
});

it("keys and groups that CloudFront would not take are told", async () => {
  const short = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const document = deployment({
    public_keys: [
      { id: "K1", name: "short", encoded_key: pem(short.publicKey) },
      { id: "K2", name: "text", encoded_key: "key" },
    ],
    key_groups: [{ id: "g", name: "readers", items: ["K3"] }],
    distributions: [
      distribution([customOrigin(1)], { default_cache_behavior: behavior({ trusted_key_groups: ["nobody"] }) }),
    ],
  });
  await expect(edge(document)).rejects.toMatchObject({
    faults: [
      "The public key short has 1024 bits; CloudFront takes RSA keys of 2048 bits and ECDSA keys on prime256v1, in PEM.",
      "The public key text is not a public key in PEM; CloudFront takes RSA keys of 2048 bits and ECDSA keys on prime256v1, in PEM.",
      "The key group readers has the public key K3, which is not in this stack.",
      `Distribution ${DISTRIBUTION_ID}, the default behavior: the key group nobody is not in this stack.`,
    ],
  });
});
