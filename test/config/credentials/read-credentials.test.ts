import path from 'node:path';
import type { Options } from '../../../src/api/options';
import { CERTIFICATE, KEY, OTHER_KEY } from '../certificates';
import { faultsOf, put, resolve, scratch } from '../sources';

const cwd = scratch();
put(cwd, 'ca.pem', CERTIFICATE);
put(cwd, 'cert.pem', CERTIFICATE);
put(cwd, 'key.pem', KEY);
put(cwd, 'other-key.pem', OTHER_KEY);
put(cwd, 'text.pem', 'text');
put(cwd, 'torn.pem', CERTIFICATE.slice(0, 200));
const ca = Buffer.from(CERTIFICATE);

type Tls = NonNullable<Options['tls']>;
const tlsOf = (env: Record<string, string>, tls?: Tls) => resolve({ cwd, env, options: { tls } }).tls;
const faults = (tls: Tls) => faultsOf({ cwd, options: { tls } });

const CA = { SW_AGENT_SSL_TRUSTED_CA_PATH: 'ca.pem' };

describe('TLS', () => {
  it.each<[what: string, env: Record<string, string>, tls: Tls | undefined, expected: object | undefined]>([
    ['is off without a word', {}, undefined, undefined],
    ["is on with Node's authorities by true", {}, true, {}],
    ['is on with an empty object', {}, {}, {}],
    ['is on with authorities by their file alone', {}, { caFile: 'ca.pem' }, { ca }],
    ['is on by the path in the environment alone', CA, undefined, { ca }],
    ['is on by the path in the environment, which goes before start()', CA, false, { ca }],
    [
      'is on by the path beside SW_AGENT_FORCE_TLS=false, which only does not force it',
      { ...CA, SW_AGENT_FORCE_TLS: 'false' },
      undefined,
      { ca },
    ],
    [
      'is off by the environment, which goes before start()',
      { SW_AGENT_FORCE_TLS: 'false' },
      { caFile: 'ca.pem' },
      undefined,
    ],
    [
      'is forced by the environment, with the files of start()',
      { SW_AGENT_FORCE_TLS: 'true' },
      { caFile: 'ca.pem' },
      { ca },
    ],
    [
      'takes one path from the environment and the others from start()',
      { SW_AGENT_SSL_KEY_PATH: 'key.pem' },
      { certFile: 'cert.pem', keyFile: 'gone.pem' },
      { cert: ca, key: Buffer.from(KEY) },
    ],
  ])('%s', (_what, env, tls, expected) => {
    expect(tlsOf(env, tls)).toEqual(expected);
  });

  it('reads the paths of the file from where the file lies', () => {
    put(cwd, 'etc/package.json', { name: 'etc' });
    put(cwd, 'etc/tls/ca.pem', CERTIFICATE);
    put(cwd, 'etc/skyanchor.config.json', { tls: { caFile: 'tls/ca.pem' } });
    expect(resolve({ mainScript: path.join(cwd, 'etc/app.js') }).tls).toEqual({ ca });
  });

  it.each<[what: string, tls: Tls, name: string, expected: string]>([
    ['that is not there', { caFile: 'gone.pem' }, 'tls.caFile', 'ENOENT: no such file or directory'],
    ['that is a folder', { caFile: '.' }, 'tls.caFile', 'is not a regular file'],
    ['that holds no certificate', { caFile: 'text.pem' }, 'tls.caFile', 'usable PEM: there is no certificate in it'],
    ['that is torn', { caFile: 'torn.pem' }, 'tls.caFile', 'usable PEM: '],
    ['of a key without a certificate', { keyFile: 'key.pem' }, 'tls.keyFile', 'a certificate beside it (certFile)'],
    ['of a certificate without a key', { certFile: 'cert.pem' }, 'tls.certFile', 'a key beside it (keyFile)'],
    [
      'of a key of another certificate',
      { certFile: 'cert.pem', keyFile: 'other-key.pem' },
      'tls.certFile',
      'usable PEM: ',
    ],
  ])('is a fault with a file %s', (_what, tls, name, expected) => {
    expect(faults(tls)).toEqual([
      {
        name,
        value: name === 'tls.keyFile' ? '***' : Object.values(tls)[0],
        source: 'start()',
        expected: expect.stringContaining(expected),
      },
    ]);
  });

  it('names an unknown part', () => {
    expect(faults({ caPath: 'ca.pem' } as Tls)).toMatchObject([{ name: 'tls.caPath', source: 'start()' }]);
  });

  it('does not read files of a TLS that is off', () => {
    expect(tlsOf({ SW_AGENT_FORCE_TLS: 'false' }, { caFile: 'gone.pem' })).toBeUndefined();
  });
});

describe('the name of the server', () => {
  it('is taken beside the files, from start() or the environment', () => {
    expect(resolve({ options: { tls: { serverName: 'oap.internal' } } }).tls).toEqual({ serverName: 'oap.internal' });
    const env = { SW_AGENT_FORCE_TLS: 'true', SW_AGENT_SSL_TARGET_NAME_OVERRIDE: 'oap.internal' };
    expect(resolve({ env }).tls).toEqual({ serverName: 'oap.internal' });
  });

  it('alone does not turn TLS on', () => {
    expect(resolve({ env: { SW_AGENT_SSL_TARGET_NAME_OVERRIDE: 'oap.internal' } }).tls).toBeUndefined();
  });
});
