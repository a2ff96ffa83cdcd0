/** What an unsafe request makes out of date. */

/** The URLs that a successful unsafe request makes out of date (RFC 9111 section 4.4): same origin only. */
export function invalidatedBy(url: string, status: number, headers: Pick<Headers, "get">): string[] {
  if (status < 200 || status > 399) return [];
  const urls = [url];
  for (const name of ["location", "content-location"]) {
    const value = headers.get(name);
    if (value === null) continue;
    try {
      const target = new URL(value, url);
      if (target.origin === new URL(url).origin && !urls.includes(target.href)) urls.push(target.href);
    } catch {
      // A reference that is no URL names nothing.
    }
  }
  return urls;
}
