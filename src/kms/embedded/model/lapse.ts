import type { World } from '../world.ts';
import { type Key, stateOf } from './key.ts';
import { rotate } from './material.ts';

export const DAY_MS = 86_400_000;

/**
 * Brings a key up to the present: what time alone does to keys (deletion, expiry of imported
 * material, yearly rotation) happens when they are next looked at.
 *
 * @returns undefined once the key is gone.
 */
export function lapse(world: World, key: Key): Key | undefined {
  const now = world.now();
  if (key.deletion?.at !== undefined && key.deletion.at <= now) {
    removeKey(world, key, key.deletion.at);
    return undefined;
  }
  for (const material of key.family.materials) {
    if (material.validTo !== undefined && material.validTo <= now) material.secret = undefined;
  }
  rotateWhenDue(world, key);
  return key;
}

/** Only enabled keys are rotated; for a multi-Region family its primary key decides. */
function rotateWhenDue(world: World, key: Key): void {
  const { rotation, members } = key.family;
  const primary = members.find(({ multiRegion }) => multiRegion === 'PRIMARY') ?? key;
  if (!rotation || stateOf(primary) !== 'Enabled') return;
  while (rotation.next <= world.now()) {
    rotate(world, key, { at: rotation.next, type: 'AUTOMATIC' });
    rotation.next += rotation.periodInDays * DAY_MS;
  }
}

/** A primary key that waits for its replicas starts its own waiting period when the last is gone. */
function removeKey(world: World, key: Key, at: number): void {
  world.store.removeKey(key);
  world.changed();
  const [last, ...others] = key.family.members;
  if (!last || others.length > 0 || !last.deletion || last.deletion.at !== undefined) return;
  const { windowInDays } = last.deletion;
  last.deletion = { windowInDays, at: at + windowInDays * DAY_MS };
}
