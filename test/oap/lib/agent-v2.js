'use strict';

const { until } = require('./until');
const wire = require('./wire');

/** Asks as an agent does, again and again, until the answer holds an id. */
function untilId(register) {
  return until(register, (id) => id > 0, { everyMs: 50 });
}

const valueOf = (pairs, key) => pairs?.find((pair) => pair.key === key)?.value;

/** A v2 agent reduced to its calls; `connect` of wire.js, and so no line of the agent under test. */
function connectV2Agent(address) {
  const { call, close } = wire.connect(address, wire.v2);

  const registerService = (serviceName) => call('Register/doServiceRegister', { services: [{ serviceName }] });

  const registerInstance = (serviceId, instanceUUID) =>
    call('Register/doServiceInstanceRegister', {
      instances: [
        {
          serviceId,
          instanceUUID,
          time: Date.now(),
          properties: [
            { key: 'language', value: 'nodejs' },
            { key: 'host_name', value: 'vm' },
            { key: 'process_no', value: '4242' },
          ],
        },
      ],
    });

  const registerAddress = (name) => call('Register/doNetworkAddressRegister', { addresses: [name] });

  const registerEndpoint = (serviceId, endpointName) =>
    call('Register/doEndpointRegister', { endpoints: [{ serviceId, endpointName, from: 'server' }] });

  return {
    call,
    close,
    registerService,
    registerInstance,
    serviceId: (name) => untilId(async () => valueOf((await registerService(name)).value.services, name)),
    instanceId: (serviceId, uuid) =>
      untilId(async () => valueOf((await registerInstance(serviceId, uuid)).value.serviceInstances, uuid)),
    addressId: (name) => untilId(async () => valueOf((await registerAddress(name)).value.addressIds, name)),
    endpointId: (serviceId, name) =>
      untilId(async () => (await registerEndpoint(serviceId, name)).value.elements?.[0]?.endpointId),
    ping: (serviceInstanceId, serviceInstanceUUID) =>
      call('ServiceInstancePing/doPing', { serviceInstanceId, time: Date.now(), serviceInstanceUUID }),
  };
}

module.exports = { connectV2Agent };
