import Module from 'node:module';
import { librariesLoadedBefore } from '../../src/agent/diagnosis/blind-spots';

describe('the libraries that were loaded before the agent', () => {
  const { _cache: cache } = Module as unknown as { _cache: Record<string, unknown> };

  it.each([
    ['koa', '/srv/node_modules/koa/lib/application.js', 'koa'],
    ['hapi, whose package has another name', '/srv/node_modules/@hapi/hapi/lib/index.js', 'hapi'],
    ['hapi by a path of Windows', 'C:\\srv\\node_modules\\@hapi\\hapi\\lib\\index.js', 'hapi'],
  ])('include %s', (_what, file, name) => {
    expect(librariesLoadedBefore()).not.toContain(name);
    cache[file] = {};
    try {
      expect(librariesLoadedBefore()).toContain(name);
    } finally {
      Reflect.deleteProperty(cache, file);
    }
  });
});
