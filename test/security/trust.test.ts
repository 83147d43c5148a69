import http from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { context as otel, propagation, SpanKind, trace } from 'otel-api-1-9';
import { systemClock } from '../../src/base/clock';
import { Log } from '../../src/base/log';
import { type Cidr, parseCidr, type TrustIncoming } from '../../src/base/patterns';
import { trustedCallers } from '../../src/instrument/http/server/trusted-callers';
import { bridge } from '../../src/instrument/opentelemetry/bridge';
import { SpanType } from '../../src/model/components';
import { ForeignHeaders } from '../../src/model/foreign-headers';
import type { Segment } from '../../src/model/segment';
import type { V2Identity } from '../../src/protocol/v2/sw6/propagator';
import { parseSw8 } from '../../src/protocol/v3/sw8/carrier';
import type { V3Identity } from '../../src/protocol/v3/sw8/propagator';
import { context, untraced } from '../../src/tracing/context';
import { faultsOf, resolve } from '../config/sources';
import { ask, Stage } from '../instrument/http-fixture';
import { costsOf } from '../support/cost';
import { tracing, type TracingOptions } from '../support/tracing';

/** Trace 3.4.5. */
const SW8 = '1-My40LjU=-MS4yLjM=-4-c3RvcmU=-c3RvcmUtMQ==-L3BvcnRhbA==-MTI3LjAuMC4xOjgwODA=';
const SW6 = '1-My40LjU=-MS4yLjM=-4-1-1-IzEyNy4wLjAuMTo4MDgw-Iy9wb3J0YWw=-MTIz';
const CORRELATION = 'dGVuYW50:YWNtZQ==';
const STRANGE = { sw8: SW8, 'sw8-correlation': CORRELATION, 'sw8-x': '1- ' };
const V3: V3Identity = { protocol: 'v3', service: 'gate', instance: 'gate-1', endpoint: () => '/gate' };
const V2: V2Identity = { protocol: 'v2', epoch: 1, instanceId: 7, endpoint: () => 0, networkAddress: () => 0 };

const cidrs = (...texts: string[]): Cidr[] => texts.map((text) => parseCidr(text)!);

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.close();
  expect(stage?.said ?? []).toEqual([]);
  stage = undefined;
});

interface Setup {
  readonly trustIncoming?: TrustIncoming;
  readonly propagateTo?: readonly string[];
  readonly doNotPropagateTo?: readonly string[];
  readonly sampleRate?: number;
  readonly names?: V2Identity | V3Identity;
}

/** A gateway that asks a second server, and what headers that one has seen. */
async function gateway(
  { trustIncoming, propagateTo, doNotPropagateTo, sampleRate = 1, names = V3 }: Setup,
  forwards = false,
) {
  const made = new Stage({
    tracer: { names: () => names, sampleRate, propagateTo, doNotPropagateTo },
    instrument: { ignorePath: ['/stock'], ...(trustIncoming && { trustIncoming }) },
  });
  stage = made;
  const seen: IncomingHttpHeaders[] = [];
  const stock = await made.serve((request, response) => {
    seen.push(request.headers);
    response.end();
  });
  const listener = (request: IncomingMessage, response: http.ServerResponse): void => {
    const headers = forwards ? request.headers : {};
    http.get({ host: '127.0.0.1', port: stock, path: '/stock', headers, agent: false }, (answer) => {
      answer.resume().on('end', () => response.end());
    });
  };
  return { seen, listener, port: await made.serve(listener) };
}

/** Whether a call to the peer gets a header. */
function injects(options: TracingOptions, peer: string): boolean {
  const { tracer } = tracing({ names: () => V3, ...options });
  const set = jest.fn();
  tracer.inject(tracer.openExit('/', peer)!, {}, set);
  return set.mock.calls.length > 0;
}

const entryOf = ([segment]: readonly Segment[]) => segment!.spans.find(({ type }) => type === SpanType.entry)!;

describe('a carrier of a caller that trustIncoming leaves out', () => {
  it.each<[string, TrustIncoming]>([
    ['none', 'none'],
    ['another block', cidrs('10.0.0.0/8', 'fd00::/8')],
  ])('counts as absent, with all that comes beside it: %s', async (_title, trustIncoming) => {
    const { port, seen } = await gateway({ trustIncoming });
    await ask(port, '/a', { headers: { ...STRANGE, sw6: SW6 } });
    const entry = entryOf(await stage!.closed(1));
    expect(entry.refs).toBeUndefined();
    expect(String(entry.segment.traceId)).not.toBe('3.4.5');
    expect([entry.segment.correlation, entry.segment.skipsAnalysis]).toEqual([undefined, false]);
    expect([seen[0]!['sw8-correlation'], seen[0]!['sw8-x']]).toEqual([undefined, undefined]);
    expect(String(parseSw8(seen[0]!.sw8)!.traceId)).toBe(String(entry.segment.traceId));
  });

  it('cannot have a trace recorded that the sample rate leaves out, nor left out one that it keeps', async () => {
    const off = await gateway({ trustIncoming: 'none', sampleRate: 0 });
    await ask(off.port, '/a', { headers: STRANGE });
    await stage!.closed(0);
    await stage!.close();
    const on = await gateway({ trustIncoming: 'none' });
    await ask(on.port, '/a', { headers: { sw8: `0${SW8.slice(1)}` } });
    await stage!.closed(1);
  });

  it.each([
    ['sw8', SW8, V3],
    ['sw6', SW6, V2],
  ] as const)('is replaced by our own where the application forwards it: %s', async (name, value, names) => {
    const { port, seen } = await gateway({ trustIncoming: 'none', names }, true);
    await ask(port, '/a', { headers: { [name]: value } });
    await stage!.closed(1);
    expect(seen[0]![name]).toBeDefined();
    expect(seen[0]![name]).not.toBe(value);
  });
});

describe('the carrier of a request that a framework reads once more, by the API of OpenTelemetry', () => {
  let undo: (() => void) | undefined;
  afterEach(() => undo?.());

  /** The traces of the segments that come of one request. */
  async function tracesOf(
    { trustIncoming, sampleRate = 1 }: Setup,
    segments: number,
    ignorePath: readonly string[] = [],
    isLate = false,
  ): Promise<string[]> {
    const instrument = { ignorePath, ...(trustIncoming && { trustIncoming }) };
    const made = new Stage({ tracer: { names: () => V3, sampleRate }, instrument });
    stage = made;
    const log = new Log(systemClock, undefined, 'off');
    undo = bridge(made.tracer, { ...instrument, collectQuery: false, ignoreSuffix: [], log })?.undo;
    const port = await made.serve((request, response) => {
      const work = (): void => {
        const parent = propagation.extract(otel.active(), request.headers);
        otel.with(parent, () => {
          trace.getTracer('framework').startSpan('GET /a', { kind: SpanKind.SERVER }).end();
          response.end();
        });
      };
      if (isLate) response.on('close', () => setImmediate(work)).end();
      else work();
    });
    await ask(port, '/a', { headers: STRANGE });
    return (await made.closed(segments)).map(({ traceId }) => String(traceId));
  }

  it('counts where its caller is believed', async () => {
    // It is the request that we have an entry of already.
    expect(await tracesOf({}, 1)).toEqual(['3.4.5']);
  });

  it.each<[string, TrustIncoming]>([
    ['none', 'none'],
    ['another block', cidrs('10.0.0.0/8')],
  ])('counts as absent where its caller is not believed: %s', async (_title, trustIncoming) => {
    expect(await tracesOf({ trustIncoming }, 1)).not.toContain('3.4.5');
  });

  it('counts as absent after the response, too', async () => {
    const [own, ...late] = await tracesOf({ trustIncoming: 'none' }, 2, [], true);
    expect(late).toEqual([own]);
    expect(own).not.toBe('3.4.5');
  });

  it('counts after the response of one whose caller is believed', async () => {
    expect(await tracesOf({}, 2, [], true)).toEqual(['3.4.5', '3.4.5']);
  });

  it('has nothing recorded of a trace that is not sampled, nor of a path that is ignored', async () => {
    expect(await tracesOf({ trustIncoming: 'none', sampleRate: 0 }, 0)).toEqual([]);
    undo?.();
    await stage!.close();
    expect(await tracesOf({}, 0, ['/a'])).toEqual([]);
  });
});

describe('what is kept of a caller that trustIncoming leaves out', () => {
  const carrierOf = (headers: unknown): Segment['carrier'] => {
    const { tracer } = tracing({ names: () => V3 });
    return tracer.openEntry('/', headers as Readonly<Record<string, unknown>>, false)!.segment.carrier;
  };

  it('is a carrier that could be joined elsewhere, and no longer one', () => {
    expect(carrierOf({ sw8: SW8 })).toEqual(new ForeignHeaders([['sw8', SW8]]));
    expect(carrierOf({ sw8: 'a'.repeat(4_097) })).toEqual(new ForeignHeaders([['sw8', null]]));
  });

  it.each([
    ['null', null],
    ['an array', { sw8: [SW8] }],
    ['a getter that throws', Object.defineProperty({}, 'sw8', { get: () => JSON.parse('{') as unknown })],
  ])('is nothing where the application made the headers up: %s', (_title, headers) => {
    expect(carrierOf(headers)).toBeUndefined();
  });
});

describe('a carrier of a caller that trustIncoming names', () => {
  it.each<[string, TrustIncoming | undefined]>([
    ['by default', undefined],
    ['all', 'all'],
    ['its address', cidrs('127.0.0.1')],
    ['its block', cidrs('10.0.0.0/8', '127.0.0.0/8')],
  ])('is joined: %s', async (_title, trustIncoming) => {
    const { port } = await gateway(trustIncoming === undefined ? {} : { trustIncoming });
    await ask(port, '/a', { headers: STRANGE });
    expect(String(entryOf(await stage!.closed(1)).segment.traceId)).toBe('3.4.5');
  });

  it('is joined where an IPv4 caller comes in by an IPv6 socket', async () => {
    const { listener } = await gateway({ trustIncoming: cidrs('127.0.0.0/8') });
    const server = http.createServer((request, response) => {
      expect(request.socket.remoteAddress).toBe('::ffff:127.0.0.1');
      listener(request, response);
    });
    const port = await stage!.listen(server, '::');
    await ask(port, '/a', { headers: STRANGE });
    expect(String(entryOf(await stage!.closed(1)).segment.traceId)).toBe('3.4.5');
  });

  it('is not joined at a Unix socket, which has no address', async () => {
    const { listener } = await gateway({ trustIncoming: cidrs('0.0.0.0/0', '::/0') });
    const socketPath = path.join(os.tmpdir(), `skyanchor-trust-${process.pid}.sock`);
    const server = http.createServer(listener);
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    await context.run(
      untraced,
      () =>
        new Promise((resolve) =>
          http.get({ socketPath, path: '/a', headers: STRANGE, agent: false }, (answer) =>
            answer.resume().on('end', resolve),
          ),
        ),
    );
    await new Promise((resolve) => server.close(resolve));
    expect(entryOf(await stage!.closed(1)).refs).toBeUndefined();
  });
});

describe('whether an address is in a block', () => {
  it.each([
    ['10.1.2.3', ['10.0.0.0/8'], true],
    ['11.1.2.3', ['10.0.0.0/8'], false],
    ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
    ['::ffff:11.1.2.3', ['10.0.0.0/8'], false],
    ['10.1.2.3', ['::ffff:10.1.2.3'], true],
    ['10.1.2.3', ['10.1.2.3'], true],
    ['10.1.2.4', ['10.1.2.3'], false],
    ['fd00::1', ['fd00::/8'], true],
    ['fe80::1', ['fd00::/8'], false],
    ['fe80::1%eth0', ['fe80::/10'], true],
    ['::1', ['10.0.0.0/8', '::1'], true],
    ['192.168.7.7', ['0.0.0.0/0'], true],
    ['fd00::1', ['0.0.0.0/0'], false],
    ['fd00::1', ['::/0'], true],
    ['::1', ['::/8'], true],
    ['10.1.2.3', ['::/0'], false],
    ['::ffff:10.1.2.3', ['::/0'], false],
    ['::ffff:10.1.2.3', ['::ffff:0:0/95'], false],
    ['::ffff:10.1.2.3', ['::ffff:0:0/96'], true],
    ['10.1.2.3', ['::/0', '0.0.0.0/0'], true],
  ])('%s in %p: %s', (remoteAddress, blocks, expected) => {
    const isTrusted = trustedCallers(cidrs(...blocks))!;
    expect(isTrusted({ socket: { remoteAddress } } as unknown as IncomingMessage)).toBe(expected);
  });

  it('is not asked where all are trusted, and no for a request without a socket', () => {
    expect(trustedCallers('all')).toBeUndefined();
    expect(trustedCallers(undefined)).toBeUndefined();
    expect(trustedCallers(cidrs('::/0', '0.0.0.0/0'))!({ socket: null } as unknown as IncomingMessage)).toBe(false);
  });
});

describe('a host that propagateTo leaves out', () => {
  it('gets nothing of ours and nothing of a stranger’s, and the request is traced', async () => {
    const { port, seen } = await gateway({ propagateTo: ['*.internal', '10.*'] });
    await ask(port, '/a', { headers: STRANGE });
    const [segment] = await stage!.closed(1);
    expect(stage!.exits).toHaveLength(1);
    expect(String(segment!.traceId)).toBe('3.4.5');
    expect(Object.keys(seen[0]!).filter((name) => name.startsWith('sw'))).toEqual([]);
  });

  it.each([
    ['127.0.0.1', true],
    ['127.*', true],
    ['*', true],
    ['127.0.0.1:*', true],
    ['127.0.0.1:1', false],
    ['localhost', false],
    ['localhost:*', false],
  ])('is told by its name: %s', async (host, isReached) => {
    const { port, seen } = await gateway({ propagateTo: [host] });
    await ask(port, '/a', { headers: STRANGE });
    await stage!.closed(1);
    expect([seen[0]!['sw8-correlation'], seen[0]!['sw8-x']]).toEqual(
      isReached ? [CORRELATION, '1-'] : [undefined, undefined],
    );
    expect(seen[0]!.sw8 !== undefined).toBe(isReached);
  });

  it.each([
    ['Stock.Internal:443', true],
    ['stock.internal.example:443', false],
    ['[fd00::1]:80', true],
    ['[fe80::1]:80', false],
    ['unix:/run/stock.sock', true],
    ['stock.internal.:443', true],
    ['b\u00fccher.shop:443', true],
    ['xn--bcher-kva.shop:443', true],
    ['dotted.:443', false],
  ])('is told whatever its case and kind: %s', (peer, isReached) => {
    const { tracer } = tracing({
      names: () => V3,
      propagateTo: ['*.INTERNAL', 'fd00::*', 'unix:*', 'b\u00fccher.shop', '*.'],
    });
    const set = jest.fn();
    tracer.inject(tracer.openExit('/', peer)!, {}, set);
    expect(set.mock.calls.length > 0).toBe(isReached);
  });

  it.each([
    ['10.*', '10.1.2.3:443', true],
    ['10.*', '10.evil.com:443', false],
    ['10.*', '10.1.2.3.evil.com:80', false],
    ['10.*', '10.1.2.3.evil.com.', false],
    ['10.*', '10.b\u00fccher.shop:80', false],
    ['10.*:80', '10.1.2.3:80', true],
    ['10.*:80', '10.evil.com:80', false],
    ['192.168.[0-9]*', '192.168.7.8:80', true],
    ['192.168.[0-9]*', '192.168.7.evil.com:80', false],
    ['[12]?.*', '10.1.2.3:80', true],
    ['[12]?.*', '10.evil.com:80', false],
    ['127.0.0.1:*', '127.0.0.1:8080', true],
    ['10.*.internal', '10.stock.internal:80', true],
    ['*1', 'stock1:80', true],
    ['*:8080', 'stock:8080', true],
    ['10.*', '10.0.0.5:9092;10.0.0.6:9092', true],
    ['10.*', '10.0.0.5:9092,10.0.0.6:9092', true],
    ['10.*', '10.0.0.5:9092;10.evil.com:9092', false],
    ['10.*', '10.evil.com:9092;10.0.0.5:9092', false],
    ['2001:*', '[2001:db8::1]:29092;[2001:db8::2]:29092', true],
    ['kafka-*', 'kafka-1:9092;kafka-2:9092', true],
    ['10-*', '10-1-2-3.web.default.pod:80', true],
    ['10-*.*', '10-1-2-3.web:80', true],
    ['10-?-*:80', '10-1-2-3.web:80', true],
    ['10[-]*', '10-1-2-3.web:80', true],
    ['1?-*', '10-x:80', true],
    ['[!0-9]*', 'orders:80', true],
    ['[!1]*', 'orders:80', true],
    ['[!0-9.]*', 'orders:80', true],
    ['[!0-9]*', '10.1.2.3:80', false],
    ['[0-9.]*', '10.1.2.3:80', true],
    ['[0-9.]*', '10.evil.com:80', false],
    ['1[0-25].*', '15.1.2.3:80', true],
    ['1[0-25].*', '15.evil.com:80', false],
  ])('is not named by the glob of an address: %s is for %s: %s', (host, peer, isReached) => {
    expect(injects({ propagateTo: [host] }, peer)).toBe(isReached);
    if (host === '10.*') expect(injects({ doNotPropagateTo: [host] }, peer)).toBe(false);
  });

  it.each([
    ['*.internal', '[::1%.internal]:80', false],
    ['*.internal:80', '[::1%.internal]:80', false],
    ['*.internal:80', '[::1%.internal:80]:443', false],
    ['*.internal', '[::ffff:127.0.0.1%lo.internal]:80', false],
    ['*.internal', '::1%.internal', false],
    ['*.internal', '[::1%.INTERNAL.]:80', false],
    ['*.*', '[fe80::1%a.b]:80', false],
    ['*', '[fe80::1%eth0]:80', true],
    ['fe80::*', '[fe80::1%eth0]:80', true],
    ['[fe80::*]:80', '[fe80::1%eth0]:80', true],
    ['fe80::1%eth0', '[fe80::1%eth0]:80', true],
    ['[fe80::1%eth0]:80', '[fe80::1%eth0]:80', true],
    ['fe80::1%eth0', '[fe80::1%eth1]:80', false],
    ['fe80::*', '[fe80::1%eth0]:9092;[fe80::2%eth0]:9092', true],
    ['fe80::1', '[fe80::1%eth0]:80', false],
    ['1*', '[fe80::1%eth0]:80', false],
    ['*.sock', 'unix:/run/a%20b.sock', true],
  ])('is not named by the zone of its address: %s is for %s: %s', (host, peer, isReached) => {
    expect(injects({ propagateTo: [host] }, peer)).toBe(isReached);
  });

  it.each(['127.0.0.1\0.internal:80', '127.0.0.1\n.internal:80', 'a\x7f.internal:80'])(
    'is none that has a control character, behind which it may be cut: %j',
    (peer) => {
      expect(injects({ propagateTo: ['*.internal'] }, peer)).toBe(false);
      expect(injects({ propagateTo: ['*'], cluster: 'eu' }, peer)).toBe(false);
      expect(injects({ doNotPropagateTo: ['10.*'] }, peer)).toBe(false);
      expect(injects({}, peer)).toBe(true);
    },
  );

  it('may be a socket without a file, whose name begins with a control character', () => {
    expect(injects({ propagateTo: ['unix:*'] }, 'unix:\0stock')).toBe(true);
    expect(injects({ doNotPropagateTo: ['10.*'], cluster: 'eu' }, 'unix:\0stock')).toBe(true);
    expect(injects({ doNotPropagateTo: ['unix:*'] }, 'unix:\0stock')).toBe(false);
  });

  it('is not the brokers of Kafka, all of which have addresses that a glob names', () => {
    const { tracer } = tracing({ names: () => V3, propagateTo: ['10.*'] });
    const log = new Log(systemClock, undefined, 'off');
    const { undo, setBrokers } = bridge(tracer, {
      collectQuery: false,
      ignoreSuffix: [],
      ignorePath: [],
      log,
    })!;
    setBrokers(['10.0.0.5:9092', '10.0.0.6:9092']);
    const attributes = { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders' };
    const span = trace.getTracer('kafkajs').startSpan('orders', { kind: SpanKind.PRODUCER, attributes });
    const message: Record<string, string> = {};
    propagation.inject(trace.setSpan(otel.active(), span), message);
    span.end();
    undo();
    expect(parseSw8(message['sw8'])).toMatchObject({ addressUsedAtPeer: '10.0.0.5:9092;10.0.0.6:9092' });
  });

  it('is told by its name where the peer begins with the cluster', () => {
    const made = new Stage({ tracer: { names: () => V3, propagateTo: ['stock.*'], cluster: 'eu/west' } });
    stage = made;
    const set = jest.fn();
    made.tracer.inject(made.tracer.openExit('/', 'stock.internal:80')!, {}, set);
    expect(set).toHaveBeenCalled();
  });
});

describe('a host that doNotPropagateTo names', () => {
  it.each([
    ['evil.example.:443', false],
    ['sub.evil.example.:443', false],
    ['evil.example.', false],
    ['absolute.example:443', false],
    ['absolute.example.:443', false],
    ['xn--bcher-kva.example:443', false],
    ['B\u00dcCHER.example:443', false],
    ['sub.xn--bcher-kva.example.:443', false],
    ['b\u00fccher.example:8080', false],
    ['xn--strae-oqa.example:8080', false],
    ['xn--strae-oqa.example:443', true],
    ['evil.example.org.:443', true],
    ['b\u00fcch.example:443', true],
    ['b\u00fcx.wild:443', false],
    ['xn--bx-xka.wild:443', false],
    ['xn--any.coded:443', false],
    ['b\u00fcx.coded:443', false],
    ['127.0.0.1:443', false],
    ['[fd00::1]:443', false],
    ['[fd00::1%any]:443', false],
    ['[fd00::1%.example:443]:80', false],
    ['[fd00::2%any]:443', true],
    ['[fd00::2%.evil.example]:443', false],
  ])('gets no header however its name is written: %s', (peer, isReached) => {
    const names = [
      'evil.example',
      '*.evil.example',
      'absolute.example.',
      'b\u00fccher.example',
      '*.B\u00dcCHER.example',
    ];
    const others = ['stra\u00dfe.example:8080', 'b\u00fc*.wild', 'xn--*.coded', '127.*', '[fd00::1]'];
    const { tracer } = tracing({ names: () => V3, doNotPropagateTo: [...names, ...others] });
    const set = jest.fn();
    tracer.inject(tracer.openExit('/', peer)!, {}, set);
    expect(set.mock.calls.length > 0).toBe(isReached);
  });

  it('costs no more the longer it is', () => {
    const { tracer } = tracing({ names: () => V3, doNotPropagateTo: ['b\u00fccher.example'] });
    const injects = (length: number) => {
      const hosts = ['.', ':', '.:', '[', '[:', '%', '::%', '\u00fc.', '\u00fc'].map((part) => part.repeat(length));
      hosts.push(`[${':'.repeat(length)}`);
      return (): void => {
        for (const host of hosts) tracer.inject(tracer.openExit('/', host)!, {}, () => undefined, host);
      };
    };
    const [long, short] = costsOf([injects(10_000), injects(1_000)], { rounds: 7 });
    // Ten times as long; in its square it would be a hundred.
    expect(long! / short!).toBeLessThan(30);
  });

  it.each([
    [undefined, ['10.*', '127.0.0.1'], false],
    [['*'], ['127.*'], false],
    [['127.*'], ['10.*'], true],
    [undefined, ['127.0.0.1:*'], false],
    [undefined, ['127.0.0.1:1'], true],
    [undefined, [], true],
  ])(
    'gets no header where propagateTo is %p and doNotPropagateTo %p, others do',
    async (propagateTo, excepted, isReached) => {
      const { port, seen } = await gateway({ ...(propagateTo && { propagateTo }), doNotPropagateTo: excepted });
      await ask(port, '/a', { headers: STRANGE });
      await stage!.closed(1);
      expect(Object.keys(seen[0]!).filter((name) => name.startsWith('sw')).length > 0).toBe(isReached);
      expect(stage!.exits).toHaveLength(1);
    },
  );
});

describe('a glob with a port', () => {
  it.each([
    ['api.example.com:8080', 'api.example.com:8080', true],
    ['API.example.com:8080', 'api.Example.com:8080', true],
    ['api.example.com:8080', 'api.example.com:80', false],
    ['api.example.com:8080', 'api.example.com:80801', false],
    ['api.example.com:443', 'api.example.com:443', true],
    ['*.example.com:80*', 'api.example.com:8080', true],
    ['*:8080', 'api.example.com:8080', true],
    ['*:8080', 'api.example.com:80', false],
    ['[::1]:8080', '[::1]:8080', true],
    ['[::1]:8080', '[::1]:80', false],
    ['[::1]:8080', '1:8080', false],
    ['[::1]', '[::1]:80', true],
    ['[::1]', '[::1]', true],
    ['::1', '[::1]:80', true],
    ['fd00::*', '[fd00::7]:80', true],
    ['[ab].internal:80', 'a.internal:80', true],
  ])('%s is for the peer %s: %s', (host, peer, isMeant) => {
    const { tracer } = tracing({ names: () => V3, doNotPropagateTo: [host] });
    const set = jest.fn();
    tracer.inject(tracer.openExit('/', peer)!, {}, set);
    expect(set.mock.calls.length === 0).toBe(isMeant);
  });

  it.each(['https://api.example.com', 'api.example.com/v1', '*.example.com:8080/'])(
    'is no URL: %s is refused by name, value and source',
    (text) => {
      for (const [name, variable] of [
        ['propagateTo', 'SW_AGENT_PROPAGATE_TO'],
        ['doNotPropagateTo', 'SW_AGENT_DO_NOT_PROPAGATE_TO'],
      ] as const) {
        const expected = expect.stringContaining('hosts, without scheme and path');
        expect(faultsOf({ env: { [variable]: text } })).toEqual([
          { name, value: text, source: `environment ${variable}`, expected },
        ]);
      }
    },
  );
});

describe('the options', () => {
  it.each([
    ['all', 'all'],
    ['NONE', 'none'],
    [' none ', 'none'],
    ['10.0.0.0/8, ::1', cidrs('10.0.0.0/8', '::1')],
  ])('read SW_AGENT_TRUST_INCOMING=%s', (text, expected) => {
    expect(resolve({ env: { SW_AGENT_TRUST_INCOMING: text } }).trustIncoming).toEqual(expected);
  });

  it.each([
    'all,10.0.0.0/8',
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0/8',
    'localhost',
    '10.0.0.0/',
    '1.2.3.4/-1',
    'fe80::1%eth0',
    ',',
  ])('refuse SW_AGENT_TRUST_INCOMING=%s', (text) => {
    expect(faultsOf({ env: { SW_AGENT_TRUST_INCOMING: text } })).toEqual([
      expect.objectContaining({
        name: 'trustIncoming',
        expected: 'all, none, or addresses such as 10.0.0.0/8,fd00::/8',
      }),
    ]);
  });

  it('take lists in start(), and an empty list of hosts for none', () => {
    const config = resolve({ options: { trustIncoming: ['10.0.0.0/8'], propagateTo: [] } });
    expect([config.trustIncoming, config.propagateTo]).toEqual([cidrs('10.0.0.0/8'), []]);
    expect(resolve({ env: { SW_AGENT_PROPAGATE_TO: 'a.b,*.c' } }).propagateTo).toEqual(['a.b', '*.c']);
    expect(faultsOf({ options: { trustIncoming: [] } })).toHaveLength(1);
  });
});
