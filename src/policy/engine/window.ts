import { Buffer } from 'node:buffer';
import { EngineFault } from './fault.ts';

export const PAGE_BYTES = 65_536;

/** Reads and writes a Wasm memory, and grows it when needed. */
export interface Window {
  /** Makes sure that the memory reaches up to `end`; call this before writing. */
  reserve(end: number): void;
  /** Writes text as UTF-8 and returns the number of bytes. */
  writeText(text: string, at: number): number;
  writeBytes(bytes: Uint8Array, at: number): void;
  writeAddress(address: number, at: number): void;
  /** Every place from `from` to `end` that holds the address. */
  placesOf(address: number, from: number, end: number): readonly number[];
  /** The text up to the next zero byte. @throws EngineFault where there is none */
  readText(at: number): string;
}

export function openWindow(memory: WebAssembly.Memory): Window {
  let view = Buffer.from(memory.buffer);

  /** Growing the memory detaches the view's buffer, which leaves the view empty. */
  function current(): Buffer {
    if (view.byteLength === 0) view = Buffer.from(memory.buffer);
    return view;
  }
  return {
    reserve(end) {
      const missing = end - current().byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    },
    writeText: (text, at) => current().write(text, at, 'utf8'),
    writeBytes: (bytes, at) => current().set(bytes, at),
    writeAddress: (address, at) => void current().writeUInt32LE(address, at),
    placesOf(address, from, end) {
      const wanted = Buffer.alloc(4);
      wanted.writeUInt32LE(address);
      const searched = current().subarray(0, end);
      const places: number[] = [];
      for (
        let at = searched.indexOf(wanted, from);
        at >= 0;
        at = searched.indexOf(wanted, at + 1)
      ) {
        places.push(at);
      }
      return places;
    },
    readText(at) {
      const text = current();
      const end = text.indexOf(0, at);
      if (end < 0) throw new EngineFault('abort', 'a text in the memory does not end');
      return text.toString('utf8', at, end);
    },
  };
}
