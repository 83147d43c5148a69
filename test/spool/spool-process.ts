import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Status } from '../../src/api/status';
import { spoolCodec } from '../../src/protocol/segments/spool-codec';
import { recordsOf } from '../../src/spool/block/block';
import { BlockReader } from '../../src/spool/block/block-reader';
import { sourceOf } from '../../src/spool/file-delivery';
import { SpoolDirectory } from '../../src/spool/spool-directory';

export interface SpoolProcessOptions {
  readonly instance: string;
  readonly backend: string;
  readonly directory: string;
  readonly delivery: 'at-most-once' | 'at-least-once';
  readonly killAt?: string;
  /** A script that is loaded before the application. */
  readonly preload?: string;
  /** The user that it runs as. */
  readonly uid?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** A process of the tests, which only its own handle ends. */
export class SpoolProcess {
  readonly ended: Promise<unknown>;

  private constructor(
    private readonly child: ChildProcess,
    readonly instance: string,
  ) {
    this.ended = once(child, 'exit');
  }

  static async start({
    instance,
    backend,
    directory,
    delivery,
    killAt,
    preload = killAt === undefined ? undefined : path.join(__dirname, 'kill-step.js'),
    uid,
    env,
  }: SpoolProcessOptions): Promise<SpoolProcess> {
    const child = fork(path.join(__dirname, 'app.js'), {
      execArgv: preload === undefined ? [] : ['--require', preload],
      ...(uid !== undefined && { uid }),
      env: {
        ...process.env,
        ...{ INSTANCE: instance, BACKEND: backend, SPOOL: directory, DELIVERY: delivery },
        ...(killAt !== undefined && { KILL_AT: killAt }),
        ...env,
      },
    });
    const started = new SpoolProcess(child, instance);
    await Promise.race([once(child, 'message'), started.ended]);
    return started;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  make(name: string, from: number, to: number): void {
    this.send({ make: { name, from, to } });
  }

  /** Undefined: it has ended. */
  ask(): Promise<{ readonly status: Status } | undefined> {
    return this.answer<{ readonly status: Status }>({ ask: true });
  }

  /** The trace ids of all that it made, in that order. */
  async traceIds(): Promise<readonly string[]> {
    return (await this.answer<{ readonly traceIds: readonly string[] }>({ askTraces: true }))?.traceIds ?? [];
  }

  setDiskFull(diskFull: boolean): void {
    this.send({ diskFull });
  }

  async exit(): Promise<void> {
    this.send({ exit: 0 });
    await this.ended;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.isAlive) this.child.kill(signal);
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await this.ended;
  }

  private async answer<T>(question: object): Promise<T | undefined> {
    const answer = new Promise<T>((resolve) => {
      this.child.once('message', (message) => resolve(message as T));
    });
    this.send(question);
    return Promise.race([answer, this.ended.then(() => undefined)]);
  }

  private send(message: object): void {
    // It may just be ending.
    if (this.child.connected) this.child.send(message, () => undefined);
  }
}

/** The names of all segments in whole blocks of a spool. */
export async function namesOnDisk(directory: string): Promise<string[]> {
  const spool = new SpoolDirectory(directory);
  const names: string[] = [];
  if (!existsSync(directory)) return names;
  for (const { files } of (await spool.list()).values()) {
    for (const file of files) {
      const handle = await spool.open(file.name).catch(() => undefined);
      if (!handle) continue;
      const reader = new BlockReader(sourceOf(handle, file.bytes));
      for (let piece = await reader.next(0); piece; piece = await reader.next(piece.to)) {
        if (piece.type !== 'block' || piece.header.kind !== 'segments') continue;
        for (const record of recordsOf(piece.bytes))
          names.push(spoolCodec.decode(record, false).spans[0]?.operationName ?? '');
      }
      await handle.close();
    }
  }
  return names;
}
