import express from 'express';
import fastify from 'fastify';
import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http from 'node:http';
import { context, untraced } from '../../src/tracing/context';
import { parseSw6 } from '../../src/protocol/v2/sw6/carrier';
import { SpanType } from '../../src/model/components';
import { Stage, ask } from './http-fixture';
import type { V2Identity } from '../../src/protocol/v2/sw6/propagator';
import type { Span } from '../../src/model/segment';

const NAMES: V2Identity = {
  protocol: 'v2',
  epoch: 1,
  instanceId: 7,
  endpoint: () => 0,
  networkAddress: () => 0,
};
/** Trace 3.4.5, segment 1.2.3. */
const SW6 = '1-My40LjU=-MS4yLjM=-4-1-1-IzEyNy4wLjAuMTo4MDgw-Iy9wb3J0YWw=-MTIz';

let stage: Stage;
/** A service that notes the carrier of each request. */
let stock: number;
let carriers: (string | undefined)[];

async function begin(sampleRate = 1): Promise<void> {
  stage = new Stage({ tracer: { names: () => NAMES, sampleRate } });
  carriers = [];
  stock = await stage.serve((request, response) => {
    carriers.push(request.headers.sw6 as string | undefined);
    response.end();
  });
}

beforeEach(() => begin());

afterEach(async () => {
  expect(stage.said).toEqual([]);
  await stage.close();
});

async function askStock(): Promise<void> {
  const request = http.get({ host: '127.0.0.1', port: stock, path: '/stock', agent: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  await once(response.resume(), 'end');
}

const spans = (): Span[] => stage.segments.flatMap((segment) => segment.spans);
const entries = (): string[] =>
  spans()
    .filter(({ type }) => type === SpanType.entry)
    .map(({ operationName }) => operationName);
const parents = (): unknown[] => carriers.map((header) => parseSw6(header)?.parentEndpoint);

describe('a request to a server', () => {
  it('goes on with the trace that its header names', async () => {
    await ask(stock, '/', { headers: { sw6: SW6 } });
    const entry = await stage.entry();
    expect(String(entry.segment.traceId)).toBe('3.4.5');
    expect(String(entry.refs![0]!.parentSegmentId)).toBe('1.2.3');
  });

  it.each([
    ['is garbage', ['sw6: garbage']],
    ['came twice', [`sw6: ${SW6}`, `sw6: ${SW6}`]],
    ['is as long as a server takes', [`sw6: ${'1-'.repeat(6_000)}`]],
  ])('is traced afresh where its header %s', async (_, lines) => {
    const client = await stage.connect(stock);
    client.send(['GET / HTTP/1.1', 'Host: stock', 'Connection: close', ...lines, '', ''].join('\r\n'));
    await client.has('200 OK');
    const entry = await stage.entry();
    expect(String(entry.segment.traceId)).not.toBe('3.4.5');
    expect(entry.refs).toBeUndefined();
  });

  it('that its caller does not record is not recorded either, nor what it calls, and its header says so', async () => {
    const shop = await stage.serve((_request, response) => void askStock().then(() => response.end()));
    await ask(shop, '/', { headers: { sw6: `0${SW6.slice(1)}` } });
    const [carrier] = carriers.map(parseSw6);
    expect([carrier!.isSampled, String(carrier!.traceId)]).toEqual([false, '3.4.5']);
    await stage.closed(0);
  });

  it('is recorded with all that it calls where its caller records it, whatever our own sample rate', async () => {
    await stage.close();
    await begin(0);
    const shop = await stage.serve((_request, response) => void askStock().then(() => response.end()));
    await ask(shop, '/');
    await stage.closed(0);
    await ask(shop, '/', { headers: { sw6: SW6 } });
    const segments = await stage.closed(2);
    expect(segments.map(({ traceId }) => String(traceId))).toEqual(['3.4.5', '3.4.5']);
  });
});

describe('requests that overlap', () => {
  it('are each joined to what they call, and to nothing else', async () => {
    const shop = await stage.serve((request, response) => {
      setTimeout(() => void askStock().then(() => response.end()), Number(request.url!.slice(1)) % 5);
    });
    await Promise.all(Array.from({ length: 40 }, (_, n) => ask(shop, `/${n}`)));
    const segments = await stage.closed(80);
    const byTrace = new Map<string, Span[]>();
    for (const segment of segments) {
      const trace = String(segment.traceId);
      byTrace.set(trace, [...(byTrace.get(trace) ?? []), ...segment.spans]);
    }
    expect(byTrace.size).toBe(40);
    for (const trace of byTrace.values()) {
      const exit = trace.find(({ type }) => type === SpanType.exit)!;
      const callee = trace.find(({ refs }) => refs !== undefined)!;
      const caller = trace.find(({ type, refs }) => type === SpanType.entry && refs === undefined)!;
      expect(trace).toHaveLength(3);
      expect(callee.refs![0]).toMatchObject({ parentSpanId: exit.spanId, parentEndpoint: caller.operationName });
      expect(String(callee.refs![0]!.parentSegmentId)).toBe(String(caller.segment.segmentId));
    }
  });
});

describe('the name that a header tells', () => {
  it("is express's route, where the handler calls", async () => {
    const app = express();
    const router = express.Router();
    router.get('/:id', (_request, response) => void askStock().then(() => response.end()));
    app.use('/orders', router);
    await ask(await stage.serve(app), '/orders/7');
    await stage.closed(2);
    expect(parents()).toEqual(['/orders/:id']);
    expect(entries().sort()).toEqual(['/orders/:id', '/stock']);
  });

  it('is the path, and stays it, where something calls before express has found the route', async () => {
    const app = express();
    app.use((_request, _response, next) => void askStock().then(() => next()));
    app.get('/orders/:id', (_request, response) => void response.end());
    await ask(await stage.serve(app), '/orders/7');
    await stage.closed(2);
    expect(parents()).toEqual(['/orders/7']);
    expect(entries().sort()).toEqual(['/orders/7', '/stock']);
  });

  it("is fastify's route, where the handler calls", async () => {
    const app = fastify();
    app.register(
      (orders, _options, done) => {
        orders.get('/:id', async () => {
          await askStock();
          return 'fine';
        });
        done();
      },
      { prefix: '/orders' },
    );
    await app.ready();
    await ask(await stage.listen(app.server), '/orders/7');
    await stage.closed(2);
    expect(parents()).toEqual(['/orders/:id']);
    expect(entries().sort()).toEqual(['/orders/:id', '/stock']);
    await app.close();
  });

  it('is of no request for what the process does by itself', async () => {
    await context.exit(askStock);
    await stage.closed(2);
    expect(parseSw6(carriers[0])).toMatchObject({ parentEndpoint: 1, parentSpanId: 0 });
    await context.run(untraced, askStock);
    expect(carriers[1]).toBeUndefined();
  });
});

describe("fastify's own name for a request", () => {
  it('is its route, though nothing is called', async () => {
    const app = fastify();
    app.get('/orders/:id', () => 'fine');
    await app.ready();
    await ask(await stage.listen(app.server), '/orders/7');
    expect((await stage.entry()).operationName).toBe('/orders/:id');
    await app.close();
  });

  it('is its route, whoever answers before the handler: a hook, the schema, a plugin’s own hook', async () => {
    const app = fastify();
    app.addHook('onRequest', (request, reply, done) => {
      if (request.headers.authorization === undefined) void reply.code(401).send();
      else done();
    });
    const params = { type: 'object', properties: { id: { type: 'number' } } };
    app.get('/orders/:id', { schema: { params } }, () => 'fine');
    app.register((inner, _options, done) => {
      inner.addHook('preHandler', (_request, reply) => void reply.code(403).send());
      inner.get('/admin/:id', () => 'fine');
      done();
    });
    await app.ready();
    const port = await stage.listen(app.server);
    const headers = { authorization: 'any' };
    await ask(port, '/orders/7');
    await ask(port, '/orders/seven', { headers });
    await ask(port, '/admin/7', { headers });
    const names = (await stage.closed(3)).map(({ entry }) => `${entry!.statusCode} ${entry!.operationName}`);
    expect(names).toEqual(['401 /orders/:id', '400 /orders/:id', '403 /admin/:id']);
    await app.close();
  });

  it('is its route, though the instance was there before us', async () => {
    stage.disable();
    const app = fastify();
    app.get('/orders/:id', () => 'fine');
    await stage.close();
    await begin();
    await app.ready();
    await ask(await stage.listen(app.server), '/orders/7');
    expect((await stage.entry()).operationName).toBe('/orders/:id');
    await app.close();
  });

  it('is the path where there is no route', async () => {
    const app = fastify();
    await app.ready();
    await ask(await stage.listen(app.server), '/nowhere');
    expect((await stage.entry()).operationName).toBe('/nowhere');
    await app.close();
  });

  it('is nothing that anybody else publishes under its channels, and that does no harm', async () => {
    const raw = Object.defineProperty({}, 'nothing', { value: 1 });
    const frozen = Object.freeze(Object.create(null));
    for (const message of [
      null,
      undefined,
      7,
      {},
      { request: null },
      { request: { raw } },
      { request: { raw: frozen } },
    ]) {
      channel('tracing:fastify.request.handler:start').publish(message);
      channel('fastify.initialization').publish(message);
    }
    // What a subscriber throws ends the process a tick later.
    await new Promise(setImmediate);
    expect(Reflect.ownKeys(raw)).toEqual(['nothing']);
  });

  it('is not looked for once tracing is disabled', async () => {
    const app = fastify();
    app.get('/orders/:id', () => 'fine');
    await app.ready();
    const port = await stage.listen(app.server);
    stage.disable();
    expect(await (await ask(port, '/orders/7')).text()).toBe('fine');
    await app.close();
  });
});
