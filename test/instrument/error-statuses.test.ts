import { once } from 'node:events';
import http from 'node:http';
import { errorStatuses, parseStatusRange } from '../../src/base/patterns';
import { SpanType } from '../../src/model/components';
import { context, untraced } from '../../src/tracing/context';
import { Stage, ask } from './http-fixture';

const statuses = (...texts: string[]) => errorStatuses(texts.map((text) => parseStatusRange(text)!));

let stage: Stage;

afterEach(async () => {
  await stage.close();
  expect(stage.said).toEqual([]);
});

const get = async (port: number, path: string): Promise<void> => {
  const [response] = (await once(http.get({ port, path, agent: false }), 'response')) as [http.IncomingMessage];
  response.resume();
  await once(response, 'close');
};

describe('the statuses that are errors', () => {
  it('are those of servers for requests, by the path and not its query', async () => {
    stage = new Stage({ instrument: { isServerError: statuses('500-599', '/users/7=404'), collectQuery: true } });
    const port = await stage.serve((request, response) => {
      response.statusCode = Number(new URL(request.url!, 'http://a').searchParams.get('status'));
      response.end();
    });
    for (const url of ['/orders?status=404', '/orders?status=500', '/users/7?status=404', '/users/7?status=500'])
      await ask(port, url);
    const spans = (await stage.closed(4)).map(({ spans: [span] }) => [span!.statusCode, span!.isError]);
    expect(spans).toEqual([
      [404, false],
      [500, true],
      [404, true],
      [500, false],
    ]);
  });

  it.each([
    ['http', get, {}],
    ['http by its exported functions', get, { byFunctions: true }],
    ['fetch', async (port: number, path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text(), {}],
  ])('are those of clients for calls by %s', async (_how, call, instrument) => {
    stage = new Stage({ instrument: { isClientError: statuses('500-599', '/users/*=404'), ...instrument } });
    const port = await context.run(untraced, () =>
      stage.serve((request, response) => response.writeHead(Number(request.url!.slice(-3))).end()),
    );
    for (const path of ['/404', '/500', '/users/404', '/users/500']) await call(port, path);
    await stage.closed(8);
    expect(stage.exits.map(({ isError }) => isError)).toEqual([false, true, true, false]);
    const entries = stage.segments.flatMap(({ spans }) => spans).filter(({ type }) => type === SpanType.entry);
    expect(entries.map(({ isError }) => isError)).toEqual([true, true, true, true]);
  });
});
