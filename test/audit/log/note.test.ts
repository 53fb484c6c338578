import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isSigned, parseNote, toCheckpoint, whyUnsigned } from '../../../src/audit/log/note.ts';
import { parseVkey, toVkey } from '../../../src/audit/log/vkey.ts';

const PAIRS = {
  Ed25519: generateKeyPairSync('ed25519'),
  // Its hash does not cover the name of the key.
  ECDSA: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
};
const TEXT = toCheckpoint('pod-b', { size: 1, root: Buffer.alloc(32) });

describe.each(['Ed25519', 'ECDSA'] as const)('a checkpoint signed by %s', (algorithm) => {
  const { privateKey, publicKey } = PAIRS[algorithm];
  const keyOf = (name: string) => parseVkey(toVkey(name, publicKey));
  const signature = sign(algorithm === 'ECDSA' ? 'sha256' : null, Buffer.from(TEXT), privateKey);
  const signedAs = (name: string) => {
    const bytes = Buffer.concat([keyOf(name).id, signature]);
    return parseNote(`${TEXT}\n— ${name} ${bytes.toString('base64')}\n`);
  };

  it('counts for the origin that both the key and the signature name', () => {
    expect(isSigned(signedAs('pod-b'), [keyOf('pod-b')])).toBe(true);
  });

  it.each([
    ['the key', 'pod-a', 'pod-b'],
    ['the signature', 'pod-b', 'pod-a'],
    ['either', 'pod-a', 'pod-a'],
  ])('does not count where %s is of another pod', (_, key, signer) => {
    expect(isSigned(signedAs(signer), [keyOf(key)])).toBe(false);
    expect(whyUnsigned(signedAs(signer), [keyOf(key)])).not.toBe('');
  });
});

it.each(['', 'pod-a', 'pod-a+00000000', `${toVkey('pod-a', PAIRS.ECDSA.publicKey)} x`])(
  'no verifier key is %j',
  (text) => {
    expect(() => parseVkey(text)).toThrow(`'${text}' is not a verifier key (name+hash+key)`);
  },
);

it.each([
  ['', 'not a checkpoint'],
  [TEXT, 'not a checkpoint'],
  [`${TEXT}\npod-b AAAA\n`, 'a signature line of the checkpoint is malformed'],
  [`${TEXT}\n— pod-b\n`, 'a signature line of the checkpoint is malformed'],
  [`${TEXT}\n${'— pod-b AAAA\n'.repeat(101)}`, 'the checkpoint has too many signatures'],
])('no note is %j', (note, why) => {
  expect(() => parseNote(note)).toThrow(why);
});
