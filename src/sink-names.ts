/** Where audit entries can go besides the log's file: as `audit.required`, metrics, warnings and files name it. */
export const SINK_NAMES = ['stdout', 'decision-log'] as const;
export type SinkName = (typeof SINK_NAMES)[number];
