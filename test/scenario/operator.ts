import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Status } from '../../src/api/status';

const run = promisify(execFile);

/** An agent's answer in the command file. */
export interface Stamp {
  readonly instance: string;
  readonly state: string;
  readonly id: string;
  /** What follows the id. */
  readonly detail: string;
}

const STAMP = /^#! \S+Z (?<instance>\S+) (?<state>\S+) (?<id>\S+) ?(?<detail>.*) !#$/gm;

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** An operator at a shell on the machine, with nothing but two files: the command file and the status file. */
export class Operator {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-operator-'));
  readonly commandFile = path.join(this.folder, 'skyanchor.command');

  /** `echo TEXT > command file`, by a real shell. */
  async echo(text: string): Promise<void> {
    await run('sh', ['-c', 'umask 022; echo "$0" > "$1"', text, this.commandFile]);
  }

  /** `echo TEXT >> command file`. */
  async append(text: string): Promise<void> {
    await run('sh', ['-c', 'umask 022; echo "$0" >> "$1"', text, this.commandFile]);
  }

  commands(): string {
    return read(this.commandFile);
  }

  stamps(): Stamp[] {
    return [...this.commands().matchAll(STAMP)].map(({ groups }) => ({ ...groups }) as unknown as Stamp);
  }

  /** The instance's entry of the status file, once there is one. */
  status(instance: string): Status | undefined {
    const text = read(`${this.commandFile}.status.json`);
    if (text === '') return undefined;
    const entry = (JSON.parse(text) as { instances: Record<string, Partial<Status>> }).instances[instance];
    // An entry begins as no more than a claim to the name.
    return entry?.registration ? (entry as Status) : undefined;
  }

  /** Removes its folder. */
  leave(): void {
    // An agent that ends may write meanwhile.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}
