import path from 'node:path';
import { assertAccounted } from '../support/accounting';
import { until } from '../support/until';
import { Chance } from '../control/fuzz/chance';
import { Operator } from '../scenario/operator';
import { growthOf } from './slope';
import { SOAK_FAULTS, type SoakFault } from './soak-faults';
import { SoakProcess, type State } from './soak-process';
import { Site } from './soak-site';

export interface SoakOptions {
  readonly seed: number;
  /** By the clocks of the agents and of the backend, which are `speed` times as fast as ours. */
  readonly seconds: number;
  readonly speed: number;
  readonly protocol: 'v2' | 'v3';
  tell(line: string): void;
}

const PROCESSES = 3;
const LASTS = [2, 8] as const;
const QUIET_MS = 2_000;
/** By our own clock. A backend that has sent too much is left alone for a minute. */
const PATIENCE = { timeoutMs: 120_000, everyMs: 50 };
/** A reset that finds no backend is answered after a minute; until then others wait behind it. */
const MAX_UNANSWERED = 8;
/** Far from the size at which agents answer in the status file only. */
const COMMANDS_A_FILE = 100;
const MAX_NEW_HEAP_BYTES = 8 * 1024 * 1024;
const MAX_NEW_DESCRIPTORS = 6;

interface Tally {
  times: number;
  /** Milliseconds from its end until every agent was known. */
  readonly tookMs: number[];
  dropped: number;
}

/** Three processes that ask each other, a backend that everything goes wrong with, and an operator who says reset each second. */
export class Soak {
  readonly breaches: string[] = [];
  private readonly chance: Chance;
  private readonly operator = new Operator();
  private readonly processes: SoakProcess[] = [];
  private readonly tallies = new Map<string, Tally>();
  /** Ids of resets in the command file as it is. */
  private written: string[] = [];
  private resets = 0;
  private isOver = false;

  private constructor(
    private readonly options: SoakOptions,
    private readonly site: Site,
  ) {
    this.chance = new Chance(options.seed);
  }

  /** @returns what went wrong, in words */
  static async run(options: SoakOptions): Promise<readonly string[]> {
    const soak = new Soak(options, await Site.open(options.protocol, options.speed));
    try {
      await soak.play();
    } catch (error) {
      soak.breach(String(error));
    } finally {
      for (const process of soak.processes) await process.kill();
      if (soak.breaches.length > 0) for (const { instance, stderr } of soak.processes) options.tell(`${instance}: ${stderr.slice(-3_000)}`); // prettier-ignore
      await soak.site.close();
      soak.operator.leave();
    }
    return soak.breaches;
  }

  private async play(): Promise<void> {
    for (let index = 0; index < PROCESSES; index++) this.start(`soak-${index}`);
    const ports = await Promise.all(this.processes.map(({ listening }) => listening));
    await this.known();
    for (const [index, process] of this.processes.entries()) process.tell(String(ports[(index + 1) % PROCESSES]));
    const operating = this.operate().catch((error: unknown) => this.breach(String(error)));
    try {
      const endsAt = this.elapsed() + this.options.seconds * 1_000;
      let left: readonly SoakFault[] = [];
      while (this.elapsed() < endsAt && this.breaches.length === 0) {
        // Each comes once before any comes again.
        if (left.length === 0) left = SOAK_FAULTS;
        const fault = this.chance.of(left);
        left = left.filter((other) => other !== fault);
        await this.meet(fault);
      }
    } finally {
      this.isOver = true;
      await operating;
    }
    await this.settle();
  }

  private start(instance: string): void {
    const spool = {
      SW_AGENT_SPOOL_DIRECTORY: path.join(this.site.folder, 'spool'),
      SW_AGENT_DELIVERY: 'at-least-once',
    };
    const env = {
      SW_AGENT_NAME: 'soak',
      SW_AGENT_COLLECTOR_BACKEND_SERVICES: this.site.backends,
      SW_AGENT_AUTHENTICATION_FILE: this.site.tokenFile,
      SW_AGENT_COMMAND_FILE: this.operator.commandFile,
      SW_AGENT_HEARTBEAT_MS: '1000',
      SW_AGENT_MAX_CONNECTION_AGE_MS: '20000',
      SW_AGENT_LOGGING_LEVEL: 'error',
      NAMES: this.site.namesFile,
      SPEED: String(this.options.speed),
      // One of them keeps on the disk what it cannot send.
      ...(this.processes.length === 0 && spool),
    };
    this.processes.push(new SoakProcess(instance, env, (state) => this.inspect(instance, state)));
  }

  /** At every sample: each segment is accounted for. */
  private inspect(instance: string, { segments }: State): void {
    try {
      assertAccounted(segments);
    } catch (error) {
      this.breach(`${instance}: ${String(error)}`);
    }
  }

  private async meet({ name, begin, lasts = LASTS }: SoakFault): Promise<void> {
    const { chance } = this;
    const seconds = lasts[0] + (lasts[1] - lasts[0]) * chance.random();
    const before = this.dropped();
    const end = await begin(this.site, chance);
    await this.pause(seconds * 1_000);
    await end();
    const endedAt = this.elapsed();
    await this.known();
    const tookMs = Math.round(this.elapsed() - endedAt);
    await this.pause(QUIET_MS);
    const tally = this.tallies.get(name) ?? { times: 0, tookMs: [], dropped: 0 };
    this.tallies.set(name, tally);
    tally.times++;
    tally.tookMs.push(tookMs);
    tally.dropped += this.dropped() - before;
    this.options.tell(`${name}, ${seconds.toFixed(1)} s: all known ${tookMs} ms later`);
  }

  /** By what each says from now on. */
  private async known(): Promise<void> {
    const seen = new Map(this.processes.map((process) => [process, process.states.length]));
    const unknown = (): string[] =>
      this.processes
        .filter((process) => process.states.length === seen.get(process) || !process.isKnown)
        .map(({ instance, isAlive, last }) => `${instance} ${isAlive ? last?.phase : 'has ended'}`);
    await until(unknown, ({ length }) => length === 0, PATIENCE);
  }

  /** A reset each second. */
  private async operate(): Promise<void> {
    while (!this.isOver) {
      await this.writeReset();
      await this.pause(1_000);
    }
  }

  private async writeReset(): Promise<void> {
    if (this.written.length >= COMMANDS_A_FILE) {
      await this.answered();
      await this.operator.echo('# begun anew');
      this.written = [];
    }
    if (this.unanswered().length >= MAX_UNANSWERED) return;
    const id = `r${this.resets++}`;
    this.written.push(id);
    await this.operator.append(`reset id=${id}`);
  }

  /** `id instance` of the resets that one has not begun. */
  private unanswered(): string[] {
    const begun = new Set(this.operator.stamps().map(({ id, instance }) => `${id} ${instance}`));
    const owed = this.written.flatMap((id) => this.processes.map(({ instance }) => `${id} ${instance}`));
    return owed.filter((one) => !begun.has(one));
  }

  /** Each reset has been begun by each process once, and ended once. */
  private async answered(): Promise<void> {
    const open = (): string[] => {
      const ended = new Set(
        this.operator
          .stamps()
          .filter(({ state }) => state !== 'running')
          .map(({ id, instance }) => `${id} ${instance}`),
      );
      return this.written
        .flatMap((id) => this.processes.map(({ instance }) => `${id} ${instance}`))
        .filter((one) => !ended.has(one));
    };
    await until(open, ({ length }) => length === 0, PATIENCE);
    const stamps = this.operator.stamps().map(({ id, instance, state }) => `${id} ${instance} ${state}`);
    const twice = stamps.filter((stamp, at) => stamps.indexOf(stamp) < at);
    if (twice.length > 0) this.breach(`answered twice: ${twice.join()}`);
    if (stamps.length !== 2 * PROCESSES * this.written.length)
      this.breach(`${stamps.length} stamps of ${this.written.length} resets`);
  }

  /** No more traffic and no more faults: each segment is at the backend, or counted. */
  private async settle(): Promise<void> {
    const { site, processes } = this;
    for (const process of processes) process.tell('over');
    await this.answered();
    await this.known();
    const isSettled = ({ segments }: State): boolean => segments.sent + segments.dropped === segments.accepted;
    await until(() => processes.map(({ last }) => last!), (states) => states.every(isSettled), PATIENCE); // prettier-ignore
    site.look();
    const sum = (value: (state: State) => number): number => processes.reduce((all, { last }) => all + value(last!), 0);
    const accepted = sum(({ segments }) => segments.accepted);
    const sent = sum(({ segments }) => segments.sent);
    const split = sum((state) => state.split);
    if (site.held.size < sent) this.breach(`${sent} were sent, and the backend has had ${site.held.size}`);
    if (site.held.size > accepted) this.breach(`${accepted} were accepted, and the backend has had ${site.held.size}`);
    if (split > 0) this.breach(`${split} traces were split`);
    for (const { instance, states } of processes) this.judgeGrowth(instance, states);
    this.report(`${accepted} segments, ${sent} sent, ${accepted - sent} dropped, ${site.held.size} at the backend; ${sum(({ asked }) => asked)} visits, ${split} split; ${this.resets} resets`); // prettier-ignore
  }

  private judgeGrowth(instance: string, states: readonly State[]): void {
    const growth = growthOf(states);
    if (!growth) {
      this.breach(`${instance}: too few quiet samples to judge its memory by`);
      return;
    }
    const { heapBytes, descriptors } = growth;
    this.options.tell(`${instance}: heap ${heapBytes} bytes, descriptors ${descriptors} more over the run`);
    if (heapBytes > MAX_NEW_HEAP_BYTES) this.breach(`${instance} has ${heapBytes} bytes more`);
    if (descriptors > MAX_NEW_DESCRIPTORS) this.breach(`${instance} has ${descriptors} descriptors more`);
  }

  private report(summary: string): void {
    const { tell, protocol } = this.options;
    for (const [name, { times, tookMs, dropped }] of this.tallies)
      tell(`| ${name} | ${protocol} | ${times} | ${Math.min(...tookMs)}-${Math.max(...tookMs)} ms | ${dropped} |`);
    const reasons = this.processes.map(({ last }) => JSON.stringify(last?.segments.droppedBecause));
    tell(`${summary}; dropped because ${reasons.join()}`);
  }

  private dropped(): number {
    return this.processes.reduce((sum, { last }) => sum + (last?.segments.dropped ?? 0), 0);
  }

  private breach(what: string): void {
    if (this.breaches.length < 20 && !this.breaches.includes(what)) this.breaches.push(what);
  }

  private elapsed(): number {
    return performance.now() * this.options.speed;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms / this.options.speed));
  }
}
