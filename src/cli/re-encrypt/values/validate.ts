import { usageFailure } from '../failure.ts';
import { REQUEST_SHAPE, type Shape } from './shape.ts';
import { isList, isMap, pythonText, pythonType, type Value, type ValueMap } from './value.ts';

const VALID_TYPES = {
  string: ['str'],
  map: ['dict'],
  list: ['list', 'tuple'],
  boolean: ['bool'],
} as const;

/** What the AWS CLI itself checks before it sends anything; the rest is the service's. @throws CliFailure */
export function validateParameters(parameters: ValueMap): void {
  const problems: string[] = [];
  if (!parameters.has('DestinationKeyId')) {
    problems.push('Missing required parameter in input: "DestinationKeyId"');
  }
  const known: (readonly [Shape, Value])[] = [];
  for (const [name, value] of parameters) {
    const shape = REQUEST_SHAPE.find((member) => member.name === name);
    if (shape) known.push([shape, value]);
    else problems.push(unknownMember(name));
  }
  problems.push(...known.flatMap(([shape, value]) => memberProblems(shape, value)));
  if (problems.length > 0) {
    throw usageFailure(`Parameter validation failed:\n${problems.join('\n')}`);
  }
}

function unknownMember(name: string): string {
  const members = REQUEST_SHAPE.map((shape) => shape.name).join(', ');
  return `Unknown parameter in input: "${name}", must be one of: ${members}`;
}

function memberProblems({ name, type, shortest }: Shape, value: Value): readonly string[] {
  switch (type) {
    case 'blob':
      if (typeof value === 'string' || value instanceof Uint8Array) return [];
      return [
        `Invalid type for parameter ${name}, value: ${shown(value)}, type: ${pythonType(value)}, ` +
          "valid types: <class 'bytes'>, <class 'bytearray'>, file-like object",
      ];
    case 'map':
      if (!isMap(value)) return [wrongType(name, value, 'map')];
      return [...value].flatMap(([key, item]) => textProblems(`${name}.${key}`, item, 0));
    case 'list':
      if (!isList(value)) return [wrongType(name, value, 'list')];
      return value.flatMap((item, index) => textProblems(`${name}[${index}]`, item, shortest));
    case 'boolean':
      return typeof value === 'boolean' ? [] : [wrongType(name, value, 'boolean')];
    case 'string':
      return textProblems(name, value, shortest);
  }
}

function textProblems(name: string, value: Value, shortest: number): readonly string[] {
  if (typeof value !== 'string') return [wrongType(name, value, 'string')];
  const { length } = [...value];
  if (length >= shortest) return [];
  return [`Invalid length for parameter ${name}, value: ${length}, valid min length: ${shortest}`];
}

function wrongType(name: string, value: Value, type: keyof typeof VALID_TYPES): string {
  const valid = VALID_TYPES[type].map((python) => `<class '${python}'>`).join(', ');
  return (
    `Invalid type for parameter ${name}, value: ${shown(value)}, type: ${pythonType(value)}, ` +
    `valid types: ${valid}`
  );
}

/** Python prints text without quotes if it is not inside a list or map. */
function shown(value: Value): string {
  return typeof value === 'string' ? value : pythonText(value);
}
