import { LONGEST_TIMER_MS } from '../../longest-timer.ts';

/** Acts once after a time, 24 days at most, unless the connection has closed by then; keeps no process alive. */
export function whileOpen(
  connection: { once(event: 'close', listener: () => void): unknown },
  ms: number,
  act: () => void,
): void {
  const timer = setTimeout(act, Math.min(ms, LONGEST_TIMER_MS)).unref();
  connection.once('close', () => clearTimeout(timer));
}
