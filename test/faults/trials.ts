import process from 'node:process';
import { expect } from 'vitest';

/** 1 runs every trial of the fault matrix; CI takes a tenth. */
const share = Number(process.env['FAULT_SHARE'] ?? '1');

/** The first seed; another one gives other runs. */
export const SEED = Number(process.env['FAULT_SEED'] ?? '1');

export const trials = (all: number): number => Math.max(1, Math.ceil(all * share));

/** Prints what was tried, and fails if no fault was really injected. */
export function reportTrials(what: {
  readonly fault: string;
  readonly trials: number;
  readonly injections: number;
  /** Whatever else was measured. */
  readonly [measured: string]: unknown;
}): void {
  process.stdout.write(`${JSON.stringify({ seed: SEED, ...what })}\n`);
  expect(what.injections, `${what.fault}: nothing was injected`).toBeGreaterThan(0);
}
