import type { Side } from '../../call.ts';
import { Refusal } from '../../errors.ts';
import { isEmbeddedCiphertext, isEmbeddedKeyId } from '../embedded/marks.ts';
import type { Kms } from '../port.ts';

type Asks = Pick<Kms, 'reEncrypt' | 'describeKey' | 'getPublicKey'>;

/** Keeps what an embedded KMS made, on somebody's laptop, away from AWS KMS. */
export function refuseEmbedded({ reEncrypt, describeKey, getPublicKey }: Asks): Asks {
  return {
    async reEncrypt(request) {
      if (isEmbeddedKeyId(request.source.keyId)) throw embeddedKey('source');
      if (isEmbeddedKeyId(request.destination.keyId)) throw embeddedKey('destination');
      if (isEmbeddedCiphertext(request.ciphertext)) throw embeddedCiphertext();
      return reEncrypt(request);
    },
    async describeKey(keyId, signal) {
      if (isEmbeddedKeyId(keyId)) throw embeddedKey('');
      const description = await describeKey(keyId, signal);
      // An alias carries no mark; what it stands for does.
      if (isEmbeddedKeyId(description.arn)) throw embeddedKey('');
      return description;
    },
    async getPublicKey(keyId, signal) {
      if (isEmbeddedKeyId(keyId)) throw embeddedKey('');
      const key = await getPublicKey(keyId, signal);
      if (isEmbeddedKeyId(key.arn)) throw embeddedKey('');
      return key;
    },
  };
}

const embeddedKey = (side: Side | '') =>
  new Refusal('KMS_KEY_NOT_FOUND', {
    side,
    sentence: 'The key is one of an embedded KMS, which the AWS backend refuses.',
  });

const embeddedCiphertext = () =>
  new Refusal('KMS_INVALID_CIPHERTEXT', {
    side: 'source',
    sentence: 'The ciphertext was made by an embedded KMS, which the AWS backend refuses.',
  });
