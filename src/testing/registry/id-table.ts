import type { Kind, Row, RowOf } from '../store/row';
import type { Commit } from '../store/store';

interface Shelf {
  readonly byKey: Map<string, Row>;
  readonly byId: Map<number, Row>;
  last: number;
}

/** 1 is built in: whoever stands outside and calls the first service. So the first id given out is 2. */
const BUILT_IN: readonly Row[] = [
  { kind: 'service', key: '', id: 1, name: 'User', addressId: 0 },
  {
    kind: 'instance',
    key: '',
    id: 1,
    serviceId: 1,
    uuid: '',
    name: 'User',
    properties: [],
    addressId: 0,
    registeredAt: '1970-01-01T00:00:00.000Z',
  },
  { kind: 'endpoint', key: '', id: 1, serviceId: 1, name: 'User', from: 'server' },
];

/** What a node knows of the storage: all rows up to some version, found by key and by id, and what its caches still hold. */
export class RowTable {
  private seen = 0;
  private shelves: Record<Kind, Shelf> = {
    service: emptyShelf(),
    instance: emptyShelf(),
    endpoint: emptyShelf(),
    networkAddress: emptyShelf(),
  };

  /** @param caches what the node knew of a storage that was emptied meanwhile: it goes on answering from that */
  constructor(private readonly caches?: RowTable) {
    for (const row of BUILT_IN) this.shelves[row.kind].byId.set(row.id, row);
  }

  /** The same without what only caches hold. */
  get stored(): RowTable {
    const stored = new RowTable();
    stored.shelves = this.shelves;
    return stored;
  }

  get version(): number {
    return this.seen;
  }

  find<K extends Kind>(kind: K, key: string): RowOf<K> | undefined {
    return this.caches?.find(kind, key) ?? (this.shelves[kind].byKey.get(key) as RowOf<K> | undefined);
  }

  get<K extends Kind>(kind: K, id: number): RowOf<K> | undefined {
    return this.caches?.get(kind, id) ?? (this.shelves[kind].byId.get(id) as RowOf<K> | undefined);
  }

  /** Those in the storage, in the order of their ids, without the built-in ones. */
  rows<K extends Kind>(kind: K): RowOf<K>[] {
    return [...this.shelves[kind].byKey.values()] as RowOf<K>[];
  }

  size(kind: Kind): number {
    return this.shelves[kind].byKey.size;
  }

  /** The highest id given out; kinds count apart. */
  last(kind: Kind): number {
    return this.shelves[kind].last;
  }

  apply(commit: Commit): void {
    this.seen++;
    for (const row of commit) {
      const shelf = this.shelves[row.kind];
      shelf.byKey.set(row.key, row);
      shelf.byId.set(row.id, row);
      shelf.last = Math.max(shelf.last, row.id);
    }
  }
}

function emptyShelf(): Shelf {
  return { byKey: new Map(), byId: new Map(), last: 1 };
}
