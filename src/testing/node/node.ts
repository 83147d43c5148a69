import type { Clock } from '../../base/clock';
import type { Logger } from '../../base/log';
import type { Faults } from '../faults';
import { Notes } from '../record/notes';
import type { Recorder } from '../record/recorder';
import { Registry } from '../registry/registry';
import type { OapVersion } from '../segment/exchange';
import type { IncomingSegment } from '../segment/incoming';
import { collect } from '../server/collect';
import { Gate } from '../server/gate';
import { Listener, type TlsFiles } from '../server/listener';
import { unary } from '../server/unary';
import type { Store } from '../store/store';
import { ping } from './ping';
import { Reception } from './reception';
import { registration } from './registration';

export interface NodeOptions {
  /** Counted from 0. */
  readonly node: number;
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly faults: Faults;
  readonly recorder: Recorder;
  readonly token: string | undefined;
  readonly tls: TlsFiles | undefined;
  readonly oap: OapVersion;
  readonly idDelayMs: number;
  readonly deafMs: number;
  readonly nameWaitMs: number;
  readonly nameRetryMs: number;
  readonly maxRecords: number;
  readonly checkHeartbeatName: boolean;
}

/** A backend that runs: one gRPC server, and what it knows of a storage that others may write to as well. */
export class Node {
  private constructor(
    readonly registry: Registry,
    private readonly reception: Reception,
    private readonly notes: Notes,
    private readonly listener: Listener,
  ) {}

  /** @param waiting what the node had in its waiting room when it went down */
  static async start(port: number, options: NodeOptions, waiting: readonly IncomingSegment[]): Promise<Node> {
    const { clock, oap, node, recorder } = options;
    const notes = new Notes(recorder, node);
    const registry = new Registry(options);
    await registry.catchUp();
    const reception = new Reception({ ...options, registry, notes });
    const listener = new Listener();
    const gate = new Gate({ ...options, notes, goaway: (graceMs) => listener.goaway(graceMs) });
    const register = registration(registry, clock, oap);
    await listener.open(port, options.tls, {
      doServiceRegister: unary('doServiceRegister', gate, register.doServiceRegister),
      doServiceInstanceRegister: unary('doServiceInstanceRegister', gate, register.doServiceInstanceRegister),
      doEndpointRegister: unary('doEndpointRegister', gate, register.doEndpointRegister),
      doNetworkAddressRegister: unary('doNetworkAddressRegister', gate, register.doNetworkAddressRegister),
      doPing: unary('doPing', gate, ping({ ...options, registry, notes })),
      collect: collect(gate, (bytes) => reception.take(bytes)),
    });
    reception.resume(waiting);
    return new Node(registry, reception, notes, listener);
  }

  get port(): number {
    return this.listener.port;
  }

  /** Cuts every connection and frees the port; writes nothing more. @returns what still waits for names */
  async stop(): Promise<readonly IncomingSegment[]> {
    await this.listener.close();
    const waiting = await this.reception.stop();
    this.notes.close();
    await this.registry.stop();
    return waiting;
  }
}
