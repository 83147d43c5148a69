import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startCollector, type Collector } from '../../src/testing/index';
import { assertAccounted } from '../support/accounting';
import { freePort } from '../support/free-port';
import { until } from '../support/until';
import { Chance } from '../control/fuzz/chance';
import { namesOnDisk, SpoolProcess, type SpoolProcessOptions } from '../spool/spool-process';
import { SpoolLedger } from './spool-ledger';
import { onWaiting } from './waiting-segments';

export interface SpoolChaosOptions {
  readonly seed: number;
  readonly processes: number;
  readonly seconds: number;
  readonly delivery: SpoolProcessOptions['delivery'];
  readonly protocol: 'v2' | 'v3';
  tell(line: string): void;
}

/** A frozen process counts as dead after six of these. */
const LEASE_MS = 300;
const TURN_MS = 100;
/** `restart`: connections break, the storage stays. `wipe`: it is lost as well. */
const ABSENCES = ['restart', 'wipe'] as const;

interface Member {
  readonly process: SpoolProcess;
  made: number;
  /** Turns until it goes on. */
  frozenTurns: number;
  fullTurns: number;
}

/** Processes with one spool, which are killed and frozen at random, while the backend and the disk come and go. */
export class SpoolChaos {
  private readonly breaches: string[] = [];
  private readonly chance: Chance;
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-spool-'));
  private readonly spool = path.join(this.folder, 'spool');
  private readonly ledger = path.join(this.folder, 'ledger');
  private readonly arrived = new Map<string, number>();
  /** Taken by a backend that lost its storage before it had their names. */
  private readonly wiped = new Set<string>();
  private members: Member[] = [];
  private collector: Collector | undefined;
  private absence: { readonly end: () => Promise<unknown>; turns: number } | undefined;
  private started = 0;
  private readonly counts = { made: 0, kills: 0, freezes: 0, restarts: 0, wipes: 0, fullDisks: 0, unknown: 0 };

  private constructor(
    private readonly options: SpoolChaosOptions,
    private readonly port: number,
  ) {
    this.chance = new Chance(options.seed);
  }

  /** @returns what went wrong, in words */
  static async run(options: SpoolChaosOptions): Promise<readonly string[]> {
    const chaos = new SpoolChaos(options, await freePort());
    try {
      chaos.collector = await chaos.startBackend();
      await chaos.play();
      await chaos.end();
    } catch (error) {
      chaos.breaches.push(String(error));
    } finally {
      for (const { process } of chaos.members) if (process.isAlive) await process.kill();
      await chaos.absence?.end();
      await chaos.collector?.stop();
      if (chaos.breaches.length === 0) rmSync(chaos.folder, { recursive: true, force: true });
      else options.tell(`the ledger is kept: ${chaos.ledger}`);
    }
    return chaos.breaches;
  }

  private async play(): Promise<void> {
    const { seconds, processes } = this.options;
    for (let left = processes; left > 0; left--) await this.startMember();
    const until = performance.now() + seconds * 1_000;
    while (performance.now() < until) {
      await this.turnOfBackend();
      for (const member of [...this.members]) await this.turnOf(member);
      await new Promise((resolve) => setTimeout(resolve, TURN_MS));
    }
  }

  private async turnOfBackend(): Promise<void> {
    if (!this.absence) {
      if (this.chance.is(1 / 60)) await this.leave(this.chance.of(ABSENCES), this.chance.below(80));
    } else if (--this.absence.turns <= 0) await this.comeBack();
  }

  private async turnOf(member: Member): Promise<void> {
    const { process } = member;
    if (member.frozenTurns > 0) {
      if (--member.frozenTurns === 0) await process.kill('SIGCONT');
      return;
    }
    if (!process.isAlive) throw new Error(`${process.instance} has ended by itself`);
    if (member.fullTurns > 0 && --member.fullTurns === 0) process.setDiskFull(false);
    const count = this.chance.below(40);
    process.make(process.instance, member.made, member.made + count);
    member.made += count;
    this.counts.made += count;
    const dice = this.chance.below(600);
    if (dice < 5) await this.replace(member);
    else if (dice < 10) {
      this.counts.freezes++;
      member.frozenTurns = 5 + this.chance.below(40);
      await process.kill('SIGSTOP');
    } else if (dice < 13) {
      this.counts.fullDisks++;
      member.fullTurns = 10 + this.chance.below(30);
      process.setDiskFull(true);
    }
  }

  private async replace(member: Member): Promise<void> {
    this.counts.kills++;
    this.members = this.members.filter((other) => other !== member);
    await member.process.kill();
    await this.startMember();
  }

  private async startMember(): Promise<void> {
    const { delivery } = this.options;
    const process = await SpoolProcess.start({
      instance: `p${++this.started}x`,
      backend: `127.0.0.1:${this.port}`,
      directory: this.spool,
      delivery,
      preload: path.join(__dirname, 'note-deliveries.js'),
      env: { LEASE_MS: String(LEASE_MS), MAX_BUFFER: '64', LEDGER: this.ledger },
    });
    this.members.push({ process, made: 0, frozenTurns: 0, fullTurns: 0 });
  }

  private startBackend(): Promise<Collector> {
    return startCollector({ port: this.port, protocol: this.options.protocol, idDelayMs: 10, maxRecords: 1_000_000 });
  }

  /** Connections break, in the middle of whatever is on its way. */
  private async leave(how: (typeof ABSENCES)[number], turns: number): Promise<void> {
    const { collector } = this;
    if (!collector) return;
    if (how === 'restart') {
      this.counts.restarts++;
      let isOver = (): void => undefined;
      const over = new Promise<void>((resolve) => (isOver = resolve));
      const restarted = collector.restart(() => over);
      this.absence = { end: () => (isOver(), restarted), turns };
      return;
    }
    this.collector = undefined;
    this.counts.wipes++;
    onWaiting((waiting) => {
      for (const { wire } of waiting) for (const { operationName } of wire.spans) this.wiped.add(operationName);
    });
    await collector.stop();
    onWaiting(() => undefined);
    this.collect(collector);
    this.absence = { end: async () => (this.collector = await this.startBackend()), turns };
  }

  private async comeBack(): Promise<void> {
    const { absence } = this;
    this.absence = undefined;
    await absence?.end();
  }

  private collect(collector: Collector): void {
    for (const { service, instance, spans } of collector.segments()) {
      for (const { operationName } of spans) {
        this.arrived.set(operationName, (this.arrived.get(operationName) ?? 0) + 1);
        if (service !== 'orders' || !operationName.startsWith(`${instance}-`))
          this.breaches.push(`${operationName} arrived as one of ${service}/${instance}`);
      }
    }
    for (const { reason } of collector.droppedSegments()) this.breaches.push(`the backend dropped one: ${reason}`);
  }

  private async end(): Promise<void> {
    for (const { process, frozenTurns } of this.members) {
      if (frozenTurns > 0) await process.kill('SIGCONT');
      process.setDiskFull(false);
    }
    await this.comeBack();
    const dropped = new Map<string, number>();
    for (const { process, made } of this.members) {
      const answer = await until(
        () => process.ask(),
        (found) => {
          const { segments: inMemory, spool } = found?.status ?? {};
          // What the disk did not take waits in memory, and may go to the disk after it was looked at.
          const waiting = (spool?.segments ?? 0) + (spool?.waitingForDisk ?? 0);
          return (inMemory?.buffered ?? 0) + (inMemory?.inFlight ?? 0) + waiting === 0;
        },
        { timeoutMs: 120_000, everyMs: 250 },
      );
      if (!answer) throw new Error(`${process.instance} has ended by itself`);
      const { segments } = answer.status;
      assertAccounted(segments);
      if (segments.accepted !== made)
        this.breaches.push(`${process.instance}: made ${made}, accepted ${segments.accepted}`);
      dropped.set(process.instance, segments.dropped);
      this.counts.unknown += segments.droppedBecause['fate-unknown'] ?? 0;
    }
    await until(
      () => namesOnDisk(this.spool),
      (names) => names.length === 0,
      { timeoutMs: 120_000, everyMs: 250 },
    );
    // What the backend has taken, it shows.
    const ledger = new SpoolLedger(this.ledger);
    const shown = (): Set<string> =>
      new Set(this.collector?.segments().flatMap(({ spans }) => spans.map(({ operationName }) => operationName)));
    const stored = [...ledger.sealed]
      .filter((name) => ledger.explain(name) === 'stored')
      .filter((name) => !this.arrived.has(name) && !this.wiped.has(name));
    await until(
      () => {
        const names = shown();
        return stored.filter((name) => !names.has(name)).length;
      },
      (count) => count === 0,
      { timeoutMs: 10_000, everyMs: 250 },
    ).catch(() => undefined);
    if (this.collector) this.collect(this.collector);
    this.judge(ledger);
    this.judgeLiving(ledger, dropped);
  }

  /** Each segment of a sealed block arrived, or it is known what became of it. */
  private judge(ledger: SpoolLedger): void {
    const { tell, delivery } = this.options;
    const { sealed, miscounted } = ledger;
    const twice = [...this.arrived].filter(([, count]) => count > 1).map(([name]) => name);
    const missing = [...sealed].filter((name) => !this.arrived.has(name));
    const sums = { wiped: 0, 'fate-unknown': 0, skipped: 0 };
    const unexplained: string[] = [];
    for (const name of missing) {
      const reason = this.reasonFor(name, ledger);
      if (reason) sums[reason]++;
      else unexplained.push(name);
    }
    const { made, kills, freezes, restarts, wipes, fullDisks, unknown } = this.counts;
    tell(`${made} made, ${this.arrived.size} arrived, ${twice.length} of them twice`);
    tell(`${kills} kills, ${freezes} freezes, ${restarts} restarts, ${wipes} wipes, ${fullDisks} full disks`);
    tell(`${sealed.size} stood in whole blocks, ${missing.length} of them did not arrive:`);
    tell(`  ${sums.wiped} were answered OK and waited for their names when the storage went`);
    tell(`  ${sums['fate-unknown']} were sent, and their sender counted them as of unknown fate`);
    tell(`  ${sums.skipped} were on their way when their sender ended, and the next reader counted them`);
    tell(`${unknown} were counted as of unknown fate by the processes that live`);
    if (delivery === 'at-most-once') {
      for (const name of twice.slice(0, 5)) this.breaches.push(`${name} arrived twice: ${ledger.story(name)}`);
      if (twice.length > 0) this.breaches.push(`${twice.length} arrived twice`);
    }
    this.breaches.push(...miscounted.map((block) => `a skipped block was miscounted: ${block}`));
    for (const name of unexplained.slice(0, 8)) this.breaches.push(`${name} did not arrive: ${ledger.story(name)}`);
    if (unexplained.length > 0) this.breaches.push(`${unexplained.length} of sealed blocks did not arrive`);
  }

  /** Sums up the living, whose counters are there: what did not arrive was counted, whether it stood on the disk or not. */
  private judgeLiving(ledger: SpoolLedger, dropped: ReadonlyMap<string, number>): void {
    for (const { process, made } of this.members) {
      const names = Array.from({ length: made }, (_, number) => `${process.instance}-${number}`);
      const missing = names.filter((name) => !this.arrived.has(name) && !this.wiped.has(name));
      const uncounted = missing.filter((name) => ledger.explain(name) !== 'skipped').length;
      const counted = dropped.get(process.instance) ?? 0;
      if (uncounted > counted)
        this.breaches.push(`${process.instance}: ${uncounted} did not arrive, ${counted} are counted`);
    }
  }

  private reasonFor(name: string, ledger: SpoolLedger): 'wiped' | 'fate-unknown' | 'skipped' | undefined {
    if (this.wiped.has(name)) return 'wiped';
    const explanation = this.options.delivery === 'at-most-once' ? ledger.explain(name) : undefined;
    return explanation === 'stored' ? undefined : explanation;
  }
}
