export { createCache } from "./cache";
export { normalisePath, normaliseUrl } from "./key";
export type * from "./types";
