import { type Clock, keepAliveWhile } from '../../base/clock';
import type { Log } from '../../base/log';
import { ok, type Outcome } from '../../base/outcome';
import { type Config, pinnedProtocol } from '../../config/config';
import type { ProtocolName } from '../../model/dialect';
import type { Names } from '../../model/names';
import { type Backend, createBackend } from '../../protocol/backend';
import { spoolCodec, WITHOUT_IDS } from '../../protocol/segments/spool-codec';
import { nameBounds } from '../../protocol/v2/names';
import { v3InstanceName, v3Names } from '../../protocol/v3/names';
import type { BlockResult } from '../../spool/file-delivery';
import type { SegmentSource } from '../../spool/ports';
import type { SpoolEntry, SpoolOperator } from '../../spool/spool-operator';
import { version } from '../version';
import { SpoolRoute } from './spooling';

interface CourierOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly operator: SpoolOperator;
  onResult(count: number, result: BlockResult): void;
}

const CONNECT_MS = 10_000;
const PAUSE_MS = 200;

/** Delivers what a process has left that is gone with its host. @returns a text: why that did not come to its end */
export async function sendEntry(entry: SpoolEntry, options: CourierOptions): Promise<string | undefined> {
  const { owner } = entry;
  if (!owner) return 'nothing says whose it is';
  const controller = new AbortController();
  const names: { now?: Names } = {};
  /** Each time that a backend is found it may know us otherwise. */
  let epoch = 0;
  const backend = backendFor(owner.service, owner.instance, options, () => names.now);
  const { clock, config, log, operator } = options;
  const { delivery } = config;
  /** @returns a text: why there is no backend */
  const connect = async (): Promise<string | undefined> => {
    const found = await findNames(backend, owner, ++epoch, options, controller.signal);
    if (typeof found === 'string') return found;
    names.now = found;
    return undefined;
  };
  const work = async (): Promise<string | undefined> => {
    const reason = await connect();
    if (reason !== undefined) return reason;
    const { service: serviceName } = owner;
    const route = new SpoolRoute({
      clock,
      log,
      serviceName,
      instanceName: '',
      backend,
      delivery,
      names: () => names.now,
    });
    // A backend may restart in between, and a proxy ends what has lasted for long.
    const deliver: SpoolRoute['deliver'] = async (...block) =>
      backend.address === undefined && (await connect()) !== undefined ? 'untouched' : route.deliver(...block);
    return operator.send(
      entry.key,
      {
        codec: spoolCodec,
        transport: { deliver },
        delivery,
        onResult: (count, result) => options.onResult(count, result),
        onDamage: (text) => log.warn(text),
      },
      controller.signal,
    );
  };
  try {
    return await keepAliveWhile(work());
  } finally {
    controller.abort();
    await backend.close();
  }
}

function backendFor(
  serviceName: string,
  instanceName: string,
  { clock, config, log }: CourierOptions,
  names: () => Names | undefined,
): Backend {
  const protocol = pinnedProtocol(config);
  return createBackend({
    addresses: config.backends,
    ...(config.tls && { tls: config.tls }),
    ...(config.authentication !== undefined && { authentication: config.authentication }),
    ...(protocol && { protocol }),
    agentVersion: version,
    serviceName,
    v3Instance: v3InstanceName({ serviceName, instanceName }),
    clock,
    log,
    names,
    confirmedOn: () => 0,
    onLoadError: (error) => log.error(error.message),
    onIdentityMismatch: (reason) => log.warn(reason),
  });
}

/** What the backend knows the service by. @returns a text: why that cannot be found out */
async function findNames(
  backend: Backend,
  { service: serviceName, instance: instanceName }: SegmentSource,
  epoch: number,
  { clock, log }: CourierOptions,
  signal: AbortSignal,
): Promise<Names | string> {
  const namesOn: Readonly<Record<ProtocolName, () => Promise<Outcome<Names | undefined>>>> = {
    v2: async () => {
      const service = await backend.api.v2.registerService(serviceName, signal);
      if (service.status !== 'ok') return service;
      if (service.value === undefined) return ok(undefined);
      // Endpoints and addresses go by their names: the backend gives them ids by itself.
      return ok({ ...WITHOUT_IDS, ...nameBounds(log), epoch, serviceId: service.value });
    },
    v3: () => Promise.resolve(ok(v3Names(v3InstanceName({ serviceName, instanceName }), epoch, log))),
  };
  let reason = 'no answer';
  for (const until = clock.elapsed() + CONNECT_MS; clock.elapsed() < until;) {
    const connected = await backend.api.connect(signal);
    const names = connected.status === 'ok' ? await namesOn[connected.value.protocol]() : connected;
    if (names.status !== 'ok') reason = names.reason;
    else if (names.value) return names.value;
    await new Promise<void>((resolve) => clock.after(PAUSE_MS, resolve));
  }
  return reason;
}
