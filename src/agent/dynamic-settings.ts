import type { InstrumentationName } from '../api/options';
import { type TrustIncoming, errorStatuses } from '../base/patterns';
import type { Log } from '../base/log';
import { UNPRINTABLE, withoutSecrets } from '../base/text';
import type { Config } from '../config/config';
import { itemsOf, numberType, type OptionType } from '../config/option-type';
import { OPTION_TABLE } from '../config/option-table';
import { showValue } from '../config/sources/settings';
import { loadRules } from '../config/sources/application';
import type { InstrumentOptions, IsErrorStatus } from '../instrument/options';
import type { Configuration } from '../model/registration';
import type { Tracer } from '../tracing/tracer';
import type { SettingStatus, SettingsStatus } from '../api/status';

const SPAN_LIMIT = { usual: 300, most: 10_000 };
/** What the agent asks for every request comes from across the network: in characters, and in items of a list. */
const LIMIT = { value: 4096, items: 64 };

/**
 * One thing that a backend may set, by its key there; what it does not set, or sets to nothing, is as configured. What an
 * operator sets goes before both.
 */
class Setting<T> {
  private current: SettingStatus<T>;
  private commanded: SettingStatus<T> | undefined;
  /** What the backend has set, in its own words; empty: nothing. */
  text = '';

  constructor(
    readonly key: string,
    private readonly kind: OptionType<T>,
    private readonly configured: T,
  ) {
    this.current = { value: configured, from: 'configuration' };
  }

  get status(): SettingStatus<T> {
    return this.commanded ?? this.current;
  }

  /** @param value undefined: what the backend says, or the configuration, is in force again */
  command(value: T | undefined): void {
    this.commanded = value === undefined ? undefined : { value, from: 'command' };
  }

  /** @returns what is wrong with the value, which then is not taken; only if that is new */
  take(values: ReadonlyMap<string, string>): string | undefined {
    const text = values.get(this.key);
    if (text === undefined || text === '') {
      this.text = '';
      this.current = { value: this.configured, from: 'configuration' };
      return undefined;
    }
    const read = this.read(text);
    if ('value' in read) {
      this.text = text;
      this.current = { value: read.value, from: 'backend' };
      return undefined;
    }
    const { value, from, refused } = this.current;
    if (refused === read.fault) return undefined;
    this.current = { value, from, refused: read.fault };
    return read.fault;
  }

  private read(text: string): { readonly value: T } | { readonly fault: string } {
    const { key, kind } = this;
    if (text.length > LIMIT.value) return { fault: `${key}: longer than ${LIMIT.value} characters` };
    const value = kind.parse(text);
    if (value === undefined) {
      const shown = showValue(withoutSecrets(text)).replace(UNPRINTABLE, ' ');
      return { fault: `${key} = ${shown}: expected ${kind.expected}` };
    }
    if (Array.isArray(value) && value.length > LIMIT.items) return { fault: `${key}: more than ${LIMIT.items} items` };
    return { value };
  }
}

/**
 * What may change while the agent runs: as configured, until a v3 backend says otherwise for this service. The keys are
 * those of SkyWalking's dynamic configuration (Java and Go agents).
 */
export class DynamicSettings implements InstrumentOptions {
  /** Replaced as a whole when it changes. */
  ignoreSuffix: readonly string[];
  ignorePath: readonly string[];
  readonly traceIgnorePath: readonly string[];
  readonly collectQuery: boolean;
  readonly groupEndpoints: boolean;
  readonly trustIncoming: TrustIncoming;
  readonly disable: readonly InstrumentationName[];
  readonly sqlParameters: boolean;
  readonly sqlParametersMaxLength: number;
  readonly mongoParameters: boolean;
  readonly mongoParametersMaxLength: number;
  readonly ignoreProbes: boolean;
  readonly packages: NonNullable<InstrumentOptions['packages']>;
  readonly ignoreMethods: readonly string[];
  readonly responseHeader: string | undefined;
  readonly isServerError: IsErrorStatus | undefined;
  readonly isClientError: IsErrorStatus | undefined;
  private readonly rate: Setting<number>;
  private readonly suffixes: Setting<readonly string[]>;
  private readonly paths: Setting<readonly string[]>;
  private readonly spanLimit: Setting<number>;
  private readonly per3Seconds: Setting<number>;

  constructor(
    config: Config,
    private readonly tracer: Tracer,
    readonly log: Log,
  ) {
    const { sampleRate, ignoreSuffix, ignorePath, serverErrorStatuses, clientErrorStatuses } = config;
    const { application } = config;
    this.packages = {
      names: application.dependencies,
      folders: application.packageFolders,
      loadRules: () => loadRules(application),
    };
    this.ignoreSuffix = ignoreSuffix;
    this.ignorePath = ignorePath;
    this.traceIgnorePath = config.traceIgnorePath;
    this.collectQuery = config.collectQuery;
    this.groupEndpoints = config.groupEndpoints;
    this.trustIncoming = config.trustIncoming;
    this.disable = config.disable;
    this.sqlParameters = config.sqlParameters;
    this.sqlParametersMaxLength = config.sqlParametersMaxLength;
    this.mongoParameters = config.mongoParameters;
    this.mongoParametersMaxLength = config.mongoParametersMaxLength;
    this.ignoreProbes = config.ignoreProbes;
    this.ignoreMethods = config.ignoreMethods;
    this.responseHeader = config.responseHeader;
    this.isServerError = serverErrorStatuses && errorStatuses(serverErrorStatuses);
    this.isClientError = clientErrorStatuses && errorStatuses(clientErrorStatuses);
    const limit = numberType({ least: 1, most: SPAN_LIMIT.most, integer: true });
    this.rate = new Setting('agent.sample_rate', OPTION_TABLE.sampleRate.kind, sampleRate);
    const { kind } = OPTION_TABLE.tracesPer3Seconds;
    this.per3Seconds = new Setting('agent.sample_n_per_3_secs', kind, config.tracesPer3Seconds);
    this.suffixes = new Setting('agent.ignore_suffix', OPTION_TABLE.ignoreSuffix.kind, ignoreSuffix);
    this.paths = new Setting('agent.trace.ignore_path', OPTION_TABLE.ignorePath.kind, ignorePath);
    this.spanLimit = new Setting('agent.span_limit_per_segment', limit, SPAN_LIMIT.usual);
    tracer.setTracesPer3Seconds(config.tracesPer3Seconds);
  }

  status(): SettingsStatus {
    return {
      sampleRate: this.rate.status,
      tracesPer3Seconds: this.per3Seconds.status,
      ignoreSuffix: shown(this.suffixes),
      ignorePath: shown(this.paths),
      spanLimit: this.spanLimit.status,
    };
  }

  /** All that the backend has configured. A value that is none is refused, and the last good one stays. */
  apply({ values }: Configuration): void {
    for (const setting of [this.rate, this.per3Seconds, this.suffixes, this.paths, this.spanLimit]) {
      const fault = setting.take(values);
      // By key: a backend may send another bad value each time that it is asked.
      if (fault !== undefined) this.log.warn(`the backend's configuration: ${fault}`, `setting ${setting.key}`);
    }
    this.ignoreSuffix = this.suffixes.status.value;
    this.ignorePath = this.paths.status.value;
    this.tracer.setSampleRate(this.rate.status.value);
    this.tracer.setTracesPer3Seconds(this.per3Seconds.status.value);
    this.tracer.setSpanLimit(this.spanLimit.status.value);
  }

  /**
   * What an operator says, until that is taken back by `undefined`.
   * @returns the value before and that of now
   */
  setSampleRate(rate: number | undefined): string {
    const before = this.rate.status.value;
    this.rate.command(rate);
    const { value } = this.rate.status;
    this.tracer.setSampleRate(value);
    return `${before}->${value}`;
  }
}

/**
 * The backend may have put the token there, which it knows, and which may have commas: it is looked for before the list is
 * split. The user's own patterns stay: `***` in them would match more.
 */
function shown({ status, text }: Setting<readonly string[]>): SettingStatus<readonly string[]> {
  const masked = withoutSecrets(text);
  return status.from !== 'backend' || masked === text ? status : { ...status, value: itemsOf(masked) };
}

/** Where nothing can change them. */
export function settingsOf({ sampleRate, tracesPer3Seconds, ignoreSuffix, ignorePath }: Config): SettingsStatus {
  const from = 'configuration';
  return {
    sampleRate: { value: sampleRate, from },
    tracesPer3Seconds: { value: tracesPer3Seconds, from },
    ignoreSuffix: { value: ignoreSuffix, from },
    ignorePath: { value: ignorePath, from },
    spanLimit: { value: SPAN_LIMIT.usual, from },
  };
}
