import type { RowTable } from '../registry/id-table';
import { keyOfAddressInstance, keyOfAddressService, keyOfEndpoint, rowsFor } from '../registry/rows';
import type { DetectPoint, EndpointRow, NetworkAddressRow, Unnumbered } from '../store/row';
import { componentId } from '../../model/components';
import type { WireRef, WireSpan } from './wire-segment';

/** The versions whose rules differ. */
export type OapVersion = '6.5' | '6.6';

/** What an endpoint without a name is called. */
const UNNAMED = '{domain}';

/**
 * The first pass over a segment: every name is to become an id. What has none yet is noted, and the segment waits; an
 * id that leads nowhere ends it.
 */
export class Exchange {
  readonly networkAddresses: string[] = [];
  readonly endpoints: Unnumbered<EndpointRow>[] = [];
  /** Why it waits. */
  waitsFor: string | undefined;
  /** Why it is lost. */
  fault: string | undefined;

  constructor(
    private readonly rows: RowTable,
    private readonly oap: OapVersion,
    private readonly serviceId: number,
  ) {}

  span(span: WireSpan): void {
    const before = this.waitsFor;
    this.component(span);
    this.peer(span);
    this.operationName(span);
    // The real server looks at the refs of a span once the span itself is done.
    if (this.waitsFor === before) for (const ref of span.refs) this.ref(ref);
  }

  private component({ componentId: id, component }: WireSpan): void {
    if (id === 0 && component !== '' && componentId(component) === 0) this.lose(`component "${component}" is unknown`);
  }

  private peer({ peerId, peer }: WireSpan): void {
    if (peerId !== 0) {
      if (!this.rows.find('service', keyOfAddressService(peerId))) this.lose(`peerId ${peerId} is unknown`);
    } else if (peer !== '' && !completeAddress(this.rows, peer)) {
      this.networkAddresses.push(peer);
      this.wait(`peer "${peer}" has no id`);
    }
  }

  private operationName({ operationNameId, operationName, spanType }: WireSpan): void {
    if (operationNameId !== 0 || (this.oap === '6.6' && spanType !== 'Entry')) return;
    const endpoint = rowsFor.endpoint(this.serviceId, operationName || UNNAMED, pointOf(spanType));
    if (this.rows.find('endpoint', endpoint.key)) return;
    this.endpoints.push(endpoint);
    this.wait(`operationName "${endpoint.name}" has no id`);
  }

  private ref(ref: WireRef): void {
    if (ref.entryEndpointId === 0)
      this.refEndpoint('entryEndpoint', ref.entryEndpoint, 'entryServiceInstanceId', ref.entryServiceInstanceId);
    if (ref.parentEndpointId === 0)
      this.refEndpoint('parentEndpoint', ref.parentEndpoint, 'parentServiceInstanceId', ref.parentServiceInstanceId);
    if (ref.networkAddressId !== 0 || ref.networkAddress === '' || completeAddress(this.rows, ref.networkAddress))
      return;
    this.networkAddresses.push(ref.networkAddress);
    this.wait(`networkAddress "${ref.networkAddress}" has no id`);
  }

  /** A ref's endpoint is looked for, never registered: the caller should have done that. */
  private refEndpoint(field: string, name: string, instanceField: string, instanceId: number): void {
    const instance = this.rows.get('instance', instanceId);
    if (!instance) {
      this.lose(`${instanceField} ${instanceId} is unknown`);
    } else if (!findEndpoint(this.rows, instance.serviceId, name || UNNAMED)) {
      this.wait(name === '' ? `a ref has no ${field}` : `${field} "${name}" is no endpoint of the caller`);
    }
  }

  private wait(reason: string): void {
    this.waitsFor ??= reason;
  }

  private lose(reason: string): void {
    this.fault ??= reason;
  }
}

/** It has its id as soon as the service and the instance that stand for it exist. */
function completeAddress(rows: RowTable, name: string): NetworkAddressRow | undefined {
  const address = rows.find('networkAddress', name);
  const service = address && rows.find('service', keyOfAddressService(address.id));
  return service && rows.find('instance', keyOfAddressInstance(service.id, address.id)) ? address : undefined;
}

/** A type that the server does not know counts as local. */
function pointOf(type: WireSpan['spanType']): DetectPoint {
  if (type === 'Entry') return 'server';
  return type === 'Exit' ? 'client' : 'local';
}

function findEndpoint(rows: RowTable, serviceId: number, name: string): EndpointRow | undefined {
  const points: readonly DetectPoint[] = ['server', 'client', 'local'];
  return points
    .map((point) => rows.find('endpoint', keyOfEndpoint(serviceId, name, point)))
    .find((row) => row !== undefined);
}
