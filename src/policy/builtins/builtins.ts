import type { Builtin } from './builtin.ts';
import { objectSubset } from './object-subset.ts';
import { STRING_BUILTINS } from './strings.ts';
import { TIME_BUILTINS } from './time.ts';

/** What the proxy supplies beyond what OPA compiles into a module; each equal to OPA's own. */
export const BUILTINS: Readonly<Record<string, Builtin>> = {
  ...STRING_BUILTINS,
  ...TIME_BUILTINS,
  'object.subset': objectSubset,
};
