import { jsonOutput } from './output/json-output.ts';
import { REQUEST_SHAPE, RESPONSE_MEMBERS, type Shape } from './values/shape.ts';
import type { Value, ValueMap } from './values/value.ts';

/** A request to fill in: JSON, or YAML that says what each member is. */
export function inputSkeleton(kind: string): string {
  if (kind === 'yaml-input') return REQUEST_SHAPE.map(yamlLines).join('');
  return jsonOutput(new Map(REQUEST_SHAPE.map((shape) => [shape.name, sample(shape)])));
}

/** A response of names where values will stand. */
export function outputSkeleton(): ValueMap {
  return new Map(RESPONSE_MEMBERS.map((name) => [name, name]));
}

function sample({ type, choices }: Shape): Value {
  const text = choices[0] ?? '';
  switch (type) {
    case 'blob':
      return null;
    case 'map':
      return new Map([['KeyName', '']]);
    case 'list':
      return [text];
    case 'boolean':
      return true;
    case 'string':
      return text;
  }
}

function yamlLines(shape: Shape): string {
  const { name, type, choices, summary } = shape;
  const required = name === 'DestinationKeyId' ? '[REQUIRED] ' : '';
  const valid =
    type === 'string' && choices.length > 0 ? ` Valid values are: ${choices.join(', ')}.` : '';
  const comment = `# ${required}${summary}${valid}`;
  const text = choices[0] ?? "''";
  switch (type) {
    case 'blob':
      return `${name}: !!binary ''  ${comment}\n`;
    case 'map':
      return `${name}: ${comment}\n  KeyName: ''\n`;
    case 'list':
      return `${name}: ${comment}\n- ${text}\n`;
    case 'boolean':
      return `${name}: true ${comment}\n`;
    case 'string':
      return `${name}: ${text} ${comment}\n`;
  }
}
