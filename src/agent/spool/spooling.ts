import type { Clock } from '../../base/clock';
import type { Log } from '../../base/log';
import { ok, retryable, type Outcome } from '../../base/outcome';
import type { Config, SpoolConfig } from '../../config/config';
import type { Delivery } from '../../export/delivery-policy';
import type { ExportTarget } from '../../export/ports';
import type { DropReason } from '../../export/segment-counters';
import { SpoolSender } from '../../export/spool-sender';
import type { Names, V2Names } from '../../model/names';
import type { Segment } from '../../model/segment';
import type { Backend } from '../../protocol/backend';
import { spoolCodec } from '../../protocol/segments/spool-codec';
import { v3InstanceName } from '../../protocol/v3/names';
import { SEAL_LIMITS } from '../../spool/policies';
import type { DeliveryFate, SegmentSource, SpoolTransport } from '../../spool/ports';
import { Spool } from '../../spool/spool';

interface SpoolRouteOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly serviceName: string;
  /** The instance that `names` are of; empty: of none. */
  readonly instanceName: string;
  readonly backend: Pick<Backend, 'api' | 'segments'>;
  readonly delivery: Delivery | undefined;
  /** What segments go by now; undefined: no backend knows us. */
  names(): Names | undefined;
}

interface SpoolingOptions extends Omit<SpoolRouteOptions, 'serviceName' | 'delivery'> {
  readonly config: Config;
  readonly spool: SpoolConfig;
  onResult(count: number, result: 'sent' | DropReason): void;
}

/** The spool of this process, with the way to the backend that its segments take. */
export function createSpool(options: SpoolingOptions): Spool {
  const { clock, config, instanceName, log, spool } = options;
  return new Spool({
    settings: { ...spool, seal: SEAL_LIMITS[spool.seal] },
    delivery: config.delivery,
    source: { service: config.serviceName, instance: instanceName },
    clock,
    log,
    codec: spoolCodec,
    transport: new SpoolRoute({ ...options, serviceName: config.serviceName, delivery: config.delivery }),
    onResult: (count, result) => options.onResult(count, result),
  });
}

/** A backend needs no longer for a name that it knows. */
const INSTANCE_ATTEMPTS = 20;
const INSTANCE_PAUSE_MS = 100;

/** The way of segments from a spool to the backend, under the names of the process that recorded them. */
export class SpoolRoute implements SpoolTransport {
  private readonly sender: SpoolSender;
  /** The ids of other instances, of one registration. */
  private known = { epoch: -1, ids: new Map<string, number>() };

  constructor(private readonly options: SpoolRouteOptions) {
    const { clock, delivery, log } = options;
    this.sender = new SpoolSender({
      clock,
      delivery,
      log,
      isCurrent: ({ epoch }) => options.names()?.epoch === epoch,
    });
  }

  get isReady(): boolean {
    return this.options.names() !== undefined;
  }

  async deliver(segments: Iterable<Segment>, source: SegmentSource, signal: AbortSignal): Promise<DeliveryFate> {
    const target = await this.targetFor(source, signal);
    return target.status === 'ok' ? this.sender.send(segments, target.value, signal) : 'untouched';
  }

  private async targetFor({ service, instance }: SegmentSource, signal: AbortSignal): Promise<Outcome<ExportTarget>> {
    const { backend, serviceName, instanceName } = this.options;
    const names = this.options.names();
    // The ids and names of another service are not ours to use.
    if (!names || service !== serviceName) return retryable('not registered');
    if (instance === instanceName) return ok(backend.segments.targetFor(names));
    if (names.protocol === 'v3') {
      const known = v3InstanceName({ serviceName: service, instanceName: instance });
      return ok(backend.segments.targetFor({ ...names, instance: known.instanceName }));
    }
    const id = await this.instanceId(names, instance, signal);
    return id === undefined
      ? retryable('the backend gave no id')
      : ok(backend.segments.targetFor({ ...names, instanceId: id }));
  }

  /** Registering is idempotent: an instance that the backend knows gets the id that it has. */
  private async instanceId(names: V2Names, instance: string, signal: AbortSignal): Promise<number | undefined> {
    const { backend, clock } = this.options;
    if (this.known.epoch !== names.epoch) this.known = { epoch: names.epoch, ids: new Map() };
    const { ids } = this.known;
    for (let left = INSTANCE_ATTEMPTS; left > 0 && !ids.has(instance) && !signal.aborted; left--) {
      const about = { serviceId: names.serviceId, instanceName: instance, time: clock.now() };
      const properties = [['language', 'nodejs'] as const, ['instance_name', instance] as const];
      const answer = await backend.api.v2.registerInstance({ ...about, properties }, signal);
      if (answer.status !== 'ok') return undefined;
      if (answer.value !== undefined) ids.set(instance, answer.value);
      else await new Promise<void>((resolve) => clock.after(INSTANCE_PAUSE_MS, resolve));
    }
    return ids.get(instance);
  }
}
