import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Signer } from '../audit/log/signer.ts';
import { toVkey } from '../audit/log/vkey.ts';
import { Refusal } from '../errors.ts';
import type { Kms, SignRequest } from '../kms/port.ts';
import { messageOf } from '../thrown.ts';
import { saidByKms } from './causes.ts';

interface KmsKey {
  readonly kms: Pick<Kms, 'getPublicKey' | 'sign'>;
  /** Id, ARN or alias. */
  readonly keyId: string;
  /** Of the log: the name that it signs with. */
  readonly origin: string;
}

/** After this a signature has failed and is retried later; a shutdown waits no longer for its last one. */
const SIGN_MS = 3_000;

/**
 * Signs checkpoints with a key pair that never leaves KMS. An alias is resolved once, here: were it
 * moved to another key later, that key's signatures would not be those that the log's segments
 * announce. @throws Error if the key cannot be used
 */
export async function createKmsSigner({ kms, keyId, origin }: KmsKey): Promise<Signer> {
  const named = `audit.checkpoint.kms_key_id: ${keyId}`;
  const { arn, spki } = await kms.getPublicKey(keyId, deadline()).catch((thrown) => {
    throw new Error(`${named}: ${whyNot(thrown)}`, { cause: thrown });
  });
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  const algorithm = algorithmOf(key);
  if (!algorithm) throw new Error(`${named} is neither ECC_NIST_EDWARDS25519 nor ECC_NIST_P256`);
  return {
    vkey: toVkey(origin, key),
    async sign(message) {
      const signature = kms.sign({ keyArn: arn, message, algorithm, signal: deadline() });
      return signature.catch((thrown) => {
        throw new Error(whyNot(thrown), { cause: thrown });
      });
    },
  };
}

function algorithmOf(key: KeyObject): SignRequest['algorithm'] | undefined {
  if (key.asymmetricKeyType === 'ed25519') return 'ED25519_SHA_512';
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return curve === 'prime256v1' ? 'ECDSA_SHA_256' : undefined;
}

function deadline(): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort(new Refusal('DEADLINE_EXCEEDED'));
  setTimeout(abort, SIGN_MS).unref();
  return controller.signal;
}

/** For operators only: what KMS said names the proxy's role and the key. */
function whyNot(thrown: unknown): string {
  const said = saidByKms(thrown);
  if (!said) return messageOf(thrown);
  const request = thrown instanceof Refusal ? thrown.kmsRequestId : '';
  return `${said.code}: ${said.message}${request && ` (request ${request})`}`;
}
