import { randomUUID } from 'node:crypto';
import { keepLast } from '../caches/keep-last.ts';
import type { Call, CallSide, KeyFacts, Phase, Principal, Resolved } from '../call.ts';
import { contextKeys } from '../encryption-context.ts';
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

/** 2 to 3 kB each. */
const MOST_FRAMES = 2_048;

/**
 * Makes what `toInput` does, but in frames that are kept by principal, source key and destination key. A frame
 * can be garbage-collected when any of them can. But a caller with a thousand keys can name a million pairs:
 * past MOST_FRAMES, all are dropped.
 */
export function createFraming(): (resolved: Resolved, phase: Phase) => Input {
  let kept: ByKeys = new WeakMap();
  let count = 0;
  /** Calls in the same millisecond share the text. */
  const timeText = keepLast((at: number) => JSON.stringify(toTime(at)));

  return (resolved, phase) => {
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
  };

  function frameOf(resolved: Resolved, phase: Phase): Frame {
    const variant = variantOf(resolved.call, phase);
    const known = framesOf(kept, resolved).get(variant);
    if (known) return known;
    const frame = toFrame(toInput(resolved, phase));
    if (count >= MOST_FRAMES) [kept, count] = [new WeakMap(), 0];
    count += 1;
    framesOf(kept, resolved).set(variant, frame);
    return frame;
  }
}

function contextTexts({ encryptionContext }: CallSide): [string, string] {
  return [JSON.stringify(encryptionContext), JSON.stringify(contextKeys(encryptionContext))];
}

/** The other parts of a call that its frame holds: each has few possible values, so frames stay few. */
function variantOf({ action, source, destination }: Call, phase: Phase): string {
  return `${action} ${phase} ${source.algorithm} ${destination.algorithm}`;
}

function framesOf(frames: ByKeys, { principal, keys }: Resolved): Frames {
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
