import { realpath } from 'node:fs/promises';
import { systemClock, type Clock } from '../base/clock';
import { messageOf } from '../base/errors';
import { holdOpen } from '../base/hold';
import { glob } from '../base/glob';
import { isAllAnswered } from './answered';
import { readAnswers, type Answer } from './answers';
import { CommandWriter } from './command-writer';
import { field, printable } from './document';
import { LiveInstances, type Instance } from './live-instances';
import { pause } from './pause';
import { print } from './print';
import { readResetCall, type ResetCall } from './reset-call';
import { wrongUsage } from './wrong-usage';

const DONE = 0;
const FAILED = 1;
const UNANSWERED = 3;

const LOOK_MS = 100;

/** `skyanchor reset [--file F] [--target GLOB] [--id ID] [--wait SECONDS] [--json]` */
export async function reset(argv: readonly string[], clock: Clock = systemClock): Promise<number> {
  const call = readResetCall(argv);
  return typeof call === 'string' ? wrongUsage('reset', call) : holdOpen(new Reset(call, clock).run());
}

class Reset {
  private readonly instances: LiveInstances;

  constructor(
    private readonly call: ResetCall,
    private readonly clock: Clock,
  ) {
    this.instances = new LiveInstances(call.statusFile, clock);
  }

  async run(): Promise<number> {
    const { commandFile, line, id, waitMs, json } = this.call;
    const startedAt = this.clock.elapsed();
    const live = await this.live();
    const watching = await watchersOf(commandFile, live);
    const before = id === undefined ? [] : await readAnswers(commandFile, id, live);
    const written = await new CommandWriter(commandFile).write(line, (items) => isAllAnswered(items, watching));
    if (written.status === 'failed') {
      complain(`${commandFile} cannot be written: ${written.reason}`);
      return FAILED;
    }
    if (waitMs === undefined || id === undefined) {
      print(json ? `${JSON.stringify({ file: commandFile, command: line })}\n` : `${line} > ${commandFile}\n`);
      return DONE;
    }
    const targets = watching.map(({ name }) => name).filter((name) => this.isTarget(name));
    return this.wait(id, targets, new Set(before.map(keyOf)), startedAt + waitMs);
  }

  private async wait(
    id: string,
    targets: readonly string[],
    before: ReadonlySet<string>,
    deadline: number,
  ): Promise<number> {
    const states = new Map<string, string>();
    const missing = (): string[] => targets.filter((name) => !states.has(name));
    while (missing().length > 0) {
      const answers = await readAnswers(this.call.commandFile, id, await this.live());
      for (const answer of answers) {
        if (states.has(answer.instance) || before.has(keyOf(answer))) continue;
        states.set(answer.instance, answer.state);
        this.tell(answer);
      }
      if (missing().length === 0 || this.clock.elapsed() >= deadline) break;
      await pause(LOOK_MS, this.clock);
    }
    if ([...states.values()].some((state) => state !== 'done')) return FAILED;
    if (targets.length === 0) complain(`there is nobody to answer: no live instance in ${this.call.statusFile}`);
    for (const name of missing()) complain(`${printable(name)} has not answered`);
    return targets.length === 0 || missing().length > 0 ? UNANSWERED : DONE;
  }

  private isTarget(name: string): boolean {
    const { target } = this.call;
    return target === undefined || glob(target)(name);
  }

  private tell(answer: Answer): void {
    const { instance, state, id, detail } = answer;
    print(
      this.call.json ? `${JSON.stringify(answer)}\n` : `${[instance, state, id, detail].filter(Boolean).join(' ')}\n`,
    );
  }

  private async live(): Promise<readonly Instance[]> {
    try {
      return await this.instances.read();
    } catch (error) {
      complain(`${this.call.statusFile} cannot be read: ${messageOf(error)}`);
      return [];
    }
  }
}

/** Those of the instances that listen to this very file; a status file may be shared by more. */
async function watchersOf(commandFile: string, live: readonly Instance[]): Promise<readonly Instance[]> {
  const real = await realPathOf(commandFile);
  const watching: Instance[] = [];
  for (const instance of live) {
    const file = field(instance.entry, 'commands', 'file');
    if (typeof file === 'string' && (file === commandFile || (await realPathOf(file)) === real))
      watching.push(instance);
  }
  return watching;
}

async function realPathOf(file: string): Promise<string> {
  return realpath(file).catch(() => file);
}

function keyOf({ instance, state, at }: Answer): string {
  return `${instance} ${state} ${at}`;
}

function complain(text: string): void {
  process.stderr.write(`skyanchor reset: ${text}\n`);
}
