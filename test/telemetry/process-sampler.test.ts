import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ProcessSampler } from '../../src/telemetry/process-sampler';
import { until } from '../support/until';

let sampler: ProcessSampler;

beforeEach(() => (sampler = new ProcessSampler()));
afterEach(() => sampler.stop());

const sample = (): Map<string, number> => new Map(sampler.sample().map(({ name, value }) => [name, value]));

function burn(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('the meters of this process', () => {
  it('have the names that the dashboards for Node.js know, and some more', () => {
    const names = [...sample().keys()];
    expect(names).toEqual(
      expect.arrayContaining(
        [
          'process_cpu',
          'heap_used',
          'heap_total',
          'heap_limit',
          'rss',
          'external_memory',
          'array_buffers',
          'uptime',
          'peak_malloced_memory',
          'malloced_memory',
          'old_space_used',
          'new_space_used',
        ].map((name) => `instance_nodejs_${name}`),
      ),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it('are numbers, of the size that they can have', () => {
    const meters = sample();
    for (const [name, value] of meters) expect([name, Number.isFinite(value) && value >= 0]).toEqual([name, true]);
    expect(meters.get('instance_nodejs_rss')).toBeGreaterThan(20e6);
    expect(meters.get('instance_nodejs_heap_limit')).toBeGreaterThan(meters.get('instance_nodejs_heap_used')!);
    expect(meters.get('instance_nodejs_old_space_used')).toBeGreaterThan(0);
    expect(meters.get('instance_nodejs_uptime')).toBeCloseTo(process.uptime(), 0);
  });

  it('tell of work since the last sample only', async () => {
    sample();
    burn(300);
    await until(() => sample().get('instance_nodejs_process_cpu')! > 0);
    burn(2_000);
    const utilization = () => sample().get('instance_nodejs_event_loop_utilization')!;
    expect(utilization()).toBeGreaterThan(50);
    // Where others want the processor, a loop with nothing to do may look busy; but not four times, and in so little
    // time what was before would still be more than half of all.
    let least = 100;
    for (let tries = 0; tries < 4 && least >= 50; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      least = Math.min(least, utilization());
    }
    expect(least).toBeLessThan(50);
  });

  it('show a loop that stood still', async () => {
    const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    // Node looks at the loop every 100 ms, and tells of nothing before its second look.
    await pause(250);
    burn(400);
    await pause(150);
    const longest = sample().get('instance_nodejs_event_loop_delay_max')!;
    expect(longest).toBeGreaterThan(200);
    expect(longest).toBeLessThan(2_000);
  });

  it('count what is active once for several samples where to list it takes long', () => {
    const list = jest.spyOn(process, 'getActiveResourcesInfo').mockImplementation(() => {
      burn(30);
      return ['Timeout', 'Timeout'];
    });
    try {
      expect([sample(), sample()].map((meters) => meters.get('instance_nodejs_active_handles'))).toEqual([2, 2]);
      expect(list).toHaveBeenCalledTimes(1);
    } finally {
      list.mockRestore();
    }
  });

  it('are watched without holding the process up', () => {
    const script = `
      require(${JSON.stringify(path.join(__dirname, '..', 'support', 'typescript.js'))});
      const { ProcessSampler } = require(${JSON.stringify(path.join(__dirname, '..', '..', 'src', 'telemetry', 'process-sampler.ts'))});
      new ProcessSampler().sample();
    `;
    const { status, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 10_000 });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
