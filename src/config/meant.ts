import { editDistance } from '../edit-distance.ts';
import { configJsonSchema } from './show.ts';

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
}

/** The setting beside or below an unknown one that it may be a slip of; '' where none is near. */
export function meantBy(path: readonly PropertyKey[], unknown: string): string {
  const at = path.reduce<Node | undefined>(
    (node, key) => node?.properties?.[String(key)],
    configJsonSchema(),
  );
  const name =
    pathsOf(at).find((below) => below.replaceAll('.', '_') === unknown) ?? nearest(at, unknown);
  return name === undefined ? '' : [...path, name].join('.');
}

function nearest(at: Node | undefined, unknown: string): string | undefined {
  return Object.keys(at?.properties ?? {})
    .map((name) => ({ name, steps: editDistance(name, unknown) }))
    .filter(({ name, steps }) => steps <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.steps - b.steps)[0]?.name;
}

/** Of every setting below, by dots: a variable has `__` for each, and one of them is soon left out. */
function pathsOf(node: Node | undefined): string[] {
  return Object.entries(node?.properties ?? {}).flatMap(([name, below]) => [
    name,
    ...pathsOf(below).map((path) => `${name}.${path}`),
  ]);
}
