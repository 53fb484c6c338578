/**
 * What is wrong with a JMESPath expression that the library would take or explain badly; undefined
 * where only the library can tell. The words are the AWS CLI's.
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

/** The expression ends where more must come. */
export function incompleteQuery(expression: string): string {
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
  const at = token?.index ?? expression.length;
  const text = token?.[0] ?? '';
  const kind = kindOf(token);
  return (
    "Expecting: ['quoted_identifier', 'unquoted_identifier', 'lbracket', 'lbrace'], " +
    `got: ${kind}: Parse error at column ${at}, token "${text}" (${kind.toUpperCase()}), ` +
    `for expression:\n"${expression}"\n${caret(at + 1)}`
  );
}

const OPERATORS: Readonly<Record<string, string>> = {
  '.': 'dot',
  ',': 'comma',
  ':': 'colon',
  '@': 'current',
  '&': 'expref',
  '(': 'lparen',
  ')': 'rparen',
  '}': 'rbrace',
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
  const { operator, number } = token?.groups ?? {};
  if (token === undefined) return 'eof';
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
