import { isJsonObject, type JsonObject } from '../../json/object.ts';
import { toTime } from '../../policy/input.ts';
import { CommandFailure } from '../command.ts';
import { arnParts } from './arn-parts.ts';

/** What policy was asked for an entry of an audit log or a capture file; anything else is itself an input. */
export function askedBy(document: unknown): unknown {
  if (!isJsonObject(document)) return document;
  const { decision_id: id, input } = document;
  if (id === undefined) return document;
  if (input === undefined) {
    throw new CommandFailure(`entry ${id} has no policy input; its intent or refusal does`);
  }
  return inputOf(document);
}

/**
 * The input that an entry's decision is about. Entries of a capture file have no kind, and hold inputs as
 * they were. For a check, the audit log has the decision on the re-encryption that it asked about.
 */
export function inputOf(entry: JsonObject): unknown {
  if (entry['kind'] === undefined) return entry['input'];
  const asked = fromAudit(entry);
  return entry['kind'] === 'check' ? { ...asked, action: 'kms:ReEncrypt' } : asked;
}

/** Whether a value is the mark that an audit entry has in its place. */
export function isMasked(input: unknown): boolean {
  return JSON.stringify(input).includes('"hmac-sha256:');
}

/** Adds what policy input has, and an audit entry leaves out (empty values, what an ARN already says) or has elsewhere. */
function fromAudit({ input, timestamp, decision_id: id, requested_by: peer }: JsonObject) {
  const asked = asTree(input, 'input of the entry');
  const { source, destination, request, principal, time, ...rest } = asked;
  const arrived = { ...(id !== undefined && { id }), ...(peer !== undefined && { peer }) };
  return {
    ...rest,
    principal: { ...EMPTY_PRINCIPAL, ...asTree(principal, 'input.principal of the entry') },
    source: fromAuditSide(asTree(source, 'input.source of the entry')),
    destination: fromAuditSide(asTree(destination, 'input.destination of the entry')),
    request: { ...EMPTY_REQUEST, ...arrived, ...asTree(request, 'request') },
    time: toTime(Date.parse(String(isJsonObject(time) ? time['rfc3339'] : timestamp))),
  };
}

const EMPTY_PRINCIPAL = { attributes: {}, spiffe: { path: '', trust_domain: '' } };

const EMPTY_REQUEST = { dry_run: false, dry_run_modifiers: [], grant_token_count: 0, job: '' };

const EMPTY_SIDE = {
  ...{ known: false, requested_key_id: '', key_id_form: '', key_arn: '', alias: '', aliases: [] },
  ...{ tags: {}, spec: '', usage: '', origin: '', manager: '', state: '', multi_region: false },
  ...{ multi_region_type: '', created_unix_ms: 0, facts_off: [], encryption_context: {} },
};

function fromAuditSide(side: JsonObject): JsonObject {
  return { ...EMPTY_SIDE, ...arnParts(String(side['key_arn'] ?? '')), ...side };
}

export function asTree(value: unknown, what: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw new CommandFailure(`${what} is not an object`);
}
