import express from 'express';
import { routeOf } from '../../src/instrument/route';
import { Stage, ask } from './stage';
import type { RequestListener, ServerResponse } from 'node:http';

type Router = express.Router;

let stage: Stage;

beforeEach(() => {
  stage = new Stage();
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
      '500 /Orders/x/:id',
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
    expect(asked.splice(0)).toEqual(['route', 'baseUrl', 'params']);
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
      '200 /v1:a/items/:id',
      '200 /v1:b/items/:id',
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
      '200 /7/items/:id',
      '200 /of/:owner/group-%/items/:id',
    ]);
  });

  it('has the path where its router does not merge them', async () => {
    const app = appWith((top) => top.use('/users/:uid', items(false)));
    // More than are kept.
    const paths = Array.from({ length: 20 }, (_, n) => `/users/${n}/items`);
    const names = await namesOf(app, [...paths.map((path) => `${path}/7`), '/users/19/items/bad', '/users/3/items/7']);
    expect(names.slice(0, 20)).toEqual(paths.map((path) => `200 ${path}/:id`));
    expect(names.slice(20)).toEqual(['500 /users/19/items/:id', '200 /users/3/items/:id']);
  });

  it('keeps its parameters at mounts of many lengths', async () => {
    const app = appWith((top) => top.use(/^(?:\/a)*\/(?<uid>\d+)/, items(true)));
    const paths = Array.from({ length: 20 }, (_, n) => '/a'.repeat(n));
    const names = await namesOf(
      app,
      paths.map((path) => `${path}/4711/items/7`),
    );
    expect(names).toEqual(paths.map((path) => `200 ${path}/:uid/items/:id`));
  });

  it('is not named by a client', async () => {
    const app = appWith((top) => top.use('/users/:uid', items(false)));
    expect(await namesOf(app, ['/users/:mine/items/7', '/users/8/items/7'])).toEqual([
      '200 /users/:mine/items/:id',
      '200 /users/8/items/:id',
    ]);
  });
});
