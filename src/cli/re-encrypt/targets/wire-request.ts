import type { DryRunModifier } from '../../../gen/kms/reencrypt/v1/DryRunModifier.ts';
import type { EncryptionAlgorithm } from '../../../gen/kms/reencrypt/v1/EncryptionAlgorithm.ts';
import type { ReEncryptRequest } from '../../../gen/kms/reencrypt/v1/ReEncryptRequest.ts';
import { CliFailure, EXIT_CODE } from '../failure.ts';
import { REQUEST_SHAPE } from '../values/shape.ts';
import { isList, isMap, type ValueMap } from '../values/value.ts';

/**
 * The members as the wire contract names them. gRPC would drop what it cannot express, so an unknown
 * algorithm, or text that protobuf cannot carry, is refused here, as KMS would do. @throws CliFailure
 */
export function toWireRequest(parameters: ValueMap): ReEncryptRequest {
  const blob = parameters.get('CiphertextBlob');
  return {
    ...(blob instanceof Uint8Array && { ciphertextBlob: blob }),
    ...present('sourceEncryptionContext', context(parameters, 'SourceEncryptionContext')),
    ...present('sourceKeyId', text(parameters, 'SourceKeyId')),
    ...present('destinationKeyId', text(parameters, 'DestinationKeyId')),
    ...present('destinationEncryptionContext', context(parameters, 'DestinationEncryptionContext')),
    ...present('sourceEncryptionAlgorithm', algorithm(parameters, 'SourceEncryptionAlgorithm')),
    ...present(
      'destinationEncryptionAlgorithm',
      algorithm(parameters, 'DestinationEncryptionAlgorithm'),
    ),
    ...present('grantTokens', texts(parameters, 'GrantTokens')),
    dryRun: parameters.get('DryRun') === true,
    dryRunModifiers: texts(parameters, 'DryRunModifiers')?.map(modifier) ?? [],
  };
}

function present<Name extends string, Given>(name: Name, value: Given | undefined) {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Given>);
}

function text(parameters: ValueMap, member: string): string | undefined {
  const value = parameters.get(member);
  return typeof value === 'string' ? wellFormed(member, value) : undefined;
}

function texts(parameters: ValueMap, member: string): string[] | undefined {
  const value = parameters.get(member);
  if (!isList(value)) return undefined;
  return value.filter((item) => typeof item === 'string').map((item) => wellFormed(member, item));
}

function context(parameters: ValueMap, member: string): Record<string, string> | undefined {
  const value = parameters.get(member);
  if (!isMap(value)) return undefined;
  const pairs = [...value].map(([key, item]): [string, string] => {
    if (key === '__proto__') throw refused(member, "the key '__proto__' is not allowed");
    return [wellFormed(member, key), wellFormed(member, typeof item === 'string' ? item : '')];
  });
  return Object.fromEntries(pairs);
}

function wellFormed(member: string, value: string): string {
  if (value.isWellFormed()) return value;
  throw refused(member, 'it holds half of a surrogate pair, which is not text');
}

function algorithm(parameters: ValueMap, member: string): EncryptionAlgorithm | undefined {
  const name = text(parameters, member);
  if (name === undefined) return undefined;
  refuseUnlisted(member, name);
  return `ENCRYPTION_ALGORITHM_${name}` as EncryptionAlgorithm;
}

function modifier(name: string): DryRunModifier {
  refuseUnlisted('DryRunModifiers', name);
  return `DRY_RUN_MODIFIER_${name}` as DryRunModifier;
}

function refuseUnlisted(member: string, name: string): void {
  const choices = REQUEST_SHAPE.find((shape) => shape.name === member)?.choices ?? [];
  if (choices.includes(name)) return;
  throw refused(member, `'${name}' is not one of ${choices.join(', ')}`);
}

/** In KMS's own form. */
function refused(member: string, problem: string): CliFailure {
  const field = member.charAt(0).toLowerCase() + member.slice(1);
  return new CliFailure(
    EXIT_CODE.service,
    `1 validation error detected: Value at '${field}' failed to satisfy constraint: ${problem}`,
    { code: 'ValidationException', calling: {} },
  );
}
