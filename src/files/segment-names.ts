import { basename, extname } from 'node:path';

/**
 * What may stand between the stem of a segment's name and the extension: the first seq of a closed one, or
 * the date that logrotate's `extension` puts there.
 */
const INNER = '([._-]\\d{4}[\\d._:T-]{3,}\\d)?';
/** What logrotate appends, or anyone who finds the name taken: `.1`, `-20261128`, `-20261128-1412`. */
const MOVED = '([._-]\\d(?:[\\d._:T-]*\\d)?)?';

/** Tells whether a file is a segment of the log whose live file has this name: that one, a closed or a moved one. */
function segmentOf(live: string): (name: string) => boolean {
  const extension = extname(live);
  const own = basename(live, extension);
  let pattern: RegExp | undefined;
  return (name) => {
    // Most names in a folder of many logs are of others, and a pattern takes long to make and to try.
    if (!name.startsWith(own) || !name.includes(extension)) return false;
    pattern ??= segmentPattern(own, extension);
    return pattern.test(name);
  };
}

function segmentPattern(own: string, extension: string): RegExp {
  const [stem, ending] = [own, extension].map(escaped);
  const numbered = extension === '' ? '' : `|${stem}\\.\\d+${ending}`;
  return new RegExp(`^(?:${stem}${INNER}${ending}${MOVED}${numbered})$`);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/**
 * `audit-000000001000.jsonl`, `audit-000000001000.jsonl.1` and logrotate's `audit.jsonl.1`,
 * `audit.jsonl-20261128` and `audit-20261128.jsonl` → `audit.jsonl`. `audit.1.jsonl` stays as it is: many
 * a live file is called so, such as one with an address in its name.
 */
export function liveName(name: string): string {
  return name.replace(WITH_EXTENSION, '$1$3').replace(WITHOUT_EXTENSION, '$1');
}

const WITH_EXTENSION = new RegExp(`^(.+?)${INNER}(\\.[A-Za-z]\\w*?)${MOVED}$`);
const WITHOUT_EXTENSION = new RegExp(`^([^.]+)-\\d{12,}${MOVED}$`);

const CHECKPOINT = '.checkpoint';

/** Where the checkpoint lies of the log with this live file. */
export function checkpointOf(live: string): string {
  return `${live}${CHECKPOINT}`;
}

/** The segments of one log among the names in its folder. `pod-0` is one of `pod`, unless it has a checkpoint itself. */
export function segmentsAmong(names: readonly string[], live: string): readonly string[] {
  const isOwn = segmentOf(live);
  const own = names.filter(isOwn);
  if (own.length === 0) return own;
  const others = sealedNames(names)
    .filter((name) => name !== live && isOwn(name))
    .map(segmentOf);
  return own.filter((name) => !others.some((isOther) => isOther(name)));
}

/** Live names of the logs in a folder: what ends in `.jsonl` is one by its name, anything else by a checkpoint beside it. */
export function liveNames(names: readonly string[]): readonly string[] {
  const byName = names.map(liveName).filter((name) => name.endsWith('.jsonl'));
  const sealed = sealedNames(names).filter((live) => segmentsAmong(names, live).length > 0);
  return [...new Set([...byName, ...sealed])].sort();
}

/** What has a checkpoint beside it. */
function sealedNames(names: readonly string[]): readonly string[] {
  return names
    .filter((name) => name.endsWith(CHECKPOINT))
    .map((name) => name.slice(0, -CHECKPOINT.length));
}

/** The first seq that a closed segment has in its name; undefined where it has none. */
export function seqNamed(path: string): number | undefined {
  const digits = /-(\d{12,})(?:\.|$)/.exec(basename(path))?.[1];
  return digits === undefined ? undefined : Number(digits);
}
