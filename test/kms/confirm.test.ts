import { describe, expect, it } from 'vitest';
import type { KmsAnswer } from '../../src/call.ts';
import { Refusal } from '../../src/errors.ts';
import { confirm } from '../../src/kms/confirm.ts';
import { ANSWER } from './answers.ts';
import { aPermit, DESTINATION_ARN, SOURCE_ARN } from './permits.ts';

const bare: KmsAnswer = {
  ...ANSWER,
  ciphertext: new Uint8Array(0),
  sourceKeyArn: '',
  destinationKeyArn: '',
  sourceAlgorithm: '',
  destinationAlgorithm: '',
};
const mrk = 'arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab';

function sideWithheld(act: () => void): string {
  try {
    act();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(Refusal);
    expect(thrown).toMatchObject({ reason: 'CONFIRM_MISMATCH' });
    return (thrown as Refusal).side || 'neither side';
  }
  return 'released';
}

describe('an answer is released', () => {
  it('if it is complete and names the keys and algorithms that were judged', () => {
    confirm(aPermit(), ANSWER);
  });

  it('if the source was left out and KMS names one, which policy then judges', () => {
    confirm(aPermit({ source: { keyId: '' } }), { ...ANSWER, sourceKeyArn: mrk });
  });

  it('for a dry run that KMS would have performed, which names no key', () => {
    confirm(aPermit({ call: { dryRun: true } }), { ...bare, dryRun: true });
  });
});

describe('an answer is withheld', () => {
  it.each<[string, Partial<KmsAnswer>, string]>([
    ['is empty', bare, 'neither side'],
    ['has no ciphertext', { ciphertext: new Uint8Array(0) }, 'neither side'],
    ['has no source key', { sourceKeyArn: '' }, 'source'],
    ['has no destination key', { destinationKeyArn: '' }, 'destination'],
    ['names another source key', { sourceKeyArn: DESTINATION_ARN }, 'source'],
    ['names another destination key', { destinationKeyArn: SOURCE_ARN }, 'destination'],
    ['names the key id without its ARN', { sourceKeyArn: SOURCE_ARN.slice(-36) }, 'source'],
    ['used another source algorithm', { sourceAlgorithm: 'RSAES_OAEP_SHA_1' }, 'source'],
    ['leaves out the destination algorithm', { destinationAlgorithm: '' }, 'destination'],
    ['calls a real call a dry run', { dryRun: true }, 'neither side'],
  ])('that %s', (_, change, side) => {
    expect(sideWithheld(() => confirm(aPermit(), { ...ANSWER, ...change }))).toBe(side);
  });

  it('that names no source key although the caller left it to KMS', () => {
    const permit = aPermit({ source: { keyId: '' } });
    expect(sideWithheld(() => confirm(permit, { ...ANSWER, sourceKeyArn: '' }))).toBe('source');
  });

  it('that names a related multi-Region key in another Region', () => {
    const permit = aPermit({ sourceFacts: { keyArn: mrk } });
    const answer = { ...ANSWER, sourceKeyArn: mrk.replace('eu-west-1', 'us-east-1') };
    expect(sideWithheld(() => confirm(permit, answer))).toBe('source');
  });

  it('that re-encrypted although a dry run was requested', () => {
    const permit = aPermit({ call: { dryRun: true } });
    expect(sideWithheld(() => confirm(permit, ANSWER))).toBe('neither side');
    const both = { ...ANSWER, dryRun: true };
    expect(sideWithheld(() => confirm(permit, both))).toBe('neither side');
  });

  it('without telling the caller which key KMS used', () => {
    const answer = { ...ANSWER, sourceKeyArn: mrk };
    expect(() => confirm(aPermit(), answer)).toThrow(
      'What KMS reports is not what was judged; its result is withheld.',
    );
  });
});
