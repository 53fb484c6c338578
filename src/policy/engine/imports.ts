import { Buffer } from 'node:buffer';
import type { BuiltinContext } from '../builtins/builtin.ts';
import { BUILTINS } from '../builtins/builtins.ts';
import { costOf } from '../builtins/cost.ts';
import { parseTerm, toJson } from '../builtins/term.ts';
import { EngineFault } from './fault.ts';
import { FUEL } from './meter.ts';
import type { Window } from './window.ts';

/** The functions that the module calls in its host; usable once `connect` has been given the instance. */
interface Host {
  readonly imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** @throws EngineFault where the module is of another ABI. */
  connect(exports: OpaExports): void;
  /** Names of the builtins that the module asks its host for. */
  required(): readonly string[];
  setContext(context: BuiltinContext): void;
}

/** The part of https://www.openpolicyagent.org/docs/wasm that is used; addresses are numbers. */
export interface OpaExports {
  opa_malloc(bytes: number): number;
  opa_json_parse(address: number, bytes: number): number;
  opa_json_dump(value: number): number;
  opa_value_dump(value: number): number;
  opa_value_add_path(value: number, path: number, added: number): number;
  opa_heap_ptr_get(): number;
  opa_heap_ptr_set(address: number): void;
  opa_eval_ctx_new(): number;
  opa_eval_ctx_set_input(context: number, value: number): void;
  opa_eval_ctx_set_data(context: number, value: number): void;
  opa_eval_ctx_set_entrypoint(context: number, entrypoint: number): void;
  opa_eval_ctx_get_result(context: number): number;
  eval(context: number): number;
  builtins(): number;
  /** Added by the meter. */
  readonly [FUEL]: WebAssembly.Global;
  readonly opa_wasm_abi_version: WebAssembly.Global;
  readonly opa_wasm_abi_minor_version: WebAssembly.Global;
}

/**
 * opa-wasm's own dispatch hands builtins JSON, which rounds nanoseconds and turns sets into arrays, and
 * it prefers its own sprintf to any other. So we dispatch ourselves, on OPA's own values.
 */
export function createHost(memory: WebAssembly.Memory, window: Window): Host {
  let exports: OpaExports | undefined;
  let byId: readonly string[] = [];
  let context: BuiltinContext = { nowNs: 0n };
  const call = (id: number, _context: number, ...args: number[]) => dispatch(id, args);

  return {
    imports: {
      env: {
        memory,
        opa_abort: (address: number) => {
          throw new EngineFault('abort', window.readText(address));
        },
        opa_println: () => {},
        opa_builtin0: call,
        opa_builtin1: call,
        opa_builtin2: call,
        opa_builtin3: call,
        opa_builtin4: call,
      },
    },
    connect(found) {
      if (found.opa_wasm_abi_version.value !== 1 || found.opa_wasm_abi_minor_version.value < 2) {
        throw new EngineFault('abort', 'the module is of an ABI other than 1.2 and up');
      }
      exports = found;
      const ids: Record<string, number> = JSON.parse(
        window.readText(found.opa_json_dump(found.builtins())),
      );
      const names: string[] = [];
      for (const [name, id] of Object.entries(ids)) names[id] = name;
      byId = names;
    },
    required: () => byId.filter((name) => name !== undefined),
    setContext: (next) => {
      context = next;
    },
  };

  function dispatch(id: number, args: readonly number[]): number {
    const name = byId[id] ?? '';
    const builtin = Object.hasOwn(BUILTINS, name) ? BUILTINS[name] : undefined;
    if (!builtin || !exports) throw new EngineFault('builtin', `there is no builtin ${name}`);
    const { opa_value_dump } = exports;
    const texts = args.map((address) => window.readText(opa_value_dump(address)));
    take(exports[FUEL], costOf(name, texts.join('').length));
    const result = builtin(texts.map(parseTerm), context);
    return result === undefined ? 0 : store(toJson(result), exports);
  }

  function store(text: string, { opa_malloc, opa_json_parse }: OpaExports): number {
    const bytes = Buffer.from(text, 'utf8');
    const address = opa_malloc(bytes.length);
    window.reserve(address + bytes.length);
    window.writeBytes(bytes, address);
    return opa_json_parse(address, bytes.length);
  }
}

function take(fuel: WebAssembly.Global, units: number): void {
  fuel.value = Math.max(0, fuel.value - units);
  if (fuel.value === 0) throw new EngineFault('fuel', 'the policy asks too much of its host');
}
