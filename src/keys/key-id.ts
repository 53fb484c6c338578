import type { KeyIdForm } from '../call.ts';

/** A key id taken apart. Parts that its form does not carry are ''. */
export interface KeyId {
  readonly form: Exclude<KeyIdForm, ''>;
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  /** The key id proper, or '' for an alias. */
  readonly keyId: string;
  /** `alias/…`, or '' for a key. */
  readonly alias: string;
}

const KEY = /^[A-Za-z0-9-]{1,256}$/;
const ALIAS = /^alias\/[A-Za-z0-9/_-]{1,250}$/;
const ARN =
  /^arn:(?<partition>aws[a-z-]*):kms:(?<region>[a-z0-9-]+):(?<account>\d{12}):(?<resource>.+)$/;

/** What `key_id` should look like, for error messages. */
export const KEY_ID_RULE =
  'must be a key id, a key ARN (arn:aws:kms:REGION:ACCOUNT:key/ID), an alias name (alias/NAME) or an alias ARN';

/**
 * The four forms of https://docs.aws.amazon.com/kms/latest/developerguide/concepts-key-id.html; undefined
 * for anything else. Any name may follow `alias/`, even `alias/mrk-…`.
 */
export function parseKeyId(text: string): KeyId | undefined {
  if (text.startsWith('arn:')) return parseArn(text);
  const nowhere = { partition: '', region: '', account: '' };
  if (ALIAS.test(text)) return { form: 'alias_name', ...nowhere, keyId: '', alias: text };
  return KEY.test(text) ? { form: 'key_id', ...nowhere, keyId: text, alias: '' } : undefined;
}

function parseArn(text: string): KeyId | undefined {
  const { partition = '', region = '', account = '', resource = '' } = ARN.exec(text)?.groups ?? {};
  const place = { partition, region, account };
  if (ALIAS.test(resource)) return { form: 'alias_arn', ...place, keyId: '', alias: resource };
  const keyId = resource.startsWith('key/') ? resource.slice('key/'.length) : '';
  return KEY.test(keyId) ? { form: 'key_arn', ...place, keyId, alias: '' } : undefined;
}
