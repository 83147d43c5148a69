import type { Clock } from '../base/clock';
import { AgentError } from '../api/errors';
import { errorMessage, withNumberSuffix } from '../base/text';
import type { Log } from '../base/log';
import type { CommandChannel } from '../control/run/command-channel';
import { signalExitListeners } from '../status/lock/signal-exit-listeners';
import type { StatusFile } from '../status/status-file';
import { Verbs, type Verb } from '../control/run/verbs';
import type { Config } from '../config/config';
import { showValue } from '../config/sources/settings';
import type { CommandHandler, CommandOptions } from '../api/agent';
import { builtInVerbs, type BuiltInOptions } from './built-in-verbs';
import { late } from './lazy';
import type { Registrar } from '../protocol/registration/registrar';
import type { CommandStatus, Status } from '../api/status';
import { modules } from '../base/lazy';

interface CommandsOptions extends Omit<BuiltInOptions, 'registrar' | 'report' | 'commandFile'> {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  status(): Status;
}

const NAME = /^[A-Za-z][\w.-]{0,63}$/;
const TIMEOUT_MS = 30_000;

/** The operator's side of the agent: the command file, the status file, the verbs. */
export class Commands {
  private readonly verbs = new Verbs();
  private statusFile: StatusFile | undefined;
  private channel: CommandChannel | undefined;
  private registrar: Registrar | undefined;
  private generatedName: string | undefined;

  constructor(private readonly options: CommandsOptions) {
    const verbs = builtInVerbs({
      ...options,
      commandFile: options.config.commandFile,
      registrar: () => this.startedRegistrar(),
      report: async () => this.statusFile?.writeNow({ ...options.status() }),
    });
    for (const verb of verbs) this.verbs.add(verb);
  }

  /** The name of this process, where no other one can take it away; undefined: a status file decides it. */
  get unclaimedName(): string | undefined {
    return this.options.config.statusFile === undefined ? this.ownName() : undefined;
  }

  /** Loads what `claimName` and `start` need; throws a LoadError. */
  load(): void {
    const { commandFile, instanceName, statusFile } = this.options.config;
    if (instanceName === undefined) modules.uuid();
    if (statusFile !== undefined) late.statusFile();
    if (commandFile !== undefined) late.commandChannel();
  }

  /**
   * The name of this process. With a status file, one that no other live process of the same file uses: a configured
   * name gets the lowest free number.
   */
  async claimName(): Promise<string> {
    const { config, clock, log } = this.options;
    if (config.statusFile !== undefined) {
      const { StatusFile } = late.statusFile();
      this.statusFile = new StatusFile({
        path: config.statusFile,
        owners: config.commandFileOwners,
        mode: config.statusFileMode,
        commandFile: config.commandFile,
        clock,
        log,
        status: () => ({ ...this.options.status() }),
        essenceOf,
      });
    }
    // Before the claim, so that the first entry that others read is complete.
    this.statusFile?.write({ ...this.options.status() });
    const claimed = await this.statusFile?.claim(config.instanceName ?? this.ownName());
    const name = claimed ?? this.ownName();
    this.statusFile?.adopt(name);
    return name;
  }

  /** A configured name, with the number that pm2 or `cluster` gave; without one, a UUID, the same at each call. */
  private ownName(): string {
    const { instanceName, processNumber } = this.options.config;
    if (instanceName !== undefined) return withNumberSuffix(instanceName, processNumber);
    return (this.generatedName ??= modules.uuid().v4());
  }

  start(instanceName: string, registrar: Registrar): void {
    this.registrar = registrar;
    const statusChanged = (): void => this.statusFile?.statusChanged();
    registrar.subscribe(statusChanged);
    const { config, clock, log } = this.options;
    const { commandFile, commandFileOwners, commandFileTrustDirectory } = config;
    if (commandFile !== undefined) {
      const { statusFile } = this;
      const { CommandChannel } = late.commandChannel();
      this.channel = new CommandChannel({
        file: commandFile,
        owners: commandFileOwners,
        trustDirectory: commandFileTrustDirectory,
        instanceName,
        verbs: this.verbs,
        clock,
        log,
        // The command file has a result by the time that its event comes: the status file always comes second.
        onEvent: statusChanged,
        ...(statusFile && { fileNow: () => statusFile.fileNow() }),
      });
      this.channel.start();
    }
    statusChanged();
  }

  async stop(): Promise<void> {
    await this.channel?.stop();
    await this.statusFile?.release();
  }

  /** Segments were accepted, sent or dropped. */
  countsChanged(): void {
    this.statusFile?.countsChanged();
  }

  status(): CommandStatus {
    return (
      this.channel?.status() ?? {
        file: this.options.config.commandFile ?? null,
        watching: 'off',
        fault: null,
        last: [],
      }
    );
  }

  /** Listeners to a signal that come from proper-lockfile and do not end the process. */
  ignoredListeners(signal: NodeJS.Signals): number {
    return signalExitListeners(signal);
  }

  onCommand(verb: string, handler: CommandHandler, options: CommandOptions = {}): () => void {
    if (typeof verb !== 'string' || !NAME.test(verb))
      throw invalid('verb', verb, 'a letter, then letters, digits, `.`, `_` and `-`, at most 64 in all');
    const { readSchema } = this.schemaReader(verb) ?? {};
    if (!readSchema) return () => undefined;
    const { timeoutMs, ...schema } = read(options, readSchema);
    if (!(timeoutMs > 0)) throw invalid('timeoutMs', timeoutMs, 'a number of milliseconds above 0');
    if (typeof handler !== 'function') throw invalid('handler', typeof handler, 'a function');
    const takeAway = this.verbs.add({
      name: verb,
      ...schema,
      timeoutMs,
      isFulfilledAtStart: false,
      run: ({ verb, args, options, id, signal }) => handler({ verb, args, options, id, signal }),
    });
    if (!takeAway)
      throw invalid('verb', verb, `a verb that is not there yet; there are ${this.verbs.names().join(', ')}`);
    return takeAway;
  }

  private startedRegistrar(): Registrar {
    if (!this.registrar) throw new Error('the agent has not started yet');
    return this.registrar;
  }

  /** A file of ours that cannot be loaded is no fault of the application's, which goes on without the verb. */
  private schemaReader(verb: string): ReturnType<typeof late.argumentSchema> | undefined {
    try {
      return late.argumentSchema();
    } catch (error) {
      this.options.log.error(`the verb ${verb} of onCommand() cannot be called: ${errorMessage(error)}`);
      return undefined;
    }
  }
}

type ReadSchema = ReturnType<typeof late.argumentSchema>['readSchema'];

/** Refused here, where the application sees it, not later in the command file, where the operator would. */
function read(
  given: CommandOptions,
  readSchema: ReadSchema,
): Pick<Verb, 'args' | 'options' | 'timeoutMs' | 'idempotent'> {
  try {
    const { args, options, idempotent = false } = given;
    const timeoutMs: unknown = given.timeoutMs ?? TIMEOUT_MS;
    return { ...readSchema(args, options), timeoutMs: Number(timeoutMs), idempotent };
  } catch (error) {
    throw AgentError.ofFaults([
      { name: 'schema', value: 'an object', source: 'onCommand()', expected: errorMessage(error) },
    ]);
  }
}

function invalid(name: string, value: unknown, expected: string): AgentError {
  return AgentError.ofFaults([{ name, value: showValue(value), source: 'onCommand()', expected }]);
}

/**
 * What an operator looks for in the status. Counters are in the file some seconds later, and an ordinary heartbeat with the
 * refresh every 30 s: each write takes a lock that all processes on this host share.
 */
function essenceOf(
  status: Pick<
    Status,
    'backend' | 'commands' | 'heartbeat' | 'registration' | 'settings' | 'endpoints' | 'networkAddresses'
  >,
): string {
  const { registration, backend, heartbeat, commands, endpoints, networkAddresses, settings } = status;
  return JSON.stringify([registration, backend, heartbeat.lastError, commands, endpoints, networkAddresses, settings]);
}
