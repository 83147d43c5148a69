import path from 'node:path';
import { REGISTER, startApp, type App } from '../../support/app';
import { until } from '../../support/until';
import type { ScenarioBackend, SpanRow } from '../../scenario/backend';
import { V3 } from '../../scenario/protocol-expectations';
import { startOapBackend } from '../../scenario/oap-backend';
import { Operator } from '../../scenario/operator';
import { instanceOf, type StartPeer } from './peer';

/** What a real backend needs to show what it was sent. */
const PATIENCE = { timeoutMs: 60_000, everyMs: 100 };

const APPS = path.join(__dirname, '..', '..', '..', 'fixtures', 'apps', 'peers');

/** A trace as the backend has understood it. */
export interface Trace {
  readonly id: string;
  readonly spans: readonly SpanRow[];
}

/**
 * Four services, each of which asks the next one, and all of which tell one genuine OAP: `outside` has the agent of a
 * peer, `gate` has ours, `inside` has the peer's again, and `vault` has ours.
 */
export class Chain {
  private readonly apps = new Map<string, App>();
  private readonly operator = new Operator();
  private backend!: ScenarioBackend;

  /** Stopped by `stop()`, however far it came. */
  async start(startPeer: StartPeer): Promise<void> {
    this.backend = await startOapBackend('forgetful', '10.1.0');
    const vault = await this.startOurs('vault');
    const inside = await this.started('inside', startPeer(this.backend.address, 'inside', vault));
    const gate = await this.startOurs('gate', inside);
    await this.started('outside', startPeer(this.backend.address, 'outside', gate));
  }

  private async startOurs(service: string, ...args: string[]): Promise<string> {
    const app = startApp(path.join(APPS, `${service}.js`), {
      nodeFlags: ['--require', REGISTER],
      args: [...args, `--skyanchor-instance-name=${instanceOf(service)}`],
      env: {
        SW_AGENT_NAME: service,
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: this.backend.address,
        SW_AGENT_COMMAND_FILE: this.operator.commandFile,
      },
    });
    const address = await this.started(service, app);
    // Before a backend has answered, nothing is given along, and a trace would end here.
    await until(() => V3.identity(this.operator.status(instanceOf(service))), Boolean, PATIENCE);
    return address;
  }

  private async started(service: string, app: App): Promise<string> {
    this.apps.set(service, app);
    return `http://127.0.0.1:${await app.port()}`;
  }

  /** The text of a page. */
  async ask(service: 'gate' | 'outside', page: string): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${await this.apps.get(service)!.port()}${page}`);
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${service} answered ${answer.status}: ${text}`);
    return text;
  }

  /** The trace that began with this endpoint, once it has that many spans. */
  async trace(service: string, endpoint: string, count: number): Promise<Trace> {
    const read = async (): Promise<Trace[]> => {
      const ids = [...new Set(await this.backend.traces(service, instanceOf(service)))];
      const traces = await Promise.all(ids.map(async (id) => ({ id, spans: await this.backend.trace(id) })));
      return traces.filter(({ spans }) => spans.some((span) => span.service === service && span.name === endpoint));
    };
    const [found] = await until(read, ([trace]) => trace && trace.spans.length >= count, PATIENCE);
    return found!;
  }

  topology(): Promise<readonly string[]> {
    return until(
      () => this.backend.topology(),
      (lines) => lines.length >= 3,
      PATIENCE,
    );
  }

  async stop(): Promise<void> {
    await Promise.all([...this.apps.values()].map((app) => app.kill()));
    await (this.backend as ScenarioBackend | undefined)?.stop();
    this.operator.leave();
  }
}
