import { checkCipherUse, type EncryptionRequest, encryptWith } from '../cipher.ts';
import { checkContext } from '../context.ts';
import { dryRun } from '../fault.ts';
import { findKey } from '../model/find.ts';
import type { Caller } from '../model/key-id.ts';
import { required, structure } from '../shape/collections.ts';
import type { Value } from '../shape/shape.ts';
import * as shapes from '../shape/shapes.ts';
import { decryptSource, findSource, type Source, useSource } from '../source.ts';
import { checkDryRun } from './dry-run.ts';
import { operation } from './operation.ts';

const input = structure({
  CiphertextBlob: shapes.ciphertext,
  SourceEncryptionContext: shapes.encryptionContext,
  SourceKeyId: shapes.keyId,
  DestinationKeyId: required(shapes.keyId),
  DestinationEncryptionContext: shapes.encryptionContext,
  SourceEncryptionAlgorithm: shapes.encryptionAlgorithm,
  DestinationEncryptionAlgorithm: shapes.encryptionAlgorithm,
  GrantTokens: shapes.grantTokens,
  DryRun: shapes.dryRunFlag,
  DryRunModifiers: shapes.dryRunModifiers,
});
export type ReEncryptInput = Value<typeof input>;

/**
 * Both halves are authorized and checked before anything is decrypted, the source first.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
 */
export const reEncrypt = operation(input, (world, request, caller) => {
  const ignoreCiphertext = checkDryRun(request, request.SourceKeyId, 'SourceKeyId');
  const source = sourceOf(request, ignoreCiphertext);
  checkContext(request.DestinationEncryptionContext);
  const sourceKey = findSource(world, source, caller);
  const destinationKey = findKey(world, request.DestinationKeyId, caller);
  const sameKey = sourceKey === destinationKey;
  useSource(world, source, { key: sourceKey, caller, sameKey });
  const wanted = { ...destinationOf(request, caller), sameKey };
  const destination = checkCipherUse(world, destinationKey, wanted);
  if (ignoreCiphertext) throw dryRun();

  const decrypted = decryptSource(source, sourceKey);
  const encrypted = encryptWith(decrypted.plaintext, destination);
  decrypted.plaintext.fill(0);
  if (request.DryRun) throw dryRun();
  return {
    CiphertextBlob: encrypted.blob,
    SourceKeyId: sourceKey.arn,
    KeyId: destination.key.arn,
    SourceEncryptionAlgorithm: source.algorithm,
    DestinationEncryptionAlgorithm: destination.algorithm,
    ...(decrypted.materialId !== undefined && { SourceKeyMaterialId: decrypted.materialId }),
    ...(encrypted.materialId !== undefined && { DestinationKeyMaterialId: encrypted.materialId }),
  };
});

function destinationOf(request: ReEncryptInput, caller: Caller): EncryptionRequest {
  return {
    keyId: request.DestinationKeyId,
    caller,
    action: 'ReEncryptTo',
    algorithm: request.DestinationEncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT',
    context: request.DestinationEncryptionContext,
    grantTokens: request.GrantTokens,
  };
}

function sourceOf(request: ReEncryptInput, ignoreCiphertext: boolean): Source {
  return {
    ciphertext: request.CiphertextBlob,
    keyId: request.SourceKeyId,
    algorithm: request.SourceEncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT',
    context: request.SourceEncryptionContext,
    grantTokens: request.GrantTokens,
    action: 'ReEncryptFrom',
    ignoreCiphertext,
  };
}
