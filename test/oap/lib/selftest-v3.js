'use strict';

const { connectV2Agent } = require('./agent-v2');
const { DATABASE, ENDPOINT, INSTANCE, SERVICE, checkReadBack, spansOf } = require('./selftest-common');
const { startOap } = require('./server');
const { describeVersion } = require('./versions');
const wire = require('./wire');

const KEEP_ALIVE = 'ManagementService/keepAlive';
const identity = { service: SERVICE, serviceInstance: INSTANCE };

/** Methods are named as of 8.0; 8.4 put a package before them. */
function connect({ grpc, version }, options) {
  const { call, close } = wire.connect(grpc, wire.v3, options);
  const { isPackaged } = describeVersion(version);
  return {
    call: (method, value) => {
      const packaged = `skywalking.v3.${method}`;
      return call(packaged, value, { path: `/${isPackaged ? packaged : method}` });
    },
    close,
  };
}

async function sendTrace(call) {
  const now = Date.now();
  const id = `selftest-${now}`;
  const names = { endpoint: { operationName: ENDPOINT }, database: { peer: DATABASE } };
  const segment = { traceId: id, traceSegmentId: `${id}-segment`, ...identity, spans: spansOf(now, names) };
  await call('TraceSegmentReportService/collect', [segment]);
  return id;
}

async function refuseStrangers(version, check) {
  const oap = await startOap({ version, token: 'secret' });
  try {
    const statusWith = async (token) => {
      const { call, close } = connect(oap, { token });
      const { status } = await call(KEEP_ALIVE, identity);
      close();
      return status;
    };
    check('the right token passes', (await statusWith('secret')) === 'OK');
    check('a wrong token is PERMISSION_DENIED', (await statusWith('guess')) === 'PERMISSION_DENIED');
    check('no token is PERMISSION_DENIED', (await statusWith(undefined)) === 'PERMISSION_DENIED');
  } finally {
    await oap.stop();
  }
}

async function refuseV2(oap, check) {
  const agent = connectV2Agent(oap.grpc);
  check('v2 is not implemented', (await agent.registerService(SERVICE)).status === 'UNIMPLEMENTED');
  agent.close();
}

async function selftestV3(oap, check) {
  await refuseV2(oap, check);
  const { call, close } = connect(oap);
  check('keepAlive passes', (await call(KEEP_ALIVE, identity)).status === 'OK');
  const properties = [
    { key: 'language', value: 'nodejs' },
    { key: 'hostname', value: 'vm' },
  ];
  await call('ManagementService/reportInstanceProperties', { ...identity, properties });
  await checkReadBack(oap, await sendTrace(call), check);
  close();

  await oap.wipe();
  check('a wipe forgets everything', (await oap.services()).length === 0);
  await refuseStrangers(oap.version, check);
}

module.exports = { selftestV3 };
