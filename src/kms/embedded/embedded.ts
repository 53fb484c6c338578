import { messageOf } from '../../thrown.ts';
import { fault } from './fault.ts';
import type { Caller } from './model/key-id.ts';
import { createStore } from './model/store.ts';
import type { Operation } from './operations/operation.ts';
import { OPERATIONS, type OperationName } from './operations/operations.ts';
import { type Seed, sow } from './seed.ts';
import { validate } from './shape/shape.ts';
import { toJson } from './shape/to-json.ts';
import { fill, toDocument } from './state/conversion.ts';
import { createStateFile } from './state/file.ts';
import type { World } from './world.ts';

type Input<K extends OperationName> =
  (typeof OPERATIONS)[K] extends Operation<infer I, unknown> ? I : never;
type Output<K extends OperationName> = ReturnType<(typeof OPERATIONS)[K]['run']>;

/** AWS's operations as plain functions: KmsFault where KMS would answer an error. */
export type Operations = {
  readonly [K in OperationName]: (input: Input<K>, caller?: Partial<Caller>) => Output<K>;
};

export interface EmbeddedKms {
  readonly operations: Operations;
  /** The same by name, from and to the bodies of AWS's JSON protocol; `body` is read if there is such an operation. */
  invoke(operation: string, body: () => unknown, caller?: Partial<Caller>): unknown;
  /** Who calls when no caller is given: the account's root, in the usual Region. */
  readonly caller: Caller;
  /** Whom an access key stands for: a seeded principal, the root of a 12-digit account, or the usual caller. */
  callerOf(accessKeyId: string): Partial<Caller>;
}

export interface EmbeddedKmsOptions {
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** File in which keys outlive the process; if undefined, they exist only in memory. */
  readonly stateFile?: string | undefined;
  readonly seed?: Seed | undefined;
}

/** A KMS in this process, true to what AWS documents. Not for production: keys are in plain memory. */
export function createEmbeddedKms(options: EmbeddedKmsOptions): EmbeddedKms {
  const { region, account, now, stateFile, seed } = options;
  const partition = 'aws';
  const usual: Caller = { partition, account, region, principal: rootOf(partition, account) };
  const { world, keep } = openWorld(now, stateFile);
  if (seed) sow(world, seed, usual);
  keep();

  const call = (operation: Operation<unknown, unknown>, input: unknown, as?: Partial<Caller>) => {
    validate(operation.input, input);
    try {
      return operation.run(world, input, as ? asCaller(usual, as) : usual);
    } finally {
      keep();
    }
  };
  const byName = new Map(Object.entries(OPERATIONS as Record<string, Operation<unknown, unknown>>));
  const operations: Record<string, unknown> = {};
  for (const [name, operation] of byName) {
    operations[name] = (input: unknown, as?: Partial<Caller>) => call(operation, input, as);
  }

  return {
    operations: operations as Operations,
    caller: usual,
    invoke: (name, body, as) => {
      const operation = byName.get(name);
      if (!operation) throw fault('UnknownOperationException', '');
      return toJson(call(operation, operation.input.read(body()), as));
    },
    callerOf: (accessKeyId) => {
      const principal = seed?.principals[accessKeyId];
      if (principal !== undefined)
        return { principal, account: principal.split(':')[4] ?? account };
      return /^\d{12}$/.test(accessKeyId) ? { account: accessKeyId } : {};
    },
  };
}

/** `keep` saves changes; if that fails, so does the call that made them. */
function openWorld(now: () => number, stateFile: string | undefined) {
  const store = createStore();
  const file = stateFile === undefined ? undefined : createStateFile(stateFile);
  const kept = file?.load();
  if (kept) fill(store, kept);
  // A new file is written at the start, which thus fails where no call could be kept.
  let dirty = kept === undefined;
  const changed = () => {
    dirty = true;
  };
  const world: World = { store, imports: new Map(), now, changed };
  const keep = () => {
    if (!dirty || !file) return;
    try {
      file.save(toDocument(store));
    } catch (cause) {
      const why = messageOf(cause);
      throw fault('KMSInternalException', `The state file cannot be written: ${why}`);
    }
    dirty = false;
  };
  return { world, keep };
}

function asCaller(usual: Caller, as: Partial<Caller>): Caller {
  const caller = { ...usual, ...as };
  return as.principal === undefined
    ? { ...caller, principal: rootOf(caller.partition, caller.account) }
    : caller;
}

function rootOf(partition: string, account: string): string {
  return `arn:${partition}:iam::${account}:root`;
}
