import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { checkKeySet } from '../../src/identity/key-set.ts';

test('a thousand useless keys let others have their turns', async () => {
  const keys = Array.from({ length: 1000 }, () => ({ kty: 'oct', k: 'AAAA' }));
  let checking = true;
  const checked = checkKeySet({ keys }, ['RS256', 'ES256']).catch(({ message }) => {
    checking = false;
    return message;
  });
  let turns = 0;
  for (; checking; turns += 1) await turn();
  expect(await checked).toBe('none of its keys is public and for RS256,ES256');
  expect(turns).toBeGreaterThan(900);
});
