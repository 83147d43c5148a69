import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startCollector, type Collector } from '../../src/testing/index';
import { assertAccounted } from '../support/accounting';
import { freePort } from '../support/free-port';
import { until } from '../support/until';
import { Chance } from '../control/fuzz/chance';
import { namesOnDisk, SpoolProcess, type SpoolProcessOptions } from '../spool/spool-process';

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
const BLOCK = 64;

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
  private readonly arrived = new Map<string, number>();
  /** Names that stood in whole blocks of a process when it was killed. */
  private readonly sealed = new Set<string>();
  private members: Member[] = [];
  private collector: Collector | undefined;
  private awayTurns = 0;
  private started = 0;
  private readonly counts = { made: 0, kills: 0, freezes: 0, absences: 0, fullDisks: 0 };

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
      await chaos.play();
      await chaos.end();
    } catch (error) {
      chaos.breaches.push(String(error));
    } finally {
      for (const { process } of chaos.members) if (process.isAlive) await process.kill();
      await chaos.collector?.stop();
      rmSync(chaos.folder, { recursive: true, force: true });
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
    if (this.collector) {
      if (!this.chance.is(1 / 60)) return;
      await this.leave();
      this.awayTurns = this.chance.below(80);
      this.counts.absences++;
    } else if (--this.awayTurns <= 0) await this.comeBack();
  }

  private async turnOf(member: Member): Promise<void> {
    const { process } = member;
    if (member.frozenTurns > 0) {
      if (--member.frozenTurns === 0) await process.kill('SIGCONT');
      return;
    }
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
    await this.noteSealed(member);
    await this.startMember();
  }

  private async noteSealed({ process }: Member): Promise<void> {
    for (const name of await namesOnDisk(this.spool))
      if (name.startsWith(`${process.instance}-`)) this.sealed.add(name);
  }

  private async startMember(): Promise<void> {
    const { delivery } = this.options;
    const process = await SpoolProcess.start({
      instance: `p${++this.started}x`,
      backend: `127.0.0.1:${this.port}`,
      directory: this.spool,
      delivery,
      env: { LEASE_MS: String(LEASE_MS), MAX_BUFFER: '64' },
    });
    this.members.push({ process, made: 0, frozenTurns: 0, fullTurns: 0 });
  }

  private async comeBack(): Promise<void> {
    const { protocol } = this.options;
    this.collector = await startCollector({ port: this.port, protocol, idDelayMs: 10 });
  }

  /** The next one knows nothing of what this one knew: a wipe. */
  private async leave(): Promise<void> {
    const { collector } = this;
    this.collector = undefined;
    // On v2 a segment that was taken waits until its names are known, and is gone with the backend until then. And this
    // backend, unlike OAP, keeps what it has read of a stream that it then breaks off: sent again, that is there twice.
    collector?.faults.add({ method: 'collect', fault: { type: 'refuse', code: 'UNAVAILABLE' } });
    if (this.options.protocol === 'v2' || this.options.delivery === 'at-most-once')
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    await collector?.stop();
    for (const { service, instance, spans } of collector?.segments() ?? []) {
      for (const { operationName } of spans) {
        this.arrived.set(operationName, (this.arrived.get(operationName) ?? 0) + 1);
        if (service !== 'orders' || !operationName.startsWith(`${instance}-`))
          this.breaches.push(`${operationName} arrived as one of ${service}/${instance}`);
      }
    }
    for (const { reason } of collector?.droppedSegments() ?? [])
      this.breaches.push(`the backend dropped one: ${reason}`);
  }

  private async end(): Promise<void> {
    const { tell, delivery } = this.options;
    for (const { process, frozenTurns } of this.members) {
      if (frozenTurns > 0) await process.kill('SIGCONT');
      process.setDiskFull(false);
    }
    if (!this.collector) await this.comeBack();
    await until(
      () => namesOnDisk(this.spool),
      (names) => names.length === 0,
      { timeoutMs: 120_000, everyMs: 250 },
    );
    let accepted = 0;
    for (const { process, made } of this.members) {
      const answer = await until(
        () => process.ask(),
        (found) => found !== undefined && found.status.segments.buffered + found.status.segments.inFlight === 0,
        { timeoutMs: 60_000, everyMs: 250 },
      );
      if (!answer) throw new Error(`${process.instance} has ended by itself`);
      const { segments } = answer.status;
      assertAccounted(segments);
      if (segments.accepted !== made)
        this.breaches.push(`${process.instance}: made ${made}, accepted ${segments.accepted}`);
      accepted += segments.accepted;
    }
    await this.leave();
    const twice = [...this.arrived.values()].filter((count) => count > 1).length;
    const missing = [...this.sealed].filter((name) => !this.arrived.has(name)).length;
    const { made, kills, freezes, absences, fullDisks } = this.counts;
    tell(`${made} made, ${this.arrived.size} arrived, ${twice} of them more than once; ${accepted} by those that live`);
    tell(`${kills} kills, ${freezes} freezes, ${absences} absences and wipes, ${fullDisks} full disks`);
    tell(`${this.sealed.size} stood in blocks of the killed, ${missing} of them did not arrive`);
    if (delivery === 'at-most-once' && twice > 0) this.breaches.push(`${twice} arrived more than once`);
    // Sent at most once: a block that was on its way when a process or the backend went is given up.
    const allowed = delivery === 'at-least-once' ? 0 : BLOCK * (kills + freezes + absences * this.options.processes);
    if (missing > allowed) this.breaches.push(`${missing} of sealed blocks did not arrive`);
  }
}
