/**
 * Signed notes and checkpoints as C2SP specifies them: https://c2sp.org/signed-note and
 * https://c2sp.org/tlog-checkpoint. Go's golang.org/x/mod/sumdb/note reads and verifies them.
 */

import { type VerifierKey, verifies } from './vkey.ts';

/** A checkpoint's claim: so many entries have this root. */
export interface Claim {
  readonly size: number;
  readonly root: Buffer;
}

/** `<origin>\n<size>\n<root in base64>\n`: what is signed. */
export function toCheckpoint(origin: string, { size, root }: Claim): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

export function toNote(
  text: string,
  { name, id }: Pick<VerifierKey, 'name' | 'id'>,
  signature: Uint8Array,
): string {
  return `${text}\n— ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
}

export interface Checkpoint extends Claim {
  readonly origin: string;
  /** The part that is signed. */
  readonly text: string;
  readonly signatures: readonly { readonly name: string; readonly bytes: Buffer }[];
}

/** As in Go's sumdb/note: each takes time to verify, and a line of a log has room for a hundred thousand. */
const MOST_SIGNATURES = 100;

/**
 * Reads a checkpoint without verifying it. One over no entries could be compared with none, and no log signs it:
 * a log begins with a head. @throws Error
 */
export function parseNote(note: string): Checkpoint {
  const split = note.lastIndexOf('\n\n');
  const text = note.slice(0, split + 1);
  const [, origin, size, base64] =
    /^([^\n]+)\n([1-9]\d{0,14})\n([A-Za-z0-9+/]{43}=)\n/.exec(text) ?? [];
  if (split < 0 || !origin || !size || !base64) throw new Error('not a checkpoint');
  const lines = note
    .slice(split + 2)
    .split('\n')
    .filter(Boolean);
  if (lines.length > MOST_SIGNATURES) throw new Error('the checkpoint has too many signatures');
  const signatures = lines.map(toSignature);
  return { origin, size: Number(size), root: Buffer.from(base64, 'base64'), text, signatures };
}

function toSignature(line: string) {
  const [, name, base64] = /^— (\S+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
  if (!name || !base64) throw new Error('a signature line of the checkpoint is malformed');
  return { name, bytes: Buffer.from(base64, 'base64') };
}

/**
 * True if one of the keys signed it; a bad signature by a known key is never overlooked. A key counts only
 * for the origin that it is named for: otherwise any pod of a fleet could sign for another.
 */
export function isSigned(checkpoint: Checkpoint, keys: readonly VerifierKey[]): boolean {
  const known = signaturesBy(keys, checkpoint);
  return known.length > 0 && known.every((good) => good);
}

/** True if a signature that names the key is not the key's. */
export function isForged(checkpoint: Checkpoint, key: VerifierKey): boolean {
  return signaturesBy([key], checkpoint).includes(false);
}

/** Whether each signature that names one of the keys is that key's. */
function signaturesBy(
  keys: readonly VerifierKey[],
  { origin, text, signatures }: Checkpoint,
): readonly boolean[] {
  return signatures.flatMap(({ name, bytes }) =>
    keys
      .filter((key) => key.name === name && name === origin)
      .filter((key) => key.id.equals(bytes.subarray(0, 4)))
      .map((key) => verifies(text, key, bytes.subarray(4))),
  );
}

/**
 * Why none of the keys vouches for a checkpoint, to be printed after its name ("is …", "has …"); '' if one
 * does. Keys appear as `name+hash`, which is all that a note says about its signers.
 */
export function whyUnsigned(checkpoint: Checkpoint, keys: readonly VerifierKey[]): string {
  if (isSigned(checkpoint, keys)) return '';
  // Each segment of a log names its key.
  const known = [...new Set(keys.map(({ name, id }) => `${name}+${id.toString('hex')}`))];
  const signers = checkpoint.signatures.map(
    ({ name, bytes }) => `${name}+${bytes.toString('hex', 0, 4)}`,
  );
  const { origin } = checkpoint;
  const bad = signers.filter((signer) => known.includes(signer));
  const foreign = bad.filter((signer) => !signer.startsWith(`${origin}+`));
  if (foreign.length > 0) return `is of ${origin}, and signed by ${listed(foreign)} of another log`;
  if (bad.length > 0) return `has a signature of ${listed(bad)} that does not verify`;
  return `is not signed by a known key, but by ${listed(signers)}; known: ${listed(known)}`;
}

/** A fleet may have hundreds. */
function listed(names: readonly string[]): string {
  const [shown, more] = [names.slice(0, 8).join(', '), names.length - 8];
  return more > 0 ? `${shown} and ${more} more` : shown || 'none';
}
