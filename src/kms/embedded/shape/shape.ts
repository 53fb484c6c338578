import { validation } from '../fault.ts';

/**
 * The type of a member, as data arrives: `read` takes what JSON holds (throwing
 * SerializationException), `check` collects the constraints that the value breaks.
 */
export interface Shape<T> {
  read(json: unknown): T;
  check(value: T, at: string, problems: string[]): void;
  /** Only the broken constraints, for shapes that can be members of a list. */
  constraints?(value: T): readonly string[];
  readonly sensitive?: boolean;
}

export type Value<S> = S extends Shape<infer T> ? T : never;

/** `Value 'x' at 'keyId' failed to satisfy constraint: …`, as AWS words it. */
export function problem(shown: string | undefined, at: string, constraint: string): string {
  const value = shown === undefined ? 'Value' : `Value ${shown}`;
  return `${value} at '${at}' failed to satisfy constraint: ${constraint}`;
}

/** @throws ValidationException with every broken constraint in one sentence. */
export function validate<T>(shape: Shape<T>, value: T): void {
  const problems: string[] = [];
  shape.check(value, '', problems);
  if (problems.length === 0) return;
  const errors = problems.length === 1 ? 'error' : 'errors';
  throw validation(`${problems.length} validation ${errors} detected: ${problems.join('; ')}`);
}
