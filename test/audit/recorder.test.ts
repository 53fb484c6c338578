import v8 from 'node:v8';
import vm from 'node:vm';
import { expect, test } from 'vitest';
import type { Waiter } from '../../src/audit/committer.ts';
import { createRecorder } from '../../src/audit/recorder.ts';
import type { Progress } from '../../src/call.ts';
import { Refusal } from '../../src/errors.ts';
import { answered, intended } from './samples.ts';

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
