import { shortHash } from "./tiers";

/** The tag of a URL in the platform's cache in front, which knows no hosts. */
export const frontTag = (url: string): string => `url-${shortHash(url.slice(url.indexOf("/", 8))).slice(1)}`;
