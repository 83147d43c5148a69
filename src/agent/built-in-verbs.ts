import type { Log } from '../base/log';
import { OPTION_TABLE } from '../config/option-table';
import { INSTRUMENTATIONS, type InstrumentationName, LOG_LEVELS, type LogLevel } from '../api/options';
import type { Verb, VerbCall } from '../control/run/verbs';
import type { Registrar } from '../protocol/registration/registrar';
import type { ResetResult } from '../api/agent';
import type { Instrumentations } from '../instrument/index';
import { late } from './lazy';
import type { FilesOptions } from './diagnosis/memory-and-cpu';
import type { Tracer } from '../tracing/tracer';

export interface BuiltInOptions extends FilesOptions {
  readonly log: Log;
  readonly tracer: Tracer;
  /** There is one by the time that a verb runs. */
  registrar(): Registrar;
  /** @param rate undefined: what the backend says, or the configuration. @returns the rate before and that of now */
  setSampleRate(rate: number | undefined): string;
  instrumentations(): Pick<Instrumentations, 'enable' | 'disable'>;
  /** Resolves when the status file holds the status of now. */
  report(): Promise<void>;
}

const RESET_TIMEOUT_MS = 60_000;
const TIMEOUT_MS = 30_000;
const SNAPSHOT_TIMEOUT_MS = 300_000;
const DURATION = /^(?<number>\d{1,3})(?<unit>[sm])$/;
const MAX_DURATION_MS = 300_000;
/** Longer than the longest profile. */
const PROFILE_TIMEOUT_MS = 330_000;

/** Takes back what an operator has set. */
const DEFAULT = 'default';
const sampleRate = OPTION_TABLE.sampleRate.kind;

/** What every agent can be told by the command file. */
export function builtInVerbs(options: BuiltInOptions): readonly Verb[] {
  const { log, tracer } = options;
  const simple = { timeoutMs: TIMEOUT_MS, idempotent: true, isFulfilledAtStart: false, args: [], options: {} };
  return [
    {
      ...simple,
      name: 'reset',
      timeoutMs: RESET_TIMEOUT_MS,
      isFulfilledAtStart: true,
      before: () => {
        const { serviceId, instanceId, knownAs } = options.registrar().status();
        return `service=${shown(serviceId ?? knownAs?.service)} instance=${shown(instanceId ?? knownAs?.instance)}`;
      },
      run: (call) => reset(call, options.registrar()),
    },
    { ...simple, name: 'report', run: () => options.report() },
    { ...simple, name: 'pause', run: () => tracer.pause() },
    { ...simple, name: 'resume', run: () => tracer.resume() },
    {
      ...simple,
      name: 'set',
      args: [{ name: 'setting', values: ['sample-rate'] }, { name: 'value' }],
      refuse: ([, value = '']) =>
        value === DEFAULT || sampleRate.parse(value) !== undefined
          ? undefined
          : `argument value: expected ${sampleRate.expected}, or ${DEFAULT}`,
      run: ({ args: [, value = ''] }) => options.setSampleRate(value === DEFAULT ? undefined : sampleRate.parse(value)),
    },
    {
      ...simple,
      name: 'enable',
      args: [{ name: 'instrumentation', values: INSTRUMENTATIONS }],
      run: ({ args: [name] }) =>
        options.instrumentations().enable(name as InstrumentationName) ? 'off->on' : 'on->on',
    },
    {
      ...simple,
      name: 'disable',
      args: [{ name: 'instrumentation', values: INSTRUMENTATIONS }],
      run: ({ args: [name] }) =>
        options.instrumentations().disable(name as InstrumentationName) ? 'on->off' : 'off->off',
    },
    {
      ...simple,
      name: 'log-level',
      args: [{ name: 'level', values: LOG_LEVELS }],
      run: ({ args: [level] }) => {
        const before = log.level;
        // The schema let nothing else through.
        log.setLevel(level as LogLevel);
        return `${before}->${level}`;
      },
    },
    {
      ...simple,
      name: 'heap-snapshot',
      timeoutMs: SNAPSHOT_TIMEOUT_MS,
      idempotent: false,
      run: ({ signal }) => late.diagnostics().heapSnapshot(options, signal),
    },
    {
      ...simple,
      name: 'cpu-profile',
      timeoutMs: PROFILE_TIMEOUT_MS,
      idempotent: false,
      args: [{ name: 'duration' }],
      refuse: ([duration = '']) =>
        durationMs(duration) === undefined ? 'argument duration: expected 1s to 300s, or 1m to 5m' : undefined,
      run: ({ args: [duration = ''], signal }) =>
        late.diagnostics().cpuProfile(durationMs(duration) ?? 0, options, signal),
    },
  ];
}

/** @returns undefined: it is none that a profile may take */
function durationMs(text: string): number | undefined {
  const { number, unit } = DURATION.exec(text)?.groups ?? {};
  const ms = Number(number) * (unit === 'm' ? 60_000 : 1_000);
  return ms >= 1_000 && ms <= MAX_DURATION_MS ? ms : undefined;
}

/** What start-up does anyway fulfils a reset that lay there, or that a crash interrupted: it registers. */
async function reset(call: VerbCall, registrar: Registrar): Promise<string> {
  if (call.when !== 'now') {
    const { service, instance } = await registrar.registered();
    return `service=${service} instance=${instance}`;
  }
  return describe(await registrar.reset(`command ${call.id}`));
}

function describe({ service, instance }: ResetResult): string {
  return `service=${shown(service.from)}->${service.to} instance=${shown(instance.from)}->${instance.to}`;
}

/** On v2 an id, on v3 a name. */
function shown(id: number | string | null | undefined): string {
  return String(id ?? '-');
}
