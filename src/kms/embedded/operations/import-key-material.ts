import { fault, invalidCiphertext, validation } from '../fault.ts';
import { takeImportToken } from '../import/token.ts';
import { toSecret, unwrap } from '../import/unwrap.ts';
import { requireExternal, requireState } from '../model/find.ts';
import type { Key, Material } from '../model/key.ts';
import { current } from '../model/key.ts';
import { managedKey } from '../model/manage.ts';
import { newMaterial } from '../model/material.ts';
import { required, structure } from '../shape/collections.ts';
import { blob, text, timestamp } from '../shape/scalars.ts';
import type { Value } from '../shape/shape.ts';
import * as shapes from '../shape/shapes.ts';
import { operation } from './operation.ts';

const input = structure({
  KeyId: required(shapes.keyId),
  ImportToken: required(blob({ min: 1, max: 6144 })),
  EncryptedKeyMaterial: required(blob({ min: 1, max: 6144 })),
  ValidTo: timestamp,
  ExpirationModel: text({ values: ['KEY_MATERIAL_DOES_NOT_EXPIRE', 'KEY_MATERIAL_EXPIRES'] }),
  ImportType: text({ values: ['NEW_KEY_MATERIAL', 'EXISTING_KEY_MATERIAL'] }),
  KeyMaterialDescription: text({ max: 256, pattern: '^[a-zA-Z0-9:/_\\s.-]+$' }),
  KeyMaterialId: shapes.materialId,
});
type Input = Value<typeof input>;

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html */
export const importKeyMaterial = operation(input, (world, request, caller) => {
  const key = managedKey(world, request.KeyId, { caller, action: 'ImportKeyMaterial' });
  requireExternal(key);
  requireState(key, 'Disabled', 'PendingImport');
  const validTo = expiryOf(request, world.now());
  const bytes = unwrap(
    takeImportToken(world, key, request.ImportToken),
    request.EncryptedKeyMaterial,
  );
  const secret = bytes && toSecret(key.spec, bytes);
  if (!secret) throw invalidCiphertext();
  const offered = newMaterial(key.keyId, secret);
  checkWantedId(request, offered);
  const material = place(key, request, offered);
  material.secret = secret;
  material.validTo = validTo;
  if (request.KeyMaterialDescription !== undefined) {
    material.description = request.KeyMaterialDescription;
  }
  world.changed();
  return { KeyId: key.arn, KeyMaterialId: material.id };
});

/**
 * A key's first material is current at once. Material it had before is restored. A symmetric key
 * also accepts new material, which waits for RotateKeyOnDemand.
 */
function place(key: Key, request: Input, offered: Material): Material {
  const { materials } = key.family;
  const known = materials.find(({ id }) => id === offered.id);
  if (known) return known;
  if (!current(key)) {
    materials.push(offered);
    return offered;
  }
  if (request.ImportType !== 'NEW_KEY_MATERIAL' || key.spec !== 'SYMMETRIC_DEFAULT') {
    throw fault(
      'IncorrectKeyMaterialException',
      'The key material in the request is not the key material that was imported into this KMS key before.',
    );
  }
  const pending = materials.find(({ state }) => state === 'PENDING_ROTATION');
  if (pending) {
    throw fault(
      'KMSInvalidStateException',
      `New key material (id: ${offered.id}) cannot be imported into KMS key ${key.arn}, because another key material (id: ${pending.id}) is pending rotation.`,
    );
  }
  offered.state = 'PENDING_ROTATION';
  materials.push(offered);
  return offered;
}

function checkWantedId({ KeyMaterialId }: Input, { id }: Material): void {
  if (KeyMaterialId === undefined || KeyMaterialId === id) return;
  throw fault(
    'IncorrectKeyMaterialException',
    'The key material in the request does not have the key material id in the request.',
  );
}

function expiryOf({ ValidTo, ExpirationModel }: Input, now: number): number | undefined {
  if (ExpirationModel === 'KEY_MATERIAL_DOES_NOT_EXPIRE') {
    if (ValidTo === undefined) return undefined;
    throw validation(
      'validTo cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE',
    );
  }
  if (ValidTo === undefined) {
    throw validation('A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES');
  }
  if (ValidTo.getTime() <= now) throw validation('ValidTo must be in the future');
  return ValidTo.getTime();
}
