import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';

/** What a live agent's entry in the status file has, as far as the command line looks at it. */
export interface EntryParts {
  readonly phase?: string;
  readonly startedAt?: string;
  readonly file?: string | null;
  readonly last?: readonly object[];
  readonly [name: string]: unknown;
}

/** A command line under test: a command file and a status file, with agents that are played by the test. */
export class CliFixture {
  readonly folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'skyanchor-cli-')));
  readonly commandFile = path.join(this.folder, 'skyanchor.command');
  readonly statusFile = `${this.commandFile}.status.json`;
  private readonly entries: Record<string, unknown> = {};
  stdout = '';
  stderr = '';

  constructor() {
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((this.stdout += String(text)), true));
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((this.stderr += String(text)), true));
  }

  clear(): void {
    jest.restoreAllMocks();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** An agent is there, and says so in the status file. */
  agent(name: string, { phase = 'registered', startedAt, file, last = [], ...rest }: EntryParts = {}): void {
    this.entries[name] = {
      pid: process.pid,
      host: hostname(),
      service: 'orders',
      backend: '127.0.0.1:11800',
      startedAt: startedAt ?? '2026-01-01T00:00:00.000Z',
      updatedAt: new Date().toISOString(),
      registration: { phase, serviceId: 3, instanceId: 7 },
      heartbeat: { lastOkAt: '2026-11-21T21:18:39.842Z', failures: 0 },
      segments: { sent: 880, dropped: 1 },
      commands: { file: file === undefined ? this.commandFile : file, last },
      ...rest,
    };
    writeFileSync(this.statusFile, JSON.stringify({ version: 1, instances: this.entries }));
  }

  /** What stands in the command file. */
  get commands(): string {
    return existsSync(this.commandFile) ? readFileSync(this.commandFile, 'utf8') : '';
  }

  put(text: string | Buffer, mode = 0o644): void {
    writeFileSync(this.commandFile, text, { mode });
  }

  get output(): string[] {
    return this.stdout.split('\n').filter(Boolean);
  }
}
