import {
  readBlob,
  readFlag,
  readList,
  readMap,
  readStructure,
  readText,
} from '../../aws-json/members.ts';
import type { Call } from '../../call.ts';
import { invalid } from '../../errors.ts';
import { type Envelope, readCall, type WireCall } from '../read-call.ts';

const MEMBERS = new Set([
  'CiphertextBlob',
  'SourceEncryptionContext',
  'SourceKeyId',
  'DestinationKeyId',
  'DestinationEncryptionContext',
  'SourceEncryptionAlgorithm',
  'DestinationEncryptionAlgorithm',
  'GrantTokens',
  'DryRun',
  'DryRunModifiers',
]);

/**
 * A ReEncrypt in AWS's JSON → a call, by the same checks as over gRPC. A member that the proxy does
 * not know is refused: KMS might give it a meaning that policy has not judged.
 * @throws JsonFault SerializationException, Refusal INVALID_REQUEST.
 */
export function readJsonCall(body: unknown, envelope: Envelope): Call {
  const json = readStructure(body);
  const unknown = Object.keys(json).filter((name) => !MEMBERS.has(name));
  if (unknown.length > 0) {
    const description = 'must not be given: it is not a member of ReEncrypt that is known here';
    throw invalid(unknown.map((field) => ({ field, description })));
  }
  return readCall(toWireCall(json), envelope);
}

function toWireCall(json: Readonly<Record<string, unknown>>): WireCall {
  /** null means absent, as in AWS's parser. */
  const member = <T>(name: string, read: (value: unknown) => T, absent: T): T =>
    json[name] === undefined || json[name] === null ? absent : read(json[name]);
  const list = (value: unknown) => readList(value, readText);
  return {
    ciphertext: member('CiphertextBlob', readBlob, new Uint8Array()),
    sourceEncryptionContext: member('SourceEncryptionContext', readMap, {}),
    sourceKeyId: member<string | undefined>('SourceKeyId', readText, undefined),
    destinationKeyId: member('DestinationKeyId', readText, ''),
    destinationEncryptionContext: member('DestinationEncryptionContext', readMap, {}),
    sourceEncryptionAlgorithm: member('SourceEncryptionAlgorithm', readText, ''),
    destinationEncryptionAlgorithm: member('DestinationEncryptionAlgorithm', readText, ''),
    grantTokens: member('GrantTokens', list, []),
    dryRun: member('DryRun', readFlag, false),
    dryRunModifiers: member('DryRunModifiers', list, []),
  };
}
