import { printable } from '../printable.ts';

export interface TestResult {
  readonly file: string;
  readonly name: string;
  /** How the result differs from what was expected, or ''. */
  readonly problem: string;
}

interface TestReport {
  readonly results: readonly TestResult[];
  /** Ids of rules that allowed no case. */
  readonly uncovered: readonly string[];
  /** Whether such a rule is a failure. */
  readonly coverageRequired: boolean;
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
      : `rules that allowed no case: ${printable(uncovered.join(', '))}\n`;
  return `${lines.join('')}${passed} passed, ${lines.length} failed\n${rest}`;
}

function json({ results, uncovered }: TestReport): string {
  return `${JSON.stringify({ results, uncovered }, undefined, 2)}\n`;
}

/** https://testanything.org/tap-version-14-specification.html: a name must fit on one line. */
function tap(report: TestReport): string {
  const tests = testsOf(report);
  const lines = tests.map(({ name, problem }, i) => {
    const escaped = printable(name).replace(/[#\\]/g, '\\$&');
    const title = `${i + 1} - ${escaped}\n`;
    return problem === ''
      ? `ok ${title}`
      : `not ok ${title}  ---\n  message: ${JSON.stringify(printable(problem))}\n  ...\n`;
  });
  const untried = report.coverageRequired ? [] : report.uncovered;
  const rest = untried.map((id) => `# rule ${printable(id)} allowed no case\n`);
  return `TAP version 14\n1..${tests.length}\n${lines.join('')}${rest.join('')}`;
}

function junit(report: TestReport): string {
  const tests = testsOf(report);
  const failures = tests.filter(({ problem }) => problem !== '').length;
  const cases = tests.map(({ file, name, problem }) => {
    const head = `<testcase classname="${xml(file)}" name="${xml(name)}"`;
    return problem === ''
      ? `    ${head}/>\n`
      : `    ${head}><failure message="${xml(problem)}"/></testcase>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n  <testsuite name="policy" tests="${tests.length}" failures="${failures}">\n${cases.join('')}  </testsuite>\n</testsuites>\n`;
}

/** A build server trusts the report and not the exit code, so the report must show every failure. */
function testsOf({ results, uncovered, coverageRequired }: TestReport): readonly TestResult[] {
  if (!coverageRequired) return results;
  const missing = uncovered.map((id) => ({
    file: 'coverage',
    name: `rule ${id} decides a case`,
    problem: 'it decided none',
  }));
  return [...results, ...missing];
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
