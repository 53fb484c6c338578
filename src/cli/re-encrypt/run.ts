import type { Run } from '../command.ts';
import { EXIT_CODE, otherFailure } from './failure.ts';
import { formatValue } from './output/format.ts';
import { isHttp, type TargetAnswer, type TargetCall } from './targets/target.ts';
import { strictBase64 } from './values/base64.ts';
import type { Value } from './values/value.ts';
import { type Result, type Work, withArguments } from './with-arguments.ts';

/** `re-encrypt`, as the users of `aws kms re-encrypt` know it. */
export const run: Run = withArguments('re-encrypt', async (work) => {
  if (work.options.get('skeleton') === 'output') return sampleAnswer(work);
  const file = await openOutputFile(work);
  try {
    const answer = await send(work.call).catch(async (thrown: unknown) => {
      const { withHint } = await import('./hints.ts');
      throw withHint(thrown, work.call.parameters.get('CiphertextBlob'));
    });
    const blob = file && ciphertextOf(answer);
    if (blob) await file.commit(blob);
    const output = file?.isStdout && blob ? blob : formatAnswer(answer, work);
    return { output, exitCode: EXIT_CODE.ok };
  } finally {
    await file?.discard();
  }
});

async function sampleAnswer(work: Work): Promise<Result> {
  const { outputSkeleton } = await import('./skeleton.ts');
  const answer = { response: outputSkeleton(), decisionId: '' };
  return { output: formatAnswer(answer, work), exitCode: EXIT_CODE.ok };
}

/** Opened before the call, so that no result is lost because it cannot be written. */
async function openOutputFile({ options }: Work) {
  const path = options.get('outputFile');
  if (typeof path !== 'string') return undefined;
  const { openOutput } = await import('./output/output-file.ts');
  return openOutput(path);
}

/** Any endpoint may have answered: anything but a ciphertext must not overwrite the file. */
function ciphertextOf({ response }: TargetAnswer): Uint8Array {
  const blob = strictBase64(String(response.get('CiphertextBlob') ?? ''));
  if (blob) return blob;
  throw otherFailure('The endpoint answered no ciphertext, and --output-file is left as it was');
}

async function send(call: TargetCall): Promise<TargetAnswer> {
  if (isHttp(call.settings.endpoint)) {
    const { callAws } = await import('./targets/aws-target.ts');
    return callAws(call);
  }
  const { callProxy } = await import('./targets/proxy-target.ts');
  return callProxy(call);
}

/** Text keeps the AWS CLI's columns, so the decision id is there only where a query asks for it. */
function formatAnswer({ response, decisionId }: TargetAnswer, { call, terminal }: Work): string {
  const { output, query, color } = call.settings;
  const columnsOnly = decisionId === '' || (output === 'text' && query === undefined);
  const whole: Value = columnsOnly ? response : new Map([...response, ['DecisionId', decisionId]]);
  const value = query ? query(whole) : whole;
  return formatValue(value, { format: output, color, title: 'ReEncrypt', stdout: terminal.stdout });
}
