import { INSTRUMENTATIONS, type Options } from '../../src/api/options';
import path from 'node:path';
import { AgentError } from '../../src/api/errors';
import { stderrLogger } from '../../src/base/log';
import { faultsOf, put, resolve, scratch } from './sources';

const folder = scratch();

/** A folder with a package.json and, beside it, the configuration file. */
function applicationWith(name: string, file: unknown): string {
  put(folder, `${name}/package.json`, { name });
  put(folder, `${name}/skyanchor.config.json`, file);
  return path.join(folder, name, 'app.js');
}

describe('without being told anything', () => {
  it('has the documented defaults', () => {
    expect(resolve()).toEqual({
      serviceName: 'app.js',
      namespace: undefined,
      cluster: undefined,
      instanceName: undefined,
      instanceNameFrom: 'generated',
      processNumber: 1,
      instanceProperties: [],
      backends: [{ host: '127.0.0.1', port: 11_800 }],
      protocol: 'auto',
      commandFile: undefined,
      statusFile: undefined,
      statusFileMode: undefined,
      commandFileOwners: [],
      commandFileTrustDirectory: false,
      heartbeatMs: undefined,
      authentication: undefined,
      authenticationFile: undefined,
      tls: undefined,
      tlsPaths: {},
      maxConnectionAgeMs: undefined,
      sampleRate: 1,
      sampling: [],
      tracesPer3Seconds: 0,
      keep: undefined,
      ignoreSuffix: ['.jpg', '.jpeg', '.js', '.css', '.png', '.bmp', '.gif', '.ico', '.mp3', '.mp4', '.html', '.svg'],
      ignorePath: [],
      traceIgnorePath: [],
      ignoreProbes: false,
      ignoreMethods: [],
      responseHeader: undefined,
      collectQuery: false,
      groupEndpoints: true,
      trustIncoming: 'all',
      propagateTo: undefined,
      doNotPropagateTo: [],
      serverErrorStatuses: undefined,
      clientErrorStatuses: undefined,
      ignoredExceptions: [],
      propagateUnsampled: 'id',
      disable: [],
      openTelemetry: 'auto',
      application: {
        name: undefined,
        folders: [],
        packageFolders: [],
        dependencies: [],
        script: '/nowhere/at/all/app.js',
      },
      logCorrelation: 'auto',
      applicationLogs: undefined,
      sqlParameters: false,
      sqlParametersMaxLength: 512,
      mongoParameters: false,
      mongoParametersMaxLength: 512,
      meters: true,
      meterPeriodMs: 20_000,
      logs: true,
      events: true,
      maxBuffer: 10_000,
      delivery: undefined,
      spool: undefined,
      logLevel: 'warn',
      logger: stderrLogger,
      enabled: true,
      warnings: [],
      refusals: [],
      isBackendGuessed: false,
    });
  });

  it('is frozen through and through', () => {
    const config = resolve();
    expect(Object.isFrozen(config)).toBe(true);
    for (const value of [config.backends, config.backends[0], config.ignoreSuffix, config.commandFileOwners])
      expect(Object.isFrozen(value)).toBe(true);
  });
});

describe('sampling and keep', () => {
  it('are read from start(), and copied', () => {
    const sampling = [
      { path: '/orders/*', rate: 0.5 },
      { path: '*', perSecond: 5 },
    ];
    const config = resolve({ options: { sampling, keep: { errors: true, slowerThanMs: 500 } } });
    sampling[0]!.path = '/changed';
    expect(config.sampling).toEqual([
      { path: '/orders/*', rate: 0.5 },
      { path: '*', perSecond: 5 },
    ]);
    expect(config.keep).toEqual({ errors: true, slowerThanMs: 500 });
    expect([config.sampling, config.sampling[0], config.keep].every(Object.isFrozen)).toBe(true);
    expect(resolve({ env: { SW_AGENT_SAMPLE_N_PER_3_SECS: '9' } }).tracesPer3Seconds).toBe(9);
  });

  it.each([
    ['sampling', '/orders'],
    ['sampling', {}],
    ['sampling', ['/orders']],
    ['sampling', [{ rate: 1 }]],
    ['sampling', [{ path: '', rate: 1 }]],
    ['sampling', [{ path: '/a' }]],
    ['sampling', [{ path: '/a', rate: 2 }]],
    ['sampling', [{ path: '/a', perSecond: 0 }]],
    ['sampling', [{ path: '/a', perSecond: 1.5 }]],
    ['sampling', [{ path: '/a', rate: 1, per: 1 }]],
    ['sampling', Array.from({ length: 65 }, () => ({ path: '/a', rate: 1 }))],
    ['keep', true],
    ['keep', { errors: 'yes' }],
    ['keep', { slowerThanMs: 0 }],
    ['keep', { slow: 1 }],
    ['tracesPer3Seconds', 5],
  ])('%s = %j is a fault', (name, value) => {
    expect(faultsOf({ options: { [name]: value } })).toMatchObject([{ name }]);
  });
});

describe('a variable that says what no option means', () => {
  const SOFT = [
    ['SW_AGENT_LOGGING_LEVEL', 'loud', 'logLevel', 'warn'],
    ['SW_DISABLE', 'perhaps', 'enabled', true],
    ['SW_DISABLE', 'constructor', 'enabled', true],
    ['SW_AGENT_IGNORE_PROBES', 'some', 'ignoreProbes', false],
    ['SW_AGENT_COLLECT_QUERY', 'some', 'collectQuery', false],
    ['SW_AGENT_GROUP_ENDPOINTS', 'some', 'groupEndpoints', true],
    ['SW_AGENT_OPENTELEMETRY', 'mongo db', 'openTelemetry', 'auto'],
    ['SW_LOG_CORRELATION', 'some', 'logCorrelation', 'auto'],
    ['SW_AGENT_APPLICATION_LOGS', 'some', 'applicationLogs', undefined],
    ['SW_SQL_TRACE_PARAMETERS', 'some', 'sqlParameters', false],
    ['SW_SQL_PARAMETERS_MAX_LENGTH', '0', 'sqlParametersMaxLength', 512],
    ['SW_MONGO_TRACE_PARAMETERS', 'some', 'mongoParameters', false],
    ['SW_MONGO_PARAMETERS_MAX_LENGTH', '1000001', 'mongoParametersMaxLength', 512],
    ['SW_AGENT_NODEJS_RUNTIME_METRICS_REPORTER_ACTIVE', 'maybe', 'meters', true],
    ['SW_AGENT_LOG_REPORTER_ACTIVE', 'maybe', 'logs', true],
    ['SW_AGENT_EVENT_REPORTER_ACTIVE', 'maybe', 'events', true],
  ] as const;

  it.each(SOFT)('%s=%s is ignored with a warning', (variable, text, option, value) => {
    const { [option]: found, warnings } = resolve({ env: { [variable]: text } });
    expect(found).toBe(value);
    expect(warnings).toEqual([
      expect.stringMatching(`^${option} = ${text} \\(environment ${variable}\\) is ignored: expected `),
    ]);
  });

  it('gives way to start(), whose own faults are thrown', () => {
    const env = { SW_AGENT_LOGGING_LEVEL: 'loud' };
    expect(resolve({ env, options: { logLevel: 'error' } })).toMatchObject({ logLevel: 'error' });
    expect(faultsOf({ env, options: { logLevel: 'verbose' } })).toMatchObject([
      { value: 'verbose', source: 'start()' },
    ]);
  });

  it('is a fault as a flag', () => {
    const args = ['node', 'app.js', '--skyanchor-log-level=loud'];
    expect(faultsOf({ args })).toMatchObject([{ name: 'logLevel', value: 'loud' }]);
  });

  it.each([
    ['SW_AGENT_SAMPLE_RATE', '10%'],
    ['SW_AGENT_PROTOCOL', 'v4'],
    ['SW_AGENT_COLLECTOR_BACKEND_SERVICES', 'nowhere'],
    ['SW_AGENT_FORCE_TLS', 'perhaps'],
    ['SW_AGENT_COMMAND_FILE_TRUST_DIRECTORY', 'perhaps'],
  ])('is a fault where the default would be worse: %s=%s', (variable, text) => {
    expect(faultsOf({ env: { [variable]: text } })).toMatchObject([{ value: text }]);
  });
});

describe('what other agents and loggers say', () => {
  it.each([
    ['verbose', 'debug'],
    ['TRACE', 'debug'],
    ['Warning', 'warn'],
    ['WARN', 'warn'],
    ['fatal', 'error'],
    ['silent', 'off'],
    ['none', 'off'],
  ])('is understood as a level: %s is %s', (text, logLevel) => {
    expect(resolve({ env: { SW_AGENT_LOGGING_LEVEL: text } })).toMatchObject({ logLevel, warnings: [] });
  });

  it.each([
    ['yes', false],
    ['ON', false],
    ['1', false],
    ['no', true],
    ['off', true],
    ['0', true],
  ])('is understood by SW_DISABLE: %s leaves enabled %s', (text, enabled) => {
    expect(resolve({ env: { SW_DISABLE: text } })).toMatchObject({ enabled, warnings: [] });
  });
});

describe('precedence', () => {
  const mainScript = applicationWith('layers', { instanceName: 'of-file' });
  const layers = {
    flag: { args: ['node', 'app.js', '--skyanchor-instance-name=of-flag'] },
    environment: { env: { SW_AGENT_INSTANCE_NAME: 'of-environment' } },
    start: { options: { instanceName: 'of-start' } },
    file: {},
  } as const;
  const names = Object.keys(layers) as (keyof typeof layers)[];

  it.each(names)('lets what comes from %s go before everything below it', (name) => {
    const below = names.slice(names.indexOf(name)).map((layer) => layers[layer]);
    const config = resolve(Object.assign({ mainScript }, ...below));
    expect([config.instanceName, config.instanceNameFrom]).toEqual([`of-${name}`, name]);
  });

  it('lets a flag mend what is wrong further down', () => {
    const config = resolve({ args: ['--skyanchor-protocol=v2'], env: { SW_AGENT_PROTOCOL: 'v9' } });
    expect(config.protocol).toBe('v2');
  });

  it('prefers SW_AGENT_INSTANCE_NAME to its alias, and takes the alias where the first is empty', () => {
    const SW_AGENT_INSTANCE = 'alias';
    expect(resolve({ env: { SW_AGENT_INSTANCE_NAME: 'name', SW_AGENT_INSTANCE } }).instanceName).toBe('name');
    expect(resolve({ env: { SW_AGENT_INSTANCE_NAME: '', SW_AGENT_INSTANCE } }).instanceName).toBe('alias');
  });

  it('counts an empty variable and an undefined option as not set', () => {
    const config = resolve({
      env: { SW_AGENT_NAME: '', SW_AGENT_HEARTBEAT_MS: '', SW_DISABLE: '', SW_AGENT_CONFIG_FILE: '' },
      options: { serviceName: 'orders', heartbeatMs: undefined, enabled: undefined },
    });
    expect(config).toMatchObject({ serviceName: 'orders', heartbeatMs: undefined, enabled: true });
  });
});

interface Reading {
  readonly env: Record<string, string>;
  readonly options: Options;
  readonly expected: object;
}

describe('an option', () => {
  const readings: Reading[] = [
    {
      env: { SW_AGENT_NAME: 'my orders' },
      options: { serviceName: 'my orders' },
      expected: { serviceName: 'my orders' },
    },
    {
      env: { SW_AGENT_INSTANCE_NAME: 'orders-${HOSTNAME}-${pid}' },
      options: { instanceName: 'orders-${HOSTNAME}-${pid}' },
      expected: { instanceName: 'orders-web-1-4711' },
    },
    {
      env: { SW_AGENT_COLLECTOR_BACKEND_SERVICES: ' oap-1:11800 , [::1]:1,oap-1:11800,' },
      options: { backends: ['oap-1:11800', '[::1]:1', 'oap-1:11800'] },
      expected: {
        backends: [
          { host: 'oap-1', port: 11_800 },
          { host: '::1', port: 1 },
        ],
      },
    },
    { env: { SW_AGENT_PROTOCOL: ' V2 ' }, options: { protocol: 'v2' }, expected: { protocol: 'v2' } },
    {
      env: { SW_AGENT_COMMAND_FILE: 'run/c' },
      options: { commandFile: 'run/c' },
      expected: {
        commandFile: path.resolve('/nowhere/at/all/run/c'),
        statusFile: path.resolve('/nowhere/at/all/run/c.status.json'),
      },
    },
    {
      env: { SW_AGENT_STATUS_FILE: '/run/s.json', SW_AGENT_COMMAND_FILE: '/run/c' },
      options: { statusFile: '/run/s.json', commandFile: '/run/c' },
      expected: { commandFile: path.resolve('/run/c'), statusFile: path.resolve('/run/s.json') },
    },
    {
      env: { SW_AGENT_STATUS_FILE_MODE: '0640' },
      options: { statusFileMode: '640' },
      expected: { statusFileMode: 0o640 },
    },
    {
      env: { SW_AGENT_COMMAND_FILE_OWNERS: '1000, 1001' },
      options: { commandFileOwners: [1000, 1001] },
      expected: { commandFileOwners: [1000, 1001] },
    },
    {
      env: { SW_AGENT_COMMAND_FILE_TRUST_DIRECTORY: 'TRUE' },
      options: { commandFileTrustDirectory: true },
      expected: { commandFileTrustDirectory: true },
    },
    { env: { SW_AGENT_HEARTBEAT_MS: '1e3' }, options: { heartbeatMs: 1000 }, expected: { heartbeatMs: 1000 } },
    {
      env: { SW_AGENT_AUTHENTICATION: 't0ken' },
      options: { authentication: 't0ken' },
      expected: { authentication: 't0ken' },
    },
    { env: { SW_AGENT_FORCE_TLS: '1' }, options: { tls: true }, expected: { tls: {} } },
    {
      env: { SW_AGENT_MAX_CONNECTION_AGE_MS: '60000' },
      options: { maxConnectionAgeMs: 60_000 },
      expected: { maxConnectionAgeMs: 60_000 },
    },
    { env: { SW_AGENT_SAMPLE_RATE: '.25' }, options: { sampleRate: 0.25 }, expected: { sampleRate: 0.25 } },
    {
      env: { SW_AGENT_IGNORE_SUFFIX: '.a, .b' },
      options: { ignoreSuffix: ['.a', '.b'] },
      expected: { ignoreSuffix: ['.a', '.b'] },
    },
    { env: { SW_AGENT_IGNORE_SUFFIX: ',' }, options: { ignoreSuffix: [] }, expected: { ignoreSuffix: [] } },
    {
      env: { SW_AGENT_IGNORE_PATH: '/health,/m/*' },
      options: { ignorePath: '/health,/m/*' },
      expected: { ignorePath: ['/health', '/m/*'] },
    },
    { env: { SW_AGENT_COLLECT_QUERY: 'true' }, options: { collectQuery: true }, expected: { collectQuery: true } },
    {
      env: { SW_AGENT_GROUP_ENDPOINTS: 'false' },
      options: { groupEndpoints: false },
      expected: { groupEndpoints: false },
    },
    {
      env: { SW_AGENT_OPENTELEMETRY: 'mongodb, kafkajs' },
      options: { openTelemetry: ['mongodb', 'kafkajs'] },
      expected: { openTelemetry: ['mongodb', 'kafkajs'] },
    },
    {
      env: { SW_AGENT_OPENTELEMETRY: 'false' },
      options: { openTelemetry: false },
      expected: { openTelemetry: false },
    },
    {
      env: { SW_LOG_CORRELATION: 'TEXT' },
      options: { logCorrelation: 'text' },
      expected: { logCorrelation: 'text' },
    },
    {
      env: { SW_LOG_CORRELATION: 'off' },
      options: { logCorrelation: false },
      expected: { logCorrelation: false },
    },
    {
      env: { SW_AGENT_APPLICATION_LOGS: 'WARN' },
      options: { applicationLogs: { level: 'warn' } },
      expected: { applicationLogs: { level: 'warn', maxBuffer: 5_000 } },
    },
    {
      env: { SW_AGENT_APPLICATION_LOGS: 'true' },
      options: { applicationLogs: {} },
      expected: { applicationLogs: { level: 'info', maxBuffer: 5_000 } },
    },
    {
      env: { SW_AGENT_APPLICATION_LOGS: 'off' },
      options: { applicationLogs: false },
      expected: { applicationLogs: undefined },
    },
    {
      env: { SW_SQL_TRACE_PARAMETERS: 'true', SW_SQL_PARAMETERS_MAX_LENGTH: '100' },
      options: { sqlParameters: true, sqlParametersMaxLength: 100 },
      expected: { sqlParameters: true, sqlParametersMaxLength: 100 },
    },
    {
      env: { SW_MONGO_TRACE_PARAMETERS: 'true', SW_MONGO_PARAMETERS_MAX_LENGTH: '100' },
      options: { mongoParameters: true, mongoParametersMaxLength: 100 },
      expected: { mongoParameters: true, mongoParametersMaxLength: 100 },
    },
    {
      env: { SW_AGENT_DO_NOT_PROPAGATE_TO: '*.amazonaws.com, api.stripe.com' },
      options: { doNotPropagateTo: ['*.amazonaws.com', 'api.stripe.com'] },
      expected: { doNotPropagateTo: ['*.amazonaws.com', 'api.stripe.com'] },
    },
    { env: { SW_AGENT_SAMPLE_N_PER_3_SECS: '-1' }, options: {}, expected: { tracesPer3Seconds: 0 } },
    { env: { SW_AGENT_IGNORE_PROBES: 'true' }, options: { ignoreProbes: true }, expected: { ignoreProbes: true } },
    {
      env: { SW_HTTP_IGNORE_METHOD: 'options, head' },
      options: { ignoreMethods: ['options', 'HEAD'] },
      expected: { ignoreMethods: ['OPTIONS', 'HEAD'] },
    },
    {
      env: { SW_AGENT_RESPONSE_HEADER: 'x-trace-id' },
      options: { responseHeader: 'x-trace-id' },
      expected: { responseHeader: 'x-trace-id' },
    },
    {
      env: { SW_AGENT_SERVER_ERROR_STATUSES: '500-599, /users/*=404' },
      options: { serverErrorStatuses: ['500-599', '/users/*=404'] },
      expected: {
        serverErrorStatuses: [
          { path: undefined, from: 500, to: 599 },
          { path: '/users/*', from: 404, to: 404 },
        ],
      },
    },
    {
      env: { SW_AGENT_CLIENT_ERROR_STATUSES: '404' },
      options: { clientErrorStatuses: [404] },
      expected: { clientErrorStatuses: [{ path: undefined, from: 404, to: 404 }] },
    },
    {
      env: { SW_STATUSCHECK_IGNORED_EXCEPTIONS: 'NotFound,ECONNRESET' },
      options: { ignoredExceptions: ['NotFound', 'ECONNRESET'] },
      expected: { ignoredExceptions: ['NotFound', 'ECONNRESET'] },
    },
    {
      env: { SW_AGENT_PROPAGATE_UNSAMPLED: 'empty' },
      options: { propagateUnsampled: 'empty' },
      expected: { propagateUnsampled: 'empty' },
    },
    {
      env: { SW_AGENT_NODEJS_RUNTIME_METRICS_REPORTER_ACTIVE: 'false', SW_AGENT_LOG_REPORTER_ACTIVE: 'false' },
      options: { meters: false, logs: false },
      expected: { meters: false, logs: false },
    },
    {
      env: { SW_AGENT_EVENT_REPORTER_ACTIVE: 'false' },
      options: { events: false },
      expected: { events: false },
    },
    { env: { SW_AGENT_MAX_BUFFER_SIZE: '5' }, options: { maxBuffer: 5 }, expected: { maxBuffer: 5 } },
    { env: { SW_AGENT_LOGGING_LEVEL: 'DEBUG' }, options: { logLevel: 'debug' }, expected: { logLevel: 'debug' } },
    { env: { SW_DISABLE: 'true' }, options: { enabled: false }, expected: { enabled: false } },
    { env: { SW_DISABLE: 'false' }, options: { enabled: true }, expected: { enabled: true } },
  ];

  it.each(readings)('says the same by environment and by start(): $expected', ({ env, options, expected }) => {
    expect(resolve({ env })).toMatchObject(expected);
    expect(resolve({ options })).toMatchObject(expected);
  });

  const flags: [args: string[], expected: object][] = [
    [['--skyanchor-service-name', 'orders'], { serviceName: 'orders' }],
    [['--skyanchor-instance-name=orders-1'], { instanceName: 'orders-1', instanceNameFrom: 'flag' }],
    [
      ['--skyanchor-backends', 'a:1,b:2'],
      {
        backends: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
      },
    ],
    [['--skyanchor-protocol', 'auto'], { protocol: 'auto' }],
    [['--skyanchor-command-file', '/c'], { commandFile: path.resolve('/c') }],
    [['--skyanchor-status-file', '/s'], { statusFile: path.resolve('/s') }],
    [['--skyanchor-heartbeat-ms', '500'], { heartbeatMs: 500 }],
    [['--skyanchor-sample-rate=0'], { sampleRate: 0 }],
    [['--skyanchor-log-level=off'], { logLevel: 'off' }],
    [['--skyanchor-disable'], { enabled: false }],
  ];

  it.each(flags)('is set by the flag %j', (args, expected) => {
    expect(resolve({ args })).toMatchObject(expected);
  });

  it("takes the application's own logger, as it is", () => {
    const logger = { error: jest.fn(), warn: jest.fn(), info: jest.fn(), debug: jest.fn() };
    expect(resolve({ options: { logger } }).logger).toBe(logger);
  });

  it.each(['npm-cli.js', 'npx', 'yarn.js', 'pnpm.cjs', 'yarn-1.22.19.cjs'])(
    'is off in %s, which only starts the program',
    (script) => {
      expect(resolve({ mainScript: `/usr/lib/bin/${script}` }).enabled).toBe(false);
      expect(resolve({ mainScript: `/usr/lib/bin/${script}`, env: { SW_DISABLE: 'false' } }).enabled).toBe(false);
    },
  );
});

describe('faults', () => {
  it('are all told at once, each with name, value, source and what was expected', () => {
    const mainScript = applicationWith('faulty', { collectQuery: 'yes', heartBeatMs: 5 });
    const faults = faultsOf({
      mainScript,
      args: ['--skyanchor-protocol=v9', '--skyanchor-protocl', 'v2', '--skyanchor-log-level'],
      env: { SW_AGENT_SAMPLE_RATE: '7', SW_AGENT_INSTANCE: 'a b' },
      options: { maxBuffer: -1, nonsense: true },
    });
    expect(faults).toEqual(
      expect.arrayContaining([
        {
          name: 'protocol',
          value: 'v9',
          source: 'flag --skyanchor-protocol',
          expected: 'auto, v2 or v3',
        },
        {
          name: '--skyanchor-protocl',
          value: 'v2',
          source: 'flag --skyanchor-protocl',
          expected: 'a flag that exists; did you mean --skyanchor-protocol?',
        },
        {
          name: 'logLevel',
          value: '',
          source: 'flag --skyanchor-log-level',
          expected: 'a value: off, error, warn, info or debug',
        },
        {
          name: 'sampleRate',
          value: '7',
          source: 'environment SW_AGENT_SAMPLE_RATE',
          expected: 'a number from 0 to 1',
        },
        {
          name: 'instanceName',
          value: 'a b',
          source: 'environment SW_AGENT_INSTANCE',
          expected: '1 to 200 characters without blanks and control characters, no leading @',
        },
        { name: 'maxBuffer', value: '-1', source: 'start()', expected: 'an integer from 1 to 1000000' },
        { name: 'nonsense', value: 'true', source: 'start()', expected: 'an option that exists' },
        { name: 'collectQuery', value: 'yes', source: 'file skyanchor.config.json', expected: 'true or false' },
        {
          name: 'heartBeatMs',
          value: '5',
          source: 'file skyanchor.config.json',
          expected: 'an option that exists; did you mean heartbeatMs?',
        },
      ]),
    );
    expect(faults).toHaveLength(9);
  });

  it.each<[name: string, value: unknown]>([
    ['serviceName', ''],
    ['serviceName', '   '],
    ['serviceName', 'a\nb'],
    ['serviceName', 7],
    ['instanceName', ''],
    ['instanceName', '@orders'],
    ['instanceName', 'or ders'],
    ['instanceName', 'a\u0007'],
    ['instanceName', 'a\ud800'],
    ['backends', ''],
    ['backends', ','],
    ['backends', []],
    ['backends', 'oap'],
    ['backends', 'oap:0'],
    ['backends', 'oap:65536'],
    ['backends', 'http://oap:11800'],
    ['backends', '::1:11800'],
    ['backends', '[oap]:11800'],
    ['backends', ['oap:11800', 7]],
    ['protocol', 'v4'],
    ['protocol', 'V2'],
    ['commandFile', ''],
    ['commandFile', 'a\0b'],
    ['statusFile', true],
    ['statusFileMode', 640],
    ['statusFileMode', '0666'],
    ['statusFileMode', '0700'],
    ['statusFileMode', '0440'],
    ['statusFileMode', 'rw-r-----'],
    ['commandFileOwners', [-1]],
    ['commandFileOwners', ['root']],
    ['commandFileOwners', 1000],
    ['commandFileTrustDirectory', 'true'],
    ['heartbeatMs', 0],
    ['heartbeatMs', 9],
    ['heartbeatMs', 86_400_001],
    ['heartbeatMs', 99.5],
    ['heartbeatMs', NaN],
    ['heartbeatMs', '1000'],
    ['authentication', 'tökén'],
    ['authentication', 'a\nb'],
    ['tls', 'yes'],
    ['maxConnectionAgeMs', 999],
    ['sampleRate', 1.01],
    ['sampleRate', -0.1],
    ['ignoreSuffix', [null]],
    ['ignorePath', 7],
    ['collectQuery', 1],
    ['groupEndpoints', 'no'],
    ['openTelemetry', 'no such thing!'],
    ['openTelemetry', []],
    ['openTelemetry', 7],
    ['logCorrelation', 'yes'],
    ['applicationLogs', 'loud'],
    ['applicationLogs', 7],
    ['sqlParameters', 'yes'],
    ['sqlParametersMaxLength', 0],
    ['mongoParameters', 1],
    ['mongoParametersMaxLength', 1000001],
    ['maxBuffer', 0],
    ['logLevel', 'trace'],
    ['logger', {}],
    ['logger', console.log],
    ['enabled', 'no'],
  ])('names %s when it is %j', (name, value) => {
    const faults = faultsOf({ options: { [name]: value } });
    expect(faults).toEqual([{ name, value: expect.any(String), source: 'start()', expected: expect.any(String) }]);
  });

  it.each([
    ['SW_AGENT_HEARTBEAT_MS', '0x10'],
    ['SW_AGENT_HEARTBEAT_MS', ' '],
    ['SW_AGENT_HEARTBEAT_MS', '3s'],
    ['SW_AGENT_SAMPLE_RATE', 'half'],
    ['SW_AGENT_COMMAND_FILE_OWNERS', 'root'],
  ])('names the variable %s when it is %j', (variable, value) => {
    expect(faultsOf({ env: { [variable]: value } })).toMatchObject([{ value, source: `environment ${variable}` }]);
  });

  it('are told of a name of more than 200 characters', () => {
    const options = { serviceName: '😀'.repeat(201), instanceName: '😀'.repeat(201) };
    expect(
      faultsOf({ options })
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['instanceName', 'serviceName']);
    const fitting = { serviceName: '😀'.repeat(200), instanceName: '😀'.repeat(200) };
    expect(resolve({ options: fitting })).toMatchObject(fitting);
  });

  it.each([7, 'v2', [], () => undefined])('are told of start(%p)', (options) => {
    expect(faultsOf({ options })).toMatchObject([{ name: 'options', source: 'start()', expected: 'an object' }]);
  });

  it.each([
    ['[x]', '[x]'],
    [['x'], 'an array'],
  ])('are told what start(%j) was given', (options, value) => {
    expect(faultsOf({ options })).toMatchObject([{ name: 'options', value }]);
  });

  it('do not hold the source of a function', () => {
    const secret = (): string => 'hunter2';
    expect(faultsOf({ options: { trustIncoming: [secret] } })[0]?.value).toBe('[a function]');
  });

  it('show the beginning of a text that is too long to be quoted', () => {
    const control = '\u0001'.repeat(2 ** 27);
    const [inArray] = faultsOf({ options: { ignorePath: [control] } });
    expect(inArray?.value).toMatch(/^\["(\\u0001)+/);
    const [alone] = faultsOf({ options: { protocol: control } });
    expect(alone?.value).toMatch(/^"(\\u0001)+/);
    expect(alone?.value).toHaveLength(101);
  });

  it.each([
    ['h:11800?token=SECRET', 'h:11800?***'],
    ['me:pw@h:11800/#SECRET, x', '***@h:11800/#***'],
    ['h:11800?token="SECRET"', 'h:11800?***'],
    ['h:11800?a\\\u2028SECRET', 'h:11800?***'],
    [['h:1?a\\\u2028SECRET'], '["h:1?***"]'],
    [['h:1?token=S"ECRET,SECRET', 'h:2#SECRET', 'h:3'], '["h:1?***","h:2#***","h:3"]'],
  ])('do not show what stands behind the address of a backend, case %#', (backends, shown) => {
    const faults = faultsOf({ options: { backends } });
    expect(faults.map(({ value }) => value)).toEqual([shown]);
  });

  it.each([
    ['https://SECRET@oap:1/x', 'https://***@oap:1/x'],
    ['https://:SECRET@oap:1', 'https://***@oap:1'],
    ['https://me:SEC,RET@oap:1', 'https://***@oap:1'],
    ['https://me:SEC RET@oap:1', 'https://***@oap:1'],
    ['https://S/E:CR@ET@oap:1', 'https://***@oap:1'],
    ['https://me:SEC\nRET@oap:1', 'https://***@oap:1'],
    ['SECRET@oap:1', '***@oap:1'],
    ['SE:CR://ET@oap:1', '***@oap:1'],
    ['me:SE?CRET@oap:1', '***'],
    ['https://oap:1?token=a@SECRET', 'https://***'],
    [['h:1', 'https://SEC,RET@oap:x'], '["h:1","https://***@oap:x"]'],
    [['me:SE?CRET@oap:1'], '["***"]'],
  ])('do not show who calls by the address of a backend, whatever is in it, case %#', (backends, shown) => {
    const faults = faultsOf({ options: { backends } });
    expect(faults.map(({ value }) => value)).toEqual([shown]);
  });

  it.each([
    [{ options: { backend: 'https://SEC,RET@oap:1' } }],
    [{ args: ['--skyanchor-backend=https://:SECRET@oap:1'] }],
    [{ options: { protocol: 'v2 https://SECRET@oap:1' } }],
  ])('do not show who calls by a URL that is given for something else: %j', (sources) => {
    expect(faultsOf(sources).map(({ value }) => value)).toEqual([
      expect.stringMatching(/^(v2 )?https:\/\/\*\*\*@oap:1$/),
    ]);
  });

  it('do not show a password whose end is cut off', () => {
    const address = `me:sesam${'m'.repeat(100_000)}@oap:11800`;
    for (const backends of [address, [address]]) {
      const [fault] = faultsOf({ options: { backends } });
      expect(fault?.value).toMatch(/^(\[")?\*\*\*@/);
    }
  });

  it('call an array an array whose items cannot be read', () => {
    const items = new Proxy(['a'], {
      get: () => {
        throw new Error('mine');
      },
    });
    expect(faultsOf({ options: { backends: items } })[0]?.value).toBe('an array');
  });

  it.each([
    ['backends', Array.from({ length: 10_001 }, () => 'a:1'), 'at most 10000 items, not 10001'],
    ['backends', 'a:1,'.repeat(10_001), 'at most 10000 items, not 10001'],
    ['trustIncoming', Array.from({ length: 10_001 }, () => '::/0'), 'at most 10000 items, not 10001'],
    ['backends', ','.repeat(1_000_001), 'at most 1000000 characters, not 1000001'],
    ['disable', 'http,'.repeat(200_001), 'at most 1000000 characters, not 1000005'],
    ['ignoreMethods', 'HEAD'.repeat(250_001), 'at most 1000000 characters, not 1000004'],
    ['openTelemetry', Array.from({ length: 101 }, () => 'pg'), 'at most 100 items, not 101'],
    ['ignoreMethods', Array.from({ length: 65 }, () => 'HEAD'), 'at most 64 items, not 65'],
  ])('name the bound of a list that is too long: %s', (name, value, bound) => {
    const [fault] = faultsOf({ options: { [name]: value } });
    expect(fault?.expected).toMatch(new RegExp(`; ${bound}$`));
    expect(faultsOf({ options: { [name]: ['no such thing!'] } })[0]?.expected).not.toMatch(/items/);
  });

  it('do not write out a number that Node takes seconds for', () => {
    const [fault] = faultsOf({ options: { sampleRate: 1n << 2_000_000n } });
    expect(fault?.value).toBe('[bigint]');
    expect(faultsOf({ options: { sampleRate: 12n } })[0]?.value).toBe('12');
  });

  it('stand for whatever a getter of the options throws', () => {
    const options = Object.defineProperty({}, 'protocol', {
      enumerable: true,
      get: () => {
        throw new Error('mine');
      },
    });
    expect(faultsOf({ options })).toMatchObject([{ name: 'options' }]);
  });

  it('do not take a key from the prototype for an option', () => {
    expect(
      faultsOf({ options: JSON.parse('{"__proto__": 1, "constructor": 2, "config": "x", "tls.caFile": "y"}') }),
    ).toHaveLength(4);
  });

  it('are one readable message', () => {
    const go = (): unknown => resolve({ options: { protocol: 'v4', sampleRate: 2 } });
    expect(go).toThrow(AgentError);
    expect(go).toThrow(
      'invalid configuration: protocol = v4 (start()): expected auto, v2 or v3; sampleRate = 2 (start()): expected a number from 0 to 1',
    );
  });
});

describe('a secret', () => {
  it.each([
    [{ env: { SW_AGENT_AUTHENTICATION: 'sesam\u0007' } }],
    [{ options: { authentication: ['sesam'] } }],
    [{ options: { authenticaton: 'sesam' } }],
    [{ options: { tls: { key: 'sesam' } } }],
    [{ options: { tls: '-----BEGIN PRIVATE KEY-----sesam' } }],
    [{ options: { tls: { keyFile: 'sesam', certFile: '/dev/null' } } }],
    [{ options: { authenticationFile: 'sesam' } }],
    [{ env: { SW_AGENT_AUTHENTICATION_FILE: 'sesam' } }],
    [{ args: ['--skyanchor-authentication=sesam'] }],
    [{ args: ['--skyanchor-token=sesam'] }],
    [{ options: { backends: 'https://me:sesam@oap:11800' } }],
    [{ options: { autentication: 'sesam' } }],
    [{ options: { backend: 'sesam@oap:11800' } }],
    [{ options: { backnds: 'https://oap:11800/?token=sesam' } }],
    [{ options: { backnds: ['oap:11800', 'sesam@oap:11800'] } }],
    [{ options: { directServer: 'sesam@oap:11800' } }],
    [{ options: { autorization: 'sesam' } }],
    [{ options: { tls: { kyFile: 'sesam' } } }],
    [{ args: ['--skyanchor-backendz=sesam@oap'] }],
    [{ args: ['--skyanchor-backendz', 'sesam@oap'] }],
    [{ args: ['--skyanchor-autentication=sesam'] }],
  ])('is never printed: %j', (sources) => {
    const faults = faultsOf(sources);
    expect(faults.length).toBeGreaterThan(0);
    expect(JSON.stringify(faults)).not.toContain('sesam');
    expect(JSON.stringify(faults)).toContain('***');
  });

  it.each([
    '/run/secrets/tokn',
    '"/run/secrets/token"',
    '/run/secrets/token\r',
    '~/token',
    './token',
    'C:\\keys\\token',
  ])('may be in a file, whose path is shown: %j', (SW_AGENT_AUTHENTICATION_FILE) => {
    const [fault] = faultsOf({ cwd: '/', env: { SW_AGENT_AUTHENTICATION_FILE } });
    expect(fault?.value.replaceAll('\\\\', '\\')).toContain(SW_AGENT_AUTHENTICATION_FILE.trim());
  });

  it('is not quoted from a file that is no JSON', () => {
    for (const text of ['{"authentication": sesam}', '{"authentication": "sesam" "a"}', 'sesam']) {
      const faults = faultsOf({ mainScript: applicationWith('broken', text) });
      expect(faults).toHaveLength(1);
      expect(JSON.stringify(faults)).not.toContain('sesam');
    }
  });

  it('has no flag, and the fault says what it has', () => {
    expect(faultsOf({ args: ['--skyanchor-authentication=x'] })[0]?.expected).toBe(
      'no such flag; authentication is set by start(), SW_AGENT_AUTHENTICATION',
    );
  });
});

describe('the file', () => {
  it('lies beside the package.json of the application', () => {
    expect(resolve({ mainScript: applicationWith('beside', { heartbeatMs: 700 }) }).heartbeatMs).toBe(700);
  });

  it('lies beside the package.json above the working directory where the script has none', () => {
    applicationWith('working', { heartbeatMs: 800 });
    const cwd = path.join(folder, 'working', 'deep', 'er');
    expect(resolve({ cwd, mainScript: undefined }).heartbeatMs).toBe(800);
  });

  it('is named by flag or environment, from the working directory', () => {
    put(folder, 'named/mine.json', { heartbeatMs: 900, commandFile: 'run/c' });
    const cwd = path.join(folder, 'named');
    expect(resolve({ cwd, args: ['--skyanchor-config=mine.json'] }).heartbeatMs).toBe(900);
    const config = resolve({ cwd: '/', env: { SW_AGENT_CONFIG_FILE: path.join(cwd, 'mine.json') } });
    expect(config.heartbeatMs).toBe(900);
    // Its own paths begin where it lies.
    expect(config.commandFile).toBe(path.join(cwd, 'run/c'));
  });

  it.each([
    ['is not there', 'gone.json', undefined],
    ['is a folder', '', undefined],
    ['is no JSON', 'text.json', 'text'],
  ])('is a fault of whoever named it when it %s', (_what, name, content) => {
    if (content !== undefined) put(folder, name, content);
    const file = path.join(folder, name);
    expect(faultsOf({ args: ['--skyanchor-config', file] })).toEqual([
      {
        name: 'config',
        value: file,
        source: 'flag --skyanchor-config',
        expected: expect.stringMatching(/^a readable file of JSON: ./),
      },
    ]);
  });

  it.each([[[]], ['text'], [null], [7]])('has to hold an object, not %j', (content) => {
    expect(faultsOf({ mainScript: applicationWith('odd', JSON.stringify(content)) })).toMatchObject([
      { name: 'options', source: 'file skyanchor.config.json', expected: 'an object' },
    ]);
  });

  it('may begin with a byte order mark', () => {
    expect(resolve({ mainScript: applicationWith('bom', '\uFEFF{"maxBuffer": 3}') }).maxBuffer).toBe(3);
  });
});

describe('placeholders in the instance name', () => {
  it.each([
    ['${ZONE}-1', 'eu-1'],
    ['${GONE:us}', 'us'],
    ['${EMPTY:us}', 'us'],
    ['a${GONE:}', 'a'],
    ['${HOSTNAME:x}', 'web-1'],
    ['$ZONE$', '$ZONE$'],
  ])('fills %s with %s', (template, expected) => {
    const env = { ZONE: 'eu', EMPTY: '', HOSTNAME: 'not-this', SW_AGENT_INSTANCE_NAME: template };
    expect(resolve({ env }).instanceName).toBe(expected);
  });

  it.each([
    ['${GONE}', 'GONE to be set, or a default: ${GONE:default}'],
    ['${EMPTY}${GONE}', 'EMPTY, GONE to be set, or a default: ${EMPTY:default}'],
    ['${A-B}', 'placeholders of the form ${HOSTNAME}, ${pid} or ${ENV_NAME:default}'],
    ['${GONE', 'placeholders of the form ${HOSTNAME}, ${pid} or ${ENV_NAME:default}'],
    ['${GONE:}', '1 to 200 characters without blanks and control characters, no leading @'],
    ['${LONG}', '1 to 200 characters without blanks and control characters, no leading @'],
    ['${AT}', '1 to 200 characters without blanks and control characters, no leading @'],
  ])('refuses %s', (instanceName, expected) => {
    const env = { EMPTY: '', LONG: 'x'.repeat(201), AT: '@all' };
    expect(faultsOf({ env, options: { instanceName } })).toEqual([
      { name: 'instanceName', value: instanceName, source: 'start()', expected },
    ]);
  });
});

describe('the instrumentations to disable', () => {
  const KNOWN = `${INSTRUMENTATIONS.slice(0, -1).join(', ')} or ${INSTRUMENTATIONS.at(-1)!}`;

  it('are read from the environment in any case, and what only other agents know is ignored with a warning', () => {
    const env = { SW_AGENT_DISABLE_PLUGINS: 'mysql, Express,HTTP,,amqplib' };
    expect(resolve({ env })).toMatchObject({
      disable: ['express', 'http'],
      warnings: [
        'disable = mysql,amqplib (environment SW_AGENT_DISABLE_PLUGINS) is ignored: ' +
          `expected names of instrumentations: ${KNOWN}`,
      ],
    });
  });

  it('are read from the environment without a warning when all are known', () => {
    expect(resolve({ env: { SW_AGENT_DISABLE_PLUGINS: 'koa' } })).toMatchObject({ disable: ['koa'], warnings: [] });
  });

  it.each([[['koa', 'net']], ['koa,net']])('are read from start() given as %j', (disable) => {
    expect(resolve({ options: { disable } }).disable).toEqual(['koa', 'net']);
  });

  it.each([[['mysql', 'koa']], ['mysql,koa'], [7]])(
    'are a fault in start() that names the known ones: %j',
    (disable) => {
      expect(faultsOf({ options: { disable } })).toEqual([
        expect.objectContaining({
          name: 'disable',
          source: 'start()',
          expected: `names of instrumentations: ${KNOWN}`,
        }),
      ]);
    },
  );
});

describe('namespace and cluster', () => {
  it.each([
    [{ namespace: 'prod', cluster: 'eu' }, 'orders|prod|eu'],
    [{ namespace: 'prod' }, 'orders|prod|'],
    [{ cluster: 'eu' }, 'orders||eu'],
    [{}, 'orders'],
  ])('%j become part of the name of the service, as for the Java agent', (options, serviceName) => {
    expect(resolve({ options: { serviceName: 'orders', ...options } })).toMatchObject({ serviceName, ...options });
  });

  it('are read from the environment', () => {
    const env = { SW_AGENT_NAME: 'orders', SW_AGENT_NAMESPACE: 'prod', SW_AGENT_CLUSTER: 'eu' };
    expect(resolve({ env })).toMatchObject({ serviceName: 'orders|prod|eu', warnings: [] });
  });
});

describe('delivery and spool', () => {
  const DEFAULTS = {
    maxBytes: 268_435_456,
    maxAgeMs: 86_400_000,
    seal: 'medium',
    adopt: 'first',
    drop: 'oldest',
    fsync: 'never',
  };

  it.each([
    [{ options: { spool: '/var/spool/orders' } }, {}],
    [{ options: { spool: { directory: '/var/spool/orders' } } }, {}],
    [{ env: { SW_AGENT_SPOOL_DIRECTORY: '/var/spool/orders' } }, {}],
    [
      { env: { SW_AGENT_SPOOL_DIRECTORY: '/var/spool/orders', SW_AGENT_SPOOL_MAX_BYTES: '1048576' } },
      { maxBytes: 1_048_576 },
    ],
    [
      {
        options: {
          spool: {
            directory: '/var/spool/orders',
            maxAgeMs: 60_000,
            seal: 'small',
            adopt: 'any',
            drop: 'newest',
            fsync: 'block',
          },
        },
      },
      { maxAgeMs: 60_000, seal: 'small', adopt: 'any', drop: 'newest', fsync: 'block' },
    ],
    [
      {
        options: { spool: { directory: '/elsewhere', maxBytes: 2_097_152 } },
        env: { SW_AGENT_SPOOL_DIRECTORY: '/var/spool/orders' },
      },
      { maxBytes: 2_097_152 },
    ],
  ])('a spool is configured by %j', (sources, changed) => {
    expect(resolve(sources).spool).toEqual({ directory: path.resolve('/var/spool/orders'), ...DEFAULTS, ...changed });
  });

  it('a relative directory means: from the working directory', () => {
    const { directory } = resolve({ options: { spool: 'waiting' } }).spool ?? {};
    expect(directory).toBe(path.resolve('/nowhere/at/all/waiting'));
  });

  it('lines of the application wait in a buffer whose size may be said alone', () => {
    const { applicationLogs } = resolve({ options: { applicationLogs: { maxBuffer: 10 } } });
    expect(applicationLogs).toEqual({ level: 'info', maxBuffer: 10 });
  });

  it('a spool without a directory is none', () => {
    expect(resolve({ options: { spool: { maxBytes: 2_097_152 } } }).spool).toBeUndefined();
  });

  it.each([
    [{ spool: 7 }, 'spool'],
    [{ spool: { directory: '/x', maxBytes: 1 } }, 'spool.maxBytes'],
    [{ spool: { directory: '/x', maxAgeMs: 1 } }, 'spool.maxAgeMs'],
    [{ spool: { directory: '/x', seal: 'tiny' } }, 'spool.seal'],
    [{ spool: { directory: '/x', adopt: 'last' } }, 'spool.adopt'],
    [{ spool: { directory: '/x', drop: 'all' } }, 'spool.drop'],
    [{ spool: { directory: '/x', fsync: true } }, 'spool.fsync'],
    [{ spool: { directory: '/x', colour: 'red' } }, 'spool.colour'],
    [{ delivery: 'exactly-once' }, 'delivery'],
    [{ applicationLogs: { maxBuffer: 0 } }, 'applicationLogs.maxBuffer'],
    [{ applicationLogs: { level: 'loud' } }, 'applicationLogs'],
    [{ applicationLogs: { colour: 'red' } }, 'applicationLogs.colour'],
  ])('%j is a fault', (options, name) => {
    expect(faultsOf({ options })).toMatchObject([{ name }]);
  });

  it('delivery is a word', () => {
    expect(resolve({ env: { SW_AGENT_DELIVERY: 'at-least-once' } }).delivery).toBe('at-least-once');
  });
});

describe('the properties of the instance', () => {
  it.each([
    [{ options: { instanceProperties: { region: 'eu-1', zone: 7 } } }],
    [{ env: { SW_INSTANCE_PROPERTIES_JSON: '{"region":"eu-1","zone":7}' } }],
    [{ env: { SW_AGENT_INSTANCE_PROPERTIES_JSON: '{"region":"eu-1","zone":7}' } }],
  ])('are texts by name: %j', (sources) => {
    const { instanceProperties, warnings } = resolve(sources);
    expect(instanceProperties).toEqual([
      ['region', 'eu-1'],
      ['zone', '7'],
    ]);
    expect(warnings).toEqual([]);
  });

  it.each(['{', '[]', '"text"', '{"a":{}}', '{"a":"b\\n"}', '{"":"a"}'])(
    'that are none in the environment are ignored with a warning: %s',
    (text) => {
      expect(resolve({ env: { SW_INSTANCE_PROPERTIES_JSON: text } })).toMatchObject({
        instanceProperties: [],
        warnings: [
          expect.stringMatching(/^instanceProperties = .* is ignored: expected an object of at most 32 texts/),
        ],
      });
    },
  );

  it('that are none in start() are a fault', () => {
    expect(faultsOf({ options: { instanceProperties: { a: null } } })).toMatchObject([{ name: 'instanceProperties' }]);
  });

  it('name the pod in Kubernetes, where the host is called as the pod', () => {
    expect(resolve({ env: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } }).instanceProperties).toEqual([['pod', 'web-1']]);
    expect(resolve({ env: { POD_NAME: 'orders-0' } }).instanceProperties).toEqual([['pod', 'orders-0']]);
  });
});
