import express from 'express';
import { expressMountName, expressName } from '../../src/instrument/route/express';
import { mountOf, parameterMount } from '../../src/instrument/route/express-mounts';

/** What older versions of express keep of a path, which are not installed here. */
const route = {};
const end = { stack: [{ route }] };

/** As express 4.22 makes it, by its path-to-regexp. */
const express4 = {
  literal: { regexp: /^\/api\/?(?=\/|$)/i, keys: [], handle: {} },
  parameter: {
    regexp: /^\/tenants\/(?:([^/]+?))\/v(?:((?:(?!\/|v).)+?))\/?(?=\/|$)/i,
    keys: [{ name: 'tid' }, { name: 'version' }],
    handle: end,
  },
  list: {
    regexp: /^\/x\/(?:([^/]+?))\/?(?=\/|$)|^\/y\/(?:([^/]+?))\/?(?=\/|$)/i,
    keys: [{ name: 'x' }, { name: 'y' }],
    handle: end,
  },
  star: { regexp: /^\/files(.*)\/?(?=\/|$)/i, keys: [{ name: 0 }], handle: end },
  any: { regexp: Object.assign(/^\/?(?=\/|$)/i, { fast_slash: true }), keys: [], handle: end },
};

function app(...stack: object[]): object {
  return {
    _router: { stack },
    get router(): never {
      throw new Error("'app.router' is deprecated!");
    },
  };
}

describe('the mount of a route', () => {
  it.each([
    ['/tenants/a%20b/v3', '/tenants/:tid/v:version'],
    ['/x/1', '/x/:x'],
    ['/Y/1', '/Y/:y'],
    ['/files/a/b', '/files*'],
    ['', ''],
    ['/api/x/1', '/api/x/:x'],
    ['/unknown', undefined],
  ])('at %s is %s in express 4', (base, name) => {
    const { literal, parameter, list, star, any } = express4;
    const inner = { ...literal, handle: { stack: [parameter, list] } };
    expect(mountOf(route, app(inner, parameter, list, any, star), base)?.name).toBe(name);
  });

  it('covers what differs in its parameters alone, in express 4', () => {
    const { source } = mountOf(route, app(express4.parameter), '/tenants/a/v3')!;
    const covers = new RegExp(`^${source}$`);
    expect(['/tenants/b/v4', '/tenants/b/c/v4', '/tenants/b/4'].map((path) => covers.test(path))).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('has the parameters by their values where the router keeps no pattern, as in router 2.2', () => {
    // So path-to-regexp calls them.
    const match = (path: string) => path.startsWith('/t/') && { path: '/t/7/', params: { tid: '7' } };
    const other = { match: () => false };
    const router = { stack: [{ matchers: [other.match, match], handle: end }] };
    expect(mountOf(route, { router }, '/t/7')?.name).toBe('/t/:tid');
    expect(parameterMount({ router }, '/t/7/items/1', false)?.name).toBe('/t/:tid');
    expect(parameterMount({ router }, '/t/7/items/1', true)).toBeUndefined();
  });

  it('has no user of a URL in it, though its text be one of the path', () => {
    const match = (path: string) => ({ path, params: { id: '7' } });
    const router = { stack: [{ matchers: [match], handle: end }] };
    const baseUrl = '/proxy/http://ann:secret@host/7';
    expect(expressMountName({ baseUrl }, { router }, baseUrl)).toBe('/proxy/http://host/:id');
    const own = { path: '/go' };
    const bare = { regexp: /^\/proxy\/.*/i, keys: [], handle: { stack: [{ route: own }] } };
    const request = { baseUrl: baseUrl.slice(0, -2), app: app(bare), url: '/go' };
    expect(expressName(request, own, '/proxy/http://host/go')).toBe('/proxy/http://host/go');
  });

  it('keeps what looks like one in the pattern of the application', () => {
    const regexp = /^\/u-([a-z]+)@([a-z]+)/i;
    const router = { stack: [{ matchers: [(path: string) => ({ path, params: {} })], rawPath: regexp, handle: end }] };
    expect(expressMountName({ baseUrl: '/u-a@b' }, { router }, '/u-a@b')).toBe(String(regexp));
  });

  it('is not searched for without end in a router that is mounted in itself, nor in an application without one', () => {
    const self: { stack: object[] } = { stack: [] };
    self.stack.push({ ...express4.any, handle: self });
    expect(mountOf(route, app(...self.stack), '/a')).toBeUndefined();
    expect(mountOf(route, { get router(): never { throw new Error('of express 4'); } }, '/a')).toBeUndefined(); // prettier-ignore
    expect(mountOf(route, undefined, '/a')).toBeUndefined();
  });

  it('is not searched for at a path longer than any name that failed before express compared it', () => {
    const matcher = jest.fn((path: string) => ({ path, params: {} }));
    const router = { stack: [{ matchers: [matcher], rawPath: '/:a-:b', handle: {} }] };
    const nameAt = (path: string, baseUrl: string): string | undefined =>
      expressMountName({ baseUrl, res: { headersSent: true, statusCode: 401 } }, { router }, path);
    const long = `/${'-'.repeat(512)}`;
    expect(nameAt(long.slice(1), '')).toBe('/:a-:b');
    expect(nameAt(long, long)).toBe('/:a-:b');
    expect(matcher.mock.calls.splice(0).length).toBe(2);
    expect(nameAt(long, '')).toBeUndefined();
    expect(matcher).not.toHaveBeenCalled();
  });
});

describe('the mount that a refused request would have come to, in express 4', () => {
  /** Each of these may be shared out among its parameters in very many ways. */
  const mountOfMany = (count: number) => ({
    regexp: new RegExp(`^\\/${Array(count).fill('(?:([^\\/]+?))').join('-')}\\/items\\/?(?=\\/|$)`, 'i'),
    keys: Array.from({ length: count }, (_, n) => ({ name: `k${n}` })),
    handle: end,
  });
  const nameAt = (count: number, path: string) =>
    expressMountName({ res: { headersSent: true, statusCode: 401 } }, app(mountOfMany(count)), path);

  it.each([
    [1, 500, '/:k0/items'],
    [2, 500, '/:k0-:k1/items'],
    [3, 30, '/:k0-:k1-:k2/items'],
    [3, 500, undefined],
    [4, 8, '/:k0-:k1-:k2-:k3/items'],
    [4, 250, undefined],
    [9, 100, undefined],
  ])('is looked for where that takes no time: %d parameters in a segment, of %d characters', (count, length, name) => {
    expect(nameAt(count, `/${'a-'.repeat(count - 1)}${'a'.repeat(length)}/items`)).toBe(name);
  });

  const long = 'a'.repeat(200);
  it.each([
    [/^\/(a+)+\/b\/?(?=\/|$)/i, '/aaa/b', undefined],
    [/^\/(a|aa){2,}\/b\/?(?=\/|$)/i, '/aaa/b', undefined],
    [/^\/(a{1,60})\/b\/?(?=\/|$)/i, `/${long.slice(0, 40)}/b`, '/:k/b'],
    [/^\/(a{1,300})a{1,300}a{1,300}\/b\/?(?=\/|$)/i, `/${long}/b`, undefined],
    [new RegExp(`^\\/(${'a?'.repeat(30)}${'a'.repeat(30)})\\/b`), `/${long.slice(0, 30)}/b`, undefined],
    [new RegExp(`^\\/(${'(?:a|a)'.repeat(30)})\\/b`), `/${long.slice(0, 30)}/b`, undefined],
    [/^\/(.*)\/.*\/.*\/b\/?(?=\/|$)/i, `${'/'.repeat(200)}b`, undefined],
    [/^\/([^/]+)\/?[^/]+\/?[^/]+\/b/i, `/${long}/b`, undefined],
    [/^\/([^/]+)[^/]?[^/]+[^/]?[^/]+\/b/i, `/${long}/b`, undefined],
    [/^\/([^/]+)(?!\/a)[^/]+(?!\/a)[^/]+\/b/i, `/${long}/b`, undefined],
    [/^\/([^/]+)\/([^/]+)\/([^/]+)\/b\/?(?=\/|$)/i, `/${long}/a/a/b`, '/:k/a/a/b'],
    [/^\/(?:([^/]+?))-c\+\+\/v(?:((?:(?!\/|v).)+?))\/?(?=\/|$)/i, `/${long}-c++/v1`, '/:k-c++/v1'],
    [/(?:^\/a\/(?:([^/]+?))\/?(?=\/|$)|^\/b\/(?:([^/]+?))\/?(?=\/|$)|^\/c\/?(?=\/|$))/i, `/a/${long}`, '/a/:k'],
  ])('is asked for by %s only where that takes few steps', (regexp, path, name) => {
    const mount = { regexp, keys: [{ name: 'k' }], handle: end };
    const request = { res: { headersSent: true, statusCode: 401 } };
    expect(expressMountName(request, app(mount), path)).toBe(name);
    expect(expressMountName(request, app(mount), path)).toBe(name);
  });
});

describe('the mount that a refused request would have come to, in express 5', () => {
  const refused = { res: { headersSent: true, statusCode: 401 } };
  const appAt = (mount: express.Path) => {
    const top = express();
    const router = express.Router();
    router.get('/b', () => undefined);
    top.use(mount, router);
    return top;
  };
  const long = 'a'.repeat(200);

  it.each([
    [/^\/z\d+/, '/z12/b', String.raw`/^\/z\d+`, 1],
    [/^\/(?:[a-z]+-?)+$/, '/aaaa', undefined, 0],
    [/^\/(.*)\/.*\/.*\/b/, `${'/'.repeat(200)}b`, undefined, 0],
  ])('is asked for by %s of the application only where that takes few steps', (expression, path, name, asked) => {
    const exec = jest.spyOn(expression, 'exec');
    expect(expressMountName(refused, appAt(expression), path)).toBe(name);
    expect(expressMountName(refused, appAt(['/never', expression]), path)).toBe(name);
    expect(exec).toHaveBeenCalledTimes(2 * asked);
  });

  it.each([
    ['/t/:a-:b-:c-:d', `/t/${'a-'.repeat(100)}b`, true],
    ['/t/*a-*b', `/t/${'a-'.repeat(100)}b`, true],
    ['/t/*a/*b/*c', '/t/1/2/3', true],
    ['/t/*a/*b/*c', `/t/${'1/'.repeat(100)}3`, false],
    ['/t/:a-*b/*c', `/t/${'1-'.repeat(100)}3`, false],
    [['/never', '/t/*a/*b/*c'], `/t/${'1/'.repeat(100)}3`, false],
    [`/t${'{/:a}'.repeat(4)}`, `/t/${long}`, true],
    [`/t${'{/:a}'.repeat(12)}`, `/t/${long}`, false],
  ])(
    'is asked for by %s only where old versions of its parser make of it what takes few steps',
    (rawPath, path, isAsked) => {
      const matcher = jest.fn(() => false);
      expressMountName(refused, { router: { stack: [{ matchers: [matcher], rawPath, handle: end }] } }, path);
      expect(matcher).toHaveBeenCalledTimes(isAsked ? 1 : 0);
    },
  );

  it('is asked for with the first segments of a path where the router keeps no pattern, and not by an expression', () => {
    const seen: string[] = [];
    const match = (path: string) => {
      seen.push(path);
      return path.startsWith('/t/7') && { path: '/t/7', params: { tid: '7' } };
    };
    const regexpMatcher = jest.fn(() => false);
    const router = { stack: [{ matchers: [match, regexpMatcher] }, { matchers: [match], handle: end }] };
    expect(expressMountName(refused, { router }, `/t/7/${'a/'.repeat(200)}`)).toBe('/t/:tid');
    expect(expressMountName(refused, { router }, `/t${long}/a`)).toBeUndefined();
    expect(expressMountName(refused, { router }, '/t/7')).toBe('/t/:tid');
    expect(expressMountName(refused, { router }, long)).toBeUndefined();
    expect(seen.map((path) => path.length)).toEqual([64, 0, 4, 0]);
    expect(regexpMatcher).not.toHaveBeenCalled();
  });

  it('leaves a global or sticky expression of the application where it stands', () => {
    for (const expression of [/^\/z\d+/g, /^\/z\d+/y]) {
      const top = appAt(expression);
      for (const before of [0, 3, 4]) {
        expression.lastIndex = before;
        expect(expressMountName(refused, top, '/z12/b')).toMatch(/^\/\^/);
        expect(expressMountName({ baseUrl: '/z12' }, top, '')).toMatch(/^\/\^/);
        expect(expression.lastIndex).toBe(before);
      }
    }
  });
});
