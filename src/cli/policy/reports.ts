import { printable } from '../printable.ts';

export interface TestResult {
  readonly file: string;
  readonly name: string;
  /** What is otherwise than expected, or ''. */
  readonly problem: string;
}

export interface TestReport {
  readonly results: readonly TestResult[];
  /** Ids of rules that decided no case. */
  readonly uncovered: readonly string[];
}

export type ReportFormat = 'pretty' | 'json' | 'tap' | 'junit';

export const REPORTS: Readonly<Record<ReportFormat, (report: TestReport) => string>> = {
  pretty,
  json,
  tap,
  junit,
};

function pretty({ results, uncovered }: TestReport): string {
  const lines = results
    .filter(({ problem }) => problem !== '')
    .map(({ file, name, problem }) => `FAIL ${printable(`${file}: ${name}: ${problem}`)}\n`);
  const passed = results.length - lines.length;
  const rest =
    uncovered.length === 0
      ? ''
      : `rules that decided no case: ${printable(uncovered.join(', '))}\n`;
  return `${lines.join('')}${passed} passed, ${lines.length} failed\n${rest}`;
}

function json({ results, uncovered }: TestReport): string {
  return `${JSON.stringify({ results, uncovered }, undefined, 2)}\n`;
}

/** https://testanything.org/tap-version-14-specification.html: a line is all that a name may have. */
function tap({ results, uncovered }: TestReport): string {
  const lines = results.map(({ name, problem }, i) => {
    const escaped = printable(name).replace(/[#\\]/g, '\\$&');
    const title = `${i + 1} - ${escaped}\n`;
    return problem === ''
      ? `ok ${title}`
      : `not ok ${title}  ---\n  message: ${JSON.stringify(printable(problem))}\n  ...\n`;
  });
  const rest = uncovered.map((id) => `# rule ${printable(id)} decided no case\n`);
  return `TAP version 14\n1..${results.length}\n${lines.join('')}${rest.join('')}`;
}

function junit({ results }: TestReport): string {
  const failures = results.filter(({ problem }) => problem !== '').length;
  const cases = results.map(({ file, name, problem }) => {
    const head = `<testcase classname="${xml(file)}" name="${xml(name)}"`;
    return problem === ''
      ? `    ${head}/>\n`
      : `    ${head}><failure message="${xml(problem)}"/></testcase>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n  <testsuite name="policy" tests="${results.length}" failures="${failures}">\n${cases.join('')}  </testsuite>\n</testsuites>\n`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function xml(text: string): string {
  return printable(text).replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
}
