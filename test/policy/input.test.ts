import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ANONYMOUS } from '../../src/identity/principal.ts';
import { wholeText } from '../../src/policy/engine/frame.ts';
import { createFraming } from '../../src/policy/framing.ts';
import { toInput } from '../../src/policy/input.ts';
import { SAMPLES } from '../../src/policy/samples.ts';
import { aCall, keyFacts, resolved, UNKNOWN } from './values.ts';

const frameInput = createFraming();

const text = readFileSync('policies/schemas/input.json', 'utf8');
const schema = z.fromJSONSchema(JSON.parse(text));

interface ObjectSchema {
  readonly required: readonly string[];
  readonly properties: object;
}

/** Every schema in it of an object with named fields. */
function* objectsIn(part: object): Generator<ObjectSchema> {
  if ('properties' in part) yield part as ObjectSchema;
  for (const below of Object.values(part))
    if (typeof below === 'object' && below !== null) yield* objectsIn(below);
}

describe('the input', () => {
  const unknown = { keys: { source: UNKNOWN, destination: keyFacts('alias/d') } };
  it.each([
    ['a plain call', toInput(resolved(), 'request')],
    ['an unknown source key', toInput(resolved({}, unknown), 'request')],
    ['a result', toInput(resolved(), 'result')],
    ...Object.entries(SAMPLES),
  ])('matches its schema in every field, for %s', (_name, input) => {
    expect(schema.safeParse(input).error).toBeUndefined();
  });

  it('is total: its schema requires every field', () => {
    for (const { properties, required } of objectsIn(JSON.parse(text)))
      expect(required).toEqual(Object.keys(properties));
  });

  it('has the same anonymous caller in samples as in calls', () => {
    expect(SAMPLES['an anonymous caller'].principal).toEqual(
      toInput(resolved({}, { principal: ANONYMOUS }), 'request').principal,
    );
  });

  it.each([
    ['a plain call', resolved()],
    ['an unknown source key', resolved({}, unknown)],
    ['texts that JSON must escape', resolved({ id: '"\\u2028', job: '\u0000' })],
  ])('is the same as text and as object, first and repeated, for %s', (_name, asked) => {
    for (let i = 0; i < 2; i += 1) {
      expect(wholeText(frameInput(asked, 'request'))).toBe(
        JSON.stringify(toInput(asked, 'request')),
      );
    }
  });

  it('as text never repeats an earlier call with the same keys and principal', () => {
    const side = (tenant: string) =>
      ({ keyId: '', algorithm: 'SYMMETRIC_DEFAULT', encryptionContext: { tenant } }) as const;
    const first = resolved({ source: side('first') });
    const next = { ...first, call: { ...first.call, source: side('next') } };
    frameInput(first, 'request');
    expect(JSON.parse(wholeText(frameInput(next, 'result')))).toEqual(toInput(next, 'result'));
  });

  it('shows how the sides relate', () => {
    const context = (encryptionContext: Record<string, string>) =>
      ({ keyId: '', algorithm: 'SYMMETRIC_DEFAULT', encryptionContext }) as const;
    const { relation } = toInput(
      resolved({
        source: context({ kept: '1', changed: '1', removed: '1' }),
        destination: context({ kept: '1', changed: '2', added: '1' }),
      }),
      'request',
    );
    expect(relation).toEqual({
      known: true,
      same_key: false,
      same_mrk_family: false,
      same_account: true,
      same_region: true,
      context: { added: ['added'], removed: ['removed'], changed: ['changed'], kept: ['kept'] },
      algorithm_changed: false,
    });
  });

  // biome-ignore format: a table reads best with a case a line.
  const RELATIONS = [
    ['one key', {}, {}, { same_key: true, same_mrk_family: false }],
    ['another account', {}, { account: '999999999999' }, { same_account: false, same_region: true }],
    ['another partition', {}, { partition: 'aws-cn' }, { same_account: false, same_region: false }],
    ['a multi-Region replica', { multiRegion: true }, { multiRegion: true, region: 'us-east-1', keyArn: 'arn:r' }, { same_key: false, same_mrk_family: true, same_region: false }],
    ['two multi-Region families', { multiRegion: true }, { multiRegion: true, keyId: 'mrk-b', keyArn: 'arn:r' }, { same_account: true, same_mrk_family: false }],
    ['a multi-Region key id of another account', { multiRegion: true }, { multiRegion: true, account: '999999999999', keyArn: 'arn:r' }, { same_mrk_family: false }],
    ['a multi-Region source only', { multiRegion: true }, { keyArn: 'arn:r' }, { same_mrk_family: false }],
    ['a multi-Region destination only', {}, { multiRegion: true, keyArn: 'arn:r' }, { same_mrk_family: false }],
    ['an unknown source', UNKNOWN, {}, { known: false, same_key: false, same_account: false, same_region: false }],
  ] as const;
  it.each(RELATIONS)('recognizes %s', (_name, source, destination, relation) => {
    const keys = {
      source: keyFacts('alias/k', source),
      destination: keyFacts('alias/k', destination),
    };
    expect(toInput(resolved({}, { keys }), 'request').relation).toMatchObject(relation);
  });

  it('has the time of arrival, and only the hash of the ciphertext', () => {
    const { time, request } = toInput(resolved(), 'request');
    expect(time).toEqual({
      rfc3339: '2026-11-23T12:34:56.789Z',
      unix_ms: 1_795_437_296_789,
      weekday: 'Monday',
      hour_utc: 12,
    });
    expect(request.ciphertext_sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(
      JSON.stringify(toInput(resolved(aCall({ grantTokens: ['secret-token'] })), 'request')),
    ).not.toContain('secret-token');
  });

  // Service Authorization Reference: IAM's condition keys for ReEncryptFrom and ReEncryptTo.
  it.each([
    'kms:EncryptionAlgorithm',
    'kms:EncryptionContext:…',
    'kms:EncryptionContextKeys',
    'kms:ReEncryptOnSameKey',
    'kms:RequestAlias',
    'kms:ResourceAliases',
    'kms:KeyOrigin',
    'kms:KeySpec',
    'kms:KeyUsage',
    'kms:MultiRegion',
    'kms:MultiRegionKeyType',
    'aws:ResourceTag/…',
    'aws:SourceIp',
    'aws:PrincipalArn',
    'aws:CurrentTime',
    'aws:ResourceAccount',
    'aws:RequestedRegion',
  ])('has and documents a counterpart of %s', (conditionKey) => {
    expect(text).toContain(conditionKey);
  });
});
