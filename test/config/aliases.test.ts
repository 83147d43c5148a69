import { KEY_ALIASES, VARIABLE_ALIASES } from '../../src/config/names/aliases';
import { faultsOf, resolve } from './sources';

/** What skywalking-backend-js and SkyAPM-nodejs read. */
const VARIABLES = [
  'SW_AGENT_NAME',
  'SW_AGENT_INSTANCE',
  'SW_AGENT_COLLECTOR_BACKEND_SERVICES',
  'SW_AGENT_SECURE',
  'SW_AGENT_AUTHENTICATION',
  'SW_AGENT_MAX_BUFFER_SIZE',
  'SW_COLD_ENDPOINT',
  'SW_AGENT_DISABLE_PLUGINS',
  'SW_IGNORE_SUFFIX',
  'SW_TRACE_IGNORE_PATH',
  'SW_HTTP_IGNORE_METHOD',
  'SW_SQL_TRACE_PARAMETERS',
  'SW_SQL_PARAMETERS_MAX_LENGTH',
  'SW_MONGO_TRACE_PARAMETERS',
  'SW_MONGO_PARAMETERS_MAX_LENGTH',
  'SW_AWS_LAMBDA_FLUSH',
  'SW_AWS_LAMBDA_CHAIN',
  'SW_AWS_SQS_CHECK_BODY',
  'SW_AGENT_TRACE_TIMEOUT',
  'SW_AGENT_NODEJS_RUNTIME_METRICS_REPORTER_ACTIVE',
  'SW_AGENT_RUNTIME_METRICS_REPORTER_ACTIVE',
  'SW_AGENT_NVM_METRICS_REPORTER_ACTIVE',
  'SW_AGENT_NVM_JVM_REPORTER_ACTIVE',
  'SW_AGENT_NODEJS_RUNTIME_METRICS_REPORT_PERIOD',
  'SW_AGENT_RUNTIME_METRICS_REPORT_PERIOD',
  'SW_AGENT_NVM_METRICS_REPORT_PERIOD',
  'SW_AGENT_NVM_JVM_METRICS_REPORT_PERIOD',
  'SW_DISABLE',
  'SW_AGENT_LOGGING_LEVEL',
  'SW_LOGGING_TARGET',
  'SW_AGENT_SSL_TRUSTED_CA_PATH',
  'SW_AGENT_SSL_CERT_CHAIN_PATH',
  'SW_AGENT_SSL_KEY_PATH',
  'SW_AGENT_SSL_TARGET_NAME_OVERRIDE',
  'SW_AGENT_IS_RESOLVE_DNS_PERIODICALLY',
  'SW_AGENT_COLLECTOR_IS_RESOLVE_DNS_PERIODICALLY',
  'SW_AGENT_DNS_RE_RESOLVE_INTERVAL_SECONDS',
  'SW_AGENT_COLLECTOR_GRPC_CHANNEL_CHECK_INTERVAL',
  'SW_SERVICE_NAME',
  'SW_DIRECT_SERVERS',
  'SW_AUTHENTICATION',
  'SW_INSTANCE_NAME',
  'SW_ENABLED',
];

/** What `start()` of skywalking-backend-js takes, and SkyAPM-nodejs. */
const KEYS = [
  ...['serviceName', 'serviceInstance', 'collectorAddress', 'secure', 'authorization', 'maxBufferSize', 'coldEndpoint'],
  ...['disablePlugins', 'ignoreSuffix', 'traceIgnorePath', 'httpIgnoreMethod', 'sqlTraceParameters', 'traceTimeout'],
  ...['sqlParametersMaxLength', 'mongoTraceParameters', 'mongoParametersMaxLength', 'awsLambdaFlush', 'awsLambdaChain'],
  ...['awsSQSCheckBody', 'runtimeMetricsReporterActive', 'runtimeMetricsReportPeriod', 'nvmMetricsReporterActive'],
  ...['nvmMetricsReportPeriod', 'nvmJvmReporterActive', 'nvmJvmMetricsReportPeriod', 'directServers', 'instanceUUID'],
  ...['instanceName', 'authentication'],
];

describe('a variable of another Node.js agent', () => {
  it.each([
    ['SW_AGENT_SECURE', 'true', { tls: {} }],
    ['SW_AGENT_SECURE', 'false', { tls: undefined }],
    ['SW_IGNORE_SUFFIX', '.a,.b', { ignoreSuffix: ['.a', '.b'] }],
    ['SW_IGNORE_SUFFIX', '', { ignoreSuffix: [] }],
    ['SW_TRACE_IGNORE_PATH', 'GET:/health,**/metrics', { traceIgnorePath: ['GET:/health', '**/metrics'] }],
    ['SW_HTTP_IGNORE_METHOD', 'OPTIONS,HEAD', { ignoreMethods: ['OPTIONS', 'HEAD'] }],
    ['SW_AGENT_RUNTIME_METRICS_REPORTER_ACTIVE', 'false', { meters: false }],
    ['SW_AGENT_NVM_METRICS_REPORTER_ACTIVE', 'false', { meters: false }],
    ['SW_AGENT_NVM_JVM_REPORTER_ACTIVE', 'false', { meters: false }],
    ['SW_AGENT_NODEJS_RUNTIME_METRICS_REPORT_PERIOD', '5000', { meterPeriodMs: 5_000 }],
    ['SW_AGENT_NVM_JVM_METRICS_REPORT_PERIOD', '5000', { meterPeriodMs: 5_000 }],
    ['SW_SERVICE_NAME', 'orders', { serviceName: 'orders' }],
    ['SW_INSTANCE_NAME', 'orders-1', { instanceName: 'orders-1', instanceNameFrom: 'environment' }],
    ['SW_DIRECT_SERVERS', 'a:1,b:2', { backends: ['a', 'b'].map((host, at) => ({ host, port: at + 1 })) }],
    ['SW_AUTHENTICATION', 'secret', { authentication: 'secret' }],
    ['SW_ENABLED', 'true', { enabled: true }],
    ['SW_ENABLED', 'false', { enabled: false }],
    ['SW_AGENT_DNS_RE_RESOLVE_INTERVAL_SECONDS', '60', { maxConnectionAgeMs: 60_000 }],
    ['SW_AGENT_IS_RESOLVE_DNS_PERIODICALLY', 'true', { maxConnectionAgeMs: 300_000 }],
    ['SW_AGENT_COLLECTOR_IS_RESOLVE_DNS_PERIODICALLY', 'false', { maxConnectionAgeMs: undefined }],
    ['SW_MONGO_TRACE_PARAMETERS', 'true', { mongoParameters: true }],
    ['SW_AGENT_PROTOCOL', 'grpc', { protocol: 'auto' }],
  ])('is understood: %s=%s', (variable, text, expected) => {
    expect(resolve({ env: { [variable]: text } })).toMatchObject({ ...expected, warnings: [] });
  });

  it('gives way to our own name for the same', () => {
    const env = { SW_IGNORE_SUFFIX: '.a', SW_AGENT_IGNORE_SUFFIX: '.b', SW_ENABLED: 'false', SW_DISABLE: 'false' };
    expect(resolve({ env })).toMatchObject({ ignoreSuffix: ['.b'], enabled: true });
  });

  it('names itself and what it said in a fault', () => {
    expect(faultsOf({ env: { SW_DIRECT_SERVERS: 'nowhere' } })).toMatchObject([
      { name: 'backends', value: 'nowhere', source: 'environment SW_DIRECT_SERVERS' },
    ]);
  });

  it.each(VARIABLES)('is understood, or named in one line: %s', (variable) => {
    const { warnings } = resolve({ env: { [variable]: valueOf(variable) } });
    expect(warnings.length).toBeLessThanOrEqual(1);
    for (const warning of warnings) expect(warning).toMatch(`${variable} has no counterpart in skyanchor: `);
  });

  it.each(['http', 'kafka'])('is refused in a sentence where its meaning clashes: SW_AGENT_PROTOCOL=%s', (text) => {
    expect(faultsOf({ env: { SW_AGENT_PROTOCOL: text } })).toMatchObject([
      { value: text, expected: 'auto, v2 or v3; skyanchor reports by gRPC alone' },
    ]);
  });

  it('is told apart from ours where both stand for logs', () => {
    const env = { SW_AGENT_LOG_REPORTER_ACTIVE: 'true', SW_AGENT_APPLICATION_LOGS: 'info' };
    expect(resolve({ env }).warnings).toContainEqual(
      expect.stringMatching(
        /^SW_AGENT_LOG_REPORTER_ACTIVE sends the warnings of the agent itself.*SW_AGENT_APPLICATION_LOGS sends the application's own$/,
      ),
    );
    expect(resolve({ env: { SW_AGENT_LOG_REPORTER_ACTIVE: 'true' } }).warnings).toEqual([]);
  });
});

/** One that every kind of option takes which the variable may stand for. */
function valueOf(variable: string): string {
  if (/SERVICES|SERVERS/.test(variable)) return 'a:1';
  if (/PERIOD$|SIZE|LENGTH|INTERVAL|TIMEOUT|FLUSH/.test(variable)) return '2000';
  if (/LEVEL/.test(variable)) return 'warn';
  if (/PLUGINS/.test(variable)) return 'express';
  if (/SSL_\w+_PATH/.test(variable)) return '';
  return 'true';
}

describe('a variable that nothing reads', () => {
  it.each([
    ['SW_AGENT_SAMPLERATE', 'SW_AGENT_SAMPLERATE is not read by skyanchor; did you mean SW_AGENT_SAMPLE_RATE?'],
    ['SW_SAMPLE_RATE', 'SW_SAMPLE_RATE is not read by skyanchor; did you mean SW_AGENT_SAMPLE_RATE?'],
    ['SW_LOGGING_LEVEL', 'SW_LOGGING_LEVEL is not read by skyanchor; did you mean SW_AGENT_LOGGING_LEVEL?'],
    [
      'SW_AGENT_TRACE_IGNORE_PATH',
      'SW_AGENT_TRACE_IGNORE_PATH is not read by skyanchor; did you mean SW_AGENT_IGNORE_PATH?',
    ],
    [
      'SKYANCHOR_INSTANCE_NAME',
      'SKYANCHOR_INSTANCE_NAME is not read by skyanchor; did you mean SW_AGENT_INSTANCE_NAME?',
    ],
    ['SW_AGENT_XYZZY_PLUGH_FROTZ', 'SW_AGENT_XYZZY_PLUGH_FROTZ is not read by skyanchor'],
  ])('is named with the nearest that is read: %s', (variable, sentence) => {
    expect(resolve({ env: { [variable]: '1' } }).warnings).toEqual([sentence]);
  });

  it.each(['SW_STORAGE_ES_CLUSTER_NODES', 'SW_CORE_REST_HOST', 'SKYANCHOR_PRIMARY', 'SKYANCHOR_OAP_CACHE', 'SWITCH'])(
    'is left alone where it is for something else: %s',
    (variable) => {
      expect(resolve({ env: { [variable]: '1' } }).warnings).toEqual([]);
    },
  );

  it('is one of at most twelve that are named, and the others are counted', () => {
    const names = Array.from({ length: 20 }, (_, number) => [`SW_AGENT_QQQQQQQQ_${number}_ZZZZZZZZ`, '1']);
    const { warnings } = resolve({ env: Object.fromEntries(names) });
    expect(warnings).toHaveLength(13);
    expect(warnings.at(-1)).toBe('8 more variables that begin with SW_ are not read by skyanchor');
  });
});

function refuse(): never {
  throw new Error('refused');
}

describe('an option of start() that another Node.js agent has', () => {
  it('is understood by its name there', () => {
    const options = {
      serviceInstance: 'orders-1',
      collectorAddress: 'a:1',
      secure: false,
      authorization: 'secret',
      maxBufferSize: 7,
      traceIgnorePath: 'GET:/health',
      disablePlugins: 'mysql,express',
      runtimeMetricsReporterActive: false,
    };
    expect(resolve({ options })).toMatchObject({
      instanceName: 'orders-1',
      instanceNameFrom: 'start',
      backends: [{ host: 'a', port: 1 }],
      tls: undefined,
      authentication: 'secret',
      maxBuffer: 7,
      traceIgnorePath: ['GET:/health'],
      disable: ['express'],
      meters: false,
    });
  });

  it('gives way to our own name for the same', () => {
    expect(resolve({ options: { serviceInstance: 'a', instanceName: 'b' } })).toMatchObject({ instanceName: 'b' });
  });

  it('counts as not set where it is empty', () => {
    expect(resolve({ options: { authorization: '', serviceInstance: null } })).toMatchObject({
      authentication: undefined,
      instanceName: undefined,
    });
  });

  it('is named as it was given in a fault, a secret without its value', () => {
    expect(faultsOf({ options: { maxBufferSize: -1, authorization: 'ä' } })).toEqual([
      expect.objectContaining({ name: 'authentication', value: '***', source: 'start(), as authorization' }),
      expect.objectContaining({ name: 'maxBuffer', value: '-1', source: 'start(), as maxBufferSize' }),
    ]);
  });

  it.each([
    ['serviceInstance', 'instanceName'],
    ['authorization', 'authentication'],
    ['collectorAddress', 'backends'],
    ['disablePlugins', 'disable'],
  ])('is a fault where it is no text: %s', (key, name) => {
    const refusing = { get: refuse, getPrototypeOf: refuse };
    const others = [
      new Proxy({}, refusing),
      new Proxy(['a:1'], refusing),
      { a: 1 },
      ['a:1', {}],
      [['a:1']],
      Symbol('a'),
    ];
    for (const value of others) {
      expect(faultsOf({ options: { [key]: value } })).toMatchObject([{ name, source: `start(), as ${key}` }]);
    }
  });

  it('may be an array where ours may', () => {
    const options = { collectorAddress: ['a:1', 'b:2'], disablePlugins: ['express'], maxBufferSize: '7' };
    expect(resolve({ options })).toMatchObject({
      backends: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      disable: ['express'],
      maxBuffer: 7,
    });
    expect(faultsOf({ options: { serviceInstance: ['orders-1'] } })).toMatchObject([{ name: 'instanceName' }]);
  });

  it('may have gaps in an array, as variables that are not set leave them', () => {
    const options: object = {
      collectorAddress: ['a:1', undefined, 'b:2'],
      disablePlugins: ['express', undefined, null],
    };
    expect(resolve({ options })).toMatchObject({
      backends: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      disable: ['express'],
    });
  });

  it.each(KEYS)('is understood, or named in one line: %s', (key) => {
    const value = /active|secure|Cold|Parameters$|Chain|Check/i.test(key)
      ? false
      : /Size|Period|Length/.test(key)
        ? 2000
        : key === 'httpIgnoreMethod'
          ? 'OPTIONS'
          : 'a:1';
    const { warnings } = resolve({ options: { [key]: value } });
    expect(warnings.filter((warning) => !/ is ignored: /.test(warning)).length).toBeLessThanOrEqual(1);
    for (const warning of warnings) expect(warning).toMatch(key === 'disablePlugins' ? 'disable = a:1' : key);
  });
});

it('no alias is a name of ours as well', () => {
  expect(new Set(VARIABLE_ALIASES.map(({ variable }) => variable)).size).toBe(VARIABLE_ALIASES.length);
  expect(KEY_ALIASES.has('serviceName')).toBe(false);
});
