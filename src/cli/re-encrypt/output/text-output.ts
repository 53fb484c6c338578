import { otherFailure } from '../failure.ts';
import { isList, isMap, pythonText, type Value, type ValueMap } from '../values/value.ts';

/** Tab-separated scalars, sorted by key; what is nested follows on lines of its own. */
export function textOutput(value: Value): string {
  return lines(value, {})
    .map((line) => `${line}\n`)
    .join('');
}

interface Place {
  /** The key under which the value stands, in capitals at the start of its line. */
  readonly label?: string | undefined;
  /** The scalar keys of all maps of a list, so that their columns agree. */
  readonly columns?: readonly string[];
}

function lines(value: Value, place: Place): readonly string[] {
  if (isMap(value)) return mapLines(value, place);
  if (isList(value)) return listLines(value, place);
  return [scalarText(value)];
}

/** A value in a cell: as Python prints it, text without quotes. */
export function scalarText(value: Value | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : pythonText(value);
}

function listLines(list: readonly Value[], { label }: Place): readonly string[] {
  if (list.some(isMap)) {
    refuseMixed(list);
    const columns = scalarKeys(list);
    return list.flatMap((item) => lines(item, { label, columns }));
  }
  const nested = list.filter(isNested);
  const scalars = list.filter((item) => !isNested(item));
  return [
    ...(scalars.length > 0 ? scalarLines(scalars, label) : []),
    ...nested.flatMap((item) => lines(item, { label })),
  ];
}

/** The AWS CLI ends with 255 too. @throws CliFailure */
export function refuseMixed(list: readonly Value[]): void {
  if (list.every(isMap)) return;
  throw otherFailure(
    'A list that mixes maps with other values has no columns: use --output json, or another --query',
  );
}

function scalarLines(scalars: readonly Value[], label: string | undefined): readonly string[] {
  const texts = scalars.map(scalarText);
  if (label === undefined) return [texts.join('\t')];
  return texts.map((text) => `${label.toUpperCase()}\t${text}`);
}

function mapLines(map: ValueMap, { label, columns }: Place): readonly string[] {
  const keys = [...map.keys()].sort();
  const shown = columns ?? keys.filter((key) => !isNested(map.get(key)));
  const rest = keys.filter((key) => (columns ? !columns.includes(key) : isNested(map.get(key))));
  const cells = shown.map((key) => scalarText(map.get(key)));
  const line = label === undefined ? cells : [label.toUpperCase(), ...cells];
  return [
    ...(cells.length > 0 ? [line.join('\t')] : []),
    ...rest.flatMap((key) => lines(map.get(key) ?? null, { label: key })),
  ];
}

function scalarKeys(list: readonly Value[]): readonly string[] {
  const keys = list.filter(isMap).flatMap((map) => [...map].filter(([, item]) => !isNested(item)));
  return [...new Set(keys.map(([key]) => key))].sort();
}

function isNested(value: Value | undefined): boolean {
  return isMap(value) || isList(value);
}
