import { channel } from 'node:diagnostics_channel';
import { ContextManager } from '../../src/compat/index';
import { PathNames } from '../../src/instrument/http/server/server-spans';
import { HttpUrls, parseTarget } from '../../src/instrument/http/http-url';
import { MountNames } from '../../src/instrument/route/mount-names';
import { RefType } from '../../src/model/components';
import { Log } from '../../src/base/log';
import { printable } from '../../src/base/text';
import { CommandHistory } from '../../src/control/run/command-history';
import { parse } from '../../src/control/syntax/parse';
import type { CommandLine } from '../../src/control/syntax/pending';
import { TagCache } from '../../src/protocol/protobuf/fast/field';
import { v3EndpointName } from '../../src/protocol/v3/names';
import { context } from '../../src/tracing/context';
import { currentTrace } from '../../src/tracing/current-trace';
import { manualSpans } from '../../src/tracing/manual/manual-spans';
import { undici } from '../../src/instrument/undici/undici';
import type { UnrecordedTrace } from '../../src/tracing/sampling/unrecorded-trace';
import { ApplicationMeters } from '../../src/telemetry/application-meters';
import { LogBuffer } from '../../src/telemetry/log-buffer';
import { Stage, ask, type StageOptions } from '../instrument/http-fixture';
import { api, bridged, unbridge } from '../instrument/opentelemetry/fixture';
import { FakeClock } from '../support/fake-clock';
import { heldBytes } from '../support/garbage';
import { startOwn, stopOwn } from '../support/own-agent';
import { tracing } from '../support/tracing';

/** Much of what is asked about here would be kept many times over. */
const COUNT = 100;
const LARGE = 200_000;
/** What is loaded, compiled and pooled once is no part of what is held. */
const WARM_UP = 20;

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const MALFORMED = Object.fromEntries(
  ['sw6', 'sw8', 'sw8-correlation', 'sw8-x'].map((name) => [name, 'A'.repeat(3_900)]),
);
/** Valid, of names as long as there may be. */
const NAME = base64('\u0431'.repeat(480));
const LONG_V3 = { sw8: ['1', base64('3.4.5'), base64('1.2.3'), '4', NAME, NAME, NAME, base64('a')].join('-') };
const MARKED = base64(`#${'\u0431'.repeat(480)}`);
const LONG_V2 = {
  sw6: ['1', base64('3.4.5'), base64('1.2.3'), '4', '1', '1', MARKED, base64('#/portal'), MARKED].join('-'),
};
const V3 = { protocol: 'v3', service: 'orders', instance: 'orders-1', endpoint: v3EndpointName } as const;
const V2 = { protocol: 'v2', epoch: 1, instanceId: 7, endpoint: () => 0, networkAddress: () => 0 } as const;

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
  return Buffer.from(`n${nth}`.padEnd(LARGE, 'x')).toString('latin1');
}

/** As parsers cut names out of a body: V8 keeps the whole of it for that. */
function shortPart(nth: number): string {
  return largeText(nth).slice(0, 30);
}

/** The part of `COUNT` large texts that is still held after the work: 0 to 1, and more. */
async function heldShare(work: (nth: number) => unknown): Promise<number> {
  return (await heldEach(work)) / LARGE;
}

/** The bytes that each of `COUNT` calls leaves behind. */
async function heldEach(work: (nth: number) => unknown): Promise<number> {
  for (let nth = 0; nth < WARM_UP; nth++) await work(nth);
  const before = await settledBytes();
  for (let nth = 0; nth < COUNT; nth++) await work(nth);
  return ((await settledBytes()) - before) / COUNT;
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

  it('keeps of the headers only what a later call hands on, where it is not recorded', async () => {
    stage = new Stage();
    const { tracer } = stage;
    const carrier = '1-My40LjU=-MS4yLjM=-4-c2VydmljZQ==-aW5zdGFuY2U=-L2FwcA==-MTI3LjAuMC4xOjgwODA=';
    let trace: UnrecordedTrace;
    const held = await heldShare((nth) => {
      trace = tracer.unrecorded('/a', { sw8: carrier, cookie: largeText(nth) });
      kept.push(trace);
      trace.end();
    });
    expect(held).toBeLessThan(0.5);
    expect(String(trace!.traceId)).toBe('3.4.5');
  });

  /** By what the caller says of it. */
  const KINDS: readonly [how: string, mode: string, options: StageOptions][] = [
    ['is recorded', '1', { tracer: { sink: (segment) => segment.release() } }],
    ['is ignored', '1', { instrument: { ignorePath: ['/*'] } }],
    ['is not sampled', '0', { tracer: { sampleRate: 0 } }],
  ];
  const LONG: readonly [kind: string, headers: Readonly<Record<string, string>>, trust: 'all' | 'none'][] = [
    ['malformed', MALFORMED, 'all'],
    ['of v3', LONG_V3, 'all'],
    ['of v2', LONG_V2, 'all'],
    ['of a caller who is not believed', MALFORMED, 'none'],
  ];

  it.each(
    KINDS.flatMap(([how, ...options]) => LONG.map(([kind, ...sent]) => [how, kind, ...options, ...sent] as const)),
  )(
    'keeps little of long trace headers where it %s: %s',
    async (_how, _kind, mode, options, headers, trustIncoming) => {
      const sent = Object.entries(headers).map(([name, value]): [string, string] => [name, mode + value.slice(1)]);
      const names = () => ('sw6' in headers ? V2 : V3);
      stage = new Stage({
        tracer: { names, ...options.tracer },
        instrument: { ...options.instrument, trustIncoming },
      });
      const port = await stage.serve((_request, response) => {
        kept.push(context.whole());
        // As every line of a log does.
        if (kept.length % 2 === 0) expect(currentTrace.id()).toEqual(expect.any(String));
        response.end();
      });
      // A scope and its promise are a third of it. They were 6,000 to 18,000.
      expect(await heldEach((nth) => ask(port, `/${nth}`, { headers: sent }))).toBeLessThan(4_500);
      expect(kept).toHaveLength(WARM_UP + COUNT);
    },
  );

  it('keeps little of the long trace headers of a message whose work is not recorded', async () => {
    stage = new Stage({ tracer: { names: () => V3 } });
    const text = LONG_V3.sw8.slice(1);
    const held = await heldEach((nth) =>
      manualSpans.entry(stage.tracer, 'message', { sw8: Buffer.from(`0${text}`), nth }, () =>
        kept.push(context.whole()),
      ),
    );
    expect(held).toBeLessThan(2_000);
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

  it('nor the text of long headers of the carrier that it goes on from, nor does work in the context of that', async () => {
    bridged({}, { sink: (segment) => segment.release() });
    const tracer = api.trace.getTracer('t');
    const { sw8 } = LONG_V3;
    const held = await heldShare((nth) => {
      const carrier = { sw8, sw6: largeText(nth), 'sw8-correlation': largeText(nth), 'sw8-x': largeText(nth) };
      const parent = api.propagation.extract(api.ROOT_CONTEXT, carrier);
      api.context.with(parent, keepPromise);
      tracer.startActiveSpan('job', { kind: api.SpanKind.CONSUMER }, parent, (span) => {
        keepPromise();
        span.end();
      });
    });
    expect(held).toBeLessThan(0.5);
  });

  it('has all that the long headers of a carrier say', () => {
    const { segments } = bridged();
    const pairs = [1, 2, 3].map((n) => `${base64(`k${n}`.padEnd(120, '\u0431'))}:${base64('v'.repeat(128))}`);
    const carrier = { ...LONG_V3, sw6: 'a'.repeat(5_000), 'sw8-correlation': [...pairs, 'x'.repeat(60_000)].join(',') };
    const parent = api.propagation.extract(api.ROOT_CONTEXT, carrier);
    const sent: Record<string, string> = {};
    api.trace.getTracer('t').startActiveSpan('job', { kind: api.SpanKind.CONSUMER }, parent, (span) => {
      api.trace.getTracer('t').startActiveSpan('call', KIND, (exit) => {
        api.propagation.inject(api.context.active(), sent);
        exit.end();
      });
      span.end();
    });
    expect(segments[0]!.traceId.toString()).toBe('3.4.5');
    expect(segments[0]!.spans.at(-1)!.refs).toMatchObject([{ parentService: '\u0431'.repeat(480) }]);
    expect(sent['sw8-correlation']).toBe(pairs.join(','));
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

describe('a name or a value that is a part of a large text', () => {
  const undos: (() => void)[] = [];

  afterEach(() => {
    unbridge();
    for (const undo of undos.splice(0)) undo();
  });

  const log = new Log(new FakeClock(), { error: String, warn: String, info: String, debug: String });
  const keepers: Readonly<Record<string, () => (nth: number) => unknown>> = {
    'the label of a meter': () => {
      const meters = new ApplicationMeters(log);
      kept.push(meters);
      return (nth) => meters.counter('hits', { tenant: shortPart(nth) }).increment();
    },
    'the name of a meter': () => {
      const meters = new ApplicationMeters(log);
      kept.push(meters);
      return (nth) => meters.histogram(shortPart(nth)).record(1);
    },
    'the name of an OpenTelemetry span': () => {
      bridged({}, { sink: (segment) => segment.release() });
      return (nth) => api.trace.getTracer('t').startSpan(shortPart(nth)).end();
    },
    'the name of an OpenTelemetry tracer, and its version': () => {
      bridged({}, { sink: (segment) => segment.release() });
      return (nth) => api.trace.getTracer(shortPart(nth), shortPart(nth)).startSpan('a').end();
    },
    'a line of a log that waits for a backend': () => {
      const lines = new LogBuffer(new FakeClock(), 1_000);
      kept.push(lines);
      return (nth) => lines.add('info', shortPart(nth));
    },
    'the origin of a request': () => {
      const { tracer } = tracing({ sink: (segment) => segment.release() });
      const options = { ignoreSuffix: [], ignorePath: [], collectQuery: false, log };
      undos.push(...undici(tracer, options));
      return (nth) => {
        const origin = Buffer.from(`http://${largeText(nth)}`)
          .toString('latin1')
          .slice(0, 30);
        const request = { origin, path: '/', method: 'GET', addHeader: () => undefined };
        channel('undici:request:create').publish({ request });
        channel('undici:request:error').publish({ request, error: new Error('refused') });
      };
    },
    'an origin that is long itself': () => {
      const { tracer } = tracing({ sink: (segment) => segment.release() });
      undos.push(...undici(tracer, { ignoreSuffix: [], ignorePath: [], collectQuery: false, log }));
      return (nth) => {
        const request = { origin: `http://${largeText(nth)}`, path: '/', method: 'GET', addHeader: () => undefined };
        channel('undici:request:create').publish({ request });
        channel('undici:request:error').publish({ request, error: new Error('refused') });
      };
    },
    'what is said of a request that is not sampled and may be sent all the same': () => {
      const { tracer, clock } = tracing({ sampleRate: 0, keep: { errors: true } });
      kept.push(tracer);
      return (nth) => {
        const entry = tracer.openEntry(shortPart(nth))!;
        tracer.details.tag(entry, 'tag', shortPart(nth));
        tracer.details.log(entry, { log: shortPart(nth) });
        tracer.end(entry);
        return clock.advance(1_000);
      };
    },
    'what is said of a request that waits for a span which others forget': () => {
      const { tracer, clock } = tracing();
      kept.push(tracer);
      return (nth) => {
        const entry = tracer.openEntry('/')!;
        const exit = tracer.openExit(shortPart(nth), shortPart(nth), entry)!;
        exit.url = shortPart(nth);
        tracer.details.tag(tracer.openLocal('forgotten', entry, { isPromised: true })!, 'tag', shortPart(nth));
        tracer.details.tag(entry, 'tag', shortPart(nth));
        tracer.details.log(entry, { log: shortPart(nth) });
        tracer.end(exit);
        tracer.end(entry);
        // Nothing goes within this time.
        return clock.advance(nth === COUNT - 1 ? 3_000 : 0);
      };
    },
    'what is said of the calls of one request, all of them at its beginning': () => {
      const { tracer, clock } = tracing();
      const entry = tracer.openEntry('/')!;
      kept.push(entry);
      return (nth) => {
        const exit = tracer.openExit(shortPart(nth), shortPart(nth), entry)!;
        exit.tags = ['tag', shortPart(nth)];
        tracer.end(exit);
        return clock.advance(nth === COUNT - 1 ? 3_000 : 0);
      };
    },
    'what is said of the calls of one request, one after the other': () => {
      const { tracer, clock } = tracing();
      const entry = tracer.openEntry('/')!;
      kept.push(entry);
      return (nth) => {
        const exit = tracer.openExit(shortPart(nth), 'db:5432', entry)!;
        exit.tags = ['tag', shortPart(nth)];
        tracer.end(exit);
        return clock.advance(200);
      };
    },
    'a tag of a request that has been open for long': () => {
      const { tracer, clock } = tracing();
      return async (nth) => {
        const entry = tracer.openEntry('/')!;
        kept.push(entry);
        await clock.advance(1_000);
        tracer.details.tag(entry, 'tag', shortPart(nth));
      };
    },
    'a log of a request that has been open for long': () => {
      const { tracer, clock } = tracing();
      return async (nth) => {
        const entry = tracer.openEntry('/')!;
        kept.push(entry);
        await clock.advance(1_000);
        tracer.details.log(entry, { log: shortPart(nth) });
      };
    },
    'what is said of a request at its beginning, where it makes a call later': () => {
      const { tracer, clock } = tracing();
      return (nth) => {
        const entry = tracer.openEntry('/')!;
        kept.push(entry);
        tracer.details.tag(entry, 'tag', shortPart(nth));
        tracer.details.log(entry, { log: shortPart(nth) });
        return clock.advance(1_000).then(() => tracer.end(tracer.openExit('/a', 'a:80', entry)!));
      };
    },
    'the key of a tag of a request that has been open for long, and its name': () => {
      const { tracer, clock } = tracing();
      return async (nth) => {
        const entry = tracer.openEntry('/')!;
        kept.push(entry);
        await clock.advance(1_000);
        tracer.end(tracer.openExit('/a', 'a:80', entry)!);
        tracer.details.tag(entry, shortPart(nth), 'tag');
        tracer.details.rename(entry, shortPart(nth));
      };
    },
    'what the application gives a trace along': () => {
      const { tracer } = tracing();
      return (nth) => {
        const entry = tracer.openEntry('/')!;
        kept.push(entry);
        context.run(entry, () => expect(currentTrace.correlate(`key ${nth}`, shortPart(nth))).toBe(true));
      };
    },
    'what is said within work that others are to end': () => {
      const { tracer, clock } = tracing();
      kept.push(tracer);
      return (nth) => {
        const work = tracer.openLocal('work', null, { isPromised: true })!;
        const step = tracer.openLocal('step', work)!;
        tracer.details.tag(step, 'tag', shortPart(nth));
        tracer.end(step);
        return clock.advance(1_000);
      };
    },
    'the host of a request, cut out of its header or of its target': () => {
      const { tracer } = tracing();
      const urls = new HttpUrls({ collectQuery: false });
      return (nth) => {
        const header = Buffer.from(`shop-${nth}.example:8080?${largeText(nth)}`).toString('latin1');
        const target = Buffer.from(`http://shop-${nth}.example:8080/a?${largeText(nth)}`).toString('latin1');
        for (const [host, asked] of [
          [header, '/a'],
          ['', target],
        ] as const) {
          const span = tracer.openEntry('/')!;
          urls.tell(span, 'http://', host, parseTarget(asked));
          expect(span.urlBase + span.urlRest).toBe(`http://shop-${nth}.example:8080/a`);
          kept.push([span.urlBase, span.urlRest]);
          tracer.end(span);
        }
      };
    },
    'the path of a request': () => {
      const names = new PathNames({ ignoreSuffix: [], ignorePath: [], collectQuery: false, log });
      kept.push(names);
      return (nth) => names.resolve(shortPart(nth));
    },
    'a reason that is shown in logs and in the status file': () => (nth) => kept.push(printable(largeText(nth))),
    'the id of a command that was run': () => {
      const history = new CommandHistory('orders-1');
      kept.push(history);
      return (nth) => {
        const text = Buffer.from(`${largeText(nth)} !#\nreset id=nightly-reset-number-${nth}\n`).toString('latin1');
        const command = parse(text).items.find((item): item is CommandLine => item.type === 'command')!;
        history.noteRun(command, undefined);
        history.noteAnswered(command);
      };
    },
    'the value of a tag that is kept encoded': () => (nth) => {
      const cache = new TagCache(0x62, 'http.method');
      kept.push(cache);
      return cache.write(Buffer.alloc(200), 0, shortPart(nth));
    },
    'the place where a router is mounted': () => (nth) => {
      const mounts = new MountNames('/');
      kept.push(mounts);
      return mounts.learn(shortPart(nth), { name: shortPart(nth), source: 'x' });
    },
  };

  it.each(Object.keys(keepers))('keeps no more than itself alive: %s', async (which) => {
    expect(await heldShare(keepers[which]!())).toBeLessThan(0.5);
  });
});

describe('what waits for spans that may never end', () => {
  it('has the texts once that its calls have in common', async () => {
    const { tracer, clock } = tracing();
    const entry = tracer.openEntry('/')!;
    kept.push(entry);
    const statement = 'x'.repeat(2_000);
    const call = (): Promise<void> => {
      const exit = tracer.openExit('query', 'db:5432', entry)!;
      exit.tags = ['db.statement', `${statement}!`];
      tracer.end(exit);
      return clock.advance(50);
    };
    expect(await heldEach(call)).toBeLessThan(1_500);
  });
});

describe('a span whose segment has been encoded', () => {
  afterEach(stopOwn);

  it.each([
    ['the first of its segment', (work: () => void) => work()],
    ['one within another', (work: () => void, trace: (name: string, fn: () => void) => void) => trace('outer', work)],
  ])('keeps nothing that was reported of it, where a promise keeps it: %s', async (_which, run) => {
    const { tracer } = tracing({ sink: (segment) => segment.release() });
    const trace = tracer.trace.bind(tracer);
    const held = await heldShare((nth) =>
      run(
        () =>
          tracer.trace('work', (span) => {
            span.tag('part', shortPart(nth));
            span.log({ part: shortPart(nth) });
            keepPromise();
          }),
        trace,
      ),
    );
    expect(held).toBeLessThan(0.5);
  });

  it('keeps of the messages that it received the first that a later header of sw6 has to name', () => {
    const { tracer } = tracing({ sink: (segment) => segment.release() });
    const entry = tracer.openEntry('batch')!;
    const own = { refType: RefType.crossProcess, parentSpanId: 1, parentSegmentId: entry.segment.segmentId };
    const v3 = { parentService: 's', parentInstance: 'i', parentEndpoint: 'e', addressUsedAtPeer: 'a' };
    const v2 = { epoch: 0, parentInstanceId: 1, entryInstanceId: 1, networkAddress: 'a' };
    const names = { entryEndpoint: 'first', parentEndpoint: 'first' };
    tracer.details.link(entry, { ...own, ...v3, traceId: entry.segment.traceId });
    tracer.details.link(entry, { ...own, ...v2, ...names });
    tracer.details.link(entry, { ...own, ...v2, ...names, entryEndpoint: 'second' });
    tracer.end(entry);
    expect(entry.refs).toMatchObject([{ entryEndpoint: 'first' }]);
  });

  it.each([0, 1])('of skyanchor/compat keeps its tags and no error, at a sample rate of %d', async (sampleRate) => {
    startOwn({ backends: '127.0.0.1:1', sampleRate });
    const held = await heldShare((nth) => {
      const span = ContextManager.current.newLocalSpan('work');
      span.start();
      keepPromise();
      span.tag({ key: 'part', val: shortPart(nth) });
      const error = Object.assign(new Error('failed'), { body: largeText(nth) });
      span.error(error);
      expect(span.lastError).toBe(error);
      span.stop();
      span.error(error);
      expect(span.lastError).toBeNull();
      expect(span.hasTag('part')).toBe(true);
    });
    expect(held).toBeLessThan(0.5);
  });
});
