import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CORE, type Core } from './simulate.ts';

/** A mistake that somebody could make in the core, as a change of its text. */
interface Mutant {
  readonly name: string;
  readonly file: 'src/pipeline.ts' | 'src/kms/forward.ts';
  readonly from: string;
  readonly to: string;
  /** Part of the promise that it breaks. */
  readonly breaks: RegExp;
}

const PIPELINE = 'src/pipeline.ts';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'releases before the outcome is durable',
    file: PIPELINE,
    from: 'await release(released);',
    to: 'void release(released).catch(() => {});',
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
    file: 'src/kms/forward.ts',
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
    file: PIPELINE,
    from: 'await release(released);',
    to: 'await release(released); await release(released);',
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
    file: PIPELINE,
    from: 'return released;\n    } finally {\n      leave();',
    to: 'leave();\n      return released;\n    } finally {',
    breaks: /in flight/,
  },
];

/** The core with one mistake in it. @throws Error if the text to change does not occur once */
export async function loadMutant({ file, from, to }: Mutant): Promise<Core> {
  const text = await readFile(file, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`${file} does not hold just once: ${from}`);
  const folder = await mkdtemp(join('test', 'simulation', '.mutant-'));
  try {
    const place = resolve(folder, 'mutant.ts');
    const here = resolve(file, '..');
    await writeFile(
      place,
      text
        .replace(from, to)
        .replaceAll(/from '(\.[^']+)'/g, (_, path: string) => `from '${resolve(here, path)}'`),
    );
    const mutated: Partial<Core> = await import(/* @vite-ignore */ pathToFileURL(place).href);
    return {
      createPipeline: mutated.createPipeline ?? CORE.createPipeline,
      createForward: mutated.createForward ?? CORE.createForward,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
