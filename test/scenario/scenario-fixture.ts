import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Status } from '../../src/api/status';
import { REGISTER, startApp, type App, type AppEnd } from '../support/app';
import { until } from '../support/until';
import type { InstanceRow, Row, ScenarioBackend, SpanRow } from './backend';
import type { Identity, Manner } from './protocol-expectations';
import { Operator } from './operator';

export const SERVICE = 'shop';
export const INSTANCE = 'shop-1';

const SHOP = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'shop.js');

/** A real backend needs a moment to show what it was sent, and one that comes up again takes seconds. */
const PATIENCE = { timeoutMs: 45_000, everyMs: 50 };

/** The pages of the shop, and what a visitor gets. */
export const PAGES: Readonly<Record<string, number>> = {
  '/orders': 200,
  '/orders/7': 200,
  '/checkout': 200,
  '/broken': 500,
  '/nowhere': 404,
};

/** What a page is called where no route is known. */
export const nameOf = (page: string): string => page.replace('/7', '/{id}');

/** What a backend holds of the service. */
export interface Ledger {
  readonly services: readonly Row[];
  readonly instances: readonly InstanceRow[];
  readonly endpoints: readonly Row[];
}

async function openWarehouse(): Promise<{ server: Server; address: string }> {
  const server = createServer((_request, response) => response.end('12\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** The shop with the agent in it, the warehouse it asks, a backend, and an operator. */
export class Stage {
  /** Each is a segment. */
  visits = 0;

  private constructor(
    readonly backend: ScenarioBackend,
    readonly manner: Manner,
    readonly operator: Operator,
    readonly app: App,
    /** `host:port` of the warehouse. */
    readonly warehouse: string,
    private readonly warehouseServer: Server,
  ) {}

  /** @param env what else the application is started with */
  static async open(
    backend: ScenarioBackend,
    manner: Manner,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Stage> {
    const { server, address } = await openWarehouse();
    const operator = new Operator();
    const app = startApp(SHOP, {
      nodeFlags: ['--require', REGISTER],
      args: [`http://${address}`, `--skyanchor-instance-name=${INSTANCE}`, '--skyanchor-heartbeat-ms', '1000'],
      env: {
        SW_AGENT_NAME: SERVICE,
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: backend.address,
        SW_AGENT_COMMAND_FILE: operator.commandFile,
        ...env,
      },
    });
    return new Stage(backend, manner, operator, app, address, server);
  }

  async close(): Promise<AppEnd> {
    const end = await this.leave();
    await this.backend.stop();
    return end;
  }

  /** The backend goes on. */
  async leave(): Promise<AppEnd> {
    const end = await this.app.kill();
    this.warehouseServer.close();
    this.operator.leave();
    return end;
  }

  /** The status that an operator reads, once it pleases. */
  async status(pleases: (status: Status) => unknown = () => true): Promise<Status> {
    const found = await until(
      () => this.operator.status(INSTANCE),
      (status) => status && pleases(status),
      PATIENCE,
    );
    return found!;
  }

  /**
   * The same with the counters of now: by itself the file has those every 30 s, so the operator asks for a report, again
   * and again.
   */
  async counted(pleases: (status: Status) => unknown): Promise<Status> {
    return until(() => this.report(), pleases, { ...PATIENCE, everyMs: 500 });
  }

  private async report(): Promise<Status> {
    const done = (): number => this.operator.stamps().filter(({ state }) => state === 'done').length;
    const before = done();
    await this.operator.append('report');
    await until(done, (count) => count > before, PATIENCE);
    return this.status();
  }

  registered(pleases: (status: Status) => unknown = () => true): Promise<Status> {
    return this.status((status) => status.registration.phase === this.manner.phase && pleases(status));
  }

  /** By what the backend knows the instance, as its status says. */
  identity(status: Status): Identity {
    const identity = this.manner.identity(status);
    if (!identity) throw new Error(`known to no backend: ${JSON.stringify(status.registration)}`);
    return identity;
  }

  /** Every page once. */
  async visitAll(): Promise<void> {
    for (const [page, statusCode] of Object.entries(PAGES)) {
      this.visits++;
      expect([page, await this.app.visit(`${page}?token=secret`)]).toEqual([page, statusCode]);
    }
  }

  /** What the backend holds, once all of it pleases. */
  async ledger(pleases: (ledger: Ledger) => unknown = () => true): Promise<Ledger> {
    const read = async (): Promise<Ledger> => ({
      services: await this.backend.services(),
      instances: await this.backend.instances(SERVICE),
      endpoints: await this.backend.endpoints(SERVICE),
    });
    return until(read, pleases, PATIENCE);
  }

  /** The spans of all traces that are booked on the instance, once there are that many traces. */
  async spans(instanceId: string, traces: number): Promise<SpanRow[]> {
    const ids = await until(
      () => this.backend.traces(SERVICE, instanceId),
      (found) => new Set(found).size >= traces,
      PATIENCE,
    );
    return (await Promise.all([...new Set(ids)].map((id) => this.backend.trace(id)))).flat();
  }
}
