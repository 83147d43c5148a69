import { Chaos } from '../chaos/chaos';

// Processes, each with a start of its own: a busy machine takes its time.
jest.setTimeout(120_000);

describe('processes that share a command file and are killed and started while an operator writes in every way', () => {
  it('lose no command and run none twice, and both files are whole at every moment', async () => {
    expect(await Chaos.run({ seed: 4711, processes: 4, seconds: 6, shifted: 0.5 })).toEqual([]);
  });
});
