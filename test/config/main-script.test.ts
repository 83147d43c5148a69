import { mainScriptOf, isPackageRunner } from '../../src/config/sources/environment';

const find = (argv: string[], execArgv: string[] = [], env: Record<string, string> = {}): string | undefined =>
  mainScriptOf({ argv: ['/usr/bin/node', ...argv], execArgv, env });

describe('the main script', () => {
  it('is what Node was started with', () => {
    expect(find(['/srv/app.js', 'a'], ['--require', './x.js'])).toBe('/srv/app.js');
  });

  it.each([['-e'], ['-p'], ['-pe'], ['--eval'], ['--print'], ['--eval=1']])(
    'is none with %s, whatever its arguments are',
    (flag) => {
      expect(find(['/etc/passwd'], [flag, '1'])).toBeUndefined();
    },
  );

  it('is none in a REPL and from stdin', () => {
    expect(find([])).toBeUndefined();
    expect(find(['-'])).toBeUndefined();
  });

  it('is the application that pm2 is about to load, not what pm2 loads it with', () => {
    const env = { pm_exec_path: '/srv/app.js' };
    expect(find(['/lib/pm2/lib/ProcessContainerFork.js'], [], env)).toBe('/srv/app.js');
    expect(find(['/srv/child-of-app.js'], [], env)).toBe('/srv/child-of-app.js');
  });
});

describe('a package manager', () => {
  it.each([
    '/usr/lib/node_modules/npm/bin/npm-cli.js',
    '/usr/bin/npx',
    'C:\\Program Files\\nodejs\\node_modules\\npm\\bin\\npx-cli.js',
    '/usr/share/yarn/bin/yarn.js',
    '/app/.yarn/releases/yarn-3.6.1.cjs',
    '/usr/lib/node_modules/pnpm/bin/pnpm.cjs',
    '/usr/lib/node_modules/corepack/dist/corepack.js',
  ])('is known by its script: %s', (script) => expect(isPackageRunner(script)).toBe(true));

  it.each(['/srv/npm/server.js', '/srv/my-npm.js', '/srv/npm-registry.js', undefined])('is not %s', (script) =>
    expect(isPackageRunner(script)).toBe(false),
  );
});
