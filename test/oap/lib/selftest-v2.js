'use strict';

const { setTimeout: sleep } = require('node:timers/promises');

const { connectV2Agent } = require('./agent-v2');
const { DATABASE, ENDPOINT, INSTANCE, SERVICE, checkReadBack, spansOf } = require('./selftest-common');
const { startOap } = require('./server');
const wire = require('./wire');

/** One trace by ids. Returns its id as OAP shows it. */
async function sendTrace(agent, { serviceId, instanceId, endpointId, addressId }) {
  const now = Date.now();
  const id = { idParts: [BigInt(instanceId), BigInt(process.pid), BigInt(now) * 10000n] };
  const segment = wire.encode(wire.v2, 'SegmentObject', {
    traceSegmentId: id,
    serviceId,
    serviceInstanceId: instanceId,
    spans: spansOf(now, { endpoint: { operationNameId: endpointId }, database: { peerId: addressId } }),
  });
  const { status } = await agent.call('TraceSegmentReportService/collect', [{ globalTraceIds: [id], segment }]);
  return { status, traceId: id.idParts.join('.') };
}

async function registerAndTrace(oap, check) {
  const agent = connectV2Agent(oap.grpc);
  const first = await agent.registerService(SERVICE);
  check('the first registration of a name is answered without an id', first.status === 'OK' && !first.value.services);

  const serviceId = await agent.serviceId(SERVICE);
  const instanceId = await agent.instanceId(serviceId, INSTANCE);
  check('ids begin at 2', serviceId === 2 && instanceId === 2);
  check('a living instance gets no command', !(await agent.ping(instanceId, INSTANCE)).value.commands);

  const endpointId = await agent.endpointId(serviceId, ENDPOINT);
  const addressId = await agent.addressId(DATABASE);
  const ids = { serviceId, instanceId, endpointId, addressId };
  await checkReadBack(oap, (await sendTrace(agent, ids)).traceId, check);
  agent.close();
  return ids;
}

async function forget(oap, old, check) {
  await oap.wipe();
  const agent = connectV2Agent(oap.grpc);
  check('a wipe forgets everything', (await oap.services()).length === 0);

  const { commands = [] } = (await agent.ping(old.instanceId, INSTANCE)).value;
  check('a forgotten instance is told to reset', commands[0]?.command === 'ServiceMetadataReset');
  const refused = await agent.registerInstance(old.serviceId, INSTANCE);
  check('a forgotten service id fails with UNKNOWN', refused.status === 'UNKNOWN');

  const lost = await sendTrace(agent, old);
  await sleep(3000);
  const isLost = lost.status === 'OK' && (await oap.trace(lost.traceId)).length === 0;
  check('a segment with forgotten ids is taken and dropped', isLost);

  const serviceId = await agent.serviceId('another-service');
  const instanceId = await agent.instanceId(serviceId, 'another-service-1');
  const isReissued = serviceId === old.serviceId && instanceId === old.instanceId;
  check('the same numbers are given out again', isReissued);
  check('an id given to another instance is not reset', !(await agent.ping(old.instanceId, INSTANCE)).value.commands);
  agent.close();
}

async function remember(check) {
  const oap = await startOap({ version: '6.5.0', storage: 'file' });
  try {
    let agent = connectV2Agent(oap.grpc);
    const serviceId = await agent.serviceId(SERVICE);
    const instanceId = await agent.instanceId(serviceId, INSTANCE);
    agent.close();
    await oap.restart();
    agent = connectV2Agent(oap.grpc);
    const isKept = (await agent.serviceId(SERVICE)) === serviceId;
    check(
      'file storage keeps the ids over a restart',
      isKept && !(await agent.ping(instanceId, INSTANCE)).value.commands,
    );
    agent.close();
  } finally {
    await oap.stop();
  }
}

async function selftestV2(oap, check) {
  const { call, close } = wire.connect(oap.grpc, wire.v3);
  const keepAlive = await call('skywalking.v3.ManagementService/keepAlive', { service: SERVICE });
  check('v3 is not implemented', keepAlive.status === 'UNIMPLEMENTED');
  close();
  await forget(oap, await registerAndTrace(oap, check), check);
  await remember(check);
}

module.exports = { selftestV2 };
