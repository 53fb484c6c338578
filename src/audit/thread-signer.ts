import { createEd25519Signer, type Signer } from './log/signer.ts';
import type { Report, Signed, SigningKey } from './messages.ts';

/** Signs in the thread with a key from a file, or asks the other side, where a KMS holds the key. */
export function createThreadSigner(
  key: SigningKey,
  origin: string,
  tell: (report: Report) => void,
): { readonly signer: Signer; signed(answer: Signed): void } {
  if ('pem' in key) {
    return { signer: createEd25519Signer(Buffer.from(key.pem), origin), signed: () => undefined };
  }
  const asked = new Map<number, PromiseWithResolvers<Uint8Array>>();
  let lastId = 0;
  return {
    signer: {
      vkey: key.vkey,
      sign(text) {
        lastId += 1;
        const answer = Promise.withResolvers<Uint8Array>();
        asked.set(lastId, answer);
        tell({ type: 'sign', id: lastId, text });
        return answer.promise;
      },
    },
    signed({ id, signature, message }) {
      const answer = asked.get(id);
      asked.delete(id);
      if (signature) answer?.resolve(signature);
      else answer?.reject(new Error(message));
    },
  };
}
