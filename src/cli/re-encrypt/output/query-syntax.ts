/**
 * What is wrong with a JMESPath expression that the library would accept or explain badly; undefined
 * if only the library can tell. The words are the AWS CLI's.
 */
export function querySyntaxProblem(expression: string): string | undefined {
  if (expression === '') return 'Invalid JMESPath expression: cannot be empty.';
  const tokens = [...expression.matchAll(TOKEN)];
  for (const [index, token] of tokens.entries()) {
    const { groups = {}, 0: text } = token;
    if (groups['unclosed'] !== undefined)
      return lexical(expression, token, `Unclosed ${text[0]} delimiter`);
    if (groups['unknown'] !== undefined)
      return lexical(expression, token, `Unknown token ${shown(text)}`);
    if (text === '.' && !mayFollowDot(tokens[nextToken(tokens, index)])) {
      return badAfterDot(expression, tokens[nextToken(tokens, index)]);
    }
  }
  return undefined;
}

/** The parser's complaint about an expression, with the place of the token that it stopped at. */
export function explainParserProblem(
  expression: string,
  problemOf: (expression: string) => string | undefined,
): string | undefined {
  const whole = problemOf(expression);
  if (whole === undefined || whole.includes('EOF')) return whole && incomplete(expression);
  const culprit = [...expression.matchAll(TOKEN)].find(({ index, 0: text, groups }) => {
    const problem = problemOf(expression.slice(0, index + text.length));
    return groups?.['space'] === undefined && problem !== undefined && !problem.includes('EOF');
  });
  if (culprit === undefined) return whole;
  return `${parserWords(whole, culprit)}: ${parseErrorAt(expression, culprit)}`;
}

function parserWords(problem: string, culprit: Token): string {
  if (problem.startsWith('Unexpected token')) return `Unexpected token: ${textOf(culprit)}`;
  if (problem.startsWith('Expecting an identifier')) {
    return `Expecting: ['quoted_identifier', 'unquoted_identifier'], got: ${kindOf(culprit)}`;
  }
  const [, expected] = /^Expected (\w+)/.exec(problem) ?? [];
  if (expected === undefined) return 'invalid token';
  return `Expecting: ${expected.toLowerCase()}, got: ${kindOf(culprit)}`;
}

/** The expression ends where more must come. */
function incomplete(expression: string): string {
  return `Invalid jmespath expression: Incomplete expression:\n"${expression}"\n${caret(expression.length + 1)}`;
}

const TOKEN = new RegExp(
  [
    '(?<space>\\s+)',
    '(?<identifier>[A-Za-z_][A-Za-z0-9_]*)',
    '(?<quoted>"(?:\\\\.|[^"\\\\])*")',
    "(?<raw>'(?:\\\\.|[^'\\\\])*')",
    '(?<literal>`(?:\\\\.|[^`\\\\])*`)',
    '(?<number>-?[0-9]+)',
    '(?<operator>\\[\\?|\\[\\]|\\|\\||&&|[=!<>]=|[.*\\]\\[,:@&(){}|<>!])',
    '(?<unclosed>["\'`][^]*)',
    '(?<unknown>[^])',
  ].join('|'),
  'gu',
);

type Token = RegExpExecArray;

function nextToken(tokens: readonly Token[], index: number): number {
  return tokens[index + 1]?.groups?.['space'] === undefined ? index + 1 : index + 2;
}

function mayFollowDot(token: Token | undefined): boolean {
  const { identifier, quoted, operator = '' } = token?.groups ?? {};
  return (
    identifier !== undefined ||
    quoted !== undefined ||
    ['[', '{', '*', '[?', '[]'].includes(operator)
  );
}

function badAfterDot(expression: string, token: Token | undefined): string {
  return (
    "Expecting: ['quoted_identifier', 'unquoted_identifier', 'lbracket', 'lbrace'], " +
    `got: ${kindOf(token)}: ${parseErrorAt(expression, token)}`
  );
}

function parseErrorAt(expression: string, token: Token | undefined): string {
  const at = token?.index ?? expression.length;
  const kind = kindOf(token).toUpperCase();
  return (
    `Parse error at column ${at}, token "${textOf(token)}" (${kind}), ` +
    `for expression:\n"${expression}"\n${caret(at + 1)}`
  );
}

function textOf(token: Token | undefined): string {
  const text = token?.[0] ?? '';
  return token?.groups?.['quoted'] === undefined ? text : text.slice(1, -1);
}

const OPERATORS: Readonly<Record<string, string>> = {
  '.': 'dot',
  ',': 'comma',
  ':': 'colon',
  '@': 'current',
  '&': 'expref',
  '(': 'lparen',
  ')': 'rparen',
  '{': 'lbrace',
  '}': 'rbrace',
  '[': 'lbracket',
  '[]': 'flatten',
  '[?': 'filter',
  '*': 'star',
  ']': 'rbracket',
  '|': 'pipe',
  '||': 'or',
  '&&': 'and',
  '!': 'not',
  '==': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '>': 'gt',
  '<=': 'lte',
  '>=': 'gte',
};

function kindOf(token: Token | undefined): string {
  const { operator, number, identifier, quoted } = token?.groups ?? {};
  if (token === undefined) return 'eof';
  if (identifier !== undefined) return 'unquoted_identifier';
  if (quoted !== undefined) return 'quoted_identifier';
  if (operator !== undefined) return OPERATORS[operator] ?? operator;
  return number === undefined ? 'literal' : 'number';
}

function lexical(expression: string, { index }: Token, problem: string): string {
  return `Bad jmespath expression: ${problem}:\n${expression}\n${caret(index)}`;
}

function shown(text: string): string {
  return text === '-' || text === '=' ? `'${text}'` : text;
}

function caret(column: number): string {
  return `${' '.repeat(column)}^`;
}
