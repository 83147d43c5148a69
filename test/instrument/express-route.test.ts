import express from 'express';
import { routeOf } from '../../src/instrument/route/route';
import { Stage, ask } from './http-fixture';
import type { RequestListener, ServerResponse } from 'node:http';

type Router = express.Router;

const NAMES = { protocol: 'v3', epoch: 1, service: 's', instance: 'i', endpoint: () => '/' } as const;

let stage: Stage;

beforeEach(() => {
  stage = new Stage({ tracer: { names: () => NAMES } });
});

afterEach(async () => {
  await stage.close();
  expect(stage.said).toEqual([]);
});

function answer(_request: express.Request, response: ServerResponse): void {
  response.end();
}

/** Answers, or hands the request on, as its last segment says. */
function asTold(request: express.Request, response: ServerResponse, next: express.Next): void {
  if (request.params.id === 'bad') next(new RangeError('of the application'));
  else if (request.params.id === 'next') next();
  else response.end();
}

function failed(error: unknown, _request: express.Request, response: ServerResponse, next: express.Next): void {
  if (response.headersSent) next(error);
  else response.writeHead(500).end();
}

function appWith(fill: (app: Router) => void): RequestListener & Router {
  const app = express();
  fill(app);
  app.use((_request, response) => response.writeHead(404).end());
  app.use(failed);
  return app;
}

function orders(): Router {
  const router = express.Router();
  router.get('/', (_request, _response, next) => next());
  router.get('/:id', asTold);
  router.get('/x/:id', () => Promise.reject(new RangeError('of the application')));
  return router;
}

/** The entry span's name and status for each of these paths, asked for one after the other. */
async function namesOf(app: RequestListener, paths: readonly string[]): Promise<string[]> {
  const port = await stage.serve(app);
  for (const path of paths) await ask(port, path);
  return (await stage.closed(paths.length)).map(({ spans: [span] }) => `${span!.statusCode} ${span!.operationName}`);
}

describe("express's route in a mounted router", () => {
  it('has its mount before it, though the router hands the request on', async () => {
    const app = appWith((top) => top.use('/orders', orders()));
    const paths = [
      '/orders/bad',
      '/orders/next?a=/b',
      '/orders/x/7',
      '/Orders/X/7/',
      '/orders',
      '/orders/7',
      '/nothing',
    ];
    expect(await namesOf(app, paths)).toEqual([
      '500 /orders/:id',
      '404 /orders/:id',
      '500 /orders/x/:id',
      '500 /orders/x/:id',
      '404 /orders',
      '200 /orders/:id',
      '404 /nothing',
    ]);
  });

  it('has all mounts before it, wherever on the way out the request is answered', async () => {
    const app = appWith((top) => {
      const api = express.Router();
      api.use('/orders', orders());
      api.use('/quiet', orders());
      api.use('/quiet/:any', failed);
      top.use('/api', api);
      const shop = appWith((inner) => inner.use('/orders', orders()));
      top.use('/shop', shop);
    });
    const paths = ['/api/orders/bad', '/api/quiet/bad', '/api/orders/next', '/shop/orders/bad', '/shop/orders/7'];
    expect(await namesOf(app, paths)).toEqual([
      '500 /api/orders/:id',
      '500 /api/quiet/:id',
      '404 /api/orders/:id',
      '500 /shop/orders/:id',
      '200 /shop/orders/:id',
    ]);
  });

  it('is its own at each of its mounts', async () => {
    const app = appWith((top) => {
      const router = orders();
      top.use('/v1', router);
      top.use('/v2', router);
      top.use(router);
    });
    expect(await namesOf(app, ['/v1/7', '/v2/bad', '/v1/bad', '/v2/8', '/9', '/bad'])).toEqual([
      '200 /v1/:id',
      '500 /v2/:id',
      '500 /v1/:id',
      '200 /v2/:id',
      '200 /:id',
      '500 /:id',
    ]);
  });

  it('is named without an origin that the framework keeps in `baseUrl`', async () => {
    const app = appWith((top) => {
      top.get('/orders/:id', (request, response) => {
        // As sails does with every request, from the caller's own header.
        Object.assign(request, { baseUrl: `http://${request.headers.host}` });
        response.end();
      });
    });
    expect(await namesOf(app, ['/orders/7', '/orders/8'])).toEqual(['200 /orders/:id', '200 /orders/:id']);
  });

  it('is without what the application took off the path before it routed', async () => {
    const app = appWith((top) => {
      top.use((request, _response, next) => {
        request.url = request.url!.replace(/^\/tenant-\d+/, '');
        next();
      });
      top.use('/orders', orders());
      top.get('/stock/:id', answer);
    });
    expect(await namesOf(app, ['/tenant-1/orders/7', '/tenant-2/orders/bad', '/tenant-3/stock/7'])).toEqual([
      '200 /orders/:id',
      '500 /orders/:id',
      '200 /stock/:id',
    ]);
  });

  it('keeps its mount where its pattern does not tell how long its paths are', async () => {
    const app = appWith((top) => {
      const files = express.Router();
      files.get('/raw/*rest', answer);
      files.get('/list{/:page}', answer);
      files.get('/:name{/:version}', answer);
      top.use('/files', files);
    });
    expect(await namesOf(app, ['/files/raw/a/b/c', '/files/list', '/files/list/2', '/files/7'])).toEqual([
      '200 /files/raw/*rest',
      '200 /files/list{/:page}',
      '200 /files/list{/:page}',
      '200 /files/:name{/:version}',
    ]);
  });

  it('keeps its mount where the application routes one path and leaves another', async () => {
    const app = appWith((top) => {
      const files = express.Router();
      const leave = (request: express.Request, response: ServerResponse): void => {
        request.url = String(request.headers['x-leave']);
        response.end();
      };
      files.get('/move/:id', leave);
      files.get('/:from/:to', leave);
      top.use((request, _response, next) => {
        request.url = String(request.headers['x-route']);
        next();
      });
      top.use('/files', files);
    });
    const port = await stage.serve(app);
    const asked = (route: string, leave: string): Promise<Response> =>
      ask(port, '/move-7', { headers: { 'x-route': route, 'x-leave': leave } });
    await asked('/files/move/7', '/a/elsewhere/7');
    await asked('/files/move/7', '/');
    await asked('/files/a/b', '/');
    const names = (await stage.closed(3)).map(({ spans: [span] }) => span!.operationName);
    expect(names).toEqual(['/files/move/:id', '/files/move/:id', '/files/:from/:to']);
  });

  it('is told by what is no miss in the caches of V8 as often as can be', () => {
    const route = { path: '/:id' };
    const asked: unknown[] = [];
    const request = { route, baseUrl: '/orders', url: '/7', params: { '': '', id: '7', none: '' } };
    const watched = new Proxy(request, { get: (of, key) => (asked.push(key), Reflect.get(of, key) as unknown) });
    expect(routeOf(watched, '/orders/7')).toBe('/orders/:id');
    expect(asked.splice(0)).toEqual(['route', 'baseUrl', 'app', 'params']);
    expect(routeOf(watched, '/orders/8')).toBe('/orders/:id');
    expect(asked.splice(0)).toEqual(['route', 'baseUrl']);
    request.baseUrl = '';
    expect(routeOf(watched, '/7')).toBe('/:id');
    expect(asked).toEqual(['route', 'baseUrl']);
  });
});

describe("express's route in a router at a parameter", () => {
  function items(mergeParams: boolean): Router {
    const router = express.Router({ mergeParams });
    router.get('/', answer);
    router.get('/items/:id', asTold);
    return router;
  }

  it('has the parameter before it where its router merges them, and keeps it when the request is handed on', async () => {
    const app = appWith((top) => top.use('/users/:uid', items(true)));
    const paths = ['/users/a%20b/items/3', '/users/12/items/3', '/users/13/items/bad', '/users/users', '/users/14'];
    expect(await namesOf(app, paths)).toEqual([
      '200 /users/:uid/items/:id',
      '200 /users/:uid/items/:id',
      '500 /users/:uid/items/:id',
      '200 /users/:uid',
      '200 /users/:uid',
    ]);
  });

  it('has its mount where the value is malformed, which express answers with 400', async () => {
    const app = express();
    app.use('/users/:uid', items(true));
    const quiet = jest.spyOn(console, 'error').mockReturnValue();
    const paths = ['/users/%/items/3', '/users/%ff', '/users/a%2', '/users/%25'];
    expect(await namesOf(app, paths)).toEqual([
      '400 /users/:uid',
      '400 /users/:uid',
      '400 /users/:uid',
      '200 /users/:uid',
    ]);
    quiet.mockRestore();
  });

  it('is not taken for the one of another mount', async () => {
    const app = appWith((top) => {
      const router = items(true);
      top.use('/users/:uid/more', router);
      top.use('/users/:uid', router);
      top.use(/^\/v1:[ab]/, router);
    });
    const paths = [
      '/users/1/more/items/1',
      '/users/1/items/1',
      '/users/2/more/items/1',
      '/v1:a/items/1',
      '/v1:b/items/1',
    ];
    expect(await namesOf(app, paths)).toEqual([
      '200 /users/:uid/more/items/:id',
      '200 /users/:uid/items/:id',
      '200 /users/:uid/more/items/:id',
      String.raw`200 /^\/v1:[ab]/items/:id`,
      String.raw`200 /^\/v1:[ab]/items/:id`,
    ]);
  });

  it('takes a literal for no parameter, though it has the value of one', async () => {
    const app = appWith((top) => {
      top.use('/user/:uid', items(true));
      top.use('/from/:from/to/:to', items(true));
      top.use(/^\/(\d+)/, items(true));
      const groups = express.Router({ mergeParams: true });
      groups.use(/^\/group-[^/]+/, items(true));
      top.use('/of/:owner', groups);
    });
    const paths = ['/user/user/items/user', '/from/1/to/1/items/1', '/7/items/7', '/of/me/group-%/items/1'];
    expect(await namesOf(app, paths)).toEqual([
      '200 /user/:uid/items/:id',
      '200 /from/:from/to/:to/items/:id',
      String.raw`200 /^\/(\d+)/items/:id`,
      '200 /of/:owner/^\\/group-[^/]+/items/:id',
    ]);
  });

  it('has the parameter before it where its router does not merge them, wherever the request is answered', async () => {
    const guard = (request: express.Request, response: ServerResponse, next: express.Next): void => {
      if (request.params.tid === 'locked') response.writeHead(401).end();
      else if (request.params.tid === 'failing') next(new RangeError('of the application'));
      else next();
    };
    const app = appWith((top) => {
      const api = express.Router();
      api.use('/tenants/:tid', guard, items(false));
      top.use('/api', api);
      const shop = appWith((inner) => inner.use('/of/:owner', items(false)));
      top.use('/shops/:shop', shop);
    });
    const ids = Array.from({ length: 20 }, (_, n) => `t-${n}`);
    const names = await namesOf(app, [
      ...ids.map((id) => `/api/tenants/${id}/items/7`),
      '/api/tenants/t-1/items/bad',
      '/api/tenants/t-21',
      '/api/tenants/locked/items/7',
      '/api/tenants/failing/items/7',
      '/api/tenants/t-1/nothing/7',
      '/shops/s-1/of/me/items/7',
      '/nothing',
    ]);
    expect([...new Set(names)]).toEqual([
      '200 /api/tenants/:tid/items/:id',
      '500 /api/tenants/:tid/items/:id',
      '200 /api/tenants/:tid',
      '401 /api/tenants/:tid',
      '500 /api/tenants/:tid',
      '404 /api/tenants/:tid',
      '200 /shops/:shop/of/:owner/items/:id',
      '404 /nothing',
    ]);
  });

  it('is one name where a regular expression or one of a list is its path, or that of its mount', async () => {
    const app = appWith((top) => {
      top.get(/^\/orders-\d+$/, answer);
      top.get(['/a/:id', '/b/:id/c', /^\/d\d+$/], answer);
      top.use(['/x/:x', '/y/:y'], items(false));
      top.use(/^\/z\d+/, items(false));
    });
    const ids = Array.from({ length: 20 }, (_, n) => n);
    const names = await namesOf(
      app,
      ids.flatMap((n) => [
        `/orders-${n}`,
        `/a/${n}`,
        `/b/${n}/c`,
        `/x/${n}/items/7`,
        `/y/${n}/items/7`,
        `/z${n}/items/7`,
      ]),
    );
    expect([...new Set(names)]).toEqual([
      String.raw`200 /^\/orders-\d+$/`,
      '200 /a/:id',
      '200 /b/:id/c',
      '200 /x/:x/items/:id',
      '200 /y/:y/items/:id',
      String.raw`200 /^\/z\d+/items/:id`,
    ]);
  });

  it('is the same for each path where a segment of its mounts has some parameters, or may be missing', async () => {
    const app = appWith((top) => {
      for (const mount of ['/:from-:to', '/on/:year-:month-:day']) {
        const router = items(false);
        top.use(mount, router);
        top.use(`${mount}/details`, router);
      }
      top.use(['/x/:x-:y/more', '/x/:x-:y'], items(false));
      top.use('/of/:a-:b{/in/:lang}', items(false));
    });
    const bases = ['/a-b', '/on/a-b-c', '/x/a-b', '/of/a-b', '/of/a-b/in/c'];
    const paths = [...bases, '/a-b/details', '/on/1-2-3/details', '/x/a-b/more', ...bases.map((base) => `${base}-d`)];
    expect(await namesOf(app, [...paths, '/-/details', '/a--b', '/on/a-b-c-d/details'])).toEqual([
      '200 /:from-:to',
      '200 /on/:year-:month-:day',
      '200 /x/:x-:y',
      '200 /of/:a-:b{/in/:lang}',
      '200 /of/:a-:b{/in/:lang}',
      '200 /:from-:to/details',
      '200 /on/:year-:month-:day/details',
      '200 /x/:x-:y/more',
      '200 /:from-:to',
      '200 /on/:year-:month-:day',
      '200 /x/:x-:y',
      '200 /of/:a-:b{/in/:lang}',
      '200 /of/:a-:b{/in/:lang}',
      '404 /-/details',
      '200 /:from-:to',
      '200 /on/:year-:month-:day/details',
    ]);
  });

  it('has one name at all mounts that are longer than any name', async () => {
    const app = appWith((top) => {
      const router = items(false);
      top.use('/:from-:to', router);
      top.use('/:from-:to/details', router);
      top.use(/^\/[^/]+/, router);
    });
    const long = (length: number): string => `${'-'.repeat(length)}x`;
    const paths = [`/${long(509)}`, `/${long(510)}`, `/${long(511)}`, `/${long(15_000)}/details`, '/a'];
    expect(
      await namesOf(
        app,
        paths.map((path) => `${path}/items/7`),
      ),
    ).toEqual([
      '200 /:from-:to/items/:id',
      '200 /:from-:to/items/:id',
      '200 /*/items/:id',
      '200 /*/items/:id',
      String.raw`200 /^\/[^/]+/items/:id`,
    ]);
  });

  it('has names as many as can be told apart, where a function of the application calls the router', async () => {
    const router = items(false);
    const app = appWith((top) =>
      top.use('/users/:uid', (...all) => Reflect.apply(router as unknown as () => unknown, undefined, all)),
    );
    const names = await namesOf(
      app,
      Array.from({ length: 20 }, (_, n) => `/users/:${n}/items/7`),
    );
    expect(names[0]).toBe('200 /users/:0/items/:id');
    expect(new Set(names).size).toBe(17);
    expect(names.at(-1)).toBe('200 /*/items/:id');
  });

  it('shows no user of a URL in the path of its mount, where a function of the application calls the router', async () => {
    const router = express.Router();
    router.get('/', answer);
    const app = appWith((top) =>
      top.use('/proxy/*target', (...all) => Reflect.apply(router as unknown as () => unknown, undefined, all)),
    );
    const paths = ['/http://ann:secret@host/x', '/http://bob:secret@host/x', '//ann:secret@host/y', '/ann@host/z'];
    const names = await namesOf(
      app,
      paths.map((path) => `/proxy${path}`),
    );
    expect(names).toEqual([
      '200 /proxy/http://host/x',
      '200 /proxy/http://host/x',
      '200 /proxy//host/y',
      '200 /proxy/ann@host/z',
    ]);
  });

  it('is frozen by a call of a function at its mount, with the pattern of the mount', async () => {
    const app = appWith((top) => {
      const call = (_request: express.Request, _response: ServerResponse, next: express.Next): void => {
        const { tracer } = stage;
        const exit = tracer.openExit('/', 'a:1')!;
        tracer.inject(exit, {}, () => undefined);
        tracer.end(exit);
        next();
      };
      top.use('/tenants/:tid', call, items(false));
    });
    const port = await stage.serve(app);
    for (const id of ['a', 'b']) await ask(port, `/tenants/${id}/items/7`);
    const names = (await stage.closed(2)).map(({ entry }) => entry!.operationName);
    expect(names).toEqual(['/tenants/:tid', '/tenants/:tid']);
  });
});
