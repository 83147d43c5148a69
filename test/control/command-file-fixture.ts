import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock, type Clock } from '../../src/base/clock';
import { Log } from '../../src/base/log';
import { CommandChannel } from '../../src/control/run/command-channel';
import { parseStamp, type Stamp } from '../../src/control/syntax/stamp';
import { Verbs, type Verb, type VerbCall } from '../../src/control/run/verbs';
import { until } from '../support/until';
import { noteLooks, stateNow, type Look } from './file/recorded-reads';

const run = promisify(execFile);

/** A busy machine takes its time. What has to be quick says so itself. */
const PATIENCE_MS = 20_000;

export type ChannelOptions = Partial<ConstructorParameters<typeof CommandChannel>[0]>;

/** A folder with a command file in it, an operator's shell, and an instance that watches: all real. */
export class CommandFileFixture {
  readonly folder = mkdtempSync(join(tmpdir(), 'skyanchor-command-'));
  readonly file: string;
  /** What ran, in its order, as `verb arg arg`. */
  readonly ran: string[] = [];
  readonly calls: VerbCall[] = [];
  readonly logged: string[] = [];
  readonly verbs = new Verbs();
  readonly channels: CommandChannel[] = [];
  readonly looks: Look[] = [];
  private readonly forgetLooks = noteLooks((look) => this.looks.push(look));

  constructor(name = 'skyanchor.command') {
    this.file = join(this.folder, name);
    for (const verb of ['reset', 'report', 'pause', 'resume']) this.addVerb({ name: verb });
  }

  /** A verb that does nothing but leave its trace in `ran`. */
  addVerb(verb: Partial<Verb> & { readonly name: string }): (() => void) | undefined {
    return this.verbs.add({
      timeoutMs: 30_000,
      idempotent: true,
      isFulfilledAtStart: verb.name === 'reset',
      ...verb,
      run: (call) => {
        this.ran.push([call.verb, ...call.args].join(' '));
        this.calls.push(call);
        return verb.run?.(call);
      },
    });
  }

  watch(options: ChannelOptions = {}): CommandChannel {
    const clock: Clock = options.clock ?? systemClock;
    const say = (message: string): void => void this.logged.push(message);
    const channel = new CommandChannel({
      file: this.file,
      owners: [],
      trustDirectory: false,
      instanceName: 'orders-1',
      verbs: this.verbs,
      clock,
      log: new Log(clock, { error: say, warn: say, info: say, debug: say }, 'debug'),
      onEvent: () => undefined,
      ...options,
    });
    this.channels.push(channel);
    channel.start();
    return channel;
  }

  /** Watches, and has armed the watch and looked once: what comes now is news. */
  async watchReady(options: ChannelOptions = {}): Promise<CommandChannel> {
    const before = this.looks.length;
    const channel = this.watch(options);
    await until(() => channel.status().watching === 'events+poll' && this.looks.length > before);
    return channel;
  }

  /**
   * That many channels have looked at the file as it is now, and once more: whatever was to come of it has begun, for
   * they do one thing after the other.
   */
  async looked(channels = 1, file = this.file): Promise<void> {
    await until(() => {
      const state = stateNow(file);
      const those = this.looks.filter((look) => look.state === state).map(({ by }) => by);
      return new Set(those.filter((by, at) => those.indexOf(by) !== at)).size >= channels;
    });
  }

  /** The operator types this, in the folder. `F` is the command file. */
  async type(command: string): Promise<void> {
    // An editor without a terminal would wait for what comes by stdin.
    await run('sh', ['-c', `exec < /dev/null; ${command}`], {
      timeout: 15_000,
      cwd: this.folder,
      env: { ...process.env, F: this.file, HOME: this.folder },
    });
  }

  get text(): string {
    return readFileSync(this.file, 'utf8');
  }

  get stamps(): Stamp[] {
    return stampsOf(this.text);
  }

  /** `state` or `state detail`, of one instance. */
  statesOf(instance = 'orders-1'): string[] {
    return this.stamps.filter((stamp) => stamp.instance === instance).map(({ state }) => state);
  }

  async untilStates(states: readonly string[], timeoutMs = PATIENCE_MS): Promise<void> {
    await until(
      () => {
        try {
          return this.statesOf();
        } catch {
          return [];
        }
      },
      (found) => JSON.stringify(found) === JSON.stringify(states),
      { timeoutMs },
    );
  }

  async untilRan(count: number, timeoutMs = PATIENCE_MS): Promise<void> {
    await until(
      () => this.ran,
      (ran) => ran.length >= count,
      { timeoutMs },
    );
  }

  async clear(): Promise<void> {
    await Promise.all(this.channels.map((channel) => channel.stop()));
    this.forgetLooks();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Those as well that came into the middle of a line. */
export function stampsOf(text: string): Stamp[] {
  return text
    .split('\n')
    .map((line) => parseStamp(line.replace(/^.*?(?=#! )/, '').trim()))
    .filter((stamp) => stamp !== undefined);
}
