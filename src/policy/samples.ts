import type { InputSide, PolicyInput } from './input.ts';

const key: InputSide = {
  known: true,
  requested_key_id: 'alias/sample',
  key_id_form: 'alias_name',
  key_arn: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  partition: 'aws',
  account: '111122223333',
  region: 'eu-west-1',
  key_id: '1234abcd-12ab-34cd-56ef-1234567890ab',
  alias: 'alias/sample',
  aliases: ['alias/sample'],
  tags: { env: 'sample' },
  spec: 'SYMMETRIC_DEFAULT',
  usage: 'ENCRYPT_DECRYPT',
  origin: 'AWS_KMS',
  manager: 'CUSTOMER',
  state: 'Enabled',
  multi_region: false,
  multi_region_type: '',
  created_unix_ms: 1_735_689_600_000,
  facts_off: [],
  algorithm: 'SYMMETRIC_DEFAULT',
  encryption_context: { tenant: 'sample' },
  encryption_context_keys: ['tenant'],
};

const unknown: InputSide = {
  ...key,
  known: false,
  requested_key_id: '',
  key_id_form: '',
  key_arn: '',
  partition: '',
  account: '',
  region: '',
  key_id: '',
  alias: '',
  aliases: [],
  tags: {},
  spec: '',
  usage: '',
  origin: '',
  manager: '',
  state: '',
  created_unix_ms: 0,
};

const stranger: PolicyInput = {
  version: 1,
  action: 'kms:ReEncrypt',
  phase: 'request',
  principal: {
    id: '',
    kind: 'anonymous',
    authenticated: false,
    spiffe: { trust_domain: '', path: '' },
    attributes: {},
  },
  source: key,
  destination: key,
  relation: {
    known: true,
    same_key: true,
    same_mrk_family: false,
    same_account: true,
    same_region: true,
    context: { added: [], removed: [], changed: [], kept: ['tenant'] },
    algorithm_changed: false,
  },
  request: {
    id: '00000000-0000-4000-8000-000000000000',
    transport: 'grpc',
    peer: '127.0.0.1:1',
    dry_run: false,
    dry_run_modifiers: [],
    grant_token_count: 0,
    ciphertext_bytes: 203,
    ciphertext_sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    job: '',
  },
  time: {
    rfc3339: '2026-01-05T09:00:00.000Z',
    unix_ms: 1_767_603_600_000,
    weekday: 'Monday',
    hour_utc: 9,
  },
};

const workload: PolicyInput = {
  ...stranger,
  principal: {
    id: 'spiffe://sample.test/workload',
    kind: 'spiffe',
    authenticated: true,
    spiffe: { trust_domain: 'sample.test', path: '/workload' },
    attributes: {},
  },
};

/** A re-encryption from one key to another by a workload: the base that tests override parts of. */
const plain: PolicyInput = {
  ...workload,
  destination: {
    ...key,
    requested_key_id: 'alias/sample-2',
    key_arn: 'arn:aws:kms:eu-west-1:111122223333:key/2234abcd-12ab-34cd-56ef-1234567890ab',
    key_id: '2234abcd-12ab-34cd-56ef-1234567890ab',
    alias: 'alias/sample-2',
    aliases: ['alias/sample-2'],
  },
  relation: { ...workload.relation, same_key: false },
};

/** Every bundle must give a decision, allow or deny, for each of these before it serves. */
export const SAMPLES = {
  'a plain call': plain,
  'an anonymous caller': stranger,
  'a workload': workload,
  'an unknown source key': {
    ...workload,
    source: unknown,
    relation: {
      ...workload.relation,
      known: false,
      same_key: false,
      same_account: false,
      same_region: false,
    },
  },
  'a source key that KMS has reported': { ...workload, phase: 'result' },
  'no encryption context, and an RSA destination': {
    ...workload,
    source: { ...key, encryption_context: {}, encryption_context_keys: [] },
    destination: {
      ...key,
      spec: 'RSA_3072',
      algorithm: 'RSAES_OAEP_SHA_256',
      encryption_context: {},
      encryption_context_keys: [],
    },
    relation: {
      ...workload.relation,
      same_key: false,
      context: { added: [], removed: [], changed: [], kept: [] },
      algorithm_changed: true,
    },
  },
  'key facts that are switched off': {
    ...workload,
    source: { ...key, facts_off: ['aliases', 'tags'], aliases: [], tags: {} },
  },
  'a check': { ...workload, action: 'kms:CheckReEncrypt' },
} satisfies Readonly<Record<string, PolicyInput>>;
