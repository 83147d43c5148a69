import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startCollector, type Collector } from '../../src/testing/index';
import { onWaiting } from '../chaos/waiting-segments';
import type { Chance } from '../control/fuzz/chance';
import { freePort } from '../support/free-port';
import { Line } from '../support/line';
import { HostileServer, type HostileAnswer } from './hostile-server';

const NODES = 3;
const HOSTS = ['a.soak', 'b.soak', 'c.soak'] as const;
const MAX_RECORDS = 1_000_000;

/** A backend of three nodes behind a line each, the names of the lines, and the token that the nodes ask for. */
export class Site {
  readonly nodes = NODES;
  readonly folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-soak-'));
  readonly namesFile = path.join(this.folder, 'names.json');
  readonly tokenFile = path.join(this.folder, 'token');
  /** Segments that a node has had: shown, dropped as a genuine one does, or lost with the storage while they waited for names. */
  readonly held = new Set<string>();
  private tokens = 0;
  private addresses: readonly (readonly string[])[];

  private constructor(
    readonly collector: Collector,
    readonly lines: readonly Line[],
    readonly hostile: Readonly<Record<HostileAnswer, HostileServer>>,
    private readonly port: number,
    token: string,
    /** How many times as fast as ours the clocks of the agents are. */
    readonly speed: number,
  ) {
    this.addresses = lines.map(({ address }) => [address]);
    this.name();
    this.writeToken(token);
  }

  static async open(protocol: 'v2' | 'v3', speed: number): Promise<Site> {
    const token = 'token-0';
    const collector = await startCollector({ nodes: NODES, protocol, token, maxRecords: MAX_RECORDS });
    const port = await freePort();
    const lines = collector.addresses.map((target, node) => new Line(`127.0.0.${node + 1}`, port, target));
    for (const line of lines) await line.open();
    const hostile = {
      'content-type': await HostileServer.start('content-type'),
      '1 GB': await HostileServer.start('1 GB'),
    };
    return new Site(collector, lines, hostile, port, token, speed);
  }

  async close(): Promise<void> {
    for (const line of this.lines) await line.close();
    for (const server of Object.values(this.hostile)) await server.close();
    await this.collector.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get backends(): string {
    return HOSTS.map((host) => `${host}:${this.port}`).join(',');
  }

  name(): void {
    this.writeNames(this.addresses);
  }

  unname(): void {
    this.writeNames(HOSTS.map(() => []));
  }

  /** Each name gets one or two of the lines, by chance. */
  rename(chance: Chance): void {
    const some = (): string[] => [...new Set([0, 1].map(() => chance.of(this.lines).address))];
    this.addresses = HOSTS.map(some);
    this.name();
  }

  /** Every node is ended, and comes back with nothing in its storage. */
  async wipe(): Promise<void> {
    onWaiting((waiting) => {
      for (const { segmentId } of waiting) this.held.add(segmentId);
    });
    for (let node = 0; node < NODES; node++) await this.collector.stopNode(node);
    onWaiting(() => undefined);
    this.look();
    await this.collector.wipe();
  }

  /** The file has the new token before the nodes ask for it: one after the other is restarted. */
  async rotateToken(): Promise<void> {
    const token = `token-${++this.tokens}`;
    this.collector.requireToken(token);
    this.writeToken(token);
    for (let node = 0; node < NODES; node++) {
      await this.collector.stopNode(node);
      await this.collector.startNode(node);
    }
  }

  /** Takes note of what the nodes have. */
  look(): void {
    for (const { segmentId } of [...this.collector.segments(), ...this.collector.droppedSegments()])
      this.held.add(segmentId);
  }

  private writeNames(addresses: readonly (readonly string[])[]): void {
    const names = Object.fromEntries(HOSTS.map((host, at) => [host, addresses[at] ?? []]));
    replace(this.namesFile, JSON.stringify(names));
  }

  private writeToken(token: string): void {
    replace(this.tokenFile, token);
  }
}

/** No reader sees half of it. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
