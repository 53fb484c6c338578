import { authorize } from '../model/authorize.ts';
import { findKeyToShow } from '../model/find.ts';
import { keyMetadata } from '../model/metadata.ts';
import { required, structure } from '../shape/collections.ts';
import * as shapes from '../shape/shapes.ts';
import { operation } from './operation.ts';

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html */
export const describeKey = operation(
  structure({ KeyId: required(shapes.keyId), GrantTokens: shapes.grantTokens }),
  (world, input, caller) => {
    const key = findKeyToShow(world, input.KeyId, caller);
    authorize(world, { key, caller, action: 'DescribeKey', grantTokens: input.GrantTokens });
    return { KeyMetadata: keyMetadata(key) };
  },
);
