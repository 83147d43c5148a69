import type { Cluster, NodeEntry } from './cluster/cluster';
import type { BackendProtocol } from './protocol';
import type { Counts, Recorder } from './record/recorder';
import type {
  CallRecord,
  EndpointEntry,
  EventRecord,
  HeartbeatRecord,
  InstanceEntry,
  LogEntry,
  MeterRecord,
  Method,
  NetworkAddressEntry,
  ServiceEntry,
} from './record/records';
import { type DroppedSegmentRecord, type SegmentRecord, type TraceRecord, tracesOf } from './record/segment-records';
import type { RowTable } from './registry/id-table';
import { keyOfAddressInstance, keyOfAddressService } from './registry/rows';
import type { Inventory } from './v3/inventory';

/** A table as people read it: without what the backend made up for network addresses, each in the order of the ids. */
class Listing {
  constructor(private readonly rows: RowTable) {}

  services(): ServiceEntry[] {
    return this.rows
      .rows('service')
      .filter(({ addressId }) => addressId === 0)
      .map(({ id, name }) => ({ id, name }));
  }

  instances(heartbeatAt: (instanceId: number) => string | null): InstanceEntry[] {
    return this.rows
      .rows('instance')
      .filter(({ addressId }) => addressId === 0)
      .map(({ id, serviceId, uuid, name, properties, registeredAt }) => ({
        ...{ id, serviceId, service: this.service(serviceId), uuid, name, properties, registeredAt },
        heartbeatAt: heartbeatAt(id),
      }));
  }

  endpoints(): EndpointEntry[] {
    return this.rows
      .rows('endpoint')
      .filter(({ from }) => from === 'server')
      .map(({ id, serviceId, name }) => ({ id, serviceId, service: this.service(serviceId), name }));
  }

  networkAddresses(): NetworkAddressEntry[] {
    return this.rows.rows('networkAddress').map(({ id, name }) => {
      const serviceId = this.rows.find('service', keyOfAddressService(id))?.id ?? 0;
      const instanceId = this.rows.find('instance', keyOfAddressInstance(serviceId, id))?.id ?? 0;
      return { id, name, serviceId, instanceId };
    });
  }

  private service(id: number): string {
    return this.rows.get('service', id)?.name ?? '';
  }
}

/** What a backend has seen. All of it synchronous, plain JSON, and copies: they do not change afterwards. */
export class Lists {
  protected constructor(
    protected readonly cluster: Cluster,
    protected readonly recorder: Recorder,
    protected readonly inventory: Inventory,
  ) {}

  /** What it speaks; while it is down, what it will speak. */
  get protocol(): BackendProtocol {
    return this.cluster.protocol;
  }

  /** Every node, its role, and what it does for the others now. */
  nodes(): NodeEntry[] {
    return [...this.cluster.duties];
  }

  /** Those that agents registered, under the protocol of now; not those that stand for network addresses. */
  services(): ServiceEntry[] {
    return this.isV2 ? this.listing.services() : this.inventory.services();
  }

  /** Those that agents registered, under the protocol of now; not those that stand for network addresses. */
  instances(): InstanceEntry[] {
    if (!this.isV2)
      return this.inventory.instances((instance) => this.recorder.heartbeatAt({ ...instance, instanceId: 0 }));
    return this.listing.instances((instanceId) => this.recorder.heartbeatAt({ instanceId, service: '', uuid: '' }));
  }

  /**
   * Names of entry spans, under the protocol of now. Those of exit and local spans, and what was registered
   * `from=client`, are not listed.
   */
  endpoints(): EndpointEntry[] {
    return this.isV2 ? this.listing.endpoints() : this.inventory.endpoints();
  }

  /** Empty on v3. */
  networkAddresses(): NetworkAddressEntry[] {
    return this.isV2 ? this.listing.networkAddresses() : [];
  }

  /** Every `doPing` and every `keepAlive` since the last wipe, in the order of arrival. */
  heartbeats(): HeartbeatRecord[] {
    return this.recorder.heartbeats();
  }

  /**
   * Every segment that the backend shows, since the last wipe, in the order it was shown, whichever protocol brought it.
   * One that came twice stands here twice.
   */
  segments(): SegmentRecord[] {
    return this.recorder.segments();
  }

  /** Every segment since the last wipe that was answered OK and dropped, with the reason. */
  droppedSegments(): DroppedSegmentRecord[] {
    return this.recorder.droppedSegments();
  }

  /** `segments()` put together by their trace. */
  traces(): TraceRecord[] {
    return tracesOf(this.recorder.segments());
  }

  /** Every measurement since the last wipe, in the order of arrival. v3 only. */
  meters(): MeterRecord[] {
    return this.recorder.meters();
  }

  /** Every line of a log since the last wipe, in the order of arrival. v3 only. */
  logs(): LogEntry[] {
    return this.recorder.logs();
  }

  /** Every event since the last wipe, in the order of arrival; one that came twice stands here twice. v3 only. */
  events(): EventRecord[] {
    return this.recorder.events();
  }

  /** Every call since the start, in the order of arrival; a wipe leaves them. @param method only calls of this one */
  calls(method?: Method): CallRecord[] {
    return this.recorder.calls(method);
  }

  /** How much each bounded list has seen, and how much of it was forgotten. */
  counts(): Counts {
    return this.recorder.counts();
  }

  private get isV2(): boolean {
    return this.protocol === 'v2';
  }

  private get listing(): Listing {
    return new Listing(this.cluster.rows.stored);
  }
}
