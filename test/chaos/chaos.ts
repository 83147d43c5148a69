import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseContent } from '../../src/control/syntax/content';
import { parseStamp } from '../../src/control/syntax/stamp';
import { startCollector, type Collector } from '../../src/testing/index';
import { Chance } from '../control/fuzz/chance';
import { until } from '../support/until';
import { Member } from './member';
import { APPENDING, FOREIGN, REPLACING, sh, SWAPPING, type Style } from './styles';

export interface ChaosOptions {
  readonly seed: number;
  readonly processes: number;
  readonly seconds: number;
  /** How many of all processes, from 0 to 1, have a wall clock that is an hour off. */
  readonly shifted: number;
  tell?(line: string): void;
}

const HOUR_MS = 3_600_000;
/** Starting on a busy machine, the turns of a rate limit, a poll: all in all. */
const PATIENCE = { timeoutMs: 60_000, everyMs: 50 };
/** Younger ones are still loading. */
const GROWN_UP_AFTER_STATES = 5;
const MAX_NEW_DESCRIPTORS = 6;
const MAX_NEW_HEAP_BYTES = 8 * 1024 * 1024;

/** Processes that share a command file, some with clocks an hour off, an operator who writes in every way, and processes killed and started at random. */
export class Chaos {
  readonly breaches: string[] = [];
  private readonly chance: Chance;
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-chaos-'));
  private readonly file = path.join(this.folder, 'skyanchor.command');
  private readonly statusFile = `${this.file}.status.json`;
  private readonly members: Member[] = [];
  private written = 0;
  private killed = 0;

  private constructor(
    private readonly options: ChaosOptions,
    private readonly collector: Collector,
  ) {
    this.chance = new Chance(options.seed);
  }

  /** @returns what went wrong, in words */
  static async run(options: ChaosOptions): Promise<readonly string[]> {
    const collector = await startCollector({ idDelayMs: 10 });
    const chaos = new Chaos(options, collector);
    try {
      await chaos.run();
    } catch (error) {
      // What the file says then is the first thing that one wants to know.
      chaos.breach(`${String(error)}\n${read(chaos.file)?.toString('latin1').slice(-3_000) ?? 'no file'}`);
    } finally {
      await Promise.all(chaos.living.map((member) => member.kill('SIGKILL')));
      await collector.stop();
      rmSync(chaos.folder, { recursive: true, force: true });
    }
    return chaos.breaches;
  }

  private async run(): Promise<void> {
    const { processes, seconds } = this.options;
    const watch = setInterval(() => this.inspect(), 100);
    try {
      // All at one moment.
      for (let count = 0; count < processes; count++) this.start();
      await this.allListen();
      this.reckonNames();
      await this.write(APPENDING);
      const endsAt = performance.now() + seconds * 1_000;
      while (performance.now() < endsAt && this.breaches.length === 0) await this.step();
      await this.allListen();
      await this.write(APPENDING);
      await this.quiet();
      this.reckon();
      await this.kill('SIGKILL');
      // Everybody writes his entry, and one of them clears away that of the dead.
      await sh('echo report >> "$1"')('', this.file);
      await this.statusIsTrue();
    } finally {
      clearInterval(watch);
    }
    const counts = `${this.written} commands, ${this.killed} killed of ${this.members.length} processes`;
    this.options.tell?.(counts);
  }

  private async step(): Promise<void> {
    const dice = this.chance.random();
    if (dice < 0.12) return this.killOne();
    if (dice < 0.25 && this.living.length < this.options.processes) {
      this.start();
      return;
    }
    if (dice < 0.45) {
      // Who replaces the file wants what stands in it to be over.
      await this.allListen();
      await this.quiet();
      if (this.chance.is(0.75)) return this.write(REPLACING);
      await this.write([FOREIGN]);
      await this.quiet();
      return this.write([SWAPPING]);
    }
    await this.write(APPENDING);
    await new Promise((resolve) => setTimeout(resolve, this.chance.below(1_000)));
  }

  private get living(): Member[] {
    return this.members.filter(({ isAlive }) => isAlive);
  }

  private start(): void {
    const aheadMs = this.chance.is(this.options.shifted) ? this.chance.of([-HOUR_MS, HOUR_MS]) : 0;
    this.members.push(new Member(this.collector.address, this.file, aheadMs));
  }

  private async killOne(): Promise<void> {
    if (this.living.length > 1) await this.kill(this.chance.is(0.8) ? 'SIGKILL' : 'SIGTERM');
  }

  private async kill(signal: NodeJS.Signals): Promise<void> {
    this.killed++;
    await this.chance.of(this.living).kill(signal);
  }

  private async write(styles: readonly Style[]): Promise<void> {
    // Once in a second each: who is not the first in the queue waits for long.
    if (this.living.some(({ unanswered }) => unanswered.length > 4)) await this.quiet();
    const what = `c${this.written++}`;
    const targets = ['', '', '', ' @chaos*', ' @no-process'];
    const target = this.chance.of(targets);
    const id = this.chance.is(0.3) ? ` id=${what}` : '';
    const json = `{"command":"count","args":["${what}"]${target && `,"target":"${target.slice(2)}"`}}`;
    const text = this.chance.is(0.3) ? json : `count ${what}${id}${target}`;
    for (const member of this.living)
      if (member.instance !== undefined && !target.endsWith('no-process')) member.owed.add(what);
    await this.chance.of(styles)(text, this.file);
    if (styles === APPENDING && this.chance.is(0.2))
      await this.chance.of(APPENDING)(this.chance.of(['report', '# note', 'no-such-verb', 'reset']), this.file);
  }

  private async allListen(): Promise<void> {
    await until(
      () =>
        this.living
          .filter(({ instance }) => instance === undefined)
          .map((one) => [one.pid, one.states.at(-1)?.at ?? '', one.stderr]),
      ({ length }) => length === 0,
      PATIENCE,
    );
  }

  /** Everybody who lives has run what came while he was listening. */
  private async quiet(): Promise<void> {
    await until(
      () =>
        this.living
          .filter(({ unanswered }) => unanswered.length > 0)
          .map((one) => [one.instance, ...one.unanswered, one.stderr]),
      ({ length }) => length === 0,
      PATIENCE,
    );
  }

  /** At any moment: the files are whole. */
  private inspect(): void {
    const bytes = read(this.file);
    // Between an `rm` or a `>` and what is written next there is nothing.
    if (bytes && bytes.length > 0) this.inspectCommands(bytes);
    const status = read(this.statusFile)?.toString();
    try {
      if (status !== undefined) JSON.parse(status);
    } catch {
      this.breach(`the status file is no JSON: ${status}`);
    }
  }

  private inspectCommands(bytes: Buffer): void {
    const content = parseContent(bytes);
    if (content.status === 'refused') {
      this.breach(`the command file ${content.rule}`);
      return;
    }
    const text = content.encoding === 'utf8' ? bytes.toString() : bytes.toString('utf16le');
    const broken = text.split('\n').find((line) => line.startsWith('#!') && !parseStamp(line));
    // The last line may be there in part to a reader; a stamp that is followed by another never is.
    if (broken !== undefined && !text.endsWith(broken)) this.breach(`a broken stamp: ${broken}`);
  }

  private reckon(): void {
    for (const { instance, ran, pid } of this.members) {
      const twice = ran.filter((what, at) => ran.indexOf(what) < at);
      if (twice.length > 0) this.breach(`${instance} (${pid}) ran more than once: ${twice.join()}`);
    }
    this.reckonNames();
    for (const member of this.living) this.reckonGrowth(member);
  }

  private reckonNames(): void {
    const names = this.living.map(({ instance }) => instance);
    if (new Set(names).size < names.length) this.breach(`a name is used twice: ${names.join()}`);
  }

  /** The status file names each live process, and no other. */
  private async statusIsTrue(): Promise<void> {
    const expected = this.living.map(({ instance, pid }) => `${instance} ${pid}`).sort();
    await until(
      () => ({ expected, found: pidsOf(read(this.statusFile)?.toString() ?? '{}') }),
      ({ found }) => found.join() === expected.join(),
      PATIENCE,
    );
  }

  private reckonGrowth({ states, instance }: Member): void {
    const [first] = states.slice(GROWN_UP_AFTER_STATES);
    const last = states.slice(-3);
    if (!first || last.length < 3) return;
    const descriptors = Math.min(...last.map((state) => state.descriptors)) - first.descriptors;
    const heapBytes = Math.min(...last.map((state) => state.heapBytes)) - first.heapBytes;
    if (descriptors > MAX_NEW_DESCRIPTORS) this.breach(`${instance} has ${descriptors} descriptors more`);
    if (heapBytes > MAX_NEW_HEAP_BYTES) this.breach(`${instance} has ${heapBytes} bytes more`);
  }

  private breach(what: string): void {
    if (this.breaches.length < 20 && !this.breaches.includes(what)) this.breaches.push(what);
  }
}

/** `name pid` of each entry. */
function pidsOf(text: string): string[] {
  const { instances = {} } = JSON.parse(text) as { instances?: Record<string, { pid: number }> };
  return Object.entries(instances)
    .map(([name, { pid }]) => `${name} ${pid}`)
    .sort();
}

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
