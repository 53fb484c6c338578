import { randomUUID } from 'node:crypto';
import {
  type Call,
  type CallSide,
  type KeyFacts,
  keysOf,
  type Phase,
  type Principal,
  type Resolved,
} from '../call.ts';
import { contextChanges } from './context-changes.ts';
import type { Frame, Input } from './engine/frame.ts';
import { type PolicyInput, toInput, toPrincipal, toRequest, toTime } from './input.ts';

/** What differs from call to call between the same two keys, in the order of the input. */
const SLOTS = [
  ['principal'],
  ['source', 'encryption_context'],
  ['source', 'encryption_context_keys'],
  ['destination', 'encryption_context'],
  ['destination', 'encryption_context_keys'],
  ['relation', 'context'],
  ['request'],
  ['time'],
] as const;

const frames = new WeakMap<KeyFacts, WeakMap<KeyFacts, Map<string, Frame>>>();
const principals = new WeakMap<Principal, string>();

/** The same as `toInput`, in a frame that lives as long as the facts of both keys. */
export function toFramedInput(resolved: Resolved, phase: Phase): Input {
  const { call, principal } = resolved;
  const { source, destination } = call;
  const changes = contextChanges(source.encryptionContext, destination.encryptionContext);
  const values = [
    principalText(principal),
    ...contextTexts(source),
    ...contextTexts(destination),
    JSON.stringify(changes),
    JSON.stringify(toRequest(call)),
    JSON.stringify(toTime(call.receivedAt)),
  ];
  return { frame: frameOf(resolved, phase), values };
}

function contextTexts({ encryptionContext }: CallSide): [string, string] {
  return [JSON.stringify(encryptionContext), JSON.stringify(keysOf(encryptionContext))];
}

function principalText(principal: Principal): string {
  let text = principals.get(principal);
  if (text === undefined) {
    text = JSON.stringify(toPrincipal(principal));
    principals.set(principal, text);
  }
  return text;
}

function frameOf(resolved: Resolved, phase: Phase): Frame {
  const { call, keys } = resolved;
  const kept = framesOf(keys.source, keys.destination);
  const variant = variantOf(call, phase);
  let frame = kept.get(variant);
  if (!frame) {
    frame = toFrame(toInput(resolved, phase));
    kept.set(variant, frame);
  }
  return frame;
}

/** What of a call is in its frame beside the keys: all of it one of a few words. */
function variantOf({ action, source, destination }: Call, phase: Phase): string {
  return `${action} ${phase} ${source.algorithm} ${destination.algorithm}`;
}

function framesOf(source: KeyFacts, destination: KeyFacts): Map<string, Frame> {
  const toDestinations = frames.get(source) ?? new WeakMap<KeyFacts, Map<string, Frame>>();
  const variants = toDestinations.get(destination) ?? new Map<string, Frame>();
  frames.set(source, toDestinations.set(destination, variants));
  return variants;
}

/** Cuts the text where the slots are, by a mark that nobody outside can know. */
function toFrame(input: PolicyInput): Frame {
  const mark = randomUUID();
  const { source, destination, relation } = input;
  const marked = {
    ...input,
    principal: mark,
    source: { ...source, encryption_context: mark, encryption_context_keys: mark },
    destination: { ...destination, encryption_context: mark, encryption_context_keys: mark },
    relation: { ...relation, context: mark },
    request: mark,
    time: mark,
  };
  return Object.freeze({
    pieces: JSON.stringify(marked).split(JSON.stringify(mark)),
    slots: SLOTS,
  });
}
