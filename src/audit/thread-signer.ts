import { createEd25519Signer, type Signer } from './log/signer.ts';
import { parseVkey, verifies } from './log/vkey.ts';
import type { Report, Signed, SigningKey } from './messages.ts';

interface ThreadSigner {
  readonly signer: Signer;
  signed(answer: Signed): void;
}

/** Signs in the thread with a key from a file, or asks the other side if a KMS holds the key. */
export function createThreadSigner(
  key: SigningKey,
  origin: string,
  tell: (report: Report) => void,
): ThreadSigner {
  if ('vkey' in key) return createAskingSigner(key.vkey, tell);
  return { signer: createEd25519Signer(Buffer.from(key.pem), origin), signed: () => undefined };
}

interface Asked extends PromiseWithResolvers<Uint8Array> {
  readonly text: Uint8Array;
}

function createAskingSigner(vkey: string, tell: (report: Report) => void): ThreadSigner {
  const key = parseVkey(vkey);
  const asked = new Map<number, Asked>();
  let lastId = 0;
  return {
    signer: {
      vkey,
      sign(text) {
        lastId += 1;
        const asking = { text, ...Promise.withResolvers<Uint8Array>() };
        asked.set(lastId, asking);
        tell({ type: 'sign', id: lastId, text });
        return asking.promise;
      },
    },
    signed({ id, signature, message }) {
      const asking = asked.get(id);
      asked.delete(id);
      if (!asking) return;
      const { text, resolve, reject } = asking;
      if (!signature) reject(new Error(message));
      // A checkpoint that does not verify would make a sound log look tampered with.
      else if (verifies(text, key, signature)) resolve(signature);
      else reject(new Error('KMS answered with a signature that was not made by its key'));
    },
  };
}
