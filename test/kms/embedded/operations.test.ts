import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { codeOf, importRequest, kmsWithClock } from './helpers.ts';

const Message = Uint8Array.of(1);
const INVALID = 'ValidationException';
const FOR_EVER = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } as const;

/** Keys of several kinds, and requests with them that are good. */
function setUp() {
  const { operations } = kmsWithClock();
  const keyFor = (
    KeySpec: 'ECC_NIST_P256' | 'HMAC_256',
    KeyUsage: 'SIGN_VERIFY' | 'KEY_AGREEMENT' | 'GENERATE_VERIFY_MAC',
  ) => operations.CreateKey({ KeySpec, KeyUsage }).KeyMetadata.KeyId;
  const { KeyId } = operations.CreateKey({}).KeyMetadata;
  const { CiphertextBlob } = operations.Encrypt({ KeyId, Plaintext: Message });
  const signing = {
    KeyId: keyFor('ECC_NIST_P256', 'SIGN_VERIFY'),
    Message,
    SigningAlgorithm: 'ECDSA_SHA_256',
  } as const;
  const { Signature } = operations.Sign(signing);
  const mac = {
    KeyId: keyFor('HMAC_256', 'GENERATE_VERIFY_MAC'),
    Message,
    MacAlgorithm: 'HMAC_SHA_256',
  } as const;
  const { Mac } = operations.GenerateMac(mac);
  const agreeing = keyFor('ECC_NIST_P256', 'KEY_AGREEMENT');
  const { PublicKey } = operations.GetPublicKey({ KeyId: agreeing });
  const agreement = { KeyId: agreeing, KeyAgreementAlgorithm: 'ECDH', PublicKey } as const;
  return { operations, KeyId, CiphertextBlob, signing, Signature, mac, Mac, agreement };
}
type Given = ReturnType<typeof setUp>;
interface More {
  readonly DryRun?: boolean;
  readonly Recipient?: { readonly AttestationDocument: Uint8Array };
}

const PAIR = { KeyPairSpec: 'ECC_NIST_P256' } as const;
const DATA_KEY = { KeySpec: 'AES_256' } as const;

const WITH_RECIPIENT: [string, (given: Given, more: More) => unknown][] = [
  [
    'Decrypt',
    ({ operations, CiphertextBlob }, more) => operations.Decrypt({ CiphertextBlob, ...more }),
  ],
  [
    'GenerateDataKey',
    ({ operations, KeyId }, more) => operations.GenerateDataKey({ KeyId, ...DATA_KEY, ...more }),
  ],
  [
    'GenerateDataKeyPair',
    ({ operations, KeyId }, more) => operations.GenerateDataKeyPair({ KeyId, ...PAIR, ...more }),
  ],
  [
    'DeriveSharedSecret',
    ({ operations, agreement }, more) => operations.DeriveSharedSecret({ ...agreement, ...more }),
  ],
];

const CALLS = [
  ...WITH_RECIPIENT,
  [
    'Encrypt',
    ({ operations, KeyId }, more) => operations.Encrypt({ KeyId, Plaintext: Message, ...more }),
  ],
  [
    'GenerateDataKeyWithoutPlaintext',
    ({ operations, KeyId }, more) =>
      operations.GenerateDataKeyWithoutPlaintext({ KeyId, ...DATA_KEY, ...more }),
  ],
  [
    'GenerateDataKeyPairWithoutPlaintext',
    ({ operations, KeyId }, more) =>
      operations.GenerateDataKeyPairWithoutPlaintext({ KeyId, ...PAIR, ...more }),
  ],
  ['Sign', ({ operations, signing }, more) => operations.Sign({ ...signing, ...more })],
  [
    'Verify',
    ({ operations, signing, Signature }, more) =>
      operations.Verify({ ...signing, Signature, ...more }),
  ],
  ['GenerateMac', ({ operations, mac }, more) => operations.GenerateMac({ ...mac, ...more })],
  ['VerifyMac', ({ operations, mac, Mac }, more) => operations.VerifyMac({ ...mac, Mac, ...more })],
] satisfies typeof WITH_RECIPIENT;

it.each(CALLS)('a dry run of %s does nothing but say that it would be done', (_name, call) => {
  const given = setUp();
  expect(codeOf(() => call(given, {}))).toBe('done');
  expect(codeOf(() => call(given, { DryRun: true }))).toBe('DryRunOperationException');
});

it.each(CALLS)(
  '%s is refused with a key that is disabled or waits for its deletion',
  (_name, call) => {
    const given = setUp();
    const { operations } = given;
    const keyIds = operations.ListKeys({}).Keys.map((key) => key.KeyId);
    for (const KeyId of keyIds) operations.DisableKey({ KeyId });
    expect(codeOf(() => call(given, {}))).toBe('DisabledException');
    for (const KeyId of keyIds) operations.ScheduleKeyDeletion({ KeyId });
    expect(codeOf(() => call(given, {}))).toBe('KMSInvalidStateException');
  },
);

it.each(WITH_RECIPIENT)(
  '%s gives nothing to an enclave that cannot prove what it is',
  (_name, call) => {
    const Recipient = { AttestationDocument: randomBytes(16) };
    expect(codeOf(() => call(setUp(), { Recipient }))).toBe(INVALID);
  },
);

it('a key takes no other material than its first, unless it is said to be new', () => {
  const { operations } = setUp();
  const { KeyId } = operations.CreateKey({ Origin: 'EXTERNAL' }).KeyMetadata;
  const bring = (more: { ImportType?: 'NEW_KEY_MATERIAL' } = {}) => {
    const request = importRequest(operations, KeyId, randomBytes(32));
    return codeOf(() => operations.ImportKeyMaterial({ ...request, ...FOR_EVER, ...more }));
  };
  const isNew = { ImportType: 'NEW_KEY_MATERIAL' } as const;
  expect([bring(), bring(), bring(isNew), bring(isNew)]).toEqual([
    'done',
    'IncorrectKeyMaterialException',
    'done',
    'KMSInvalidStateException',
  ]);
});

it('RSA material is not wrapped by RSA alone, which it would be too long for', () => {
  const { operations } = setUp();
  const { KeyId } = operations.CreateKey({
    Origin: 'EXTERNAL',
    KeySpec: 'RSA_2048',
    KeyUsage: 'ENCRYPT_DECRYPT',
  }).KeyMetadata;
  expect(codeOf(() => importRequest(operations, KeyId, Message))).toBe(INVALID);
});

it('a key that waits for its deletion neither gains nor loses tags', () => {
  const { operations, KeyId } = setUp();
  const Tags = [{ TagKey: 'a', TagValue: 'b' }];
  operations.TagResource({ KeyId, Tags });
  operations.ScheduleKeyDeletion({ KeyId });
  const state = 'KMSInvalidStateException';
  expect(codeOf(() => operations.TagResource({ KeyId, Tags }))).toBe(state);
  expect(codeOf(() => operations.UntagResource({ KeyId, TagKeys: ['a'] }))).toBe(state);
});

it('lists of grants, tags, aliases and rotations go on where a page ended', () => {
  const { operations, KeyId } = setUp();
  const RetiringPrincipal = 'arn:aws:iam::111122223333:user/c';
  for (const name of ['a', 'b']) {
    operations.TagResource({ KeyId, Tags: [{ TagKey: name, TagValue: '' }] });
    operations.CreateAlias({ AliasName: `alias/${name}`, TargetKeyId: KeyId });
    operations.RotateKeyOnDemand({ KeyId });
    const GranteePrincipal = `arn:aws:iam::111122223333:user/${name}`;
    operations.CreateGrant({ KeyId, GranteePrincipal, RetiringPrincipal, Operations: ['Decrypt'] });
  }
  const lists = [
    (paging: object) => operations.ListGrants({ KeyId, ...paging }),
    (paging: object) => operations.ListRetirableGrants({ RetiringPrincipal, ...paging }),
    (paging: object) => operations.ListResourceTags({ KeyId, ...paging }),
    (paging: object) => operations.ListAliases({ KeyId, ...paging }),
    (paging: object) => operations.ListKeyRotations({ KeyId, ...paging }),
  ];
  for (const list of lists) {
    const first = list({ Limit: 1 });
    const second = list({ Limit: 1, Marker: first.NextMarker });
    expect([first.Truncated, second.Truncated]).toEqual([true, false]);
    const itemsOf = (answer: object): unknown[] => Object.values(answer).find(Array.isArray) ?? [];
    expect([...itemsOf(first), ...itemsOf(second)]).toEqual(itemsOf(list({})));
  }
});

it.each([{ region: 'us-west-2' }, { account: '444455556666' }])(
  'keys and aliases are listed only to their own Region and account, not to %j',
  (caller) => {
    const { operations, KeyId } = setUp();
    operations.CreateAlias({ AliasName: 'alias/a', TargetKeyId: KeyId });
    expect(operations.ListKeys({}).Keys.map((key) => key.KeyId)).toContain(KeyId);
    expect(operations.ListKeys({}, caller).Keys).toEqual([]);
    expect(operations.ListAliases({}).Aliases).not.toEqual([]);
    expect(operations.ListAliases({}, caller).Aliases).toEqual([]);
  },
);
