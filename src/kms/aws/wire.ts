import type { CallSide, KmsAnswer } from '../../call.ts';
import type { EncryptionContext } from '../../encryption-context.ts';
import { isJsonObject, type JsonObject } from '../../json/object.ts';
import { asId, KmsFault } from '../port.ts';
import type { KmsRequest } from '../request.ts';
import { notJson } from './fault.ts';
import type { HttpAnswer } from './http/answer-reader.ts';

/** The members of a ReEncrypt; one that is undefined is not sent. */
interface ReEncryptMembers<Blob> {
  readonly CiphertextBlob: Blob | undefined;
  readonly SourceKeyId: string | undefined;
  readonly SourceEncryptionContext: EncryptionContext | undefined;
  readonly SourceEncryptionAlgorithm: CallSide['algorithm'];
  readonly DestinationKeyId: string;
  readonly DestinationEncryptionContext: EncryptionContext | undefined;
  readonly DestinationEncryptionAlgorithm: CallSide['algorithm'];
  readonly GrantTokens: string[] | undefined;
  readonly DryRun: true | undefined;
  readonly DryRunModifiers: KmsRequest['dryRunModifiers'][number][] | undefined;
}

/** A request in the members that KMS's API has, each only where the call has a value for it. */
export function toMembers<Blob>(
  request: KmsRequest,
  toBlob: (ciphertext: Uint8Array) => Blob,
): ReEncryptMembers<Blob> {
  const { source, destination, ciphertext, grantTokens, dryRun, dryRunModifiers } = request;
  return {
    CiphertextBlob: ciphertext.byteLength > 0 ? toBlob(ciphertext) : undefined,
    SourceKeyId: source.keyId === '' ? undefined : source.keyId,
    SourceEncryptionContext: contextOf(source),
    SourceEncryptionAlgorithm: source.algorithm,
    DestinationKeyId: destination.keyId,
    DestinationEncryptionContext: contextOf(destination),
    DestinationEncryptionAlgorithm: destination.algorithm,
    GrantTokens: grantTokens.length > 0 ? [...grantTokens] : undefined,
    DryRun: dryRun ? true : undefined,
    DryRunModifiers: dryRunModifiers.length > 0 ? [...dryRunModifiers] : undefined,
  };
}

/** The body of a ReEncrypt in AWS JSON 1.1. */
export function encode(request: KmsRequest): string {
  return JSON.stringify(toMembers(request, toBase64));
}

type Timing = Pick<KmsAnswer, 'latencyNs'>;

/** The answer to a ReEncrypt. An absent member is '': `confirm` refuses what is not whole. */
export function decode(http: HttpAnswer, { latencyNs }: Timing): KmsAnswer {
  const { status, requestId, body } = http;
  const members = status === 200 && body === '' ? {} : parse(http);
  if (status !== 200) throw toServiceFault(http, members);
  return {
    ciphertext: toBytes(text(members['CiphertextBlob']), http),
    ...namesIn(members),
    dryRun: false,
    requestId: asId(requestId),
    attempts: 1,
    latencyNs,
  };
}

type Names = Omit<KmsAnswer, 'ciphertext' | 'dryRun' | 'requestId' | 'attempts' | 'latencyNs'>;

/** Which keys and algorithms an answer names, whatever JSON it holds instead of names. */
export function namesIn(members: JsonObject): Names {
  return {
    sourceKeyArn: name(members['SourceKeyId']),
    destinationKeyArn: name(members['KeyId']),
    sourceAlgorithm: name(members['SourceEncryptionAlgorithm']),
    destinationAlgorithm: name(members['DestinationEncryptionAlgorithm']),
    sourceKeyMaterialId: asId(text(members['SourceKeyMaterialId'])),
    destinationKeyMaterialId: asId(text(members['DestinationKeyMaterialId'])),
  };
}

/** To KMS `{}` and absent are the same, but it refuses any context on an asymmetric side. */
function contextOf({ encryptionContext }: CallSide): EncryptionContext | undefined {
  for (const _ in encryptionContext) return encryptionContext;
  return undefined;
}

function toBase64({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

/** Node skips characters that are not base64, so a damaged ciphertext would pass as a shorter one. */
function toBytes(base64: string, http: HttpAnswer): Uint8Array {
  const bytes = Buffer.from(base64, 'base64');
  const whole =
    base64.length % 4 === 0 && bytes.byteLength === (base64.length * 3) / 4 - padding(base64);
  if (!whole) throw malformed(http, 'CiphertextBlob is not base64');
  return bytes;
}

function padding(base64: string): number {
  if (base64.endsWith('==')) return 2;
  return base64.endsWith('=') ? 1 : 0;
}

function parse(http: HttpAnswer): JsonObject {
  try {
    const value: unknown = JSON.parse(http.body);
    if (isJsonObject(value)) return value;
  } catch (cause) {
    throw notJson({ httpStatus: http.status, requestId: http.requestId, cause });
  }
  throw malformed(http, 'KMS answered with JSON that is not an object');
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** No ARN is as long. What differs from what was judged is written into the audit log, once for each call. */
const MOST_CHARACTERS = 2100;
const name = (value: unknown): string => text(value).slice(0, MOST_CHARACTERS);

function malformed({ status, requestId }: HttpAnswer, message: string): KmsFault {
  return new KmsFault('MalformedAnswer', message, { httpStatus: status, requestId });
}

/** `com.amazonaws.kms#NotFoundException:http://…` → `NotFoundException`, as the SDK reads it. */
const TYPE = /^(?:[^#:,\n]*#)?(\w[^#:,\n]*)(?:[#:,]|$)/;

function toServiceFault(
  { status, requestId, errorType }: HttpAnswer,
  members: JsonObject,
): KmsFault {
  const type = errorType || text(members['__type']) || text(members['code']);
  const name = TYPE.exec(type)?.[1] ?? '';
  const message = text(members['message']) || text(members['Message']);
  return new KmsFault(name, message, { httpStatus: status, requestId });
}
