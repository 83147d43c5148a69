import { NodeRecorder } from '../record/node-recorder';
import type { RowTable } from '../registry/id-table';
import type { IncomingSegment } from '../v2/wire-segment';
import { CallInterceptor } from '../server/call-interceptor';
import { Listener } from '../server/listener';
import { serve } from '../server/serve';
import { v3Methods } from '../v3/v3-methods';
import type { NodeOptions } from './node-options';
import { V2Backend } from '../v2/v2-backend';

/** A backend that runs: one gRPC server that speaks one protocol, on a storage that others may write to as well. */
export class Node {
  private constructor(
    private readonly v2: V2Backend | undefined,
    private readonly waiting: readonly IncomingSegment[],
    private readonly nodeRecorder: NodeRecorder,
    private readonly listener: Listener,
  ) {}

  /** @param waiting what the node had in its waiting room when it last spoke v2 and went down */
  static async start(port: number, options: NodeOptions, waiting: readonly IncomingSegment[]): Promise<Node> {
    const { node, protocol, recorder } = options;
    const nodeRecorder = new NodeRecorder(recorder, node);
    const v2 = protocol === 'v2' ? await V2Backend.open(nodeRecorder, options) : undefined;
    const listener = new Listener();
    const interceptor = new CallInterceptor({
      ...options,
      nodeRecorder,
      goaway: (graceMs) => listener.goaway(graceMs),
    });
    const methods = v2 ? v2.methods : v3Methods({ ...options, nodeRecorder });
    await listener.open(port, options.tls, serve(protocol, interceptor, methods, options.role !== 'aggregator'));
    v2?.resume(waiting);
    return new Node(v2, waiting, nodeRecorder, listener);
  }

  get port(): number {
    return this.listener.port;
  }

  /** What it knows of the storage; undefined unless it speaks v2. */
  get rows(): RowTable | undefined {
    return this.v2?.rows;
  }

  /** The storage was emptied under the node, which goes on answering from its caches. */
  async outlive(): Promise<void> {
    await this.v2?.outlive();
  }

  /** Cuts every connection and frees the port; writes nothing more. @returns what still waits for names */
  async stop(): Promise<readonly IncomingSegment[]> {
    await this.listener.close();
    const waiting = this.v2 ? await this.v2.leave() : this.waiting;
    this.nodeRecorder.close();
    await this.v2?.stop();
    return waiting;
  }
}
