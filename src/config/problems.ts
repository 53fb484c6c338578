import type { z } from 'zod';
import { meantBy } from './meant.ts';

export interface Problem {
  readonly at: string;
  readonly what: string;
}

export function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const meant = meantBy(issue.path, key);
      const hint = meant === '' ? '' : `; did you mean ${meant}?`;
      return { at: [...issue.path, key].join('.'), what: `there is no such setting${hint}` };
    });
  }
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return [{ at: issue.path.join('.'), what: missing ? 'must be set' : issue.message }];
}

interface Setting {
  readonly path: readonly string[];
  /** Of the variable that it is from. */
  readonly name?: string;
}

/** What a variable says is in no file where one would look for it, and may be meant for another program. */
export function sentence({ at, what }: Problem, settings: readonly Setting[]): string {
  const { name } = settings.findLast(({ path }) => path.join('.') === at) ?? {};
  const from = name === undefined ? '' : `, which ${name} sets`;
  return `${at || 'configuration'}${from}: ${what}`;
}
