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
import { keepLast } from '../keep-last.ts';
import { contextChanges } from './context-changes.ts';
import type { Frame, Input } from './engine/frame.ts';
import { type PolicyInput, toInput, toRequest, toTime } from './input.ts';

/** The parts that differ between calls of one caller with the same two keys, in the input's order. */
const SLOTS = [
  ['source', 'encryption_context'],
  ['source', 'encryption_context_keys'],
  ['destination', 'encryption_context'],
  ['destination', 'encryption_context_keys'],
  ['relation', 'context'],
  ['request'],
  ['time'],
] as const;

type Frames = Map<string, Frame>;

type ByKeys = WeakMap<Principal, WeakMap<KeyFacts, WeakMap<KeyFacts, Frames>>>;

/**
 * By principal, source key and destination key. A frame can be garbage-collected when any of them can.
 * But a caller with a thousand keys can name a million pairs: past MOST_FRAMES, all are dropped.
 */
const kept: { frames: ByKeys; count: number } = { frames: new WeakMap(), count: 0 };

/** 2 to 3 kB each. */
const MOST_FRAMES = 2_048;

/** The same as `toInput`, in a frame that lives as long as the facts of caller and keys. */
export function toFramedInput(resolved: Resolved, phase: Phase): Input {
  const { call } = resolved;
  const { source, destination } = call;
  const changes = contextChanges(source.encryptionContext, destination.encryptionContext);
  const values = [
    ...contextTexts(source),
    ...contextTexts(destination),
    JSON.stringify(changes),
    JSON.stringify(toRequest(call)),
    timeText(call.receivedAt),
  ];
  return { frame: frameOf(resolved, phase), values };
}

function contextTexts({ encryptionContext }: CallSide): [string, string] {
  return [JSON.stringify(encryptionContext), JSON.stringify(keysOf(encryptionContext))];
}

/** Calls in the same millisecond share the text. */
const timeText = keepLast((at: number) => JSON.stringify(toTime(at)));

function frameOf(resolved: Resolved, phase: Phase): Frame {
  const variant = variantOf(resolved.call, phase);
  const known = framesOf(resolved).get(variant);
  if (known) return known;
  const frame = toFrame(toInput(resolved, phase));
  if (kept.count >= MOST_FRAMES) Object.assign(kept, { frames: new WeakMap(), count: 0 });
  kept.count += 1;
  framesOf(resolved).set(variant, frame);
  return frame;
}

/** The other parts of a call that its frame holds: each has few possible values, so frames stay few. */
function variantOf({ action, source, destination }: Call, phase: Phase): string {
  return `${action} ${phase} ${source.algorithm} ${destination.algorithm}`;
}

function framesOf({ principal, keys }: Resolved): Frames {
  const { frames } = kept;
  const known = frames.get(principal)?.get(keys.source)?.get(keys.destination);
  if (known) return known;
  const bySource = frames.get(principal) ?? new WeakMap<KeyFacts, WeakMap<KeyFacts, Frames>>();
  const byDestination = bySource.get(keys.source) ?? new WeakMap<KeyFacts, Frames>();
  const made: Frames = new Map();
  frames.set(principal, bySource.set(keys.source, byDestination.set(keys.destination, made)));
  return made;
}

/** Cuts the text at the slots, by a random mark that no caller can guess. */
function toFrame(input: PolicyInput): Frame {
  const mark = randomUUID();
  const { source, destination, relation } = input;
  const marked = {
    ...input,
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
