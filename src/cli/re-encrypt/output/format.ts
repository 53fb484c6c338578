import type { Terminal } from '../../command.ts';
import { printable, printableJsonLines } from '../../printable.ts';
import type { OUTPUT_FORMATS } from '../arguments/option-table.ts';
import { isList, isMap, type Value } from '../values/value.ts';
import { jsonOutput } from './json-output.ts';
import { COLOUR_STYLE, PLAIN_STYLE } from './table.ts';
import { tableOutput } from './table-output.ts';
import { textOutput } from './text-output.ts';
import { yamlOutput, yamlStreamOutput } from './yaml-output.ts';

export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

interface FormatOptions {
  readonly format: OutputFormat;
  readonly color: 'on' | 'off' | 'auto';
  /** Title of a table. */
  readonly title: string;
  readonly stdout: Terminal['stdout'];
}

const DEFAULT_WIDTH = 80;

/** The text to print, line ends included; '' prints nothing. For a terminal, text from outside cannot move its cursor. */
export function formatValue(value: Value, options: FormatOptions): string {
  const seen = options.stdout.isTTY === true;
  if (options.format !== 'json') return formatted(seen ? escaped(value) : value, options);
  return seen ? printableJsonLines(jsonOutput(value)) : jsonOutput(value);
}

function escaped(value: Value): Value {
  if (typeof value === 'string') return printable(value);
  if (isList(value)) return value.map(escaped);
  if (!isMap(value)) return value;
  return new Map([...value].map(([key, item]) => [printable(key), escaped(item)]));
}

function formatted(value: Value, { format, color, title, stdout }: FormatOptions): string {
  switch (format) {
    case 'json':
      return jsonOutput(value);
    case 'text':
      return textOutput(value);
    case 'yaml':
      return yamlOutput(value);
    case 'yaml-stream':
      return yamlStreamOutput(value);
    case 'off':
      return '';
    case 'table': {
      const coloured = color === 'on' || (color === 'auto' && stdout.isTTY === true);
      const style = coloured ? COLOUR_STYLE : PLAIN_STYLE;
      return tableOutput(value, { title, width: stdout.columns ?? DEFAULT_WIDTH, style });
    }
  }
}
