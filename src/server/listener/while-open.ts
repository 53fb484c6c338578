/** Node takes a longer time for none. */
const LONGEST_MS = 2 ** 31 - 1;

/** Acts once after a time, 24 days at most, unless the connection has closed by then; keeps no process alive. */
export function whileOpen(
  connection: { once(event: 'close', listener: () => void): unknown },
  ms: number,
  act: () => void,
): void {
  const timer = setTimeout(act, Math.min(ms, LONGEST_MS)).unref();
  connection.once('close', () => clearTimeout(timer));
}
