import type { Terminal } from '../../command.ts';
import type { Value } from '../values/value.ts';
import { jsonOutput } from './json-output.ts';
import { COLOUR_STYLE, PLAIN_STYLE } from './table.ts';
import { tableOutput } from './table-output.ts';
import { textOutput } from './text-output.ts';
import { yamlOutput, yamlStreamOutput } from './yaml-output.ts';

export const OUTPUT_FORMATS = ['json', 'text', 'table', 'yaml', 'yaml-stream', 'off'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

interface FormatOptions {
  readonly format: OutputFormat;
  readonly color: 'on' | 'off' | 'auto';
  /** Title of a table. */
  readonly title: string;
  readonly stdout: Terminal['stdout'];
}

const DEFAULT_WIDTH = 80;

/** The text to print, line ends included; '' prints nothing. */
export function formatValue(value: Value, { format, color, title, stdout }: FormatOptions): string {
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
