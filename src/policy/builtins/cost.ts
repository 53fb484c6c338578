/** Measured: the most expensive, times in a zone, take 150 µs, and a layout 1.5 µs per character. */
const TIME_PER_CHARACTER = 200;
const PER_CHARACTER = 10;
const PER_CALL = 500;

/**
 * What one of our builtins takes of the fuel, because the meter does not see its work: units as of Wasm, 100,000
 * for a millisecond, the same on every run.
 */
export function costOf(name: string, characters: number): number {
  const each = name.startsWith('time.') ? TIME_PER_CHARACTER : PER_CHARACTER;
  return PER_CALL + each * characters;
}
