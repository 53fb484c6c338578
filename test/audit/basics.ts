/** The configuration's defaults for a log, for logs that tests open themselves. */
export const BASICS = {
  durability: 'fsync',
  backend: 'embedded',
  version: '0.1.0',
  origin: 'test.example/audit',
  onBrokenChain: 'refuse',
  maxBytes: 64 << 20,
  maxAgeMs: 24 * 60 * 60 * 1000,
  keepSegments: 0,
  keepMs: 0,
  checkpointEntries: 1_000,
  checkpointMs: 10_000,
  commitTimeoutMs: 2_000,
  maxQueue: 10_000,
  now: Date.now,
  warn: () => undefined,
} as const;
