import type { Outcome } from '../../base/outcome';
import type { Dialect } from '../../model/dialect';
import type { Configuration, InstanceName } from '../../model/registration';
import type { UnaryCaller } from '../../transport/call/unary-call';
import { decodeCommands, parseResponse } from '../protobuf/control/reader';
import { message, writePair, writeText } from '../protobuf/control/write';

/** `InstancePingPkg` */
export function encodePing({ serviceName, instanceName }: InstanceName): Buffer {
  return message((writer) => {
    writeText(writer, 1, serviceName);
    writeText(writer, 2, instanceName);
  });
}

/** `InstanceProperties` */
function encodeProperties(
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
function encodeSyncRequest(serviceName: string, uuid: string): Buffer {
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

const CONFIGURATION = 'ConfigurationDiscoveryCommand';
/** Arguments of that command that are no configuration. */
const UUID = 'UUID';
const SERIAL_NUMBER = 'SerialNumber';

/** Presence in the words of v3. OAP answers with empty Commands, whatever it knew of the instance. */
export class V3Client {
  constructor(
    private readonly ask: UnaryCaller,
    /** The same, of a method that a backend may lack and be well. */
    private readonly probe: UnaryCaller,
    /** The one of the backend that is connected, or was last. */
    private readonly dialect: () => Dialect,
    /** The backend that is connected. */
    private readonly leave: (reason: string) => void,
  ) {}

  async keepAlive(instance: InstanceName, signal: AbortSignal): Promise<Outcome<undefined>> {
    const answer = await this.ask(v3Paths(this.dialect()).keepAlive, encodePing(instance), signal);
    return this.understood(answer, readNothing);
  }

  async reportInstanceProperties(
    instance: InstanceName,
    properties: readonly (readonly [key: string, value: string])[],
    signal: AbortSignal,
  ): Promise<Outcome<undefined>> {
    const path = v3Paths(this.dialect()).reportInstanceProperties;
    const answer = await this.ask(path, encodeProperties(instance, properties), signal);
    return this.understood(answer, readNothing);
  }

  async fetchConfiguration(
    serviceName: string,
    uuid: string,
    signal: AbortSignal,
  ): Promise<Outcome<Configuration | undefined>> {
    const path = v3Paths(this.dialect()).fetchConfigurations;
    const answer = await this.probe(path, encodeSyncRequest(serviceName, uuid), signal);
    return this.understood(answer, readConfiguration);
  }

  private understood<T>(answer: Outcome<Buffer>, read: (bytes: Buffer) => T): Outcome<T> {
    return parseResponse(answer, read, this.leave);
  }
}

/** That it is Commands at all. */
function readNothing(bytes: Buffer): undefined {
  decodeCommands(bytes);
}

function readConfiguration(bytes: Buffer): Configuration | undefined {
  const command = decodeCommands(bytes).find(({ name }) => name === CONFIGURATION);
  if (!command) return undefined;
  const values = new Map(command.args);
  const uuid = values.get(UUID) ?? '';
  values.delete(UUID);
  values.delete(SERIAL_NUMBER);
  return { uuid, values };
}
