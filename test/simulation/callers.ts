import {
  type Call,
  type Decision,
  fingerprintOf,
  type Phase,
  type Resolved,
} from '../../src/call.ts';
import { Refusal } from '../../src/errors.ts';
import { PLAIN_ARRIVAL, PLAIN_CALL, PLAIN_DECISION } from '../helpers/plain-values.ts';
import { ALIASES, ciphertextUnder, KEYS } from './kms.ts';
import type { World } from './world.ts';

const PRINCIPALS: [string, ...string[]] = ['billing', 'orders', 'reports'];
const CONTEXT = Object.freeze({ tenant: 'a' });

/** A call whose caller cancels, or whose deadline passes, at a random moment. */
export function createCall(world: World, number: number): Call {
  const ending = new AbortController();
  const cancels = world.chance(0.2);
  world.after(cancels ? world.between(0, 200) : world.between(30, 5000), () =>
    ending.abort(new Refusal(cancels ? 'CANCELLED' : 'DEADLINE_EXCEEDED')),
  );
  const dryRun = world.chance(0.1);
  const anyKey = (): string => (world.chance(0.5) ? world.pick(ALIASES) : world.pick(KEYS));
  return {
    ...PLAIN_CALL,
    id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    arrival: {
      ...PLAIN_ARRIVAL,
      socketIdentity: world.chance(0.9) ? world.pick(PRINCIPALS) : '',
    },
    ...withFingerprint(ciphertextUnder(world.pick(KEYS))),
    source: {
      keyId: !dryRun && world.chance(0.4) ? '' : anyKey(),
      encryptionContext: CONTEXT,
      algorithm: 'SYMMETRIC_DEFAULT',
    },
    destination: { keyId: anyKey(), encryptionContext: CONTEXT, algorithm: 'SYMMETRIC_DEFAULT' },
    dryRun,
    receivedAt: world.epoch(),
    signal: ending.signal,
  };
}

/** The truth that no fault may bend: who may move what from which key to which. */
export function isAllowed(principal: string, source: string, destination: string): boolean {
  const name = PRINCIPALS.indexOf(principal);
  if (name < 0 || !KEYS.includes(source) || !KEYS.includes(destination)) return false;
  return (KEYS.indexOf(source) + 2 * KEYS.indexOf(destination) + name) % 3 !== 0;
}

/** A policy that knows the truth, but may fail to say it. */
export function createDecide(
  world: World,
  onDecision: (resolved: Resolved, allowed: boolean) => void,
) {
  return (resolved: Resolved, phase: Phase): Decision => {
    const { keys, principal } = resolved;
    const known = keys.source.known;
    const allowed = known
      ? isAllowed(principal.id, keys.source.keyArn, keys.destination.keyArn)
      : PRINCIPALS.includes(principal.id);
    const failure = world.chance(0.03)
      ? world.pick(['POLICY_UNDEFINED', 'POLICY_TIMEOUT', 'POLICY_FAILED'] as const)
      : '';
    onDecision(resolved, allowed && failure === '');
    return {
      ...PLAIN_DECISION,
      phase,
      // A policy point that fails may leave anything in its answer: `failure` alone must deny.
      effect: allowed ? 'allow' : 'deny',
      failure,
      allowUnknownSource: true,
    };
  };
}

const withFingerprint = (ciphertext: Uint8Array) => ({
  ciphertext,
  fingerprint: fingerprintOf(ciphertext),
});
