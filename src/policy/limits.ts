import type { EngineLimits } from './engine/engine.ts';

/** The time and memory that one decision may use. */
export interface Limits {
  /** In milliseconds. */
  readonly timeoutMs: number;
  /** In bytes, beyond the data. */
  readonly memoryBytes: number;
}

const MIB = 1024 * 1024;

/** Of one decision, as settings and options give them. */
export function toLimits(timeoutMs: number, memoryMib: number): Limits {
  return { timeoutMs, memoryBytes: memoryMib * MIB };
}

/** Measured: an endless policy is stopped after 20 to 50 ms when 50 are allowed. */
const FUEL_PER_MS = 100_000;

export function toEngineLimits({ timeoutMs, memoryBytes }: Limits): EngineLimits {
  return { fuel: timeoutMs * FUEL_PER_MS, memoryBytes };
}
