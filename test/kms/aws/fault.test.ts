import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { orAbort } from '../../../src/kms/aws/fault.ts';
import { KmsFault } from '../../../src/kms/port.ts';

const failed = (name: string, more: object = {}) => Object.assign(new Error('why'), { name }, more);
const $metadata = { httpStatusCode: 400, requestId: 'id-1' };

it.each([
  ['no credentials', failed('CredentialsProviderError'), 'CredentialsProviderError', 0, ''],
  ['no connection', failed('Error', { code: 'ECONNREFUSED' }), 'ECONNREFUSED', 0, ''],
  ['a cut answer', failed('Error', { code: 'ECONNRESET', $metadata }), 'ECONNRESET', 0, ''],
  ['no time', failed('TimeoutError'), 'TimeoutError', 0, ''],
  ['a page', failed('SyntaxError', { $metadata }), 'MalformedAnswer', 400, 'id-1'],
  ['a refusal', failed('ThrottlingException', { $metadata }), 'ThrottlingException', 400, 'id-1'],
])(
  'what the SDK throws for %s is a fault that says so',
  async (_, thrown, code, httpStatus, requestId) => {
    const fault = await orAbort(AbortSignal.any([]), () => Promise.reject(thrown)).catch(
      (it) => it,
    );
    expect(fault).toBeInstanceOf(KmsFault);
    expect(fault).toMatchObject({ code, httpStatus, requestId, cause: thrown });
  },
);

it.each([
  ['a fault', new KmsFault('MalformedAnswer', 'why')],
  ['a bug', new TypeError('why')],
])('%s is thrown on as it came', async (_, thrown) => {
  await expect(orAbort(AbortSignal.any([]), () => Promise.reject(thrown))).rejects.toBe(thrown);
});

it('whoever leaves waits no longer, whatever the SDK then throws, and leaves no listener', async () => {
  const leaving = new AbortController();
  const gone = new Error('gone');
  const asked = Promise.withResolvers<void>();
  const waiting = orAbort(leaving.signal, () => asked.promise);
  asked.reject(failed('AbortError', { code: 'ABORT_ERR' }));
  leaving.abort(gone);
  await expect(waiting).rejects.toBe(gone);
  const begun = () => expect.fail('it was begun');
  await expect(orAbort(leaving.signal, begun)).rejects.toBe(gone);
  expect(getEventListeners(leaving.signal, 'abort')).toEqual([]);
  const { signal } = new AbortController();
  expect(await orAbort(signal, async () => 1)).toBe(1);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('work is not begun for a caller who has gone', async () => {
  let begun = false;
  const work = async () => {
    begun = true;
  };
  await expect(orAbort(AbortSignal.abort('gone'), work)).rejects.toBe('gone');
  expect(begun).toBe(false);
});
