import { message, writePair, writeText } from '../protobuf/control/write';
import type { InstanceName } from '../../model/registration';
import type { Dialect } from '../../model/dialect';

/** `InstancePingPkg` */
export function encodePing({ serviceName, instanceName }: InstanceName): Buffer {
  return message((writer) => {
    writeText(writer, 1, serviceName);
    writeText(writer, 2, instanceName);
  });
}

/** `InstanceProperties` */
export function encodeProperties(
  { serviceName, instanceName }: InstanceName,
  properties: readonly (readonly [key: string, value: string])[],
): Buffer {
  return message((writer) => {
    writeText(writer, 1, serviceName);
    writeText(writer, 2, instanceName);
    for (const property of properties) writePair(writer, 3, property);
  });
}

/** `ConfigurationSyncRequest` */
export function encodeSyncRequest(serviceName: string, uuid: string): Buffer {
  return message((writer) => {
    writeText(writer, 1, serviceName);
    writeText(writer, 2, uuid);
  });
}

/**
 * The methods of the v3 servers. 8.0 to 8.3 have no package in their names; 8.0 knows the first three only, 8.1 and later
 * take meters too.
 */
export function v3Paths(dialect: Dialect) {
  const root = `/${dialect.package}`;
  return {
    keepAlive: `${root}ManagementService/keepAlive`,
    reportInstanceProperties: `${root}ManagementService/reportInstanceProperties`,
    collect: `${root}TraceSegmentReportService/collect`,
    fetchConfigurations: `${root}ConfigurationDiscoveryService/fetchConfigurations`,
    collectMeters: `${root}MeterReportService/collect`,
    collectLogs: `${root}LogReportService/collect`,
    collectEvents: `${root}EventService/collect`,
  } as const;
}
