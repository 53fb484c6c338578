import { z } from 'zod';
import { isJsonObject } from '../../json/object.ts';
import { CommandFailure } from '../command.ts';
import { saysMoment } from './complete-time.ts';

const tableSchema = z.strictObject({
  /** Laid under the input of every case. */
  base: z.looseObject({}).default({}),
  cases: z
    .array(
      z.strictObject({
        name: z.string(),
        input: z.looseObject({}).default({}),
        expect: z
          .strictObject({
            allow: z.boolean(),
            rule: z.string().optional(),
            codes: z.array(z.string()).optional(),
            labels: z.record(z.string(), z.string()).optional(),
            failure: z.string().optional(),
          })
          .describe('What of the decision is compared; all that is given must hold.'),
      }),
    )
    .min(1),
});

type Table = z.infer<typeof tableSchema>;
export type Case = Table['cases'][number];

/** A document as a table of cases. @throws CommandFailure */
export function toTable(path: string, document: unknown): Table {
  const parsed = tableSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  throw new CommandFailure(`${path} is not a table of cases:\n${z.prettifyError(parsed.error)}`);
}

/** The input of a case, laid over the base of its table. */
export const inputOfCase = (base: object, { input }: Case): unknown => merge(base, input);

/** A case replaces these whole: otherwise it could not leave out any of their keys. */
const FREE = new Set(['tags', 'attributes', 'encryption_context']);

function merge(under: unknown, over: unknown): unknown {
  if (!isJsonObject(under) || !isJsonObject(over)) return over;
  const keys = new Set([...Object.keys(under), ...Object.keys(over)]);
  return Object.fromEntries(
    [...keys].map((key) => {
      const whole = FREE.has(key) || (key === 'time' && saysMoment(over[key]));
      const given = whole ? over[key] : merge(under[key], over[key]);
      return [key, Object.hasOwn(over, key) ? given : under[key]];
    }),
  );
}
