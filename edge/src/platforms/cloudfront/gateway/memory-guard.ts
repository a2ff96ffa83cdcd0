// Ends what runs in a thread of this process and takes too much memory: a thread's own limit is of its JavaScript heap, and buffers lie outside of it.

/** What the rest of this process may take meanwhile, in bytes. */
const SPARE = 256 * 1024 * 1024;
const LOOK_MS = 20;

/**
 * Looks at this process's memory while a function runs.
 *
 * @param mb what the function may use
 * @param over called once, where it uses more
 * @returns ends the looking
 */
export function guardMemory(mb: number, over: () => void): () => void {
  const most = process.memoryUsage.rss() + mb * 1024 * 1024 + SPARE;
  const timer = setInterval(() => {
    if (process.memoryUsage.rss() <= most) return;
    clearInterval(timer);
    over();
  }, LOOK_MS);
  return () => clearInterval(timer);
}
