import v8 from 'node:v8';
import vm from 'node:vm';
import { expect, test } from 'vitest';
import type { Waiter } from '../../../src/audit/batches/state.ts';
import { createRecorder } from '../../../src/audit/entries/recorder.ts';
import type { Progress } from '../../../src/call.ts';
import { Refusal } from '../../../src/errors.ts';
import { answered, DENY, intended, judged } from '../samples.ts';

/** A recorder whose bodies are counted while in memory. */
function setUp(commit: (waiter: Waiter, body: string) => void, confirm?: () => Promise<void>) {
  const made: WeakRef<object>[] = [];
  const make = (kind: string) => {
    const body = Object(kind);
    made.push(new WeakRef(body));
    return body as string;
  };
  const recorder = createRecorder({
    entries: { intent: () => make('intent'), terminal: () => make('terminal') },
    commit: (body, waiter) => commit(waiter, body),
    confirm,
    now: () => 1_795_000_000_000,
    onEntry: () => undefined,
  });
  return {
    recorder,
    /** As the pipeline does: a call whose intent is not recorded is refused. */
    async perform(begun: Progress, ended: Progress) {
      const thrown = await recorder.intent(begun).catch((refusal: Refusal) => refusal);
      await recorder.terminal(ended, thrown || undefined).catch(() => undefined);
    },
    async kept() {
      v8.setFlagsFromString('--expose-gc');
      await new Promise(setImmediate);
      vm.runInNewContext('gc')();
      return made.filter((body) => body.deref()).length;
    },
  };
}

test('calls refused by a suspended log leave nothing in memory, however long it is suspended', async () => {
  const refusal = new Refusal('AUDIT_UNAVAILABLE', { cause: 'ENOSPC' });
  const { perform, kept } = setUp(({ refused }) => refused(refusal, false));
  for (let number = 1; number <= 100; number += 1) {
    await perform(intended(number), intended(number));
  }
  expect(await kept()).toBe(0);
});

test('calls that a required sink does not confirm leave nothing in memory: the log has them', async () => {
  const confirm = () => Promise.reject(new Refusal('AUDIT_UNAVAILABLE', { cause: 'sink' }));
  const { perform, kept } = setUp(({ kept }) => kept(1), confirm);
  for (let number = 1; number <= 100; number += 1) {
    await perform(intended(number), answered(number));
  }
  expect(await kept()).toBe(0);
});

test('a call whose intent a dead thread may have logged is ended only if it was logged', async () => {
  const refusal = new Refusal('AUDIT_UNAVAILABLE', { cause: 'THREAD' });
  const committed: string[] = [];
  let well = false;
  const { recorder, perform, kept } = setUp((waiter, body) => {
    if (well) {
      committed.push(String(body));
      waiter.kept(1);
    } else waiter.refused(refusal, body.valueOf() === 'intent');
  });
  const [left, lost] = [intended(1), intended(2)];
  for (const progress of [left, lost]) await perform(progress, progress);
  well = true;
  recorder.catchUp([left.call.id], { code: 'THREAD', since: 0 });
  expect(committed).toEqual([expect.stringContaining('"unwritten":2'), 'terminal']);
  expect(await kept()).toBe(0);
});

/** A recorder whose log takes entries, or refuses them for `refusal` as if it had sent them. */
function aRecorder(confirm?: () => Promise<void>) {
  const log: { refusal: Refusal | undefined } = { refusal: undefined };
  const written: string[] = [];
  const told: string[] = [];
  const recorder = createRecorder({
    entries: {
      intent: ({ call }) => `intent ${call.id}`,
      terminal: ({ call, intended: begun }, refusal) =>
        `${begun ? 'outcome' : 'whole'} ${call.id} ${refusal?.reason ?? 'OK'}`,
    },
    commit(body, { kept, refused }) {
      if (log.refusal) return refused(log.refusal, true);
      written.push(body);
      kept(written.length);
    },
    confirm,
    now: () => 1_795_000_000_000,
    onEntry: (kind) => told.push(kind),
  });
  return { recorder, log, written: () => written.splice(0), told };
}

const unavailable = new Refusal('AUDIT_UNAVAILABLE', { cause: 'ENOSPC' });

test('an outcome completes a durable intent; any other terminal entry is whole, and each is counted', async () => {
  const { recorder, written, told } = aRecorder();
  const [one, two] = [intended(1), intended(2)];
  const denied = new Refusal('POLICY_DENIED');
  await recorder.intent(one);
  await recorder.terminal(one);
  await recorder.terminal(two, denied);
  await recorder.terminal(two);
  expect(written()).toEqual([
    `intent ${one.call.id}`,
    `outcome ${one.call.id} OK`,
    `whole ${two.call.id} POLICY_DENIED`,
    `whole ${two.call.id} OK`,
  ]);
  expect(told).toEqual(['intent', 'outcome', 'refusal', 'check']);
});

test('an outcome that could not be written is written once the log is well, as not handed on', async () => {
  const { recorder, log, written, told } = aRecorder();
  const [one, two] = [intended(1), intended(2)];
  for (const progress of [one, two]) await recorder.intent(progress);
  log.refusal = unavailable;
  await expect(recorder.terminal(one)).rejects.toBe(unavailable);
  recorder.catchUp([one.call.id, two.call.id], { code: 'ENOSPC', since: 0 });
  await new Promise(setImmediate);
  log.refusal = undefined;
  written();
  recorder.catchUp([one.call.id, two.call.id], { code: 'ENOSPC', since: 0 });
  await recorder.terminal(two);
  const ends = written();
  expect(ends[0]).toContain('"unwritten":1');
  expect(ends.slice(1)).toEqual([
    `outcome ${one.call.id} AUDIT_UNAVAILABLE`,
    `outcome ${two.call.id} OK`,
  ]);
  expect(told).toEqual(['intent', 'intent', 'resumed', 'outcome', 'outcome']);
});

test('a required sink that does not confirm an end withholds it, and a correction says so if it can', async () => {
  let answer = async () => {};
  const { recorder, log, written } = aRecorder(() => answer());
  const [one, two] = [answered(1), answered(2)];
  for (const progress of [one, two]) await recorder.intent(progress);
  written();
  answer = () => Promise.reject(unavailable);
  await expect(recorder.terminal(one)).rejects.toBe(unavailable);
  const [, correction = ''] = written();
  expect(correction).toContain('"kind":"correction"');
  expect(correction).toContain(`"decision_id":"${one.call.id}"`);
  expect(correction).toContain('"reason":"AUDIT_UNAVAILABLE","status":"withheld"');
  await expect(recorder.intent(intended(3))).rejects.toBe(unavailable);
  written();
  answer = () => {
    log.refusal = unavailable;
    return Promise.reject(unavailable);
  };
  await expect(recorder.terminal(two)).rejects.toBe(unavailable);
  expect(written()).toEqual([`outcome ${two.call.id} OK`]);
});

test('a correction tells how the call ended for its caller, and there is none for what the log says already', async () => {
  const { recorder, written } = aRecorder(() => Promise.reject(unavailable));
  const denied = judged(1, { decision: DENY });
  await expect(recorder.terminal(denied, new Refusal('POLICY_DENIED'))).rejects.toBe(unavailable);
  expect(written()).toEqual([
    `whole ${denied.call.id} POLICY_DENIED`,
    expect.stringContaining('"correction":{"reason":"AUDIT_UNAVAILABLE","status":"failed"}'),
  ]);
  await expect(recorder.intent(intended(2))).rejects.toBe(unavailable);
  await expect(recorder.terminal(intended(2), unavailable)).rejects.toBe(unavailable);
  const { id } = intended(2).call;
  expect(written()).toEqual([`intent ${id}`, `outcome ${id} AUDIT_UNAVAILABLE`]);
});

test('who is turned away is counted by reason into one entry each, and no count is lost', async () => {
  const { recorder, log, written } = aRecorder();
  const away = (reason: 'LIMITED' | 'UNAUTHENTICATED') => recorder.turnedAway(new Refusal(reason));
  away('LIMITED');
  away('UNAUTHENTICATED');
  away('LIMITED');
  log.refusal = unavailable;
  recorder.flush();
  await undefined;
  away('LIMITED');
  log.refusal = undefined;
  await new Promise(setImmediate);
  recorder.flush();
  recorder.flush();
  expect(written().map((body) => /"turned_away":(\{[^}]*\})/.exec(body)?.[1])).toEqual([
    '{"count":3,"reason":"LIMITED"}',
    '{"count":1,"reason":"UNAUTHENTICATED"}',
  ]);
});
