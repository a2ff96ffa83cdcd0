import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { MAX_HASHED_BYTES, withStrongEtag } from "../../src/core/static";

describe("withStrongEtag", () => {
  it("is made from the content alone", async () => {
    const one = await withStrongEtag(new Response("content", { headers: { "x-a": "1" } }), false);
    const two = await withStrongEtag(
      new Response("content", { headers: { etag: 'W/"7"', "last-modified": "x" } }),
      false,
    );
    expect(one.headers.get("etag")).toBe(`"${createHash("sha256").update("content").digest("hex").slice(0, 32)}"`);
    expect(two.headers.get("etag")).toBe(one.headers.get("etag"));
    expect([await one.text(), one.headers.get("x-a")]).toEqual(["content", "1"]);
    expect((await withStrongEtag(new Response("Content"), false)).headers.get("etag")).not.toBe(
      one.headers.get("etag"),
    );
  });

  it.each([206, 404, 500])("leaves a %i alone", async (status) => {
    expect((await withStrongEtag(new Response("x", { status }), false)).headers.has("etag")).toBe(false);
  });

  it("hands a body that is too large on whole, as it comes, without an ETag", async () => {
    const chunk = new Uint8Array(1024 * 1024);
    const total = MAX_HASHED_BYTES / chunk.byteLength + 3;
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent === total) return controller.close();
        sent += 1;
        controller.enqueue(chunk.slice().fill(sent));
      },
    });
    const response = await withStrongEtag(new Response(body, { headers: { etag: 'W/"w"' } }), false);
    expect(response.headers.get("etag")).toBe('W/"w"');
    // Only what was needed to see that it is too large has been read.
    expect(sent).toBeLessThan(total);
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(bytes.byteLength).toBe(total * chunk.byteLength);
    expect(Array.from({ length: total }, (_, i) => bytes[i * chunk.byteLength])).toEqual(
      Array.from({ length: total }, (_, i) => i + 1),
    );
  });

  it("does not read a body that says it is too large", async () => {
    const headers = { "content-length": String(MAX_HASHED_BYTES + 1) };
    const response = new Response("x", { headers });
    expect(await withStrongEtag(response, false)).toBe(response);
  });
});
