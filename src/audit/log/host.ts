import type { Body } from '../body.ts';
import type { Order, Report } from '../messages.ts';
import { claimTurn, endTurn, isOpen } from '../turn.ts';
import { type LogFault, toLogFault } from './fault.ts';
import { createLog, type Log, type LogOptions } from './log.ts';

export interface HostOptions {
  readonly options: LogOptions;
  readonly turn: Int32Array;
  readonly tell: (report: Report) => void;
}

export interface Host {
  take(order: Order): void;
}

const TICK_MS = 500;
const HEAL_MS = 250;

type Batch = Extract<Order, { type: 'batch' }>;

/** Runs a log for someone on the other side of a message port: batches in, reports out. */
export function createHost({ options, turn, tell }: HostOptions): Host {
  let log: Log | undefined;
  let ill: { readonly fault: LogFault; readonly since: string } | undefined;
  let waiting: Batch[] = [];
  let scheduled = false;
  let ticker: ReturnType<typeof setInterval> | undefined;
  let healer: ReturnType<typeof setTimeout> | undefined;

  start();
  return { take };

  function start(): void {
    try {
      log = createLog(options);
    } catch (thrown) {
      const { code, message } = toLogFault(thrown);
      tell({ type: 'refused', code, message });
      return;
    }
    tell({ type: 'ready', open: [...log.open()] });
    ticker = setInterval(tick, TICK_MS);
  }

  function take(order: Order): void {
    if (order.type === 'batch') {
      waiting.push(order);
      // Batches that have come by the time the loop turns share one write and one sync.
      if (!scheduled) setImmediate(drain);
      scheduled = true;
    } else if (order.type === 'reopen') guard(() => log?.reopen());
    else close(order.last);
  }

  function drain(): void {
    scheduled = false;
    const batches = waiting;
    waiting = [];
    const last = batches.at(-1);
    if (!last || !log) return;
    if (ill) return report(ill.fault, last.id);
    try {
      commit(log, batches, last);
    } catch (thrown) {
      return fall(toLogFault(thrown), last.id);
    }
    guard(() => log?.rotateIfLarge());
  }

  function commit(to: Log, batches: readonly Batch[], last: Batch): void {
    const current = batches.filter((batch) => batch.turn === last.turn);
    const bodies = current.flatMap((batch) => batch.bodies);
    const done = isOpen(turn, last) && to.commit(bodies, () => claimTurn(turn, last));
    if (!done) return abandoned();
    tell({ type: 'done', id: last.id, seq: to.chain().seq });
    endTurn(turn, last);
  }

  /** The other side gave the batch up while the disk was stuck; now that it moves again, we are well. */
  function abandoned(): void {
    tell({ type: 'well', open: [...(log?.open() ?? [])] });
  }

  function tick(): void {
    if (!ill) guard(() => log?.tick());
  }

  function guard(work: () => void): void {
    if (ill) return;
    try {
      work();
    } catch (thrown) {
      fall(toLogFault(thrown), -1);
    }
  }

  function fall(fault: LogFault, id: number): void {
    ill = { fault, since: new Date(options.now()).toISOString() };
    report(fault, id);
    healer = setTimeout(heal, HEAL_MS);
  }

  function report({ code, message }: LogFault, id: number): void {
    tell({ type: 'fault', id, code, message });
  }

  function heal(): void {
    if (!ill || !log) return;
    const { fault, since } = ill;
    try {
      const until = new Date(options.now()).toISOString();
      log.heal(fault.code, { suspended: { code: fault.code, since, until } });
      ill = undefined;
      tell({ type: 'well', open: [...log.open()] });
    } catch {
      healer = setTimeout(heal, HEAL_MS);
    }
  }

  function close(last: readonly Body[]): void {
    clearInterval(ticker);
    clearTimeout(healer);
    guard(() => {
      log?.commit(last);
      log?.sync();
      log?.close();
    });
    tell({ type: 'closed' });
  }
}
