import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Agent } from '../../src/index';
import { Operator } from '../scenario/operator';
import { startOwn, stopOwn } from '../support/own-agent';
import { statuses } from '../support/statuses';
import { until } from '../support/until';
import { noteLooks, stateNow } from './file/recorded-reads';

let operator: Operator;
let looks: string[];
let forgetLooks: () => void;

beforeEach(() => {
  operator = new Operator();
  looks = [];
  forgetLooks = noteLooks(({ state }) => looks.push(state));
});

afterEach(async () => {
  await stopOwn();
  forgetLooks();
  operator.leave();
});

const states = (): string[] => operator.stamps().map(({ state }) => state);

async function listening(statusFile?: string): Promise<Agent> {
  const agent = startOwn({
    // There is no backend: what is reported needs no backend.
    backends: '127.0.0.1:1',
    commandFile: operator.commandFile,
    ...(statusFile !== undefined && { statusFile }),
  });
  await until(() => agent.status().commands.watching === 'events+poll' && looks.length > 0);
  return agent;
}

describe('a report', () => {
  it('is done when the status file holds the counts of that moment, and not before', async () => {
    const agent = await listening();
    const file = operator.commandFile;
    await until(() => statuses(file)['orders-1']?.commands.watching === 'events+poll');
    agent.trace('work', () => undefined);
    expect(statuses(file)['orders-1']?.segments.accepted).toBe(0);
    const lock = `${file}.status.json.lock`;
    // Another process writes just now.
    await until(() => {
      try {
        mkdirSync(lock);
        return true;
      } catch {
        return false;
      }
    });
    await operator.echo('report');
    await until(() => {
      const state = stateNow(file);
      return states().length > 0 && looks.filter((found) => found === state).length > 1;
    });
    expect(states()).toEqual(['running']);
    rmdirSync(lock);
    await until(states, (found) => found.length === 2);
    expect(statuses(file)['orders-1']?.segments.accepted).toBe(1);
    expect(states()).toEqual(['running', 'done']);
  });

  it('that cannot be written fails with the reason', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skyanchor-report-'));
    const statusFile = join(folder, 'status.json');
    await listening(statusFile);
    await until(() => JSON.parse(readFileSync(statusFile, 'utf8')).instances['orders-1'].commands);
    rmSync(folder, { recursive: true });
    await operator.echo('report');
    await until(states, (found) => found.length === 2);
    expect(states()).toEqual(['running', 'failed']);
    expect(operator.stamps()[1]?.detail).toMatch(/ENOENT/);
  });
});
