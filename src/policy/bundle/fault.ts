import { nameOf } from '../../files/location.ts';

/** Why a bundle is not taken, in one sentence that says what to do where that is known. */
export class BundleFault extends Error {
  override readonly name = 'BundleFault';
}

/** The sentence, with the name of the bundle where it has none. */
export function about(location: string, { message }: BundleFault): string {
  const name = nameOf(location);
  return message.includes(name) ? message : `${name}: ${message}`;
}
