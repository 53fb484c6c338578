/** What was opened, to be closed in the opposite order. */
export interface Stack {
  push(close: () => Promise<unknown>): void;
  close(): Promise<void>;
}

export function createStack(): Stack {
  const closers: (() => Promise<unknown>)[] = [];
  return {
    push: (close) => void closers.push(close),
    async close() {
      for (let close = closers.pop(); close; close = closers.pop()) await close();
    },
  };
}
