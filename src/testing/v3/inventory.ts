import type { EndpointEntry, InstanceEntry, ServiceEntry } from '../record/records';
import type { Property } from '../store/row';

type Identity = Pick<InstanceEntry, 'service' | 'uuid'>;
type Shown = Omit<InstanceEntry, 'heartbeatAt'>;

const ADDRESS = 'ipv4';
/** What is kept for one instance. */
const MAX_PROPERTIES = 1_000;

/**
 * What a v3 storage holds, by names: all nodes write to the one there is, and nothing is asked for before. A service
 * and an instance are two things here: properties that were reported make an instance, but no service.
 */
export class Inventory {
  private readonly serviceNames = new Set<string>();
  private readonly instancesByKey = new Map<string, Shown>();
  /** Instances that were there when the storage was emptied, and that the nodes therefore believe to be there. */
  private cached: ReadonlySet<string> = new Set();
  private readonly endpointsByKey = new Map<string, EndpointEntry>();

  /** @param maxNames of services, of instances and of endpoints, each; more are not taken */
  constructor(private readonly maxNames: number) {}

  /** @param at when it was heard of */
  upsert({ service, uuid }: Identity, at: string): void {
    if (this.cached.has(keyOf(service, uuid))) return;
    if (this.serviceNames.size < this.maxNames) this.serviceNames.add(service);
    this.instance({ service, uuid }, at);
  }

  /** A key that comes again replaces what it said before; keys that do not come stay. */
  describe(identity: Identity, properties: readonly Property[], at: string): void {
    if (this.cached.has(keyOf(identity.service, identity.uuid))) return;
    const instance = this.instance(identity, at);
    const byKey = groupByKey(instance.properties);
    // Also where none came: the server joins the addresses that came along, whatever there were before.
    byKey.delete(ADDRESS);
    for (const [key, values] of groupByKey(properties)) byKey.set(key, values);
    const merged = { ...instance, properties: [...byKey.values()].flat().slice(0, MAX_PROPERTIES) };
    this.keep(this.instancesByKey, keyOf(identity.service, identity.uuid), merged);
  }

  endpoint(service: string, name: string): void {
    const key = keyOf(service, name);
    if (!this.endpointsByKey.has(key)) this.keep(this.endpointsByKey, key, { id: 0, serviceId: 0, service, name });
  }

  services(): ServiceEntry[] {
    return [...this.serviceNames].map((name) => ({ id: 0, name }));
  }

  instances(heartbeatAt: (identity: Identity) => string | null): InstanceEntry[] {
    return [...this.instancesByKey.values()].map((instance) => ({ ...instance, heartbeatAt: heartbeatAt(instance) }));
  }

  endpoints(): EndpointEntry[] {
    return [...this.endpointsByKey.values()];
  }

  /** The storage is emptied, and the nodes' caches are not. */
  outlive(): void {
    this.cached = new Set([...this.cached, ...this.instancesByKey.keys()]);
    this.clear();
  }

  /** The nodes are started again. */
  forgetCaches(): void {
    this.cached = new Set();
  }

  clear(): void {
    this.serviceNames.clear();
    this.instancesByKey.clear();
    this.endpointsByKey.clear();
  }

  private instance({ service, uuid }: Identity, at: string): Shown {
    const key = keyOf(service, uuid);
    const known = this.instancesByKey.get(key);
    if (known) return known;
    const fresh = { id: 0, serviceId: 0, service, uuid, name: uuid, properties: [], registeredAt: at };
    this.keep(this.instancesByKey, key, fresh);
    return fresh;
  }

  private keep<T>(byKey: Map<string, T>, key: string, entry: T): void {
    if (byKey.size < this.maxNames || byKey.has(key)) byKey.set(key, entry);
  }
}

/** When a key repeats, the last value counts, but addresses are a list. Takes time in proportion to what came. */
function groupByKey(properties: readonly Property[]): Map<string, Property[]> {
  const byKey = new Map<string, Property[]>();
  for (const property of properties) {
    const known = property.key === ADDRESS ? byKey.get(ADDRESS) : undefined;
    if (known) known.push(property);
    else byKey.set(property.key, [property]);
  }
  return byKey;
}

function keyOf(service: string, name: string): string {
  return JSON.stringify([service, name]);
}

/** The server cuts longer names, by UTF-16 units, silently. */
const LONGEST = { service: 70, instance: 70, endpoint: 150 } as const;

/** Names as the backend files them. */
export const truncateNames = {
  service: (name: string): string => name.slice(0, LONGEST.service),
  instance: (name: string): string => name.slice(0, LONGEST.instance),
  endpoint: (name: string): string => name.slice(0, LONGEST.endpoint),
};
