import { Buffer } from 'node:buffer';
import { createRequire } from 'node:module';
import { EngineFault, toEngineFault } from './fault.ts';
import { FUEL } from './meter.ts';

// The package's ES module hides loadPolicySync, which its types declare; so it is required instead.
const { loadPolicySync }: typeof import('@open-policy-agent/opa-wasm') = createRequire(
  import.meta.url,
)('@open-policy-agent/opa-wasm');

export const PAGE_BYTES = 65_536;

export type Builtins = Readonly<Record<string, (...args: never[]) => unknown>>;

export interface InstanceOptions {
  readonly module: WebAssembly.Module;
  readonly builtins: Builtins;
  readonly memory: WebAssembly.MemoryDescriptor;
}

/** A Wasm instance of a policy, its data not yet there. */
export interface RawInstance {
  readonly entrypoints: Readonly<Record<string, number>>;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly memory: WebAssembly.Memory;
  /** Parses JSON text into the memory for good. */
  load(data: Uint8Array): Resident;
}

/** Where the data document is, and where the memory after it starts. */
export interface Resident {
  readonly dataAddress: number;
  readonly heapAddress: number;
}

export function createRawInstance({ module, builtins, memory }: InstanceOptions): RawInstance {
  const policy = loadPolicySync(module, memory, { ...builtins });
  const instance = policy.wasmInstance as WebAssembly.Instance;
  return {
    entrypoints: policy.entrypoints as Record<string, number>,
    exports: instance.exports,
    memory: policy.mem,
    load(data) {
      policy.setData(copyOf(data));
      return { dataAddress: policy.dataAddr, heapAddress: policy.dataHeapPtr as number };
    },
  };
}

/** opa-wasm takes an ArrayBuffer as JSON text, and a Uint8Array as an object to stringify. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}

type OpaEval = (
  reserved: 0,
  entrypoint: number,
  dataAddress: number,
  inputAddress: number,
  inputLength: number,
  heapAddress: number,
  format: 0,
) => number;

export interface EvaluateOptions {
  readonly instance: Pick<RawInstance, 'exports' | 'memory'>;
  readonly resident: Resident;
  /** Units that each evaluation may use. */
  readonly fuel: number;
}

/**
 * Evaluates straight in the Wasm memory: the input is written behind the resident data, which is what
 * opa-wasm's own evaluate does with twice the copying. @throws EngineFault
 */
export function createEvaluate(
  options: EvaluateOptions,
): (entrypoint: number, input: string) => string {
  const { exports, memory } = options.instance;
  const { dataAddress, heapAddress } = options.resident;
  const opaEval = exports['opa_eval'] as OpaEval;
  const tank = exports[FUEL] as WebAssembly.Global;
  let view = Buffer.from(memory.buffer);

  return (entrypoint, input) => {
    try {
      reserve(heapAddress + input.length * 3);
      const length = view.write(input, heapAddress, 'utf8');
      const free = heapAddress + length;
      tank.value = options.fuel;
      return read(opaEval(0, entrypoint, dataAddress, heapAddress, length, free, 0));
    } catch (thrown) {
      if (tank.value === 0) throw new EngineFault('fuel', 'the policy does too much work', thrown);
      throw toEngineFault(thrown);
    }
  };

  function reserve(end: number) {
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    refresh();
  }

  function read(address: number): string {
    refresh();
    const end = view.indexOf(0, address);
    if (end < 0) throw new EngineFault('abort', 'the result does not end');
    return view.toString('utf8', address, end);
  }

  /** Growing detaches the buffer that the view was made of. */
  function refresh() {
    if (view.buffer !== memory.buffer) view = Buffer.from(memory.buffer);
  }
}
