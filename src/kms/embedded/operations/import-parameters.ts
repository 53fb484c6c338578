import { fault, notFound, validation } from '../fault.ts';
import { giveImportToken } from '../import/token.ts';
import { requireExternal, requireState } from '../model/find.ts';
import { current } from '../model/key.ts';
import { managedKey } from '../model/manage.ts';
import { required, structure } from '../shape/collections.ts';
import { text } from '../shape/scalars.ts';
import * as shapes from '../shape/shapes.ts';
import { operation } from './operation.ts';

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GetParametersForImport.html */
export const getParametersForImport = operation(
  structure({
    KeyId: required(shapes.keyId),
    WrappingAlgorithm: required(
      text({
        values: [
          'RSAES_OAEP_SHA_1',
          'RSAES_OAEP_SHA_256',
          'RSAES_PKCS1_V1_5',
          'RSA_AES_KEY_WRAP_SHA_1',
          'RSA_AES_KEY_WRAP_SHA_256',
          'SM2PKE',
        ],
      }),
    ),
    WrappingKeySpec: required(text({ values: ['RSA_2048', 'RSA_3072', 'RSA_4096', 'SM2'] })),
  }),
  (world, { KeyId, WrappingAlgorithm: algorithm, WrappingKeySpec: spec }, caller) => {
    const key = managedKey(world, KeyId, { caller, action: 'GetParametersForImport' });
    requireExternal(key);
    requireState(key, 'Disabled', 'PendingImport');
    if (algorithm === 'SM2PKE' || spec === 'SM2') {
      throw fault('UnsupportedOperationException', 'SM2 is not supported in this Region.');
    }
    if (algorithm === 'RSAES_PKCS1_V1_5') {
      throw validation('RSAES_PKCS1_V1_5 is no longer supported as a wrapping algorithm.');
    }
    if (algorithm.startsWith('RSAES') && key.spec.startsWith('RSA_')) {
      throw validation(
        `Wrapping algorithm ${algorithm} is not valid for key material of key spec ${key.spec}.`,
      );
    }
    return { KeyId: key.arn, ...giveImportToken(world, key, { algorithm, spec }) };
  },
);

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteImportedKeyMaterial.html */
export const deleteImportedKeyMaterial = operation(
  structure({ KeyId: required(shapes.keyId), KeyMaterialId: shapes.materialId }),
  (world, { KeyId, KeyMaterialId: id }, caller) => {
    const key = managedKey(world, KeyId, { caller, action: 'DeleteImportedKeyMaterial' });
    requireExternal(key);
    const { materials } = key.family;
    const material = id === undefined ? current(key) : materials.find((each) => each.id === id);
    if (id !== undefined && !material) throw notFound(`Key material ${id} does not exist`);
    if (material) material.secret = undefined;
    world.changed();
    return { KeyId: key.arn, ...(material && { KeyMaterialId: material.id }) };
  },
);
