import { once } from 'node:events';
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { context, untraced } from '../../src/tracing/context';
import { supportsHeaderInjection } from '../../src/instrument/http/client/request-head';
import { CERTIFICATE, KEY } from '../config/certificates';
import { until } from '../support/until';
import { carrying, nameOf, Stage } from './http-fixture';

type Module = typeof http | typeof https;
/** Makes a request and hands it over as it is; the test ends it. */
type Make = (module: Module, options: RequestOptions) => ClientRequest;

let stage: Stage;
/** The headers of each request that came to the server: name and value in turn. */
let heads: string[][];

beforeAll(() => {
  https.globalAgent.options.ca = CERTIFICATE;
});

afterEach(async () => {
  http.globalAgent.destroy();
  https.globalAgent.destroy();
  await stage.close();
  expect(stage.said).toEqual([]);
});

const answer: http.RequestListener = (request, response) => {
  heads.push(request.rawHeaders);
  request.resume().on('end', () => response.end('ok'));
};

function valuesOf(head: readonly string[] | undefined, name: string): string[] {
  return (head ?? []).filter((_one, at, all) => at % 2 === 1 && all[at - 1]!.toLowerCase() === name);
}

async function answered(request: ClientRequest): Promise<void> {
  request.on('response', (response) => response.resume());
  await once(request, 'close');
}

/** Names and values in turn, or pairs of them: Node takes both, its types only the first. */
const listed = (list: unknown): http.OutgoingHttpHeaders => list as http.OutgoingHttpHeaders;

describe.each([
  ['by methods of Node’s classes', false],
  ['by the functions that modules export', true],
])('%s', (_way, byFunctions) => {
  beforeEach(() => {
    heads = [];
    stage = new Stage({ instrument: { ignorePath: ['*'], byFunctions } });
    carrying(stage);
  });

  const makes: Record<string, Make> = {
    'request(options)': (m, options) => m.request(options),
    'request(options, callback)': (m, options) => m.request(options, () => undefined),
    'request(string)': (m, options) => m.request(urlOf(m, options)),
    'request(string, options, callback)': (m, options) => m.request(urlOf(m, options), { headers: { a: 'b' } }, read),
    'request(URL)': (m, options) => m.request(new URL(urlOf(m, options))),
    'request(URL, options)': (m, options) => m.request(new URL(urlOf(m, options)), { method: 'PUT' }),
    'get(options)': (m, options) => m.get(options),
    'get(string, callback)': (m, options) => m.get(urlOf(m, options), read),
    'get(URL, options, callback)': (m, options) => m.get(new URL(urlOf(m, options)), { headers: { a: 'b' } }, read),
    'headers as a list': (m, o) => m.request({ ...o, headers: listed(['Host', 'shop', 'A', 'b']) }),
    'headers as pairs': (m, o) => m.request({ ...o, headers: listed([['Host', 'shop'], ['A', 'b']]) }), // prettier-ignore
    'headers set afterwards': (m, options) => m.request(options).setHeader('a', 'b').appendHeader('a', 'c'),
    'headers flushed before the body': (m, options) => {
      const request = m.request({ ...options, method: 'POST' });
      request.flushHeaders();
      return request;
    },
    'a body in pieces': (m, options) => {
      const request = m.request({ ...options, method: 'POST' });
      request.write('x');
      return request;
    },
    'Expect: 100-continue': (m, options) => {
      const request = m.request({ ...options, method: 'POST', headers: { Expect: '100-continue', a: 'b' } });
      return request.on('continue', () => request.end('body'));
    },
    'a Host header of its own': (m, options) => m.request({ ...options, headers: { host: 'virtual.example' } }),
    'no Host header': (m, options) => m.request({ ...options, setHost: false, headers: { a: 'b' } }),
    'no agent': (m, options) => m.request({ ...options, agent: false }),
    'user and password': (m, options) => m.request({ ...options, auth: 'user:pw' }),
  };

  function urlOf(module: Module, { port, path }: RequestOptions): string {
    return `${module === https ? 'https' : 'http'}://127.0.0.1:${port}${path}`;
  }

  const read = (response: IncomingMessage): void => void response.resume();

  describe.each([
    ['http', http],
    ['https', https],
  ] as const)('%s', (_name, module) => {
    let port: number;

    beforeEach(async () => {
      const options = { cert: CERTIFICATE, key: KEY, requireHostHeader: false };
      port = await stage.listen((module as typeof https).createServer(options, answer));
    });

    it.each(Object.entries(makes))('%s: the header is there once, beside the caller’s own', async (what, make) => {
      const tls = { rejectUnauthorized: false };
      const options = (): RequestOptions => ({ port, host: '127.0.0.1', path: '/a', headers: { x: 'y' }, ...tls });
      const send = async (): Promise<void> => {
        const request = make(module, options());
        if (!what.startsWith('Expect')) request.end();
        await answered(request);
      };
      await send();
      await stage.closed(1);
      stage.disable();
      await send();
      const [traced, bare] = heads;
      expect(valuesOf(traced, 'sw6')).toEqual([nameOf(stage.exits[0]!)]);
      expect(stage.exits[0]!.peer).toBe(`127.0.0.1:${port}`);
      const rest = traced!.filter((_one, at, all) => all[at - (at % 2)] !== 'sw6');
      expect(rest).toEqual(bare);
    });

    it.each<[string, Make]>([
      ['in an object', (m, options) => m.request({ ...options, headers: { SW6: 'mine' } })],
      ['in a list', (m, o) => m.request({ ...o, headers: listed(['Host', 'shop', 'Sw6', 'mine']) })],
      ['in pairs', (m, o) => m.request({ ...o, headers: listed([['Host', 'shop'], ['sw6', 'mine']]) })], // prettier-ignore
      ['afterwards', (m, options) => m.request(options).setHeader('sW6', 'mine')],
    ])('a header that the caller set himself, %s, is his', async (_how, make) => {
      const request = make(module, { port, host: '127.0.0.1' }).end();
      await answered(request);
      await stage.closed(1);
      expect(heads.map((head) => valuesOf(head, 'sw6'))).toEqual([['mine']]);
    });
  });

  it('the same options may be used again and again; each request has a header of its own', async () => {
    const port = await stage.serve(answer);
    const options = { port, host: '127.0.0.1', headers: listed(['Host', 'shop']) };
    const before = JSON.stringify(options);
    for (let n = 0; n < 3; n++) await answered(http.get(options));
    await stage.closed(3);
    expect(heads.map((head) => valuesOf(head, 'sw6'))).toEqual(stage.exits.map((span) => [nameOf(span)]));
    expect(JSON.stringify(options)).toBe(before);
  });

  it('many overlapping requests with keep-alive have each their own', async () => {
    const port = await stage.serve(answer);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 3 });
    await Promise.all(Array.from({ length: 30 }, () => answered(http.get({ port, agent }))));
    await stage.closed(30);
    const names = stage.exits.map(nameOf).sort();
    expect(new Set(names).size).toBe(30);
    expect(heads.flatMap((head) => valuesOf(head, 'sw6')).sort()).toEqual(names);
    agent.destroy();
  });

  it('while there is nothing to carry, the request is as without us', async () => {
    jest.restoreAllMocks();
    const port = await stage.serve(answer);
    await answered(http.get({ port }));
    await stage.closed(1);
    stage.disable();
    await answered(http.get({ port }));
    expect(heads[0]).toEqual(heads[1]);
  });

  it('what is not traced carries nothing, and what the caller set is left to him', async () => {
    const port = await stage.serve(answer);
    await context.run(untraced, async () => {
      await answered(http.get({ port }));
      await answered(http.get({ port, headers: { sw6: 'mine' } }));
    });
    await stage.closed(0);
    expect(heads.map((head) => valuesOf(head, 'sw6'))).toEqual([[], ['mine']]);
  });

  it('an agent that finds its connections in its own way is served, and the peer is right', async () => {
    const port = await stage.serve(answer);
    class Own {
      defaultPort = 80;
      addRequest(request: ClientRequest, { host, port }: net.TcpNetConnectOpts): void {
        setImmediate(() => request.onSocket(net.connect({ host: host ?? '', port })));
      }
    }
    const options = { host: '127.0.0.1', port, agent: new Own() as never };
    await answered(http.get(options));
    await answered(http.get({ ...options, headers: listed(['Host', `127.0.0.1:${port}`]) }));
    await answered(http.get({ ...options, headers: { 'x-a': '1' } }));
    await stage.closed(3);
    expect(heads.map((head) => valuesOf(head, 'sw6'))).toEqual(stage.exits.map((span) => [nameOf(span)]));
    expect(stage.exits.map(({ operationName }) => operationName)).toEqual(['/', '/', '/']);
    const peers = stage.exits.map(({ peer }) => peer);
    // Without an agent of Node's and with a list of headers, the port is in the functions' arguments alone.
    expect([peers[0], peers[2]]).toEqual([`127.0.0.1:${port}`, `127.0.0.1:${port}`]);
  });

  it('a connection that the caller makes himself is used, and the peer is right', async () => {
    const port = await stage.serve(answer);
    const createConnection = (): net.Socket => net.connect({ host: '127.0.0.1', port });
    await answered(http.get({ host: '127.0.0.1', port, createConnection }));
    await stage.closed(1);
    expect(stage.exits[0]!.peer).toBe(`127.0.0.1:${port}`);
    expect(heads.map((head) => valuesOf(head, 'sw6'))).toEqual([[nameOf(stage.exits[0]!)]]);
  });

  it('a request that is made in one scope and sent in another is that of the one who made it', async () => {
    const port = await stage.serve(answer);
    let request!: ClientRequest;
    const maker = stage.tracer.trace('maker', async () => {
      request = http.request({ port });
      await until(() => stage.segments.length, (length) => length === 1, { timeoutMs: 5_000 }); // prettier-ignore
    });
    await stage.tracer.trace('sender', async () => void request.end());
    await Promise.all([maker, answered(request)]);
    const [sender, made] = await stage.closed(2);
    expect([sender, made].map((segment) => segment!.spans.map(({ operationName }) => operationName))).toEqual([
      ['sender'],
      expect.arrayContaining(['maker', '/']),
    ]);
  });
});

describe('the inside of Node', () => {
  const { prototype } = http.ClientRequest as unknown as { prototype: Record<string, StoreHeader> };
  type StoreHeader = (this: object, firstLine: string, headers: unknown) => void;
  const own = Object.getOwnPropertyDescriptor(prototype, '_storeHeader');
  const { _storeHeader: original } = prototype;

  beforeEach(() => {
    heads = [];
  });

  afterEach(() => {
    if (own) Object.defineProperty(prototype, '_storeHeader', own);
    else Reflect.deleteProperty(prototype, '_storeHeader');
  });

  it('is as we know it', () => {
    stage = new Stage();
    expect(supportsHeaderInjection()).toBe(true);
  });

  it.each<[string, StoreHeader | undefined]>([
    ['has no such method', undefined],
    ['throws', () => { throw new Error('no'); }], // prettier-ignore
    ['stores nothing', () => undefined],
    [
      'makes the request line itself',
      function (firstLine, headers) {
        original!.call(this, `${firstLine.split('\r\n')[0]!}\r\n`, headers);
      },
    ],
  ])('that %s is found out, and calls are traced by what is public', async (_what, storeHeader) => {
    Object.defineProperty(prototype, '_storeHeader', { value: storeHeader, configurable: true, writable: true });
    expect(supportsHeaderInjection()).toBe(false);
    stage = new Stage({ instrument: { ignorePath: ['*'] } });
    expect(stage.said.splice(0)).toEqual([expect.stringContaining('other internals')]);
    if (own) Object.defineProperty(prototype, '_storeHeader', own);
    else Reflect.deleteProperty(prototype, '_storeHeader');
    carrying(stage);
    const port = await stage.serve(answer);
    await answered(http.get({ port }));
    await stage.closed(1);
    expect(heads.map((head) => valuesOf(head, 'sw6'))).toEqual([[nameOf(stage.exits[0]!)]]);
  });
});
