/**
 * Key ids and ciphertexts of the embedded KMS say what they are, so that the AWS backend can refuse
 * them: a key id starts with `e0bedded` and is a version 8 UUID, which AWS never makes.
 */
const KEY_ID_MARK = 'e0bedded';

/** First bytes of every symmetric ciphertext; the fifth is the format's version. */
export const BLOB_MARK: Uint8Array = Uint8Array.of(0xe0, 0xbe, 0xdd, 0xed);

const MARKED_KEY_ID =
  /(?:^|key\/)(?:mrk-e0bedded[0-9a-f]{24}|e0bedded-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})$/;

/** True for a key id or key ARN that an embedded KMS made. */
export function isEmbeddedKeyId(keyIdOrArn: string): boolean {
  return MARKED_KEY_ID.test(keyIdOrArn);
}

/** True for a symmetric ciphertext of an embedded KMS. RSA ciphertexts carry no mark: anyone with the public key makes them. */
export function isEmbeddedCiphertext(blob: Uint8Array): boolean {
  return BLOB_MARK.every((byte, index) => blob[index] === byte);
}

/** Makes a marked key id of 12 random bytes. */
export function markedKeyId(random: Uint8Array, multiRegion: boolean): string {
  const hex = KEY_ID_MARK + Buffer.from(random.subarray(0, 12)).toString('hex');
  const versioned = `${hex.slice(0, 12)}8${hex.slice(13, 16)}8${hex.slice(17)}`;
  if (multiRegion) return `mrk-${versioned}`;
  return versioned.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
