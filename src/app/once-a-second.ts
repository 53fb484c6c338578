const PAUSE_MS = 1000;

/** Whether another line about the same thing may be logged: an outage makes thousands per second. */
export function createOnceASecond(now: () => number): (about: string) => boolean {
  const toldAt = new Map<string, number>();
  return (about) => {
    const due = now() - (toldAt.get(about) ?? -PAUSE_MS) >= PAUSE_MS;
    if (due) toldAt.set(about, now());
    return due;
  };
}
