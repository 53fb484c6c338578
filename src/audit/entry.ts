import { hash } from 'node:crypto';
import {
  type Call,
  type Decision,
  fingerprintOf,
  type KmsAnswer,
  type Progress,
  type Side,
} from '../call.ts';
import { REASONS, type Refusal } from '../errors.ts';
import { type Body, type Mark, type Pieces, toBody } from './body.ts';
import { canonical } from './canonical.ts';
import { createFacts } from './facts.ts';
import type { Redactor } from './redact.ts';

export type Kind = 'intent' | 'outcome' | 'refusal' | 'check';
export type Status =
  | 'released'
  | 'denied'
  | 'failed'
  | 'withheld'
  | 'dry_run'
  | 'checked'
  | 'unknown';

/** Turns what is known of a call into the entry that is written down; docs/audit.md has the table. */
export interface Entries {
  intent(progress: Progress): Body;
  terminal(progress: Progress, refusal?: Refusal): Body;
}

export interface EntryOptions {
  readonly redactor: Redactor;
  /** In every entry: version, backend, origin and what else tells this instance from another. */
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

const PATH = '"path":"kms/reencrypt/decision",';

/** The pieces are joined by hand, members sorted: twice a call this is a third of JSON.stringify's cost. */
export function createEntries({ redactor, labels, now }: EntryOptions): Entries {
  const { sideOf, principalOf } = createFacts(redactor);
  const ownLabels = `"labels":${canonical(labels)},`;
  const timestamp = createTimestamps(now);

  return {
    intent: (progress) => body('+', progress, whole('intent', progress, '')),
    terminal(progress, refusal) {
      const outcome = `"outcome":${outcomeOf(progress, refusal)},`;
      if (progress.intended) return body('-', progress, rest(progress, outcome));
      const checked = progress.call.action === 'kms:CheckReEncrypt' && !refusal;
      return body(' ', progress, whole(checked ? 'check' : 'refusal', progress, outcome));
    },
  };

  function body(mark: Mark, { call }: Progress, pieces: Omit<Pieces, 'tail'>): Body {
    const trace = call.traceId === '' ? '' : `,"trace_id":${JSON.stringify(call.traceId)}`;
    return toBody(mark, call.id, { ...pieces, tail: `"timestamp":"${timestamp()}"${trace}` });
  }

  function whole(kind: Kind, progress: Progress, outcome: string): Omit<Pieces, 'tail'> {
    const { call, decision } = progress;
    const input = `"input":${inputOf(progress)},`;
    return {
      head: `${before(call.id, decision)}${input}"kind":"${kind}",${kmsOf(progress)}${ownLabels}${metricsOf(decision)}${outcome}${PATH}`,
      middle: after(call, decision),
    };
  }

  /** An outcome leans on its intent; what KMS reported, and a decision made since, are new. */
  function rest(progress: Progress, outcome: string): Omit<Pieces, 'tail'> {
    const { call, principal, decision } = progress;
    const late = decision?.phase === 'result' ? decision : undefined;
    const input = late
      ? inputOf(progress)
      : `{"principal":{"id":${JSON.stringify(principal.id)},"kind":"${principal.kind}"}}`;
    return {
      head: `${before(call.id, late)}"input":${input},"kind":"outcome",${kmsOf(progress)}${ownLabels}${metricsOf(late)}${outcome}${late ? PATH : ''}`,
      middle: after(call, late),
    };
  }

  function after(call: Call, decision: Decision | undefined): string {
    const peer = `"requested_by":${JSON.stringify(call.arrival.peer)},`;
    return decision ? `${peer}"result":${resultOf(decision, redactor.mark)},` : peer;
  }

  function inputOf({ call, principal, keys, decision }: Progress): string {
    const phase = decision?.phase ?? 'request';
    return `{"action":"${call.action}","destination":${sideOf(call.destination, keys?.destination)},"phase":"${phase}","principal":${principalOf(principal)},"request":${requestOf(call)},"source":${sideOf(call.source, keys?.source)}}`;
  }
}

function resultOf({ effect, labels, reasons, rule }: Decision, mark: Redactor['mark']): string {
  const listed = reasons.map(
    ({ code, message, side }) =>
      `{"code":${JSON.stringify(code)},"message":"${message === '' ? '' : mark(message)}","side":"${side}"}`,
  );
  return `{"allow":${effect === 'allow'},"labels":${labelsJson(labels)},"reasons":[${listed.join(',')}],"rule":${JSON.stringify(rule)}}`;
}

function before(id: string, decision: Decision | undefined): string {
  if (!decision) return `"decision_id":"${id}",`;
  const { revision, enforced, failure } = decision;
  const bundles = `"bundles":{"policy":{"revision":${JSON.stringify(revision)}}},`;
  const error = failure === '' ? '' : `"error":"${failure}",`;
  return `${bundles}"decision_id":"${id}","enforced":${enforced},${error}`;
}

function requestOf(call: Call): string {
  return `{"ciphertext_bytes":${call.ciphertext.length},"ciphertext_sha256":"${fingerprintOf(call.ciphertext)}","dry_run":${call.dryRun},"dry_run_modifiers":${call.dryRunModifiers.length === 0 ? '[]' : JSON.stringify(call.dryRunModifiers)},"grant_token_count":${call.grantTokens.length},"job":${JSON.stringify(call.job)},"transport":"${call.transport}"}`;
}

function metricsOf(decision: Decision | undefined): string {
  return decision
    ? `"metrics":{"timer_rego_query_eval_ns":${Math.round(decision.evaluationNs)}},`
    : '';
}

function kmsOf({ answer }: Progress): string {
  return answer ? `"kms":${answered(answer)},` : '';
}

function answered(answer: KmsAnswer): string {
  const side = (name: Side, arn: string, algorithm: string, material: string) =>
    `"${name}":{"algorithm":${JSON.stringify(algorithm)},"key_arn":${JSON.stringify(arn)},"key_material_id":${JSON.stringify(material)}}`;
  const { ciphertext } = answer;
  const sha256 = ciphertext.length === 0 ? '' : hash('sha256', ciphertext, 'hex');
  const destination = side(
    'destination',
    answer.destinationKeyArn,
    answer.destinationAlgorithm,
    answer.destinationKeyMaterialId,
  );
  const source = side(
    'source',
    answer.sourceKeyArn,
    answer.sourceAlgorithm,
    answer.sourceKeyMaterialId,
  );
  return `{"attempts":${answer.attempts},"ciphertext_bytes":${ciphertext.length},"ciphertext_sha256":"${sha256}",${destination},"latency_ns":${Math.round(answer.latencyNs)},"request_id":${JSON.stringify(answer.requestId)},${source}}`;
}

function outcomeOf(progress: Progress, refusal: Refusal | undefined): string {
  const status = statusOf(progress, refusal);
  if (!refusal) return `{"code":"OK","reason":"","status":"${status}"}`;
  const { reason, side, rule, kmsError, kmsRequestId } = refusal;
  const { grpc } = REASONS[reason];
  const told = (name: string, value: string) =>
    value === '' ? '' : `"${name}":${JSON.stringify(value)},`;
  return `{"code":"${grpc}",${told('kms_error', kmsError)}${told('kms_request_id', kmsRequestId)}"reason":"${reason}",${told('rule', rule)}${told('side', side)}"status":"${status}"}`;
}

function statusOf({ call, answer }: Progress, refusal: Refusal | undefined): Status {
  if (refusal) {
    if (answer) return 'withheld';
    return isDenial(refusal) ? 'denied' : 'failed';
  }
  if (call.action === 'kms:CheckReEncrypt') return 'checked';
  return answer?.dryRun ? 'dry_run' : 'released';
}

function isDenial({ reason }: Refusal): boolean {
  return REASONS[reason].layer === 'policy';
}

function labelsJson(labels: Readonly<Record<string, string>>): string {
  for (const _ in labels) return canonical(labels);
  return '{}';
}

/** ISO 8601 with milliseconds, made once a millisecond. */
function createTimestamps(now: () => number): () => string {
  let at = Number.NaN;
  let text = '';
  return () => {
    const ms = now();
    if (ms !== at) {
      at = ms;
      text = new Date(ms).toISOString();
    }
    return text;
  };
}
