import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import type { Status } from '../../src/api/status';

const APP = path.join(__dirname, 'app.js');

export interface State extends Pick<Status, 'segments' | 'backend'> {
  readonly type: 'state';
  /** Milliseconds since the process started. */
  readonly at: number;
  readonly asked: number;
  /** Answers from another trace than the question was in. */
  readonly split: number;
  readonly phase: Status['registration']['phase'];
  readonly epoch: number;
  readonly descriptors: number;
  readonly heapBytes: number;
}

type Line = State | { readonly type: 'listening'; readonly port: number };

/** One process with the agent in it, and what it says of itself each second. */
export class SoakProcess {
  readonly states: State[] = [];
  readonly listening: Promise<number>;
  stderr = '';
  private readonly child: ChildProcess;
  private rest = '';

  constructor(
    readonly instance: string,
    env: Readonly<Record<string, string>>,
    private readonly onState: (state: State) => void,
  ) {
    const clean = Object.entries(process.env).filter(([name]) => !name.startsWith('SW_'));
    this.child = spawn(process.execPath, ['--expose-gc', APP], {
      env: { ...Object.fromEntries(clean), SW_AGENT_INSTANCE_NAME: instance, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.listening = new Promise((resolve, reject) => {
      this.child.once('exit', () => reject(new Error(`${instance} has ended: ${this.stderr.slice(-2_000)}`)));
      this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        const lines = (this.rest + text).split('\n');
        this.rest = lines.pop() ?? '';
        for (const line of lines) this.take(JSON.parse(line) as Line, resolve);
      });
    });
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  get last(): State | undefined {
    return this.states.at(-1);
  }

  get isKnown(): boolean {
    return this.last?.phase === 'registered' || this.last?.phase === 'connected';
  }

  tell(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  kill(): Promise<void> {
    if (!this.isAlive) return Promise.resolve();
    this.child.kill('SIGKILL');
    return new Promise((resolve) => this.child.once('close', () => resolve()));
  }

  private take(line: Line, listening: (port: number) => void): void {
    if (line.type === 'listening') listening(line.port);
    else {
      this.states.push(line);
      this.onState(line);
    }
  }
}
