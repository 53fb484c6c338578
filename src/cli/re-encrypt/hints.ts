import { CliFailure } from './failure.ts';
import { strictBase64 } from './values/base64.ts';
import type { Value } from './values/value.ts';

/** The refusals that a blob of the wrong kind leads to. */
const ABOUT_THE_BLOB = new Set([
  'InvalidCiphertextException',
  'IncorrectKeyException',
  'ValidationException',
]);

const BASE64_HINT =
  'the ciphertext blob is base64 text, so KMS was given the text and not the bytes that it encodes: pass ' +
  'the file with file:// in place of fileb://, or decode it first (base64 --decode)';
const ENCRYPTION_SDK_HINT =
  'the ciphertext blob is a message of the AWS Encryption SDK, which ReEncrypt cannot read: decrypt ' +
  'and encrypt it with that SDK; ReEncrypt takes what KMS Encrypt or GenerateDataKey returned';

/** Adds what is likely wrong with the blob to a refusal that it may have caused. */
export function withHint(thrown: unknown, blob: Value | undefined): unknown {
  if (!(thrown instanceof CliFailure) || !(blob instanceof Uint8Array)) return thrown;
  const { exitCode, message, details } = thrown;
  const hint = ABOUT_THE_BLOB.has(details.code ?? '') ? hintFor(blob) : undefined;
  if (hint === undefined) return thrown;
  return new CliFailure(exitCode, message, { ...details, facts: { ...details.facts, Hint: hint } });
}

/** What a blob looks like that is not a KMS ciphertext; undefined where nothing can be said. */
function hintFor(blob: Uint8Array): string | undefined {
  const inner = strictBase64(Buffer.from(blob).toString('latin1'));
  if (isEncryptionSdkMessage(inner ?? blob)) return ENCRYPTION_SDK_HINT;
  return inner === undefined ? undefined : BASE64_HINT;
}

/** Algorithm suite ids of the message format, versions 1 and 2 (AWS Encryption SDK specification). */
const SUITES_V1 = new Set([0x0014, 0x0046, 0x0078, 0x0114, 0x0146, 0x0178, 0x0214, 0x0346, 0x0378]);
const SUITES_V2 = new Set([0x0478, 0x0578]);
const CUSTOMER_ENCRYPTED_DATA = 0x80;

function isEncryptionSdkMessage(blob: Uint8Array): boolean {
  const bytes = Buffer.from(blob);
  if (bytes.length < 4) return false;
  if (bytes[0] === 1) {
    return bytes[1] === CUSTOMER_ENCRYPTED_DATA && SUITES_V1.has(bytes.readUInt16BE(2));
  }
  return bytes[0] === 2 && SUITES_V2.has(bytes.readUInt16BE(1));
}
