import type { BuiltinContext } from '../builtins/builtin.ts';
import { EngineFault, toEngineFault } from './fault.ts';
import type { Input } from './frame.ts';
import type { Instance, Resident } from './instance.ts';
import { createPlace } from './place.ts';

export interface Question {
  readonly entrypoint: number;
  /** JSON text, or a frame with its values. */
  readonly input: string | Input;
  readonly context: BuiltinContext;
}

interface EvaluateOptions {
  readonly instance: Instance;
  readonly resident: Resident;
  /** Units that each evaluation may use. */
  readonly fuel: number;
}

/**
 * Evaluates directly in the Wasm memory, with the functions of OPA's ABI that opa-wasm's own evaluate
 * wraps; see https://www.openpolicyagent.org/docs/wasm. The result set is JSON text. @throws EngineFault
 */
export function createEvaluate({
  instance,
  resident,
  fuel: units,
}: EvaluateOptions): (question: Question) => string {
  const { exports, window, fuel, setContext } = instance;
  const place = createPlace(instance, resident);

  return ({ entrypoint, input, context }) => {
    try {
      setContext(context);
      fuel.value = units;
      return window.readText(evaluate(entrypoint, place(input)));
    } catch (thrown) {
      if (fuel.value === 0) throw new EngineFault('fuel', 'the policy does too much work', thrown);
      throw toEngineFault(thrown);
    }
  };

  function evaluate(entrypoint: number, input: number): number {
    const context = exports.opa_eval_ctx_new();
    exports.opa_eval_ctx_set_input(context, input);
    exports.opa_eval_ctx_set_data(context, resident.dataAddress);
    exports.opa_eval_ctx_set_entrypoint(context, entrypoint);
    if (exports.eval(context) !== 0) throw new EngineFault('abort', 'the evaluation failed');
    return exports.opa_json_dump(exports.opa_eval_ctx_get_result(context));
  }
}
