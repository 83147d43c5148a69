import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { runInNewContext } from 'node:vm';
import { SpanType } from '../../src/model/components';
import { ask, CALLS_ONLY, Stage } from './http-fixture';

/** What other agents for Node.js are known to get wrong, by what their users wrote of it. */
let stage: Stage;

afterEach(async () => {
  http.globalAgent.destroy();
  await stage.close();
  expect(stage.said).toEqual([]);
});

async function read(request: ClientRequest): Promise<string> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let body = '';
  for await (const text of response.setEncoding('utf8')) body += text as string;
  return body;
}

describe('requests to a server', () => {
  beforeEach(() => {
    stage = new Stage();
  });

  it('are never merged into one trace, though they come over one kept connection', async () => {
    const port = await stage.serve((_request, response) => setTimeout(() => response.end('ok'), 2));
    const client = await stage.connect(port);
    for (let n = 1; n <= 5; n++) {
      client.send(`GET /${n} HTTP/1.1\r\nHost: shop\r\n\r\n`);
      await stage.closed(n);
    }
    expect(new Set(stage.segments.map(({ traceId }) => String(traceId))).size).toBe(5);
    expect(stage.segments.map(({ spans }) => spans.length)).toEqual([1, 1, 1, 1, 1]);
    client.socket.destroy();
  });

  it.each(['sw6: 0', 'sw8: 0', 'sw8: null', 'sw8: undefined', 'sw8-correlation: ?', 'sw8-x: ?'])(
    'are traced, and the host goes on, whatever header disables another agent: %s',
    async (line) => {
      const port = await stage.serve((_request, response) => response.end('ok'));
      const client = await stage.connect(port);
      client.send(`GET /a HTTP/1.1\r\nHost: shop\r\n${line}\r\n\r\n`);
      await client.has('200 OK');
      expect(await stage.entry()).toMatchObject({ operationName: '/a', refs: undefined });
      client.socket.destroy();
    },
  );

  it('do not crash the host as they are answered, though the request has lost its socket', async () => {
    const port = await stage.serve((request, response) => {
      response.on('prefinish', () => Object.defineProperty(request, 'socket', { value: null }));
      response.end('ok');
    });
    expect(await (await ask(port, '/a')).text()).toBe('ok');
    expect(await stage.entry()).toMatchObject({ operationName: '/a', statusCode: 200, isError: false });
  });
});

describe.each([
  ['by methods of Node’s classes', false],
  ['by the functions that modules export', true],
] as const)('calls, traced %s', (_way, byFunctions) => {
  let port: number;
  const heads: (string | undefined)[] = [];

  beforeEach(async () => {
    heads.length = 0;
    stage = new Stage({ instrument: { ...CALLS_ONLY, byFunctions } });
    port = await stage.serve((request, response) => {
      heads.push(request.url);
      response.end('ok');
    });
  });

  it('by http.get, https.get, http.request, https.request and fetch are all traced', async () => {
    const failing = { host: '127.0.0.1', port: 1 };
    expect(await read(http.get({ port, path: '/get' }))).toBe('ok');
    expect(await read(http.request({ port, path: '/request' }).end())).toBe('ok');
    expect(await (await fetch(`http://127.0.0.1:${port}/fetch`)).text()).toBe('ok');
    await once(https.get({ ...failing, path: '/secure-get' }), 'error');
    await once(https.request({ ...failing, path: '/secure-request' }).end(), 'error');
    await stage.closed(5);
    const names = ['/get', '/request', '/fetch', '/secure-get', '/secure-request'];
    expect(stage.exits.map(({ operationName }) => operationName)).toEqual(names);
  });

  it('with a host that is no text, which Node does not look at beside a hostname, are made as without us', async () => {
    const options = { hostname: '127.0.0.1', host: new URL('http://ignored.invalid/'), port, path: '/a' };
    expect(await read(http.get(options as never))).toBe('ok');
    expect(await stage.exit()).toMatchObject({ operationName: '/a', peer: `127.0.0.1:${port}` });
  });

  it('to a URL of another realm go where it says', async () => {
    const foreign: unknown = runInNewContext('new Foreign(text)', {
      text: `http://127.0.0.1:${port}/a?b=c`,
      Foreign: class {
        readonly #url: URL;
        constructor(text: string) {
          this.#url = new URL(text);
        }
        get href() { return this.#url.href; } // prettier-ignore
        get protocol() { return this.#url.protocol; } // prettier-ignore
        get hostname() { return this.#url.hostname; } // prettier-ignore
        get port() { return this.#url.port; } // prettier-ignore
        get pathname() { return this.#url.pathname; } // prettier-ignore
        get search() { return this.#url.search; } // prettier-ignore
        get hash() { return this.#url.hash; } // prettier-ignore
        get host() { return this.#url.host; } // prettier-ignore
        get origin() { return this.#url.origin; } // prettier-ignore
        get username() { return ''; } // prettier-ignore
        get password() { return ''; } // prettier-ignore
      },
    });
    expect(await read(http.get(foreign as URL))).toBe('ok');
    expect(heads).toEqual(['/a?b=c']);
    expect(await stage.exit()).toMatchObject({ operationName: '/a', peer: `127.0.0.1:${port}` });
  });

  it('over one kept connection have their answers in the scope of their own caller', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const own = new AsyncLocalStorage<number>();
    const seen: unknown[] = [];
    await Promise.all(
      [0, 1, 2, 3].map((n) =>
        own.run(n, () =>
          stage.tracer.trace(`job ${n}`, async () => {
            const request = http.get({ port, agent, path: `/${n}` }, (response) => {
              response.on('data', () => stage.tracer.trace(`data ${n}`, () => seen.push([n, own.getStore()])));
            });
            await once(request, 'close');
          }),
        ),
      ),
    );
    agent.destroy();
    await stage.closed(4);
    expect(seen).toEqual([0, 1, 2, 3].map((n) => [n, n]));
    for (const { spans } of stage.segments) {
      const job = spans.find(({ operationName }) => operationName.startsWith('job'))!;
      const n = job.operationName.slice('job '.length);
      expect(spans.map(({ operationName }) => operationName).sort()).toEqual([`/${n}`, `data ${n}`, `job ${n}`]);
    }
  });

  it('are left to a test double that inherits from ClientRequest without its constructor, as nock 13 does', async () => {
    const double = Object.create(http.ClientRequest.prototype) as ClientRequest;
    Reflect.apply(http.OutgoingMessage, double, []);
    Object.assign(double, { path: '/double', method: 'GET' });
    expect(double.emit('socket', {})).toBe(false);
    double.emit('response', new http.IncomingMessage({} as never));
    double.emit('close');
    // Whatever is wrong with the double is said by the stage's log, which has to stay empty.
    expect(await read(http.get({ port, path: '/real' }))).toBe('ok');
    expect((await stage.exit()).operationName).toBe('/real');
  });

  it('whose response closes after its end end once, with no error', async () => {
    const request = http.get({ port, path: '/a' });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
    response.destroy();
    request.destroy();
    request.emit('close');
    await stage.closed(1);
    expect(stage.exits).toMatchObject([{ type: SpanType.exit, isError: false, logs: undefined }]);
  });
});
