import { once } from 'node:events';
import http from 'node:http';
import { Log } from '../../src/base/log';
import { systemClock } from '../../src/base/clock';
import { PathNames } from '../../src/instrument/http/server/server-spans';
import { groupPath } from '../../src/instrument/route/group-path';
import { parseSw6 } from '../../src/protocol/v2/sw6/carrier';
import { SpanType } from '../../src/model/components';
import { Stage, ask, type StageOptions } from './http-fixture';

const UUID = '0b3c1f6e-2f4a-4c1d-9e0a-1b2c3d4e5f60';

describe('a path is grouped', () => {
  it.each([
    ['/orders/7', '/orders/{id}'],
    ['/orders/7/', '/orders/{id}/'],
    ['/7', '/{id}'],
    ['/tenants/12/orders/345/items', '/tenants/{id}/orders/{id}/items'],
    [`/orders/${UUID}/items`, '/orders/{id}/items'],
    [`/orders/${UUID.toUpperCase()}`, '/orders/{id}'],
    [`/orders/${UUID.replaceAll('-', '')}`, '/orders/{id}'],
    ['/objects/507f1f77bcf86cd799439011', '/objects/{id}'],
    ['/objects/507f1f77bcf86cd7', '/objects/{id}'],
    ['/objects/deadbeefdeadbee1', '/objects/{id}'],
    ['/events/01ARZ3NDEKTSV4RRFFQ69G5FAV', '/events/{id}'],
    ['/events/ckopqwooh000001la8mbi2im9', '/events/{id}'],
    ['//7//8', '//{id}//{id}'],
    ['*7/8', '*7/{id}'],
  ])('%s is %s', (path, name) => {
    expect(groupPath(path)).toBe(name);
  });

  it.each([
    '/',
    '',
    '*',
    '/orders',
    '/v1/orders',
    '/api/v2.1/orders',
    '/1.1/statuses',
    '/reports/2026-11-28',
    '/posts/top-10-reasons-to-read-all-of-these-2026-words',
    '/orders/order-7',
    '/orders/7,8',
    '/orders/7.json',
    '/objects/507f1f77bcf86cd',
    '/words/deadbeefdeadbeefdeadbeef',
    '/words/abcdefabcdefabcd',
    '/getCustomerAccountDetailsV2',
    '/events/0ujtsYcgvSTl8PAuAdqWYSMnLOv',
    `/orders/${UUID.slice(1)}`,
    `/orders/${UUID.replace('f', 'g')}`,
    `/orders/x${UUID}`,
    '/orders/%37',
    '/заказы/七',
    '10.0.0.1:443',
  ])('%s stays', (path) => {
    expect(groupPath(path)).toBe(path);
  });
});

describe('the names of requests without a route', () => {
  const said: string[] = [];
  const say = (message: string): void => void said.push(message);

  function pathNames(groupEndpoints: boolean): PathNames {
    said.length = 0;
    const log = new Log(systemClock, { error: say, warn: say, info: say, debug: say });
    return new PathNames({ ignoreSuffix: [], ignorePath: [], collectQuery: false, groupEndpoints, log });
  }

  it('are those of their own paths, whatever path was named before', () => {
    const paths = ['/orders/7', '/orders/7', '/stock', '/orders/7', '/orders/8', '/orders/8', '/stock', '/stock'];
    const named = (isGrouped: boolean): string[] => {
      const names = pathNames(isGrouped);
      return paths.map((path) => names.resolve(path));
    };
    expect(named(true)).toEqual(paths.map((path) => path.replace(/\d/, '{id}')));
    expect(named(false)).toEqual(paths);
  });

  it('are warned of once when there are more than 1000', () => {
    const names = pathNames(true);
    for (let n = 0; n < 1_000; n++) names.resolve(`/orders-${n}`);
    for (let n = 0; n < 1_000; n++) names.resolve(`/orders-${n}`);
    expect(said).toEqual([]);
    for (let n = 0; n < 1_000; n++) expect(names.resolve(`/stock-${n}`)).toBe(`/stock-${n}`);
    expect(said).toEqual([expect.stringContaining('more than 1000 names')]);
  });

  it('are warned of where paths name them as they are, and not where the same paths are grouped', () => {
    for (const [isGrouped, warnings] of [
      [true, 0],
      [false, 1],
    ] as const) {
      const names = pathNames(isGrouped);
      for (let n = 0; n <= 1_000; n++) names.resolve(`/orders/${n}`);
      expect(said).toHaveLength(warnings);
    }
  });
});

describe.each([
  ['grouped', true, '/orders/{id}', '/stock/{id}'],
  ['as they are', false, '/orders/7', '/stock/8'],
])('paths %s', (_how, groupEndpoints, entryName, exitName) => {
  let stage: Stage;

  function begin(options: StageOptions = {}): void {
    stage = new Stage({ ...options, instrument: { groupEndpoints } });
  }

  afterEach(async () => {
    await stage.close();
    expect(stage.said).toEqual([]);
  });

  it('name a request without a route, whose url keeps the path', async () => {
    begin();
    const port = await stage.serve((_request, response) => response.end());
    await ask(port, '/orders/7?a=b');
    expect(await stage.entry()).toMatchObject({
      operationName: entryName,
      url: `http://127.0.0.1:${port}/orders/7`,
    });
  });

  it('never name a request whose route is known', async () => {
    begin();
    const port = await stage.serve((request, response) => {
      Object.assign(request, { route: { path: '/orders/7/:item' }, baseUrl: '' });
      response.end();
    });
    await ask(port, '/orders/7/8');
    expect((await stage.entry()).operationName).toBe('/orders/7/:item');
  });

  it.each(['http', 'fetch'])('name a call by %s, whose url keeps the path', async (kind) => {
    begin();
    const port = await stage.serve((_request, response) => response.end());
    const url = `http://127.0.0.1:${port}/stock/8`;
    if (kind === 'fetch') await (await fetch(url)).text();
    else
      await once(
        http.get(url, { agent: false }, (response) => void response.resume()),
        'close',
      );
    await stage.closed(2);
    expect(stage.exits).toMatchObject([{ operationName: exitName, url }]);
  });

  it('name a request in the header of the calls that it makes', async () => {
    const names = { protocol: 'v2', epoch: 1, instanceId: 7, endpoint: () => 0, networkAddress: () => 0 } as const;
    begin({ tracer: { names: () => names } });
    const carriers: unknown[] = [];
    const stock = await stage.serve((request, response) => {
      carriers.push(request.headers.sw6);
      response.end();
    });
    const shop = await stage.serve((_request, response) => {
      http.get({ host: '127.0.0.1', port: stock, path: '/stock/8', agent: false }, (answer) =>
        answer.resume().on('end', () => response.end()),
      );
    });
    await ask(shop, '/orders/7');
    const spans = (await stage.closed(2)).flatMap((segment) => segment.spans);
    expect(carriers.map((carrier) => parseSw6(carrier)?.parentEndpoint)).toEqual([entryName]);
    expect(spans.filter(({ type }) => type === SpanType.entry).map(({ operationName }) => operationName)).toEqual([
      exitName,
      entryName,
    ]);
  });
});
