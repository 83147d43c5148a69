import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type Clock, keepAliveWhile, systemClock } from '../base/clock';
import { glob } from '../base/patterns';
import { errorMessage } from '../base/text';
import { type Answer, isAllAnswered, readAnswers, whyUnanswered } from '../control/client/answers';
import { CommandWriter, formatCommand } from '../control/client/command-writer';
import {
  type Instance,
  LiveInstances,
  printableField,
  printableJson,
  strangerNote,
  watchersOf,
} from '../control/client/live-instances';
import { locate, type Located } from './locate';
import { forTerminal, pause, print, wrongUsage } from './print';

const DONE = 0;
const FAILED = 1;
const UNANSWERED = 3;

const LOOK_MS = 100;

/** `skyanchor reset [--file F] [--target GLOB] [--id ID] [--wait SECONDS] [--json]` */
export async function reset(argv: readonly string[], clock: Clock = systemClock): Promise<number> {
  const call = readResetCall(argv);
  return typeof call === 'string' ? wrongUsage('reset', call) : keepAliveWhile(new Reset(call, clock).run());
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
    const note = await strangerNote(this.call);
    if (note !== undefined) complain(note);
    const live = await this.live();
    const watching = await watchersOf(commandFile, live);
    const before = id === undefined ? [] : await readAnswers(commandFile, id, live);
    const written = await new CommandWriter(commandFile).write(line, (items) => isAllAnswered(items, watching));
    if (written.status === 'failed') {
      complain(`${commandFile} cannot be written: ${written.reason}`);
      return FAILED;
    }
    const targets = watching.map(({ name }) => name).filter((name) => this.isTarget(name));
    if (waitMs === undefined || id === undefined) {
      print(json ? `${JSON.stringify({ file: commandFile, command: line })}\n` : `${line} > ${commandFile}\n`);
      if (targets.length === 0) complain(`no instance can answer now: ${this.whyNoTarget(live, watching)}`);
      return DONE;
    }
    if (targets.length > 0) return this.wait(id, targets, new Set(before.map(keyOf)), startedAt + waitMs);
    complain(`no instance can answer: ${this.whyNoTarget(live, watching)}`);
    return UNANSWERED;
  }

  private async wait(
    id: string,
    targets: readonly string[],
    before: ReadonlySet<string>,
    deadline: number,
  ): Promise<number> {
    const states = new Map<string, string>();
    const begun = new Set<string>();
    const missing = (): string[] => targets.filter((name) => !states.has(name));
    let live: readonly Instance[];
    for (;;) {
      live = await this.live();
      for (const answer of await readAnswers(this.call.commandFile, id, live)) {
        if (states.has(answer.instance) || before.has(keyOf(answer))) continue;
        if (answer.state === 'running') {
          begun.add(answer.instance);
          continue;
        }
        states.set(answer.instance, answer.state);
        this.printAnswer(answer);
      }
      if (missing().length === 0 || this.clock.elapsed() >= deadline) break;
      await pause(LOOK_MS, this.clock);
    }
    for (const name of missing()) complain(`${printableField(name)} ${whyUnanswered(name, begun.has(name), live)}`);
    if ([...states.values()].some((state) => state !== 'done')) return FAILED;
    return missing().length > 0 ? UNANSWERED : DONE;
  }

  private whyNoTarget(live: readonly Instance[], watching: readonly Instance[]): string {
    const { commandFile, statusFile, target } = this.call;
    if (live.length === 0) return `no live instance in ${statusFile}`;
    if (watching.length === 0) return `no live instance in ${statusFile} watches ${commandFile}`;
    return `no live instance is called ${target ?? ''}`;
  }

  private isTarget(name: string): boolean {
    const { target } = this.call;
    return target === undefined || glob(target)(name);
  }

  private printAnswer(answer: Answer): void {
    const { instance, state, id, detail } = answer;
    print(
      this.call.json
        ? `${printableJson(answer)}\n`
        : `${[instance, state, id, detail].filter(Boolean).map(printableField).join(' ')}\n`,
    );
  }

  private async live(): Promise<readonly Instance[]> {
    try {
      return await this.instances.read();
    } catch (error) {
      complain(`${this.call.statusFile} cannot be read: ${errorMessage(error)}`);
      return [];
    }
  }
}

function keyOf({ instance, state, at }: Answer): string {
  return `${instance} ${state} ${at}`;
}

function complain(text: string): void {
  process.stderr.write(`skyanchor reset: ${forTerminal(text)}\n`);
}

/** What `skyanchor reset` was asked for. */
interface ResetCall extends Located {
  /** For the command file. */
  readonly line: string;
  /** A glob over instance names; undefined: all. */
  readonly target: string | undefined;
  /** The id that the answers will have; undefined: they are not waited for. */
  readonly id: string | undefined;
  /** Undefined: not to wait. */
  readonly waitMs: number | undefined;
  readonly json: boolean;
}

const LONGEST_WAIT_S = 86_400;

/** @returns a text: what is wrong with the call */
function readResetCall(argv: readonly string[]): ResetCall | string {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        file: { type: 'string' },
        target: { type: 'string' },
        id: { type: 'string' },
        wait: { type: 'string' },
        json: { type: 'boolean' },
      },
    });
    const { file, target, wait, json = false } = values;
    const waitS = wait === undefined ? undefined : Number(wait);
    if (waitS !== undefined && !(wait?.trim() !== '' && waitS >= 0 && waitS <= LONGEST_WAIT_S))
      return `--wait ${wait ?? ''}: expected seconds, from 0 to ${LONGEST_WAIT_S}`;
    // Without an id, the status file does not show which of several commands an answer is for.
    const id = values.id ?? (waitS === undefined ? undefined : `cli-${randomBytes(4).toString('hex')}`);
    const command = formatCommand({ verb: 'reset', target, id });
    if ('fault' in command) return command.fault;
    const located = locate(file);
    if (!located) return 'expected --file, or SW_AGENT_COMMAND_FILE in the environment';
    const waitMs = waitS === undefined ? undefined : waitS * 1_000;
    return { ...located, line: command.line, target, id, waitMs, json };
  } catch (error) {
    return errorMessage(error);
  }
}
