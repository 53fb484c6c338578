import { afterAll, beforeAll } from 'vitest';
import { fill } from '../../audit/fault-world.ts';
import { copyOf, createFolder, openThreadless } from '../../audit/world.ts';

/** A log in more than one segment, there for all tests of the file that calls this. */
export function makeWhole() {
  const whole = createFolder();
  beforeAll(async () => {
    const audit = await openThreadless(whole.file, { checkpointEntries: 20, maxBytes: 40_000 });
    await fill(audit, 40);
    await audit.close();
  });
  afterAll(() => whole[Symbol.asyncDispose]());
  return {
    whole,
    file: whole.file,
    /** A copy that a test may damage. */
    copied: () => copyOf(whole),
  };
}
