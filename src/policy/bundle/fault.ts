/** Why a bundle is not taken, in one sentence that says what to do where that is known. */
export class BundleFault extends Error {
  override readonly name = 'BundleFault';
}
