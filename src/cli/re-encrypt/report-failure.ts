import type { Terminal } from '../command.ts';
import type { CliFailure, FailureFacts } from './failure.ts';

import { formatValue } from './output/format.ts';
import type { ErrorFormat } from './settings.ts';
import { isList, type Value } from './values/value.ts';

const PROGRAM = 'kms-reencrypt-proxy';
const USAGE = `kms-reencrypt-proxy re-encrypt [options]
To see help text, you can run:

  kms-reencrypt-proxy re-encrypt help
`;

export interface ReportOptions {
  readonly format: ErrorFormat;
  readonly color: 'on' | 'off' | 'auto';
  readonly stderr: Terminal['stderr'];
}

/** A list longer than this is not written on one line. */
const MOST_INLINE = 4;

/** Tells a failure on standard error in the form that `--cli-error-format` asks for. */
export function reportFailure(failure: CliFailure, { format, color, stderr }: ReportOptions): void {
  const { code, facts = {}, usage } = failure.details;
  if (usage === 'before') stderr.write(`\nusage: ${USAGE}\n`);
  const message = usage === 'after' ? `${failure.message}\n\nusage: ${USAGE}` : failure.message;
  if (code === undefined) writeError(stderr, message);
  else if (format === 'legacy') writeError(stderr, legacySentence(failure, message));
  else if (format === 'enhanced') {
    writeError(stderr, sentence(failure, message));
    stderr.write(factLines(facts));
  } else {
    stderr.write(
      formatValue(errorInfo(message, failure), { format, color, title: 'error', stdout: stderr }),
    );
  }
}

/** In the AWS CLI's order, which for a service's error is another one. */
function errorInfo(message: string, { details }: CliFailure): Value {
  const { code = '', facts = {}, calling } = details;
  const own: readonly (readonly [string, Value])[] = [
    ['Code', code],
    ['Message', message],
  ];
  return new Map([...(calling ? own.toReversed() : own), ...Object.entries(facts)]);
}

function writeError(stderr: Terminal['stderr'], message: string): void {
  stderr.write(`\n${`${PROGRAM}: [ERROR]: ${message.trim()}`.trim()}\n`);
}

function sentence({ details: { code, calling } }: CliFailure, message: string): string {
  if (calling === undefined) return `An error occurred (${code}): ${message}`;
  const tries = calling.retries === undefined ? '' : ` (reached max retries: ${calling.retries})`;
  return `An error occurred (${code}) when calling the ReEncrypt operation${tries}: ${message}`;
}

/** Without a code in front unless the service refused. */
function legacySentence(failure: CliFailure, message: string): string {
  return failure.details.calling === undefined ? message : sentence(failure, message);
}

function factLines(facts: FailureFacts): string {
  const told = Object.entries(facts).filter(([name]) => name !== 'message');
  const lines = told.map(([name, value]) => `${name}: ${factText(value)}\n`);
  return lines.length === 0 ? '' : `\nAdditional error details:\n${lines.join('')}`;
}

function factText(value: FailureFacts[string]): string {
  if (!isList(value)) return String(value);
  return value.length <= MOST_INLINE ? `[${value.join(', ')}]` : `\n  ${value.join('\n  ')}`;
}
