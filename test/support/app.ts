import { spawn, type ChildProcess } from 'node:child_process';
import { get } from 'node:http';
import path from 'node:path';
import { until } from './until';

const ROOT = path.join(__dirname, '..', '..');

/** What `node --require` takes to run a program with the agent in it. */
export const REGISTER = path.join(ROOT, 'dist', 'register.js');

export interface AppOptions {
  /** After the script's name. */
  readonly args?: readonly string[];
  /** Before it, such as `--require`. */
  readonly nodeFlags?: readonly string[];
  /** On top of ours, which goes on without anything that configures an agent. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** True: it has a stderr, and whoever read that is gone. */
  readonly isUnheard?: boolean;
}

export interface AppEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that does not end by itself is killed after this, which a busy machine does not take for anything else. */
const PATIENCE_MS = 20_000;

const living = new Set<App>();

/** For `afterEach`: a test that fails half-way leaves no process behind, which would keep the test runner waiting. */
export async function endApps(): Promise<void> {
  await Promise.all([...living].map((app) => app.kill('SIGKILL')));
}

/** A program run as a child, as another program would run it. */
export class App {
  stdout = '';
  stderr = '';
  end: AppEnd | undefined;
  /** Its end; what it wrote is complete then. */
  readonly ended: Promise<AppEnd>;

  constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    living.add(this);
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        this.end = { code, signal };
        living.delete(this);
        resolve(this.end);
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The port in its line `listening PORT`; waits for the line, rejects if the program ends before. */
  async port(): Promise<number> {
    const port = (): string | undefined => /^listening (\d+)$/m.exec(this.stdout)?.[1];
    await until(() => port() ?? this.end);
    if (port() === undefined) throw new Error(`ended (${JSON.stringify(this.end)}) before it listened: ${this.stderr}`);
    return Number(port());
  }

  /** Asks the program for a page; the answer's status code. */
  async visit(page: string): Promise<number> {
    const url = `http://127.0.0.1:${await this.port()}${page}`;
    return new Promise((resolve, reject) => {
      get(url, { agent: false }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      }).on('error', reject);
    });
  }

  /** Sends the signal and waits for the end; by SIGKILL, and visibly so, if it does not come. */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<AppEnd> {
    this.child.kill(signal);
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE_MS);
    try {
      return await this.ended;
    } finally {
      clearTimeout(impatience);
    }
  }
}

function cleanEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SW_')));
}

/** Starts `node [nodeFlags] script [args]`. */
export function startApp(
  script: string,
  { args = [], nodeFlags = [], env = {}, cwd, isUnheard }: AppOptions = {},
): App {
  const child = spawn(process.execPath, [...nodeFlags, script, ...args], {
    cwd: cwd ?? ROOT,
    env: { ...cleanEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (isUnheard) child.stderr.destroy();
  return new App(child);
}
