import { createEvaluate, type Question } from './evaluate.ts';
import type { Builtins } from './imports.ts';
import { createInstance } from './instance.ts';
import { meter } from './meter.ts';
import { PAGE_BYTES } from './window.ts';

export interface EngineOptions {
  /** The bundle's policy.wasm. */
  readonly wasm: Uint8Array;
  /** The bundle's data document as JSON text. */
  readonly data: Uint8Array;
  readonly builtins: Builtins;
  readonly limits: EngineLimits;
}

export interface EngineLimits {
  /** Units of fuel that one evaluation may use: entries into functions and turns of loops. */
  readonly fuel: number;
  /** What one evaluation may take of memory beyond the data, in bytes. */
  readonly memoryBytes: number;
}

export interface Engine {
  readonly entrypoints: Readonly<Record<string, number>>;
  readonly requiredBuiltins: readonly string[];
  /** An input in, its result set as JSON text out. Runs to its end at once. @throws EngineFault */
  evaluate(question: Question): string;
  /**
   * The same for a question about the whole data, asked once when a bundle loads: with a hundred times
   * the fuel and 16 times the memory of a call. @throws EngineFault
   */
  examine(question: Question): string;
  /** Instances made because an evaluation threw. */
  readonly replaced: number;
}

/** The data is loaded with no other bound than what Wasm itself has. */
const DATA_PAGES = 16_384;
const FIRST_PAGES = 16;

/** Evaluates one bundle. An instance that threw is replaced: opa-wasm's are poisoned by throws. */
export function createEngine({ wasm, data, builtins, limits }: EngineOptions): Engine {
  const module = new WebAssembly.Module(meter(wasm));
  const { entrypoints, requiredBuiltins, ...loaded } = load(module, { builtins, data });
  let evaluate: ((question: Question) => string) | undefined = instantiate(limits);
  let replaced = 0;

  return {
    entrypoints,
    requiredBuiltins,
    get replaced() {
      return replaced;
    },
    evaluate(question) {
      // Not made when the last one threw: where that failed too, the poisoned one would be asked again.
      evaluate ??= instantiate(limits);
      try {
        return evaluate(question);
      } catch (thrown) {
        evaluate = undefined;
        replaced += 1;
        throw thrown;
      }
    },
    examine: (question) =>
      instantiate({ fuel: limits.fuel * 100, memoryBytes: limits.memoryBytes * 16 })(question),
  };

  /** A fresh instance gets a copy of the memory in which `load` has parsed the data. */
  function instantiate({ fuel, memoryBytes }: EngineLimits) {
    const { image, pages, resident } = loaded;
    const memory = { initial: pages, maximum: pages + Math.ceil(memoryBytes / PAGE_BYTES) };
    const instance = createInstance({ module, builtins, memory });
    new Uint8Array(instance.memory.buffer).set(image);
    return createEvaluate({ instance, resident, fuel });
  }
}

/**
 * Parses the data in an instance of its own and gives its memory as an image. That instance is not
 * used further: it would hold the same memory once more.
 */
function load(
  module: WebAssembly.Module,
  { builtins, data }: Pick<EngineOptions, 'builtins' | 'data'>,
) {
  const memory = { initial: FIRST_PAGES, maximum: DATA_PAGES };
  const instance = createInstance({ module, builtins, memory });
  const resident = instance.load(data);
  const { entrypoints, requiredBuiltins } = instance;
  return {
    entrypoints,
    requiredBuiltins,
    resident,
    image: new Uint8Array(instance.memory.buffer).slice(0, resident.heapAddress),
    /** Not fewer: the allocator's own end of the memory is in the image. */
    pages: instance.memory.buffer.byteLength / PAGE_BYTES,
  };
}
