import { messageOf } from '../../thrown.ts';

type EngineFaultKind = 'fuel' | 'memory' | 'stack' | 'builtin' | 'conflict' | 'abort';

/** An evaluation that gave no result; the instance that it ran in is not used again. */
export class EngineFault extends Error {
  override readonly name = 'EngineFault';
  readonly kind: EngineFaultKind;

  constructor(kind: EngineFaultKind, message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

/** Translates a throw out of the module: an abort of OPA's runtime, or a trap of the engine. */
export function toEngineFault(thrown: unknown): EngineFault {
  if (thrown instanceof EngineFault) {
    return new EngineFault(
      kindOf(thrown.cause, thrown.message, thrown.kind),
      thrown.message,
      thrown,
    );
  }
  const text = messageOf(thrown);
  return new EngineFault(kindOf(thrown, text, 'abort'), text, thrown);
}

function kindOf(thrown: unknown, text: string, otherwise: EngineFaultKind): EngineFaultKind {
  if (/conflict/.test(text)) return 'conflict';
  if (/opa_malloc|[Mm]emory/.test(text)) return 'memory';
  return thrown instanceof RangeError ? 'stack' : otherwise;
}
