import { EngineFault } from './fault.ts';
import { emptyText, type Frame, type Input } from './frame.ts';
import type { OpaExports } from './imports.ts';
import type { Instance, Resident } from './instance.ts';

/** Puts an input, JSON text or framed, behind the resident data, and returns the address of its value. */
export type Place = (input: string | Input) => number;

/** A frame as it lies in the memory, parsed, with null in its slots. */
interface Image {
  readonly bytes: Uint8Array;
  readonly address: number;
  /** Addresses of the paths of its slots. */
  readonly paths: readonly number[];
}

/** Frames live as long as the facts of their keys, about a minute; past this many, all start anew. */
const MOST_IMAGES = 256;

/**
 * Every input starts from a known memory: a frame's image is copied whole to where it was made, so
 * that nothing of the call before is left, whatever the evaluation did to its own input.
 */
export function createPlace(instance: Instance, { heapAddress }: Resident): Place {
  const { exports, memory, window } = instance;
  const images = new Map<Frame, Image>();

  return (input) => {
    if (typeof input === 'string') return parse(instance, input, heapAddress);
    const { bytes, address, paths } = images.get(input.frame) ?? keep(input.frame);
    const end = heapAddress + bytes.length;
    window.reserve(end + characters(input.values) * MOST_BYTES);
    window.writeBytes(bytes, heapAddress);
    fill(instance, { root: address, paths }, input.values, end);
    return address;
  };

  function keep(frame: Frame): Image {
    const address = parse(instance, emptyText(frame), heapAddress);
    const paths = frame.slots.map((path) =>
      parse(instance, JSON.stringify(path), exports.opa_heap_ptr_get()),
    );
    const bytes = new Uint8Array(memory.buffer).slice(heapAddress, exports.opa_heap_ptr_get());
    const image = { bytes, address, paths };
    if (images.size >= MOST_IMAGES) images.clear();
    images.set(frame, image);
    return image;
  }
}

/** Of a UTF-16 code unit in UTF-8. */
const MOST_BYTES = 3;

function characters(texts: readonly string[]): number {
  let sum = 0;
  for (const text of texts) sum += text.length;
  return sum;
}

type Tools = Pick<Instance, 'exports' | 'window'>;

/** Writes the text at `at`, and its value behind it. */
function parse({ exports, window }: Tools, text: string, at: number): number {
  window.reserve(at + text.length * MOST_BYTES);
  const length = window.writeText(text, at);
  exports.opa_heap_ptr_set(at + length);
  return parsed(exports, at, length);
}

function parsed({ opa_json_parse }: OpaExports, at: number, length: number): number {
  const address = opa_json_parse(at, length);
  if (address === 0) throw new EngineFault('abort', 'the input is not JSON');
  return address;
}

/** All texts are written before the first is parsed: the allocator takes what is behind them. */
function fill(
  { exports, window }: Tools,
  { root, paths }: { readonly root: number; readonly paths: readonly number[] },
  values: readonly string[],
  from: number,
): void {
  let end = from;
  const lengths = values.map((value) => {
    const length = window.writeText(value, end);
    end += length;
    return length;
  });
  exports.opa_heap_ptr_set(end);
  let at = from;
  for (let slot = 0; slot < paths.length; slot += 1) {
    const length = lengths[slot] ?? 0;
    const value = parsed(exports, at, length);
    if (exports.opa_value_add_path(root, paths[slot] ?? 0, value) !== 0) {
      throw new EngineFault('abort', 'the input has no such slot');
    }
    at += length;
  }
}
