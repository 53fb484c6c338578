import { Refusal } from '../errors.ts';
import { KMS_ERRORS, KMS_OPERATIONS, type KmsOperation, OVERFLOW } from './catalogue.ts';
import { add, cells } from './cells.ts';
import type { Series } from './series.ts';

type Ask<Args extends unknown[], Answer> = (...args: Args) => Promise<Answer>;

/** The part of a KMS port that is measured. */
interface MeasuredKms {
  reEncrypt(...args: never[]): Promise<unknown>;
  describeKey(...args: never[]): Promise<unknown>;
  listAliases(...args: never[]): Promise<unknown>;
  listResourceTags(...args: never[]): Promise<unknown>;
  getPublicKey(...args: never[]): Promise<unknown>;
  sign(...args: never[]): Promise<unknown>;
}

export interface KmsMetrics {
  /** The same KMS, with every operation timed and its errors counted by name. */
  measure<Kms extends MeasuredKms>(kms: Kms): Kms;
}

/** KMS's side of the metrics: requests, seconds and errors by operation. */
export function createKmsMetrics(series: Series): KmsMetrics {
  const operations = new Map(KMS_OPERATIONS.map((name) => [name, bind(series, name)]));

  function timed<Args extends unknown[], Answer>(
    operation: KmsOperation,
    ask: Ask<Args, Answer>,
  ): Ask<Args, Answer> {
    const done = operations.get(operation);
    return (...args) => {
      const from = performance.now();
      return ask(...args).then(
        (answer) => {
          done?.((performance.now() - from) / 1e3, '');
          return answer;
        },
        (thrown) => {
          done?.((performance.now() - from) / 1e3, nameOf(thrown));
          throw thrown;
        },
      );
    };
  }
  return {
    measure: (kms) => ({
      ...kms,
      reEncrypt: timed('ReEncrypt', kms.reEncrypt),
      describeKey: timed('DescribeKey', kms.describeKey),
      listAliases: timed('ListAliases', kms.listAliases),
      listResourceTags: timed('ListResourceTags', kms.listResourceTags),
      getPublicKey: timed('GetPublicKey', kms.getPublicKey),
      sign: timed('Sign', kms.sign),
    }),
  };
}

function bind(series: Series, operation: KmsOperation) {
  const observe = series.histogram('kms_reencrypt_kms_seconds', { operation });
  const made = series.counter('kms_reencrypt_kms_attempts_total', { operation });
  const errors = cells<string>([...KMS_ERRORS, OVERFLOW], (error) =>
    series.counter('kms_reencrypt_kms_errors_total', { operation, error }),
  );
  return (seconds: number, error: string) => {
    observe(seconds);
    made.value += 1;
    if (error !== '') add(errors, error);
  };
}

/** Its own code if it has one (KmsFault, Node's system errors), why a call that waited was given up, or its class. */
function nameOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return OVERFLOW;
  if (thrown instanceof Refusal) return thrown.reason;
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name;
}
