import type { PolicyInput } from '../../policy/input.ts';
import { CommandFailure } from '../program.ts';
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

type Tree = Readonly<Record<string, unknown>>;

function isDecision({ kind, result, error }: Tree): boolean {
  if (kind === undefined) return result !== undefined;
  return DECIDED.has(String(kind)) && result !== undefined && error === undefined;
}

function toRecorded(entry: Tree): RecordedDecision | undefined {
  const { erased, masked, decision_id, timestamp, input, result } = entry;
  const { allow, rule = '' } = asTree(result, 'result');
  if (erased !== undefined || masked !== undefined) return undefined;
  const whole = entry['kind'] === undefined ? input : fromAudit(asTree(input, 'input'), timestamp);
  if (whole === undefined || JSON.stringify(whole).includes('"hmac-sha256:')) return undefined;
  return {
    name: String(decision_id ?? ''),
    input: completeInput(whole),
    allowed: allow === true,
    rule: String(rule),
  };
}

/** An audit entry leaves empty values out, and what an ARN says already; the input of policy has all. */
function fromAudit(input: Tree, timestamp: unknown): Tree {
  const date = new Date(String(timestamp));
  const weekday = date.toLocaleDateString('en-US', { weekday: 'long', timeZone: 'UTC' });
  const time = {
    rfc3339: date.toISOString(),
    unix_ms: date.getTime(),
    weekday,
    hour_utc: date.getUTCHours(),
  };
  const { source, destination, request, principal, ...rest } = input;
  return {
    ...rest,
    principal: { ...EMPTY_PRINCIPAL, ...asTree(principal, 'principal') },
    source: fromAuditSide(asTree(source, 'source')),
    destination: fromAuditSide(asTree(destination, 'destination')),
    request: { ...EMPTY_REQUEST, ...asTree(request, 'request') },
    time,
  };
}

const EMPTY_PRINCIPAL = { attributes: {}, spiffe: { path: '', trust_domain: '' } };

const EMPTY_REQUEST = { dry_run: false, dry_run_modifiers: [], grant_token_count: 0, job: '' };

const EMPTY_SIDE = {
  ...{ known: false, requested_key_id: '', key_id_form: '', key_arn: '', alias: '', aliases: [] },
  ...{ tags: {}, spec: '', usage: '', origin: '', manager: '', state: '', multi_region: false },
  ...{ multi_region_type: '', created_unix_ms: 0, facts_off: [], encryption_context: {} },
};

function fromAuditSide(side: Tree): Tree {
  const [, partition = '', , region = '', account = '', resource = ''] = String(
    side['key_arn'] ?? '',
  ).split(':');
  const keyId = resource.replace(/^key\//, '');
  return { ...EMPTY_SIDE, partition, region, account, key_id: keyId, ...side };
}

function asTree(value: unknown, what: string): Tree {
  if (typeof value === 'object' && value !== null) return value as Tree;
  throw new CommandFailure(`${what} holds a line that is no entry`);
}
