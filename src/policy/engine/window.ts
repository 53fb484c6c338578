import { Buffer } from 'node:buffer';
import { EngineFault } from './fault.ts';

export const PAGE_BYTES = 65_536;

/** Reads and writes a Wasm memory, and makes it larger where it must. */
export interface Window {
  /** Writes text as UTF-8 and returns how many bytes that were. */
  writeText(text: string, at: number): number;
  writeBytes(bytes: Uint8Array, at: number): void;
  /** The text up to the next zero byte. @throws EngineFault where there is none */
  readText(at: number): string;
}

export function openWindow(memory: WebAssembly.Memory): Window {
  let view = Buffer.from(memory.buffer);

  /** Growing detaches the buffer that the view was made of. */
  function current(): Buffer {
    if (view.buffer !== memory.buffer) view = Buffer.from(memory.buffer);
    return view;
  }
  function reserve(end: number): Buffer {
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    return current();
  }
  return {
    writeText: (text, at) => reserve(at + text.length * 3).write(text, at, 'utf8'),
    writeBytes: (bytes, at) => reserve(at + bytes.length).set(bytes, at),
    readText(at) {
      const text = current();
      const end = text.indexOf(0, at);
      if (end < 0) throw new EngineFault('abort', 'a text in the memory does not end');
      return text.toString('utf8', at, end);
    },
  };
}
