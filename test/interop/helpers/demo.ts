import type { RunningProxy } from './proxy.ts';

/** The ciphertext that the demo prints for pasting, made by its embedded KMS. */
export async function printedCiphertext({ child }: RunningProxy): Promise<Buffer> {
  const [, base64 = ''] = await child.matches(/--ciphertext-blob ([A-Za-z0-9+/=]+)/);
  return Buffer.from(base64, 'base64');
}

/** The encryption context that goes with it. */
export const DEMO_CONTEXT = { tenant: 'acme' } as const;
