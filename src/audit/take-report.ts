import type { AuditCause } from '../audit-causes.ts';
import { SINK_NAMES } from '../sink-names.ts';
import { messageOf } from '../thrown.ts';
import type { Committer } from './batches/committer.ts';
import type { CallRecorder } from './entries/recorder.ts';
import type { Order, Report } from './messages.ts';
import { type AuditOptions, requiredSinks } from './options.ts';
import { type Sinks, startSinks } from './sinks/start-sinks.ts';
import type { Supervised } from './supervise.ts';

/** What changes while the log is open. */
export interface AuditState {
  vkey: string;
  suspension: { readonly code: AuditCause | ''; readonly since: number };
  thread: Supervised | undefined;
  sinks: Sinks | undefined;
}

interface Taking {
  readonly options: AuditOptions;
  readonly state: AuditState;
  readonly committer: Committer;
  readonly recorder: CallRecorder;
}

const PUT_OFF = {
  UNSIGNED: 'a checkpoint could not be made',
  UNROTATED: 'the segment could not be closed, and is written on',
  UNDELETED: 'old segments could not be deleted',
} as const;

/** Does what a report of the log's thread asks for; the committer gets those about entries. */
export function takeReport(report: Report, { options, state, committer, recorder }: Taking): void {
  const { onFailure, onCheckpoint, warn } = options;
  if (report.type === 'ready') {
    state.vkey = report.vkey;
    state.sinks ??= openSinks(options, report.seq, recorder);
    // After a respawn this ends the suspension; at the first start there is none.
    committer.take({ type: 'well', open: report.open });
  } else if (report.type === 'checkpoint') onCheckpoint(report.note);
  else if (report.type === 'put_off') {
    onFailure(report.code);
    warn(`audit: ${PUT_OFF[report.code]}: ${report.message}`);
  } else if (report.type === 'sign') {
    sign(options, report, (order) => state.thread?.post(order));
  } else {
    if (report.type === 'done' || report.type === 'closed') state.sinks?.durable(report.seq);
    committer.take(report);
  }
}

function openSinks(options: AuditOptions, from: number, recorder: CallRecorder): Sinks | undefined {
  const { sinks: settings, file, warn, onDropped } = options;
  if (!SINK_NAMES.some((name) => settings[name])) return;
  return startSinks({
    ...{ file, settings, from },
    required: requiredSinks(options),
    timeoutMs: options.commitTimeoutMs,
    onError(message) {
      options.onFailure('UNDELIVERED');
      warn(`audit: ${message}`);
    },
    onBehind(lacking) {
      if (lacking.length === 0) return warn('audit: the required sinks have what they lacked');
      options.onFailure('SINK');
      const names = lacking.join(' and ');
      warn(
        `audit: suspended (SINK): of audit.required, ${names} does not answer; calls are refused`,
      );
    },
    onDropped(sink, count) {
      onDropped(sink, count);
      warn(`audit: ${sink} will never get ${count} entries`);
      recorder.event('dropped', { dropped: { count, sink } }).catch(() => undefined);
    },
  });
}

type Ask = Extract<Report, { type: 'sign' }>;

/** When a KMS holds the key, the log's thread has none and asks for each signature here. */
function sign({ signer }: AuditOptions, { id, text }: Ask, post: (order: Order) => void): void {
  const answer = (signature: Uint8Array | undefined, message: string) =>
    post({ type: 'signed', id, signature, message });
  Promise.resolve(signer?.sign(text)).then(
    (signature) => answer(signature, 'there is no signer'),
    (thrown) => answer(undefined, messageOf(thrown)),
  );
}
