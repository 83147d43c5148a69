import { appendFileSync, writeFileSync } from 'node:fs';
import { until } from '../support/until';
import { Desk } from './command-file-fixture';

let desk: Desk;

beforeEach(() => {
  desk = new Desk();
});

afterEach(() => desk.clear());

const RESET = 'bfd4b5ca4c63';
const stamp = (instance: string, state: string, id: string, digest = RESET): string =>
  `#! 2026-11-21T21:18:39.120Z ${instance} ${state} ${id}${state === 'running' ? ` cmd=${digest}` : ''} !#\n`;

const whens = (): string[] => desk.calls.map(({ verb, when }) => `${verb} ${when}`);

describe('a process that starts', () => {
  it('takes a reset that nobody has answered for fulfilled by its own registration', async () => {
    writeFileSync(desk.file, 'reset\nreport\n');
    desk.watch();
    await desk.untilStates(['running', 'done', 'running', 'done']);
    expect(whens()).toEqual(['reset at-start', 'report now']);
    expect(desk.stamps[1]?.detail).toMatch(/^took=\d+ms at-start$/);
    expect(desk.stamps[3]?.detail).toMatch(/^took=\d+ms$/);
    // Given again, it is not the start's any more.
    await desk.type('echo reset > $F');
    await desk.untilRan(3);
    expect(whens()[2]).toBe('reset now');
  });

  it('takes what another instance has answered for history, and the same command below for a new one', async () => {
    writeFileSync(desk.file, `reset\n${stamp('orders-9', 'running', 'aaaaaa')}`);
    await desk.watchReady();
    await desk.looked();
    expect(desk.ran).toEqual([]);
    appendFileSync(desk.file, 'reset\n');
    await desk.untilStates(['running', 'done']);
    expect(whens()).toEqual(['reset now']);
  });

  it('does not repeat what its predecessor of the same name has done', async () => {
    writeFileSync(desk.file, 'reset\n');
    const first = await desk.watchReady();
    await desk.untilStates(['running', 'done']);
    await first.stop();
    desk.looks.length = 0;
    await desk.watchReady();
    await desk.looked();
    expect(desk.ran).toHaveLength(1);
  });

  it('knows by its predecessor’s answers which ids have run', async () => {
    for (const state of ['running', 'duplicate']) {
      const digest = '0123456789ab';
      const answer = `#! 2026-11-21T21:18:39.120Z orders-1 ${state} chg-1 cmd=${digest} !#\n`;
      const end = '#! 2026-11-21T21:18:39.130Z orders-1 done chg-1 !#\n';
      writeFileSync(desk.file, `${answer}${end}reset id=chg-1\n`);
      const channel = desk.watch();
      await until(() => desk.statesOf().at(-1) === 'duplicate' && channel.status().last.length === 1);
      await channel.stop();
    }
    expect(desk.ran).toEqual([]);
  });

  it('finishes what its predecessor began and did not end, under the same id', async () => {
    writeFileSync(desk.file, `reset\n${stamp('orders-1', 'running', 'abcdef')}`);
    desk.watch();
    await desk.untilStates(['running', 'done']);
    expect(whens()).toEqual(['reset after-restart']);
    expect(desk.stamps[1]).toMatchObject({ id: 'abcdef', digest: undefined });
    expect(desk.stamps[1]?.detail).toMatch(/after-restart$/);
  });

  it('does not begin again what must not be done twice', async () => {
    desk.addVerb({ name: 'dump', idempotent: false });
    writeFileSync(desk.file, 'dump\n');
    const first = desk.watch();
    await desk.untilStates(['running', 'done']);
    await first.stop();
    writeFileSync(desk.file, desk.text.split('\n').slice(0, 2).join('\n') + '\n');
    const second = desk.watch();
    await desk.untilStates(['running', 'failed']);
    expect(desk.stamps[1]?.detail).toBe('interrupted');
    // The status is noted a moment after the line is written.
    await until(() => second.status().last.length === 1);
    expect(second.status().last).toMatchObject([{ verb: 'dump', state: 'failed', detail: 'interrupted' }]);
    expect(desk.ran).toEqual(['dump']);
  });

  it('that was stopped in the middle of a reset finishes it at the next start', async () => {
    writeFileSync(desk.file, '');
    desk.addVerb({ name: 'slow', run: ({ when }) => (when === 'now' ? new Promise<void>(() => undefined) : 'again') });
    const first = await desk.watchReady();
    await desk.type('echo slow >> $F');
    // The intent is recorded before the handler is called.
    await desk.untilRan(1);
    expect(desk.calls[0]?.signal.aborted).toBe(false);
    await first.stop();
    expect(desk.calls[0]?.signal.aborted).toBe(true);
    desk.watch();
    await desk.untilStates(['running', 'done']);
    expect(desk.stamps[1]?.detail).toMatch(/^again took=\d+ms after-restart$/);
  });

  it('runs in full what was given while it was there, others’ answers or not', async () => {
    await desk.watchReady();
    writeFileSync(desk.file, `reset\n${stamp('orders-9', 'running', 'aaaaaa')}`);
    await desk.untilStates(['running', 'done']);
    expect(whens()).toEqual(['reset now']);
  });

  it('hears what was waiting for trust as if it were new', async () => {
    writeFileSync(desk.file, 'reset\n', { mode: 0o644 });
    await desk.type('chmod 666 $F');
    const channel = desk.watch();
    await until(() => channel.status().fault, Boolean);
    await desk.type('chmod 644 $F');
    await desk.untilStates(['running', 'done']);
    expect(whens()).toEqual(['reset now']);
  });

  it('rejects an unknown verb only when nobody has come for it in five seconds', async () => {
    writeFileSync(desk.file, 'late\nnever\nreset\n');
    desk.watch();
    await desk.looked();
    expect(desk.stamps).toEqual([]);
    desk.addVerb({ name: 'late' });
    await desk.untilStates(['running', 'done']);
    const start = performance.now();
    await desk.untilStates(['running', 'done', 'rejected', 'running', 'done'], 7_000);
    expect(performance.now() - start).toBeGreaterThan(3_000);
    expect(desk.stamps[2]?.detail).toBe('unknown verb never, expected one of late, pause, report, reset, resume');
    expect(desk.ran).toEqual(['late', 'reset']);
  });
});
