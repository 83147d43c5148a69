import { bridge, tracedByUs } from '../instrument/opentelemetry/bridge';
import { choosePackages } from '../instrument/opentelemetry/packages';
import { late } from './lazy';
import { errorMessage } from '../base/text';
import type { Config } from '../config/config';
import { loadRules } from '../config/sources/application';
import type { InstrumentOptions } from '../instrument/index';
import type { InstrumentationLoader } from '../instrument/opentelemetry/loader';
import type { OpenTelemetryStatus } from '../api/status';
import type { Tracer } from '../tracing/tracer';

/** Takes the spans of OpenTelemetry, as far as the application has no SDK of its own for them, and says who has them. */
export class OpenTelemetry {
  private readonly undoBridge: (() => void) | undefined;
  private readonly loader: InstrumentationLoader | undefined;
  /** The application has named it to us, or has instrumentations of it installed. */
  readonly isWanted: boolean = false;
  private provider: OpenTelemetryStatus['provider'] = null;
  private reason: string | null = null;

  constructor({ openTelemetry, application }: Config, tracer: Tracer, options: InstrumentOptions) {
    if (openTelemetry === false) {
      this.reason = 'openTelemetry is false';
      return;
    }
    const choice = choosePackages(openTelemetry, application.dependencies, tracedByUs(options));
    if (choice.type === 'application') {
      this.leave(`package.json names ${choice.sdk}`, options);
      return;
    }
    const made = bridge(tracer, options);
    if (!made) {
      this.leave('a provider was registered before the agent started', options);
      return;
    }
    this.provider = 'skyanchor';
    this.isWanted = openTelemetry !== 'auto' || choice.packages.length > 0;
    this.undoBridge = made.undo;
    if (choice.packages.length === 0) return;
    const { packages } = choice;
    try {
      this.loader = new (late.instrumentationLoader().InstrumentationLoader)({
        folders: application.packageFolders,
        packages,
        tracedByUs: tracedByUs(options),
        loadRules: () => loadRules(application),
        log: options.log,
        onBrokers: made.setBrokers,
      });
    } catch (error) {
      // A file of ours that is missing does not stop the application's start.
      options.log.error(`no instrumentation of OpenTelemetry is loaded: ${errorMessage(error)}`);
    }
  }

  status(): OpenTelemetryStatus {
    const { provider, reason, loader } = this;
    return { provider, reason, instrumentations: [...(loader?.loaded ?? [])] };
  }

  stop(): void {
    this.loader?.stop();
    this.undoBridge?.();
    if (this.provider !== 'skyanchor') return;
    this.provider = null;
    this.reason = 'the agent has stopped';
  }

  private leave(reason: string, { log }: InstrumentOptions): void {
    this.provider = 'application';
    this.reason = reason;
    log.info(`OpenTelemetry's spans are left to the application: ${reason}`);
  }
}
