import { type Line, readLines } from '../log/lines.ts';
import type { LogFiles } from './collect.ts';
import { openSegment } from './open-segment.ts';
import type { ReadingDisk } from './packed.ts';

interface Entry extends Pick<Line, 'bytes' | 'leaf'> {
  readonly seq: number;
  /** Of the instance that wrote it; '' if its segment does not say. */
  readonly origin: string;
  /** File and line, for a person. */
  readonly where: string;
}

/**
 * The lines of a log from its first segment on, each with its seq. It does not verify the chain, and
 * skips what is missing or could not be unpacked.
 */
export function* readEntries(disk: ReadingDisk, log: LogFiles, size = Infinity): Generator<Entry> {
  let seq = log.segments[0]?.head?.chain.seq ?? 0;
  for (const [index, segment] of log.segments.entries()) {
    if (segment.damage !== '') continue;
    seq = segment.head?.chain.seq ?? seq;
    const origin = segment.head?.origin ?? '';
    const end = Math.min(size, log.segments[index + 1]?.head?.chain.seq ?? size);
    const file = openSegment(disk, log, segment);
    let number = 0;
    try {
      for (const { bytes, leaf, ended } of readLines(file)) {
        if (seq >= end || !ended) break;
        number += 1;
        yield { bytes, leaf, seq, origin, where: `${segment.name}, line ${number}` };
        seq += 1;
      }
    } finally {
      file.close();
    }
  }
}
