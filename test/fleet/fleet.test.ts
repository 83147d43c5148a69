import { Fleet } from './fleet';

const AGENTS = 200;
/** As long as OAP takes to start. */
const RESTART_MS = 5_000;
const OUTAGE_MS = 30_000;

/** Each is simulated in seconds, on a machine with nothing else to do. */
jest.setTimeout(120_000);

let fleet: Fleet | undefined;

afterEach(async () => {
  await fleet?.stop();
  fleet = undefined;
});

describe.each([
  ['v2', 12],
  ['v3', 2.2],
] as const)(`${AGENTS} agents of one backend of %s`, (protocol, mostCalls) => {
  it('are back spread over seconds, each under its own names, after an outage, and when the storage is lost with every node', async () => {
    fleet = await Fleet.start({ agents: AGENTS, seed: 1, protocol });
    const outage = await fleet.outage(OUTAGE_MS);
    expect(await fleet.misidentified()).toEqual([]);
    // Attempts to connect come apart while no node is there.
    expect(outage.peakConnects).toBeLessThan(AGENTS);
    const wipe = await fleet.wipe(RESTART_MS);
    expect(await fleet.misidentified()).toEqual([]);
    expect(wipe.registrations).toBeLessThanOrEqual(mostCalls * AGENTS);
    for (const recovery of [outage, wipe]) {
      expect(recovery.all).toBeLessThan(6_000);
      // Each agent makes its two connections once.
      expect(recovery.connects).toBe(2 * AGENTS);
      // All were connected within seconds, and go on apart.
      expect(recovery.peakAfterwards).toBeLessThan(2 * recovery.meanAfterwards);
    }
  });
});

it(`${AGENTS} agents are at the nodes that are left within a second, as many at each, and spread over all of them again after a rolling restart`, async () => {
  const maxConnectionAgeMs = 10_000;
  fleet = await Fleet.start({ agents: AGENTS, seed: 3, protocol: 'v3', maxConnectionAgeMs });
  const [lost] = await fleet.rollingRestart(RESTART_MS, RESTART_MS);
  expect(lost!.all).toBeLessThan(1_000);
  expect(lost!.spread[0]).toBe(0);
  for (const agents of lost!.spread.slice(1)) expect(agents).toBeGreaterThan(0.4 * AGENTS);
  await fleet.clock.advance(3 * maxConnectionAgeMs);
  for (const agents of fleet.spread()) expect(agents).toBeGreaterThan(AGENTS / 5);
  expect(await fleet.misidentified()).toEqual([]);
});

describe.each([
  ['v2', 20_000],
  ['v3', 30_000],
] as const)('agents of one backend of %s', (protocol, noticedMs) => {
  it('have left a node within 30 s whose line swallows everything, though no segment goes over it', async () => {
    fleet = await Fleet.start({ agents: 60, seed: 4, protocol });
    const [mute] = fleet.backend.nodes;
    expect(mute!.sockets.size).toBeGreaterThan(0);
    mute!.isMute = true;
    const before = new Set(mute!.sockets);
    await fleet.clock.advance(noticedMs);
    expect([...before].filter(({ destroyed }) => !destroyed)).toEqual([]);
    await fleet.clock.advance(20_000);
    expect(fleet.agents.filter(({ registrar }) => !registrar.isSound)).toEqual([]);
    expect(await fleet.misidentified()).toEqual([]);
  });

  it('stay at nodes that answer after nine seconds', async () => {
    fleet = await Fleet.start({ agents: 60, seed: 5, protocol });
    const from = fleet.clock.elapsed();
    for (const node of fleet.backend.nodes) node.delayMs = 9_000;
    await fleet.clock.advance(120_000);
    expect(fleet.traffic.connects.count(from, fleet.clock.elapsed())).toBe(0);
    expect(fleet.agents.filter(({ registrar }) => !registrar.isSound)).toEqual([]);
  });
});
