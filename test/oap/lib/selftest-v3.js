'use strict';

const { connectV2Agent } = require('./agent-v2');
const { DATABASE, ENDPOINT, INSTANCE, SERVICE, checkReadBack, spansOf } = require('./selftest-common');
const { startOap } = require('./server');
const wire = require('./wire');

const KEEP_ALIVE = 'skywalking.v3.ManagementService/keepAlive';
const identity = { service: SERVICE, serviceInstance: INSTANCE };

async function sendTrace(call) {
  const now = Date.now();
  const id = `selftest-${now}`;
  const names = { endpoint: { operationName: ENDPOINT }, database: { peer: DATABASE } };
  const segment = { traceId: id, traceSegmentId: `${id}-segment`, ...identity, spans: spansOf(now, names) };
  await call('skywalking.v3.TraceSegmentReportService/collect', [segment]);
  return id;
}

async function refuseStrangers(check) {
  const oap = await startOap({ version: '10.1.0', token: 'secret' });
  try {
    const statusWith = async (token) => {
      const { call, close } = wire.connect(oap.grpc, wire.v3, { token });
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
  const { call, close } = wire.connect(oap.grpc, wire.v3);
  check('keepAlive passes', (await call(KEEP_ALIVE, identity)).status === 'OK');
  const properties = [
    { key: 'language', value: 'nodejs' },
    { key: 'hostname', value: 'vm' },
  ];
  await call('skywalking.v3.ManagementService/reportInstanceProperties', { ...identity, properties });
  await checkReadBack(oap, await sendTrace(call), check);
  close();

  await oap.wipe();
  check('a wipe forgets everything', (await oap.services()).length === 0);
  await refuseStrangers(check);
}

module.exports = { selftestV3 };
