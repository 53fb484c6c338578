import type { EncryptionAlgorithm, KeyDescription, KmsAnswer } from '../../src/call.ts';
import { type Kms, KmsFault } from '../../src/kms/port.ts';
import type { KmsRequest } from '../../src/kms/request.ts';
import { PLAIN_KEY } from '../helpers/plain-values.ts';
import type { World } from './world.ts';

const REGION = 'arn:aws:kms:eu-west-1:111122223333';
const ALGORITHM: EncryptionAlgorithm = 'SYMMETRIC_DEFAULT';

export const KEYS = [1, 2, 3, 4].map(
  (n) => `${REGION}:key/0000000${n}-0000-4000-8000-000000000000`,
) as [string, ...string[]];
/** A lie that happened to name the judged key could not be told from the truth. */
const NOBODYS = `${REGION}:key/ffffffff-0000-4000-8000-000000000000`;
export const ALIASES = ['alias/a', 'alias/b', 'alias/c'] as const;

/** What KMS did, whatever it answered. */
interface Deed {
  readonly request: KmsRequest;
  /** The keys that it really used. */
  readonly sourceArn: string;
  readonly destinationArn: string;
}

export interface SimulatedKms extends Kms {
  readonly inFlight: number;
  /** By request id. */
  readonly deeds: ReadonlyMap<string, Deed>;
  repoint(): void;
  troubles(share: number): void;
}

/** A ciphertext that names the key it was made under. */
export const ciphertextUnder = (keyArn: string): Uint8Array => Buffer.from(`under ${keyArn}`);

export function createSimulatedKms(
  world: World,
  onRequest: (request: KmsRequest) => void,
): SimulatedKms {
  const aliases = new Map<string, string>();
  const deeds = new Map<string, Deed>();
  let inFlight = 0;
  let share = 0;
  const repoint = (): void => {
    for (const alias of ALIASES) if (world.chance(0.7)) aliases.set(alias, world.pick(KEYS));
  };
  for (const alias of ALIASES) aliases.set(alias, world.pick(KEYS));

  return {
    deeds,
    repoint,
    get inFlight() {
      return inFlight;
    },
    troubles(next) {
      share = next;
    },
    async reEncrypt(request) {
      onRequest(request);
      inFlight += 1;
      try {
        await delay(request.signal);
        if (world.chance(0.05)) repoint();
        return perform(request);
      } finally {
        inFlight -= 1;
      }
    },
    async describeKey(keyId) {
      await world.sleep(world.between(0, 20));
      if (world.chance(share)) throw fault();
      return describe(resolve(keyId));
    },
    listAliases: async () => [],
    listResourceTags: async () => ({}),
    getPublicKey: () => Promise.reject(new Error('not asked')),
    sign: () => Promise.reject(new Error('not asked')),
    close: async () => {},
  };

  function delay(signal: AbortSignal): Promise<void> {
    const hangs = world.chance(share / 4);
    return world.sleep(hangs ? 100_000 : world.between(1, 60), signal);
  }

  function perform(request: KmsRequest): KmsAnswer {
    if (world.chance(share)) throw fault();
    const text = Buffer.from(request.ciphertext).toString();
    const sourceArn = text.slice('under '.length);
    const { keyId } = request.source;
    if (keyId !== '' && resolve(keyId) !== sourceArn) throw refusal('IncorrectKeyException');
    const destinationArn = resolve(request.destination.keyId);
    const requestId = `r${deeds.size}`;
    deeds.set(requestId, { request, sourceArn, destinationArn });
    return lie({
      ciphertext: request.dryRun ? new Uint8Array() : ciphertextUnder(destinationArn),
      sourceKeyArn: request.dryRun ? '' : sourceArn,
      destinationKeyArn: request.dryRun ? '' : destinationArn,
      sourceAlgorithm: ALGORITHM,
      destinationAlgorithm: ALGORITHM,
      sourceKeyMaterialId: '',
      destinationKeyMaterialId: '',
      dryRun: request.dryRun,
      requestId,
      attempts: 1,
      latencyNs: 1,
    });
  }

  function resolve(keyId: string): string {
    if (keyId.startsWith('arn:')) return keyId;
    const arn = aliases.get(keyId);
    if (arn === undefined) throw refusal('NotFoundException');
    return arn;
  }

  /** Something between the proxy and KMS answers in its place. */
  function lie(answer: KmsAnswer): KmsAnswer {
    if (!world.chance(share / 2)) return answer;
    const empty = { ciphertext: new Uint8Array(), sourceKeyArn: '', destinationKeyArn: '' };
    return world.pick<KmsAnswer>([
      { ...answer, ...empty },
      { ...answer, destinationKeyArn: NOBODYS },
      { ...answer, sourceKeyArn: NOBODYS },
      { ...answer, destinationAlgorithm: 'RSAES_OAEP_SHA_1' },
      { ...answer, dryRun: !answer.dryRun },
    ]);
  }

  function fault(): KmsFault {
    return world.pick([
      refusal('ThrottlingException'),
      refusal('KMSInternalException', 500),
      refusal('DependencyTimeoutException', 503),
      refusal('AccessDeniedException'),
      refusal('ExpiredTokenException'),
      refusal('ECONNRESET', 0),
      refusal('SyntaxError', 200),
    ]);
  }
}

const refusal = (code: string, httpStatus = 400): KmsFault =>
  new KmsFault(code, code, { httpStatus });

function describe(arn: string): KeyDescription {
  return {
    arn,
    keyId: arn.slice(-36),
    ...PLAIN_KEY,
  };
}
