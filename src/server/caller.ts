import { hash } from 'node:crypto';
import type { Arrival } from '../call.ts';

/** What connections with the same certificate share; `otherwise` without one. */
export const callerOf = ({ certificate }: Arrival, otherwise: string): string =>
  certificate ? hash('sha256', certificate) : otherwise;
