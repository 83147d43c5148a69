import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Log } from '../../src/base/log';
import { reset } from '../../src/cli/reset';
import { spool } from '../../src/cli/spool';
import { status } from '../../src/cli/status/status';
import { v3Names } from '../../src/protocol/v3/names';
import { type SpoolEntry, SpoolOperator } from '../../src/spool/spool-operator';
import { CliFixture } from '../cli/cli-fixture';
import { FakeClock } from '../support/fake-clock';
import { until } from '../support/until';

let fixture: CliFixture;
beforeEach(() => (fixture = new CliFixture()));
afterEach(() => {
  fixture.clear();
  jest.restoreAllMocks();
});

/** Turns the direction of what follows, shows nothing, ends a line, or begins a control sequence. */
const HOSTILE = [
  '\u202e',
  '\u2066',
  '\u061c',
  '\u200b',
  '\u200d',
  '\ufeff',
  '\u00ad',
  '\u2028',
  '\u2029',
  '\u3164',
  '\u{e0041}',
  '\u009b',
  '\u001b',
];
const text = `a${HOSTILE.join('b')}c`;
const shown = expect.stringMatching(new RegExp(`a${HOSTILE.map(() => '\\?').join('b')}`));

const showsNone = (output: string): void => {
  for (const character of HOSTILE) expect(output.includes(character)).toBe(false);
};

describe('what another user wrote into the status file', () => {
  beforeEach(() => {
    fixture.agent(`i${HOSTILE.join('')}`, {
      service: text,
      backend: text,
      phase: text,
      heartbeat: { failures: 1, lastError: text },
      commands: { file: text, fault: text, last: [{ verb: text, id: text, state: text, at: text, detail: text }] },
    });
  });

  it('is shown by skyanchor status with each such character as a question mark', async () => {
    await status(['--file', fixture.commandFile]);
    showsNone(fixture.stdout + fixture.stderr);
    expect(fixture.output).toContainEqual(shown);
  });

  it('is escaped by skyanchor status --json, and read back as it was', async () => {
    await status(['--file', fixture.commandFile, '--json']);
    showsNone(fixture.stdout);
    const { instances } = JSON.parse(fixture.stdout) as { instances: Record<string, { service: string }> };
    expect(Object.values(instances).map(({ service }) => service)).toEqual([text]);
  });
});

describe('what another user put into a spool', () => {
  it.each([[], ['--json']])('is shown by skyanchor spool ls without such characters: %s', async (...json) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-terminal-'));
    const key = 'orders.a.0123abcd.mx1eddkm-1-8e14c120';
    const owner = { service: text, instance: text, host: text, pid: 1, startedAt: text };
    writeFileSync(path.join(folder, `${key}.owner`), JSON.stringify(owner));
    writeFileSync(path.join(folder, `${key}.000001.spool`), 'none');
    const cwd = process.cwd();
    expect(await spool(['ls', '--directory', folder, ...json])).toBe(0);
    // As root it has gone into the directory.
    process.chdir(cwd);
    rmSync(folder, { recursive: true });
    showsNone(fixture.stdout + fixture.stderr);
    if (json.length > 0) expect(JSON.parse(fixture.stdout)).toMatchObject([{ service: text, host: text }]);
  });
});

describe('a file in a spool that cannot be removed', () => {
  it('is named by skyanchor spool drop without such characters', async () => {
    jest.spyOn(SpoolOperator.prototype, 'drop').mockRejectedValue(new Error(`EISDIR: unlink '${text}'`));
    jest.spyOn(SpoolOperator.prototype, 'list').mockResolvedValue([{ state: 'dead' } as SpoolEntry]);
    const folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-terminal-'));
    const cwd = process.cwd();
    const code = await spool(['drop', '--all', '--directory', folder]);
    process.chdir(cwd);
    rmSync(folder, { recursive: true });
    expect(code).toBe(1);
    expect(fixture.stderr).toContain('EISDIR');
    showsNone(fixture.stdout + fixture.stderr);
  });
});

describe('an answer in the command file', () => {
  const answer = (id: string): string =>
    `reset id=${id}\n#! 2026-11-21T21:18:39.842Z orders done ${id} took=\u202e\u200b1 !#\n`;

  it('is shown by skyanchor reset without such characters, with and without --json', async () => {
    for (const json of [[], ['--json']]) {
      fixture.agent('orders');
      fixture.put('');
      const waiting = reset(['--file', fixture.commandFile, '--id', 'x1', '--wait', '10', ...json]);
      await until(() => fixture.commands.includes('id=x1'));
      fixture.put(answer('x1'));
      expect(await waiting).toBe(0);
      showsNone(fixture.stdout);
      expect(fixture.stdout).toMatch(json.length > 0 ? /took=\\u202e\\u200b1/ : /took=\?\?1/);
      fixture.stdout = '';
    }
  });
});

describe('the path that a caller asked for', () => {
  it('is logged without such characters, where it is too long for an endpoint', () => {
    const said: string[] = [];
    const say = (line: string): void => void said.push(line);
    const log = new Log(new FakeClock(), { error: say, warn: say, info: say, debug: say });
    const name = `/${HOSTILE.join('')}\n${'b'.repeat(200)}`;
    const known = v3Names({ serviceName: 'shop', instanceName: 'shop-1' }, 1, log).endpoint(name);
    expect(known).toBe(name.slice(0, 150));
    expect(said).toEqual([expect.stringContaining('names of endpoints over 150 characters are cut, such as /')]);
    showsNone(said[0]!);
    expect(said[0]).not.toContain('\n');
  });
});
