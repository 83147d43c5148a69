import { Fleet } from './fleet';

const AGENTS = 500;
/** As long as OAP takes to start. */
const RESTART_MS = 5_000;

describe.each(['v2', 'v3'] as const)(`${AGENTS} agents of one backend of %s`, (protocol) => {
  let fleet: Fleet;

  afterEach(() => fleet.stop());

  it('are back within seconds, each under its own names, when the storage is lost with every node', async () => {
    fleet = await Fleet.start({ agents: AGENTS, seed: 1, protocol });
    const recovery = await fleet.wipe(RESTART_MS);
    expect(await fleet.strangers()).toEqual([]);
    expect(recovery.all).toBeLessThan(6_000);
    // Each agent has two connections, and makes each once.
    expect(recovery.connects).toBe(2 * AGENTS);
    expect(recovery.peakConnects).toBeLessThan(AGENTS);
    // They were all connected within seconds, and beat apart nevertheless.
    expect(recovery.peakAfterwards).toBeLessThan(2 * recovery.meanAfterwards);
  });
});
