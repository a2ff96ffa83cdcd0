// The components as a TypeScript program has them: by the package that Pulumi generates.
import * as edgewright from "@pulumi/edgewright";

const nearest = new edgewright.GeoRouter("nearest", {
  origins: [
    { region: "us", url: "https://us.example.com" },
    { region: "eu", url: "https://eu.example.com" },
  ],
  fallback: "us",
});
const pages = new edgewright.CachePolicy("pages", { strategy: "cache-first", edgeTtl: "1m" });
const signed = new edgewright.LambdaEdgeFunction("signed", {
  code: { text: "export const handler = async (event) => event.Records[0].cf.request;" },
  events: ["viewer-request"],
});
const endpoint = { path: "/api/*", origin: nearest.routing, cache: pages.spec };
const worker = new edgewright.EdgeApi("worker", {
  cloudflare: { accountId: "0123456789abcdef0123456789abcdef" },
  endpoints: [endpoint],
});
const api = new edgewright.EdgeApi("site", {
  host: "cloudfront",
  endpoints: [{ ...endpoint, cloudfront: { functions: [signed.association] } }],
});

export const settings = worker.settings;
export const site = api.urls;
export const version = signed.version;
