import type { Terminal } from '../command.ts';
import { printable, printableLines } from '../printable.ts';
import { type CliFailure, EXIT_CODE, type FailureFacts } from './failure.ts';
import { formatValue } from './output/format.ts';
import type { ErrorFormat } from './settings.ts';
import { isList, type Value } from './values/value.ts';

const PROGRAM = 'kms-reencrypt-proxy';
/** The operation of the wire contract that a command calls. */
const OPERATIONS: Readonly<Record<string, string>> = { check: 'CheckReEncrypt' };

interface ReportOptions {
  /** `re-encrypt` or `check`. */
  readonly command: string;
  readonly format: ErrorFormat;
  readonly color: 'on' | 'off' | 'auto';
  readonly stderr: Terminal['stderr'];
}

/** A list longer than this is not written on one line. */
const MOST_INLINE = 4;

/** Writes a failure to standard error in the form that `--cli-error-format` asks for. */
export function reportFailure(failure: CliFailure, options: ReportOptions): void {
  const { command, format, color, stderr } = options;
  const { code, facts = {}, usage } = failure.details;
  if (usage === 'before') stderr.write(`\nusage: ${usageOf(command)}\n`);
  const withUsage = (text: string) =>
    usage === 'after' ? `${text}\n\nusage: ${usageOf(command)}` : text;
  const message = withUsage(failure.message);
  const shown = withUsage(shownMessage(failure));
  if (code === undefined) writeError(stderr, shown);
  else if (format === 'legacy')
    writeError(stderr, legacySentence(failure, { command, message: shown }));
  else if (format === 'enhanced') {
    writeError(stderr, sentence(failure, { command, message: shown }));
    stderr.write(factLines(facts));
  } else {
    stderr.write(
      formatValue(errorInfo(message, failure), { format, color, title: 'error', stdout: stderr }),
    );
  }
}

/** What the other side wrote must not move the cursor; what the caller wrote is shown as it is. */
function shownMessage({ message, exitCode }: CliFailure): string {
  return exitCode === EXIT_CODE.usage ? message : printableLines(message);
}

/** In the AWS CLI's order, which differs for a service's error. */
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

interface Worded {
  readonly command: string;
  readonly message: string;
}

function sentence(
  { details: { code, calling } }: CliFailure,
  { command, message }: Worded,
): string {
  if (calling === undefined) return `An error occurred (${code}): ${message}`;
  const operation = OPERATIONS[command] ?? 'ReEncrypt';
  const tries = calling.retries === undefined ? '' : ` (reached max retries: ${calling.retries})`;
  return `An error occurred (${printable(code)}) when calling the ${operation} operation${tries}: ${message}`;
}

/** Has a code in front only if the service refused. */
function legacySentence(failure: CliFailure, worded: Worded): string {
  return failure.details.calling === undefined ? worded.message : sentence(failure, worded);
}

function usageOf(command: string): string {
  return `${PROGRAM} ${command} [options]
To see help text, you can run:

  ${PROGRAM} ${command} help
`;
}

function factLines(facts: FailureFacts): string {
  const told = Object.entries(facts).filter(([name]) => name !== 'message');
  const lines = told.map(([name, value]) => `${name}: ${factText(value)}\n`);
  return lines.length === 0 ? '' : `\nAdditional error details:\n${lines.join('')}`;
}

function factText(value: FailureFacts[string]): string {
  if (!isList(value)) return printable(value);
  const items = value.map(printable);
  return items.length <= MOST_INLINE ? `[${items.join(', ')}]` : `\n  ${items.join('\n  ')}`;
}
