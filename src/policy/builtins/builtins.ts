import type { Builtin } from './builtin.ts';
import { objectSubset } from './object-subset.ts';
import { STRING_BUILTINS } from './strings.ts';
import { TIME_BUILTINS } from './time.ts';

/** Builtins that OPA does not compile into a module, so the proxy supplies them. Each equals OPA's own. */
export const BUILTINS: Readonly<Record<string, Builtin>> = {
  ...STRING_BUILTINS,
  ...TIME_BUILTINS,
  'object.subset': objectSubset,
};
