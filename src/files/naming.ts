/** Node names the file of a failed open, but not that of a failed write or sync: this adds it, in Node's style. */
export function naming<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof Error) thrown.message += ` '${path}'`;
    throw thrown;
  }
}
