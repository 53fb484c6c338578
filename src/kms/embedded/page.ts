import { fault } from './fault.ts';

interface Paging {
  readonly Limit?: number | undefined;
  readonly Marker?: string | undefined;
}

/** One page: the items under the member's own name, and a marker where more follow. */
interface Page<T> {
  readonly items: readonly T[];
  readonly rest: { readonly NextMarker?: string; readonly Truncated: boolean };
}

/** Cuts a page out of items whose ids ascend; a marker stays good when items come and go. */
export function page<T>(
  all: readonly T[],
  { Limit, Marker }: Paging,
  { idOf, usual }: { idOf: (item: T) => string; usual: number },
): Page<T> {
  const after = Marker === undefined ? undefined : readMarker(Marker);
  const from = after === undefined ? all : all.filter((item) => idOf(item) > after);
  const items = from.slice(0, Limit ?? usual);
  const last = items.at(-1);
  if (from.length <= items.length || last === undefined)
    return { items, rest: { Truncated: false } };
  return { items, rest: { NextMarker: writeMarker(idOf(last)), Truncated: true } };
}

const PREFIX = 'after:';

function writeMarker(id: string): string {
  return Buffer.from(PREFIX + id).toString('base64');
}

function readMarker(marker: string): string {
  const text = Buffer.from(marker, 'base64').toString();
  if (!text.startsWith(PREFIX) || Buffer.from(text).toString('base64') !== marker) {
    throw fault('InvalidMarkerException', 'Could not deserialize marker');
  }
  return text.slice(PREFIX.length);
}
