import * as opaWasm from '@open-policy-agent/opa-wasm';
import type { BuiltinContext } from '../builtins/builtin.ts';
import { createHost, type OpaExports } from './imports.ts';
import { FUEL } from './meter.ts';
import { openWindow, type Window } from './window.ts';

// The package's ES module exports LoadedPolicy only under `default`, which its types do not mention.
const { LoadedPolicy } = (opaWasm as unknown as { readonly default: typeof opaWasm }).default;

interface InstanceOptions {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.MemoryDescriptor;
}

/** A Wasm instance of a policy, without its data. */
export interface Instance {
  readonly entrypoints: Readonly<Record<string, number>>;
  readonly requiredBuiltins: readonly string[];
  readonly exports: OpaExports;
  readonly memory: WebAssembly.Memory;
  readonly window: Window;
  readonly fuel: WebAssembly.Global;
  setContext(context: BuiltinContext): void;
  /** Parses JSON text into the memory, where it stays. */
  load(data: Uint8Array): Resident;
}

/** Where the data document is, and where the memory after it starts. */
export interface Resident {
  readonly dataAddress: number;
  readonly heapAddress: number;
}

/** @throws EngineFault, WebAssembly.CompileError, WebAssembly.LinkError */
export function createInstance({ module, memory: size }: InstanceOptions): Instance {
  const memory = new WebAssembly.Memory(size);
  const window = openWindow(memory);
  const host = createHost(memory, window);
  const instance = new WebAssembly.Instance(module, host.imports);
  const exports = instance.exports as OpaExports;
  host.connect(exports);
  const minorVersion = exports.opa_wasm_abi_minor_version.value;
  const policy = new LoadedPolicy({ instance }, memory, minorVersion);
  return {
    entrypoints: policy.entrypoints as Record<string, number>,
    requiredBuiltins: host.required(),
    exports,
    memory,
    window,
    fuel: exports[FUEL],
    setContext: host.setContext,
    load(data) {
      policy.setData(copyOf(data));
      return { dataAddress: policy.dataAddr, heapAddress: policy.dataHeapPtr as number };
    },
  };
}

/** opa-wasm treats an ArrayBuffer as JSON text, but a Uint8Array as an object to stringify. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}
