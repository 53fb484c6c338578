import { checkContextUse, checkEncryptionUse, encryptWith } from '../cipher.ts';
import { checkContext, type EncryptionContext } from '../context.ts';
import { dryRun } from '../fault.ts';
import { authorize } from '../model/authorize.ts';
import { findKey, requireState } from '../model/find.ts';
import type { Key } from '../model/key.ts';
import type { Caller } from '../model/key-id.ts';
import { required, structure } from '../shape/collections.ts';
import type { Value } from '../shape/shape.ts';
import * as shapes from '../shape/shapes.ts';
import { decryptSource, openSource, type Source } from '../source.ts';
import type { World } from '../world.ts';
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
  const sourceKey = openSource(world, source, caller);
  const destination = openDestination(world, request, caller);
  if (ignoreCiphertext) throw dryRun();

  const decrypted = decryptSource(source, sourceKey);
  const encrypted = encryptWith(world, decrypted.plaintext, destination);
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

interface Destination {
  readonly key: Key;
  readonly algorithm: string;
  readonly context: EncryptionContext | undefined;
}

function openDestination(world: World, request: ReEncryptInput, caller: Caller): Destination {
  const algorithm = request.DestinationEncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT';
  const context = request.DestinationEncryptionContext;
  checkContext(context);
  const key = findKey(world, request.DestinationKeyId, caller);
  const grantTokens = request.GrantTokens;
  authorize(world, { key, caller, action: 'ReEncryptTo', context, grantTokens });
  requireState(key);
  checkEncryptionUse(key, 'ReEncryptTo', algorithm);
  checkContextUse(key, context);
  return { key, algorithm, context };
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
