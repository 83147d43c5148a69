import path from 'node:path';
import type { ScenarioBackend, SpanRow } from '../scenario/backend';
import { startOapBackend } from '../scenario/oap-backend';
import { placesOf } from '../scenario/span-tree';
import { endApps, startApp, type App } from '../support/app';
import { until } from '../support/until';
import { obtainNodePeer } from './peers/obtain-peers';

const EXAMPLE = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'peers', 'express-example.js');
const PATIENCE = { timeoutMs: 60_000, everyMs: 200 };
const VERSION = '0.9.0';

/** What an operator has set for skywalking-backend-js, and what stays. */
const ENVIRONMENT = {
  SW_AGENT_MAX_BUFFER_SIZE: '500',
  SW_AGENT_LOGGING_LEVEL: 'error',
  SW_AGENT_DISABLE_PLUGINS: 'mysql',
  SW_IGNORE_SUFFIX: '.gif',
  SW_TRACE_IGNORE_PATH: 'GET:/health',
  SW_HTTP_IGNORE_METHOD: 'OPTIONS',
  SW_SQL_TRACE_PARAMETERS: 'true',
  SW_AGENT_TRACE_TIMEOUT: '60000',
} as const;

/** What an operator looks at in SkyWalking's pages. */
interface Seen {
  readonly services: readonly string[];
  readonly instances: Readonly<Record<string, readonly string[]>>;
  readonly endpoints: Readonly<Record<string, readonly string[]>>;
  readonly topology: readonly string[];
  readonly traces: readonly (readonly unknown[])[];
}

const SERVICES = ['example-client', 'example-server'] as const;
const [CLIENT, SERVER] = SERVICES;
/** An endpoint is shown later than its trace. */
const ENDPOINTS = { [CLIENT]: 3, [SERVER]: 1 } as const;

function modulesOfPeer(): string | undefined {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  try {
    return obtainNodePeer(VERSION, say);
  } catch (error) {
    say(`skipped: skywalking-backend-js ${VERSION} cannot be had, which takes npm: ${(error as Error).message}`);
    return undefined;
  }
}

const byText = (one: unknown, other: unknown): number => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);

/** A trace without ids, times and ports; `component` and `url` are of the agent. */
function shapeOf(spans: readonly SpanRow[]): unknown[] {
  const rows = spans.map(({ service, name, type, layer, isError, peer, tags }) => ({
    ...{ service, name, type, layer, isError, peer: type === 'Exit' ? peer.replace(/:\d+$/, ':port') : undefined },
    ...{ method: tags['http.method'], status: tags['http.status_code'] },
  }));
  const places = placesOf(spans).map(({ service, type, name, under }) => ({ service, type, name, under }));
  return [rows.sort(byText), places];
}

const modules = modulesOfPeer();

(modules === undefined ? describe.skip : describe)('the express example on a genuine OAP 10.1.0', () => {
  let backend: ScenarioBackend;

  beforeAll(async () => {
    backend = await startOapBackend('forgetful', '10.1.0');
  });

  afterEach(() => endApps());

  afterAll(() => backend.stop());

  async function start(name: string, service: string, ...next: string[]): Promise<App> {
    const app = startApp(EXAMPLE, {
      args: [name, ...next],
      env: {
        ...ENVIRONMENT,
        NODE_PATH: modules!,
        SW_AGENT_NAME: service,
        SW_AGENT_INSTANCE: `${service}-1`,
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: backend.address,
      },
    });
    await app.port();
    await until(
      () => backend.instances(service),
      ({ length }) => length > 0,
      PATIENCE,
    );
    return app;
  }

  async function tracesOf(service: string, count: number): Promise<(readonly unknown[])[]> {
    const ids = await until(
      async () => [...new Set(await backend.traces(service, `${service}-1`))],
      ({ length }) => length >= count,
      PATIENCE,
    );
    return Promise.all(ids.map(async (id) => shapeOf(await backend.trace(id))));
  }

  /** Both services by this package, visited, and what is shown of it. */
  async function run(name: string): Promise<Seen> {
    const server = await start(name, SERVER);
    const client = await start(name, CLIENT, `http://127.0.0.1:${await server.port()}`);
    const origin = `http://127.0.0.1:${await client.port()}`;
    expect(await (await fetch(`${origin}/express`, { method: 'OPTIONS' })).text()).toBe('GET');
    for (const [page, text] of [
      ['/health', 'well'],
      ['/picture.gif', 'a picture'],
      ['/broken', 'broken'],
      ['/orders/7', '7'],
      ['/express', 'from the server'],
    ] as const)
      expect(await (await fetch(origin + page)).text()).toBe(text);

    const topology = await until(
      () => backend.topology(),
      ({ length }) => length > 0,
      PATIENCE,
    );
    const traces = await until(
      () => tracesOf(CLIENT, 3),
      (found) => found.flat(2).some((span) => (span as { service?: string }).service === SERVER),
      PATIENCE,
    );
    const each = async <T>(
      read: (service: (typeof SERVICES)[number]) => Promise<readonly T[]>,
      textOf: (one: T) => string,
    ) =>
      Object.fromEntries(
        await Promise.all(
          SERVICES.map(async (service) => [service, (await read(service)).map(textOf).sort()] as const),
        ),
      );
    return {
      services: (await backend.services()).map(({ name: service }) => service).sort(),
      instances: await each(
        (service) => backend.instances(service),
        ({ uuid, language }) => `${uuid} ${language}`,
      ),
      endpoints: await each(
        (service) =>
          until(
            () => backend.endpoints(service),
            ({ length }) => length >= ENDPOINTS[service],
            PATIENCE,
          ),
        ({ name: endpoint }) => endpoint,
      ),
      topology,
      traces: traces.sort(byText),
    };
  }

  it('is shown as before once the name of the package is replaced and every variable kept', async () => {
    const before = await run('skywalking-backend-js');
    await endApps();
    await backend.wipe();
    const after = await run('skyanchor/compat');

    expect(before.topology).toEqual([`${CLIENT} -> ${SERVER}`]);
    expect(before.instances).toEqual({ [CLIENT]: [`${CLIENT}-1 NODEJS`], [SERVER]: [`${SERVER}-1 NODEJS`] });
    expect(before.endpoints[CLIENT]).toEqual(['GET:/broken', 'GET:/express', 'GET:/orders/7']);
    // The one difference, which the page about the migration names.
    expect(after).toEqual(JSON.parse(JSON.stringify(before).replaceAll('GET:/orders/7', 'GET:/orders/:id')));
  }, 240_000);
});
