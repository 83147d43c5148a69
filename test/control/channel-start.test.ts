import { appendFileSync, writeFileSync } from 'node:fs';
import { until } from '../support/until';
import { CommandFileFixture } from './command-file-fixture';

let fixture: CommandFileFixture;

beforeEach(() => {
  fixture = new CommandFileFixture();
});

afterEach(() => fixture.clear());

const RESET = 'bfd4b5ca4c63';
const stamp = (instance: string, state: string, id: string, digest = RESET): string =>
  `#! 2026-11-21T21:18:39.120Z ${instance} ${state} ${id}${state === 'running' ? ` cmd=${digest}` : ''} !#\n`;

const whens = (): string[] => fixture.calls.map(({ verb, when }) => `${verb} ${when}`);

describe('a process that starts', () => {
  it('answers a reset without an answer as fulfilled by its own registration', async () => {
    writeFileSync(fixture.file, 'reset\nreport\n');
    fixture.watch();
    await fixture.untilStates(['running', 'done', 'running', 'done']);
    expect(whens()).toEqual(['reset at-start', 'report now']);
    expect(fixture.stamps[1]?.detail).toMatch(/^took=\d+ms at-start$/);
    expect(fixture.stamps[3]?.detail).toMatch(/^took=\d+ms$/);
    // Given again, it is not the start's any more.
    await fixture.type('echo reset > $F');
    await fixture.untilRan(3);
    expect(whens()[2]).toBe('reset now');
  });

  it('takes what another instance has answered for history, and the same command below for a new one', async () => {
    writeFileSync(fixture.file, `reset\n${stamp('orders-9', 'running', 'aaaaaa')}`);
    await fixture.watchReady();
    await fixture.looked();
    expect(fixture.ran).toEqual([]);
    appendFileSync(fixture.file, 'reset\n');
    await fixture.untilStates(['running', 'done']);
    expect(whens()).toEqual(['reset now']);
  });

  it('does not repeat what its predecessor of the same name has done', async () => {
    writeFileSync(fixture.file, 'reset\n');
    const first = await fixture.watchReady();
    await fixture.untilStates(['running', 'done']);
    await first.stop();
    fixture.looks.length = 0;
    await fixture.watchReady();
    await fixture.looked();
    expect(fixture.ran).toHaveLength(1);
  });

  it('knows by its predecessor’s answers which ids have run', async () => {
    for (const state of ['running', 'duplicate']) {
      const digest = '0123456789ab';
      const answer = `#! 2026-11-21T21:18:39.120Z orders-1 ${state} chg-1 cmd=${digest} !#\n`;
      const end = '#! 2026-11-21T21:18:39.130Z orders-1 done chg-1 !#\n';
      writeFileSync(fixture.file, `${answer}${end}reset id=chg-1\n`);
      const channel = fixture.watch();
      await until(() => fixture.statesOf().at(-1) === 'duplicate' && channel.status().last.length === 1);
      await channel.stop();
    }
    expect(fixture.ran).toEqual([]);
  });

  it('finishes what its predecessor began and did not end, under the same id', async () => {
    writeFileSync(fixture.file, `reset\n${stamp('orders-1', 'running', 'abcdef')}`);
    fixture.watch();
    await fixture.untilStates(['running', 'done']);
    expect(whens()).toEqual(['reset after-restart']);
    expect(fixture.stamps[1]).toMatchObject({ id: 'abcdef', digest: undefined });
    expect(fixture.stamps[1]?.detail).toMatch(/after-restart$/);
  });

  it('does not begin again what must not be done twice', async () => {
    fixture.addVerb({ name: 'dump', idempotent: false });
    writeFileSync(fixture.file, 'dump\n');
    const first = fixture.watch();
    await fixture.untilStates(['running', 'done']);
    await first.stop();
    writeFileSync(fixture.file, fixture.text.split('\n').slice(0, 2).join('\n') + '\n');
    const second = fixture.watch();
    await fixture.untilStates(['running', 'failed']);
    expect(fixture.stamps[1]?.detail).toBe('interrupted');
    // The status is noted a moment after the line is written.
    await until(() => second.status().last.length === 1);
    expect(second.status().last).toMatchObject([{ verb: 'dump', state: 'failed', detail: 'interrupted' }]);
    expect(fixture.ran).toEqual(['dump']);
  });

  it('that was stopped in the middle of a reset finishes it at the next start', async () => {
    writeFileSync(fixture.file, '');
    fixture.addVerb({
      name: 'slow',
      run: ({ when }) => (when === 'now' ? new Promise<void>(() => undefined) : 'again'),
    });
    const first = await fixture.watchReady();
    await fixture.type('echo slow >> $F');
    // The intent is recorded before the handler is called.
    await fixture.untilRan(1);
    expect(fixture.calls[0]?.signal.aborted).toBe(false);
    await first.stop();
    expect(fixture.calls[0]?.signal.aborted).toBe(true);
    fixture.watch();
    await fixture.untilStates(['running', 'done']);
    expect(fixture.stamps[1]?.detail).toMatch(/^again took=\d+ms after-restart$/);
  });

  it('runs in full what was given while it was there, others’ answers or not', async () => {
    await fixture.watchReady();
    writeFileSync(fixture.file, `reset\n${stamp('orders-9', 'running', 'aaaaaa')}`);
    await fixture.untilStates(['running', 'done']);
    expect(whens()).toEqual(['reset now']);
  });

  it('hears what was waiting for trust as if it were new', async () => {
    writeFileSync(fixture.file, 'reset\n', { mode: 0o644 });
    await fixture.type('chmod 666 $F');
    const channel = fixture.watch();
    await until(() => channel.status().fault, Boolean);
    await fixture.type('chmod 644 $F');
    await fixture.untilStates(['running', 'done']);
    expect(whens()).toEqual(['reset now']);
  });

  it('rejects an unknown verb only when no handler was added for it within five seconds', async () => {
    writeFileSync(fixture.file, 'late\nnever\nreset\n');
    const start = performance.now();
    fixture.watch();
    await fixture.looked();
    expect(fixture.stamps).toEqual([]);
    fixture.addVerb({ name: 'late' });
    await fixture.untilStates(['running', 'done']);
    await fixture.untilStates(['running', 'done', 'rejected', 'running', 'done'], 12_000);
    expect(performance.now() - start).toBeGreaterThan(4_900);
    expect(fixture.stamps[2]?.detail).toBe('unknown verb never, expected one of late, pause, report, reset, resume');
    expect(fixture.ran).toEqual(['late', 'reset']);
  });
});
