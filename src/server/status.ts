import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { PROTO_ROOT } from '../contract/proto.ts';
import { REASONS, type Reason, type Refusal } from '../errors.ts';

const ERROR_DOMAIN = 'kms-reencrypt-proxy';

const DEFAULT_RETRY_MS = 200;

/**
 * Most bytes of a message in the trailers, where all but plain ASCII is percent-encoded. Clients in Java and
 * C++ take 8 KiB of trailers in all, and lose the error and perhaps the connection over more.
 */
const MOST_ENCODED = 3_072;
const ELLIPSIS = '…';

/**
 * google.rpc.Status, as it goes into `grpc-status-details-bin` and into the items of a batch. protobufjs's
 * own google.protobuf.Any has `type_url`; `typeUrl` would be dropped silently.
 */
interface RpcStatus {
  readonly code: number;
  readonly message: string;
  readonly details: { readonly type_url: string; readonly value: Buffer }[];
}

/** Trailers that every answer carries. */
export function trailers(decisionId: string): Metadata {
  const metadata = new Metadata();
  metadata.set('decision_id', decisionId);
  return metadata;
}

/** Refusals → rich gRPC errors (https://google.aip.dev/193). */
export function createStatusWriter() {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) =>
    target.startsWith('/') ? target : `${PROTO_ROOT}/${target}`;
  root.loadSync(['google/rpc/status.proto', 'google/rpc/error_details.proto']);
  const rpcStatus = root.lookupType('google.rpc.Status');
  const errorInfo = root.lookupType('google.rpc.ErrorInfo');
  const badRequest = root.lookupType('google.rpc.BadRequest');
  const retryInfo = root.lookupType('google.rpc.RetryInfo');

  function toRpcStatus(refusal: Refusal, decisionId: string, code = codeOf(refusal)): RpcStatus {
    const retry = retryDelay(refusal);
    return {
      code,
      message: refusal.message,
      details: [
        packed(errorInfo, toErrorInfo(refusal, decisionId)),
        ...(refusal.fields.length > 0
          ? [packed(badRequest, { fieldViolations: refusal.fields })]
          : []),
        ...(retry === undefined ? [] : [packed(retryInfo, { retryDelay: toDuration(retry) })]),
      ],
    };
  }

  /** `code`: gRPC's number, if grpc-js chose another than the reason's own. */
  function toStatus(refusal: Refusal, decisionId: string, code?: number): StatusObject {
    const message = clipped(refusal.message);
    const details = { ...toRpcStatus(refusal, decisionId, code), message };
    const metadata = trailers(decisionId);
    metadata.set('grpc-status-details-bin', encoded(rpcStatus, details));
    if (forbidsRetry(refusal.reason, details.code)) metadata.set('grpc-retry-pushback-ms', '-1');
    return { code: details.code, details: message, metadata };
  }

  return { toStatus, toRpcStatus };
}

export type StatusWriter = ReturnType<typeof createStatusWriter>;

/** Whether clients must not retry by themselves, which would only add to the load. */
const forbidsRetry = (reason: Reason, code: number): boolean =>
  code === status.RESOURCE_EXHAUSTED || reason === 'AUDIT_UNAVAILABLE';

const codeOf = ({ reason }: Refusal): number => status[REASONS[reason].grpc];

function toErrorInfo(refusal: Refusal, decisionId: string) {
  const { reason, side, rule, kmsError, kmsRequestId } = refusal;
  const { layer } = REASONS[reason];
  const known = { side, rule, kms_error: kmsError, kms_request_id: kmsRequestId };
  const metadata: Record<string, string> = { decision_id: decisionId, layer };
  for (const [name, value] of Object.entries(known)) if (value !== '') metadata[name] = value;
  return { reason, domain: ERROR_DOMAIN, metadata };
}

function retryDelay({ reason, retryAfterMs }: Refusal): number | undefined {
  const { grpc } = REASONS[reason];
  if (grpc !== 'UNAVAILABLE' && grpc !== 'RESOURCE_EXHAUSTED') return undefined;
  // Nobody knows when a disk will recover, and clients are told not to retry.
  if (reason === 'AUDIT_UNAVAILABLE') return undefined;
  return retryAfterMs ?? DEFAULT_RETRY_MS;
}

function toDuration(ms: number) {
  return { seconds: Math.trunc(ms / 1000), nanos: Math.round((ms % 1000) * 1e6) };
}

function clipped(message: string): string {
  if (encodeURI(message).length <= MOST_ENCODED) return message;
  let kept = '';
  let left = MOST_ENCODED - encodeURI(ELLIPSIS).length;
  for (const letter of message) {
    left -= encodeURI(letter).length;
    if (left < 0) break;
    kept += letter;
  }
  return kept + ELLIPSIS;
}

function packed(type: protobuf.Type, value: object) {
  const name = type.fullName.slice(1);
  return { type_url: `type.googleapis.com/${name}`, value: encoded(type, value) };
}

function encoded(type: protobuf.Type, value: object): Buffer {
  return Buffer.from(type.encode(type.fromObject(value)).finish());
}
