import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type Body, fromBody, pack } from '../../src/audit/body.ts';
import { createEntries } from '../../src/audit/entry.ts';
import { createStage, EMPTY_CHAIN } from '../../src/audit/log/chain.ts';
import { createRedactor } from '../../src/audit/redact.ts';
import type { Progress } from '../../src/call.ts';
import { REASONS, type Reason, Refusal } from '../../src/errors.ts';
import { canonical } from '../../src/json/canonical.ts';
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
} from './samples.ts';

const schema = z.fromJSONSchema(JSON.parse(readFileSync('docs/audit.schema.json', 'utf8')));
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

test('docs/audit.md describes every kind and member of the schema', () => {
  const { properties, $defs } = JSON.parse(readFileSync('docs/audit.schema.json', 'utf8'));
  const { input, kms, outcome, result } = properties;
  const members = [
    input.properties.request,
    input.properties.principal,
    $defs.side,
    $defs.reported,
  ];
  const names = [...members, kms, outcome, result].flatMap((one) => Object.keys(one.properties));
  const page = readFileSync('docs/audit.md', 'utf8');
  const untold = [...properties.kind.enum, ...names].filter(
    (name) => !page.includes(`\`${name}\``),
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
    arrival: {
      peer: 'p',
      socketIdentity: '',
      authorization: 'Bearer SECRET-bearer',
      accessKeyId: '',
    },
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
