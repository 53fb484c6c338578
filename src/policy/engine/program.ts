import { createInstance, type Resident } from './instance.ts';
import { meter } from './meter.ts';
import { PAGE_BYTES } from './window.ts';

/** A compiled policy with its data parsed: a plain value, which can be sent to another thread. */
export interface Program {
  readonly module: WebAssembly.Module;
  readonly entrypoints: Readonly<Record<string, number>>;
  readonly requiredBuiltins: readonly string[];
  /** The memory in which the data has been parsed, in an ArrayBuffer of its own. */
  readonly image: Uint8Array<ArrayBuffer>;
  readonly resident: Resident;
  readonly pages: number;
}

interface ProgramOptions {
  /** The bundle's policy.wasm. */
  readonly wasm: Uint8Array;
  /** The bundle's data document as JSON text. */
  readonly data: Uint8Array;
}

/** 1 GiB while the data loads; the configured memory limit holds only for evaluations. */
const DATA_PAGES = 16_384;
const FIRST_PAGES = 16;

/**
 * Parses the data in an instance of its own, which is then dropped: it would keep a second copy of the
 * memory. @throws EngineFault, WebAssembly.CompileError, WebAssembly.LinkError
 */
export function loadProgram({ wasm, data }: ProgramOptions): Program {
  const module = new WebAssembly.Module(meter(wasm));
  const memory = { initial: FIRST_PAGES, maximum: DATA_PAGES };
  const instance = createInstance({ module, memory });
  const resident = instance.load(data);
  const { entrypoints, requiredBuiltins } = instance;
  return {
    module,
    entrypoints,
    requiredBuiltins,
    resident,
    image: new Uint8Array(instance.memory.buffer.slice(0, resident.heapAddress)),
    /** Not fewer: the allocator's record of where memory ends is part of the image. */
    pages: instance.memory.buffer.byteLength / PAGE_BYTES,
  };
}
