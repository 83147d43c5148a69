import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { findApplication } from '../../src/config/sources/application';
import { put, resolve, scratch } from './sources';

const folder = scratch();
const at = (...names: string[]): string => path.join(folder, ...names);

put(folder, 'shop/package.json', { name: '@acme/shop' });
put(folder, 'shop/dist/package.json', { type: 'module' });
put(folder, 'shop/dist/server/main.js', '');
put(folder, 'deps/package.json', {
  name: 'deps',
  dependencies: { a: '1' },
  optionalDependencies: { b: '1' },
  devDependencies: { c: '1' },
});
put(folder, 'deps/dist/package.json', { dependencies: { d: '1', a: '2' } });
put(folder, 'odd/package.json', '{"name": ');
put(folder, 'odd/main.js', '');
put(folder, 'plain/main.js', '');
put(folder, 'long/package.json', { name: 'x'.repeat(300) });
put(folder, 'shop/node_modules/tool/package.json', { name: 'tool' });
put(folder, 'shop/node_modules/tool/cli.js', '');
put(folder, 'shop/node_modules/.bin/.keep', '');
symlinkSync('../tool/cli.js', at('shop/node_modules/.bin/tool'));

const serviceName = (mainScript: string | undefined, cwd: string): string => resolve({ mainScript, cwd }).serviceName;

describe('the default service name', () => {
  it('is the name in the package.json nearest above the main script', () => {
    expect(serviceName(at('shop/main.js'), '/')).toBe('@acme/shop');
  });

  it('passes a package.json that has no name', () => {
    expect(serviceName(at('shop/dist/server/main.js'), '/')).toBe('@acme/shop');
  });

  it('is that of the package whose command it is, not of the one it is installed in', () => {
    expect(serviceName(at('shop/node_modules/.bin/tool'), at('shop'))).toBe('tool');
  });

  it('is taken from above the working directory where the script has no package', () => {
    expect(serviceName(at('plain/main.js'), at('shop/dist/server'))).toBe('@acme/shop');
    expect(serviceName(at('odd/main.js'), at('shop'))).toBe('@acme/shop');
  });

  it('is the base name of the script where there is no package at all', () => {
    expect(serviceName(at('plain/main.js'), at('plain'))).toBe('main.js');
    expect(serviceName(at('long/main.js'), at('long'))).toBe('main.js');
  });

  it('is taken from above the working directory for node -e, and is node where there is nothing', () => {
    expect(serviceName(undefined, at('shop'))).toBe('@acme/shop');
    expect(serviceName(undefined, at('plain'))).toBe('node');
  });
});

describe('the application', () => {
  it('has every folder with a package.json up to the one that names it', () => {
    expect(findApplication(at('shop/dist/server/main.js'), '/').folders).toEqual([at('shop/dist'), at('shop')]);
  });
});

describe('the packages that an application needs', () => {
  it('are those that its package.json files name, without those for development', () => {
    expect(findApplication(at('deps/dist/main.js'), '/').dependencies).toEqual(['d', 'a', 'b']);
    expect(findApplication(at('odd/main.js'), at('shop')).dependencies).toEqual([]);
  });
});
