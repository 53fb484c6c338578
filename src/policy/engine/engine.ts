import { createEvaluate, type Question } from './evaluate.ts';
import { createInstance } from './instance.ts';
import type { Program } from './program.ts';
import { PAGE_BYTES } from './window.ts';

interface EngineOptions {
  readonly program: Program;
  readonly limits: EngineLimits;
}

export interface EngineLimits {
  /** Units of fuel that one evaluation may use: function calls and loop iterations. */
  readonly fuel: number;
  /** Memory that one evaluation may use beyond the data, in bytes. */
  readonly memoryBytes: number;
}

export interface Engine {
  /** An input in, its result set as JSON text out. Runs synchronously. @throws EngineFault */
  evaluate(question: Question): string;
  /**
   * The same for a question about the whole data, asked once when a bundle loads: with a hundred times
   * the fuel and 16 times the memory of a call. @throws EngineFault
   */
  examine(question: Question): string;
}

/** Evaluates one bundle. An instance that threw is replaced: a throw leaves opa-wasm's unusable. */
export function createEngine({ program, limits }: EngineOptions): Engine {
  let evaluate: ((question: Question) => string) | undefined = instantiate(limits);

  return {
    evaluate(question) {
      // Made here, not in the catch: if making it failed there, the broken instance would be asked again.
      evaluate ??= instantiate(limits);
      try {
        return evaluate(question);
      } catch (thrown) {
        evaluate = undefined;
        throw thrown;
      }
    },
    examine: (question) =>
      instantiate({ fuel: limits.fuel * 100, memoryBytes: limits.memoryBytes * 16 })(question),
  };

  /** A fresh instance gets a copy of the memory in which the data has been parsed. */
  function instantiate({ fuel, memoryBytes }: EngineLimits) {
    const { module, image, pages, resident } = program;
    const memory = { initial: pages, maximum: pages + Math.ceil(memoryBytes / PAGE_BYTES) };
    const instance = createInstance({ module, memory });
    new Uint8Array(instance.memory.buffer).set(image);
    return createEvaluate({ instance, resident, fuel });
  }
}
