import { transformFileSync } from '@swc/core';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from '../support/until';
import type { ChildLine, ChildOptions } from './child';
import { stateNow } from './file/recorded-reads';

const ROOT = join(__dirname, '..', '..');
const SOURCES = ['src/api', 'src/base', 'src/control', 'src/status'];
const OURS = ['test/control/child.ts', 'test/control/file/recorded-reads.ts', 'test/support/slow-clock.ts'];

/** Processes, each with a start of its own: a busy machine takes its time. */
const PATIENCE = { timeoutMs: 30_000 };

/** A process of its own with a channel in it. */
export class Child {
  readonly lines: ChildLine[] = [];
  readonly errors: string[] = [];
  /** What ended it: a code, or a signal. */
  ended: number | string | undefined;

  constructor(readonly process: ChildProcess) {
    if (process.stdout)
      createInterface(process.stdout).on('line', (line) => this.lines.push(JSON.parse(line) as ChildLine));
    process.stderr?.on('data', (data) => this.errors.push(String(data)));
    process.on('exit', (code, signal) => (this.ended = code ?? signal ?? 'nothing'));
  }

  get instance(): string | undefined {
    return this.lines.find((line) => line.type === 'ready')?.instance;
  }

  /** `verb arg when` of what it ran. */
  get ran(): string[] {
    return this.lines
      .filter((line) => line.type === 'ran')
      .map(({ verb, args, when }) => [verb, ...args, when].join(' '));
  }

  get logged(): string[] {
    return this.lines.filter((line) => line.type === 'log').map(({ message }) => message);
  }

  /** The states in which it has found its file, look by look. */
  get looks(): string[] {
    return this.lines.filter((line) => line.type === 'look').map(({ state }) => state);
  }

  /** It has looked at the file as it is now, and once more: whatever was to come of it has begun. */
  async looked(file: string): Promise<void> {
    const isLooked = (): boolean => {
      const state = stateNow(file);
      return this.looks.filter((found) => found === state).length > 1;
    };
    await until(isLooked, Boolean, PATIENCE);
  }

  /** It is there, and has looked once: what comes now is news to it. */
  async listening(): Promise<void> {
    await this.ready();
    await until(() => this.looks.length, Boolean, PATIENCE);
  }

  async ready(): Promise<string> {
    const instance = await until(
      () => this.instance ?? this.ended,
      (found) => found !== undefined,
      PATIENCE,
    );
    if (typeof instance !== 'string' || this.ended !== undefined) throw new Error(`it ended: ${this.errors.join('')}`);
    return instance;
  }

  async end(): Promise<number | string | undefined> {
    return until(
      () => this.ended,
      (ended) => ended !== undefined,
      PATIENCE,
    );
  }
}

/** Processes, and the compiled sources that they run. */
export class ChildProcesses {
  readonly children: Child[] = [];
  private readonly folder = join(ROOT, 'node_modules', '.cache', `skyanchor-command-${process.pid}`);

  constructor() {
    const files = SOURCES.flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    );
    for (const file of [...files.filter((name) => name.endsWith('.ts')), ...OURS]) {
      const { code } = transformFileSync(join(ROOT, file), {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
      });
      const target = join(this.folder, file.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, code);
    }
  }

  /** @param before what runs it, such as `unshare -m sh -c '… exec "$@"' --` */
  start(options: ChildOptions, before: readonly string[] = []): Child {
    const script = join(this.folder, 'test', 'control', 'child.js');
    const [program, ...args] = [...before, process.execPath, script, JSON.stringify(options)];
    const child = new Child(spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] }));
    this.children.push(child);
    return child;
  }

  /** Ends all that still run. */
  async dismiss(): Promise<void> {
    for (const { process, ended } of this.children) if (ended === undefined) process.kill('SIGKILL');
    await Promise.all(this.children.map((child) => child.end()));
    this.children.length = 0;
  }

  clear(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
