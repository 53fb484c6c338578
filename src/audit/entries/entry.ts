import { hash } from 'node:crypto';
import type { AuditKind } from '../../audit-kinds.ts';
import { keepLast } from '../../caches/keep-last.ts';
import type { Call, Decision, DecisionReason, Progress } from '../../call.ts';
import { REASONS, type Refusal } from '../../errors.ts';
import { canonical } from '../../json/canonical.ts';
import { outcomeOf } from '../../outcome.ts';
import { type Body, type Mark, toBody } from './body.ts';
import { createFacts } from './facts.ts';
import type { Redactor } from './redact.ts';

/** Of entries that hold all that is known: an outcome adds to its intent. */
type WholeKind = Extract<AuditKind, 'intent' | 'refusal' | 'check'>;

/** Turns what is known of a call into the entry that is written down; docs/audit.md has the table. */
export interface Entries {
  intent(progress: Progress): Body;
  terminal(progress: Progress, refusal?: Refusal): Body;
}

interface EntryOptions {
  readonly redactor: Redactor;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/**
 * Writes the JSON by hand, with its members sorted: a call has two entries, and this costs a third of
 * what JSON.stringify does.
 */
export function createEntries({ redactor, now }: EntryOptions): Entries {
  const { sideOf, principalOf } = createFacts(redactor);
  const kept = createKeptTexts();

  return {
    intent: (progress) => whole('+', 'intent', progress, ''),
    terminal(progress, refusal) {
      const outcome = `"outcome":${outcomeMember(progress, refusal)},`;
      if (progress.intended) return rest(progress, outcome);
      const checked = progress.call.action === 'kms:CheckReEncrypt' && !refusal;
      return whole(' ', checked ? 'check' : 'refusal', progress, outcome);
    },
  };

  function whole(mark: Mark, kind: WholeKind, progress: Progress, outcome: string): Body {
    const { call, decision } = progress;
    const at = now();
    const trace = call.traceId === '' ? '' : `,"trace_id":${JSON.stringify(call.traceId)}`;
    return toBody(mark, call.id, {
      head: `${before(call.id, decision, kept)}"input":${inputOf(progress, at)},"kind":"${kind}",${kmsOf(progress)}${metricsOf(decision)}${outcome}`,
      middle: `${requestedBy(call)}${resultOf(decision)}`,
      tail: `"timestamp":"${kept.time(at)}"${trace}`,
    });
  }

  /** An outcome does not repeat its intent: it adds what KMS reported and a decision made since. */
  function rest(progress: Progress, outcome: string): Body {
    const { call } = progress;
    const at = now();
    const late = progress.decision?.phase === 'result' ? progress.decision : undefined;
    const input = late ? `"input":${inputOf(progress, at)},` : '';
    return toBody('-', call.id, {
      head: `${before(call.id, late, kept)}${input}"kind":"outcome",${kmsOf(progress)}${metricsOf(late)}${outcome}`,
      middle: `${late ? requestedBy(call) : ''}${resultOf(late)}`,
      tail: `"timestamp":"${kept.time(at)}"`,
    });
  }

  function inputOf({ call, principal, keys, decision }: Progress, at: number): string {
    const phase = decision?.phase ?? 'request';
    return `{"action":"${call.action}","destination":${sideOf(call.destination, keys?.destination)},"phase":"${phase}","principal":${principalOf(principal)},"request":${requestOf(call)},"source":${sideOf(call.source, keys?.source)}${timeOf(call, at)}}`;
  }

  function requestedBy({ arrival }: Call): string {
    return `"requested_by":${kept.peer(arrival.peer)},`;
  }

  function resultOf(decision: Decision | undefined): string {
    if (!decision) return '';
    const { effect, labels, reasons, rule } = decision;
    const labelled = isEmpty(labels) ? '' : `"labels":${canonical(labels)},`;
    const listed = reasons.length === 0 ? '' : `"reasons":[${reasons.map(reasonOf).join(',')}],`;
    return `"result":{"allow":${effect === 'allow'},${labelled}${listed}"rule":${kept.rule(rule)}},`;
  }

  function reasonOf({ code, message, side }: DecisionReason): string {
    const marked = message === '' ? '' : redactor.mark(message);
    return `{"code":${JSON.stringify(code)},"message":"${marked}","side":"${side}"}`;
  }
}

/** Texts that mostly repeat from one entry to the next: peer, bundle, rule and time. */
function createKeptTexts() {
  const quoted = () => keepLast((text: string) => JSON.stringify(text));
  const time = keepLast((ms: number) => new Date(ms).toISOString());
  return { peer: quoted(), revision: quoted(), rule: quoted(), time };
}

type KeptTexts = ReturnType<typeof createKeptTexts>;

function before(id: string, decision: Decision | undefined, kept: KeptTexts): string {
  if (!decision) return `"decision_id":"${id}",`;
  const { revision, enforced, failure } = decision;
  const bundles = `"bundles":{"policy":{"revision":${kept.revision(revision)}}},`;
  const error = failure === '' ? '' : `"error":"${failure}",`;
  return `${bundles}"decision_id":"${id}","enforced":${enforced},${error}`;
}

function requestOf(call: Call): string {
  const { ciphertext, fingerprint, dryRun, dryRunModifiers, grantTokens, job, transport } = call;
  const modifiers = dryRunModifiers.length === 0 ? '' : JSON.stringify(dryRunModifiers);
  const given = `${dryRun ? '"dry_run":true,' : ''}${modifiers && `"dry_run_modifiers":${modifiers},`}${grantTokens.length === 0 ? '' : `"grant_token_count":${grantTokens.length},`}${job === '' ? '' : `"job":${JSON.stringify(job)},`}`;
  return `{"ciphertext_bytes":${ciphertext.length},"ciphertext_sha256":"${fingerprint}",${given}"transport":"${transport}"}`;
}

/** What policy judged by, where `timestamp` does not say it: an hour may end while facts are looked up. */
function timeOf({ receivedAt }: Call, at: number): string {
  if (Math.floor(receivedAt / 1_000) === Math.floor(at / 1_000)) return '';
  return `,"time":{"rfc3339":"${new Date(receivedAt).toISOString()}"}`;
}

function metricsOf(decision: Decision | undefined): string {
  return decision
    ? `"metrics":{"timer_rego_query_eval_ns":${Math.round(decision.evaluationNs)}},`
    : '';
}

function kmsOf({ answer, call, keys }: Progress): string {
  if (!answer) return '';
  const { ciphertext, attempts, latencyNs, requestId, dryRun } = answer;
  const sha256 = ciphertext.length === 0 ? '' : hash('sha256', ciphertext, 'hex');
  const destination = reported({
    arn: answer.destinationKeyArn,
    judged: keys?.destination.keyArn,
    algorithm: answer.destinationAlgorithm,
    asked: call.destination.algorithm,
    material: answer.destinationKeyMaterialId,
    dryRun,
  });
  const source = reported({
    arn: answer.sourceKeyArn,
    judged: keys?.source.keyArn,
    algorithm: answer.sourceAlgorithm,
    asked: call.source.algorithm,
    material: answer.sourceKeyMaterialId,
    dryRun,
  });
  return `"kms":{"attempts":${attempts},"ciphertext_bytes":${ciphertext.length},"ciphertext_sha256":"${sha256}","destination":${destination},"latency_ns":${Math.round(latencyNs)},"request_id":${JSON.stringify(requestId)},"source":${source}},`;
}

interface Reported {
  readonly arn: string;
  readonly judged: string | undefined;
  readonly algorithm: string;
  readonly asked: string;
  readonly material: string;
  readonly dryRun: boolean;
}

/**
 * What KMS reported of one side, without what equals the request (`input` has that) and what a dry run
 * never reports. A key or algorithm that a real answer lacks is written as empty: the answer was withheld for it.
 */
function reported({ arn, judged, algorithm, asked, material, dryRun }: Reported): string {
  const differs = (told: string, wanted: string | undefined) =>
    told !== wanted && !(dryRun && told === '');
  const other = differs(algorithm, asked) ? `"algorithm":${JSON.stringify(algorithm)}` : '';
  const key = differs(arn, judged) ? `"key_arn":${JSON.stringify(arn)}` : '';
  const id = material === '' ? '' : `"key_material_id":${JSON.stringify(material)}`;
  if (other === '' && key === '') return `{${id}}`;
  return `{${[other, key, id].filter((member) => member !== '').join(',')}}`;
}

function outcomeMember(progress: Progress, refusal: Refusal | undefined): string {
  const status = outcomeOf(progress, refusal);
  if (!refusal) return `{"code":"OK","status":"${status}"}`;
  const { reason, side, rule, kmsError, kmsRequestId } = refusal;
  const { grpc } = REASONS[reason];
  const told = (name: string, value: string) =>
    value === '' ? '' : `"${name}":${JSON.stringify(value)},`;
  return `{"code":"${grpc}",${told('kms_error', kmsError)}${told('kms_request_id', kmsRequestId)}"reason":"${reason}",${told('rule', rule)}${told('side', side)}"status":"${status}"}`;
}

function isEmpty(labels: Readonly<Record<string, string>>): boolean {
  for (const _ in labels) return false;
  return true;
}
