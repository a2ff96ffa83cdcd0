// Which cache behavior a path belongs to.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html

/** A path pattern as a test: `*` is any run of characters, `?` exactly one; case counts; a leading `/` does not. */
export function compilePattern(pattern: string): (path: string) => boolean {
  const bare = pattern.startsWith("/") ? pattern.slice(1) : pattern;
  const wildcard = bare.search(/[*?]/);
  if (wildcard === -1) return (path) => path === `/${bare}`;
  if (wildcard === bare.length - 1 && bare.endsWith("*")) {
    const prefix = `/${bare.slice(0, -1)}`;
    return (path) => path.startsWith(prefix);
  }
  return (path) => wildcardMatch(`/${bare}`, path);
}

/** Matches in time proportional to pattern times path: a regular expression with many `*` could take far longer. */
export function wildcardMatch(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    const c = pattern[p];
    if (c === "*") {
      star = p++;
      mark = t;
    } else if (p < pattern.length && (c === "?" || c === text[t])) {
      p++;
      t++;
    } else if (star !== -1) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/**
 * A path with dot segments resolved and unreserved characters decoded, for matching only: the origin gets the raw path.
 * Source: "CloudFront normalizes URI paths consistent with RFC 3986 and then matches the path".
 */
export function normalizePath(path: string): string {
  if (!/%|\/\./.test(path)) return path;
  const decoded = path.replace(/%([0-9A-Fa-f]{2})/g, (whole, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9\-._~]/.test(character) ? character : whole.toUpperCase();
  });
  const output: string[] = [];
  const segments = decoded.split("/").slice(1);
  segments.forEach((segment, index) => {
    const last = index === segments.length - 1;
    if (segment === ".") {
      if (last) output.push("");
    } else if (segment === "..") {
      output.pop();
      if (last) output.push("");
    } else output.push(segment);
  });
  return `/${output.join("/")}`;
}

export interface Matcher<T> {
  matches(path: string): boolean;
  behavior: T;
}

/** The first behavior whose pattern matches, or the default one. */
export function chooseBehavior<T>(ordered: readonly Matcher<T>[], fallback: T, path: string): T {
  const normalized = normalizePath(path);
  for (const candidate of ordered) if (candidate.matches(normalized)) return candidate.behavior;
  return fallback;
}
