import { randomBytes as osRandomBytes } from 'node:crypto';
import { fault } from './fault.ts';
import type { Caller } from './model/key-id.ts';
import { createStore } from './model/store.ts';
import type { Operation } from './operations/operation.ts';
import { OPERATIONS, type OperationName } from './operations/operations.ts';
import { type Seed, sow } from './seed.ts';
import { validate } from './shape/shape.ts';
import { toJson } from './shape/to-json.ts';
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
  /** The same by name, from and to the bodies of AWS's JSON protocol. */
  invoke(operation: string, body: unknown, caller?: Partial<Caller>): unknown;
  /** Whom a call without a caller is from: the account's root, in the usual Region. */
  readonly caller: Caller;
}

export interface EmbeddedKmsOptions {
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
  readonly partition?: string;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  randomBytes?(size: number): Buffer;
  readonly seed?: Seed | undefined;
}

/** A KMS in this process, true to what AWS documents. Not for production: keys are in plain memory. */
export function createEmbeddedKms(options: EmbeddedKmsOptions): EmbeddedKms {
  const { region, account, partition = 'aws', now, randomBytes = osRandomBytes, seed } = options;
  const world: World = {
    store: createStore(),
    imports: new Map(),
    now,
    randomBytes,
    changed: () => {},
  };
  const usual: Caller = { partition, account, region, principal: rootOf(partition, account) };
  if (seed) sow(world, seed, usual);

  const call = (operation: Operation<unknown, unknown>, input: unknown, as?: Partial<Caller>) => {
    validate(operation.input, input);
    return operation.run(world, input, as ? asCaller(usual, as) : usual);
  };
  const entries = Object.entries(OPERATIONS) as [OperationName, Operation<unknown, unknown>][];
  const operations = Object.fromEntries(
    entries.map(([name, operation]) => [
      name,
      (input: unknown, as?: Partial<Caller>) => call(operation, input, as),
    ]),
  ) as unknown as Operations;
  const byName = new Map<string, Operation<unknown, unknown>>(entries);

  return {
    operations,
    caller: usual,
    invoke: (name, body, as) => {
      const operation = byName.get(name);
      if (!operation) throw fault('UnknownOperationException', '');
      return toJson(call(operation, operation.input.read(body), as));
    },
  };
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
