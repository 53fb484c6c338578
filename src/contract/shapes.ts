import type { Shape } from './count-fields.ts';

const ENTRY: Shape = { 1: 'bytes', 2: 'bytes' };

export const CALL: Shape = {
  1: 'bytes',
  2: ENTRY,
  3: 'bytes',
  4: 'bytes',
  5: ENTRY,
  6: 'number',
  7: 'number',
  8: 'bytes',
  9: 'number',
  10: 'numbers',
};
export const CHECK: Shape = { 1: CALL };
export const STREAM_ITEM: Shape = { 1: 'bytes', 2: CALL, 3: 'number' };
export const BATCH: Shape = { 1: { 1: 'bytes', 2: CALL } };

const ANSWER: Shape = {
  1: 'bytes',
  2: 'bytes',
  3: 'bytes',
  4: 'number',
  5: 'number',
  6: 'bytes',
  7: 'bytes',
  8: 'bytes',
  9: 'number',
};
const STATUS: Shape = { 1: 'number', 2: 'bytes', 3: { 1: 'bytes', 2: 'bytes' } };
const REASON: Shape = { 1: 'bytes', 2: 'bytes', 3: 'bytes' };
const KEY: Shape = { 1: 'bytes', 2: 'bytes', 3: 'bytes', 4: 'bytes' };

export const STREAM_RESULT: Shape = { 1: 'bytes', 2: STATUS, 3: ANSWER };
export const BATCH_ANSWER: Shape = { 1: STREAM_RESULT };
export const CHECK_ANSWER: Shape = {
  1: 'number',
  2: 'bytes',
  3: REASON,
  4: 'bytes',
  5: 'bytes',
  6: KEY,
  7: KEY,
  8: 'bytes',
};
