/** Methods that change nothing (RFC 9110 section 9.2.1). Any other one may. */
export function isSafe(method: string): boolean {
  return ["GET", "HEAD", "OPTIONS", "TRACE"].includes(method);
}
