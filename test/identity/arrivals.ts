import type { Arrival } from '../../src/call.ts';
import { PLAIN_ARRIVAL } from '../helpers/plain-values.ts';

export const arrival = (facts: Partial<Arrival> = {}): Arrival => ({ ...PLAIN_ARRIVAL, ...facts });

export const never = new AbortController().signal;
