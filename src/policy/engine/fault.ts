export type EngineFaultKind = 'fuel' | 'memory' | 'stack' | 'builtin' | 'conflict' | 'abort';

/** An evaluation that gave no result; the instance that it ran in is not used again. */
export class EngineFault extends Error {
  override readonly name = 'EngineFault';
  readonly kind: EngineFaultKind;

  constructor(kind: EngineFaultKind, message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

/** opa-wasm throws strings, plain objects and errors of all sorts; what each stands for. */
export function toEngineFault(thrown: unknown): EngineFault {
  const text = messageOf(thrown);
  return new EngineFault(kindOf(thrown, text), text, thrown);
}

function kindOf(thrown: unknown, text: string): EngineFaultKind {
  if (/conflict/.test(text)) return 'conflict';
  if (/opa_malloc|Memory|memory/.test(text)) return 'memory';
  if (thrown instanceof RangeError) return 'stack';
  if (/built-in function|builtin/.test(text)) return 'builtin';
  return 'abort';
}

function messageOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown) {
    return String(thrown.message);
  }
  return String(thrown);
}
