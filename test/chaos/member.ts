import path from 'node:path';
import { startApp, type App } from '../support/app';

const APP = path.join(__dirname, 'app.js');

export interface State {
  readonly descriptors: number;
  readonly heapBytes: number;
  /** Its name and the phase of its registration. */
  readonly at: string;
}

type Line =
  | ({ readonly type: 'state' } & State)
  | { readonly type: 'ran'; readonly what: string }
  | { readonly type: 'ready'; readonly instance: string };

/** One process of the crowd, and what it has said. */
export class Member {
  /** Commands that it has to answer: they came when it was listening. */
  readonly owed = new Set<string>();
  private readonly app: App;

  constructor(backend: string, commandFile: string, aheadMs: number) {
    this.app = startApp(APP, {
      nodeFlags: ['--expose-gc'],
      env: {
        SW_AGENT_NAME: 'chaos',
        SW_AGENT_INSTANCE_NAME: 'chaos',
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: backend,
        SW_AGENT_COMMAND_FILE: commandFile,
        AHEAD_MS: String(aheadMs),
      },
    });
  }

  get isAlive(): boolean {
    return this.app.end === undefined;
  }

  get instance(): string | undefined {
    return this.lines('ready')[0]?.instance;
  }

  get stderr(): string {
    return this.app.stderr;
  }

  get pid(): number {
    return this.app.pid;
  }

  /** In the order it ran them. */
  get ran(): string[] {
    return this.lines('ran').map(({ what }) => what);
  }

  get states(): readonly State[] {
    return this.lines('state');
  }

  get unanswered(): string[] {
    const ran = new Set(this.ran);
    return [...this.owed].filter((what) => !ran.has(what));
  }

  kill(signal: NodeJS.Signals): Promise<unknown> {
    return this.app.kill(signal);
  }

  private lines<T extends Line['type']>(type: T): Extract<Line, { type: T }>[] {
    const whole = this.app.stdout.split('\n').slice(0, -1);
    const lines = whole.map((line) => JSON.parse(line) as Line);
    return lines.filter((line): line is Extract<Line, { type: T }> => line.type === type);
  }
}
