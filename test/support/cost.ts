/** Median of what one call of each takes, in ns of CPU time, over rounds that take turns: neighbours disturb all alike. */
export function costsOf(works: readonly (() => void)[], { rounds = 15, calls = 1 } = {}): number[] {
  const taken = works.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [n, work] of works.entries()) {
      const from = process.cpuUsage();
      const startedAt = performance.now();
      for (let call = 0; call < calls; call++) work();
      const elapsed = (performance.now() - startedAt) * 1_000;
      const { user, system } = process.cpuUsage(from);
      // The first round warms up. CPU time counts other threads too, and wall time counts neighbours: the less is nearer.
      if (round > 0) taken[n]!.push((Math.min(elapsed, user + system || elapsed) * 1_000) / calls);
    }
  }
  return taken.map((times) => times.sort((a, b) => a - b)[rounds >> 1]!);
}
