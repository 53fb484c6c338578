import type { PolicyInput } from '../../policy/input.ts';
import { asTree, inputOf, isMasked, type Tree } from './asked-by.ts';
import { completeInput } from './complete-input.ts';
import { parseDocument } from './inputs.ts';
import { readText } from './open.ts';

/** A recorded decision that can be made again. */
export interface RecordedDecision {
  /** The decision id. */
  readonly name: string;
  readonly input: PolicyInput;
  readonly allowed: boolean;
  readonly rule: string;
}

export interface Recorded {
  readonly replayable: readonly RecordedDecision[];
  /** Entries of which a value is masked or was taken out. */
  readonly skipped: number;
}

/** Entries that hold a whole decision: of an outcome, the result phase alone. */
const DECIDED = new Set(['intent', 'refusal', 'check']);

/** Decisions of audit logs, and of capture files, which hold whole inputs. @throws CommandFailure */
export async function readEntries(
  paths: readonly string[],
  stdin: NodeJS.ReadableStream,
): Promise<Recorded> {
  const replayable: RecordedDecision[] = [];
  let skipped = 0;
  for (const path of paths) {
    const lines = (await readText(path, stdin)).split('\n').filter((line) => line !== '');
    for (const line of lines) {
      const entry = asTree(parseDocument(path, line), path);
      if (!isDecision(entry)) continue;
      const recorded = toRecorded(entry);
      if (recorded) replayable.push(recorded);
      else skipped += 1;
    }
  }
  return { replayable, skipped };
}

/** How many could not be decided again, and what would make them. */
export function skippedOf({ skipped }: Recorded): string {
  const why = ' (values are masked; see audit.clear_context_keys and policy.capture_file)';
  return `${skipped} not replayable${skipped > 0 ? why : ''}`;
}

function isDecision({ kind, result, error }: Tree): boolean {
  if (kind === undefined) return result !== undefined;
  return DECIDED.has(String(kind)) && result !== undefined && error === undefined;
}

function toRecorded(entry: Tree): RecordedDecision | undefined {
  const { erased, masked, decision_id, result } = entry;
  const { allow, rule = '' } = asTree(result, 'result');
  if (erased !== undefined || masked !== undefined) return undefined;
  const whole = inputOf(entry);
  if (whole === undefined || isMasked(whole)) return undefined;
  return {
    name: String(decision_id ?? ''),
    input: completeInput(whole),
    allowed: allow === true,
    rule: String(rule),
  };
}
