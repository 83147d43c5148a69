import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { until } from '../support/until';
import { connectV2Agent, startOap } from './oap';

interface Started {
  readonly grpc: string;
  readonly pid: number;
  readonly logFile: string;
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function startByCommandLine(): Promise<{ starter: ChildProcess; started: Started }> {
  const starter = spawn(process.execPath, [path.join(__dirname, 'oap.js'), 'start', '6.5.0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(starter.stdout, 'data')) as [Buffer];
  return { starter, started: JSON.parse(line.toString('utf8')) as Started };
}

describe('a real server', () => {
  it('ends with the process that started it, however that died, and its folder goes when the next one starts', async () => {
    const { starter, started } = await startByCommandLine();
    const folder = path.dirname(started.logFile);
    starter.kill('SIGKILL');
    await until(
      () => lives(started.pid),
      (alive) => !alive,
    );
    expect(existsSync(folder)).toBe(true);

    const next = await startOap({ version: '6.5.0' });
    await next.stop();
    expect(existsSync(folder)).toBe(false);
    expect(existsSync(next.dataDir)).toBe(false);
  });

  it('does one thing at a time, and nothing once it was stopped', async () => {
    const oap = await startOap({ version: '6.5.0' });
    const agent = connectV2Agent(oap.grpc);
    await agent.serviceId('orders');
    agent.close();
    const order: string[] = [];
    await Promise.all([
      oap.wipe(async () => order.push('down')).then(() => order.push('wiped')),
      oap.stop().then(() => order.push('stopped')),
      oap.stop().then(() => order.push('stopped again')),
    ]);
    expect(order).toEqual(['down', 'wiped', 'stopped', 'stopped again']);
    await expect(oap.restart()).rejects.toThrow('this OAP was stopped');
  });
});
