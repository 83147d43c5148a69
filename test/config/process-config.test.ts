import path from 'node:path';
import { startApp } from '../support/app';

const APP = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'configured.js');

interface Said {
  readonly who: string;
  readonly instanceName?: string;
  readonly instanceNameFrom?: string;
  readonly processNumber?: number;
  readonly enabled?: boolean;
  readonly faults?: readonly { source: string }[];
  readonly args: readonly string[];
}

async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Map<string, Said>> {
  const app = startApp(APP, { args, env });
  expect(await app.ended).toEqual({ code: 0, signal: null });
  expect(app.stderr).toBe('');
  const lines = app.stdout.trim().split('\n');
  return new Map(lines.map((line) => JSON.parse(line) as Said).map((said) => [said.who, said]));
}

describe('a program with our flags', () => {
  it('sees its own arguments only, and keeps its configuration when it is asked for again', async () => {
    const said = await run([
      'a',
      '--skyanchor-instance-name=orders-${pid}',
      '--port',
      '1',
      '--',
      '--skyanchor-disable',
    ]);
    expect(said.get('primary')).toMatchObject({
      instanceName: expect.stringMatching(/^orders-\d+$/),
      instanceNameFrom: 'flag',
      serviceName: 'skyanchor',
      enabled: true,
      args: ['a', '--port', '1', '--', '--skyanchor-disable'],
    });
  });

  it('sees its own arguments only even if ours are wrong', async () => {
    const said = await run(['--skyanchor-protocol', 'v9', 'a', '--skyanchor-weather=fine']);
    expect(said.get('primary')?.args).toEqual(['a']);
    expect(said.get('primary')?.faults).toHaveLength(2);
  });

  it('does not hand them on to a child process, which is another program', async () => {
    const said = await run(['--skyanchor-instance-name=orders', '--skyanchor-disable']);
    expect(said.get('child')).toMatchObject({ instanceNameFrom: 'generated', enabled: true });
  });

  it('hands on by the environment what it got by the environment, to everybody', async () => {
    const said = await run([], { SW_AGENT_INSTANCE_NAME: 'orders' });
    expect(said.get('child')).toMatchObject({ instanceName: 'orders', instanceNameFrom: 'environment' });
  });
});

describe('a cluster', () => {
  it('has the flags in every worker, a replaced one too, and still as flags', async () => {
    const said = await run(['cluster', '2', '--skyanchor-instance-name', 'orders', 'x']);
    for (const id of [1, 2, 3]) {
      expect(said.get(`worker ${id}`)).toMatchObject({
        instanceName: 'orders',
        instanceNameFrom: 'flag',
        // The primary is traced too, and is the first.
        processNumber: id + 1,
        args: ['cluster', '2', 'x'],
      });
    }
    expect(said.get('primary')).toMatchObject({ instanceName: 'orders', processNumber: 1 });
  });

  it('numbers its workers from the first where the primary has no agent', async () => {
    const said = await run(['untraced-primary', 'cluster', '2'], { SW_AGENT_INSTANCE_NAME: 'orders' });
    for (const id of [1, 2, 3]) expect(said.get(`worker ${id}`)).toMatchObject({ processNumber: id });
  });

  it("numbers its workers behind the primary where the name is the environment's", async () => {
    const said = await run(['cluster', '1'], { SW_AGENT_INSTANCE_NAME: 'orders' });
    expect(said.get('worker 1')).toMatchObject({ instanceNameFrom: 'environment', processNumber: 2 });
  });

  it('is off in the workers where a flag turns it off in the primary', async () => {
    const said = await run(['cluster', '1', '--skyanchor-disable']);
    expect(said.get('worker 1')?.enabled).toBe(false);
  });

  it('has the same faults in the workers as in the primary', async () => {
    const said = await run(['cluster', '1', '--skyanchor-protocol=v9']);
    expect(said.get('worker 1')?.faults).toMatchObject([{ source: 'flag --skyanchor-protocol' }]);
  });
});
