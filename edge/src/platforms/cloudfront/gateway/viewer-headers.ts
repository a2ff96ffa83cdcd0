// The `CloudFront-*` headers, made only where a policy asks for them.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html

import { get, setHeader } from "./headers.js";
import { isGenerated } from "./policies.js";
import type { Headers, Viewer } from "./types.js";

interface Device {
  android: boolean;
  ios: boolean;
  mobile: boolean;
  tablet: boolean;
  tv: boolean;
  desktop: boolean;
}

/** A device by its User-Agent. AWS does not publish its rules; these follow the usual tokens (gap `aws-device-headers`). */
export function deviceOf(agent: string | undefined): Device {
  const text = agent ?? "";
  const android = /android/i.test(text);
  const ios = /iphone|ipad|ipod/i.test(text);
  const tv = /smart-?tv|appletv|googletv|hbbtv|tizen.*tv|web0s|roku|bravia|crkey|aft[a-z]/i.test(text);
  const tablet = !tv && (/ipad|tablet|kindle|silk\//i.test(text) || (android && !/mobile/i.test(text)));
  const mobile = !tv && (tablet || /mobi|iphone|ipod|windows phone|blackberry|opera mini/i.test(text));
  return { android, ios, mobile, tablet, tv, desktop: !tv && !tablet && !mobile };
}

/** Percent-encodes what is not ASCII, as CloudFront does in these headers. */
function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, (part) => encodeURIComponent(part));
}

type Maker = (viewer: Viewer, headers: Headers) => string | undefined;

const device =
  (key: keyof Device): Maker =>
  (_viewer, headers) =>
    String(deviceOf(get(headers, "user-agent"))[key]);

const MAKERS: Readonly<Record<string, [string, Maker]>> = Object.fromEntries(
  (
    [
      ["CloudFront-Is-Android-Viewer", device("android")],
      ["CloudFront-Is-Desktop-Viewer", device("desktop")],
      ["CloudFront-Is-IOS-Viewer", device("ios")],
      ["CloudFront-Is-Mobile-Viewer", device("mobile")],
      ["CloudFront-Is-SmartTV-Viewer", device("tv")],
      ["CloudFront-Is-Tablet-Viewer", device("tablet")],
      ["CloudFront-Viewer-Address", ({ ip, port }) => `${ip}:${port ?? 0}`],
      ["CloudFront-Viewer-ASN", ({ asn }) => asn?.toString()],
      ["CloudFront-Viewer-Country", ({ country }) => country],
      ["CloudFront-Viewer-City", ({ city }) => city],
      ["CloudFront-Viewer-Country-Name", ({ country, countryName }) => countryName ?? regionName(country)],
      ["CloudFront-Viewer-Country-Region", ({ region }) => region],
      ["CloudFront-Viewer-Country-Region-Name", ({ regionName }) => regionName],
      ["CloudFront-Viewer-Latitude", ({ latitude }) => latitude],
      ["CloudFront-Viewer-Longitude", ({ longitude }) => longitude],
      ["CloudFront-Viewer-Metro-Code", ({ metroCode }) => metroCode],
      ["CloudFront-Viewer-Postal-Code", ({ postalCode }) => postalCode],
      ["CloudFront-Viewer-Time-Zone", ({ timezone }) => timezone],
      ["CloudFront-Viewer-Header-Order", ({ headerOrder }) => headerOrder?.join(":").slice(0, 7680)],
      ["CloudFront-Viewer-Header-Count", ({ headerOrder }) => headerOrder?.length.toString()],
      // No TLS is spoken here: what most viewers speak stands for it (gap `aws-viewer-headers`).
      [
        "CloudFront-Viewer-TLS",
        ({ protocol }) => (protocol === "http" ? undefined : "TLSv1.3:TLS_AES_128_GCM_SHA256:fullHandshake"),
      ],
      ["CloudFront-Forwarded-Proto", ({ protocol }) => protocol ?? "https"],
      ["CloudFront-Viewer-Http-Version", ({ httpVersion }) => httpVersion ?? "1.1"],
    ] as [string, Maker][]
  ).map(([name, maker]) => [name.toLowerCase(), [name, maker] as [string, Maker]]),
);

let countryNames: Intl.DisplayNames | undefined;

function regionName(country: string | undefined): string | undefined {
  if (country === undefined) return undefined;
  countryNames ??= new Intl.DisplayNames("en", { type: "region" });
  return countryNames.of(country);
}

/**
 * Sets the generated headers that are wanted; a viewer's own values of them are overwritten. Those that are not known
 * locally are left out (gap `aws-viewer-headers`).
 */
export function addViewerHeaders(headers: Headers, wanted: ReadonlySet<string>, viewer: Viewer): void {
  for (const name of wanted) {
    if (!isGenerated(name)) continue;
    delete headers[name];
    const entry = MAKERS[name];
    const value = entry?.[1](viewer, headers);
    if (entry !== undefined && value !== undefined) setHeader(headers, entry[0], ascii(value));
  }
}
