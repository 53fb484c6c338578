import { describe, expect, it } from 'vitest';
import { EXAMPLE } from '../../policy/values.ts';
import { policy } from './run-policy.ts';

describe('policy eval', () => {
  it('decides, and reports the time it takes', async () => {
    const { code, out } = await policy(
      `eval ${EXAMPLE} --input policies/samples/demo.json --timing`,
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      effect: 'allow',
      rule: 'demo',
      revision: 'example-2',
      microseconds: expect.any(Number),
    });
  });

  it.each([
    ['', 'standard input is empty'],
    [
      '{"source":',
      'standard input is neither JSON nor YAML: Flow map must end with a } at line 1, column 11',
    ],
  ])('says of input %j that %s', async (input, sentence) => {
    const { code, err } = await policy(`eval ${EXAMPLE} --input -`, input);
    expect([code, err]).toEqual([1, `kms-reencrypt-proxy policy: ${sentence}\n`]);
  });

  it('says why its input cannot be read', async () => {
    const { code, err } = await policy(`eval ${EXAMPLE} --input none.json`);
    expect([code, err]).toEqual([1, expect.stringContaining('none.json cannot be read: ENOENT: ')]);
  });

  it('refuses a field that the input does not have', async () => {
    const { code, err } = await policy(`eval ${EXAMPLE} --input -`, '{"source":{"key_ran":""}}');
    expect([code, err]).toEqual([1, expect.stringMatching(/no field \/source\/key_ran/)]);
  });
});
