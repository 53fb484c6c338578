import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  GLOBAL_OPTIONS,
  INPUT_OPTIONS,
  MEMBER_OPTIONS,
  OWN_OPTIONS,
} from '../../../src/cli/re-encrypt/arguments/option-table.ts';
import { compactJson } from '../../../src/cli/re-encrypt/output/json-output.ts';
import { run } from '../../../src/cli/re-encrypt/run.ts';
import { decodeBase64, strictBase64 } from '../../../src/cli/re-encrypt/values/base64.ts';
import { parseJson } from '../../../src/cli/re-encrypt/values/json-text.ts';
import { parseShorthand } from '../../../src/cli/re-encrypt/values/shorthand.ts';
import { startAwsEndpoint } from '../../helpers/aws-endpoint.ts';
import { codePoint } from '../../helpers/code-point.ts';
import { runCommand } from '../../helpers/run-command.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const anyText = fc.string({ unit: codePoint, maxLength: 20 });
const shorthandKey = fc.stringMatching(/^[A-Za-z0-9\-_.#/:]{1,12}$/);

const noFile = () => undefined;

/** Quotes a value in shorthand as a person would. */
function quote(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

describe('an encryption context', () => {
  test('survives quoting in shorthand, if no value has a backslash', () => {
    const value = text.filter((each) => !each.includes('\\'));
    fc.assert(
      fc.property(fc.dictionary(shorthandKey, value, { minKeys: 1, maxKeys: 5 }), (context) => {
        const pairs = Object.entries(context);
        const written = pairs.map(([key, each]) => `${key}=${quote(each)}`).join(',');
        expect([...parseShorthand(written, noFile)]).toEqual(pairs);
      }),
    );
  });

  test('survives JSON both ways', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyText, anyText), { maxLength: 5 }), (pairs) => {
        const context = new Map(pairs);
        expect(parseJson(compactJson(context))).toEqual(context);
        const plain = JSON.stringify(Object.fromEntries(context));
        if (!context.has('__proto__')) {
          expect(new Map(parseJson(plain) as Map<string, string>)).toEqual(context);
        }
      }),
    );
  });
});

describe('JSON', () => {
  test('is accepted exactly when JSON.parse accepts it', () => {
    const written = fc.oneof(
      fc.json(),
      fc.json().map((json) => json.slice(0, -1)),
      fc.string({
        unit: fc.constantFrom(
          '{',
          '}',
          '[',
          ']',
          '"',
          ':',
          ',',
          '1',
          '.',
          'e',
          '-',
          '\\',
          'n',
          ' ',
        ),
      }),
    );
    fc.assert(
      fc.property(written, (json) => {
        expect(accepts(() => parseJson(json))).toBe(accepts(() => JSON.parse(json)));
      }),
    );
  });
});

function accepts(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}

describe('base64', () => {
  test('with line breaks decodes to the bytes that were encoded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const encoded = Buffer.from(bytes).toString('base64');
        const broken = encoded.replaceAll(/.{8}/g, '$&\n');
        expect(Buffer.from(decodeBase64(broken))).toEqual(Buffer.from(bytes));
        if (bytes.length > 0) expect(strictBase64(broken)).toEqual(Buffer.from(bytes));
      }),
    );
  });
});

describe('no argument list', () => {
  let endpoint: Awaited<ReturnType<typeof startAwsEndpoint>>;
  beforeAll(async () => {
    endpoint = await startAwsEndpoint();
  });
  afterAll(() => endpoint.stop());

  test('causes a stack trace or an exit code unknown to the AWS CLI', async () => {
    const flags = [...MEMBER_OPTIONS, ...INPUT_OPTIONS, ...OWN_OPTIONS, ...GLOBAL_OPTIONS]
      .map(({ flag }) => flag)
      .filter((flag) => !['--endpoint-url', '--output-file', '--debug'].includes(flag));
    const value = fc.oneof(
      text,
      fc.constantFrom(
        'a=b',
        '{}',
        '[',
        'file://x',
        'fileb://x',
        '-',
        '--',
        'AQID',
        'json',
        'yaml',
        '@',
        '1',
        '',
      ),
      fc.json({ maxDepth: 2 }),
    );
    const word = fc.oneof(
      fc.constantFrom(...flags),
      fc.tuple(fc.constantFrom(...flags), fc.nat(20)).map(([flag, n]) => flag.slice(0, n)),
      fc.tuple(fc.constantFrom(...flags), value).map(([flag, each]) => `${flag}=${each}`),
      value,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 8 }), async (words) => {
        fc.pre(!words.some((each) => each.length > 2 && '--debug'.startsWith(each)));
        const args = ['--endpoint-url', endpoint.url, '--no-sign-request', '--region', 'us-east-1'];
        const ran = await runCommand(run, [...args, ...words]);
        expect([0, 252, 253, 254, 255]).toContain(ran.exit);
        expect(ran.stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
        expect(ran.stderr === '').toBe(ran.exit === 0);
      }),
      { numRuns: 300 },
    );
  });
});
