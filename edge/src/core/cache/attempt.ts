import type { CacheContext } from "./types";

/** Runs work that may fail without failing the response: tells of the fault, and goes on with `fallback`. */
export async function attempt<T>(ctx: CacheContext, fault: string, work: Promise<T>, fallback: T): Promise<T> {
  try {
    return await work;
  } catch (error) {
    ctx.warn?.(`${fault}: ${error}`);
    return fallback;
  }
}
