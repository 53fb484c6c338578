import { loggable } from '../../addresses/location.ts';

/** Why a bundle is refused, in one sentence, which says what to do when that is known. */
export class BundleFault extends Error {
  override readonly name = 'BundleFault';
}

/** The sentence, with the bundle's name in front unless it already contains it. */
export function about(location: string, { message }: BundleFault): string {
  const name = loggable(location);
  return message.includes(name) ? message : `${name}: ${message}`;
}
