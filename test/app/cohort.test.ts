import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createCohorts } from '../../src/app/cohort.ts';

const inCohorts = createCohorts();

function recorded(events: string[] = []) {
  const stage = inCohorts((name: string) => {
    events.push(`in ${name}`);
    return name;
  });
  const pass = async (name: string) => void events.push(`out ${await stage(name)}`);
  return { events, pass };
}

it('calls that arrive in one turn of the event loop continue together, in order of arrival', async () => {
  const { events, pass } = recorded();
  void pass('a');
  await Promise.resolve();
  void pass('b');
  await new Promise<void>((resolve) => process.nextTick(() => resolve(pass('c'))));
  expect(events).toEqual(['in a', 'in b', 'in c', 'out a', 'out b', 'out c']);
});

it('a call that arrives while a cohort continues joins the next', async () => {
  const { events, pass } = recorded();
  const first = pass('a').then(() => pass('b'));
  await turn();
  expect(events).toEqual(['in a', 'out a', 'in b']);
  await first;
  expect(events).toEqual(['in a', 'out a', 'in b', 'out b']);
});

it('stages continue in the same turn, each with its own cohort in a row', async () => {
  const { events, pass: first } = recorded();
  const { pass: second } = recorded(events);
  await Promise.all([first('a'), second('b'), first('c'), second('d')]);
  expect(events.filter((event) => event.startsWith('out'))).toEqual([
    'out a',
    'out c',
    'out b',
    'out d',
  ]);
});

it('no call waits for a slower one', async () => {
  const stage = inCohorts((ms: number) => sleep(ms, ms));
  const ended: number[] = [];
  await Promise.all([30, 1].map(async (ms) => ended.push(await stage(ms))));
  expect(ended).toEqual([1, 30]);
});

it('a stage that throws or rejects does so at once', async () => {
  const thrown = inCohorts((): string => {
    throw new Error('thrown');
  });
  expect(() => thrown(undefined)).toThrow('thrown');
  const rejected = inCohorts(() => Promise.reject(new Error('rejected')));
  await expect(rejected(undefined)).rejects.toThrow('rejected');
});
