import { GetPublicKeyCommand, type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import type { Kms } from '../port.ts';
import { orAbort, partial } from './fault.ts';

/** Signing with a key pair that never leaves KMS. What KMS answers is not trusted to be whole. */
export function createKeyPairs(client: KMSClient): Pick<Kms, 'getPublicKey' | 'sign'> {
  return {
    async getPublicKey(keyId, signal) {
      const command = new GetPublicKeyCommand({ KeyId: keyId });
      const answer = await orAbort(signal, () => client.send(command, { abortSignal: signal }));
      const { KeyId: arn = '', PublicKey: spki } = answer;
      if (arn === '' || !(spki instanceof Uint8Array))
        throw partial('GetPublicKey without a key', answer);
      return { arn, spki };
    },

    async sign({ keyArn, message, algorithm, signal }) {
      const command = new SignCommand({
        KeyId: keyArn,
        Message: message,
        // Ed25519 signs whole messages, so KMS takes no digest.
        MessageType: 'RAW',
        SigningAlgorithm: algorithm,
      });
      const answer = await orAbort(signal, () => client.send(command, { abortSignal: signal }));
      if (!(answer.Signature instanceof Uint8Array))
        throw partial('Sign without a signature', answer);
      return answer.Signature;
    },
  };
}
