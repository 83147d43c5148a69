import { Stage, ask } from '../instrument/http-fixture';
import { api, bridged, unbridge } from '../instrument/opentelemetry/fixture';
import { heldBytes } from '../support/garbage';

/** Much of what is asked about here would be kept many times over. */
const COUNT = 100;
const LARGE = 200_000;
/** What is loaded, compiled and pooled once is no part of what is held. */
const WARM_UP = 20;

/** What the application keeps for long: cached promises, entries with a timer. Each keeps the scope that it was made in. */
let kept: unknown[];

beforeEach(() => {
  kept = [];
});

function keepPromise(): void {
  kept.push(Promise.resolve().then(() => undefined));
}

/** A flat string of its own each, as a body is. */
function largeText(nth: number): string {
  return Buffer.from(`${nth}`.padEnd(LARGE, 'x')).toString('latin1');
}

/** The part of `COUNT` large texts that is still held after the work: 0 to 1, and more. */
async function heldShare(work: (nth: number) => unknown): Promise<number> {
  for (let nth = 0; nth < WARM_UP; nth++) await work(nth);
  const before = await settledBytes();
  for (let nth = 0; nth < COUNT; nth++) await work(nth);
  return ((await settledBytes()) - before) / (COUNT * LARGE);
}

/** A connection that has closed leaves a turn of the event loop later, and what only its finalizer held one more. */
async function settledBytes(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    heldBytes();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return heldBytes();
}

describe('a promise that the application keeps of an answered request', () => {
  let stage: Stage;

  afterEach(async () => {
    await stage.close();
    expect(stage.said).toEqual([]);
  });

  it.each([
    ['is ignored', { instrument: { ignorePath: ['/*'] } }],
    ['is not sampled', { tracer: { sampleRate: 0 } }],
  ])('keeps neither the request nor its body where it %s', async (_how, options) => {
    stage = new Stage(options);
    const port = await stage.serve((request, response) => {
      Object.assign(request, { body: largeText(Number(request.url!.slice(1))) });
      keepPromise();
      response.end();
    });
    expect(await heldShare((nth) => ask(port, `/${nth}`))).toBeLessThan(0.5);
    expect(kept).toHaveLength(WARM_UP + COUNT);
  });

  it('keeps no response of an ignored request that waits behind another when their connection closes', async () => {
    stage = new Stage({ instrument: { ignorePath: ['/*'] } });
    let left: () => void = () => undefined;
    const port = await stage.serve((request) => {
      Object.assign(request, { body: largeText(kept.length) });
      keepPromise();
      if (request.url === '/a') request.socket.on('close', () => left());
      else request.socket.destroy();
    });
    const held = await heldShare(async () => {
      const isClosed = new Promise<void>((resolve) => (left = resolve));
      const client = await stage.connect(port);
      client.send('GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n');
      await isClosed;
    });
    expect(held).toBeLessThan(0.5);
    expect(kept).toHaveLength(2 * (WARM_UP + COUNT));
  });
});

describe('a span of OpenTelemetry that has ended', () => {
  afterEach(unbridge);

  const DATABASE = { 'db.system': 'mysql', 'server.address': 'db' };
  const KIND = { kind: api.SpanKind.CLIENT, attributes: DATABASE };

  it('keeps none of its attributes, where a promise keeps the span', async () => {
    bridged({}, { sink: (segment) => segment.release() });
    const tracer = api.trace.getTracer('t');
    const held = await heldShare((nth) =>
      tracer.startActiveSpan('query', KIND, (span) => {
        span.setAttribute('db.statement', largeText(nth)).setAttribute('rows', [largeText(nth)]);
        Reflect.get(span, 'attributes');
        span.setStatus({ code: api.SpanStatusCode.ERROR, message: largeText(nth) });
        keepPromise();
        span.end();
      }),
    );
    expect(held).toBeLessThan(0.5);
  });

  it('shows hooks that come late no attributes, takes none, and is told of as it was', () => {
    const { spans } = bridged();
    const span = api.trace.getTracer('t').startSpan('query', KIND);
    const { attributes: shown } = span as unknown as { attributes: object };
    span.end();
    expect(shown).toEqual(DATABASE);
    expect(span).toMatchObject({ attributes: {} });
    Object.assign(span, { attributes: { late: 1 } });
    Object.assign(Reflect.get(span, 'attributes') as object, { late: 1 });
    api.propagation.inject(api.trace.setSpan(api.context.active(), span), {});
    span.setAttribute('late', 1).end();
    expect(Reflect.get(span, 'attributes')).toEqual({});
    expect(spans()).toMatchObject([{ operationName: 'Mysql/OTHER', peer: 'db:3306', componentId: 5 }]);
  });
});
