import type { Readable } from 'node:stream';
import type { AuditKind } from '../../audit-kinds.ts';
import { parseJson } from '../../json/exact.ts';
import { isJsonObject, type JsonObject } from '../../json/object.ts';
import type { PolicyInput } from '../../policy/input.ts';
import { messageOf } from '../../thrown.ts';
import { principalOf } from '../audit/entry-view.ts';
import { CommandFailure } from '../command.ts';
import { asTree, inputOf, isMasked } from './asked-by.ts';
import { completeInput } from './complete-input.ts';
import { linesOf, namedOnce, type TextLine } from './lines.ts';

/** A recorded decision that can be made again. */
interface RecordedDecision {
  /** The decision id, which a capture file has only in the input. */
  readonly name: string;
  /** Whose call it was. */
  readonly whose: string;
  readonly input: PolicyInput;
  readonly allowed: boolean;
  readonly rule: string;
}

interface Recorded {
  readonly replayable: number;
  /** How many entries have a value that is masked or was removed. */
  readonly skipped: number;
}

/** Entries that may hold a decision; an outcome has one if the policy was asked again, about the reported key. */
const DECIDED: ReadonlySet<string> = new Set<AuditKind>(['intent', 'outcome', 'refusal', 'check']);

/**
 * Decisions of audit logs, as files or whole folders, and of capture files, which hold whole inputs:
 * one after the other, because a log may be larger than the memory. @throws CommandFailure
 */
export async function eachDecision(
  paths: readonly string[],
  stdin: Readable,
  take: (decision: RecordedDecision) => void,
): Promise<Recorded> {
  let [replayable, skipped] = [0, 0];
  for (const path of namedOnce(paths)) {
    for await (const line of linesOf(path, stdin)) {
      const recorded = decisionOf(line);
      if (recorded === 'none') continue;
      if (recorded) {
        take(recorded);
        replayable += 1;
      } else skipped += 1;
    }
  }
  return { replayable, skipped };
}

/** `none` if the entry is not about a decision. */
function decisionOf({ text, where }: TextLine): RecordedDecision | 'none' | undefined {
  const entry = parse(text);
  if (!isJsonObject(entry)) {
    const right = 'a line of an audit log or of a policy.capture_file is a JSON object';
    throw new CommandFailure(`${where} is not an entry: ${right}`);
  }
  try {
    return isDecision(entry) ? toRecorded(entry) : 'none';
  } catch (thrown) {
    throw new CommandFailure(`${where}: ${messageOf(thrown)}`);
  }
}

/** Undefined where the line is not JSON, and so not an entry either. */
function parse(line: string): unknown {
  try {
    return parseJson(line);
  } catch {
    return undefined;
  }
}

/** How many could not be decided again, and which settings would help. */
export function skippedOf({ skipped }: Recorded): string {
  const why = ' (values are masked; see audit.clear_context_keys and policy.capture_file)';
  return `${skipped} not replayable${skipped > 0 ? why : ''}`;
}

function isDecision({ kind, result, error }: JsonObject): boolean {
  if (kind === undefined) return result !== undefined;
  return DECIDED.has(String(kind)) && result !== undefined && error === undefined;
}

function toRecorded(entry: JsonObject): RecordedDecision | undefined {
  const { erased, masked, decision_id, result } = entry;
  const { allow, rule = '' } = asTree(result, 'result of the entry');
  if (erased !== undefined || masked !== undefined) return undefined;
  const whole = inputOf(entry);
  if (whole === undefined || isMasked(whole)) return undefined;
  const input = completeInput(whole);
  const { principal } = input;
  return {
    name: String(decision_id ?? input.request.id),
    whose: principalOf({ input: { principal } }) ?? '',
    input,
    allowed: allow === true,
    rule: String(rule),
  };
}
