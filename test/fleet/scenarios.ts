import { Fleet, type FleetOptions, type Recovery } from './fleet';

/** As long as OAP takes to start. */
const RESTART_MS = 5_000;
const OUTAGE_MS = 60_000;
const MAX_CONNECTION_AGE_MS = 60_000;
/** An agent moves within 1.2 of its connections' age, and the node that it picks may be the one that it had. */
const SPREAD_MS = 4 * MAX_CONNECTION_AGE_MS;
/** What a genuine OAP 6.5 with H2 or MariaDB gives out. */
const SLOW_IDS = 180;

interface Scenario {
  readonly name: string;
  readonly run: (options: FleetOptions) => Promise<readonly string[]>;
}

async function withFleet(options: FleetOptions, use: (fleet: Fleet) => Promise<readonly string[]>) {
  const fleet = await Fleet.start(options);
  const lines = await use(fleet);
  const misidentified = await fleet.misidentified();
  await fleet.stop();
  return [...lines, `${misidentified.length} agents go by ids that are not theirs`];
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'wipe',
    run: (options) => withFleet(options, async (fleet) => [shown(await fleet.wipe(RESTART_MS))]),
  },
  {
    name: 'wipe-slow-ids',
    run: (options) =>
      options.protocol === 'v3'
        ? Promise.resolve([])
        : withFleet({ ...options, idsPerSecond: SLOW_IDS }, async (fleet) => [shown(await fleet.wipe(RESTART_MS))]),
  },
  {
    name: 'outage',
    run: (options) => withFleet(options, async (fleet) => [shown(await fleet.outage(OUTAGE_MS))]),
  },
  {
    name: 'rolling',
    run: (options) =>
      withFleet({ ...options, maxConnectionAgeMs: MAX_CONNECTION_AGE_MS }, async (fleet) => {
        const before = fleet.spread();
        const recoveries = await fleet.rollingRestart(RESTART_MS, 2 * RESTART_MS);
        const after = fleet.spread();
        await fleet.clock.advance(SPREAD_MS);
        const lines = recoveries.map((recovery, node) => `node ${node} stopped: ${shown(recovery)}`);
        const spreads = `agents at each node ${before.join()}; after the restarts ${after.join()}`;
        return [...lines, `${spreads}; ${SPREAD_MS / 1_000} s later ${fleet.spread().join()}`];
      }),
  },
];

function shown(recovery: Recovery): string {
  const { half, most, all } = recovery;
  const seconds = [half, most, all].map((ms) => (ms / 1_000).toFixed(1));
  return [
    `half of the agents are back after ${seconds[0]} s, 99 % after ${seconds[1]} s, all after ${seconds[2]} s`,
    `connections ${recovery.connects}, in the busiest second ${recovery.peakConnects}`,
    `registration calls ${recovery.registrations}, a second ${recovery.meanRegistrations}, in the busiest ${recovery.peakRegistrations}`,
    `all calls in the busiest second ${recovery.peakCalls}`,
    `at each node ${recovery.spread.join()}`,
    `afterwards ${recovery.meanAfterwards} a second, in the busiest ${recovery.peakAfterwards}`,
  ].join('; ');
}
