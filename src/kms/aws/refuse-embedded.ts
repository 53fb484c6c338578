import type { Side } from '../../call.ts';
import { Refusal } from '../../errors.ts';
import { isEmbeddedCiphertext, isEmbeddedKeyId } from '../embedded/marks.ts';
import type { Kms } from '../port.ts';
import type { KmsRequest } from '../request.ts';

type Asks = Pick<Kms, 'reEncrypt' | 'describeKey' | 'getPublicKey'>;

/** Keeps what an embedded KMS made, on somebody's laptop, away from AWS KMS. */
export function refuseEmbedded({ reEncrypt, describeKey, getPublicKey }: Asks): Asks {
  return {
    reEncrypt(request) {
      const refusal = embeddedPart(request);
      return refusal ? Promise.reject(refusal) : reEncrypt(request);
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

function embeddedPart({ source, destination, ciphertext }: KmsRequest): Refusal | undefined {
  if (isEmbeddedKeyId(source.keyId)) return embeddedKey('source');
  if (isEmbeddedKeyId(destination.keyId)) return embeddedKey('destination');
  return isEmbeddedCiphertext(ciphertext) ? embeddedCiphertext() : undefined;
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
