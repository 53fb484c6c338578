import { createPublicKey } from 'node:crypto';
import { materialOf } from '../cipher.ts';
import { fault } from '../fault.ts';
import { authorize } from '../model/authorize.ts';
import { findKeyToShow, requireState } from '../model/find.ts';
import { algorithmsMember } from '../model/metadata.ts';
import { required, structure } from '../shape/collections.ts';
import * as shapes from '../shape/shapes.ts';
import { operation } from './operation.ts';

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html */
export const getPublicKey = operation(
  structure({ KeyId: required(shapes.keyId), GrantTokens: shapes.grantTokens }),
  (world, input, caller) => {
    const key = findKeyToShow(world, input.KeyId, caller);
    authorize(world, { key, caller, action: 'GetPublicKey', grantTokens: input.GrantTokens });
    requireState(key);
    const { secret } = materialOf(key);
    if (secret.type === 'secret') {
      throw fault('UnsupportedOperationException', `${key.arn} is not an asymmetric key.`);
    }
    return {
      KeyId: key.arn,
      PublicKey: createPublicKey(secret).export({ format: 'der', type: 'spki' }),
      CustomerMasterKeySpec: key.spec,
      KeySpec: key.spec,
      KeyUsage: key.usage,
      ...algorithmsMember(key),
    };
  },
);
