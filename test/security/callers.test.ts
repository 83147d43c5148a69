import http from 'node:http';
import net from 'node:net';
import { Log } from '../../src/base/log';
import { ClientSpans } from '../../src/instrument/client-spans';
import { parseTarget } from '../../src/instrument/http/http-url';
import { byValues } from '../../src/instrument/route/path-pieces';
import { Stage } from '../instrument/http-fixture';
import { FakeClock } from '../support/fake-clock';
import { costsOf } from '../support/cost';
import { tracing } from '../support/tracing';
import type { V3Identity } from '../../src/protocol/v3/sw8/propagator';

const say = (message: string): never => {
  throw new Error(message);
};
const quiet = new Log(new FakeClock(), { error: say, warn: say, info: say, debug: say });

const b64 = (text: string): string => Buffer.from(text).toString('base64');

interface Names {
  readonly service?: string;
  readonly instance?: string;
  readonly endpoint?: string;
  readonly peer?: string;
  readonly entry?: string;
}

const sw8 = ({ service = 'orders', instance = 'orders-1', endpoint = '/a', peer = 'a:80' }: Names = {}): string =>
  ['1', b64('3.4.5'), b64('1.2.3'), '4', ...[service, instance, endpoint, peer].map(b64)].join('-');
const sw6 = ({ peer = 'a:80', endpoint = '/a', entry = '/e' }: Names = {}): string =>
  ['1', b64('3.4.5'), b64('1.2.3'), '4-1-1', ...[peer, entry, endpoint].map((name) => b64(`#${name}`))].join('-');

const V3: V3Identity = { protocol: 'v3', service: 's', instance: 'i', endpoint: () => '/e' };

/** Whether the trace of a request with this carrier goes on with its caller's. */
function isJoined(headers: Readonly<Record<string, unknown>>): boolean {
  const entry = tracing({ names: () => V3 }).tracer.openEntry('/', headers)!;
  const isOwn = String(entry.segment.traceId) !== '3.4.5';
  expect(entry.refs === undefined).toBe(isOwn);
  return !isOwn;
}

/** Names that show otherwise than they are, or that no server keeps. */
const BAD: readonly (readonly [string, string])[] = [
  ['a NUL', 'a\0b'],
  ['a line feed', 'a\nb'],
  ['an escape sequence', '\u001b[31mred'],
  ['a DEL', 'a\u007f'],
  ['a control of C1', 'a\u009b31m'],
  ['a right-to-left override', 'a\u202etxt.exe'],
  ['a bidirectional isolate', 'a\u2066b\u2069'],
  ['an Arabic letter mark', 'a\u061cb'],
  ['a line separator', 'a\u2028b'],
  ['a zero-width space', 'a\u200bb'],
  ['a byte order mark', '\ufeffa'],
  ['a soft hyphen', 'a\u00adb'],
  ['a joiner of graphemes', 'a\u034fb'],
  ['an invisible separator', 'a\u2063b'],
  ['a vowel separator of Mongolian', 'a\u180eb'],
  ['a variation selector of no emoji', 'a\u{e0100}b'],
  ['a tag', 'a\u{e0061}b'],
  ['a filler of Hangul', 'a\u3164b'],
  ['a filler of Hangul at a beginning', 'a\u115fb'],
  ['an inherent vowel of Khmer', 'a\u17b4b'],
  ['an anchor of annotations', 'a\ufff9b'],
  ['a deprecated format character', 'a\u206ab'],
  ['513 characters', 'a'.repeat(513)],
  ['513 characters beyond ASCII', 'é'.repeat(513)],
  ['1,500 characters', 'a'.repeat(1_500)],
];

/** Names that other agents send. */
const GOOD: readonly (readonly [string, string])[] = [
  ['of Java', 'org.apache.skywalking.Controller.handle(java.lang.String)'],
  ['of a raw path of 512 characters', `/${'a'.repeat(511)}`],
  ['of 512 characters beyond ASCII', '⚓'.repeat(512)],
  ['in Arabic', 'خدمة الطلبات'],
  ['in Persian, with a non-joiner', 'می\u200cخواهم'],
  ['with an emoji of several characters', '👩\u200d💻'],
  ['with an emoji shown in colour', '\u2764\ufe0f'],
  ['with a blank', 'GET:/a b'],
];

describe('a carrier of sw8', () => {
  it.each(BAD)('is malformed where a name has %s, and a new trace begins', (_title, name) => {
    for (const part of ['service', 'instance', 'endpoint', 'peer'])
      expect([part, isJoined({ sw8: sw8({ [part]: name }) })]).toEqual([part, false]);
  });

  it.each(GOOD)('is taken with a name %s', (_title, name) => {
    expect(isJoined({ sw8: sw8({ endpoint: name }) })).toBe(true);
  });
});

describe('an id of sw8', () => {
  const carrierOf = (traceId: string, segmentId: string): string =>
    ['1', b64(traceId), b64(segmentId), '4', ...['orders', 'orders-1', '/a', 'a:80'].map(b64)].join('-');
  const joined = (traceId: string, segmentId: string): string | undefined => {
    const { segment, refs } = tracing({ names: () => V3 }).tracer.openEntry('/', {
      sw8: carrierOf(traceId, segmentId),
    })!;
    return refs && String(segment.traceId);
  };

  it.each([
    ['a place of a format string', 'a%jb'],
    ['the end of what stands around it in a line', 'a,b,0]]'],
    ['a quote', 'a"b'],
    ['a backslash', 'a\\nb'],
    ['a mark of HTML', '<b>'],
    ['a blank', 'a b'],
    ['no ASCII', 'é'],
  ])('makes the carrier malformed where it holds %s', (_title, id) => {
    expect([joined(id, '1.2.3'), joined('3.4.5', id)]).toEqual([undefined, undefined]);
  });

  it.each([
    ['of Java', '0f9a4f62c1d84e0fa3b2c1d84e0fa3b2.57.17321000000000001'],
    ['of a browser', '6f1a0f3c-8f0a-4f5e-9d58-7c6f5b8a0001'],
    ['in Base64', 'YWFh+/b='],
    ['of a cloud', 'Root=1-67891233-abcdef012345678912345678'],
    ['with a host in it', 'web_1@host:8080~7'],
  ])('is taken as other agents and proxies make it: %s', (_title, id) => {
    expect([joined(id, '1.2.3'), joined('3.4.5', id)]).toEqual([id, '3.4.5']);
  });
});

describe('a carrier of sw6', () => {
  it.each(BAD)('is malformed where a name has %s, and a new trace begins', (_title, name) => {
    for (const part of ['entry', 'endpoint', 'peer'])
      expect([part, isJoined({ sw6: sw6({ [part]: name }) })]).toEqual([part, false]);
  });

  it.each(GOOD)('is taken with a name %s', (_title, name) => {
    expect(isJoined({ sw6: sw6({ endpoint: name }) })).toBe(true);
  });
});

describe('the headers of a hostile caller', () => {
  const KB8 = 8_192;
  const pair = `${b64('k')}:${b64('v')}`;
  const wholePair = `${b64('k'.repeat(128))}:${b64('v'.repeat(128))}`;
  const hostile: readonly (readonly [string, Record<string, unknown>])[] = [
    ['8 KB of commas', { sw8: sw8(), 'sw8-correlation': ','.repeat(KB8) }],
    ['8 KB of colons', { sw8: sw8(), 'sw8-correlation': ':'.repeat(KB8) }],
    ['8 KB of small pairs', { sw8: sw8(), 'sw8-correlation': Array(900).fill(pair).join() }],
    ['8 KB of whole pairs', { sw8: sw8(), 'sw8-correlation': Array(23).fill(wholePair).join() }],
    ['8 KB of small pairs in two headers', { sw8: sw8(), 'sw8-correlation': Array(900).fill(pair).join(', ') }],
    ['8 KB of one key', { sw8: sw8(), 'sw8-correlation': 'A'.repeat(KB8) }],
    ['8 KB of digits', { sw8: sw8(), 'sw8-x': `1-${'1'.repeat(KB8)}` }],
    ['4 KB of dashes', { sw8: '-'.repeat(4_096) }],
    ['4 KB of names', { sw8: sw8({ endpoint: 'a'.repeat(512), service: 'b'.repeat(512), peer: 'é'.repeat(513) }) }],
    ['4 KB of one name', { sw6: sw6({ endpoint: 'a', peer: 'b'.repeat(2_900) }) }],
    ['both carriers, malformed at the end', { sw6: `${sw6({ endpoint: 'a'.repeat(512) })}x`, sw8: `${sw8()}x` }],
    ['sw8 twice', { sw8: `${sw8()}, ${sw8()}` }],
    ['arrays of 10,000', { sw8: Array(10_000).fill(sw8()), 'sw8-correlation': Array(10_000).fill(pair) }],
  ];
  const bytesOf = (headers: Record<string, unknown>): number =>
    Object.values(headers).reduce((sum: number, value) => sum + String(value).length, 0);

  it.each(hostile)('cost no more a byte than a plain carrier does: %s', (_title, headers) => {
    const { tracer } = tracing({ names: () => V3, sink: () => undefined });
    const works = [headers, { sw8: sw8() }, {}].map((each) => () => tracer.end(tracer.openEntry('/', each)!));
    const [most, plain, none] = costsOf(works, { rounds: 21, calls: 300 }) as [number, number, number];
    const perByte = (most - none) / bytesOf(headers);
    const perPlainByte = (plain - none) / bytesOf({ sw8: sw8() });
    expect(perByte).toBeLessThan(1.5 * perPlainByte);
    // And whatever they are, no more in all than a few plain ones.
    expect(most - none).toBeLessThan(25 * (plain - none));
  });
});

describe('user info in a target', () => {
  it.each([
    ['//u:pw@h/a', '//h/a'],
    ['//u:pw@h', '//h'],
    ['//u:p@w@h/a?b', '//h/a'],
    ['/proxy/http://u:pw@h/a', '/proxy/http://h/a'],
    ['/\\u:pw@h/a', '/\\h/a'],
    ['u:pw@h:443', 'h:443'],
    ['http://u:pw@h//u:pw@g/a', '//g/a'],
    ['/@scope/name', '/@scope/name'],
    ['//@scope/name', '//@scope/name'],
    ['/users/a@b.example', '/users/a@b.example'],
    ['/proxy/HTTPS:/u:pw@h/a', '/proxy/HTTPS:/h/a'],
    ['/proxy/http:\\u:pw@h/a', '/proxy/http:\\h/a'],
    ['/files/C:/report@v2.pdf', '/files/C:/report@v2.pdf'],
    ['/npm:/react@18', '/npm:/react@18'],
  ])('is in no part of it: %s', (target, path) => {
    const { tracer } = tracing();
    const spans = new ClientSpans(tracer, { ignorePath: [], ignoreSuffix: [], collectQuery: true, log: quiet });
    const span = spans.openFor({ method: 'GET', path: target, protocol: 'http:' }, 'proxy:8080')!;
    expect(span.operationName).toBe(path);
    expect(span.url.includes('pw')).toBe(false);
  });

  it('costs no more than the length of the path, whatever it holds', () => {
    const [plain, ...hostile] = costsOf(
      [
        '/a'.repeat(4_000),
        '@'.repeat(8_000),
        '//'.repeat(4_000) + '@',
        '//a'.repeat(2_700) + '@',
        'a@'.repeat(4_000),
        'http:/'.repeat(1_300) + '@',
        '/' + ':'.repeat(8_000) + '@',
      ].map((target) => () => void parseTarget(target)),
      { calls: 20 },
    );
    for (const cost of hostile) expect(cost / plain!).toBeLessThan(500);
  });
});

describe('a path of malformed segments', () => {
  it('is decoded a few times at most, and what is well formed has its parameter', () => {
    const decode = jest.spyOn(globalThis, 'decodeURIComponent');
    try {
      const path = `/a%20b${'/%'.repeat(250)}`;
      expect(byValues(path, { x: 'no', y: 'such', z: 'value', first: 'a b' }).name).toBe(`/:first${'/%'.repeat(250)}`);
      expect(decode.mock.calls.length).toBeLessThan(10);
    } finally {
      decode.mockRestore();
    }
  });
});

describe('user info of a real request', () => {
  let stage: Stage;
  beforeEach(() => (stage = new Stage()));
  afterEach(() => stage.close());

  it('is not recorded of one that comes in for //user:password@host', async () => {
    const port = await stage.serve((_request, response) => response.end());
    (await stage.connect(port)).send('GET //u:secret@h/a HTTP/1.1\r\nHost: u:secret@x\r\n\r\n');
    const entry = await stage.entry();
    expect([entry.operationName, entry.url]).toEqual(['//h/a', 'http://x//h/a']);
  });

  it('is not recorded of a query in its Host header', async () => {
    const port = await stage.serve((_request, response) => response.end());
    (await stage.connect(port)).send('GET /a HTTP/1.1\r\nHost: h?secret\r\n\r\n');
    expect((await stage.entry()).url).toBe('http://h/a');
  });

  it('is not recorded of a CONNECT that goes out', async () => {
    const proxy = net.createServer((socket) => socket.end('HTTP/1.1 403 No\r\nConnection: close\r\n\r\n'));
    const port = await stage.listen(proxy);
    http
      .request({ port, method: 'CONNECT', path: 'u:secret@shop.example:443' })
      .on('connect', () => undefined)
      .end();
    const exit = await stage.exit();
    expect(exit.operationName).toBe('shop.example:443');
    expect(exit.url).not.toContain('secret');
  });
});
