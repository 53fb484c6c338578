import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type Body, fromBody, pack } from '../../../src/audit/entries/body.ts';
import { createEntries } from '../../../src/audit/entries/entry.ts';
import { createRedactor } from '../../../src/audit/entries/redact.ts';
import { createStage, EMPTY_CHAIN } from '../../../src/audit/log/chain.ts';
import type { Progress } from '../../../src/call.ts';
import { REASONS, type Reason, Refusal } from '../../../src/errors.ts';
import { canonical } from '../../../src/json/canonical.ts';
import { UNKNOWN_KEY } from '../../../src/keys/look-up.ts';
import { PLAIN_ARRIVAL } from '../../helpers/plain-values.ts';
import {
  ANSWER,
  answered,
  callOf,
  context,
  DENY,
  intended,
  judged,
  PRINCIPAL,
  SOURCE,
} from '../samples.ts';

const schema = z.fromJSONSchema(JSON.parse(readFileSync('policies/schemas/audit.json', 'utf8')));
const entries = createEntries({
  redactor: createRedactor(Buffer.alloc(32, 7), ['tenant']),
  now: () => Date.UTC(2026, 10, 23),
});
const stage = createStage();
const lineOf = (body: Body) =>
  stage(EMPTY_CHAIN, pack([body]))
    .bytes.toString()
    .trim();
const read = (body: Body) => JSON.parse(lineOf(body));
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const mark = (value: string) =>
  `hmac-sha256:${createHmac('sha256', Buffer.alloc(32, 7)).update(value).digest('hex')}`;
const refusal = (reason: Reason) =>
  new Refusal(reason, { side: 'source', rule: 'r', kmsError: 'E' });

const progresses: readonly (readonly [string, Progress, Refusal | undefined, object])[] = [
  ['an answer is released', answered(1), undefined, { code: 'OK', status: 'released' }],
  [
    'a dry run is not a release',
    { ...answered(1), answer: { ...ANSWER, dryRun: true, ciphertext: Buffer.alloc(0) } },
    undefined,
    { status: 'dry_run' },
  ],
  ['a denial', judged(1, { decision: DENY }), refusal('POLICY_DENIED'), { status: 'denied' }],
  [
    'a missing source key is a denial',
    judged(1),
    refusal('SOURCE_KEY_REQUIRED'),
    { status: 'denied' },
  ],
  ['KMS refuses', intended(1), refusal('KMS_ACCESS_DENIED'), { status: 'failed', kms_error: 'E' }],
  ['KMS used another key', answered(1), refusal('CONFIRM_MISMATCH'), { status: 'withheld' }],
  ['the caller left', answered(1), refusal('CANCELLED'), { status: 'withheld', code: 'CANCELLED' }],
  ['facts are missing', judged(1), refusal('KEY_FACTS_UNAVAILABLE'), { status: 'failed' }],
  [
    'a check is not a call',
    judged(1, { call: callOf(1, { action: 'kms:CheckReEncrypt' }) }),
    undefined,
    { status: 'checked' },
  ],
];

test.each(progresses)('%s', (_, progress, refused, outcome) => {
  const entry = read(entries.terminal(progress, refused));
  expect(entry.outcome).toMatchObject(outcome);
  expect(entry.kind).toBe(progress.intended ? 'outcome' : refused ? 'refusal' : 'check');
  expect(schema.parse(entry)).toEqual(entry);
});

test('a dry run, for which KMS reports no keys or algorithms, is logged with those of the request', () => {
  const none = {
    sourceKeyArn: '',
    destinationKeyArn: '',
    sourceAlgorithm: '',
    destinationAlgorithm: '',
  };
  const answer = { ...ANSWER, ...none, sourceKeyMaterialId: '', destinationKeyMaterialId: '' };
  const sides = (dryRun: boolean) => {
    const { kms } = read(entries.terminal({ ...answered(1), answer: { ...answer, dryRun } }));
    return [kms.source, kms.destination];
  };
  expect(sides(true)).toEqual([{}, {}]);
  expect(sides(false)).toEqual(Array(2).fill({ algorithm: '', key_arn: '' }));
});

test('a key that KMS reports is named only when it is not the one judged', () => {
  const answer = { ...ANSWER, destinationKeyArn: 'arn:other', sourceKeyMaterialId: 'ab' };
  const { kms, input } = read(entries.terminal({ ...answered(1), answer }));
  expect([kms.source, kms.destination, input]).toEqual([
    { key_material_id: 'ab' },
    { key_arn: 'arn:other' },
    undefined,
  ]);
});

test('every reason of the closed list makes a valid refusal and a valid outcome', () => {
  for (const reason of Object.keys(REASONS) as Reason[]) {
    for (const progress of [judged(1), intended(1), { call: callOf(1), principal: PRINCIPAL }]) {
      const entry = read(entries.terminal(progress, refusal(reason)));
      expect(schema.parse(entry)).toEqual(entry);
      expect(entry.outcome).toMatchObject({ reason, code: REASONS[reason].grpc });
    }
  }
});

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const pairs = fc.dictionary(text, text, { maxKeys: 5 }).map(context);

test('every line is canonical JSON, and describes the call as it was made', () => {
  fc.assert(
    fc.property(pairs, pairs, text, text, fc.uint8Array(), (from, to, id, alias, ciphertext) => {
      const side = { keyId: alias, algorithm: 'SYMMETRIC_DEFAULT' as const };
      const progress = intended(1);
      const body = entries.intent({
        ...progress,
        call: callOf(1, {
          ciphertext,
          source: { ...side, encryptionContext: from },
          destination: { ...side, encryptionContext: to },
        }),
        principal: { ...PRINCIPAL, id },
        keys: { source: { ...SOURCE, alias, tags: { [id]: alias } }, destination: SOURCE },
      });
      const line = lineOf(body);
      const entry = JSON.parse(line);
      expect(line).toBe(canonical(entry));
      expect(schema.safeParse(entry).success).toBe(true);
      expect(entry.input.principal.id).toBe(id);
      // The line is in canonical order; a JavaScript object puts "0" first.
      const keys = Object.keys(entry.input.source.encryption_context).sort();
      expect(keys).toEqual(Object.keys(from).sort());
      expect(entry.input.request.ciphertext_bytes).toBe(ciphertext.length);
    }),
    { numRuns: 500 },
  );
});

test('an intent, and the outcome that completes it, hold all that is known of a call', () => {
  const side = {
    keyId: 'alias/orders',
    algorithm: 'SYMMETRIC_DEFAULT' as const,
    encryptionContext: context({ tenant: 'acme', purpose: 'x' }),
  };
  const facts = {
    ...SOURCE,
    aliases: ['alias/a', 'alias/b'],
    multiRegion: true,
    multiRegionType: 'REPLICA',
    factsOff: ['tags'],
  };
  const progress: Progress = {
    ...intended(1),
    call: callOf(1, {
      source: side,
      destination: { ...side, keyId: 'other', algorithm: 'RSAES_OAEP_SHA_256' },
      grantTokens: ['a', 'b'],
      dryRun: true,
      dryRunModifiers: ['IGNORE_CIPHERTEXT'],
      job: 'job-1',
      traceId: 'f'.repeat(32),
    }),
    principal: { ...PRINCIPAL, attributes: { team: 'x', api_token: 'secret' } },
    keys: { source: facts, destination: { ...SOURCE, keyArn: 'arn:other', alias: 'alias/other' } },
    decision: { ...DENY, labels: { a: 'b' }, enforced: false },
    answer: { ...ANSWER, destinationKeyArn: 'arn:other', sourceKeyMaterialId: 'ab', attempts: 2 },
  };
  const key = {
    algorithm: 'SYMMETRIC_DEFAULT',
    alias: 'alias/orders',
    aliases: ['alias/orders'],
    created_unix_ms: 1_735_689_600_000,
    encryption_context: { tenant: 'acme', purpose: mark('x') },
    key_arn: SOURCE.keyArn,
    key_id_form: 'alias_name',
    known: true,
    manager: 'CUSTOMER',
    origin: 'AWS_KMS',
    requested_key_id: 'alias/orders',
    spec: 'SYMMETRIC_DEFAULT',
    state: 'Enabled',
    tags: { team: 'orders' },
    usage: 'ENCRYPT_DECRYPT',
  };
  const { answer: _, ...asked } = progress;
  expect(fromBody(entries.intent(asked))).toEqual({
    bundles: { policy: { revision: '2026-11-23' } },
    decision_id: progress.call.id,
    enforced: false,
    input: {
      action: 'kms:ReEncrypt',
      destination: {
        ...key,
        algorithm: 'RSAES_OAEP_SHA_256',
        key_arn: 'arn:other',
        alias: 'alias/other',
      },
      phase: 'request',
      principal: {
        attributes: { team: 'x' },
        authenticated: true,
        id: 'spiffe://example.org/ns/orders/sa/api',
        kind: 'spiffe',
        spiffe: { path: '/ns/orders/sa/api', trust_domain: 'example.org' },
      },
      request: {
        ciphertext_bytes: 12,
        ciphertext_sha256: sha256('ciphertext 1'),
        dry_run: true,
        dry_run_modifiers: ['IGNORE_CIPHERTEXT'],
        grant_token_count: 2,
        job: 'job-1',
        transport: 'grpc',
      },
      source: {
        ...key,
        aliases: ['alias/a', 'alias/b'],
        facts_off: ['tags'],
        multi_region: true,
        multi_region_type: 'REPLICA',
      },
      time: { rfc3339: '2026-11-18T11:06:40.000Z' },
    },
    kind: 'intent',
    metrics: { timer_rego_query_eval_ns: 5_000 },
    requested_by: '127.0.0.1:50000',
    result: {
      allow: false,
      labels: { a: 'b' },
      reasons: [
        {
          code: 'tenant_changed',
          message: mark('tenant is acme, was globex'),
          side: 'destination',
        },
      ],
      rule: 'default',
    },
    timestamp: '2026-11-23T00:00:00.000Z',
    trace_id: 'f'.repeat(32),
  });
  expect(fromBody(entries.terminal(progress))).toEqual({
    decision_id: progress.call.id,
    kind: 'outcome',
    kms: {
      attempts: 2,
      ciphertext_bytes: 14,
      ciphertext_sha256: sha256('new ciphertext'),
      destination: { algorithm: 'SYMMETRIC_DEFAULT' },
      latency_ns: 1_500_000,
      request_id: ANSWER.requestId,
      source: { key_material_id: 'ab' },
    },
    outcome: { code: 'OK', status: 'released' },
    timestamp: '2026-11-23T00:00:00.000Z',
  });
});

test('a member without a value is left out', () => {
  const call = callOf(1, { source: { ...callOf(1).source, encryptionContext: context({}) } });
  const principal = { ...PRINCIPAL, kind: 'jwt' as const };
  const unknown = entries.terminal(
    { call, principal, keys: { source: UNKNOWN_KEY, destination: SOURCE } },
    new Refusal('KMS_KEY_NOT_FOUND'),
  );
  const { input, outcome, ...entry } = read(unknown);
  expect(input.source).toEqual({
    algorithm: 'SYMMETRIC_DEFAULT',
    encryption_context: {},
    key_arn: '',
    known: false,
    requested_key_id: '',
  });
  expect(input.principal).toEqual({ authenticated: true, id: PRINCIPAL.id, kind: 'jwt' });
  expect(Object.keys(input.request)).toEqual([
    'ciphertext_bytes',
    'ciphertext_sha256',
    'transport',
  ]);
  expect(outcome).toEqual({ code: 'NOT_FOUND', reason: 'KMS_KEY_NOT_FOUND', status: 'failed' });
  expect(Object.keys(entry)).toEqual([
    'decision_id',
    'kind',
    'prev',
    'requested_by',
    'seq',
    'timestamp',
  ]);
  const unresolved = read(entries.terminal({ call, principal }, new Refusal('KMS_KEY_NOT_FOUND')));
  expect(unresolved.input.source).toEqual({
    algorithm: 'SYMMETRIC_DEFAULT',
    encryption_context: {},
    requested_key_id: 'alias/orders',
  });
});

test('a check that is refused is a refusal, and says why the policy could not decide', () => {
  const call = callOf(1, { action: 'kms:CheckReEncrypt' });
  const reasons = [{ code: 'fuel', message: '', side: '' as const }];
  const decision = { ...DENY, failure: 'POLICY_TIMEOUT' as const, reasons };
  const entry = read(entries.terminal(judged(1, { call, decision }), refusal('POLICY_TIMEOUT')));
  expect(entry).toMatchObject({
    error: 'POLICY_TIMEOUT',
    input: { action: 'kms:CheckReEncrypt' },
    kind: 'refusal',
    result: { reasons },
  });
});

test('a refusal says what KMS said, and a result phase is judged again in its outcome', () => {
  const told = { side: 'source', rule: 'r', kmsError: 'E', kmsRequestId: 'id' } as const;
  const { outcome } = read(entries.terminal(judged(1), new Refusal('KMS_ACCESS_DENIED', told)));
  expect(outcome).toEqual({
    code: 'PERMISSION_DENIED',
    kms_error: 'E',
    kms_request_id: 'id',
    reason: 'KMS_ACCESS_DENIED',
    rule: 'r',
    side: 'source',
    status: 'failed',
  });
  const late = { ...answered(1), decision: { ...DENY, phase: 'result' as const } };
  expect(read(entries.terminal(late, refusal('POLICY_DENIED')))).toMatchObject({
    enforced: true,
    input: { phase: 'result', source: { key_arn: SOURCE.keyArn } },
    kind: 'outcome',
    result: { allow: false, rule: 'default' },
  });
});

test('docs/audit.md describes every kind of entry, each member, and all that is said of calls', () => {
  const { properties, $defs } = JSON.parse(readFileSync('policies/schemas/audit.json', 'utf8'));
  const { input, kms, outcome, result } = properties;
  const { request, principal } = input.properties;
  const parts = [input, request, principal, $defs.side, $defs.reported, kms, outcome, result];
  const names = parts.flatMap((part) => Object.keys(part.properties));
  const page = readFileSync('docs/audit.md', 'utf8');
  const untold = [...properties.kind.enum, ...Object.keys(properties), ...names].filter(
    (name) => !new RegExp(`[\`.]${name}[\`.]`).test(page),
  );
  expect(untold).toEqual([]);
});

test('no ciphertext, grant token, credential or context value is in any entry', () => {
  const secrets = [
    'SECRET-ciphertext',
    'SECRET-new',
    'SECRET-grant',
    'SECRET-bearer',
    'SECRET-value',
    'SECRET-attribute',
    'SECRET-message',
  ];
  const call = callOf(1, {
    ciphertext: Buffer.from('SECRET-ciphertext'),
    grantTokens: ['SECRET-grant'],
    arrival: { ...PLAIN_ARRIVAL, authorization: 'Bearer SECRET-bearer' },
    source: {
      keyId: 'k',
      algorithm: 'SYMMETRIC_DEFAULT',
      encryptionContext: context({ account: 'SECRET-value', tenant: 'in clear' }),
    },
  });
  const progress: Progress = {
    ...judged(1, {
      decision: { ...DENY, reasons: [{ code: 'c', message: 'SECRET-message', side: '' }] },
    }),
    call,
    principal: { ...PRINCIPAL, attributes: { access_token: 'SECRET-attribute', team: 'x' } },
    answer: { ...ANSWER, ciphertext: Buffer.from('SECRET-new') },
  };
  // Apart from `tenant`, none is a key of a context: allowing it must reveal nothing.
  const clear = [
    'tenant',
    'access_token',
    'authorization',
    'ciphertext',
    'grant_tokens',
    'message',
  ];
  const generous = createEntries({
    redactor: createRedactor(Buffer.alloc(32, 7), clear),
    now: Date.now,
  });
  const written = [
    generous.intent({ ...progress, intended: true }),
    generous.terminal(progress, refusal('POLICY_DENIED')),
    entries.intent({ ...progress, intended: true }),
    entries.terminal({ ...progress, intended: true }),
    entries.terminal(progress, refusal('POLICY_DENIED')),
  ].join('\n');
  for (const secret of secrets) {
    expect(written).not.toContain(secret);
    expect(written).not.toContain(Buffer.from(secret).toString('base64'));
  }
  expect(written).toContain('"tenant":"in clear"');
  expect(fromBody(entries.intent(progress))).toMatchObject({
    input: { request: { grant_token_count: 1 }, principal: { attributes: { team: 'x' } } },
  });
});
