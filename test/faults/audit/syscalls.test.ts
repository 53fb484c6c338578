import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { expect, test } from 'vitest';
import { createFolder, verify } from '../../audit/world.ts';
import { reportTrials, trials } from '../trials.ts';
import { lostOf, readRecorded, startWriter, type Writer } from './process.ts';

const strace = spawnSync('strace', ['-V']).status === 0;
const needed = strace || process.env['CI'] === 'true';

/** System calls that the log makes on its own file, and what can become of them. */
const CALLS = ['write', 'fdatasync', 'ftruncate', 'fstat', 'rename', 'openat', 'lstat'] as const;
const FAULTS = ['error=EIO', 'error=ENOSPC', 'error=EINTR', 'delay_enter=400000'] as const;
const ALL = CALLS.flatMap((call) => FAULTS.map((fault) => ({ call, fault })));

interface Trial {
  readonly call: string;
  readonly fault: string;
  readonly when: string;
  readonly ms: number;
  readonly options?: object;
}

async function injected({ call, fault, when, ms, options = {} }: Trial) {
  await using folder = createFolder();
  const { file, path } = folder;
  const trace = `${path}/strace`;
  const names = {
    fstat: '?fstat,?statx',
    lstat: '?lstat,?statx,?newfstatat',
    rename: '?rename,?renameat',
  };
  const set = names[call as keyof typeof names] ?? call;
  const under = [
    ...['strace', '-f', '--seccomp-bpf', '-q', '-o', trace, '-P', file],
    ...['-e', `trace=${set}`, '-e', `inject=${set}:${fault}:when=${when}`],
  ];
  const writer = startWriter({ file, inFlight: 8, pauseMs: 2, ms, under, options });
  await writer.ended();
  const seen = existsSync(trace) ? readFileSync(trace, 'utf8') : '';
  const injections = seen.split('\n').filter((line) => /INJECTED|DELAYED/.test(line)).length;
  return { writer, injections, verdict: verify(file), recorded: readRecorded(file) };
}

function expectWell(writer: Writer, what: string): void {
  expect(writer.said.get('state'), `${what}: ${writer.stderr()}`).toBe('ok');
}

test.skipIf(!needed)(
  'F4, F5: each system call on the live file fails in turn: fail closed, recover, lose nothing',
  async () => {
    const chosen = ALL.slice(0, trials(ALL.length) + 3);
    let injections = 0;
    for (const { call, fault } of chosen) {
      const what = `${call} ${fault}`;
      // The first calls belong to the start, which may well refuse: faults come after it.
      const when = call === 'write' || call === 'fdatasync' ? '30..32' : '12..13';
      const options = { maxBytes: 60_000 };
      const { writer, verdict, recorded, ...seen } = await injected({
        call,
        fault,
        when,
        ms: 1_500,
        options,
      });
      injections += seen.injections;
      expect(verdict.problem, what).toBeUndefined();
      expect(lostOf(writer, recorded), what).toBe(0);
      expect(recorded.twice, what).toBe(0);
      if (writer.said.has('ready')) expectWell(writer, what);
    }
    reportTrials({ fault: 'audit F4/F5 system calls', trials: chosen.length, injections });
  },
);

test.skipIf(!needed)(
  'F6: a sync that hangs for 10 s suspends after 2 s, holds up neither event loop nor DNS, and passes',
  async () => {
    const count = Math.max(1, Math.round(trials(20) / 4));
    let injections = 0;
    const slow: number[] = [];
    for (let trial = 0; trial < count; trial += 1) {
      const fault = 'delay_enter=10000000';
      const seen = await injected({ call: 'fdatasync', fault, when: `${40 + trial}`, ms: 12_500 });
      injections += seen.injections;
      const { writer } = seen;
      expect(writer.said.get('suspended')).toBe('DEADLINE');
      expect(Number(writer.said.get('dns'))).toBeLessThan(1_000);
      slow.push(Number(writer.said.get('slow')));
      expectWell(writer, `trial ${trial}`);
      expect(seen.verdict.problem).toBeUndefined();
      expect(lostOf(writer, seen.recorded)).toBe(0);
    }
    const worst = Math.max(...slow);
    reportTrials({
      fault: 'audit F6 hanging sync',
      trials: count,
      injections,
      ...{ event_loop_ms: worst },
    });
    expect(worst).toBeLessThan(50);
  },
);
