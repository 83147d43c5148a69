import type { Clock } from '../../base/clock';
import { errorMessage } from '../../base/text';
import type { Logger } from '../../api/options';
import type { NodeRecorder } from '../record/node-recorder';
import { getOrCreateAddresses } from '../registry/address';
import type { Registry } from '../registry/registry';
import type { OapVersion } from '../segment/exchange';
import { parseSegment, parseUpstream, type IncomingSegment } from '../segment/incoming';
import { validate, type Validity } from '../segment/validate';
import { showV2Segment } from '../segment/show';
import { PendingSegments } from '../segment/pending-segments';

interface V2SegmentReceiverOptions {
  readonly registry: Registry;
  readonly nodeRecorder: NodeRecorder;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly oap: OapVersion;
  readonly nameWaitMs: number;
  readonly nameRetryMs: number;
  readonly maxRecords: number;
}

/** Where the segments of one node come in: shown, dropped without a word, or sent to the waiting room. */
export class V2SegmentReceiver {
  private readonly waitingRoom: PendingSegments;

  constructor(private readonly options: V2SegmentReceiverOptions) {
    const { clock, logger, nameRetryMs: retryMs, nameWaitMs: waitMs, maxRecords: most } = options;
    this.waitingRoom = new PendingSegments({
      clock,
      logger,
      retryMs,
      waitMs,
      most,
      judge: (segment) => this.judge(segment),
      onShown: (segment) => this.shown(segment),
      onDropped: (segment, reason) => this.dropped(segment, reason),
    });
  }

  /** @param bytes one message of the stream. Rejects where it does not parse: the stream is over then. */
  async take(bytes: Buffer): Promise<void> {
    const upstream = parseUpstream(bytes);
    let segment: IncomingSegment;
    try {
      segment = parseSegment(upstream);
    } catch (error) {
      this.dropped(undefined, `it does not parse: ${errorMessage(error)}`);
      return;
    }
    const verdict = await this.judge(segment);
    if (verdict.type === 'shown') this.shown(segment);
    else if (verdict.type === 'dropped') this.dropped(segment, verdict.reason);
    else this.waitingRoom.add(segment);
  }

  /** Takes up what waited when the backend went down. */
  resume(segments: readonly IncomingSegment[]): void {
    for (const segment of segments) this.waitingRoom.add(segment);
  }

  /** @returns what still waits */
  stop(): Promise<readonly IncomingSegment[]> {
    return this.waitingRoom.stop();
  }

  private async judge(segment: IncomingSegment): Promise<Validity> {
    const { registry, clock, oap } = this.options;
    let verdict = validate(segment, registry.rows, oap);
    if (verdict.type === 'shown') return verdict;
    // Another node may know more than we have heard of.
    await registry.catchUp();
    verdict = validate(segment, registry.rows, oap);
    if (verdict.type === 'waiting') {
      await getOrCreateAddresses(registry, clock, verdict.names.networkAddresses);
      await registry.getOrCreate<'endpoint'>(verdict.names.endpoints);
    }
    return verdict;
  }

  private shown(segment: IncomingSegment): void {
    const { registry, nodeRecorder } = this.options;
    nodeRecorder.shown(showV2Segment(segment, registry.rows));
  }

  private dropped(segment: IncomingSegment | undefined, reason: string): void {
    this.options.nodeRecorder.dropped({
      reason,
      traceId: segment?.traceIds.at(-1) ?? '',
      segmentId: segment?.segmentId ?? '',
      serviceId: segment?.wire.serviceId ?? 0,
      instanceId: segment?.wire.serviceInstanceId ?? 0,
    });
  }
}
