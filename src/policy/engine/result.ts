import { parseJson } from '../../json/exact.ts';

/** The answer of an entrypoint other than the decision's; undefined when that is undefined. */
export function resultOf(resultSet: string): unknown {
  const [answer] = parseJson(resultSet) as readonly { readonly result: unknown }[];
  return answer?.result;
}
