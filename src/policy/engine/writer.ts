import { Buffer } from 'node:buffer';
import { PAGE_BYTES } from './instance.ts';

/** Writes into a Wasm memory, and makes it larger where it must. */
export interface Writer {
  /** Writes text as UTF-8 and returns how many bytes that were. */
  text(text: string, at: number): number;
  bytes(bytes: Uint8Array, at: number): void;
}

export function createWriter(memory: WebAssembly.Memory): Writer {
  let view = Buffer.from(memory.buffer);

  /** Growing detaches the buffer that the view was made of. */
  function reserve(end: number): Buffer {
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    if (view.buffer !== memory.buffer) view = Buffer.from(memory.buffer);
    return view;
  }
  return {
    text: (text, at) => reserve(at + text.length * 3).write(text, at, 'utf8'),
    bytes: (bytes, at) => reserve(at + bytes.length).set(bytes, at),
  };
}
