import type { HandlerTools } from '../../src/server/handler-tools.ts';
import { createStatusWriter } from '../../src/server/status.ts';

const NO_COUNT = { started() {}, received() {}, sent() {}, handled() {} };

/** Tools for a handler that is tried alone; it needs its `own` ones too, and no others. */
export function handlerTools(own: object): HandlerTools {
  return {
    deadlines: { fallbackMs: 5000, maxMs: 5000 },
    status: createStatusWriter(),
    newId: () => 'id',
    now: Date.now,
    turn: () => undefined,
    rpc: () => NO_COUNT,
    ...own,
  } as unknown as HandlerTools;
}
