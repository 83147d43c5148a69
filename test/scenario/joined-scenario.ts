import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { REGISTER, startApp, type App } from '../support/app';
import { until } from '../support/until';
import type { ScenarioBackend, SpanRow, StartBackend } from './backend';
import type { Identity, Manner } from './protocol-expectations';
import { Operator } from './operator';
import { placesOf, type Place } from './span-tree';

/** Longer than any single wait of the scenario, whose own words say more than "timed out". */
const PATIENCE_MS = 120_000;
/** What a real backend needs to show what it was sent; the lines of the topology come with its next minute. */
const PATIENCE = { timeoutMs: 60_000, everyMs: 100 };
const VISITS = 6;

const APPS = path.join(__dirname, '..', '..', 'fixtures', 'apps');

/** What one visit to an offer is, over three processes. */
function wholeOf({ endpoint }: Manner): readonly Place[] {
  const [offer, price, stock] = [endpoint('/offers/:article'), endpoint('/prices/:article'), endpoint('/stock')];
  const entry = { type: 'Entry', component: 'HttpServer' } as const;
  const exit = { type: 'Exit', component: 'HttpClient' } as const;
  return [
    { ...entry, service: 'storefront', name: offer, under: undefined },
    { ...exit, service: 'storefront', name: '/prices/{id}', under: `storefront Entry ${offer}` },
    { ...exit, service: 'storefront', name: '/stock', under: `storefront Entry ${offer}` },
    { ...entry, service: 'prices', name: price, under: 'storefront Exit /prices/{id}' },
    { ...entry, service: 'prices', name: stock, under: 'storefront Exit /stock' },
    { ...exit, service: 'prices', name: '/balance', under: `prices Entry ${price}` },
    { ...entry, service: 'ledger', name: endpoint('/balance'), under: 'prices Exit /balance' },
  ];
}

/** Three unmodified applications, one behind the other. */
class Chain {
  private readonly apps: App[] = [];
  private readonly operator = new Operator();

  constructor(
    readonly backend: ScenarioBackend,
    private readonly manner: Manner,
  ) {}

  async start(service: string, script: string, ...args: string[]): Promise<App> {
    const app = startApp(path.join(APPS, script), {
      nodeFlags: ['--require', REGISTER],
      args: [...args, `--skyanchor-instance-name=${service}-1`, '--skyanchor-heartbeat-ms', '1000'],
      env: {
        SW_AGENT_NAME: service,
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: this.backend.address,
        SW_AGENT_COMMAND_FILE: this.operator.commandFile,
      },
    });
    this.apps.push(app);
    await app.port();
    // Before a backend knows an instance it has nothing of itself to give along, and a trace would end at it.
    await until(() => this.identity(service), Boolean, PATIENCE);
    return app;
  }

  /** Every trace that began at a service, once there are that many and each has that many spans. */
  async traces(service: string, count: number, spans: number): Promise<SpanRow[][]> {
    const read = async (): Promise<SpanRow[][]> => {
      const identity = this.identity(service);
      if (!identity) return [];
      const ids = new Set(await this.backend.traces(service, identity.instance));
      return Promise.all([...ids].map(async (id) => [...(await this.backend.trace(id))]));
    };
    return until(read, (traces) => traces.length >= count && traces.every(({ length }) => length >= spans), PATIENCE);
  }

  private identity(service: string): Identity | undefined {
    return this.manner.identity(this.operator.status(`${service}-1`));
  }

  async stop(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.kill()));
    await this.backend.stop();
    this.operator.leave();
  }
}

/** An express 5 API that calls a fastify service that calls a third, none of which knows of being traced. */
export function describeJoinedScenario(name: string, manner: Manner, startBackend: StartBackend): void {
  const whole = wholeOf(manner);

  describe(`three services on ${name}`, () => {
    let chain: Chain;
    let storefront: App;

    beforeAll(async () => {
      chain = new Chain(await startBackend('forgetful'), manner);
      const ledger = await chain.start('ledger', 'ledger.js');
      const prices = await chain.start('prices', 'prices.js', `http://127.0.0.1:${await ledger.port()}`);
      storefront = await chain.start('storefront', 'storefront.js', `http://127.0.0.1:${await prices.port()}`);
    }, PATIENCE_MS);

    afterAll(() => chain.stop());

    it(
      'show one joined trace a visit, through fetch and http.get, from the first on, whose names the backend has never heard',
      async () => {
        for (let visit = 0; visit < VISITS; visit++) {
          expect(await storefront.visit('/offers/7')).toBe(200);
          // So that, where there are ids, some are sent by name and some by id.
          await chain.traces('storefront', visit + 1, whole.length);
        }
        const traces = await chain.traces('storefront', VISITS, whole.length);
        expect(traces).toHaveLength(VISITS);
        for (const spans of traces) expect(placesOf(spans)).toEqual(whole);
      },
      PATIENCE_MS,
    );

    it(
      'are drawn as one topology, each line once',
      async () => {
        const lines = await until(
          () => chain.backend.topology(),
          (found) => found.length >= 2,
          PATIENCE,
        );
        expect([...lines].sort()).toEqual(['prices -> ledger', 'storefront -> prices']);
      },
      PATIENCE_MS,
    );

    it(
      'have the endpoints they serve, by their routes, and none they call',
      async () => {
        const namesOf = async (service: string): Promise<string[]> =>
          (await chain.backend.endpoints(service)).map(({ name: endpoint }) => endpoint).sort();
        expect(await namesOf('storefront')).toEqual(['/offers/:article'].map(manner.endpoint));
        expect(await namesOf('prices')).toEqual(['/prices/:article', '/stock'].map(manner.endpoint));
        expect(await namesOf('ledger')).toEqual(['/balance'].map(manner.endpoint));
      },
      PATIENCE_MS,
    );

    it(
      'go on in one trace after the storage is lost, without a word',
      async () => {
        await chain.backend.wipe();
        // A process that has not noticed yet gives ids of before along: such a visit is shown in parts, or without its
        // callers.
        const wholeOnes = async (): Promise<SpanRow[][]> => {
          await storefront.visit('/offers/7');
          const traces = await chain.traces('storefront', 0, 0);
          return traces.filter((spans) => isDeepStrictEqual(placesOf(spans), whole));
        };
        const found = await until(wholeOnes, ({ length }) => length > 0, { ...PATIENCE, everyMs: 500 });
        expect(placesOf(found[0]!)).toEqual(whole);
      },
      PATIENCE_MS,
    );
  });
}
