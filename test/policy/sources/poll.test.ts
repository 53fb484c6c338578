import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { httpSource } from '../../../src/policy/sources/http.ts';
import { poll } from '../../../src/policy/sources/poll.ts';
import { startHttpService } from '../http-service.ts';

const LONG_POLLING = 'application/vnd.openpolicyagent.bundles';

let stop: () => void;

beforeEach(() => {
  stop = () => {};
  // The longest delays.
  vi.spyOn(Math, 'random').mockReturnValue(1);
});

afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it('is slower after each failure up to a bound, and at its usual pace after a success', async () => {
  vi.useFakeTimers();
  const began = Date.now();
  const at: number[] = [];
  const outcomes = [false, false, false, false, false, true, true];
  const check = async () => {
    at.push(Date.now() - began);
    return outcomes[at.length - 1] ?? true;
  };
  const never = () => false;
  ({ stop } = poll({ check, delaysMs: [1000, 6000], atOnce: never, lacking: never }));
  await vi.advanceTimersByTimeAsync(37_000);
  expect(at).toEqual([6000, 7000, 9000, 13_000, 19_000, 25_000, 31_000, 37_000]);
  stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(at).toHaveLength(8);
});

it('once stopped, does not go on after the check that is under way', async () => {
  vi.useFakeTimers();
  const check = vi.fn(async () => {
    stop();
    return true;
  });
  const never = () => false;
  ({ stop } = poll({ check, delaysMs: [1000, 1000], atOnce: never, lacking: never }));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(check).toHaveBeenCalledTimes(1);
});

it('asks a service that has given no bundle again soon, then rarely, and at its usual pace once it has', async () => {
  vi.useFakeTimers();
  const began = Date.now();
  const at: number[] = [];
  const lacking = () => at.length < 8;
  const check = async () => {
    at.push(Date.now() - began);
    return !lacking();
  };
  ({ stop } = poll({ check, delaysMs: [10_000, 20_000], atOnce: () => false, lacking }));
  await vi.advanceTimersByTimeAsync(66_000);
  expect(at).toEqual([250, 750, 1750, 3750, 7750, 15_750, 25_750, 35_750, 55_750]);
});

it.each([
  ['holds requests', 5, LONG_POLLING, '"1"', 1],
  ['does not hold requests, although it may', 5, 'application/gzip', '"1"', 0],
  ['cannot hold requests, since it gives no ETag', 5, LONG_POLLING, '', 0],
  ['may not hold requests', 0, LONG_POLLING, '"1"', 0],
])('asks again at once only a service that %s', async (_, seconds, contentType, etag, times) => {
  const service = await startHttpService();
  service.answer = (response) =>
    response.writeHead(200, { 'content-type': contentType, etag }).end();
  const source = httpSource({
    url: service.url,
    maxBytes: 1000,
    minDelayMs: 10_000,
    maxDelayMs: 10_000,
    longPollingTimeoutSeconds: seconds,
  });
  await source.fetch();
  await source.fetch();
  const wait = seconds > 0 && etag !== '' ? `;wait=${seconds}` : '';
  expect(service.requests.at(-1)?.['prefer']).toBe(`modes=snapshot${wait}`);
  await service.close();
  vi.useFakeTimers();
  const check = vi.fn(async () => true);
  ({ stop } = source.follow(check, () => false));
  await vi.advanceTimersByTimeAsync(50);
  expect(check).toHaveBeenCalledTimes(times);
});

it('once stopped, leaves no request with a service that holds it', async () => {
  const service = await startHttpService();
  service.answer = () => {};
  const source = httpSource({
    url: service.url,
    maxBytes: 1000,
    minDelayMs: 10_000,
    maxDelayMs: 10_000,
    longPollingTimeoutSeconds: 5,
  });
  const held = expect(source.fetch()).rejects.toThrow();
  await vi.waitFor(() => expect(service.requests).toHaveLength(1));
  source
    .follow(
      async () => true,
      () => false,
    )
    .stop();
  await held;
  await service.close();
});
