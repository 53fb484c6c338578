import { Buffer } from 'node:buffer';
import { EngineFault } from './fault.ts';
import { emptyText, type Frame, type Input, wholeText } from './frame.ts';
import type { OpaExports } from './imports.ts';
import type { Instance, Resident } from './instance.ts';

/** Puts an input, JSON text or framed, after the resident data, and returns the address of its value. */
type Place = (input: string | Input) => number;

/** A copy of the part of the memory in which a frame was parsed. */
interface Image {
  readonly bytes: Uint8Array;
  readonly address: number;
  /** For each slot, where in the memory the address of its value is to be written. */
  readonly slots: readonly number[];
}

/** 10 to 20 kB each; making one takes as long as several decisions without one. */
const MOST_IMAGES = 256;

/**
 * When there is no room, this many frames go without an image before all images are dropped. Frames
 * live as long as the facts of their keys, about a minute; if more are in use than there is room for,
 * making an image for each new one would cost more than the images save.
 */
const MOST_PASSED = 10 * MOST_IMAGES;

/**
 * A frame's image is copied whole to where it was parsed, so that nothing of the previous call is left,
 * whatever its evaluation did to the input.
 */
export function createPlace(instance: Instance, { heapAddress }: Resident): Place {
  const { exports, memory, window } = instance;
  const images = new Map<Frame, Image>();
  let passed = 0;

  return (input) => {
    if (typeof input === 'string') return parse(instance, input, heapAddress);
    const image = images.get(input.frame) ?? (hasRoom() ? keep(input.frame) : undefined);
    if (!image) return parse(instance, wholeText(input), heapAddress);
    const { bytes, address, slots } = image;
    const end = heapAddress + bytes.length;
    const text = input.values.join('');
    window.reserve(end + text.length * MOST_BYTES);
    window.writeBytes(bytes, heapAddress);
    fill(instance, { text, values: input.values, slots }, end);
    return address;
  };

  function hasRoom(): boolean {
    if (images.size < MOST_IMAGES) return true;
    passed += 1;
    if (passed < MOST_PASSED) return false;
    passed = 0;
    images.clear();
    return true;
  }

  function keep(frame: Frame): Image {
    const address = parse(instance, emptyText(frame), heapAddress);
    const end = exports.opa_heap_ptr_get();
    const slots = frame.slots.map((path) => findSlot({ address, end }, path));
    const bytes = new Uint8Array(memory.buffer).slice(heapAddress, end);
    const image = { bytes, address, slots };
    images.set(frame, image);
    return image;
  }

  /**
   * OPA does not document the memory layout of its objects, but has a function that puts a value into
   * one. We put in two values, one after the other: the slot is the place that held the address of each.
   */
  function findSlot(frame: { address: number; end: number }, path: readonly string[]): number {
    const parsed = (value: unknown) =>
      parse(instance, JSON.stringify(value), exports.opa_heap_ptr_get());
    const [way, one, other] = [parsed(path), parsed('one'), parsed('other')];
    const placesOf = (value: number) => {
      if (exports.opa_value_add_path(frame.address, way, value) !== 0) throw noSlot();
      return window.placesOf(value, heapAddress, frame.end);
    };
    const before = placesOf(one);
    const [slot, ...more] = placesOf(other).filter((at) => before.includes(at));
    if (slot === undefined || more.length > 0) throw noSlot();
    return slot;
  }
}

const noSlot = () => new EngineFault('abort', 'the input has no such slot');

/** UTF-8 bytes per UTF-16 code unit. */
const MOST_BYTES = 3;

type Tools = Pick<Instance, 'exports' | 'window'>;

/** Writes the text at `at`, and its parsed value after it. */
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

interface Filling {
  readonly values: readonly string[];
  /** All values in one text: writing it once costs less than writing each. */
  readonly text: string;
  readonly slots: readonly number[];
}

/** All texts are written before the first is parsed, because parsed values go after `opa_heap_ptr`. */
function fill({ exports, window }: Tools, { text, values, slots }: Filling, from: number): void {
  const bytes = window.writeText(text, from);
  const isAscii = bytes === text.length;
  exports.opa_heap_ptr_set(from + bytes);
  let at = from;
  for (let index = 0; index < slots.length; index += 1) {
    const value = values[index] ?? '';
    const length = isAscii ? value.length : Buffer.byteLength(value);
    window.writeAddress(parsed(exports, at, length), slots[index] ?? 0);
    at += length;
  }
}
