import { otherFailure } from '../failure.ts';
import { isList, isMap, type Value, type ValueMap } from '../values/value.ts';
import { drawTable, type Section, type Style } from './table.ts';
import { refuseMixed, scalarText } from './text-output.ts';

interface TableOptions {
  readonly title: string;
  /** Columns of the terminal. */
  readonly width: number;
  readonly style: Style;
}

/** Nothing for an empty value. @throws CliFailure for rows of unlike length. */
export function tableOutput(value: Value, { title, width, style }: TableOptions): string {
  const sections = sectionsOf(value, { title, indent: 0 });
  return sections.length === 0 ? '' : drawTable(sections, { width, style });
}

interface Heading {
  readonly title: string;
  readonly indent: number;
}

function sectionsOf(value: Value, heading: Heading): readonly Section[] {
  if (isEmpty(value)) return [];
  if (isMap(value)) return mapSections(value, heading);
  if (isList(value) && value.some(isMap)) refuseMixed(value);
  if (isList(value))
    return isMap(value[0]) ? mapListSections(value, heading) : listSections(value, heading);
  return [section(heading, [])];
}

function mapSections(map: ValueMap, heading: Heading): readonly Section[] {
  const { scalars, nested } = keysOf([map]);
  const [first = ''] = scalars;
  const cells = scalars.map((key) => scalarText(map.get(key)));
  const own =
    scalars.length === 1
      ? section(heading, [[first, ...cells]])
      : section(heading, scalars.length === 0 ? [] : [cells], scalars);
  return [own, ...nested.flatMap((key) => nestedSections(map, key, heading))];
}

function mapListSections(list: readonly Value[], heading: Heading): readonly Section[] {
  const maps = list.filter(isMap);
  const { scalars, nested } = keysOf(maps);
  const row = (map: ValueMap) => scalars.map((key) => scalarText(map.get(key)));
  if (nested.length === 0) return [section(heading, maps.map(row), scalars)];
  return maps.flatMap((map) => [
    section(heading, [row(map)], scalars),
    ...nested.flatMap((key) => nestedSections(map, key, heading)),
  ]);
}

function nestedSections(map: ValueMap, key: string, { indent }: Heading): readonly Section[] {
  return sectionsOf(map.get(key) ?? null, { title: key, indent: indent + 1 });
}

function listSections(list: readonly Value[], heading: Heading): readonly Section[] {
  const rows = rowsOf(list);
  const [first] = rows;
  for (const row of rows) {
    if (row.length === first?.length) continue;
    throw otherFailure(`Row should have ${first?.length} elements, instead it has ${row.length}`);
  }
  return [section(heading, rows)];
}

/** Each list in a list is a row; what is nested deeper gives its own rows. */
function rowsOf(list: readonly Value[]): readonly (readonly string[])[] {
  if (list.some(isMap)) refuseMixed(list);
  return list.flatMap((item) => {
    if (!isList(item)) return [[scalarText(item)]];
    return item.some((each) => isList(each) || isMap(each)) ? rowsOf(item) : [item.map(scalarText)];
  });
}

function section(
  { title, indent }: Heading,
  rows: Section['rows'],
  headers: readonly string[] = [],
): Section {
  return { title, indent, headers, rows };
}

function keysOf(maps: readonly ValueMap[]) {
  const isNested = (key: string) => maps.some((map) => isMap(map.get(key)) || isList(map.get(key)));
  const keys = [...new Set(maps.flatMap((map) => [...map.keys()]))].sort();
  return { scalars: keys.filter((key) => !isNested(key)), nested: keys.filter(isNested) };
}

/** What Python treats as false. */
function isEmpty(value: Value): boolean {
  if (isMap(value)) return value.size === 0;
  if (isList(value)) return value.length === 0;
  if (value instanceof Uint8Array) return value.length === 0;
  if (value !== null && typeof value === 'object') return Number(value.text) === 0;
  return !value;
}
