import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Core } from './simulate.ts';

const PIPELINE = 'src/pipeline.ts';
const ENDS = 'src/spine-ends.ts';
const FORWARD = 'src/kms/forward.ts';
const FILES = [PIPELINE, ENDS, FORWARD] as const;

/** A mistake that somebody could make in the core, as a change of its text. */
interface Mutant {
  readonly name: string;
  readonly file: (typeof FILES)[number];
  readonly from: string;
  readonly to: string;
  /** Part of the promise that it breaks. */
  readonly breaks: RegExp;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'releases before the outcome is durable',
    file: ENDS,
    from: 'await release(performed);',
    to: 'void release(performed).catch(() => {});',
    breaks: /released without a durable outcome/,
  },
  {
    name: 'forwards before the intent is durable',
    file: PIPELINE,
    from: 'await record.intent(progress);',
    to: 'void record.intent(progress).catch(() => {});',
    breaks: /without a durable intent/,
  },
  {
    name: 'judges one key and sends another',
    file: FORWARD,
    from: 'toKmsRequest(permit, keyIds)',
    to: "toKmsRequest(permit, 'requested')",
    breaks: /KMS was asked with/,
  },
  {
    name: 'believes whatever KMS reports',
    file: PIPELINE,
    from: 'confirm(allowed, released.answer);',
    to: '',
    breaks: /released a move/,
  },
  {
    name: 'reports a release to a caller who has gone',
    file: PIPELINE,
    from: 'call.signal.throwIfAborted();',
    to: '',
    breaks: /a caller who had gone/,
  },
  {
    name: 'drops the entry of a refusal',
    file: PIPELINE,
    from: 'throw await refuse(progress, thrown);',
    to: 'throw thrown;',
    breaks: /terminal entries|never ended/,
  },
  {
    name: 'writes two terminal entries',
    file: ENDS,
    from: 'await release(performed);',
    to: 'await release(performed); await release(performed);',
    breaks: /2 terminal entries/,
  },
  {
    name: 'forwards what policy denied',
    file: PIPELINE,
    from: 'const allowed = permit(judged);',
    to: "const allowed = permit({ ...judged, decision: { ...judged.decision, effect: 'allow', failure: '' } });",
    breaks: /without an allow/,
  },
  {
    name: 'releases what policy denies once it knows the source',
    file: PIPELINE,
    from: '        permit(released);',
    to: '',
    breaks: /released a move/,
  },
  {
    name: 'keeps the place of a call that failed',
    file: ENDS,
    from: 'return performed;\n      } finally {\n        leave();',
    to: 'leave();\n        return performed;\n      } finally {',
    breaks: /in flight/,
  },
];

/**
 * The core with one mistake in it: copies of its files that import each other.
 * @throws Error if the text to change does not occur once
 */
export async function loadMutant(mutant: Mutant): Promise<Core> {
  const folder = await mkdtemp(join('test', 'simulation', '.mutant-'));
  const copies = new Map(FILES.map((file) => [resolve(file), resolve(folder, basename(file))]));
  try {
    for (const [file, copy] of copies) {
      const text = await readFile(file, 'utf8');
      const changed = file === resolve(mutant.file) ? replaceOnce(text, mutant) : text;
      const placed = changed.replaceAll(/from '(\.[^']+)'/g, (_, path: string) => {
        const imported = resolve(file, '..', path);
        return `from '${copies.get(imported) ?? imported}'`;
      });
      await writeFile(copy, placed);
    }
    const load = (file: string): Promise<Core> =>
      import(/* @vite-ignore */ pathToFileURL(copies.get(resolve(file)) ?? '').href);
    const { createPipeline } = await load(PIPELINE);
    const { createForward } = await load(FORWARD);
    return { createPipeline, createForward };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function replaceOnce(text: string, { file, from, to }: Mutant): string {
  if (text.split(from).length !== 2) throw new Error(`${file} does not hold just once: ${from}`);
  return text.replace(from, to);
}
