import type { NodeRecorder } from '../record/node-recorder';
import type { RowTable } from '../registry/id-table';
import { Registry } from '../registry/registry';
import type { IncomingSegment } from '../segment/incoming';
import type { Methods } from '../server/methods';
import type { NodeOptions } from './node-options';
import { ping } from './ping';
import { V2SegmentReceiver } from './segment-receiver';
import { registration } from './registration';

/** What a node does at the methods of v2: ids from the storage, and segments that wait for them. */
export class V2Backend {
  readonly methods: Methods;
  private readonly reception: V2SegmentReceiver;

  private constructor(
    private readonly registry: Registry,
    notes: NodeRecorder,
    options: NodeOptions,
  ) {
    const reception = new V2SegmentReceiver({ ...options, registry, notes });
    this.reception = reception;
    this.methods = {
      unary: {
        ...registration(registry, options.clock, options.oap),
        doPing: ping({ ...options, registry, notes }),
      },
      streams: { collect: () => ({ take: (bytes) => reception.take(bytes) }) },
    };
  }

  static async open(notes: NodeRecorder, options: NodeOptions): Promise<V2Backend> {
    const registry = new Registry(options);
    await registry.catchUp();
    return new V2Backend(registry, notes, options);
  }

  get ledger(): RowTable {
    return this.registry.ledger;
  }

  /** @param waiting what the node had in its waiting room when it went down */
  resume(waiting: readonly IncomingSegment[]): void {
    this.reception.resume(waiting);
  }

  /** Segments are looked at no more. @returns what still waits for names */
  leave(): Promise<readonly IncomingSegment[]> {
    return this.reception.stop();
  }

  /** Writes nothing more. */
  stop(): Promise<void> {
    return this.registry.stop();
  }
}
