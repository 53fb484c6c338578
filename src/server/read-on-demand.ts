import type { Readable } from 'node:stream';

/**
 * Returns what pauses and resumes a stream. A paused stream of grpc-js would still decode 16 messages, 4 MiB,
 * before they are wanted. What is not read stays within the window of HTTP/2.
 */
export function readOnDemand(stream: Readable): (on: boolean) => void {
  const read = stream._read.bind(stream);
  let isOn = true;
  let wanted = false;
  stream._read = (size) => {
    if (isOn) read(size);
    else wanted = true;
  };
  return (on) => {
    isOn = on;
    if (!on) return void stream.pause();
    if (wanted) {
      wanted = false;
      read(0);
    }
    stream.resume();
  };
}
