/** The least CPU microseconds per turn of five measurements, after a warm-up. */
export async function cpuPerTurn(turn: () => Promise<unknown>, turns = 20_000): Promise<number> {
  for (let index = 0; index < turns; index += 1) await turn();
  let least = Number.POSITIVE_INFINITY;
  for (let measurement = 0; measurement < 5; measurement += 1) {
    const before = process.cpuUsage();
    for (let index = 0; index < turns; index += 1) await turn();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / turns);
  }
  return least;
}
