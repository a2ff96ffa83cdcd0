// Ranges: what of an object is stored by parts, and what the next viewers get of it.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type Answer,
  behavior,
  clock,
  customOrigin,
  DISTRIBUTION_ID,
  deployment,
  distribution,
  type Edge,
  edge,
  LAMBDA_ARN,
  lambda,
  type Origin,
  origin,
  simple,
} from "./support.js";

const OBJECT = `${"abcdefghijklmnopqrstuvwxyz".repeat(9)}!`;
const TOTAL = OBJECT.length;

interface Version {
  tag?: string | undefined;
  body?: string;
  /** The origin does not say how long its answers are. */
  chunked?: boolean;
}

/** An origin that knows ranges and conditions. */
function parts(version: Version = {}): Promise<Origin> {
  return origin((request, response) => {
    const { tag = '"v1"', body = OBJECT, chunked = false } = version;
    const headers = {
      "Content-Type": "text/plain",
      "Accept-Ranges": "bytes",
      ETag: tag,
      "Cache-Control": "max-age=60",
    };
    const send = (status: number, more: Record<string, string>, text: string): void => {
      const length: Record<string, string> = chunked ? {} : { "Content-Length": String(text.length) };
      response.writeHead(status, { ...headers, ...more, ...length });
      response.end(request.method === "HEAD" ? undefined : text);
    };
    const { range } = request.headers;
    const holds = request.headers["if-range"] === undefined || request.headers["if-range"] === tag;
    if (request.headers["if-none-match"] === tag) return response.writeHead(304, headers).end();
    const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
    if (range === undefined || !holds || request.method === "HEAD") return send(200, {}, body);
    const start = first === "" ? body.length - Number(last) : Number(first);
    const end = first === "" || last === "" ? body.length - 1 : Math.min(Number(last), body.length - 1);
    if (start >= body.length) return send(416, { "Content-Range": `bytes */${body.length}` }, "");
    return send(206, { "Content-Range": `bytes ${start}-${end}/${body.length}` }, body.slice(start, end + 1));
  });
}

const ranged = (site: Edge, range: string, more: Record<string, string> = {}): Promise<Answer> =>
  site.get("/a", { headers: { Range: `bytes=${range}`, ...more } });

const from = (answer: Answer): string => (answer.headers["x-cache"] as string).split(" ")[0] as string;

function expectWhole(answer: Answer, result: string, body = OBJECT): void {
  expect([answer.status, from(answer), answer.headers["content-range"]]).toEqual([200, result, undefined]);
  expect(answer.body).toBe(body);
  expect(answer.headers["content-type"]).toBe("text/plain");
}

function expectPart(answer: Answer, result: string, start: number, end: number): void {
  const length = String(end - start + 1);
  expect([answer.status, from(answer)]).toEqual([206, result]);
  expect([answer.headers["content-range"], answer.headers["content-length"]]).toEqual([
    `bytes ${start}-${end}/${TOTAL}`,
    length,
  ]);
  expect(answer.body).toBe(OBJECT.slice(start, end + 1));
}

describe("the whole after parts of it", () => {
  it.each([
    ["its beginning", ["0-9"]],
    ["its middle", ["5-19"]],
    ["its end", ["-5"]],
    ["parts that are joined to a beginning", ["5-19", "0-30"]],
    ["parts that do not touch", ["0-9", "100-109"]],
  ])("is asked for as a whole after %s", async (_what, ranges) => {
    const at = await parts();
    const site = await edge(simple(at.port));
    for (const range of ranges) expect((await ranged(site, range)).status).toBe(206);
    for (const result of ["Miss", "Hit"]) {
      const whole = await site.get("/a");
      expectWhole(whole, result);
      expect(whole.headers["content-length"]).toBe(String(TOTAL));
    }
    expectPart(await ranged(site, "3-40"), "Hit", 3, 40);
    // The origin sees what the viewers ask for.
    const asked = at.seen.map(({ headers }) => [headers.range, headers["if-range"]]);
    expect(asked).toEqual([...ranges.map((range) => [`bytes=${range}`, undefined]), [undefined, undefined]]);
  });

  it("needs no origin where the parts are all of it", async () => {
    const time = clock();
    const at = await parts();
    const site = await edge(simple(at.port), { now: time.now });
    expectPart(await ranged(site, "0-99"), "Miss", 0, 99);
    expectPart(await ranged(site, `100-${TOTAL - 1}`), "Miss", 100, TOTAL - 1);
    expectPart(await ranged(site, "90-110"), "Hit", 90, 110);
    const head = await site.get("/a", { method: "HEAD" });
    for (const answer of [await site.get("/a"), head]) {
      expect([answer.status, from(answer), answer.headers["content-range"]]).toEqual([200, "Hit", undefined]);
      expect(answer.headers["content-length"]).toBe(String(TOTAL));
    }
    expectWhole(await site.get("/a"), "Hit");
    expectWhole(await ranged(site, "0-9", { "If-Range": '"other"' }), "Hit");
    expect((await site.get("/a", { headers: { "If-None-Match": '"v1"' } })).status).toBe(304);
    expect(at.seen).toHaveLength(2);
    time.advance(61);
    const refreshed = await site.get("/a");
    expectWhole(refreshed, "RefreshHit");
    expect(refreshed.headers["content-length"]).toBe(String(TOTAL));
    expectPart(await ranged(site, "90-110"), "Hit", 90, 110);
  });

  it("is the new version where the parts are of an older one", async () => {
    const version: Version = {};
    const at = await parts(version);
    const site = await edge(simple(at.port));
    await ranged(site, "0-9");
    Object.assign(version, { tag: '"v2"', body: "another body" });
    for (const result of ["Miss", "Hit"]) expectWhole(await site.get("/a"), result, "another body");
  });

  it("is right where the origin does not announce lengths", async () => {
    const at = await parts({ chunked: true });
    const site = await edge(simple(at.port));
    expect((await ranged(site, "0-9")).body).toBe(OBJECT.slice(0, 10));
    for (const result of ["Miss", "Hit"]) expectWhole(await site.get("/a"), result);
  });

  it("is asked for where a stale part serves meanwhile", async () => {
    const time = clock();
    const at = await origin((request, response) => {
      const base = { ETag: '"s"', "Cache-Control": "max-age=5, stale-while-revalidate=60" };
      if (request.headers.range === undefined)
        response.writeHead(200, { ...base, "Content-Length": "10" }).end("0123456789");
      else response.writeHead(206, { ...base, "Content-Range": "bytes 0-4/10", "Content-Length": "5" }).end("01234");
    });
    const site = await edge(simple(at.port), { now: time.now });
    await ranged(site, "0-4");
    time.advance(6);
    expect((await ranged(site, "1-2")).body).toBe("12");
    expect(at.seen.map(({ headers }) => headers.range)).toEqual(["bytes=0-4", undefined]);
    const whole = await site.get("/a");
    expect([whole.status, from(whole), whole.body]).toEqual([200, "Hit", "0123456789"]);
  });

  it("is what a HEAD tells of, and not stored by it", async () => {
    const at = await parts();
    const site = await edge(simple(at.port));
    await ranged(site, "0-9");
    const head = await site.get("/a", { method: "HEAD" });
    expect([head.status, head.headers["content-length"], head.headers["content-range"]]).toEqual([
      200,
      String(TOTAL),
      undefined,
    ]);
    expectPart(await ranged(site, "2-5"), "Hit", 2, 5);
    expectWhole(await site.get("/a"), "Miss");
  });
});

describe("a part", () => {
  it("by If-Range is given of the version that the viewer has, else the whole", async () => {
    const at = await parts();
    const site = await edge(simple(at.port));
    expectPart(await ranged(site, "0-9", { "If-Range": '"v1"' }), "Miss", 0, 9);
    expectPart(await ranged(site, "2-5", { "If-Range": '"v1"' }), "Hit", 2, 5);
    expectWhole(await ranged(site, "2-5", { "If-Range": '"v0"' }), "Miss");
    expectWhole(await site.get("/a"), "Hit");
    expect(at.seen).toHaveLength(2);
  });

  it("outside the object is refused, and what is stored stays", async () => {
    const at = await parts();
    const site = await edge(simple(at.port));
    await ranged(site, "0-9");
    expect((await ranged(site, "5000-5001")).status).toBe(416);
    expectPart(await ranged(site, "0-9"), "Hit", 0, 9);
    expectWhole(await site.get("/a"), "Miss");
  });

  it.each([true, false])(
    "of an origin without ranges is the whole first, then the part (chunked: %s)",
    async (chunked) => {
      const at = await origin((_request, response) => {
        response.writeHead(200, { "Content-Type": "text/plain", ...(!chunked && { "Content-Length": String(TOTAL) }) });
        response.write(OBJECT.slice(0, 50));
        response.end(OBJECT.slice(50));
      });
      const site = await edge(simple(at.port));
      expectWhole(await ranged(site, "10-19"), "Miss");
      expectPart(await ranged(site, "10-19"), "Hit", 10, 19);
      expectWhole(await site.get("/a"), "Hit");
      expect(at.seen).toHaveLength(1);
    },
  );
});

it("an S3 bucket's objects are whole after parts of them", async () => {
  const directory = mkdtempSync(join(tmpdir(), "edgewright-ranges-"));
  try {
    writeFileSync(join(directory, "a"), OBJECT);
    const name = "site.s3.us-east-1.amazonaws.com";
    const bucket = {
      name: "site",
      region: "us-east-1",
      domain_names: [name],
      website: null,
      website_domain_names: [],
      directory,
      objects: [],
      public_read: false,
      readers: [`arn:aws:cloudfront::000000000000:distribution/${DISTRIBUTION_ID}`],
      listers: [],
    };
    const origins = [
      customOrigin(0, { domain_name: name, custom_origin_config: null, origin_access_control_id: "OAC" }),
    ];
    const site = await edge(deployment({ distributions: [distribution(origins)], buckets: [bucket] }));
    expectPart(await ranged(site, "5-19"), "Miss", 5, 19);
    expectPart(await ranged(site, "0-30"), "Miss", 0, 30);
    for (const result of ["Miss", "Hit"]) {
      const whole = await site.get("/a");
      expect([whole.status, from(whole), whole.body]).toEqual([200, result, OBJECT]);
      expect([whole.headers["content-length"], whole.headers["content-range"]]).toEqual([String(TOTAL), undefined]);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

describe("functions", () => {
  const site = async (port: number, source: string): Promise<Edge> => {
    const associations = [{ event_type: "origin-response" as const, lambda_arn: LAMBDA_ARN, include_body: false }];
    const document = simple(
      port,
      {},
      { default_cache_behavior: behavior({ lambda_function_associations: associations }) },
    );
    document.lambda_versions.push(lambda(source));
    return edge(document);
  };

  it("at the origin's response see the whole of a viewer who asks for the whole", async () => {
    const at = await parts();
    const seen = await site(
      at.port,
      `export const handler = async (event) => {
        const { request, response } = event.Records[0].cf;
        const range = request.headers.range?.[0].value ?? "none";
        response.headers["x-seen"] = [{ key: "X-Seen", value: range + " " + response.status }];
        return response;
      };`,
    );
    const part = await ranged(seen, "0-9");
    expect(part.headers["x-seen"]).toBe("bytes=0-9 206");
    for (const result of ["Miss", "Hit"]) {
      const whole = await seen.get("/a");
      expectWhole(whole, result);
      expect(whole.headers["x-seen"]).toBe("none 200");
    }
  });

  it("that make a whole of a part give it to this viewer and the next", async () => {
    const at = await parts();
    const made = await site(
      at.port,
      `export const handler = async (event) => {
        const { response } = event.Records[0].cf;
        delete response.headers["content-range"];
        return { ...response, status: "200", statusDescription: "OK", body: "made at the edge" };
      };`,
    );
    expectWhole(await ranged(made, "0-3"), "Miss", "made at the edge");
    expectWhole(await made.get("/a"), "Hit", "made at the edge");
    expect((await ranged(made, "0-3")).body).toBe("made");
  });
});
