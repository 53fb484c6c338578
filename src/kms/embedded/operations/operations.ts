import { createAlias, deleteAlias, listAliases, updateAlias } from './aliases.ts';
import { createKeyOperation } from './create-key.ts';
import { decrypt } from './decrypt.ts';
import { describeKey } from './describe-key.ts';
import { encrypt } from './encrypt.ts';
import { reEncrypt } from './re-encrypt.ts';
import { listResourceTags, tagResource, untagResource } from './tags.ts';

/** Every operation under AWS's name for it. */
export const OPERATIONS = {
  CreateAlias: createAlias,
  CreateKey: createKeyOperation,
  Decrypt: decrypt,
  DeleteAlias: deleteAlias,
  DescribeKey: describeKey,
  Encrypt: encrypt,
  ListAliases: listAliases,
  ListResourceTags: listResourceTags,
  ReEncrypt: reEncrypt,
  TagResource: tagResource,
  UntagResource: untagResource,
  UpdateAlias: updateAlias,
};

export type OperationName = keyof typeof OPERATIONS;
