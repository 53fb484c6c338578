import { InvalidArgumentError, Option } from 'commander';
import { policy } from '../../config/sections/policy.ts';

/** What a proxy allows a bundle and each decision: a bundle that needs more is refused here too. */
export interface LimitOptions {
  readonly timeoutMs: number;
  readonly memoryMib: number;
  readonly sizeLimitBytes: number;
}

const SETTINGS = {
  '--timeout-ms': 'timeout_ms',
  '--memory-mib': 'memory_mib',
  '--size-limit-bytes': 'size_limit_bytes',
} as const;

/** One for each setting of `policy`, with its default and bounds. */
export function limitOptions(): Option[] {
  return Object.entries(SETTINGS).map(([flag, name]) => {
    const setting = policy.shape[name];
    const { minValue, maxValue } = setting.unwrap();
    return new Option(`${flag} <number>`, `policy.${name} of the proxies that it is for`)
      .default(setting.parse(undefined))
      .argParser((text) => {
        const parsed = setting.safeParse(Number(text || Number.NaN));
        if (parsed.success) return parsed.data;
        throw new InvalidArgumentError(
          `It must be a whole number from ${minValue} to ${maxValue}.`,
        );
      });
  });
}
