import type { Status } from '../../src/api/status';
import { startCollector, type Collector, type CollectorOptions } from '../../src/testing/index';
import { Operator } from '../scenario/operator';
import { endApps, REGISTER, startApp, type App, type AppOptions } from './app';
import { areRegistered, statuses } from './statuses';
import { until } from './until';

/** Processes that all start at once, on a busy machine. */
const PATIENCE = { timeoutMs: 30_000 };

type Statuses = Readonly<Record<string, Status>>;

/** A backend, an operator, and between them the processes of a service: a new one for each test, which leaves nothing behind. */
export class Site {
  readonly operator = new Operator();

  private constructor(readonly collector: Collector) {}

  static async open(options: CollectorOptions = { idDelayMs: 10 }): Promise<Site> {
    return new Site(await startCollector(options));
  }

  async close(): Promise<void> {
    await endApps();
    await this.collector.stop();
    this.operator.leave();
  }

  /** Starts a program with the agent in it, which listens to the operator. */
  start(script: string, { nodeFlags = [], env = {}, ...options }: AppOptions = {}): App {
    return startApp(script, {
      ...options,
      nodeFlags: [...nodeFlags, '--require', REGISTER],
      env: {
        SW_AGENT_NAME: 'orders',
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: this.collector.address,
        SW_AGENT_COMMAND_FILE: this.operator.commandFile,
        ...env,
      },
    });
  }

  statuses(): Statuses {
    return statuses(this.operator.commandFile);
  }

  /** Every instance's status, once exactly these are registered. @param pleases what else is to be so */
  registered(names: readonly string[], pleases: (found: Statuses) => boolean = () => true): Promise<Statuses> {
    return until(
      () => this.statuses(),
      (found) => areRegistered(found, names) && pleases(found),
      PATIENCE,
    );
  }

  /** `state id`, of one instance's stamps. */
  answers(instance: string): string[] {
    return this.operator
      .stamps()
      .filter((stamp) => stamp.instance === instance)
      .map(({ state, id }) => `${state} ${id}`);
  }
}
