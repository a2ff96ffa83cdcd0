// Where a proxied request wants to go.

export interface Destination {
  scheme: "http" | "https";
  /** As in the URL, with the port where there is one. */
  authority: string;
  hostname: string;
  port: number;
  path: string;
}

/** The target of a proxy request: `http://host:port/path?query`, kept byte for byte. */
export function destinationOf(url: string | undefined): Destination | undefined {
  const found = url?.match(/^(https?):\/\/([^/?#]+)([^#]*)/i);
  if (!found) return undefined;
  const scheme = (found[1] as string).toLowerCase() as "http" | "https";
  const authority = (found[2] as string).slice((found[2] as string).lastIndexOf("@") + 1).toLowerCase();
  const host = authority.match(/^(\[[^\]]+\]|[^:]*)(?::(\d+))?$/);
  if (!host) return undefined;
  const rest = found[3] as string;
  return {
    scheme,
    authority,
    hostname: (host[1] as string).replace(/^\[|\]$/g, ""),
    port: host[2] ? Number(host[2]) : scheme === "https" ? 443 : 80,
    path: rest.startsWith("/") ? rest : `/${rest}`,
  };
}
