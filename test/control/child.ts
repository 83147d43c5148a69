import { closeSync, openSync } from 'node:fs';
import { systemClock } from '../../src/base/clock';
import { Log } from '../../src/base/log';
import { CommandChannel } from '../../src/control/run/command-channel';
import { StatusFile } from '../../src/status/status-file';
import { Verbs, type VerbCall } from '../../src/control/run/verbs';
import { slowClock } from '../support/slow-clock';
import { noteLooks } from './file/recorded-reads';

/** What a child is told by its only argument, as JSON. */
export interface ChildOptions {
  readonly file: string;
  readonly statusFile?: string;
  /** Fixed; else claimed from the status file. */
  readonly instanceName?: string;
  readonly claim?: string;
  /** Nothing else keeps this process: it should end by itself. */
  readonly isGuest?: boolean;
  /** What its wall clock is ahead. */
  readonly aheadMs?: number;
  /** How many times as long everything takes by its clock: so that the poll comes late, and an event does not. */
  readonly slowness?: number;
  /** Before it watches it takes every descriptor there is, and lets go of them at SIGUSR2. */
  readonly isHoarder?: boolean;
}

/** What it says, a line of JSON each. */
export type ChildLine =
  | { readonly type: 'ready'; readonly instance: string }
  | { readonly type: 'log'; readonly message: string }
  | { readonly type: 'look'; readonly state: string }
  | { readonly type: 'let-go'; readonly count: number }
  | { readonly type: 'ran'; readonly verb: string; readonly args: readonly string[]; readonly when: string };

function say(line: ChildLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function hoard(): void {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {
    process.on('SIGUSR2', () => {
      say({ type: 'let-go', count: taken.length });
      for (const descriptor of taken.splice(0)) closeSync(descriptor);
    });
  }
}

async function main(options: ChildOptions): Promise<void> {
  // Nothing of ours keeps a process, so something else has to.
  if (!options.isGuest) process.stdin.resume();
  const clock = { ...slowClock(options.slowness ?? 1), now: () => systemClock.now() + (options.aheadMs ?? 0) };
  const logLine = (message: string): void => say({ type: 'log', message });
  const log = new Log(clock, { error: logLine, warn: logLine, info: () => undefined, debug: () => undefined });
  const verbs = new Verbs();
  const add = (
    name: string,
    run: (call: VerbCall) => string | void | Promise<string | void>,
    idempotent = true,
  ): void => {
    verbs.add({
      name,
      timeoutMs: 30_000,
      idempotent,
      isFulfilledAtStart: name === 'reset',
      run: (call) => {
        say({ type: 'ran', verb: call.verb, args: call.args, when: call.when });
        return run(call);
      },
    });
  };
  add('reset', () => undefined);
  add('note', () => undefined);
  add('die', () => process.exit(7), false);
  add('fall', ({ when }) => (when === 'now' ? process.exit(7) : 'up again'));
  const statusFile =
    options.statusFile === undefined ? undefined : new StatusFile({ path: options.statusFile, clock, log });
  const instance = options.instanceName ?? (await statusFile?.claim(options.claim ?? 'orders')) ?? 'no-instance';
  const channel: CommandChannel = new CommandChannel({
    file: options.file,
    owners: [],
    trustDirectory: false,
    instanceName: instance,
    verbs,
    clock,
    log,
    onEvent: () => statusFile?.write({ commands: channel.status() }),
    fileNow: () => statusFile?.fileNow() ?? clock.now(),
  });
  // Without a claim the entry is written all the same.
  if (options.instanceName !== undefined) statusFile?.adopt(instance);
  statusFile?.write({ commands: channel.status() });
  noteLooks(({ state }) => say({ type: 'look', state }));
  if (options.isHoarder) hoard();
  channel.start();
  say({ type: 'ready', instance });
  if (options.isGuest) return;
  process.stdin.on('end', () => {
    void Promise.all([channel.stop(), statusFile?.release()]).then(() => process.exit(0));
  });
}

void main(JSON.parse(process.argv[2] ?? '{}') as ChildOptions);
