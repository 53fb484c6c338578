/** The same look, whose failures are told: once each, until it has succeeded or fails otherwise. */
export function toldOnce(
  look: () => Promise<void>,
  tell: (error: Error) => void,
): () => Promise<void> {
  let told = '';
  return async () => {
    try {
      await look();
      told = '';
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (error.message !== told) tell(error);
      told = error.message;
    }
  };
}
