import type { Arrival } from '../../src/call.ts';

export const arrival = (facts: Partial<Arrival> = {}): Arrival => ({
  peer: '127.0.0.1:1',
  socketIdentity: '',
  authorization: '',
  accessKeyId: '',
  ...facts,
});

export const never = new AbortController().signal;
